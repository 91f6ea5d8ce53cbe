/*
 * dlb backup list: the shares of others' backups that one keeps, and those that were
 * handed to one.
 */
#include "backups.h"
#include "format.h"
#include "json.h"
#include "session.h"
#include "table.h"
#include "term.h"

#include <stdio.h>
#include <unistd.h>

struct listing {
	struct dlb_letterbox *l;
	struct cli_table table;
	struct cli_json json;
	size_t n;
};

static void
whose(char out[static DLB_PERSON_NAME_MAX + 32], struct dlb_letterbox *l,
	const struct dlb_kept_share *s)
{
	struct dlb_correspondent who;

	if (dlb_correspondent_by_identity(l, &who, &s->sender) == DLB_OK)
		snprintf(out, DLB_PERSON_NAME_MAX + 32, "%s", who.name);
	else
		snprintf(out, DLB_PERSON_NAME_MAX + 32,
			"a stranger, letter %lld", (long long)s->number);
}

static bool
list_share(void *ctx, const struct dlb_kept_share *s)
{
	struct listing *l = ctx;
	char name[DLB_PERSON_NAME_MAX + 32], when[CLI_FORMAT_MAX];

	whose(name, l->l, s);
	if (s->damaged)
		cli_table_add(&l->table, "of no use, from %s", name);
	else if (s->given)
		cli_table_add(&l->table, "handed to you by %s", name);
	else
		cli_table_add(&l->table, "kept for %s", name);
	cli_table_add(&l->table, "%s",
		s->damaged ? "?" : cli_time_here(when, s->made_ms));
	cli_table_add(&l->table, "%s", cli_time_here(when, s->came_ms));
	if (s->damaged)
		cli_table_add(&l->table, "?");
	else
		cli_table_add(&l->table, "%u", s->need);
	l->n++;
	return true;
}

static bool
write_share(void *ctx, const struct dlb_kept_share *s)
{
	struct listing *l = ctx;
	char name[DLB_PERSON_NAME_MAX + 32];

	whose(name, l->l, s);
	cli_json_object(&l->json, NULL);
	cli_json_text(&l->json, "from", name);
	cli_json_bool(&l->json, "handed_to_you", s->given);
	cli_json_bool(&l->json, "damaged", s->damaged);
	cli_json_time(&l->json, "made", s->made_ms);
	cli_json_time(&l->json, "came", s->came_ms);
	cli_json_uint(&l->json, "need", s->need);
	cli_json_end(&l->json, '}');
	return true;
}

static enum dlb_status
list_all(struct cli *c, struct dlb_node *n, struct dlb_error *err)
{
	static const struct cli_column columns[] = {{.title = "share"},
		{.title = "backup of"}, {.title = "came", .spare = true},
		{.title = "needed", .right = true}};
	struct listing l = {.l = dlb_node_letterbox(n)};
	enum dlb_status st;

	cli_table_init(&l.table, columns, DLB_ARRAY_LEN(columns));
	st = dlb_node_kept_shares(n, list_share, &l, err);
	if (st == DLB_OK && l.n == 0)
		cli_say(c, "You keep no share of anybody's backup.");
	else if (st == DLB_OK)
		st = cli_table_print(
			&l.table, cli_term_width(STDOUT_FILENO), err);
	cli_table_free(&l.table);
	return st;
}

static enum dlb_status
run_list(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct listing l = {.n = 0};
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open_person(&n, c, a, err);

	if (st != DLB_OK)
		return st;
	l.l = dlb_node_letterbox(n);
	if (!cli_flag(a, "json")) {
		st = list_all(c, n, err);
	} else {
		cli_json_init(&l.json, stdout);
		cli_json_array(&l.json, NULL);
		st = dlb_node_kept_shares(n, write_share, &l, err);
		cli_json_end(&l.json, ']');
		cli_json_finish(&l.json);
	}
	dlb_node_close(n);
	return st;
}

static const struct cli_option list_options[] = {
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_backup_list = {
	.name = "backup list",
	.operands = "",
	.summary = "list what you keep of others' backups",
	.text = "Lists the shares of backups that you keep, for whom, of when, and how\n"
		"many are needed to have it again; and those that were handed to you.\n"
		"A share alone is worth nothing. That you keep one is nobody's business.",
	.example = "dlb backup list",
	.options = list_options,
	.options_n = DLB_ARRAY_LEN(list_options),
	.flags = CLI_OPENS_HOME,
	.run = run_list,
};
