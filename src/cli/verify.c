/*
 * dlb verify: two people make sure that each holds the other's true card.
 *
 * Each half of the sentence is of one identity, and its owner reads it: who compares
 * what they hear with what stands here relies on nothing but their own ears.
 */
#include "people.h"
#include "session.h"
#include "term.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
print_half(const struct dlb_identity *reader)
{
	char words[DLB_FINGERPRINT_TEXT_MAX];

	dlb_sentence_half(words, reader);
	cli_print_groups(words);
}

static void
print_own(struct dlb_letterbox *l, const struct dlb_correspondent *who,
	unsigned number)
{
	printf("%u. You read, and %s compares:\n", number, who->name);
	print_half(dlb_letterbox_identity(l));
}

static void
print_theirs(const struct dlb_correspondent *who, unsigned number)
{
	printf("%u. %s reads, and you compare:\n", number, who->name);
	print_half(&who->identity);
}

static void
print_sentence(struct cli *c, struct dlb_letterbox *l,
	const struct dlb_correspondent *who)
{
	bool first =
		dlb_sentence_first(dlb_letterbox_identity(l), &who->identity);

	cli_say(c,
		"By voice or face to face, where you know that it is %s; with "
		"`dlb verify`",
		who->name);
	cli_say(c, "%s sees the same:", who->name);
	if (first)
		print_own(l, who, 1);
	print_theirs(who, first ? 2 : 1);
	if (!first)
		print_own(l, who, 2);
}

static enum dlb_status
mark(struct cli *c, struct dlb_letterbox *l, struct dlb_correspondent *who,
	bool verified, struct dlb_error *err)
{
	enum dlb_status st;

	if (who->verified == verified) {
		cli_say(c, "%s %s verified already.", who->name,
			verified ? "is" : "is not");
		return DLB_OK;
	}
	st = dlb_correspondent_verify(l, who->id, verified, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(l, err);
	if (st == DLB_OK)
		cli_say(c, "%s is %s.", who->name,
			verified ? "verified" : "not verified any more");
	return st;
}

/* Yes is never what comes of a slip. */
static enum dlb_status
ask(struct cli *c, struct dlb_letterbox *l, struct dlb_correspondent *who,
	struct dlb_error *err)
{
	char prompt[DLB_PERSON_NAME_MAX + 128], answer;
	enum dlb_status st;

	snprintf(prompt, sizeof(prompt),
		"Did %s read exactly these words and digits? n or y? ",
		who->name);
	/* What was printed is to be there before it is asked about. */
	fflush(stdout);
	st = cli_term_ask_letter(&answer, prompt, "ny", err);
	if (st == DLB_NOT_FOUND)
		return DLB_OK;
	if (st != DLB_OK)
		return st;
	if (answer == 'y')
		return mark(c, l, who, true, err);
	cli_say(c,
		"%s is not verified. If one word was another, then one of you "
		"holds",
		who->name);
	cli_say(c,
		"a false card: send nothing that matters, and give each "
		"other cards anew.");
	return DLB_OK;
}

static enum dlb_status
verify(struct cli *c, const struct cli_args *a, struct dlb_letterbox *l,
	struct dlb_correspondent *who, struct dlb_error *err)
{
	if (cli_flag(a, "confirm") || cli_flag(a, "no"))
		return mark(c, l, who, cli_flag(a, "confirm"), err);
	print_sentence(c, l, who);
	if (who->verified) {
		cli_say(c, "%s is verified already; --no undoes it.",
			who->name);
		return DLB_OK;
	}
	if (!c->quiet && isatty(STDOUT_FILENO) && cli_term_can_ask())
		return ask(c, l, who, err);
	cli_say(c,
		"If what you hear is what stands here: dlb verify %s --confirm",
		who->name);
	return DLB_OK;
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_correspondent who;
	struct dlb_node *n = NULL;
	enum dlb_status st;

	if (cli_flag(a, "confirm") && cli_flag(a, "no"))
		return dlb_fail(
			err, DLB_USAGE, "give --confirm or --no, not both");
	st = cli_open_person(&n, c, a, err);
	if (st == DLB_OK)
		st = cli_who(&who, c, n, a->operands[0], err);
	if (st == DLB_OK)
		st = verify(c, a, dlb_node_letterbox(n), &who, err);
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"confirm", 0, NULL, "what you heard is what stands here: mark it"},
	{"no", 0, NULL, "take that back"},
};

const struct cli_verb cli_verify = {
	.name = "verify",
	.operands = "WHO",
	.summary = "make sure that a card is theirs, by words read aloud",
	.text = "Shows a sentence of words and digits in two halves; the other person\n"
		"sees the same one with the same verb. Each reads one half aloud, as it\n"
		"says, and compares the other half with what they hear: over a line on\n"
		"which each knows the other's voice, or face to face, never in a letter.\n"
		"On a terminal it asks whether it was the same, and remembers a yes.\n"
		"What was verified is the person, whatever card of theirs comes next.",
	.example =
		"dlb verify bob\ndlb verify bob --confirm\ndlb verify bob --no",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
