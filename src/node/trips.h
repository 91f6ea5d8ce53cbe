/*
 * trips: the boxes that this node was briefed for, as meetings want them. Private to
 * node.
 */
#ifndef DLB_NODE_TRIPS_H
#define DLB_NODE_TRIPS_H

#include "briefing.h"
#include "node_internal.h"

struct dlb_trip_box {
	struct dlb_briefing_box box;
	size_t tag; /* its place in tags */
	/* A key of it is among this home's own, too: what is done with it is the
	 * owner's affair, briefed or not. */
	bool owned;
};
/* Each pair of a tag key and a meeting key once, whoever briefed for it: what one says of
 * a box takes nothing away from what another says. */
struct dlb_trips {
	struct dlb_trip_box *boxes;
	struct dlb_tag_key *tags; /* each once; ref: its place from 1 */
	size_t n, cap, tags_n;
};
/* Freed by dlb_trips_free, also after a failure. */
enum dlb_status dlb_trips_load(struct dlb_trips *out, struct dlb_node *n,
	struct dlb_error *err) DLB_MUST_CHECK;
void dlb_trips_free(struct dlb_trips *t);
/* The one whose root key this is; NULL: none. */
const struct dlb_trip_box *dlb_trips_find(
	const struct dlb_trips *t, const uint8_t root[static DLB_KEY_LEN]);
/* What is carried here and bound for a box of a trip gives way last; what did before does
 * no more. Before anything comes in. */
enum dlb_status dlb_trips_hold_dear(const struct dlb_trips *t,
	struct dlb_node *n, struct dlb_error *err) DLB_MUST_CHECK;
/* Is a cell with this tag bound for one of them? Any thread. */
bool dlb_trips_has_tag(const struct dlb_trips *t,
	const uint8_t core[static DLB_HASH_LEN],
	const uint8_t tag[static DLB_BOX_TAG_LEN]);

/* Ends those whose last day is past by the highest time seen, and commits. */
enum dlb_status dlb_node_trips_end(struct dlb_node *n, struct dlb_error *err)
	DLB_MUST_CHECK;

/* By which the box itself is told from others who have its key: who has it and is not
 * the box knows it by this one. box_calls: the link was opened by the box. */
void dlb_box_place_key(uint8_t out[static DLB_KEY_LEN],
	const uint8_t meeting_key[static DLB_KEY_LEN], bool box_calls);

#endif
