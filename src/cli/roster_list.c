/*
 * dlb roster list: whose rosters are held, and what they say.
 */
#include "format.h"
#include "json.h"
#include "node.h"
#include "roster.h"
#include "session.h"
#include "table.h"
#include "term.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
