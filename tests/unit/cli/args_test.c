/*
 * Parsing of options and operands.
 */
#include "args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct cli_option first[] = {
	{"size", 's', "SIZE", ""}, {"sparse", 0, NULL, ""}};
static const struct cli_option second[] = {
	{"quiet", 'q', NULL, ""}, {"output", 'o', "FILE", ""}};
static const struct cli_option_set sets[CLI_OPTION_SETS_MAX] = {
	{first, 2}, {NULL, 0}, {second, 2}};

static struct dlb_error err;

/* Words separated by one blank; "_" is an empty word. */
static enum dlb_status
parse(struct cli_args *a, const char *line)
{
	static char words[256];
	char *argv[16] = {NULL}, *p = words;
	int argc = 0;

	snprintf(words, sizeof(words), "%s", line);
	while (*p) {
		char *end = p + strcspn(p, " ");

		argv[argc++] =
			strncmp(p, "_", (size_t)(end - p)) == 0 && end == p + 1
			? words + strlen(words)
			: p;
		p = *end ? end + 1 : end;
		*end = '\0';
	}
	memset(&err, 0, sizeof(err));
	return cli_args_parse(a, argc, argv, sets, &err);
}

static void
options_stand_anywhere(void **state)
{
	static const char *const lines[] = {"--size 4G -q a b",
		"a --size=4G b --quiet", "a b -qs4G", "-q a -s 4G b",
		"-qs 4G -- a b"};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(lines); i++) {
		struct cli_args a;

		assert_int_equal(parse(&a, lines[i]), DLB_OK);
		assert_string_equal(cli_value(&a, "size"), "4G");
		assert_true(cli_flag(&a, "quiet"));
		assert_false(cli_flag(&a, "sparse"));
		assert_null(cli_value(&a, "output"));
		assert_int_equal(a.operands_n, 2);
		assert_string_equal(a.operands[0], "a");
		assert_string_equal(a.operands[1], "b");
		cli_args_free(&a);
	}
}

static void
what_only_looks_like_an_option(void **state)
{
	struct cli_args a;

	(void)state;
	assert_int_equal(parse(&a, "- -- --size -q --"), DLB_OK);
	assert_int_equal(a.operands_n, 4);
	assert_string_equal(a.operands[0], "-");
	assert_string_equal(a.operands[1], "--size");
	assert_string_equal(a.operands[3], "--");
	assert_false(cli_flag(&a, "quiet"));
	cli_args_free(&a);
	/* A value may look like an option, or be empty. */
	assert_int_equal(parse(&a, "--size --sparse -o _"), DLB_OK);
	assert_string_equal(cli_value(&a, "size"), "--sparse");
	assert_string_equal(cli_value(&a, "output"), "");
	assert_true(cli_flag(&a, "output"));
	assert_int_equal(a.operands_n, 0);
	cli_args_free(&a);
	assert_int_equal(parse(&a, "--size="), DLB_OK);
	assert_string_equal(cli_value(&a, "size"), "");
	cli_args_free(&a);
}

static void
what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *line, *named;
	} wrong[] = {{"--sise 4G", "--size"}, {"--si 4G", "--si"}, {"-x", "-x"},
		{"--size", "--size SIZE"}, {"a -o", "-o FILE"},
		{"--size 1 -s 2", "twice"}, {"--sparse=yes", "no value"},
		{"---", "--"}, {"--=", "--"}, {"-qx", "-x"}};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(wrong); i++) {
		struct cli_args a;

		assert_int_equal(parse(&a, wrong[i].line), DLB_USAGE);
		assert_non_null(strstr(err.msg, wrong[i].named));
		assert_null(a.operands);
	}
}

static void
numbers(void **state)
{
	static const char *const wrong[] = {"", "0", "-1", "+1", " 1", "1 ",
		"1x", "x", "9223372036854775808", "99999999999999999999",
		"0x1"};
	int64_t n;

	(void)state;
	assert_int_equal(cli_parse_number(&n, "1", NULL), DLB_OK);
	assert_int_equal(n, 1);
	assert_int_equal(
		cli_parse_number(&n, "9223372036854775807", NULL), DLB_OK);
	assert_true(n == INT64_MAX);
	for (size_t i = 0; i < DLB_ARRAY_LEN(wrong); i++) {
		assert_int_equal(
			cli_parse_number(&n, wrong[i], NULL), DLB_USAGE);
		assert_int_equal(n, 0);
	}
}

static void
distances(void **state)
{
	char long_word[100];

	(void)state;
	assert_int_equal(cli_distance("send", "send", 3), 0);
	assert_int_equal(cli_distance("sedn", "send", 3), 1); /* swapped */
	assert_int_equal(cli_distance("sen", "send", 3), 1);
	assert_int_equal(cli_distance("ssend", "send", 3), 1);
	assert_int_equal(cli_distance("bend", "send", 3), 1);
	assert_int_equal(cli_distance("kitten", "sitting", 5), 3);
	assert_int_equal(cli_distance("", "abc", 5), 3);
	assert_int_equal(cli_distance("abcdef", "", 2), 3); /* most + 1 */
	memset(long_word, 'a', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	assert_int_equal(cli_distance(long_word, "a", 2), 3);
	assert_int_equal(cli_distance("a", long_word, 2), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_stand_anywhere),
		cmocka_unit_test(what_only_looks_like_an_option),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(numbers),
		cmocka_unit_test(distances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
