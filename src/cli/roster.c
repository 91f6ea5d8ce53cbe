/*
 * dlb roster: the nodes that one vouches for, and whose word is taken here.
 */
#include "card_file.h"
#include "format.h"
#include "json.h"
#include "node.h"
#include "node_bulletins.h"
#include "people.h"
#include "roster.h"
#include "session.h"
#include "table.h"
#include "term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- who is meant ----------------------------------------------------------------------- */

/* A correspondent's card, or a file or text. name: what they are called. */
static enum dlb_status
load_who(struct dlb_card *card, char name[static DLB_PERSON_NAME_MAX + 1],
	struct cli *c, struct dlb_letterbox *l, const char *who,
	struct dlb_error *err)
{
	struct dlb_correspondent known;
	struct dlb_buf bytes = {0};
	enum dlb_status st;

	name[0] = '\0';
	if (!cli_is_card_text(who)
		&& dlb_correspondent_by_name(l, &known, who, NULL) == DLB_OK) {
		memcpy(name, known.name, sizeof(known.name));
		st = dlb_correspondent_card(l, &bytes, known.id, err);
		if (st == DLB_OK)
			st = dlb_card_parse(card, bytes.data, bytes.len, err);
		dlb_buf_free(&bytes);
		return st;
	}
	if (!cli_is_card_text(who) && strcmp(who, "-") != 0
		&& access(who, F_OK) != 0) {
		char shown[256];

		return dlb_fail(err, DLB_NOT_FOUND,
			"%s is neither a correspondent nor the file of a card; "
			"see: dlb people",
			dlb_printable(shown, sizeof(shown), who, strlen(who)));
	}
	st = cli_load_card(card, who, c->env, err);
	if (st == DLB_OK)
		memcpy(name, card->name, sizeof(card->name));
	return st;
}

static enum dlb_status
check_ahead(struct cli *c, const struct dlb_card *card, struct dlb_error *err)
{
	char issued[11];

	if (!dlb_card_is_ahead(card, dlb_now_ms(c->env)))
		return DLB_OK;
	dlb_date_text(issued, dlb_week_start_ms(card->issued_week));
	return dlb_fail(err, DLB_CLOCK,
		"the card was issued in the week of %s, which is ahead; set the "
		"clock right, or ask for another card",
		issued);
}

static const char *
called(const char *name)
{
	return name[0] ? name : "the owner of that card";
}

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
	st = load_who(card, name, c, l, a->operands[0], err);
	/* A card may be dated as it likes where its owner is not trusted. */
	if (st == DLB_OK && !revoked)
		st = check_ahead(c, card, err);
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
			called(name));
	else
		cli_say(c, "You vouch for %s now.", called(name));
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
		st = load_who(card, name, c, dlb_node_letterbox(n),
			a->operands[0], err);
	if (st == DLB_OK) {
		st = dlb_own_roster_remove(
			dlb_node_letterbox(n), &card->identity, err);
		if (st == DLB_NOT_FOUND)
			st = dlb_fail(err, st,
				"%s is not in your roster; see: dlb roster list",
				called(name));
	}
	if (st == DLB_OK)
		st = dlb_letterbox_commit(dlb_node_letterbox(n), err);
	if (st == DLB_OK) {
		cli_say(c, "Your roster says nothing of %s any more.",
			called(name));
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

/* ---- dlb roster list ------------------------------------------------------------------------- */

struct listing {
	struct cli_table table;
	struct cli_json json;
	struct dlb_letterbox *l;
	size_t n;
	int64_t now_ms;
};

static bool
list_author(void *ctx, const struct dlb_roster_author *a)
{
	struct listing *l = ctx;
	char text[CLI_FORMAT_MAX];

	cli_table_add(&l->table, "%s", a->name);
	cli_table_add(&l->table, "%s", a->trusted ? "yes" : "no");
	if (a->number == 0) {
		for (int i = 0; i < 4; i++)
			cli_table_add(&l->table, "%s", i ? "" : "none yet");
	} else {
		char until[11];

		dlb_date_text(until, a->until_ms);
		cli_table_add(
			&l->table, "%s", cli_time_here(text, a->issued_ms));
		cli_table_add(&l->table, "%s%s", until,
			a->until_ms < l->now_ms ? ", over" : "");
		cli_table_add(&l->table, "%u", a->vouched);
		cli_table_add(&l->table, "%u", a->revoked);
	}
	l->n++;
	return true;
}

static bool
write_author(void *ctx, const struct dlb_roster_author *a)
{
	struct listing *l = ctx;

	cli_json_object(&l->json, NULL);
	cli_json_text(&l->json, "name", a->name);
	cli_json_bool(&l->json, "trusted", a->trusted);
	cli_json_uint(&l->json, "number", a->number);
	cli_json_time(&l->json, "issued", a->issued_ms);
	cli_json_time(&l->json, "until", a->until_ms);
	cli_json_uint(&l->json, "vouched", a->vouched);
	cli_json_uint(&l->json, "revoked", a->revoked);
	cli_json_end(&l->json, '}');
	return true;
}

/* The name by which an identity is known here, or its first words. */
static void
name_of(char *out, size_t cap, struct dlb_letterbox *l,
	const struct dlb_identity *identity)
{
	struct dlb_correspondent who;
	char words[DLB_FINGERPRINT_TEXT_MAX], *gap;

	if (dlb_letterbox_is_person(l)
		&& memcmp(identity, dlb_letterbox_identity(l),
			   sizeof(*identity))
			== 0) {
		snprintf(out, cap, "yourself");
		return;
	}
	if (dlb_correspondent_by_identity(l, &who, identity) == DLB_OK) {
		snprintf(out, cap, "%s", who.name);
		return;
	}
	dlb_fingerprint_words(words, identity);
	gap = strstr(words, " - ");
	if (gap)
		*gap = '\0';
	snprintf(out, cap, "%s", words);
}

static void
list_entries(struct listing *l, const struct dlb_roster *r)
{
	char name[DLB_FINGERPRINT_TEXT_MAX];

	for (size_t i = 0; i < r->entries_n; i++) {
		const struct dlb_roster_entry *e = &r->entries[i];

		name_of(name, sizeof(name), l->l, &e->identity);
		cli_table_add(&l->table, "%s", name);
		cli_table_add(&l->table, "%s",
			e->revoked ? "revoked" : "vouched for");
		cli_table_add(&l->table, "%s", e->note);
		l->n++;
	}
}

static void
write_entries(
	struct cli_json *j, struct dlb_letterbox *l, const struct dlb_roster *r)
{
	char name[DLB_FINGERPRINT_TEXT_MAX];

	cli_json_array(j, "entries");
	for (size_t i = 0; i < r->entries_n; i++) {
		const struct dlb_roster_entry *e = &r->entries[i];
		char words[DLB_FINGERPRINT_TEXT_MAX];

		name_of(name, sizeof(name), l, &e->identity);
		dlb_fingerprint_words(words, &e->identity);
		cli_json_object(j, NULL);
		cli_json_text(j, "name", name);
		cli_json_text(j, "fingerprint", words);
		cli_json_bool(j, "revoked", e->revoked);
		cli_json_text(j, "note", e->note);
		cli_json_end(j, '}');
	}
	cli_json_end(j, ']');
}

static enum dlb_status
print_entries(
	struct listing *l, const struct dlb_roster *r, struct dlb_error *err)
{
	static const struct cli_column columns[] = {
		{.title = "node"}, {.title = "is"}, {.title = "note"}};
	enum dlb_status st;

	cli_table_init(&l->table, columns, DLB_ARRAY_LEN(columns));
	list_entries(l, r);
	st = cli_table_print(&l->table, cli_term_width(STDOUT_FILENO), err);
	cli_table_free(&l->table);
	return st;
}

static enum dlb_status
print_authors(struct listing *l, struct dlb_error *err)
{
	static const struct cli_column columns[] = {{.title = "roster of"},
		{.title = "trusted"}, {.title = "of"}, {.title = "until"},
		{.title = "vouched for", .right = true},
		{.title = "revoked", .right = true}};
	enum dlb_status st;

	cli_table_init(&l->table, columns, DLB_ARRAY_LEN(columns));
	st = dlb_roster_author_each(l->l, list_author, l, err);
	if (st == DLB_OK && l->n > 0)
		st = cli_table_print(
			&l->table, cli_term_width(STDOUT_FILENO), err);
	cli_table_free(&l->table);
	return st;
}

static enum dlb_status
list_all(struct cli *c, struct dlb_letterbox *l, struct dlb_error *err)
{
	struct listing out = {.l = l, .now_ms = dlb_now_ms(c->env)};
	struct dlb_roster own = {0};
	struct dlb_roster_sent sent;
	char text[CLI_FORMAT_MAX];
	bool changed = false;
	size_t others;
	enum dlb_status st = print_authors(&out, err);

	if (st == DLB_OK)
		st = dlb_own_roster(l, &own, &changed, err);
	if (st != DLB_OK)
		return st;
	changed = dlb_own_roster_last_sent(l, &sent) || changed;
	others = out.n;
	if (own.entries_n > 0) {
		if (others > 0)
			cli_say(c, "%s", "");
		if (sent.number == 0)
			cli_say(c,
				"Your own, which you have not published yet:");
		else
			cli_say(c, "Your own, published %s%s:",
				cli_time_here(text, sent.issued_ms),
				changed ? " and changed since" : "");
		st = print_entries(&out, &own, err);
	}
	if (st == DLB_OK && others == 0 && own.entries_n == 0)
		cli_say(c,
			"None yet. `dlb roster add` begins your own, `dlb roster "
			"trust` takes the word of another.");
	dlb_roster_free(&own);
	return st;
}

static enum dlb_status
write_all(struct dlb_letterbox *l, struct dlb_error *err)
{
	struct listing out = {.l = l};
	struct dlb_roster own = {0};
	struct dlb_roster_sent sent;
	bool changed = false;
	enum dlb_status st = dlb_own_roster(l, &own, &changed, err);

	if (st != DLB_OK)
		return st;
	changed = dlb_own_roster_last_sent(l, &sent) || changed;
	cli_json_init(&out.json, stdout);
	cli_json_object(&out.json, NULL);
	cli_json_array(&out.json, "authors");
	st = dlb_roster_author_each(l, write_author, &out, err);
	cli_json_end(&out.json, ']');
	cli_json_object(&out.json, "own");
	cli_json_uint(&out.json, "number", sent.number);
	cli_json_time(&out.json, "published", sent.issued_ms);
	cli_json_bool(&out.json, "changed", changed);
	write_entries(&out.json, l, &own);
	cli_json_end(&out.json, '}');
	cli_json_end(&out.json, '}');
	cli_json_finish(&out.json);
	dlb_roster_free(&own);
	return st;
}

static enum dlb_status
list_one(struct cli *c, struct dlb_letterbox *l, const char *name, bool json,
	struct dlb_error *err)
{
	struct dlb_roster_author a;
	struct dlb_roster r = {0};
	struct dlb_buf bytes = {0};
	struct listing out = {.l = l};
	enum dlb_status st = dlb_roster_author_by_name(l, &a, name, err);

	if (st == DLB_OK)
		st = dlb_roster_held(l, &bytes, a.id, err);
	if (st == DLB_OK)
		st = dlb_roster_parse(&r, bytes.data, bytes.len, err);
	if (st == DLB_OK && json) {
		cli_json_init(&out.json, stdout);
		cli_json_object(&out.json, NULL);
		cli_json_text(&out.json, "name", a.name);
		cli_json_bool(&out.json, "trusted", a.trusted);
		write_entries(&out.json, l, &r);
		cli_json_end(&out.json, '}');
		cli_json_finish(&out.json);
	} else if (st == DLB_OK && r.entries_n == 0) {
		cli_say(c, "The roster of %s names nobody.", a.name);
	} else if (st == DLB_OK) {
		st = print_entries(&out, &r, err);
	}
	dlb_roster_free(&r);
	dlb_buf_free(&bytes);
	return st;
}

static enum dlb_status
run_list(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	bool json = cli_flag(a, "json");
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st != DLB_OK)
		return st;
	if (a->operands_n > 0)
		st = list_one(
			c, dlb_node_letterbox(n), a->operands[0], json, err);
	else if (json)
		st = write_all(dlb_node_letterbox(n), err);
	else
		st = list_all(c, dlb_node_letterbox(n), err);
	dlb_node_close(n);
	return st;
}

static const struct cli_option list_options[] = {
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_roster_list = {
	.name = "roster list",
	.operands = "[AUTHOR]",
	.summary = "list rosters, or what one says",
	.text = "Lists whose rosters are held here, whether their word counts, and your\n"
		"own; with an author, what their roster says.",
	.example = "dlb roster list\ndlb roster list alice",
	.options = list_options,
	.options_n = DLB_ARRAY_LEN(list_options),
	.flags = CLI_OPENS_HOME,
	.operands_max = 1,
	.run = run_list,
};

/* ---- dlb roster trust, forget ---------------------------------------------------------------- */

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
		st = load_who(card, name, c, l, who, err);
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
			called(name), why.msg);
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
		st = check_ahead(c, card, err);
	if (st == DLB_OK)
		st = dlb_roster_trust(l, &identity, name, !not, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(l, err);
	if (st == DLB_OK && not )
		cli_say(c, "The word of %s does not count here any more.",
			called(name));
	else if (st == DLB_OK) {
		cli_say(c,
			"Whom %s vouches for is vetted here from now on, and %s "
			"too.",
			called(name), called(name));
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

/* ---- dlb roster publish, export, import --------------------------------------------------------- */

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

static enum dlb_status
run_import(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_roster_author author;
	struct dlb_buf bytes = {0};
	struct dlb_node *n = NULL;
	enum dlb_status st = dlb_file_load(&bytes, dlb_fs_posix(),
		a->operands[0], DLB_ROSTER_FILE_MAX, err);

	if (st == DLB_LIMIT)
		st = dlb_fail(err, st, "%s is longer than a roster may be",
			a->operands[0]);
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
		"of an older one. Who signed it counts, not who brought it.",
	.example = "dlb roster import alice.roster",
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_import,
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
