/*
 * What the heads of a threshold commit to. docs/cell.md, section 11.4.
 *
 * Its first bytes are a check of the key alone: the key is asked for before the
 * content can be known. All of it together binds both.
 */
#include "share.h"

#include <string.h>

#define KEY_CHECK_LEN 8
#define SEALING_LEN (DLB_LETTER_ID_LEN + 2 + 8)

void
dlb_digest_init(struct dlb_digest *d, unsigned k)
{
	dlb_hash_init(&d->first);
	dlb_hash_init(&d->rest);
	d->left = (uint64_t)k * DLB_BULK_CONTENT_LEN;
}

void
dlb_digest_update(struct dlb_digest *d, const uint8_t *data, size_t len)
{
	size_t first = len < d->left ? len : (size_t)d->left;

	if (first > 0)
		dlb_hash_update(&d->first, data, first);
	if (len > first)
		dlb_hash_update(&d->rest, data + first, len - first);
	d->left -= first;
}

void
dlb_digest_final(struct dlb_digest *d, uint8_t out[static DLB_HASH_LEN])
{
	uint8_t both[2 * DLB_HASH_LEN];
	struct dlb_hash h;

	dlb_hash_final(&d->first, both);
	dlb_hash_final(&d->rest, both + DLB_HASH_LEN);
	dlb_hash_init(&h);
	dlb_hash_update(&h, both, sizeof(both));
	dlb_hash_final(&h, out);
	dlb_wipe(both, sizeof(both));
}

static void
write_sealing(struct dlb_writer *w, const struct dlb_stripe *stripe)
{
	dlb_write_bytes(w, stripe->sealing_id, DLB_LETTER_ID_LEN);
	dlb_write_u8(w, stripe->k);
	dlb_write_u8(w, stripe->n);
	dlb_write_u64(w, stripe->content_len);
}

static void
check_key(uint8_t out[static DLB_HASH_LEN], const struct dlb_stripe *stripe,
	const uint8_t key[static DLB_KEY_LEN])
{
	uint8_t data[SEALING_LEN];
	struct dlb_writer w;

	dlb_writer_init(&w, data, sizeof(data));
	write_sealing(&w, stripe);
	dlb_derive(out, DLB_HASH_LEN, key, DLB_KEY_LEN, "dlb threshold key",
		data, sizeof(data));
}

void
dlb_commit(uint8_t out[static DLB_HASH_LEN], const struct dlb_stripe *stripe,
	const uint8_t key[static DLB_KEY_LEN],
	const uint8_t content[static DLB_HASH_LEN])
{
	uint8_t data[SEALING_LEN + DLB_HASH_LEN], both[DLB_HASH_LEN];
	struct dlb_writer w;

	dlb_writer_init(&w, data, sizeof(data));
	write_sealing(&w, stripe);
	dlb_write_bytes(&w, content, DLB_HASH_LEN);
	dlb_derive(both, sizeof(both), key, DLB_KEY_LEN, "dlb threshold", data,
		sizeof(data));
	check_key(out, stripe, key);
	memcpy(out + KEY_CHECK_LEN, both, DLB_HASH_LEN - KEY_CHECK_LEN);
}

bool
dlb_key_fits(
	const struct dlb_stripe *stripe, const uint8_t key[static DLB_KEY_LEN])
{
	uint8_t check[DLB_HASH_LEN];

	check_key(check, stripe, key);
	return dlb_equal(check, stripe->commitment, KEY_CHECK_LEN);
}

bool
dlb_content_fits(const struct dlb_stripe *stripe,
	const uint8_t key[static DLB_KEY_LEN],
	const uint8_t content[static DLB_HASH_LEN])
{
	uint8_t all[DLB_HASH_LEN];

	dlb_commit(all, stripe, key, content);
	return dlb_equal(all, stripe->commitment, DLB_HASH_LEN);
}
