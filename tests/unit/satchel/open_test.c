/* Opening: keys, damage anywhere, bytes that are cut off, media that can only be
 * read. */
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

static enum dlb_status
open_with(struct store *st, enum dlb_unlock_kind kind, const void *secret,
	size_t len)
{
	struct dlb_unlock unlock = {kind, secret, len};
	enum dlb_status s;

	store_close(st);
	s = dlb_satchel_open(&st->s, crash_fs_fs(st->disk), STORE_PATH, &unlock,
		true, 0, &st->seeded.env, &st->err);
	assert_int_equal(s, st->err.status);
	return s;
}

static const char file_a[] = "the bytes of some key file, 32 of them or more";
static const char file_b[] = "the bytes of another key file, as long as that";
#define KEYFILE(f) DLB_UNLOCK_KEYFILE, f, sizeof(f) - 1
#define PASS(p) DLB_UNLOCK_PASSPHRASE, p, strlen(p)

static struct store *
locked_store(enum dlb_unlock_kind kind, const void *secret, size_t len)
{
	struct dlb_satchel_options o = {
		.slots = SLOTS, .unlock = {kind, secret, len}};
	struct store *st = store_on(crash_fs_new(1));

	assert_int_equal(dlb_satchel_create(crash_fs_fs(st->disk), STORE_PATH,
				 &o, &st->seeded.env, NULL, &st->err),
		DLB_OK);
	return st;
}

static enum dlb_status
add(struct store *st, enum dlb_unlock_kind kind, const void *secret, size_t len)
{
	struct dlb_unlock unlock = {kind, secret, len};

	return dlb_satchel_add_unlock(st->s, &unlock, &st->err);
}

/* ---- keys ----------------------------------------------------------------------------- */

static void
only_its_key_opens(void **state)
{
	struct store *st = locked_store(PASS("correct horse"));
	uint8_t root[32], other[32] = {1};

	(void)state;
	assert_int_equal(open_with(st, PASS("correct hors")), DLB_WRONG_KEY);
	assert_int_equal(
		open_with(st, DLB_UNLOCK_OPEN, NULL, 0), DLB_WRONG_KEY);
	assert_int_equal(open_with(st, KEYFILE(file_a)), DLB_WRONG_KEY);
	assert_int_equal(
		open_with(st, DLB_UNLOCK_ROOT, other, 32), DLB_WRONG_KEY);
	assert_int_equal(open_with(st, DLB_UNLOCK_ROOT, other, 31), DLB_USAGE);
	assert_int_equal(open_with(st, PASS("correct horse")), DLB_OK);
	dlb_satchel_root(st->s, root);
	assert_int_equal(open_with(st, DLB_UNLOCK_ROOT, root, 32), DLB_OK);
	store_free(st);
}

static void
a_given_root_key_is_used(void **state)
{
	uint8_t root[32], got[32], tag[32];
	struct dlb_satchel_options o = {
		.slots = SLOTS, .unlock = store_unlock, .root = root};
	struct store *st = store_on(crash_fs_new(1));

	(void)state;
	memset(root, 5, sizeof(root));
	assert_int_equal(dlb_satchel_create(crash_fs_fs(st->disk), STORE_PATH,
				 &o, &st->seeded.env, NULL, NULL),
		DLB_OK);
	store_open_ok(st);
	dlb_satchel_root(st->s, got);
	assert_memory_equal(root, got, 32);
	dlb_box_tag_key(tag, root);
	assert_memory_not_equal(tag, root, 32);
	store_free(st);
	/* Without any key slot: only the root key opens it. */
	st = locked_store(DLB_UNLOCK_ROOT, root, 32);
	assert_int_equal(
		open_with(st, DLB_UNLOCK_OPEN, NULL, 0), DLB_WRONG_KEY);
	assert_int_equal(open_with(st, DLB_UNLOCK_ROOT, root, 32), DLB_OK);
	assert_int_equal(add(st, KEYFILE(file_a)), DLB_OK);
	assert_int_equal(open_with(st, KEYFILE(file_a)), DLB_OK);
	store_free(st);
}

static void
each_added_key_opens(void **state)
{
	struct store *st = locked_store(PASS("the first"));
	char pass[8][3];

	(void)state;
	assert_int_equal(open_with(st, PASS("the first")), DLB_OK);
	store_put(st, 0, 2, DLB_SHOWN);
	assert_int_equal(add(st, KEYFILE(file_a)), DLB_OK);
	assert_int_equal(add(st, DLB_UNLOCK_OPEN, NULL, 0), DLB_OK);
	for (unsigned i = 0; i < 5; i++) {
		memcpy(pass[i], "p0", 3);
		pass[i][1] = (char)('0' + i);
		assert_int_equal(add(st, PASS(pass[i])), DLB_OK);
	}
	assert_int_equal(add(st, KEYFILE(file_b)), DLB_FULL);
	assert_int_equal(open_with(st, KEYFILE(file_b)), DLB_WRONG_KEY);
	assert_int_equal(open_with(st, PASS("the first")), DLB_OK);
	assert_int_equal(open_with(st, KEYFILE(file_a)), DLB_OK);
	assert_int_equal(open_with(st, DLB_UNLOCK_OPEN, NULL, 0), DLB_OK);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(open_with(st, PASS(pass[i])), DLB_OK);
	assert_int_equal(store_count(st, 0, 2), 2);
	assert_int_equal(store_info(st).mended, 0);
	assert_int_equal(add(st, KEYFILE(file_b)), DLB_FULL);
	store_free(st);
}

static void
a_second_owner_is_busy(void **state)
{
	struct store *st = *state;
	struct dlb_satchel *other = NULL;
	struct dlb_error err;

	assert_int_equal(
		dlb_satchel_open(&other, crash_fs_fs(st->disk), STORE_PATH,
			&store_unlock, true, 0, &st->seeded.env, &err),
		DLB_BUSY);
	assert_null(other);
	/* To read it needs no lock. */
	assert_int_equal(
		dlb_satchel_open(&other, crash_fs_fs(st->disk), STORE_PATH,
			&store_unlock, false, 0, &st->seeded.env, &err),
		DLB_OK);
	dlb_satchel_close(other);
}

static void
where_there_is_none(void **state)
{
	struct store *st = *state;
	struct dlb_satchel *other = NULL;

	assert_int_equal(dlb_satchel_open(&other, crash_fs_fs(st->disk),
				 "stick/other.dlb", &store_unlock, true, 0,
				 &st->seeded.env, &st->err),
		DLB_NOT_FOUND);
	assert_null(other);
}

/* ---- headers ---------------------------------------------------------------------------- */

/* A flipped byte anywhere in either header loses nothing, whoever opens; and all
 * ways to unlock are there again after. */
static void
one_damaged_header_loses_nothing(void **state)
{
	struct store *base = locked_store(KEYFILE(file_a));
	uint64_t header[2] = {0, dlb_satchel_size_of(SLOTS) - 4096};

	(void)state;
	assert_int_equal(open_with(base, KEYFILE(file_a)), DLB_OK);
	assert_int_equal(add(base, KEYFILE(file_b)), DLB_OK);
	store_put(base, 0, 1, DLB_SHOWN);
	store_close(base);
	for (unsigned i = 0; i < 4096; i += i < 2000 ? 7 : 97) {
		struct store *st = store_on(crash_fs_clone(base->disk));
		unsigned which = i % 2;
		/* Beyond the sealed part there is only filling. */
		bool matters = i < 608 + 64 + 2 * 608 + 40;

		crash_fs_flip(st->disk, STORE_PATH, header[which] + i, 0x10);
		if (i % 4 < 2)
			assert_int_equal(
				open_with(st, KEYFILE(file_a)), DLB_OK);
		else
			assert_int_equal(
				open_with(st, KEYFILE(file_b)), DLB_OK);
		assert_int_equal(store_info(st).mended, matters);
		assert_true(store_has(st, 0));
		/* Now the other one is destroyed: the mended one is whole. */
		store_close(st);
		for (unsigned k = 0; k < 4096; k += 50)
			crash_fs_flip(
				st->disk, STORE_PATH, header[!which] + k, 0xa5);
		assert_int_equal(open_with(st, KEYFILE(file_a)), DLB_OK);
		assert_int_equal(open_with(st, KEYFILE(file_b)), DLB_OK);
		store_free(st);
	}
	store_free(base);
}

/* Bytes that follow move the place of the second header that the length says. */
static void
append(struct store *st, uint64_t len)
{
	struct dlb_fs *fs = crash_fs_fs(st->disk);
	uint64_t size = 0;
	struct dlb_file *f;

	assert_int_equal(fs->ops->open(fs, &f, STORE_PATH, DLB_OPEN_WRITE,
				 false, &st->err),
		DLB_OK);
	assert_int_equal(f->ops->size(f, &size, &st->err), DLB_OK);
	assert_int_equal(f->ops->resize(f, size + len, &st->err), DLB_OK);
	f->ops->close(f);
}

static void
a_second_header_is_found_though_bytes_follow(void **state)
{
	static const uint64_t more[] = {
		1, 65535, 65536, 65792, 100000, 20 << 16, 50 << 16};
	uint8_t root[32];

	(void)state;
	for (unsigned i = 0; i < 4 * DLB_ARRAY_LEN(more); i++) {
		struct store *st = i % 4 == 0 ? locked_store(KEYFILE(file_a))
			: i % 4 == 3 ? locked_store(PASS("a passphrase"))
				     : locked_store(DLB_UNLOCK_OPEN, NULL, 0);

		assert_int_equal(i % 4 == 0 ? open_with(st, KEYFILE(file_a))
				: i % 4 == 3
				? open_with(st, PASS("a passphrase"))
				: open_with(st, DLB_UNLOCK_OPEN, NULL, 0),
			DLB_OK);
		dlb_satchel_root(st->s, root);
		store_put(st, 0, 2, DLB_SHOWN);
		store_close(st);
		append(st, more[i / 4]);
		/* All of header 0; of one with a passphrase the key slots are
		 * needed. */
		for (unsigned k = i % 4 == 3 ? 700 : 0; k < 4096; k += 50)
			crash_fs_flip(st->disk, STORE_PATH, k, 0x11);
		for (unsigned k = 0; k < 2; k++) {
			assert_int_equal(i % 4 == 0
					? open_with(st, KEYFILE(file_a))
					: i % 4 == 1 ? open_with(
						  st, DLB_UNLOCK_OPEN, NULL, 0)
					: i % 4 == 2
					? open_with(
						st, DLB_UNLOCK_ROOT, root, 32)
					: open_with(st, PASS("a passphrase")),
				DLB_OK);
			assert_int_equal(store_info(st).mended, k == 0);
			assert_int_equal(store_count(st, 0, 2), 2);
		}
		store_free(st);
	}
}

/* Further away only who is sure of the root key, or has it of a key slot. */
static void
a_far_second_header_is_found_by_who_is_sure(void **state)
{
	struct store *st = *state;
	struct dlb_unlock unlock = {DLB_UNLOCK_ROOT, NULL, 32};
	struct dlb_fs *fs = crash_fs_fs(st->disk);
	uint8_t root[32];

	store_put(st, 0, 2, DLB_SHOWN);
	dlb_satchel_root(st->s, root);
	unlock.secret = root;
	store_close(st);
	append(st, 200 << 16);
	for (unsigned k = 0; k < 4096; k += 50)
		crash_fs_flip(st->disk, STORE_PATH, k, 0x11);
	assert_int_equal(
		open_with(st, DLB_UNLOCK_ROOT, root, 32), DLB_WRONG_KEY);
	assert_int_equal(dlb_satchel_open_damaged(&st->s, fs, STORE_PATH,
				 &unlock, true, 0, &st->seeded.env, &st->err),
		DLB_OK);
	assert_int_equal(store_count(st, 0, 2), 2);
	store_open_ok(st);
}

static void
both_headers_damaged(void **state)
{
	struct store *st = *state;
	uint64_t size = dlb_satchel_size_of(SLOTS);

	store_close(st);
	crash_fs_flip(st->disk, STORE_PATH, 700, 1);
	crash_fs_flip(st->disk, STORE_PATH, size - 4096 + 700, 1);
	assert_int_equal(store_open(st, true), DLB_CORRUPT);
	/* A key slot in the one, the superblock in the other. */
	crash_fs_flip(st->disk, STORE_PATH, 700, 1);
	for (unsigned i = 32; i < 608; i += 72)
		crash_fs_flip(st->disk, STORE_PATH, i, 1);
	assert_int_equal(store_open(st, true), DLB_OK);
	assert_int_equal(store_info(st).mended, 2);
	store_open_ok(st);
	assert_int_equal(store_info(st).mended, 0);
}

static void
a_header_in_a_bad_sector(void **state)
{
	struct store *st = *state;

	store_put(st, 0, 1, DLB_SHOWN);
	crash_fs_bad_range(st->disk, 0, 4096);
	store_open_ok(st);
	assert_true(store_has(st, 0));
	assert_int_equal(store_info(st).mended, 1);
}

/* ---- the tables ----------------------------------------------------------------------------- */

static void
a_flipped_byte_in_a_table_loses_nothing(void **state)
{
	struct store *st = *state;
	struct dlb_layout l = st->s->layout;

	store_put(st, 0, 6, DLB_SHOWN);
	for (unsigned table = 0; table < 2; table++)
		for (uint32_t i = 0; i < l.entries; i++) {
			uint64_t at = l.table[table] + i * 256 + i * 7 % 256;
			struct dlb_entry e;
			bool used = dlb_satchel_entry(st->s, i, &e);

			store_close(st);
			crash_fs_flip(st->disk, STORE_PATH, at, 0x40);
			/* Without mending: nothing is missing. */
			if (i % 8 == 0) {
				assert_int_equal(store_open(st, false), DLB_OK);
				assert_int_equal(store_count(st, 0, 6), 6);
			}
			store_open_ok(st);
			assert_int_equal(store_count(st, 0, 6), 6);
			assert_int_equal(store_info(st).mended, used);
			assert_int_equal(store_info(st).damaged, 0);
			store_open_ok(st);
			assert_int_equal(store_info(st).mended, 0);
		}
}

/* Each table may be lost whole. */
static void
a_lost_table_loses_nothing(void **state)
{
	struct store *st = *state;
	struct dlb_layout l = st->s->layout;

	store_put(st, 0, 6, DLB_SHOWN);
	for (unsigned table = 0; table < 2; table++) {
		store_close(st);
		for (uint64_t i = 0; i < l.table_len; i += 200)
			crash_fs_flip(
				st->disk, STORE_PATH, l.table[table] + i, 1);
		store_open_ok(st);
		assert_int_equal(store_count(st, 0, 6), 6);
		assert_int_equal(store_info(st).mended, 6);
	}
}

static void
a_bad_sector_in_a_table(void **state)
{
	struct store *st = *state;
	struct dlb_layout l = st->s->layout;

	store_put(st, 0, 10, DLB_SHOWN);
	for (unsigned table = 0; table < 2; table++)
		for (uint64_t i = 0; i < l.table_len; i += 4096) {
			crash_fs_bad_range(
				st->disk, l.table[table] + i + 100, 1);
			assert_int_equal(store_open(st, false), DLB_OK);
			assert_int_equal(store_count(st, 0, 10), 10);
			store_open_ok(st);
			assert_int_equal(store_count(st, 0, 10), 10);
		}
	/* The same one of both: it can not be known what is lost. */
	crash_fs_bad_range(
		st->disk, l.table[0] + 4096, l.table[1] - l.table[0] + 4096);
	assert_int_equal(store_open(st, true), DLB_IO);
}

/* One cell's entry is gone from both tables: that cell is lost and no other. */
static void
an_entry_lost_in_both_tables(void **state)
{
	struct store *st = *state;
	struct dlb_layout l = st->s->layout;
	uint32_t number;

	store_put(st, 0, 6, DLB_SHOWN);
	number = store_entry(st, 3).number;
	for (unsigned table = 0; table < 2; table++)
		crash_fs_flip(st->disk, STORE_PATH,
			l.table[table] + number * 256 + table, 1);
	/* While it is open the loss is told. */
	assert_false(store_has(st, 3));
	assert_int_equal(st->err.status, DLB_CORRUPT);
	assert_int_equal(store_info(st).damaged, 1);
	store_open_ok(st);
	assert_int_equal(store_count(st, 0, 6), 5);
	store_put(st, 3, 1, DLB_SHOWN);
}

/* ---- bytes that are not there ----------------------------------------------------------------- */

static void
what_is_cut_off_is_told(void **state)
{
	static const uint64_t cuts[] = {
		1, 100, 4095, 4096, 4097, 30000, 100000, 600000, 1000000};
	struct store *st = *state;
	size_t len;
	uint8_t *bytes;

	store_put(st, 0, 2, DLB_SHOWN);
	store_close(st);
	bytes = crash_fs_get(st->disk, STORE_PATH, &len);
	for (size_t i = 0; i < DLB_ARRAY_LEN(cuts); i++) {
		crash_fs_put(st->disk, STORE_PATH, bytes, len - cuts[i]);
		assert_int_equal(store_open(st, true), DLB_CORRUPT);
		assert_int_equal(store_open(st, false), DLB_CORRUPT);
		assert_non_null(strstr(st->err.msg, "cut off"));
	}
	for (size_t n = 0; n < 6000; n += 500) {
		crash_fs_put(st->disk, STORE_PATH, bytes, n);
		assert_int_equal(store_open(st, true), DLB_CORRUPT);
	}
	/* Bytes too many do no harm. */
	bytes = realloc(bytes, len + 200000);
	memset(bytes + len, 7, 200000);
	crash_fs_put(st->disk, STORE_PATH, bytes, len + 200000);
	store_open_ok(st);
	assert_int_equal(store_count(st, 0, 2), 2);
	assert_int_equal(store_info(st).mended, 0);
	store_close(st);
	crash_fs_put(st->disk, STORE_PATH, bytes, len + 5000);
	crash_fs_flip(st->disk, STORE_PATH, 700, 1);
	store_open_ok(st);
	free(bytes);
}

static void
a_missing_part_is_told(void **state)
{
	struct store *st = store_on(crash_fs_new(1));
	struct dlb_satchel_options o = {
		.slots = SLOTS, .unlock = store_unlock, .span_len = 3 * 65536};
	struct dlb_fs *fs = crash_fs_fs(st->disk);

	(void)state;
	assert_int_equal(dlb_satchel_create(fs, STORE_PATH, &o, &st->seeded.env,
				 NULL, NULL),
		DLB_OK);
	assert_int_equal(dlb_satchel_open(&st->s, fs, STORE_PATH, &store_unlock,
				 true, o.span_len, &st->seeded.env, &st->err),
		DLB_OK);
	store_put(st, 0, 16, DLB_SHOWN);
	store_close(st);
	assert_int_equal(dlb_satchel_open(&st->s, fs, STORE_PATH, &store_unlock,
				 true, o.span_len, &st->seeded.env, &st->err),
		DLB_OK);
	assert_int_equal(store_count(st, 0, 16), 16);
	store_close(st);
	assert_int_equal(fs->ops->remove(fs, STORE_PATH ".3", NULL), DLB_OK);
	assert_int_equal(dlb_satchel_open(&st->s, fs, STORE_PATH, &store_unlock,
				 true, o.span_len, &st->seeded.env, &st->err),
		DLB_CORRUPT);
	crash_fs_put(st->disk, STORE_PATH ".3", "short", 5);
	assert_int_equal(dlb_satchel_open(&st->s, fs, STORE_PATH, &store_unlock,
				 true, o.span_len, &st->seeded.env, &st->err),
		DLB_CORRUPT);
	st->s = NULL;
	store_free(st);
}

/* ---- media that can only be read ---------------------------------------------------------------- */

static void
a_read_only_medium(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_item item = test_item(9, DLB_SHOWN);
	struct dlb_layout l = st->s->layout;
	uint32_t number;

	store_put(st, 0, 4, DLB_SHOWN);
	number = store_entry(st, 2).number;
	store_close(st);
	/* Something to mend, and a header. */
	crash_fs_flip(st->disk, STORE_PATH, l.table[0] + number * 256, 1);
	crash_fs_flip(st->disk, STORE_PATH, 5, 1);
	crash_fs_read_only(st->disk, true);
	assert_int_equal(store_open(st, true), DLB_READ_ONLY);
	assert_int_equal(store_open(st, false), DLB_OK);
	assert_int_equal(store_count(st, 0, 4), 4);
	assert_int_equal(store_put_items(st, &item, 1), DLB_READ_ONLY);
	assert_int_equal(item.result, DLB_FAILED);
	assert_int_equal(store_set(st, 0, 0, 0), DLB_READ_ONLY);
	assert_int_equal(add(st, KEYFILE(file_a)), DLB_READ_ONLY);
	assert_int_equal(store_count(st, 0, 4), 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_its_key_opens),
		cmocka_unit_test(a_given_root_key_is_used),
		cmocka_unit_test(each_added_key_opens),
		TEST(a_second_owner_is_busy),
		TEST(where_there_is_none),
		cmocka_unit_test(one_damaged_header_loses_nothing),
		TEST(a_second_header_is_found_though_bytes_follow),
		TEST(a_far_second_header_is_found_by_who_is_sure),
		TEST(both_headers_damaged),
		TEST(a_header_in_a_bad_sector),
		TEST(a_flipped_byte_in_a_table_loses_nothing),
		TEST(a_lost_table_loses_nothing),
		TEST(a_bad_sector_in_a_table),
		TEST(an_entry_lost_in_both_tables),
		TEST(what_is_cut_off_is_told),
		cmocka_unit_test(a_missing_part_is_told),
		TEST(a_read_only_medium),
	};

	dlb_keyslots_set_test_cost();
	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
