/*
 * dlb know: adding a correspondent.
 */
#include "people.h"
#include "session.h"

#include <string.h>

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	const char *whom = a->operands[0], *name = cli_value(a, "as");
	bool letter = strspn(whom, "0123456789") == strlen(whom);
	struct dlb_correspondent who;
	struct dlb_node *n = NULL;
	int64_t number = 0;
	enum dlb_status st =
		letter ? cli_parse_number(&number, whom, err) : DLB_OK;

	if (st == DLB_OK)
		st = cli_open_person(&n, c, a, err);
	if (st == DLB_OK)
		st = letter ? cli_know_sender(c, n, number, name, err)
			    : cli_know_card(&who, c, n, whom, name, err);
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"as", 0, "NAME", "call them so from now on; else as their card does"},
};

const struct cli_verb cli_know = {
	.name = "know",
	.operands = "CARD | NUMBER",
	.summary =
		"add a correspondent by their card, or by a letter of theirs",
	.text = "Reads a card (- is standard input), checks it, and remembers whose it\n"
		"is: a file, such as a mail it was pasted into, its text itself, the text\n"
		"of a QR code, or a picture (PNG, JPEG) of one. It then shows twelve words:\n"
		"compare them with those that `dlb card --words` shows its owner, or see\n"
		"`dlb verify`. A newer card of someone you know replaces the older. A card\n"
		"with the name of someone you know and other keys is refused, unless you\n"
		"give it another name.\n"
		"A stranger's letter brings their card: its number in place of a file\n"
		"makes a correspondent of its sender, whom you can then answer.",
	.example = "dlb know bob.card\n"
		   "dlb know photo.png\n"
		   "dlb know bob.card --as robert\n"
		   "dlb know 12 --as carol",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
