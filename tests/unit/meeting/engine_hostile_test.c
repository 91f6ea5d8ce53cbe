/*
 * Peers that mean harm, or are broken: each thing that a peer may not do ends the
 * meeting for the right reason, in memory that is bounded.
 */
#include "pair.h"
#include "raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a meeting of these tests gets: 4,096 cells at most. */
#define BUDGET (3u << 20)

static struct raw r;

/* 64 cells of weeks 100 to 103. */
static void
begin(bool caller)
{
	raw_init(&r, caller, 64);
	r.config.budget = BUDGET;
	raw_start(&r);
}

/* Up to the exchange; as a caller the engine has opened a group for its 64 ids. */
static void
begin_exchange(bool caller)
{
	begin(caller);
	raw_greet(&r, 64, 12345);
}

static void
finish(enum dlb_meeting_end end, int bye)
{
	struct dlb_meeting_stats s;

	raw_expect_end(&r, end, bye);
	raw_stats(&r, &s);
	assert_in_range(s.memory_peak, 1, BUDGET);
	raw_free(&r);
}

#define BOTH_WAYS(caller) for (int caller = 0; caller <= 1; caller++)

/* ---- frames ------------------------------------------------------------------------- */

static void
test_garbage(void **state)
{
	uint8_t bytes[5000];

	(void)state;
	for (uint32_t seed = 0; seed < 256; seed++)
		BOTH_WAYS(caller)
		{
			begin(caller);
			dlb_random(&r.env.env, bytes, sizeof(bytes));
			bytes[0] = (uint8_t)seed;
			/* Not by chance what may be said. */
			bytes[1] = 0xff;
			raw_bytes(&r, bytes, sizeof(bytes));
			finish(DLB_END_MALFORMED, DLB_BYE_FAULT);
		}
}

/* A length that can not be is refused before a byte of the payload is there. */
static void
test_lengths(void **state)
{
	static const struct {
		bool caller;
		uint8_t type;
		uint32_t min, max;
	} cases[] = {
		{false, DLB_FRAME_GROUP, 13, 13},
		{false, DLB_FRAME_SYMBOLS, 18, 8192},
		{false, DLB_FRAME_IDS, 6, 8192},
		{true, DLB_FRAME_IDS, 6, 8192},
		{true, DLB_FRAME_MORE, 6, 6},
		{false, DLB_FRAME_WANT, 7, 8192},
		{false, DLB_FRAME_CELL, 65545, 65545},
		{true, DLB_FRAME_CELL, 65545, 65545},
		{false, DLB_FRAME_ACK, 1, 1024},
		{false, DLB_FRAME_LAST, 0, 0},
		{false, DLB_FRAME_END, 0, 0},
		{true, DLB_FRAME_PING, 0, 0},
		{true, DLB_FRAME_BYE, 3, 3},
	};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++)
		for (int below = 0; below <= 1; below++) {
			uint32_t len = below ? cases[i].min - 1
					     : cases[i].max + 1;
			uint8_t head[4];

			if (below && cases[i].min == 0)
				continue;
			begin_exchange(cases[i].caller);
			dlb_frame_head(head, cases[i].type, len);
			raw_bytes(&r, head, 4);
			finish(DLB_END_MALFORMED, DLB_BYE_FAULT);
		}
}

/* Of docs/meeting.md: who may say what, by the state of who hears it. */
static void
test_out_of_turn(void **state)
{
	enum { G = 1, S = 2, X = 4 };
	static const uint8_t to_listener[DLB_FRAMES] = {
		[DLB_FRAME_BYE] = G | S | X,
		[DLB_FRAME_HELLO] = G,
		[DLB_FRAME_SUMMARY] = S,
		[DLB_FRAME_GROUP] = X,
		[DLB_FRAME_SYMBOLS] = X,
		[DLB_FRAME_IDS] = X,
		[DLB_FRAME_WANT] = X,
		[DLB_FRAME_CELL] = X,
		[DLB_FRAME_ACK] = X,
		[DLB_FRAME_LAST] = X,
		[DLB_FRAME_END] = X,
		[DLB_FRAME_PING] = S | X,
	};
	static const uint8_t to_caller[DLB_FRAMES] = {
		[DLB_FRAME_BYE] = G | S | X,
		[DLB_FRAME_WELCOME] = G,
		[DLB_FRAME_SUMMARY] = S,
		[DLB_FRAME_IDS] = X,
		[DLB_FRAME_MORE] = X,
		[DLB_FRAME_WANT] = X,
		[DLB_FRAME_CELL] = X,
		[DLB_FRAME_ACK] = X,
		[DLB_FRAME_END] = X,
		[DLB_FRAME_PING] = S | X,
	};

	(void)state;
	BOTH_WAYS(caller)
	for (unsigned st = 0; st < 3; st++)
		for (unsigned type = 0; type < 256; type++) {
			const uint8_t *may = caller ? to_caller : to_listener;
			uint8_t head[4];

			if (type < DLB_FRAMES && may[type] & 1 << st)
				continue;
			begin(caller);
			if (st > 0)
				raw_hello(&r);
			if (st > 1)
				raw_summary(&r, 1, 1);
			assert_int_equal(r.m->state, st);
			dlb_frame_head(head, (enum dlb_frame)type, 0);
			raw_bytes(&r, head, 4);
			finish(type >= DLB_FRAMES || st == 0
					? DLB_END_MALFORMED
					: DLB_END_OUT_OF_TURN,
				DLB_BYE_FAULT);
		}
}

static void
test_version(void **state)
{
	static const uint8_t newer[] = {2, 9, 1, 2, 3}, wrong[] = {1, 0, 0, 0};
	static const uint8_t bye[] = {DLB_BYE_VERSION, 2, 9};
	static const uint8_t welcome[65] = {2};

	(void)state;
	begin(false);
	raw_say(&r, DLB_FRAME_HELLO, newer, sizeof(newer));
	assert_int_equal(r.end.their_min, 2);
	assert_int_equal(r.end.their_max, 9);
	assert_int_equal(r.said[r.said_n - 1].payload[1], 1);
	assert_int_equal(r.said[r.said_n - 1].payload[2], 1);
	finish(DLB_END_VERSION, DLB_BYE_VERSION);

	/* And what it says then is understood. */
	begin(true);
	raw_expect(&r, DLB_FRAME_HELLO);
	raw_say(&r, DLB_FRAME_BYE, bye, sizeof(bye));
	assert_int_equal(r.end.their_min, 2);
	assert_int_equal(r.end.their_max, 9);
	finish(DLB_END_VERSION, -1);

	begin(false);
	raw_say(&r, DLB_FRAME_HELLO, wrong, sizeof(wrong));
	finish(DLB_END_MALFORMED, DLB_BYE_FAULT);

	begin(true);
	raw_say(&r, DLB_FRAME_WELCOME, welcome, sizeof(welcome));
	finish(DLB_END_MALFORMED, DLB_BYE_FAULT);
}

/* A later version's HELLO is longer; what is behind is not looked at. */
static void
test_longer_hello(void **state)
{
	uint8_t hello[4 + 32 * 12 + 77] = {1, 3};

	(void)state;
	begin(false);
	raw_say(&r, DLB_FRAME_HELLO, hello, sizeof(hello));
	assert_false(r.over);
	raw_expect(&r, DLB_FRAME_WELCOME);
	raw_free(&r);

	begin(false);
	raw_say(&r, DLB_FRAME_HELLO, hello, 4 + 32 * 12 - 1);
	finish(DLB_END_MALFORMED, DLB_BYE_FAULT);
}

/* ---- summaries ---------------------------------------------------------------------------- */

static void
say_summary(uint16_t from, uint32_t box_n, const struct dlb_week *weeks,
	uint8_t n, size_t counters, uint8_t counter)
{
	uint8_t buf[2048];
	struct dlb_writer w;

	dlb_writer_init(&w, buf, sizeof(buf));
	dlb_write_u32(&w, 10);
	dlb_write_u16(&w, 10);
	dlb_write_u16(&w, from);
	dlb_write_u32(&w, box_n);
	dlb_write_u8(&w, n);
	for (size_t i = 0; i < n; i++) {
		dlb_write_u16(&w, weeks[i].week);
		dlb_write_u32(&w, weeks[i].count);
		dlb_write_u64(&w, weeks[i].sum);
	}
	for (size_t i = 0; i < counters; i++)
		dlb_write_u8(&w, counter);
	raw_say(&r, DLB_FRAME_SUMMARY, buf, w.len);
}

static void
test_summaries(void **state)
{
	struct dlb_week good[40], rising[] = {{100, 1, 1}, {101, 1, 1}},
				  empty[] = {{100, 0, 0}},
				  many[] = {{101, 1u << 28, 1}, {100, 1, 1}};
	uint8_t long_one[6] = {0};

	(void)state;
	for (size_t i = 0; i < 40; i++)
		good[i] = (struct dlb_week){(uint16_t)(140 - i), 1, 1};
	for (int i = 0; i < 12; i++) {
		begin(true);
		raw_hello(&r);
		switch (i) {
		case 0:
			say_summary(0, 0, good, 32, 128, 0);
			assert_false(r.over);
			raw_free(&r);
			continue;
		case 1:
			say_summary(0, 0, good, 33, 128, 0);
			break;
		case 2:
			say_summary(0, 0, rising, 2, 128, 0);
			break;
		case 3:
			say_summary(0, 0, empty, 1, 128, 0);
			break;
		case 4:
			say_summary(0, 0, many, 2, 128, 0);
			break;
		case 5: /* more of boxes than in all */
			say_summary(0, 2, good, 1, 128, 0);
			break;
		case 6: /* weeks that it said to leave out */
			say_summary(140, 0, good, 2, 128, 0);
			break;
		case 7:
			say_summary(0, 0, good, 1, 127, 0);
			break;
		case 8:
			say_summary(0, 0, good, 1, 129, 0);
			break;
		case 9: /* numbers without an end */
			say_summary(0, 0, good, 1, 128 * 5, 0xff);
			break;
		case 10: /* longer than it needs to be */
			say_summary(0, 0, good, 1, 128, 0x80);
			break;
		case 11:
			raw_say(&r, DLB_FRAME_SUMMARY, long_one, 6);
			break;
		}
		finish(DLB_END_MALFORMED, DLB_BYE_FAULT);
	}
	begin(false);
	raw_hello(&r);
	raw_say(&r, DLB_FRAME_SUMMARY, good, 7);
	finish(DLB_END_MALFORMED, DLB_BYE_FAULT);
}

/* It forgets weeks that are over here: neither may. */
static void
test_summary_of_the_past(void **state)
{
	struct dlb_week week = {100, 1, 1};

	(void)state;
	raw_init(&r, true, 64);
	r.config.budget = BUDGET;
	r.config.now_week = 101;
	raw_start(&r);
	raw_hello(&r);
	say_summary(100, 0, &week, 1, 128, 0);
	finish(DLB_END_MALFORMED, DLB_BYE_FAULT);
}

/* ---- groups --------------------------------------------------------------------------------- */

static void
test_group_forms(void **state)
{
	static const struct {
		uint8_t kind, box;
		uint16_t from, to;
		uint8_t bits;
		uint16_t prefix;
		uint32_t count;
	} bad[] = {
		{3, 0, 100, 100, 0, 0, 1},
		{0, 2, 100, 100, 0, 0, 1},
		{0, 0, 101, 100, 0, 0, 1},
		{0, 0, 100, 100, 17, 0, 1},
		{0, 0, 100, 100, 0, 1, 1},
		{0, 0, 100, 100, 4, 16, 1},
		{0, 0, 100, 100, 0, 0, DLB_CELLS_N_MAX + 1},
		{DLB_GROUP_ASK, 0, 100, 100, 0, 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++) {
		uint8_t buf[13];
		struct dlb_writer w;

		begin_exchange(false);
		dlb_writer_init(&w, buf, sizeof(buf));
		dlb_write_u8(&w, bad[i].kind);
		dlb_write_u8(&w, bad[i].box);
		dlb_write_u16(&w, bad[i].from);
		dlb_write_u16(&w, bad[i].to);
		dlb_write_u8(&w, bad[i].bits);
		dlb_write_u16(&w, bad[i].prefix);
		dlb_write_u32(&w, bad[i].count);
		raw_say(&r, DLB_FRAME_GROUP, buf, sizeof(buf));
		finish(DLB_END_MALFORMED, DLB_BYE_FAULT);
	}
}

/* Groups do not overlap, so that no peer makes us go over the same cells again. */
static void
test_group_order(void **state)
{
	static const struct {
		uint16_t from, to;
		uint8_t bits;
		uint16_t prefix;
		bool good;
	} second[] = {
		{100, 103, 4, 3, false}, {100, 103, 4, 2, false},
		{100, 103, 4, 4, true},  {100, 103, 4, 9, true},
		{100, 103, 5, 9, false}, {100, 102, 4, 9, false},
		{103, 103, 0, 0, false}, {104, 104, 0, 0, false},
		{99, 100, 0, 0, false},	 {99, 99, 0, 0, true},
		{0, 99, 4, 0, true},	 {0, 65535, 0, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(second); i++) {
		begin_exchange(false);
		raw_group(&r, DLB_GROUP_IDS, 100, 103, 4, 3, 0);
		assert_false(r.over);
		raw_group(&r, DLB_GROUP_IDS, second[i].from, second[i].to,
			second[i].bits, second[i].prefix, 0);
		assert_int_equal(r.over, !second[i].good);
		if (second[i].good)
			raw_free(&r);
		else
			finish(DLB_END_OUT_OF_TURN, DLB_BYE_FAULT);
	}
}

static void
test_groups_without_end(void **state)
{
	(void)state;
	/* More than may be open. */
	begin_exchange(false);
	for (uint16_t i = 0; i < DLB_GROUPS_OPEN; i++) {
		raw_group(&r, DLB_GROUP_SYMBOLS, 0, 65535, 16, i, 1000);
		assert_false(r.over);
	}
	raw_group(&r, DLB_GROUP_SYMBOLS, 0, 65535, 16, 4, 1000);
	finish(DLB_END_FLOOD, DLB_BYE_FAULT);

	/* More than a meeting has. */
	begin_exchange(false);
	for (uint16_t i = 0; i < DLB_GROUPS_MAX; i++) {
		raw_group(&r, DLB_GROUP_IDS, 0, 65535, 16, i, 0);
		raw_ids(&r, i, 0, NULL, 0);
		assert_false(r.over);
		r.said_n = r.said_at = 0;
	}
	raw_group(&r, DLB_GROUP_IDS, 0, 65535, 16, DLB_GROUPS_MAX, 0);
	finish(DLB_END_FLOOD, DLB_BYE_FAULT);

	/* After it said that no more come. */
	begin_exchange(false);
	raw_say(&r, DLB_FRAME_LAST, NULL, 0);
	raw_group(&r, DLB_GROUP_IDS, 100, 100, 0, 0, 0);
	finish(DLB_END_OUT_OF_TURN, DLB_BYE_FAULT);

	begin_exchange(false);
	raw_say(&r, DLB_FRAME_LAST, NULL, 0);
	raw_say(&r, DLB_FRAME_LAST, NULL, 0);
	finish(DLB_END_OUT_OF_TURN, DLB_BYE_FAULT);
}

/* A box that the two do not share is none. */
static void
test_group_of_a_box(void **state)
{
	static const uint8_t group[13] = {1, 1, 0, 0, 0xff, 0xff};

	(void)state;
	begin_exchange(false);
	raw_say(&r, DLB_FRAME_GROUP, group, sizeof(group));
	assert_false(r.over);
	raw_ids(&r, 0, 0, NULL, 0);
	raw_expect(&r, DLB_FRAME_WANT);
	assert_true(raw_silent(&r));
	raw_free(&r);
}

/* ---- ids and symbols ---------------------------------------------------------------------------- */

static void
test_ids_that_do_not_add_up(void **state)
{
	uint64_t ids[4] = {1, 2, 3, 4};

	(void)state;
	for (int i = 0; i < 6; i++) {
		begin_exchange(false);
		raw_group(&r, DLB_GROUP_IDS, 100, 103, 8, 0, 4);
		switch (i) {
		case 0: /* fewer than was said */
			raw_ids(&r, 0, 0, ids, 3);
			break;
		case 1:
			raw_ids(&r, 0, 1, ids, 4);
			break;
		case 2: /* the same ones again and again */
			raw_ids(&r, 0, 3, ids, 1);
			raw_ids(&r, 0, 3, ids, 1);
			break;
		case 3: /* nothing, and more to come */
			raw_ids(&r, 0, 4, ids, 0);
			break;
		case 4: /* of another part */
			ids[3] = 1ull << 56;
			raw_ids(&r, 0, 0, ids, 4);
			break;
		case 5: /* more than can be */
			raw_ids(&r, 0, UINT32_MAX, ids, 4);
			break;
		}
		finish(DLB_END_LIED, DLB_BYE_FAULT);
	}
	/* Of no group; of one that is told otherwise; that was answered. */
	for (int i = 0; i < 3; i++) {
		begin_exchange(false);
		raw_group(&r, i == 1 ? DLB_GROUP_SYMBOLS : DLB_GROUP_IDS, 100,
			103, 0, 0, 4);
		if (i == 2)
			raw_ids(&r, 0, 0, ids, 4);
		raw_ids(&r, i == 0, 0, ids, 4);
		finish(DLB_END_OUT_OF_TURN, DLB_BYE_FAULT);
	}
}

static void
say_symbols(uint16_t group, uint32_t left, uint32_t n, uint64_t seed)
{
	uint8_t buf[DLB_LIST_MAX];
	struct dlb_writer w;
	struct dlb_env_seeded env;

	dlb_env_seeded_init(&env, seed, 0);
	dlb_writer_init(&w, buf, sizeof(buf));
	dlb_write_u16(&w, group);
	dlb_write_u32(&w, left);
	dlb_random(&env.env, buf + 6, n * DLB_RECON_SYMBOL_LEN);
	raw_say(&r, DLB_FRAME_SYMBOLS, buf, 6 + n * DLB_RECON_SYMBOL_LEN);
}

static uint32_t
more_of(const struct raw_frame *f)
{
	return (uint32_t)f->payload[2] << 24 | (uint32_t)f->payload[3] << 16 |
		(uint32_t)f->payload[4] << 8 | f->payload[5];
}

/* Random symbols of one group until it asks for the ids instead; so many symbols. */
static uint32_t
never_decode(uint16_t group)
{
	uint32_t said = 0, to = 100;

	for (;;) {
		while (said < to && !r.over) {
			uint32_t n = to - said < 600 ? to - said : 600;

			said += n;
			say_symbols(group, to - said, n, said);
		}
		if (r.over)
			return said;
		to = more_of(raw_expect(&r, DLB_FRAME_MORE));
		if (to == 0)
			return said;
		assert_true(to > said && to <= DLB_SYMBOLS_MAX);
	}
}

/* It asks for more, for the ids at last; and that a few times at most. */
static void
test_symbols_that_never_decode(void **state)
{
	struct dlb_meeting_stats s;

	(void)state;
	raw_init(&r, false, 64);
	r.config.budget = 8u << 20;
	raw_start(&r);
	raw_greet(&r, 0, 0);
	for (uint16_t i = 0; i <= DLB_GIVEUPS_MAX; i++) {
		uint32_t said;

		assert_false(r.over);
		raw_group(&r, DLB_GROUP_SYMBOLS, 100, 103, 8, i, 1000000);
		said = never_decode(i);
		assert_in_range(said, 1000, DLB_SYMBOLS_MAX);
		for (uint32_t left = 1000000; left > 0 && !r.over;) {
			uint64_t ids[1000];

			for (uint32_t k = 0; k < 1000; k++)
				ids[k] = ((uint64_t)i << 56) + left + k;
			left -= 1000;
			raw_ids(&r, i, left, ids, 1000);
			r.said_n = r.said_at = 0;
		}
	}
	raw_expect_end(&r, DLB_END_LIED, DLB_BYE_FAULT);
	raw_stats(&r, &s);
	assert_in_range(s.memory_peak, 1, 8u << 20);
	raw_free(&r);
}

static void
test_symbols_out_of_turn(void **state)
{
	(void)state;
	/* The ids were asked for. */
	raw_init(&r, false, 64);
	raw_start(&r);
	raw_greet(&r, 0, 0);
	raw_group(&r, DLB_GROUP_SYMBOLS, 100, 103, 0, 0, DLB_CELLS_N_MAX);
	never_decode(0);
	say_symbols(0, 0, 100, 1);
	raw_expect_end(&r, DLB_END_OUT_OF_TURN, DLB_BYE_FAULT);
	raw_free(&r);

	/* More than was asked for; than there can be; than were announced. */
	for (int i = 0; i < 3; i++) {
		begin_exchange(false);
		raw_group(&r, DLB_GROUP_SYMBOLS, 100, 103, 0, 0, 64);
		if (i == 0) {
			say_symbols(0, 0, 10, 1);
			raw_expect(&r, DLB_FRAME_MORE);
			say_symbols(0, 1000, 100, 1);
		} else if (i == 1) {
			say_symbols(0, DLB_SYMBOLS_MAX, 1, 1);
		} else {
			say_symbols(0, 10, 10, 1);
			say_symbols(0, 10, 10, 1);
		}
		finish(DLB_END_LIED, DLB_BYE_FAULT);
	}
}

/* ---- answers ------------------------------------------------------------------------------------- */

static void
test_wants(void **state)
{
	uint64_t ids[2];

	(void)state;
	for (int i = 0; i < 8; i++) {
		enum dlb_meeting_end end = DLB_END_LIED;

		begin_exchange(true);
		raw_expect(&r, DLB_FRAME_GROUP);
		raw_expect(&r, DLB_FRAME_LAST);
		raw_expect(&r, DLB_FRAME_IDS);
		ids[0] = raw_id(&r, 3);
		ids[1] = raw_id(&r, 4);
		switch (i) {
		case 0: /* what is not here */
			ids[1] ^= 1;
			raw_want(&r, 0, true, 0, ids, 2);
			break;
		case 1: /* the same twice */
			ids[1] = ids[0];
			raw_want(&r, 0, true, 0, ids, 2);
			break;
		case 2: /* gives more than it has */
			raw_want(&r, 0, true, 65, ids, 2);
			break;
		case 3:
			raw_want(&r, 0, true, UINT32_MAX, ids, 2);
			break;
		case 4: /* nothing, and more to come */
			raw_want(&r, 0, false, 0, ids, 0);
			end = DLB_END_MALFORMED;
			break;
		case 5: /* says too early what it gives */
			raw_want(&r, 0, false, 1, ids, 2);
			end = DLB_END_MALFORMED;
			break;
		case 6: /* answered already */
			raw_want(&r, 0, true, 1, ids, 2);
			raw_want(&r, 0, true, 0, ids, 0);
			end = DLB_END_OUT_OF_TURN;
			break;
		case 7: /* of no group */
			raw_want(&r, 5, true, 0, ids, 1);
			end = DLB_END_OUT_OF_TURN;
			break;
		}
		finish(end, DLB_BYE_FAULT);
	}
}

static void
say_more(uint16_t group, uint32_t more)
{
	uint8_t buf[6];
	struct dlb_writer w;

	dlb_writer_init(&w, buf, sizeof(buf));
	dlb_write_u16(&w, group);
	dlb_write_u32(&w, more);
	raw_say(&r, DLB_FRAME_MORE, buf, sizeof(buf));
}

/* A listener that is never content. */
static void
test_mores(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		enum dlb_meeting_end end = DLB_END_LIED;
		size_t told;

		raw_init(&r, true, 4096);
		raw_start(&r);
		raw_counters(&r);
		raw_greet(&r, 4096, 1);
		raw_expect(&r, DLB_FRAME_GROUP);
		raw_expect(&r, DLB_FRAME_LAST);
		told = (raw_expect(&r, DLB_FRAME_SYMBOLS)->len - 6) /
			DLB_RECON_SYMBOL_LEN;
		switch (i) {
		case 0:
			say_more(0, 10);
			break;
		case 1:
			say_more(0, DLB_SYMBOLS_MAX + 1);
			break;
		case 2: /* all there are, and still more */
			say_more(0, DLB_SYMBOLS_MAX);
			say_more(0, DLB_SYMBOLS_MAX + 1);
			break;
		case 3: /* the ids are told, and symbols asked for */
			say_more(0, 0);
			raw_expect(&r, DLB_FRAME_IDS);
			say_more(0, 1000);
			end = DLB_END_OUT_OF_TURN;
			break;
		case 4: /* a few at a time: all ids are gone through for each */
			say_more(0, (uint32_t)told + 1);
			break;
		}
		raw_expect_end(&r, end, DLB_BYE_FAULT);
		raw_free(&r);
	}
}

/* ---- cells ----------------------------------------------------------------------------------------- */

/* The engine, a caller, is promised cell 1000 and as many as `n` after it. */
static void
begin_promised(uint32_t n)
{
	raw_init(&r, true, 64);
	r.config.budget = BUDGET;
	raw_start(&r);
	raw_greet(&r, 100, 12345);
	raw_expect(&r, DLB_FRAME_GROUP);
	raw_expect(&r, DLB_FRAME_LAST);
	raw_expect(&r, DLB_FRAME_IDS);
	raw_want(&r, 0, true, n, NULL, 0);
	assert_false(r.over);
}

static void
expect_ack(uint8_t status)
{
	const struct raw_frame *f = raw_expect(&r, DLB_FRAME_ACK);

	assert_int_equal(f->len, 1);
	assert_int_equal(f->payload[0], status);
}

static void
test_promised_cells(void **state)
{
	(void)state;
	begin_promised(3);
	raw_expect(&r, DLB_FRAME_END);
	raw_cell(&r, raw_id(&r, 1000), 4, 1000);
	expect_ack(DLB_ACK_KEPT);
	r.answer = DLB_FULL;
	raw_cell(&r, raw_id(&r, 1001), 0, 1001);
	expect_ack(DLB_ACK_FULL);
	r.answer = DLB_DUPLICATE;
	raw_cell(&r, raw_id(&r, 1002), 255, 1002);
	expect_ack(DLB_ACK_HERE);
	raw_say(&r, DLB_FRAME_END, NULL, 0);
	assert_int_equal(r.stores, 3);
	finish(DLB_END_DONE, DLB_BYE_DONE);
}

/* Each is refused at once and never shown to the caller; a few, and it is over. */
static void
test_unasked_cells(void **state)
{
	struct dlb_meeting_stats s;

	(void)state;
	for (int i = 0; i < 4; i++) {
		if (i == 3) {
			begin_exchange(false);
		} else {
			begin_promised(i == 0 ? 0 : 100);
			raw_expect(&r, DLB_FRAME_END);
		}
		for (uint32_t k = 0; k < DLB_UNASKED_MAX; k++) {
			assert_false(r.over);
			switch (i) {
			case 0: /* beyond what was promised */
			case 3: /* before anything was */
				raw_cell(&r, raw_id(&r, 1000 + k), 1, 1000 + k);
				break;
			case 1: /* what is here */
				raw_cell(&r, raw_id(&r, k), 1, k);
				break;
			case 2: /* not the one that its id is of */
				raw_cell(&r, raw_id(&r, 1000 + k), 1, 2000 + k);
				break;
			}
			if (k + 1 < DLB_UNASKED_MAX)
				expect_ack(DLB_ACK_REFUSED);
		}
		raw_stats(&r, &s);
		assert_int_equal(s.unasked, DLB_UNASKED_MAX);
		assert_int_equal(s.taken, 0);
		assert_int_equal(r.stores, i == 2 ? DLB_UNASKED_MAX : 0);
		finish(DLB_END_UNASKED, DLB_BYE_FAULT);
	}
}

/* A listener knows which ids it asked for: each once. */
static void
test_cell_twice(void **state)
{
	uint64_t id;

	(void)state;
	begin_exchange(false);
	raw_group(&r, DLB_GROUP_IDS, 100, 103, 0, 0, 1);
	id = raw_id(&r, 1000);
	raw_ids(&r, 0, 0, &id, 1);
	raw_expect(&r, DLB_FRAME_WANT);
	raw_cell(&r, id, 1, 1000);
	assert_int_equal(r.stores, 1);
	for (uint32_t k = 0; k < DLB_UNASKED_MAX; k++)
		raw_cell(&r, id, 1, 1000);
	assert_int_equal(r.stores, 1);
	finish(DLB_END_UNASKED, DLB_BYE_FAULT);
}

static void
test_window_overrun(void **state)
{
	(void)state;
	begin_promised(100);
	r.keep_back = true;
	for (uint32_t k = 0; k < 8; k++) {
		raw_cell(&r, raw_id(&r, 1000 + k), 1, 1000 + k);
		assert_false(r.over);
	}
	assert_int_equal(r.stores, 8);
	raw_cell(&r, raw_id(&r, 1008), 1, 1008);
	assert_int_equal(r.stores, 8);
	finish(DLB_END_FLOOD, DLB_BYE_FAULT);
}

static void
test_beyond_the_room(void **state)
{
	(void)state;
	raw_init(&r, true, 64);
	r.config.budget = BUDGET;
	r.config.room = 2;
	raw_start(&r);
	raw_greet(&r, 100, 12345);
	r.said_n = r.said_at = 0;
	raw_want(&r, 0, true, 100, NULL, 0);
	r.said_n = r.said_at = 0;
	for (uint32_t k = 0; k < 2; k++)
		raw_cell(&r, raw_id(&r, 1000 + k), 1, 1000 + k);
	for (uint32_t k = 2; k < 2 + DLB_UNASKED_MAX; k++) {
		assert_false(r.over);
		raw_cell(&r, raw_id(&r, 1000 + k), 1, 1000 + k);
	}
	assert_int_equal(r.stores, 2);
	finish(DLB_END_UNASKED, DLB_BYE_FAULT);
}

static void
test_acks(void **state)
{
	static const uint8_t many[9], wrong[1] = {DLB_ACKS};
	uint64_t ids[8];

	(void)state;
	for (int i = 0; i < 3; i++) {
		begin_exchange(true);
		for (uint32_t k = 0; k < 8; k++)
			ids[k] = raw_id(&r, k);
		r.said_n = r.said_at = 0;
		if (i > 0)
			raw_want(&r, 0, true, 0, ids, 8);
		raw_say(&r, DLB_FRAME_ACK, i == 2 ? wrong : many,
			i == 0 ? 1 : sizeof(many) - 8 * (i == 2));
		finish(i == 2 ? DLB_END_MALFORMED : DLB_END_OUT_OF_TURN,
			DLB_BYE_FAULT);
	}
}

/* What was there already took no copies; what was refused changes nothing. */
static void
test_answers_count(void **state)
{
	static const uint8_t acks[] = {DLB_ACK_KEPT, DLB_ACK_HERE, DLB_ACK_FULL,
		DLB_ACK_REFUSED};
	uint64_t id;

	(void)state;
	for (size_t i = 0; i < sizeof(acks); i++) {
		struct dlb_meeting_stats s;

		begin_exchange(true);
		r.said_n = r.said_at = 0;
		id = raw_id(&r, 5);
		raw_want(&r, 0, true, 0, &id, 1);
		assert_int_equal(raw_expect(&r, DLB_FRAME_CELL)->payload[8], 4);
		assert_int_equal(r.givens, 0);
		raw_say(&r, DLB_FRAME_ACK, &acks[i], 1);
		assert_int_equal(r.givens, i < 2);
		if (i < 2) {
			assert_int_equal(r.given_number, 5);
			assert_int_equal(r.given_keep, i == 0 ? 4 : 8);
		}
		raw_stats(&r, &s);
		assert_int_equal(s.given, i == 0);
		assert_int_equal(s.refused_there, i > 1);
		raw_expect(&r, DLB_FRAME_END);
		raw_free(&r);
	}
}

/* ---- the end ---------------------------------------------------------------------------------------- */

static void
test_ends_too_early(void **state)
{
	static const uint8_t done[] = {DLB_BYE_DONE, 1, 1};

	(void)state;
	BOTH_WAYS(caller)
	{
		begin_exchange(caller);
		raw_say(&r, DLB_FRAME_END, NULL, 0);
		finish(DLB_END_OUT_OF_TURN, DLB_BYE_FAULT);
		begin_exchange(caller);
		raw_say(&r, DLB_FRAME_BYE, done, sizeof(done));
		assert_true(r.over);
		assert_int_equal(r.end.end, DLB_END_OUT_OF_TURN);
		raw_free(&r);
	}
	/* Twice; and a cell after it. */
	for (int i = 0; i < 2; i++) {
		begin_exchange(false);
		raw_say(&r, DLB_FRAME_LAST, NULL, 0);
		raw_say(&r, DLB_FRAME_END, NULL, 0);
		assert_false(r.over);
		if (i == 0)
			raw_say(&r, DLB_FRAME_END, NULL, 0);
		else
			raw_cell(&r, raw_id(&r, 1000), 1, 1000);
		finish(DLB_END_OUT_OF_TURN, DLB_BYE_FAULT);
	}
}

/* What is said after the end is nobody's. */
static void
test_after_the_end(void **state)
{
	uint8_t bytes[1000] = {0};

	(void)state;
	begin_exchange(false);
	dlb_meeting_stop(r.m, false);
	assert_int_equal(dlb_meeting_receive(r.m, bytes, sizeof(bytes)), 1000);
	dlb_meeting_stored(r.m, 0, bytes, DLB_OK);
	dlb_meeting_fetched(r.m, 0, NULL);
	raw_act(&r);
	finish(DLB_END_STOPPED, DLB_BYE_STOPPED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_out_of_turn),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_longer_hello),
		cmocka_unit_test(test_summaries),
		cmocka_unit_test(test_summary_of_the_past),
		cmocka_unit_test(test_group_forms),
		cmocka_unit_test(test_group_order),
		cmocka_unit_test(test_groups_without_end),
		cmocka_unit_test(test_group_of_a_box),
		cmocka_unit_test(test_ids_that_do_not_add_up),
		cmocka_unit_test(test_symbols_that_never_decode),
		cmocka_unit_test(test_symbols_out_of_turn),
		cmocka_unit_test(test_wants),
		cmocka_unit_test(test_mores),
		cmocka_unit_test(test_promised_cells),
		cmocka_unit_test(test_unasked_cells),
		cmocka_unit_test(test_cell_twice),
		cmocka_unit_test(test_window_overrun),
		cmocka_unit_test(test_beyond_the_room),
		cmocka_unit_test(test_acks),
		cmocka_unit_test(test_answers_count),
		cmocka_unit_test(test_ends_too_early),
		cmocka_unit_test(test_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
