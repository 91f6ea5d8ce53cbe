/*
 * on_event: a program of the user's that is told what `dlb serve` did.
 *
 * It is run directly (no shell) with the event's name as its argument and the details
 * in its environment; never waited for. Names that came from outside reach it as
 * values only, printable.
 */
#ifndef DLB_CLI_ON_EVENT_H
#define DLB_CLI_ON_EVENT_H

#include "cli.h"

/* Beyond so many at a time an event is passed over, with a warning. */
#define CLI_ON_EVENT_MAX 8
#define CLI_ON_EVENT_VALUES 12

struct cli_on_event {
	const char *program;           /* NULL: nobody is told */
	int running[CLI_ON_EVENT_MAX]; /* process ids; 0: free */
};

struct cli_event_value {
	const char *name; /* DLB_WHO */
	const char *value;
};

void cli_on_event(struct cli_on_event *o, const char *event,
	const struct cli_event_value *values, size_t n);
/* Those that have ended. */
void cli_on_event_reap(struct cli_on_event *o);

#endif
