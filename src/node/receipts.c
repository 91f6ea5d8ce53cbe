/*
 * receipts: letters that say which letters arrived. They are written and read by
 * nodes, and nobody sees them: a list of letters' ids for one correspondent, in one
 * cell, sealed and given like any other letter.
 *
 * What is owed stays so until its receipt is sealed; who needs one and does not get
 * it sends their letter again.
 */
#include "node_internal.h"
#include "pack.h"

#include <stdlib.h>
#include <string.h>

/* ---- those that came ------------------------------------------------------------------ */

struct taking {
	struct dlb_node *n;
	struct dlb_release release;
	bool any;
	enum dlb_status st;
	struct dlb_error *err;
};

/* Ids of letters that are not known, or went to someone else, say nothing. */
static void
note_arrivals(struct taking *t, const struct dlb_in_letter *receipt,
	const struct dlb_manifest_fields *fields)
{
	struct dlb_node *n = t->n;

	for (size_t i = 0; t->st == DLB_OK && i < fields->received_n; i++) {
		int64_t number;

		t->st = dlb_out_arrived(n->letterbox, receipt->from,
			fields->received + i * DLB_LETTER_ID_LEN,
			n->clock.now_ms, &number, t->err);
		if (t->st == DLB_OK)
			t->st = dlb_release_out(&t->release, number, t->err);
		else if (t->st == DLB_NOT_FOUND)
			t->st = DLB_OK;
	}
}

static bool
until_manifest(
	void *ctx, const uint8_t *data, size_t len, struct dlb_error *err)
{
	return dlb_unpack_write(ctx, data, len, err) == DLB_OK
		&& dlb_unpack_manifest(ctx) == NULL;
}

static void
read_receipt(struct taking *t, const struct dlb_in_letter *receipt)
{
	struct dlb_unpack_options uo = {.fd = -1,
		.describe_only = true,
		.content_len = receipt->stripe.content_len};
	const struct dlb_manifest *m;
	struct dlb_unpack *u = NULL;

	if (dlb_unpack_open(&u, &uo, NULL) != DLB_OK)
		return;
	if (dlb_node_content(t->n, receipt, 0, until_manifest, u, NULL, NULL)
			== DLB_OK
		&& (m = dlb_unpack_manifest(u)) != NULL)
		note_arrivals(t, receipt, &m->fields);
	dlb_unpack_close(u);
}

static bool
take_one(void *ctx, const struct dlb_in_letter *receipt)
{
	struct taking *t = ctx;

	if (receipt->state == DLB_IN_PARTLY)
		return true;
	t->any = true;
	if (receipt->from != 0)
		read_receipt(t, receipt);
	if (t->st == DLB_OK)
		t->st = dlb_release_in(&t->release, receipt);
	if (t->st == DLB_OK)
		t->st = dlb_in_delete(t->n->letterbox, receipt->number, t->err);
	return t->st == DLB_OK;
}

static enum dlb_status
take_all(struct dlb_node *n, struct dlb_error *err)
{
	struct taking t = {.n = n, .release = {.n = n}, .err = err};
	enum dlb_status st = dlb_in_receipts(n->letterbox, take_one, &t, err);

	if (st == DLB_OK)
		st = t.st;
	if (st == DLB_OK && t.any)
		st = dlb_release_commit(&t.release, err);
	dlb_release_free(&t.release);
	return st;
}

/* ---- those that go -------------------------------------------------------------------- */

static enum dlb_status
content_of(struct dlb_sealing *l, const struct dlb_buf *ids)
{
	struct dlb_manifest_fields fields = {.kind = DLB_KIND_RECEIPT,
		.codec = DLB_CODEC_NONE,
		.received = ids->data,
		.received_n = ids->len / DLB_LETTER_ID_LEN};
	enum dlb_status st = dlb_manifest_begin(&l->head, &fields);

	return st == DLB_OK ? dlb_manifest_end(&l->head) : st;
}

/* One cell, held until a meeting has given it. */
static enum dlb_status
seal_receipt(struct dlb_node *n, struct dlb_sealing *l,
	const struct dlb_seal_to *to, const struct dlb_seal_from *from,
	struct dlb_error *err)
{
	struct dlb_sealer *sealer = NULL;
	enum dlb_status st;

	l->stripe.content_len = l->stripe.stripe_len = l->head.len;
	st = dlb_stripe_layout(&l->stripe, from->card_len);
	if (st != DLB_OK || l->stripe.cells != 1)
		return dlb_fail(err, DLB_LIMIT, "a receipt is too long");
	if (dlb_satchel_room_held(n->satchel) == 0)
		return dlb_fail(err, DLB_NO_SPACE, "no room for a receipt");
	st = dlb_sealer_new(&sealer, n, to, from, DLB_HELD | DLB_OWN, err);
	if (st == DLB_OK)
		st = dlb_sealer_add(sealer, l, 0, l->head.len, err);
	if (st == DLB_OK)
		st = dlb_sealer_flush(sealer, err);
	if (st == DLB_OK)
		st = dlb_sealing_note(l, n, err);
	dlb_sealer_free(sealer);
	return st;
}

static enum dlb_status
write_one(struct dlb_node *n, int64_t to_whom, const struct dlb_buf *ids,
	struct dlb_error *err)
{
	struct dlb_sealing *l = dlb_sealing_new(n);
	struct dlb_seal_from from;
	struct dlb_seal_to to;
	enum dlb_status st;

	if (!l)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	l->row.to = to_whom;
	l->row.kind = DLB_KIND_RECEIPT;
	st = dlb_correspondent_seal_keys(
		n->letterbox, to_whom, n->clock.now_ms, false, &to, &from, err);
	if (st == DLB_OK)
		st = content_of(l, ids);
	if (st == DLB_OK)
		st = seal_receipt(n, l, &to, &from, err);
	if (st == DLB_OK)
		st = dlb_receipts_written(n->letterbox, to_whom, ids, err);
	if (st == DLB_OK && from.card_len)
		st = dlb_correspondent_mark(
			n->letterbox, to_whom, false, true, err);
	dlb_wipe(&from, sizeof(from));
	dlb_sealing_free(l);
	return st;
}

/* Where one can not be written (a card without a key of the present, no room), it
 * is tried again after the next meeting. */
static enum dlb_status
write_all(struct dlb_node *n, struct dlb_error *err)
{
	struct dlb_buf ids = {0};
	int64_t to = 0;
	bool doubt = false;
	enum dlb_status st;

	for (;;) {
		st = dlb_receipts_owed(n->letterbox, to, &to, &ids, err);
		if (st != DLB_OK)
			break;
		if (!doubt) {
			st = dlb_node_doubt_holds(n, true, err);
			if (st == DLB_OK)
				st = dlb_letterbox_commit(n->letterbox, err);
			if (st != DLB_OK)
				break;
			doubt = true;
		}
		/* Who is owed more than one holds is next again. */
		if (write_one(n, to, &ids, NULL) == DLB_OK
			&& ids.len
				== (size_t)DLB_RECEIPT_IDS_MAX
					* DLB_LETTER_ID_LEN)
			to--;
	}
	dlb_buf_free(&ids);
	if (st == DLB_NOT_FOUND)
		st = DLB_OK;
	if (st == DLB_OK && doubt)
		st = dlb_node_doubt_holds(n, false, err);
	return st == DLB_OK && doubt ? dlb_letterbox_commit(n->letterbox, err)
				     : st;
}

enum dlb_status
dlb_node_receipts(struct dlb_node *n, struct dlb_error *err)
{
	enum dlb_status st = take_all(n, err);

	/* A clock that is not believed would date them wrongly. */
	return st == DLB_OK && n->clock.trusted_week ? write_all(n, err) : st;
}
