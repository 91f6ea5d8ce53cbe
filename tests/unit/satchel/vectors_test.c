/*
 * The committed satchel of version 1 opens in each way that it did when it was
 * made, and holds what it held: cells that the vectors of docs/cell.md open.
 * docs/satchel.md, section 8.
 *
 * DLB_VECTORS names the directory it lies in, DLB_CELLS that of the cells.
 */
#include "satchel_store.h"

#include "satchel_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (2u << 20)

static char *list; /* v1.txt */

static void
load(struct dlb_buf *out, const char *dir, const char *name)
{
	char path[4096];
	struct dlb_error err;

	assert_non_null(getenv(dir));
	snprintf(path, sizeof(path), "%s/%s", getenv(dir), name);
	if (dlb_file_load(out, dlb_fs_posix(), path, FILE_MAX, &err) != DLB_OK)
		fail_msg("%s", err.msg);
}

static int
setup(void **state)
{
	struct dlb_buf file = {0}, text = {0};
	struct store *st = store_on(crash_fs_new(1));

	load(&file, "DLB_VECTORS", "v1.dlb");
	load(&text, "DLB_VECTORS", "v1.txt");
	crash_fs_put(st->disk, STORE_PATH, file.data, file.len);
	list = calloc(1, text.len + 1);
	assert_non_null(list);
	memcpy(list, text.data, text.len);
	dlb_buf_free(&file);
	dlb_buf_free(&text);
	*state = st;
	return 0;
}

static int
teardown(void **state)
{
	store_free(*state);
	free(list);
	return 0;
}

/* What follows a word of the list. */
static const char *
said(const char *word)
{
	static char value[256];
	char key[32];
	const char *p;

	snprintf(key, sizeof(key), "\n%s ", word);
	p = strstr(list, key);
	assert_non_null(p);
	p += strlen(key);
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(p, "\n"), p);
	return value;
}

static void
opens_with(struct store *st, struct dlb_unlock unlock, bool writable)
{
	uint8_t root[DLB_KEY_LEN], is[DLB_KEY_LEN];

	store_close(st);
	if (dlb_satchel_open(&st->s, crash_fs_fs(st->disk), STORE_PATH, &unlock,
		    writable, 0, &st->seeded.env, &st->err)
		!= DLB_OK)
		fail_msg("%s", st->err.msg);
	assert_int_equal(store_info(st).mended + store_info(st).damaged, 0);
	assert_int_equal(dlb_unhex(root, sizeof(root), said("root")), DLB_OK);
	dlb_satchel_root(st->s, is);
	assert_memory_equal(is, root, sizeof(root));
}

static void
it_opens_in_each_way(void **state)
{
	struct store *st = *state;
	uint8_t root[32], keyfile[48];
	char passphrase[256];

	assert_int_equal(dlb_unhex(root, 32, said("root")), DLB_OK);
	assert_int_equal(dlb_unhex(keyfile, 48, said("keyfile")), DLB_OK);
	snprintf(passphrase, sizeof(passphrase), "%s", said("passphrase"));
	opens_with(st, store_unlock, true);
	opens_with(st, (struct dlb_unlock){DLB_UNLOCK_ROOT, root, 32}, true);
	opens_with(st, (struct dlb_unlock){DLB_UNLOCK_KEYFILE, keyfile, 48},
		false);
	opens_with(st,
		(struct dlb_unlock){
			DLB_UNLOCK_PASSPHRASE, passphrase, strlen(passphrase)},
		false);
	assert_int_equal(store_info(st).slots, atoi(said("slots")));
	assert_int_equal(store_info(st).reserve, atoi(said("reserve")));
}

static void
its_tag_key_is_that_of_the_box(void **state)
{
	uint8_t root[32], want[32], is[32];

	(void)state;
	assert_int_equal(dlb_unhex(root, 32, said("root")), DLB_OK);
	assert_int_equal(dlb_unhex(want, 32, said("tag-key")), DLB_OK);
	dlb_box_tag_key(is, root);
	assert_memory_equal(is, want, 32);
}

static void
check_bytes(struct store *st, uint32_t number, const char *file,
	const uint8_t name[static 32], const uint8_t core[static 32])
{
	uint8_t *cell = malloc(DLB_SATCHEL_CELL_LEN);
	uint8_t is_name[32], is_core[32];
	struct dlb_buf want = {0};

	assert_non_null(cell);
	load(&want, "DLB_CELLS", file);
	assert_int_equal(want.len, DLB_SATCHEL_CELL_LEN);
	assert_int_equal(dlb_satchel_get(st->s, number, cell, is_core, is_name,
				 st->aead, true, &st->err),
		DLB_OK);
	assert_memory_equal(cell, want.data, DLB_SATCHEL_CELL_LEN);
	assert_memory_equal(is_name, name, 32);
	assert_memory_equal(is_core, core, 32);
	dlb_buf_free(&want);
	free(cell);
}

static void
check_cell(struct store *st, const char *line)
{
	unsigned entry, slot, flags, copies, searched, expiry, arrived, origin;
	char name_hex[65], core_hex[65], file[65];
	uint8_t name[32], core[32];
	struct dlb_entry e;

	assert_int_equal(
		sscanf(line, "cell %u %u %u %u %u %u %u %u %64s %64s %64s",
			&entry, &slot, &flags, &copies, &searched, &expiry,
			&arrived, &origin, name_hex, core_hex, file),
		11);
	assert_int_equal(dlb_unhex(name, 32, name_hex), DLB_OK);
	assert_int_equal(dlb_unhex(core, 32, core_hex), DLB_OK);
	assert_int_equal(dlb_satchel_find(st->s, name), entry);
	assert_true(dlb_satchel_entry(st->s, entry, &e));
	assert_int_equal(st->s->index.records[entry].slot, slot);
	assert_int_equal(e.flags, flags);
	assert_int_equal(e.copies, copies);
	assert_int_equal(e.searched, searched);
	assert_int_equal(e.expiry_week, expiry);
	assert_int_equal(e.arrived_week, arrived);
	assert_int_equal(e.origin, origin);
	check_bytes(st, entry, file, name, core);
}

static void
check_token(struct store *st, const char *line)
{
	char name_hex[65], hash_hex[65];
	uint8_t name[32], hash[32];
	struct dlb_entry_plain e;
	unsigned entry, expiry;

	assert_int_equal(
		sscanf(line, "token %u %*u %*u %*u %*u %u %*u %*u %64s %64s",
			&entry, &expiry, name_hex, hash_hex),
		4);
	assert_int_equal(dlb_unhex(name, 32, name_hex), DLB_OK);
	assert_int_equal(dlb_unhex(hash, 32, hash_hex), DLB_OK);
	assert_int_equal(
		dlb_table_entry(st->s, &e, entry, st->aead, &st->err), DLB_OK);
	assert_int_equal(e.kind, DLB_ENTRY_TOKEN);
	assert_int_equal(e.expiry_week, expiry);
	assert_memory_equal(e.name, name, 32);
	assert_memory_equal(e.token_hash, hash, 32);
}

static void
it_holds_what_it_held(void **state)
{
	struct store *st = *state;
	unsigned cells = 0, tokens = 0;

	opens_with(st, store_unlock, true);
	for (const char *p = list; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, "cell ", 5) == 0) {
			check_cell(st, p);
			cells++;
		} else if (strncmp(p, "token ", 6) == 0) {
			check_token(st, p);
			tokens++;
		}
	}
	assert_int_equal(cells, 6);
	assert_int_equal(tokens, 2);
	assert_int_equal(store_info(st).used, cells);
	assert_int_equal(store_info(st).tokens, tokens);
}

static void
it_can_be_worked_with(void **state)
{
	struct store *st = *state;
	uint32_t dropped;

	opens_with(st, store_unlock, true);
	store_put(st, 100, 6, DLB_SHOWN);
	assert_int_equal(
		dlb_satchel_scrub(st->s, &dropped, NULL, &st->err), DLB_OK);
	assert_int_equal(dropped, 0);
	opens_with(st, store_unlock, true);
	assert_int_equal(store_count(st, 100, 6), 6);
	assert_int_equal(store_info(st).used, 12);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_opens_in_each_way),
		TEST(its_tag_key_is_that_of_the_box),
		TEST(it_holds_what_it_held),
		TEST(it_can_be_worked_with),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
