/*
 * Meeting another node.
 */
#include "meet_peer.h"

#include "bulletin_show.h"
#include "command.h"
#include "format.h"
#include "meet_say.h"
#include "progress.h"
#include "tcp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SLICE_MS 200

bool
cli_names_peer(struct dlb_letterbox *l, const char *where)
{
	size_t len = strlen(where);
	struct dlb_box box;
	bool known;

	if (strcmp(where, "-") == 0)
		return true;
	if (strchr(where, '/') || access(where, F_OK) == 0
		|| (len > 4 && strcmp(where + len - 4, ".dlb") == 0))
		return false;
	known = dlb_box_by_name(l, &box, where, NULL) == DLB_OK;
	dlb_wipe(&box, sizeof(box));
	return !known;
}

enum dlb_status
cli_parse_policy(enum dlb_peer_policy *out, const struct cli_args *a,
	struct dlb_error *err)
{
	static const struct {
		const char *word;
		enum dlb_peer_policy policy;
	} words[] = {{"anyone", DLB_PEER_ANYONE}, {"known", DLB_PEER_KNOWN},
		{"vetted", DLB_PEER_VETTED}};
	const char *word = cli_value(a, "policy");

	*out = DLB_PEER_ANYONE;
	for (size_t i = 0; word && i < DLB_ARRAY_LEN(words); i++)
		if (strcmp(word, words[i].word) == 0) {
			*out = words[i].policy;
			return DLB_OK;
		}
	if (!word)
		return DLB_OK;
	return dlb_fail(err, DLB_USAGE,
		"--policy %s: it is anyone, known or vetted", word);
}

/* ---- what is said ------------------------------------------------------------------- */

char *
cli_peer_who(char out[static CLI_WHO_MAX], const struct dlb_peer_result *r)
{
	if (r->stranger && r->box[0])
		snprintf(out, CLI_WHO_MAX, "box %s", r->box);
	else if (r->stranger)
		snprintf(out, CLI_WHO_MAX, "a stranger%s%s",
			r->names[0] ? " who has " : "", r->names);
	else
		snprintf(out, CLI_WHO_MAX, "%s",
			r->names[0] ? r->names : "nobody yet");
	return out;
}

void
cli_say_peer(struct cli *c, bool person, const struct dlb_peer_result *r)
{
	char n[CLI_FORMAT_MAX], w[CLI_FORMAT_MAX], more[96] = "";
	char who[CLI_WHO_MAX], took[CLI_FORMAT_MAX];

	cli_say(c, "Met %s for %s.", cli_peer_who(who, r),
		cli_duration(took, (uint64_t)r->duration_ms / 1000));
	if (r->given_own > 0)
		snprintf(more, sizeof(more), ", %s of them new ones from here",
			cli_count(n, r->given_own));
	cli_say_cells(c, "given", r->given, more);
	cli_say_cells(c, "taken", r->taken, "");
	if (r->briefed)
		cli_say(c, CLI_SERVED_AS_COURIER);
	if (person && r->letters_new + r->letters_complete == 0)
		cli_say(c, "  letters  no new ones");
	else if (person)
		cli_say(c, "  letters  %s new, %s to be read now (dlb inbox)",
			cli_count(n, r->letters_new),
			cli_count(w, r->letters_complete));
	if (r->own_waiting > 0)
		cli_say(c,
			"  waiting  %s cell%s of yours, for the next meetings",
			cli_count(n, r->own_waiting), cli_s(r->own_waiting));
	if (r->refused > 0)
		cli_say(c,
			"  refused  %s cell%s not as promised, or without room",
			cli_count(n, r->refused), cli_s(r->refused));
}

/* ---- the link -------------------------------------------------------------------------- */

static enum dlb_status
dial(int *fd, struct cli *c, const char *where, struct dlb_error *err)
{
	const struct dlb_progress *progress = cli_progress(c);
	struct dlb_tcp_where to;
	struct dlb_dial *d = NULL;
	enum dlb_status st = dlb_tcp_parse(&to, where, err);

	*fd = -1;
	if (st == DLB_OK)
		st = dlb_dial_new(&d, c->env, &to, 0, err);
	while (st == DLB_OK) {
		struct pollfd fds[DLB_DIAL_FDS_MAX];
		unsigned n;

		st = dlb_dial_step(d, fd, err);
		if (st != DLB_OK || *fd >= 0)
			break;
		if (!dlb_progress_step(progress, "connecting", 0, 0))
			st = dlb_fail(err, DLB_CANCELLED, "interrupted");
		n = dlb_dial_poll(d, fds);
		if (st == DLB_OK && poll(fds, n, SLICE_MS) < 0
			&& errno != EINTR)
			st = dlb_fail_errno(
				err, errno, "waiting for %s", where);
	}
	dlb_dial_free(d);
	return st;
}

struct ends {
	struct dlb_link_config config;
	struct dlb_command *command;
};

static enum dlb_status
find_ends(struct ends *e, struct cli *c, const char *where, const char *command,
	struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	e->config.caller = true;
	e->config.name = command ? command : where;
	if (command) {
		st = dlb_command_start(&e->command, command, err);
		if (st == DLB_OK)
			dlb_command_fds(e->command, &e->config.read_fd,
				&e->config.write_fd);
		return st;
	}
	if (strcmp(where, "-") == 0) {
		e->config.caller = false;
		e->config.borrowed = true;
		e->config.read_fd = STDIN_FILENO;
		e->config.write_fd = STDOUT_FILENO;
		e->config.name = "the other end";
		/* Standard output is the link. */
		c->talk = stderr;
		return DLB_OK;
	}
	st = dial(&e->config.read_fd, c, where, err);
	e->config.write_fd = e->config.read_fd;
	return st;
}

enum dlb_status
cli_meet_peer(struct cli *c, struct dlb_node *n, const struct cli_args *a,
	const char *where, const char *command, struct dlb_error *err)
{
	bool person = dlb_letterbox_is_person(dlb_node_letterbox(n));
	struct dlb_peer_options options = {.release_now = cli_flag(a, "now")};
	struct dlb_peer_result result = {.given = 0};
	struct ends e = {.config = {.read_fd = -1, .write_fd = -1}};
	struct dlb_link *link = NULL;
	struct dlb_peer *peer = NULL;
	struct dlb_error end = {.status = DLB_OK};
	enum dlb_status st = cli_parse_policy(&options.policy, a, err);

	if (st == DLB_OK)
		st = find_ends(&e, c, where, command, err);
	if (st == DLB_OK)
		st = dlb_link_new(&link, c->env, &e.config, err);
	if (st == DLB_OK)
		st = dlb_peer_new(
			&peer, n, link, e.config.caller, &options, err);
	if (st == DLB_OK) {
		st = dlb_peer_run(peer, cli_progress(c), err);
		cli_progress_clear();
		dlb_peer_result(peer, &result);
		if (st == DLB_OK || st == DLB_PARTLY)
			cli_say_peer(c, person, &result);
		if (st == DLB_OK && person)
			cli_say_no_room(c, n);
		if (st == DLB_OK)
			cli_say_bulletins(c, n);
	}
	dlb_peer_free(peer);
	/* What the command says of its own end tells more than a lost link. */
	if (e.command && dlb_command_end(e.command, NULL, &end) != DLB_OK
		&& st != DLB_OK && st != DLB_PARTLY && err)
		*err = end;
	dlb_command_free(e.command);
	return st;
}
