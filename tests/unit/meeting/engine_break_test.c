/*
 * The link is cut: nothing is lost, nothing doubled, copies are one too many and
 * never one too few, and the next meeting goes on where this one stopped.
 */
#include "pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WEEK 100
#define COPIES 9

static void
fill(struct pair *p, uint32_t both, uint32_t only0, uint32_t only1)
{
	for (uint32_t i = 0; i < both + only0 + only1; i++) {
		uint16_t week = (uint16_t)(WEEK + i % 12);

		if (i < both + only0)
			pair_add(p, 0, i, week, COPIES)->c.flags =
				i >= both ? DLB_MEETING_OWN : 0;
		if (i < both || i >= both + only0)
			pair_add(p, 1, i, week, COPIES);
	}
}

/* After whatever happened. */
static void
check_stores(struct pair *p, uint32_t both, uint32_t all)
{
	for (uint32_t i = 0; i < all; i++) {
		const struct pair_cell *c[2];
		uint8_t name[16];
		unsigned copies = 0;

		pair_name(name, i);
		for (int k = 0; k < 2; k++) {
			c[k] = pair_find(p, k, name);
			if (c[k]) {
				copies += c[k]->c.copies;
				assert_true(c[k]->times_came <= 1);
			}
		}
		assert_true(c[0] || c[1]);
		/* A counter changes only when the other side has it. */
		assert_true(copies >= (i < both ? 2 * COPIES : COPIES));
		for (int k = 0; k < 2; k++)
			if (c[k] && !c[!k]) {
				assert_int_equal(c[k]->c.copies, COPIES);
				assert_int_equal(c[k]->c.flags,
					i >= both && k == 0 ? DLB_MEETING_OWN
							    : 0);
			}
	}
	assert_true(p->side[0].store.n <= all && p->side[1].store.n <= all);
}

/* Meets until the link lasts. */
static void
meet_again(struct pair *p, uint32_t both, uint32_t all)
{
	p->cut_at = UINT64_MAX;
	pair_meet(p);
	assert_int_equal(p->side[0].end, DLB_END_DONE);
	assert_int_equal(p->side[1].end, DLB_END_DONE);
	check_stores(p, both, all);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(p->side[i].store.n, all);
		/* Only what had not come yet. */
		assert_int_equal(
			p->side[i].stats.taken, p->side[!i].stats.given);
	}
}

static void
small(struct pair *p, uint64_t seed)
{
	pair_init(p, seed);
	fill(p, 20, 1, 1);
	p->chunk_max = 0;
}

/* Which bytes are inside of a cell. */
struct insides {
	struct {
		uint64_t from, to;
	} cells[8];
	size_t n;
	uint64_t end;
};

static void
note_cell(struct pair *p, const uint8_t *bytes, size_t n)
{
	struct insides *in = p->ctx;

	in->end = p->received + n;
	if (n < 60000)
		return;
	assert_int_equal(bytes[0], DLB_FRAME_CELL);
	assert_true(in->n < DLB_ARRAY_LEN(in->cells));
	in->cells[in->n].from = p->received + 16;
	in->cells[in->n++].to = p->received + n - 16;
}

static uint64_t
step_at(const struct insides *in, uint64_t at)
{
	for (size_t i = 0; i < in->n; i++)
		if (at > in->cells[i].from && at + 1021 < in->cells[i].to)
			return 1021;
	return 1;
}

static unsigned
cut_small_at(uint64_t seed, uint64_t at)
{
	struct pair p;
	unsigned moved;

	small(&p, seed);
	p.cut_at = at;
	pair_meet(&p);
	for (int i = 0; i < 2; i++)
		assert_true(p.side[i].end == DLB_END_CLOSED
			|| p.side[i].end == DLB_END_DONE);
	check_stores(&p, 20, 22);
	moved = p.side[0].stats.taken + p.side[1].stats.taken;
	meet_again(&p, 20, 22);
	assert_int_equal(
		moved + p.side[0].stats.taken + p.side[1].stats.taken, 2);
	pair_free(&p);
	return moved;
}

static void
cut_small(unsigned moved[static 3], uint64_t seed)
{
	struct insides in = {.n = 0};
	struct pair p;

	small(&p, seed);
	p.came = note_cell;
	p.ctx = &in;
	pair_meet(&p);
	pair_free(&p);
	assert_int_equal(in.n, 2);
	for (uint64_t at = 0; at <= in.end; at += step_at(&in, at))
		moved[cut_small_at(seed, at)]++;
}

/* At every byte; of the insides of a cell at some. Of two seeds, as a cell may be kept
 * before or after the other one has come. */
static void
test_every_byte(void **state)
{
	unsigned moved[3] = {0};

	(void)state;
	cut_small(moved, 1);
	cut_small(moved, 2);
	assert_true(moved[0] > 1000 && moved[1] > 10 && moved[2] > 10);
}

/* Anywhere in larger ones, in any chunks, again and again until all is there. */
static void
test_anywhere(void **state)
{
	unsigned cuts = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 25; seed++) {
		struct pair p;

		pair_init(&p, seed);
		p.side[seed % 2].slow = seed % 3 == 0;
		p.chunk_max = seed % 5 == 0 ? 0 : 50000;
		fill(&p, 300, 30, 25);
		for (unsigned i = 0;
			p.side[0].store.n < 355 || p.side[1].store.n < 355;
			i++) {
			assert_true(i < 100);
			p.cut_at = dlb_random_below(
				&p.env.env, i % 4 == 0 ? 8000 : 1500000);
			pair_meet(&p);
			check_stores(&p, 300, 355);
			cuts += p.side[0].end == DLB_END_CLOSED;
		}
		meet_again(&p, 300, 355);
		assert_int_equal(p.side[0].stats.taken, 0);
		assert_int_equal(p.side[1].stats.taken, 0);
		pair_free(&p);
	}
	assert_true(cuts > 50);
}

/* One side stops in the midst of it: the other is told, and as little is lost. */
static void
test_stop(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		int who = seed % 2;
		unsigned at, steps = 0;
		struct pair p;

		pair_init(&p, seed);
		fill(&p, 100, 30, 25);
		at = 1 + dlb_random_below(&p.env.env, 1000);
		pair_start(&p);
		while (pair_step(&p))
			if (++steps == at)
				dlb_meeting_stop(p.side[who].m, false);
		assert_true(p.side[0].over && p.side[1].over);
		if (steps >= at) {
			assert_int_equal(p.side[who].end, DLB_END_STOPPED);
			assert_int_equal(
				p.side[!who].end, DLB_END_STOPPED_THERE);
		}
		pair_end(&p);
		check_stores(&p, 100, 155);
		meet_again(&p, 100, 155);
		pair_free(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_anywhere),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
