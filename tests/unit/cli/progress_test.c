/*
 * What the progress line says.
 */
#include "progress.h"

#include "format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
check(const char *what, uint64_t done, uint64_t total, uint64_t rate,
	size_t columns, const char *wanted)
{
	char text[256];

	cli_progress_text(text, sizeof(text), columns, what, done, total, rate);
	assert_string_equal(text, wanted);
	assert_true(cli_width(text) <= columns);
}

static void
what_is_known_is_said(void **state)
{
	(void)state;
	check("sealing", 1 << 20, 1 << 30, 1 << 20, 80,
		"sealing: 1.0 MiB of 1.0 GiB, 1.0 MiB a second, 17:03 left");
	check("sealing", 1 << 20, 1 << 30, 0, 80,
		"sealing: 1.0 MiB of 1.0 GiB");
	check("sealing", 1 << 20, 0, 1024, 80,
		"sealing: 1.0 MiB, 1.0 KiB a second");
	check("sealing", 1 << 30, 1 << 30, 1024, 80,
		"sealing: 1.0 GiB of 1.0 GiB, 1.0 KiB a second");
	/* More than was foreseen. */
	check("sealing", 2048, 1024, 1024, 80,
		"sealing: 2.0 KiB of 1.0 KiB, 1.0 KiB a second");
	check("searching", 1500, 20000, 500, 80,
		"searching: 1,500 of 20,000 cells, 500 cells a second, 0:37 left");
	check("reading every cell", 1024, 2048, 0, 80,
		"reading every cell: 1,024 of 2,048 cells");
}

static void
a_narrow_terminal(void **state)
{
	(void)state;
	check("sealing", 1 << 20, 1 << 30, 1 << 20, 30,
		"sealing: 1.0 MiB of 1.0 GiB...");
	check("sealing", 1 << 20, 1 << 30, 1 << 20, 2, "..");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_is_said),
		cmocka_unit_test(a_narrow_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
