/*
 * seen_weeks: cells say in which week they were sealed. Where enough of them are
 * dated ahead of the clock here, it is probably behind; their weeks are remembered,
 * so that whoever seals is told.
 *
 * Anybody can date a cell as they like: it is a warning and nothing else, and some
 * few cells are none.
 */
#include "node_internal.h"

#include <string.h>

/* A sender's clock may be a week ahead, as cards have it too. */
#define SLACK_WEEKS 1

void
dlb_seen_add(struct dlb_seen_weeks *s, uint16_t expiry_week)
{
	uint16_t week = expiry_week < DLB_CELL_LIFETIME_WEEKS
		? 0
		: (uint16_t)(expiry_week - DLB_CELL_LIFETIME_WEEKS);
	size_t at = DLB_SEEN_ENOUGH;

	while (at > 0 && s->latest[at - 1] < week)
		at--;
	if (at == DLB_SEEN_ENOUGH)
		return;
	memmove(s->latest + at + 1, s->latest + at,
		(DLB_SEEN_ENOUGH - 1 - at) * sizeof(s->latest[0]));
	s->latest[at] = week;
}

void
dlb_seen_add_all(struct dlb_seen_weeks *s, const struct dlb_satchel *where)
{
	struct dlb_entry e;

	for (uint32_t at = 0; dlb_satchel_next(where, at, DLB_SHOWN, &e);
		at = e.number + 1)
		dlb_seen_add(s, e.expiry_week);
}

static bool
is_ahead(const struct dlb_node *n, int64_t week)
{
	return week > dlb_week_of(n->clock.now_ms) + SLACK_WEEKS;
}

enum dlb_status
dlb_seen_note(struct dlb_node *n, const struct dlb_seen_weeks *s,
	struct dlb_error *err)
{
	int64_t week = s->latest[DLB_SEEN_ENOUGH - 1], before = 0;
	enum dlb_status st;

	if (!is_ahead(n, week)
		|| (dlb_setting_get_int(
			    n->letterbox, DLB_SET_SEEN_WEEK, &before)
				== DLB_OK
			&& before == week))
		return DLB_OK;
	st = dlb_setting_set_int(n->letterbox, DLB_SET_SEEN_WEEK, week, err);
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}

bool
dlb_node_clock_behind(struct dlb_node *n, uint16_t *week)
{
	int64_t seen = 0;

	*week = 0;
	if (dlb_setting_get_int(n->letterbox, DLB_SET_SEEN_WEEK, &seen)
			!= DLB_OK
		|| seen < 0 || seen > UINT16_MAX || !is_ahead(n, seen))
		return false;
	*week = (uint16_t)seen;
	return true;
}

enum dlb_status
dlb_node_confirm_clock(struct dlb_node *n, struct dlb_error *err)
{
	enum dlb_status st = dlb_clock_confirm(n->letterbox, err);

	if (st == DLB_OK)
		st = dlb_setting_set_int(
			n->letterbox, DLB_SET_SEEN_WEEK, 0, err);
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}
