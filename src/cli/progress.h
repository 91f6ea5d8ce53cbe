/*
 * progress: the line that tells how far long work is.
 *
 * The line is shown on a terminal only, on standard error, for what takes over a
 * second; it is gone when the work is done.
 */
#ifndef DLB_CLI_PROGRESS_H
#define DLB_CLI_PROGRESS_H

#include "cli.h"

/* What to hand to long work. Without a terminal, and with --quiet, it only tells
 * of the interruption. */
const struct dlb_progress *cli_progress(const struct cli *c);
/* Clears the line; before anything else is printed. Harmless without one. */
void cli_progress_clear(void);

/* The text of the line, for `columns` columns: what, how far, how fast, how long
 * still. rate: of a second, 0 where it is not known. */
void cli_progress_text(char *out, size_t cap, size_t columns, const char *what,
	uint64_t done, uint64_t total, uint64_t rate);

#endif
