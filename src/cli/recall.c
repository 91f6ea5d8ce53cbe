/*
 * dlb recall: letters that their sender wants back.
 */
#include "format.h"
#include "meeting.h"
#include "node.h"
#include "session.h"

#include <stdio.h>

static void
say_recalled(struct cli *c, int64_t number, const struct dlb_recall_result *r)
{
	uint64_t out = r->cells - r->never_left, left = out - r->released;
	uint64_t meetings =
		(left + DLB_MEETING_OWN_CELLS - 1) / DLB_MEETING_OWN_CELLS;
	char text[CLI_FORMAT_MAX];

	if (out == 0) {
		cli_say(c, "Letter %lld is recalled: nothing of it had left.",
			(long long)number);
		return;
	}
	if (left == 0)
		cli_say(c,
			"Letter %lld is recalled: all of its cells were called "
			"back already.",
			(long long)number);
	else if (meetings == 1)
		cli_say(c,
			"Letter %lld is recalled: the next meeting calls back "
			"its %s cell%s.",
			(long long)number, cli_count(text, left), cli_s(left));
	else
		cli_say(c,
			"Letter %lld is recalled: the next %llu meetings call "
			"back its %s cells.",
			(long long)number, (unsigned long long)meetings,
			cli_count(text, left));
	if (r->arrived_ms)
		cli_say(c, "It has arrived: its reader has it and keeps it.");
	else
		cli_say(c, "Whoever has read it has read it.");
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_recall_result r;
	struct dlb_node *n = NULL;
	int64_t number;
	enum dlb_status st = cli_parse_number(&number, a->operands[0], err);

	if (st == DLB_OK)
		st = cli_open_person(&n, c, a, err);
	if (st == DLB_OK)
		st = dlb_node_recall(n, number, &r, err);
	if (st == DLB_OK)
		say_recalled(c, number, &r);
	dlb_node_close(n);
	return st;
}

const struct cli_verb cli_recall = {
	.name = "recall",
	.operands = "NUMBER",
	.summary = "call back a letter that you sent",
	.text = "Calls back a letter by the number that outbox shows. Who carries its\n"
		"cells drops them once word of it comes by, and takes none of them\n"
		"again; word goes out with the next meetings, for 64 cells each. It\n"
		"travels as cells do: it may be overtaken, and whoever has read the\n"
		"letter has read it.",
	.example = "dlb recall 12",
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
