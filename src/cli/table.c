/*
 * Lists in columns.
 */
#include "table.h"

#include "format.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2
#define LAST_MIN 6 /* a last column narrower than that tells nothing */

void
cli_table_init(struct cli_table *t, const struct cli_column *columns, size_t n)
{
	memset(t, 0, sizeof(*t));
	t->columns = columns;
	t->n = n;
}

static void
add_text(struct cli_table *t, const char *text)
{
	if (t->len == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 64;
		char **cells = realloc(t->cells, cap * sizeof(*cells));

		if (!cells) {
			t->failed = true;
			return;
		}
		t->cells = cells;
		t->cap = cap;
	}
	t->cells[t->len] = strdup(text);
	if (t->cells[t->len])
		t->len++;
	else
		t->failed = true;
}

void
cli_table_add(struct cli_table *t, const char *fmt, ...)
{
	char text[1024], shown[1024];
	va_list ap;

	if (t->failed)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	add_text(t, dlb_printable(shown, sizeof(shown), text, strlen(text)));
}

/* How wide each column is to be; 0: not shown. */
static void
measure(const struct cli_table *t, size_t width,
	size_t widths[static CLI_COLUMNS_MAX])
{
	size_t used = 0, last = t->n - 1;

	for (size_t i = 0; i < t->n; i++)
		widths[i] = cli_width(t->columns[i].title);
	for (size_t i = 0; i < t->len; i++) {
		size_t w = cli_width(t->cells[i]);

		if (w > CLI_CELL_MAX && i % t->n != last && width > 0)
			w = CLI_CELL_MAX;
		if (w > widths[i % t->n])
			widths[i % t->n] = w;
	}
	for (size_t i = 0; i < last; i++)
		used += widths[i] + GAP;
	for (size_t i = 0; i < last && width > 0 && used > width + GAP; i++)
		if (t->columns[i].spare) {
			used -= widths[i] + GAP;
			widths[i] = 0;
		}
	if (width > 0 && used + LAST_MIN > width)
		widths[last] = 0;
	else if (width > 0 && used + widths[last] > width)
		widths[last] = width - used;
}

static void
print_row(const struct cli_table *t, char *const *row,
	const size_t widths[static CLI_COLUMNS_MAX], bool cut)
{
	size_t blanks = 0; /* owed before the next text: none trail a line */

	for (size_t i = 0; i < t->n; i++) {
		char text[1024];
		size_t w;

		if (widths[i] == 0)
			continue;
		snprintf(text, sizeof(text), "%s",
			row ? row[i] : t->columns[i].title);
		if (cut)
			cli_cut(text, widths[i]);
		w = cli_width(text);
		if (t->columns[i].right && w < widths[i])
			blanks += widths[i] - w;
		if (w > 0)
			printf("%*s%s", (int)blanks, "", text);
		if (w > 0)
			blanks = 0;
		if (!t->columns[i].right && w < widths[i])
			blanks += widths[i] - w;
		blanks += GAP;
	}
	putchar('\n');
}

enum dlb_status
cli_table_print(const struct cli_table *t, size_t width, struct dlb_error *err)
{
	size_t widths[CLI_COLUMNS_MAX] = {0};

	assert(t->n > 0 && t->n <= CLI_COLUMNS_MAX);
	if (t->failed || t->n == 0)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	measure(t, width, widths);
	print_row(t, NULL, widths, width > 0);
	for (size_t i = 0; i + t->n <= t->len; i += t->n)
		print_row(t, t->cells + i, widths, width > 0);
	return DLB_OK;
}

void
cli_table_free(struct cli_table *t)
{
	for (size_t i = 0; i < t->len; i++)
		free(t->cells[i]);
	free(t->cells);
	t->cells = NULL;
	t->len = t->cap = 0;
}
