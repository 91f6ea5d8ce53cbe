/*
 * Letters in, inside: their rows, and what the files of the inbox do for each other.
 */
#ifndef DLB_INBOX_INTERNAL_H
#define DLB_INBOX_INTERNAL_H

#include "state_internal.h"

/* ---- rows (inbox_row.c) ----------------------------------------------------------------- */

#define DLB_IN_COLUMNS                                                            \
	"number, state, correspondent, arrived_ms, have, described, kind, files," \
	" files_len, summary, receipt, again_of, stripe_of, stripes, whole,"      \
	" shown, card, opening, fixed"
/* Where in "fixed" the ids of the letter and of the sealing are, counted from 1. */
#define DLB_IN_LETTER_ID_AT "101"
#define DLB_IN_SEALING_AT "117"
/* Of the hash by which a letter is known. */
#define DLB_IN_SEEN_LEN 16

enum dlb_status dlb_in_fail_missing(struct dlb_error *err, int64_t number)
	DLB_MUST_CHECK;
extern const struct dlb_row dlb_in_row;
/* Within a change. */
enum dlb_status dlb_in_insert(struct dlb_letterbox *l,
	const struct dlb_in_letter *letter, int64_t number,
	const uint8_t seen[static DLB_IN_SEEN_LEN], struct dlb_error *err)
	DLB_MUST_CHECK;
/* One query for each, so that fn may change what it is shown. sql: the first row whose
 * number is above ?1; ?2 is `of`, where that is not 0. */
enum dlb_status dlb_in_query_each(struct dlb_letterbox *l, const char *sql,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	int64_t of, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- stripes (inbox_stripes.c) ------------------------------------------------------------ */

/* The rows of its other stripes go. */
enum dlb_status dlb_in_forget_stripes(struct dlb_letterbox *l, int64_t number,
	struct dlb_error *err) DLB_MUST_CHECK;

#endif
