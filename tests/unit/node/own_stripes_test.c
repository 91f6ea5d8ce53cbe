/* Which stripe goes to whom, and that no letter waits for ever. */
#include "stripes_world.h"

#include "own_stripes.h"

#include <string.h>

#define NOW (1000 * DLB_DAY_MS)

/* ---- the rule ---------------------------------------------------------------------- */

static struct dlb_stripes_out
stripes(unsigned n, uint32_t cells)
{
	struct dlb_stripes_out s = {
		.n = n, .sealed_ms = NOW - DLB_DAY_MS, .now_ms = NOW};

	for (unsigned i = 0; i < n; i++)
		s.of[i].waits = cells;
	return s;
}

/* So many cells of a stripe went, so many days ago; none: they were to. */
static void
gave(struct dlb_stripes_out *s, unsigned stripe, uint32_t cells, int days,
	bool mine)
{
	struct dlb_stripe_out *t = &s->of[stripe];

	t->waits -= cells;
	t->begun = true;
	t->begun_ms = NOW - days * DLB_DAY_MS;
	if (cells > 0) {
		t->given = true;
		t->given_ms = t->begun_ms;
	}
	if (mine) {
		t->mine = true;
		t->took += cells;
		t->mine_ms = t->begun_ms;
	}
}

static void
each_gets_what_nobody_has(void **state)
{
	struct dlb_stripes_out s = stripes(3, 4);

	(void)state;
	assert_int_equal(dlb_stripe_for(&s), 0);
	gave(&s, 0, 4, 0, false);
	assert_int_equal(dlb_stripe_for(&s), 1);
	/* Begun by another one, who may come back. */
	gave(&s, 1, 1, 3, false);
	assert_int_equal(dlb_stripe_for(&s), 2);
	gave(&s, 2, 4, 0, false);
	assert_int_equal(dlb_stripe_for(&s), DLB_STRIPE_NONE);
	/* Who did not. */
	gave(&s, 1, 1, 7, false);
	assert_int_equal(dlb_stripe_for(&s), 1);
}

static void
a_courier_goes_on_with_theirs(void **state)
{
	struct dlb_stripes_out s = stripes(3, 4);

	(void)state;
	gave(&s, 1, 2, 0, true);
	assert_int_equal(dlb_stripe_for(&s), 1);
	s.stranger = true;
	assert_int_equal(dlb_stripe_for(&s), 1);
}

/* Whether the courier has any of it, nobody knows. */
static void
what_was_to_be_given_counts(void **state)
{
	struct dlb_stripes_out s = stripes(3, 4);

	(void)state;
	gave(&s, 1, 0, 0, true);
	assert_int_equal(dlb_stripe_for(&s), 1);
	/* Others have had it since. */
	s.of[1].waits = 0;
	assert_int_equal(dlb_stripe_for(&s), DLB_STRIPE_NONE);
	s.now_ms += DLB_STRIPE_WAIT_DAYS * DLB_DAY_MS;
	assert_int_equal(dlb_stripe_for(&s), 0);
}

/* By somebody who may never come back: after what nobody was to have, at once. */
static void
what_was_to_be_given_goes_to_others(void **state)
{
	struct dlb_stripes_out s = stripes(3, 4);

	(void)state;
	gave(&s, 0, 0, 1, false);
	gave(&s, 1, 0, 2, false);
	assert_int_equal(dlb_stripe_for(&s), 2);
	gave(&s, 2, 4, 0, false);
	assert_int_equal(dlb_stripe_for(&s), 1);
	gave(&s, 1, 4, 0, false);
	assert_int_equal(dlb_stripe_for(&s), 0);
	/* Not to who has another one. */
	s.of[1].mine = true;
	s.of[1].mine_ms = NOW;
	assert_int_equal(dlb_stripe_for(&s), DLB_STRIPE_NONE);
}

static void
another_stripe_comes_later(void **state)
{
	struct dlb_stripes_out s = stripes(3, 4);

	(void)state;
	gave(&s, 0, 4, 6, true);
	assert_int_equal(dlb_stripe_for(&s), DLB_STRIPE_NONE);
	s.now_ms += DLB_DAY_MS;
	assert_int_equal(dlb_stripe_for(&s), 1);
	/* A clock that went back makes nobody wait. */
	s.now_ms = s.of[0].mine_ms - 1;
	assert_int_equal(dlb_stripe_for(&s), 1);
	s.now_ms = s.of[0].mine_ms + DLB_DAY_MS - 1;
	s.stranger = true;
	assert_int_equal(dlb_stripe_for(&s), DLB_STRIPE_NONE);
	s.now_ms++;
	assert_int_equal(dlb_stripe_for(&s), 1);
}

static void
vetted_ones_come_first(void **state)
{
	struct dlb_stripes_out s = stripes(2, 4);

	(void)state;
	s.for_vetted = true;
	assert_int_equal(dlb_stripe_for(&s), DLB_STRIPE_NONE);
	s.vetted = true;
	assert_int_equal(dlb_stripe_for(&s), 0);
	s.vetted = false;
	s.now_ms = s.sealed_ms + DLB_STRIPE_VETTED_DAYS * DLB_DAY_MS;
	assert_int_equal(dlb_stripe_for(&s), 0);
}

/* Whatever happened: with time alone, one courier gets all of it. */
static void
nothing_waits_for_ever(void **state)
{
	struct dlb_env_seeded env;

	(void)state;
	dlb_env_seeded_init(&env, 5, 0);
	for (int i = 0; i < 200; i++) {
		unsigned n = 2 + dlb_random_below(&env.env, 6);
		struct dlb_stripes_out s = stripes(n, 3);
		int day = 0;

		s.stranger = i & 1;
		s.for_vetted = i & 2;
		for (unsigned k = 0; k < n; k++) {
			uint32_t cells = dlb_random_below(&env.env, 4);

			if (dlb_random_below(&env.env, 2))
				gave(&s, k, cells, 0,
					dlb_random_below(&env.env, 2));
		}
		for (; day < 84; day++, s.now_ms += DLB_DAY_MS) {
			int stripe = dlb_stripe_for(&s);

			if (stripe == DLB_STRIPE_NONE)
				continue;
			assert_in_range(stripe, 0, n - 1);
			assert_true(s.of[stripe].waits > 0);
			s.of[stripe].waits--;
			s.of[stripe].begun = s.of[stripe].given = true;
			s.of[stripe].mine = true;
			s.of[stripe].took++;
			s.of[stripe].mine_ms = s.of[stripe].begun_ms =
				s.of[stripe].given_ms = s.now_ms;
		}
		for (unsigned k = 0; k < n; k++)
			assert_int_equal(s.of[k].waits, 0);
	}
}

/* ---- a home ------------------------------------------------------------------------ */

struct took {
	char courier[8][DLB_OUT_COURIER_MAX];
	uint32_t cells[8];
	uint8_t stripe[8];
	size_t n;
};

static bool
note_took(void *ctx, const struct dlb_out_taken *taken)
{
	struct took *t = ctx;

	assert_true(t->n < 8);
	memcpy(t->courier[t->n], taken->courier, sizeof(t->courier[0]));
	t->stripe[t->n] = taken->stripe;
	t->cells[t->n++] = taken->cells;
	return true;
}

static struct took
took(struct world *w, int64_t number)
{
	struct took t = {.n = 0};

	assert_dlb_ok(w->f,
		dlb_out_given(
			w->n->letterbox, number, note_took, &t, &w->f->err));
	return t;
}

static void
boxes_get_a_stripe_each(void **state)
{
	struct fixture *f = *state;
	static const char *const sticks[] = {"usb", "blue", "blue", "green"};
	struct dlb_node *bob;
	struct world w;
	struct took t;
	int64_t number;

	world_open(&w, f);
	fixture_stick(f, w.n, "blue", 24);
	fixture_stick(f, w.n, "green", 24);
	fixture_file(f, "film", 400000, 9);
	number = world_send(&w, "film", 2, 3, false);
	/* A stick that comes twice gets no second one, and as many cells. */
	for (size_t i = 0; i < DLB_ARRAY_LEN(sticks); i++)
		assert_int_equal(fixture_meet(f, w.n, sticks[i]).given_own,
			DLB_MEETING_OWN_CELLS);
	t = took(&w, number);
	assert_int_equal(t.n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(t.cells[i], world_cells(&w, number));
	assert_string_equal(t.courier[2], "box usb");
	assert_int_equal(t.stripe[2], 0);
	/* What is out is carried on like any cell: by who came later, too. */
	bob = fixture_open(f, "bob");
	assert_int_equal(fixture_meet(f, bob, "usb").letters_complete, 0);
	assert_int_equal(fixture_meet(f, bob, "green").letters_complete, 1);
	dlb_node_close(bob);
	dlb_node_close(w.n);
}

/* 64 cells a meeting are less than a stripe. */
static void
a_stripe_that_is_large_goes_on(void **state)
{
	struct fixture *f = *state;
	struct world w;
	struct took t;
	struct dlb_out_letter letter;
	int64_t number;

	world_open(&w, f);
	fixture_stick(f, w.n, "blue", 48);
	fixture_file(f, "film", 5000000, 9);
	number = world_send(&w, "film", 1, 2, false);
	assert_in_range(world_cells(&w, number), 65, 95);
	assert_dlb_ok(f, dlb_out_get(w.n->letterbox, &letter, number, &f->err));
	letter.now = false;
	assert_dlb_ok(f, dlb_out_update(w.n->letterbox, &letter, &f->err));
	fixture_meet(f, w.n, "usb");
	fixture_meet(f, w.n, "blue");
	fixture_meet(f, w.n, "usb");
	fixture_meet(f, w.n, "usb");
	t = took(&w, number);
	assert_int_equal(t.n, 2);
	assert_string_equal(t.courier[0], "box blue");
	assert_int_equal(t.stripe[0], 1);
	assert_int_equal(t.cells[0], 64);
	assert_int_equal(t.stripe[1], 0);
	assert_int_equal(t.cells[1], world_cells(&w, number));
	assert_dlb_ok(f, dlb_out_delete(w.n->letterbox, number, &f->err));
	assert_int_equal(took(&w, number).n, 0);
	dlb_node_close(w.n);
}

/* With one courier alone it takes weeks, or a word. */
static void
one_courier_gets_all_in_time(void **state)
{
	struct fixture *f = *state;
	struct world w;
	int64_t number;

	world_open(&w, f);
	fixture_file(f, "film", 400000, 9);
	number = world_send(&w, "film", 2, 3, true);
	fixture_meet(f, w.n, "usb");
	f->env.now_ms += 6 * DLB_DAY_MS;
	assert_dlb_ok(f, dlb_node_look_at_clock(w.n, &f->err));
	fixture_meet(f, w.n, "usb");
	assert_int_equal(took(&w, number).n, 1);
	f->env.now_ms += DLB_DAY_MS;
	assert_dlb_ok(f, dlb_node_look_at_clock(w.n, &f->err));
	fixture_meet(f, w.n, "usb");
	assert_int_equal(took(&w, number).n, 2);
	fixture_meet_now(f, w.n, "usb");
	assert_int_equal(took(&w, number).n, 3);
	dlb_node_close(w.n);
}

int
main(void)
{
#define TEST(t)                                                                \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_gets_what_nobody_has),
		cmocka_unit_test(a_courier_goes_on_with_theirs),
		cmocka_unit_test(what_was_to_be_given_counts),
		cmocka_unit_test(what_was_to_be_given_goes_to_others),
		cmocka_unit_test(another_stripe_comes_later),
		cmocka_unit_test(vetted_ones_come_first),
		cmocka_unit_test(nothing_waits_for_ever),
		TEST(boxes_get_a_stripe_each),
		TEST(a_stripe_that_is_large_goes_on),
		TEST(one_courier_gets_all_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
