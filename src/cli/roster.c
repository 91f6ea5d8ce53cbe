/*
 * dlb roster: the nodes that one vouches for.
 */
#include "card_file.h"
#include "node.h"
#include "node_bulletins.h"
#include "roster.h"
#include "roster_who.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

/* ---- dlb roster add, revoke, remove ------------------------------------------------------- */

static enum dlb_status
put(struct cli *c, const struct cli_args *a, bool revoked,
	struct dlb_error *err)
{
	const char *note = cli_value(a, "note");
	struct dlb_roster_entry entry = {.revoked = revoked};
	struct dlb_card *card = malloc(sizeof(*card));
	char name[DLB_PERSON_NAME_MAX + 1];
	struct dlb_node *n = NULL;
	struct dlb_letterbox *l;
	enum dlb_status st = card
		? cli_open_person(&n, c, a, err)
		: dlb_fail(err, DLB_NO_MEMORY, "out of memory");

	if (st == DLB_OK && note && strlen(note) > DLB_ROSTER_NOTE_MAX)
		st = dlb_fail(err, DLB_USAGE, "a note has at most %d bytes",
			DLB_ROSTER_NOTE_MAX);
	if (st != DLB_OK)
		goto out;
	l = dlb_node_letterbox(n);
	st = cli_roster_who(card, name, c, l, a->operands[0], err);
	/* A card may be dated as it likes where its owner is not trusted. */
	if (st == DLB_OK && !revoked)
		st = cli_roster_check_ahead(c, card, err);
	if (st != DLB_OK)
		goto out;
	entry.identity = card->identity;
	if (note)
		memcpy(entry.note, note, strlen(note) + 1);
	st = dlb_own_roster_put(l, &entry, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(l, err);
	if (st != DLB_OK)
		goto out;
	if (revoked)
		cli_say(c, "Your roster says that %s is not to be trusted.",
			cli_roster_called(name));
	else
		cli_say(c, "You vouch for %s now.", cli_roster_called(name));
	cli_say(c,
		"It counts here at once; others learn it when you say: dlb roster "
		"publish");
out:
	dlb_node_close(n);
	free(card);
	return st;
}

static enum dlb_status
run_add(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	return put(c, a, false, err);
}

static enum dlb_status
run_revoke(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	return put(c, a, true, err);
}

static enum dlb_status
run_remove(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_card *card = malloc(sizeof(*card));
	char name[DLB_PERSON_NAME_MAX + 1];
	struct dlb_node *n = NULL;
	enum dlb_status st = card
		? cli_open_person(&n, c, a, err)
		: dlb_fail(err, DLB_NO_MEMORY, "out of memory");

	if (st == DLB_OK)
		st = cli_roster_who(card, name, c, dlb_node_letterbox(n),
			a->operands[0], err);
	if (st == DLB_OK) {
		st = dlb_own_roster_remove(
			dlb_node_letterbox(n), &card->identity, err);
		if (st == DLB_NOT_FOUND)
			st = dlb_fail(err, st,
				"%s is not in your roster; see: dlb roster list",
				cli_roster_called(name));
	}
	if (st == DLB_OK)
		st = dlb_letterbox_commit(dlb_node_letterbox(n), err);
	if (st == DLB_OK) {
		cli_say(c, "Your roster says nothing of %s any more.",
			cli_roster_called(name));
		cli_say(c, "Others learn it when you say: dlb roster publish");
	}
	dlb_node_close(n);
	free(card);
	return st;
}

static const struct cli_option add_options[] = {
	{"note", 0, "TEXT", "what it is, for all who read the roster"},
};

const struct cli_verb cli_roster_add = {
	.name = "roster add",
	.operands = "NAME|CARD",
	.summary = "vouch for a node",
	.text = "Says that the owner of a card is to be trusted to carry. A courier's\n"
		"home has a card once its owner has said `dlb init` there. Those who\n"
		"trust your rosters count it among the vetted nodes, and it recognises\n"
		"them where it trusts yours too; nobody needs to pair.\n"
		"\n"
		"A roster is public: who has your card can read whom it names, and the\n"
		"notes.",
	.example = "dlb roster add ferry.card --note \"the ferry, Tuesdays\"\n"
		   "dlb roster add bob",
	.options = add_options,
	.options_n = DLB_ARRAY_LEN(add_options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_add,
};

const struct cli_verb cli_roster_revoke = {
	.name = "roster revoke",
	.operands = "NAME|CARD",
	.summary = "say that a node is not to be trusted",
	.text = "Where your rosters are trusted, that node is not vetted any more, even\n"
		"if others vouch for it or it was vetted by hand. `dlb roster add` takes\n"
		"it back.",
	.example = "dlb roster revoke ferry.card",
	.options = add_options,
	.options_n = DLB_ARRAY_LEN(add_options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_revoke,
};

const struct cli_verb cli_roster_remove = {
	.name = "roster remove",
	.operands = "NAME|CARD",
	.summary = "say nothing of a node any more",
	.text = "Takes it out of your roster. Others may vouch for it, or it may have\n"
		"been vetted by hand: to speak against that, `dlb roster revoke`.",
	.example = "dlb roster remove ferry.card",
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_remove,
};

/* ---- dlb roster publish, export --------------------------------------------------------------- */

static enum dlb_status
run_publish(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open_person(&n, c, a, err);

	if (st == DLB_OK)
		st = dlb_node_roster_publish(n, err);
	if (st == DLB_OK) {
		cli_say(c,
			"Your roster goes out with the next meetings, to whoever "
			"follows you.");
		cli_say(c,
			"It vouches for %d days; publish it again before, and for "
			"who comes new: cells live for 12 weeks.",
			DLB_ROSTER_DAYS);
	}
	dlb_node_close(n);
	return st;
}

const struct cli_verb cli_roster_publish = {
	.name = "roster publish",
	.operands = "",
	.summary = "sign your roster and send it out",
	.text = "Signs your roster, with a new number, and posts it as a bulletin: any\n"
		"courier carries it, and who follows you finds it. A newer one takes the\n"
		"place of those before it.",
	.example = "dlb roster publish",
	.flags = CLI_OPENS_HOME,
	.run = run_publish,
};

static enum dlb_status
last_or_signed(
	struct dlb_letterbox *l, struct dlb_buf *out, struct dlb_error *err)
{
	struct dlb_roster own;
	bool changed;
	enum dlb_status st = dlb_own_roster(l, &own, &changed, err);

	if (st != DLB_OK)
		return st;
	dlb_roster_free(&own);
	if (!changed && dlb_own_roster_last(l, out) == DLB_OK)
		return DLB_OK;
	st = dlb_own_roster_sign(l, out, err);
	return st == DLB_OK ? dlb_letterbox_commit(l, err) : st;
}

static enum dlb_status
run_export(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	const char *of = cli_value(a, "of");
	struct dlb_roster_author author;
	struct dlb_buf bytes = {0};
	struct dlb_node *n = NULL;
	struct dlb_letterbox *l;
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st != DLB_OK)
		return st;
	l = dlb_node_letterbox(n);
	if (of) {
		st = dlb_roster_author_by_name(l, &author, of, err);
		if (st == DLB_OK)
			st = dlb_roster_held(l, &bytes, author.id, err);
	} else {
		st = last_or_signed(l, &bytes, err);
	}
	if (st == DLB_OK)
		st = cli_write_file(
			a->operands[0], bytes.data, bytes.len, 0, err);
	if (st == DLB_OK)
		cli_say(c,
			"The roster%s%s is in %s. On another machine: dlb roster "
			"import",
			of ? " of " : "", of ? of : "", a->operands[0]);
	dlb_buf_free(&bytes);
	dlb_node_close(n);
	return st;
}

static const struct cli_option export_options[] = {
	{"of", 0, "AUTHOR", "the one that is held of somebody else"},
};

const struct cli_verb cli_roster_export = {
	.name = "roster export",
	.operands = "FILE",
	.summary = "write a roster into a file",
	.text = "Writes your roster, signed, into a file, for those whom bulletins do\n"
		"not reach.",
	.example = "dlb roster export alice.roster",
	.options = export_options,
	.options_n = DLB_ARRAY_LEN(export_options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_export,
};

const struct cli_verb cli_roster = {
	.name = "roster",
	.operands = "list|add|revoke|remove|publish|trust|forget|export|import",
	.summary = "whom you vouch for, and whose word you take",
	.text = "A roster names the nodes and couriers that its author vouches for. It is\n"
		"signed, travels as a bulletin, and counts where its author is trusted:\n"
		"those whom it names are vetted then (--policy vetted).",
	.example = "dlb roster add ferry.card\ndlb roster publish\n"
		   "dlb roster trust alice.card",
};
