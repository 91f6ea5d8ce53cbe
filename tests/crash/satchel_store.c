#include "satchel_store.h"

#include "cell.h"

#include <stdlib.h>
#include <string.h>

static struct test_cell *cells[TEST_CELLS];

struct dlb_satchel_token
test_token(unsigned i)
{
	struct dlb_satchel_token t = {.expiry_week = 0};
	struct dlb_env_seeded env;

	dlb_env_seeded_init(&env, 9000 + i, 0);
	dlb_random(&env.env, t.token, sizeof(t.token));
	return t;
}

static struct test_cell *
make_cell(unsigned i)
{
	struct test_cell *c = malloc(sizeof(*c));
	uint16_t expiry = i < TEST_OLD ? STORE_EXPIRY : TEST_OLD_EXPIRY;
	struct dlb_env_seeded env;

	assert_non_null(c);
	dlb_env_seeded_init(&env, 7000 + i, 0);
	dlb_random(&env.env, c->bytes, sizeof(c->bytes));
	/* Version, reserved, expiry, reserved. */
	memset(c->bytes, 0, 16);
	c->bytes[0] = 1;
	c->bytes[2] = (uint8_t)(expiry >> 8);
	c->bytes[3] = (uint8_t)expiry;
	dlb_sha256(c->bytes + 32, test_token(i).token, 32);
	dlb_cell_name(c->core, c->name, c->bytes);
	return c;
}

const struct test_cell *
test_cell(unsigned i)
{
	assert_true(i < TEST_CELLS);
	if (!cells[i])
		cells[i] = make_cell(i);
	return cells[i];
}

int
test_cell_named(const uint8_t name[static 16])
{
	for (int i = 0; i < TEST_CELLS; i++)
		if (cells[i] && memcmp(cells[i]->name, name, 16) == 0)
			return i;
	return -1;
}

struct dlb_satchel_item
test_item(unsigned i, uint8_t flags)
{
	const struct test_cell *c = test_cell(i);
	struct dlb_satchel_item item = {
		.cell = c->bytes, .flags = flags, .copies = 2};

	memcpy(item.core, c->core, sizeof(item.core));
	memcpy(item.name, c->name, sizeof(item.name));
	return item;
}

/* ---- a satchel ---------------------------------------------------------------------- */

const struct dlb_unlock store_unlock = {DLB_UNLOCK_OPEN, NULL, 0};

struct store *
store_on(struct crash_fs *disk)
{
	struct store *st = calloc(1, sizeof(*st));

	assert_non_null(st);
	st->disk = disk;
	dlb_env_seeded_init(&st->seeded, 1, STORE_NOW_MS);
	assert_int_equal(dlb_aead_new(&st->aead), DLB_OK);
	return st;
}

struct store *
store_new(uint32_t slots, uint32_t reserve)
{
	struct dlb_satchel_options o = {
		.slots = slots, .reserve = reserve, .unlock = store_unlock};
	struct store *st = store_on(crash_fs_new(1));

	if (dlb_satchel_create(crash_fs_fs(st->disk), STORE_PATH, &o,
		    &st->seeded.env, NULL, &st->err)
		!= DLB_OK)
		fail_msg("%s", st->err.msg);
	store_open_ok(st);
	return st;
}

void
store_free(struct store *st)
{
	store_close(st);
	dlb_aead_free(st->aead);
	crash_fs_free(st->disk);
	free(st);
}

void
store_close(struct store *st)
{
	dlb_satchel_close(st->s);
	st->s = NULL;
}

enum dlb_status
store_open(struct store *st, bool writable)
{
	enum dlb_status s;

	store_close(st);
	s = dlb_satchel_open(&st->s, crash_fs_fs(st->disk), STORE_PATH,
		&store_unlock, writable, 0, &st->seeded.env, &st->err);
	assert_true((s == DLB_OK) == (st->s != NULL));
	assert_int_equal(st->err.status, s);
	return s;
}

void
store_open_ok(struct store *st)
{
	if (store_open(st, true) != DLB_OK)
		fail_msg("%s", st->err.msg);
}

struct dlb_satchel_info
store_info(const struct store *st)
{
	struct dlb_satchel_info info;

	dlb_satchel_info(st->s, &info);
	return info;
}

enum dlb_status
store_put_items(struct store *st, struct dlb_satchel_item *items, size_t n)
{
	return dlb_satchel_put(st->s, items, n, STORE_WEEK, &st->err);
}

void
store_put(struct store *st, unsigned first, unsigned n, uint8_t flags)
{
	struct dlb_satchel_item items[TEST_CELLS];

	for (unsigned i = 0; i < n; i++)
		items[i] = test_item(first + i, flags);
	if (store_put_items(st, items, n) != DLB_OK)
		fail_msg("%s", st->err.msg);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(items[i].result, DLB_OK);
}

bool
store_has(struct store *st, unsigned i)
{
	const struct test_cell *want = test_cell(i);
	uint32_t number = dlb_satchel_find(st->s, want->name);
	uint8_t *cell, core[32], name[32];
	bool has;

	if (number == DLB_NO_ENTRY)
		return false;
	cell = malloc(DLB_SATCHEL_CELL_LEN);
	assert_non_null(cell);
	has = dlb_satchel_get(st->s, number, cell, core, name, st->aead, false,
		      &st->err)
			== DLB_OK
		&& memcmp(cell, want->bytes, DLB_SATCHEL_CELL_LEN) == 0
		&& memcmp(core, want->core, 32) == 0
		&& memcmp(name, want->name, 32) == 0;
	free(cell);
	return has;
}

unsigned
store_count(struct store *st, unsigned first, unsigned n)
{
	unsigned count = 0;

	for (unsigned i = first; i < first + n; i++)
		count += store_has(st, i);
	return count;
}

struct dlb_entry
store_entry(struct store *st, unsigned i)
{
	uint32_t number = dlb_satchel_find(st->s, test_cell(i)->name);
	struct dlb_entry e;

	assert_int_not_equal(number, DLB_NO_ENTRY);
	assert_true(dlb_satchel_entry(st->s, number, &e));
	return e;
}

enum dlb_status
store_set(struct store *st, unsigned i, uint8_t flags, uint8_t copies)
{
	struct dlb_entry e = store_entry(st, i);
	struct dlb_satchel_change c = {.number = e.number,
		.flags = flags,
		.copies = copies,
		.searched = e.searched};

	return dlb_satchel_update(st->s, &c, 1, &st->err);
}
