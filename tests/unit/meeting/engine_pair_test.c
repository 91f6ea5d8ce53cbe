/*
 * Two engines that mean well: all that differs arrives, once, in the right order,
 * and counters add up.
 */
#include "pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WEEK PAIR_WEEK

/* What one had is split between the two; of what both had nothing changed. */
static void
assert_copies(struct pair *p, uint32_t both, uint32_t all)
{
	for (uint32_t i = 0; i < all; i++) {
		uint8_t name[16], had = (uint8_t)(1 + i % 32);
		const struct pair_cell *a, *b;

		pair_name(name, i);
		a = pair_find(p, 0, name);
		b = pair_find(p, 1, name);
		assert_non_null(a);
		assert_non_null(b);
		if (i < both) {
			assert_int_equal(a->c.copies, had);
			assert_int_equal(b->c.copies, had);
			continue;
		}
		assert_int_equal(a->c.copies + b->c.copies, had);
		assert_int_equal(b->came ? b->c.copies : a->c.copies, had / 2);
	}
}

static void
check(uint64_t seed, const uint32_t *n, void (*change)(struct pair *p))
{
	uint32_t all = n[0] + n[1] + n[2];
	struct pair p;

	pair_init(&p, seed);
	pair_fill(&p, n[0], n[1], n[2]);
	if (change)
		change(&p);
	pair_meet(&p);
	pair_assert_done(&p);
	pair_assert_same(&p, all);
	assert_copies(&p, n[0], all);
	for (int i = 0; i < 2; i++) {
		const struct dlb_meeting_stats *s = &p.side[i].stats;

		assert_int_equal(s->given, n[1 + i]);
		assert_int_equal(s->taken, n[2 - i]);
		assert_int_equal(s->lacking, n[2 - i]);
		assert_int_equal(s->to_give, n[1 + i]);
		assert_int_equal(s->refused + s->unasked + s->refused_there, 0);
	}
	/* And the next time nothing moves. */
	pair_meet(&p);
	pair_assert_done(&p);
	assert_int_equal(p.side[0].stats.given + p.side[1].stats.given, 0);
	assert_true(p.side[0].stats.out[DLB_MEETING_CONTROL]
			+ p.side[1].stats.out[DLB_MEETING_CONTROL]
		< 2048);
	pair_free(&p);
}

static void
test_all_arrives(void **state)
{
	static const uint32_t sizes[][3] = {
		{0, 0, 0},
		{0, 1, 0},
		{0, 0, 1},
		{1, 0, 0},
		{10, 3, 2},
		{0, 40, 60},
		{500, 30, 0},
		{500, 0, 30},
		{1500, 100, 80},
		{0, 300, 0},
		{0, 0, 300},
		{8000, 5, 5},
		{20, 2, 500},
		{20, 500, 2},
	};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(sizes); i++)
		check(100 + i, sizes[i], NULL);
}

static void
slow_both(struct pair *p)
{
	p->side[0].slow = p->side[1].slow = true;
	p->delay_ms = 700;
}

static void
slow_one(struct pair *p)
{
	p->side[1].slow = true;
	p->delay_ms = 3;
	p->chunk_max = 0;
}

static void
one_byte(struct pair *p)
{
	p->chunk_max = 3;
}

static void
window_of_one(struct pair *p)
{
	p->side[0].config.window = 1;
	p->side[1].config.window = 1024;
}

static void
just_room(struct pair *p)
{
	p->side[0].config.room = 60;
	p->side[1].config.room = 40;
}

static void
test_any_schedule(void **state)
{
	static const uint32_t n[3] = {300, 40, 60}, few[3] = {20, 1, 1};
	static void (*const changes[])(struct pair * p) = {
		slow_both, slow_one, window_of_one, just_room};

	(void)state;
	for (uint64_t seed = 0; seed < 5; seed++)
		for (size_t i = 0; i < DLB_ARRAY_LEN(changes); i++)
			check(seed, n, changes[i]);
	check(1, few, one_byte);
}

/* Symbols that estimates are wrong about: nearly all differences in one week. */
static void
test_uneven(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, 5);
	for (uint32_t i = 0; i < 12000; i++) {
		pair_add(&p, 0, i, (uint16_t)(WEEK + i % 12), 4);
		pair_add(&p, 1, i, (uint16_t)(WEEK + i % 12), 4);
	}
	for (uint32_t i = 0; i < 300; i++)
		pair_add(&p, 0, 20000 + i, WEEK, 4);
	for (uint32_t i = 0; i < 300; i++)
		pair_add(&p, 1, 30000 + i, WEEK, 4);
	pair_meet(&p);
	pair_assert_done(&p);
	assert_int_equal(p.side[0].stats.given, 300);
	assert_int_equal(p.side[1].stats.given, 300);
	pair_free(&p);
}

/* ---- what goes, and in which order --------------------------------------------------- */

/* Look copies are known as held and not passed on; the last copy is kept, and a
 * look copy given. */
static void
test_look_copies(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, 1);
	pair_add(&p, 0, 1, WEEK, 0);
	pair_add(&p, 1, 1, WEEK, 9);
	pair_add(&p, 0, 2, WEEK, 0);
	pair_add(&p, 0, 3, WEEK, 1);
	pair_meet(&p);
	pair_assert_done(&p);
	assert_int_equal(p.side[0].stats.given, 1);
	assert_int_equal(p.side[0].stats.to_give, 1);
	assert_int_equal(p.side[1].stats.given, 0);
	assert_int_equal(p.side[1].store.n, 2);
	assert_int_equal(p.side[1].store.cells[1].c.copies, 0);
	assert_int_equal(p.side[0].store.cells[2].c.copies, 1);
	/* It is there: not given again. */
	pair_meet(&p);
	assert_int_equal(p.side[0].stats.given, 0);
	pair_free(&p);
}

/* Own cells, then later expiry, whatever the order was before. */
static void
test_order(void **state)
{
	struct pair p;
	unsigned last_class = 0;

	(void)state;
	pair_init(&p, 2);
	for (uint32_t i = 0; i < 120; i++) {
		struct pair_cell *c =
			pair_add(&p, 0, i, (uint16_t)(WEEK + i % 12), 16);

		if (i % 10 == 0)
			c->c.flags = DLB_MEETING_OWN;
	}
	pair_meet(&p);
	pair_assert_done(&p);
	assert_int_equal(p.side[1].store.n, 120);
	for (size_t k = 0; k < 120; k++) {
		const struct pair_cell *c = &p.side[1].store.cells[k];
		const struct pair_cell *from = pair_find(&p, 0, c->c.name);
		unsigned which = (unsigned)(from - p.side[0].store.cells);
		unsigned class =
			which % 10 == 0 ? 0 : 1u + WEEK + 12 - c->c.expiry_week;

		assert_true(class >= last_class);
		last_class = class;
		assert_int_equal(from->c.flags, 0);
	}
	pair_free(&p);
}

static void
test_room(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, 3);
	pair_fill(&p, 100, 50, 50);
	p.side[0].config.room = 7;
	p.side[1].config.room = 0;
	pair_meet(&p);
	pair_assert_done(&p);
	assert_int_equal(p.side[0].stats.taken, 7);
	assert_int_equal(p.side[1].stats.taken, 0);
	/* The latest of all. */
	for (size_t k = 150; k < 157; k++)
		assert_true(
			p.side[0].store.cells[k].c.expiry_week >= WEEK + 10);
	/* No room at all: not even compared. */
	p.side[0].config.room = 0;
	pair_meet(&p);
	pair_assert_done(&p);
	assert_int_equal(p.side[0].stats.groups, 0);
	pair_free(&p);
}

/* What is full or damaged there stays, unchanged, here. */
static void
test_refused_there(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, 4);
	pair_fill(&p, 10, 200, 0);
	p.side[1].damage = 5;
	p.side[1].full_after = 100;
	pair_meet(&p);
	pair_assert_done(&p);
	assert_int_equal(p.side[1].stats.taken, 80);
	assert_int_equal(p.side[0].stats.given, 80);
	assert_true(p.side[0].stats.refused_there >= 20);
	/* A few FULL in a row, and it gives no more. */
	assert_true(p.side[0].stats.refused_there < 20 + 40);
	for (uint32_t i = 10; i < 210; i++) {
		const struct pair_cell *c = &p.side[0].store.cells[i];

		assert_int_equal(c->c.copies,
			pair_find(&p, 1, c->c.name) ? (1 + i % 32 + 1) / 2
						    : 1 + i % 32);
	}
	pair_free(&p);
}

/* A cell that is gone when it is to be read is left out. */
static void
test_gone(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, 6);
	pair_fill(&p, 10, 100, 0);
	pair_start(&p);
	while (pair_step(&p))
		if (p.side[0].asked_n > 0 && p.side[0].asked[0] % 3 == 0) {
			dlb_meeting_fetched(
				p.side[0].m, p.side[0].asked[0], NULL);
			p.side[0].asked[0] =
				p.side[0].asked[--p.side[0].asked_n];
		}
	assert_int_equal(p.side[0].end, DLB_END_DONE);
	pair_end(&p);
	assert_true(p.side[0].stats.given < 100);
	assert_true(p.side[0].stats.given >= 66);
	assert_int_equal(p.side[0].stats.given, p.side[1].stats.taken);
	pair_free(&p);
}

static void
test_expired(void **state)
{
	struct pair p;

	(void)state;
	for (int who = 0; who < 2; who++) {
		pair_init(&p, 8);
		pair_fill(&p, 24, 24, 24);
		/* One knows the week; the other trusts no clock. */
		p.side[who].config.now_week = WEEK + 6;
		pair_meet(&p);
		pair_assert_done(&p);
		assert_int_equal(p.side[0].stats.given, 12);
		assert_int_equal(p.side[1].stats.given, 12);
		for (int i = 0; i < 2; i++)
			for (size_t k = 48; k < p.side[i].store.n; k++)
				assert_true(
					p.side[i].store.cells[k].c.expiry_week
					>= WEEK + 6);
		pair_free(&p);
	}
}

/* The same name twice is one. */
static void
test_doubles(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, 9);
	for (uint32_t i = 0; i < 100; i++)
		pair_add(&p, 0, i % 50, WEEK, 4);
	pair_meet(&p);
	pair_assert_done(&p);
	assert_int_equal(p.side[1].store.n, 50);
	pair_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_arrives),
		cmocka_unit_test(test_any_schedule),
		cmocka_unit_test(test_uneven),
		cmocka_unit_test(test_look_copies),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_refused_there),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_expired),
		cmocka_unit_test(test_doubles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
