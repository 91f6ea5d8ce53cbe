/* The life of a letterbox: what is kept, what is undone, who may open it, and what
 * of it a disk sees. */
#include "letterbox_test.h"

static void
set(struct dlb_letterbox *l, const char *key, int64_t v)
{
	assert_ok(dlb_setting_set_int(l, key, v, NULL));
}

static int64_t
get(struct dlb_letterbox *l, const char *key)
{
	int64_t v;

	return dlb_setting_get_int(l, key, &v) == DLB_OK ? v : -1;
}

static void
what_is_committed_stays(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_identity id = *dlb_letterbox_identity(l);

	set(l, "kept", 1);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	set(l, "lost", 2);
	l = fixture_reopen(f, l);
	assert_true(dlb_letterbox_is_person(l));
	assert_memory_equal(dlb_letterbox_identity(l), &id, sizeof(id));
	assert_int_equal(get(l, "kept"), 1);
	assert_int_equal(get(l, "lost"), -1);
	dlb_letterbox_close(l);
}

static void
what_is_rolled_back_is_gone(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);

	set(l, "one", 1);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	set(l, "one", 2);
	set(l, "two", 2);
	assert_ok(dlb_letterbox_rollback(l, &f->err));
	assert_int_equal(get(l, "one"), 1);
	assert_int_equal(get(l, "two"), -1);
	assert_ok(dlb_letterbox_rollback(l, &f->err));
	set(l, "three", 3);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	assert_int_equal(get(l, "one"), 1);
	assert_int_equal(get(l, "three"), 3);
	dlb_letterbox_close(l);
}

static void
a_second_is_not_made(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");

	dlb_letterbox_close(l);
	assert_int_equal(dlb_letterbox_create(&l, dlb_fs_posix(), f->dir,
				 &f->unlock, true, "bob", &f->env.env, &f->err),
		DLB_EXISTS);
	assert_null(l);
	dlb_letterbox_close(fixture_open(f));
}

static void
none_is_said_so(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l;

	assert_int_equal(dlb_letterbox_open(&l, dlb_fs_posix(), f->dir,
				 &f->unlock, &f->env.env, &f->err),
		DLB_NOT_FOUND);
	assert_null(l);
}

static void
only_its_secrets_open_it(void **state)
{
	struct fixture *f = *state;
	struct dlb_unlock wrong = f->unlock,
			  word = {DLB_UNLOCK_PASSPHRASE, "correct horse", 13},
			  none = {DLB_UNLOCK_OPEN, NULL, 0};
	struct dlb_letterbox *l = fixture_create(f, "ann");

	dlb_keyslots_set_test_cost();
	wrong.len--;
	assert_ok(dlb_letterbox_add_unlock(l, &word, &f->err));
	assert_ok(dlb_letterbox_rollback(l, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	dlb_letterbox_close(l);
	assert_int_equal(dlb_letterbox_open(&l, dlb_fs_posix(), f->dir, &wrong,
				 &f->env.env, &f->err),
		DLB_WRONG_KEY);
	assert_int_equal(dlb_letterbox_open(&l, dlb_fs_posix(), f->dir, &word,
				 &f->env.env, &f->err),
		DLB_WRONG_KEY);
	assert_int_equal(dlb_letterbox_open(&l, dlb_fs_posix(), f->dir, &none,
				 &f->env.env, &f->err),
		DLB_WRONG_KEY);
	l = fixture_open(f);
	assert_ok(dlb_letterbox_add_unlock(l, &word, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	dlb_letterbox_close(l);
	assert_ok(dlb_letterbox_open(
		&l, dlb_fs_posix(), f->dir, &word, &f->env.env, &f->err));
	l = fixture_reopen(f, l);
	/* All eight slots, and no ninth. */
	for (int i = 0; i < 6; i++)
		assert_ok(dlb_letterbox_add_unlock(l, &none, &f->err));
	assert_int_equal(dlb_letterbox_add_unlock(l, &none, &f->err), DLB_FULL);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	dlb_letterbox_close(l);
	assert_ok(dlb_letterbox_open(
		&l, dlb_fs_posix(), f->dir, &none, &f->env.env, &f->err));
	l = fixture_reopen(f, l);
	dlb_letterbox_close(l);
}

static void
load(struct dlb_buf *out, struct fixture *f, const char *name)
{
	assert_ok(dlb_file_load(
		out, dlb_fs_posix(), fixture_path(f, name), 64 << 20, &f->err));
}

static void
store(struct fixture *f, const char *name, const struct dlb_buf *b, size_t len)
{
	assert_ok(dlb_file_replace(
		dlb_fs_posix(), fixture_path(f, name), b->data, len, &f->err));
}

/* Every byte but those of unused key slots; a few of the many. */
static void
a_flipped_byte_is_found(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf file = {0};
	struct dlb_letterbox *l = fixture_create(f, "ann");
	size_t unnoticed = 0;

	dlb_letterbox_close(l);
	load(&file, f, "letterbox");
	for (size_t i = 0; i < file.len; i += i < 720 ? 7 : 9973) {
		enum dlb_status s;

		file.data[i] ^= 1;
		store(f, "letterbox", &file, file.len);
		dlb_error_clear(&f->err);
		s = dlb_letterbox_open(&l, dlb_fs_posix(), f->dir, &f->unlock,
			&f->env.env, &f->err);
		if (s == DLB_OK) {
			assert_true(i >= 32 && i < DLB_KEYSLOTS_LEN);
			unnoticed++;
		} else {
			assert_true(s == DLB_CORRUPT
				|| (s == DLB_WRONG_KEY
					&& i < DLB_KEYSLOTS_LEN));
			assert_true(f->err.msg[0] != '\0');
			assert_null(l);
		}
		dlb_letterbox_close(l);
		file.data[i] ^= 1;
	}
	assert_true(unnoticed < DLB_KEYSLOTS_LEN / 7);
	store(f, "letterbox", &file, file.len);
	dlb_letterbox_close(fixture_open(f));
	dlb_buf_free(&file);
}

static void
a_cut_file_is_found(void **state)
{
	static const size_t lens[] = {
		0, 1, 31, 607, 608, 711, 712, 4096, 100000};
	struct fixture *f = *state;
	struct dlb_buf file = {0};
	struct dlb_letterbox *l = fixture_create(f, "ann");

	dlb_letterbox_close(l);
	load(&file, f, "letterbox");
	for (size_t i = 0; i <= DLB_ARRAY_LEN(lens); i++) {
		size_t len = i < DLB_ARRAY_LEN(lens) ? lens[i] : file.len - 1;

		store(f, "letterbox", &file, len);
		assert_int_equal(dlb_letterbox_open(&l, dlb_fs_posix(), f->dir,
					 &f->unlock, &f->env.env, &f->err),
			DLB_CORRUPT);
	}
	dlb_buf_free(&file);
}

/* No name, no word of a letter, no SQLite; nor who has a person in it. */
static void
nothing_on_the_disk_is_clear(void **state)
{
	static const char *const words[] = {"a plain summary", "ann-the-name",
		"SQLite format", "CREATE TABLE", "letters_in", "DLBC",
		"a value"};
	static const char *const names[] = {"letterbox", "ring"};
	struct fixture *f = *state;
	struct dlb_out_letter letter = {.to = 1, .summary = "a plain summary"};
	struct dlb_letterbox *l = fixture_create(f, "ann-the-name");
	struct dlb_buf file = {0};
	size_t count[256] = {0}, total = 0;
	DIR *dir;
	struct dirent *e;

	assert_ok(dlb_out_add(l, &letter, &f->err));
	assert_ok(dlb_setting_set_text(l, "k", "a value", &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	dlb_letterbox_close(l);
	for (size_t i = 0; i < DLB_ARRAY_LEN(names); i++) {
		load(&file, f, names[i]);
		for (size_t j = 0; j < DLB_ARRAY_LEN(words); j++)
			assert_null(memmem(file.data, file.len, words[j],
				strlen(words[j])));
		for (size_t j = 0; j < file.len; j++)
			count[file.data[j]]++;
		total += file.len;
	}
	for (size_t i = 0; i < 256; i++)
		assert_in_range(
			count[i], total / 256 * 8 / 10, total / 256 * 12 / 10);
	dir = opendir(f->dir);
	while ((e = readdir(dir)))
		assert_true(e->d_name[0] == '.'
			|| strcmp(e->d_name, "letterbox") == 0
			|| strcmp(e->d_name, "ring") == 0);
	closedir(dir);
	dlb_buf_free(&file);
}

static void
a_courier_looks_like_a_person(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_buf file = {0};
	size_t lens[2];

	dlb_letterbox_close(l);
	load(&file, f, "letterbox");
	lens[0] = file.len;
	load(&file, f, "ring");
	lens[1] = file.len;
	unlink(fixture_path(f, "letterbox"));
	l = fixture_create(f, NULL);
	assert_false(dlb_letterbox_is_person(l));
	dlb_letterbox_close(l);
	load(&file, f, "letterbox");
	assert_int_equal(file.len, lens[0]);
	load(&file, f, "ring");
	assert_int_equal(file.len, lens[1]);
	dlb_buf_free(&file);
}

static void
a_courier_becomes_a_person(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_buf card = {0};

	assert_int_equal(
		dlb_letterbox_card(l, false, &card, &f->err), DLB_REFUSED);
	assert_int_equal(
		dlb_letterbox_make_person(l, "a/b", &f->err), DLB_MALFORMED);
	assert_ok(dlb_letterbox_make_person(l, "ann", &f->err));
	assert_ok(dlb_letterbox_rollback(l, &f->err));
	assert_false(dlb_letterbox_is_person(l));
	assert_ok(dlb_letterbox_make_person(l, "ann", &f->err));
	assert_int_equal(
		dlb_letterbox_make_person(l, "ann", &f->err), DLB_EXISTS);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	assert_true(dlb_letterbox_is_person(l));
	assert_int_equal(dlb_letterbox_lost_keys(l), 0);
	assert_ok(dlb_letterbox_card(l, false, &card, &f->err));
	dlb_buf_free(&card);
	dlb_letterbox_close(l);
}

/* The directory goes away under it: the commit fails, and may be tried again or
 * undone. */
static void
a_failed_commit_is_retried_or_undone(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	char away[80];

	snprintf(away, sizeof(away), "%s-away", f->dir);
	set(l, "one", 1);
	assert_int_equal(rename(f->dir, away), 0);
	assert_int_not_equal(dlb_letterbox_commit(l, &f->err), DLB_OK);
	assert_int_not_equal(dlb_letterbox_commit(l, &f->err), DLB_OK);
	assert_int_equal(rename(away, f->dir), 0);
	set(l, "two", 2);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	set(l, "two", 3);
	assert_int_equal(rename(f->dir, away), 0);
	assert_int_not_equal(dlb_letterbox_commit(l, &f->err), DLB_OK);
	assert_int_not_equal(dlb_letterbox_rollback(l, &f->err), DLB_OK);
	assert_int_equal(rename(away, f->dir), 0);
	set(l, "four", 4);
	assert_ok(dlb_letterbox_rollback(l, &f->err));
	assert_int_equal(get(l, "one"), 1);
	assert_int_equal(get(l, "two"), 2);
	assert_int_equal(get(l, "four"), -1);
	set(l, "five", 5);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	assert_int_equal(get(l, "two"), 2);
	assert_int_equal(get(l, "five"), 5);
	dlb_letterbox_close(l);
}

static void
values_have_types_and_limits(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	char text[1002], out[1001];
	uint8_t blob[4097] = {1, 2, 3}, back[4096];
	int64_t v;

	memset(text, 'x', sizeof(text));
	text[1001] = '\0';
	assert_int_equal(
		dlb_setting_set_text(l, "t", text, &f->err), DLB_LIMIT);
	text[1000] = '\0';
	assert_ok(dlb_setting_set_text(l, "t", text, &f->err));
	assert_ok(dlb_setting_get_text(l, "t", out, sizeof(out)));
	assert_string_equal(out, text);
	assert_int_equal(
		dlb_setting_get_text(l, "t", out, 1000), DLB_MALFORMED);
	assert_string_equal(out, "");
	assert_int_equal(dlb_setting_get_int(l, "t", &v), DLB_MALFORMED);
	assert_int_equal(
		dlb_setting_set_text(l, "t", "\xff", &f->err), DLB_MALFORMED);
	assert_int_equal(
		dlb_setting_set_blob(l, "b", blob, 4097, &f->err), DLB_LIMIT);
	assert_ok(dlb_setting_set_blob(l, "b", blob, 4096, &f->err));
	assert_ok(dlb_setting_get_blob(l, "b", back, 4096));
	assert_memory_equal(blob, back, 4096);
	assert_int_equal(
		dlb_setting_get_blob(l, "b", back, 4095), DLB_MALFORMED);
	assert_ok(dlb_setting_set_blob(l, "e", blob, 0, &f->err));
	assert_ok(dlb_setting_get_blob(l, "e", back, 0));
	assert_int_equal(
		dlb_setting_get_blob(l, "none", back, 1), DLB_NOT_FOUND);
	assert_ok(dlb_setting_set_int(l, "i", INT64_MIN, &f->err));
	assert_ok(dlb_setting_get_int(l, "i", &v));
	assert_true(v == INT64_MIN);
	/* The letterbox's own values have no name here. */
	assert_int_equal(
		dlb_setting_get_int(l, "highest time", &v), DLB_NOT_FOUND);
	assert_int_equal(dlb_setting_set_int(l, "", 1, &f->err), DLB_MALFORMED);
	assert_int_equal(
		dlb_setting_set_int(l, "a\nb", 1, &f->err), DLB_MALFORMED);
	dlb_letterbox_close(l);
}

int
main(void)
{
#define TEST(t)                                                                \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_committed_stays),
		TEST(what_is_rolled_back_is_gone),
		TEST(a_second_is_not_made),
		TEST(none_is_said_so),
		TEST(only_its_secrets_open_it),
		TEST(a_flipped_byte_is_found),
		TEST(a_cut_file_is_found),
		TEST(nothing_on_the_disk_is_clear),
		TEST(a_courier_looks_like_a_person),
		TEST(a_courier_becomes_a_person),
		TEST(a_failed_commit_is_retried_or_undone),
		TEST(values_have_types_and_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
