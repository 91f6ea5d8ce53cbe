/*
 * The JSON writer.
 */
#include "json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct cli_json j;
	FILE *to;
	char *text;
	size_t len;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->to = open_memstream(&f->text, &f->len);
	cli_json_init(&f->j, f->to);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	fclose(f->to);
	free(f->text);
	free(f);
	return 0;
}

static const char *
written(struct fixture *f)
{
	fflush(f->to);
	return f->text;
}

static void
nesting_and_commas(void **state)
{
	struct fixture *f = *state;
	struct cli_json *j = &f->j;

	cli_json_object(j, NULL);
	cli_json_int(j, "a", -5);
	cli_json_array(j, "b");
	cli_json_end(j, ']');
	cli_json_array(j, "c");
	cli_json_bool(j, NULL, true);
	cli_json_null(j, NULL);
	cli_json_object(j, NULL);
	cli_json_end(j, '}');
	cli_json_end(j, ']');
	cli_json_uint(j, "d", UINT64_MAX);
	cli_json_time(j, "e", 0);
	cli_json_time(j, "f", 1772366709123LL);
	cli_json_end(j, '}');
	cli_json_finish(j);
	assert_string_equal(written(f),
		"{\"a\":-5,\"b\":[],\"c\":[true,null,{}],"
		"\"d\":18446744073709551615,\"e\":null,"
		"\"f\":\"2026-03-01T12:05:09Z\"}\n");
}

static void
check_string(void **state, const char *bytes, size_t len, const char *json)
{
	struct fixture *f = *state;

	cli_json_init(&f->j, f->to);
	rewind(f->to);
	cli_json_bytes(&f->j, NULL, bytes, len);
	fputc('\0', f->to);
	assert_string_equal(written(f), json);
}

static void
strings_of_any_bytes(void **state)
{
	check_string(state, "", 0, "\"\"");
	check_string(state, "a?b", 3, "\"a?b\"");
	check_string(state, "\"\\", 2, "\"\\\"\\\\\"");
	check_string(state, "\n\t\x1b\x7f\0", 5,
		"\"\\u000a\\u0009\\u001b\\u007f\\u0000\"");
	check_string(state, "\xc3\xa9", 2, "\"\xc3\xa9\"");
	check_string(state, "\xf0\x9f\x93\xae", 4, "\"\xf0\x9f\x93\xae\"");
	/* A bidi override, a tag character beyond the first plane. */
	check_string(state, "\xe2\x80\xae", 3, "\"\\u202e\"");
	check_string(state, "\xf3\xa0\x80\x81", 4, "\"\\udb40\\udc01\"");
	check_string(state, "\xc2\x85", 2, "\"\\u0085\"");
	/* Not UTF-8: a lone byte, an overlong form, a surrogate, a cut. */
	check_string(state,
		"a\xff"
		"b",
		3, "\"a\\ufffdb\"");
	check_string(state, "\xc0\xaf", 2, "\"\\ufffd\\ufffd\"");
	check_string(state, "\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\"");
	check_string(state, "\xe2\x80", 2, "\"\\ufffd\\ufffd\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			nesting_and_commas, setup, teardown),
		cmocka_unit_test_setup_teardown(
			strings_of_any_bytes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
