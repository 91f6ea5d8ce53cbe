/*
 * dlb brief: telling a courier which boxes to serve on a trip, and ending that.
 */
#include "briefings.h"
#include "format.h"
#include "json.h"
#include "people.h"
#include "session.h"
#include "table.h"
#include "term.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* More are refused below; so many are counted. */
#define BOXES_MAX (2 * DLB_TRIPS_MAX)

/* ---- list ------------------------------------------------------------------------- */

struct listing {
	struct dlb_node *n;
	struct cli_table table;
	struct cli_json json;
	size_t count;
};

static const char *
state_name(enum dlb_brief_state state)
{
	switch (state) {
	case DLB_BRIEF_WAITING:
		return "waiting";
	case DLB_BRIEF_GIVEN:
		return "on its way";
	case DLB_BRIEF_ARRIVED:
		return "arrived";
	case DLB_BRIEF_REVOKING:
		return "being revoked";
	case DLB_BRIEF_REVOKED:
		return "revoked";
	default:
		return "ended";
	}
}

static void
name_of(char out[static DLB_PERSON_NAME_MAX + 1], struct dlb_node *n,
	int64_t id)
{
	struct dlb_correspondent who;

	if (dlb_correspondent_by_id(dlb_node_letterbox(n), &who, id) == DLB_OK)
		memcpy(out, who.name, sizeof(who.name));
	else
		memcpy(out, "?", sizeof("?"));
}

static bool
list_briefed(void *ctx, const struct dlb_briefed *b)
{
	struct listing *l = ctx;
	char name[DLB_PERSON_NAME_MAX + 1], day[11];

	name_of(name, l->n, b->to);
	dlb_day_text(day, b->last_day);
	cli_table_add(&l->table, "%s", name);
	cli_table_add(&l->table, "%s", b->name);
	cli_table_add(&l->table, "%s", day);
	cli_table_add(
		&l->table, "%s", state_name(dlb_node_brief_state(l->n, b)));
	cli_table_add(&l->table, "%s", b->opens ? "may open it" : "");
	cli_table_add(&l->table, "%s", b->note);
	l->count++;
	return true;
}

static bool
write_briefed(void *ctx, const struct dlb_briefed *b)
{
	struct listing *l = ctx;
	char name[DLB_PERSON_NAME_MAX + 1], day[11];

	name_of(name, l->n, b->to);
	dlb_day_text(day, b->last_day);
	cli_json_object(&l->json, NULL);
	cli_json_text(&l->json, "courier", name);
	cli_json_text(&l->json, "box", b->name);
	cli_json_text(&l->json, "until", day);
	cli_json_text(
		&l->json, "state", state_name(dlb_node_brief_state(l->n, b)));
	cli_json_bool(&l->json, "may_open", b->opens);
	cli_json_text(&l->json, "note", b->note);
	cli_json_time(&l->json, "sent", b->sent_ms);
	cli_json_time(&l->json, "revoked", b->revoked_ms);
	cli_json_end(&l->json, '}');
	return true;
}

static enum dlb_status
list(struct cli *c, struct dlb_node *n, bool json, struct dlb_error *err)
{
	static const struct cli_column columns[] = {{.title = "courier"},
		{.title = "box"}, {.title = "until"}, {.title = "briefing"},
		{.title = "key", .spare = true}, {.title = "note"}};
	struct listing l = {.n = n};
	enum dlb_status st;

	cli_table_init(&l.table, columns, DLB_ARRAY_LEN(columns));
	if (json) {
		cli_json_init(&l.json, stdout);
		cli_json_array(&l.json, NULL);
		st = dlb_briefed_each(
			dlb_node_letterbox(n), write_briefed, &l, err);
		cli_json_end(&l.json, ']');
		cli_json_finish(&l.json);
	} else {
		st = dlb_briefed_each(
			dlb_node_letterbox(n), list_briefed, &l, err);
		if (st == DLB_OK && l.count == 0)
			cli_say(c,
				"Nobody is briefed. `dlb brief COURIER --box "
				"NAME --until DATE` does it.");
		else if (st == DLB_OK)
			st = cli_table_print(
				&l.table, cli_term_width(STDOUT_FILENO), err);
	}
	cli_table_free(&l.table);
	return st;
}

/* ---- brief and revoke ----------------------------------------------------------------- */

static enum dlb_status
find_courier(struct dlb_correspondent *who, struct cli *c, struct dlb_node *n,
	const char *name, struct dlb_error *err)
{
	enum dlb_status st = cli_who(who, c, n, name, err);

	if (st != DLB_NOT_FOUND)
		return st;
	return dlb_fail(err, st,
		"there is no correspondent %s: a briefing is sealed to a card. "
		"A courier gets one with `dlb init --name NAME`; know it with: "
		"dlb know CARD",
		name);
}

static enum dlb_status
brief(struct cli *c, struct dlb_node *n, const struct cli_args *a,
	const struct dlb_correspondent *who, const char *const *boxes,
	size_t boxes_n, struct dlb_error *err)
{
	struct dlb_brief_options o = {.boxes = boxes,
		.boxes_n = boxes_n,
		.note = cli_value(a, "note"),
		.may_open = cli_flag(a, "may-open")};
	const char *until = cli_value(a, "until");
	char latest[11];
	enum dlb_status st;

	if (!until)
		return dlb_fail(err, DLB_USAGE,
			"say how long the trip lasts: --until 2027-01-31");
	dlb_day_text(latest, DLB_DAY_LAST_MAX);
	if (dlb_day_parse(&o.last_day, until) != DLB_OK)
		return dlb_fail(err, DLB_USAGE,
			"--until %s: a day is written as 2027-01-31, and the latest "
			"possible is %s",
			until, latest);
	st = dlb_node_brief(n, who->id, &o, err);
	if (st != DLB_OK)
		return st;
	cli_say(c,
		"A briefing for %s waits for the next meeting: %zu box%s, to the "
		"end of %s (UTC).",
		who->name, boxes_n, boxes_n == 1 ? "" : "es", until);
	if (o.may_open)
		cli_say(c,
			"With it %s can open %s, and see what anyone who opens "
			"%s sees.",
			who->name, boxes_n == 1 ? "the box" : "the boxes",
			boxes_n == 1 ? "it" : "them");
	return DLB_OK;
}

static enum dlb_status
take_back(struct cli *c, struct dlb_node *n, const struct cli_args *a,
	const struct dlb_correspondent *who, const char *const *boxes,
	size_t boxes_n, struct dlb_error *err)
{
	size_t ended;
	enum dlb_status st;

	if (cli_value(a, "until") || cli_value(a, "note")
		|| cli_flag(a, "may-open"))
		return dlb_fail(err, DLB_USAGE,
			"--revoke ends a briefing: leave out --until, --note and "
			"--may-open");
	st = dlb_node_brief_revoke(n, who->id, boxes, boxes_n, &ended, err);
	if (st == DLB_OK)
		cli_say(c,
			"%s serves %zu box%s no more, once word of it has come; "
			"it waits for the next meeting.",
			who->name, ended, ended == 1 ? "" : "es");
	return st;
}

static enum dlb_status
check_usage(const struct cli_args *a, struct dlb_error *err)
{
	bool lists = cli_flag(a, "list");

	if (lists && (a->operands_n > 0 || cli_flag(a, "revoke")))
		return dlb_fail(err, DLB_USAGE,
			"--list shows whom you have briefed: give nothing with it");
	if (!lists && cli_flag(a, "json"))
		return dlb_fail(err, DLB_USAGE, "--json goes with --list");
	if (!lists && a->operands_n == 0)
		return dlb_fail(err, DLB_USAGE,
			"whom? dlb brief COURIER --box NAME --until DATE; or: dlb "
			"brief --list");
	return DLB_OK;
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	const char *boxes[BOXES_MAX];
	size_t boxes_n = cli_values(a, "box", boxes, BOXES_MAX);
	struct dlb_correspondent who;
	struct dlb_node *n = NULL;
	enum dlb_status st = check_usage(a, err);

	if (st == DLB_OK)
		st = cli_open_person(&n, c, a, err);
	if (st == DLB_OK && cli_flag(a, "list")) {
		st = list(c, n, cli_flag(a, "json"), err);
	} else if (st == DLB_OK) {
		st = find_courier(&who, c, n, a->operands[0], err);
		if (st == DLB_OK)
			st = cli_flag(a, "revoke")
				? take_back(c, n, a, &who, boxes, boxes_n, err)
				: brief(c, n, a, &who, boxes, boxes_n, err);
	}
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"box", 0, "NAME...", "a box to serve; once for each"},
	{"until", 0, "DATE", "the last day of the trip: 2027-01-31 (UTC)"},
	{"note", 0, "TEXT", "what the courier should know, in one line"},
	{"may-open", 0, NULL,
		"the boxes' own keys go along: for sticks and\n"
		"                              directories, which no node serves"},
	{"revoke", 0, NULL, "end it before: for these boxes, or for all"},
	{"list", 0, NULL, "whom you have briefed, and how far that is"},
	{"json", 0, NULL, "with --list, for programs"},
};

const struct cli_verb cli_brief = {
	.name = "brief",
	.operands = "[COURIER]",
	.summary = "tell a courier which boxes to serve on a trip",
	.text = "Seals a briefing to a courier's card: the names and places of boxes, a\n"
		"note, and the keys by which their home knows those boxes' cells. It\n"
		"carries these first, and hands over to such a box what is bound for it\n"
		"and nothing else. `dlb trip` shows it there. It ends by itself after\n"
		"its last day, and with --revoke once word of that has come.\n"
		"Their home needs a card: `dlb init --name NAME` gives a courier's home\n"
		"one, and keeps what it carries.",
	.example =
		"dlb brief ferry --box manchester --box lyon --until 2027-01-31 \\\n"
		"    --note \"side door, Tuesdays\"\n"
		"dlb brief ferry --revoke --box lyon\n"
		"dlb brief --list",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.operands_max = 1,
	.run = run,
};
