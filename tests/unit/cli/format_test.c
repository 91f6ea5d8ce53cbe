/*
 * Sizes, counts, times and widths.
 */
#include "format.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void
sizes_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} right[] = {{"0", 0}, {"1", 1}, {"8388608", 8388608},
		{"4G", 4ULL << 30}, {"4g", 4ULL << 30}, {"4GiB", 4ULL << 30},
		{"4GB", 4000000000ULL}, {"1.5K", 1536}, {"0.5M", 1 << 19},
		{"800 M", 800ULL << 20}, {"1T", 1ULL << 40}, {"12b", 12},
		{"1048576T", 1ULL << 60}, {"1.9999999999G", 2147482574ULL}};
	static const char *const wrong[] = {"", "G", ".5G", "-1", "4Q", "4GX",
		"4 G B", "1e9", "0x10", "1048577T", "99999999999999999999",
		"18446744073709551616", "4,5G", " 4G", "1..5G"};
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(right); i++) {
		assert_int_equal(
			cli_parse_size(&n, right[i].text, NULL), DLB_OK);
		assert_true(n == right[i].bytes);
	}
	for (size_t i = 0; i < DLB_ARRAY_LEN(wrong); i++) {
		assert_int_equal(cli_parse_size(&n, wrong[i], NULL), DLB_USAGE);
		assert_true(n == 0);
	}
}

static void
counts_and_durations(void **state)
{
	char text[CLI_FORMAT_MAX];

	(void)state;
	assert_string_equal(cli_count(text, 0), "0");
	assert_string_equal(cli_count(text, 999), "999");
	assert_string_equal(cli_count(text, 4352), "4,352");
	assert_string_equal(cli_count(text, 1000000), "1,000,000");
	assert_string_equal(
		cli_count(text, UINT64_MAX), "18,446,744,073,709,551,615");
	assert_string_equal(cli_duration(text, 0), "0:00");
	assert_string_equal(cli_duration(text, 9), "0:09");
	assert_string_equal(cli_duration(text, 760), "12:40");
	assert_string_equal(cli_duration(text, 11100), "3:05:00");
	assert_string_equal(cli_duration(text, 359999), "99:59:59");
	assert_string_equal(cli_duration(text, UINT64_MAX), "over 4 days");
}

static void
times(void **state)
{
	char text[CLI_FORMAT_MAX];

	(void)state;
	setenv("TZ", "XYZ-2", 1);
	tzset();
	assert_string_equal(
		cli_time_here(text, 1772366709123LL), "2026-03-01 14:05");
	assert_string_equal(
		cli_time_utc(text, 1772366709123LL), "2026-03-01T12:05:09Z");
	/* Whatever a broken clock says is a text of some kind. */
	assert_true(strlen(cli_time_here(text, INT64_MAX)) < CLI_FORMAT_MAX);
	assert_true(strlen(cli_time_utc(text, INT64_MIN)) < CLI_FORMAT_MAX);
}

static void
widths(void **state)
{
	static const char japanese[] = "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e";

	(void)state;
	assert_int_equal(cli_width(""), 0);
	assert_int_equal(cli_width("abc"), 3);
	assert_int_equal(cli_width("\xc3\xa9t\xc3\xa9"), 3);
	assert_int_equal(cli_width(japanese), 6);
	assert_int_equal(cli_width("e\xcc\x81"), 1); /* combining */
}

static void
cutting(void **state)
{
	static const struct {
		const char *text;
		size_t columns;
		const char *cut;
	} cuts[] = {{"abcdef", 6, "abcdef"}, {"abcdefg", 6, "abc..."},
		{"abcdefg", 3, "..."}, {"abcdefg", 2, ".."}, {"abc", 0, ""},
		{"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 5, "\xe6\x97\xa5..."},
		{"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 4, "..."},
		{"\xe6\x97\xa5", 1, "."}};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(cuts); i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s", cuts[i].text);
		cli_cut(text, cuts[i].columns);
		assert_string_equal(text, cuts[i].cut);
		assert_true(dlb_utf8_valid(text, strlen(text)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(counts_and_durations),
		cmocka_unit_test(times),
		cmocka_unit_test(widths),
		cmocka_unit_test(cutting),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
