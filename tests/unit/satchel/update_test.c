/* Changes of what is there, cells out, and the scrub. */
#include "satchel_store.h"

#include "satchel_internal.h"

#include <stdlib.h>
#include <string.h>

static int
setup(void **state)
{
	*state = store_new(24, 4);
	return 0;
}

static int
teardown(void **state)
{
	store_free(*state);
	return 0;
}

/* ---- update ---------------------------------------------------------------------------- */

static void
a_change_is_kept(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_change c[2];

	store_put(st, 0, 3, DLB_SHOWN);
	for (unsigned i = 0; i < 2; i++)
		c[i] = (struct dlb_satchel_change){
			.number = store_entry(st, i).number,
			.flags = DLB_SHOWN | (i ? DLB_LOOK : DLB_HELD),
			.copies = (uint8_t)(7 - i),
			.searched = (uint16_t)(500 + i)};
	assert_int_equal(dlb_satchel_update(st->s, c, 2, &st->err), DLB_OK);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 2; i++) {
			struct dlb_entry e = store_entry(st, i);

			assert_int_equal(e.number, c[i].number);
			assert_int_equal(e.flags, c[i].flags);
			assert_int_equal(e.copies, c[i].copies);
			assert_int_equal(e.searched, c[i].searched);
			assert_int_equal(e.arrived_week, STORE_WEEK);
			assert_int_equal(e.expiry_week, STORE_EXPIRY);
		}
		assert_int_equal(store_count(st, 0, 3), 3);
		store_open_ok(st);
		assert_int_equal(store_info(st).mended, 0);
	}
}

static void
without_claims_a_cell_is_gone(void **state)
{
	struct store *st = *state;

	store_put(st, 0, 3, DLB_SHOWN | DLB_HELD);
	assert_int_equal(store_set(st, 1, 0, 5), DLB_OK);
	assert_int_equal(store_count(st, 0, 3), 2);
	assert_int_equal(store_info(st).used, 2);
	store_open_ok(st);
	assert_int_equal(store_count(st, 0, 3), 2);
	assert_int_equal(store_set(st, 0, DLB_LOOK, 5), DLB_OK);
	assert_false(store_has(st, 0));
	store_put(st, 0, 2, DLB_SHOWN);
	assert_int_equal(store_count(st, 0, 3), 3);
}

/* Without its entries, a slot is random bytes to everyone. */
static void
removal_destroys_the_key(void **state)
{
	struct store *st = *state;
	uint8_t *before, *after;
	size_t len;
	uint32_t number;
	unsigned changed = 0;

	store_put(st, 0, 1, DLB_SHOWN);
	number = store_entry(st, 0).number;
	before = crash_fs_get(st->disk, STORE_PATH, &len);
	assert_int_equal(store_set(st, 0, 0, 0), DLB_OK);
	after = crash_fs_get(st->disk, STORE_PATH, &len);
	for (unsigned table = 0; table < 2; table++) {
		size_t at = st->s->layout.table[table] + number * 256;

		for (size_t i = 0; i < 256; i++)
			changed += before[at + i] != after[at + i];
	}
	assert_in_range(changed, 490, 512);
	free(before);
	free(after);
}

static void
wrong_changes_change_nothing(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_change c[2];
	uint32_t number, other;

	store_put(st, 0, 2, DLB_SHOWN);
	number = store_entry(st, 0).number;
	for (other = 0; other == number || other == store_entry(st, 1).number;
		other++)
		;
	c[0] = (struct dlb_satchel_change){.number = number};
	c[1] = (struct dlb_satchel_change){.number = other};
	assert_int_equal(
		dlb_satchel_update(st->s, c, 2, &st->err), DLB_NOT_FOUND);
	c[1].number = DLB_NO_ENTRY;
	assert_int_equal(
		dlb_satchel_update(st->s, c, 2, &st->err), DLB_NOT_FOUND);
	c[1].number = number;
	assert_int_equal(dlb_satchel_update(st->s, c, 2, &st->err), DLB_USAGE);
	assert_int_equal(dlb_satchel_update(st->s, c, 0, &st->err), DLB_OK);
	assert_int_equal(store_count(st, 0, 2), 2);
}

static void
held_ones_need_the_reserve(void **state)
{
	struct store *st = *state;

	store_put(st, 0, 6, DLB_SHOWN);
	store_put(st, 10, 3, DLB_HELD);
	assert_int_equal(store_set(st, 0, DLB_SHOWN | DLB_HELD, 1), DLB_OK);
	assert_int_equal(store_set(st, 1, DLB_SHOWN | DLB_HELD, 1), DLB_FULL);
	assert_int_equal(store_entry(st, 1).flags, DLB_SHOWN);
	/* One that it has already costs nothing. */
	assert_int_equal(store_set(st, 0, DLB_HELD, 1), DLB_OK);
	assert_int_equal(store_set(st, 0, DLB_SHOWN, 1), DLB_OK);
	assert_int_equal(store_set(st, 1, DLB_SHOWN | DLB_HELD, 1), DLB_OK);
}

/* An own cell that is to be shown now finds room like a newcomer. */
static void
what_is_shown_anew_evicts(void **state)
{
	struct store *st = *state;

	store_put(st, 30, 2, DLB_HELD | DLB_OWN);
	store_put(st, 0, 20, DLB_SHOWN);
	assert_int_equal(store_set(st, 30, DLB_SHOWN | DLB_HELD, 16), DLB_OK);
	assert_int_equal(store_info(st).shown, 20);
	assert_int_equal(store_count(st, 0, 20), 19);
	store_open_ok(st);
	assert_int_equal(store_entry(st, 30).flags, DLB_SHOWN | DLB_HELD);
	assert_int_equal(store_count(st, 0, 20), 19);
	assert_int_equal(store_info(st).used, 21);
}

static void
nobody_gives_way_to_a_change_of_itself(void **state)
{
	struct store *st = store_new(16, 8);
	struct dlb_satchel_change c[9];

	(void)state;
	store_put(st, 30, 1, DLB_HELD);
	store_put(st, 0, 8, DLB_SHOWN);
	for (unsigned i = 0; i < 9; i++)
		c[i] = (struct dlb_satchel_change){
			.number = store_entry(st, i < 8 ? i : 30).number,
			.flags = DLB_SHOWN,
			.copies = 1};
	assert_int_equal(dlb_satchel_update(st->s, c, 9, &st->err), DLB_FULL);
	assert_int_equal(store_count(st, 0, 8), 8);
	assert_int_equal(store_entry(st, 30).flags, DLB_HELD);
	/* Where one goes at the same time there is room. */
	c[3].flags = 0;
	assert_int_equal(dlb_satchel_update(st->s, c, 9, &st->err), DLB_OK);
	assert_int_equal(store_entry(st, 30).flags, DLB_SHOWN);
	assert_int_equal(store_count(st, 0, 8), 7);
	store_free(st);
}

/* ---- get, peek, details -------------------------------------------------------------------- */

static void
get_gives_what_was_put(void **state)
{
	struct store *st = *state;
	uint8_t *cell = malloc(DLB_SATCHEL_CELL_LEN), core[32], name[32];
	struct dlb_entry_details d;
	const struct test_cell *c = test_cell(3);
	uint32_t number;

	store_put(st, 0, 5, DLB_SHOWN);
	number = store_entry(st, 3).number;
	assert_int_equal(dlb_satchel_get(st->s, number, cell, core, name,
				 st->aead, true, &st->err),
		DLB_OK);
	assert_memory_equal(cell, c->bytes, DLB_SATCHEL_CELL_LEN);
	assert_memory_equal(core, c->core, 32);
	assert_memory_equal(name, c->name, 32);
	memset(cell, 0, 1024);
	assert_int_equal(
		dlb_satchel_peek(st->s, number, cell, 128, st->aead, &st->err),
		DLB_OK);
	assert_memory_equal(cell, c->bytes, 128);
	assert_int_equal(cell[128], 0);
	assert_int_equal(dlb_satchel_peek(st->s, number, cell,
				 DLB_SATCHEL_CELL_LEN + 64, st->aead, &st->err),
		DLB_USAGE);
	assert_int_equal(
		dlb_satchel_details(st->s, number, &d, st->aead, &st->err),
		DLB_OK);
	assert_memory_equal(d.name, c->name, 32);
	assert_memory_equal(d.core, c->core, 32);
	assert_memory_equal(d.box_tag, c->bytes + 16, 16);
	assert_memory_equal(d.token_hash, c->bytes + 32, 32);
	assert_memory_equal(d.handle, c->bytes + 64, 32);
	free(cell);
}

static void
where_there_is_none(void **state)
{
	struct store *st = *state;
	uint8_t *cell = malloc(DLB_SATCHEL_CELL_LEN);
	uint32_t number;

	store_put(st, 0, 1, DLB_SHOWN);
	number = store_entry(st, 0).number;
	assert_int_equal(store_set(st, 0, 0, 0), DLB_OK);
	assert_int_equal(dlb_satchel_get(st->s, number, cell, NULL, NULL,
				 st->aead, false, &st->err),
		DLB_NOT_FOUND);
	assert_int_equal(dlb_satchel_get(st->s, DLB_NO_ENTRY, cell, NULL, NULL,
				 st->aead, false, &st->err),
		DLB_NOT_FOUND);
	assert_int_equal(
		dlb_satchel_peek(st->s, number, cell, 64, st->aead, &st->err),
		DLB_NOT_FOUND);
	free(cell);
}

struct readers {
	struct store *st;
	struct dlb_aead *aead[64];
	uint32_t numbers[20];
	_Atomic unsigned good;
};

static void
read_one(void *ctx, size_t i, unsigned worker)
{
	struct readers *r = ctx;
	uint8_t *cell = malloc(DLB_SATCHEL_CELL_LEN);

	r->good += dlb_satchel_get(r->st->s, r->numbers[i % 20], cell, NULL,
			   NULL, r->aead[worker], true, NULL)
			== DLB_OK
		&& memcmp(cell, test_cell((unsigned)i % 20)->bytes,
			   DLB_SATCHEL_CELL_LEN)
			== 0;
	free(cell);
}

static void
many_threads_read(void **state)
{
	struct readers r = {.st = *state};

	store_put(r.st, 0, 20, DLB_SHOWN);
	for (unsigned i = 0; i < 20; i++)
		r.numbers[i] = store_entry(r.st, i).number;
	for (unsigned i = 0; i < dlb_pool_width(); i++)
		assert_int_equal(dlb_aead_new(&r.aead[i]), DLB_OK);
	dlb_pool_run(200, read_one, &r);
	assert_int_equal(r.good, 200);
	for (unsigned i = 0; i < dlb_pool_width(); i++)
		dlb_aead_free(r.aead[i]);
}

/* ---- damage ------------------------------------------------------------------------------------ */

static uint64_t
slot_at(struct store *st, unsigned i)
{
	return st->s->layout.slot
		+ (uint64_t)st->s->index.records[store_entry(st, i).number].slot
		* DLB_SATCHEL_CELL_LEN;
}

static void
a_flipped_byte_costs_that_cell(void **state)
{
	struct store *st = *state;
	uint8_t *cell = malloc(DLB_SATCHEL_CELL_LEN);
	uint32_t number, dropped;

	store_put(st, 0, 4, DLB_SHOWN);
	number = store_entry(st, 2).number;
	crash_fs_flip(st->disk, STORE_PATH, slot_at(st, 2) + 40000, 1);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(dlb_satchel_get(st->s, number, cell, NULL,
					 NULL, st->aead, true, &st->err),
			DLB_CORRUPT);
		assert_non_null(strstr(st->err.msg, "doctor"));
		assert_int_equal(cell[0], 0);
	}
	assert_int_equal(store_info(st).damaged, 1);
	assert_int_equal(store_count(st, 0, 4), 3);
	assert_int_equal(
		dlb_satchel_scrub(st->s, &dropped, NULL, &st->err), DLB_OK);
	assert_int_equal(dropped, 1);
	assert_int_equal(store_info(st).used, 3);
	assert_int_equal(
		dlb_satchel_scrub(st->s, &dropped, NULL, &st->err), DLB_OK);
	assert_int_equal(dropped, 0);
	store_open_ok(st);
	assert_int_equal(store_info(st).used, 3);
	store_put(st, 2, 1, DLB_SHOWN);
	free(cell);
}

/* The box tag is not covered by core, and is by the name. */
static void
every_byte_of_a_cell_is_covered(void **state)
{
	static const size_t at[] = {0, 3, 16, 31, 32, 63, 64, 95, 96, 65535};
	struct store *st = *state;
	uint8_t *cell = malloc(DLB_SATCHEL_CELL_LEN);

	store_put(st, 0, 1, DLB_SHOWN);
	for (size_t i = 0; i < DLB_ARRAY_LEN(at); i++) {
		uint32_t number = store_entry(st, 0).number;

		crash_fs_flip(
			st->disk, STORE_PATH, slot_at(st, 0) + at[i], 0x80);
		assert_int_equal(dlb_satchel_get(st->s, number, cell, NULL,
					 NULL, st->aead, true, &st->err),
			DLB_CORRUPT);
		crash_fs_flip(
			st->disk, STORE_PATH, slot_at(st, 0) + at[i], 0x80);
		assert_int_equal(dlb_satchel_get(st->s, number, cell, NULL,
					 NULL, st->aead, true, &st->err),
			DLB_OK);
	}
	free(cell);
}

static void
the_scrub_tries_the_other_table(void **state)
{
	struct store *st = *state;
	struct dlb_entry_plain e;
	struct dlb_edit edit;
	uint32_t number, dropped;

	store_put(st, 0, 3, DLB_SHOWN);
	number = store_entry(st, 1).number;
	/* Table 1 alone has another key. */
	assert_int_equal(
		dlb_table_entry(st->s, &e, number, st->aead, &st->err), DLB_OK);
	e.secret[0] ^= 1;
	dlb_edit_seal(st->s, &edit, number, &e);
	assert_int_equal(dlb_table_write(st->s, 0, edit.bytes, number, 1,
				 st->aead, &st->err),
		DLB_OK);
	assert_false(store_has(st, 1));
	assert_int_equal(
		dlb_satchel_scrub(st->s, &dropped, NULL, &st->err), DLB_OK);
	assert_int_equal(dropped, 0);
	assert_true(store_has(st, 1));
	store_open_ok(st);
	assert_int_equal(store_info(st).mended, 0);
	assert_int_equal(store_count(st, 0, 3), 3);
}

static void
a_scrub_for_reading_only_counts(void **state)
{
	struct store *st = *state;
	uint64_t events;
	uint32_t dropped;

	store_put(st, 0, 3, DLB_SHOWN);
	crash_fs_flip(st->disk, STORE_PATH, slot_at(st, 1), 1);
	assert_int_equal(store_open(st, false), DLB_OK);
	events = crash_fs_events(st->disk);
	assert_int_equal(
		dlb_satchel_scrub(st->s, &dropped, NULL, &st->err), DLB_OK);
	assert_int_equal(dropped, 1);
	assert_int_equal(crash_fs_events(st->disk), events);
	assert_int_equal(store_info(st).used, 3);
}

static bool
stop(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	(void)ctx;
	assert_non_null(what);
	assert_true(done <= total);
	return false;
}

static void
a_scrub_can_be_interrupted(void **state)
{
	struct store *st = *state;
	struct dlb_progress progress = {NULL, stop};
	uint32_t dropped;

	store_put(st, 0, 3, DLB_SHOWN);
	assert_int_equal(
		dlb_satchel_scrub(st->s, &dropped, &progress, &st->err),
		DLB_CANCELLED);
	assert_int_equal(store_count(st, 0, 3), 3);
}

/* A medium that can not be read now is not a damaged cell. */
static void
what_can_not_be_read_is_not_dropped(void **state)
{
	struct store *st = *state;
	uint32_t dropped;

	store_put(st, 0, 3, DLB_SHOWN);
	crash_fs_bad_range(st->disk, slot_at(st, 0), 1);
	assert_int_equal(
		dlb_satchel_scrub(st->s, &dropped, NULL, &st->err), DLB_IO);
	crash_fs_bad_range(st->disk, 0, 0);
	assert_int_equal(store_count(st, 0, 3), 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_change_is_kept),
		TEST(without_claims_a_cell_is_gone),
		TEST(removal_destroys_the_key),
		TEST(wrong_changes_change_nothing),
		TEST(held_ones_need_the_reserve),
		TEST(what_is_shown_anew_evicts),
		cmocka_unit_test(nobody_gives_way_to_a_change_of_itself),
		TEST(get_gives_what_was_put),
		TEST(where_there_is_none),
		TEST(many_threads_read),
		TEST(a_flipped_byte_costs_that_cell),
		TEST(every_byte_of_a_cell_is_covered),
		TEST(the_scrub_tries_the_other_table),
		TEST(a_scrub_for_reading_only_counts),
		TEST(a_scrub_can_be_interrupted),
		TEST(what_can_not_be_read_is_not_dropped),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
