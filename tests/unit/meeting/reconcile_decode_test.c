/*
 * Hearing symbols of an honest teller.
 */
#include "reconcile_test.h"

static struct dlb_env_seeded env;

static int
setup(void **state)
{
	(void)state;
	dlb_env_seeded_init(&env, 12, DLB_EPOCH_MS);
	return 0;
}

static size_t
smaller(size_t x, size_t y)
{
	return x < y ? x : y;
}

/* ---- honest symbols -------------------------------------------------------------- */

/* One symbol after the other, until it is done; returns how many that took. */
static size_t
hear_singly(const struct recon_pair *p, size_t most)
{
	uint8_t *told = recon_told(p->key, p->a, p->a_n, most);
	struct hearer h;
	size_t n = 0;

	hearer_init(&h, p, most, p->a_n);
	assert_false(dlb_recon_done(&h.d));
	while (!dlb_recon_done(&h.d)) {
		assert_int_equal(dlb_recon_theirs_n(&h.d), 0);
		assert_int_equal(dlb_recon_ours_n(&h.d), 0);
		assert_true(n < most);
		assert_int_equal(
			dlb_recon_add(&h.d, told + n * DLB_RECON_SYMBOL_LEN, 1),
			DLB_OK);
		n++;
	}
	recon_check(&h.d, p);
	/* What comes after it is done changes nothing, up to the limit. */
	if (n < most)
		assert_int_equal(dlb_recon_add(&h.d, told, most - n), DLB_OK);
	recon_check(&h.d, p);
	hearer_free(&h);
	free(told);
	return n;
}

static void
every_small_difference(void **state)
{
	static const size_t common[] = {0, 1, 60};

	(void)state;
	for (size_t c = 0; c < DLB_ARRAY_LEN(common); c++)
		for (size_t x = 0; x <= 6; x++)
			for (size_t y = 0; y <= 6; y++) {
				struct recon_pair p;
				size_t n;

				recon_pair_make(&p, &env.env, common[c], x, y);
				n = hear_singly(&p, 400);
				if (x + y <= 1)
					assert_int_equal(n, 1);
				assert_true(n >= x + y);
				recon_pair_free(&p);
			}
}

/* Batches of any size say the same. */
static void
random_differences_in_random_batches(void **state)
{
	(void)state;
	for (int round = 0; round < 60; round++) {
		struct recon_pair p;
		struct hearer h;
		uint8_t *told;
		size_t most, at = 0;

		recon_pair_make(&p, &env.env, dlb_random_below(&env.env, 3000),
			dlb_random_below(&env.env, 500),
			dlb_random_below(&env.env, 500));
		most = 2 * (p.only_a_n + p.only_b_n) + 100;
		told = recon_told(p.key, p.a, p.a_n, most);
		hearer_init(&h, &p, most, p.a_n);
		while (!dlb_recon_done(&h.d)) {
			size_t n = dlb_random_below(&env.env, 200);

			assert_true(at < most);
			n = smaller(n, most - at);
			assert_int_equal(
				dlb_recon_add(&h.d,
					told + at * DLB_RECON_SYMBOL_LEN, n),
				DLB_OK);
			at += n;
		}
		recon_check(&h.d, &p);
		hearer_free(&h);
		free(told);
		recon_pair_free(&p);
	}
}

/* The own symbols may be made beforehand. */
static void
own_symbols_made_before(void **state)
{
	struct recon_pair p;
	struct hearer h;
	uint8_t *told;

	(void)state;
	recon_pair_make(&p, &env.env, 500, 10, 10);
	told = recon_told(p.key, p.a, p.a_n, 200);
	hearer_init(&h, &p, 200, p.a_n);
	assert_int_equal(dlb_recon_grow(&h.set, 180), DLB_OK);
	assert_int_equal(dlb_recon_add(&h.d, told, 200), DLB_OK);
	recon_check(&h.d, &p);
	hearer_free(&h);
	free(told);
	recon_pair_free(&p);
}

/* The least, the greatest, and two that differ in one bit. */
static void
extreme_ids(void **state)
{
	static uint64_t a[] = {0, 2, 1ull << 63, UINT64_MAX};
	static uint64_t b[] = {1, 3, 1ull << 63};
	static uint64_t only_a[] = {0, 2, UINT64_MAX}, only_b[] = {1, 3};
	struct recon_pair p = {.a = a,
		.a_n = 4,
		.b = b,
		.b_n = 3,
		.only_a = only_a,
		.only_a_n = 3,
		.only_b = only_b,
		.only_b_n = 2};

	(void)state;
	hear_singly(&p, 100);
}

/* The paper's figures: 1.72 symbols a difference at 10, 1.36 at large numbers. */
static void
overhead_is_the_papers(void **state)
{
	struct recon_pair p;
	size_t sum = 0;

	(void)state;
	for (int round = 0; round < 1000; round++) {
		recon_pair_make(&p, &env.env, 20, 5, 5);
		sum += hear_singly(&p, 300);
		recon_pair_free(&p);
	}
	assert_in_range(sum, 16500, 18100);
	sum = 0;
	for (int round = 0; round < 10; round++) {
		recon_pair_make(&p, &env.env, 100, 500, 500);
		sum += hear_singly(&p, 2000);
		recon_pair_free(&p);
	}
	assert_in_range(sum, 13300, 14300);
	recon_pair_make(&p, &env.env, 0, 15000, 5000);
	assert_in_range(hear_singly(&p, 40000), 26600, 27700);
	recon_pair_free(&p);
}

/* A set for each class: one after the other, and side by side. */
static void
several_at_once(void **state)
{
	struct recon_pair p[3];
	struct hearer h[3];
	uint8_t *told[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		recon_pair_make(&p[i], &env.env, 100 * i, 5 + i, 7);
		told[i] = recon_told(p[i].key, p[i].a, p[i].a_n, 120);
		hearer_init(&h[i], &p[i], 120, p[i].a_n);
	}
	for (size_t at = 0; at < 120; at += 8)
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(
				dlb_recon_add(&h[i].d,
					told[i] + at * DLB_RECON_SYMBOL_LEN, 8),
				DLB_OK);
	for (size_t i = 0; i < 3; i++) {
		recon_check(&h[i].d, &p[i]);
		hearer_free(&h[i]);
		free(told[i]);
		recon_pair_free(&p[i]);
	}
}

/* ---- limits ------------------------------------------------------------------------ */

static void
no_more_than_the_limit(void **state)
{
	struct recon_pair p;
	struct hearer h;
	uint8_t *told;

	(void)state;
	recon_pair_make(&p, &env.env, 10, 100, 100);
	told = recon_told(p.key, p.a, p.a_n, 101);
	hearer_init(&h, &p, 100, p.a_n);
	assert_int_equal(dlb_recon_add(&h.d, told, 100), DLB_OK);
	assert_false(dlb_recon_done(&h.d));
	assert_int_equal(
		dlb_recon_add(&h.d, told + 100 * DLB_RECON_SYMBOL_LEN, 1),
		DLB_LIMIT);
	/* And so it stays. */
	assert_int_equal(dlb_recon_add(&h.d, told, 0), DLB_LIMIT);
	assert_false(dlb_recon_done(&h.d));
	hearer_free(&h);
	hearer_init(&h, &p, 100, p.a_n);
	assert_int_equal(dlb_recon_add(&h.d, told, 101), DLB_LIMIT);
	hearer_free(&h);
	hearer_init(&h, &p, SIZE_MAX, p.a_n);
	assert_int_equal(h.d.limit, DLB_RECON_SYMBOLS_MAX);
	assert_int_equal(dlb_recon_add(&h.d, told, SIZE_MAX), DLB_LIMIT);
	hearer_free(&h);
	/* After it was done, too. */
	hearer_init(&h, &p, 100, DLB_RECON_UNKNOWN);
	free(told);
	told = recon_told(p.key, p.b, p.b_n, 101);
	assert_int_equal(dlb_recon_add(&h.d, told, 1), DLB_OK);
	assert_true(dlb_recon_done(&h.d));
	assert_int_equal(dlb_recon_add(&h.d, told, 99), DLB_OK);
	assert_int_equal(dlb_recon_add(&h.d, told, 1), DLB_LIMIT);
	assert_false(dlb_recon_done(&h.d));
	hearer_free(&h);
	free(told);
	recon_pair_free(&p);
}

/* Who sends few symbols makes few be made here. */
static void
few_symbols_cost_little(void **state)
{
	static const uint8_t symbols[5000 * DLB_RECON_SYMBOL_LEN];
	struct recon_pair p;
	struct hearer h;

	(void)state;
	recon_pair_make(&p, &env.env, 1000, 0, 0);
	hearer_init(&h, &p, DLB_RECON_SYMBOLS_MAX, DLB_RECON_UNKNOWN);
	assert_int_equal(dlb_recon_add(&h.d, symbols, 1), DLB_OK);
	assert_true(h.set.made <= 128);
	assert_int_equal(dlb_recon_add(&h.d, symbols, 999), DLB_OK);
	assert_true(h.set.made <= 4000);
	assert_int_equal(dlb_recon_add(&h.d, symbols, 5000), DLB_OK);
	assert_true(h.set.made <= 24000);
	hearer_free(&h);
	recon_pair_free(&p);
}

/* However much was found: a symbol costs what is waiting for it. */
static void
many_batches_cost_no_more_than_few(void **state)
{
	struct recon_pair p;
	struct hearer h;
	uint8_t *told;
	size_t at = 0, moved = 0;

	(void)state;
	recon_pair_make(&p, &env.env, 0, 1000, 0);
	told = recon_told(p.key, p.a, p.a_n, 20000);
	/* One that is no symbol of the set keeps it from being done. */
	told[19 * DLB_RECON_SYMBOL_LEN] ^= 1;
	hearer_init(&h, &p, 20000, p.a_n);
	assert_int_equal(dlb_recon_add(&h.d, told, 3000), DLB_OK);
	assert_int_equal(h.d.found_n, 1000);
	for (at = 3000; at < 20000; at++) {
		size_t waiting = 0;

		for (uint32_t k = at < h.d.cap ? h.d.waiting[at] : 0; k > 0;
			k = h.d.found[k - 1].link) {
			assert_int_equal(h.d.found[k - 1].next, at);
			waiting++;
		}
		moved += waiting;
		assert_int_equal(dlb_recon_add(&h.d,
					 told + at * DLB_RECON_SYMBOL_LEN, 1),
			DLB_OK);
	}
	/* 2 ln(20,000 / 3,000) symbols for each of 1,000. */
	assert_in_range(moved, 3500, 4100);
	assert_int_equal(h.d.open, 1);
	hearer_free(&h);
	free(told);
	recon_pair_free(&p);
}

#define HONEST(test) cmocka_unit_test_setup(test, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HONEST(every_small_difference),
		HONEST(random_differences_in_random_batches),
		HONEST(own_symbols_made_before),
		HONEST(extreme_ids),
		HONEST(overhead_is_the_papers),
		HONEST(several_at_once),
		HONEST(no_more_than_the_limit),
		HONEST(few_symbols_cost_little),
		HONEST(many_batches_cost_no_more_than_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
