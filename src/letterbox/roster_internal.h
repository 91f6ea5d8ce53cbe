/*
 * What roster.c, own_roster.c, rosters.c and vouched.c share.
 */
#ifndef DLB_ROSTER_INTERNAL_H
#define DLB_ROSTER_INTERNAL_H

#include "roster.h"
#include "state_internal.h"

#define DLB_IDENTITY_LEN 64
void dlb_identity_bytes(uint8_t out[static DLB_IDENTITY_LEN],
	const struct dlb_identity *identity);
void dlb_identity_of_bytes(
	struct dlb_identity *out, const uint8_t bytes[static DLB_IDENTITY_LEN]);

/* Entries of one's own roster are of this author. */
#define DLB_ROSTER_OWN 0
/* Puts what is written of an author's nodes in line with a roster (NULL: none): the
 * secrets of those it speaks of, and of the author. */
enum dlb_status dlb_vouched_write(struct dlb_letterbox *l, int64_t author,
	const struct dlb_roster *r, struct dlb_error *err) DLB_MUST_CHECK;

#endif
