/*
 * The boxes that one can open, and a box's key as text. docs/letterbox.md.
 */
#include "audit.h"
#include "briefing.h"
#include "state_internal.h"

#include <string.h>

#define COLUMNS "id, name, root, path, place"

static void
read_row(struct dlb_query *q, void *row)
{
	struct dlb_box *out = row;

	out->id = dlb_query_get_int(q);
	dlb_query_get_text(q, out->name, sizeof(out->name));
	dlb_query_get_blob(q, out->root, sizeof(out->root));
	dlb_query_get_text(q, out->path, sizeof(out->path));
	dlb_query_get_text(q, out->place, sizeof(out->place));
}

static const struct dlb_row box_row = {sizeof(struct dlb_box), read_row};

static enum dlb_status
fail_missing(struct dlb_error *err, const char *name)
{
	char shown[DLB_BOX_NAME_MAX + 1];

	return dlb_fail(err, DLB_NOT_FOUND,
		"no box called \"%s\" is known here; see: dlb box list",
		dlb_printable(shown, sizeof(shown), name, strlen(name)));
}

enum dlb_status
dlb_box_by_name(struct dlb_letterbox *l, struct dlb_box *out, const char *name,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM boxes WHERE name = ?1";
	struct dlb_query q;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_text(&q, name);
	s = dlb_query_one(&q, out, &box_row, err);
	return s == DLB_NOT_FOUND ? fail_missing(err, name) : s;
}

/* One query for each, so that fn may change what it is shown. */
enum dlb_status
dlb_box_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_box *box), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] = "SELECT " COLUMNS " FROM boxes"
				  " WHERE name > ?1 ORDER BY name LIMIT 1";
	char last[DLB_BOX_NAME_MAX + 1] = "";
	struct dlb_box box;
	enum dlb_status s;

	do {
		struct dlb_query q;

		dlb_query(&q, &l->db, sql);
		dlb_query_text(&q, last);
		s = dlb_query_one(&q, &box, &box_row, err);
		memcpy(last, box.name, sizeof(last));
	} while (s == DLB_OK && fn(ctx, &box));
	dlb_wipe(&box, sizeof(box));
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

/* That no other box has the name. */
static enum dlb_status
check_name(struct dlb_letterbox *l, const struct dlb_box *box,
	struct dlb_error *err)
{
	struct dlb_box other;
	enum dlb_status s = dlb_name_check(box->name, "a box", err);

	if (s != DLB_OK)
		return s;
	s = dlb_box_by_name(l, &other, box->name, err);
	if (s == DLB_OK && other.id != box->id)
		s = dlb_fail(err, DLB_EXISTS, "another box is called \"%s\"",
			box->name);
	dlb_wipe(&other, sizeof(other));
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

/* Nor that it is kept under another name. */
static enum dlb_status
check_unknown(struct dlb_letterbox *l, const struct dlb_box *box,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM boxes WHERE root = ?1 LIMIT 1";
	struct dlb_box other;
	struct dlb_query q;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_blob(&q, box->root, sizeof(box->root));
	s = dlb_query_one(&q, &other, &box_row, err);
	if (s == DLB_OK)
		s = dlb_fail(err, DLB_EXISTS,
			"this box is known already, as \"%s\"", other.name);
	dlb_wipe(&other, sizeof(other));
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

enum dlb_status
dlb_box_save(
	struct dlb_letterbox *l, struct dlb_box *box, struct dlb_error *err)
{
	static const char insert[] =
		"INSERT INTO boxes (name, root, path, place)"
		" VALUES (?1, ?2, ?3, ?4)";
	static const char update[] = "UPDATE boxes SET name = ?1, root = ?2,"
				     " path = ?3, place = ?4 WHERE id = ?5";
	struct dlb_query q;
	enum dlb_status s = box->id ? DLB_OK : check_unknown(l, box, err);

	if (s == DLB_OK)
		s = check_name(l, box, err);
	if (s == DLB_OK
		&& !dlb_briefing_text_valid(box->place, DLB_BOX_PLACE_MAX))
		s = dlb_fail(err, DLB_MALFORMED,
			"not a place in words: one line of at most %d bytes of "
			"UTF-8, no control characters",
			DLB_BOX_PLACE_MAX);
	if (s == DLB_OK)
		s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, box->id ? update : insert);
	dlb_query_text(&q, box->name);
	dlb_query_blob(&q, box->root, sizeof(box->root));
	dlb_query_text(&q, box->path);
	dlb_query_text(&q, box->place);
	if (box->id)
		dlb_query_int(&q, box->id);
	s = dlb_query_run(&q, err);
	if (s != DLB_OK)
		return s;
	if (box->id && sqlite3_changes(l->db.sql) == 0)
		return fail_missing(err, box->name);
	if (!box->id)
		box->id = sqlite3_last_insert_rowid(l->db.sql);
	return DLB_OK;
}

enum dlb_status
dlb_box_forget(struct dlb_letterbox *l, const char *name, struct dlb_error *err)
{
	static const char sql[] = "DELETE FROM boxes WHERE name = ?1";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_text(&q, name);
	s = dlb_query_run(&q, err);
	if (s == DLB_OK && sqlite3_changes(l->db.sql) == 0)
		s = fail_missing(err, name);
	return s == DLB_OK ? dlb_audit_strike_gone(l, err) : s;
}

/* ---- a box as text --------------------------------------------------------------------------- */

/* "dlb-box:" || base64url(u8 version || u8 length || name || root || check); version 2,
 * of one that has a place: u8 length || place before the root. */
#define PREFIX "dlb-box:"
#define VERSION 1
#define VERSION_PLACE 2
#define CHECK_LEN 8
#define RAW_MAX                                                                \
	(3 + DLB_BOX_NAME_MAX + DLB_BOX_PLACE_MAX + DLB_KEY_LEN + CHECK_LEN)

/* Against slips of the pen; nobody is kept from making a box of their own. */
static void
check_of(uint8_t out[static CHECK_LEN], const uint8_t *raw, size_t len)
{
	static const char label[] = "dlb box text";
	uint8_t hash[DLB_HASH_LEN];

	dlb_sha256_2(hash, label, sizeof(label) - 1, raw, len);
	memcpy(out, hash, CHECK_LEN);
}

enum dlb_status
dlb_box_to_text(char out[static DLB_BOX_TEXT_MAX], const struct dlb_box *box)
{
	uint8_t raw[RAW_MAX], check[CHECK_LEN];
	struct dlb_buf text = {0};
	struct dlb_writer w;
	enum dlb_status s;

	out[0] = '\0';
	if (!dlb_name_valid(box->name)
		|| !dlb_briefing_text_valid(box->place, DLB_BOX_PLACE_MAX))
		return DLB_MALFORMED;
	dlb_writer_init(&w, raw, sizeof(raw));
	dlb_write_u8(&w, box->place[0] ? VERSION_PLACE : VERSION);
	dlb_write_u8(&w, (uint8_t)strlen(box->name));
	dlb_write_bytes(&w, box->name, strlen(box->name));
	if (box->place[0]) {
		dlb_write_u8(&w, (uint8_t)strlen(box->place));
		dlb_write_bytes(&w, box->place, strlen(box->place));
	}
	dlb_write_bytes(&w, box->root, sizeof(box->root));
	check_of(check, raw, w.len);
	dlb_write_bytes(&w, check, sizeof(check));
	s = dlb_buf_append(&text, PREFIX, strlen(PREFIX));
	if (s == DLB_OK)
		s = dlb_base64_encode(&text, DLB_BASE64_URL, raw, w.len);
	if (s == DLB_OK && text.len < DLB_BOX_TEXT_MAX) {
		memcpy(out, text.data, text.len);
		out[text.len] = '\0';
	}
	dlb_wipe(raw, sizeof(raw));
	dlb_buf_free(&text);
	return s;
}

static enum dlb_status
read_raw(struct dlb_box *out, const uint8_t *raw, size_t len,
	struct dlb_error *err)
{
	uint8_t check[CHECK_LEN], found[CHECK_LEN];
	struct dlb_reader r;
	uint8_t version, name_len, place_len = 0;

	dlb_reader_init(&r, raw, len);
	version = dlb_read_u8(&r);
	if (!r.failed && version != VERSION && version != VERSION_PLACE)
		return dlb_fail(err, DLB_UNSUPPORTED,
			"the box's text is of version %u, which this program "
			"does not know: a newer version may",
			version);
	name_len = dlb_read_u8(&r);
	if (name_len <= DLB_BOX_NAME_MAX)
		dlb_read_bytes(&r, out->name, name_len);
	if (version == VERSION_PLACE) {
		place_len = dlb_read_u8(&r);
		r.failed |= place_len == 0 || place_len > DLB_BOX_PLACE_MAX;
		if (!r.failed)
			dlb_read_bytes(&r, out->place, place_len);
	}
	dlb_read_bytes(&r, out->root, sizeof(out->root));
	dlb_read_bytes(&r, check, sizeof(check));
	if (!dlb_reader_done(&r) || strlen(out->name) != name_len
		|| !dlb_name_valid(out->name) || strlen(out->place) != place_len
		|| !dlb_briefing_text_valid(out->place, DLB_BOX_PLACE_MAX))
		return DLB_MALFORMED;
	check_of(found, raw, len - CHECK_LEN);
	return memcmp(check, found, CHECK_LEN) == 0 ? DLB_OK : DLB_MALFORMED;
}

enum dlb_status
dlb_box_from_text(struct dlb_box *out, const char *text, size_t len,
	struct dlb_error *err)
{
	struct dlb_buf bare = {0}, raw = {0};
	enum dlb_status s = DLB_OK;

	memset(out, 0, sizeof(*out));
	if (len > 4 * DLB_BOX_TEXT_MAX)
		s = DLB_MALFORMED;
	for (size_t i = 0; s == DLB_OK && i < len; i++)
		if (!memchr(" \t\r\n", text[i], 4))
			s = dlb_buf_append(&bare, text + i, 1);
	if (s == DLB_OK
		&& (bare.len < strlen(PREFIX)
			|| memcmp(bare.data, PREFIX, strlen(PREFIX)) != 0))
		s = DLB_MALFORMED;
	if (s == DLB_OK)
		s = dlb_base64_decode(&raw, DLB_BASE64_URL,
			(const char *)bare.data + strlen(PREFIX),
			bare.len - strlen(PREFIX));
	if (s == DLB_OK)
		s = read_raw(out, raw.data, raw.len, err);
	if (s == DLB_MALFORMED)
		dlb_fail(err, s,
			"not a box's text, or one with a slip in it: it starts "
			"with \"" PREFIX "\" and is copied whole");
	if (s != DLB_OK)
		dlb_wipe(out, sizeof(*out));
	dlb_buf_free(&bare);
	dlb_buf_free(&raw);
	return s;
}
