/*
 * Sealing the head cell of a stripe: handle, three boxes, waybill. docs/cell.md,
 * section 4; open.c is the other way round.
 *
 * Invariant: everything is written where it will lie and sealed in place; a call
 * that fails leaves a zeroed cell. What dlb_head_open would refuse is not sealed.
 */
#include "cell_internal.h"

#include <string.h>

/* What a caller may have wrong. */
static enum dlb_status
check_input(const struct dlb_seal_from *from, const struct dlb_stripe *stripe,
	struct dlb_error *err)
{
	if (from->card_len > DLB_CARD_RIDE_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"a card of %zu bytes is too long to ride in a letter",
			from->card_len);
	if (dlb_stripe_check(stripe, from->card_len) != DLB_OK)
		return dlb_fail(err, DLB_USAGE,
			"the letter's lengths do not fit together");
	if (dlb_all_zero(from->shared, sizeof(from->shared)))
		return dlb_fail(err, DLB_USAGE,
			"sender and reader have agreed on no key");
	return DLB_OK;
}

/* Box 1: which opening key, and the ciphertext for it. Leaves X-Wing's shared
 * secret in ss. */
static enum dlb_status
seal_box1(uint8_t *box, struct dlb_aead *aead, const struct dlb_schedule *s,
	uint8_t ss[static 32], const struct dlb_seal_to *to, size_t box2_len,
	const uint8_t eseed[static DLB_XWING_ESEED_LEN])
{
	struct dlb_writer w;
	enum dlb_status status;

	dlb_writer_init(&w, box + DLB_COMMIT_LEN, DLB_BOX1_PLAIN_LEN);
	dlb_write_u32(&w, to->opening_id);
	dlb_write_u16(&w, (uint16_t)box2_len);
	dlb_write_zeros(&w, 10);
	status = dlb_xwing_encaps(w.buf + w.len, ss, to->opening, eseed);
	if (status != DLB_OK)
		return status;
	dlb_box_seal(box, DLB_BOX1_PLAIN_LEN, aead, s);
	return DLB_OK;
}

/* Box 2: who sends. */
static void
seal_box2(uint8_t *box, struct dlb_aead *aead, const struct dlb_schedule *s,
	const struct dlb_seal_from *from)
{
	struct dlb_writer w;

	dlb_writer_init(
		&w, box + DLB_COMMIT_LEN, DLB_BOX2_FIXED_LEN + from->card_len);
	dlb_write_bytes(&w, from->identity.sign, sizeof(from->identity.sign));
	dlb_write_bytes(&w, from->identity.agree, sizeof(from->identity.agree));
	if (from->card_len)
		dlb_write_bytes(&w, from->card, from->card_len);
	dlb_box_seal(box, w.len, aead, s);
}

/* Box 3: the stripe, and what of its content fits; it ends with the cell. */
static void
seal_box3(uint8_t *box, size_t box_len, struct dlb_aead *aead,
	const struct dlb_schedule *s, const struct dlb_stripe *stripe,
	const uint8_t *content)
{
	uint8_t *plain = box + DLB_COMMIT_LEN;
	size_t plain_len = box_len - DLB_BOX_OVERHEAD;
	size_t used = DLB_FIELDS_LEN + stripe->inline_len;

	dlb_stripe_encode(plain, stripe);
	if (stripe->inline_len)
		memcpy(plain + DLB_FIELDS_LEN, content, stripe->inline_len);
	memset(plain + used, 0, plain_len - used);
	dlb_box_seal(box, plain_len, aead, s);
}

/* r and S = r*F, or f and S = f*handle; the handle goes into the cell. */
static enum dlb_status
agree_finding(uint8_t cell[static DLB_CELL_LEN],
	uint8_t shared[static DLB_POINT_LEN],
	const uint8_t r[static DLB_SCALAR_LEN], const struct dlb_seal_to *to)
{
	if (to->at.handle) {
		memcpy(cell + DLB_AT_HANDLE, to->at.handle, DLB_HANDLE_LEN);
		return dlb_point_mul(
			shared, to->at.finding_secret, to->at.handle);
	}
	/* A product of the base point is valid but for the identity, which is all
	 * zero. */
	dlb_point_base(cell + DLB_AT_HANDLE, r);
	if (dlb_all_zero(cell + DLB_AT_HANDLE, DLB_HANDLE_LEN))
		return DLB_MALFORMED;
	return dlb_point_mul(shared, r, to->finding);
}

enum dlb_status
dlb_head_seal_with(uint8_t cell[static DLB_CELL_LEN], struct dlb_aead *aead,
	const struct dlb_seal_to *to, const struct dlb_seal_from *from,
	const struct dlb_stripe *stripe, const uint8_t *content,
	const struct dlb_head_random *random, struct dlb_error *err)
{
	uint8_t shared[DLB_POINT_LEN] = {0}, ss[32] = {0};
	struct dlb_schedule s = {0};
	uint8_t *box1 = cell + DLB_AT_BODY, *box2 = cell + DLB_AT_BOX2;
	size_t box2_len;
	enum dlb_status status;

	status = check_input(from, stripe, err);
	if (status != DLB_OK)
		goto out;
	box2_len = DLB_BOX2_LEN(from->card_len);
	dlb_stripe_waybill(cell, stripe, 0);
	status = agree_finding(cell, shared, random->r, to);
	if (status != DLB_OK) {
		status = dlb_fail(err, status,
			"the reader's finding key is not a valid key");
		goto out;
	}
	dlb_schedule_box1(&s, cell, &to->identity, shared);
	status = seal_box1(box1, aead, &s, ss, to, box2_len, random->eseed);
	if (status != DLB_OK) {
		status = dlb_fail(err, status,
			"the reader's opening key is not a valid key");
		goto out;
	}
	dlb_schedule_box2(&s, box1, ss);
	seal_box2(box2, aead, &s, from);
	dlb_schedule_box3(&s, box2, box2_len, &from->identity, from->shared);
	seal_box3(box2 + box2_len, DLB_BODY_LEN - DLB_BOX1_LEN - box2_len, aead,
		&s, stripe, content);
	dlb_cell_tag(cell, stripe->tag_key, random->box_tag);
out:
	if (status != DLB_OK)
		dlb_wipe(cell, DLB_CELL_LEN);
	dlb_wipe(shared, sizeof(shared));
	dlb_wipe(ss, sizeof(ss));
	dlb_wipe(&s, sizeof(s));
	return status;
}

enum dlb_status
dlb_head_seal(uint8_t cell[static DLB_CELL_LEN], struct dlb_aead *aead,
	const struct dlb_seal_to *to, const struct dlb_seal_from *from,
	const struct dlb_stripe *stripe, const uint8_t *content,
	const struct dlb_env *env, struct dlb_error *err)
{
	struct dlb_head_random random;
	enum dlb_status status;

	dlb_scalar_random(random.r, env);
	dlb_random(env, random.eseed, sizeof(random.eseed));
	dlb_random(env, random.box_tag, sizeof(random.box_tag));
	status = dlb_head_seal_with(
		cell, aead, to, from, stripe, content, &random, err);
	dlb_wipe(&random, sizeof(random));
	return status;
}
