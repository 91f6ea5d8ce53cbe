/*
 * Bulletins: which came, so that none comes twice, and which slots of which days one's
 * own have taken.
 */
#include "bulletins.h"
#include "state_internal.h"

#include <string.h>

static const char own_from_day[] = "bulletins from day";

/* ---- one's own ------------------------------------------------------------------------ */

static enum dlb_status
used_of(struct dlb_letterbox *l, uint32_t day, int64_t *used,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT used FROM bulletin_days WHERE day = ?1";
	struct dlb_query q;

	*used = 0;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, day);
	return dlb_query_number(&q, used, err);
}

enum dlb_status
dlb_bulletin_take_slot(struct dlb_letterbox *l, int64_t now_ms, uint32_t *day,
	uint8_t *slot, struct dlb_error *err)
{
	static const char sql[] =
		"INSERT INTO bulletin_days (day, used) VALUES (?1, 1)"
		" ON CONFLICT (day) DO UPDATE SET used = used + 1";
	int64_t today = now_ms / DLB_DAY_MS, from = 0, used;
	enum dlb_status s = dlb_own_get_int(l, own_from_day, &from);

	if (s != DLB_OK && s != DLB_NOT_FOUND)
		return dlb_fail(err, s, "the letterbox can not be read");
	*day = (uint32_t)(from == today + 1 ? from : today);
	if (from > today + 1)
		return dlb_fail(err, DLB_CLOCK,
			"this letterbox was restored under a clock that was "
			"ahead: bulletins can be posted once that day has come");
	s = used_of(l, *day, &used, err);
	if (s == DLB_OK && used >= DLB_BULLETIN_SLOTS)
		s = dlb_fail(err, DLB_LIMIT,
			"%d bulletins were posted today, and a day has room for "
			"no more: post this one tomorrow",
			DLB_BULLETIN_SLOTS);
	if (s == DLB_OK)
		s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	*slot = (uint8_t)used;
	return dlb_sql_run_int(&l->db, sql, *day, err);
}

enum dlb_status
dlb_bulletins_restored(
	struct dlb_letterbox *l, int64_t now_ms, struct dlb_error *err)
{
	return dlb_own_set_int(l, own_from_day, now_ms / DLB_DAY_MS + 1, err);
}

/* ---- which came ------------------------------------------------------------------------- */

#define COLUMNS                                                                \
	"author, id, letter, day, slot, kind, posted_ms, cells, opened, taken"

enum dlb_status
dlb_bulletin_add(struct dlb_letterbox *l, const struct dlb_bulletin_row *row,
	const void *cores, struct dlb_error *err)
{
	static const char sql[] =
		"INSERT INTO bulletins (" COLUMNS ", cores) VALUES (?1, ?2,"
		" ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
	struct dlb_query q;
	enum dlb_status s;

	if (dlb_bulletin_known(l, row->author, row->id))
		return DLB_DUPLICATE;
	s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, row->author);
	dlb_query_blob(&q, row->id, sizeof(row->id));
	dlb_query_int(&q, row->letter);
	dlb_query_int(&q, row->day);
	dlb_query_int(&q, row->slot);
	dlb_query_int(&q, row->kind);
	dlb_query_int(&q, row->posted_ms);
	dlb_query_int(&q, row->cells);
	dlb_query_int(&q, row->opened);
	dlb_query_int(&q, row->taken);
	dlb_query_blob(&q, cores, (size_t)(row->cells - 1) * DLB_HASH_LEN);
	return dlb_query_run(&q, err);
}

bool
dlb_bulletin_known(struct dlb_letterbox *l, int64_t author,
	const uint8_t id[static DLB_BULLETIN_ID_LEN])
{
	static const char sql[] =
		"SELECT 1 FROM bulletins WHERE author = ?1 AND id = ?2";
	struct dlb_query q;
	bool there;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, author);
	dlb_query_blob(&q, id, DLB_BULLETIN_ID_LEN);
	there = dlb_query_row(&q);
	return dlb_query_end(&q, NULL) == DLB_OK && there;
}

enum dlb_status
dlb_bulletin_update(struct dlb_letterbox *l, const struct dlb_bulletin_row *row,
	struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE bulletins SET letter = ?3, opened = ?4, taken = ?5"
		" WHERE author = ?1 AND id = ?2";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, row->author);
	dlb_query_blob(&q, row->id, sizeof(row->id));
	dlb_query_int(&q, row->letter);
	dlb_query_int(&q, row->opened);
	dlb_query_int(&q, row->taken);
	return dlb_query_run(&q, err);
}

static void
read_row(struct dlb_query *q, void *row)
{
	struct dlb_bulletin_row *out = row;

	out->author = dlb_query_get_int(q);
	dlb_query_get_blob(q, out->id, sizeof(out->id));
	out->letter = dlb_query_get_int(q);
	out->day = (uint32_t)dlb_query_get_int(q);
	out->slot = (uint8_t)dlb_query_get_int(q);
	out->kind = (uint8_t)dlb_query_get_int(q);
	out->posted_ms = dlb_query_get_int(q);
	out->cells = (uint32_t)dlb_query_get_int(q);
	out->opened = (uint32_t)dlb_query_get_int(q);
	out->taken = dlb_query_get_int(q) != 0;
}

static const struct dlb_row bulletin_row = {
	sizeof(struct dlb_bulletin_row), read_row};

enum dlb_status
dlb_bulletin_of_letter(struct dlb_letterbox *l, struct dlb_bulletin_row *out,
	struct dlb_buf *cores, int64_t letter)
{
	static const char sql[] = "SELECT " COLUMNS ", cores FROM bulletins"
				  " WHERE letter = ?1 AND letter > 0";
	enum dlb_status s = DLB_NOT_FOUND, ended;
	struct dlb_query q;

	memset(out, 0, sizeof(*out));
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, letter);
	if (dlb_query_row(&q)) {
		const void *data;
		size_t len;

		read_row(&q, out);
		data = dlb_query_view(&q, &len);
		s = DLB_OK;
		if (cores) {
			cores->len = 0;
			s = dlb_buf_append(cores, data, len);
		}
	}
	ended = dlb_query_end(&q, NULL);
	return s == DLB_OK ? ended : s;
}

/* One query for each, so that fn may change what it is shown. sql: the first behind
 * (?1, ?2); ?3 is the author. */
static enum dlb_status
each(struct dlb_letterbox *l, const char *sql, int64_t author,
	bool (*fn)(void *ctx, const struct dlb_bulletin_row *row), void *ctx,
	struct dlb_error *err)
{
	struct dlb_bulletin_row row = {.posted_ms = INT64_MIN};
	enum dlb_status s;

	do {
		struct dlb_query q;

		dlb_query(&q, &l->db, sql);
		dlb_query_int(&q, row.posted_ms);
		dlb_query_int(&q, row.letter);
		if (author)
			dlb_query_int(&q, author);
		s = dlb_query_one(&q, &row, &bulletin_row, err);
	} while (s == DLB_OK && fn(ctx, &row));
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

#define THE_NEXT                                                               \
	"SELECT " COLUMNS " FROM bulletins WHERE letter > 0"                   \
	" AND (posted_ms, letter) > (?1, ?2)"
#define IN_ORDER " ORDER BY posted_ms, letter LIMIT 1"

enum dlb_status
dlb_bulletin_each(struct dlb_letterbox *l, int64_t author,
	bool (*fn)(void *ctx, const struct dlb_bulletin_row *row), void *ctx,
	struct dlb_error *err)
{
	static const char all[] = THE_NEXT IN_ORDER;
	static const char theirs[] = THE_NEXT " AND author = ?3" IN_ORDER;

	return each(l, author ? theirs : all, author, fn, ctx, err);
}

enum dlb_status
dlb_bulletin_unread(
	struct dlb_letterbox *l, uint64_t *count, struct dlb_error *err)
{
	static const char sql[] = "SELECT count(*) FROM bulletins"
				  " WHERE letter > 0 AND opened = 0 AND taken";
	struct dlb_query q;

	*count = 0;
	dlb_query(&q, &l->db, sql);
	if (dlb_query_row(&q))
		*count = (uint64_t)dlb_query_get_int(&q);
	return dlb_query_end(&q, err);
}

enum dlb_status
dlb_bulletin_waiting(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_bulletin_row *row), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] = THE_NEXT " AND taken = 0" IN_ORDER;

	return each(l, sql, 0, fn, ctx, err);
}

enum dlb_status
dlb_bulletin_usage(struct dlb_letterbox *l, struct dlb_bulletin_usage *out,
	int64_t author, struct dlb_error *err)
{
	static const char sql[] =
		"SELECT count(*) FILTER (WHERE author = ?1),"
		" coalesce(sum(cells) FILTER (WHERE author = ?1), 0),"
		" coalesce(sum(cells), 0) FROM bulletins WHERE letter > 0";
	struct dlb_query q;

	memset(out, 0, sizeof(*out));
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, author);
	if (dlb_query_row(&q)) {
		out->count = (uint64_t)dlb_query_get_int(&q);
		out->cells = (uint64_t)dlb_query_get_int(&q);
		out->all_cells = (uint64_t)dlb_query_get_int(&q);
	}
	return dlb_query_end(&q, err);
}

enum dlb_status
dlb_bulletin_forget(
	struct dlb_letterbox *l, uint32_t before, struct dlb_error *err)
{
	static const char there[] =
		"SELECT 1 FROM bulletins WHERE letter = 0 AND day < ?1";
	static const char sql[] =
		"DELETE FROM bulletins WHERE letter = 0 AND day < ?1";
	struct dlb_query q;
	bool some;
	enum dlb_status s;

	dlb_query(&q, &l->db, there);
	dlb_query_int(&q, before);
	some = dlb_query_row(&q);
	s = dlb_query_end(&q, err);
	if (s != DLB_OK || !some)
		return s;
	s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	return dlb_sql_run_int(&l->db, sql, before, err);
}
