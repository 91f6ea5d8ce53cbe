/*
 * What is said of a letter's content: its message, the line that a list shows, and which
 * files are letters of their own.
 */
#include "pack_tree.h"

static void
test_message_only(void **state)
{
	struct tree *t = *state;
	struct dlb_pack_options options = {
		.fields = {.message = "hello", .message_len = 5}};
	struct dlb_buf stream = {0};

	assert_int_equal(tree_pack(t, &stream, &options), DLB_OK);
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_OK);
	assert_int_equal(t->files, 0);
	tree_expect_entries(t, "out", 0);
	dlb_buf_free(&stream);
	options.fields.message = "\xff";
	options.fields.message_len = 1;
	assert_int_equal(tree_pack(t, &stream, &options), DLB_MALFORMED);
	options.fields.message_len = DLB_MESSAGE_LEN_MAX + 1;
	assert_int_equal(tree_pack(t, &stream, &options), DLB_LIMIT);
	dlb_buf_free(&stream);
}

static void
expect_summary(const char *const *paths, size_t paths_n, const char *message,
	const char *expected)
{
	struct dlb_pack_options options = {
		.paths = paths,
		.paths_n = paths_n,
		.fields = {.kind = DLB_KIND_LETTER,
			.message = message,
			.message_len = message ? strlen(message) : 0},
	};
	struct dlb_pack *p = NULL;
	char summary[256];

	assert_int_equal(dlb_pack_open(&p, &options, NULL, NULL), DLB_OK);
	dlb_pack_summary(p, summary);
	assert_string_equal(summary, expected);
	dlb_pack_close(p);
}

static void
test_summary(void **state)
{
	struct tree *t = *state;
	const char *paths[3];
	char many[300], long_message[400];
	struct dlb_buf stream = {0};
	struct dlb_unpack *u = NULL;
	struct dlb_unpack_options to = tree_unpack_options(t);
	char summary[256];

	tree_folder(t, "in/report");
	tree_file(t, "in/report/1", "");
	tree_file(t, "in/a\033[1m", "");
	tree_file(t, "in/z", "");
	paths[0] = tree_at(t, "in/report");
	paths[1] = tree_at(t, "in/a\033[1m");
	paths[2] = tree_at(t, "in/z");
	expect_summary(paths, 3, NULL, "a?[1m, report/, z");
	expect_summary(paths, 3, "\n \n  first line \r\nsecond", "first line");
	expect_summary(paths, 3, " \n ", "a?[1m, report/, z");
	memset(long_message, 'm', sizeof(long_message));
	memcpy(long_message + 254, "\xc3\xa4\0", 3);
	memset(many, 'm', 254);
	many[254] = '\0';
	expect_summary(NULL, 0, long_message, many);
	/* As many names as fit. */
	for (unsigned i = 100; i < 200; i++) {
		char name[64];

		snprintf(name, sizeof(name), "out/name-%u", i);
		tree_file(t, name, "");
	}
	{
		const char *all[100];
		char text[100][128];

		for (unsigned i = 0; i < 100; i++) {
			snprintf(text[i], sizeof(text[i]), "%s/out/name-%u",
				t->dir, 100 + i);
			all[i] = text[i];
		}
		struct dlb_pack_options options = {
			.paths = all, .paths_n = 100};
		assert_int_equal(tree_pack(t, &stream, &options), DLB_OK);
	}
	to.describe_only = true;
	to.content_len = stream.len;
	assert_int_equal(dlb_unpack_open(&u, &to, &t->err), DLB_OK);
	assert_null(dlb_unpack_manifest(u));
	assert_int_equal(
		dlb_unpack_write(u, stream.data, stream.len, &t->err), DLB_OK);
	assert_non_null(dlb_unpack_manifest(u));
	dlb_summary_of(dlb_unpack_manifest(u), summary);
	assert_true(strncmp(summary, "name-100, name-101, ", 20) == 0);
	assert_string_equal(summary + strlen(summary) - 5, ", ...");
	dlb_unpack_close(u);
	dlb_buf_free(&stream);
}

static void
test_list(void **state)
{
	struct tree *t = *state;
	const char *paths[2];
	char **list = NULL;
	size_t n = 0;
	uint64_t skipped = 0;

	tree_folder(t, "in/d");
	tree_folder(t, "in/d/e");
	tree_folder(t, "in/d/empty");
	tree_file(t, "in/d/e/1", "1");
	tree_file(t, "in/d/2", "2");
	tree_link(t, "in/d/link", "2");
	paths[0] = tree_at(t, "in/d/");
	paths[1] = tree_at(t, "in/d/2");
	assert_int_equal(dlb_pack_list(&list, &n, paths, 2, tree_note, t,
				 &skipped, &t->err),
		DLB_OK);
	assert_int_equal(n, 3);
	assert_int_equal(skipped, 1);
	assert_string_equal(list[0], tree_at(t, "in/d/2"));
	assert_string_equal(list[1], tree_at(t, "in/d/e/1"));
	assert_string_equal(list[2], tree_at(t, "in/d/2"));
	dlb_pack_list_free(list, n);
	paths[1] = tree_at(t, "in/gone");
	assert_int_equal(
		dlb_pack_list(&list, &n, paths, 2, NULL, NULL, NULL, &t->err),
		DLB_NOT_FOUND);
	assert_int_equal(
		dlb_pack_list(&list, &n, NULL, 0, NULL, NULL, NULL, &t->err),
		DLB_OK);
	assert_int_equal(n, 0);
	dlb_pack_list_free(list, n);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_message_only),
		TEST(test_summary),
		TEST(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
