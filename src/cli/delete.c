/*
 * dlb delete: letters, in and out, that are done with.
 */
#include "format.h"
#include "node.h"
#include "session.h"

#include <stdio.h>

static enum dlb_status
delete_all(struct cli *c, struct dlb_node *n, const struct cli_args *a,
	struct dlb_error *err)
{
	size_t done = 0;
	enum dlb_status st = DLB_OK, failed = DLB_OK;

	for (size_t i = 0; i < a->operands_n; i++) {
		int64_t number;

		st = cli_parse_number(&number, a->operands[i], err);
		if (st == DLB_OK)
			st = dlb_node_delete(n, number, err);
		if (st == DLB_OK) {
			done++;
			continue;
		}
		failed = st;
		if (a->operands_n > 1)
			cli_say_error(err);
	}
	if (done > 0)
		cli_say(c, "%zu letter%s deleted.", done, cli_s(done));
	if (failed == DLB_OK || a->operands_n == 1)
		return failed;
	return dlb_fail(err, done > 0 ? DLB_PARTLY : failed,
		"%zu of %zu letters were not deleted, as said above",
		a->operands_n - done, a->operands_n);
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	enum dlb_status st = DLB_OK;
	int64_t number;

	/* A slip of the finger deletes nothing. */
	for (size_t i = 0; i < a->operands_n && st == DLB_OK; i++)
		st = cli_parse_number(&number, a->operands[i], err);
	if (st == DLB_OK)
		st = cli_open_person(&n, c, a, err);
	if (st == DLB_OK)
		st = delete_all(c, n, a, err);
	dlb_node_close(n);
	return st;
}

const struct cli_verb cli_delete = {
	.name = "delete",
	.operands = "NUMBER...",
	.summary = "delete letters, in or out",
	.text = "Deletes letters by the numbers that inbox and outbox show. A letter\n"
		"that came in and is deleted does not come a second time. Of a letter\n"
		"that you sent, what meetings took stays on its way; to call that back,\n"
		"`dlb recall` it first.",
	.example = "dlb delete 12 15",
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.run = run,
};
