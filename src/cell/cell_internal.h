/*
 * Where things lie in a cell, and what sealing and opening share. docs/cell.md
 * is the specification; section numbers there are named beside each part.
 */
#ifndef DLB_CELL_INTERNAL_H
#define DLB_CELL_INTERNAL_H

#include "cell.h"

/* ---- the waybill and the handle (section 2) ---------------------------------- */

#define DLB_CELL_VERSION 1
#define DLB_CELL_SUITE 1

#define DLB_AT_VERSION 0
#define DLB_AT_RESERVED 1
#define DLB_AT_EXPIRY 2
#define DLB_AT_RESERVED_2 4
#define DLB_AT_BOX_TAG 16
#define DLB_AT_TOKEN_HASH 32
#define DLB_AT_HANDLE 64
#define DLB_AT_BODY 96

/* Writes version, expiry, zeros and the token hash; the box tag stays zero. */
void dlb_waybill_write(uint8_t cell[static DLB_WAYBILL_LEN],
	uint16_t expiry_week, const uint8_t token_hash[static DLB_HASH_LEN]);
/* The part of dlb_cell_check that looks at the waybill alone. */
enum dlb_status dlb_waybill_read(struct dlb_waybill *out,
	const uint8_t waybill[static DLB_WAYBILL_LEN]) DLB_MUST_CHECK;
/* The waybill of cell `index` of a stripe. */
void dlb_stripe_waybill(uint8_t cell[static DLB_WAYBILL_LEN],
	const struct dlb_stripe *stripe, uint32_t index);
/* The last step of sealing: the box's tag where there is a box, else random. */
void dlb_cell_tag(uint8_t cell[static DLB_CELL_LEN], const uint8_t *tag_key,
	const uint8_t random_tag[static DLB_BOX_TAG_LEN]);

/* ---- the boxes of a head cell (section 4) --------------------------------------- */

/* A box: a commitment to its key, then ChaCha20-Poly1305. */
#define DLB_COMMIT_LEN 32
#define DLB_BOX_OVERHEAD (DLB_COMMIT_LEN + DLB_TAG_LEN)

#define DLB_BOX1_PLAIN_LEN (16 + DLB_XWING_CT_LEN)
#define DLB_BOX1_LEN (DLB_BOX1_PLAIN_LEN + DLB_BOX_OVERHEAD) /* 1,184 */
#define DLB_AT_BOX2 (DLB_AT_BODY + DLB_BOX1_LEN)

#define DLB_BOX2_FIXED_LEN 64
#define DLB_BOX2_LEN(card_len)                                                 \
	(DLB_BOX_OVERHEAD + DLB_BOX2_FIXED_LEN + (card_len))
#define DLB_BOX2_LEN_MIN DLB_BOX2_LEN(0)
#define DLB_BOX2_LEN_MAX DLB_BOX2_LEN(DLB_CARD_RIDE_MAX)

#define DLB_FIELDS_LEN 256
/* What a head without a card has room for. */
#define DLB_INLINE_CAP                                                         \
	(DLB_BODY_LEN - DLB_BOX1_LEN - DLB_BOX2_LEN_MIN - DLB_BOX_OVERHEAD     \
		- DLB_FIELDS_LEN) /* 63,840 */

_Static_assert(DLB_AT_BODY + DLB_BODY_LEN == DLB_CELL_LEN, "cell layout");
_Static_assert(DLB_BOX1_LEN == 1184, "box 1");
_Static_assert(DLB_INLINE_CAP == 63840, "room in a head");
_Static_assert(DLB_CARD_RIDE_MAX < DLB_INLINE_CAP, "a card leaves room");
_Static_assert(DLB_BOX2_LEN_MAX <= UINT16_MAX, "box 2's length is a u16");

/* ---- the stripe's fixed fields (section 5; stripe.c) ------------------------------- */

/* What both sealing and opening refuse; MALFORMED. */
enum dlb_status dlb_stripe_check(
	const struct dlb_stripe *stripe, size_t card_len) DLB_MUST_CHECK;
void dlb_stripe_encode(
	uint8_t out[static DLB_FIELDS_LEN], const struct dlb_stripe *stripe);
/* Decodes and checks; the fields that are not in the box are zeroed. */
enum dlb_status dlb_stripe_decode(struct dlb_stripe *out,
	const uint8_t in[static DLB_FIELDS_LEN], size_t card_len)
	DLB_MUST_CHECK;
/* True where len bytes are all zero. Not constant time. */
bool dlb_all_zero(const uint8_t *p, size_t len);

/* ---- the key schedule (section 4; schedule.c) ---------------------------------------- */

/* The state after each step: the keys of box 1, 2, 3 in turn. Secret: wiped by
 * its owner. */
struct dlb_schedule {
	uint8_t transcript[DLB_HASH_LEN]; /* associated data of the box */
	uint8_t key[DLB_KEY_LEN];
	uint8_t commitment[DLB_COMMIT_LEN];
	uint8_t ikm[64]; /* what key, commitment and chain are derived from */
	size_t ikm_len;
};

/* cell: at least the waybill and the handle. shared: the point S. */
void dlb_schedule_box1(struct dlb_schedule *s,
	const uint8_t cell[static DLB_AT_BODY],
	const struct dlb_identity *reader,
	const uint8_t shared[static DLB_POINT_LEN]);
/* From box 1 as it lies in the cell and X-Wing's shared secret. */
void dlb_schedule_box2(struct dlb_schedule *s,
	const uint8_t box1[static DLB_BOX1_LEN], const uint8_t ss[static 32]);
/* From box 2 as it lies in the cell and the static agreement. */
void dlb_schedule_box3(struct dlb_schedule *s, const uint8_t *box2,
	size_t box2_len, const struct dlb_identity *sender,
	const uint8_t agreed[static 32]);

/* A box in place: commitment, and the plaintext that lies behind it sealed where
 * it is; the tag follows. */
void dlb_box_seal(uint8_t *box, size_t plain_len, struct dlb_aead *aead,
	const struct dlb_schedule *s);
/* Commitment first, then the rest: box_len - DLB_BOX_OVERHEAD bytes to out.
 * DLB_WRONG_KEY where the commitment differs, DLB_FORGED where the rest does. */
enum dlb_status dlb_box_open(uint8_t *out, const uint8_t *box, size_t box_len,
	struct dlb_aead *aead, const struct dlb_schedule *s) DLB_MUST_CHECK;

/* ---- sealing with given randomness (head.c; vectors and tests) ------------------------ */

struct dlb_head_random {
	uint8_t r[DLB_SCALAR_LEN];
	uint8_t eseed[DLB_XWING_ESEED_LEN];
	uint8_t box_tag[DLB_BOX_TAG_LEN]; /* used where there is no box */
};
enum dlb_status dlb_head_seal_with(uint8_t cell[static DLB_CELL_LEN],
	struct dlb_aead *aead, const struct dlb_seal_to *to,
	const struct dlb_seal_from *from, const struct dlb_stripe *stripe,
	const uint8_t *content, const struct dlb_head_random *random,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Bulk cell with a given random box tag. */
void dlb_bulk_seal_with(uint8_t cell[static DLB_CELL_LEN],
	struct dlb_aead *aead, const struct dlb_stripe *stripe, uint32_t index,
	const uint8_t *content, size_t content_len,
	const uint8_t box_tag[static DLB_BOX_TAG_LEN]);

#endif
