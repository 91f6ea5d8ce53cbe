/*
 * Finding a box on a stick or in a directory.
 */
#include "carrier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Each test's own directory, under which `at` makes paths. */
struct fixture {
	char dir[64];
	struct dlb_error err;
	struct dlb_stick stick;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/dlb-stick-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[256];

	snprintf(command, sizeof(command), "chmod -R u+rwX %s; rm -rf %s",
		f->dir, f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

/* The last four stay as they are. */
static const char *
at(const struct fixture *f, const char *name)
{
	static char paths[4][512];
	static unsigned next;
	char *p = paths[next++ % DLB_ARRAY_LEN(paths)];

	assert_true(snprintf(p, sizeof(paths[0]), "%s/%s", f->dir, name) < 512);
	return p;
}

static void
make_file(struct fixture *f, const char *name, off_t len)
{
	FILE *out = fopen(at(f, name), "w");

	assert_non_null(out);
	assert_int_equal(ftruncate(fileno(out), len), 0);
	fclose(out);
}

static enum dlb_status
locate(struct fixture *f, const char *where)
{
	return dlb_stick_locate(&f->stick, dlb_fs_posix(), where, &f->err);
}

static void
test_in_directory(void **state)
{
	struct fixture *f = *state;

	make_file(f, "holiday.dlb", DLB_STICK_BOX_LEN_MIN + 12345);
	make_file(f, "holiday.dlb.1", 1000);
	make_file(f, "holiday.dlb.2", 10);
	make_file(f, ".hidden.dlb", DLB_STICK_BOX_LEN_MIN);
	make_file(f, "._holiday.dlb", DLB_STICK_BOX_LEN_MIN);
	make_file(f, "short.dlb", 4096);
	make_file(f, ".dlb", DLB_STICK_BOX_LEN_MIN);
	make_file(f, "other.img", DLB_STICK_BOX_LEN_MIN);
	assert_int_equal(mkdir(at(f, "dir.dlb"), 0700), 0);
	assert_int_equal(symlink("holiday.dlb", at(f, "link.dlb")), 0);
	assert_int_equal(locate(f, f->dir), DLB_OK);
	assert_string_equal(f->stick.path, at(f, "holiday.dlb"));
	assert_true(f->stick.exists);
	assert_false(f->stick.read_only);
	assert_int_equal(f->stick.size, DLB_STICK_BOX_LEN_MIN + 12345 + 1010);
	assert_true(f->stick.free > 0);
	assert_int_equal(dlb_stick_require(&f->stick, &f->err), DLB_OK);
	/* A slash at the end does not double. */
	assert_int_equal(locate(f, at(f, "")), DLB_OK);
	assert_string_equal(f->stick.path, at(f, "holiday.dlb"));
}

static void
test_by_path(void **state)
{
	struct fixture *f = *state;

	/* Whoever names a file means it, whatever it is called. */
	make_file(f, "anything", 100);
	assert_int_equal(locate(f, at(f, "anything")), DLB_OK);
	assert_true(f->stick.exists);
	assert_int_equal(f->stick.size, 100);
}

static void
test_link_is_resolved(void **state)
{
	struct fixture *f = *state;
	char real[4096];

	make_file(f, "box.dlb", DLB_STICK_BOX_LEN_MIN);
	assert_int_equal(symlink("box.dlb", at(f, "my-box")), 0);
	assert_int_equal(locate(f, at(f, "my-box")), DLB_OK);
	assert_non_null(realpath(at(f, "box.dlb"), real));
	assert_string_equal(f->stick.path, real);
}

static void
test_none_yet(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(locate(f, f->dir), DLB_OK);
	assert_false(f->stick.exists);
	assert_string_equal(f->stick.path, at(f, DLB_STICK_BOX_NAME));
	assert_int_equal(f->stick.size, 0);
	assert_int_equal(dlb_stick_require(&f->stick, &f->err), DLB_NOT_FOUND);
	assert_non_null(strstr(f->err.msg, "dlb box create "));
	assert_int_equal(locate(f, at(f, "new.dlb")), DLB_OK);
	assert_false(f->stick.exists);
	assert_string_equal(f->stick.path, at(f, "new.dlb"));
}

static void
test_nothing_there(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(locate(f, at(f, "gone")), DLB_NOT_FOUND);
	assert_non_null(strstr(f->err.msg, "gone"));
	assert_non_null(strstr(f->err.msg, "dlb box create"));
	assert_int_equal(locate(f, at(f, "gone/box.dlb")), DLB_NOT_FOUND);
	make_file(f, "file", 1);
	assert_int_equal(locate(f, at(f, "file/box.dlb")), DLB_NOT_FOUND);
	assert_int_equal(locate(f, ""), DLB_USAGE);
}

static void
test_several(void **state)
{
	struct fixture *f = *state;

	make_file(f, "one.dlb", DLB_STICK_BOX_LEN_MIN);
	make_file(f, "two.dlb", DLB_STICK_BOX_LEN_MIN);
	assert_int_equal(locate(f, f->dir), DLB_USAGE);
	assert_non_null(strstr(f->err.msg, "one.dlb"));
	assert_non_null(strstr(f->err.msg, "two.dlb"));
}

static void
test_many(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < DLB_STICK_BOXES_MAX + 10; i++) {
		char name[256];

		snprintf(name, sizeof(name), "box with a long name %080u.dlb",
			i);
		make_file(f, name, DLB_STICK_BOX_LEN_MIN);
	}
	assert_int_equal(locate(f, f->dir), DLB_USAGE);
	assert_true(strlen(f->err.msg) < sizeof(f->err.msg) - 1);
	assert_non_null(strstr(f->err.msg, ", ...)"));
}

static void
test_left_over(void **state)
{
	struct fixture *f = *state;

	make_file(f, DLB_STICK_BOX_NAME, 4096);
	assert_int_equal(locate(f, f->dir), DLB_CORRUPT);
	assert_non_null(strstr(f->err.msg, DLB_STICK_BOX_NAME));
}

/* What is no file is no box, and no place for one either: in the directory, and where
 * it is named itself. */
static void
test_no_file(void **state)
{
	struct fixture *f = *state;
	const char *box = at(f, DLB_STICK_BOX_NAME);

	for (int kind = 0; kind < 3; kind++) {
		assert_int_equal(kind == 0  ? mkfifo(box, 0600)
				: kind == 1 ? symlink("nowhere", box)
					    : mkdir(box, 0700),
			0);
		assert_int_equal(locate(f, f->dir), DLB_REFUSED);
		assert_non_null(strstr(f->err.msg, "is no box"));
		/* A directory is looked into. */
		assert_int_equal(
			locate(f, box), kind == 2 ? DLB_OK : DLB_REFUSED);
		assert_int_equal(remove(box), 0);
	}
	/* A link that a person names leads to a box or to nothing. */
	make_file(f, "other.dlb", DLB_STICK_BOX_LEN_MIN);
	assert_int_equal(symlink("other.dlb", box), 0);
	assert_int_equal(locate(f, box), DLB_OK);
	assert_true(f->stick.exists);
}

/* Names from a stick do not reach a terminal as they are. */
static void
test_names_are_printable(void **state)
{
	struct fixture *f = *state;

	make_file(f, "a\033[2J.dlb", DLB_STICK_BOX_LEN_MIN);
	make_file(f, "b\n.dlb", DLB_STICK_BOX_LEN_MIN);
	assert_int_equal(locate(f, f->dir), DLB_USAGE);
	assert_null(strchr(f->err.msg, '\033'));
	assert_null(strchr(f->err.msg, '\n'));
}

/* Root may write everything: there the test asks as another user. */
static void
test_read_only_file(void **state)
{
	struct fixture *f = *state;
	bool root = geteuid() == 0;
	enum dlb_status in_file, in_dir;
	bool file_read_only, dir_read_only;

	make_file(f, "box.dlb", DLB_STICK_BOX_LEN_MIN);
	assert_int_equal(chmod(at(f, "box.dlb"), 0444), 0);
	assert_int_equal(mkdir(at(f, "empty"), 0555), 0);
	assert_int_equal(chmod(f->dir, 0755), 0);
	if (root && seteuid(65534) != 0)
		skip();
	in_file = locate(f, f->dir);
	file_read_only = f->stick.read_only;
	in_dir = locate(f, at(f, "empty"));
	dir_read_only = f->stick.read_only;
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(in_file, DLB_OK);
	assert_true(file_read_only);
	assert_int_equal(in_dir, DLB_OK);
	assert_true(dir_read_only);
}

static void
test_too_long(void **state)
{
	struct fixture *f = *state;
	char long_path[5000];

	memset(long_path, 'a', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_not_equal(locate(f, long_path), DLB_OK);
	assert_true(f->err.msg[0] != '\0');
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_in_directory),
		TEST(test_by_path),
		TEST(test_link_is_resolved),
		TEST(test_none_yet),
		TEST(test_nothing_there),
		TEST(test_several),
		TEST(test_many),
		TEST(test_left_over),
		TEST(test_no_file),
		TEST(test_names_are_printable),
		TEST(test_read_only_file),
		TEST(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
