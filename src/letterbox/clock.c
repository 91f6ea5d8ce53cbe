/*
 * The clock, against the highest time that this letterbox has seen. A wrong clock
 * must not destroy what a right one would keep, so one that jumps is not believed
 * until its owner says so.
 *
 * To look costs no commit: the highest time goes into the file with the next
 * change, or by itself when it has moved by SAVE_MS.
 */
#include "state_internal.h"

#include <string.h>

#define AHEAD_MS (30 * DLB_DAY_MS)
#define BACK_MS DLB_DAY_MS
#define SAVE_MS (DLB_DAY_MS / 24)

/* So that the week of a believed clock is not 0. */
#define EARLIEST_MS (DLB_EPOCH_MS + DLB_WEEK_MS)

static const char key[] = "highest time";

enum dlb_status
dlb_clock_load(struct dlb_letterbox *l, struct dlb_error *err)
{
	enum dlb_status s = dlb_own_get_int(l, key, &l->highest_saved_ms);

	l->highest_ms = l->highest_saved_ms;
	if (s == DLB_OK || s == DLB_NOT_FOUND)
		return DLB_OK;
	return dlb_fail(err, s, "the letterbox's highest time can not be read");
}

enum dlb_status
dlb_clock_save(struct dlb_letterbox *l, struct dlb_error *err)
{
	enum dlb_status s;

	if (l->highest_ms == l->highest_saved_ms)
		return DLB_OK;
	s = dlb_own_set_int(l, key, l->highest_ms, err);
	if (s == DLB_OK)
		l->highest_saved_ms = l->highest_ms;
	return s;
}

enum dlb_status
dlb_clock_look(struct dlb_letterbox *l, struct dlb_clock_view *out,
	struct dlb_error *err)
{
	int64_t now = dlb_now_ms(l->env), ahead;
	bool first = l->highest_ms == 0;

	memset(out, 0, sizeof(*out));
	out->now_ms = now;
	out->impossible = now < EARLIEST_MS;
	if (out->impossible) {
		out->highest_ms = l->highest_ms;
		out->went_back = !first;
		return DLB_OK;
	}
	if (first)
		l->highest_ms = now;
	ahead = now - l->highest_ms;
	out->jumped_ahead = ahead > AHEAD_MS;
	out->went_back = ahead < -BACK_MS;
	if (!out->jumped_ahead && !out->went_back) {
		out->trusted_week = dlb_week_of(now);
		if (ahead > 0)
			l->highest_ms = now;
	}
	out->highest_ms = l->highest_ms;
	if (first || l->highest_ms - l->highest_saved_ms >= SAVE_MS)
		return dlb_clock_save(l, err);
	return DLB_OK;
}

enum dlb_status
dlb_clock_doubt(const struct dlb_clock_view *clock, struct dlb_error *err)
{
	char now[17], seen[17];

	dlb_time_text(now, clock->now_ms);
	if (clock->impossible)
		return dlb_fail(err, DLB_CLOCK,
			"the clock says %s UTC, which can not be: set it", now);
	if (!clock->jumped_ahead && !clock->went_back)
		return DLB_OK;
	dlb_time_text(seen, clock->highest_ms);
	return dlb_fail(err, DLB_CLOCK,
		"the clock says %s UTC, and %s was seen before; set it, or, "
		"where it is right: dlb doctor --confirm-clock",
		now, seen);
}

enum dlb_status
dlb_clock_confirm(struct dlb_letterbox *l, struct dlb_error *err)
{
	int64_t now = dlb_now_ms(l->env);
	char text[17];
	enum dlb_status s;

	if (now < EARLIEST_MS) {
		dlb_time_text(text, now);
		return dlb_fail(err, DLB_CLOCK,
			"the clock says %s UTC, which can not be: set it",
			text);
	}
	l->highest_ms = now;
	s = dlb_clock_save(l, err);
	return s == DLB_OK ? dlb_audit_note(
		       l, DLB_AUDIT_CLOCK_CONFIRMED, NULL, 0, NULL, err)
			   : s;
}
