/*
 * What roster.c, own_roster.c, rosters.c and vouched.c share.
 */
#ifndef DLB_ROSTER_INTERNAL_H
#define DLB_ROSTER_INTERNAL_H

#include "roster.h"
#include "state_internal.h"

/* As far ahead as bulletins are found a roster may be dated. Beyond, the time that it
 * vouches for would have no end that its author meant. */
#define DLB_ROSTER_AHEAD_MS (2 * DLB_DAY_MS)

/* u16, and so many entries, as a roster has them. */
void dlb_roster_entries_write(struct dlb_writer *w, const struct dlb_roster *r);
/* Into r, whose author is set: entries as an author can sign them. DLB_MALFORMED. */
enum dlb_status dlb_roster_entries_read(
	struct dlb_reader *r, struct dlb_roster *out) DLB_MUST_CHECK;

/* One's own as a backup has it; none may be signed with a number that is not above
 * `above` (own_roster.c). last: what was signed last, or nothing; entries: NULL where they
 * are those of last. DLB_MALFORMED where that is none of one's own: nothing is changed. */
struct dlb_own_roster_kept {
	const uint8_t *last;
	size_t last_len;
	const uint8_t *entries;
	size_t entries_len;
	struct dlb_roster_sent sent;
};
enum dlb_status dlb_own_roster_restore(struct dlb_letterbox *l,
	const struct dlb_own_roster_kept *kept, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Of an identity that is one's own no more; and numbers up to there are not given. */
enum dlb_status dlb_own_roster_begin_anew(struct dlb_letterbox *l,
	uint64_t above, struct dlb_error *err) DLB_MUST_CHECK;
/* No roster of theirs is taken whose number is below (rosters.c). */
enum dlb_status dlb_roster_set_floor(struct dlb_letterbox *l, int64_t author,
	uint64_t floor, struct dlb_error *err) DLB_MUST_CHECK;
/* One's identity has changed, and with it what is shared with those whom rosters name. */
enum dlb_status dlb_rosters_renew(
	struct dlb_letterbox *l, struct dlb_error *err) DLB_MUST_CHECK;

/* Entries of one's own roster are of this author. */
#define DLB_ROSTER_OWN 0
/* Puts what is written of an author's nodes in line with a roster (NULL: none): the
 * secrets of those it speaks of, and of the author. */
enum dlb_status dlb_vouched_write(struct dlb_letterbox *l, int64_t author,
	const struct dlb_roster *r, struct dlb_error *err) DLB_MUST_CHECK;

#endif
