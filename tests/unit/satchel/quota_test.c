/* Who gives way to whom. Slots 24, reserve 4: 20 may be shown. */
#include "satchel_store.h"

#include <string.h>

#define ROOM 20

static int
setup(void **state)
{
	*state = store_new(ROOM + 4, 4);
	return 0;
}

static int
teardown(void **state)
{
	store_free(*state);
	return 0;
}

/* Puts n cells of an origin; how many got in. */
static unsigned
put_from(struct store *st, unsigned first, unsigned n, uint32_t origin,
	uint16_t week)
{
	struct dlb_satchel_item items[TEST_CELLS];
	unsigned in = 0;

	for (unsigned i = 0; i < n; i++) {
		items[i] = test_item(first + i, DLB_SHOWN);
		items[i].origin = origin;
	}
	assert_int_equal(
		dlb_satchel_put(st->s, items, n, week, &st->err), DLB_OK);
	for (unsigned i = 0; i < n; i++) {
		in += items[i].result == DLB_OK;
		assert_true(items[i].result == DLB_OK
			|| items[i].result == DLB_FULL);
		assert_int_equal(items[i].number == DLB_NO_ENTRY,
			items[i].result == DLB_FULL);
	}
	assert_true(store_info(st).shown <= ROOM);
	return in;
}

static void
newcomers_replace_strangers(void **state)
{
	struct store *st = *state;

	assert_int_equal(put_from(st, 0, ROOM, 0, STORE_WEEK), ROOM);
	assert_int_equal(dlb_satchel_room(st->s, 0, STORE_WEEK), ROOM);
	assert_int_equal(put_from(st, 30, 5, 0, STORE_WEEK), 5);
	assert_int_equal(store_count(st, 30, 5), 5);
	assert_int_equal(store_count(st, 0, ROOM), ROOM - 5);
	assert_int_equal(store_info(st).shown, ROOM);
	store_open_ok(st);
	assert_int_equal(store_count(st, 30, 5), 5);
	assert_int_equal(store_count(st, 0, ROOM), ROOM - 5);
}

static void
never_one_of_the_same_batch(void **state)
{
	struct store *st = *state;

	assert_int_equal(put_from(st, 0, 3, 0, STORE_WEEK), 3);
	assert_int_equal(put_from(st, 10, ROOM + 7, 0, STORE_WEEK), ROOM);
	assert_int_equal(store_count(st, 10, ROOM + 7), ROOM);
	assert_int_equal(store_count(st, 0, 3), 0);
}

/* A cell that is put again, and acknowledged, must not give way to another of
 * the batch. */
static void
nor_one_that_is_here_already(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_item items[2 * ROOM];

	put_from(st, 0, ROOM, 0, STORE_WEEK);
	for (unsigned i = 0; i < ROOM; i++)
		items[i] = test_item(40 + i, DLB_SHOWN);
	for (unsigned i = 0; i < ROOM; i++)
		items[ROOM + i] = test_item(i, DLB_SHOWN);
	assert_int_equal(store_put_items(st, items, 2 * ROOM), DLB_OK);
	for (unsigned i = 0; i < ROOM; i++) {
		assert_int_equal(items[i].result, DLB_FULL);
		assert_int_equal(items[ROOM + i].result, DLB_DUPLICATE);
	}
	assert_int_equal(store_count(st, 0, ROOM), ROOM);
	assert_int_equal(put_from(st, 40, 1, 0, STORE_WEEK), 1);
}

static void
expired_ones_go_first(void **state)
{
	struct store *st = *state;

	put_from(st, TEST_OLD, 6, 3, STORE_WEEK);
	put_from(st, 0, ROOM - 6, 0, STORE_WEEK);
	assert_int_equal(put_from(st, 30, 4, 0, STORE_WEEK), 4);
	assert_int_equal(store_count(st, TEST_OLD, 6), 2);
	assert_int_equal(put_from(st, 40, 4, 0, STORE_WEEK), 4);
	assert_int_equal(store_count(st, TEST_OLD, 6), 0);
	assert_int_equal(store_count(st, 0, 20) + store_count(st, 30, 4)
			+ store_count(st, 40, 4),
		ROOM);
}

/* Of strangers' cells the dear ones give way when no other is left; they are strangers'
 * all the same. */
static void
dear_ones_give_way_last(void **state)
{
	struct store *st = *state;

	put_from(st, 0, ROOM, 0, STORE_WEEK);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(dlb_satchel_dear(st->s,
					 store_entry(st, i).number, &st->err),
			DLB_OK);
	assert_int_equal(put_from(st, 30, ROOM - 5, 0, STORE_WEEK), ROOM - 5);
	assert_int_equal(store_count(st, 0, 5), 5);
	assert_int_equal(put_from(st, 50, 3, 0, STORE_WEEK), 3);
	assert_int_equal(store_count(st, 0, 5), 5);
	dlb_satchel_dear_none(st->s);
	for (unsigned i = 0; i < 4; i++)
		put_from(st, 60 + 10 * i, 10, 0, STORE_WEEK);
	assert_true(store_count(st, 0, 5) < 5);
}

/* Whoever says what is dear pushes others out of half of the room at most. */
static void
dear_ones_have_half_of_the_room(void **state)
{
	struct store *st = *state;

	put_from(st, 0, ROOM, 0, STORE_WEEK);
	for (unsigned i = 0; i < 15; i++)
		assert_int_equal(dlb_satchel_dear(st->s,
					 store_entry(st, i).number, &st->err),
			DLB_OK);
	put_from(st, 30, 5, 0, STORE_WEEK);
	assert_int_equal(store_count(st, 0, 15), ROOM / 2);
	assert_int_equal(store_count(st, 15, 5), 5);
	for (unsigned i = 0; i < 3; i++)
		put_from(st, 40 + 10 * i, 10, 0, STORE_WEEK);
	assert_int_equal(store_count(st, 0, 15), ROOM / 2);
}

/* With a clock that is not trusted they are cells like others: those of a known
 * origin stay. */
static void
without_a_clock_none_has_expired(void **state)
{
	struct store *st = *state;

	put_from(st, TEST_OLD, 6, 3, STORE_WEEK);
	put_from(st, 0, ROOM - 6, 0, STORE_WEEK);
	assert_int_equal(dlb_satchel_room(st->s, 0, 0), ROOM - 6);
	assert_int_equal(dlb_satchel_room(st->s, 0, STORE_WEEK), ROOM);
	assert_int_equal(put_from(st, 30, ROOM, 0, 0), ROOM - 6);
	assert_int_equal(store_count(st, TEST_OLD, 6), 6);
}

static void
look_copies_go_next(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_item item;

	put_from(st, 0, ROOM - 4, 0, STORE_WEEK);
	for (unsigned i = 0; i < 4; i++) {
		item = test_item(50 + i, DLB_SHOWN | DLB_LOOK);
		item.copies = 0;
		item.origin = 2;
		assert_int_equal(store_put_items(st, &item, 1), DLB_OK);
	}
	/* Two weeks they are kept. */
	assert_int_equal(dlb_satchel_room(st->s, 0, STORE_WEEK + 2), ROOM - 4);
	put_from(st, 60, 2, 0, STORE_WEEK + 2);
	assert_int_equal(store_count(st, 50, 4), 4);
	assert_int_equal(dlb_satchel_room(st->s, 0, STORE_WEEK + 3), ROOM);
	put_from(st, 62, 4, 0, STORE_WEEK + 3);
	assert_int_equal(store_count(st, 50, 4), 0);
}

static void
strangers_replace_no_known_origin(void **state)
{
	struct store *st = *state;

	put_from(st, 0, ROOM - 2, 7, STORE_WEEK);
	put_from(st, 30, 2, 0, STORE_WEEK);
	assert_int_equal(dlb_satchel_room(st->s, 0, STORE_WEEK), 2);
	assert_int_equal(put_from(st, 40, 5, 0, STORE_WEEK), 2);
	assert_int_equal(store_count(st, 0, ROOM - 2), ROOM - 2);
}

static void
a_known_origin_replaces_strangers_then_its_own(void **state)
{
	struct store *st = *state;

	put_from(st, 0, 10, 7, STORE_WEEK);
	put_from(st, 20, 6, 8, STORE_WEEK);
	put_from(st, 30, 4, 0, STORE_WEEK);
	assert_int_equal(dlb_satchel_room(st->s, 8, STORE_WEEK), 10);
	assert_int_equal(put_from(st, 40, 4, 8, STORE_WEEK), 4);
	assert_int_equal(store_count(st, 30, 4), 0);
	assert_int_equal(put_from(st, 50, 2, 8, STORE_WEEK), 2);
	assert_int_equal(store_count(st, 20, 6) + store_count(st, 40, 4), 8);
	assert_int_equal(store_count(st, 0, 10), 10);
	/* And no more than there are: 10 of its own. */
	assert_int_equal(put_from(st, 60, 15, 8, STORE_WEEK), 10);
	assert_int_equal(store_count(st, 0, 10), 10);
}

/* Of all shown ones of known origins some give way to one's own that went out; to nobody
 * else's. */
static void
ones_own_replaces_known_origins_where_there_are_no_others(void **state)
{
	struct dlb_satchel_change changes[3];
	struct store *st = *state;

	put_from(st, 0, ROOM, 7, STORE_WEEK);
	store_put(st, 30, 3, DLB_HELD | DLB_OWN);
	store_put(st, 40, 1, DLB_HELD);
	assert_int_equal(store_set(st, 40, DLB_HELD | DLB_SHOWN, 5), DLB_FULL);
	for (unsigned i = 0; i < 3; i++)
		changes[i] = (struct dlb_satchel_change){
			.number = store_entry(st, 30 + i).number,
			.flags = DLB_HELD | DLB_SHOWN,
			.copies = 5};
	assert_int_equal(dlb_satchel_update(st->s, changes, 3, NULL), DLB_OK);
	assert_int_equal(store_count(st, 0, ROOM), ROOM - 3);
	for (unsigned i = 0; i < 3; i++)
		assert_true(store_entry(st, 30 + i).flags & DLB_SHOWN);
}

static void
a_held_one_gives_way_and_stays_held(void **state)
{
	struct store *st = *state;

	store_put(st, 0, 4, DLB_SHOWN | DLB_HELD);
	put_from(st, 4, ROOM - 4, 0, STORE_WEEK);
	assert_int_equal(put_from(st, 30, ROOM, 0, STORE_WEEK), ROOM);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(store_has(st, i));
		assert_int_equal(store_entry(st, i).flags, DLB_HELD);
	}
	assert_int_equal(store_count(st, 4, ROOM - 4), 0);
	store_open_ok(st);
	assert_int_equal(store_count(st, 0, 4), 4);
	assert_int_equal(store_info(st).held, 4);
	assert_int_equal(store_info(st).used, ROOM + 4);
}

/* Each of those that may is as likely as any other, held or not. */
static void
the_choice_is_even(void **state)
{
	enum { ROUNDS = 300 };
	unsigned lost[ROOM] = {0}, held = 0, all = 0;
	double chi = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct store *st = store_new(ROOM + 4, 4);

		dlb_env_seeded_init(&st->seeded, round, STORE_NOW_MS);
		store_put(st, 0, 4, DLB_SHOWN | DLB_HELD);
		put_from(st, 4, ROOM - 4, 0, STORE_WEEK);
		put_from(st, 30, 2, 0, STORE_WEEK);
		for (unsigned i = 0; i < ROOM; i++) {
			uint32_t number =
				dlb_satchel_find(st->s, test_cell(i)->name);
			struct dlb_entry e = {0};
			bool shown = dlb_satchel_entry(st->s, number, &e)
				&& (e.flags & DLB_SHOWN);

			lost[i] += !shown;
			held += !shown && i < 4;
			all += !shown;
		}
		store_free(st);
	}
	assert_int_equal(all, 2 * ROUNDS);
	for (unsigned i = 0; i < ROOM; i++) {
		double want = (double)all / ROOM;

		chi += (lost[i] - want) * (lost[i] - want) / want;
	}
	/* 19 degrees of freedom; 45 is one in a thousand. */
	assert_true(chi < 45);
	assert_in_range(held, all / 5 - 45, all / 5 + 45);
}

/* room says how many will get in, whatever the mixture. */
static void
room_is_what_gets_in(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 40; seed++) {
		struct store *st = store_new(ROOM + 4, 4);
		uint32_t origin = seed % 3, room;
		uint16_t week = seed % 4 == 3 ? 0 : STORE_WEEK;

		put_from(st, 0, seed % 9, 1, STORE_WEEK);
		put_from(st, 10, seed % 5, 2, STORE_WEEK);
		put_from(st, 20, seed % 7, 0, STORE_WEEK);
		put_from(st, TEST_OLD, seed % 4, 2, STORE_WEEK);
		room = dlb_satchel_room(st->s, origin, week);
		assert_int_equal(
			put_from(st, 60, ROOM + 5, origin, week), room);
		store_free(st);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(newcomers_replace_strangers),
		TEST(never_one_of_the_same_batch),
		TEST(nor_one_that_is_here_already),
		TEST(dear_ones_give_way_last),
		TEST(dear_ones_have_half_of_the_room),
		TEST(expired_ones_go_first),
		TEST(without_a_clock_none_has_expired),
		TEST(look_copies_go_next),
		TEST(strangers_replace_no_known_origin),
		TEST(a_known_origin_replaces_strangers_then_its_own),
		TEST(ones_own_replaces_known_origins_where_there_are_no_others),
		TEST(a_held_one_gives_way_and_stays_held),
		cmocka_unit_test(the_choice_is_even),
		cmocka_unit_test(room_is_what_gets_in),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
