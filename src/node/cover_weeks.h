/*
 * cover_weeks: the cover of a meeting, and in which weeks it was sealed, as far as a cell
 * says.
 */
#ifndef DLB_NODE_COVER_WEEKS_H
#define DLB_NODE_COVER_WEEKS_H

#include "base.h"
#include "meeting.h"

#define DLB_COVER_WEEKS_CAP ((size_t)2 * DLB_MEETING_OWN_CELLS)

struct dlb_cover_weeks {
	const struct dlb_env *env;
	int64_t since_ms, now_ms;
	uint16_t expiry[DLB_COVER_WEEKS_CAP]; /* of cells that go along */
	size_t n;
};

/* last_ms: when own cells last went; 0 where they never did. */
void dlb_cover_weeks_init(struct dlb_cover_weeks *w, const struct dlb_env *env,
	int64_t now_ms, int64_t last_ms);
/* A cell goes along that expires in this week. One that a clock which was set back makes
 * impossible is not looked at. */
void dlb_cover_weeks_add(struct dlb_cover_weeks *w, uint16_t expiry_week);
/* When one more of cover expires: in the present week at the earliest, and after its
 * lifetime at the latest. */
uint16_t dlb_cover_weeks_draw(struct dlb_cover_weeks *w);

struct dlb_node;

/* count more cells of cover, in the home satchel; their entries, appended to out, which
 * has room for them (cover.c). Commits. */
enum dlb_status dlb_cover_make(struct dlb_node *n,
	struct dlb_cover_weeks *weeks, size_t count, uint32_t *out,
	size_t *out_n, struct dlb_error *err) DLB_MUST_CHECK;

#endif
