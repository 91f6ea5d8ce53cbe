/*
 * What the tests, the vectors and the fuzz target of `cell` share: people with
 * keys from a seed, letters with content from a formula, and a sealer that does
 * what no honest sender does.
 */
#ifndef DLB_CELL_FIXTURE_H
#define DLB_CELL_FIXTURE_H

#include "cell_internal.h"

#define FIXTURE_NOW_MS (DLB_EPOCH_MS + 100 * DLB_WEEK_MS)
#define FIXTURE_EXPIRY 112

/* ---- people --------------------------------------------------------------------- */

struct cell_person {
	struct dlb_identity_secret secret;
	struct dlb_identity identity;
	uint8_t finding_secret[DLB_SCALAR_LEN];
	uint8_t finding[DLB_POINT_LEN];
	uint32_t opening_id;
	uint8_t opening_seed[DLB_XWING_SEED_LEN];
	uint8_t opening[DLB_XWING_PK_LEN];
	uint8_t expanded[DLB_XWING_EXPANDED_LEN];
	unsigned openings; /* how often an opening key was asked for */
};

void cell_person_init(
	struct cell_person *p, uint32_t opening_id, const struct dlb_env *env);
/* Their opener; has the one opening key. */
struct dlb_opener cell_opener(struct cell_person *p);
struct dlb_seal_to cell_to(const struct cell_person *reader);
struct dlb_seal_from cell_from(const struct cell_person *sender,
	const struct cell_person *reader, const uint8_t *card, size_t card_len);

/* ---- letters -------------------------------------------------------------------- */

/* A letter that is not split, laid out, with keys from env. */
struct dlb_stripe cell_stripe(
	uint64_t content_len, size_t card_len, const struct dlb_env *env);
/* Byte i of any content is (131 * i + (i >> 8)) mod 256. */
void cell_content(uint8_t *out, uint64_t offset, size_t len);
void cell_head_random(struct dlb_head_random *out, const struct dlb_env *env);

/* ---- a world with all of it ------------------------------------------------------- */

struct cell_world {
	struct dlb_env_seeded seeded;
	const struct dlb_env *env;
	struct dlb_aead *aead;
	struct cell_person reader, sender, other;
	struct dlb_opened *opened;
	uint8_t cell[DLB_CELL_LEN];
	uint8_t copy[DLB_CELL_LEN];
	uint8_t content[DLB_CELL_LEN];
	uint8_t out[DLB_BULK_CONTENT_LEN];
};

struct cell_world *cell_world_new(uint64_t seed);
void cell_world_free(struct cell_world *w);
/* Seals the head of a letter from sender to reader into w->cell. */
struct dlb_stripe cell_world_head(struct cell_world *w, uint64_t content_len,
	const uint8_t *card, size_t card_len);
/* Finds and opens as `who`; fills w->opened where that succeeds. */
enum dlb_status cell_world_open(
	struct cell_world *w, struct cell_person *who, const uint8_t *cell);

/* ---- a dishonest sender --------------------------------------------------------------- */

/* The plaintexts of the boxes as an honest sender has them; change what you like,
 * then seal. */
struct cell_forge {
	uint8_t box1[16]; /* the ciphertext follows by itself */
	uint8_t box2[DLB_BODY_LEN];
	size_t box2_len; /* of the plaintext; the box is 48 bytes longer */
	uint8_t box3[DLB_BODY_LEN];
	size_t box3_len;     /* likewise */
	uint8_t commitment2; /* its first byte is XORed with this */
	const uint8_t
		*small_order; /* seed of the reader's opening key: X-Wing's
				     * curve point is 0; NULL for an honest one */
};

void cell_forge_fill(struct cell_forge *f, const struct dlb_seal_to *to,
	const struct dlb_seal_from *from, const struct dlb_stripe *stripe,
	const uint8_t *content);
/* Box 3 may end before the cell does. Aborts where keys are not valid. */
void cell_forge_seal(uint8_t cell[static DLB_CELL_LEN],
	const struct cell_forge *f, struct dlb_aead *aead,
	const struct dlb_seal_to *to, const struct dlb_seal_from *from,
	const struct dlb_stripe *stripe, const struct dlb_head_random *random);

#endif
