/* Tokens that call cells back: what goes, what stays, what is kept of them and how
 * long. */
#include "satchel_store.h"

#include "cell.h"

#include "satchel_internal.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 24
#define RESERVE 4

static int
setup(void **state)
{
	*state = store_new(SLOTS, RESERVE);
	return 0;
}

static int
teardown(void **state)
{
	store_free(*state);
	return 0;
}

/* Its result. */
static enum dlb_status
recall(struct store *st, struct dlb_satchel_token *t, uint16_t week)
{
	if (dlb_satchel_recall(st->s, t, 1, week, &st->err) != DLB_OK)
		fail_msg("%s", st->err.msg);
	return t->result;
}

static enum dlb_status
recall_cell(struct store *st, unsigned i)
{
	struct dlb_satchel_token t = test_token(i);

	return recall(st, &t, STORE_WEEK);
}

static enum dlb_status
put_again(struct store *st, unsigned i, uint8_t flags, uint16_t week)
{
	struct dlb_satchel_item item = test_item(i, flags);

	assert_int_equal(
		dlb_satchel_put(st->s, &item, 1, week, &st->err), DLB_OK);
	return item.result;
}

/* How many are kept; *first, if any, gets the first of them. */
static size_t
kept(struct store *st, uint16_t week, struct dlb_satchel_token *first)
{
	struct dlb_satchel_token *list;
	size_t n;

	assert_int_equal(
		dlb_satchel_tokens(st->s, &list, &n, week, &st->err), DLB_OK);
	if (first && n > 0)
		*first = list[0];
	free(list);
	return n;
}

static bool
is_kept(struct store *st, unsigned i)
{
	struct dlb_satchel_token *list, t = test_token(i);
	bool found = false;
	size_t n;

	assert_int_equal(
		dlb_satchel_tokens(st->s, &list, &n, STORE_WEEK, &st->err),
		DLB_OK);
	for (size_t k = 0; k < n; k++)
		found |= memcmp(list[k].token, t.token, 32) == 0;
	free(list);
	return found;
}

/* ---- what a token does ------------------------------------------------------------------ */

static void
a_cell_goes_and_is_refused(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_token t = test_token(1), got;

	store_put(st, 0, 3, DLB_SHOWN);
	assert_int_equal(recall(st, &t, STORE_WEEK), DLB_OK);
	assert_memory_equal(t.name, test_cell(1)->name, 32);
	assert_int_equal(t.expiry_week, STORE_EXPIRY);
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(store_count(st, 0, 3), 2);
		assert_false(store_has(st, 1));
		assert_int_equal(store_info(st).used, 2);
		assert_int_equal(store_info(st).tokens, 1);
		assert_int_equal(
			put_again(st, 1, DLB_SHOWN, STORE_WEEK), DLB_REFUSED);
		assert_int_equal(
			put_again(st, 1, DLB_HELD, STORE_WEEK), DLB_REFUSED);
		assert_int_equal(kept(st, STORE_WEEK, &got), 1);
		assert_memory_equal(got.token, t.token, 32);
		assert_memory_equal(got.name, t.name, 32);
		assert_int_equal(got.expiry_week, STORE_EXPIRY);
		store_open_ok(st);
		assert_int_equal(store_info(st).mended, 0);
	}
	assert_int_equal(recall_cell(st, 1), DLB_DUPLICATE);
	assert_int_equal(store_info(st).tokens, 1);
}

static void
its_key_is_destroyed(void **state)
{
	struct store *st = *state;
	struct dlb_entry_plain e;
	uint8_t key[32];
	uint32_t number;

	store_put(st, 0, 1, DLB_SHOWN);
	number = store_entry(st, 0).number;
	assert_int_equal(
		dlb_table_entry(st->s, &e, number, st->aead, NULL), DLB_OK);
	memcpy(key, e.secret, 32);
	assert_int_equal(recall_cell(st, 0), DLB_OK);
	for (unsigned table = 0; table < 2; table++)
		for (uint32_t i = 0; i < st->s->layout.entries; i++) {
			uint8_t bytes[DLB_ENTRY_LEN];

			assert_int_equal(dlb_table_read(st->s, table, bytes, i,
						 1, st->aead, NULL),
				DLB_OK);
			if (dlb_entry_open(&e, st->s->keys, i, bytes, SLOTS)
				!= DLB_ENTRY_GOOD)
				continue;
			assert_int_equal(e.kind, DLB_ENTRY_TOKEN);
			assert_int_equal(i, number);
			assert_memory_not_equal(e.secret, key, 32);
		}
}

static void
a_foreign_token_does_nothing(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_token t = test_token(1);
	uint64_t events;

	store_put(st, 0, 3, DLB_SHOWN);
	events = crash_fs_events(st->disk);
	assert_int_equal(recall_cell(st, 7), DLB_NOT_FOUND);
	/* Its hash is not its token; nor is what is one bit off. */
	memcpy(t.token, test_cell(1)->bytes + 32, 32);
	assert_int_equal(recall(st, &t, STORE_WEEK), DLB_NOT_FOUND);
	t = test_token(1);
	t.token[31] ^= 1;
	assert_int_equal(recall(st, &t, STORE_WEEK), DLB_NOT_FOUND);
	assert_int_equal(store_count(st, 0, 3), 3);
	assert_int_equal(store_info(st).tokens, 0);
	assert_int_equal(crash_fs_events(st->disk), events);
}

/* Of a hash all 32 bytes count: less could be found by trying. */
static void
half_a_hash_is_no_token(void **state)
{
	struct store *st = *state;
	static struct test_cell cell;
	struct dlb_satchel_item item = {
		.cell = cell.bytes, .flags = DLB_SHOWN, .copies = 2};
	struct dlb_satchel_token t = test_token(1);

	for (int last = 1; last < 32; last += 15) {
		cell = *test_cell(1);
		cell.bytes[32 + last] ^= 1;
		dlb_cell_name(cell.core, cell.name, cell.bytes);
		memcpy(item.core, cell.core, sizeof(item.core));
		memcpy(item.name, cell.name, sizeof(item.name));
		assert_int_equal(
			dlb_satchel_put(st->s, &item, 1, STORE_WEEK, &st->err),
			DLB_OK);
		assert_int_equal(item.result, DLB_OK);
		assert_int_equal(recall(st, &t, STORE_WEEK), DLB_NOT_FOUND);
		assert_int_not_equal(
			dlb_satchel_find(st->s, cell.name), DLB_NO_ENTRY);
	}
	/* Nor does the token of one refuse the other. */
	store_put(st, 1, 1, DLB_SHOWN);
	assert_int_equal(recall_cell(st, 1), DLB_OK);
	assert_int_not_equal(dlb_satchel_find(st->s, cell.name), DLB_NO_ENTRY);
	assert_true(dlb_satchel_refuses(st->s, test_cell(1)->name,
		test_cell(1)->bytes + 32, STORE_WEEK, st->aead));
	assert_false(dlb_satchel_refuses(
		st->s, cell.name, cell.bytes + 32, STORE_WEEK, st->aead));
}

/* By its name alone, before anyone sends it; and by its hash alone, as who gives a token
 * may not say of what. */
static void
it_is_refused_by_either(void **state)
{
	struct store *st = *state;
	const struct test_cell *gone = test_cell(1), *other = test_cell(2);

	store_put(st, 0, 3, DLB_SHOWN);
	assert_int_equal(recall_cell(st, 1), DLB_OK);
	assert_true(dlb_satchel_refuses(
		st->s, gone->name, NULL, STORE_WEEK, st->aead));
	assert_true(dlb_satchel_refuses(
		st->s, other->name, gone->bytes + 32, STORE_WEEK, st->aead));
	assert_false(dlb_satchel_refuses(
		st->s, other->name, other->bytes + 32, STORE_WEEK, st->aead));
	/* Until it has expired. */
	assert_false(dlb_satchel_refuses(
		st->s, gone->name, NULL, STORE_EXPIRY + 1, st->aead));
	assert_false(dlb_satchel_refuses(st->s, other->name, gone->bytes + 32,
		STORE_EXPIRY + 1, st->aead));
}

static void
many_go_at_once(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_token t[10];

	store_put(st, 0, 8, DLB_SHOWN);
	for (unsigned i = 0; i < 10; i++)
		t[i] = test_token(i < 9 ? i + 4 : 5);
	assert_int_equal(
		dlb_satchel_recall(st->s, t, 10, STORE_WEEK, &st->err), DLB_OK);
	assert_int_equal(store_count(st, 0, 4), 4);
	assert_int_equal(store_count(st, 4, 4), 0);
	/* One was there twice, five have no cell. */
	assert_int_equal(store_info(st).tokens, 4);
	store_open_ok(st);
	assert_int_equal(store_info(st).tokens, 4);
	assert_int_equal(kept(st, STORE_WEEK, NULL), 4);
}

/* ---- what a letterbox holds ------------------------------------------------------------ */

static void
a_hold_stays(void **state)
{
	struct store *st = *state;

	store_put(st, 0, 2, DLB_SHOWN | DLB_HELD);
	assert_int_equal(recall_cell(st, 1), DLB_OK);
	for (unsigned round = 0; round < 2; round++) {
		assert_true(store_has(st, 1));
		assert_int_equal(store_entry(st, 1).flags, DLB_HELD);
		assert_int_equal(store_info(st).shown, 1);
		assert_int_equal(store_info(st).held, 2);
		assert_int_equal(store_info(st).tokens, 1);
		/* As somebody answers who does not hold it. */
		assert_int_equal(
			put_again(st, 1, DLB_SHOWN, STORE_WEEK), DLB_REFUSED);
		assert_int_equal(store_entry(st, 1).flags, DLB_HELD);
		store_open_ok(st);
	}
}

static void
what_is_only_held_says_nothing(void **state)
{
	struct store *st = *state;

	store_put(st, 0, 1, DLB_HELD);
	assert_int_equal(recall_cell(st, 0), DLB_NOT_FOUND);
	assert_true(store_has(st, 0));
	assert_int_equal(store_info(st).tokens, 0);
	assert_int_equal(
		put_again(st, 0, DLB_SHOWN, STORE_WEEK), DLB_DUPLICATE);
}

static void
its_maker_lets_go_of_all(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_token t = test_token(0), none = test_token(9);

	store_put(st, 0, 1, DLB_SHOWN | DLB_HELD);
	t.own = none.own = true;
	memcpy(none.name, test_cell(9)->name, 32);
	none.expiry_week = STORE_EXPIRY;
	assert_int_equal(recall(st, &t, STORE_WEEK), DLB_OK);
	assert_false(store_has(st, 0));
	assert_int_equal(store_info(st).held, 0);
	/* Of one that is not here any more the token is kept all the same. */
	assert_int_equal(recall(st, &none, STORE_WEEK), DLB_OK);
	assert_int_equal(recall(st, &none, STORE_WEEK), DLB_DUPLICATE);
	store_open_ok(st);
	assert_int_equal(store_info(st).tokens, 2);
	assert_int_equal(put_again(st, 9, DLB_SHOWN, STORE_WEEK), DLB_REFUSED);
}

/* ---- bounds ------------------------------------------------------------------------------ */

static void
it_is_gone_at_its_expiry(void **state)
{
	struct store *st = *state;

	store_put(st, 0, 2, DLB_SHOWN);
	assert_int_equal(recall_cell(st, 0), DLB_OK);
	assert_int_equal(kept(st, STORE_EXPIRY, NULL), 1);
	assert_int_equal(kept(st, STORE_EXPIRY + 1, NULL), 0);
	assert_int_equal(kept(st, 0, NULL), 1);
	/* Without a clock nothing has expired. */
	assert_int_equal(
		dlb_satchel_recall(st->s, NULL, 0, 0, &st->err), DLB_OK);
	assert_int_equal(store_info(st).tokens, 1);
	assert_int_equal(
		dlb_satchel_recall(st->s, NULL, 0, STORE_EXPIRY + 1, &st->err),
		DLB_OK);
	assert_int_equal(store_info(st).tokens, 0);
	store_open_ok(st);
	assert_int_equal(store_info(st).tokens, 0);
	assert_int_equal(put_again(st, 0, DLB_SHOWN, STORE_WEEK), DLB_OK);
}

/* Own ones, n from `first` on, that expire in that week. */
static void
keep_own(struct store *st, unsigned first, unsigned n, uint16_t expiry)
{
	struct dlb_satchel_token t[TEST_CELLS];

	for (unsigned i = 0; i < n; i++) {
		t[i] = test_token(first + i);
		t[i].own = true;
		t[i].expiry_week = expiry;
		memset(t[i].name, (int)(first + i), 32);
	}
	assert_int_equal(
		dlb_satchel_recall(st->s, t, n, STORE_WEEK, &st->err), DLB_OK);
}

static void
the_soonest_to_expire_make_room(void **state)
{
	struct store *st = *state;
	uint32_t most = st->s->layout.entries - SLOTS;
	unsigned soon = 0;

	store_put(st, 0, 20, DLB_SHOWN);
	keep_own(st, 50, 10, STORE_EXPIRY - 1);
	keep_own(st, 60, most - 10, STORE_EXPIRY);
	assert_int_equal(store_info(st).tokens, most);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(recall_cell(st, i), DLB_OK);
	store_open_ok(st);
	assert_int_equal(store_info(st).tokens, most);
	for (unsigned i = 0; i < 10; i++)
		soon += is_kept(st, 50 + i);
	assert_int_equal(soon, 6);
	assert_true(is_kept(st, 0));
	/* All slots can still be used. */
	store_put(st, 20, 4, DLB_SHOWN);
	store_put(st, 24, 4, DLB_HELD);
	assert_int_equal(store_info(st).used, SLOTS);
}

static void
strangers_tokens_leave_others_alone(void **state)
{
	struct store *st = *state;
	uint32_t most = st->s->layout.entries - SLOTS;
	struct dlb_satchel_item item = test_item(0, DLB_SHOWN);

	item.origin = 7;
	assert_int_equal(store_put_items(st, &item, 1), DLB_OK);
	assert_int_equal(recall_cell(st, 0), DLB_OK);
	keep_own(st, 50, 100, STORE_EXPIRY + 1);
	assert_int_equal(store_info(st).tokens, most);
	keep_own(st, 150, 40, STORE_EXPIRY + 2);
	assert_int_equal(store_info(st).tokens, most);
	assert_true(is_kept(st, 0));
}

/* Another hand may have filled a table with them. */
static void
a_table_full_of_tokens_goes_on(void **state)
{
	struct store *st = *state;
	struct dlb_entry_plain e = {.kind = DLB_ENTRY_TOKEN,
		.expiry_week = STORE_EXPIRY,
		.origin = 7,
		.slot = DLB_NO_SLOT};
	struct dlb_edit edit;

	store_put(st, 0, 2, DLB_SHOWN);
	for (uint32_t i = 0; i < st->s->layout.entries; i++) {
		if (i == store_entry(st, 0).number
			|| i == store_entry(st, 1).number)
			continue;
		memset(e.token_hash, (int)i + 1, 32);
		memset(e.secret, 1, 32);
		dlb_edit_seal(st->s, &edit, i, &e);
		assert_int_equal(
			dlb_table_commit(st->s, &edit, 1, &st->err), DLB_OK);
	}
	store_open_ok(st);
	/* The cell goes, and there is no room to remember that. */
	assert_int_equal(recall_cell(st, 0), DLB_OK);
	assert_false(store_has(st, 0));
	assert_false(is_kept(st, 0));
	assert_int_equal(put_again(st, 0, DLB_SHOWN, STORE_WEEK), DLB_OK);
}

static void
a_failed_write_changes_nothing_here(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_token t = test_token(0);

	store_put(st, 0, 2, DLB_SHOWN | DLB_HELD);
	crash_fs_cut_at(st->disk, crash_fs_events(st->disk));
	assert_int_not_equal(
		dlb_satchel_recall(st->s, &t, 1, STORE_WEEK, &st->err), DLB_OK);
	assert_int_equal(store_info(st).tokens, 0);
	assert_int_equal(store_info(st).shown, 2);
	store_close(st);
	crash_fs_power_on(st->disk, CRASH_NONE, 0);
	store_open_ok(st);
	assert_int_equal(store_count(st, 0, 2), 2);
}

static void
a_read_only_one_is_left_alone(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_token t = test_token(0);

	store_put(st, 0, 1, DLB_SHOWN);
	assert_int_equal(store_open(st, false), DLB_OK);
	assert_int_equal(dlb_satchel_recall(st->s, &t, 1, STORE_WEEK, &st->err),
		DLB_READ_ONLY);
	assert_true(store_has(st, 0));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_cell_goes_and_is_refused),
		TEST(its_key_is_destroyed),
		TEST(a_foreign_token_does_nothing),
		TEST(half_a_hash_is_no_token),
		TEST(it_is_refused_by_either),
		TEST(many_go_at_once),
		TEST(a_hold_stays),
		TEST(what_is_only_held_says_nothing),
		TEST(its_maker_lets_go_of_all),
		TEST(it_is_gone_at_its_expiry),
		TEST(the_soonest_to_expire_make_room),
		TEST(strangers_tokens_leave_others_alone),
		TEST(a_table_full_of_tokens_goes_on),
		TEST(a_failed_write_changes_nothing_here),
		TEST(a_read_only_one_is_left_alone),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
