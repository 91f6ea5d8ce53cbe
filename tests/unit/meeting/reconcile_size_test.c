/*
 * How much differs, how many symbols are told for it, and that so many do.
 */
#include "reconcile_test.h"

#include <math.h>

static struct dlb_env_seeded env;

static int
setup(void **state)
{
	(void)state;
	dlb_env_seeded_init(&env, 13, DLB_EPOCH_MS);
	return 0;
}

static uint64_t
estimate(const struct recon_pair *p)
{
	int32_t a[DLB_RECON_COUNTERS] = {0}, b[DLB_RECON_COUNTERS] = {0};

	/* In parts, as the caller has them. */
	dlb_recon_count(a, p->a, p->a_n / 3);
	dlb_recon_count(a, p->a + p->a_n / 3, p->a_n - p->a_n / 3);
	dlb_recon_count(b, p->b, p->b_n);
	assert_true(dlb_recon_differ(a, b) == dlb_recon_differ(b, a));
	return dlb_recon_differ(a, b);
}

static void
estimates(void **state)
{
	struct recon_pair p;
	double sum = 0, squares = 0;

	(void)state;
	for (size_t n = 0; n < 2; n++) {
		recon_pair_make(&p, &env.env, 5000, n, 0);
		assert_int_equal(estimate(&p), n);
		recon_pair_free(&p);
	}
	for (int round = 0; round < 400; round++) {
		double e;

		recon_pair_make(&p, &env.env, 100, 700, 300);
		e = (double)estimate(&p) / 1000;
		sum += e;
		squares += e * e;
		recon_pair_free(&p);
	}
	/* Right on average; off by 12.5 %, as a standard deviation. */
	sum /= 400;
	assert_true(fabs(sum - 1) < 0.03);
	assert_true(fabs(sqrt(squares / 400 - sum * sum) - 0.125) < 0.03);
}

static void
counters_of_a_liar(void **state)
{
	int32_t a[DLB_RECON_COUNTERS], b[DLB_RECON_COUNTERS];

	(void)state;
	for (size_t i = 0; i < DLB_RECON_COUNTERS; i++) {
		a[i] = INT32_MAX;
		b[i] = INT32_MIN;
	}
	assert_true(dlb_recon_differ(a, b) == UINT64_MAX);
	assert_true(dlb_recon_differ(b, a) == UINT64_MAX);
	assert_int_equal(dlb_recon_differ(a, a), 0);
	memset(a, 0, sizeof(a));
	memset(b, 0, sizeof(b));
	b[127] = INT32_MIN;
	assert_true(dlb_recon_differ(a, b) == (uint64_t)1 << 62);
}

static void
first_symbols(void **state)
{
	size_t before = 0;

	(void)state;
	assert_int_equal(dlb_recon_first(0), 24);
	assert_int_equal(dlb_recon_first(10), 43);
	assert_int_equal(dlb_recon_first(1000), 1974);
	assert_int_equal(dlb_recon_first(100000), 172024);
	for (uint64_t d = 0; d < 100000; d++) {
		assert_true(dlb_recon_first(d) >= before);
		before = dlb_recon_first(d);
	}
	for (int bit = 17; bit < 64; bit++) {
		assert_true(dlb_recon_first((uint64_t)1 << bit) >= before);
		before = dlb_recon_first((uint64_t)1 << bit);
		assert_true(before <= DLB_RECON_SYMBOLS_MAX);
	}
	assert_int_equal(dlb_recon_first(UINT64_MAX), DLB_RECON_SYMBOLS_MAX);
}

static void
ids_instead(void **state)
{
	(void)state;
	/* 24 symbols are 36 ids. */
	assert_true(dlb_recon_ids_cheaper(0, 0));
	assert_true(dlb_recon_ids_cheaper(36, 0));
	assert_false(dlb_recon_ids_cheaper(37, 0));
	assert_true(dlb_recon_ids_cheaper(64, 10));
	assert_false(dlb_recon_ids_cheaper(65, 10));
	/* Of sets that have nothing in common. */
	assert_true(dlb_recon_ids_cheaper(1000000, 2000000));
	assert_true(dlb_recon_ids_cheaper(1000000, UINT64_MAX));
	assert_false(dlb_recon_ids_cheaper(1000000, 100000));
	assert_false(dlb_recon_ids_cheaper(DLB_RECON_IDS_MAX, UINT64_MAX));
}

/* ---- the whole of it --------------------------------------------------------------- */

struct course {
	size_t told;
	size_t waits; /* times that more was asked for */
	bool ids;     /* asked for the ids in the end */
};

static struct course
reconcile(const struct recon_pair *p, uint64_t differ)
{
	size_t most = 4 * (p->only_a_n + p->only_b_n) + 400;
	uint8_t *told = recon_told(p->key, p->a, p->a_n, most);
	struct course c = {0};
	struct dlb_recon_set set;
	struct dlb_recon_decoder d;
	size_t to = dlb_recon_first(differ);

	assert_int_equal(
		dlb_recon_set_init(&set, p->key, p->b, p->b_n), DLB_OK);
	dlb_recon_decoder_init(&d, &set, most, p->a_n);
	for (;;) {
		assert_true(to <= most);
		assert_true(c.told == 0 || dlb_recon_more_is_fair(c.told, to));
		assert_int_equal(
			dlb_recon_add(&d, told + c.told * DLB_RECON_SYMBOL_LEN,
				to - c.told),
			DLB_OK);
		c.told = to;
		if (dlb_recon_done(&d))
			break;
		to = dlb_recon_more(&d);
		if (to == 0) {
			c.ids = true;
			break;
		}
		c.waits++;
	}
	if (!c.ids)
		recon_check(&d, p);
	dlb_recon_decoder_free(&d);
	dlb_recon_set_free(&set);
	free(told);
	return c;
}

/* Estimate, first symbols, more: in 19 of 20 cases no wait, hardly ever two; and not
 * many more symbols than that takes. */
static void
one_turn_will_do(void **state)
{
	static const struct {
		size_t differ;
		int rounds;
		double symbols; /* a difference, on average, at most */
	} cases[] = {{2, 200, 15}, {5, 200, 7}, {10, 200, 4.7}, {40, 100, 2.8},
		{150, 60, 2.3}, {1000, 20, 2.1}, {6000, 8, 2.1}};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++) {
		size_t waits = 0, again = 0, told = 0, differ = cases[i].differ;

		for (int round = 0; round < cases[i].rounds; round++) {
			struct recon_pair p;
			struct course c;

			recon_pair_make(&p, &env.env, 4 * differ,
				differ - differ / 3, differ / 3);
			c = reconcile(&p, estimate(&p));
			waits += c.waits > 0;
			again += c.waits > 1;
			told += c.told;
			recon_pair_free(&p);
		}
		assert_true(waits * 100 <= (size_t)cases[i].rounds * 8 + 99);
		assert_true(again * 100 <= (size_t)cases[i].rounds);
		assert_true((double)told
			<= cases[i].symbols * (double)differ * cases[i].rounds);
	}
}

/* From an estimate that is far too low: few waits, not many symbols too many. */
static void
more_symbols(void **state)
{
	static const struct {
		uint64_t part;
		size_t waits;
	} cases[] = {{2, 1}, {4, 1}, {10, 2}, {100, 3}, {1000000, 4}};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++) {
		size_t waits = 0;

		for (int round = 0; round < 6; round++) {
			struct recon_pair p;
			struct course c;

			recon_pair_make(&p, &env.env, 5000, 900, 700);
			c = reconcile(&p, 1600 / cases[i].part);
			assert_false(c.ids);
			waits += c.waits;
			assert_true(c.waits <= cases[i].waits + 1);
			assert_true(c.told < 1600 * 2);
			recon_pair_free(&p);
		}
		assert_true(waits <= 6 * cases[i].waits + 2);
	}
}

static void
what_may_be_asked_for(void **state)
{
	(void)state;
	assert_false(dlb_recon_more_is_fair(24, 0));
	assert_false(dlb_recon_more_is_fair(24, 42));
	assert_true(dlb_recon_more_is_fair(24, 43));
	assert_false(dlb_recon_more_is_fair(80000, 90015));
	assert_true(dlb_recon_more_is_fair(80000, DLB_RECON_SYMBOLS_MAX));
	assert_false(dlb_recon_more_is_fair(80000, DLB_RECON_SYMBOLS_MAX + 1));
	assert_false(dlb_recon_more_is_fair(DLB_RECON_SYMBOLS_MAX, SIZE_MAX));
}

static void
more_has_an_end(void **state)
{
	struct recon_pair p;
	struct dlb_recon_set set;
	struct dlb_recon_decoder d;
	uint8_t *told;

	(void)state;
	recon_pair_make(&p, &env.env, 0, 100, 100);
	told = recon_told(p.key, p.a, p.a_n, 100);
	assert_int_equal(dlb_recon_set_init(&set, p.key, p.b, p.b_n), DLB_OK);
	dlb_recon_decoder_init(&d, &set, 110, DLB_RECON_UNKNOWN);
	assert_in_range(dlb_recon_more(&d), 1, 110);
	assert_int_equal(dlb_recon_add(&d, told, 100), DLB_OK);
	/* Beyond the limit. */
	assert_int_equal(dlb_recon_more(&d), 0);
	d.limit = 1000;
	assert_in_range(dlb_recon_more(&d), 200, 1000);
	/* The 100 ids themselves are 66 symbols. */
	d.peer_n = 100;
	assert_int_equal(dlb_recon_more(&d), 0);
	d.peer_n = 1000;
	assert_in_range(dlb_recon_more(&d), 200, 1000);
	dlb_recon_decoder_free(&d);
	dlb_recon_set_free(&set);
	free(told);
	recon_pair_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(estimates, setup),
		cmocka_unit_test_setup(counters_of_a_liar, setup),
		cmocka_unit_test_setup(first_symbols, setup),
		cmocka_unit_test_setup(ids_instead, setup),
		cmocka_unit_test_setup(one_turn_will_do, setup),
		cmocka_unit_test_setup(more_symbols, setup),
		cmocka_unit_test_setup(what_may_be_asked_for, setup),
		cmocka_unit_test_setup(more_has_an_end, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
