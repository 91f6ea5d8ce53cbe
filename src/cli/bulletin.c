/*
 * dlb bulletin: public letters: posting them, following who posts them, reading them,
 * and showing others who wrote one.
 */
#include "bulletin_show.h"
#include "card_file.h"
#include "format.h"
#include "people.h"
#include "read_file.h"
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- dlb bulletin post ------------------------------------------------------------ */

static enum dlb_status
run_post(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	const char *file = a->operands[0], *title = cli_value(a, "title");
	bool standard = strcmp(file, "-") == 0;
	struct dlb_buf body = {0};
	struct dlb_bulletin_out out = {.kind = DLB_KIND_BULLETIN};
	char size[CLI_FORMAT_MAX];
	struct dlb_node *n = NULL;
	int64_t number;
	enum dlb_status st;

	st = cli_read_file(&body, file, DLB_BULLETIN_BODY_MAX,
		"a bulletin: one has at most 2 MiB", err);
	if (st == DLB_OK)
		st = cli_open_person(&n, c, a, err);
	if (st == DLB_OK) {
		out.name = standard ? "" : last_part(file);
		out.title = title ? title : out.name;
		out.body = body.data;
		out.len = body.len;
		st = dlb_node_bulletin_post(n, &out, &number, err);
	}
	if (st == DLB_OK) {
		cli_say(c, "Bulletin %lld is signed and sealed (%s).",
			(long long)number, cli_size(size, body.len));
		cli_say(c,
			"Nothing has left yet: it goes with the next meetings "
			"(dlb meet, dlb serve). Whoever has your card and follows "
			"you finds it; anyone can check that it is yours.");
	}
	dlb_buf_free(&body);
	dlb_node_close(n);
	return st;
}

/* ---- dlb bulletin follow, unfollow -------------------------------------------------- */

/* A correspondent's name, or a card. */
static enum dlb_status
find_card(struct dlb_card *card, struct cli *c, struct dlb_node *n,
	const char *whom, struct dlb_error *err)
{
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	struct dlb_correspondent who;
	struct dlb_buf bytes = {0};
	bool is_file = cli_is_card_text(whom) || strcmp(whom, "-") == 0
		|| access(whom, F_OK) == 0;
	enum dlb_status st = dlb_correspondent_by_name(l, &who, whom, NULL);

	if (st == DLB_OK)
		st = cli_who(&who, c, n, whom, err);
	else if (is_file)
		return cli_load_card(card, whom, c->env, err);
	else
		return dlb_fail(err, DLB_NOT_FOUND,
			"there is no correspondent %s, and no card of that "
			"name: give the file that their card is in",
			whom);
	if (st == DLB_OK)
		st = dlb_correspondent_card(l, &bytes, who.id, err);
	if (st == DLB_OK)
		st = dlb_card_parse(card, bytes.data, bytes.len, err);
	dlb_buf_free(&bytes);
	return st;
}

static void
say_followed(struct cli *c, const struct dlb_author *author, bool was_known,
	bool renamed, uint64_t found)
{
	if (was_known)
		cli_say(c, "You follow %s already%s.", author->name,
			renamed ? ", who has this name here from now on" : "");
	else
		cli_say(c, "You follow %s from now on. Fingerprint:",
			author->name);
	if (!was_known && !c->quiet) {
		cli_print_fingerprint(&author->identity);
		cli_say(c,
			"These words show whose bulletins they are: compare them "
			"with those that %s publishes.",
			author->name);
	}
	if (found > 0)
		cli_say(c,
			"%llu bulletin%s of theirs lie%s here already: dlb "
			"bulletins",
			(unsigned long long)found, cli_s(found),
			found == 1 ? "s" : "");
}

static enum dlb_status
rename_author(struct dlb_node *n, struct dlb_author *author, const char *name,
	struct dlb_error *err)
{
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	enum dlb_status st = dlb_author_rename(l, author->id, name, err);

	if (st == DLB_OK)
		st = dlb_author_by_id(l, author, author->id);
	return st == DLB_OK ? dlb_letterbox_commit(l, err) : st;
}

static enum dlb_status
run_follow(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_card *card = calloc(1, sizeof(*card));
	struct dlb_author author, before;
	struct dlb_node *n = NULL;
	const char *as = cli_value(a, "as");
	bool was_known = false, renamed = false;
	uint64_t found = 0;
	enum dlb_status st;

	if (!card)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	st = cli_open(&n, c, a, err);
	if (st == DLB_OK)
		st = find_card(card, c, n, a->operands[0], err);
	if (st == DLB_OK) {
		was_known = dlb_author_by_identity(dlb_node_letterbox(n),
				    &before, &card->identity)
			== DLB_OK;
		st = dlb_node_follow(
			n, &author, card, was_known ? NULL : as, &found, err);
	}
	if (st == DLB_OK && was_known && as && strcmp(author.name, as) != 0) {
		renamed = true;
		st = rename_author(n, &author, as, err);
	}
	if (st == DLB_OK)
		say_followed(c, &author, was_known, renamed, found);
	free(card);
	dlb_node_close(n);
	return st;
}

static enum dlb_status
run_unfollow(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_author author;
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st == DLB_OK)
		st = dlb_author_by_name(
			dlb_node_letterbox(n), &author, a->operands[0], err);
	if (st == DLB_OK)
		st = dlb_node_unfollow(n, author.id, err);
	if (st == DLB_OK)
		cli_say(c,
			"You follow %s no more; what you had of theirs is gone.",
			author.name);
	dlb_node_close(n);
	return st;
}

/* ---- dlb bulletin read --------------------------------------------------------------- */

/* Whose and of when, then what it says. */
static enum dlb_status
show(struct cli *c, const struct dlb_bulletin_in *in, int64_t number,
	const char *file, struct dlb_error *err)
{
	const struct dlb_bulletin_content *content = &in->content;
	char when[CLI_FORMAT_MAX], size[CLI_FORMAT_MAX], shown[512];
	bool terminal = isatty(STDOUT_FILENO);

	if (!file && terminal && !cli_is_text(content->body, content->len))
		return dlb_fail(err, DLB_USAGE,
			"bulletin %lld is no text (%s, %s), and does not go to a "
			"terminal; say where: dlb bulletin read %lld -o FILE",
			(long long)number,
			content->name[0] ? content->name : "without a name",
			cli_size(size, content->len), (long long)number);
	cli_say(c, "Bulletin %lld by %s, posted %s, signature good",
		(long long)number, in->author.name,
		cli_time_here(when, in->signed_part.posted_ms));
	if (content->title[0])
		cli_say(c, "%s",
			dlb_printable(shown, sizeof(shown), content->title,
				strlen(content->title)));
	if (file) {
		enum dlb_status st = cli_write_file(
			file, content->body, content->len, 0, err);

		if (st == DLB_OK)
			cli_say(c, "%s, in %s", cli_size(size, content->len),
				file);
		return st;
	}
	fflush(stdout);
	if (terminal)
		cli_print_text(stdout, content->body, content->len);
	else
		fwrite(content->body, 1, content->len, stdout);
	return DLB_OK;
}

enum dlb_status
cli_bulletin_show(struct cli *c, struct dlb_node *n, int64_t number,
	const char *file, struct dlb_error *err)
{
	struct dlb_bulletin_in in;
	enum dlb_status st = dlb_node_bulletin(n, &in, number, err);

	if (st != DLB_OK)
		return st;
	if (!isatty(STDOUT_FILENO) && !file)
		c->talk = stderr;
	st = show(c, &in, number, file, err);
	dlb_bulletin_in_free(&in);
	return st == DLB_OK ? dlb_node_bulletin_opened(n, number, err) : st;
}

static const char *
output_of(const struct cli_args *a)
{
	const char *file = cli_value(a, "output");

	return file && strcmp(file, "-") != 0 ? file : NULL;
}

static enum dlb_status
run_read(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	int64_t number;
	enum dlb_status st = cli_parse_number(&number, a->operands[0], err);

	if (st == DLB_OK)
		st = cli_open(&n, c, a, err);
	if (st == DLB_OK)
		st = cli_bulletin_show(c, n, number, output_of(a), err);
	dlb_node_close(n);
	return st;
}

/* ---- dlb bulletin prove, check --------------------------------------------------------- */

static enum dlb_status
run_prove(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	const char *file = output_of(a);
	struct dlb_bulletin_in in = {.n = NULL};
	struct dlb_node *n = NULL;
	int64_t number;
	enum dlb_status st = cli_parse_number(&number, a->operands[0], err);

	if (st == DLB_OK && !file && isatty(STDOUT_FILENO))
		st = dlb_fail(err, DLB_USAGE,
			"a proof does not go to a terminal; say where: dlb "
			"bulletin prove %lld -o FILE",
			(long long)number);
	if (st == DLB_OK)
		st = cli_open(&n, c, a, err);
	if (st == DLB_OK)
		st = dlb_node_bulletin(n, &in, number, err);
	if (st == DLB_OK && file)
		st = cli_write_file(file, in.bytes.data, in.bytes.len, 0, err);
	else if (st == DLB_OK)
		fwrite(in.bytes.data, 1, in.bytes.len, stdout);
	if (st == DLB_OK && file)
		cli_say(c,
			"The proof is in %s. Anyone can check it, without a home: "
			"dlb bulletin check FILE CARD",
			file);
	dlb_bulletin_in_free(&in);
	dlb_node_close(n);
	return st;
}

static enum dlb_status
check_author(struct cli *c, const struct dlb_bulletin *b, const char *file,
	struct dlb_error *err)
{
	struct dlb_card *card = calloc(1, sizeof(*card));
	char shown[DLB_CARD_NAME_MAX + 1];
	enum dlb_status st;

	if (!card)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	st = cli_load_card(card, file, c->env, err);
	if (st == DLB_OK
		&& memcmp(&card->identity, &b->author, sizeof(b->author)) != 0)
		st = dlb_fail(err, DLB_FORGED,
			"this bulletin is signed, but not by the owner of that "
			"card: it is someone else's");
	if (st == DLB_OK)
		cli_say(c, "It is signed by the owner of this card (%s).",
			card->name[0] ? dlb_printable(shown, sizeof(shown),
				card->name, strlen(card->name))
				      : "without a name");
	free(card);
	return st;
}

static void
say_checked(struct cli *c, const struct dlb_bulletin *b,
	const struct dlb_bulletin_content *content, bool with_card)
{
	char when[CLI_FORMAT_MAX], size[CLI_FORMAT_MAX], shown[512];

	cli_say(c, "The signature is good. Dated %s by who signed it; %s.",
		cli_time_here(when, b->posted_ms),
		cli_size(size, content->len));
	if (content->title[0])
		cli_say(c, "Title: %s",
			dlb_printable(shown, sizeof(shown), content->title,
				strlen(content->title)));
	if (with_card)
		return;
	cli_say(c, "Signed by whoever has this fingerprint:");
	if (!c->quiet)
		cli_print_fingerprint(&b->author);
	cli_say(c, "Compare it with the author's, or give their card.");
}

static enum dlb_status
run_check(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	const char *card = a->operands_n > 1 ? a->operands[1] : NULL;
	const char *file = output_of(a);
	struct dlb_bulletin_content content;
	struct dlb_bulletin b;
	struct dlb_buf proof = {0};
	enum dlb_status st = cli_read_file(&proof, a->operands[0],
		DLB_BULLETIN_BODY_MAX + DLB_BULLETIN_HEAD_LEN
			+ DLB_BULLETIN_TITLE_MAX + DLB_BULLETIN_NAME_MAX,
		"a proof", err);

	if (st == DLB_OK) {
		st = dlb_bulletin_proof(
			&b, &content, proof.data, proof.len, err);
		if (st != DLB_OK)
			dlb_error_prefix(err, "%s", a->operands[0]);
	}
	if (st == DLB_OK && card)
		st = check_author(c, &b, card, err);
	if (st == DLB_OK)
		say_checked(c, &b, &content, card != NULL);
	if (st == DLB_OK && file)
		st = cli_write_file(file, content.body, content.len, 0, err);
	dlb_buf_free(&proof);
	return st;
}

/* ---- the verbs ------------------------------------------------------------------------- */

const struct cli_verb cli_bulletin = {
	.name = "bulletin",
	.operands = "VERB ...",
	.summary = "public letters, to whoever follows their author",
	.text = "A bulletin is a letter to whoever has its author's card and follows\n"
		"them. It travels as letters do, and couriers can not tell it from one.\n"
		"Unlike a letter it is signed: anyone can be shown who wrote it.",
	.example = "dlb bulletin post news.txt --title \"The bridge is open\"\n"
		   "dlb bulletin follow agency.card\n"
		   "dlb bulletins",
};

static const struct cli_option post_options[] = {
	{"title", 0, "TEXT", "instead of the file's name"},
};

const struct cli_verb cli_bulletin_post = {
	.name = "bulletin post",
	.operands = "FILE",
	.summary = "sign a file, and send it to all who follow you",
	.text = "Signs a file (- is standard input; at most 2 MiB) and seals it to\n"
		"whoever has your card. Nobody else can tell it from other cells, but who\n"
		"has your card can tell which cells are your bulletins: give it to those\n"
		"only who may know. A day has room for 16. `dlb outbox` shows it, and\n"
		"`dlb recall` calls it back as it does a letter; who has it keeps it, with\n"
		"the proof that you wrote it.",
	.example = "dlb bulletin post news.txt --title \"The bridge is open\"",
	.options = post_options,
	.options_n = DLB_ARRAY_LEN(post_options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_post,
};

static const struct cli_option follow_options[] = {
	{"as", 0, "NAME", "call them so; else as their card does"},
};

const struct cli_verb cli_bulletin_follow = {
	.name = "bulletin follow",
	.operands = "CARD | WHO",
	.summary = "find the bulletins of someone from now on",
	.text = "Finds, in every meeting from now on, the bulletins of the owner of a\n"
		"card (a file, text, or a picture of a QR code) or of a correspondent. They\n"
		"need not know you, and nobody learns of it. What lies here already of the\n"
		"last twelve weeks is found at once. A card of an earlier version of this\n"
		"program does not say where its owner's bulletins are: ask for a new one.\n"
		"Of each author the newest 64 are kept, in at most an eighth of the room\n"
		"for letters, and of all together in a quarter of it.",
	.example = "dlb bulletin follow agency.card\n"
		   "dlb bulletin follow bob",
	.options = follow_options,
	.options_n = DLB_ARRAY_LEN(follow_options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_follow,
};

const struct cli_verb cli_bulletin_unfollow = {
	.name = "bulletin unfollow",
	.operands = "NAME",
	.summary = "follow someone no more",
	.text = "Finds no more bulletins of this author, and lets go of those that are\n"
		"here. `dlb bulletins --authors` lists whom you follow.",
	.example = "dlb bulletin unfollow agency",
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_unfollow,
};

static const struct cli_option read_options[] = {
	{"output", 'o', "FILE", "into a new file; - is standard output"},
};

const struct cli_verb cli_bulletin_read = {
	.name = "bulletin read",
	.operands = "NUMBER",
	.summary = "read a bulletin",
	.text = "Shows a bulletin by the number that `dlb bulletins` shows, after its\n"
		"signature was checked. What is no text goes into a file, or to a standard\n"
		"output that is not a terminal. `dlb delete` lets go of one.",
	.example = "dlb bulletin read 3\n"
		   "dlb bulletin read 4 -o map.png",
	.options = read_options,
	.options_n = DLB_ARRAY_LEN(read_options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_read,
};

const struct cli_verb cli_bulletin_prove = {
	.name = "bulletin prove",
	.operands = "NUMBER",
	.summary = "write out what shows others who wrote a bulletin",
	.text = "Writes a bulletin with its author's signature into a file. Whoever has\n"
		"the author's card, or knows their fingerprint, can check it, and needs\n"
		"nothing else: no home, and no word of yours. It says nothing of you, but\n"
		"that you had it.",
	.example = "dlb bulletin prove 3 > news.proof\n"
		   "dlb bulletin prove 3 -o news.proof",
	.options = read_options,
	.options_n = DLB_ARRAY_LEN(read_options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_prove,
};

static const struct cli_option check_options[] = {
	{"output", 'o', "FILE", "what was signed, into a new file"},
};

const struct cli_verb cli_bulletin_check = {
	.name = "bulletin check",
	.operands = "FILE [CARD]",
	.summary = "check who wrote a bulletin",
	.text = "Checks a file that `dlb bulletin prove` wrote: whether it is as it was\n"
		"signed, and with a card, whether its owner signed it. Without a card it\n"
		"shows the fingerprint of who did. The date is what the author says. Needs\n"
		"no home. It exits with 1 where the signature is not good, or not theirs.",
	.example = "dlb bulletin check news.proof agency.card\n"
		   "dlb bulletin check news.proof -o news.txt",
	.options = check_options,
	.options_n = DLB_ARRAY_LEN(check_options),
	.operands_min = 1,
	.operands_max = 2,
	.run = run_check,
};
