/*
 * briefings: telling a courier which boxes to serve, and what a courier was told. What
 * the command line calls.
 */
#ifndef DLB_BRIEFINGS_H
#define DLB_BRIEFINGS_H

#include "briefing.h"
#include "node.h"

/* ---- who briefs ------------------------------------------------------------------------ */

struct dlb_brief_options {
	const char *const *boxes; /* names of boxes known here */
	size_t boxes_n;
	uint32_t last_day;
	const char *note; /* may be NULL */
	bool may_open; /* their own keys go along: for boxes that no node serves */
};
/* One letter; takes the place of what that courier was told of these boxes before.
 * DLB_USAGE, DLB_NOT_FOUND (a box), DLB_LIMIT. Commits. */
enum dlb_status dlb_node_brief(struct dlb_node *n, int64_t courier,
	const struct dlb_brief_options *options, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Ends it, for these boxes or (boxes_n 0) for all, once that letter is there. *ended:
 * how many boxes. DLB_NOT_FOUND where there is nothing to end. Commits. */
enum dlb_status dlb_node_brief_revoke(struct dlb_node *n, int64_t courier,
	const char *const *boxes, size_t boxes_n, size_t *ended,
	struct dlb_error *err) DLB_MUST_CHECK;

enum dlb_brief_state {
	DLB_BRIEF_WAITING, /* the letter is still here */
	DLB_BRIEF_GIVEN,   /* it is on its way */
	DLB_BRIEF_ARRIVED,
	DLB_BRIEF_REVOKING, /* the revocation has not arrived, as far as is known */
	DLB_BRIEF_REVOKED, /* it has */
	DLB_BRIEF_ENDED,   /* its last day is past */
};
enum dlb_brief_state dlb_node_brief_state(
	struct dlb_node *n, const struct dlb_briefed *briefed);

/* ---- who was briefed --------------------------------------------------------------------- */

struct dlb_trip_view {
	const struct dlb_trip *trip;
	char from[DLB_PERSON_NAME_MAX + 1];
	uint64_t waiting; /* cells here that are bound for the box */
};
/* Those under way, the one that ends first first. */
enum dlb_status dlb_node_trips(struct dlb_node *n,
	bool (*fn)(void *ctx, const struct dlb_trip_view *view), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* The courier ends those to the box of that name, of this sender or (from 0) of all.
 * DLB_NOT_FOUND where there is none. Commits. */
enum dlb_status dlb_node_trip_end(struct dlb_node *n, const char *box,
	int64_t from, size_t *ended, struct dlb_error *err) DLB_MUST_CHECK;
/* Takes no briefing of theirs any more, and ends what there is; or takes them again.
 * Commits. */
enum dlb_status dlb_node_trips_refuse(struct dlb_node *n, int64_t from,
	bool refuse, unsigned *ended, struct dlb_error *err) DLB_MUST_CHECK;

#endif
