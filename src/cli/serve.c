/*
 * dlb serve: meeting by itself, in the foreground.
 */
#include "serve.h"

#include "format.h"
#include "interrupt.h"
#include "meet_peer.h"
#include "on_event.h"
#include "session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct serving {
	struct cli *c;
	struct cli_on_event program;
	bool person;
	uint64_t unread_bulletins; /* as last told */
};

/* ---- what is said, and to whom ---------------------------------------------------------- */

static const char *
name_of(enum dlb_serve_what what)
{
	static const char *const names[] = {
		[DLB_SERVE_READY] = "ready",
		[DLB_SERVE_FOUND] = "found",
		[DLB_SERVE_LOST] = "lost",
		[DLB_SERVE_ANNOUNCED] = "announced",
		[DLB_SERVE_MEETING] = "meeting",
		[DLB_SERVE_MET] = "met",
		[DLB_SERVE_BOX_MEETING] = "box-meeting",
		[DLB_SERVE_BOX_MET] = "box-met",
		[DLB_SERVE_FAILED] = "failed",
		[DLB_SERVE_LENT] = "lent",
		[DLB_SERVE_BACK] = "back",
	};

	return names[what];
}

/* A line with the time before it, at once: it may be a log. */
static void say(struct serving *s, const char *fmt, ...) DLB_PRINTF(2, 3);

static void
say(struct serving *s, const char *fmt, ...)
{
	char text[8192], when[CLI_FORMAT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cli_say(s->c, "%s  %s", cli_time_here(when, dlb_now_ms(s->c->env)),
		text);
	fflush(s->c->talk);
}

struct numbers {
	char given[24], taken[24], seconds[24], new_letters[24], complete[24];
	char bulletins[24];
};

static void
count(struct numbers *n, uint64_t given, uint64_t taken, uint64_t letters_new,
	uint64_t letters_complete, int64_t ms)
{
	snprintf(n->given, sizeof(n->given), "%llu", (unsigned long long)given);
	snprintf(n->taken, sizeof(n->taken), "%llu", (unsigned long long)taken);
	snprintf(n->new_letters, sizeof(n->new_letters), "%llu",
		(unsigned long long)letters_new);
	snprintf(n->complete, sizeof(n->complete), "%llu",
		(unsigned long long)letters_complete);
	snprintf(n->seconds, sizeof(n->seconds), "%lld.%03lld",
		(long long)(ms / 1000), (long long)(ms % 1000));
}

static void
say_met(struct serving *s, const char *who, const char *where,
	const struct numbers *n, uint64_t letters, const char *more)
{
	char text[96] = "";

	if (s->person && letters > 0)
		snprintf(text, sizeof(text),
			"; letters to be read: %s (dlb inbox)", n->complete);
	say(s, "met %s%s%s for %s s: gave %s cell%s, took %s%s%s", who,
		where[0] ? " at " : "", where, n->seconds, n->given,
		strcmp(n->given, "1") == 0 ? "" : "s", n->taken, text, more);
}

/* Only where some came: those that nobody reads are not said again and again. */
static void
say_bulletins(struct serving *s, const struct dlb_serve_event *e,
	const struct numbers *n)
{
	if (e->unread_bulletins > s->unread_bulletins)
		say(s, "bulletins to be read: %s (dlb bulletins)",
			n->bulletins);
	s->unread_bulletins = e->unread_bulletins;
}

/* Many a message names the place itself. */
static void
say_failed(struct serving *s, const char *where, const char *why)
{
	bool named = !where[0] || strstr(why, where);

	say(s, "%s%s%s", named ? "" : where, named ? "" : ": ", why);
}

static void
tell_program(struct serving *s, const struct dlb_serve_event *e,
	const char *who, const struct numbers *n)
{
	const struct cli_event_value values[] = {{"DLB_WHO", who},
		{"DLB_WHERE", e->where}, {"DLB_GIVEN", n->given},
		{"DLB_TAKEN", n->taken}, {"DLB_SECONDS", n->seconds},
		{"DLB_LETTERS_NEW", n->new_letters},
		{"DLB_LETTERS_COMPLETE", n->complete},
		{"DLB_BULLETINS_UNREAD", n->bulletins},
		{"DLB_MAY_BE_PULLED",
			e->what == DLB_SERVE_BOX_MET && e->medium ? "1" : "0"},
		{"DLB_WHY", e->why ? e->why->msg : ""}};

	cli_on_event(
		&s->program, name_of(e->what), values, DLB_ARRAY_LEN(values));
}

static void
on_event(void *ctx, const struct dlb_serve_event *e)
{
	struct serving *s = ctx;
	struct numbers n;
	char who[CLI_WHO_MAX];

	snprintf(who, sizeof(who), "%s", e->who);
	count(&n, 0, 0, 0, 0, 0);
	snprintf(n.bulletins, sizeof(n.bulletins), "%llu",
		(unsigned long long)e->unread_bulletins);
	switch (e->what) {
	case DLB_SERVE_READY:
		say(s, "ready%s%s; Ctrl-C ends it", e->where[0] ? " on " : "",
			e->where);
		break;
	case DLB_SERVE_FOUND:
		say(s, "found %s on the network", e->who);
		break;
	case DLB_SERVE_LOST:
		say(s, "%s is gone from the network", e->who);
		break;
	case DLB_SERVE_ANNOUNCED:
		say(s, "announced on the network as %s", e->who);
		break;
	case DLB_SERVE_MEETING:
		say(s, "meeting somebody at %s", e->where);
		break;
	case DLB_SERVE_MET:
		cli_peer_who(who, e->peer);
		count(&n, e->peer->given, e->peer->taken, e->peer->letters_new,
			e->peer->letters_complete, e->peer->duration_ms);
		say_met(s, who, e->where, &n, e->peer->letters_complete, "");
		if (e->why)
			say(s, "it ended early: %s", e->why->msg);
		say_bulletins(s, e, &n);
		break;
	case DLB_SERVE_BOX_MEETING:
		say(s, "meeting the box %s%s", e->where,
			e->medium ? "; leave the stick where it is" : "");
		break;
	case DLB_SERVE_BOX_MET:
		snprintf(who, sizeof(who), "%s",
			e->box->box_name[0] ? e->box->box_name : "the box");
		count(&n, e->box->given, e->box->taken, e->box->letters_new,
			e->box->letters_complete, 0);
		say(s, "met %s at %s: gave %s cell%s, took %s%s", who, e->where,
			n.given, cli_s(e->box->given), n.taken,
			e->medium ? "; unmount the stick, then pull it" : "");
		if (s->person && e->box->letters_complete > 0)
			say(s, "letters to be read: %s (dlb inbox)",
				n.complete);
		say_bulletins(s, e, &n);
		break;
	case DLB_SERVE_FAILED:
		say_failed(s, e->where, e->why ? e->why->msg : "failed");
		break;
	case DLB_SERVE_LENT:
	case DLB_SERVE_BACK:
		return;
	}
	tell_program(s, e, who, &n);
}

static bool
shall_stop(void *ctx)
{
	struct serving *s = ctx;

	cli_on_event_reap(&s->program);
	return cli_interrupted();
}

/* ---- the verb ---------------------------------------------------------------------------------- */

static enum dlb_status
parse_port(uint16_t *port, const struct cli_args *a, struct dlb_error *err)
{
	const char *text = cli_value(a, "port");
	char *end = NULL;
	unsigned long n;

	*port = 0;
	if (!text)
		return DLB_OK;
	n = text[0] >= '0' && text[0] <= '9' ? strtoul(text, &end, 10) : 0;
	if (!end || *end || n < 1 || n > 65535)
		return dlb_fail(err, DLB_USAGE,
			"--port %s: give a number from 1 to 65535", text);
	*port = (uint16_t)n;
	return DLB_OK;
}

/* "a:b:c", as PATH is written; *list and what it points at are one block. */
static enum dlb_status
parse_dirs(char ***list, size_t *n, const struct cli_args *a,
	struct dlb_error *err)
{
	const char *text = cli_value(a, "dirs");
	size_t len;
	char *copy;

	*list = NULL;
	*n = 0;
	if (!text)
		return DLB_OK;
	len = strlen(text);
	*list = calloc(1, DLB_SERVE_DIRS_MAX * sizeof(**list) + len + 1);
	if (!*list)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	copy = (char *)(*list + DLB_SERVE_DIRS_MAX);
	memcpy(copy, text, len);
	for (char *rest = copy, *dir; (dir = strsep(&rest, ":")) != NULL;) {
		if (!dir[0])
			continue;
		if (dir[0] != '/')
			return dlb_fail(err, DLB_USAGE,
				"--dirs: %s is not a path from the root on",
				dir);
		if (*n == DLB_SERVE_DIRS_MAX)
			return dlb_fail(err, DLB_USAGE,
				"--dirs: more than %d directories",
				DLB_SERVE_DIRS_MAX);
		(*list)[(*n)++] = dir;
	}
	return DLB_OK;
}

static enum dlb_status
find_box(int64_t *id, struct dlb_node *n, const char *name,
	struct dlb_error *err)
{
	struct dlb_box box;
	enum dlb_status st =
		dlb_box_by_name(dlb_node_letterbox(n), &box, name, err);

	*id = box.id;
	dlb_wipe(&box, sizeof(box));
	return st;
}

static enum dlb_status
run_serve(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_serve_config config = {.listen = !cli_flag(a, "no-listen"),
		.address = cli_value(a, "address"),
		.announce = cli_flag(a, "announce"),
		.browse = !cli_flag(a, "no-lan"),
		.media = !cli_flag(a, "no-media")};
	struct serving s = {
		.c = c, .program = {.program = cli_value(a, "on-event")}};
	struct dlb_node *n = NULL;
	char **dirs = NULL;
	enum dlb_status st = cli_parse_policy(&config.policy, a, err);

	if (st == DLB_OK && config.announce
		&& (!config.listen || !config.browse))
		st = dlb_fail(err, DLB_USAGE,
			"--announce needs the network: leave out --no-listen and "
			"--no-lan");
	if (st == DLB_OK)
		st = parse_port(&config.port, a, err);
	if (st == DLB_OK)
		st = parse_dirs(&dirs, &config.dirs_n, a, err);
	if (st == DLB_OK)
		st = cli_open_to_keep(&n, c, a, err);
	if (st == DLB_OK && cli_value(a, "as-box"))
		st = find_box(&config.as_box, n, cli_value(a, "as-box"), err);
	if (st != DLB_OK && n) {
		dlb_node_close(n);
		n = NULL;
	}
	if (st == DLB_OK) {
		config.dirs = (const char *const *)dirs;
		s.person = dlb_letterbox_is_person(dlb_node_letterbox(n));
		st = dlb_serve_run(n, &config, on_event, shall_stop, &s, err);
	}
	free(dirs);
	if (st == DLB_OK)
		say(&s, "ended");
	return st;
}

static const struct cli_option options[] = {
	{"policy", 0, "WHOM", "meet anyone (default), known or vetted nodes"},
	{"as-box", 0, "NAME",
		"be this box: meet who has its key, and else only\n"
		"                              whom --policy known or vetted names"},
	{"announce", 0, NULL, "say on the local network that you are here"},
	{"dirs", 0, "LIST", "directories where boxes may appear: /a:/b"},
	{"port", 0, "PORT", "listen on this one (default 29486)"},
	{"address", 0, "ADDRESS", "listen on this one only (default all)"},
	{"on-event", 0, "PROGRAM", "run it for whatever happens"},
	{"no-listen", 0, NULL, "wait for no callers"},
	{"no-lan", 0, NULL, "do not look on the local network"},
	{"no-media", 0, NULL, "do not look at sticks and cards"},
};

const struct cli_verb cli_serve = {
	.name = "serve",
	.operands = "",
	.summary = "meet by itself whoever is there",
	.text = "Meets other nodes that call or are found on the local network, and\n"
		"boxes on sticks and cards that are put in, until it is ended; says\n"
		"what happened, and when a stick may be pulled. Other verbs work\n"
		"meanwhile; while it runs, every program of this user can open this\n"
		"home. Announcing is off until --announce: it tells the network that\n"
		"this machine runs the program, under a name that means nothing.\n"
		"PROGRAM gets the event's name (met, box-met, failed, ...) as its\n"
		"argument and DLB_WHO, DLB_WHERE, DLB_GIVEN, DLB_TAKEN, DLB_SECONDS,\n"
		"DLB_LETTERS_COMPLETE, DLB_MAY_BE_PULLED and DLB_WHY in its environment.",
	.example =
		"dlb serve\n"
		"dlb serve --announce --policy known\n"
		"dlb serve --no-listen --dirs /srv/sync --on-event ./bell.sh",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run_serve,
};
