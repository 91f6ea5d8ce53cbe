/*
 * Many letters read at once: each goes as if it were read alone.
 */
#include "home_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEEN_MAX 900

struct seen {
	int64_t number[SEEN_MAX];
	enum dlb_status st[SEEN_MAX];
	char path[SEEN_MAX][256];
	char message[SEEN_MAX][16];
	size_t n, stop_after;
	int64_t left_out;
};

static enum dlb_status
may(void *ctx, const struct dlb_in_letter *letter, struct dlb_error *err)
{
	struct seen *s = ctx;

	return letter->number == s->left_out
		? dlb_fail(err, DLB_USAGE, "not this one")
		: DLB_OK;
}

static bool
done(void *ctx, int64_t number, const struct dlb_in_letter *letter,
	const struct dlb_read_result *result, enum dlb_status st,
	const struct dlb_error *err)
{
	struct seen *s = ctx;

	assert_true(s->n < SEEN_MAX);
	if (st != DLB_OK)
		assert_int_equal(err->status, st);
	else
		assert_int_equal(letter->state, DLB_IN_READ);
	s->number[s->n] = number;
	s->st[s->n] = st;
	snprintf(s->path[s->n], sizeof(s->path[0]), "%.255s",
		result->first_path);
	if (result->message.len)
		snprintf(s->message[s->n], sizeof(s->message[0]), "%.*s",
			(int)result->message.len,
			(const char *)result->message.data);
	s->n++;
	return s->n != s->stop_after;
}

static void
read_each(struct fixture *f, struct dlb_node *n, const int64_t *numbers,
	size_t numbers_n, const char *dir, struct seen *seen)
{
	struct dlb_read_options o = {
		.directory = dir ? fixture_path(f, dir) : NULL, .fd = -1};
	struct dlb_read_each each = {.ctx = seen, .may = may, .done = done};

	assert_dlb_ok(f,
		dlb_node_read_each(
			n, numbers, numbers_n, &o, &each, NULL, &f->err));
}

/* Letters of the inbox, by number. */
struct numbers {
	int64_t number[SEEN_MAX];
	size_t n;
	enum dlb_in_state state[SEEN_MAX];
};

static bool
note_number(void *ctx, const struct dlb_in_letter *letter)
{
	struct numbers *l = ctx;

	assert_true(l->n < SEEN_MAX);
	l->state[l->n] = letter->state;
	l->number[l->n++] = letter->number;
	return true;
}

static struct numbers
inbox(struct fixture *f, struct dlb_node *n)
{
	struct numbers l = {.n = 0};

	assert_dlb_ok(f,
		dlb_in_each(dlb_node_letterbox(n), note_number, &l, &f->err));
	return l;
}

static bool
is_there(struct fixture *f, const char *name)
{
	struct stat st;

	return lstat(fixture_path(f, name), &st) == 0;
}

/* Alice's letters, each of one file; Bob has met the stick. */
static struct dlb_node *
bring(struct fixture *f, const char *const *files, size_t n)
{
	struct dlb_node *node;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	node = fixture_open(f, "alice");
	bob = fixture_introduce(f, node, "bob");
	fixture_stick(f, node, "usb", 20);
	for (size_t i = 0; i < n; i++)
		fixture_send(f, node, bob, files[i], files[i]);
	fixture_meet(f, node, "usb");
	dlb_node_close(node);
	node = fixture_open(f, "bob");
	assert_int_equal(fixture_meet(f, node, "usb").letters_complete, n);
	return node;
}

static void
each_is_read_in_its_order(void **state)
{
	/* Short ones, with a long one among them that is read alone. */
	static const char *const files[] = {"a", "b", "long", "c", "d", "e"};
	struct fixture *f = *state;
	struct seen seen = {.n = 0};
	struct numbers l;
	struct dlb_node *n;
	char name[32];

	for (size_t i = 0; i < DLB_ARRAY_LEN(files); i++)
		fixture_file(f, files[i], i == 2 ? 3 << 20 : 100 * i, 9);
	n = bring(f, files, DLB_ARRAY_LEN(files));
	l = inbox(f, n);
	assert_int_equal(l.n, DLB_ARRAY_LEN(files));
	read_each(f, n, l.number, l.n, "out", &seen);
	assert_int_equal(seen.n, l.n);
	for (size_t i = 0; i < l.n; i++) {
		assert_int_equal(seen.st[i], DLB_OK);
		assert_int_equal(seen.number[i], l.number[i]);
		/* Which letter came first is chance. */
		snprintf(name, sizeof(name), "out/%s", seen.message[i]);
		assert_true(fixture_same(f, seen.message[i], name));
		assert_string_equal(seen.path[i], fixture_path(f, name));
	}
	dlb_node_close(n);
	/* And it was committed. */
	n = fixture_open(f, "bob");
	l = inbox(f, n);
	for (size_t i = 0; i < l.n; i++)
		assert_int_equal(l.state[i], DLB_IN_READ);
	dlb_node_close(n);
}

static void
what_fails_fails_alone(void **state)
{
	static const char *const files[] = {"a", "b", "c", "d", "e"};
	struct fixture *f = *state;
	struct seen seen = {.n = 0};
	struct dlb_node *n;
	struct numbers l;
	int64_t numbers[6];

	for (size_t i = 0; i < DLB_ARRAY_LEN(files); i++)
		fixture_file(f, files[i], 100 * i, (unsigned)i);
	n = bring(f, files, DLB_ARRAY_LEN(files));
	l = inbox(f, n);
	memcpy(numbers, l.number, sizeof(numbers) - sizeof(numbers[0]));
	numbers[5] = 4711;
	seen.left_out = numbers[3];
	fixture_mkdir(f, "out");
	fixture_file(f, "out/b", 5, 99);
	fixture_file(f, "was", 5, 99);
	read_each(f, n, numbers, DLB_ARRAY_LEN(numbers), "out", &seen);
	assert_int_equal(seen.n, 6);
	for (size_t i = 0; i < 5; i++)
		if (i == 3)
			assert_int_equal(seen.st[i], DLB_USAGE);
		else if (seen.st[i] == DLB_OK)
			assert_string_not_equal(seen.message[i], "b");
		else
			assert_int_equal(seen.st[i], DLB_EXISTS);
	assert_int_equal(seen.st[5], DLB_NOT_FOUND);
	assert_true(fixture_same(f, "out/b", "was"));
	l = inbox(f, n);
	for (size_t i = 0; i < l.n; i++)
		assert_int_equal(l.state[i],
			seen.st[i] == DLB_OK ? DLB_IN_READ : DLB_IN_UNREAD);
	dlb_node_close(n);
}

/* Two letters of one file: written at once, and still only one gets the name. */
static void
letters_do_not_replace_each_others_files(void **state)
{
	static const char *const files[] = {"same", "same", "same"};
	struct fixture *f = *state;
	struct seen seen = {.n = 0};
	struct dlb_node *n;
	struct numbers l;

	fixture_file(f, "same", 1000, 1);
	n = bring(f, files, DLB_ARRAY_LEN(files));
	l = inbox(f, n);
	read_each(f, n, l.number, l.n, "out", &seen);
	assert_int_equal(seen.st[0], DLB_OK);
	assert_int_equal(seen.st[1], DLB_EXISTS);
	assert_int_equal(seen.st[2], DLB_EXISTS);
	dlb_node_close(n);
	/* Nothing else is left there. */
	assert_int_equal(unlink(fixture_path(f, "out/same")), 0);
	assert_int_equal(rmdir(fixture_path(f, "out")), 0);
}

/* What a crash left of the folder that they share goes; a letter with a folder has one
 * of its own; nothing but what was sent is there in the end. */
static void
files_and_folders_share_a_directory(void **state)
{
	static const char *const files[] = {
		"a", "folder", "b", "empty", ".dlb-partial-all"};
	struct fixture *f = *state;
	struct seen seen = {.n = 0};
	struct dlb_node *n;
	struct numbers l;

	fixture_file(f, "a", 1000, 1);
	fixture_mkdir(f, "folder");
	fixture_file(f, "folder/a", 2000, 2);
	fixture_file(f, "b", 3000, 3);
	fixture_file(f, "empty", 0, 4);
	fixture_file(f, ".dlb-partial-all", 10, 5);
	n = bring(f, files, DLB_ARRAY_LEN(files));
	l = inbox(f, n);
	fixture_mkdir(f, "out");
	fixture_mkdir(f, "out/.dlb-partial-all");
	fixture_file(f, "out/.dlb-partial-all/0", 5000, 6);
	read_each(f, n, l.number, l.n, "out", &seen);
	for (size_t i = 0; i < l.n; i++)
		assert_int_equal(seen.st[i],
			seen.message[i][0] ? DLB_OK : DLB_MALFORMED);
	dlb_node_close(n);
	assert_true(fixture_same(f, "a", "out/a"));
	assert_true(fixture_same(f, "folder/a", "out/folder/a"));
	assert_true(fixture_same(f, "b", "out/b"));
	assert_true(fixture_same(f, "empty", "out/empty"));
	for (size_t i = 0; i < 4; i++)
		(void)unlink(fixture_path(f,
			(const char *[]){"out/a", "out/folder/a", "out/b",
				"out/empty"}[i]));
	assert_int_equal(rmdir(fixture_path(f, "out/folder")), 0);
	assert_int_equal(rmdir(fixture_path(f, "out")), 0);
}

/* Another process has the shared folder: letters have their own. */
static void
a_busy_folder_is_left_alone(void **state)
{
	static const char *const files[] = {"a", "b"};
	struct fixture *f = *state;
	struct seen seen = {.n = 0};
	struct dlb_node *n;
	struct numbers l;
	int fd;

	fixture_file(f, "a", 1000, 1);
	fixture_file(f, "b", 1000, 2);
	n = bring(f, files, DLB_ARRAY_LEN(files));
	l = inbox(f, n);
	fixture_mkdir(f, "out");
	fixture_mkdir(f, "out/.dlb-partial-all");
	fixture_file(f, "out/.dlb-partial-all/0", 10, 3);
	fd = open(fixture_path(f, "out/.dlb-partial-all"), O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	read_each(f, n, l.number, l.n, "out", &seen);
	assert_int_equal(seen.st[0], DLB_OK);
	assert_int_equal(seen.st[1], DLB_OK);
	dlb_node_close(n);
	assert_true(fixture_same(f, "a", "out/a"));
	assert_true(is_there(f, "out/.dlb-partial-all/0"));
	close(fd);
}

static void
files_are_replaced_where_that_was_asked_for(void **state)
{
	static const char *const files[] = {"a", "b"};
	struct fixture *f = *state;
	struct seen seen = {.n = 0};
	struct dlb_read_options o = {.fd = -1, .overwrite = true};
	struct dlb_read_each each = {.ctx = &seen, .may = may, .done = done};
	struct dlb_node *n;
	struct numbers l;

	fixture_file(f, "a", 1000, 1);
	fixture_file(f, "b", 1000, 2);
	n = bring(f, files, DLB_ARRAY_LEN(files));
	l = inbox(f, n);
	fixture_mkdir(f, "out");
	fixture_file(f, "out/b", 10, 3);
	o.directory = fixture_path(f, "out");
	assert_dlb_ok(f,
		dlb_node_read_each(n, l.number, l.n, &o, &each, NULL, &f->err));
	dlb_node_close(n);
	assert_true(fixture_same(f, "a", "out/a"));
	assert_true(fixture_same(f, "b", "out/b"));
}

static void
nothing_is_made_where_nothing_is_read(void **state)
{
	static const int64_t none[] = {4711, 4712};
	static const char *const files[] = {"a", "b"};
	struct fixture *f = *state;
	struct seen seen = {.n = 0};
	struct dlb_node *n;

	fixture_file(f, "a", 10, 1);
	fixture_file(f, "b", 10, 2);
	n = bring(f, files, DLB_ARRAY_LEN(files));
	read_each(f, n, none, DLB_ARRAY_LEN(none), "out", &seen);
	assert_int_equal(seen.st[0], DLB_NOT_FOUND);
	assert_int_equal(seen.st[1], DLB_NOT_FOUND);
	assert_false(is_there(f, "out"));
	dlb_node_close(n);
}

/* More than are read at once, and the reader says stop in between. */
static void
it_stops_when_told_to(void **state)
{
	int64_t numbers[SEEN_MAX];
	static const char *const files[] = {"a"};
	struct fixture *f = *state;
	struct seen seen = {.n = 0, .stop_after = 10};
	struct dlb_node *n;

	fixture_file(f, "a", 10, 1);
	n = bring(f, files, 1);
	for (size_t i = 0; i < DLB_ARRAY_LEN(numbers); i++)
		numbers[i] = 5000 + (int64_t)i;
	read_each(f, n, numbers, DLB_ARRAY_LEN(numbers), "out", &seen);
	/* What was read together with it is told of, too. */
	assert_in_range(seen.n, 10, 768);
	dlb_node_close(n);
}

static void
messages_need_no_directory(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {.n = 0};
	struct dlb_node *n;
	struct numbers l;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 16);
	fixture_send(f, n, bob, NULL, "one");
	fixture_send(f, n, bob, NULL, "two");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	fixture_meet(f, n, "usb");
	l = inbox(f, n);
	assert_int_equal(l.n, 2);
	read_each(f, n, l.number, l.n, "out", &seen);
	assert_int_equal(seen.st[0], DLB_OK);
	assert_int_equal(seen.st[1], DLB_OK);
	assert_string_not_equal(seen.message[0], seen.message[1]);
	assert_false(is_there(f, "out"));
	dlb_node_close(n);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(each_is_read_in_its_order),
		TEST(what_fails_fails_alone),
		TEST(letters_do_not_replace_each_others_files),
		TEST(files_and_folders_share_a_directory),
		TEST(a_busy_folder_is_left_alone),
		TEST(files_are_replaced_where_that_was_asked_for),
		TEST(nothing_is_made_where_nothing_is_read),
		TEST(it_stops_when_told_to),
		TEST(messages_need_no_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
