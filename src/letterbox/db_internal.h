/*
 * The database: SQLite in memory, and queries whose values are bound and read one
 * after the other.
 */
#ifndef DLB_DB_INTERNAL_H
#define DLB_DB_INTERNAL_H

#include "base.h"

#include <sqlite3.h>

#define DLB_DB_STATEMENTS_MAX 1024 /* all that there are in the code */
/* Of what SQLite keeps in memory; beyond it a change is DLB_LIMIT. */
#define DLB_DB_LEN_MAX (1LL << 30)

struct dlb_db {
	sqlite3 *sql;
	struct {
		const char *sql; /* by its address */
		sqlite3_stmt *stmt;
	} cache[DLB_DB_STATEMENTS_MAX];
	size_t cached;
	bool begun; /* a transaction is under way */
	/* SQLite undid a transaction by itself: only a rollback helps. */
	bool broken;
};

/* An empty one, with the tables. */
enum dlb_status dlb_db_create(struct dlb_db *db, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Takes image (of dlb_db_alloc, cap bytes, len of them used), also on failure.
 * DLB_UNSUPPORTED for tables of a newer version. */
enum dlb_status dlb_db_load(struct dlb_db *db, void *image, size_t len,
	size_t cap, struct dlb_error *err) DLB_MUST_CHECK;
void *dlb_db_alloc(size_t len);
void dlb_db_unalloc(void *image);
/* Harmless on one that is all zero. */
void dlb_db_close(struct dlb_db *db);
/* Begins a transaction where there is none: to be called before each change. */
enum dlb_status dlb_db_change(struct dlb_db *db, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Ends the transaction; gives back pages where much is free. */
enum dlb_status dlb_db_commit(struct dlb_db *db, struct dlb_error *err)
	DLB_MUST_CHECK;
enum dlb_status dlb_db_rollback(struct dlb_db *db, struct dlb_error *err)
	DLB_MUST_CHECK;
/* What is in memory, without a copy; valid until the next change. NULL and 0
 * within a transaction. */
const void *dlb_db_image(struct dlb_db *db, size_t *len);

/* ---- SQL (query.c) ----------------------------------------------------------------- */

/* Statements without values. */
enum dlb_status dlb_sql_run(struct dlb_db *db, const char *sql,
	struct dlb_error *err) DLB_MUST_CHECK;
/* What a result code of SQLite, which is no success, means to a person. */
enum dlb_status dlb_sql_fail(struct dlb_db *db, int rc, struct dlb_error *err)
	DLB_MUST_CHECK;

/* A query: dlb_query, then its values in order, then dlb_query_row until it says
 * false (the columns in order after each), then dlb_query_end. A failure sticks. */
struct dlb_query {
	struct dlb_db *db;
	sqlite3_stmt *stmt;
	int at;
	int rc; /* of SQLite */
};
void dlb_query(struct dlb_query *q, struct dlb_db *db, const char *sql);
void dlb_query_int(struct dlb_query *q, int64_t v);
/* data and text must outlive the query. */
void dlb_query_blob(struct dlb_query *q, const void *data, size_t len);
void dlb_query_text(struct dlb_query *q, const char *text);
bool dlb_query_row(struct dlb_query *q);
enum dlb_status dlb_query_end(struct dlb_query *q, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Steps to the end, and ends. */
enum dlb_status dlb_query_run(struct dlb_query *q, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Columns; one that is not of the kind or length makes the query fail. */
int64_t dlb_query_get_int(struct dlb_query *q);
void dlb_query_get_blob(struct dlb_query *q, void *out, size_t len);
void dlb_query_get_text(struct dlb_query *q, char *out, size_t cap);
/* Valid until the next row or the end. */
const void *dlb_query_view(struct dlb_query *q, size_t *len);

/* ---- rows (row.c) ------------------------------------------------------------------- */

/* What is read of a table's rows. */
struct dlb_row {
	size_t len; /* of what `read` fills, which is all zero before */
	void (*read)(struct dlb_query *q, void *out);
};
/* The first row of a query, which it ends. DLB_NOT_FOUND without a message; out is wiped
 * on any failure. */
enum dlb_status dlb_query_one(struct dlb_query *q, void *out,
	const struct dlb_row *row, struct dlb_error *err) DLB_MUST_CHECK;
/* The number that is the first column of the first row of a query, which it ends; *out
 * stays as it is where there is no row. */
enum dlb_status dlb_query_number(struct dlb_query *q, int64_t *out,
	struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_sql_number(struct dlb_db *db, const char *sql, int64_t *out,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Appends the blob that is the first column of the first row of a query, which it ends.
 * DLB_NOT_FOUND without a message. */
enum dlb_status dlb_query_append(struct dlb_query *q, struct dlb_buf *out,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Runs a statement of one value. */
enum dlb_status dlb_sql_run_int(struct dlb_db *db, const char *sql, int64_t v,
	struct dlb_error *err) DLB_MUST_CHECK;

#endif
