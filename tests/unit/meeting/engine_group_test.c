/*
 * Hostile peers: groups, what is told of them, what is answered.
 */
#include "hostile.h"

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
		{100, 103, 4, 3, false},
		{100, 103, 4, 2, false},
		{100, 103, 4, 4, true},
		{100, 103, 4, 9, true},
		{100, 103, 5, 9, false},
		{100, 102, 4, 9, false},
		{103, 103, 0, 0, false},
		{104, 104, 0, 0, false},
		{99, 100, 0, 0, false},
		{99, 99, 0, 0, true},
		{0, 99, 4, 0, true},
		{0, 65535, 0, 0, false},
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

	/* Each for a week of its own, that we go through all again. */
	begin_exchange(false);
	for (uint16_t i = 0; i < DLB_RANGES_MAX; i++) {
		raw_group(&r, DLB_GROUP_IDS, 200 - i, 200 - i, 0, 0, 0);
		raw_ids(&r, i, 0, NULL, 0);
		assert_false(r.over);
		r.said_n = r.said_at = 0;
	}
	raw_group(&r, DLB_GROUP_IDS, 50, 50, 0, 0, 0);
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
	return (uint32_t)f->payload[2] << 24 | (uint32_t)f->payload[3] << 16
		| (uint32_t)f->payload[4] << 8 | f->payload[5];
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

/* Symbols of what is here, but in another group: it is not asked for. */
static void
test_symbols_of_what_is_here(void **state)
{
	uint8_t buf[6 + 24 * DLB_RECON_SYMBOL_LEN];
	struct dlb_recon_set set;
	struct dlb_writer w;
	uint64_t ids[2];

	(void)state;
	for (int here = 0; here < 2; here++) {
		begin_exchange(false);
		/* Cell 1 is of week 101, cell 1000 is not here. */
		ids[0] = raw_id(&r, here ? 1 : 1000);
		assert_int_equal(
			dlb_recon_set_init(&set, r.m->symbol_key, ids, 1),
			DLB_OK);
		assert_int_equal(dlb_recon_grow(&set, 24), DLB_OK);
		raw_group(&r, DLB_GROUP_SYMBOLS, 200, 200, 0, 0, 1);
		dlb_writer_init(&w, buf, sizeof(buf));
		dlb_write_u16(&w, 0);
		dlb_write_u32(&w, 0);
		dlb_recon_write(&set, &w, 0, 24);
		raw_say(&r, DLB_FRAME_SYMBOLS, buf, w.len);
		assert_int_equal(
			raw_expect(&r, DLB_FRAME_WANT)->len, here ? 7 : 7 + 8);
		dlb_recon_set_free(&set);
		raw_free(&r);
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

/* Only of the group that it is about; and only when all of that was told. */
static void
test_wants_of_others(void **state)
{
	uint64_t id = 0;

	(void)state;
	begin_exchange(false);
	raw_group(&r, DLB_GROUP_ASK, 100, 103, 1, 0, 0);
	raw_expect(&r, DLB_FRAME_IDS);
	for (uint32_t i = 0; id >> 63 == 0; i++)
		id = raw_id(&r, i);
	raw_want(&r, 0, true, 0, &id, 1);
	finish(DLB_END_LIED, DLB_BYE_FAULT);

	begin_exchange(false);
	raw_group(&r, DLB_GROUP_ASK, 103, 103, 0, 0, 0);
	raw_expect(&r, DLB_FRAME_IDS);
	id = raw_id(&r, 0); /* of week 100 */
	raw_want(&r, 0, true, 0, &id, 1);
	finish(DLB_END_LIED, DLB_BYE_FAULT);

	raw_init(&r, false, 4096);
	raw_start(&r);
	raw_greet(&r, 0, 0);
	r.deaf = true;
	raw_group(&r, DLB_GROUP_ASK, 100, 103, 0, 0, 0);
	raw_want(&r, 0, true, 0, NULL, 0);
	r.deaf = false;
	raw_act(&r);
	raw_expect_end(&r, DLB_END_OUT_OF_TURN, DLB_BYE_FAULT);
	raw_free(&r);
}

/* Expired for one of the two: not told, not given. */
static void
test_ask_for_the_past(void **state)
{
	uint8_t hello[4 + 32 * 12] = {1, 1, 0, 102};

	(void)state;
	begin(false);
	raw_say(&r, DLB_FRAME_HELLO, hello, sizeof(hello));
	raw_summary(&r, 0, 0);
	r.said_n = r.said_at = 0;
	raw_group(&r, DLB_GROUP_ASK, 0, UINT16_MAX, 0, 0, 0);
	assert_int_equal(raw_expect(&r, DLB_FRAME_IDS)->len, 6 + 8 * 32);
	raw_free(&r);
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
		told = (raw_expect(&r, DLB_FRAME_SYMBOLS)->len - 6)
			/ DLB_RECON_SYMBOL_LEN;
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_group_forms),
		cmocka_unit_test(test_group_order),
		cmocka_unit_test(test_groups_without_end),
		cmocka_unit_test(test_group_of_a_box),
		cmocka_unit_test(test_ids_that_do_not_add_up),
		cmocka_unit_test(test_symbols_that_never_decode),
		cmocka_unit_test(test_symbols_out_of_turn),
		cmocka_unit_test(test_symbols_of_what_is_here),
		cmocka_unit_test(test_wants),
		cmocka_unit_test(test_wants_of_others),
		cmocka_unit_test(test_ask_for_the_past),
		cmocka_unit_test(test_mores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
