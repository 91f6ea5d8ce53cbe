/*
 * The set of ids, the table of wanted ones, the budget, and how sets are cut into
 * parts.
 */
#include "pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t key[16] = {1, 2, 3};

/* ---- set.c --------------------------------------------------------------------------- */

static struct dlb_meeting_cell *
make_cells(uint32_t n)
{
	struct dlb_meeting_cell *cells = calloc(n + 1, sizeof(*cells));

	assert_non_null(cells);
	for (uint32_t i = 0; i < n; i++) {
		pair_name(cells[i].name, i);
		cells[i].number = 7 * i;
		cells[i].expiry_week = (uint16_t)(100 + i % 5);
		cells[i].copies = (uint8_t)(i % 33);
		cells[i].flags = i % 2;
		cells[i].box = i % 4 == 0 ? 50 + i % 3 : 0;
	}
	return cells;
}

static void
check_set(const struct dlb_set *s, const struct dlb_meeting_cell *cells,
	uint32_t n, uint16_t from)
{
	uint32_t kept = 0;

	for (uint32_t i = 1; i < s->n; i++)
		assert_true(s->ids[i - 1] < s->ids[i]);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t id = dlb_meeting_id(key, cells[i].name);
		uint32_t at = dlb_set_find(s, id);

		if (cells[i].expiry_week < from) {
			assert_int_equal(at, DLB_SET_NONE);
			continue;
		}
		kept++;
		assert_in_range(at, 0, s->n - 1);
		assert_int_equal(s->ids[at], id);
		assert_int_equal(s->cells[at].number, cells[i].number);
		assert_int_equal(s->cells[at].week, cells[i].expiry_week);
		assert_int_equal(s->cells[at].copies, cells[i].copies);
		assert_int_equal(s->cells[at].flags, cells[i].flags);
		assert_int_equal(s->box[at],
			cells[i].box == 51           ? 1
				: cells[i].box == 50 ? 2
						     : 0);
		assert_int_equal(dlb_set_lower(s, id), at);
		assert_int_equal(dlb_set_lower(s, id - 1), at);
		assert_int_equal(dlb_set_find(s, id + 1), DLB_SET_NONE);
	}
	assert_int_equal(s->n, kept);
	assert_int_equal(dlb_set_lower(s, 0), 0);
}

static void
test_set(void **state)
{
	static const uint32_t sizes[] = {0, 1, 2, 8, 9, 64, 1000, 5000, 40000};
	struct dlb_meeting_secret boxes[] = {{.ref = 51, .box = true},
		{.ref = 52}, {.ref = 50, .box = true}};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(sizes); i++)
		for (uint16_t from = 0; from <= 103; from += 103) {
			struct dlb_meeting_cell *cells = make_cells(sizes[i]);
			struct dlb_budget b = {.limit = SIZE_MAX};
			struct dlb_meeting_config c = {.cells = cells,
				.cells_n = sizes[i],
				.secrets = boxes,
				.secrets_n = 3,
				.now_week = from};
			struct dlb_set s = {.n = 0};

			assert_int_equal(dlb_set_fill(&s, &b, &c, key), DLB_OK);
			check_set(&s, cells, sizes[i], from);
			dlb_set_free(&s, &b);
			assert_int_equal(b.used, 0);
			free(cells);
		}
}

static void
test_set_doubles(void **state)
{
	struct dlb_meeting_cell *cells = make_cells(3000);
	struct dlb_budget b = {.limit = SIZE_MAX};
	struct dlb_meeting_config c = {.cells = cells, .cells_n = 3000};
	struct dlb_set s = {.n = 0};

	(void)state;
	for (uint32_t i = 0; i < 3000; i += 3)
		memcpy(cells[i].name, cells[i + 1].name, 16);
	assert_int_equal(dlb_set_fill(&s, &b, &c, key), DLB_OK);
	assert_int_equal(s.n, 2000);
	for (uint32_t i = 0; i < 3000; i++)
		assert_int_not_equal(
			dlb_set_find(&s, dlb_meeting_id(key, cells[i].name)),
			DLB_SET_NONE);
	for (uint32_t i = 1; i < s.n; i++)
		assert_true(s.ids[i - 1] < s.ids[i]);
	dlb_set_free(&s, &b);
	free(cells);
}

/* Whichever of its allocations is one too many. */
static void
test_set_budget(void **state)
{
	struct dlb_meeting_cell *cells = make_cells(3000);
	struct dlb_meeting_secret box = {.ref = 50, .box = true};
	struct dlb_meeting_config c = {.cells = cells,
		.cells_n = 3000,
		.secrets = &box,
		.secrets_n = 1};
	enum dlb_status st = DLB_NO_MEMORY;
	unsigned failed = 0;

	(void)state;
	for (size_t limit = 1000; st != DLB_OK; limit += 1000) {
		struct dlb_budget b = {.limit = limit};
		struct dlb_set s = {.n = 0};

		st = dlb_set_fill(&s, &b, &c, key);
		failed += st == DLB_NO_MEMORY;
		assert_true(b.peak <= limit);
		dlb_set_free(&s, &b);
		assert_int_equal(b.used, 0);
	}
	assert_in_range(failed, 50, 150);
	free(cells);
}

/* ---- ids.c ------------------------------------------------------------------------------ */

#define SPAN 500

static void
test_ids(void **state)
{
	struct dlb_budget b = {.limit = SIZE_MAX};
	struct dlb_env_seeded env;

	(void)state;
	dlb_env_seeded_init(&env, 1, 0);
	/* A key of 1 makes rows of small numbers collide as they please. */
	for (uint64_t k = 1; k < 1000; k += 332) {
		struct dlb_ids t = {.key = k};
		bool in[SPAN] = {false};
		size_t n = 0;

		for (unsigned i = 0; i < 20000; i++) {
			uint32_t which = dlb_random_below(&env.env, SPAN);
			uint64_t id = (uint64_t)which << 32;

			if (dlb_random_below(&env.env, 2)) {
				assert_int_equal(
					dlb_ids_add(&t, &b, id), !in[which]);
				n += !in[which];
				in[which] = true;
			} else {
				assert_int_equal(
					dlb_ids_remove(&t, id), in[which]);
				n -= in[which];
				in[which] = false;
			}
			assert_int_equal(t.n, n);
		}
		for (uint32_t i = 0; i < SPAN; i++)
			assert_int_equal(
				dlb_ids_remove(&t, (uint64_t)i << 32), in[i]);
		dlb_ids_free(&t, &b);
		assert_int_equal(b.used, 0);
	}
}

static void
test_ids_budget(void **state)
{
	struct dlb_budget b = {.limit = 1024};
	struct dlb_ids t = {.key = 0x123456789abcdef1};
	unsigned n = 0;

	(void)state;
	assert_false(dlb_ids_remove(&t, 5));
	while (dlb_ids_add(&t, &b, n + 1))
		n++;
	assert_in_range(n, 32, 64);
	for (unsigned i = 0; i < n; i++)
		assert_true(dlb_ids_remove(&t, i + 1));
	dlb_ids_free(&t, &b);
	assert_int_equal(b.used, 0);
}

/* ---- memory.c ---------------------------------------------------------------------------- */

static void
test_budget(void **state)
{
	struct dlb_budget b = {.limit = 100};
	void *p, *q;

	(void)state;
	p = dlb_budget_take(&b, 10, 6);
	assert_non_null(p);
	assert_null(dlb_budget_take(&b, 41, 1));
	assert_null(dlb_budget_take(&b, SIZE_MAX / 2, 8));
	assert_null(dlb_budget_take(&b, 8, SIZE_MAX / 2));
	assert_false(dlb_budget_reserve(&b, SIZE_MAX));
	q = dlb_budget_take(&b, 40, 1);
	assert_non_null(q);
	assert_false(dlb_budget_reserve(&b, 1));
	dlb_budget_give(&b, p, 10, 6);
	dlb_budget_give(&b, NULL, 10, 6);
	assert_int_equal(b.used, 40);
	assert_int_equal(b.peak, 100);
	assert_true(dlb_budget_reserve(&b, 60));
	dlb_budget_release(&b, 60);
	dlb_budget_give(&b, q, 40, 1);
	assert_int_equal(b.used, 0);
}

/* ---- cut.c ---------------------------------------------------------------------------------- */

static void
set_week(struct dlb_summary *s, uint16_t week, uint32_t count, uint64_t sum)
{
	s->weeks[s->weeks_n++] = (struct dlb_week){week, count, sum};
}

static void
test_cut_of_nothing(void **state)
{
	struct dlb_range ranges[DLB_RANGES_MAX];
	struct dlb_summary a = {.weeks_n = 0}, b;

	(void)state;
	b = a;
	assert_int_equal(dlb_cut(ranges, &a, &b, 0, true), 0);
	set_week(&a, 101, 5, 55);
	set_week(&a, 100, 7, 77);
	b = a;
	assert_int_equal(dlb_cut(ranges, &a, &b, 0, true), 0);
}

static void
test_cut_of_little(void **state)
{
	struct dlb_range ranges[DLB_RANGES_MAX];
	struct dlb_summary a = {.weeks_n = 0}, b;

	(void)state;
	for (uint16_t w = 110; w >= 100; w--)
		set_week(&a, w, 10000, w);
	b = a;
	b.weeks[2].sum++;
	b.weeks[5].count--;
	b.counters[3] = 3;
	b.counters[8] = -1;
	assert_int_equal(dlb_cut(ranges, &a, &b, 0, false), 1);
	assert_int_equal(ranges[0].from, 105);
	assert_int_equal(ranges[0].to, 108);
	assert_int_equal(ranges[0].bits, 0);
	assert_int_equal(ranges[0].kind, DLB_GROUP_SYMBOLS);
	assert_in_range(ranges[0].expected, 10, 12);
	/* And one of a box in front, where there are any. */
	assert_int_equal(dlb_cut(ranges, &a, &b, 99, true), 1);
	b.box_n = 3;
	assert_int_equal(dlb_cut(ranges, &a, &b, 99, true), 2);
	assert_true(ranges[0].box);
	assert_false(ranges[1].box);
	assert_int_equal(ranges[0].from, 99);
	assert_int_equal(ranges[0].to, UINT16_MAX);
	assert_int_equal(ranges[0].kind, DLB_GROUP_IDS);
}

/* Weeks that are equal and lie between cost nothing as symbols, and 8 bytes for each
 * of their cells as ids. */
static void
test_cut_over_equal_weeks(void **state)
{
	struct dlb_range ranges[DLB_RANGES_MAX];
	struct dlb_summary a = {.weeks_n = 0}, b;

	(void)state;
	for (uint16_t w = 110; w >= 100; w--)
		set_week(&a, w, w == 110 || w == 100 ? 2 : 10000, w);
	b = a;
	b.weeks[0].sum++;
	b.weeks[10].sum++;
	b.counters[0] = 2;
	assert_int_equal(dlb_cut(ranges, &a, &b, 0, false), 1);
	assert_int_equal(ranges[0].from, 100);
	assert_int_equal(ranges[0].kind, DLB_GROUP_SYMBOLS);
	/* Next to each other they are so few that the ids do. */
	for (size_t i = 1; i < 10; i++)
		a.weeks[i].count = b.weeks[i].count = 1;
	assert_int_equal(dlb_cut(ranges, &a, &b, 0, false), 1);
	assert_int_equal(ranges[0].kind, DLB_GROUP_IDS);
}

/* Each week that differs is in one range, later first; none is large. */
static void
check_cut(const struct dlb_range *r, size_t n, const struct dlb_summary *a,
	const struct dlb_summary *b)
{
	for (size_t i = 0; i < n; i++) {
		assert_true(r[i].from <= r[i].to);
		assert_true(i == 0 || r[i].to < r[i - 1].from);
		assert_true(r[i].bits <= DLB_PREFIX_BITS_MAX);
		assert_in_range(r[i].expected, 1, DLB_GROUP_EXPECTED + 1);
	}
	for (size_t k = 0; k < a->weeks_n + b->weeks_n; k++) {
		uint16_t week = k < a->weeks_n ? a->weeks[k].week
					       : b->weeks[k - a->weeks_n].week;
		unsigned in = 0;

		for (size_t i = 0; i < n; i++)
			in += week >= r[i].from && week <= r[i].to;
		assert_int_equal(in, 1);
	}
}

static void
test_cut_of_much(void **state)
{
	struct dlb_range ranges[DLB_RANGES_MAX];
	struct dlb_summary a = {.weeks_n = 0}, b = {.weeks_n = 0};
	uint32_t expected = 0;
	size_t n;

	(void)state;
	/* 100,000 of 1,000,000 on both sides, evenly. */
	for (uint16_t w = 112; w > 100; w--) {
		set_week(&a, w, 83333, 1);
		set_week(&b, w, 83333, 2);
	}
	for (size_t i = 0; i < DLB_RECON_COUNTERS; i++)
		a.counters[i] = 28;
	n = dlb_cut(ranges, &a, &b, 0, false);
	assert_int_equal(n, 12);
	check_cut(ranges, n, &a, &b);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(ranges[i].kind, DLB_GROUP_SYMBOLS);
		expected += ranges[i].expected << ranges[i].bits;
	}
	assert_in_range(expected, 95000, 105000);
	/* Nothing here, or next to nothing there. */
	a.weeks_n = 0;
	n = dlb_cut(ranges, &a, &b, 0, false);
	check_cut(ranges, n, &a, &b);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(ranges[i].kind, DLB_GROUP_IDS);
		assert_in_range(ranges[i].bits, 3, 3);
	}
	n = dlb_cut(ranges, &b, &a, 0, false);
	check_cut(ranges, n, &a, &b);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(ranges[i].kind, DLB_GROUP_ASK);
}

/* Whatever a peer claims. */
static void
test_cut_of_lies(void **state)
{
	struct dlb_env_seeded env;

	(void)state;
	dlb_env_seeded_init(&env, 3, 0);
	for (unsigned i = 0; i < 3000; i++) {
		struct dlb_range ranges[DLB_RANGES_MAX];
		struct dlb_summary s[2];
		size_t n;

		memset(s, 0, sizeof(s));
		for (int k = 0; k < 2; k++) {
			uint32_t week = dlb_random_below(&env.env, 65536);

			while (s[k].weeks_n < DLB_WEEKS_MAX && week > 0
				&& dlb_random_below(&env.env, 20)) {
				set_week(&s[k], (uint16_t)week,
					1
						+ dlb_random_below(&env.env,
							1u << (1 + i % 27)),
					week);
				week -= 1 + dlb_random_below(&env.env, week);
			}
			for (size_t c = 0; c < DLB_RECON_COUNTERS; c++)
				s[k].counters[c] = (int32_t)dlb_random_below(
					&env.env, 1u << (1 + i % 29));
			s[k].box_n = dlb_random_below(&env.env, 3);
		}
		n = dlb_cut(ranges, &s[0], &s[1], 0, i % 2);
		assert_true(n <= DLB_RANGES_MAX);
		for (size_t k = 1; k < n; k++) {
			assert_true(ranges[k].from <= ranges[k].to);
			assert_true(ranges[k - 1].box
				|| ranges[k].to < ranges[k - 1].from);
			assert_true(ranges[k].expected >= 1);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_set_doubles),
		cmocka_unit_test(test_set_budget),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_ids_budget),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_cut_of_nothing),
		cmocka_unit_test(test_cut_of_little),
		cmocka_unit_test(test_cut_over_equal_weeks),
		cmocka_unit_test(test_cut_of_much),
		cmocka_unit_test(test_cut_of_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
