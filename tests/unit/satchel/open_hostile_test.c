/* What a hostile hand that knows the key may have written into a satchel. */
#include "satchel_store.h"

#include "satchel_internal.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 16

static int
setup(void **state)
{
	*state = store_new(SLOTS, 4);
	return 0;
}

static int
teardown(void **state)
{
	store_free(*state);
	return 0;
}

static void
write_entry(struct store *st, uint32_t number, const struct dlb_entry_plain *e)
{
	struct dlb_edit edit;

	dlb_edit_seal(st->s, &edit, number, e);
	assert_int_equal(dlb_table_commit(st->s, &edit, 1, &st->err), DLB_OK);
}

static struct dlb_entry_plain
entry_like(struct store *st, unsigned i)
{
	struct dlb_entry_plain e;

	assert_int_equal(dlb_table_entry(st->s, &e, store_entry(st, i).number,
				 st->aead, &st->err),
		DLB_OK);
	return e;
}

static uint32_t
free_entry(struct store *st)
{
	return dlb_index_pick(&st->s->index, DLB_GROUP_FREE, &st->seeded.env);
}

/* Puts one more entry there and opens: it is not taken in, and what is there
 * stays; after that it is as if it had never been. */
static void
is_dropped(struct store *st, const struct dlb_entry_plain *e)
{
	uint32_t used = store_info(st).used;

	write_entry(st, free_entry(st), e);
	assert_int_equal(store_open(st, false), DLB_OK);
	assert_int_equal(store_info(st).damaged, 1);
	assert_int_equal(store_info(st).used, used);
	store_open_ok(st);
	assert_int_equal(store_info(st).damaged, 1);
	assert_int_equal(store_info(st).used, used);
	assert_int_equal(
		dlb_index_group_len(&st->s->index, DLB_GROUP_FREE) + used,
		store_info(st).entries);
	store_open_ok(st);
	assert_int_equal(store_info(st).damaged, 0);
	assert_int_equal(store_info(st).used, used);
}

static void
what_may_not_be_there_is_dropped(void **state)
{
	struct store *st = *state;
	struct dlb_entry_plain e;

	store_put(st, 0, 5, DLB_SHOWN);
	e = entry_like(st, 0);
	e.name[0] ^= 1;
	e.slot = SLOTS;
	is_dropped(st, &e);
	e.slot = 0xfffffff0;
	is_dropped(st, &e);
	e.slot = 3;
	e.kind = 77;
	is_dropped(st, &e);
	e.kind = DLB_ENTRY_TOKEN;
	is_dropped(st, &e);
	e.kind = DLB_ENTRY_CELL;
	e.flags = 0;
	is_dropped(st, &e);
	e.flags = 0xff;
	is_dropped(st, &e);
	/* Five cells, of which one or none is in the slot of the other. */
	assert_int_equal(store_count(st, 0, 5), 5);
	store_put(st, 5, 11 - 4, DLB_SHOWN);
	assert_int_equal(store_count(st, 0, 12), 12);
}

static void
a_slot_or_a_name_claimed_twice(void **state)
{
	struct store *st = *state;
	struct dlb_entry_plain e;

	store_put(st, 0, 5, DLB_SHOWN);
	/* The same name in another slot. */
	e = entry_like(st, 0);
	e.slot = st->s->index.free_slots[0];
	write_entry(st, st->s->layout.entries - 1, &e);
	store_open_ok(st);
	assert_int_equal(store_info(st).used, 5);
	assert_int_equal(store_info(st).damaged, 1);
	/* Another name in the same slot. */
	e = entry_like(st, 1);
	e.name[3] ^= 1;
	write_entry(st, free_entry(st), &e);
	store_open_ok(st);
	assert_int_equal(store_info(st).used, 5);
	assert_int_equal(store_info(st).damaged, 1);
	store_open_ok(st);
	assert_int_equal(store_info(st).damaged, 0);
	/* Of each pair one stayed; it goes on with all that is sound. */
	store_put(st, 8, 7, DLB_SHOWN);
	assert_int_equal(store_count(st, 8, 7), 7);
	assert_true(store_info(st).used <= SLOTS);
}

/* More cells shown and held than there may be, and every entry a token. */
static void
more_than_there_may_be(void **state)
{
	struct store *st = *state;
	struct dlb_entry_plain e;
	struct dlb_satchel_item item = test_item(0, DLB_SHOWN | DLB_HELD);

	store_put(st, 0, 12, DLB_SHOWN);
	e = entry_like(st, 0);
	for (uint32_t i = 0; i < 4; i++) {
		e.slot = st->s->index.free_slots[i];
		e.name[0]++;
		e.flags = DLB_SHOWN | DLB_HELD;
		write_entry(st, st->s->index.order[i], &e);
	}
	store_open_ok(st);
	assert_int_equal(store_info(st).shown, 16);
	assert_int_equal(store_info(st).held, 4);
	item = test_item(40, DLB_SHOWN | DLB_HELD);
	assert_int_equal(store_put_items(st, &item, 1), DLB_OK);
	store_open_ok(st);
	assert_int_equal(store_info(st).damaged, 0);
	assert_true(store_info(st).used <= SLOTS);

	memset(&e, 0, sizeof(e));
	e.kind = DLB_ENTRY_TOKEN;
	e.slot = DLB_NO_SLOT;
	e.expiry_week = 65535;
	for (uint32_t i = 0; i < st->s->layout.entries; i++)
		write_entry(st, i, &e);
	store_open_ok(st);
	assert_int_equal(store_info(st).tokens, store_info(st).entries);
	item = test_item(41, DLB_SHOWN);
	assert_int_equal(store_put_items(st, &item, 1), DLB_OK);
	assert_int_equal(item.result, DLB_FULL);
	assert_int_equal(item.number, DLB_NO_ENTRY);
}

/* A superblock that says nonsense, under the right key. */
static void
a_nonsense_superblock(void **state)
{
	struct store *st = *state;
	struct dlb_super good = st->s->super, bad;
	uint8_t root[32];

	dlb_satchel_root(st->s, root);
	store_close(st);
#define SAYS(status, change)                                                   \
	do {                                                                   \
		bad = good;                                                    \
		change;                                                        \
		for (unsigned i = 0; i < 2; i++) {                             \
			uint8_t raw[4096];                                     \
			size_t len;                                            \
			uint8_t *all =                                         \
				crash_fs_get(st->disk, STORE_PATH, &len);      \
			dlb_header_make(raw, &bad, i, root, &st->seeded.env);  \
			memcpy(all + (i ? len - 4096 : 0), raw, 4096);         \
			crash_fs_put(st->disk, STORE_PATH, all, len);          \
			free(all);                                             \
		}                                                              \
		assert_int_equal(store_open(st, true), status);                \
	} while (0)
	SAYS(DLB_OK, (void)0);
	store_close(st);
	SAYS(DLB_MALFORMED, bad.slots = 0);
	SAYS(DLB_MALFORMED, bad.slots = 15);
	SAYS(DLB_MALFORMED, bad.slots = 0xffffffff);
	SAYS(DLB_MALFORMED, bad.slots = DLB_SATCHEL_SLOTS_MAX + 1);
	SAYS(DLB_MALFORMED, bad.entries++);
	SAYS(DLB_MALFORMED, bad.slots = 32);
	SAYS(DLB_MALFORMED, bad.reserve = SLOTS + 1);
	SAYS(DLB_MALFORMED, bad.flags = 0x8000);
	SAYS(DLB_CORRUPT, {
		struct dlb_layout l;

		dlb_layout_init(&l, DLB_SATCHEL_SLOTS_MAX);
		bad.slots = l.slots;
		bad.entries = l.entries;
	});
#undef SAYS
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_may_not_be_there_is_dropped),
		TEST(a_slot_or_a_name_claimed_twice),
		TEST(more_than_there_may_be),
		TEST(a_nonsense_superblock),
	};

	dlb_keyslots_set_test_cost();
	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
