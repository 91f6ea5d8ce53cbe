/*
 * Hostile peers: frames, greetings, summaries, the end.
 */
#include "hostile.h"

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
			uint32_t len =
				below ? cases[i].min - 1 : cases[i].max + 1;
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
		[DLB_FRAME_TOKENS] = X,
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
		[DLB_FRAME_TOKENS] = X,
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
	static const uint8_t newer[] = {3, 9, 1, 2, 3}, wrong[] = {1, 0, 0, 0};
	static const uint8_t bye[] = {DLB_BYE_VERSION, 2, 9};
	static const uint8_t welcome[65] = {3};

	(void)state;
	begin(false);
	raw_say(&r, DLB_FRAME_HELLO, newer, sizeof(newer));
	assert_int_equal(r.end.their_min, 3);
	assert_int_equal(r.end.their_max, 9);
	assert_int_equal(r.said[r.said_n - 1].payload[1], 1);
	assert_int_equal(r.said[r.said_n - 1].payload[2], 2);
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
	for (size_t i = 0; i < counters; i++) {
		dlb_write_u8(&w, counter);
		/* A second byte that says nothing. */
		if (counter == 0x80)
			dlb_write_u8(&w, 0);
	}
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
	r.config.budget = HOSTILE_BUDGET;
	r.config.now_week = 101;
	raw_start(&r);
	raw_hello(&r);
	say_summary(100, 0, &week, 1, 128, 0);
	finish(DLB_END_MALFORMED, DLB_BYE_FAULT);
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
		cmocka_unit_test(test_ends_too_early),
		cmocka_unit_test(test_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
