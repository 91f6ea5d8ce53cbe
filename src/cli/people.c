/*
 * People: cards that come in, the list of correspondents.
 *
 * A name is looked for among the correspondents before the files, so that a file
 * that someone left in a directory can not take the place of a friend. Nor is a friend
 * whose name is that of such a file.
 */
#include "people.h"

#include "bulletins.h"
#include "card_file.h"
#include "format.h"
#include "json.h"
#include "session.h"
#include "table.h"
#include "term.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
cli_print_groups(const char *words)
{
	for (const char *gap; (gap = strstr(words, " - ")) != NULL;
		words = gap + 3)
		printf("    %.*s\n", (int)(gap - words), words);
	printf("    %s\n", words);
}

void
cli_print_fingerprint(const struct dlb_identity *identity)
{
	char words[DLB_FINGERPRINT_TEXT_MAX];

	dlb_fingerprint_words(words, identity);
	cli_print_groups(words);
}

void
cli_sender(char out[static DLB_PERSON_NAME_MAX + 1], struct dlb_letterbox *l,
	const struct dlb_in_letter *letter)
{
	struct dlb_correspondent who;

	/* Who was a stranger when the letter came may be known by now. */
	if (dlb_correspondent_by_identity(l, &who, &letter->sender) == DLB_OK)
		memcpy(out, who.name, sizeof(who.name));
	else
		memcpy(out, "stranger", sizeof("stranger"));
}

static void
say_known(struct cli *c, const struct dlb_correspondent *who, bool was_known,
	uint64_t old_serial)
{
	if (was_known && who->serial == old_serial) {
		cli_say(c,
			"%s was known already; nothing in the card is newer.",
			who->name);
		return;
	}
	if (was_known) {
		cli_say(c, "%s was known already; the newer card is kept.",
			who->name);
		return;
	}
	cli_say(c, "%s is known now. Fingerprint:", who->name);
	if (!c->quiet)
		cli_print_fingerprint(&who->identity);
	cli_say(c, "Compare these words with %s, by voice or face to face:",
		who->name);
	cli_say(c,
		"only they show that the card is really theirs. `dlb verify %s`",
		who->name);
	cli_say(c, "shows both of you who reads what, and remembers it.");
}

/* To a card of the future nothing is sealed (docs/letterbox.md, 11). */
static void
warn_ahead(struct cli *c, const struct dlb_card *card,
	const struct dlb_correspondent *who)
{
	char issued[11];

	if (!dlb_card_is_ahead(card, dlb_now_ms(c->env)))
		return;
	dlb_date_text(issued, dlb_week_start_ms(card->issued_week));
	cli_warn("the card was issued in the week of %s, which is ahead%s; set "
		 "the clock right, or ask %s for another card",
		issued,
		card->serial > who->serial
			? ": the older one is kept"
			: ": nothing can be sealed to it before",
		who->name);
}

/* Who is known already is called as --as says. */
static enum dlb_status
rename_known(struct cli *c, struct dlb_letterbox *l,
	struct dlb_correspondent *who, const char *name, struct dlb_error *err)
{
	char before[sizeof(who->name)];
	enum dlb_status st;

	if (!name || strcmp(name, who->name) == 0)
		return DLB_OK;
	memcpy(before, who->name, sizeof(before));
	st = dlb_correspondent_rename(l, who->id, name, err);
	if (st == DLB_OK)
		st = dlb_correspondent_by_id(l, who, who->id);
	if (st == DLB_OK)
		cli_say(c, "%s is called %s from now on.", before, who->name);
	return st;
}

/* A card that was checked becomes a correspondent's. */
static enum dlb_status
keep_card(struct dlb_correspondent *out, struct cli *c, struct dlb_node *n,
	const struct dlb_card *card, const char *what, const char *name,
	struct dlb_error *err)
{
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	struct dlb_correspondent before;
	bool was_known =
		dlb_correspondent_by_identity(l, &before, &card->identity)
		== DLB_OK;
	enum dlb_status st = dlb_correspondent_add(l, out, card, name, err);

	if (st == DLB_EXISTS && !name)
		st = dlb_fail(
			err, st, "%s: dlb know %s --as NAME", err->msg, what);
	if (st == DLB_OK && was_known)
		st = rename_known(c, l, out, name, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(l, err);
	/* What they sent as a stranger for this node to read. */
	if (st == DLB_OK && !was_known)
		st = dlb_node_kinds(n, err);
	if (st != DLB_OK)
		return st;
	say_known(c, out, was_known, was_known ? before.serial : 0);
	warn_ahead(c, card, out);
	return DLB_OK;
}

enum dlb_status
cli_know_card(struct dlb_correspondent *out, struct cli *c, struct dlb_node *n,
	const char *file, const char *name, struct dlb_error *err)
{
	struct dlb_card *card = calloc(1, sizeof(*card));
	enum dlb_status st;

	if (!card)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	st = cli_load_card(card, file, c->env, err);
	if (st == DLB_OK)
		st = keep_card(out, c, n, card, "CARD", name, err);
	free(card);
	return st;
}

/* Of who posted a bulletin. */
static enum dlb_status
author_card(struct dlb_card *card, struct dlb_letterbox *l, int64_t author,
	struct dlb_error *err)
{
	struct dlb_buf bytes = {0};
	enum dlb_status st = dlb_author_card(l, &bytes, author, err);

	if (st == DLB_OK)
		st = dlb_card_parse(card, bytes.data, bytes.len, err);
	dlb_buf_free(&bytes);
	return st;
}

static enum dlb_status
know_stranger(struct cli *c, struct dlb_node *n, int64_t number, int64_t author,
	const char *name, struct dlb_error *err)
{
	struct dlb_card *card = calloc(1, sizeof(*card));
	struct dlb_correspondent who;
	char what[24];
	enum dlb_status st;

	if (!card)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	snprintf(what, sizeof(what), "%lld", (long long)number);
	st = author ? author_card(card, dlb_node_letterbox(n), author, err)
		    : dlb_node_letter_card(n, number, card, err);
	if (st == DLB_OK)
		st = keep_card(&who, c, n, card, what, name, err);
	if (st == DLB_OK)
		cli_say(c, "To answer: dlb send %s", who.name);
	free(card);
	return st;
}

enum dlb_status
cli_know_sender(struct cli *c, struct dlb_node *n, int64_t number,
	const char *name, struct dlb_error *err)
{
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	struct dlb_in_letter *letter = calloc(1, sizeof(*letter));
	struct dlb_correspondent who;
	enum dlb_status st;

	if (!letter)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	st = dlb_in_get(l, letter, number, err);
	if (st != DLB_OK || letter->state == DLB_IN_DELETED)
		st = dlb_fail(err, DLB_NOT_FOUND,
			"no letter %lld came in; see: dlb inbox (a card's "
			"file of that name is ./%lld)",
			(long long)number, (long long)number);
	else if (dlb_correspondent_by_identity(l, &who, &letter->sender)
		!= DLB_OK)
		st = know_stranger(c, n, number,
			letter->from < 0 ? -letter->from : 0, name, err);
	else {
		cli_say(c, "Letter %lld is from %s, who was known already.",
			(long long)number, who.name);
		st = rename_known(c, l, &who, name, err);
		if (st == DLB_OK)
			st = dlb_letterbox_commit(l, err);
	}
	dlb_wipe(letter, sizeof(*letter));
	free(letter);
	return st;
}

/* The correspondent whose name is nearest to a mistyped one. */
struct nearest {
	const char *word;
	size_t best;
	char name[DLB_PERSON_NAME_MAX + 1];
};

static bool
look_near(void *ctx, const struct dlb_correspondent *who)
{
	struct nearest *n = ctx;
	size_t d = cli_distance(n->word, who->name, 2);

	if (d < n->best) {
		n->best = d;
		memcpy(n->name, who->name, sizeof(n->name));
	}
	return true;
}

/* A card can say any name, also that of a file that holds somebody else's card. */
static enum dlb_status
refuse_two_meanings(const struct dlb_correspondent *who, struct cli *c,
	const char *file, struct dlb_error *err)
{
	struct dlb_card *card;
	struct stat there;
	enum dlb_status st = DLB_OK;

	if (stat(file, &there) != 0 || !S_ISREG(there.st_mode))
		return DLB_OK;
	card = calloc(1, sizeof(*card));
	if (!card)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (cli_load_card(card, file, c->env, NULL) == DLB_OK
		&& memcmp(&card->identity, &who->identity,
			   sizeof(who->identity))
			!= 0)
		st = dlb_fail(err, DLB_USAGE,
			"%s is how a correspondent is called, and a file here "
			"with the card of someone else: for that one, say ./%s; "
			"for the correspondent, say it in another directory",
			file, file);
	free(card);
	return st;
}

/* A directory is none, whatever it is called. */
static bool
may_be_card(const char *who)
{
	struct stat sb;

	return cli_is_card_text(who)
		|| (stat(who, &sb) == 0 && !S_ISDIR(sb.st_mode));
}

enum dlb_status
cli_who(struct dlb_correspondent *out, struct cli *c, struct dlb_node *n,
	const char *who, struct dlb_error *err)
{
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	struct nearest near = {.word = who, .best = 3};
	enum dlb_status st = dlb_correspondent_by_name(l, out, who, err);

	if (st == DLB_OK)
		return refuse_two_meanings(out, c, who, err);
	if (st != DLB_NOT_FOUND && st != DLB_USAGE && st != DLB_MALFORMED)
		return st;
	if (may_be_card(who))
		return cli_know_card(out, c, n, who, NULL, err);
	st = dlb_correspondent_each(l, look_near, &near, err);
	if (st != DLB_OK)
		return st;
	if (near.name[0])
		return dlb_fail(err, DLB_NOT_FOUND,
			"there is no correspondent %s, and no card of that name; did "
			"you mean %s?",
			who, near.name);
	return dlb_fail(err, DLB_NOT_FOUND,
		"there is no correspondent %s, and no card of that name; `dlb "
		"people` lists them, `dlb know CARD` adds one",
		who);
}

/* ---- dlb people ---------------------------------------------------------------- */

struct listing {
	struct cli_table table;
	struct cli_json json;
	size_t n;
};

/* The first words suffice to tell one from another in a list. */
static void
first_words(char words[static DLB_FINGERPRINT_TEXT_MAX])
{
	char *gap = strstr(words, " - ");

	if (gap)
		*gap = '\0';
}

static bool
list_person(void *ctx, const struct dlb_correspondent *who)
{
	struct listing *l = ctx;
	char words[DLB_FINGERPRINT_TEXT_MAX], when[CLI_FORMAT_MAX];

	dlb_fingerprint_words(words, &who->identity);
	first_words(words);
	cli_table_add(&l->table, "%s", who->name);
	cli_table_add(&l->table, "%s", cli_time_here(when, who->added_ms));
	cli_table_add(&l->table, "%llu", (unsigned long long)who->serial);
	cli_table_add(&l->table, "%s", who->heard ? "yes" : "no");
	cli_table_add(&l->table, "%s", who->verified ? "yes" : "no");
	cli_table_add(&l->table, "%s ...", words);
	l->n++;
	return true;
}

static bool
write_person(void *ctx, const struct dlb_correspondent *who)
{
	struct listing *l = ctx;
	char words[DLB_FINGERPRINT_TEXT_MAX];

	dlb_fingerprint_words(words, &who->identity);
	cli_json_object(&l->json, NULL);
	cli_json_text(&l->json, "name", who->name);
	cli_json_text(&l->json, "fingerprint", words);
	cli_json_uint(&l->json, "serial", who->serial);
	cli_json_time(&l->json, "added", who->added_ms);
	cli_json_bool(&l->json, "heard", who->heard);
	cli_json_bool(&l->json, "verified", who->verified);
	cli_json_bool(&l->json, "receipts", who->receipts);
	cli_json_end(&l->json, '}');
	return true;
}

static enum dlb_status
list_people(struct cli *c, struct dlb_letterbox *box, struct dlb_error *err)
{
	static const struct cli_column columns[] = {{.title = "name"},
		{.title = "known since", .spare = true},
		{.title = "card", .right = true, .spare = true},
		{.title = "heard from"}, {.title = "verified"},
		{.title = "fingerprint"}};
	struct listing l = {.n = 0};
	enum dlb_status st;

	cli_table_init(&l.table, columns, DLB_ARRAY_LEN(columns));
	st = dlb_correspondent_each(box, list_person, &l, err);
	if (st == DLB_OK && l.n == 0)
		cli_say(c, "Nobody yet. `dlb know CARD` adds one.");
	else if (st == DLB_OK)
		st = cli_table_print(
			&l.table, cli_term_width(STDOUT_FILENO), err);
	cli_table_free(&l.table);
	return st;
}

/* Whether arrivals are told, to and by them. */
static enum dlb_status
set_receipts(struct cli *c, struct dlb_letterbox *l, const char *name,
	const char *value, struct dlb_error *err)
{
	bool on = strcmp(value, "on") == 0;
	struct dlb_correspondent who;
	enum dlb_status st;

	if (!on && strcmp(value, "off") != 0)
		return dlb_fail(err, DLB_USAGE, "--receipts is on or off");
	st = dlb_correspondent_by_name(l, &who, name, err);
	if (st == DLB_OK)
		st = dlb_correspondent_receipts(l, who.id, on, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(l, err);
	if (st == DLB_OK)
		cli_say(c,
			on ? "%s is told when a letter arrives here, and asked to "
			     "do likewise."
			   : "%s is not told what arrives here, nor asked to "
			     "tell.",
			who.name);
	return st;
}

static enum dlb_status
run_people(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	const char *receipts = cli_value(a, "receipts");
	struct listing l = {.n = 0};
	struct dlb_node *n = NULL;
	enum dlb_status st;

	if (!receipts != (a->operands_n == 0))
		return dlb_fail(err, DLB_USAGE,
			"name one person and what is to change: dlb people bob "
			"--receipts off");
	st = cli_open_person(&n, c, a, err);
	if (st != DLB_OK)
		return st;
	if (receipts)
		st = set_receipts(c, dlb_node_letterbox(n), a->operands[0],
			receipts, err);
	else if (!cli_flag(a, "json")) {
		st = list_people(c, dlb_node_letterbox(n), err);
	} else {
		cli_json_init(&l.json, stdout);
		cli_json_array(&l.json, NULL);
		st = dlb_correspondent_each(
			dlb_node_letterbox(n), write_person, &l, err);
		cli_json_end(&l.json, ']');
		cli_json_finish(&l.json);
	}
	dlb_node_close(n);
	return st;
}

static const struct cli_option people_options[] = {
	{"receipts", 0, "on|off", "tell them what arrives, and ask them to"},
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_people = {
	.name = "people",
	.operands = "[NAME]",
	.operands_max = 1,
	.summary = "list your correspondents",
	.text = "Lists whom you know: the name you call them by, since when, the\n"
		"serial number of their card, whether a letter of theirs has come (which\n"
		"is forgotten with old keys, where none of theirs is here),\n"
		"whether you verified them, and the first words of their fingerprint.\n"
		"With a name, changes what is agreed with one: whether each tells the\n"
		"other when a letter has arrived. At first they do.",
	.example = "dlb people\n"
		   "dlb people bob --receipts off",
	.options = people_options,
	.options_n = DLB_ARRAY_LEN(people_options),
	.flags = CLI_OPENS_HOME,
	.run = run_people,
};
