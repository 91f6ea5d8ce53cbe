/*
 * dlb card: one's own card, for others: as text, or as a QR code to be scanned.
 */
#include "card_file.h"
#include "people.h"
#include "picture.h"
#include "session.h"
#include "term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum dlb_status
cli_card_text(struct dlb_buf *out, struct dlb_letterbox *l, bool is_short,
	struct dlb_error *err)
{
	struct dlb_buf bytes = {0};
	enum dlb_status st = dlb_letterbox_card(l, is_short, &bytes, err);

	if (st == DLB_OK
		&& dlb_card_to_text(out, bytes.data, bytes.len) != DLB_OK)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	/* With its terminating zero or without. */
	while (st == DLB_OK && out->len > 0 && out->data[out->len - 1] == '\0')
		out->len--;
	dlb_buf_free(&bytes);
	return st;
}

static enum dlb_status
show_words(struct cli *c, struct dlb_letterbox *l)
{
	cli_say(c, "Your fingerprint, for others to compare:");
	if (!c->quiet)
		cli_print_fingerprint(dlb_letterbox_identity(l));
	return DLB_OK;
}

/* A picture is nothing for a terminal. */
static enum dlb_status
put_out(const struct dlb_buf *data, bool binary, struct dlb_error *err)
{
	if (binary && isatty(STDOUT_FILENO))
		return dlb_fail(err, DLB_USAGE,
			"a picture does not go to a terminal: name a file, or pass "
			"it on");
	fwrite(data->data, 1, data->len, stdout);
	return DLB_OK;
}

/* Never over what is there, unless that was asked for. */
static enum dlb_status
put_file(const struct cli_args *a, const char *path, const struct dlb_buf *data,
	struct dlb_error *err)
{
	bool replace = cli_flag(a, "replace");
	enum dlb_status st = cli_write_file(path, data->data, data->len,
		replace ? CLI_FILE_REPLACE : 0, err);

	if (st == DLB_EXISTS && !replace)
		st = dlb_fail(err, st, "%s, or say --replace", err->msg);
	return st;
}

static enum dlb_status
put_text(struct cli *c, const struct cli_args *a, struct dlb_letterbox *l,
	struct dlb_error *err)
{
	const char *file = cli_value(a, "output");
	struct dlb_buf text = {0};
	enum dlb_status st = cli_card_text(&text, l, cli_flag(a, "short"), err);

	if (st == DLB_OK && file && strcmp(file, "-") != 0) {
		st = put_file(a, file, &text, err);
		if (st == DLB_OK)
			cli_say(c, "Your card is in %s.", file);
		if (st == DLB_OK)
			st = show_words(c, l);
	} else if (st == DLB_OK) {
		fwrite(text.data, 1, text.len, stdout);
	}
	dlb_buf_free(&text);
	return st;
}

/* ---- as a QR code ----------------------------------------------------------------- */

static enum dlb_status
make_qr(struct dlb_qr *qr, struct dlb_letterbox *l, struct dlb_error *err)
{
	struct dlb_buf bytes = {0}, text = {0};
	enum dlb_status st = dlb_letterbox_card(l, true, &bytes, err);

	if (st == DLB_OK
		&& dlb_card_to_digits(&text, bytes.data, bytes.len) != DLB_OK)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (st == DLB_OK)
		st = dlb_qr_make(qr, DLB_CARD_DIGITS,
			(char *)text.data + strlen(DLB_CARD_DIGITS), err);
	dlb_buf_free(&bytes);
	dlb_buf_free(&text);
	return st;
}

/* A code that is wrapped, or has scrolled away, is none. */
static enum dlb_status
show_qr(const struct cli_args *a, const struct dlb_qr *qr,
	struct dlb_error *err)
{
	size_t columns = cli_term_width(STDOUT_FILENO);
	size_t lines = cli_term_height(STDOUT_FILENO);
	enum dlb_qr_ink ink = cli_flag(a, "invert") ? DLB_QR_DARK_ON_LIGHT
		: columns > 0                       ? DLB_QR_COLOURS
						    : DLB_QR_LIGHT_ON_DARK;
	struct dlb_buf text = {0};

	if (columns > 0 && columns < dlb_qr_columns(qr))
		return dlb_fail(err, DLB_LIMIT,
			"the code is %u columns wide and %u lines high, and this "
			"terminal has %zu and %zu: make its letters smaller, or "
			"say --png FILE or --svg FILE",
			dlb_qr_columns(qr), dlb_qr_lines(qr), columns, lines);
	if (dlb_qr_text(&text, qr, ink) != DLB_OK) {
		dlb_buf_free(&text);
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	fwrite(text.data, 1, text.len, stdout);
	dlb_buf_free(&text);
	if (columns > 0 && lines <= dlb_qr_lines(qr))
		cli_warn(
			"the code is %u lines high, and this terminal has %zu: "
			"make its letters smaller",
			dlb_qr_lines(qr), lines);
	return DLB_OK;
}

static enum dlb_status
put_picture(struct cli *c, const struct cli_args *a, const char *option,
	const struct dlb_qr *qr, struct dlb_error *err)
{
	const char *file = cli_value(a, option);
	struct dlb_buf picture = {0};
	enum dlb_status st;

	if (!file)
		return DLB_OK;
	if (strcmp(option, "png") == 0)
		st = dlb_qr_png(&picture, qr, err);
	else
		st = dlb_qr_svg(&picture, qr) == DLB_OK
			? DLB_OK
			: dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (st == DLB_OK && strcmp(file, "-") == 0) {
		st = put_out(&picture, strcmp(option, "png") == 0, err);
	} else if (st == DLB_OK) {
		st = put_file(a, file, &picture, err);
		if (st == DLB_OK)
			cli_say(c, "Your short card is in %s, as a QR code.",
				file);
	}
	dlb_buf_free(&picture);
	return st;
}

static enum dlb_status
put_qr(struct cli *c, const struct cli_args *a, struct dlb_letterbox *l,
	struct dlb_error *err)
{
	struct dlb_qr *qr = malloc(sizeof(*qr));
	enum dlb_status st;

	if (!qr)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	st = make_qr(qr, l, err);
	if (st == DLB_OK)
		st = put_picture(c, a, "png", qr, err);
	if (st == DLB_OK)
		st = put_picture(c, a, "svg", qr, err);
	if (st == DLB_OK && cli_flag(a, "qr"))
		st = show_qr(a, qr, err);
	free(qr);
	return st;
}

/* ---- the verb --------------------------------------------------------------------- */

static bool
wants_qr(const struct cli_args *a)
{
	return cli_flag(a, "qr") || cli_value(a, "png") || cli_value(a, "svg");
}

static bool
goes_out(const struct cli_args *a, const char *option)
{
	const char *file = cli_value(a, option);

	return file && strcmp(file, "-") == 0;
}

static enum dlb_status
check_options(const struct cli_args *a, struct dlb_error *err)
{
	if (goes_out(a, "output") + goes_out(a, "png") + goes_out(a, "svg")
			+ cli_flag(a, "qr")
		> 1)
		return dlb_fail(err, DLB_USAGE,
			"one thing goes to standard output: of -o -, --png -, "
			"--svg - and --qr give one");
	if (cli_flag(a, "invert") && !cli_flag(a, "qr"))
		return dlb_fail(err, DLB_USAGE, "--invert goes with --qr");
	if (cli_flag(a, "replace") && !cli_value(a, "output")
		&& !cli_value(a, "png") && !cli_value(a, "svg"))
		return dlb_fail(err, DLB_USAGE,
			"--replace goes with a file: -o, --png or --svg");
	return DLB_OK;
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	enum dlb_status st = check_options(a, err);
	struct dlb_letterbox *l = NULL;
	struct dlb_node *n = NULL;

	if (st == DLB_OK)
		st = cli_open_person(&n, c, a, err);
	if (st != DLB_OK)
		return st;
	l = dlb_node_letterbox(n);
	if (cli_flag(a, "words"))
		st = show_words(c, l);
	else if (cli_value(a, "output") || !wants_qr(a))
		st = put_text(c, a, l, err);
	if (st == DLB_OK && wants_qr(a))
		st = put_qr(c, a, l, err);
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"short", 's', NULL, "a short card, for a message"},
	{"words", 'w', NULL, "only the words of your fingerprint"},
	{"output", 'o', "FILE", "into a new file; - is standard output"},
	{"qr", 0, NULL, "the short card as a QR code, here"},
	{"invert", 0, NULL, "with --qr: dark blocks, for a light background"},
	{"png", 0, "FILE", "the QR code as a picture, into a new file"},
	{"svg", 0, "FILE", "the same, to be printed in any size"},
	{"replace", 0, NULL, "the files, where there are such already"},
};

const struct cli_verb cli_card = {
	.name = "card",
	.operands = "",
	.summary = "show your card, for others",
	.text = "Prints your card as text. Give it to whoever should be able to write\n"
		"to you; it holds nothing secret. A short card holds fewer keys; the\n"
		"full one follows with your first letter. As a QR code it is the short\n"
		"one: scanned, it is text again, which `dlb know` reads, and the picture\n"
		"too.",
	.example =
		"dlb card -o alice.card\ndlb card --short\ndlb card --words\n"
		"dlb card --qr\ndlb card --png alice.png",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run,
};
