/*
 * cell: the only thing that travels. Sealing, finding and opening of one cell;
 * what a courier may check of it. Specified byte by byte in docs/cell.md.
 *
 * Knows nothing of disks, letters' contents or people: keys in, bytes out.
 * A `struct dlb_aead` belongs to one thread, so callers work in parallel.
 */
#ifndef DLB_CELL_H
#define DLB_CELL_H

#include "base.h"
#include "crypto.h"

#define DLB_CELL_LEN 65536
#define DLB_WAYBILL_LEN 64
#define DLB_HANDLE_LEN 32
#define DLB_BODY_LEN 65440
#define DLB_BOX_TAG_LEN 16
#define DLB_TOKEN_LEN 32
#define DLB_NAME_LEN 32
/* The first bytes of a cell that a reader needs for a trial. */
#define DLB_TRIAL_LEN (DLB_WAYBILL_LEN + DLB_HANDLE_LEN + 32)
#define DLB_BULK_CONTENT_LEN (DLB_BODY_LEN - DLB_TAG_LEN) /* 65,424 */

/* Weeks: see base.h. A cell lives LIFETIME weeks from its sealing; couriers
 * refuse what claims to outlive that by more than SLACK. */
#define DLB_CELL_LIFETIME_WEEKS 12
#define DLB_CELL_SLACK_WEEKS 2

/* ---- the waybill, names (waybill.c) ------------------------------------------ */

struct dlb_waybill {
	uint16_t expiry_week; /* expired once the current week is greater */
	uint8_t box_tag[DLB_BOX_TAG_LEN];
	uint8_t token_hash[DLB_HASH_LEN];
};

/* Any courier's check of a whole cell: version known (else DLB_UNSUPPORTED),
 * reserved bytes zero, handle canonical and not the identity (else
 * DLB_MALFORMED). Does not look at the clock. */
enum dlb_status dlb_cell_check(struct dlb_waybill *out,
	const uint8_t cell[static DLB_CELL_LEN], struct dlb_error *err)
	DLB_MUST_CHECK;
/* DLB_EXPIRED when past, DLB_REFUSED when too far ahead, else DLB_OK. */
enum dlb_status dlb_cell_check_expiry(uint16_t expiry_week, uint16_t now_week)
	DLB_MUST_CHECK;
/* core covers all but the box tag; name = SHA-256(core || box tag). */
void dlb_cell_name(uint8_t core[static DLB_HASH_LEN],
	uint8_t name[static DLB_NAME_LEN],
	const uint8_t cell[static DLB_CELL_LEN]);
void dlb_box_tag(uint8_t tag[static DLB_BOX_TAG_LEN],
	const uint8_t tag_key[static DLB_KEY_LEN],
	const uint8_t core[static DLB_HASH_LEN]);

/* ---- keys ------------------------------------------------------------------------ */

/* A person's identity: Ed25519 (signs cards and bulletins), X25519 (agrees). */
struct dlb_identity {
	uint8_t sign[32];
	uint8_t agree[32];
};
_Static_assert(sizeof(struct dlb_identity) == 64,
	"without a gap: it is compared, hashed and kept as it is");
struct dlb_identity_secret {
	uint8_t sign_seed[32];
	uint8_t agree[32];
};

#define DLB_OPENING_LAST_RESORT                                                \
	0x80000000u /* | low 31 bits of the card's serial */

/* Whom a letter is sealed to. */
struct dlb_seal_to {
	struct dlb_identity identity;
	uint8_t finding[DLB_POINT_LEN];
	uint32_t opening_id; /* month, or last resort */
	uint8_t opening[DLB_XWING_PK_LEN];
	/* Of a bulletin (bulletin.h): the handle that its head has, and the secret
	 * that takes the place of `finding`. NULL: a fresh one. */
	struct {
		const uint8_t *handle, *finding_secret;
	} at;
};
/* Who seals. `shared` is X25519(sender's secret, reader's identity.agree), made
 * once a correspondent. The card (canonical bytes; may be empty) rides along. */
struct dlb_seal_from {
	struct dlb_identity identity;
	uint8_t shared[32];
	const uint8_t *card;
	size_t card_len; /* <= DLB_CARD_RIDE_MAX */
};
#define DLB_CARD_RIDE_MAX 24576

/* ---- a stripe: what head and bulk cells share (stripe.c) --------------------------- */

#define DLB_LETTER_ID_LEN 16
enum dlb_stripe_mode {
	DLB_STRIPE_WHOLE = 0,     /* the head holds the letter key */
	DLB_STRIPE_THRESHOLD = 1, /* the head holds a share of it */
};
/* Wiped by its owner. All but the last three fields travel in the third box. */
struct dlb_stripe {
	uint8_t mode;         /* enum dlb_stripe_mode; THRESHOLD wants k >= 2 */
	uint8_t k, n, number; /* 1, 1, 0 for a letter that is not split */
	uint8_t letter_id[DLB_LETTER_ID_LEN];
	uint8_t sealing_id[DLB_LETTER_ID_LEN];
	uint8_t stripe_key[DLB_KEY_LEN];
	/* In a head of a threshold's stripe, the share. For bulk cells it is the
	 * letter key in both modes: the caller puts it here once it has it. */
	uint8_t letter_key[DLB_KEY_LEN];
	uint8_t commitment[DLB_HASH_LEN]; /* threshold only, else zero */
	uint64_t content_len;             /* of the whole letter */
	uint64_t
		stripe_len; /* of what this stripe carries: content_len / k, up */
	uint32_t cells;     /* the head and padding included; >= 1 */
	uint32_t inline_len; /* bytes of stripe content in the head */
	/* not in the box: */
	uint16_t expiry_week;
	uint8_t recall_key[DLB_KEY_LEN]; /* sender only */
	const uint8_t *tag_key; /* the box's tag key, or NULL: random tags */
};
#define DLB_CELLS_MAX 0x01000000u /* 1 TiB of cells a stripe */

/* Sets cells and inline_len from mode, stripe_len and the card that rides along:
 * a threshold's head holds no content; Padmé over the number of cells. DLB_LIMIT
 * beyond DLB_CELLS_MAX. No other layout is sealed or opened. */
enum dlb_status dlb_stripe_layout(struct dlb_stripe *stripe, size_t card_len)
	DLB_MUST_CHECK;
/* Which content bulk cell `index` (1 <= index < cells) carries: offset and length
 * within the stripe's content; len 0 for a cell of padding. */
void dlb_stripe_range(const struct dlb_stripe *stripe, uint32_t index,
	uint64_t *offset, size_t *len);
/* The next length whose low bits are zero, at most 12 % more (Nikitin et al.,
 * PURBs, PETS 2019, algorithm 1). UINT64_MAX where that does not fit. */
uint64_t dlb_padme(uint64_t n);
/* The handle of bulk cell `index`. */
void dlb_stripe_handle(uint8_t handle[static DLB_HANDLE_LEN],
	const uint8_t stripe_key[static DLB_KEY_LEN], uint32_t index);
/* The recall token of cell `index`, and its hash, as in the waybill. */
void dlb_recall_token(uint8_t token[static DLB_TOKEN_LEN],
	const uint8_t recall_key[static DLB_KEY_LEN], uint8_t stripe_number,
	uint32_t index);
void dlb_token_hash(uint8_t hash[static DLB_HASH_LEN],
	const uint8_t token[static DLB_TOKEN_LEN]);

/* ---- sealing (head.c, bulk.c, cover.c) ------------------------------------------------ */

/* Each sealing of a letter, a resend included, draws new stripe and letter keys: the
 * keys of cells come from them and are used once. To write a bulk cell again, the
 * whole stripe must be the same: content, expiry and recall key too.
 *
 * The head cell. content: the first stripe->inline_len bytes of the stripe.
 * DLB_USAGE for a stripe that dlb_stripe_layout did not lay out; DLB_MALFORMED for
 * keys of the reader that are none. Zeroed on failure. */
enum dlb_status dlb_head_seal(uint8_t cell[static DLB_CELL_LEN],
	struct dlb_aead *aead, const struct dlb_seal_to *to,
	const struct dlb_seal_from *from, const struct dlb_stripe *stripe,
	const uint8_t *content, const struct dlb_env *env,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Bulk cell `index`; content as dlb_stripe_range says (NULL when len is 0). Content
 * may lie in the cell already, at its body's start. */
void dlb_bulk_seal(uint8_t cell[static DLB_CELL_LEN], struct dlb_aead *aead,
	const struct dlb_stripe *stripe, uint32_t index, const uint8_t *content,
	size_t content_len, const struct dlb_env *env);
/* A throwaway reader and stripe for `cells` cells of cover; seal them with the two
 * functions above over zeros (content_len is that of a full stripe, which may have
 * more cells than asked for: Padmé; leave the others out). Draws a fresh recall
 * key. The secrets of `to` are never made known to anyone, us included. */
enum dlb_status dlb_cover_init(struct dlb_seal_to *to,
	struct dlb_seal_from *from, struct dlb_stripe *stripe, uint32_t cells,
	uint16_t expiry_week, const struct dlb_env *env) DLB_MUST_CHECK;

/* ---- finding and opening ----------------------------------------------------------------- */

/* A trial: one scalar multiplication. prefix: the first DLB_TRIAL_LEN bytes of a
 * cell. DLB_NOT_MINE, or DLB_OK and the shared point, which dlb_head_open wants. */
enum dlb_status dlb_find(uint8_t shared[static DLB_POINT_LEN],
	const uint8_t prefix[static DLB_TRIAL_LEN],
	const uint8_t finding_secret[static DLB_SCALAR_LEN],
	const struct dlb_identity *reader) DLB_MUST_CHECK;

/* What reader and sender have agreed on, kept for the next letter: there are often
 * many from one sender. Secret; wiped by its owner; for one thread at a time. */
struct dlb_agreement {
	bool known;
	uint8_t with[32]; /* the sender's public key */
	uint8_t agreed[32];
};

/* How the opener gets at secrets: */
struct dlb_opener {
	void *ctx;
	struct dlb_identity reader;
	const uint8_t *agree_secret;     /* 32 bytes */
	struct dlb_agreement *agreement; /* may be NULL */
	/* The expanded X-Wing secret of an opening id, or NULL when there is none
	 * (any more). Called from several threads. */
	const uint8_t *(*opening)(void *ctx, uint32_t opening_id);
};

/* What opens the second box again, where a card rode along. */
struct dlb_card_key {
	uint8_t key[DLB_KEY_LEN];
	uint8_t transcript[DLB_HASH_LEN]; /* associated data of the box */
};
/* What an opened head says. Pointers point into `plain`. Wiped by its owner. */
struct dlb_opened {
	struct dlb_stripe stripe;
	/* Who made the cell holds the secret of sender.agree (or the reader's).
	 * sender.sign is what they say it is: compare both with a card that it
	 * has signed, before a name is shown. */
	struct dlb_identity sender;
	uint32_t opening_id;
	const uint8_t *card; /* as the sender gave it: not yet checked */
	size_t card_len;
	const uint8_t *content; /* stripe.inline_len bytes; NULL where none */
	uint8_t plain[DLB_BODY_LEN];
	/* With this key and offset, dlb_head_reopen needs no other secret. */
	uint8_t box3_key[DLB_KEY_LEN];
	uint32_t box3_offset;             /* within the body */
	uint8_t transcript[DLB_HASH_LEN]; /* associated data of the third box */
	struct dlb_card_key card_key;     /* zero where no card rode along */
};
/* DLB_NOT_MINE; DLB_FORGED (who claims to have sent it did not, or bytes were
 * changed); DLB_NOT_FOUND: found, but the opening key is gone; DLB_MALFORMED,
 * DLB_UNSUPPORTED. `out` is zeroed on failure. */
enum dlb_status dlb_head_open(struct dlb_opened *out, struct dlb_aead *aead,
	const uint8_t cell[static DLB_CELL_LEN],
	const uint8_t shared[static DLB_POINT_LEN],
	const struct dlb_opener *opener, struct dlb_error *err) DLB_MUST_CHECK;
/* Again, later, with what the first opening left: fills stripe, content, plain. The
 * cell was read by its name: only the third box is verified here. */
enum dlb_status dlb_head_reopen(struct dlb_opened *out, struct dlb_aead *aead,
	const uint8_t cell[static DLB_CELL_LEN],
	const uint8_t box3_key[static DLB_KEY_LEN], uint32_t box3_offset,
	const uint8_t transcript[static DLB_HASH_LEN], struct dlb_error *err)
	DLB_MUST_CHECK;
/* The card that rode along, later: fills card, card_len and sender, which is as yet
 * only what the cell says. As above, and only the second box is verified.
 * DLB_NOT_FOUND where there is none. */
enum dlb_status dlb_head_card(struct dlb_opened *out, struct dlb_aead *aead,
	const uint8_t cell[static DLB_CELL_LEN],
	const struct dlb_card_key *card_key, uint32_t box3_offset,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Whether dlb_bulk_open would take it, for less: what holds no padding is not even
 * deciphered. */
enum dlb_status dlb_bulk_check(struct dlb_aead *aead,
	const uint8_t cell[static DLB_CELL_LEN],
	const struct dlb_stripe *stripe, uint32_t index) DLB_MUST_CHECK;
/* Opens bulk cell `index` into out (DLB_BULK_CONTENT_LEN bytes); *len is the part
 * that is content, what follows is checked to be zero. DLB_FORGED otherwise, and
 * out is zeroed. All of the cell but its box tag is bound by the AEAD. */
enum dlb_status dlb_bulk_open(uint8_t *out, size_t *len, struct dlb_aead *aead,
	const uint8_t cell[static DLB_CELL_LEN],
	const struct dlb_stripe *stripe, uint32_t index) DLB_MUST_CHECK;

#endif
