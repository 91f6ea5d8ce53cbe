/*
 * Who keeps shares of one's last backup, and which of them said so.
 */
#include "backup_internal.h"

#include <string.h>

#define VERSION 2 /* 1 did not say what it holds */
#define HEAD_LEN (1 + DLB_BACKUP_ID_BYTES + 8 + 8 + 1 + 1)
#define HELD_LEN (2 + 5 * 4)
/* As long as one may be. */
#define NEW_CAP 2031616u
#define HOLDER_LEN (8 + DLB_LETTER_ID_LEN + 8)

static const char own_backup[] = "backup";

enum dlb_status
dlb_backup_note_set(struct dlb_letterbox *l, const struct dlb_backup_note *note,
	struct dlb_error *err)
{
	uint8_t bytes[HEAD_LEN + 255 * HOLDER_LEN + HELD_LEN];
	struct dlb_writer w;

	dlb_writer_init(&w, bytes, sizeof(bytes));
	dlb_write_u8(&w, VERSION);
	dlb_write_bytes(&w, note->id, sizeof(note->id));
	dlb_write_u64(&w, (uint64_t)note->made_s);
	dlb_write_u64(&w, (uint64_t)note->settled_s);
	dlb_write_u8(&w, note->need);
	dlb_write_u8(&w, note->n);
	for (unsigned i = 0; i < note->n; i++) {
		const struct dlb_backup_holder *h = &note->holders[i];

		dlb_write_u64(&w, (uint64_t)h->correspondent);
		dlb_write_bytes(&w, h->letter_id, sizeof(h->letter_id));
		dlb_write_u64(&w, (uint64_t)h->arrived_ms);
	}
	dlb_write_u8(&w, note->counted);
	dlb_write_u8(&w, note->no_boxes);
	dlb_write_u32(&w, note->held.people);
	dlb_write_u32(&w, note->held.boxes);
	dlb_write_u32(&w, note->held.authors);
	dlb_write_u32(&w, note->held.rosters);
	dlb_write_u32(&w, note->held.own_rosters);
	return dlb_own_set_blob(l, own_backup, bytes, w.len, err);
}

static void
read_held(struct dlb_reader *r, struct dlb_backup_note *out)
{
	out->counted = dlb_read_u8(r) != 0;
	out->no_boxes = dlb_read_u8(r) != 0;
	out->held.people = dlb_read_u32(r);
	out->held.boxes = dlb_read_u32(r);
	out->held.authors = dlb_read_u32(r);
	out->held.rosters = dlb_read_u32(r);
	out->held.own_rosters = dlb_read_u32(r);
}

enum dlb_status
dlb_backup_note_get(struct dlb_letterbox *l, struct dlb_backup_note *out,
	struct dlb_error *err)
{
	struct dlb_buf bytes = {0};
	struct dlb_reader r;
	uint8_t version;
	enum dlb_status s = dlb_own_get_buf(l, own_backup, &bytes);

	memset(out, 0, sizeof(*out));
	if (s != DLB_OK) {
		dlb_buf_free(&bytes);
		return s == DLB_NOT_FOUND
			? s
			: dlb_fail(err, s,
				"what is known of the backup can not be read");
	}
	dlb_reader_init(&r, bytes.data, bytes.len);
	version = dlb_read_u8(&r);
	dlb_read_bytes(&r, out->id, sizeof(out->id));
	out->made_s = (int64_t)dlb_read_u64(&r);
	out->settled_s = (int64_t)dlb_read_u64(&r);
	out->need = dlb_read_u8(&r);
	out->n = dlb_read_u8(&r);
	for (unsigned i = 0; i < out->n; i++) {
		struct dlb_backup_holder *h = &out->holders[i];

		h->correspondent = (int64_t)dlb_read_u64(&r);
		dlb_read_bytes(&r, h->letter_id, sizeof(h->letter_id));
		h->arrived_ms = (int64_t)dlb_read_u64(&r);
	}
	if (version == VERSION)
		read_held(&r, out);
	if (!dlb_reader_done(&r) || version < 1 || version > VERSION)
		s = dlb_fail(err, DLB_CORRUPT,
			"what is known of the backup can not be read: make "
			"another one");
	dlb_buf_free(&bytes);
	return s;
}

static enum dlb_status
arrival(struct dlb_letterbox *l, struct dlb_backup_holder *h, bool *changed,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT arrived_ms FROM letters_out WHERE letter_id = ?1"
		" AND correspondent = ?2 AND arrived_ms > 0";
	struct dlb_query q;

	if (h->arrived_ms)
		return DLB_OK;
	dlb_query(&q, &l->db, sql);
	dlb_query_blob(&q, h->letter_id, sizeof(h->letter_id));
	dlb_query_int(&q, h->correspondent);
	if (dlb_query_row(&q)) {
		h->arrived_ms = dlb_query_get_int(&q);
		*changed = true;
	}
	return dlb_query_end(&q, err);
}

unsigned
dlb_backup_note_arrived(const struct dlb_backup_note *note)
{
	unsigned n = 0;

	for (unsigned i = 0; i < note->n; i++)
		n += note->holders[i].arrived_ms > 0;
	return n;
}

enum dlb_status
dlb_backup_note_renew(struct dlb_letterbox *l, struct dlb_error *err)
{
	struct dlb_backup_note note;
	bool changed = false;
	enum dlb_status s = dlb_backup_note_get(l, &note, err);

	if (s == DLB_NOT_FOUND)
		return DLB_OK;
	for (unsigned i = 0; s == DLB_OK && i < note.n; i++)
		s = arrival(l, &note.holders[i], &changed, err);
	if (s != DLB_OK || !changed)
		return s;
	if (dlb_backup_note_arrived(&note) >= note.need)
		note.settled_s = note.made_s;
	return dlb_backup_note_set(l, &note, err);
}

static uint32_t
more(uint32_t now, uint32_t then)
{
	return now > then ? now - then : 0;
}

enum dlb_status
dlb_backup_note_new(struct dlb_letterbox *l, const struct dlb_backup_note *note,
	struct dlb_backup_counts *out, struct dlb_error *err)
{
	struct dlb_backup_options options = {
		.no_boxes = note->no_boxes, .cap = NEW_CAP};
	const struct dlb_backup_counts *then = &note->held;
	struct dlb_backup_counts left_out, *now;
	struct dlb_backup_info info;
	struct dlb_buf content = {0};
	enum dlb_status s;

	memset(out, 0, sizeof(*out));
	if (!note->counted)
		return DLB_NOT_FOUND;
	s = dlb_backup_content(l, &content, &options, &left_out, err);
	if (s == DLB_OK)
		s = dlb_backup_look(&info, content.data, content.len, err);
	dlb_buf_free(&content);
	if (s != DLB_OK)
		return s;
	now = &info.counts;
	out->people = more(now->people + left_out.people, then->people);
	out->boxes = more(now->boxes, then->boxes);
	out->authors = more(now->authors, then->authors);
	out->rosters = more(now->rosters, then->rosters);
	out->own_rosters = more(now->own_rosters, then->own_rosters);
	return DLB_OK;
}
