/*
 * dlb send: a letter to someone.
 */
#include "send.h"

static enum dlb_status
run_send(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct cli_sending s = {.c = c, .a = a};

	return cli_send_run(&s, err);
}

static const struct cli_option options[] = {
	{"message", 'm', "TEXT", "a message; others here may see it in `ps`"},
	{"stick", 0, "PATH", "then meet the box there; one is made if need be"},
	{"each", 0, NULL, "a letter of each file, also of those in folders"},
	{"now", 0, NULL, "all at the next meeting, however large"},
	{"spread", 0, NULL, "no more than 64 cells a meeting"},
	{"via", 0, "BOX", "by way of that box; its couriers know it so"},
	{"need", 0, "K", "split it: any K stripes suffice of those made"},
	{"of", 0, "N", "with --need: of so many stripes, 255 at most"},
	{"threshold", 0, NULL, "with --need: fewer than K open to nobody"},
	{"compress", 0, NULL, "with zstd; the size then tells of the content"},
	{"name", 0, "NAME", "what standard input is called; else stdin"},
	{"again", 0, "SPAN", "send it again if no receipt comes in so long"},
	{"no-receipt", 0, NULL, "do not ask to be told when it has arrived"},
	{"last-resort", 0, NULL, "use the last key of an outdated card"},
	{"box-passphrase-file", 0, "FILE", "the box's passphrase, from a file"},
	{"box-passphrase-fd", 0, "N", "the same, from an open descriptor"},
	{"box-key-file", 0, "FILE", "the box's key file"},
};

const struct cli_verb cli_send = {
	.name = "send",
	.operands = "WHO [PATH...]",
	.summary = "seal a letter: files, folders, a message",
	.text = "Seals what is named into a letter to WHO: a correspondent's name, or\n"
		"the file of their card. Without a path and without -m, it reads\n"
		"standard input. The letter waits here until a meeting takes it; with\n"
		"--stick, the meeting follows at once.\n"
		"\n"
		"A meeting adds 64 cells (4 MiB) of yours, letters or cover, so that\n"
		"nobody can tell. For what is larger, say --now or --spread.\n"
		"\n"
		"With --need 3 --of 5 it travels as five stripes, of which any three\n"
		"suffice. With --threshold too, less than three are worth nothing, even\n"
		"to who takes the reader's keys.\n"
		"\n"
		"With --again, where the files are and the message stay in this home\n"
		"until the letter has arrived; without a receipt in so long (7d to\n"
		"30d), it is sealed again of them at the next meeting.\n"
		"It exits with 3 where something was left out, and says what.",
	.example = "dlb send bob report/ -m 'as promised' --stick /media/usb\n"
		   "tar c src | dlb send bob.card --name src.tar",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.run = run_send,
};
