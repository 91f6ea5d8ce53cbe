/*
 * dlb keys: which keys are there to find and open letters with, and until when.
 */
#include "format.h"
#include "json.h"
#include "node.h"
#include "session.h"
#include "table.h"
#include "term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct listing {
	struct cli_table table;
	struct cli_json json;
};

static const char *
kind_name(enum dlb_epoch_kind kind)
{
	switch (kind) {
	case DLB_EPOCH_FINDING:
		return "finding";
	case DLB_EPOCH_OPENING:
		return "opening";
	default:
		return "last resort";
	}
}

/* "2026-10", and of a quarter "2026-10 to 2026-12". */
static void
month_text(char *out, size_t cap, const struct dlb_key *key)
{
	char first[11], last[11];
	uint16_t month = dlb_month_of(key->begins_ms);

	dlb_date_text(first, key->begins_ms);
	dlb_date_text(last, dlb_month_start_ms((uint16_t)(month + 2)));
	if (key->kind == DLB_EPOCH_FINDING)
		snprintf(out, cap, "%.7s to %.7s", first, last);
	else
		snprintf(out, cap, "%.7s", first);
}

static bool
list_key(void *ctx, const struct dlb_key *key)
{
	struct listing *l = ctx;
	char text[32];

	cli_table_add(&l->table, "%s", kind_name(key->kind));
	if (key->kind == DLB_EPOCH_LAST_RESORT) {
		cli_table_add(&l->table, "card %u", key->id);
	} else {
		month_text(text, sizeof(text), key);
		cli_table_add(&l->table, "%s", text);
	}
	dlb_date_text(text, key->ends_ms);
	cli_table_add(&l->table, "%s", key->ends_ms ? text : "the next card");
	dlb_date_text(text, key->goes_ms);
	cli_table_add(&l->table, "%s", key->goes_ms ? text : "");
	return true;
}

static bool
write_key(void *ctx, const struct dlb_key *key)
{
	struct listing *l = ctx;

	cli_json_object(&l->json, NULL);
	cli_json_text(&l->json, "kind", kind_name(key->kind));
	cli_json_uint(&l->json, "number", key->id);
	cli_json_time(&l->json, "begins", key->begins_ms);
	cli_json_time(&l->json, "ends", key->ends_ms);
	cli_json_time(&l->json, "destroyed_from", key->goes_ms);
	cli_json_end(&l->json, '}');
	return true;
}

static enum dlb_status
list(struct cli *c, struct dlb_letterbox *box, struct dlb_error *err)
{
	static const struct cli_column columns[] = {{.title = "key"},
		{.title = "of"}, {.title = "until"},
		{.title = "destroyed from"}};
	struct dlb_keys_reach reach;
	struct listing l;
	char since[11];
	enum dlb_status st;

	cli_table_init(&l.table, columns, DLB_ARRAY_LEN(columns));
	st = dlb_keys_each(box, list_key, &l, err);
	if (st == DLB_OK)
		st = dlb_keys_reach(box, &reach, err);
	if (st == DLB_OK)
		st = cli_table_print(
			&l.table, cli_term_width(STDOUT_FILENO), err);
	cli_table_free(&l.table);
	if (st != DLB_OK)
		return st;
	dlb_date_text(since, reach.since_ms);
	cli_say(c, "%s", "");
	cli_say(c,
		"Each is destroyed %u days after its end (--keep), on the third day "
		"of use from",
		dlb_keys_keep_days(box));
	cli_say(c,
		"then on. With these can be opened what was sealed to you since "
		"%s.",
		since);
	return DLB_OK;
}

static enum dlb_status
write_all(struct dlb_letterbox *box, struct dlb_error *err)
{
	struct dlb_keys_reach reach;
	struct listing l;
	enum dlb_status st = dlb_keys_reach(box, &reach, err);

	if (st != DLB_OK)
		return st;
	cli_json_init(&l.json, stdout);
	cli_json_object(&l.json, NULL);
	cli_json_uint(&l.json, "keep_days", dlb_keys_keep_days(box));
	cli_json_time(&l.json, "since", reach.since_ms);
	cli_json_array(&l.json, "keys");
	st = dlb_keys_each(box, write_key, &l, err);
	cli_json_end(&l.json, ']');
	cli_json_end(&l.json, '}');
	cli_json_finish(&l.json);
	return st;
}

static enum dlb_status
parse_days(uint32_t *days, const char *text, struct dlb_error *err)
{
	size_t len = strlen(text);

	if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
		return dlb_fail(err, DLB_USAGE,
			"--keep %s: give a number of days, %d to %d", text,
			DLB_KEEP_DAYS_MIN, DLB_KEEP_DAYS_MAX);
	*days = (uint32_t)strtoul(text, NULL, 10);
	return DLB_OK;
}

static enum dlb_status
keep(struct cli *c, struct dlb_letterbox *box, uint32_t days,
	struct dlb_error *err)
{
	enum dlb_status st = dlb_keys_set_keep_days(box, days, err);

	if (st == DLB_OK)
		st = dlb_letterbox_commit(box, err);
	if (st != DLB_OK)
		return st;
	cli_say(c,
		"Keys are destroyed %u days after their end, on the third day of "
		"use from then on.",
		days);
	if (days < DLB_KEEP_DAYS_DEFAULT)
		cli_note(c,
			"a letter may be under way for 12 weeks: one that takes "
			"longer than %u days can come too late to be opened",
			days);
	return DLB_OK;
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	const char *text = cli_value(a, "keep");
	struct dlb_letterbox *box;
	struct dlb_node *n = NULL;
	uint32_t days = 0;
	enum dlb_status st = DLB_OK;

	if (text && cli_flag(a, "json"))
		return dlb_fail(err, DLB_USAGE,
			"--keep goes alone: list the keys after it");
	if (text)
		st = parse_days(&days, text, err);
	if (st == DLB_OK)
		st = cli_open_person(&n, c, a, err);
	if (st != DLB_OK)
		return st;
	box = dlb_node_letterbox(n);
	if (text)
		st = keep(c, box, days, err);
	else if (cli_flag(a, "json"))
		st = write_all(box, err);
	else
		st = list(c, box, err);
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"keep", 0, "DAYS", "destroy keys so long after their end; 7 to 3650"},
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_keys = {
	.name = "keys",
	.operands = "",
	.summary = "show which keys are kept, and until when",
	.text = "Lists the keys that letters to you are found and opened with: a finding\n"
		"key for each quarter, an opening key for each month, and a last-resort\n"
		"key for each card; until when letters are sealed to each, and from when\n"
		"on it is destroyed: 90 days later, or what --keep says, on the third day\n"
		"of use from then on, and never because the clock jumped.\n"
		"\n"
		"Who takes this machine and its passphrase later opens nothing that was\n"
		"sealed to a key that is destroyed, and does not find that it was there.\n"
		"Letters that are in the inbox are kept until you delete them.",
	.example = "dlb keys\ndlb keys --keep 30",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run,
};
