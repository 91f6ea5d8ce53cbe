/*
 * following: the handles that heads of bulletins can have, of all authors who are
 * followed and all days on which a cell that lives can have been posted. Private to
 * node.
 */
#ifndef DLB_NODE_FOLLOWING_H
#define DLB_NODE_FOLLOWING_H

#include "finding.h"
#include "node_bulletins.h"

struct dlb_following;
/* Computes those of days that are new, and keeps them (uncommitted). */
enum dlb_status dlb_following_new(struct dlb_following **out,
	struct dlb_node *n, struct dlb_error *err) DLB_MUST_CHECK;
void dlb_following_free(struct dlb_following *f);
/* Is this cell, of which the first bytes are here, a head of one of them? Fills hit
 * but for its number. Any thread. */
bool dlb_following_try(const struct dlb_following *f,
	const uint8_t prefix[static DLB_TRIAL_LEN], struct dlb_hit *hit);
/* How to open what was found. expanded: room, which outlives out. */
void dlb_following_opener(const struct dlb_following *f, struct dlb_opener *out,
	const struct dlb_hit *hit,
	uint8_t expanded[static DLB_XWING_EXPANDED_LEN]);
/* An opened head becomes a letter in, unless it is known already, or nothing. */
enum dlb_status dlb_bulletin_admit(struct dlb_node *n, struct dlb_wanted *w,
	const struct dlb_opened *o, const struct dlb_hit *hit,
	const uint8_t name[static DLB_NAME_LEN],
	const uint8_t handle[static DLB_HANDLE_LEN], uint16_t expiry_week,
	struct dlb_error *err) DLB_MUST_CHECK;
/* The two halves of dlb_node_bulletin_post. What is changed in the letterbox between them
 * is there with the bulletin, or not at all. */
enum dlb_status dlb_bulletin_begin(struct dlb_node *n, struct dlb_error *err)
	DLB_MUST_CHECK;
enum dlb_status dlb_bulletin_post(struct dlb_node *n,
	const struct dlb_bulletin_out *out, int64_t *number,
	struct dlb_error *err) DLB_MUST_CHECK;
/* After cells came in: hands over those that are whole. Commits. */
enum dlb_status dlb_node_bulletins(struct dlb_node *n, struct dlb_error *err)
	DLB_MUST_CHECK;

/* The letter of a bulletin, and the hold of its cells, go (uncommitted). */
enum dlb_status dlb_bulletin_drop(struct dlb_release *r,
	const struct dlb_bulletin_row *row, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
