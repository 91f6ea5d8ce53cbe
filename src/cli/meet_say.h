/*
 * meet_say: what is said of a meeting, whether with a box or with another node.
 */
#ifndef DLB_CLI_MEET_SAY_H
#define DLB_CLI_MEET_SAY_H

#include "cli.h"
#include "node.h"

#define CLI_SERVED_AS_COURIER                                                  \
	"  served   as you were briefed: it got what is bound for it alone; "  \
	"what you send, and what tells that the briefing came, goes by "       \
	"another box or node"

/* "given    64 cells (4.0 MiB), 64 of them new ones from here" */
void cli_say_cells(
	struct cli *c, const char *what, uint64_t cells, const char *more);
/* After a meeting: letters for which the home has too little room, and what makes it. */
void cli_say_no_room(struct cli *c, struct dlb_node *n);

#endif
