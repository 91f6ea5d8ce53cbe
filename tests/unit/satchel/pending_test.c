/* Cells that are added and not committed yet: what of them shows, what room they
 * take, and what becomes of them. */
#include "satchel_store.h"

#include "satchel_internal.h"

static int
setup(void **state)
{
	*state = store_new(32, 8);
	return 0;
}

static int
teardown(void **state)
{
	store_free(*state);
	return 0;
}

/* Adds n cells from `first` on; all are to become what is said. */
static void
add(struct store *st, unsigned first, unsigned n, uint8_t flags,
	enum dlb_status result)
{
	struct dlb_satchel_item items[TEST_CELLS];

	for (unsigned i = 0; i < n; i++)
		items[i] = test_item(first + i, flags);
	assert_int_equal(
		dlb_satchel_add(st->s, items, n, STORE_WEEK, &st->err), DLB_OK);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(items[i].result, result);
		assert_true((items[i].number == DLB_NO_ENTRY)
			== (result == DLB_FULL));
	}
}

static void
commit(struct store *st)
{
	assert_int_equal(dlb_satchel_commit(st->s, &st->err), DLB_OK);
}

static void
what_was_added_is_there_when_committed(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_item item = test_item(0, DLB_SHOWN | DLB_HELD);
	struct dlb_entry e;

	item.copies = 9;
	assert_int_equal(
		dlb_satchel_add(st->s, &item, 1, STORE_WEEK, &st->err), DLB_OK);
	add(st, 1, 2, DLB_SHOWN, DLB_OK);
	assert_false(dlb_satchel_entry(st->s, item.number, &e));
	assert_int_equal(store_count(st, 0, 3), 0);
	assert_int_equal(store_info(st).used, 0);
	assert_false(dlb_satchel_next(st->s, 0, DLB_SHOWN | DLB_HELD, &e));
	commit(st);
	assert_int_equal(store_count(st, 0, 3), 3);
	/* Where it was said to come. */
	assert_int_equal(store_entry(st, 0).number, item.number);
	store_open_ok(st);
	assert_int_equal(store_count(st, 0, 3), 3);
	assert_int_equal(store_entry(st, 0).flags, DLB_SHOWN | DLB_HELD);
	assert_int_equal(store_entry(st, 0).copies, 9);
	assert_int_equal(store_info(st).mended, 0);
}

static void
without_a_commit_nothing_was(void **state)
{
	struct store *st = *state;

	store_put(st, 0, 2, DLB_SHOWN);
	add(st, 10, 5, DLB_SHOWN, DLB_OK);
	add(st, 15, 2, DLB_HELD, DLB_OK);
	store_open_ok(st);
	assert_int_equal(store_count(st, 0, 20), 2);
	assert_int_equal(store_info(st).used, 2);
	assert_int_equal(store_info(st).mended + store_info(st).damaged, 0);
	/* And nothing is lost: all places can be taken. */
	store_put(st, 20, 22, DLB_SHOWN);
	store_put(st, 50, 8, DLB_HELD);
	assert_int_equal(store_info(st).used, 32);
}

static void
their_room_is_taken(void **state)
{
	struct store *st = *state;

	assert_int_equal(dlb_satchel_room(st->s, 0, STORE_WEEK), 24);
	add(st, 0, 6, DLB_HELD, DLB_OK);
	add(st, 10, 20, DLB_SHOWN, DLB_OK);
	assert_int_equal(dlb_satchel_room_held(st->s), 2);
	assert_int_equal(dlb_satchel_room(st->s, 0, STORE_WEEK), 4);
	add(st, 6, 2, DLB_HELD, DLB_OK);
	add(st, 8, 1, DLB_HELD, DLB_FULL);
	add(st, 30, 4, DLB_SHOWN, DLB_OK);
	/* They can not give way to each other while they wait. */
	add(st, 40, 1, DLB_SHOWN, DLB_FULL);
	commit(st);
	assert_int_equal(store_info(st).used, 32);
	assert_int_equal(store_info(st).shown, 24);
	assert_int_equal(store_info(st).held, 8);
	add(st, 40, 1, DLB_SHOWN, DLB_OK);
	commit(st);
	assert_int_equal(store_info(st).shown, 24);
	assert_true(store_has(st, 40));
}

static void
the_same_cell_again_is_a_duplicate(void **state)
{
	struct store *st = *state;

	add(st, 0, 3, DLB_SHOWN, DLB_OK);
	add(st, 1, 1, DLB_HELD, DLB_DUPLICATE);
	commit(st);
	assert_int_equal(store_info(st).used, 3);
	assert_int_equal(store_entry(st, 1).flags, DLB_SHOWN | DLB_HELD);
	assert_int_equal(store_info(st).held, 1);
}

static void
a_known_cell_waits_for_its_claim(void **state)
{
	struct store *st = *state;

	store_put(st, 0, 24, DLB_SHOWN);
	add(st, 3, 2, DLB_HELD, DLB_DUPLICATE);
	assert_int_equal(store_entry(st, 3).flags, DLB_SHOWN);
	assert_int_equal(dlb_satchel_room_held(st->s), 6);
	/* What pushes out others does not push out these. */
	add(st, 30, 22, DLB_SHOWN, DLB_OK);
	add(st, 60, 1, DLB_SHOWN, DLB_FULL);
	commit(st);
	assert_int_equal(store_entry(st, 3).flags, DLB_SHOWN | DLB_HELD);
	assert_int_equal(store_entry(st, 4).flags, DLB_SHOWN | DLB_HELD);
	assert_int_equal(dlb_satchel_room_held(st->s), 6);
	assert_int_equal(store_count(st, 0, 24), 2);
	assert_int_equal(store_count(st, 30, 22), 22);
}

static void
many_share_three_syncs(void **state)
{
	struct store *st = *state;
	uint64_t before = crash_fs_syncs(st->disk);

	for (unsigned i = 0; i < 10; i++)
		add(st, 2 * i, 2, DLB_SHOWN, DLB_OK);
	assert_int_equal(crash_fs_syncs(st->disk), before);
	commit(st);
	assert_int_equal(crash_fs_syncs(st->disk), before + 3);
	/* With nothing to commit, nothing is done. */
	commit(st);
	assert_int_equal(crash_fs_syncs(st->disk), before + 3);
}

static void
other_changes_commit_first(void **state)
{
	struct store *st = *state;
	uint32_t dropped;

	store_put(st, 0, 1, DLB_SHOWN);
	add(st, 1, 1, DLB_SHOWN, DLB_OK);
	assert_int_equal(store_set(st, 0, DLB_SHOWN, 7), DLB_OK);
	assert_true(store_has(st, 1));
	add(st, 2, 1, DLB_SHOWN, DLB_OK);
	assert_int_equal(
		dlb_satchel_scrub(st->s, &dropped, NULL, &st->err), DLB_OK);
	assert_true(store_has(st, 2));
	add(st, 3, 1, DLB_SHOWN, DLB_OK);
	store_put(st, 4, 1, DLB_SHOWN);
	assert_true(store_has(st, 3));
	store_open_ok(st);
	assert_int_equal(store_count(st, 0, 5), 5);
}

/* ---- failures ---------------------------------------------------------------------- */

static void
what_fails_leaves_the_others_waiting(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_item items[3];

	add(st, 0, 3, DLB_SHOWN, DLB_OK);
	for (unsigned i = 0; i < 3; i++)
		items[i] = test_item(10 + i, DLB_SHOWN);
	crash_fs_fail(st->disk, CRASH_WRITE, 1, 1, DLB_NO_SPACE);
	assert_int_equal(dlb_satchel_add(st->s, items, 3, STORE_WEEK, &st->err),
		DLB_NO_SPACE);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(items[i].result, DLB_NO_SPACE);
	commit(st);
	assert_int_equal(store_count(st, 0, 20), 3);
	assert_int_equal(dlb_satchel_room(st->s, 0, STORE_WEEK), 24);
	store_put(st, 20, 21, DLB_SHOWN);
	store_open_ok(st);
	assert_int_equal(store_info(st).used, 24);
}

/* Each sync of a commit fails once. */
static void
a_commit_that_fails_leaves_none_half_there(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 3; n++) {
		struct store *st = store_new(32, 8);
		unsigned there;

		store_put(st, 0, 4, DLB_SHOWN);
		add(st, 10, 4, DLB_SHOWN, DLB_OK);
		add(st, 1, 1, DLB_HELD, DLB_DUPLICATE);
		crash_fs_fail(st->disk, CRASH_SYNC, n, 1, DLB_IO);
		assert_int_equal(dlb_satchel_commit(st->s, &st->err), DLB_IO);
		assert_int_equal(store_count(st, 10, 4), 0);
		assert_int_equal(store_count(st, 0, 4), 4);
		/* Nothing is left to be committed. */
		assert_int_equal(dlb_satchel_commit(st->s, &st->err), DLB_OK);
		store_open_ok(st);
		there = store_count(st, 10, 4);
		assert_true(there == 0 || there == 4);
		assert_int_equal(store_count(st, 0, 4), 4);
		assert_int_equal(store_info(st).damaged, 0);
		store_free(st);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_added_is_there_when_committed),
		TEST(without_a_commit_nothing_was),
		TEST(their_room_is_taken),
		TEST(the_same_cell_again_is_a_duplicate),
		TEST(a_known_cell_waits_for_its_claim),
		TEST(many_share_three_syncs),
		TEST(other_changes_commit_first),
		TEST(what_fails_leaves_the_others_waiting),
		cmocka_unit_test(a_commit_that_fails_leaves_none_half_there),
	};

	dlb_pool_limit(1);
	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
