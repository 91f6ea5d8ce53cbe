/*
 * backups: one's own, sealed to who keeps it. docs/letterbox.md.
 *
 * A letter to each holder, in one commit: a backup that only some of them got could
 * not be had again, and would look as if it could.
 */
#include "backups.h"

#include "backup_share.h"
#include "kinds.h"

#include <string.h>

static enum dlb_status
check_order(struct dlb_node *n, const struct dlb_backup_order *order,
	struct dlb_error *err)
{
	struct dlb_correspondent who;

	if (!dlb_letterbox_is_person(n->letterbox))
		return dlb_fail(err, DLB_REFUSED,
			"this home is a courier's: there is no identity to "
			"keep");
	if (dlb_letterbox_waits(n->letterbox))
		return dlb_fail(err, DLB_REFUSED,
			"this home waits for the shares of a backup, and is "
			"nobody's yet: dlb restore");
	for (size_t i = 0; i < order->holders_n; i++) {
		enum dlb_status st = dlb_correspondent_by_id(
			n->letterbox, &who, order->holders[i]);

		if (st != DLB_OK)
			return dlb_fail(
				err, st, "there is no such correspondent");
		for (size_t k = 0; k < i; k++)
			if (order->holders[i] == order->holders[k])
				return dlb_fail(err, DLB_USAGE,
					"%s is named twice: each of them keeps "
					"one share",
					who.name);
	}
	return DLB_OK;
}

/* What is in it, divided. */
static enum dlb_status
divide(struct dlb_node *n, const struct dlb_backup_order *order,
	const struct dlb_backup_note *before, struct dlb_backup *out,
	struct dlb_backup_note *note, struct dlb_backup_counts *left_out,
	struct dlb_error *err)
{
	struct dlb_backup_options options = {.first = order->holders,
		.first_n = order->holders_n,
		.no_boxes = order->no_boxes,
		.cap = DLB_BACKUP_CONTENT_MAX};
	struct dlb_backup_what what = {.need = order->need,
		.n = (unsigned)(order->holders_n > UINT16_MAX
				? UINT16_MAX
				: order->holders_n),
		.made_s = n->clock.now_ms / 1000,
		.keep_from_s = before->settled_s};
	struct dlb_buf content = {0};
	struct dlb_backup_info info;
	enum dlb_status st = dlb_backup_content(
		n->letterbox, &content, &options, left_out, err);

	if (st == DLB_OK)
		st = dlb_backup_look(&info, content.data, content.len, err);

	/* Each is newer than the one before it. */
	if (what.made_s <= before->made_s)
		what.made_s = before->made_s + 1;
	what.content = content.data;
	what.len = content.len;
	if (st == DLB_OK)
		st = dlb_backup_make(out, &what, n->env, err);
	dlb_buf_free(&content);
	if (st != DLB_OK)
		return st;
	memcpy(note->id, out->id, sizeof(note->id));
	note->made_s = what.made_s;
	note->settled_s = before->settled_s;
	note->need = (uint8_t)order->need;
	note->counted = true;
	note->no_boxes = order->no_boxes;
	note->held = info.counts;
	note->held.people += left_out->people;
	note->n = (uint8_t)order->holders_n;
	return DLB_OK;
}

static enum dlb_status
send_share(struct dlb_node *n, const struct dlb_backup *b, unsigned i,
	int64_t to, struct dlb_backup_holder *holder,
	struct dlb_backup_result *result, struct dlb_error *err)
{
	struct dlb_kind_out out = {.to = to,
		.kind = DLB_KIND_BACKUP_SHARE,
		.receipt_wanted = true};
	struct dlb_out_letter letter;
	struct dlb_buf record = {0};
	int64_t number = 0;
	enum dlb_status st = dlb_backup_write(&record, b, i);

	if (st != DLB_OK)
		return dlb_fail(err, st, "out of memory for a backup");
	out.content = record.data;
	out.len = record.len;
	result->share_len = record.len;
	st = dlb_kind_add(n, &out, &number, err);
	if (st == DLB_OK)
		st = dlb_out_get(n->letterbox, &letter, number, err);
	if (st == DLB_OK) {
		holder->correspondent = to;
		memcpy(holder->letter_id, letter.letter_id,
			sizeof(holder->letter_id));
		result->cells += letter.cells;
		dlb_wipe(&letter, sizeof(letter));
	}
	dlb_buf_free(&record);
	return st;
}

static enum dlb_status
send_all(struct dlb_node *n, const struct dlb_backup_order *order,
	const struct dlb_backup *b, struct dlb_backup_note *note,
	struct dlb_backup_result *result, struct dlb_error *err)
{
	struct dlb_correspondent who;
	enum dlb_status st = dlb_kind_begin(n, err);

	for (unsigned i = 0; st == DLB_OK && i < b->n; i++) {
		st = send_share(n, b, i, order->holders[i], &note->holders[i],
			result, err);
		if (st != DLB_OK
			&& dlb_correspondent_by_id(
				   n->letterbox, &who, order->holders[i])
				== DLB_OK)
			dlb_error_prefix(err, "%s", who.name);
	}
	if (st == DLB_OK)
		st = dlb_backup_note_set(n->letterbox, note, err);
	if (st == DLB_OK)
		st = dlb_kind_commit(n, err);
	if (st != DLB_OK)
		dlb_kind_undo(n);
	return st;
}

enum dlb_status
dlb_node_backup(struct dlb_node *n, const struct dlb_backup_order *order,
	struct dlb_backup_result *result, struct dlb_error *err)
{
	struct dlb_backup_note before, note = {.n = 0};
	struct dlb_backup b;
	enum dlb_status st = check_order(n, order, err);

	memset(result, 0, sizeof(*result));
	memset(&b, 0, sizeof(b));
	if (st == DLB_OK)
		st = dlb_backup_note_renew(n->letterbox, err);
	if (st == DLB_OK) {
		st = dlb_backup_note_get(n->letterbox, &before, err);
		/* One that can not be read is replaced. */
		if (st == DLB_NOT_FOUND || st == DLB_CORRUPT)
			st = DLB_OK;
	}
	if (st == DLB_OK)
		st = divide(
			n, order, &before, &b, &note, &result->left_out, err);
	if (st == DLB_OK)
		st = send_all(n, order, &b, &note, result, err);
	dlb_backup_free(&b);
	return st;
}
