/*
 * Running SQL, and what its failures mean to a person: statements as they are, and
 * queries, which are prepared once and kept, their values bound and columns read in
 * order. What the database holds and should not makes a query fail.
 */
#include "db_internal.h"

#include <assert.h>
#include <string.h>

/* ---- failures ------------------------------------------------------------------------- */

enum dlb_status
dlb_sql_fail(struct dlb_db *db, int rc, struct dlb_error *err)
{
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return dlb_fail(
			err, DLB_NO_MEMORY, "out of memory for the letterbox");
	case SQLITE_FULL:
	case SQLITE_TOOBIG:
		return dlb_fail(err, DLB_LIMIT,
			"the letterbox is full (%lld MiB): delete letters that "
			"are no longer needed",
			DLB_DB_LEN_MAX >> 20);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_MISMATCH:
		return dlb_fail(err, DLB_CORRUPT,
			"the letterbox holds what it should not: restore it "
			"from a backup");
	default:
		return dlb_fail(err, DLB_FAILED, "the letterbox's database: %s",
			db->sql ? sqlite3_errmsg(db->sql) : "does not open");
	}
}

enum dlb_status
dlb_sql_run(struct dlb_db *db, const char *sql, struct dlb_error *err)
{
	int rc = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? DLB_OK : dlb_sql_fail(db, rc, err);
}

/* ---- queries -------------------------------------------------------------------------------- */

void
dlb_query(struct dlb_query *q, struct dlb_db *db, const char *sql)
{
	/* The database is without locks. */
	assert(!dlb_pool_inside());
	memset(q, 0, sizeof(*q));
	q->db = db;
	for (size_t i = 0; i < db->cached && !q->stmt; i++)
		if (db->cache[i].sql == sql)
			q->stmt = db->cache[i].stmt;
	if (q->stmt)
		return;
	if (db->cached == DLB_DB_STATEMENTS_MAX) {
		q->rc = SQLITE_INTERNAL;
		return;
	}
	q->rc = sqlite3_prepare_v3(
		db->sql, sql, -1, SQLITE_PREPARE_PERSISTENT, &q->stmt, NULL);
	if (q->rc != SQLITE_OK)
		return;
	db->cache[db->cached].sql = sql;
	db->cache[db->cached++].stmt = q->stmt;
}

void
dlb_query_int(struct dlb_query *q, int64_t v)
{
	if (q->rc == SQLITE_OK)
		q->rc = sqlite3_bind_int64(q->stmt, ++q->at, v);
}

void
dlb_query_blob(struct dlb_query *q, const void *data, size_t len)
{
	/* SQLite takes a NULL pointer for a NULL. */
	if (q->rc == SQLITE_OK)
		q->rc = sqlite3_bind_blob64(
			q->stmt, ++q->at, len ? data : "", len, SQLITE_STATIC);
}

void
dlb_query_text(struct dlb_query *q, const char *text)
{
	if (q->rc == SQLITE_OK)
		q->rc = sqlite3_bind_text(
			q->stmt, ++q->at, text, -1, SQLITE_STATIC);
}

bool
dlb_query_row(struct dlb_query *q)
{
	int rc;

	if (q->rc != SQLITE_OK)
		return false;
	rc = sqlite3_step(q->stmt);
	q->at = 0;
	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		q->rc = rc;
	return false;
}

enum dlb_status
dlb_query_end(struct dlb_query *q, struct dlb_error *err)
{
	enum dlb_status s = DLB_OK;

	/* The message is gone after the reset. */
	if (q->rc != SQLITE_OK)
		s = dlb_sql_fail(q->db, q->rc, err);
	if (!q->stmt)
		return s;
	sqlite3_reset(q->stmt);
	sqlite3_clear_bindings(q->stmt);
	/* Some failures undo the whole transaction. */
	if (s != DLB_OK && q->db->begun && sqlite3_get_autocommit(q->db->sql))
		q->db->broken = true;
	return s;
}

enum dlb_status
dlb_query_run(struct dlb_query *q, struct dlb_error *err)
{
	while (dlb_query_row(q))
		;
	return dlb_query_end(q, err);
}

int64_t
dlb_query_get_int(struct dlb_query *q)
{
	int at = q->at++;

	if (sqlite3_column_type(q->stmt, at) != SQLITE_INTEGER) {
		q->rc = SQLITE_MISMATCH;
		return 0;
	}
	return sqlite3_column_int64(q->stmt, at);
}

const void *
dlb_query_view(struct dlb_query *q, size_t *len)
{
	int at = q->at++;
	const void *data = sqlite3_column_blob(q->stmt, at);

	*len = (size_t)sqlite3_column_bytes(q->stmt, at);
	return data;
}

void
dlb_query_get_blob(struct dlb_query *q, void *out, size_t len)
{
	size_t got;
	const void *data = dlb_query_view(q, &got);

	if (got == len && len > 0) {
		memcpy(out, data, len);
		return;
	}
	memset(out, 0, len);
	if (got != len)
		q->rc = SQLITE_MISMATCH;
}

void
dlb_query_get_text(struct dlb_query *q, char *out, size_t cap)
{
	bool text = sqlite3_column_type(q->stmt, q->at) == SQLITE_TEXT;
	size_t got;
	const void *data = dlb_query_view(q, &got);

	/* What is no text, or has a NUL, sorts otherwise than what is read of it:
	 * a list that goes on from there would not end. */
	if (!text || got >= cap || (got > 0 && !data)
		|| (got > 0 && memchr(data, '\0', got))) {
		q->rc = SQLITE_MISMATCH;
		got = 0;
	}
	if (got > 0)
		memcpy(out, data, got);
	out[got] = '\0';
}
