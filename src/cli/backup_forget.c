/*
 * dlb backup forget: keeping nothing of somebody's backup any more.
 */
#include "backups.h"
#include "format.h"
#include "people.h"
#include "session.h"

static enum dlb_status
run_forget(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_correspondent owner;
	struct dlb_node *n = NULL;
	unsigned count = 0;
	enum dlb_status st = cli_open_person(&n, c, a, err);

	if (st == DLB_OK)
		st = cli_who(&owner, c, n, a->operands[0], err);
	if (st == DLB_OK)
		st = dlb_node_forget_shares(n, owner.id, &count, err);
	if (st == DLB_OK)
		cli_say(c,
			"%u share%s of %s's backup %s gone. %s still counts on it: "
			"say so.",
			count, cli_s(count), owner.name,
			count == 1 ? "is" : "are", owner.name);
	dlb_node_close(n);
	return st;
}

const struct cli_verb cli_backup_forget = {
	.name = "backup forget",
	.operands = "WHO",
	.summary = "keep no share of someone's backup any more",
	.text = "Deletes what you keep of WHO's backup. They are not told: tell them, so\n"
		"that they ask someone else.",
	.example = "dlb backup forget alice",
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_forget,
};
