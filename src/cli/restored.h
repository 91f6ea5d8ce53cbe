/*
 * restored: what is said and done once a letterbox was had again.
 */
#ifndef DLB_CLI_RESTORED_H
#define DLB_CLI_RESTORED_H

#include "backups.h"
#include "cli.h"

/* What the note of it says: the card's file, letters to all with --tell. What was done
 * already is not done again. */
enum dlb_status cli_finish_restore(struct cli *c, const struct cli_args *a,
	struct dlb_node *n, struct dlb_error *err) DLB_MUST_CHECK;
void cli_say_done_already(
	struct cli *c, struct dlb_node *n, const struct dlb_restore_note *note);

#endif
