/*
 * Lists in columns that fit.
 */
#include "table.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct cli_column columns[] = {{.title = "no", .right = true},
	{.title = "from", .spare = true}, {.title = "letter"}};

/* What a table prints goes to standard output: caught in a file. */
static void
check(const struct cli_table *t, size_t width, const char *wanted)
{
	char got[4096] = "", path[] = "/tmp/dlb-table-XXXXXX";
	int file = mkstemp(path), out;
	ssize_t n;

	assert_true(file >= 0);
	unlink(path);
	fflush(stdout);
	out = dup(STDOUT_FILENO);
	dup2(file, STDOUT_FILENO);
	assert_int_equal(cli_table_print(t, width, NULL), DLB_OK);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	n = pread(file, got, sizeof(got) - 1, 0);
	close(file);
	assert_true(n >= 0);
	assert_string_equal(got, wanted);
}

static void
fill(struct cli_table *t)
{
	cli_table_init(t, columns, DLB_ARRAY_LEN(columns));
	cli_table_add(t, "%d", 7);
	cli_table_add(t, "bob");
	cli_table_add(t, "a summary of some length");
	cli_table_add(t, "%d", 1234);
	cli_table_add(t, "\xe6\x97\xa5\xe6\x9c\xac");
	cli_table_add(t, "%s", "");
}

static void
columns_are_aligned(void **state)
{
	struct cli_table t;

	(void)state;
	fill(&t);
	check(&t, 0,
		"  no  from  letter\n"
		"   7  bob   a summary of some length\n"
		"1234  \xe6\x97\xa5\xe6\x9c\xac\n");
	check(&t, 80,
		"  no  from  letter\n"
		"   7  bob   a summary of some length\n"
		"1234  \xe6\x97\xa5\xe6\x9c\xac\n");
	cli_table_free(&t);
}

static void
the_last_column_gives_way(void **state)
{
	struct cli_table t;

	(void)state;
	fill(&t);
	check(&t, 24,
		"  no  from  letter\n"
		"   7  bob   a summary...\n"
		"1234  \xe6\x97\xa5\xe6\x9c\xac\n");
	check(&t, 14,
		"  no  from\n   7  bob\n1234  \xe6\x97\xa5\xe6\x9c\xac\n");
	cli_table_free(&t);
}

static void
long_names_are_cut_on_a_terminal_only(void **state)
{
	static const char name[] =
		"a-name-that-is-much-longer-than-thirty-two-columns";
	struct cli_table t;

	(void)state;
	cli_table_init(&t, columns, DLB_ARRAY_LEN(columns));
	cli_table_add(&t, "1");
	cli_table_add(&t, "%s", name);
	cli_table_add(&t, "x");
	check(&t, 80,
		"no  from                              letter\n"
		" 1  a-name-that-is-much-longer-th...  x\n");
	check(&t, 0,
		"no  from                                                letter\n"
		" 1  a-name-that-is-much-longer-than-thirty-two-columns  x\n");
	cli_table_free(&t);
}

static void
nothing_upsets_a_terminal(void **state)
{
	struct cli_table t;

	(void)state;
	cli_table_init(&t, columns, DLB_ARRAY_LEN(columns));
	cli_table_add(&t, "1");
	cli_table_add(&t, "a\nb\033[31m");
	cli_table_add(&t, "\xff\xe2\x80\xae");
	check(&t, 0, "no  from      letter\n 1  a?b?[31m  ??\n");
	cli_table_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned),
		cmocka_unit_test(the_last_column_gives_way),
		cmocka_unit_test(long_names_are_cut_on_a_terminal_only),
		cmocka_unit_test(nothing_upsets_a_terminal),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
