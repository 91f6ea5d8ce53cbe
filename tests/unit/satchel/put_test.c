/* Cells in: results, duplicates, claims, the reserve, tokens, failures of the
 * medium, and that positions say nothing. */
#include "satchel_store.h"

#include "cell.h"
#include "satchel_internal.h"

#include <stdlib.h>
#include <string.h>

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

static enum dlb_status
put_one(struct store *st, unsigned i, uint8_t flags, uint8_t copies)
{
	struct dlb_satchel_item item = test_item(i, flags);

	item.copies = copies;
	assert_int_equal(store_put_items(st, &item, 1), DLB_OK);
	return item.result;
}

static void
what_was_put_is_there(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_item items[3] = {test_item(0, DLB_SHOWN),
		test_item(1, DLB_SHOWN | DLB_HELD),
		test_item(2, DLB_SHOWN | DLB_LOOK)};
	struct dlb_entry e;

	items[1].copies = 9;
	items[1].searched = 77;
	items[1].origin = 5;
	assert_int_equal(store_put_items(st, items, 3), DLB_OK);
	store_open_ok(st);
	assert_int_equal(store_count(st, 0, 3), 3);
	e = store_entry(st, 1);
	assert_int_equal(e.flags, DLB_SHOWN | DLB_HELD);
	assert_int_equal(e.copies, 9);
	assert_int_equal(e.searched, 77);
	assert_int_equal(e.origin, 5);
	assert_int_equal(e.expiry_week, STORE_EXPIRY);
	assert_int_equal(e.arrived_week, STORE_WEEK);
	assert_int_equal(store_entry(st, 2).flags, DLB_SHOWN | DLB_LOOK);
	assert_int_equal(store_info(st).shown, 3);
	assert_int_equal(store_info(st).held, 1);
	assert_int_equal(store_info(st).used, 3);
	assert_int_equal(store_info(st).mended, 0);
}

static void
numbers_are_told(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_item items[2] = {
		test_item(0, DLB_SHOWN), test_item(1, DLB_SHOWN)};

	assert_int_equal(store_put_items(st, items, 2), DLB_OK);
	assert_int_equal(items[0].number, store_entry(st, 0).number);
	assert_int_equal(items[1].number, store_entry(st, 1).number);
}

static void
a_duplicate_gains_claims(void **state)
{
	struct store *st = *state;

	assert_int_equal(put_one(st, 0, DLB_HELD | DLB_OWN, 3), DLB_OK);
	assert_int_equal(put_one(st, 0, DLB_SHOWN, 7), DLB_DUPLICATE);
	assert_int_equal(store_entry(st, 0).flags, DLB_SHOWN | DLB_HELD);
	assert_int_equal(store_entry(st, 0).copies, 7);
	/* Shown already: its counter stays. */
	assert_int_equal(put_one(st, 0, DLB_SHOWN, 1), DLB_DUPLICATE);
	assert_int_equal(store_entry(st, 0).copies, 7);
	assert_int_equal(store_info(st).used, 1);
	store_open_ok(st);
	assert_int_equal(store_entry(st, 0).flags, DLB_SHOWN | DLB_HELD);
	assert_true(store_has(st, 0));
}

static void
a_look_copy_becomes_a_real_one(void **state)
{
	struct store *st = *state;

	assert_int_equal(put_one(st, 0, DLB_SHOWN | DLB_LOOK, 0), DLB_OK);
	assert_int_equal(
		put_one(st, 0, DLB_SHOWN | DLB_LOOK, 0), DLB_DUPLICATE);
	assert_int_equal(store_entry(st, 0).flags, DLB_SHOWN | DLB_LOOK);
	assert_int_equal(put_one(st, 0, DLB_SHOWN, 4), DLB_DUPLICATE);
	assert_int_equal(store_entry(st, 0).flags, DLB_SHOWN);
	assert_int_equal(store_entry(st, 0).copies, 4);
	assert_int_equal(
		put_one(st, 0, DLB_SHOWN | DLB_LOOK, 0), DLB_DUPLICATE);
	assert_int_equal(store_entry(st, 0).flags, DLB_SHOWN);
	assert_int_equal(store_entry(st, 0).copies, 4);
}

static void
twice_in_one_batch(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_item items[4] = {test_item(0, DLB_SHOWN),
		test_item(1, DLB_SHOWN), test_item(0, DLB_HELD),
		test_item(0, DLB_SHOWN)};

	assert_int_equal(store_put_items(st, items, 4), DLB_OK);
	assert_int_equal(items[0].result, DLB_OK);
	assert_int_equal(items[2].result, DLB_DUPLICATE);
	assert_int_equal(items[3].result, DLB_DUPLICATE);
	assert_int_equal(items[0].number, items[2].number);
	assert_int_equal(store_entry(st, 0).flags, DLB_SHOWN | DLB_HELD);
	assert_int_equal(store_info(st).used, 2);
	store_open_ok(st);
	assert_int_equal(store_count(st, 0, 2), 2);
	assert_int_equal(store_info(st).mended + store_info(st).damaged, 0);
}

static void
the_reserve_is_for_held_ones(void **state)
{
	struct store *st = *state;

	assert_int_equal(dlb_satchel_room_held(st->s), 8);
	store_put(st, 0, 8, DLB_HELD);
	assert_int_equal(dlb_satchel_room_held(st->s), 0);
	assert_int_equal(put_one(st, 8, DLB_HELD, 1), DLB_FULL);
	assert_false(store_has(st, 8));
	assert_int_equal(dlb_satchel_room(st->s, 0, STORE_WEEK), 24);
	store_put(st, 10, 24, DLB_SHOWN);
	assert_int_equal(store_info(st).used, 32);
	assert_int_equal(store_count(st, 0, 8), 8);
}

/* What is shown does not depend on what is held: with the reserve full, a cell
 * that is to be both is shown all the same. */
static void
claims_are_granted_one_by_one(void **state)
{
	struct store *st = *state;

	store_put(st, 0, 8, DLB_HELD);
	assert_int_equal(put_one(st, 9, DLB_SHOWN | DLB_HELD, 1), DLB_FULL);
	assert_int_equal(store_entry(st, 9).flags, DLB_SHOWN);
	assert_int_equal(put_one(st, 9, DLB_HELD, 1), DLB_FULL);
	store_open_ok(st);
	assert_true(store_has(st, 9));
}

static void
without_a_claim_it_is_wrong_usage(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_item item = test_item(0, DLB_LOOK);

	assert_int_equal(store_put_items(st, &item, 1), DLB_USAGE);
	assert_int_equal(store_info(st).used, 0);
	assert_int_equal(store_put_items(st, NULL, 0), DLB_OK);
}

static void
handles_are_found(void **state)
{
	struct store *st = *state;
	const struct test_cell *c = test_cell(1);
	struct dlb_satchel_item items[12];
	static uint8_t copies[12][DLB_SATCHEL_CELL_LEN];
	uint32_t at = DLB_NO_ENTRY;
	unsigned n = 0;

	store_put(st, 0, 3, DLB_SHOWN);
	at = dlb_satchel_find_handle(st->s, c->bytes + 64, at);
	assert_int_equal(at, store_entry(st, 1).number);
	assert_int_equal(dlb_satchel_find_handle(st->s, c->bytes + 64, at),
		DLB_NO_ENTRY);
	assert_int_equal(
		dlb_satchel_find_handle(st->s, c->bytes + 96, DLB_NO_ENTRY),
		DLB_NO_ENTRY);
	/* However many have the same, none hides the others. */
	for (unsigned i = 0; i < 12; i++) {
		items[i] = test_item(1, DLB_SHOWN);
		memcpy(copies[i], c->bytes, sizeof(copies[i]));
		copies[i][1000] ^= (uint8_t)(i + 1);
		items[i].cell = copies[i];
		dlb_cell_name(items[i].core, items[i].name, copies[i]);
	}
	assert_int_equal(store_put_items(st, items, 12), DLB_OK);
	at = DLB_NO_ENTRY;
	while ((at = dlb_satchel_find_handle(st->s, c->bytes + 64, at))
		!= DLB_NO_ENTRY)
		n++;
	assert_int_equal(n, 13);
}

/* ---- tokens ----------------------------------------------------------------------------- */

/* Straight into the tables, without a cell that gives way. */
static void
write_token(struct store *st, uint32_t number, const uint8_t *name,
	const uint8_t *hash, uint16_t expiry)
{
	struct dlb_entry_plain e = {.kind = DLB_ENTRY_TOKEN,
		.expiry_week = expiry,
		.slot = DLB_NO_SLOT};
	struct dlb_edit edit;

	if (name)
		memcpy(e.name, name, 32);
	if (hash)
		memcpy(e.token_hash, hash, 32);
	dlb_edit_seal(st->s, &edit, number, &e);
	assert_int_equal(dlb_table_commit(st->s, &edit, 1, &st->err), DLB_OK);
}

static void
a_token_speaks_against_a_cell(void **state)
{
	struct store *st = *state;
	uint8_t hash[32];
	struct dlb_satchel_item item;

	write_token(st, 0, test_cell(0)->name, NULL, STORE_EXPIRY);
	write_token(st, 1, NULL, test_cell(1)->bytes + 32, STORE_EXPIRY);
	/* The first 8 bytes alone are not the hash. */
	memcpy(hash, test_cell(2)->bytes + 32, 32);
	hash[31] ^= 1;
	write_token(st, 2, NULL, hash, STORE_EXPIRY);
	write_token(st, 3, test_cell(3)->name, NULL, STORE_WEEK - 1);
	store_open_ok(st);
	assert_int_equal(store_info(st).tokens, 4);
	assert_int_equal(store_info(st).used, 0);
	assert_int_equal(put_one(st, 0, DLB_SHOWN, 1), DLB_REFUSED);
	assert_int_equal(put_one(st, 1, DLB_SHOWN | DLB_HELD, 1), DLB_REFUSED);
	assert_int_equal(put_one(st, 2, DLB_SHOWN, 1), DLB_OK);
	assert_int_equal(put_one(st, 3, DLB_SHOWN, 1), DLB_OK);
	/* Without a clock no token has expired. */
	assert_int_equal(store_set(st, 3, 0, 0), DLB_OK);
	item = test_item(3, DLB_SHOWN);
	assert_int_equal(dlb_satchel_put(st->s, &item, 1, 0, &st->err), DLB_OK);
	assert_int_equal(item.result, DLB_REFUSED);
	store_open_ok(st);
	assert_int_equal(store_info(st).tokens, 4);
	assert_false(store_has(st, 0));
	assert_true(store_has(st, 2));
}

/* ---- failures ------------------------------------------------------------------------------ */

static void
a_full_disk_costs_nothing_that_is_there(void **state)
{
	struct crash_fs *disk = crash_fs_new(3);
	struct store *st = store_on(disk);
	struct dlb_satchel_options o = {
		.slots = 16, .unlock = store_unlock, .sparse = true};
	struct dlb_satchel_item items[4];

	(void)state;
	assert_int_equal(dlb_satchel_create(crash_fs_fs(disk), STORE_PATH, &o,
				 &st->seeded.env, NULL, &st->err),
		DLB_OK);
	store_open_ok(st);
	store_put(st, 0, 2, DLB_SHOWN);
	crash_fs_space(disk, 3 * 65536 / 2);
	for (unsigned i = 0; i < 4; i++)
		items[i] = test_item(4 + i, DLB_SHOWN);
	assert_int_equal(store_put_items(st, items, 4), DLB_NO_SPACE);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(items[i].result, DLB_NO_SPACE);
	assert_int_equal(store_count(st, 0, 8), 2);
	assert_int_equal(store_info(st).used, 2);
	/* It goes on: what is there can be removed, and put anew. */
	crash_fs_space(disk, UINT64_MAX);
	assert_int_equal(store_set(st, 0, 0, 0), DLB_OK);
	store_put(st, 4, 4, DLB_SHOWN);
	store_open_ok(st);
	assert_int_equal(store_count(st, 0, 8), 5);
	assert_int_equal(store_info(st).mended + store_info(st).damaged, 0);
	store_free(st);
}

/* Each write and each sync of a put fails once. */
static void
any_call_may_fail(void **state)
{
	(void)state;
	for (uint64_t n = 0;; n++) {
		struct store *st = store_new(16, 4);
		struct dlb_satchel_item items[3] = {test_item(20, DLB_SHOWN),
			test_item(21, DLB_SHOWN),
			test_item(0, DLB_SHOWN | DLB_HELD)};
		enum dlb_status s;
		unsigned before;

		store_put(st, 0, 12, DLB_SHOWN);
		crash_fs_fail(st->disk, CRASH_ANY, n, 1, DLB_IO);
		s = store_put_items(st, items, 3);
		if (!crash_fs_failed(st->disk)) {
			assert_int_equal(s, DLB_OK);
			assert_int_equal(store_count(st, 0, 12), 10);
			store_free(st);
			break;
		}
		/* A lost read may be made up for by the other table. */
		if (s != DLB_OK) {
			assert_int_equal(s, DLB_IO);
			assert_int_equal(items[0].result, DLB_IO);
			assert_int_equal(items[1].result, DLB_IO);
		}
		before = store_count(st, 0, 12);
		store_open_ok(st);
		assert_true(store_count(st, 0, 12) >= 10);
		assert_true(store_count(st, 0, 12) >= before
			|| store_count(st, 0, 12) == 10);
		assert_int_equal(store_info(st).damaged, 0);
		assert_int_equal(store_info(st).used,
			store_count(st, 0, 12) + store_count(st, 20, 2));
		store_free(st);
	}
}

static void
after_a_failed_table_write_no_more(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_item item = test_item(1, DLB_SHOWN);

	store_put(st, 0, 1, DLB_SHOWN);
	/* The sync of the first table. */
	crash_fs_fail(st->disk, CRASH_SYNC, 1, 1, DLB_IO);
	assert_int_equal(store_put_items(st, &item, 1), DLB_IO);
	assert_int_equal(store_put_items(st, &item, 1), DLB_IO);
	assert_non_null(strstr(st->err.msg, "open it again"));
	assert_int_equal(store_set(st, 0, 0, 0), DLB_IO);
	assert_true(store_has(st, 0));
	store_open_ok(st);
	assert_true(store_has(st, 0));
	store_put(st, 2, 1, DLB_SHOWN);
}

/* ---- what positions say ------------------------------------------------------------------- */

/* Of cells that came one after the other neither entries nor slots follow each
 * other more often than chance has it. */
static void
positions_say_nothing(void **state)
{
	unsigned entries_rise = 0, slots_rise = 0, adjacent = 0, n = 0;

	(void)state;
	for (unsigned round = 0; round < 8; round++) {
		struct store *st = store_new(128, 0);
		const struct dlb_record *r = st->s->index.records;
		uint32_t before = DLB_NO_ENTRY;

		dlb_env_seeded_init(&st->seeded, round, STORE_NOW_MS);
		store_put(st, 0, 100, DLB_SHOWN);
		for (unsigned i = 0; i < 100; i++) {
			uint32_t is = store_entry(st, i).number;

			if (before != DLB_NO_ENTRY) {
				entries_rise += is > before;
				slots_rise += r[is].slot > r[before].slot;
				adjacent += r[is].slot == r[before].slot + 1;
				n++;
			}
			before = is;
		}
		store_free(st);
	}
	/* Of 792, half, give or take four standard deviations (8.1 each, as
	 * neighbours in a random order hang together). */
	assert_in_range(entries_rise, n / 2 - 35, n / 2 + 35);
	assert_in_range(slots_rise, n / 2 - 35, n / 2 + 35);
	assert_in_range(adjacent, 0, 20);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_put_is_there),
		TEST(numbers_are_told),
		TEST(a_duplicate_gains_claims),
		TEST(a_look_copy_becomes_a_real_one),
		TEST(twice_in_one_batch),
		TEST(the_reserve_is_for_held_ones),
		TEST(claims_are_granted_one_by_one),
		TEST(without_a_claim_it_is_wrong_usage),
		TEST(handles_are_found),
		TEST(a_token_speaks_against_a_cell),
		cmocka_unit_test(a_full_disk_costs_nothing_that_is_there),
		cmocka_unit_test(any_call_may_fail),
		TEST(after_a_failed_table_write_no_more),
		cmocka_unit_test(positions_say_nothing),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
