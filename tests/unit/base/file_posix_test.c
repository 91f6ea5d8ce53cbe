/* Files on the disk: what is refused, what is locked, what comes back. */
#include "base_test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct dlb_file *
open_ok(const char *path, enum dlb_open_mode mode, bool lock)
{
	struct dlb_fs *fs = dlb_fs_posix();
	struct dlb_file *f = NULL;
	struct dlb_error err = {0};

	if (fs->ops->open(fs, &f, path, mode, lock, &err) != DLB_OK)
		fail_msg("%s", err.msg);
	return f;
}

static void
open_fails(const char *path, enum dlb_open_mode mode, bool lock,
	enum dlb_status want)
{
	struct dlb_fs *fs = dlb_fs_posix();
	struct dlb_file *f = (struct dlb_file *)fs;
	struct dlb_error err = {0};

	assert_int_equal(fs->ops->open(fs, &f, path, mode, lock, &err), want);
	assert_null(f);
	assert_int_equal(err.status, want);
	assert_non_null(strstr(err.msg, path));
}

static void
what_is_written_is_read(void **state)
{
	struct dlb_file *f =
		open_ok(in_dir(*state, "f"), DLB_OPEN_CREATE, false);
	struct dlb_error err;
	uint64_t size;
	char out[5];

	assert_int_equal(f->ops->write_at(f, "hello", 5, 100, &err), DLB_OK);
	assert_int_equal(f->ops->size(f, &size, &err), DLB_OK);
	assert_int_equal(size, 105);
	f->ops->hint_flush(f, 0, 105);
	f->ops->hint_read(f, 0, 105);
	f->ops->hint_flush(f, UINT64_MAX, 1);
	f->ops->hint_read(f, 1, UINT64_MAX);
	assert_int_equal(f->ops->sync(f, &err), DLB_OK);
	assert_int_equal(f->ops->read_at(f, out, 5, 100, &err), DLB_OK);
	assert_memory_equal(out, "hello", 5);
	assert_int_equal(f->ops->read_at(f, out, 5, 0, &err), DLB_OK);
	assert_memory_equal(out, "\0\0\0\0\0", 5);
	f->ops->close(f);
	f = open_ok(in_dir(*state, "f"), DLB_OPEN_WRITE, false);
	assert_int_equal(f->ops->write_at(f, "J", 1, 100, &err), DLB_OK);
	f->ops->close(f);
	f = open_ok(in_dir(*state, "f"), DLB_OPEN_READ, false);
	assert_int_equal(f->ops->read_at(f, out, 5, 100, &err), DLB_OK);
	assert_memory_equal(out, "Jello", 5);
	assert_int_equal(f->ops->write_at(f, "x", 1, 0, &err), DLB_IO);
	assert_int_equal(err.sys_errno, EBADF);
	f->ops->close(f);
}

static void
short_files_are_corrupt(void **state)
{
	struct dlb_file *f =
		open_ok(in_dir(*state, "f"), DLB_OPEN_CREATE, false);
	struct dlb_error err;
	char out[8];

	assert_int_equal(f->ops->write_at(f, "abc", 3, 0, &err), DLB_OK);
	assert_int_equal(f->ops->read_at(f, out, 4, 0, &err), DLB_CORRUPT);
	assert_int_equal(f->ops->read_at(f, out, 1, 3, &err), DLB_CORRUPT);
	assert_int_equal(f->ops->read_at(f, out, 0, 3, &err), DLB_OK);
	assert_int_equal(
		f->ops->read_at(f, out, 8, UINT64_MAX - 3, &err), DLB_CORRUPT);
	assert_int_equal(
		f->ops->read_at(f, out, 8, INT64_MAX - 3, &err), DLB_CORRUPT);
	assert_int_equal(
		f->ops->write_at(f, out, 8, UINT64_MAX - 3, &err), DLB_LIMIT);
	assert_int_equal(f->ops->resize(f, UINT64_MAX, &err), DLB_LIMIT);
	f->ops->close(f);
}

static void
resize_grows_with_zeros_and_cuts(void **state)
{
	struct dlb_file *f =
		open_ok(in_dir(*state, "f"), DLB_OPEN_CREATE, false);
	struct dlb_error err;
	struct stat st;
	uint64_t size;
	char out[3];

	assert_int_equal(f->ops->write_at(f, "abc", 3, 0, &err), DLB_OK);
	assert_int_equal(f->ops->resize(f, 1, &err), DLB_OK);
	assert_int_equal(f->ops->resize(f, 1 << 30, &err), DLB_OK);
	assert_int_equal(f->ops->read_at(f, out, 3, 0, &err), DLB_OK);
	assert_memory_equal(out, "a\0\0", 3);
	assert_int_equal(f->ops->size(f, &size, &err), DLB_OK);
	assert_int_equal(size, 1 << 30);
	assert_int_equal(stat(in_dir(*state, "f"), &st), 0);
	assert_true(st.st_blocks * 512 < 1 << 20);
	assert_int_equal(st.st_mode & 07777, 0600);
	f->ops->close(f);
}

/* The kernel's limit of a file's length stands for a medium that is full. */
static void
a_medium_s_limit_is_told(void **state)
{
	struct dlb_file *f =
		open_ok(in_dir(*state, "f"), DLB_OPEN_CREATE, false);
	struct rlimit before, limit;
	struct dlb_error err;
	char data[100] = {0};

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 50;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(f->ops->resize(f, 51, &err), DLB_LIMIT);
	/* The first half is written, the rest reported. */
	assert_int_equal(f->ops->write_at(f, data, 100, 0, &err), DLB_IO);
	assert_int_equal(err.sys_errno, EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	f->ops->close(f);
}

static void
open_modes(void **state)
{
	struct dlb_file *f;

	open_fails(in_dir(*state, "f"), DLB_OPEN_READ, false, DLB_NOT_FOUND);
	open_fails(in_dir(*state, "f"), DLB_OPEN_WRITE, true, DLB_NOT_FOUND);
	f = open_ok(in_dir(*state, "f"), DLB_OPEN_CREATE, false);
	f->ops->close(f);
	open_fails(in_dir(*state, "f"), DLB_OPEN_CREATE, false, DLB_EXISTS);
	open_fails(
		in_dir(*state, "x/y"), DLB_OPEN_CREATE, false, DLB_NOT_FOUND);
}

static void
only_plain_files(void **state)
{
	struct dlb_file *f;
	char target[NAME_MAX + 66];

	snprintf(target, sizeof(target), "%s", in_dir(*state, "f"));
	f = open_ok(target, DLB_OPEN_CREATE, false);
	f->ops->close(f);
	assert_int_equal(symlink(target, in_dir(*state, "link")), 0);
	open_fails(in_dir(*state, "link"), DLB_OPEN_READ, false, DLB_REFUSED);
	open_fails(in_dir(*state, "link"), DLB_OPEN_WRITE, true, DLB_REFUSED);
	open_fails(in_dir(*state, "link"), DLB_OPEN_CREATE, true, DLB_EXISTS);
	assert_int_equal(mkdir(in_dir(*state, "dir"), 0700), 0);
	open_fails(in_dir(*state, "dir"), DLB_OPEN_READ, false, DLB_REFUSED);
	open_fails(in_dir(*state, "dir"), DLB_OPEN_WRITE, false, DLB_REFUSED);
	/* Neither end of a pipe waits for the other. */
	assert_int_equal(mkfifo(in_dir(*state, "pipe"), 0600), 0);
	open_fails(in_dir(*state, "pipe"), DLB_OPEN_READ, false, DLB_REFUSED);
	open_fails(in_dir(*state, "pipe"), DLB_OPEN_WRITE, false, DLB_REFUSED);
	open_fails("/dev/null", DLB_OPEN_READ, false, DLB_REFUSED);
}

static void
one_lock_at_a_time(void **state)
{
	struct dlb_file *f, *reader;

	f = open_ok(in_dir(*state, "f"), DLB_OPEN_CREATE, true);
	open_fails(in_dir(*state, "f"), DLB_OPEN_WRITE, true, DLB_BUSY);
	reader = open_ok(in_dir(*state, "f"), DLB_OPEN_READ, false);
	reader->ops->close(reader);
	f->ops->close(f);
	f = open_ok(in_dir(*state, "f"), DLB_OPEN_READ, true);
	open_fails(in_dir(*state, "f"), DLB_OPEN_WRITE, true, DLB_BUSY);
	f->ops->close(f);
	f = open_ok(in_dir(*state, "f"), DLB_OPEN_WRITE, true);
	f->ops->close(f);
}

static void
remove_rename_stat(void **state)
{
	struct dlb_fs *fs = dlb_fs_posix();
	struct dlb_error err = {0};
	struct dlb_file *f;
	char to[NAME_MAX + 66];
	uint64_t size;
	bool is_dir;

	f = open_ok(in_dir(*state, "a"), DLB_OPEN_CREATE, false);
	assert_int_equal(f->ops->write_at(f, "abc", 3, 0, &err), DLB_OK);
	f->ops->close(f);
	f = open_ok(in_dir(*state, "b"), DLB_OPEN_CREATE, false);
	f->ops->close(f);
	snprintf(to, sizeof(to), "%s", in_dir(*state, "b"));
	assert_int_equal(
		fs->ops->rename(fs, in_dir(*state, "a"), to, &err), DLB_OK);
	assert_int_equal(fs->ops->stat(fs, to, &size, &is_dir, &err), DLB_OK);
	assert_int_equal(size, 3);
	assert_false(is_dir);
	assert_int_equal(fs->ops->stat(fs, ((struct temp_dir *)*state)->path,
				 &size, &is_dir, &err),
		DLB_OK);
	assert_true(is_dir);
	assert_int_equal(fs->ops->stat(fs, to, NULL, NULL, &err), DLB_OK);
	dlb_error_clear(&err);
	assert_int_equal(
		fs->ops->stat(fs, in_dir(*state, "a"), &size, &is_dir, &err),
		DLB_NOT_FOUND);
	assert_int_equal(
		fs->ops->stat(fs, in_dir(*state, "b/c"), &size, &is_dir, &err),
		DLB_NOT_FOUND);
	assert_string_equal(err.msg, "");
	assert_int_equal(fs->ops->rename(fs, in_dir(*state, "a"), to, &err),
		DLB_NOT_FOUND);
	assert_int_equal(fs->ops->remove(fs, to, &err), DLB_OK);
	assert_int_equal(fs->ops->remove(fs, to, &err), DLB_NOT_FOUND);
	assert_int_equal(count_files(*state), 0);
}

static void
directories_sync_and_have_room(void **state)
{
	struct temp_dir *d = *state;
	struct dlb_fs *fs = dlb_fs_posix();
	struct dlb_error err;
	uint64_t room = 0;

	assert_int_equal(fs->ops->sync_dir(fs, d->path, &err), DLB_OK);
	/* A file system that knows no such thing is no error. */
	assert_int_equal(fs->ops->sync_dir(fs, "/proc", &err), DLB_OK);
	assert_int_equal(
		fs->ops->sync_dir(fs, in_dir(d, "none"), &err), DLB_NOT_FOUND);
	assert_int_equal(fs->ops->free_space(fs, d->path, &room, &err), DLB_OK);
	assert_true(room > 0);
	/* One that does not say is not full. */
	assert_int_equal(fs->ops->free_space(fs, "/proc", &room, &err), DLB_OK);
	assert_true(room == UINT64_MAX);
	assert_int_equal(
		fs->ops->free_space(fs, in_dir(d, "none"), &room, &err),
		DLB_NOT_FOUND);
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(f, temp_dir_setup, temp_dir_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_written_is_read),
		T(short_files_are_corrupt),
		T(resize_grows_with_zeros_and_cuts),
		T(a_medium_s_limit_is_told),
		T(open_modes),
		T(only_plain_files),
		T(one_lock_at_a_time),
		T(remove_rename_stat),
		T(directories_sync_and_have_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
