/*
 * What most queries are for: one row, one number, one blob, one statement.
 */
#include "db_internal.h"

#include <string.h>

enum dlb_status
dlb_query_one(struct dlb_query *q, void *out, const struct dlb_row *row,
	struct dlb_error *err)
{
	bool there = dlb_query_row(q);
	enum dlb_status s;

	memset(out, 0, row->len);
	if (there)
		row->read(q, out);
	s = dlb_query_end(q, err);
	if (s != DLB_OK)
		dlb_wipe(out, row->len);
	return s == DLB_OK && !there ? DLB_NOT_FOUND : s;
}

enum dlb_status
dlb_query_number(struct dlb_query *q, int64_t *out, struct dlb_error *err)
{
	if (dlb_query_row(q))
		*out = dlb_query_get_int(q);
	return dlb_query_end(q, err);
}

enum dlb_status
dlb_sql_number(
	struct dlb_db *db, const char *sql, int64_t *out, struct dlb_error *err)
{
	struct dlb_query q;

	dlb_query(&q, db, sql);
	return dlb_query_number(&q, out, err);
}

enum dlb_status
dlb_query_append(
	struct dlb_query *q, struct dlb_buf *out, struct dlb_error *err)
{
	enum dlb_status s = DLB_NOT_FOUND, ended;

	if (dlb_query_row(q)) {
		size_t len;
		const void *data = dlb_query_view(q, &len);

		s = dlb_buf_append(out, data, len);
	}
	ended = dlb_query_end(q, err);
	if (ended != DLB_OK)
		return ended;
	return s == DLB_NO_MEMORY ? dlb_fail(err, s, "out of memory") : s;
}

enum dlb_status
dlb_sql_run_int(
	struct dlb_db *db, const char *sql, int64_t v, struct dlb_error *err)
{
	struct dlb_query q;

	dlb_query(&q, db, sql);
	dlb_query_int(&q, v);
	return dlb_query_run(&q, err);
}
