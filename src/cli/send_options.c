/*
 * What the options of `dlb send` and `dlb resend` say: what is sealed, how, and whether
 * all of it goes at once.
 */
#include "format.h"
#include "progress.h"
#include "send.h"
#include "term.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AGAIN_MIN_S (7u * 86400)
/* The standing answer that `init` was given. */
#define SETTING_SPREAD "send.spread"

static enum dlb_spread
decide(void *ctx, uint64_t cells, uint64_t bytes)
{
	struct cli_sending *s = ctx;
	char n[CLI_FORMAT_MAX], size[CLI_FORMAT_MAX], meetings[CLI_FORMAT_MAX],
		prompt[512], answer = 'c';
	int64_t standing = DLB_SPREAD_ASK;
	enum dlb_status st;

	if (cli_flag(s->a, "now"))
		return DLB_SPREAD_NOW;
	if (cli_flag(s->a, "spread"))
		return DLB_SPREAD_SPREAD;
	if (dlb_setting_get_int(
		    dlb_node_letterbox(s->n), SETTING_SPREAD, &standing)
			== DLB_OK
		&& standing != DLB_SPREAD_ASK)
		return (enum dlb_spread)standing;
	/* Not in the middle of a pipe. */
	if (!isatty(STDERR_FILENO) || !cli_term_can_ask())
		return DLB_SPREAD_ASK;
	cli_progress_clear();
	snprintf(prompt, sizeof(prompt),
		"This takes %s cells (%s), and a meeting adds %d of yours.\n"
		"  n  now: all at the next meeting; a courier can see that "
		"something big went in\n"
		"  s  spread over %s meetings\n"
		"  c  cancel\n"
		"n, s or c? ",
		cli_count(n, cells), cli_size(size, bytes), CLI_MEETING_CELLS,
		cli_count(meetings,
			(cells + CLI_MEETING_CELLS - 1) / CLI_MEETING_CELLS));
	st = cli_term_ask_letter(&answer, prompt, "cns", NULL);
	s->interrupted = st == DLB_CANCELLED;
	s->cancelled = st == DLB_OK && answer == 'c';
	if (st != DLB_OK)
		return DLB_SPREAD_ASK;
	return answer == 'n'    ? DLB_SPREAD_NOW
		: answer == 's' ? DLB_SPREAD_SPREAD
				: DLB_SPREAD_ASK;
}

static enum dlb_status
read_message(struct cli_sending *s, struct dlb_error *err)
{
	const char *message = cli_value(s->a, "message");

	if (!message)
		return DLB_OK;
	s->options.message = message;
	s->options.message_len = strlen(message);
	if (s->options.message_len > DLB_MESSAGE_LEN_MAX)
		return dlb_fail(err, DLB_USAGE,
			"a message has at most %u bytes; send it as a file",
			DLB_MESSAGE_LEN_MAX);
	if (!dlb_utf8_valid(message, s->options.message_len))
		return dlb_fail(err, DLB_USAGE,
			"the message is not UTF-8 text; send it as a file");
	return DLB_OK;
}

static enum dlb_status
read_paths(struct cli_sending *s, struct dlb_error *err)
{
	static const char *const standard[] = {"-"};
	const struct cli_args *a = s->a;

	s->options.paths = a->operands + 1;
	s->options.paths_n = a->operands_n - 1;
	s->options.stdin_fd = STDIN_FILENO;
	s->options.stdin_name = cli_value(a, "name");
	for (size_t i = 0; i < s->options.paths_n; i++)
		if (strcmp(s->options.paths[i], "-") == 0
			&& s->options.paths_n > 1)
			return dlb_fail(err, DLB_USAGE,
				"- (standard input) goes alone: send the other files "
				"in a letter of their own");
	s->as_kept = s->again_of != 0;
	if (s->options.paths_n > 0 || s->options.message)
		s->as_kept = false;
	if (s->options.paths_n > 0 || s->options.message || s->as_kept)
		return DLB_OK;
	if (isatty(STDIN_FILENO))
		return dlb_fail(err, DLB_USAGE,
			"nothing to send: name files, give a message with -m, or "
			"pipe something in");
	s->options.paths = standard;
	s->options.paths_n = 1;
	return DLB_OK;
}

static enum dlb_status
read_again(struct cli_sending *s, struct dlb_error *err)
{
	const char *again = cli_value(s->a, "again");
	unsigned seconds;
	enum dlb_status st;

	if (!again)
		return DLB_OK;
	st = cli_parse_duration(&seconds, again, err);
	if (st == DLB_OK && seconds < AGAIN_MIN_S)
		st = dlb_fail(err, DLB_USAGE,
			"a receipt takes as long as a letter: --again 7d or more");
	if (st == DLB_OK && cli_flag(s->a, "no-receipt"))
		st = dlb_fail(err, DLB_USAGE,
			"--again waits for a receipt: not with --no-receipt");
	s->options.again_ms = st == DLB_OK ? seconds * INT64_C(1000) : 0;
	return st;
}

static enum dlb_status
read_split(struct cli_sending *s, struct dlb_error *err)
{
	const char *need, *of;
	enum dlb_status st;

	/* What is sealed again is split as before. */
	if (s->again_of)
		return DLB_OK;
	need = cli_value(s->a, "need");
	of = cli_value(s->a, "of");
	s->options.threshold = cli_flag(s->a, "threshold");
	if (!need && !of && !s->options.threshold)
		return DLB_OK;
	if (!need || !of)
		return dlb_fail(err, DLB_USAGE,
			"say how many stripes suffice and how many are made: "
			"--need 3 --of 5");
	st = cli_parse_count(&s->options.need, need, "need", err);
	return st == DLB_OK ? cli_parse_count(&s->options.of, of, "of", err)
			    : st;
}

enum dlb_status
cli_send_read_options(struct cli_sending *s, struct dlb_error *err)
{
	const struct cli_args *a = s->a;
	enum dlb_status st;

	if (cli_flag(a, "now") && cli_flag(a, "spread"))
		return dlb_fail(
			err, DLB_USAGE, "give --now or --spread, not both");
	s->options.each = !s->again_of && cli_flag(a, "each");
	s->options.compress = cli_flag(a, "compress");
	s->options.last_resort = cli_flag(a, "last-resort");
	s->options.no_receipt = cli_flag(a, "no-receipt");
	s->options.decide = decide;
	s->options.decide_ctx = s;
	st = read_again(s, err);
	if (st == DLB_OK)
		st = read_split(s, err);
	if (st == DLB_OK)
		st = read_message(s, err);
	if (st == DLB_OK)
		st = read_paths(s, err);
	if (st == DLB_OK && s->options.each
		&& (s->options.paths_n == 0
			|| strcmp(s->options.paths[0], "-") == 0))
		st = dlb_fail(err, DLB_USAGE,
			"--each makes a letter of each file: name files or folders");
	return st;
}

enum dlb_status
cli_send_read_via(struct cli_sending *s, struct dlb_error *err)
{
	const char *via = cli_value(s->a, "via");
	struct dlb_box box;
	enum dlb_status st;

	if (!via)
		return DLB_OK;
	st = dlb_box_by_name(dlb_node_letterbox(s->n), &box, via, err);
	if (st != DLB_OK)
		return st;
	dlb_box_tag_key(s->tag_key, box.root);
	dlb_wipe(&box, sizeof(box));
	s->options.tag_key = s->tag_key;
	return DLB_OK;
}
