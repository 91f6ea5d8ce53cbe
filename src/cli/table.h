/*
 * table: lists in columns that fit the terminal.
 *
 * Every text is made printable on its way in. On a terminal the last column gets
 * what the others leave, and is left out where that is next to nothing, as are
 * columns that can be spared; elsewhere nothing is cut.
 */
#ifndef DLB_CLI_TABLE_H
#define DLB_CLI_TABLE_H

#include "base.h"

#define CLI_COLUMNS_MAX 8
#define CLI_CELL_MAX                                                           \
	32 /* columns on a terminal that one but the last may take */

struct cli_column {
	const char *title;
	bool right; /* numbers */
	bool spare; /* left out where the terminal is too narrow */
};

struct cli_table {
	const struct cli_column *columns;
	size_t n;
	char **cells; /* row by row; owned */
	size_t len, cap;
	bool failed; /* out of memory */
};

void cli_table_init(
	struct cli_table *t, const struct cli_column *columns, size_t n);
/* The next cell, from left to right, row after row. */
void cli_table_add(struct cli_table *t, const char *fmt, ...) DLB_PRINTF(2, 3);
/* To standard output; width 0: no terminal. */
enum dlb_status cli_table_print(const struct cli_table *t, size_t width,
	struct dlb_error *err) DLB_MUST_CHECK;
void cli_table_free(struct cli_table *t);

#endif
