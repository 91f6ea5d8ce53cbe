/*
 * dlb roster trust, forget, import: the rosters of others, and whose word counts.
 */
#include "card_file.h"
#include "node.h"
#include "node_bulletins.h"
#include "read_file.h"
#include "roster.h"
#include "roster_who.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

/* An author that is in the list, by name; or a correspondent or a card. */
static enum dlb_status
find_author(struct dlb_identity *identity, struct dlb_card *card,
	bool *has_card, char name[static DLB_PERSON_NAME_MAX + 1],
	struct cli *c, struct dlb_letterbox *l, const char *who,
	struct dlb_error *err)
{
	struct dlb_roster_author a;
	struct dlb_author followed;
	struct dlb_buf bytes = {0};
	enum dlb_status st;

	*has_card = false;
	if (!cli_is_card_text(who)
		&& dlb_roster_author_by_name(l, &a, who, NULL) == DLB_OK) {
		*identity = a.identity;
		memcpy(name, a.name, sizeof(a.name));
		return DLB_OK;
	}
	*has_card = true;
	if (!cli_is_card_text(who)
		&& dlb_author_by_name(l, &followed, who, NULL) == DLB_OK) {
		memcpy(name, followed.name, sizeof(followed.name));
		st = dlb_author_card(l, &bytes, followed.id, err);
		if (st == DLB_OK)
			st = dlb_card_parse(card, bytes.data, bytes.len, err);
		dlb_buf_free(&bytes);
	} else {
		st = cli_roster_who(card, name, c, l, who, err);
	}
	*identity = card->identity;
	return st;
}

/* So that their rosters come by themselves. */
static void
follow(struct cli *c, struct dlb_node *n, const struct dlb_card *card,
	const char *name)
{
	struct dlb_author a;
	struct dlb_error why = {.status = DLB_OK};

	if (dlb_author_by_identity(dlb_node_letterbox(n), &a, &card->identity)
		== DLB_OK)
		return;
	if (dlb_node_follow(n, &a, card, NULL, NULL, &why) == DLB_OK)
		cli_say(c,
			"Their bulletins are followed, too: rosters come with "
			"them.");
	else
		cli_warn("rosters of %s come by `dlb roster import` alone: %s",
			cli_roster_called(name), why.msg);
}

static enum dlb_status
trust(struct cli *c, struct dlb_node *n, const char *who, bool not,
	struct dlb_error *err)
{
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	struct dlb_card *card = malloc(sizeof(*card));
	char name[DLB_PERSON_NAME_MAX + 1] = "";
	struct dlb_identity identity;
	bool has_card = false;
	enum dlb_status st = card
		? find_author(&identity, card, &has_card, name, c, l, who, err)
		: dlb_fail(err, DLB_NO_MEMORY, "out of memory");

	if (st == DLB_OK && has_card && !not )
		st = cli_roster_check_ahead(c, card, err);
	if (st == DLB_OK)
		st = dlb_roster_trust(l, &identity, name, !not, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(l, err);
	if (st == DLB_OK && not )
		cli_say(c, "The word of %s does not count here any more.",
			cli_roster_called(name));
	else if (st == DLB_OK) {
		cli_say(c,
			"Whom %s vouches for is vetted here from now on, and %s "
			"too.",
			cli_roster_called(name), cli_roster_called(name));
		if (has_card)
			follow(c, n, card, name);
	}
	free(card);
	return st;
}

static enum dlb_status
run_trust(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st == DLB_OK)
		st = trust(c, n, a->operands[0], cli_flag(a, "not"), err);
	dlb_node_close(n);
	return st;
}

static const struct cli_option trust_options[] = {
	{"not", 0, NULL, "take it back"},
};

const struct cli_verb cli_roster_trust = {
	.name = "roster trust",
	.operands = "AUTHOR",
	.summary = "take somebody's word on whom to trust",
	.text = "Whom the author vouches for is vetted here, as if by `dlb node vet`,\n"
		"and recognised without pairing where both take the author's word. It\n"
		"goes one step: those whom they vouch for vouch for nobody. AUTHOR is a\n"
		"correspondent, a card, or a name of `dlb roster list`. Their bulletins\n"
		"are followed, too.",
	.example = "dlb roster trust alice.card\ndlb roster trust alice --not",
	.options = trust_options,
	.options_n = DLB_ARRAY_LEN(trust_options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_trust,
};

static enum dlb_status
run_forget(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_roster_author author;
	struct dlb_node *n = NULL;
	struct dlb_letterbox *l;
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st != DLB_OK)
		return st;
	l = dlb_node_letterbox(n);
	st = dlb_roster_author_by_name(l, &author, a->operands[0], err);
	if (st == DLB_OK)
		st = dlb_roster_forget(l, &author.identity, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(l, err);
	if (st == DLB_OK)
		cli_say(c, "The roster of %s is gone, and their word with it.",
			author.name);
	dlb_node_close(n);
	return st;
}

const struct cli_verb cli_roster_forget = {
	.name = "roster forget",
	.operands = "AUTHOR",
	.summary = "let go of somebody's roster",
	.text = "Their roster goes, and their word does not count any more. While their\n"
		"bulletins are followed, the next one that comes is held again. Which was\n"
		"the newest is forgotten, too: an old one would be taken. To keep that and\n"
		"take back the trust alone: `dlb roster trust AUTHOR --not`.",
	.example = "dlb roster forget alice",
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_forget,
};

static enum dlb_status
run_import(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_roster_author author;
	struct dlb_buf bytes = {0};
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_read_file(
		&bytes, a->operands[0], DLB_ROSTER_FILE_MAX, "a roster", err);

	if (st == DLB_OK)
		st = cli_open(&n, c, a, err);
	if (st == DLB_OK) {
		st = dlb_roster_take(dlb_node_letterbox(n), &author, bytes.data,
			bytes.len, false, NULL, err);
		if (st == DLB_DUPLICATE) {
			cli_say(c, "%s.", err->msg);
			st = DLB_OK;
		} else if (st == DLB_OK) {
			st = dlb_letterbox_commit(dlb_node_letterbox(n), err);
			if (st == DLB_OK)
				cli_say(c,
					"The roster of %s is held: %u vouched "
					"for, %u revoked.",
					author.name, author.vouched,
					author.revoked);
			if (st == DLB_OK && !author.trusted)
				cli_note(c,
					"their word does not count here: dlb "
					"roster trust %s",
					author.name);
		}
	}
	dlb_buf_free(&bytes);
	dlb_node_close(n);
	return st;
}

const struct cli_verb cli_roster_import = {
	.name = "roster import",
	.operands = "FILE",
	.summary = "take a roster out of a file",
	.text = "Takes the roster of somebody whose rosters are held here, in the place\n"
		"of an older one. Who signed it counts, not who brought it. FILE - is\n"
		"standard input.",
	.example = "dlb roster import alice.roster",
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_import,
};
