/*
 * Whom one has briefed: one row for each courier and box. Keys are not in it: they are
 * the box's, and the letter that told them is sealed.
 */
#include "briefing.h"
#include "state_internal.h"

#include <string.h>

#define KEPT_DAYS 30

enum dlb_status
dlb_briefed_save(struct dlb_letterbox *l, const struct dlb_briefed *b,
	struct dlb_error *err)
{
	static const char sql[] =
		"INSERT OR REPLACE INTO briefed (correspondent, box, name,"
		" note, opens, serial, last_day, sent_ms, letter, revoked_ms,"
		" revocation)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, b->to);
	dlb_query_blob(&q, b->box, sizeof(b->box));
	dlb_query_text(&q, b->name);
	dlb_query_text(&q, b->note);
	dlb_query_int(&q, b->opens);
	dlb_query_int(&q, (int64_t)b->serial);
	dlb_query_int(&q, b->last_day);
	dlb_query_int(&q, b->sent_ms);
	dlb_query_int(&q, b->letter);
	dlb_query_int(&q, b->revoked_ms);
	dlb_query_int(&q, b->revocation);
	return dlb_query_run(&q, err);
}

static void
read_row(struct dlb_query *q, void *row)
{
	struct dlb_briefed *out = row;

	out->to = dlb_query_get_int(q);
	dlb_query_get_blob(q, out->box, sizeof(out->box));
	dlb_query_get_text(q, out->name, sizeof(out->name));
	dlb_query_get_text(q, out->note, sizeof(out->note));
	out->opens = dlb_query_get_int(q) != 0;
	out->serial = (uint64_t)dlb_query_get_int(q);
	out->last_day = (uint32_t)dlb_query_get_int(q);
	out->sent_ms = dlb_query_get_int(q);
	out->letter = dlb_query_get_int(q);
	out->revoked_ms = dlb_query_get_int(q);
	out->revocation = dlb_query_get_int(q);
}

static const struct dlb_row briefed_row = {
	sizeof(struct dlb_briefed), read_row};

enum dlb_status
dlb_briefed_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_briefed *briefed), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT correspondent, box, name, note, opens, serial,"
		" last_day, sent_ms, letter, revoked_ms, revocation"
		" FROM briefed WHERE (correspondent, name, box) > (?1, ?2, ?3)"
		" ORDER BY correspondent, name, box LIMIT 1";
	struct dlb_briefed last = {.to = 0}, b;
	enum dlb_status s;

	do {
		struct dlb_query q;

		dlb_query(&q, &l->db, sql);
		dlb_query_int(&q, last.to);
		dlb_query_text(&q, last.name);
		dlb_query_blob(&q, last.box, sizeof(last.box));
		s = dlb_query_one(&q, &b, &briefed_row, err);
		last = b;
	} while (s == DLB_OK && fn(ctx, &b));
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

enum dlb_status
dlb_briefed_forget(
	struct dlb_letterbox *l, int64_t highest_ms, struct dlb_error *err)
{
	static const char sql[] = "DELETE FROM briefed WHERE last_day < ?1";
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	return dlb_sql_run_int(
		&l->db, sql, highest_ms / DLB_DAY_MS - KEPT_DAYS, err);
}

/* Time, so that a letterbox that was restored goes on above what it does not know. */
enum dlb_status
dlb_briefed_serial(struct dlb_letterbox *l, int64_t to, int64_t now_ms,
	uint64_t *serial, struct dlb_error *err)
{
	static const char sql[] = "SELECT coalesce(max(serial), 0) FROM briefed"
				  " WHERE correspondent = ?1";
	struct dlb_query q;
	int64_t last = 0;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, to);
	s = dlb_query_number(&q, &last, err);
	*serial = (uint64_t)(now_ms > last ? now_ms : last + 1);
	return s;
}
