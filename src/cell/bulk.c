/*
 * Bulk cells: all of a stripe but its head. docs/cell.md, section 6.
 *
 * Invariants: one key seals one cell, once; everything of a cell but the box tag
 * is ciphertext or associated data; nothing is allocated, and a full cell's
 * content is read once and written once.
 */
#include "cell_internal.h"

#include <string.h>

/* All that lies outside the body and is not the box tag. */
#define BULK_AD_LEN (DLB_AT_BODY - DLB_BOX_TAG_LEN)

static void
bulk_ad(uint8_t ad[static BULK_AD_LEN], const uint8_t cell[static DLB_AT_BODY])
{
	memcpy(ad, cell, DLB_AT_BOX_TAG);
	memcpy(ad + DLB_AT_BOX_TAG, cell + DLB_AT_TOKEN_HASH,
		DLB_AT_BODY - DLB_AT_TOKEN_HASH);
}

static void
bulk_key(uint8_t key[static DLB_KEY_LEN], const struct dlb_stripe *stripe,
	uint32_t index)
{
	uint8_t data[DLB_KEY_LEN + 4];
	struct dlb_writer w;

	dlb_writer_init(&w, data, sizeof(data));
	dlb_write_bytes(&w, stripe->stripe_key, DLB_KEY_LEN);
	dlb_write_u32(&w, index);
	dlb_derive(key, DLB_KEY_LEN, stripe->letter_key, DLB_KEY_LEN,
		"dlb bulk", data, sizeof(data));
	dlb_wipe(data, sizeof(data));
}

void
dlb_bulk_seal_with(uint8_t cell[static DLB_CELL_LEN], struct dlb_aead *aead,
	const struct dlb_stripe *stripe, uint32_t index, const uint8_t *content,
	size_t content_len, const uint8_t box_tag[static DLB_BOX_TAG_LEN])
{
	uint8_t key[DLB_KEY_LEN], ad[BULK_AD_LEN];
	uint8_t *body = cell + DLB_AT_BODY;
	const uint8_t *plain = content;

	if (content_len > DLB_BULK_CONTENT_LEN)
		content_len = DLB_BULK_CONTENT_LEN;
	if (content_len < DLB_BULK_CONTENT_LEN) {
		if (content_len && content != body)
			memcpy(body, content, content_len);
		memset(body + content_len, 0,
			DLB_BULK_CONTENT_LEN - content_len);
		plain = body;
	}
	dlb_stripe_waybill(cell, stripe, index);
	dlb_stripe_handle(cell + DLB_AT_HANDLE, stripe->stripe_key, index);
	bulk_key(key, stripe, index);
	bulk_ad(ad, cell);
	dlb_aead_seal(
		aead, body, key, ad, sizeof(ad), plain, DLB_BULK_CONTENT_LEN);
	dlb_cell_tag(cell, stripe->tag_key, box_tag);
	dlb_wipe(key, sizeof(key));
}

void
dlb_bulk_seal(uint8_t cell[static DLB_CELL_LEN], struct dlb_aead *aead,
	const struct dlb_stripe *stripe, uint32_t index, const uint8_t *content,
	size_t content_len, const struct dlb_env *env)
{
	uint8_t box_tag[DLB_BOX_TAG_LEN];

	dlb_random(env, box_tag, sizeof(box_tag));
	dlb_bulk_seal_with(
		cell, aead, stripe, index, content, content_len, box_tag);
}

enum dlb_status
dlb_bulk_open(uint8_t *out, size_t *len, struct dlb_aead *aead,
	const uint8_t cell[static DLB_CELL_LEN],
	const struct dlb_stripe *stripe, uint32_t index)
{
	uint8_t key[DLB_KEY_LEN], ad[BULK_AD_LEN];
	struct dlb_waybill waybill;
	uint64_t offset;
	enum dlb_status status;

	*len = 0;
	if (index < 1 || index >= stripe->cells
		|| dlb_waybill_read(&waybill, cell) != DLB_OK) {
		memset(out, 0, DLB_BULK_CONTENT_LEN);
		return DLB_FORGED;
	}
	bulk_key(key, stripe, index);
	bulk_ad(ad, cell);
	status = dlb_aead_open(aead, out, key, ad, sizeof(ad),
		cell + DLB_AT_BODY, DLB_BODY_LEN);
	dlb_wipe(key, sizeof(key));
	if (status != DLB_OK) {
		memset(out, 0, DLB_BULK_CONTENT_LEN);
		return DLB_FORGED;
	}
	dlb_stripe_range(stripe, index, &offset, len);
	if (!dlb_all_zero(out + *len, DLB_BULK_CONTENT_LEN - *len)) {
		dlb_wipe(out, DLB_BULK_CONTENT_LEN);
		*len = 0;
		return DLB_FORGED;
	}
	return DLB_OK;
}

enum dlb_status
dlb_bulk_check(struct dlb_aead *aead, const uint8_t cell[static DLB_CELL_LEN],
	const struct dlb_stripe *stripe, uint32_t index)
{
	uint8_t key[DLB_KEY_LEN], ad[BULK_AD_LEN], plain[DLB_BULK_CONTENT_LEN];
	struct dlb_waybill waybill;
	uint64_t offset;
	size_t len;
	enum dlb_status status;

	if (index < 1 || index >= stripe->cells
		|| dlb_waybill_read(&waybill, cell) != DLB_OK)
		return DLB_FORGED;
	dlb_stripe_range(stripe, index, &offset, &len);
	/* Padding has to be zero. */
	if (len < DLB_BULK_CONTENT_LEN) {
		status = dlb_bulk_open(plain, &len, aead, cell, stripe, index);
		dlb_wipe(plain, sizeof(plain));
		return status;
	}
	bulk_key(key, stripe, index);
	bulk_ad(ad, cell);
	status = dlb_aead_verify(
		aead, key, ad, sizeof(ad), cell + DLB_AT_BODY, DLB_BODY_LEN);
	dlb_wipe(key, sizeof(key));
	return status;
}
