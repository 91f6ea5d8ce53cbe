/*
 * keys: the secrets of epochs: which there are, when each has ended, and their
 * destruction. docs/letterbox.md, sections 9 and 11.
 *
 * A secret is destroyed when the days that it is kept have passed since its end,
 * seen on three separate days of use by a clock that is trusted; with the last key
 * to which a deleted letter can have been sealed goes the hash that is left of it.
 */
#ifndef DLB_KEYS_H
#define DLB_KEYS_H

#include "base.h"

struct dlb_letterbox;

enum dlb_epoch_kind {
	DLB_EPOCH_FINDING = 1,     /* id: quarter */
	DLB_EPOCH_OPENING = 2,     /* id: month */
	DLB_EPOCH_LAST_RESORT = 3, /* id: low 31 bits of the card's serial */
};
struct dlb_key {
	enum dlb_epoch_kind kind;
	uint32_t id;
	/* Of its month or quarter; of a last-resort key, when it was made, or 0 where
	 * that is not known. */
	int64_t begins_ms;
	/* From then on nobody is to seal to it; 0: not known, it is the last-resort
	 * key of the present card. */
	int64_t ends_ms;
	int64_t goes_ms; /* destroyed on the third day of use from then on; or 0 */
};
/* By kind, then id; those that a letter can still be opened or found with. */
enum dlb_status dlb_keys_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_key *key), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;

/* What who has the home and its secret can open, if they recorded it. */
struct dlb_keys_reach {
	uint32_t keys;
	int64_t since_ms; /* letters that were sealed from then on */
	/* On the third day of use from then on it goes less far back; 0: not known */
	int64_t next_ms;
};
enum dlb_status dlb_keys_reach(struct dlb_letterbox *l,
	struct dlb_keys_reach *out, struct dlb_error *err) DLB_MUST_CHECK;

/* Days from a key's end to its destruction. A sender's clock may be a week behind,
 * and couriers are slow. */
#define DLB_KEEP_DAYS_DEFAULT 90
#define DLB_KEEP_DAYS_MIN 7
#define DLB_KEEP_DAYS_MAX 3650
uint32_t dlb_keys_keep_days(struct dlb_letterbox *l);
/* DLB_USAGE outside of the two. */
enum dlb_status dlb_keys_set_keep_days(struct dlb_letterbox *l, uint32_t days,
	struct dlb_error *err) DLB_MUST_CHECK;

/* Notes the day, destroys what is due and forgets what went with it. Commits, where
 * there is something to do; to be rolled back where it fails: what was begun is ended
 * by the next call. No opener and no finding secret is to be held over this. */
enum dlb_status dlb_keys_destroy(struct dlb_letterbox *l, uint32_t *destroyed,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Secrets that serve no more and lie in the ring still: it could not be written. */
uint32_t dlb_keys_condemned(struct dlb_letterbox *l);
/* The owner says that what the ring has lost will not come back: *n keys are
 * forgotten, and a card with new ones is issued where the present one needs them.
 * Commits. DLB_USAGE where none is lost; DLB_CLOCK; to be rolled back on failure. */
enum dlb_status dlb_keys_give_up(struct dlb_letterbox *l, uint32_t *n,
	bool *new_card, struct dlb_error *err) DLB_MUST_CHECK;
/* Were keys given up not longer ago than a key is kept? */
bool dlb_keys_lost(struct dlb_letterbox *l, uint32_t *n, int64_t *when_ms);

#endif
