/*
 * A courier's trips: one row for each correspondent and box, the newest that was said
 * of it. One that has ended has no keys any more; it stays so that what is older and
 * comes later does not take its place. A row without a box is the serial below which
 * all of that correspondent's were revoked; the highest there is, kept for good, where
 * the courier takes none of theirs.
 */
#include "audit.h"
#include "briefing.h"
#include "state_internal.h"

#include <string.h>

/* Ended ones are kept so long after they were written: no cell of theirs, nor of an
 * older one, is carried any more by then. */
#define KEPT_MS (20 * DLB_WEEK_MS)
/* Rows of one correspondent at most; ended ones go first. */
#define ROWS_MAX (4 * DLB_TRIPS_MAX)

#define COLUMNS                                                                \
	"id, correspondent, serial, last_day, received_ms, note, box, name,"   \
	" place, tag_key, meeting_key, root"

static enum dlb_status
count_where(struct dlb_letterbox *l, const char *sql, int64_t from,
	int64_t *out, struct dlb_error *err)
{
	struct dlb_query q;

	*out = 0;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, from);
	return dlb_query_number(&q, out, err);
}

/* The serial of what is known of it, 0: nothing; and whether it is under way. */
static enum dlb_status
serial_of(struct dlb_letterbox *l, int64_t from, const uint8_t *box, size_t len,
	uint64_t *serial, bool *active, struct dlb_error *err)
{
	static const char sql[] = "SELECT serial, length(tag_key) > 0"
				  " FROM trips WHERE correspondent = ?1"
				  " AND box = ?2";
	struct dlb_query q;

	*serial = 0;
	*active = false;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, from);
	dlb_query_blob(&q, box, len);
	if (dlb_query_row(&q)) {
		*serial = (uint64_t)dlb_query_get_int(&q);
		*active = dlb_query_get_int(&q) != 0;
	}
	return dlb_query_end(&q, err);
}

/* Room for one row more. */
static enum dlb_status
make_room(struct dlb_letterbox *l, int64_t from, struct dlb_error *err)
{
	static const char count[] =
		"SELECT count(*) FROM trips WHERE correspondent = ?1";
	static const char drop[] =
		"DELETE FROM trips WHERE id = (SELECT id FROM trips"
		" WHERE correspondent = ?1 AND length(tag_key) = 0"
		" AND length(box) > 0 ORDER BY serial, id LIMIT 1)";
	int64_t n;
	enum dlb_status s = count_where(l, count, from, &n, err);

	if (s != DLB_OK || n < ROWS_MAX)
		return s;
	return dlb_sql_run_int(&l->db, drop, from, err);
}

/* The row of a box, in the place of what was there. ended: without what it said. */
static enum dlb_status
write_row(struct dlb_letterbox *l, int64_t from, const struct dlb_briefing *b,
	const struct dlb_briefing_box *box, bool ended, int64_t now_ms,
	struct dlb_error *err)
{
	static const char sql[] =
		"INSERT OR REPLACE INTO trips (correspondent, box, serial,"
		" last_day, received_ms, note, name, place, tag_key,"
		" meeting_key, root)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
	size_t key_len = ended ? 0 : DLB_KEY_LEN;
	struct dlb_query q;
	enum dlb_status s = make_room(l, from, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, from);
	dlb_query_blob(&q, box ? box->id : NULL, box ? DLB_BOX_ID_LEN : 0);
	dlb_query_int(&q, (int64_t)b->serial);
	dlb_query_int(&q, ended ? 0 : b->last_day);
	dlb_query_int(&q, now_ms);
	dlb_query_text(&q, ended ? "" : b->note);
	dlb_query_text(&q, ended || !box ? "" : box->name);
	dlb_query_text(&q, ended || !box ? "" : box->place);
	dlb_query_blob(&q, box ? box->tag_key : NULL, key_len);
	dlb_query_blob(&q, box ? box->meeting_key : NULL, key_len);
	dlb_query_blob(&q, box ? box->root : NULL,
		!ended && box && box->opens ? DLB_KEY_LEN : 0);
	return dlb_query_run(&q, err);
}

struct taking {
	struct dlb_letterbox *l;
	int64_t from, now_ms, highest_ms;
	const struct dlb_briefing *b;
	uint64_t floor;
	struct dlb_trips_taken *taken;
	struct dlb_error *err;
};

static enum dlb_status
take_box(struct taking *t, const struct dlb_briefing_box *box)
{
	static const char count[] = "SELECT count(*) FROM trips"
				    " WHERE correspondent = ?1"
				    " AND length(tag_key) > 0";
	bool late = !t->b->revocation
		&& t->highest_ms >= dlb_day_end_ms(t->b->last_day);
	bool ends = t->b->revocation || late, active;
	uint64_t serial;
	int64_t n = 0;
	enum dlb_status s = serial_of(t->l, t->from, box->id, DLB_BOX_ID_LEN,
		&serial, &active, t->err);

	if (s != DLB_OK)
		return s;
	if (serial >= t->b->serial || t->floor >= t->b->serial) {
		t->taken->old++;
		return DLB_OK;
	}
	if (!ends && !active)
		s = count_where(t->l, count, t->from, &n, t->err);
	if (s != DLB_OK)
		return s;
	if (n >= DLB_TRIPS_MAX) {
		t->taken->too_many++;
		return DLB_OK;
	}
	t->taken->begun += !ends;
	t->taken->late += late;
	t->taken->ended += t->b->revocation;
	return write_row(t->l, t->from, t->b, box, ends, t->now_ms, t->err);
}

static enum dlb_status
revoke_all(struct taking *t)
{
	static const char sql[] =
		"UPDATE trips SET serial = ?2, last_day = 0, note = '',"
		" name = '', place = '', tag_key = x'', meeting_key = x'',"
		" root = x'', received_ms = ?3 WHERE correspondent = ?1 AND serial < ?2"
		" AND length(tag_key) > 0";
	struct dlb_query q;
	enum dlb_status s;

	if (t->floor >= t->b->serial) {
		t->taken->old++;
		return DLB_OK;
	}
	dlb_query(&q, &t->l->db, sql);
	dlb_query_int(&q, t->from);
	dlb_query_int(&q, (int64_t)t->b->serial);
	dlb_query_int(&q, t->now_ms);
	s = dlb_query_run(&q, t->err);
	if (s != DLB_OK)
		return s;
	t->taken->ended += (unsigned)sqlite3_changes(t->l->db.sql);
	return write_row(t->l, t->from, t->b, NULL, true, t->now_ms, t->err);
}

enum dlb_status
dlb_trips_take(struct dlb_letterbox *l, int64_t from,
	const struct dlb_briefing *briefing, int64_t now_ms, int64_t highest_ms,
	struct dlb_trips_taken *taken, struct dlb_error *err)
{
	struct taking t = {.l = l,
		.from = from,
		.now_ms = now_ms,
		.highest_ms = highest_ms,
		.b = briefing,
		.taken = taken,
		.err = err};
	bool active;
	enum dlb_status s;

	memset(taken, 0, sizeof(*taken));
	s = serial_of(l, from, NULL, 0, &t.floor, &active, err);
	if (s == DLB_OK)
		s = dlb_db_change(&l->db, err);
	if (s == DLB_OK && briefing->revocation && briefing->boxes_n == 0)
		s = revoke_all(&t);
	for (size_t i = 0; s == DLB_OK && i < briefing->boxes_n; i++)
		s = take_box(&t, &briefing->boxes[i]);
	return s == DLB_OK && taken->ended > 0 ? dlb_audit_strike_gone(l, err)
					       : s;
}

/* ---- what the courier says ---------------------------------------------------------------- */

enum dlb_status
dlb_trip_end(struct dlb_letterbox *l, int64_t id, int64_t now_ms,
	struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE trips SET last_day = 0, note = '', name = '',"
		" place = '', tag_key = x'', meeting_key = x'', root = x'',"
		" received_ms = ?2 WHERE id = ?1 AND length(tag_key) > 0";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, id);
	dlb_query_int(&q, now_ms);
	s = dlb_query_run(&q, err);
	return s == DLB_OK ? dlb_audit_strike_gone(l, err) : s;
}

bool
dlb_trips_refused(struct dlb_letterbox *l, int64_t from)
{
	static const char sql[] =
		"SELECT count(*) FROM trips WHERE correspondent = ?1"
		" AND length(box) = 0 AND received_ms = 9223372036854775807";
	int64_t n = 0;

	return count_where(l, sql, from, &n, NULL) == DLB_OK && n > 0;
}

enum dlb_status
dlb_trips_refuse(struct dlb_letterbox *l, int64_t from, int64_t now_ms,
	unsigned *ended, struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE trips SET last_day = 0, note = '', name = '',"
		" place = '', tag_key = x'', meeting_key = x'', root = x'',"
		" received_ms = ?2 WHERE correspondent = ?1"
		" AND length(tag_key) > 0";
	static const struct dlb_briefing all = {
		.revocation = true, .serial = INT64_MAX};
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	*ended = 0;
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, from);
	dlb_query_int(&q, now_ms);
	s = dlb_query_run(&q, err);
	if (s != DLB_OK)
		return s;
	*ended = (unsigned)sqlite3_changes(l->db.sql);
	s = write_row(l, from, &all, NULL, true, INT64_MAX, err);
	return s == DLB_OK && *ended > 0 ? dlb_audit_strike_gone(l, err) : s;
}

/* What came before is known by its serials, and does not come again. */
enum dlb_status
dlb_trips_accept(struct dlb_letterbox *l, int64_t from, struct dlb_error *err)
{
	static const char sql[] =
		"DELETE FROM trips WHERE correspondent = ?1 AND length(box) = 0"
		" AND received_ms = 9223372036854775807";
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	return dlb_sql_run_int(&l->db, sql, from, err);
}

/* ---- those under way --------------------------------------------------------------------- */

static void
read_row(struct dlb_query *q, void *row)
{
	struct dlb_trip *out = row;
	struct dlb_briefing_box *box = &out->box;
	const void *root;
	size_t len;

	out->id = dlb_query_get_int(q);
	out->from = dlb_query_get_int(q);
	out->serial = (uint64_t)dlb_query_get_int(q);
	out->last_day = (uint32_t)dlb_query_get_int(q);
	out->received_ms = dlb_query_get_int(q);
	dlb_query_get_text(q, out->note, sizeof(out->note));
	dlb_query_get_blob(q, box->id, sizeof(box->id));
	dlb_query_get_text(q, box->name, sizeof(box->name));
	dlb_query_get_text(q, box->place, sizeof(box->place));
	dlb_query_get_blob(q, box->tag_key, sizeof(box->tag_key));
	dlb_query_get_blob(q, box->meeting_key, sizeof(box->meeting_key));
	root = dlb_query_view(q, &len);
	box->opens = len == DLB_KEY_LEN;
	if (box->opens)
		memcpy(box->root, root, DLB_KEY_LEN);
}

static const struct dlb_row trip_row = {sizeof(struct dlb_trip), read_row};

enum dlb_status
dlb_trip_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_trip *trip), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] = "SELECT " COLUMNS " FROM trips"
				  " WHERE (last_day, id) > (?1, ?2)"
				  " AND length(tag_key) > 0"
				  " ORDER BY last_day, id LIMIT 1";
	struct dlb_trip trip = {.last_day = 0};
	int64_t day = -1, id = 0;
	enum dlb_status s;

	do {
		struct dlb_query q;

		dlb_query(&q, &l->db, sql);
		dlb_query_int(&q, day);
		dlb_query_int(&q, id);
		s = dlb_query_one(&q, &trip, &trip_row, err);
		day = trip.last_day;
		id = trip.id;
	} while (s == DLB_OK && fn(ctx, &trip));
	dlb_wipe(&trip, sizeof(trip));
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

/* ---- their end ------------------------------------------------------------------------------ */

enum dlb_status
dlb_trips_end(struct dlb_letterbox *l, int64_t highest_ms, unsigned *ended,
	struct dlb_error *err)
{
	static const char due[] =
		"SELECT count(*) FROM trips WHERE"
		" (length(tag_key) > 0 AND (last_day + 1) * 86400000 <= ?1)"
		" OR (length(tag_key) = 0 AND received_ms <= ?1 - ?2)";
	static const char end[] =
		"UPDATE trips SET last_day = 0, note = '', name = '',"
		" place = '', tag_key = x'', meeting_key = x'', root = x'',"
		" received_ms = ?1 WHERE length(tag_key) > 0"
		" AND (last_day + 1) * 86400000 <= ?1";
	static const char forget[] = "DELETE FROM trips"
				     " WHERE length(tag_key) = 0"
				     " AND received_ms <= ?1 - ?2";
	struct dlb_query q;
	int64_t n = 0;
	enum dlb_status s;

	*ended = 0;
	dlb_query(&q, &l->db, due);
	dlb_query_int(&q, highest_ms);
	dlb_query_int(&q, KEPT_MS);
	s = dlb_query_number(&q, &n, err);
	if (s != DLB_OK || n == 0)
		return s;
	s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	s = dlb_sql_run_int(&l->db, end, highest_ms, err);
	if (s != DLB_OK)
		return s;
	*ended = (unsigned)sqlite3_changes(l->db.sql);
	dlb_query(&q, &l->db, forget);
	dlb_query_int(&q, highest_ms);
	dlb_query_int(&q, KEPT_MS);
	s = dlb_query_run(&q, err);
	return s == DLB_OK && *ended > 0 ? dlb_audit_strike_gone(l, err) : s;
}
