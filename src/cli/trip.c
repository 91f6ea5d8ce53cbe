/*
 * dlb trip: what a courier was told: which boxes to serve, until when, what waits.
 */
#include "briefings.h"
#include "format.h"
#include "json.h"
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

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct listing l = {.n = 0};
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st == DLB_OK && cli_flag(a, "json")) {
		cli_json_init(&l.json, stdout);
		cli_json_array(&l.json, NULL);
		st = dlb_node_trips(n, write_trip, &l, err);
		cli_json_end(&l.json, ']');
		cli_json_finish(&l.json);
	} else if (st == DLB_OK) {
		st = dlb_node_trips(n, show_trip, &l, err);
		if (st == DLB_OK && l.n == 0)
			say_none(n);
	}
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_trip = {
	.name = "trip",
	.operands = "",
	.summary = "show which boxes you were briefed to serve",
	.text = "Shows the boxes that others have briefed you to serve: where each is,\n"
		"until when, what was noted, and how many of the cells that are carried\n"
		"here are bound for it. Without a briefing there is nothing to see but\n"
		"how full the satchel is.",
	.example = "dlb trip",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run,
};
