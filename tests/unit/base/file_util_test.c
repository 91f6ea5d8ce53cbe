/* Whole files: loaded within a limit; replaced so that whichever call fails, the
 * old or the new one is there. */
#include "base_test.h"
#include "faulty_fs.h"

static void
replace_ok(struct temp_dir *d, const char *name, const void *data, size_t len)
{
	struct dlb_error err = {0};

	if (dlb_file_replace(dlb_fs_posix(), in_dir(d, name), data, len, &err)
		!= DLB_OK)
		fail_msg("%s", err.msg);
	assert_string_equal(err.msg, "");
}

static void
directories_of_paths(void **state)
{
	static const char *const pairs[][2] = {{"a", "."}, {"a/b", "a"},
		{"/a", "/"}, {"/a/b", "/a"}, {"./a", "."}, {"", "."},
		{"a/b/c.new", "a/b"}};
	char out[8];

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(pairs); i++) {
		assert_int_equal(
			dlb_path_dir(out, sizeof(out), pairs[i][0]), DLB_OK);
		assert_string_equal(out, pairs[i][1]);
	}
	assert_int_equal(dlb_path_dir(out, sizeof(out), "1234567/x"), DLB_OK);
	assert_int_equal(
		dlb_path_dir(out, sizeof(out), "12345678/x"), DLB_LIMIT);
	assert_int_equal(dlb_path_dir(out, 1, "a"), DLB_LIMIT);
}

static void
what_is_replaced_is_loaded(void **state)
{
	struct dlb_fs *fs = dlb_fs_posix();
	struct dlb_buf b = {0};
	struct dlb_error err = {0};

	replace_ok(*state, "f", "first", 5);
	assert_int_equal(
		dlb_file_load(&b, fs, in_dir(*state, "f"), 5, &err), DLB_OK);
	assert_int_equal(b.len, 5);
	assert_memory_equal(b.data, "first", 5);
	replace_ok(*state, "f", "2nd", 3);
	assert_int_equal(
		dlb_file_load(&b, fs, in_dir(*state, "f"), 5, &err), DLB_OK);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.data, "2nd", 3);
	replace_ok(*state, "f", NULL, 0);
	assert_int_equal(
		dlb_file_load(&b, fs, in_dir(*state, "f"), 0, &err), DLB_OK);
	assert_int_equal(b.len, 0);
	assert_non_null(b.data);
	assert_int_equal(count_files(*state), 1);
	dlb_buf_free(&b);
}

static void
load_keeps_its_limit(void **state)
{
	struct dlb_fs *fs = dlb_fs_posix();
	struct dlb_buf b = {0};
	struct dlb_error err = {0};

	replace_ok(*state, "f", "12345", 5);
	assert_int_equal(dlb_buf_append(&b, "old", 3), DLB_OK);
	assert_int_equal(
		dlb_file_load(&b, fs, in_dir(*state, "f"), 4, &err), DLB_LIMIT);
	assert_int_equal(b.len, 0);
	assert_null(b.data);
	assert_non_null(strstr(err.msg, "5 bytes"));
	assert_int_equal(dlb_file_load(&b, fs, in_dir(*state, "g"), 4, &err),
		DLB_NOT_FOUND);
	assert_null(b.data);
}

/* Each call of the load fails once; nothing is handed out then. */
static void
a_failed_load_gives_nothing(void **state)
{
	unsigned at = 0;
	enum dlb_status s;

	replace_ok(*state, "f", "12345", 5);
	do {
		struct dlb_buf b = {0};
		struct faulty_fs fs;

		faulty_fs_init(&fs, ++at, false);
		s = dlb_file_load(&b, &fs.fs, in_dir(*state, "f"), 5, NULL);
		assert_int_equal(b.len, s == DLB_OK ? 5 : 0);
		assert_true((b.data != NULL) == (s == DLB_OK));
		assert_int_equal(fs.open_files, 0);
		dlb_buf_free(&b);
	} while (s != DLB_OK);
	assert_int_equal(at, 4);
}

static void
long_paths_are_refused(void **state)
{
	struct dlb_fs *fs = dlb_fs_posix();
	struct dlb_file *f = NULL;
	struct dlb_error err = {0};
	char path[PATH_MAX + 1];

	(void)state;
	for (size_t len = PATH_MAX - 4; len <= PATH_MAX; len++) {
		memset(path, 'a', len);
		path[len] = '\0';
		assert_int_equal(
			dlb_file_replace(fs, path, "x", 1, &err), DLB_LIMIT);
	}
	assert_int_equal(dlb_span_create(&f, fs, path, 1, 16, &err), DLB_LIMIT);
	assert_int_equal(
		dlb_span_open(&f, fs, path, false, 16, &err), DLB_LIMIT);
	assert_int_equal(dlb_span_remove(fs, path, &err), DLB_LIMIT);
	assert_null(f);
}

static void
what_a_crash_left_is_no_hindrance(void **state)
{
	struct dlb_buf b = {0};

	replace_ok(*state, "f.new", "half", 4);
	replace_ok(*state, "f", "whole", 5);
	assert_int_equal(dlb_file_load(&b, dlb_fs_posix(), in_dir(*state, "f"),
				 100, NULL),
		DLB_OK);
	assert_memory_equal(b.data, "whole", 5);
	assert_false(is_there(*state, "f.new"));
	dlb_buf_free(&b);
}

/* One attempt with the call `at` failing; whether it went well all the same. */
static bool
replace_with_fault(struct temp_dir *d, unsigned at, bool for_good)
{
	struct faulty_fs fs;
	struct dlb_buf b = {0};
	struct dlb_error err = {0};
	enum dlb_status s;

	replace_ok(d, "f", "old", 3);
	faulty_fs_init(&fs, at, for_good);
	s = dlb_file_replace(&fs.fs, in_dir(d, "f"), "new!", 4, &err);
	assert_int_equal(fs.open_files, 0);
	assert_int_equal(
		dlb_file_load(&b, dlb_fs_posix(), in_dir(d, "f"), 100, NULL),
		DLB_OK);
	if (s == DLB_OK) {
		assert_int_equal(b.len, 4);
		assert_memory_equal(b.data, "new!", 4);
		assert_int_equal(fs.syncs, 1);
	} else {
		assert_int_equal(s, DLB_IO);
		assert_int_equal(err.status, DLB_IO);
		assert_int_equal(b.len, 3);
		assert_memory_equal(b.data, "old", 3);
		assert_true(for_good || !is_there(d, "f.new"));
	}
	dlb_buf_free(&b);
	return s == DLB_OK;
}

static void
whichever_call_fails(void **state)
{
	for (int for_good = 0; for_good < 2; for_good++) {
		unsigned at = 1;

		while (!replace_with_fault(*state, at, for_good))
			at++;
		/* remove, open, write, sync, rename. */
		assert_int_equal(at, 6);
	}
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(f, temp_dir_setup, temp_dir_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(directories_of_paths),
		T(what_is_replaced_is_loaded),
		T(load_keeps_its_limit),
		T(a_failed_load_gives_nothing),
		T(long_paths_are_refused),
		T(what_a_crash_left_is_no_hindrance),
		T(whichever_call_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
