/*
 * dlb bulletins: which bulletins are here: the new ones, and those that were opened most.
 *
 * How often one was read is known of this home alone: nobody reports what they read.
 */
#include "bulletin_show.h"
#include "format.h"
#include "json.h"
#include "session.h"
#include "table.h"
#include "term.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MOST_READ 10

struct listing {
	struct dlb_letterbox *box;
	struct dlb_bulletin_row *rows; /* the oldest first */
	size_t n, cap;
	bool failed;
};

static bool
collect(void *ctx, const struct dlb_bulletin_row *row)
{
	struct listing *l = ctx;

	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		struct dlb_bulletin_row *p = realloc(l->rows, cap * sizeof(*p));

		l->failed = !p;
		if (!p)
			return false;
		l->rows = p;
		l->cap = cap;
	}
	l->rows[l->n++] = *row;
	return true;
}

struct one {
	struct dlb_in_letter letter;
	struct dlb_author author;
};

static bool
load_one(struct one *o, const struct listing *l,
	const struct dlb_bulletin_row *row)
{
	return dlb_in_get(l->box, &o->letter, row->letter, NULL) == DLB_OK
		&& dlb_author_by_id(l->box, &o->author, row->author) == DLB_OK;
}

static const char *
state_name(const struct dlb_in_letter *letter)
{
	return letter->state == DLB_IN_PARTLY  ? "partly"
		: letter->state == DLB_IN_READ ? "read"
					       : "new";
}

/* ---- for people --------------------------------------------------------------------- */

static void
add_row(struct cli_table *t, const struct listing *l,
	const struct dlb_bulletin_row *row)
{
	char text[CLI_FORMAT_MAX], more[CLI_FORMAT_MAX];
	struct one *o = calloc(1, sizeof(*o));

	if (o && load_one(o, l, row)) {
		cli_table_add(t, "%lld", (long long)row->letter);
		cli_table_add(t, "%s", cli_time_here(text, row->posted_ms));
		cli_table_add(t, "%s", o->author.name);
		cli_table_add(t, "%s", cli_size(text, o->letter.files_len));
		if (o->letter.state == DLB_IN_PARTLY)
			cli_table_add(t, "%s of %s cells",
				cli_count(text, o->letter.have),
				cli_count(more, o->letter.stripe.cells));
		else if (row->opened > 0)
			cli_table_add(t, "read %s time%s",
				cli_count(text, row->opened),
				cli_s(row->opened));
		else
			cli_table_add(t, "%s", state_name(&o->letter));
		cli_table_add(t, "%s", o->letter.summary);
	}
	if (o)
		dlb_wipe(o, sizeof(*o));
	free(o);
}

static enum dlb_status
print_rows(const struct listing *l, const struct dlb_bulletin_row *const *rows,
	size_t n, struct dlb_error *err)
{
	static const struct cli_column columns[] = {
		{.title = "no", .right = true},
		{.title = "posted", .spare = true}, {.title = "by"},
		{.title = "size", .right = true, .spare = true},
		{.title = "state"}, {.title = "bulletin"}};
	struct cli_table t;
	enum dlb_status st;

	cli_table_init(&t, columns, DLB_ARRAY_LEN(columns));
	for (size_t i = 0; i < n; i++)
		add_row(&t, l, rows[i]);
	st = cli_table_print(&t, cli_term_width(STDOUT_FILENO), err);
	cli_table_free(&t);
	return st;
}

static int
compare_opened(const void *a, const void *b)
{
	const struct dlb_bulletin_row *const *x = a, *const *y = b;

	if ((*x)->opened != (*y)->opened)
		return (*x)->opened > (*y)->opened ? -1 : 1;
	return (*x)->posted_ms > (*y)->posted_ms
		? -1
		: (*x)->posted_ms < (*y)->posted_ms;
}

static enum dlb_status
print_lists(
	struct cli *c, const struct listing *l, bool all, struct dlb_error *err)
{
	const struct dlb_bulletin_row **rows = calloc(l->n + 1, sizeof(*rows));
	size_t new_n = 0, read_n = 0;
	enum dlb_status st = DLB_OK;

	if (!rows)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = l->n; i-- > 0;)
		if (all || l->rows[i].opened == 0)
			rows[new_n++] = &l->rows[i];
	if (new_n > 0)
		st = print_rows(l, rows, new_n, err);
	else
		cli_say(c, "Nothing new.");
	for (size_t i = 0; !all && i < l->n; i++)
		if (l->rows[i].opened > 0)
			rows[read_n++] = &l->rows[i];
	if (st == DLB_OK && read_n > 0) {
		qsort(rows, read_n, sizeof(*rows), compare_opened);
		cli_say(c, "%s", "");
		cli_say(c, "Most read here:");
		st = print_rows(
			l, rows, read_n < MOST_READ ? read_n : MOST_READ, err);
	}
	free(rows);
	return st;
}

static enum dlb_status
list_all(
	struct cli *c, const struct listing *l, bool all, struct dlb_error *err)
{
	if (l->n > 0)
		return print_lists(c, l, all, err);
	if (dlb_author_any(l->box))
		cli_say(c,
			"No bulletins yet. `dlb meet WHERE` looks for some.");
	else
		cli_say(c,
			"You follow nobody. `dlb bulletin follow CARD` finds the "
			"bulletins of the card's owner.");
	return DLB_OK;
}

void
cli_say_bulletins(struct cli *c, struct dlb_node *n)
{
	char text[CLI_FORMAT_MAX];
	uint64_t count = 0;

	if (dlb_bulletin_unread(dlb_node_letterbox(n), &count, NULL) == DLB_OK
		&& count > 0)
		cli_say(c,
			"  public   %s bulletin%s that you have not read (dlb "
			"bulletins)",
			cli_count(text, count), cli_s(count));
}

/* ---- whom one follows ---------------------------------------------------------------- */

struct authors {
	struct cli_table table;
	struct cli_json json;
	size_t n;
};

static bool
list_author(void *ctx, const struct dlb_author *a)
{
	struct authors *l = ctx;
	char words[DLB_FINGERPRINT_TEXT_MAX], when[CLI_FORMAT_MAX];

	dlb_fingerprint_words(words, &a->identity);
	cli_table_add(&l->table, "%s", a->name);
	cli_table_add(&l->table, "%s", cli_time_here(when, a->added_ms));
	cli_table_add(&l->table, "%llu", (unsigned long long)a->serial);
	cli_table_add(&l->table, "%s", words);
	l->n++;
	return true;
}

static bool
write_author(void *ctx, const struct dlb_author *a)
{
	struct authors *l = ctx;
	char words[DLB_FINGERPRINT_TEXT_MAX];

	dlb_fingerprint_words(words, &a->identity);
	cli_json_object(&l->json, NULL);
	cli_json_text(&l->json, "name", a->name);
	cli_json_text(&l->json, "fingerprint", words);
	cli_json_uint(&l->json, "serial", a->serial);
	cli_json_time(&l->json, "since", a->added_ms);
	cli_json_end(&l->json, '}');
	return true;
}

static enum dlb_status
list_authors(struct cli *c, struct dlb_letterbox *box, bool json,
	struct dlb_error *err)
{
	static const struct cli_column columns[] = {{.title = "name"},
		{.title = "since", .spare = true},
		{.title = "card", .right = true, .spare = true},
		{.title = "fingerprint"}};
	struct authors l = {.n = 0};
	enum dlb_status st;

	if (json) {
		cli_json_init(&l.json, stdout);
		cli_json_array(&l.json, NULL);
		st = dlb_author_each(box, write_author, &l, err);
		cli_json_end(&l.json, ']');
		cli_json_finish(&l.json);
		return st;
	}
	cli_table_init(&l.table, columns, DLB_ARRAY_LEN(columns));
	st = dlb_author_each(box, list_author, &l, err);
	if (st == DLB_OK && l.n == 0)
		cli_say(c,
			"You follow nobody. `dlb bulletin follow CARD` finds the "
			"bulletins of the card's owner.");
	else if (st == DLB_OK)
		st = cli_table_print(
			&l.table, cli_term_width(STDOUT_FILENO), err);
	cli_table_free(&l.table);
	return st;
}

/* ---- for programs --------------------------------------------------------------------- */

static void
write_one(struct cli_json *j, const struct listing *l,
	const struct dlb_bulletin_row *row)
{
	struct one *o = calloc(1, sizeof(*o));
	char words[DLB_FINGERPRINT_TEXT_MAX];

	if (o && load_one(o, l, row)) {
		dlb_fingerprint_words(words, &o->author.identity);
		cli_json_object(j, NULL);
		cli_json_int(j, "number", row->letter);
		cli_json_text(j, "by", o->author.name);
		cli_json_text(j, "fingerprint", words);
		cli_json_time(j, "posted", row->posted_ms);
		cli_json_time(j, "arrived", o->letter.arrived_ms);
		cli_json_text(j, "state", state_name(&o->letter));
		cli_json_uint(j, "opened", row->opened);
		cli_json_uint(j, "size", o->letter.files_len);
		cli_json_uint(j, "cells", o->letter.stripe.cells);
		cli_json_uint(j, "cells_here", o->letter.have);
		cli_json_text(j, "title", o->letter.summary);
		cli_json_end(j, '}');
	}
	if (o)
		dlb_wipe(o, sizeof(*o));
	free(o);
}

static void
write_all(const struct listing *l)
{
	struct cli_json j;

	cli_json_init(&j, stdout);
	cli_json_array(&j, NULL);
	for (size_t i = l->n; i-- > 0;)
		write_one(&j, l, &l->rows[i]);
	cli_json_end(&j, ']');
	cli_json_finish(&j);
}

static enum dlb_status
list_bulletins(struct cli *c, const struct cli_args *a,
	struct dlb_letterbox *box, struct dlb_error *err)
{
	struct listing l = {.box = box};
	enum dlb_status st = dlb_bulletin_each(box, 0, collect, &l, err);

	if (st == DLB_OK && l.failed)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (st == DLB_OK && cli_flag(a, "json"))
		write_all(&l);
	else if (st == DLB_OK)
		st = list_all(c, &l, cli_flag(a, "all"), err);
	free(l.rows);
	return st;
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st == DLB_OK)
		st = cli_flag(a, "authors")
			? list_authors(c, dlb_node_letterbox(n),
				cli_flag(a, "json"), err)
			: list_bulletins(c, a, dlb_node_letterbox(n), err);
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"all", 0, NULL, "all of them, the newest first"},
	{"authors", 0, NULL, "whom you follow"},
	{"json", 0, NULL, "for programs; all of them"},
};

const struct cli_verb cli_bulletins = {
	.name = "bulletins",
	.operands = "",
	.summary = "list the bulletins of those whom you follow",
	.text = "Lists the bulletins that you have not opened yet, the newest first, and\n"
		"then those that were opened most: on this home, as nobody is told what\n"
		"you read, nor you what others do. `dlb bulletin read NUMBER` opens one.",
	.example = "dlb bulletins\n"
		   "dlb bulletins --authors",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run,
};
