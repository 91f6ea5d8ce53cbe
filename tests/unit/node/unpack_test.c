/*
 * Unpacking onto disks that fill up, into targets that are in use, to readers that go
 * away: what was there stays as it was, and nothing is left behind.
 */
#include "pack_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the target --------------------------------------------------------------------------- */

static void
pack_sample(struct tree *t, struct dlb_buf *stream)
{
	tree_folder(t, "in/a");
	tree_file(t, "in/a/1", "one");
	tree_folder(t, "in/a/b");
	tree_file(t, "in/a/b/2", "two");
	tree_link(t, "in/a/link", "b/2");
	tree_pack_path(t, stream, "in/a");
}

static void
test_exists(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};
	struct dlb_unpack_options to = tree_unpack_options(t);
	struct dlb_unpack *u = NULL;
	struct stat before, after;

	pack_sample(t, &stream);
	tree_folder(t, "out/a");
	tree_file(t, "out/a/mine", "mine");
	assert_int_equal(stat(tree_at(t, "out"), &before), 0);
	assert_int_equal(tree_unpack(t, &stream, to), DLB_EXISTS);
	assert_non_null(strstr(t->err.msg, "\"a\""));
	assert_non_null(strstr(t->err.msg, "--force"));
	assert_int_equal(stat(tree_at(t, "out"), &after), 0);
	/* Not even staging was made. */
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	tree_expect_entries(t, "out", 1);
	tree_expect_entries(t, "out/a", 1);
	/* Known with the manifest, before any data. */
	to.content_len = stream.len;
	assert_int_equal(dlb_unpack_open(&u, &to, &t->err), DLB_OK);
	assert_int_equal(
		dlb_unpack_write(u, stream.data, stream.len - 6, &t->err),
		DLB_EXISTS);
	/* And that is final. */
	assert_int_equal(
		dlb_unpack_write(u, stream.data, 1, &t->err), DLB_EXISTS);
	assert_int_equal(
		dlb_unpack_finish(u, NULL, NULL, NULL, 0, &t->err), DLB_EXISTS);
	dlb_unpack_close(u);
	dlb_buf_free(&stream);
}

/* A name that comes while the letter is being written is not replaced, and what was
 * moved already is taken back. */
static void
test_exists_meanwhile(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};
	struct dlb_unpack_options to = tree_unpack_options(t);
	struct dlb_unpack *u = NULL;
	const char *paths[3];
	struct dlb_pack_options options = {.paths = paths, .paths_n = 3};

	tree_folder(t, "in/a");
	tree_file(t, "in/a/1", "one");
	assert_int_equal(chmod(tree_at(t, "in/a"), 0500), 0);
	tree_file(t, "in/b", "bee");
	tree_file(t, "in/c", "sea");
	paths[0] = tree_at(t, "in/a");
	paths[1] = tree_at(t, "in/b");
	paths[2] = tree_at(t, "in/c");
	assert_int_equal(tree_pack(t, &stream, &options), DLB_OK);
	to.content_len = stream.len;
	assert_int_equal(dlb_unpack_open(&u, &to, &t->err), DLB_OK);
	assert_int_equal(
		dlb_unpack_write(u, stream.data, stream.len, &t->err), DLB_OK);
	tree_file(t, "out/c", "mine");
	assert_int_equal(
		dlb_unpack_finish(u, NULL, NULL, NULL, 0, &t->err), DLB_EXISTS);
	dlb_unpack_close(u);
	tree_expect_entries(t, "out", 1);
	tree_expect(t, "out/c", "mine");
	dlb_buf_free(&stream);
}

static void
test_overwrite(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};
	struct dlb_unpack_options to = tree_unpack_options(t);
	struct stat st;

	pack_sample(t, &stream);
	tree_folder(t, "out/a");
	tree_file(t, "out/a/1", "old");
	tree_file(t, "out/a/mine", "mine");
	/* A link in the place of a file is replaced, not followed. */
	tree_file(t, "out/victim", "victim");
	tree_link(t, "out/a/link", "../victim");
	assert_int_equal(chmod(tree_at(t, "out/a"), 0710), 0);
	to.overwrite = true;
	assert_int_equal(tree_unpack(t, &stream, to), DLB_OK);
	tree_expect(t, "out/a/1", "one");
	tree_expect(t, "out/a/b/2", "two");
	tree_expect(t, "out/a/mine", "mine");
	tree_expect(t, "out/a/link", "two");
	tree_expect(t, "out/victim", "victim");
	tree_expect_entries(t, "out/a", 4);
	tree_expect_entries(t, "out", 2);
	assert_int_equal(stat(tree_at(t, "out/a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0710);
	/* Again, over itself. */
	assert_int_equal(tree_unpack(t, &stream, to), DLB_OK);
	tree_expect_entries(t, "out/a", 4);
	dlb_buf_free(&stream);
}

/* Folders that may not be written to are merged and moved all the same. */
static void
test_overwrite_as_user(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};
	struct dlb_unpack_options to = tree_unpack_options(t);
	struct stat st;

	if (!tree_drop_root(t))
		skip();
	tree_folder(t, "in/a");
	tree_folder(t, "in/a/new");
	tree_file(t, "in/a/new/1", "one");
	assert_int_equal(chmod(tree_at(t, "in/a/new"), 0500), 0);
	assert_int_equal(chmod(tree_at(t, "in/a"), 0555), 0);
	tree_pack_path(t, &stream, "in/a");
	tree_folder(t, "out/a");
	to.overwrite = true;
	assert_int_equal(tree_unpack(t, &stream, to), DLB_OK);
	tree_expect(t, "out/a/new/1", "one");
	assert_int_equal(stat(tree_at(t, "out/a/new"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0500);
	tree_expect_entries(t, "out", 1);
	tree_regain_root();
	dlb_buf_free(&stream);
}

static void
test_overwrite_refused(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};
	struct dlb_unpack_options to = tree_unpack_options(t);

	pack_sample(t, &stream);
	to.overwrite = true;
	/* A folder in the place of a file. */
	tree_folder(t, "out/a");
	tree_folder(t, "out/a/1");
	assert_int_equal(tree_unpack(t, &stream, to), DLB_EXISTS);
	assert_int_equal(rmdir(tree_at(t, "out/a/1")), 0);
	/* A file in the place of a folder. */
	tree_file(t, "out/a/b", "mine");
	assert_int_equal(tree_unpack(t, &stream, to), DLB_EXISTS);
	tree_expect(t, "out/a/b", "mine");
	assert_int_equal(unlink(tree_at(t, "out/a/b")), 0);
	/* A link to a folder: nothing is written through it. */
	tree_folder(t, "elsewhere");
	tree_link(t, "out/a/b", "../../elsewhere");
	assert_int_equal(tree_unpack(t, &stream, to), DLB_EXISTS);
	tree_expect_entries(t, "elsewhere", 0);
	tree_expect_entries(t, "out/a", 1);
	assert_int_equal(unlink(tree_at(t, "out/a/b")), 0);
	assert_int_equal(rmdir(tree_at(t, "out/a")), 0);
	tree_link(t, "out/a", "../elsewhere");
	assert_int_equal(tree_unpack(t, &stream, to), DLB_EXISTS);
	tree_expect_entries(t, "elsewhere", 0);
	tree_expect_entries(t, "out", 1);
	dlb_buf_free(&stream);
}

static void
test_target_is_made(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};
	struct dlb_unpack_options to = tree_unpack_options(t);

	pack_sample(t, &stream);
	to.directory = tree_at(t, "new");
	stream.data[stream.len - 1] ^= 1;
	stream.len--;
	assert_int_not_equal(tree_unpack(t, &stream, to), DLB_OK);
	assert_false(tree_has(t, "new"));
	stream.len++;
	assert_int_equal(tree_unpack(t, &stream, to), DLB_OK);
	tree_expect(t, "new/a/1", "one");
	to.directory = tree_at(t, "not/there");
	assert_int_equal(tree_unpack(t, &stream, to), DLB_NOT_FOUND);
	to.directory = tree_at(t, "in/a/1");
	assert_int_equal(tree_unpack(t, &stream, to), DLB_IO);
	dlb_buf_free(&stream);
}

static void
test_read_only_target(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};

	if (!tree_drop_root(t))
		skip();
	pack_sample(t, &stream);
	assert_int_equal(chmod(tree_at(t, "out"), 0500), 0);
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_READ_ONLY);
	assert_non_null(strstr(t->err.msg, "-o"));
	tree_expect_entries(t, "out", 0);
	assert_int_equal(chmod(tree_at(t, "out"), 0700), 0);
	tree_regain_root();
	dlb_buf_free(&stream);
}

/* ---- what is left behind --------------------------------------------------------------------- */

static void
test_leftover_is_removed(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};

	pack_sample(t, &stream);
	if (!tree_drop_root(t))
		skip();
	tree_folder(t, "out/.dlb-partial-" TEST_LABEL);
	tree_folder(t, "out/.dlb-partial-" TEST_LABEL "/a");
	tree_file(t, "out/.dlb-partial-" TEST_LABEL "/a/1", "half");
	tree_link(t, "out/.dlb-partial-" TEST_LABEL "/a/link", "../../../in");
	assert_int_equal(
		chmod(tree_at(t, "out/.dlb-partial-" TEST_LABEL "/a"), 0), 0);
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_OK);
	tree_expect_entries(t, "out", 1);
	tree_expect(t, "out/a/1", "one");
	tree_regain_root();
	tree_expect_entries(t, "in", 1);
	dlb_buf_free(&stream);
}

static void
test_leftover_of_other_kinds(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};

	pack_sample(t, &stream);
	/* A link in its place does not lead anywhere. */
	tree_link(t, "out/.dlb-partial-" TEST_LABEL, "../in");
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_OK);
	tree_expect_entries(t, "out", 1);
	tree_expect_entries(t, "in", 1);
	tree_expect(t, "in/a/1", "one");
	dlb_buf_free(&stream);
}

static void
test_busy(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};
	int fd;

	pack_sample(t, &stream);
	tree_folder(t, "out/.dlb-partial-" TEST_LABEL);
	tree_file(t, "out/.dlb-partial-" TEST_LABEL "/x", "x");
	fd = open(tree_at(t, "out/.dlb-partial-" TEST_LABEL), O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_BUSY);
	tree_expect(t, "out/.dlb-partial-" TEST_LABEL "/x", "x");
	close(fd);
	dlb_buf_free(&stream);
}

/* Stopped at every byte: nothing is left. */
static void
test_interrupted(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};
	struct dlb_unpack_options to = tree_unpack_options(t);

	pack_sample(t, &stream);
	to.content_len = stream.len;
	for (size_t len = 0; len <= stream.len; len++) {
		struct dlb_unpack *u = NULL;

		assert_int_equal(dlb_unpack_open(&u, &to, &t->err), DLB_OK);
		assert_int_equal(
			dlb_unpack_write(u, stream.data, len, &t->err), DLB_OK);
		dlb_unpack_close(u);
		tree_expect_entries(t, "out", 0);
	}
	dlb_buf_free(&stream);
}

/* ---- no room ------------------------------------------------------------------------------- */

static void
test_file_too_large(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};
	struct rlimit old, small;
	char big[20000];
	enum dlb_status s;
	void (*was)(int) = signal(SIGXFSZ, SIG_IGN);

	memset(big, 'b', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	tree_folder(t, "in/d");
	tree_file(t, "in/d/big", big);
	tree_file(t, "in/d/before", "b");
	tree_pack_path(t, &stream, "in/d");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	s = tree_unpack(t, &stream, tree_unpack_options(t));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, was);
	assert_int_equal(s, DLB_NO_SPACE);
	assert_non_null(strstr(t->err.msg, "d/big"));
	tree_expect_entries(t, "out", 0);
	dlb_buf_free(&stream);
}

static void
test_disk_full(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};
	char name[64];

	if (mount("tmpfs", tree_at(t, "out"), "tmpfs", 0, "size=400k") != 0) {
		print_message("no file system of our own to fill: skipped\n");
		skip();
	}
	tree_folder(t, "in/d");
	for (unsigned i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "in/d/%u", i);
		tree_file(t, name, name);
	}
	tree_pack_path(t, &stream, "in/d");
	/* Small enough by the sum of the sizes, but each takes a page. */
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_NO_SPACE);
	assert_non_null(strstr(t->err.msg, "-o"));
	tree_expect_entries(t, "out", 0);
	assert_int_equal(umount(tree_at(t, "out")), 0);
	dlb_buf_free(&stream);
}

/* ---- to a descriptor ------------------------------------------------------------------------- */

/* Writes to a file that tar then extracts into `out`. */
static enum dlb_status
unpack_to_file(struct tree *t, const struct dlb_buf *stream, const char *name)
{
	struct dlb_unpack_options to = tree_unpack_options(t);
	enum dlb_status s;

	to.directory = NULL;
	to.fd = open(tree_at(t, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(to.fd >= 0);
	s = tree_unpack(t, stream, to);
	close(to.fd);
	return s;
}

static void
test_lone_file_to_fd(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};

	tree_file(t, "in/f", "just these bytes");
	tree_pack_path(t, &stream, "in/f");
	assert_int_equal(unpack_to_file(t, &stream, "raw"), DLB_OK);
	tree_expect(t, "raw", "just these bytes");
	assert_int_equal(t->files, 1);
	tree_expect_entries(t, "out", 0);
	dlb_buf_free(&stream);
}

static void
test_archive_to_fd(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};
	char command[512];

	if (system("command -v tar >/dev/null 2>&1") != 0)
		skip();
	dlb_env_seeded_init(&t->env, 5, DLB_EPOCH_MS);
	tree_folder(t, "in/top");
	tree_grow(t, "in/top", 3);
	tree_pack_path(t, &stream, "in/top");
	assert_int_equal(unpack_to_file(t, &stream, "made.tar"), DLB_OK);
	snprintf(command, sizeof(command),
		"tar -xpf %s/made.tar -C %s/out "
		"--warning=no-unknown-keyword --warning=no-timestamp",
		t->dir, t->dir);
	assert_int_equal(system(command), 0);
	tree_same(t, "in/top", "out/top");
	dlb_buf_free(&stream);
}

static void
test_reader_has_gone(void **state)
{
	struct tree *t = *state;
	struct dlb_unpack_options to = tree_unpack_options(t);
	void (*was)(int) = signal(SIGPIPE, SIG_IGN);
	const char *const names[] = {"in/f", "in"};

	tree_file(t, "in/f", "bytes");
	for (size_t i = 0; i < DLB_ARRAY_LEN(names); i++) {
		struct dlb_buf stream = {0};
		int ends[2];

		tree_pack_path(t, &stream, names[i]);
		assert_int_equal(pipe(ends), 0);
		close(ends[0]);
		to.directory = NULL;
		to.fd = ends[1];
		assert_int_equal(tree_unpack(t, &stream, to), DLB_IO);
		assert_non_null(strstr(t->err.msg, "stopped reading"));
		close(ends[1]);
		dlb_buf_free(&stream);
	}
	signal(SIGPIPE, was);
}

/* A pipe that does not wait, and a slow reader. */
static void
test_slow_reader(void **state)
{
	struct tree *t = *state;
	struct dlb_unpack_options to = tree_unpack_options(t);
	struct dlb_buf stream = {0};
	size_t len = 300000, total = 0;
	char *big = calloc(1, len + 1);
	int ends[2], status;
	pid_t reader;

	memset(big, 'b', len);
	tree_file(t, "in/f", big);
	tree_pack_path(t, &stream, "in/f");
	assert_int_equal(pipe(ends), 0);
	reader = fork();
	if (reader == 0) {
		char piece[1000];
		ssize_t n;

		close(ends[1]);
		usleep(20000);
		while ((n = read(ends[0], piece, sizeof(piece))) > 0)
			total += (size_t)n;
		_exit(total == len ? 0 : 1);
	}
	close(ends[0]);
	assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	to.directory = NULL;
	to.fd = ends[1];
	assert_int_equal(tree_unpack(t, &stream, to), DLB_OK);
	close(ends[1]);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
	free(big);
	dlb_buf_free(&stream);
}

/* ---- describing ------------------------------------------------------------------------------- */

static void
test_describe(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};
	struct dlb_unpack_options to = {
		.describe_only = true, .fd = -1, .content_len = 0};
	struct dlb_unpack *u = NULL;
	const struct dlb_manifest *m;

	pack_sample(t, &stream);
	to.content_len = stream.len;
	assert_int_equal(dlb_unpack_open(&u, &to, &t->err), DLB_OK);
	for (size_t i = 0; i < stream.len; i++)
		assert_int_equal(
			dlb_unpack_write(u, stream.data + i, 1, &t->err),
			DLB_OK);
	m = dlb_unpack_manifest(u);
	assert_non_null(m);
	assert_int_equal(m->files_n, 5);
	assert_int_equal(m->files_len, 6);
	assert_int_equal(
		dlb_unpack_finish(u, NULL, NULL, NULL, 0, &t->err), DLB_OK);
	dlb_unpack_close(u);
	dlb_buf_free(&stream);
}

static void
test_options_refused(void **state)
{
	struct tree *t = *state;
	struct dlb_unpack_options to = tree_unpack_options(t);
	struct dlb_unpack *u = NULL;

	memcpy(to.label, "../../x", 8);
	assert_int_equal(dlb_unpack_open(&u, &to, &t->err), DLB_USAGE);
	to.label[0] = '\0';
	assert_int_equal(dlb_unpack_open(&u, &to, &t->err), DLB_USAGE);
	to.directory = NULL;
	assert_int_equal(dlb_unpack_open(&u, &to, &t->err), DLB_USAGE);
	assert_null(u);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_exists),
		TEST(test_exists_meanwhile),
		TEST(test_overwrite),
		TEST(test_overwrite_as_user),
		TEST(test_overwrite_refused),
		TEST(test_target_is_made),
		TEST(test_read_only_target),
		TEST(test_leftover_is_removed),
		TEST(test_leftover_of_other_kinds),
		TEST(test_busy),
		TEST(test_interrupted),
		TEST(test_file_too_large),
		TEST(test_disk_full),
		TEST(test_lone_file_to_fd),
		TEST(test_archive_to_fd),
		TEST(test_reader_has_gone),
		TEST(test_slow_reader),
		TEST(test_describe),
		TEST(test_options_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
