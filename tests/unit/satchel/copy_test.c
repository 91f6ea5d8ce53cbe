/* All that a satchel holds, carried over into another one. */
#include "satchel_store.h"

#include "satchel_internal.h"

#include <string.h>

#define OTHER "stick/other.dlb"

static int
setup(void **state)
{
	*state = store_new(40, 16);
	return 0;
}

static int
teardown(void **state)
{
	store_free(*state);
	return 0;
}

static struct dlb_satchel *
other(struct store *st, uint32_t slots, uint32_t reserve)
{
	struct dlb_satchel_options o = {.slots = slots,
		.reserve = reserve,
		.sparse = true,
		.unlock = store_unlock};
	struct dlb_fs *fs = crash_fs_fs(st->disk);
	struct dlb_satchel *to = NULL;

	assert_int_equal(dlb_satchel_create(fs, OTHER, &o, &st->seeded.env,
				 NULL, &st->err),
		DLB_OK);
	assert_int_equal(dlb_satchel_open(&to, fs, OTHER, &store_unlock, true,
				 0, &st->seeded.env, &st->err),
		DLB_OK);
	return to;
}

/* Shown, looked at, held, own: some of each, with numbers of their own. */
static void
fill(struct store *st)
{
	static const uint8_t flags[] = {DLB_SHOWN, DLB_SHOWN | DLB_LOOK,
		DLB_HELD, DLB_HELD | DLB_OWN, DLB_SHOWN | DLB_HELD};
	struct dlb_satchel_token token = test_token(0);

	for (unsigned i = 0; i < 20; i++) {
		struct dlb_satchel_item item =
			test_item(i, flags[i % DLB_ARRAY_LEN(flags)]);

		item.copies = (uint8_t)(i + 1);
		item.searched = (uint16_t)(i + 2);
		item.origin = i % 3;
		assert_int_equal(
			dlb_satchel_put(st->s, &item, 1,
				(uint16_t)(STORE_WEEK + i % 4), &st->err),
			DLB_OK);
	}
	assert_int_equal(
		dlb_satchel_recall(st->s, &token, 1, STORE_WEEK, &st->err),
		DLB_OK);
}

static void
same(struct store *st, const struct dlb_entry *was, unsigned i)
{
	struct dlb_entry e = store_entry(st, i);

	assert_int_equal(e.expiry_week, was[i].expiry_week);
	assert_int_equal(e.arrived_week, was[i].arrived_week);
	assert_int_equal(e.searched, was[i].searched);
	assert_int_equal(e.flags, was[i].flags);
	assert_int_equal(e.copies, was[i].copies);
	assert_int_equal(e.origin, was[i].origin);
}

static void
all_that_is_said_of_a_cell_is_carried_over(void **state)
{
	struct store *st = *state;
	struct dlb_satchel *from, *to = other(st, 60, 20);
	struct dlb_entry was[20];
	struct dlb_fs *fs = crash_fs_fs(st->disk);
	uint32_t damaged = 1;

	fill(st);
	for (unsigned i = 1; i < 20; i++)
		was[i] = store_entry(st, i);
	assert_int_equal(
		dlb_satchel_copy(to, st->s, &damaged, NULL, &st->err), DLB_OK);
	assert_int_equal(damaged, 0);
	from = st->s;
	st->s = to;
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(store_info(st).tokens, 1);
		assert_int_equal(store_info(st).used, 19);
		assert_int_equal(store_info(st).mended, 0);
		assert_int_equal(store_count(st, 1, 19), 19);
		for (unsigned i = 1; i < 20; i++)
			same(st, was, i);
		/* What was called back stays away. */
		assert_true(dlb_satchel_refuses(
			st->s, test_cell(0)->name, NULL, STORE_WEEK, st->aead));
		dlb_satchel_close(st->s);
		assert_int_equal(
			dlb_satchel_open(&st->s, fs, OTHER, &store_unlock, true,
				0, &st->seeded.env, &st->err),
			DLB_OK);
	}
	dlb_satchel_close(from);
}

static void
what_is_damaged_stays_out(void **state)
{
	struct store *st = *state;
	struct dlb_satchel *from, *to = other(st, 40, 16);
	uint8_t rot[64] = {1};
	uint32_t damaged, slot;

	fill(st);
	slot = st->s->index.records[store_entry(st, 7).number].slot;
	assert_int_equal(
		st->s->file->ops->write_at(st->s->file, rot, sizeof(rot),
			st->s->layout.slot
				+ (uint64_t)slot * DLB_SATCHEL_CELL_LEN + 4096,
			&st->err),
		DLB_OK);
	assert_int_equal(
		dlb_satchel_copy(to, st->s, &damaged, NULL, &st->err), DLB_OK);
	assert_int_equal(damaged, 1);
	from = st->s;
	st->s = to;
	assert_int_equal(store_count(st, 1, 19), 18);
	assert_false(store_has(st, 7));
	dlb_satchel_close(from);
}

static void
without_room_it_fails(void **state)
{
	struct store *st = *state;
	struct dlb_satchel *to = other(st, 16, 4);
	uint32_t damaged;

	fill(st);
	assert_int_equal(dlb_satchel_copy(to, st->s, &damaged, NULL, &st->err),
		DLB_FULL);
	dlb_satchel_close(to);
}

int
main(void)
{
#define COPY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		COPY(all_that_is_said_of_a_cell_is_carried_over),
		COPY(what_is_damaged_stays_out),
		COPY(without_room_it_fails),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
