/*
 * dlb resend: a letter that may have been lost, sealed again or given again.
 */
#include "send.h"

static enum dlb_status
run_resend(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct cli_sending s = {.c = c, .a = a};
	enum dlb_status st = cli_parse_number(&s.again_of, a->operands[0], err);

	return st == DLB_OK ? cli_send_run(&s, err) : st;
}

static const struct cli_option options[] = {
	{"message", 'm', "TEXT", "a message; others here may see it in `ps`"},
	{"stick", 0, "PATH", "then meet the box there; one is made if need be"},
	{"now", 0, NULL, "all at the next meeting, however large"},
	{"spread", 0, NULL, "no more than 64 cells a meeting"},
	{"via", 0, "BOX", "by way of that box; its couriers know it so"},
	{"compress", 0, NULL, "with zstd; the size then tells of the content"},
	{"name", 0, "NAME", "what standard input is called; else stdin"},
	{"again", 0, "SPAN", "once more if no receipt comes in so long"},
	{"no-receipt", 0, NULL, "do not ask to be told when it has arrived"},
	{"last-resort", 0, NULL, "use the last key of an outdated card"},
	{"box-passphrase-file", 0, "FILE", "the box's passphrase, from a file"},
	{"box-passphrase-fd", 0, "N", "the same, from an open descriptor"},
	{"box-key-file", 0, "FILE", "the box's key file"},
};

const struct cli_verb cli_resend = {
	.name = "resend",
	.operands = "NUMBER [PATH...]",
	.summary = "send a letter again that may have been lost",
	.text = "Seals a letter of the outbox again, with new keys, under its old\n"
		"number: its reader gets it once, whichever arrives first. No key to\n"
		"what you sent is kept here, so name again what it held; of a letter\n"
		"that was sent with --again it was kept where its files are.\n"
		"With nothing named, the cells of another letter go out again as they\n"
		"are. Who sees your meetings can tell that they are yours then: cover\n"
		"goes out once.",
	.example = "dlb resend 12 report/ -m 'as promised' --stick /media/usb",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.run = run_resend,
};
