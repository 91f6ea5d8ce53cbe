/*
 * Packing: what travels and what does not, names, standard input, compression; and
 * that what is unpacked again is the same, for trees from seeds.
 */
#include "pack_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- there and back ---------------------------------------------------------------- */

static void
round_trip(struct tree *t, uint64_t seed, bool compress)
{
	char in[64], out[64], above[64];
	const char *path;
	struct dlb_pack_options options = {
		.paths = &path, .paths_n = 1, .compress = compress};
	struct dlb_unpack_options to;
	struct dlb_buf stream = {0};

	dlb_env_seeded_init(&t->env, seed, DLB_EPOCH_MS);
	snprintf(above, sizeof(above), "in/%u", (unsigned)seed);
	snprintf(in, sizeof(in), "in/%u/top", (unsigned)seed);
	snprintf(out, sizeof(out), "out/%u", (unsigned)seed);
	tree_folder(t, above);
	tree_folder(t, in);
	tree_folder(t, out);
	tree_grow(t, in, 4);
	path = tree_at(t, in);
	if (seed % 4 == 0)
		options.fields.message = "a message",
		options.fields.message_len = 9;
	assert_int_equal(tree_pack(t, &stream, &options), DLB_OK);
	assert_int_equal(t->skipped, 0);
	assert_string_equal(t->notes, "");
	to = tree_unpack_options(t);
	to.directory = tree_at(t, out);
	assert_int_equal(tree_unpack(t, &stream, to), DLB_OK);
	tree_same(t, above, out);
	dlb_buf_free(&stream);
}

static void
test_round_trip(void **state)
{
	for (uint64_t seed = 0; seed < 30; seed++)
		round_trip(*state, seed, seed % 2);
}

/* Where modes bind: an ordinary user. */
static void
test_round_trip_as_user(void **state)
{
	if (!tree_drop_root(*state))
		skip();
	for (uint64_t seed = 100; seed < 110; seed++)
		round_trip(*state, seed, false);
	tree_regain_root();
}

static void
test_several_paths(void **state)
{
	struct tree *t = *state;
	const char *paths[3];
	struct dlb_pack_options options = {.paths = paths, .paths_n = 3};
	struct dlb_buf stream = {0};

	tree_folder(t, "in/x");
	tree_folder(t, "in/x/b");
	tree_file(t, "in/x/b/2", "two");
	tree_file(t, "in/z", "zed");
	tree_file(t, "in/a", "ay");
	paths[0] = tree_at(t, "in/z");
	paths[1] = tree_at(t, "in/x/b//");
	paths[2] = tree_at(t, "in/a");
	assert_int_equal(tree_pack(t, &stream, &options), DLB_OK);
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_OK);
	assert_int_equal(t->files, 3);
	assert_int_equal(t->bytes, 8);
	tree_expect_entries(t, "out", 3);
	tree_expect(t, "out/a", "ay");
	tree_expect(t, "out/b/2", "two");
	tree_expect(t, "out/z", "zed");
	assert_string_equal(t->first_path, tree_at(t, "out/a"));
	dlb_buf_free(&stream);
}

/* A folder "b" and files "b.txt", "b-": '/' sorts before every other byte. */
static void
test_order(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};

	tree_folder(t, "in/b");
	tree_file(t, "in/b/z", "");
	tree_file(t, "in/b.txt", "");
	tree_file(t, "in/b-", "");
	tree_file(t, "in/b!", "");
	tree_folder(t, "in/b b");
	tree_file(t, "in/b b/c", "");
	tree_pack_path(t, &stream, "in");
	assert_int_equal(t->skipped, 0);
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_OK);
	assert_int_equal(t->files, 5);
	tree_same(t, "in", "out/in");
	dlb_buf_free(&stream);
}

static void
test_deep(void **state)
{
	struct tree *t = *state;
	char path[1024] = "in/top";
	struct dlb_buf stream = {0};

	tree_folder(t, path);
	/* "top" is the first part, a file the last. */
	for (unsigned i = 1; i < DLB_MANIFEST_DEPTH_MAX - 1; i++) {
		strcat(path, "/d");
		tree_folder(t, path);
	}
	strcat(path, "/f");
	tree_file(t, path, "deep");
	tree_pack_path(t, &stream, "in/top");
	assert_int_equal(t->skipped, 0);
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_OK);
	tree_same(t, "in", "out");
	dlb_buf_free(&stream);
	/* One more is too deep, but the rest travels. */
	path[strlen(path) - 1] = 'd';
	tree_folder(t, path);
	strcat(path, "/f");
	tree_file(t, path, "deeper");
	tree_pack_path(t, &stream, "in/top");
	assert_int_equal(t->skipped, 1);
	assert_non_null(strstr(t->notes, "deep"));
	dlb_buf_free(&stream);
}

static void
test_long_path(void **state)
{
	struct tree *t = *state;
	char name[256], path[8192] = "in/top";
	struct dlb_buf stream = {0};
	int at;

	memset(name, 'n', 255);
	name[255] = '\0';
	tree_folder(t, path);
	at = open(tree_at(t, path), O_RDONLY | O_DIRECTORY);
	for (unsigned i = 0; i < 17; i++) {
		int next;

		assert_int_equal(mkdirat(at, name, 0755), 0);
		next = openat(at, name, O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		close(at);
		at = next;
	}
	close(at);
	tree_pack_path(t, &stream, "in/top");
	assert_int_equal(t->skipped, 1);
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_OK);
	dlb_buf_free(&stream);
}

static void
test_many_files(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};
	char name[64];

	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "in/%u", i);
		tree_file(t, name, name);
	}
	tree_pack_path(t, &stream, "in");
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_OK);
	assert_int_equal(t->files, 3000);
	tree_same(t, "in", "out/in");
	dlb_buf_free(&stream);
}

/* ---- what is named ------------------------------------------------------------------ */

static enum dlb_status
pack_one(struct tree *t, const char *path, struct dlb_buf *stream)
{
	struct dlb_pack_options options = {.paths = &path, .paths_n = 1};

	return tree_pack(t, stream, &options);
}

static void
expect_name(struct tree *t, const char *path, const char *name)
{
	struct dlb_buf stream = {0};
	char out[512];
	struct dlb_unpack_options to = tree_unpack_options(t);

	assert_int_equal(pack_one(t, path, &stream), DLB_OK);
	to.overwrite = true;
	assert_int_equal(tree_unpack(t, &stream, to), DLB_OK);
	snprintf(out, sizeof(out), "%s/%s", to.directory, name);
	assert_string_equal(t->first_path, out);
	dlb_buf_free(&stream);
}

static void
test_names_of_paths(void **state)
{
	struct tree *t = *state;
	int here = open(".", O_RDONLY | O_DIRECTORY);

	tree_folder(t, "in/dir");
	tree_folder(t, "in/dir/sub");
	tree_file(t, "in/dir/f", "f");
	tree_link(t, "in/named", "dir");
	tree_link(t, "in/named-file", "dir/f");
	assert_int_equal(chdir(tree_at(t, "in/dir")), 0);
	expect_name(t, ".", "dir");
	expect_name(t, "./", "dir");
	expect_name(t, "sub/..", "dir");
	expect_name(t, "..", "in");
	expect_name(t, "../dir/.", "dir");
	expect_name(t, "./f", "f");
	expect_name(t, "sub", "sub");
	/* A link that the person named is followed, and keeps its name. */
	expect_name(t, "../named", "named");
	expect_name(t, "../named/", "named");
	expect_name(t, "../named-file", "named-file");
	tree_expect(t, "out/named/f", "f");
	tree_expect(t, "out/named-file", "f");
	assert_int_equal(fchdir(here), 0);
	close(here);
}

static void
test_refused_paths(void **state)
{
	struct tree *t = *state;
	const char *paths[2];
	struct dlb_pack_options options = {.paths = paths, .paths_n = 2};
	struct dlb_buf stream = {0};

	assert_int_equal(pack_one(t, "/", &stream), DLB_REFUSED);
	assert_int_equal(pack_one(t, "//", &stream), DLB_REFUSED);
	assert_int_equal(pack_one(t, "/usr/..", &stream), DLB_REFUSED);
	assert_int_equal(pack_one(t, "", &stream), DLB_USAGE);
	assert_int_equal(
		pack_one(t, tree_at(t, "in/gone"), &stream), DLB_NOT_FOUND);
	assert_non_null(strstr(t->err.msg, "in/gone"));
	tree_link(t, "in/dangling", "gone");
	assert_int_equal(
		pack_one(t, tree_at(t, "in/dangling"), &stream), DLB_NOT_FOUND);
	tree_folder(t, "in/1");
	tree_folder(t, "in/2");
	tree_file(t, "in/1/same", "1");
	tree_file(t, "in/2/same", "2");
	paths[0] = tree_at(t, "in/1/same");
	paths[1] = tree_at(t, "in/2/same");
	assert_int_equal(tree_pack(t, &stream, &options), DLB_USAGE);
	assert_non_null(strstr(t->err.msg, "same"));
	paths[1] = "-";
	assert_int_equal(tree_pack(t, &stream, &options), DLB_USAGE);
}

/* ---- what does not travel ------------------------------------------------------------ */

static void
test_left_out(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};

	tree_folder(t, "in/d");
	tree_file(t, "in/d/file", "1");
	assert_int_equal(mkfifo(tree_at(t, "in/d/pipe\n"), 0644), 0);
	tree_link(t, "in/d/absolute", "/etc/passwd");
	tree_link(t, "in/d/out", "../../x");
	tree_link(t, "in/d/hidden-out", "file/../../../x");
	tree_link(t, "in/d/up-and-in", "../d/file");
	tree_link(t, "in/d/ok", "file");
	tree_pack_path(t, &stream, "in/d");
	assert_int_equal(t->skipped, 4);
	assert_non_null(strstr(t->notes, "\"d/pipe?\": it is a pipe"));
	assert_non_null(strstr(t->notes, "\"d/absolute\""));
	assert_non_null(strstr(t->notes, "\"d/out\""));
	assert_non_null(strstr(t->notes, "\"d/hidden-out\""));
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_OK);
	tree_expect_entries(t, "out/d", 3);
	tree_expect(t, "out/d/ok", "1");
	tree_expect(t, "out/d/up-and-in", "1");
	dlb_buf_free(&stream);
	/* Nothing else: nothing to send. */
	assert_int_equal(
		pack_one(t, tree_at(t, "in/d/pipe\n"), &stream), DLB_REFUSED);
	dlb_buf_free(&stream);
}

static void
test_unreadable(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};

	if (!tree_drop_root(t))
		skip();
	tree_folder(t, "in/d");
	tree_file(t, "in/d/file", "1");
	tree_file(t, "in/d/secret", "2");
	tree_folder(t, "in/d/closed");
	tree_file(t, "in/d/closed/a", "3");
	assert_int_equal(chmod(tree_at(t, "in/d/secret"), 0), 0);
	assert_int_equal(chmod(tree_at(t, "in/d/closed"), 0), 0);
	tree_pack_path(t, &stream, "in/d");
	assert_int_equal(t->skipped, 2);
	assert_non_null(strstr(t->notes, "\"d/secret\": it can not be read"));
	assert_non_null(strstr(t->notes, "\"d/closed\": it can not be read"));
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_OK);
	tree_expect_entries(t, "out/d", 1);
	tree_regain_root();
	dlb_buf_free(&stream);
}

static void
test_special_bits(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};
	struct stat st;

	tree_folder(t, "in/d");
	tree_file(t, "in/d/suid", "1");
	assert_int_equal(chmod(tree_at(t, "in/d/suid"), 06755), 0);
	assert_int_equal(chmod(tree_at(t, "in/d"), 01777), 0);
	tree_pack_path(t, &stream, "in/d");
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_OK);
	assert_int_equal(stat(tree_at(t, "out/d/suid"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(stat(tree_at(t, "out/d"), &st), 0);
	/* Without the sticky bit everyone could remove everyone's files. */
	assert_int_equal(st.st_mode & 07777, 0755);
	dlb_buf_free(&stream);
}

/* ---- what changes meanwhile ------------------------------------------------------------ */

static void
change_meanwhile(struct tree *t, void (*change)(struct tree *t))
{
	const char *path = tree_at(t, "in");
	struct dlb_pack_options options = {.paths = &path, .paths_n = 1};
	struct dlb_pack *p = NULL;
	uint8_t piece[4096];
	enum dlb_status s = DLB_OK;
	size_t got = sizeof(piece);

	options.fields.kind = DLB_KIND_LETTER;
	assert_int_equal(dlb_pack_open(&p, &options, NULL, &t->err), DLB_OK);
	change(t);
	while (s == DLB_OK && got == sizeof(piece))
		s = dlb_pack_read(p, piece, sizeof(piece), &got, &t->err);
	assert_int_equal(s, DLB_FAILED);
	assert_non_null(strstr(t->err.msg, "in/file"));
	dlb_pack_close(p);
}

static void
shrink(struct tree *t)
{
	assert_int_equal(truncate(tree_at(t, "in/file"), 3), 0);
}

static void
extend(struct tree *t)
{
	assert_int_equal(truncate(tree_at(t, "in/file"), 9), 0);
}

static void
remove_file(struct tree *t)
{
	assert_int_equal(unlink(tree_at(t, "in/file")), 0);
}

static void
swap_for_link(struct tree *t)
{
	remove_file(t);
	tree_link(t, "in/file", "other");
}

static void
swap_for_pipe(struct tree *t)
{
	remove_file(t);
	assert_int_equal(mkfifo(tree_at(t, "in/file"), 0644), 0);
}

static void
test_changed_meanwhile(void **state)
{
	static void (*const changes[])(struct tree *) = {
		shrink, extend, remove_file, swap_for_link, swap_for_pipe};
	struct tree *t = *state;

	tree_file(t, "in/other", "12345");
	for (size_t i = 0; i < DLB_ARRAY_LEN(changes); i++) {
		tree_file(t, "in/file", "12345");
		change_meanwhile(t, changes[i]);
		(void)unlink(tree_at(t, "in/file"));
	}
}

/* ---- standard input, compression ---------------------------------------------------- */

static void
from_stdin(struct tree *t, const char *name, size_t len, bool compress)
{
	const char *path = "-";
	struct dlb_pack_options options = {.paths = &path,
		.paths_n = 1,
		.stdin_name = name,
		.compress = compress};
	struct dlb_unpack_options to = tree_unpack_options(t);
	struct dlb_buf stream = {0};
	int ends[2], status;
	pid_t writer;
	struct stat st;

	assert_int_equal(pipe(ends), 0);
	writer = fork();
	if (writer == 0) {
		char text[1000];

		memset(text, 'x', sizeof(text));
		for (size_t at = 0; at < len; at += sizeof(text))
			if (write(ends[1], text,
				    len - at < sizeof(text) ? len - at
							    : sizeof(text))
				< 0)
				_exit(1);
		_exit(0);
	}
	close(ends[1]);
	options.stdin_fd = ends[0];
	assert_int_equal(tree_pack(t, &stream, &options), DLB_OK);
	close(ends[0]);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
	to.overwrite = true;
	assert_int_equal(tree_unpack(t, &stream, to), DLB_OK);
	assert_int_equal(t->files, 1);
	assert_int_equal(t->bytes, len);
	assert_int_equal(stat(t->first_path, &st), 0);
	assert_int_equal(st.st_size, len);
	assert_string_equal(
		strrchr(t->first_path, '/') + 1, name ? name : "stdin");
	dlb_buf_free(&stream);
}

static void
test_stdin(void **state)
{
	static const size_t lens[] = {0, 1, 4096, 1000000};

	for (size_t i = 0; i < DLB_ARRAY_LEN(lens); i++) {
		from_stdin(*state, NULL, lens[i], false);
		from_stdin(*state, "notes.txt", lens[i], true);
	}
}

static bool
stop_at_third(void *ctx)
{
	unsigned *asked = ctx;

	return ++*asked < 3;
}

/* Who sends a letter by a pipe that stays silent can still change their mind. */
static void
test_stdin_silent(void **state)
{
	unsigned asked = 0;
	const char *path = "-";
	struct dlb_pack_options options = {.paths = &path,
		.paths_n = 1,
		.go_on = stop_at_third,
		.go_on_ctx = &asked};
	struct dlb_buf stream = {0};
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "begun", 5), 5);
	options.stdin_fd = ends[0];
	assert_int_equal(tree_pack(*state, &stream, &options), DLB_CANCELLED);
	assert_int_equal(asked, 3);
	dlb_buf_free(&stream);
	close(ends[0]);
	close(ends[1]);
}

static void
test_stdin_refused(void **state)
{
	struct tree *t = *state;
	const char *path = "-";
	static char message[40000];
	struct dlb_pack_options options = {
		.paths = &path, .paths_n = 1, .stdin_name = "../up"};
	struct dlb_buf stream = {0};

	assert_int_equal(tree_pack(t, &stream, &options), DLB_USAGE);
	options.stdin_name = "..";
	assert_int_equal(tree_pack(t, &stream, &options), DLB_REFUSED);
	options.stdin_name = "";
	assert_int_equal(tree_pack(t, &stream, &options), DLB_REFUSED);
	/* The size could not be patched in. */
	memset(message, 'm', sizeof(message));
	options.stdin_name = "fine";
	options.fields.message = message;
	options.fields.message_len = sizeof(message);
	assert_int_equal(tree_pack(t, &stream, &options), DLB_LIMIT);
}

static void
test_compressed(void **state)
{
	struct tree *t = *state;
	const char *path;
	struct dlb_pack_options options = {
		.paths = &path, .paths_n = 1, .compress = true};
	struct dlb_buf plain = {0}, stream = {0};
	char name[64], content[4000];

	memset(content, 'c', sizeof(content) - 1);
	content[sizeof(content) - 1] = '\0';
	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "in/%u", i);
		tree_file(t, name, content);
	}
	tree_pack_path(t, &plain, "in");
	path = tree_at(t, "in");
	assert_int_equal(tree_pack(t, &stream, &options), DLB_OK);
	assert_true(stream.len < plain.len / 20);
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_OK);
	tree_same(t, "in", "out/in");
	dlb_buf_free(&plain);
	dlb_buf_free(&stream);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_round_trip_as_user),
		TEST(test_several_paths),
		TEST(test_order),
		TEST(test_deep),
		TEST(test_long_path),
		TEST(test_many_files),
		TEST(test_names_of_paths),
		TEST(test_refused_paths),
		TEST(test_left_out),
		TEST(test_unreadable),
		TEST(test_special_bits),
		TEST(test_changed_meanwhile),
		TEST(test_stdin),
		TEST(test_stdin_silent),
		TEST(test_stdin_refused),
		TEST(test_compressed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
