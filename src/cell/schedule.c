/*
 * The key schedule of a head cell and its boxes. docs/cell.md, section 4.
 *
 * The pattern is Noise's X with a KEM in it: e, es | ekem | s, ss. Each step
 * hashes all that was sent before into the transcript and mixes one more secret:
 *
 *	box 1  transcript 0   S = r*F = f*handle          (finding key)
 *	box 2  transcript 1   chain 1 || X-Wing's secret  (opening key)
 *	box 3  transcript 2   chain 2 || X25519           (sender and reader)
 *
 * Each box starts with a commitment that is derived beside its key, because
 * ChaCha20-Poly1305 by itself lets one box open under two keys.
 */
#include "cell_internal.h"

#include <string.h>

static void
hash_label(struct dlb_hash *h, const char *label)
{
	uint8_t len = (uint8_t)strlen(label);

	dlb_hash_init(h);
	dlb_hash_update(h, &len, 1);
	dlb_hash_update(h, label, len);
}

/* Key and commitment of a box from ikm and the transcript. */
static void
derive_box(struct dlb_schedule *s, const char *label)
{
	uint8_t both[DLB_KEY_LEN + DLB_COMMIT_LEN];

	dlb_derive(both, sizeof(both), s->ikm, s->ikm_len, label, s->transcript,
		sizeof(s->transcript));
	memcpy(s->key, both, DLB_KEY_LEN);
	memcpy(s->commitment, both + DLB_KEY_LEN, DLB_COMMIT_LEN);
	dlb_wipe(both, sizeof(both));
}

/* ikm becomes chain || secret; chain comes from the ikm and transcript before. */
static void
mix(struct dlb_schedule *s, const char *label, const uint8_t secret[static 32])
{
	uint8_t chain[DLB_KEY_LEN];

	dlb_derive(chain, sizeof(chain), s->ikm, s->ikm_len, label,
		s->transcript, sizeof(s->transcript));
	memcpy(s->ikm, chain, 32);
	memcpy(s->ikm + 32, secret, 32);
	s->ikm_len = 64;
	dlb_wipe(chain, sizeof(chain));
}

void
dlb_schedule_box1(struct dlb_schedule *s,
	const uint8_t cell[static DLB_AT_BODY],
	const struct dlb_identity *reader,
	const uint8_t shared[static DLB_POINT_LEN])
{
	static const uint8_t version_suite[2] = {
		DLB_CELL_VERSION, DLB_CELL_SUITE};
	struct dlb_hash h;

	hash_label(&h, "dlb transcript 0");
	dlb_hash_update(&h, version_suite, sizeof(version_suite));
	dlb_hash_update(&h, reader->sign, sizeof(reader->sign));
	dlb_hash_update(&h, reader->agree, sizeof(reader->agree));
	dlb_hash_update(&h, cell + DLB_AT_HANDLE, DLB_HANDLE_LEN);
	dlb_hash_update(&h, cell + DLB_AT_EXPIRY, 2);
	dlb_hash_update(&h, cell + DLB_AT_TOKEN_HASH, DLB_HASH_LEN);
	dlb_hash_final(&h, s->transcript);
	memcpy(s->ikm, shared, DLB_POINT_LEN);
	s->ikm_len = DLB_POINT_LEN;
	derive_box(s, "dlb box 1");
}

void
dlb_schedule_box2(struct dlb_schedule *s,
	const uint8_t box1[static DLB_BOX1_LEN], const uint8_t ss[static 32])
{
	struct dlb_hash h;

	mix(s, "dlb chain 1", ss);
	hash_label(&h, "dlb transcript 1");
	dlb_hash_update(&h, s->transcript, sizeof(s->transcript));
	dlb_hash_update(&h, box1, DLB_BOX1_LEN);
	dlb_hash_final(&h, s->transcript);
	derive_box(s, "dlb box 2");
}

void
dlb_schedule_box3(struct dlb_schedule *s, const uint8_t *box2, size_t box2_len,
	const struct dlb_identity *sender, const uint8_t agreed[static 32])
{
	struct dlb_hash h;

	mix(s, "dlb chain 2", agreed);
	hash_label(&h, "dlb transcript 2");
	dlb_hash_update(&h, s->transcript, sizeof(s->transcript));
	dlb_hash_update(&h, box2, box2_len);
	dlb_hash_update(&h, sender->sign, sizeof(sender->sign));
	dlb_hash_update(&h, sender->agree, sizeof(sender->agree));
	dlb_hash_final(&h, s->transcript);
	derive_box(s, "dlb box 3");
}

void
dlb_box_seal(uint8_t *box, size_t plain_len, struct dlb_aead *aead,
	const struct dlb_schedule *s)
{
	memcpy(box, s->commitment, DLB_COMMIT_LEN);
	dlb_aead_seal(aead, box + DLB_COMMIT_LEN, s->key, s->transcript,
		sizeof(s->transcript), box + DLB_COMMIT_LEN, plain_len);
}

enum dlb_status
dlb_box_open(uint8_t *out, const uint8_t *box, size_t box_len,
	struct dlb_aead *aead, const struct dlb_schedule *s)
{
	if (!dlb_equal(box, s->commitment, DLB_COMMIT_LEN))
		return DLB_WRONG_KEY;
	return dlb_aead_open(aead, out, s->key, s->transcript,
		sizeof(s->transcript), box + DLB_COMMIT_LEN,
		box_len - DLB_COMMIT_LEN);
}
