/*
 * Hearing symbols: what honest ones say, and what made-up ones can not do.
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

/* A hearer with its set. */
struct hearer {
	struct dlb_recon_set set;
	struct dlb_recon_decoder d;
};

static void
hearer_init(struct hearer *h, const struct recon_pair *p, size_t limit,
	size_t peer_n)
{
	assert_int_equal(
		dlb_recon_set_init(&h->set, p->key, p->b, p->b_n), DLB_OK);
	dlb_recon_decoder_init(&h->d, &h->set, limit, peer_n);
}

static void
hearer_free(struct hearer *h)
{
	dlb_recon_decoder_free(&h->d);
	dlb_recon_set_free(&h->set);
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

/* ---- made-up symbols ----------------------------------------------------------------- */

/* What differs, as the hearer will see it: its own symbols are added where they are
 * told. */
struct made_up {
	struct dlb_recon_symbol s[300];
};

static void
add_id(struct made_up *m, const struct dlb_recon_set *set, size_t i,
	uint64_t id)
{
	m->s[i].ids ^= id;
	m->s[i].checks ^= (uint32_t)dlb_recon_hash(set, id);
}

/* As an honest end would have it. */
static void
add_everywhere(struct made_up *m, const struct dlb_recon_set *set, uint64_t id)
{
	uint64_t hash = dlb_recon_hash(set, id);

	for (uint32_t i = 0; i < 300; i = dlb_recon_next(hash, i))
		add_id(m, set, i, id);
}

static bool
is_in(const struct dlb_recon_set *set, uint32_t i, uint64_t id)
{
	uint64_t hash = dlb_recon_hash(set, id);
	uint32_t at = 0;

	while (at < i)
		at = dlb_recon_next(hash, at);
	return at == i;
}

/* The first symbol from `from` on that the id is part of, or not. */
static uint32_t
find_symbol(
	const struct dlb_recon_set *set, uint32_t from, uint64_t id, bool part)
{
	while (is_in(set, from, id) != part)
		from++;
	assert_true(from < 300);
	return from;
}

static enum dlb_status
tell(struct hearer *h, const struct recon_pair *p, const struct made_up *m,
	size_t from, size_t n)
{
	uint8_t *told = recon_told(p->key, p->b, p->b_n, 300);
	enum dlb_status status;
	struct dlb_writer w;
	struct dlb_reader r;

	dlb_writer_init(&w, told, 300 * DLB_RECON_SYMBOL_LEN);
	dlb_reader_init(&r, told, 300 * DLB_RECON_SYMBOL_LEN);
	for (size_t i = 0; i < 300; i++) {
		uint64_t ids = dlb_read_u64(&r);

		dlb_write_u64(&w, ids ^ m->s[i].ids);
		dlb_write_u32(&w, dlb_read_u32(&r) ^ m->s[i].checks);
	}
	status = dlb_recon_add(&h->d, told + from * DLB_RECON_SYMBOL_LEN, n);
	free(told);
	recon_check_hostile(&h->d);
	return status;
}

static struct recon_pair hostile_pair;

static int
hostile_setup(void **state)
{
	setup(state);
	recon_pair_make(&hostile_pair, &env.env, 40, 5, 5);
	return 0;
}

static int
hostile_teardown(void **state)
{
	(void)state;
	recon_pair_free(&hostile_pair);
	return 0;
}

/* The tests below stand on this: what is built by hand is what is understood. */
static void
made_up_as_honest_is_believed(void **state)
{
	const struct recon_pair *p = &hostile_pair;
	struct made_up m = {0};
	struct hearer h;

	(void)state;
	hearer_init(&h, p, 300, DLB_RECON_UNKNOWN);
	for (size_t i = 0; i < p->only_a_n; i++)
		add_everywhere(&m, &h.set, p->only_a[i]);
	for (size_t i = 0; i < p->only_b_n; i++)
		add_everywhere(&m, &h.set, p->only_b[i]);
	assert_int_equal(tell(&h, p, &m, 0, 300), DLB_OK);
	recon_check(&h.d, p);
	hearer_free(&h);
}

/* An id that could be found a second time: in one of its symbols it is missing, so
 * that taking it out puts it in. */
static void
an_id_is_not_found_twice(void **state)
{
	const struct recon_pair *p = &hostile_pair;
	uint64_t id = p->only_a[0];
	int in_two = 0;

	(void)state;
	for (uint32_t at = 0; at < 100; at++) {
		struct made_up m = {0};
		struct hearer h;

		hearer_init(&h, p, 300, DLB_RECON_UNKNOWN);
		at = find_symbol(&h.set, at, id, true);
		add_everywhere(&m, &h.set, id);
		add_id(&m, &h.set, at, id);
		assert_int_equal(tell(&h, p, &m, 0, 300), DLB_FORGED);
		assert_int_equal(tell(&h, p, &m, 0, 1), DLB_FORGED);
		hearer_free(&h);
		/* The same, with another id to be found first. */
		hearer_init(&h, p, 300, DLB_RECON_UNKNOWN);
		add_everywhere(&m, &h.set, p->only_a[1]);
		assert_int_equal(tell(&h, p, &m, 0, 300), DLB_FORGED);
		hearer_free(&h);
		/* And in another batch, where the first did not do. */
		hearer_init(&h, p, 300, DLB_RECON_UNKNOWN);
		assert_int_equal(tell(&h, p, &m, 0, at), DLB_OK);
		if (!dlb_recon_done(&h.d)) {
			in_two++;
			assert_int_equal(
				tell(&h, p, &m, at, 300 - at), DLB_FORGED);
		}
		hearer_free(&h);
	}
	assert_true(in_two > 1);
}

/* An id in a symbol that it is not part of gives nothing away, and is never
 * explained. */
static void
an_id_counts_where_it_belongs(void **state)
{
	const struct recon_pair *p = &hostile_pair;
	uint64_t id = p->only_a[0];
	struct made_up m = {0};
	struct hearer h;

	(void)state;
	hearer_init(&h, p, 300, DLB_RECON_UNKNOWN);
	add_id(&m, &h.set, find_symbol(&h.set, 5, id, false), id);
	assert_int_equal(tell(&h, p, &m, 0, 300), DLB_OK);
	assert_false(dlb_recon_done(&h.d));
	assert_int_equal(h.d.found_n, 0);
	assert_int_equal(h.d.open, 1);
	hearer_free(&h);
}

/* Two ids that give each other away, over and over, if they were let: x alone in
 * symbol 0, both in another one, neither where else they belong. */
static void
two_ids_do_not_go_round(void **state)
{
	const struct recon_pair *p = &hostile_pair;
	int tried = 0;

	(void)state;
	for (uint32_t k = 0; k < 25 * 60; k++) {
		uint64_t x = p->only_a[k % 5], y = p->only_b[k / 5 % 5];
		uint32_t both = 1 + k / 25;
		struct made_up m = {0};
		struct hearer h;

		hearer_init(&h, p, 300, DLB_RECON_UNKNOWN);
		if (is_in(&h.set, both, x) && is_in(&h.set, both, y)) {
			add_id(&m, &h.set, 0, x);
			add_id(&m, &h.set, both, x);
			add_id(&m, &h.set, both, y);
			assert_int_equal(tell(&h, p, &m, 0, 300), DLB_FORGED);
			tried++;
		}
		hearer_free(&h);
	}
	assert_true(tried > 20);
}

/* Any sums of a few known ids, in any symbols: so the most is given away that
 * can be. */
static void
sums_of_known_ids(void **state)
{
	const struct recon_pair *p = &hostile_pair;
	unsigned statuses[DLB_STATUS_COUNT] = {0};

	(void)state;
	for (int round = 0; round < 3000; round++) {
		uint32_t density = 1 + dlb_random_below(&env.env, 40);
		size_t n = 1 + dlb_random_below(&env.env, 300);
		size_t cut = dlb_random_below(&env.env, (uint32_t)n);
		struct made_up m = {0};
		struct hearer h;
		enum dlb_status status;

		hearer_init(&h, p, 300, DLB_RECON_UNKNOWN);
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < 10; k++)
				if (dlb_random_below(&env.env, 40) < density)
					add_id(&m, &h.set, i,
						k < 5 ? p->only_a[k] : p->b[k]);
		status = tell(&h, p, &m, 0, cut);
		if (status == DLB_OK)
			status = tell(&h, p, &m, cut, n - cut);
		assert_true(status == DLB_OK || status == DLB_FORGED);
		statuses[status]++;
		hearer_free(&h);
	}
	/* Both happen, or the test is none. */
	assert_true(statuses[DLB_OK] > 100);
	assert_true(statuses[DLB_FORGED] > 100);
}

static void
garbage_says_nothing(void **state)
{
	const struct recon_pair *p = &hostile_pair;

	(void)state;
	for (int round = 0; round < 200; round++) {
		uint8_t symbols[300 * DLB_RECON_SYMBOL_LEN];
		struct hearer h;

		dlb_random(&env.env, symbols, sizeof(symbols));
		hearer_init(&h, p, 300, DLB_RECON_UNKNOWN);
		assert_int_equal(dlb_recon_add(&h.d, symbols, 300), DLB_OK);
		assert_false(dlb_recon_done(&h.d));
		assert_int_equal(h.d.found_n, 0);
		assert_int_equal(h.d.open, 300);
		hearer_free(&h);
	}
}

/* One wrong bit anywhere: never something else instead of what is so. */
static void
a_wrong_bit_is_not_believed(void **state)
{
	const struct recon_pair *p = &hostile_pair;
	uint8_t *told = recon_told(p->key, p->a, p->a_n, 60);

	(void)state;
	for (size_t bit = 0; bit < 60 * DLB_RECON_SYMBOL_LEN * 8; bit++) {
		enum dlb_status status;
		struct hearer h;

		told[bit / 8] ^= (uint8_t)(1 << bit % 8);
		hearer_init(&h, p, 60, DLB_RECON_UNKNOWN);
		status = dlb_recon_add(&h.d, told, 60);
		assert_true(status == DLB_OK || status == DLB_FORGED);
		assert_false(dlb_recon_done(&h.d));
		recon_check_hostile(&h.d);
		hearer_free(&h);
		told[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(told);
}

/* Symbols of a set under another key are garbage. */
static void
another_key_says_nothing(void **state)
{
	struct recon_pair p = hostile_pair;
	struct hearer h;
	uint8_t *told;

	(void)state;
	p.key[0] ^= 1;
	told = recon_told(p.key, p.a, p.a_n, 300);
	hearer_init(&h, &hostile_pair, 300, DLB_RECON_UNKNOWN);
	assert_int_equal(dlb_recon_add(&h.d, told, 300), DLB_OK);
	assert_false(dlb_recon_done(&h.d));
	recon_check_hostile(&h.d);
	hearer_free(&h);
	free(told);
}

/* Who lies about how many there are is found out. */
static void
numbers_must_add_up(void **state)
{
	const struct recon_pair *p = &hostile_pair;
	uint8_t *told = recon_told(p->key, p->a, p->a_n, 100);
	static const size_t lies[] = {0, 44, 46, DLB_RECON_IDS_MAX};
	struct hearer h;

	(void)state;
	assert_int_equal(p->a_n, 45);
	for (size_t i = 0; i < DLB_ARRAY_LEN(lies); i++) {
		hearer_init(&h, p, 100, lies[i]);
		assert_int_equal(dlb_recon_add(&h.d, told, 100), DLB_FORGED);
		assert_false(dlb_recon_done(&h.d));
		recon_check_hostile(&h.d);
		hearer_free(&h);
	}
	hearer_init(&h, p, 100, 45);
	assert_int_equal(dlb_recon_add(&h.d, told, 100), DLB_OK);
	recon_check(&h.d, p);
	hearer_free(&h);
	free(told);
}

#define HONEST(test) cmocka_unit_test_setup(test, setup)
#define HOSTILE(test)                                                          \
	cmocka_unit_test_setup_teardown(test, hostile_setup, hostile_teardown)

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
		HOSTILE(made_up_as_honest_is_believed),
		HOSTILE(an_id_is_not_found_twice),
		HOSTILE(an_id_counts_where_it_belongs),
		HOSTILE(two_ids_do_not_go_round),
		HOSTILE(sums_of_known_ids),
		HOSTILE(garbage_says_nothing),
		HOSTILE(a_wrong_bit_is_not_believed),
		HOSTILE(another_key_says_nothing),
		HOSTILE(numbers_must_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
