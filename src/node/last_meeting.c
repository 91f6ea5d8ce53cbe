/*
 * What the last meeting showed to the other side: kept for `dlb exposure`, the last
 * one only.
 */
#include "node_internal.h"

#include <string.h>

#define SET_WITH "meet.last.with"
#define SET_NUMBERS "meet.last.numbers"
#define NUMBERS_LEN (6 * 8)

enum dlb_status
dlb_last_meeting_note(struct dlb_node *n, const struct dlb_last_meeting *last,
	struct dlb_error *err)
{
	uint8_t bytes[NUMBERS_LEN];
	char with[sizeof(last->with)];
	struct dlb_writer w;
	enum dlb_status st;

	/* A path may be any bytes. */
	dlb_printable(with, sizeof(with), last->with, strlen(last->with));
	dlb_writer_init(&w, bytes, sizeof(bytes));
	dlb_write_u64(&w, (uint64_t)last->when_ms);
	dlb_write_u64(&w, last->peer);
	dlb_write_u64(&w, last->carried);
	dlb_write_u64(&w, last->given);
	dlb_write_u64(&w, last->given_own);
	dlb_write_u64(&w, last->taken);
	st = dlb_setting_set_blob(
		n->letterbox, SET_NUMBERS, bytes, sizeof(bytes), err);
	if (st == DLB_OK)
		st = dlb_setting_set_text(n->letterbox, SET_WITH, with, err);
	return st;
}

enum dlb_status
dlb_node_last_meeting(struct dlb_node *n, struct dlb_last_meeting *out)
{
	uint8_t bytes[NUMBERS_LEN];
	struct dlb_reader r;
	enum dlb_status st;

	memset(out, 0, sizeof(*out));
	st = dlb_setting_get_blob(
		n->letterbox, SET_NUMBERS, bytes, sizeof(bytes));
	if (st == DLB_OK)
		st = dlb_setting_get_text(
			n->letterbox, SET_WITH, out->with, sizeof(out->with));
	if (st != DLB_OK)
		return st;
	dlb_reader_init(&r, bytes, sizeof(bytes));
	out->when_ms = (int64_t)dlb_read_u64(&r);
	out->peer = dlb_read_u64(&r) != 0;
	out->carried = dlb_read_u64(&r);
	out->given = dlb_read_u64(&r);
	out->given_own = dlb_read_u64(&r);
	out->taken = dlb_read_u64(&r);
	return DLB_OK;
}

enum dlb_status
dlb_last_meeting_strike(struct dlb_node *n, struct dlb_error *err)
{
	static const char stranger[] = "a stranger who has ";
	struct dlb_last_meeting last;
	const char *with;
	enum dlb_status st = dlb_node_last_meeting(n, &last);

	if (st == DLB_NOT_FOUND)
		return DLB_OK;
	if (st != DLB_OK)
		return dlb_fail(err, st, "the last meeting can not be read");
	if (strncmp(last.with, "box ", 4) == 0)
		with = "a box";
	else if (strncmp(last.with, stranger, sizeof(stranger) - 1) == 0)
		with = "a stranger";
	else
		return DLB_OK;
	return dlb_setting_set_text(n->letterbox, SET_WITH, with, err);
}

enum dlb_status
dlb_node_box_forget(struct dlb_node *n, const char *name, struct dlb_error *err)
{
	enum dlb_status st = dlb_box_forget(n->letterbox, name, err);

	if (st == DLB_OK)
		st = dlb_last_meeting_strike(n, err);
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}
