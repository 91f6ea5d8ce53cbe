/*
 * doctor: what is wrong in this home, and how to mend it. Looks; with `thorough`
 * reads every cell and drops those that do not hold their name any more.
 */
#include "node_internal.h"

#include <stdio.h>
#include <sys/stat.h>

struct looking {
	struct dlb_node *n;
	dlb_doctor_fn fn;
	void *ctx;
	uint32_t partly, waiting;
	uint16_t next_expiry;
};

static void
look_at_clock(struct looking *l)
{
	struct dlb_clock_view c = l->n->clock;
	char now[17], seen[17], what[128];

	dlb_time_text(now, c.now_ms);
	dlb_time_text(seen, c.highest_ms);
	if (c.trusted_week) {
		snprintf(what, sizeof(what), "the clock (%s UTC) goes on from "
					     "where it was", now);
		l->fn(l->ctx, DLB_FINE, what, "");
		return;
	}
	snprintf(what, sizeof(what), "the clock says %s UTC and was at %s before",
		now, seen);
	l->fn(l->ctx, DLB_WRONG, what,
		"set the clock; or, where it is right: dlb doctor --confirm-clock. "
		"Until then nothing is sealed, and nothing expires");
}

static void
look_at_home(struct looking *l)
{
	struct stat sb;

	if (stat(l->n->home, &sb) != 0)
		return;
	if (sb.st_mode & 077)
		l->fn(l->ctx, DLB_NOTE, "others on this machine can look into the "
					"home's directory",
			"chmod 700 the directory");
	else
		l->fn(l->ctx, DLB_FINE, "the home is its owner's alone", "");
}

static void
look_at_satchel(struct looking *l)
{
	struct dlb_satchel_info i;
	char what[160];
	uint32_t places;

	dlb_satchel_info(l->n->satchel, &i);
	places = i.slots - i.reserve;
	snprintf(what, sizeof(what),
		"the satchel opens: %u of %u places for carrying and %u of %u for "
		"letters are taken",
		i.shown, places, i.held, i.reserve);
	l->fn(l->ctx, DLB_FINE, what, "");
	if (i.mended) {
		snprintf(what, sizeof(what),
			"%u entries were mended that an interruption had left",
			i.mended);
		l->fn(l->ctx, DLB_NOTE, what, "");
	}
	if (i.reserve - i.held < i.reserve / 10)
		l->fn(l->ctx, DLB_NOTE, "there is little room left for letters",
			"delete letters that are done with: dlb delete N");
}

static bool
count_in(void *ctx, const struct dlb_in_letter *letter)
{
	struct looking *l = ctx;

	if (letter->state == DLB_IN_PARTLY)
		l->partly++;
	return true;
}

static bool
count_out(void *ctx, const struct dlb_out_letter *letter)
{
	struct looking *l = ctx;

	if (letter->to && letter->state == DLB_OUT_WAITING)
		l->waiting++;
	return true;
}

static enum dlb_status
look_at_letters(struct looking *l, struct dlb_error *err)
{
	char what[128];
	enum dlb_status st;

	st = dlb_in_each(l->n->letterbox, count_in, l, err);
	if (st == DLB_OK)
		st = dlb_out_each(l->n->letterbox, count_out, l, err);
	if (st != DLB_OK)
		return st;
	if (l->partly) {
		snprintf(what, sizeof(what),
			"%u letters in the inbox are not whole yet", l->partly);
		l->fn(l->ctx, DLB_NOTE, what, "meet more boxes: dlb meet PATH");
	}
	if (l->waiting) {
		snprintf(what, sizeof(what),
			"%u letters wait for a meeting", l->waiting);
		l->fn(l->ctx, DLB_NOTE, what, "dlb meet PATH");
	}
	return DLB_OK;
}

enum dlb_status
dlb_node_doctor(struct dlb_node *n, bool thorough, dlb_doctor_fn fn, void *ctx,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	struct looking l = {.n = n, .fn = fn, .ctx = ctx};
	uint32_t dropped = 0;
	char what[128];
	enum dlb_status st;

	look_at_home(&l);
	look_at_clock(&l);
	look_at_satchel(&l);
	st = look_at_letters(&l, err);
	if (st != DLB_OK || !thorough)
		return st;
	st = dlb_satchel_scrub(n->satchel, &dropped, progress, err);
	if (st != DLB_OK)
		return st;
	if (dropped == 0) {
		fn(ctx, DLB_FINE, "every cell was read and holds its name", "");
		return DLB_OK;
	}
	snprintf(what, sizeof(what), "%u cells were damaged and are gone now",
		dropped);
	fn(ctx, DLB_WRONG, what,
		"the disk may be failing; what was carried comes again with other "
		"couriers");
	return DLB_OK;
}
