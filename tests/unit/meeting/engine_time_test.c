/*
 * Time: round trips over a link of a second, peers that say nothing or next to it,
 * ends that can not be said, work that takes long here.
 */
#include "pair.h"
#include "raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BOTH_WAYS(caller) for (int caller = 0; caller <= 1; caller++)

/* ---- a round trip of a second -------------------------------------------------------- */

/* Milliseconds from the start to the first cell, and from there to the end. */
static void
test_round_trips(void **state)
{
	static const uint32_t sizes[][3] = {
		{0, 0, 10},
		{0, 10, 0},
		{5000, 5, 5},
		{5000, 100, 0},
		{5000, 0, 100},
		{30, 300, 2},
		{30, 2, 300},
		{5000, 0, 0},
	};
	unsigned more = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 10; seed++)
		for (size_t i = 0; i < DLB_ARRAY_LEN(sizes); i++) {
			const uint32_t *n = sizes[i];
			struct pair p;
			int64_t start, first;

			pair_init(&p, seed);
			pair_fill(&p, n[0], n[1], n[2]);
			p.delay_ms = 500;
			p.chunk_max = 0;
			p.side[0].config.window = 512;
			p.side[1].config.window = 512;
			start = p.env.now_ms;
			pair_meet(&p);
			assert_int_equal(p.side[0].end, DLB_END_DONE);
			assert_int_equal(p.side[1].end, DLB_END_DONE);
			first = p.first_cell_ms - start;
			/* Without cells: up to them, and the goodbye. */
			if (n[1] + n[2] > 0) {
				assert_in_range(first, 1, 3000);
				more += first > 2500;
			}
			assert_in_range(p.env.now_ms - start, 2000, 5500);
			assert_in_range(p.side[0].stats.round_trips, 1, 3);
			assert_in_range(p.side[1].stats.round_trips, 1, 3);
			pair_free(&p);
		}
	/* Symbols were too few at first in few of them. */
	assert_in_range(more, 0, 8);
}

/* ---- who says nothing --------------------------------------------------------------------- */

static void
start_at(struct raw *r, bool caller, unsigned st)
{
	raw_init(r, caller, 64);
	raw_start(r);
	if (st > 0)
		raw_hello(r);
	if (st > 1)
		raw_summary(r, 64, 1);
	assert_int_equal(r->m->state, st);
	r->said_n = r->said_at = 0;
}

static void
test_silence(void **state)
{
	struct raw r;

	(void)state;
	BOTH_WAYS(caller)
	for (unsigned st = 0; st < 3; st++) {
		start_at(&r, caller, st);
		assert_int_equal(dlb_meeting_deadline_ms(r.m),
			r.env.now_ms + DLB_MEETING_STALL_MS);
		raw_pass(&r, DLB_MEETING_STALL_MS - 1);
		assert_false(r.over);
		raw_pass(&r, 1);
		raw_expect_end(&r, DLB_END_STALLED, DLB_BYE_FAULT);
		raw_free(&r);
	}
}

/* A byte now and then is as good as none; some hundred are not. */
static void
test_drip(void **state)
{
	uint8_t head[4], zeros[DLB_SLOWEST] = {0};
	struct raw r;

	(void)state;
	for (int slow = 0; slow < 2; slow++) {
		unsigned i = 0;

		raw_init(&r, false, 64);
		r.config.stall_ms = 1000;
		raw_start(&r);
		raw_greet(&r, 0, 0);
		dlb_frame_head(head, DLB_FRAME_CELL, 65545);
		raw_bytes(&r, head, 4);
		for (; i < 100 && !r.over; i++) {
			raw_bytes(&r, zeros, slow ? 100 : sizeof(zeros));
			raw_pass(&r, 700);
		}
		assert_int_equal(r.over, slow);
		assert_in_range(i, slow ? 1 : 100, slow ? 5 : 100);
		if (slow)
			raw_expect_end(&r, DLB_END_STALLED, DLB_BYE_FAULT);
		raw_free(&r);
	}
}

static void
test_pings_without_end(void **state)
{
	struct raw r;

	(void)state;
	BOTH_WAYS(caller)
	{
		start_at(&r, caller, 2);
		for (unsigned i = 0; i < DLB_PINGS_MAX; i++) {
			raw_pass(&r, 1000);
			raw_say(&r, DLB_FRAME_PING, NULL, 0);
			assert_false(r.over);
		}
		raw_say(&r, DLB_FRAME_PING, NULL, 0);
		raw_expect_end(&r, DLB_END_FLOOD, DLB_BYE_FAULT);
		raw_free(&r);
	}
}

/* Who does not read what we say costs a frame and the time of a stall. */
static void
test_deaf(void **state)
{
	struct dlb_meeting_stats before, after;
	struct raw r;

	(void)state;
	start_at(&r, false, 2);
	r.deaf = true;
	raw_group(&r, DLB_GROUP_ASK, 100, 103, 0, 0, 0);
	raw_stats(&r, &before);
	raw_group(&r, DLB_GROUP_ASK, 99, 99, 0, 0, 0);
	raw_group(&r, DLB_GROUP_ASK, 98, 98, 0, 0, 0);
	raw_group(&r, DLB_GROUP_ASK, 97, 97, 0, 0, 0);
	for (int i = 0; i < 100; i++)
		raw_say(&r, DLB_FRAME_PING, NULL, 0);
	raw_stats(&r, &after);
	assert_int_equal(before.memory, after.memory);
	raw_pass(&r, DLB_MEETING_STALL_MS);
	assert_int_equal(r.m->state, DLB_STATE_OVER);
	assert_false(r.over);
	/* It can not be told why; it does not wait for long. */
	assert_int_equal(
		dlb_meeting_deadline_ms(r.m), r.env.now_ms + DLB_LINGER_MS);
	raw_pass(&r, DLB_LINGER_MS);
	assert_true(r.over);
	assert_int_equal(r.end.end, DLB_END_STALLED);
	assert_int_equal(dlb_meeting_deadline_ms(r.m), INT64_MAX);
	raw_free(&r);
}

static void
test_limit(void **state)
{
	struct raw r;

	(void)state;
	raw_init(&r, false, 64);
	r.config.limit_ms = 60000;
	raw_start(&r);
	raw_greet(&r, 0, 0);
	for (int i = 0; i < 5; i++) {
		raw_pass(&r, 10000);
		raw_say(&r, DLB_FRAME_PING, NULL, 0);
		assert_false(r.over);
	}
	assert_int_equal(dlb_meeting_deadline_ms(r.m), r.env.now_ms + 10000);
	raw_pass(&r, 10000);
	raw_expect_end(&r, DLB_END_TOO_LONG, DLB_BYE_STOPPED);
	raw_free(&r);
}

/* ---- work here ---------------------------------------------------------------------------- */

/* While the caller of the engine stores, the other side is told that it is alive, and
 * is not to blame. */
static void
test_busy(void **state)
{
	uint64_t id;
	struct raw r;

	(void)state;
	start_at(&r, false, 2);
	raw_group(&r, DLB_GROUP_IDS, 100, 103, 0, 0, 1);
	id = raw_id(&r, 1000);
	raw_ids(&r, 0, 0, &id, 1);
	raw_expect(&r, DLB_FRAME_WANT);
	r.keep_back = true;
	raw_cell(&r, id, 1, 1000);
	r.said_n = r.said_at = 0; /* cells of its own */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(dlb_meeting_deadline_ms(r.m),
			r.env.now_ms + DLB_PING_MS);
		raw_pass(&r, DLB_PING_MS - 1);
		assert_true(raw_silent(&r));
		raw_pass(&r, 1);
		raw_expect(&r, DLB_FRAME_PING);
		assert_true(raw_silent(&r));
	}
	dlb_meeting_stored(r.m, r.ticket, r.cells[0].name, DLB_IO);
	raw_act(&r);
	raw_expect(&r, DLB_FRAME_ACK);
	/* Now it is the other's turn again, from now on. */
	raw_pass(&r, DLB_MEETING_STALL_MS - 1);
	assert_false(r.over);
	raw_pass(&r, 1);
	raw_expect_end(&r, DLB_END_STALLED, DLB_BYE_FAULT);
	raw_free(&r);
}

static void
test_busy_reading(void **state)
{
	uint64_t id;
	struct raw r;

	(void)state;
	start_at(&r, true, 2);
	r.hold_fetch = true;
	id = raw_id(&r, 5);
	raw_want(&r, 0, true, 0, &id, 1);
	assert_int_equal(r.fetches, 1);
	raw_pass(&r, DLB_PING_MS);
	raw_expect(&r, DLB_FRAME_PING);
	dlb_meeting_fetched(r.m, 5, NULL);
	raw_act(&r);
	raw_expect(&r, DLB_FRAME_END);
	raw_free(&r);
}

/* Two who are both slow stay together. */
static void
test_slow_pair(void **state)
{
	struct pair p;
	unsigned steps = 0;

	(void)state;
	pair_init(&p, 1);
	pair_fill(&p, 10, 20, 20);
	pair_start(&p);
	while (pair_step(&p)) {
		assert_true(++steps < 1000000);
		/* A disk that takes twenty seconds for whatever it does. */
		if (steps % 50 == 0)
			p.env.now_ms += 20000;
	}
	assert_int_equal(p.side[0].end, DLB_END_DONE);
	assert_int_equal(p.side[1].end, DLB_END_DONE);
	pair_end(&p);
	pair_free(&p);
}

/* ---- the end ---------------------------------------------------------------------------------- */

static void
test_closed(void **state)
{
	struct raw r;

	(void)state;
	BOTH_WAYS(caller)
	for (unsigned st = 0; st < 3; st++) {
		start_at(&r, caller, st);
		dlb_meeting_closed(r.m);
		raw_act(&r);
		assert_true(r.over);
		assert_int_equal(r.end.end, DLB_END_CLOSED);
		assert_true(raw_silent(&r));
		assert_int_equal(dlb_meeting_deadline_ms(r.m), INT64_MAX);
		raw_free(&r);
	}
}

/* All is done on both sides; only the caller's BYE is lost. */
static void
test_closed_when_done(void **state)
{
	struct raw r;

	(void)state;
	start_at(&r, false, 2);
	raw_say(&r, DLB_FRAME_LAST, NULL, 0);
	raw_expect(&r, DLB_FRAME_END);
	raw_say(&r, DLB_FRAME_END, NULL, 0);
	dlb_meeting_closed(r.m);
	raw_act(&r);
	assert_true(r.over);
	assert_int_equal(r.end.what, DLB_MEETING_DONE);
	raw_free(&r);
}

/* What was begun is finished before the BYE, so that the other can read it. */
static void
test_bye_after_half_a_frame(void **state)
{
	struct dlb_meeting_action a;
	struct raw r;

	(void)state;
	for (int begun = 0; begun < 2; begun++) {
		raw_init(&r, true, 64);
		assert_int_equal(
			dlb_meeting_new(&r.m, &r.config, NULL), DLB_OK);
		assert_true(dlb_meeting_next(r.m, &a));
		assert_int_equal(a.what, DLB_MEETING_SEND);
		assert_int_equal(a.data[0], DLB_FRAME_HELLO);
		dlb_meeting_sent(r.m, begun ? 10 : 0);
		dlb_meeting_stop(r.m, false);
		assert_true(dlb_meeting_next(r.m, &a));
		assert_int_equal(a.what, DLB_MEETING_SEND);
		if (begun) {
			assert_int_equal(
				a.len, 392 + DLB_MEETING_MORE_TAGS * 8 - 10);
			dlb_meeting_sent(r.m, a.len);
			assert_true(dlb_meeting_next(r.m, &a));
		}
		assert_int_equal(a.data[0], DLB_FRAME_BYE);
		assert_int_equal(a.len, 7);
		dlb_meeting_sent(r.m, a.len);
		assert_true(dlb_meeting_next(r.m, &a));
		assert_int_equal(a.what, DLB_MEETING_FAILED);
		assert_int_equal(a.end, DLB_END_STOPPED);
		raw_free(&r);
	}
}

static void
test_byes(void **state)
{
	static const enum dlb_meeting_end ends[] = {DLB_END_OUT_OF_TURN,
		DLB_END_STOPPED_THERE, DLB_END_VERSION, DLB_END_REFUSED,
		DLB_END_BLAMED, DLB_END_BLAMED};
	struct raw r;

	(void)state;
	BOTH_WAYS(caller)
	for (unsigned st = 0; st < 3; st++)
		for (uint8_t bye = 0; bye < DLB_ARRAY_LEN(ends); bye++) {
			uint8_t payload[3] = {bye, 1, 1};

			start_at(&r, caller, st);
			raw_say(&r, DLB_FRAME_BYE, payload, 3);
			raw_expect_end(&r, ends[bye], -1);
			raw_free(&r);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_drip),
		cmocka_unit_test(test_pings_without_end),
		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_busy_reading),
		cmocka_unit_test(test_slow_pair),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_closed_when_done),
		cmocka_unit_test(test_bye_after_half_a_frame),
		cmocka_unit_test(test_byes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
