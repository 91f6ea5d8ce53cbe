/*
 * A stripe: which cell carries which bytes, the handles and recall tokens that
 * come from its keys, and the fixed fields of the third box that tell a reader
 * all of it. docs/cell.md, sections 5 and 6.
 *
 * Invariant: mode, k, stripe_len and the length of the card that rides along
 * determine inline_len and cells; no other pair is accepted, so a letter has one
 * layout. Nothing here adds to a length before it has been bounded.
 */
#include "cell_internal.h"

#include <string.h>

uint64_t
dlb_padme(uint64_t n)
{
	unsigned e, s;
	uint64_t mask;

	if (n < 2)
		return n;
	e = 63 - (unsigned)__builtin_clzll(n); /* floor(log2(n)), >= 1 */
	s = 32 - (unsigned)__builtin_clz(e);   /* floor(log2(e)) + 1, <= e */
	mask = (UINT64_C(1) << (e - s)) - 1;
	if (n > UINT64_MAX - mask)
		return UINT64_MAX;
	return (n + mask) & ~mask;
}

/* Of a stripe that holds no less and no more than the letter needs. */
static uint64_t
stripe_len_of(uint64_t content_len, uint8_t k)
{
	return content_len / k + (content_len % k != 0);
}

enum dlb_status
dlb_stripe_layout(struct dlb_stripe *stripe, size_t card_len)
{
	uint64_t cap, rest, bulk;

	stripe->cells = 0;
	stripe->inline_len = 0;
	if (card_len > DLB_CARD_RIDE_MAX)
		return DLB_LIMIT;
	cap = stripe->mode == DLB_STRIPE_THRESHOLD ? 0
						   : DLB_INLINE_CAP - card_len;
	if (cap > stripe->stripe_len)
		cap = stripe->stripe_len;
	rest = stripe->stripe_len - cap;
	bulk = rest / DLB_BULK_CONTENT_LEN + (rest % DLB_BULK_CONTENT_LEN != 0);
	if (bulk >= DLB_CELLS_MAX)
		return DLB_LIMIT;
	/* The maximum is a power of two, which Padmé never passes. */
	stripe->cells = (uint32_t)dlb_padme(bulk + 1);
	stripe->inline_len = (uint32_t)cap;
	return DLB_OK;
}

enum dlb_status
dlb_stripe_check(const struct dlb_stripe *stripe, size_t card_len)
{
	struct dlb_stripe layout;

	if (stripe->mode != DLB_STRIPE_WHOLE
		&& stripe->mode != DLB_STRIPE_THRESHOLD)
		return DLB_MALFORMED;
	if (stripe->k < 1 || stripe->k > stripe->n
		|| stripe->number >= stripe->n)
		return DLB_MALFORMED;
	/* A threshold of one would hide nothing: it has no form of its own. */
	if (stripe->mode == DLB_STRIPE_THRESHOLD && stripe->k < 2)
		return DLB_MALFORMED;
	if (stripe->mode == DLB_STRIPE_WHOLE
		&& !dlb_all_zero(
			stripe->commitment, sizeof(stripe->commitment)))
		return DLB_MALFORMED;
	if (stripe->stripe_len != stripe_len_of(stripe->content_len, stripe->k))
		return DLB_MALFORMED;
	memset(&layout, 0, sizeof(layout));
	layout.mode = stripe->mode;
	layout.stripe_len = stripe->stripe_len;
	if (dlb_stripe_layout(&layout, card_len) != DLB_OK
		|| layout.cells != stripe->cells
		|| layout.inline_len != stripe->inline_len)
		return DLB_MALFORMED;
	return DLB_OK;
}

void
dlb_stripe_encode(
	uint8_t out[static DLB_FIELDS_LEN], const struct dlb_stripe *stripe)
{
	struct dlb_writer w;

	dlb_writer_init(&w, out, DLB_FIELDS_LEN);
	dlb_write_u8(&w, stripe->mode);
	dlb_write_u8(&w, stripe->k);
	dlb_write_u8(&w, stripe->n);
	dlb_write_u8(&w, stripe->number);
	dlb_write_bytes(&w, stripe->letter_id, sizeof(stripe->letter_id));
	dlb_write_bytes(&w, stripe->sealing_id, sizeof(stripe->sealing_id));
	dlb_write_bytes(&w, stripe->stripe_key, sizeof(stripe->stripe_key));
	dlb_write_bytes(&w, stripe->letter_key, sizeof(stripe->letter_key));
	dlb_write_bytes(&w, stripe->commitment, sizeof(stripe->commitment));
	dlb_write_u64(&w, stripe->content_len);
	dlb_write_u64(&w, stripe->stripe_len);
	dlb_write_u32(&w, stripe->cells);
	dlb_write_u32(&w, stripe->inline_len);
	dlb_write_zeros(&w, DLB_FIELDS_LEN - w.len);
}

enum dlb_status
dlb_stripe_decode(struct dlb_stripe *out,
	const uint8_t in[static DLB_FIELDS_LEN], size_t card_len)
{
	struct dlb_reader r;

	memset(out, 0, sizeof(*out));
	dlb_reader_init(&r, in, DLB_FIELDS_LEN);
	out->mode = dlb_read_u8(&r);
	out->k = dlb_read_u8(&r);
	out->n = dlb_read_u8(&r);
	out->number = dlb_read_u8(&r);
	dlb_read_bytes(&r, out->letter_id, sizeof(out->letter_id));
	dlb_read_bytes(&r, out->sealing_id, sizeof(out->sealing_id));
	dlb_read_bytes(&r, out->stripe_key, sizeof(out->stripe_key));
	dlb_read_bytes(&r, out->letter_key, sizeof(out->letter_key));
	dlb_read_bytes(&r, out->commitment, sizeof(out->commitment));
	out->content_len = dlb_read_u64(&r);
	out->stripe_len = dlb_read_u64(&r);
	out->cells = dlb_read_u32(&r);
	out->inline_len = dlb_read_u32(&r);
	dlb_read_zeros(&r, dlb_reader_left(&r));
	if (dlb_reader_done(&r) && dlb_stripe_check(out, card_len) == DLB_OK)
		return DLB_OK;
	dlb_wipe(out, sizeof(*out));
	return DLB_MALFORMED;
}

void
dlb_stripe_range(const struct dlb_stripe *stripe, uint32_t index,
	uint64_t *offset, size_t *len)
{
	uint64_t at, rest;

	*offset = stripe->stripe_len;
	*len = 0;
	if (index < 1 || index >= stripe->cells)
		return;
	at = stripe->inline_len + (uint64_t)(index - 1) * DLB_BULK_CONTENT_LEN;
	if (at >= stripe->stripe_len)
		return;
	rest = stripe->stripe_len - at;
	*offset = at;
	*len = rest < DLB_BULK_CONTENT_LEN ? (size_t)rest
					   : DLB_BULK_CONTENT_LEN;
}

void
dlb_stripe_handle(uint8_t handle[static DLB_HANDLE_LEN],
	const uint8_t stripe_key[static DLB_KEY_LEN], uint32_t index)
{
	uint8_t at[4], uniform[64];
	struct dlb_writer w;

	dlb_writer_init(&w, at, sizeof(at));
	dlb_write_u32(&w, index);
	dlb_derive(uniform, sizeof(uniform), stripe_key, DLB_KEY_LEN,
		"dlb handle", at, sizeof(at));
	dlb_point_from_uniform(handle, uniform);
	dlb_wipe(uniform, sizeof(uniform));
}

void
dlb_recall_token(uint8_t token[static DLB_TOKEN_LEN],
	const uint8_t recall_key[static DLB_KEY_LEN], uint8_t stripe_number,
	uint32_t index)
{
	uint8_t at[5];
	struct dlb_writer w;

	dlb_writer_init(&w, at, sizeof(at));
	dlb_write_u8(&w, stripe_number);
	dlb_write_u32(&w, index);
	dlb_derive(token, DLB_TOKEN_LEN, recall_key, DLB_KEY_LEN, "dlb recall",
		at, sizeof(at));
}

void
dlb_token_hash(uint8_t hash[static DLB_HASH_LEN],
	const uint8_t token[static DLB_TOKEN_LEN])
{
	dlb_sha256(hash, token, DLB_TOKEN_LEN);
}

void
dlb_stripe_waybill(uint8_t cell[static DLB_WAYBILL_LEN],
	const struct dlb_stripe *stripe, uint32_t index)
{
	uint8_t token[DLB_TOKEN_LEN], hash[DLB_HASH_LEN];

	dlb_recall_token(token, stripe->recall_key, stripe->number, index);
	dlb_token_hash(hash, token);
	dlb_waybill_write(cell, stripe->expiry_week, hash);
	dlb_wipe(token, sizeof(token));
}

bool
dlb_all_zero(const uint8_t *p, size_t len)
{
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= p[i];
	return any == 0;
}
