/*
 * dlb send: sealing letters, and with --stick also handing them to a box.
 *
 * A place that can not be met is found out before anything is sealed. From the
 * moment the letter is sealed nothing loses it: what then fails is reported as
 * partly done, with the letter's number.
 */
#include "format.h"
#include "interrupt.h"
#include "meet.h"
#include "people.h"
#include "progress.h"
#include "session.h"
#include "term.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CELL_LEN 65536
#define MEETING_CELLS 64
#define AGAIN_MIN_S (7u * 86400)
/* The standing answer that `init` was given. */
#define SETTING_SPREAD "send.spread"

struct sending {
	struct cli *c;
	const struct cli_args *a;
	struct dlb_node *n;
	struct dlb_send_options options;
	struct dlb_send_result result;
	uint8_t tag_key[DLB_KEY_LEN];
	struct dlb_correspondent to;
	int64_t again_of;            /* a letter that is sealed again */
	bool as_kept;                /* of what it was made of the first time */
	bool cancelled, interrupted; /* by its sender, when asked */
};

static enum dlb_spread
decide(void *ctx, uint64_t cells, uint64_t bytes)
{
	struct sending *s = ctx;
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
		cli_count(n, cells), cli_size(size, bytes), MEETING_CELLS,
		cli_count(
			meetings, (cells + MEETING_CELLS - 1) / MEETING_CELLS));
	st = cli_term_ask_letter(&answer, prompt, "cns", NULL);
	s->interrupted = st == DLB_CANCELLED;
	s->cancelled = st == DLB_OK && answer == 'c';
	if (st != DLB_OK)
		return DLB_SPREAD_ASK;
	return answer == 'n'    ? DLB_SPREAD_NOW
		: answer == 's' ? DLB_SPREAD_SPREAD
				: DLB_SPREAD_ASK;
}

static void
note_left_out(void *ctx, const char *text)
{
	(void)ctx;
	cli_warn("%s", text);
}

static enum dlb_status
read_message(struct sending *s, struct dlb_error *err)
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
read_paths(struct sending *s, struct dlb_error *err)
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
read_again(struct sending *s, struct dlb_error *err)
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
read_split(struct sending *s, struct dlb_error *err)
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

static enum dlb_status
read_options(struct sending *s, struct dlb_error *err)
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

static enum dlb_status
read_via(struct sending *s, struct dlb_error *err)
{
	const char *via = cli_value(s->a, "via");
	struct dlb_box box;
	enum dlb_status st;

	if (!via)
		return DLB_OK;
	st = dlb_box_by_name(dlb_node_letterbox(s->n), &box, via, err);
	if (st == DLB_NOT_FOUND)
		return dlb_fail(err, st,
			"no box called %s is known here; see: dlb box list",
			via);
	if (st != DLB_OK)
		return st;
	dlb_box_tag_key(s->tag_key, box.root);
	dlb_wipe(&box, sizeof(box));
	s->options.tag_key = s->tag_key;
	return DLB_OK;
}

/* "letter 12", "letters 12 to 31". */
static void
name_letters(char *out, size_t cap, const struct dlb_send_result *r)
{
	if (r->letters == 1)
		snprintf(out, cap, "letter %lld", (long long)r->first_number);
	else
		snprintf(out, cap, "letters %lld to %lld",
			(long long)r->first_number, (long long)r->last_number);
}

/* What stripes wait for. */
static void
say_couriers(struct sending *s)
{
	size_t known, vetted;

	if (s->options.of < 2
		|| dlb_node_couriers(s->n, &known, &vetted, NULL) != DLB_OK)
		return;
	if (known < s->options.of)
		cli_note(s->c,
			"there are %u stripes and %zu courier%s that can be "
			"told apart (paired nodes, those that rosters name, known boxes): one that has a "
			"stripe gets another after a week, strangers one a day; "
			"all that waits goes with: dlb meet WHERE --now",
			s->options.of, known, cli_s(known));
	if (s->options.threshold && vetted == 0)
		cli_note(s->c,
			"no node is vetted, so its stripes wait for none and go "
			"to whoever comes; to have them go to vetted nodes "
			"first: dlb node vet NAME");
	else if (s->options.threshold && vetted < s->options.of)
		cli_note(s->c,
			"%zu node%s vetted: the stripes wait two weeks for "
			"these, then go to others too",
			vetted, vetted == 1 ? " is" : "s are");
}

static void
say_sealed(struct sending *s)
{
	const struct dlb_send_result *r = &s->result;
	char letters[64], size[CLI_FORMAT_MAX], cells[CLI_FORMAT_MAX];

	name_letters(letters, sizeof(letters), r);
	letters[0] = 'L';
	if (r->same_cells) {
		cli_say(s->c, "%s for %s: its %s cell%s go%s out again.",
			letters, s->to.name, cli_count(cells, r->cells),
			cli_s(r->cells), r->cells == 1 ? "es" : "");
		return;
	}
	cli_say(s->c, "%s for %s: %s, sealed in %s cell%s.", letters,
		s->to.name, cli_size(size, r->content_len),
		cli_count(cells, r->cells), cli_s(r->cells));
	if (s->options.of > 1)
		cli_say(s->c, "Any %u of its %u stripes suffice%s.",
			s->options.need, s->options.of,
			s->options.threshold ? "; fewer are worth nothing"
					     : "");
	say_couriers(s);
}

/* ---- --stick ---------------------------------------------------------------------- */

struct waiting {
	int64_t first, last; /* letters to count; 0: all */
	uint64_t cells, shown;
	bool spread;
};

static bool
count_waiting(void *ctx, const struct dlb_out_letter *letter)
{
	struct waiting *w = ctx;

	if (!dlb_out_is_seen(letter)
		|| (w->first
			&& (letter->number < w->first
				|| letter->number > w->last)))
		return true;
	w->cells += letter->cells;
	w->shown += letter->shown;
	w->spread |= !letter->now;
	return true;
}

/* An open box where there is none yet, large enough for all that waits. */
static enum dlb_status
make_box(struct sending *s, const char *where, struct dlb_error *err)
{
	struct dlb_box_options options = {
		.path = where, .unlock = {.kind = DLB_UNLOCK_OPEN}};
	struct waiting w = {.first = 0};
	struct dlb_box box;
	uint64_t size = 0;
	char text[CLI_FORMAT_MAX];
	enum dlb_status st =
		dlb_out_each(dlb_node_letterbox(s->n), count_waiting, &w, err);

	if (st != DLB_OK)
		return st;
	options.size_min = dlb_satchel_size_of(
		(uint32_t)(w.cells - w.shown + 2 * MEETING_CELLS));
	st = dlb_node_box_create(
		s->n, &options, &box, &size, cli_progress(s->c), err);
	if (st == DLB_OK) {
		cli_say(s->c, "Made an open box there: %s, %s.", box.path,
			cli_size(text, size));
		cli_say(s->c,
			"Anyone who finds it can open it, but not read "
			"letters.");
	}
	dlb_wipe(&box, sizeof(box));
	return st;
}

/* Known boxes' names stand for their places, as in `dlb meet`. */
static bool
is_box_name(struct sending *s, const char *where)
{
	struct dlb_box box;
	bool known = access(where, F_OK) != 0 && !strchr(where, '/')
		&& dlb_box_by_name(dlb_node_letterbox(s->n), &box, where, NULL)
			== DLB_OK;

	dlb_wipe(&box, sizeof(box));
	return known;
}

static enum dlb_status
find_stick(struct sending *s, struct dlb_stick *stick, struct dlb_error *err)
{
	const char *where = cli_value(s->a, "stick");
	enum dlb_status st;

	memset(stick, 0, sizeof(*stick));
	stick->exists = true;
	if (!where || is_box_name(s, where))
		return DLB_OK;
	st = dlb_stick_locate(stick, dlb_fs_posix(), where, err);
	if (st == DLB_OK && stick->read_only)
		st = dlb_fail(err, DLB_READ_ONLY,
			"%s is read-only: nothing can be given there; mount it "
			"writable",
			where);
	return st;
}

static enum dlb_status
say_on_stick(struct sending *s, const struct dlb_meet_result *met,
	struct dlb_error *err)
{
	struct waiting w = {
		.first = s->result.first_number, .last = s->result.last_number};
	char letters[64], n[CLI_FORMAT_MAX], of[CLI_FORMAT_MAX];
	enum dlb_status st =
		dlb_out_each(dlb_node_letterbox(s->n), count_waiting, &w, err);

	if (st != DLB_OK || w.shown >= w.cells)
		return st;
	name_letters(letters, sizeof(letters), &s->result);
	if (met->own_no_room == 0) {
		cli_note(s->c,
			"%s of %s cells of %s %s on the way; the rest goes "
			"with the next meetings",
			cli_count(n, w.shown), cli_count(of, w.cells), letters,
			w.shown == 1 ? "is" : "are");
		return DLB_OK;
	}
	return dlb_fail(err, DLB_PARTLY,
		"the box had no room for %s of %s cells of %s; the rest waits: "
		"meet another box",
		cli_count(n, w.cells - w.shown), cli_count(of, w.cells),
		letters);
}

static enum dlb_status
hand_over(
	struct sending *s, const struct dlb_stick *stick, struct dlb_error *err)
{
	const char *where = cli_value(s->a, "stick");
	struct dlb_meet_options options = {.where = where};
	struct dlb_meet_result met;
	struct dlb_error why;
	char letters[64];
	enum dlb_status st = DLB_OK;

	if (!stick->exists)
		st = make_box(s, where, err);
	if (st == DLB_OK)
		st = cli_meet_box(&met, s->c, s->n, s->a, &options, err);
	if (st == DLB_OK)
		return say_on_stick(s, &met, err);
	name_letters(letters, sizeof(letters), &s->result);
	why = *err;
	return dlb_fail(err, DLB_PARTLY,
		"%s: sealed and waiting, nothing is lost: %.240s; do not send "
		"again, but: dlb meet %.160s",
		letters, st == DLB_CANCELLED ? "interrupted" : why.msg, where);
}

/* ---- the verb ------------------------------------------------------------------------ */

static void
say_what_is_next(struct sending *s)
{
	int64_t from_ms = dlb_node_own_from_ms(s->n);
	char when[CLI_FORMAT_MAX];

	if (!s->c->served)
		cli_say(s->c,
			"Nothing has left yet. Next: dlb meet /media/STICK");
	else if (from_ms == 0)
		cli_say(s->c,
			"Nothing has left yet. Next: the first meeting that "
			"`dlb serve` has.");
	else
		cli_say(s->c,
			"Nothing has left yet. Next: the first meeting that "
			"`dlb serve` has after %s; sooner: dlb meet",
			cli_time_here(when, from_ms));
}

/* To whom it went the first time. */
static enum dlb_status
find_again(struct sending *s, struct dlb_error *err)
{
	struct dlb_letterbox *l = dlb_node_letterbox(s->n);
	struct dlb_out_letter letter;
	enum dlb_status st = dlb_out_get(l, &letter, s->again_of, NULL);

	if (st == DLB_OK && letter.to == DLB_TO_FOLLOWERS)
		return dlb_fail(err, DLB_USAGE,
			"number %lld is a bulletin: to post it again, dlb bulletin "
			"post FILE",
			(long long)s->again_of);
	if (st == DLB_OK)
		st = dlb_correspondent_by_id(l, &s->to, letter.to);
	dlb_wipe(&letter, sizeof(letter));
	return st == DLB_OK ? st
			    : dlb_fail(err, DLB_NOT_FOUND,
				    "there is no letter %lld that went out; "
				    "see: dlb outbox",
				    (long long)s->again_of);
}

static enum dlb_status
send_letter(struct sending *s, struct dlb_error *err)
{
	struct dlb_stick stick;
	enum dlb_status st = find_stick(s, &stick, err);

	if (st == DLB_OK)
		st = read_via(s, err);
	if (st == DLB_OK && !s->again_of)
		st = cli_who(&s->to, s->c, s->n, s->a->operands[0], err);
	if (st == DLB_OK && s->again_of)
		st = find_again(s, err);
	if (st == DLB_OK && s->again_of)
		st = dlb_node_resend(s->n, s->again_of,
			s->as_kept ? NULL : &s->options, &s->result,
			note_left_out, s, cli_progress(s->c), err);
	else if (st == DLB_OK)
		st = dlb_node_send(s->n, s->to.id, &s->options, &s->result,
			note_left_out, s, cli_progress(s->c), err);
	dlb_wipe(s->tag_key, sizeof(s->tag_key));
	if (st == DLB_REFUSED && (s->cancelled || s->interrupted))
		return dlb_fail(err, DLB_CANCELLED, "%s; nothing was sent",
			s->cancelled ? "cancelled" : "interrupted");
	if (st != DLB_OK)
		return st;
	say_sealed(s);
	if (cli_value(s->a, "stick"))
		st = hand_over(s, &stick, err);
	else
		say_what_is_next(s);
	if (st == DLB_OK && s->result.skipped > 0)
		return dlb_fail(err, DLB_PARTLY,
			"%llu file%s could not travel and %s left out, as said above",
			(unsigned long long)s->result.skipped,
			cli_s(s->result.skipped),
			s->result.skipped == 1 ? "was" : "were");
	return st;
}

static enum dlb_status
run(struct sending *s, struct dlb_error *err)
{
	enum dlb_status st = read_options(s, err);

	if (st == DLB_OK)
		st = cli_open_person(&s->n, s->c, s->a, err);
	if (st == DLB_OK)
		st = send_letter(s, err);
	dlb_node_close(s->n);
	return st;
}

static enum dlb_status
run_send(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct sending s = {.c = c, .a = a};

	return run(&s, err);
}

static enum dlb_status
run_resend(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct sending s = {.c = c, .a = a};
	enum dlb_status st = cli_parse_number(&s.again_of, a->operands[0], err);

	return st == DLB_OK ? run(&s, err) : st;
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

static const struct cli_option resend_options[] = {
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
	.options = resend_options,
	.options_n = DLB_ARRAY_LEN(resend_options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.run = run_resend,
};
