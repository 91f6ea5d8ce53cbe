/*
 * What is said to people beside a verb's result: errors, notes, warnings.
 *
 * Invariant: one line each, and nothing in it can upset a terminal, whatever bytes
 * a path, a card or a stick brought along.
 */
#include "cli.h"

#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
put_line(FILE *to, const char *prefix, const char *text)
{
	char shown[1024];

	cli_progress_clear();
	/* What was said before on the other stream comes first. */
	fflush(stdout);
	dlb_printable(shown, sizeof(shown), text, strlen(text));
	fprintf(to, "%s%s\n", prefix, shown);
}

void
cli_say_error(const struct dlb_error *err)
{
	const char *text = err->msg;

	if (err->status == DLB_CANCELLED
		&& (!text[0] || strcmp(text, "interrupted") == 0))
		text = "interrupted; nothing is lost";
	put_line(
		stderr, "dlb: ", text[0] ? text : dlb_status_text(err->status));
}

void
cli_note(const struct cli *c, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (c->quiet)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put_line(stderr, "dlb: ", text);
}

void
cli_warn(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put_line(stderr, "dlb: ", text);
}

void
cli_say(const struct cli *c, const char *fmt, ...)
{
	char text[4096 + 1024], shown[4096 + 1024];
	va_list ap;

	if (c->quiet)
		return;
	cli_progress_clear();
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	dlb_printable(shown, sizeof(shown), text, strlen(text));
	fprintf(c->talk, "%s\n", shown);
}
