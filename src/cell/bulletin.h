/*
 * Bulletins: letters to whoever has the author's card. docs/cell.md, section 12.
 *
 * They are sealed like any other letter, to a reader whose keys all come from the
 * bulletin key in the card, so that each follower is that reader. But the handle of
 * a head comes from that key, the day and a slot of it: who has the card knows which
 * handles to look for, and tries nothing.
 *
 * A follower can make such a cell as well as the author can: what says who wrote it
 * is the signature in its content (letterbox/bulletin.h).
 */
#ifndef DLB_BULLETIN_CELL_H
#define DLB_BULLETIN_CELL_H

#include "cell.h"

/* Days: since 1970-01-01, UTC. */
#define DLB_BULLETIN_SLOTS 16 /* of a day */
/* The id of the one opening key. */
#define DLB_BULLETIN_OPENING 0

/* Secret from all who do not have the card. */
struct dlb_bulletin_reader {
	struct dlb_identity identity;
	uint8_t finding[DLB_SCALAR_LEN];
	uint8_t agree[32];
	uint8_t opening[DLB_XWING_SEED_LEN];
};
void dlb_bulletin_reader(struct dlb_bulletin_reader *out,
	const uint8_t key[static DLB_KEY_LEN],
	const struct dlb_identity *author);
void dlb_bulletin_handle(uint8_t handle[static DLB_HANDLE_LEN],
	const uint8_t key[static DLB_KEY_LEN], uint32_t day, uint8_t slot);
/* What dlb_head_seal wants; to->at points at reader and handle, which outlive it. */
void dlb_bulletin_seal_to(struct dlb_seal_to *to,
	const struct dlb_bulletin_reader *reader,
	const uint8_t handle[static DLB_HANDLE_LEN]);
/* To open one; expanded (DLB_XWING_EXPANDED_LEN bytes) is filled, and outlives the
 * opener as reader does. */
void dlb_bulletin_opener(struct dlb_opener *out,
	const struct dlb_bulletin_reader *reader,
	uint8_t expanded[static DLB_XWING_EXPANDED_LEN]);
/* The core (cell.h) of bulk cell `index`, which is sealed for it; cell is room for
 * it. All cells of a stripe but the head are the same each time they are sealed, but
 * for the box tag, which a core does not cover. */
void dlb_bulletin_core(uint8_t core[static DLB_HASH_LEN],
	uint8_t cell[static DLB_CELL_LEN], struct dlb_aead *aead,
	const struct dlb_stripe *stripe, uint32_t index, const uint8_t *content,
	size_t len);
/* A hash of all that a head says of its stripe, and of the content in it but for one
 * part (the signed one, which holds this hash): what is before that and behind it. */
void dlb_bulletin_sealing(uint8_t out[static DLB_HASH_LEN],
	const struct dlb_stripe *stripe, const uint8_t *before,
	size_t before_len, const uint8_t *behind, size_t behind_len);

#endif
