/*
 * recall: tokens by which the maker of a cell calls it back, kept in the table so that
 * sticks carry them. docs/satchel.md, section 4.
 *
 * Whoever shows what the hash in a cell's waybill is of makes this satchel let go of the
 * cell: its key is destroyed, the token stays in its place, is passed on, and refuses
 * the cell until it expires. There are at most as many as entries exceed slots.
 */
#ifndef DLB_SATCHEL_RECALL_H
#define DLB_SATCHEL_RECALL_H

#include "satchel.h"

struct dlb_satchel_token {
	uint8_t token[32];
	/* Of the cell. Those who say `own` know both; otherwise they are set where
	 * one gave way. */
	uint8_t name[32];
	uint16_t expiry_week;
	/* The caller made the cell: the token is kept though no cell is here, and the
	 * cell goes whatever claims it has. */
	bool own;
	/* out: OK a cell gave way, or it is own and new here; DUPLICATE it is known;
	 * NOT_FOUND no cell that is shown here has this token */
	enum dlb_status result;
};
/* All of them at once, durable when it returns; commits what was added. A cell that is
 * HELD too loses SHOWN alone; one that is HELD only is not looked at, as nobody is to see
 * by a token what a letterbox holds. What has expired goes. now_week 0: nothing has.
 * Where the table is full, those go that expire first, strangers' only. */
enum dlb_status dlb_satchel_recall(struct dlb_satchel *s,
	struct dlb_satchel_token *tokens, size_t n, uint16_t now_week,
	struct dlb_error *err) DLB_MUST_CHECK;
/* All that are kept and count; *tokens is malloc'ed, in no order that says anything. */
enum dlb_status dlb_satchel_tokens(struct dlb_satchel *s,
	struct dlb_satchel_token **tokens, size_t *n, uint16_t now_week,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Does a token speak against this cell? Any thread, as dlb_satchel_get. token_hash may
 * be NULL: by its name alone (of which 16 bytes are compared). */
bool dlb_satchel_refuses(struct dlb_satchel *s, const uint8_t name[static 16],
	const uint8_t *token_hash, uint16_t now_week, struct dlb_aead *aead);

#endif
