/*
 * receipts: letters that say which letters arrived. They are written and read by
 * nodes, and nobody sees them: a list of letters' ids for one correspondent, in one
 * cell, sealed and given like any other letter.
 *
 * What is owed stays so until its receipt is sealed; who needs one and does not get
 * it sends their letter again.
 */
#include "kinds.h"

/* ---- those that came ------------------------------------------------------------------ */

/* Ids of letters that are not known, or went to someone else, say nothing. */
enum dlb_status
dlb_receipt_take(struct dlb_kind_in *in, struct dlb_error *err)
{
	const struct dlb_manifest_fields *fields = in->fields;
	struct dlb_node *n = in->n;
	enum dlb_status st = DLB_OK;

	if (in->st != DLB_OK || in->letter->from == 0)
		return DLB_OK;
	for (size_t i = 0; st == DLB_OK && i < fields->received_n; i++) {
		int64_t number;

		st = dlb_out_arrived(n->letterbox, in->letter->from,
			fields->received + i * DLB_LETTER_ID_LEN,
			n->clock.now_ms, &number, err);
		if (st == DLB_OK)
			st = dlb_release_out(in->release, number, err);
		else if (st == DLB_NOT_FOUND)
			st = DLB_OK;
	}
	return st;
}

/* ---- those that go -------------------------------------------------------------------- */

static enum dlb_status
write_one(struct dlb_node *n, int64_t to_whom, const struct dlb_buf *ids,
	struct dlb_error *err)
{
	struct dlb_manifest_fields fields = {.kind = DLB_KIND_RECEIPT,
		.codec = DLB_CODEC_NONE,
		.received = ids->data,
		.received_n = ids->len / DLB_LETTER_ID_LEN};
	struct dlb_kind_out out = {.to = to_whom, .kind = DLB_KIND_RECEIPT};
	struct dlb_buf content = {0};
	enum dlb_status st = dlb_manifest_begin(&content, &fields);

	if (st == DLB_OK)
		st = dlb_manifest_end(&content);
	if (st == DLB_OK)
		st = dlb_kind_seal(n, &out, &content, NULL, err);
	if (st == DLB_OK)
		st = dlb_receipts_written(n->letterbox, to_whom, ids, err);
	dlb_buf_free(&content);
	return st;
}

/* Where one can not be written (a card without a key of the present, no room), it
 * is tried again after the next meeting. */
enum dlb_status
dlb_receipts_write(struct dlb_node *n, struct dlb_error *err)
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
			st = dlb_kind_begin(n, err);
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
	return st == DLB_OK && doubt ? dlb_kind_commit(n, err) : st;
}
