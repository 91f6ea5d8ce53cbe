/*
 * Hostile peers: cells, and answers to them.
 */
#include "hostile.h"

/* ---- cells ----------------------------------------------------------------------------------------- */

/* The engine, a caller, is promised cell 1000 and as many as `n` after it. */
static void
begin_promised(uint32_t n)
{
	raw_init(&r, true, 64);
	r.config.budget = HOSTILE_BUDGET;
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
	assert_int_equal(r.copies, DLB_COPIES_MAX);
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
	r.config.budget = HOSTILE_BUDGET;
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

/* As many as were promised. */
static void
test_promise_used_up(void **state)
{
	(void)state;
	begin_promised(2);
	for (uint32_t k = 0; k < 4; k++)
		raw_cell(&r, raw_id(&r, 1000 + k), 1, 1000 + k);
	assert_int_equal(r.stores, 2);
	raw_free(&r);
}

/* Room that was not used in the end is room again. */
static void
test_room_again(void **state)
{
	(void)state;
	raw_init(&r, true, 64);
	r.config.room = 2;
	raw_start(&r);
	raw_greet(&r, 100, 12345);
	raw_want(&r, 0, true, 100, NULL, 0);
	for (uint32_t k = 0; k < 6; k++) {
		r.answer = k % 2 ? DLB_DUPLICATE : DLB_CORRUPT;
		raw_cell(&r, raw_id(&r, 1000 + k), 1, 1000 + k);
	}
	assert_int_equal(r.stores, 6);
	r.answer = DLB_OK;
	for (uint32_t k = 6; k < 9; k++)
		raw_cell(&r, raw_id(&r, 1000 + k), 1, 1000 + k);
	assert_int_equal(r.stores, 8);
	raw_free(&r);
}

/* What is told of the set, and cells, go in turn: neither waits for the other. */
static void
test_turns(void **state)
{
	unsigned ids = 0, cells = 0;

	(void)state;
	raw_init(&r, false, 4096);
	raw_start(&r);
	raw_greet(&r, 0, 0);
	r.hold_fetch = true;
	raw_group(&r, DLB_GROUP_IDS, 103, 103, 0, 0, 0);
	raw_ids(&r, 0, 0, NULL, 0);
	raw_expect(&r, DLB_FRAME_WANT);
	r.hold_fetch = false;
	r.deaf = true;
	raw_fetch(&r);
	raw_group(&r, DLB_GROUP_ASK, 100, 102, 0, 0, 0);
	r.deaf = false;
	raw_act(&r);
	while (!raw_silent(&r)) {
		bool cell = r.said[r.said_at].type == DLB_FRAME_CELL;

		raw_expect(&r, cell ? DLB_FRAME_CELL : DLB_FRAME_IDS);
		cells += cell;
		ids += !cell;
		if (ids < 4 && cells < 8)
			assert_true(cells - ids + 1 <= 2);
	}
	assert_int_equal(ids, 4);
	assert_int_equal(cells, 8);
	raw_free(&r);
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
	static const uint8_t acks[] = {
		DLB_ACK_KEPT, DLB_ACK_HERE, DLB_ACK_FULL, DLB_ACK_REFUSED};
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_promised_cells),
		cmocka_unit_test(test_unasked_cells),
		cmocka_unit_test(test_cell_twice),
		cmocka_unit_test(test_window_overrun),
		cmocka_unit_test(test_beyond_the_room),
		cmocka_unit_test(test_promise_used_up),
		cmocka_unit_test(test_room_again),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_acks),
		cmocka_unit_test(test_answers_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
