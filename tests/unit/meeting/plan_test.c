/*
 * The plan of a meeting: which cells move, in which order, how copies split.
 */
#include "meeting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CELLS_N 2000

struct fixture {
	struct dlb_env_seeded env;
	struct dlb_plan_cell cells[CELLS_N];
	struct dlb_plan_move moves[CELLS_N];
};

/* Cells of ten weeks, every seventh for the peer, counters 0 to 32. */
static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	dlb_env_seeded_init(&f->env, 7, DLB_EPOCH_MS);
	for (uint32_t i = 0; i < CELLS_N; i++) {
		struct dlb_plan_cell *c = &f->cells[i];

		c->number = 100000 + i;
		memcpy(c->name, &i, sizeof(i));
		c->expiry_week = (uint16_t)(100 + i % 10);
		c->copies = (uint8_t)(i % 33);
		c->for_peer = i % 7 == 0;
	}
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

static bool
has_even(void *ctx, const uint8_t name[static 16])
{
	(void)ctx;
	return name[0] % 2 == 0;
}

static const struct dlb_plan_cell *
cell_of(const struct fixture *f, const struct dlb_plan_move *m)
{
	assert_in_range(m->number, 100000, 100000 + CELLS_N - 1);
	return &f->cells[m->number - 100000];
}

static void
test_leaves_out(void **state)
{
	struct fixture *f = *state;
	bool seen[CELLS_N] = {false};
	size_t n = dlb_plan(f->moves, f->cells, CELLS_N, CELLS_N, 105, has_even,
		NULL, &f->env.env);
	size_t expected = 0;

	for (size_t i = 0; i < CELLS_N; i++)
		expected += f->cells[i].copies > 0
			&& f->cells[i].expiry_week >= 105
			&& f->cells[i].name[0] % 2 == 1;
	assert_int_equal(n, expected);
	for (size_t i = 0; i < n; i++) {
		const struct dlb_plan_cell *c = cell_of(f, &f->moves[i]);

		assert_false(seen[c - f->cells]);
		seen[c - f->cells] = true;
		assert_true(c->copies > 0);
		assert_true(c->expiry_week >= 105);
		assert_true(c->name[0] % 2 == 1);
	}
}

static void
test_clock_not_trusted(void **state)
{
	struct fixture *f = *state;
	size_t n = dlb_plan(f->moves, f->cells, CELLS_N, CELLS_N, 0, NULL, NULL,
		&f->env.env);
	size_t look = 0;

	for (size_t i = 0; i < CELLS_N; i++)
		look += f->cells[i].copies == 0;
	assert_int_equal(n, CELLS_N - look);
}

static void
test_order(void **state)
{
	struct fixture *f = *state;
	size_t n = dlb_plan(f->moves, f->cells, CELLS_N, CELLS_N, 0, NULL, NULL,
		&f->env.env);
	size_t ascending = 0, same_class = 0;

	assert_true(n > 1000);
	for (size_t i = 1; i < n; i++) {
		const struct dlb_plan_cell *a = cell_of(f, &f->moves[i - 1]);
		const struct dlb_plan_cell *b = cell_of(f, &f->moves[i]);

		assert_true(a->for_peer >= b->for_peer);
		if (a->for_peer != b->for_peer)
			continue;
		assert_true(a->expiry_week >= b->expiry_week);
		if (a->expiry_week != b->expiry_week)
			continue;
		same_class++;
		ascending += a->number < b->number;
	}
	/* Within a class neither kept as it was nor turned around. */
	assert_in_range(ascending, same_class * 4 / 10, same_class * 6 / 10);
}

/* Every cell of a class is as likely to come first. */
static void
test_order_is_uniform(void **state)
{
	struct fixture *f = *state;
	unsigned first[8] = {0};

	for (size_t i = 0; i < 8; i++) {
		f->cells[i].expiry_week = 100;
		f->cells[i].copies = 4;
		f->cells[i].for_peer = false;
	}
	for (unsigned i = 0; i < 8000; i++) {
		assert_int_equal(dlb_plan(f->moves, f->cells, 8, 1, 0, NULL,
					 NULL, &f->env.env),
			1);
		first[f->moves[0].number - 100000]++;
	}
	for (size_t i = 0; i < 8; i++)
		assert_in_range(first[i], 850, 1150);
}

static void
test_room(void **state)
{
	struct fixture *f = *state;
	size_t n = dlb_plan(
		f->moves, f->cells, CELLS_N, 25, 0, NULL, NULL, &f->env.env);

	assert_int_equal(n, 25);
	for (size_t i = 0; i < n; i++) {
		assert_true(cell_of(f, &f->moves[i])->for_peer);
		assert_int_equal(cell_of(f, &f->moves[i])->expiry_week, 109);
	}
	assert_int_equal(dlb_plan(f->moves, f->cells, CELLS_N, 0, 0, NULL, NULL,
				 &f->env.env),
		0);
	assert_int_equal(
		dlb_plan(f->moves, f->cells, 0, 25, 0, NULL, NULL, &f->env.env),
		0);
}

static void
test_copies(void **state)
{
	static const struct {
		uint8_t copies;
		bool for_peer;
		uint8_t give, keep;
	} cases[] = {
		{1, false, 0, 1},
		{2, false, 1, 1},
		{3, false, 1, 2},
		{16, false, 8, 8},
		{31, false, 15, 16},
		{127, false, 63, 64},
		{128, false, 64, 64},
		{129, false, 64, 64},
		{255, false, 64, 64},
		{1, true, 1, 1},
		{2, true, 1, 1},
		{32, true, 16, 16},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++) {
		f->cells[0].copies = cases[i].copies;
		f->cells[0].for_peer = cases[i].for_peer;
		assert_int_equal(dlb_plan(f->moves, f->cells, 1, 1, 0, NULL,
					 NULL, &f->env.env),
			1);
		assert_int_equal(f->moves[0].give, cases[i].give);
		assert_int_equal(f->moves[0].keep, cases[i].keep);
	}
}

/* Own ones before those of a box, and those before a later expiry. */
static void
test_own_first(void **state)
{
	struct fixture *f = *state;
	size_t n, own = 0;

	for (uint32_t i = 0; i < CELLS_N; i++)
		f->cells[i].own = i % 11 == 0;
	n = dlb_plan(f->moves, f->cells, CELLS_N, CELLS_N, 0, NULL, NULL,
		&f->env.env);
	for (size_t i = 0; i < CELLS_N; i++)
		own += f->cells[i].own && f->cells[i].copies > 0;
	assert_true(own > 100 && own < n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(cell_of(f, &f->moves[i])->own, i < own);
	for (size_t i = 1; i < n; i++) {
		const struct dlb_plan_cell *a = cell_of(f, &f->moves[i - 1]);
		const struct dlb_plan_cell *b = cell_of(f, &f->moves[i]);

		if (a->own == b->own)
			assert_true(a->for_peer >= b->for_peer);
	}
}

static void
test_copies_start(void **state)
{
	struct fixture *f = *state;
	unsigned high = 0;

	for (unsigned i = 0; i < 1000; i++) {
		uint8_t c = dlb_copies_start(&f->env.env);

		assert_true(c == 64 || c == 128);
		high += c == 128;
	}
	assert_in_range(high, 400, 600);
}

static void
test_own(void **state)
{
	static const size_t waiting[] = {0, 1, 63, 64, 65, 1000000};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(waiting); i++) {
		size_t real, cover;

		dlb_plan_own(waiting[i], &real, &cover);
		assert_int_equal(real + cover, DLB_MEETING_OWN_CELLS);
		assert_int_equal(real,
			waiting[i] < DLB_MEETING_OWN_CELLS
				? waiting[i]
				: DLB_MEETING_OWN_CELLS);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_leaves_out, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_clock_not_trusted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_order_is_uniform, setup, teardown),
		cmocka_unit_test_setup_teardown(test_room, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_own_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copies, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_copies_start, setup, teardown),
		cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
