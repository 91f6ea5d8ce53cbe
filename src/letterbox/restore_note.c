/*
 * What is left to do once a letterbox was had again.
 */
#include "backup_internal.h"

#include <string.h>

#define VERSION 1
#define NOTE_LEN                                                               \
	(1 + DLB_BACKUP_ID_BYTES + 8 + 2 + 8 + 7 * 4 + 3 + 2 * 8 + 2 * 4)

static const char own_note[] = "restored";

enum dlb_status
dlb_restore_note_set(struct dlb_letterbox *l,
	const struct dlb_restore_note *note, struct dlb_error *err)
{
	const struct dlb_restored *r = &note->restored;
	uint8_t bytes[NOTE_LEN];
	struct dlb_writer w;

	dlb_writer_init(&w, bytes, sizeof(bytes));
	dlb_write_u8(&w, VERSION);
	dlb_write_bytes(&w, note->backup_id, sizeof(note->backup_id));
	dlb_write_u64(&w, (uint64_t)note->made_s);
	dlb_write_u16(&w, note->last_month);
	dlb_write_u64(&w, r->serial);
	dlb_write_u32(&w, r->counts.people);
	dlb_write_u32(&w, r->counts.boxes);
	dlb_write_u32(&w, r->counts.authors);
	dlb_write_u32(&w, r->counts.rosters);
	dlb_write_u32(&w, r->counts.own_rosters);
	dlb_write_u32(&w, r->refused);
	dlb_write_u32(&w, r->unknown);
	dlb_write_u8(&w, note->look);
	dlb_write_u8(&w, note->card);
	dlb_write_u8(&w, note->tell);
	dlb_write_u64(&w, (uint64_t)note->told);
	dlb_write_u64(&w, (uint64_t)note->from);
	dlb_write_u32(&w, note->told_n);
	dlb_write_u32(&w, note->failed_n);
	return dlb_own_set_blob(l, own_note, bytes, w.len, err);
}

enum dlb_status
dlb_restore_note_get(struct dlb_letterbox *l, struct dlb_restore_note *out,
	struct dlb_error *err)
{
	struct dlb_restored *r = &out->restored;
	uint8_t bytes[NOTE_LEN];
	struct dlb_reader reader;
	uint8_t version;
	enum dlb_status s = dlb_own_get_blob(l, own_note, bytes, sizeof(bytes));

	memset(out, 0, sizeof(*out));
	if (s == DLB_NOT_FOUND)
		return s;
	if (s != DLB_OK)
		return dlb_fail(err, s,
			"what is known of the restoring can not be read");
	dlb_reader_init(&reader, bytes, sizeof(bytes));
	version = dlb_read_u8(&reader);
	dlb_read_bytes(&reader, out->backup_id, sizeof(out->backup_id));
	out->made_s = (int64_t)dlb_read_u64(&reader);
	out->last_month = dlb_read_u16(&reader);
	r->serial = dlb_read_u64(&reader);
	r->counts.people = dlb_read_u32(&reader);
	r->counts.boxes = dlb_read_u32(&reader);
	r->counts.authors = dlb_read_u32(&reader);
	r->counts.rosters = dlb_read_u32(&reader);
	r->counts.own_rosters = dlb_read_u32(&reader);
	r->refused = dlb_read_u32(&reader);
	r->unknown = dlb_read_u32(&reader);
	out->look = dlb_read_u8(&reader) != 0;
	out->card = dlb_read_u8(&reader) != 0;
	out->tell = dlb_read_u8(&reader) != 0;
	out->told = (int64_t)dlb_read_u64(&reader);
	out->from = (int64_t)dlb_read_u64(&reader);
	out->told_n = dlb_read_u32(&reader);
	out->failed_n = dlb_read_u32(&reader);
	if (dlb_reader_done(&reader) && version == VERSION)
		return DLB_OK;
	memset(out, 0, sizeof(*out));
	return dlb_fail(err, DLB_CORRUPT,
		"what is known of the restoring can not be read");
}
