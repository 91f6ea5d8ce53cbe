/*
 * dlb know: adding a correspondent.
 */
#include "people.h"
#include "session.h"

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_correspondent who;
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open_person(&n, c, a, err);

	if (st == DLB_OK)
		st = cli_know_card(
			&who, c, n, a->operands[0], cli_value(a, "as"), err);
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"as", 0, "NAME", "call them so; else as their card does"},
};

const struct cli_verb cli_know = {
	.name = "know",
	.operands = "CARD",
	.summary = "add a correspondent by their card",
	.text = "Reads a card (- is standard input), checks it, and remembers whose it\n"
		"is. It then shows twelve words: compare them with those that `dlb\n"
		"card` shows its owner, by voice or face to face. A newer card of\n"
		"someone you know replaces the older.",
	.example = "dlb know bob.card\ndlb know bob.card --as robert",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
