/*
 * dlb meet: exchanging cells with a box.
 */
#include "meet.h"

#include "bulletin_show.h"
#include "format.h"
#include "meet_peer.h"
#include "meet_say.h"
#include "passphrase.h"
#include "progress.h"
#include "session.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TRIES 3

/* The name of a known box stands for the place where it was last. */
static enum dlb_status
resolve_where(char *out, size_t cap, struct dlb_letterbox *l, const char *where)
{
	struct dlb_box box;
	bool known = access(where, F_OK) != 0 && !strchr(where, '/')
		&& dlb_box_by_name(l, &box, where, NULL) == DLB_OK
		&& box.path[0];
	int n = snprintf(out, cap, "%s", known ? box.path : where);

	dlb_wipe(&box, sizeof(box));
	return n < 0 || (size_t)n >= cap ? DLB_LIMIT : DLB_OK;
}

static void
say_letters(
	struct cli *c, struct dlb_node *node, const struct dlb_meet_result *r)
{
	char n[CLI_FORMAT_MAX], w[CLI_FORMAT_MAX];

	if (r->letters_new == 0 && r->letters_complete == 0)
		cli_say(c, "  letters  no new ones");
	else if (r->letters_complete >= r->letters_new)
		cli_say(c, "  letters  %s for you, to be read now (dlb inbox)",
			cli_count(n, r->letters_complete));
	else
		cli_say(c, "  letters  %s new, %s whole (dlb inbox)",
			cli_count(n, r->letters_new),
			cli_count(w, r->letters_complete));
	if (r->letters_refused)
		cli_say(c,
			"  refused  %s from strangers: no room for more of theirs; "
			"know the sender (dlb know CARD), or delete letters, and "
			"meet again",
			cli_count(n, r->letters_refused));
	cli_say_no_room(c, node);
}

static void
say_meeting(struct cli *c, struct dlb_node *node, bool take_only,
	const struct dlb_meet_result *r)
{
	bool person = dlb_letterbox_is_person(dlb_node_letterbox(node));
	char n[CLI_FORMAT_MAX], more[96] = "";

	cli_say(c, "Met %s%s%s.", r->box_name, r->box_name[0] ? " at " : "",
		r->box_path);
	if (r->given_own > 0)
		snprintf(more, sizeof(more), ", %s of them new ones from here",
			cli_count(n, r->given_own));
	if (!take_only && !r->box_read_only)
		cli_say_cells(c, "given", r->given, more);
	cli_say_cells(c, "taken", r->taken, "");
	if (r->briefed)
		cli_say(c, CLI_SERVED_AS_COURIER);
	if (person)
		say_letters(c, node, r);
	cli_say_bulletins(c, node);
	if (r->own_waiting > 0)
		cli_say(c,
			"  waiting  %s cell%s of yours, for the next meetings",
			cli_count(n, r->own_waiting), cli_s(r->own_waiting));
	if (r->displaced > 0)
		cli_say(c,
			"  full     %s cell%s gave way there; a larger box (dlb "
			"box create --size) keeps them longer",
			cli_count(n, r->displaced), cli_s(r->displaced));
	if (r->not_given > 0)
		cli_say(c, "  full     the box had no room for %s cell%s",
			cli_count(n, r->not_given), cli_s(r->not_given));
	if (r->not_taken > 0)
		cli_say(c, "  full     here was no room for %s cell%s",
			cli_count(n, r->not_taken), cli_s(r->not_taken));
	if (r->refused > 0)
		cli_say(c, "  refused  %s cell%s that %s damaged or expired",
			cli_count(n, r->refused), cli_s(r->refused),
			r->refused == 1 ? "was" : "were");
	if (r->box_read_only && !take_only)
		cli_say(c, "The box is read-only: nothing could be given.");
	cli_say(c, "The stick may be pulled now.");
}

static enum dlb_status
meet_asking(struct dlb_meet_result *result, struct cli *c, struct dlb_node *n,
	struct dlb_meet_options *options, struct dlb_error *err)
{
	struct cli_secret secret;
	enum dlb_status st =
		dlb_node_meet(n, options, result, cli_progress(c), err);

	for (int tries = 0; st == DLB_WRONG_KEY && tries < TRIES; tries++) {
		struct dlb_error asked;

		dlb_error_clear(&asked);
		cli_progress_clear();
		st = cli_secret_ask(
			&secret, "Passphrase of that box: ", &asked);
		/* Without a terminal, what went wrong before is what is said. */
		if (st == DLB_NOT_FOUND)
			return DLB_WRONG_KEY;
		if (st != DLB_OK) {
			*err = asked;
			return st;
		}
		if (secret.unlock.len == 0) {
			cli_secret_free(&secret);
			return dlb_fail(
				err, DLB_CANCELLED, "no passphrase was given");
		}
		options->unlock = &secret.unlock;
		st = dlb_node_meet(n, options, result, cli_progress(c), err);
		options->unlock = NULL;
		cli_secret_free(&secret);
		if (st == DLB_WRONG_KEY && tries + 1 < TRIES)
			cli_warn("that is not the passphrase of this box");
	}
	return st;
}

enum dlb_status
cli_meet_box(struct dlb_meet_result *result, struct cli *c, struct dlb_node *n,
	const struct cli_args *a, struct dlb_meet_options *options,
	struct dlb_error *err)
{
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	struct cli_secret secret;
	char where[4096];
	enum dlb_status st = cli_secret_from_options(&secret, a, "box-", err);

	if (st != DLB_OK)
		return st;
	memset(result, 0, sizeof(*result));
	if (resolve_where(where, sizeof(where), l, options->where) != DLB_OK) {
		cli_secret_free(&secret);
		return dlb_fail(err, DLB_LIMIT, "the path is too long");
	}
	options->where = where;
	options->unlock = NULL;
	if (secret.given) {
		options->unlock = &secret.unlock;
		st = dlb_node_meet(n, options, result, cli_progress(c), err);
		options->unlock = NULL;
	} else {
		st = meet_asking(result, c, n, options, err);
	}
	cli_secret_free(&secret);
	options->where = NULL;
	if (st == DLB_IO)
		return dlb_fail(err, st,
			"%s; was it pulled out? What had moved is kept: meet again",
			err->msg);
	if (st == DLB_OK)
		say_meeting(c, n, options->collect_only, result);
	return st;
}

static enum dlb_status
meet_box(struct cli *c, struct dlb_node *n, const struct cli_args *a,
	struct dlb_meet_options *options, struct dlb_error *err)
{
	struct dlb_meet_result result;
	char cells[CLI_FORMAT_MAX];
	enum dlb_status st = cli_meet_box(&result, c, n, a, options, err);

	if (st != DLB_OK || result.own_no_room == 0)
		return st;
	return dlb_fail(err, DLB_PARTLY,
		"the box has no room for %s cell%s of yours; the rest waits: "
		"meet another box, or make a larger one (dlb box create --size)",
		cli_count(cells, result.own_no_room),
		cli_s(result.own_no_room));
}

static enum dlb_status
meet(struct cli *c, struct dlb_node *n, const struct cli_args *a,
	struct dlb_meet_options *options, struct dlb_error *err)
{
	const char *command = cli_value(a, "pipe"), *where = options->where;

	if (where && !cli_names_peer(dlb_node_letterbox(n), where)) {
		if (cli_value(a, "policy"))
			return dlb_fail(err, DLB_USAGE,
				"--policy is for meetings with other nodes; %s "
				"is a box",
				where);
		return meet_box(c, n, a, options, err);
	}
	if (options->collect_only || cli_value(a, "box-passphrase-file")
		|| cli_value(a, "box-passphrase-fd")
		|| cli_value(a, "box-key-file"))
		return dlb_fail(err, DLB_USAGE,
			"--take-only and the like are for boxes; %s is taken for "
			"another node",
			command ? "a command" : where);
	return cli_meet_peer(c, n, a, where, command, err);
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_meet_options options = {
		.where = a->operands_n ? a->operands[0] : NULL,
		.collect_only = cli_flag(a, "take-only"),
		.release_now = cli_flag(a, "now")};
	struct dlb_node *n = NULL;
	enum dlb_status st;

	if (!options.where == !cli_value(a, "pipe"))
		return dlb_fail(err, DLB_USAGE,
			"name a box, another node, or a command with --pipe: one "
			"of them (dlb help meet)");
	if (options.collect_only && options.release_now)
		return dlb_fail(err, DLB_USAGE,
			"give --take-only or --now: nothing goes out with both");
	st = cli_open(&n, c, a, err);
	if (st == DLB_OK)
		st = meet(c, n, a, &options, err);
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"take-only", 0, NULL, "take what is in a box and give nothing"},
	{"now", 0, NULL, "give all letters that wait, as if sent with --now"},
	{"pipe", 0, "COMMAND", "meet the node at the other end of a command"},
	{"policy", 0, "WHOM", "of nodes: anyone (default), known or vetted"},
	{"box-passphrase-file", 0, "FILE", "the box's passphrase, from a file"},
	{"box-passphrase-fd", 0, "N", "the same, from an open descriptor"},
	{"box-key-file", 0, "FILE", "the box's key file"},
};

const struct cli_verb cli_meet = {
	.name = "meet",
	.operands = "[WHERE]",
	.summary = "exchange cells with a box or with another node",
	.text = "Gives what is lacking there and takes what is lacking here, your own\n"
		"letters and those of others alike, and finds what is for you. WHERE is\n"
		"a box, the directory it lies in, or the name of a box that you know; or\n"
		"the name or address of a machine where `dlb serve` runs; or -, which is\n"
		"for the other end of somebody's --pipe.\n"
		"A box that is neither open nor known is asked for its passphrase. When\n"
		"the last line has come, the stick may be pulled; whatever breaks off\n"
		"sooner, nothing is lost and the next meeting goes on.",
	.example = "dlb meet /media/usb\n"
		   "dlb meet cafe --take-only\n"
		   "dlb meet 192.168.1.20\n"
		   "dlb meet --pipe \"ssh box dlb meet -\"",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.operands_max = 1,
	.run = run,
};
