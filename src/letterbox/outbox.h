/*
 * Letters out, the names of their cells, and calling them back.
 */
#ifndef DLB_OUTBOX_H
#define DLB_OUTBOX_H

#include "cell.h"

struct dlb_letterbox;

/* Letters in and out share one row of numbers. Each is given once; when keys are
 * destroyed, those above the highest that is still there may be given again: how
 * many there were is nobody's business then. Cover and receipts, which nobody sees,
 * have a row of their own. */
enum dlb_out_state {
	DLB_OUT_SEALING, /* cells are being written; a crash ends here */
	DLB_OUT_WAITING, /* all cells are held; not all have been shown */
	DLB_OUT_SHOWN,   /* every cell has been given to a meeting */
	DLB_OUT_ARRIVED, /* a receipt came */
	DLB_OUT_EXPIRED,
	DLB_OUT_REPLACED, /* it was sealed again; its tokens are still needed */
	DLB_OUT_RECALLED, /* its sender called it back */
};
#define DLB_TO_FOLLOWERS (-1)
struct dlb_out_letter {
	int64_t number;
	int64_t to; /* correspondent; 0: cover; or DLB_TO_FOLLOWERS: a bulletin */
	uint8_t kind; /* enum dlb_manifest_kind; of cover DLB_KIND_LETTER */
	bool receipt_wanted;
	int64_t arrived_ms;  /* of its receipt; 0: none came */
	int64_t recalled_ms; /* 0: it was not */
	int64_t again_ms; /* sent again when none came in so long; 0: not by itself */
	uint8_t letter_id[DLB_LETTER_ID_LEN];
	uint8_t sealing_id[DLB_LETTER_ID_LEN];
	uint8_t recall_key[DLB_KEY_LEN];
	enum dlb_out_state state;
	bool now; /* --now: all cells at the next meeting */
	int64_t sealed_ms;
	uint16_t expiry_week;
	uint64_t content_len;
	uint32_t files;
	/* Of how many stripes how many suffice: 1 of 1 for one that is not split
	 * (what dlb_out_add takes two zeros for). Each has cells / stripes cells,
	 * and they are in order of their number. */
	uint8_t need, stripes;
	bool threshold;    /* so many are needed for the key, too */
	uint32_t cells;    /* of all stripes */
	uint32_t shown;    /* cells given to a meeting at least once */
	char summary[256]; /* first line of the message, or file names; UTF-8 */
};
/* A letter that a person wrote: neither cover nor of another kind, nor what was
 * replaced. */
bool dlb_out_is_seen(const struct dlb_out_letter *letter);
enum dlb_status dlb_out_add(struct dlb_letterbox *l,
	struct dlb_out_letter *letter, struct dlb_error *err)
	DLB_MUST_CHECK; /* sets number, where it is 0 */
enum dlb_status dlb_out_update(struct dlb_letterbox *l,
	const struct dlb_out_letter *letter, struct dlb_error *err)
	DLB_MUST_CHECK; /* all but to, kind, ids, recall key, times */
enum dlb_status dlb_out_get(struct dlb_letterbox *l, struct dlb_out_letter *out,
	int64_t number, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_out_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_out_letter *letter), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_out_delete(struct dlb_letterbox *l, int64_t number,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Cells that nobody had before, and who took them (the caller's name for a courier). */
#define DLB_OUT_COURIER_MAX 96
struct dlb_out_taken {
	int64_t letter;
	uint8_t stripe; /* of a letter from before that was written down: */
#define DLB_OUT_STRIPE_UNKNOWN 255
	char courier[DLB_OUT_COURIER_MAX];
	uint32_t cells;
	int64_t last_ms;
};
/* So many more cells. */
enum dlb_status dlb_out_took(struct dlb_letterbox *l,
	const struct dlb_out_taken *taken, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Courier by courier. */
enum dlb_status dlb_out_given(struct dlb_letterbox *l, int64_t number,
	bool (*fn)(void *ctx, const struct dlb_out_taken *taken), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* The letter is about to be sealed again: what there is of it goes out of the way, and
 * its number is free for dlb_out_add. */
enum dlb_status dlb_out_replace(struct dlb_letterbox *l, int64_t number,
	struct dlb_error *err) DLB_MUST_CHECK;
/* How it is to be made again (the caller's bytes; what out held is replaced). Empty
 * where that was not kept. */
enum dlb_status dlb_out_set_recipe(struct dlb_letterbox *l, int64_t number,
	const struct dlb_buf *recipe, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_out_recipe(struct dlb_letterbox *l, int64_t number,
	struct dlb_buf *out, struct dlb_error *err) DLB_MUST_CHECK;
/* The names of a letter's cells, 32 bytes each, in order of their index. They
 * are appended batch by batch while sealing (a batch is a row: make it large), and
 * read as one; what `names` held is replaced. */
enum dlb_status dlb_out_cells_append(struct dlb_letterbox *l, int64_t number,
	const uint8_t *names, size_t n, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_out_cells(struct dlb_letterbox *l, int64_t number,
	struct dlb_buf *names, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- calling them back (recalls.c) ------------------------------------------------------ */

/* Its sender wants it back: all sealings of it. again and recipe are forgotten. */
enum dlb_status dlb_out_recall(struct dlb_letterbox *l, int64_t number,
	int64_t when_ms, struct dlb_error *err) DLB_MUST_CHECK;
/* What has tokens that may be released and were not: cover, what has arrived, what was
 * recalled, replaced sealings included; not what expired before that week. fn may change
 * letters. */
enum dlb_status dlb_out_recallable(struct dlb_letterbox *l, uint16_t week,
	bool (*fn)(void *ctx, const struct dlb_out_letter *letter), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* All sealings of one letter. fn may change letters. */
enum dlb_status dlb_out_sealings(struct dlb_letterbox *l,
	const struct dlb_out_letter *of,
	bool (*fn)(void *ctx, const struct dlb_out_letter *letter), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Bit i % 8 of byte i / 8: the token of cell i was released, or none is needed. As many
 * bits as the letter has cells (what `bits` held is replaced). */
enum dlb_status dlb_out_released(struct dlb_letterbox *l,
	const struct dlb_out_letter *letter, struct dlb_buf *bits,
	struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_out_set_released(struct dlb_letterbox *l,
	const struct dlb_out_letter *letter, const struct dlb_buf *bits,
	struct dlb_error *err) DLB_MUST_CHECK;

#endif
