/*
 * dlb trip: what a courier was told: which boxes to serve, until when, what waits; and
 * what they do not want to serve.
 */
#include "briefings.h"
#include "format.h"
#include "json.h"
#include "people.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

struct listing {
	struct cli_json json;
	size_t n;
};

static bool
show_trip(void *ctx, const struct dlb_trip_view *v)
{
	const struct dlb_trip *t = v->trip;
	struct listing *l = ctx;
	char day[11], cells[CLI_FORMAT_MAX], when[CLI_FORMAT_MAX];

	dlb_day_text(day, t->last_day);
	printf("%s%s\n", l->n++ > 0 ? "\n" : "", t->box.name);
	if (t->box.place[0])
		printf("  place    %s\n", t->box.place);
	printf("  until    the end of %s (UTC)\n", day);
	if (t->note[0])
		printf("  note     %s\n", t->note);
	printf("  from     %s, %s\n", v->from,
		cli_time_here(when, t->received_ms));
	printf("  carried  %s cell%s for it\n", cli_count(cells, v->waiting),
		cli_s(v->waiting));
	if (t->box.opens)
		printf("  key      lent: `dlb meet PATH` opens it\n");
	return true;
}

static bool
write_trip(void *ctx, const struct dlb_trip_view *v)
{
	const struct dlb_trip *t = v->trip;
	struct listing *l = ctx;
	char day[11];

	dlb_day_text(day, t->last_day);
	cli_json_object(&l->json, NULL);
	cli_json_text(&l->json, "box", t->box.name);
	cli_json_text(&l->json, "place", t->box.place);
	cli_json_text(&l->json, "until", day);
	cli_json_text(&l->json, "note", t->note);
	cli_json_text(&l->json, "from", v->from);
	cli_json_time(&l->json, "received", t->received_ms);
	cli_json_uint(&l->json, "carried", v->waiting);
	cli_json_bool(&l->json, "may_open", t->box.opens);
	cli_json_end(&l->json, '}');
	return true;
}

/* Without a briefing a courier sees how full the satchel is, and no more. */
static void
say_none(struct dlb_node *n)
{
	bool person = dlb_letterbox_is_person(dlb_node_letterbox(n));
	char shown[CLI_FORMAT_MAX], all[CLI_FORMAT_MAX];
	struct dlb_satchel_info info;

	dlb_node_satchel_info(n, &info);
	printf("No trip: nobody has briefed this home, or it is over.\n"
	       "%s of %s places for carrying are taken.\n",
		cli_count(shown, info.shown),
		cli_count(all, info.slots - info.reserve));
	if (!person)
		printf("A briefing needs a card to be sealed to: `dlb init --name "
		       "NAME` makes one.\n");
}

static bool
show_refused(void *ctx, const struct dlb_correspondent *who)
{
	struct dlb_node *n = ctx;

	if (dlb_trips_refused(dlb_node_letterbox(n), who->id))
		printf("Briefings of %s are not taken (dlb trip --accept %s).\n",
			who->name, who->name);
	return true;
}

/* ---- ending what was not asked for ----------------------------------------------------- */

static enum dlb_status
end(struct cli *c, struct dlb_node *n, const struct cli_args *a,
	struct dlb_error *err)
{
	const char *box = cli_value(a, "end"), *from = cli_value(a, "from");
	struct dlb_correspondent who = {.id = 0};
	enum dlb_status st = DLB_OK;
	size_t ended;

	if (from)
		st = cli_who(&who, c, n, from, err);
	if (st == DLB_OK)
		st = dlb_node_trip_end(n, box, who.id, &ended, err);
	if (st == DLB_OK)
		cli_say(c,
			"%s is served no more, and met as any other box. Its "
			"sender is not told, and can brief you anew: dlb trip "
			"--refuse WHO",
			box);
	return st;
}

static enum dlb_status
refuse(struct cli *c, struct dlb_node *n, const char *name, bool is_so,
	struct dlb_error *err)
{
	struct dlb_correspondent who;
	unsigned ended;
	enum dlb_status st = cli_who(&who, c, n, name, err);

	if (st == DLB_OK)
		st = dlb_node_trips_refuse(n, who.id, is_so, &ended, err);
	if (st == DLB_OK && is_so)
		cli_say(c,
			"No briefing of %s is taken any more, and %u box%s no "
			"more served. Nobody is told.",
			who.name, ended, ended == 1 ? " is" : "es are");
	else if (st == DLB_OK)
		cli_say(c,
			"Briefings of %s are taken; what came meanwhile is not.",
			who.name);
	return st;
}

static enum dlb_status
check_usage(const struct cli_args *a, struct dlb_error *err)
{
	int asked = (cli_value(a, "end") != NULL)
		+ (cli_value(a, "refuse") != NULL)
		+ (cli_value(a, "accept") != NULL) + cli_flag(a, "json");

	if (asked > 1)
		return dlb_fail(err, DLB_USAGE,
			"--end, --refuse, --accept and --json are one at a time");
	if (cli_value(a, "from") && !cli_value(a, "end"))
		return dlb_fail(
			err, DLB_USAGE, "--from goes with --end: whose trip");
	return DLB_OK;
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	const char *refused = cli_value(a, "refuse");
	const char *accepted = cli_value(a, "accept");
	struct listing l = {.n = 0};
	struct dlb_node *n = NULL;
	enum dlb_status st = check_usage(a, err);

	if (st == DLB_OK)
		st = cli_open(&n, c, a, err);
	if (st == DLB_OK && cli_value(a, "end")) {
		st = end(c, n, a, err);
	} else if (st == DLB_OK && (refused || accepted)) {
		st = refuse(c, n, refused ? refused : accepted, refused != NULL,
			err);
	} else if (st == DLB_OK && cli_flag(a, "json")) {
		cli_json_init(&l.json, stdout);
		cli_json_array(&l.json, NULL);
		st = dlb_node_trips(n, write_trip, &l, err);
		cli_json_end(&l.json, ']');
		cli_json_finish(&l.json);
	} else if (st == DLB_OK) {
		st = dlb_node_trips(n, show_trip, &l, err);
		if (st == DLB_OK && l.n == 0)
			say_none(n);
		if (st == DLB_OK)
			st = dlb_correspondent_each(
				dlb_node_letterbox(n), show_refused, n, err);
	}
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"end", 0, "BOX", "serve that box no more; its sender is not told"},
	{"from", 0, "WHO", "with --end: of this sender's alone"},
	{"refuse", 0, "WHO", "end all of theirs, and take none any more"},
	{"accept", 0, "WHO", "take them again"},
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_trip = {
	.name = "trip",
	.operands = "",
	.summary = "show which boxes you were briefed to serve",
	.text = "Shows the boxes that others have briefed you to serve: where each is,\n"
		"until when, what was noted, and how many of the cells that are carried\n"
		"here are bound for it. Without a briefing there is nothing to see but\n"
		"how full the satchel is.\n"
		"Such a box gets what is bound for it and nothing else, letters of your\n"
		"own neither. Who does not want that ends it, or refuses its sender.",
	.example = "dlb trip\n"
		   "dlb trip --end manchester\n"
		   "dlb trip --refuse mallory",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run,
};
