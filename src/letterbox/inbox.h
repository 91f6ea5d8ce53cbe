/*
 * Letters in: of each how far it is, other sealings of it and its stripes.
 */
#ifndef DLB_INBOX_H
#define DLB_INBOX_H

#include "cell.h"

struct dlb_letterbox;

enum dlb_in_state {
	DLB_IN_PARTLY, /* cells are missing */
	DLB_IN_UNREAD,
	DLB_IN_READ,
	DLB_IN_DELETED, /* only its id is kept, so that it never comes twice */
};
struct dlb_in_letter {
	int64_t number;
	/* Correspondent; 0: a stranger; -id: the author of a bulletin (bulletins.h). */
	int64_t from;
	struct dlb_identity sender;
	uint8_t head_name[DLB_NAME_LEN];
	struct dlb_stripe
		stripe; /* expiry_week filled; recall_key, tag_key not */
	int64_t arrived_ms;
	enum dlb_in_state state;
	uint32_t have; /* cells here, the head included */
	/* Not 0: another sealing of that letter, which was not whole when it came.
	 * Nobody sees it. */
	int64_t again_of;
	/* Not 0: another stripe of that sealing. Nobody sees it. Its state is that
	 * of the stripe alone, and `have` is of one stripe in any case. */
	int64_t stripe_of;
	uint8_t whole; /* stripes that are here whole, of stripe.n; if that is > 1 */
	/* Of a kind that nobody sees, but this one is to be. */
	bool shown;
	bool described; /* the manifest was read: the next five are known */
	uint8_t kind;   /* enum dlb_manifest_kind */
	bool receipt_wanted;
	uint32_t files;
	uint64_t files_len;
	char summary[256];
	/* for dlb_head_reopen */
	uint8_t box3_key[DLB_KEY_LEN];
	uint32_t box3_offset;
	uint8_t transcript[DLB_HASH_LEN];
	uint32_t
		opening_id; /* the key it was sealed to; not of earlier letters */
	/* for dlb_head_card; of a stranger's letter that brought their card */
	bool has_card;
	struct dlb_card_key card_key;
};
/* For people, as a letter: neither of a kind that nobody sees, nor a bulletin (which have
 * a list of their own), nor another sealing nor another stripe. */
bool dlb_in_is_seen(const struct dlb_in_letter *letter);
/* DLB_DUPLICATE where this letter id of this sender is known in any state (number
 * is then set to it), but for another sealing of one that is not whole: whichever is
 * whole first counts (again_of is set), or another stripe of a sealing that is not
 * whole and says the same of itself (stripe_of is set). */
#define DLB_IN_AGAIN_MAX 4 /* other sealings of a letter */
enum dlb_status dlb_in_add(struct dlb_letterbox *l,
	struct dlb_in_letter *letter, struct dlb_error *err) DLB_MUST_CHECK;
/* Is this letter id of this sender known in any state? */
bool dlb_in_seen(struct dlb_letterbox *l, const struct dlb_in_letter *letter);
enum dlb_status dlb_in_update(struct dlb_letterbox *l,
	const struct dlb_in_letter *letter, struct dlb_error *err)
	DLB_MUST_CHECK; /* state, have, whole, described and what it covers */
/* Of a deleted one only number and state are filled. */
enum dlb_status dlb_in_get(struct dlb_letterbox *l, struct dlb_in_letter *out,
	int64_t number, struct dlb_error *err) DLB_MUST_CHECK;
/* By number; deleted ones are left out. fn may change letters. */
enum dlb_status dlb_in_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Wipes all but the ids, and for which week a receipt was owed last; these too where
 * the key that it was sealed to is gone: it can not come again. */
enum dlb_status dlb_in_delete(struct dlb_letterbox *l, int64_t number,
	struct dlb_error *err) DLB_MUST_CHECK;

/* Those of kinds other than letters, whole or not. fn may change letters. */
enum dlb_status dlb_in_kinds(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* One of a kind that nobody sees is a letter of the inbox from now on; its number may
 * change. */
enum dlb_status dlb_in_show(struct dlb_letterbox *l, int64_t number,
	const char *summary, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- letters that were sealed again (inbox_again.c) ------------------------------------------ */

/* The other sealings. fn may change letters. */
enum dlb_status dlb_in_again(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* One that is whole takes the place of the letter that it is of. */
enum dlb_status dlb_in_take_over(struct dlb_letterbox *l,
	const struct dlb_in_letter *again, struct dlb_error *err)
	DLB_MUST_CHECK;
/* One that is needed no more, or another stripe: nothing stays of it. */
enum dlb_status dlb_in_drop(struct dlb_letterbox *l,
	const struct dlb_in_letter *again, struct dlb_error *err)
	DLB_MUST_CHECK;

/* ---- letters that are split (inbox_stripes.c) ------------------------------------------------ */

/* The sealings that are split and not whole. fn may change letters. */
enum dlb_status dlb_in_split(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* The other stripes of one. fn may change letters. */
enum dlb_status dlb_in_stripes(struct dlb_letterbox *l, int64_t number,
	bool (*fn)(void *ctx, const struct dlb_in_letter *stripe), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* One of them takes the place of the stripe that stands for the sealing, of which
 * nothing stays. */
enum dlb_status dlb_in_stripe_first(struct dlb_letterbox *l,
	const struct dlb_in_letter *stripe, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
