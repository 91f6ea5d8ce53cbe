/*
 * Finding a head cell by trial, and opening it. docs/cell.md, section 4; head.c
 * is the other way round.
 *
 * The cell is hostile: whoever made it may know all public keys of the reader and
 * may have sealed anything. Invariants: no byte is parsed before the box it lies
 * in has verified; every length is bounded before it is used; a call that fails
 * leaves zeros.
 */
#include "cell_internal.h"

#include <string.h>

enum dlb_status
dlb_find(uint8_t shared[static DLB_POINT_LEN],
	const uint8_t prefix[static DLB_TRIAL_LEN],
	const uint8_t finding_secret[static DLB_SCALAR_LEN],
	const struct dlb_identity *reader)
{
	struct dlb_waybill waybill;
	struct dlb_schedule s = {0};
	bool mine;

	memset(shared, 0, DLB_POINT_LEN);
	if (dlb_waybill_read(&waybill, prefix) != DLB_OK)
		return DLB_NOT_MINE;
	if (dlb_point_mul(shared, finding_secret, prefix + DLB_AT_HANDLE)
		!= DLB_OK) {
		memset(shared, 0, DLB_POINT_LEN);
		return DLB_NOT_MINE;
	}
	dlb_schedule_box1(&s, prefix, reader, shared);
	mine = dlb_equal(prefix + DLB_AT_BODY, s.commitment, DLB_COMMIT_LEN);
	dlb_wipe(&s, sizeof(s));
	if (mine)
		return DLB_OK;
	dlb_wipe(shared, DLB_POINT_LEN);
	return DLB_NOT_MINE;
}

/* Box 1: yields X-Wing's secret and the length of box 2. */
static enum dlb_status
open_box1(struct dlb_opened *out, uint8_t ss[static 32], size_t *box2_len,
	const uint8_t *box, struct dlb_aead *aead, const struct dlb_schedule *s,
	const struct dlb_opener *opener, struct dlb_error *err)
{
	struct dlb_reader r;
	const uint8_t *ct, *secret;
	enum dlb_status status;

	status = dlb_box_open(out->plain, box, DLB_BOX1_LEN, aead, s);
	if (status == DLB_WRONG_KEY)
		return dlb_fail(
			err, DLB_NOT_MINE, "the cell is not for this reader");
	if (status != DLB_OK)
		return dlb_fail(err, DLB_FORGED,
			"the cell was changed after it was sealed (box 1)");
	dlb_reader_init(&r, out->plain, DLB_BOX1_PLAIN_LEN);
	out->opening_id = dlb_read_u32(&r);
	*box2_len = dlb_read_u16(&r);
	dlb_read_zeros(&r, 10);
	ct = dlb_read_view(&r, DLB_XWING_CT_LEN);
	if (!dlb_reader_done(&r) || *box2_len < DLB_BOX2_LEN_MIN
		|| *box2_len > DLB_BOX2_LEN_MAX)
		return dlb_fail(err, DLB_MALFORMED,
			"the cell's first box is not in the form it should "
			"have");
	secret = opener->opening(opener->ctx, out->opening_id);
	if (!secret)
		return dlb_fail(err, DLB_NOT_FOUND,
			"the key that this letter was sealed to is gone");
	dlb_xwing_decaps_expanded(ss, ct, secret);
	return DLB_OK;
}

/* What box 2 held, from the start of out->plain: the sender, as they say, and their
 * card. It stays there. */
static void
parse_box2(struct dlb_opened *out, size_t box_len)
{
	memcpy(out->sender.sign, out->plain, 32);
	memcpy(out->sender.agree, out->plain + 32, 32);
	out->card_len = box_len - DLB_BOX2_LEN_MIN;
	out->card = out->card_len ? out->plain + DLB_BOX2_FIXED_LEN : NULL;
}

static enum dlb_status
open_box2(struct dlb_opened *out, const uint8_t *box, size_t box_len,
	struct dlb_aead *aead, const struct dlb_schedule *s,
	struct dlb_error *err)
{
	if (dlb_box_open(out->plain, box, box_len, aead, s) != DLB_OK)
		return dlb_fail(err, DLB_FORGED,
			"the cell was changed after it was sealed (box 2)");
	parse_box2(out, box_len);
	if (out->card_len == 0)
		return DLB_OK;
	memcpy(out->card_key.key, s->key, sizeof(out->card_key.key));
	memcpy(out->card_key.transcript, s->transcript,
		sizeof(out->card_key.transcript));
	return DLB_OK;
}

/* What box 3 held, from `plain` on within out->plain: fields, content, zeros. */
static enum dlb_status
parse_box3(struct dlb_opened *out, const uint8_t *plain, size_t plain_len,
	size_t card_len, const uint8_t *cell, struct dlb_error *err)
{
	struct dlb_waybill waybill;
	size_t used;

	if (dlb_stripe_decode(&out->stripe, plain, card_len) != DLB_OK)
		return dlb_fail(err, DLB_MALFORMED,
			"the letter's fields contradict each other");
	/* The layout has bounded inline_len by the room there is. */
	used = DLB_FIELDS_LEN + out->stripe.inline_len;
	if (!dlb_all_zero(plain + used, plain_len - used))
		return dlb_fail(
			err, DLB_MALFORMED, "the letter's padding is not zero");
	if (dlb_waybill_read(&waybill, cell) != DLB_OK)
		return dlb_fail(err, DLB_MALFORMED,
			"the cell's waybill is not in the form it should have");
	out->stripe.expiry_week = waybill.expiry_week;
	out->content = out->stripe.inline_len ? plain + DLB_FIELDS_LEN : NULL;
	return DLB_OK;
}

/* Box 3: opens only where the sender that box 2 names (or the reader) made it. */
static enum dlb_status
open_box3(struct dlb_opened *out, const uint8_t *cell, size_t offset,
	struct dlb_aead *aead, const struct dlb_schedule *s,
	struct dlb_error *err)
{
	size_t box_len = DLB_BODY_LEN - offset;
	uint8_t *plain = out->plain + DLB_BOX2_FIXED_LEN + out->card_len;

	if (dlb_box_open(plain, cell + DLB_AT_BODY + offset, box_len, aead, s)
		!= DLB_OK)
		return dlb_fail(err, DLB_FORGED,
			"the sender that the cell names did not seal it");
	out->box3_offset = (uint32_t)offset;
	memcpy(out->box3_key, s->key, sizeof(out->box3_key));
	memcpy(out->transcript, s->transcript, sizeof(out->transcript));
	return parse_box3(out, plain, box_len - DLB_BOX_OVERHEAD, out->card_len,
		cell, err);
}

static enum dlb_status
agree(uint8_t agreed[static 32], const struct dlb_opener *opener,
	const uint8_t with[static 32])
{
	struct dlb_agreement *last = opener->agreement;
	enum dlb_status status;

	if (last && last->known && dlb_equal(last->with, with, 32)) {
		memcpy(agreed, last->agreed, 32);
		return DLB_OK;
	}
	status = dlb_x25519(agreed, opener->agree_secret, with);
	if (last && status == DLB_OK) {
		last->known = true;
		memcpy(last->with, with, 32);
		memcpy(last->agreed, agreed, 32);
	}
	return status;
}

static enum dlb_status
open_boxes(struct dlb_opened *out, struct dlb_aead *aead,
	const uint8_t cell[static DLB_CELL_LEN],
	const uint8_t shared[static DLB_POINT_LEN],
	const struct dlb_opener *opener, struct dlb_error *err)
{
	const uint8_t *box1 = cell + DLB_AT_BODY, *box2 = cell + DLB_AT_BOX2;
	struct dlb_schedule s = {0};
	uint8_t ss[32] = {0}, agreed[32] = {0};
	size_t box2_len = 0;
	enum dlb_status status;

	dlb_schedule_box1(&s, cell, &opener->reader, shared);
	status = open_box1(out, ss, &box2_len, box1, aead, &s, opener, err);
	if (status != DLB_OK)
		goto out;
	dlb_schedule_box2(&s, box1, ss);
	status = open_box2(out, box2, box2_len, aead, &s, err);
	if (status != DLB_OK)
		goto out;
	status = agree(agreed, opener, out->sender.agree);
	if (status != DLB_OK) {
		status = dlb_fail(err, DLB_FORGED,
			"the sender's key can not agree with any other");
		goto out;
	}
	dlb_schedule_box3(&s, box2, box2_len, &out->sender, agreed);
	status = open_box3(out, cell, DLB_BOX1_LEN + box2_len, aead, &s, err);
out:
	dlb_wipe(&s, sizeof(s));
	dlb_wipe(ss, sizeof(ss));
	dlb_wipe(agreed, sizeof(agreed));
	return status;
}

enum dlb_status
dlb_head_open(struct dlb_opened *out, struct dlb_aead *aead,
	const uint8_t cell[static DLB_CELL_LEN],
	const uint8_t shared[static DLB_POINT_LEN],
	const struct dlb_opener *opener, struct dlb_error *err)
{
	struct dlb_waybill waybill;
	enum dlb_status status;

	memset(out, 0, sizeof(*out));
	status = dlb_cell_check(&waybill, cell, err);
	if (status != DLB_OK)
		return status;
	status = open_boxes(out, aead, cell, shared, opener, err);
	if (status != DLB_OK)
		dlb_wipe(out, sizeof(*out));
	return status;
}

/* The length of the card that rides before a third box at that offset. */
static enum dlb_status
card_len_of(size_t *out, uint32_t box3_offset, struct dlb_error *err)
{
	const size_t least = DLB_BOX1_LEN + DLB_BOX2_LEN_MIN;

	if (box3_offset < least || box3_offset - least > DLB_CARD_RIDE_MAX)
		return dlb_fail(err, DLB_MALFORMED,
			"there can be no third box at %u", box3_offset);
	*out = box3_offset - least;
	return DLB_OK;
}

/* The AEAD alone, of a box whose key was found to be the right one before. */
static enum dlb_status
reopen_box(uint8_t *plain, const uint8_t *box, size_t box_len,
	struct dlb_aead *aead, const uint8_t *key, const uint8_t *transcript,
	struct dlb_error *err)
{
	if (dlb_aead_open(aead, plain, key, transcript, DLB_HASH_LEN,
		    box + DLB_COMMIT_LEN, box_len - DLB_COMMIT_LEN)
		!= DLB_OK)
		return dlb_fail(err, DLB_FORGED,
			"the cell is not the one that was opened before");
	return DLB_OK;
}

enum dlb_status
dlb_head_card(struct dlb_opened *out, struct dlb_aead *aead,
	const uint8_t cell[static DLB_CELL_LEN],
	const struct dlb_card_key *card_key, uint32_t box3_offset,
	struct dlb_error *err)
{
	size_t card_len = 0;
	enum dlb_status status;

	memset(out, 0, sizeof(*out));
	status = card_len_of(&card_len, box3_offset, err);
	if (status == DLB_OK && card_len == 0)
		status = dlb_fail(
			err, DLB_NOT_FOUND, "no card rode along with it");
	if (status == DLB_OK)
		status = reopen_box(out->plain, cell + DLB_AT_BOX2,
			DLB_BOX2_LEN(card_len), aead, card_key->key,
			card_key->transcript, err);
	if (status == DLB_OK)
		parse_box2(out, DLB_BOX2_LEN(card_len));
	else
		dlb_wipe(out, sizeof(*out));
	return status;
}

enum dlb_status
dlb_head_reopen(struct dlb_opened *out, struct dlb_aead *aead,
	const uint8_t cell[static DLB_CELL_LEN],
	const uint8_t box3_key[static DLB_KEY_LEN], uint32_t box3_offset,
	const uint8_t transcript[static DLB_HASH_LEN], struct dlb_error *err)
{
	size_t card_len = 0, len;
	enum dlb_status status;

	memset(out, 0, sizeof(*out));
	status = card_len_of(&card_len, box3_offset, err);
	if (status != DLB_OK)
		return status;
	len = DLB_BODY_LEN - box3_offset;
	status = reopen_box(out->plain, cell + DLB_AT_BODY + box3_offset, len,
		aead, box3_key, transcript, err);
	if (status != DLB_OK)
		goto out;
	out->box3_offset = box3_offset;
	memcpy(out->box3_key, box3_key, sizeof(out->box3_key));
	memcpy(out->transcript, transcript, sizeof(out->transcript));
	status = parse_box3(
		out, out->plain, len - DLB_BOX_OVERHEAD, card_len, cell, err);
out:
	if (status != DLB_OK)
		dlb_wipe(out, sizeof(*out));
	return status;
}
