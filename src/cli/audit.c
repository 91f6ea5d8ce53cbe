/*
 * dlb audit: the log of what this node did, and whether it is as it was written.
 */
#include "card_file.h"
#include "format.h"
#include "json.h"
#include "node.h"
#include "read_file.h"
#include "session.h"
#include "table.h"
#include "term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *
event_name(unsigned event)
{
	static const char *const names[] = {
		[DLB_AUDIT_BEGUN] = "log begun",
		[DLB_AUDIT_STOPPED] = "log stopped",
		[DLB_AUDIT_RESUMED] = "log resumed",
		[DLB_AUDIT_MET_BOX] = "met a box",
		[DLB_AUDIT_MET_FOLDER] = "met a folder",
		[DLB_AUDIT_MET_NODE] = "met a node",
		[DLB_AUDIT_PAIRED] = "paired",
		[DLB_AUDIT_FORGOTTEN] = "pairing ended",
		[DLB_AUDIT_VETTED] = "vetted",
		[DLB_AUDIT_UNVETTED] = "vetted no more",
		[DLB_AUDIT_KEYS_DESTROYED] = "keys destroyed",
		[DLB_AUDIT_KEYS_GIVEN_UP] = "lost keys given up",
		[DLB_AUDIT_CLOCK_CONFIRMED] = "clock confirmed",
		[DLB_AUDIT_SATCHEL_ANEW] = "satchel made anew",
		[DLB_AUDIT_ROSTER_SIGNED] = "roster signed",
		[DLB_AUDIT_ROSTER_TAKEN] = "roster taken",
		[DLB_AUDIT_ROSTER_TRUSTED] = "author trusted",
		[DLB_AUDIT_MET_STRANGERS] = "met strangers",
		[DLB_AUDIT_ROSTER_UNTRUSTED] = "author trusted no more",
	};

	return event < DLB_ARRAY_LEN(names) && names[event] ? names[event]
							    : NULL;
}

static const char *
value_name(const struct dlb_audit_record *r, size_t i)
{
	static const char *const meeting[] = {
		"given", "own", "taken", "recalls heard"};
	static const char *const roster[] = {"number", "vouched", "revoked"};
	bool met = r->event == DLB_AUDIT_MET_BOX
		|| r->event == DLB_AUDIT_MET_FOLDER
		|| r->event == DLB_AUDIT_MET_NODE;

	if (met && i < DLB_ARRAY_LEN(meeting))
		return meeting[i];
	if (r->event == DLB_AUDIT_MET_STRANGERS)
		return i == 0                         ? "meetings"
			: i <= DLB_ARRAY_LEN(meeting) ? meeting[i - 1]
						      : "count";
	if (r->event == DLB_AUDIT_ROSTER_TAKEN && i < DLB_ARRAY_LEN(roster))
		return roster[i];
	if (r->event == DLB_AUDIT_ROSTER_SIGNED)
		return i == 0 ? "number" : "entries";
	if (r->event == DLB_AUDIT_SATCHEL_ANEW && i == 0)
		return "bytes";
	return "count";
}

/* With what waits to be written. */
static enum dlb_status
export_all(struct dlb_letterbox *l, bool names, struct dlb_buf *out,
	struct dlb_error *err)
{
	enum dlb_status st = dlb_audit_flush(l, err);

	if (st == DLB_OK)
		st = dlb_letterbox_commit(l, err);
	return st == DLB_OK ? dlb_audit_export(l, names, out, err) : st;
}

/* ---- showing -------------------------------------------------------------------------- */

struct listing {
	struct cli_table table;
	struct cli_json json;
};

static void
values_text(char *out, size_t cap, const struct dlb_audit_record *r)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < r->values_n && at < cap; i++) {
		const char *name = value_name(r, i);
		char n[CLI_FORMAT_MAX];

		/* Of a roster: nothing to be read by people. */
		if (strcmp(name, "number") == 0)
			continue;
		at += (size_t)snprintf(out + at, cap - at, "%s%s%s%s",
			at ? ", " : "", cli_count(n, r->values[i]),
			strcmp(name, "count") == 0 ? "" : " ",
			strcmp(name, "count") == 0 ? "" : name);
	}
}

static bool
list_record(void *ctx, const struct dlb_audit_record *r)
{
	struct listing *l = ctx;
	char text[CLI_FORMAT_MAX], values[256];
	const char *event = event_name(r->event);

	cli_table_add(&l->table, "%llu", (unsigned long long)r->number);
	cli_table_add(&l->table, "%s", cli_time_here(text, r->when_ms));
	if (event)
		cli_table_add(&l->table, "%s", event);
	else
		cli_table_add(&l->table, "event %u", r->event);
	cli_table_add(&l->table, "%s", r->name);
	values_text(values, sizeof(values), r);
	cli_table_add(&l->table, "%s", values);
	return true;
}

static bool
write_record(void *ctx, const struct dlb_audit_record *r)
{
	struct listing *l = ctx;

	cli_json_object(&l->json, NULL);
	cli_json_uint(&l->json, "number", r->number);
	cli_json_time(&l->json, "when", r->when_ms);
	cli_json_uint(&l->json, "event_number", r->event);
	if (event_name(r->event))
		cli_json_text(&l->json, "event", event_name(r->event));
	else
		cli_json_null(&l->json, "event");
	if (r->named && r->name[0])
		cli_json_text(&l->json, "name", r->name);
	else
		cli_json_null(&l->json, "name");
	cli_json_object(&l->json, "values");
	for (size_t i = 0; i < r->values_n; i++)
		cli_json_uint(&l->json, value_name(r, i), r->values[i]);
	cli_json_end(&l->json, '}');
	cli_json_end(&l->json, '}');
	return true;
}

static enum dlb_status
show(struct cli *c, struct dlb_audit_check *check, const struct dlb_buf *log,
	struct dlb_error *err)
{
	static const struct cli_column columns[] = {
		{.title = "#", .right = true}, {.title = "when"},
		{.title = "what"}, {.title = "whom"}, {.title = ""}};
	char head[DLB_AUDIT_HEAD_TEXT];
	struct listing l;
	enum dlb_status st, shown;

	cli_table_init(&l.table, columns, DLB_ARRAY_LEN(columns));
	st = dlb_audit_check(check, log->data, log->len, list_record, &l, err);
	shown = cli_table_print(&l.table, cli_term_width(STDOUT_FILENO),
		st == DLB_OK ? err : NULL);
	cli_table_free(&l.table);
	if (st == DLB_OK)
		st = shown;
	if (st != DLB_OK)
		return st;
	dlb_audit_head_text(head, &check->last);
	cli_say(c, "%s", "");
	cli_say(c, "Its head now: %s", head);
	cli_say(c,
		"Who writes it down can see later that nothing before it was "
		"changed:");
	cli_say(c, "dlb audit verify --head HEAD");
	return DLB_OK;
}

static enum dlb_status
write_all(struct dlb_audit_check *check, const struct dlb_buf *log,
	struct dlb_error *err)
{
	char head[DLB_AUDIT_HEAD_TEXT];
	struct listing l;
	enum dlb_status st;

	/* Before a byte of it is written, so that half a document is none. */
	st = dlb_audit_check(check, log->data, log->len, NULL, NULL, err);
	if (st != DLB_OK)
		return st;
	cli_json_init(&l.json, stdout);
	cli_json_object(&l.json, NULL);
	cli_json_array(&l.json, "records");
	st = dlb_audit_check(check, log->data, log->len, write_record, &l, err);
	cli_json_end(&l.json, ']');
	dlb_audit_head_text(head, &check->last);
	cli_json_text(&l.json, "head", head);
	cli_json_end(&l.json, '}');
	cli_json_finish(&l.json);
	return st;
}

/* ---- dlb audit -------------------------------------------------------------------------- */

static enum dlb_status
keep(struct cli *c, struct dlb_letterbox *l, const char *text,
	struct dlb_error *err)
{
	size_t len = strlen(text);
	uint32_t days;
	enum dlb_status st;

	if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
		return dlb_fail(err, DLB_USAGE,
			"--keep %s: give a number of days, %d to %d", text,
			DLB_AUDIT_KEEP_DAYS_MIN, DLB_AUDIT_KEEP_DAYS_MAX);
	days = (uint32_t)strtoul(text, NULL, 10);
	st = dlb_audit_set_keep_days(l, days, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(l, err);
	if (st == DLB_OK)
		cli_say(c,
			"Records of the log go after %u day%s, and the oldest "
			"beyond %d of them.",
			days, cli_s(days), DLB_AUDIT_RECORDS_MAX);
	return st;
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	const char *days = cli_value(a, "keep");
	struct dlb_audit_check check = {.known = NULL};
	struct dlb_node *n = NULL;
	struct dlb_buf log = {0};
	struct dlb_letterbox *l;
	enum dlb_status st;

	if (days && cli_flag(a, "json"))
		return dlb_fail(err, DLB_USAGE,
			"--keep goes alone: list the log after it");
	st = cli_open(&n, c, a, err);
	if (st != DLB_OK)
		return st;
	l = dlb_node_letterbox(n);
	if (days) {
		st = keep(c, l, days, err);
		goto out;
	}
	st = export_all(l, true, &log, err);
	if (st == DLB_OK)
		st = cli_flag(a, "json") ? write_all(&check, &log, err)
					 : show(c, &check, &log, err);
	if (st == DLB_OK && !dlb_audit_is_on(l))
		cli_note(c, "the log is off: nothing is added (dlb audit on)");
out:
	dlb_buf_free(&log);
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"keep", 0, "DAYS", "let records go after so long; 1 to 3650"},
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_audit = {
	.name = "audit",
	.operands = "",
	.summary = "show the log of what this node did",
	.text = "Lists what this node did: meetings and how many cells moved, pairings,\n"
		"vettings and their withdrawal, keys that were destroyed, clocks that\n"
		"were confirmed. It says nothing of letters, of what is cover, or of\n"
		"correspondents, and lies sealed in the home. Each record has a hash over\n"
		"itself and the one before it; the last one is the head.\n"
		"\n"
		"Who has the head can see later that nothing before it was changed. The\n"
		"owner of the home can write the whole log anew, with another head: so\n"
		"what a log proves, it proves to who has seen a head of it.\n"
		"\n"
		"Records go after 90 days (--keep), and the oldest beyond 2,048.",
	.example = "dlb audit\ndlb audit --keep 30",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run,
};

/* ---- dlb audit verify ----------------------------------------------------------------------- */

static enum dlb_status
say_checked(struct cli *c, const struct dlb_audit_check *check,
	const char *file, struct dlb_error *err)
{
	char head[DLB_AUDIT_HEAD_TEXT], n[CLI_FORMAT_MAX];

	dlb_audit_head_text(head, &check->last);
	if (check->known && check->known->number < check->base.number)
		return dlb_fail(err, DLB_NOT_FOUND,
			"the log is sound, but begins after record %llu: it says "
			"nothing of a head of record %llu",
			(unsigned long long)check->base.number,
			(unsigned long long)check->known->number);
	if (check->known && check->known->number > check->last.number)
		return dlb_fail(err, DLB_CORRUPT,
			"the log ends with record %llu, and there was a record "
			"%llu: it was cut short or written anew, or is older "
			"than that head",
			(unsigned long long)check->last.number,
			(unsigned long long)check->known->number);
	if (check->known && !check->known_found)
		return dlb_fail(err, DLB_CORRUPT,
			"the log is sound, but is another one: record %llu and "
			"what is before it is not what that head stands for",
			(unsigned long long)check->known->number);
	cli_say(c, "%s is sound: %s record%s, from %llu to %llu.",
		file ? "The file" : "The log", cli_count(n, check->records),
		cli_s(check->records),
		(unsigned long long)check->base.number + 1,
		(unsigned long long)check->last.number);
	if (check->known)
		cli_say(c, "Up to record %llu it is what that head stands for.",
			(unsigned long long)check->known->number);
	cli_say(c, "Its head: %s", head);
	return DLB_OK;
}

static enum dlb_status
load_log(struct dlb_buf *log, struct cli *c, const struct cli_args *a,
	struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	enum dlb_status st;

	if (a->operands_n > 0)
		return cli_read_file(
			log, a->operands[0], DLB_AUDIT_FILE_MAX, "a log", err);
	st = cli_open(&n, c, a, err);
	if (st == DLB_OK)
		st = export_all(dlb_node_letterbox(n), true, log, err);
	dlb_node_close(n);
	return st;
}

static enum dlb_status
run_verify(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	const char *text = cli_value(a, "head");
	struct dlb_audit_check check = {.known = NULL};
	struct dlb_audit_head known;
	struct dlb_buf log = {0};
	enum dlb_status st = DLB_OK;

	if (text) {
		st = dlb_audit_head_read(&known, text, err);
		check.known = &known;
	}
	if (st == DLB_OK)
		st = load_log(&log, c, a, err);
	if (st == DLB_OK)
		st = dlb_audit_check(
			&check, log.data, log.len, NULL, NULL, err);
	if (st == DLB_OK)
		st = say_checked(
			c, &check, a->operands_n > 0 ? "file" : NULL, err);
	dlb_buf_free(&log);
	return st;
}

static const struct cli_option verify_options[] = {
	{"head", 0, "HEAD", "that this was a head of it, too"},
};

const struct cli_verb cli_audit_verify = {
	.name = "audit verify",
	.operands = "[FILE]",
	.summary = "check that a log is as it was written",
	.text = "Checks the log of this home, or one that was exported, which needs no\n"
		"home (- is standard input). Says which record is the first that is not\n"
		"as it was written, or that the end is missing. A log that was written\n"
		"anew from its start is sound in itself: --head says whether it is the one\n"
		"whose head you have.",
	.example =
		"dlb audit verify\ndlb audit verify office.log --head 41:5e0c...",
	.options = verify_options,
	.options_n = DLB_ARRAY_LEN(verify_options),
	.flags = CLI_OPENS_HOME,
	.operands_max = 1,
	.run = run_verify,
};

/* ---- dlb audit export --------------------------------------------------------------------- */

static enum dlb_status
run_export(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_audit_check check = {.known = NULL};
	char head[DLB_AUDIT_HEAD_TEXT];
	struct dlb_node *n = NULL;
	struct dlb_buf log = {0};
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st == DLB_OK)
		st = export_all(
			dlb_node_letterbox(n), cli_flag(a, "names"), &log, err);
	if (st == DLB_OK)
		st = dlb_audit_check(
			&check, log.data, log.len, NULL, NULL, err);
	if (st == DLB_OK)
		st = cli_write_file(a->operands[0], log.data, log.len,
			CLI_FILE_SECRET, err);
	if (st == DLB_OK) {
		dlb_audit_head_text(head, &check.last);
		cli_say(c,
			"The log is in %s, readable by who gets it, with%s "
			"names.",
			a->operands[0], cli_flag(a, "names") ? "" : "out");
		cli_say(c, "Its head: %s", head);
	}
	dlb_buf_free(&log);
	dlb_node_close(n);
	return st;
}

static const struct cli_option export_options[] = {
	{"names", 0, NULL, "with the names of paired nodes and boxes"},
};

const struct cli_verb cli_audit_export = {
	.name = "audit export",
	.operands = "FILE",
	.summary = "write the log into a file",
	.text = "Writes the log into a file that anyone can check and read. It says when\n"
		"this node met somebody and how much moved; not with whom, unless\n"
		"--names: then it has the names that you gave to paired nodes and boxes.\n"
		"With or without, it has the same head.",
	.example = "dlb audit export office.log",
	.options = export_options,
	.options_n = DLB_ARRAY_LEN(export_options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_export,
};

/* ---- dlb audit on, off ------------------------------------------------------------------------ */

static enum dlb_status
set(struct cli *c, const struct cli_args *a, bool on, bool erase,
	struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	struct dlb_letterbox *l;
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st != DLB_OK)
		return st;
	l = dlb_node_letterbox(n);
	st = dlb_audit_set(l, on, erase, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(l, err);
	if (st == DLB_OK && on)
		cli_say(c, "What this node does is written down from now on.");
	else if (st == DLB_OK && erase)
		cli_say(c,
			"Nothing is written down any more, and what was is "
			"erased.");
	else if (st == DLB_OK)
		cli_say(c,
			"Nothing is written down any more; what was stays (dlb "
			"audit off --erase).");
	dlb_node_close(n);
	return st;
}

static enum dlb_status
run_on(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	return set(c, a, true, false, err);
}

static enum dlb_status
run_off(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	return set(c, a, false, cli_flag(a, "erase"), err);
}

const struct cli_verb cli_audit_on = {
	.name = "audit on",
	.operands = "",
	.summary = "write down again what this node does",
	.text = "The log is on at first. Where it was off for a while, it says so.",
	.example = "dlb audit on",
	.flags = CLI_OPENS_HOME,
	.run = run_on,
};

static const struct cli_option off_options[] = {
	{"erase", 0, NULL, "what was written down goes, too"},
};

const struct cli_verb cli_audit_off = {
	.name = "audit off",
	.operands = "",
	.summary = "write down nothing of what this node does",
	.text = "Who has this machine and its passphrase reads the log: when this node\n"
		"met others, and how much moved. Without it, only the last meeting and\n"
		"when each paired node was met last are known here.",
	.example = "dlb audit off --erase",
	.options = off_options,
	.options_n = DLB_ARRAY_LEN(off_options),
	.flags = CLI_OPENS_HOME,
	.run = run_off,
};
