/*
 * dlb backup: leaving with others what makes a lost letterbox one's own again.
 */
#include "backup_state.h"
#include "backups.h"
#include "format.h"
#include "people.h"
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOLDERS_MAX 255
#define MEETING_CELLS 64

/* ---- making one ----------------------------------------------------------------------- */

struct holders {
	struct dlb_correspondent *list;
	int64_t *ids;
	size_t n;
};

static void
holders_free(struct holders *h)
{
	free(h->list);
	free(h->ids);
}

/* One's own name is no correspondent's. */
static enum dlb_status
find_holder(struct dlb_correspondent *out, struct cli *c, struct dlb_node *n,
	const char *name, struct dlb_error *err)
{
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	struct dlb_buf bytes = {0};
	struct dlb_card own;
	enum dlb_status st = dlb_correspondent_by_name(l, out, name, NULL);

	if (st == DLB_OK)
		return st;
	if (dlb_letterbox_card(l, true, &bytes, NULL) == DLB_OK
		&& dlb_card_parse(&own, bytes.data, bytes.len, NULL) == DLB_OK
		&& strcmp(own.name, name) == 0)
		st = dlb_fail(err, DLB_USAGE,
			"%s is you: a share that you keep yourself is lost with "
			"the rest",
			name);
	else
		st = cli_who(out, c, n, name, err);
	dlb_buf_free(&bytes);
	return st;
}

static enum dlb_status
find_holders(struct holders *h, struct cli *c, struct dlb_node *n,
	const char *names, struct dlb_error *err)
{
	char *copy = strdup(names), *rest = copy, *name;
	enum dlb_status st = DLB_OK;

	h->list = calloc(HOLDERS_MAX, sizeof(*h->list));
	h->ids = calloc(HOLDERS_MAX, sizeof(*h->ids));
	if (!copy || !h->list || !h->ids)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	while (st == DLB_OK && (name = strsep(&rest, ",")) != NULL) {
		if (!*name)
			st = dlb_fail(err, DLB_USAGE,
				"--to wants names with commas between them: "
				"bob,carol,dave");
		else if (h->n == HOLDERS_MAX)
			st = dlb_fail(err, DLB_USAGE,
				"at most %d people keep shares of a backup",
				HOLDERS_MAX);
		else
			st = find_holder(&h->list[h->n], c, n, name, err);
		if (st == DLB_OK) {
			h->ids[h->n] = h->list[h->n].id;
			h->n++;
		}
	}
	free(copy);
	return st;
}

static bool
is_unverified(const struct dlb_correspondent *who)
{
	return !who->verified;
}

static bool
is_unheard(const struct dlb_correspondent *who)
{
	return !who->heard;
}

/* "bob, carol and dave": those of them that are so, or all. */
static size_t
join_names(char *out, size_t cap, const struct holders *h,
	bool (*is_so)(const struct dlb_correspondent *who))
{
	size_t len = 0, left = 0, first;

	for (size_t i = 0; i < h->n; i++)
		left += !is_so || is_so(&h->list[i]);
	first = left;
	out[0] = '\0';
	for (size_t i = 0; i < h->n && len < cap; i++) {
		if (is_so && !is_so(&h->list[i]))
			continue;
		len += (size_t)snprintf(out + len, cap - len, "%s%s",
			left == first       ? ""
				: left == 1 ? " and "
					    : ", ",
			h->list[i].name);
		left--;
	}
	return first;
}

static void
warn_of_holders(const struct holders *h)
{
	char names[512];
	size_t n = join_names(names, sizeof(names), h, is_unverified);

	if (n > 0)
		cli_warn("%s %s not verified: if a card is somebody else's, so "
			 "is the share. See: dlb help verify",
			names, n == 1 ? "is" : "are");
	n = join_names(names, sizeof(names), h, is_unheard);
	if (n > 0)
		cli_warn(
			"%s %s not written to you: where you are not known, the "
			"share waits in the inbox until you are (dlb know)",
			names, n == 1 ? "has" : "have");
}

static void
say_left_out(struct cli *c, const struct dlb_backup_counts *n)
{
	if (n->people)
		cli_say(c, "  left out  %u people's cards, as there is no room",
			n->people);
	if (n->boxes || n->authors || n->rosters || n->own_rosters)
		cli_say(c,
			"  left out  %u boxes, %u authors, %u rosters, as there is "
			"no room",
			n->boxes, n->authors, n->rosters + n->own_rosters);
}

static void
say_made(struct cli *c, const struct holders *h, unsigned need, bool boxes,
	const struct dlb_backup_result *r)
{
	char names[2048], size[CLI_FORMAT_MAX], n[CLI_FORMAT_MAX];
	uint64_t meetings = (r->cells + MEETING_CELLS - 1) / MEETING_CELLS;

	join_names(names, sizeof(names), h, NULL);
	cli_say(c, "A share of your backup is sealed to each of %s.", names);
	cli_say(c, "  any %u     of them can give it back; fewer have nothing",
		need);
	cli_say(c,
		"  holds     who you are, whom you know and follow%s; no letters, "
		"and no key that opens one",
		boxes ? ", your boxes" : "");
	cli_say(c, "  size      %s each, %s cells: with %s",
		cli_size(size, r->share_len), cli_count(n, r->cells),
		meetings > 1 ? "the coming meetings" : "the next meeting");
	say_left_out(c, &r->left_out);
	cli_say(c,
		"Any %u of them together can write in your name%s. Keep in mind "
		"who they are:",
		need, boxes ? " and open your boxes" : "");
	cli_say(c,
		"where this machine is gone, nothing says it. `dlb backup` shows "
		"who has it.");
}

static enum dlb_status
make(struct cli *c, const struct cli_args *a, struct dlb_node *n,
	struct dlb_error *err)
{
	struct holders h = {.n = 0};
	struct dlb_backup_order order = {.no_boxes = cli_flag(a, "no-boxes")};
	struct dlb_backup_result result;
	enum dlb_status st =
		cli_parse_count(&order.need, cli_value(a, "need"), "need", err);

	if (st == DLB_OK)
		st = find_holders(&h, c, n, cli_value(a, "to"), err);
	if (st == DLB_OK) {
		order.holders = h.ids;
		order.holders_n = h.n;
		st = dlb_node_backup(n, &order, &result, err);
	}
	if (st == DLB_OK) {
		warn_of_holders(&h);
		say_made(c, &h, order.need, !order.no_boxes, &result);
	}
	holders_free(&h);
	return st;
}

/* ---- the verb -------------------------------------------------------------------------- */

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	bool to = cli_value(a, "to") != NULL,
	     need = cli_value(a, "need") != NULL;
	struct dlb_node *n = NULL;
	enum dlb_status st;

	if (to != need || (cli_flag(a, "no-boxes") && !to))
		return dlb_fail(err, DLB_USAGE,
			"a backup wants both: --to NAME,NAME,... who keep a share "
			"each, and --need N, how many of them give it back");
	if (to && cli_flag(a, "json"))
		return dlb_fail(err, DLB_USAGE,
			"--json is for what was made: dlb backup --json");
	st = cli_open_person(&n, c, a, err);
	if (st == DLB_OK && dlb_letterbox_waits(dlb_node_letterbox(n)))
		st = dlb_fail(err, DLB_REFUSED,
			"this home waits for the shares of a backup and has none of "
			"its own: see what has come with dlb backup list, and have "
			"it again with dlb restore");
	if (st == DLB_OK)
		st = to ? make(c, a, n, err) : cli_backup_state(c, a, n, err);
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"to", 0, "NAME,...", "correspondents who keep a share each"},
	{"need", 0, "N", "how many of them give it back: 2 or more"},
	{"no-boxes", 0, NULL, "leave out your boxes, and what opens them"},
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_backup = {
	.name = "backup",
	.operands = "",
	.summary = "leave shares of who you are with others, against loss",
	.text = "With --to and --need: seals to each of those named, as a letter, a share\n"
		"of who you are, whom you know and follow, whose rosters you trust, your\n"
		"own roster, and your boxes. Any N of them can give it back to you\n"
		"when this machine is lost (`dlb help restore`); fewer have nothing, and\n"
		"none of them learns who the others are. But any N who join without you\n"
		"can write in your name, and open your boxes unless --no-boxes leaves them\n"
		"out: choose people who would not. There are no letters in it, and no key\n"
		"that opens one.\n"
		"Without options: shows who has said that they have the last one, and how\n"
		"much is new since then.\n"
		"Make another one when you have come to know people whom it should hold.",
	.example = "dlb backup --need 3 --to bob,carol,dave,erin,frank\n"
		   "dlb backup",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run,
};
