/*
 * dlb send --stick: the box that is met once the letter is sealed, made where there is
 * none yet.
 */
#include "format.h"
#include "meet.h"
#include "progress.h"
#include "send.h"

#include <string.h>
#include <unistd.h>

struct waiting {
	int64_t first, last; /* letters to count; 0: all */
	uint64_t cells, shown;
	bool spread;
};

static bool
count_waiting(void *ctx, const struct dlb_out_letter *letter)
{
	struct waiting *w = ctx;

	if (!dlb_out_is_seen(letter)
		|| (w->first
			&& (letter->number < w->first
				|| letter->number > w->last)))
		return true;
	w->cells += letter->cells;
	w->shown += letter->shown;
	w->spread |= !letter->now;
	return true;
}

/* An open box where there is none yet, large enough for all that waits. */
static enum dlb_status
make_box(struct cli_sending *s, const char *where, struct dlb_error *err)
{
	struct dlb_box_options options = {
		.path = where, .unlock = {.kind = DLB_UNLOCK_OPEN}};
	struct waiting w = {.first = 0};
	struct dlb_box box;
	uint64_t size = 0;
	char text[CLI_FORMAT_MAX];
	enum dlb_status st =
		dlb_out_each(dlb_node_letterbox(s->n), count_waiting, &w, err);

	if (st != DLB_OK)
		return st;
	options.size_min = dlb_satchel_size_of(
		(uint32_t)(w.cells - w.shown + 2 * CLI_MEETING_CELLS));
	st = dlb_node_box_create(
		s->n, &options, &box, &size, cli_progress(s->c), err);
	if (st == DLB_OK) {
		cli_say(s->c, "Made an open box there: %s, %s.", box.path,
			cli_size(text, size));
		cli_say(s->c,
			"Anyone who finds it can open it, but not read "
			"letters.");
	}
	dlb_wipe(&box, sizeof(box));
	return st;
}

/* Known boxes' names stand for their places, as in `dlb meet`. */
static bool
is_box_name(struct cli_sending *s, const char *where)
{
	struct dlb_box box;
	bool known = access(where, F_OK) != 0 && !strchr(where, '/')
		&& dlb_box_by_name(dlb_node_letterbox(s->n), &box, where, NULL)
			== DLB_OK;

	dlb_wipe(&box, sizeof(box));
	return known;
}

enum dlb_status
cli_send_find_stick(
	struct cli_sending *s, struct dlb_stick *stick, struct dlb_error *err)
{
	const char *where = cli_value(s->a, "stick");
	enum dlb_status st;

	memset(stick, 0, sizeof(*stick));
	stick->exists = true;
	if (!where || is_box_name(s, where))
		return DLB_OK;
	st = dlb_stick_locate(stick, dlb_fs_posix(), where, err);
	if (st == DLB_OK && stick->read_only)
		st = dlb_fail(err, DLB_READ_ONLY,
			"%s is read-only: nothing can be given there; mount it "
			"writable",
			where);
	return st;
}

static enum dlb_status
say_on_stick(struct cli_sending *s, const struct dlb_meet_result *met,
	struct dlb_error *err)
{
	struct waiting w = {
		.first = s->result.first_number, .last = s->result.last_number};
	char n[CLI_FORMAT_MAX], of[CLI_FORMAT_MAX];
	enum dlb_status st =
		dlb_out_each(dlb_node_letterbox(s->n), count_waiting, &w, err);

	if (st != DLB_OK || w.shown >= w.cells)
		return st;
	if (met->own_no_room == 0) {
		cli_note(s->c,
			"%s of %s cells of %s %s on the way; the rest goes "
			"with the next meetings",
			cli_count(n, w.shown), cli_count(of, w.cells),
			s->letters, w.shown == 1 ? "is" : "are");
		return DLB_OK;
	}
	return dlb_fail(err, DLB_PARTLY,
		"the box had no room for %s of %s cells of %s; the rest waits: "
		"meet another box",
		cli_count(n, w.cells - w.shown), cli_count(of, w.cells),
		s->letters);
}

enum dlb_status
cli_send_hand_over(struct cli_sending *s, const struct dlb_stick *stick,
	struct dlb_error *err)
{
	const char *where = cli_value(s->a, "stick");
	struct dlb_meet_options options = {.where = where};
	struct dlb_meet_result met;
	struct dlb_error why;
	enum dlb_status st = DLB_OK;

	if (!stick->exists)
		st = make_box(s, where, err);
	if (st == DLB_OK)
		st = cli_meet_box(&met, s->c, s->n, s->a, &options, err);
	if (st == DLB_OK)
		return say_on_stick(s, &met, err);
	why = *err;
	return dlb_fail(err, DLB_PARTLY,
		"%s: sealed and waiting, nothing is lost: %.240s; do not send "
		"again, but: dlb meet %.160s",
		s->letters, st == DLB_CANCELLED ? "interrupted" : why.msg,
		where);
}
