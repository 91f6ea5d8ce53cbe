/*
 * dlb read: letters out of the letterbox, onto the disk or standard output.
 *
 * Standard output carries messages and, without -o, files; everything else that is
 * said goes to standard error as soon as standard output is not a terminal. Bytes
 * of others reach a terminal only when they are text, and then only what can not
 * upset it. Of several letters standard output takes what can be told from their
 * order: messages, and no files.
 */
#include "bulletin_show.h"
#include "format.h"
#include "interrupt.h"
#include "meet.h"
#include "people.h"
#include "progress.h"
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A lone file that is shown on a terminal, where it is text. */
#define SHOWN_LEN_MAX (64u << 10)

struct reading {
	struct cli *c;
	const struct cli_args *a;
	struct dlb_node *n;
	const char *directory; /* NULL: standard output, or messages only */
	bool to_stdout;        /* files too */
	bool terminal;         /* standard output is one */
	int64_t *numbers;
	size_t numbers_n, numbers_cap;
	size_t done, incomplete;
	struct dlb_error failed; /* of the last that could not be read */
	bool failed_memory;
};

/* ---- which letters ---------------------------------------------------------------- */

static bool
add_number(struct reading *r, int64_t number)
{
	if (r->numbers_n == r->numbers_cap) {
		size_t cap = r->numbers_cap ? 2 * r->numbers_cap : 64;
		int64_t *p = realloc(r->numbers, cap * sizeof(*p));

		if (!p) {
			r->failed_memory = true;
			return false;
		}
		r->numbers = p;
		r->numbers_cap = cap;
	}
	r->numbers[r->numbers_n++] = number;
	return true;
}

static bool
pick_unread(void *ctx, const struct dlb_in_letter *letter)
{
	struct reading *r = ctx;

	if (!dlb_in_is_seen(letter))
		return true;
	if (letter->state == DLB_IN_PARTLY)
		r->incomplete++;
	if (letter->state != DLB_IN_UNREAD)
		return true;
	return add_number(r, letter->number);
}

static enum dlb_status
pick_letters(struct reading *r, struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;
	int64_t number;

	for (size_t i = 0; i < r->a->operands_n && st == DLB_OK; i++) {
		st = cli_parse_number(&number, r->a->operands[i], err);
		if (st == DLB_OK && !add_number(r, number))
			break;
	}
	if (st == DLB_OK && r->a->operands_n == 0)
		st = dlb_in_each(dlb_node_letterbox(r->n), pick_unread, r, err);
	if (r->failed_memory)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	return st;
}

/* ---- messages --------------------------------------------------------------------- */

static void
print_message(struct reading *r, const struct dlb_read_result *result)
{
	const struct dlb_buf *m = &result->message;

	if (m->len == 0)
		return;
	cli_progress_clear();
	if (r->to_stdout && result->files > 0)
		/* The files are there. */
		cli_print_text(stderr, m->data, m->len);
	else if (r->terminal)
		cli_print_text(stdout, m->data, m->len);
	else
		fwrite(m->data, 1, m->len, stdout);
}

/* ---- one letter ------------------------------------------------------------------- */

static void
say_header(struct reading *r, const struct dlb_in_letter *letter)
{
	char name[DLB_PERSON_NAME_MAX + 1], when[CLI_FORMAT_MAX];

	cli_sender(name, dlb_node_letterbox(r->n), letter);
	cli_say(r->c, "Letter %lld from %s, %s", (long long)letter->number,
		name, cli_time_here(when, letter->arrived_ms));
}

static void
say_files(struct reading *r, const struct dlb_read_result *result)
{
	char n[CLI_FORMAT_MAX], size[CLI_FORMAT_MAX];

	if (result->files == 0 && !result->first_path[0])
		return;
	if (result->text.len > 0) {
		cli_say(r->c, "%s, %s:", result->first_path,
			cli_size(size, result->text.len));
		cli_print_text(stdout, result->text.data, result->text.len);
		return;
	}
	if (result->files == 0) {
		cli_say(r->c, "only folders: %s", result->first_path);
		return;
	}
	cli_say(r->c, "%s file%s, %s%s%s%s", cli_count(n, result->files),
		cli_s(result->files), cli_size(size, result->bytes),
		r->to_stdout ? ", to standard output" : ": ",
		r->to_stdout ? "" : result->first_path,
		!r->to_stdout && result->files > 1 ? " ..." : "");
}

/* What is only partly here is not begun where it could not be taken back. */
static enum dlb_status
may_read(void *ctx, const struct dlb_in_letter *letter, struct dlb_error *err)
{
	const struct reading *r = ctx;

	if (letter->from < 0)
		return dlb_fail(err, DLB_USAGE,
			"number %lld is a bulletin: dlb bulletin read %lld",
			(long long)letter->number, (long long)letter->number);
	if (r->directory || letter->state != DLB_IN_PARTLY)
		return DLB_OK;
	return dlb_fail(err, DLB_PARTLY,
		"letter %lld is not whole: %u of %u cells are here; meet more "
		"boxes (dlb meet) and read it again",
		(long long)letter->number, letter->have, letter->stripe.cells);
}

/* "2 files", "1 folder" */
static void
name_rest(char out[static 64], const struct dlb_read_result *result)
{
	char n[CLI_FORMAT_MAX];

	if (result->files > 0)
		snprintf(out, 64, "%s file%s", cli_count(n, result->files),
			cli_s(result->files));
	else
		snprintf(out, 64, "%s folder%s", cli_count(n, result->entries),
			cli_s(result->entries));
}

/* Files that did not go where they would. */
static enum dlb_status
fail_rest(struct reading *r, const struct dlb_in_letter *letter,
	const struct dlb_read_result *result, struct dlb_error *err)
{
	long long number = (long long)letter->number;
	uint64_t count = result->files ? result->files : result->entries;
	char rest[64], size[CLI_FORMAT_MAX], name[128];

	name_rest(rest, result);
	if (!r->terminal)
		return dlb_fail(err, DLB_USAGE,
			"letter %lld has %s, and standard output takes those of "
			"one letter; read it alone, or say where: -o DIR",
			number, rest);
	dlb_printable(name, sizeof(name), result->first_path,
		strlen(result->first_path));
	return dlb_fail(err, result->message.len ? DLB_PARTLY : DLB_USAGE,
		"letter %lld has %s (%s%s, %s), which do%s not go to a "
		"terminal; say where: dlb read %lld -o DIR",
		number, rest, name, result->entries > 1 ? " ..." : "",
		cli_size(size, result->bytes), count == 1 ? "es" : "", number);
}

/* A letter that no reader can take, made so by whoever made it. */
static bool
is_bad(enum dlb_status st)
{
	return st == DLB_MALFORMED || st == DLB_CORRUPT || st == DLB_FORGED
		|| st == DLB_LIMIT;
}

/* Says which letter it was, and what to do with one that is bad. */
static void
name_letter(struct reading *r, int64_t number,
	const struct dlb_in_letter *letter, struct dlb_error *err)
{
	enum dlb_status st = err->status;
	char name[DLB_PERSON_NAME_MAX + 1];
	struct dlb_error why = *err;

	if (st == DLB_NOT_FOUND || st == DLB_PARTLY || st == DLB_USAGE
		|| st == DLB_CANCELLED)
		return;
	cli_sender(name, dlb_node_letterbox(r->n), letter);
	if (is_bad(st))
		dlb_fail(err, st,
			"letter %lld from %s: %.150s; ask for it again, and: dlb "
			"delete %lld",
			(long long)number, name, why.msg, (long long)number);
	else
		dlb_error_prefix(
			err, "letter %lld from %s", (long long)number, name);
}

static void
say_failure(struct reading *r, int64_t number,
	const struct dlb_in_letter *letter, const struct dlb_error *err)
{
	r->failed = *err;
	name_letter(r, number, letter, &r->failed);
	if (r->numbers_n > 1 && err->status != DLB_CANCELLED)
		cli_say_error(&r->failed);
}

/* What is on its way to standard output comes before what is said of it. */
static void
say_letter(struct reading *r, const struct dlb_in_letter *letter,
	const struct dlb_read_result *result)
{
	if (r->done > 0)
		cli_say(r->c, "%s", "");
	say_header(r, letter);
	print_message(r, result);
	if (result->whole)
		say_files(r, result);
	if (letter->has_card)
		cli_say(r->c, "To answer, first: dlb know %lld --as NAME",
			(long long)letter->number);
	fflush(stdout);
}

static bool
say_read(void *ctx, int64_t number, const struct dlb_in_letter *letter,
	const struct dlb_read_result *result, enum dlb_status st,
	const struct dlb_error *err)
{
	struct reading *r = ctx;
	struct dlb_error rest;

	if (st != DLB_OK) {
		say_failure(r, number, letter, err);
	} else if (result->whole) {
		say_letter(r, letter, result);
		r->done++;
	} else {
		if (r->terminal && result->message.len > 0)
			say_letter(r, letter, result);
		if (fail_rest(r, letter, result, &rest) != DLB_OK)
			say_failure(r, number, letter, &rest);
	}
	return st != DLB_CANCELLED && !cli_interrupted();
}

static enum dlb_status
read_all(struct reading *r, struct dlb_error *err)
{
	bool show = !r->directory && (r->terminal || r->numbers_n > 1);
	struct dlb_read_options options = {.directory = r->directory,
		.fd = r->directory || show ? -1 : STDOUT_FILENO,
		.overwrite = cli_flag(r->a, "force"),
		.show = show,
		.show_max = r->terminal ? SHOWN_LEN_MAX : 0};
	struct dlb_read_each each = {
		.ctx = r, .may = may_read, .done = say_read};
	enum dlb_status st;

	if (r->numbers_n == 0)
		cli_say(r->c, "No unread letters.");
	fflush(stdout);
	st = dlb_node_read_each(r->n, r->numbers, r->numbers_n, &options, &each,
		cli_progress(r->c), err);
	if (st != DLB_OK)
		return st;
	if (r->failed.status == DLB_CANCELLED
		|| (r->failed.status != DLB_OK && r->numbers_n == 1)) {
		*err = r->failed;
		return err->status;
	}
	if (cli_interrupted())
		return dlb_fail(err, DLB_CANCELLED, "interrupted");
	if (r->failed.status != DLB_OK)
		return dlb_fail(err,
			r->done > 0 ? DLB_PARTLY : r->failed.status,
			"not read: %zu of %zu letters, as said above",
			r->numbers_n - r->done, r->numbers_n);
	if (r->incomplete > 0)
		return dlb_fail(err, DLB_PARTLY,
			"%zu letter%s not whole yet; `dlb inbox` shows what is "
			"missing, `dlb meet` brings more",
			r->incomplete, r->incomplete == 1 ? " is" : "s are");
	return DLB_OK;
}

/* ---- the verb ---------------------------------------------------------------------- */

static enum dlb_status
read_options(struct reading *r, struct dlb_error *err)
{
	const struct cli_args *a = r->a;
	const char *output = cli_value(a, "output");

	r->terminal = isatty(STDOUT_FILENO);
	if (output && strcmp(output, "-") != 0)
		r->directory = output;
	r->to_stdout = !r->directory && !r->terminal;
	if (!r->terminal)
		r->c->talk = stderr;
	if (a->operands_n > 0 && cli_flag(a, "all"))
		return dlb_fail(
			err, DLB_USAGE, "give numbers or --all, not both");
	if (a->operands_n == 0 && !cli_flag(a, "all") && !cli_value(a, "from"))
		return dlb_fail(err, DLB_USAGE,
			"which letter? give its number (dlb inbox), or --all, or "
			"--from WHERE");
	return DLB_OK;
}

/* Is what is asked for one bulletin, to be shown? */
static bool
is_bulletin(const struct reading *r)
{
	struct dlb_in_letter *letter;
	bool is;

	if (r->numbers_n != 1 || r->directory)
		return false;
	letter = calloc(1, sizeof(*letter));
	is = letter
		&& dlb_in_get(dlb_node_letterbox(r->n), letter, r->numbers[0],
			   NULL)
			== DLB_OK
		&& letter->from < 0;
	if (letter)
		dlb_wipe(letter, sizeof(*letter));
	free(letter);
	return is;
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct reading r = {.c = c, .a = a};
	struct dlb_meet_options options = {.where = cli_value(a, "from")};
	struct dlb_meet_result met;
	enum dlb_status st = read_options(&r, err);

	if (st == DLB_OK)
		st = cli_open_person(&r.n, c, a, err);
	if (st == DLB_OK && options.where)
		st = cli_meet_box(&met, c, r.n, a, &options, err);
	if (st == DLB_OK)
		st = pick_letters(&r, err);
	if (st == DLB_OK)
		st = is_bulletin(&r)
			? cli_bulletin_show(c, r.n, r.numbers[0], NULL, err)
			: read_all(&r, err);
	free(r.numbers);
	dlb_node_close(r.n);
	return st;
}

static const struct cli_option options[] = {
	{"all", 0, NULL, "every letter that is whole and unread"},
	{"from", 0, "WHERE",
		"first meet the box there, then read every unread"},
	{"output", 'o', "DIR", "where files go; - is standard output"},
	{"force", 0, NULL, "replace files that are there"},
	{"box-passphrase-file", 0, "FILE", "the box's passphrase, from a file"},
	{"box-passphrase-fd", 0, "N", "the same, from an open descriptor"},
	{"box-key-file", 0, "FILE", "the box's key file"},
};

const struct cli_verb cli_read = {
	.name = "read",
	.operands = "NUMBER... | --all | --from WHERE",
	.summary = "read letters, and write out their files",
	.text = "Shows the message of a letter and writes its files. Files need -o DIR,\n"
		"or a standard output that is not a terminal: there goes a lone file as\n"
		"it is, and several as a pax archive. On a terminal a lone file is shown\n"
		"where it is text; of others it says what there is. A file that is there\n"
		"already is not replaced without --force. Letters can be read again.\n"
		"It exits with 3 where a letter is not whole yet, and says what is\n"
		"missing.",
	.example = "dlb read 12 -o .\n"
		   "dlb read --from /media/usb -o letters\n"
		   "dlb read 12 | tar t",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.operands_max = SIZE_MAX,
	.run = run,
};
