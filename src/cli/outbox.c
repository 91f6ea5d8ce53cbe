/*
 * dlb outbox: the letters that one sent.
 */
#include "format.h"
#include "json.h"
#include "node.h"
#include "session.h"
#include "table.h"
#include "term.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A receipt takes as long as its letter: without one in so long, something may be
 * lost. */
#define OVERDUE_MS (28 * DLB_DAY_MS)
#define OVERDUE_NAMED 12

struct listing {
	struct dlb_letterbox *box;
	struct cli_table table;
	struct cli_json json;
	size_t n;
	int64_t now_ms;
	int64_t overdue[OVERDUE_NAMED]; /* the first such letters */
	size_t overdue_n;
};

/* One that goes again by itself has a time of its own: where it is past, that has not
 * happened yet, or could not. */
static bool
is_overdue(const struct listing *l, const struct dlb_out_letter *letter)
{
	int64_t most = letter->again_ms && letter->again_ms < OVERDUE_MS
		? letter->again_ms
		: OVERDUE_MS;

	return letter->receipt_wanted && !letter->arrived_ms
		&& !letter->recalled_ms && letter->state != DLB_OUT_WAITING
		&& l->now_ms - letter->sealed_ms > most;
}

static const char *
state_name(enum dlb_out_state state)
{
	switch (state) {
	case DLB_OUT_SEALING:
		return "sealing";
	case DLB_OUT_WAITING:
		return "waiting";
	case DLB_OUT_SHOWN:
		return "on its way";
	case DLB_OUT_ARRIVED:
		return "arrived";
	case DLB_OUT_RECALLED:
		return "recalled";
	default:
		return "expired";
	}
}

static void
name_of(char out[static DLB_PERSON_NAME_MAX + 1], struct dlb_letterbox *l,
	int64_t id)
{
	struct dlb_correspondent who;

	if (id == DLB_TO_FOLLOWERS)
		memcpy(out, "(bulletin)", sizeof("(bulletin)"));
	else if (dlb_correspondent_by_id(l, &who, id) == DLB_OK)
		memcpy(out, who.name, sizeof(who.name));
	else
		memcpy(out, "?", sizeof("?"));
}

/* Who took cells of a letter. */
struct couriers {
	struct cli_json *json; /* or NULL: only counted */
	char last[DLB_OUT_COURIER_MAX];
	uint64_t cells; /* of the last one */
	size_t known, met;
	size_t stripes; /* of which somebody has some */
	bool given[DLB_OUT_STRIPE_UNKNOWN];
};

static void
end_courier(struct couriers *c)
{
	if (c->cells > 0 && c->json)
		cli_json_uint(c->json, NULL, c->cells);
	c->cells = 0;
}

static bool
add_courier(void *ctx, const struct dlb_out_taken *taken)
{
	struct couriers *c = ctx;

	/* What a courier was to have is theirs, and not out. */
	if (taken->cells == 0)
		return true;
	if (strcmp(c->last, taken->courier) != 0) {
		end_courier(c);
		memcpy(c->last, taken->courier, sizeof(c->last));
		if (dlb_courier_is_stranger(taken->courier))
			c->met++;
		else
			c->known++;
	}
	c->cells += taken->cells;
	if (taken->stripe < DLB_OUT_STRIPE_UNKNOWN
		&& !c->given[taken->stripe]) {
		c->given[taken->stripe] = true;
		c->stripes++;
	}
	return true;
}

/* "", ", 2 of 5 stripes, 1 courier, up to 2 strangers" */
static const char *
couriers_text(char out[static 96], struct dlb_letterbox *l,
	const struct dlb_out_letter *letter)
{
	struct couriers c = {.json = NULL};
	char stripes[48] = "", known[32] = "", met[32] = "";

	out[0] = '\0';
	if (dlb_out_given(l, letter->number, add_courier, &c, NULL) != DLB_OK)
		return out;
	if (letter->stripes > 1 && c.stripes > 0)
		snprintf(stripes, sizeof(stripes), ", %zu of %u stripes",
			c.stripes, letter->stripes);
	if (c.known > 0)
		snprintf(known, sizeof(known), ", %zu courier%s", c.known,
			cli_s(c.known));
	/* Who was met twice counts twice: they can not be told apart. */
	if (c.met > 0)
		snprintf(met, sizeof(met), ", %s%zu stranger%s",
			c.met > 1 ? "up to " : "", c.met, cli_s(c.met));
	snprintf(out, 96, "%s%s%s", stripes, known, met);
	return out;
}

static bool
list_letter(void *ctx, const struct dlb_out_letter *letter)
{
	struct listing *l = ctx;
	struct cli_table *t = &l->table;
	char name[DLB_PERSON_NAME_MAX + 1], text[CLI_FORMAT_MAX],
		more[CLI_FORMAT_MAX], couriers[96];

	if (!dlb_out_is_seen(letter))
		return true;
	name_of(name, l->box, letter->to);
	cli_table_add(t, "%lld", (long long)letter->number);
	cli_table_add(t, "%s", cli_time_here(text, letter->sealed_ms));
	cli_table_add(t, "%s", name);
	cli_table_add(t, "%s", cli_size(text, letter->content_len));
	if (letter->state == DLB_OUT_ARRIVED)
		cli_table_add(t, "arrived, %s",
			cli_time_here(text, letter->arrived_ms));
	else if (letter->state == DLB_OUT_WAITING && letter->shown > 0)
		cli_table_add(t, "%s of %s cells%s",
			cli_count(text, letter->shown),
			cli_count(more, letter->cells),
			couriers_text(couriers, l->box, letter));
	else if (letter->state == DLB_OUT_SHOWN)
		cli_table_add(t, "%s%s%s", state_name(letter->state),
			couriers_text(couriers, l->box, letter),
			is_overdue(l, letter) ? ", overdue" : "");
	else
		cli_table_add(t, "%s%s", state_name(letter->state),
			is_overdue(l, letter) ? ", overdue" : "");
	cli_table_add(t, "%s", letter->summary);
	if (is_overdue(l, letter)) {
		if (l->overdue_n < OVERDUE_NAMED)
			l->overdue[l->overdue_n] = letter->number;
		l->overdue_n++;
	}
	l->n++;
	return true;
}

static bool
write_letter(void *ctx, const struct dlb_out_letter *letter)
{
	struct listing *l = ctx;
	struct cli_json *j = &l->json;
	struct couriers couriers = {.json = j};
	char name[DLB_PERSON_NAME_MAX + 1];

	if (!dlb_out_is_seen(letter))
		return true;
	name_of(name, l->box, letter->to);
	cli_json_object(j, NULL);
	cli_json_int(j, "number", letter->number);
	cli_json_time(j, "sealed", letter->sealed_ms);
	cli_json_text(j, "kind",
		letter->to == DLB_TO_FOLLOWERS ? "bulletin" : "letter");
	if (letter->to == DLB_TO_FOLLOWERS)
		cli_json_null(j, "to");
	else
		cli_json_text(j, "to", name);
	cli_json_text(j, "state", state_name(letter->state));
	if (letter->arrived_ms)
		cli_json_time(j, "arrived", letter->arrived_ms);
	else
		cli_json_null(j, "arrived");
	cli_json_bool(j, "receipt_wanted", letter->receipt_wanted);
	cli_json_bool(j, "overdue", is_overdue(l, letter));
	cli_json_uint(j, "size", letter->content_len);
	cli_json_uint(j, "cells", letter->cells);
	cli_json_uint(j, "cells_given", letter->shown);
	cli_json_uint(j, "stripes", letter->stripes);
	cli_json_uint(j, "stripes_needed", letter->need);
	cli_json_bool(j, "threshold", letter->threshold);
	cli_json_array(j, "couriers");
	if (dlb_out_given(l->box, letter->number, add_courier, &couriers, NULL)
		!= DLB_OK) {
		/* What was listed is all that is known. */
	}
	end_courier(&couriers);
	cli_json_end(j, ']');
	cli_json_uint(j, "strangers_at_most", couriers.met);
	cli_json_uint(j, "stripes_given", couriers.stripes);
	cli_json_bool(j, "now", letter->now);
	cli_json_uint(j, "files", letter->files);
	cli_json_text(j, "summary", letter->summary);
	cli_json_end(j, '}');
	return true;
}

/* "3", "3 and 5", "3, 5, 7 and 4 more" */
static void
note_overdue(struct cli *c, const struct listing *l)
{
	size_t named =
		l->overdue_n < OVERDUE_NAMED ? l->overdue_n : OVERDUE_NAMED;
	char list[OVERDUE_NAMED * 24 + 32];
	size_t len = 0;

	for (size_t i = 0; i < named; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len,
			"%s%lld",
			i == 0                          ? ""
				: i + 1 == l->overdue_n ? " and "
							: ", ",
			(long long)l->overdue[i]);
	if (named < l->overdue_n)
		snprintf(list + len, sizeof(list) - len, " and %zu more",
			l->overdue_n - named);
	cli_note(c,
		"no receipt in time for letter%s %s; to seal one again: dlb "
		"resend %lld",
		cli_s(l->overdue_n), list, (long long)l->overdue[0]);
}

static enum dlb_status
list_letters(struct cli *c, struct listing *l, struct dlb_error *err)
{
	static const struct cli_column columns[] = {
		{.title = "no", .right = true},
		{.title = "sealed", .spare = true}, {.title = "to"},
		{.title = "size", .right = true, .spare = true},
		{.title = "state"}, {.title = "letter"}};
	enum dlb_status st;

	cli_table_init(&l->table, columns, DLB_ARRAY_LEN(columns));
	st = dlb_out_each(l->box, list_letter, l, err);
	if (st == DLB_OK && l->n == 0)
		cli_say(c, "No letters. `dlb send WHO PATH` seals one.");
	else if (st == DLB_OK)
		st = cli_table_print(
			&l->table, cli_term_width(STDOUT_FILENO), err);
	cli_table_free(&l->table);
	if (st == DLB_OK && l->overdue_n > 0)
		note_overdue(c, l);
	return st;
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct listing l = {.n = 0};
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open_person(&n, c, a, err);

	if (st != DLB_OK)
		return st;
	l.box = dlb_node_letterbox(n);
	l.now_ms = dlb_node_clock(n).now_ms;
	if (!cli_flag(a, "json")) {
		st = list_letters(c, &l, err);
	} else {
		cli_json_init(&l.json, stdout);
		cli_json_array(&l.json, NULL);
		st = dlb_out_each(l.box, write_letter, &l, err);
		cli_json_end(&l.json, ']');
		cli_json_finish(&l.json);
	}
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_outbox = {
	.name = "outbox",
	.operands = "",
	.summary = "list the letters and bulletins that you sent",
	.text = "Lists the letters that you sent, and how far each is: waiting for a\n"
		"meeting, given in part, on its way, arrived, recalled; and how many\n"
		"couriers took cells of it from here, and how many stripes of one that\n"
		"is split: paired nodes and boxes with a name are told apart, of strangers\n"
		"each meeting counts as one, though it may be the same again. It has\n"
		"arrived when its reader's node has said so in a receipt, which takes as\n"
		"long to come as a letter. To let one go, `dlb delete` it: what meetings\n"
		"took of it stays on its way, unless you `dlb recall` it first.",
	.example = "dlb outbox",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run,
};
