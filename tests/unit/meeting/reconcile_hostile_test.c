/*
 * Hearing symbols that nobody's set has: what made-up ones can not do.
 */
#include "reconcile_test.h"

static struct dlb_env_seeded env;

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
setup(void **state)
{
	(void)state;
	dlb_env_seeded_init(&env, 12, DLB_EPOCH_MS);
	recon_pair_make(&hostile_pair, &env.env, 40, 5, 5);
	return 0;
}

static int
teardown(void **state)
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

#define HOSTILE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
