/*
 * backup_state: who has said that they have a share of one's last backup.
 */
#ifndef DLB_CLI_BACKUP_STATE_H
#define DLB_CLI_BACKUP_STATE_H

#include "cli.h"
#include "node.h"

enum dlb_status cli_backup_state(struct cli *c, const struct cli_args *a,
	struct dlb_node *n, struct dlb_error *err) DLB_MUST_CHECK;

#endif
