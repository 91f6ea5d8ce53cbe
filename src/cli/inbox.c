/*
 * dlb inbox: the letters that came in.
 */
#include "format.h"
#include "json.h"
#include "people.h"
#include "session.h"
#include "table.h"
#include "term.h"

#include <stdio.h>
#include <unistd.h>

struct listing {
	struct dlb_letterbox *box;
	struct cli_table table;
	struct cli_json json;
	size_t n;
	int64_t stranger; /* the first letter of one who can be answered */
	size_t strangers;
};

static uint64_t
size_of(const struct dlb_in_letter *letter)
{
	return letter->described && letter->files_len > 0
		? letter->files_len
		: letter->stripe.content_len;
}

static const char *
state_name(enum dlb_in_state state)
{
	switch (state) {
	case DLB_IN_PARTLY:
		return "partly";
	case DLB_IN_UNREAD:
		return "unread";
	case DLB_IN_READ:
		return "read";
	default:
		return "deleted";
	}
}

static bool
list_letter(void *ctx, const struct dlb_in_letter *letter)
{
	struct listing *l = ctx;
	struct cli_table *t = &l->table;
	char name[DLB_PERSON_NAME_MAX + 1], text[CLI_FORMAT_MAX],
		more[CLI_FORMAT_MAX];

	if (!dlb_in_is_seen(letter))
		return true;
	cli_sender(name, l->box, letter);
	cli_table_add(t, "%lld", (long long)letter->number);
	cli_table_add(t, "%s", cli_time_here(text, letter->arrived_ms));
	cli_table_add(t, "%s", name);
	cli_table_add(t, "%s", cli_size(text, size_of(letter)));
	if (letter->state == DLB_IN_PARTLY && letter->stripe.n > 1)
		cli_table_add(
			t, "%u of %u stripes", letter->whole, letter->stripe.k);
	else if (letter->state == DLB_IN_PARTLY)
		cli_table_add(t, "%s of %s cells",
			cli_count(text, letter->have),
			cli_count(more, letter->stripe.cells));
	else
		cli_table_add(t, "%s", state_name(letter->state));
	cli_table_add(t, "%s", letter->described ? letter->summary : "");
	if (letter->has_card && l->strangers++ == 0)
		l->stranger = letter->number;
	l->n++;
	return true;
}

static bool
write_letter(void *ctx, const struct dlb_in_letter *letter)
{
	struct listing *l = ctx;
	struct cli_json *j = &l->json;
	char name[DLB_PERSON_NAME_MAX + 1], words[DLB_FINGERPRINT_TEXT_MAX];

	if (!dlb_in_is_seen(letter))
		return true;
	cli_sender(name, l->box, letter);
	dlb_fingerprint_words(words, &letter->sender);
	cli_json_object(j, NULL);
	cli_json_int(j, "number", letter->number);
	cli_json_time(j, "arrived", letter->arrived_ms);
	if (letter->from)
		cli_json_text(j, "from", name);
	else
		cli_json_null(j, "from");
	cli_json_text(j, "fingerprint", words);
	cli_json_bool(j, "card", letter->has_card);
	cli_json_text(j, "state", state_name(letter->state));
	cli_json_uint(j, "size", size_of(letter));
	cli_json_uint(j, "cells", letter->stripe.cells);
	cli_json_uint(j, "cells_here", letter->have);
	cli_json_uint(j, "stripes_needed", letter->stripe.k);
	cli_json_uint(j, "stripes_here",
		letter->stripe.n > 1 ? letter->whole
				     : letter->have == letter->stripe.cells);
	if (letter->described) {
		cli_json_uint(j, "files", letter->files);
		cli_json_text(j, "summary", letter->summary);
	} else {
		cli_json_null(j, "files");
		cli_json_null(j, "summary");
	}
	cli_json_end(j, '}');
	return true;
}

static enum dlb_status
list_letters(struct cli *c, struct listing *l, struct dlb_error *err)
{
	static const struct cli_column columns[] = {
		{.title = "no", .right = true},
		{.title = "came", .spare = true}, {.title = "from"},
		{.title = "size", .right = true, .spare = true},
		{.title = "state"}, {.title = "letter"}};
	enum dlb_status st;

	cli_table_init(&l->table, columns, DLB_ARRAY_LEN(columns));
	st = dlb_in_each(l->box, list_letter, l, err);
	if (st == DLB_OK && l->n == 0)
		cli_say(c, "No letters. `dlb meet WHERE` looks for some.");
	else if (st == DLB_OK)
		st = cli_table_print(
			&l->table, cli_term_width(STDOUT_FILENO), err);
	cli_table_free(&l->table);
	if (st == DLB_OK && l->strangers == 1)
		cli_note(c,
			"letter %lld is from a stranger; to answer, first: dlb "
			"know %lld --as NAME",
			(long long)l->stranger, (long long)l->stranger);
	else if (st == DLB_OK && l->strangers > 1)
		cli_note(c,
			"%zu letters are from strangers; to answer one, first: "
			"dlb know NUMBER --as NAME",
			l->strangers);
	return st;
}

/* Whose state "1 of 900 cells" no meeting changes. */
static enum dlb_status
note_large(struct cli *c, struct dlb_node *n, struct dlb_error *err)
{
	char size[CLI_FORMAT_MAX];
	struct dlb_large large;
	enum dlb_status st = dlb_node_large(n, &large, err);

	if (st != DLB_OK || large.letters == 0)
		return st;
	cli_note(c,
		"letter %lld%s: there is no room for what is missing; it needs a "
		"satchel of %s: dlb satchel --size %lluM",
		(long long)large.first, large.letters > 1 ? " and others" : "",
		cli_size(size, large.size),
		(unsigned long long)(large.size >> 20) + 1);
	return DLB_OK;
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
	if (!cli_flag(a, "json")) {
		st = list_letters(c, &l, err);
		if (st == DLB_OK)
			st = note_large(c, n, err);
	} else {
		cli_json_init(&l.json, stdout);
		cli_json_array(&l.json, NULL);
		st = dlb_in_each(l.box, write_letter, &l, err);
		cli_json_end(&l.json, ']');
		cli_json_finish(&l.json);
	}
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_inbox = {
	.name = "inbox",
	.operands = "",
	.summary = "list the letters that came in",
	.text = "Lists the letters that came in: the number that read and delete take,\n"
		"when it was found, who sent it, how large it is, and whether it is\n"
		"whole, read, or still on its way. Of one that is split, `2 of 3\n"
		"stripes` are here whole of those that it needs. A number stays the\n"
		"letter's own, whatever else is deleted. A stranger is one whose card\n"
		"you have not added; `dlb know NUMBER` does it with the card that came\n"
		"along.",
	.example =
		"dlb inbox\n"
		"dlb inbox --json | jq '.[] | select(.state == \"unread\").number'",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run,
};
