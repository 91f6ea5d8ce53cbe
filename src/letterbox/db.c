/*
 * The database in memory: opening it empty or from an image, and transactions.
 * docs/letterbox.md, "The database".
 *
 * Nothing of it reaches a disk: the database is SQLite's "memdb", the rollback
 * journal and all that is temporary are kept in memory as well. What is deleted is
 * overwritten with zeros, so that the next image does not hold it.
 */
#include "db_internal.h"

#include "db_memory_internal.h"
#include "schema_internal.h"

#include <string.h>

#define PAGE_LEN 4096
/* Free pages are kept for the next letters, unless they are most of it all. */
#define FREE_PAGES_MIN 256

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

static const char pragmas[] = "PRAGMA journal_mode = MEMORY;"
			      "PRAGMA temp_store = MEMORY;"
			      "PRAGMA locking_mode = EXCLUSIVE;"
			      "PRAGMA secure_delete = ON;"
			      "PRAGMA trusted_schema = OFF;"
			      "PRAGMA cache_size = -8192;";

/* ---- life ------------------------------------------------------------------------------ */

static enum dlb_status
open_empty(struct dlb_db *db, struct dlb_error *err)
{
	int rc;

	memset(db, 0, sizeof(*db));
	dlb_db_memory_init();
	rc = sqlite3_open_v2("letterbox", &db->sql,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
			| SQLITE_OPEN_NOMUTEX,
		"memdb");
	return rc == SQLITE_OK ? DLB_OK : dlb_sql_fail(db, rc, err);
}

static enum dlb_status
limit_len(struct dlb_db *db, struct dlb_error *err)
{
	sqlite3_int64 limit = DLB_DB_LEN_MAX;
	int rc = sqlite3_file_control(
		db->sql, "main", SQLITE_FCNTL_SIZE_LIMIT, &limit);

	return rc == SQLITE_OK ? DLB_OK : dlb_sql_fail(db, rc, err);
}

enum dlb_status
dlb_db_create(struct dlb_db *db, struct dlb_error *err)
{
	enum dlb_status s = open_empty(db, err);

	if (s == DLB_OK)
		s = limit_len(db, err);
	/* These two only while there is nothing in it. */
	if (s == DLB_OK)
		s = dlb_sql_run(db,
			"PRAGMA page_size = " TEXT(
				PAGE_LEN) ";"
					  "PRAGMA auto_vacuum = INCREMENTAL;",
			err);
	if (s == DLB_OK)
		s = dlb_sql_run(db, pragmas, err);
	if (s == DLB_OK)
		s = dlb_schema_create(db, err);
	if (s != DLB_OK)
		dlb_db_close(db);
	return s;
}

enum dlb_status
dlb_db_load(struct dlb_db *db, void *image, size_t len, size_t cap,
	struct dlb_error *err)
{
	enum dlb_status s = open_empty(db, err);
	int rc;

	if (s != DLB_OK) {
		dlb_db_unalloc(image);
		goto out;
	}
	rc = sqlite3_deserialize(db->sql, "main", image, (sqlite3_int64)len,
		(sqlite3_int64)cap,
		SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE);
	s = rc == SQLITE_OK ? DLB_OK : dlb_sql_fail(db, rc, err);
	if (s == DLB_OK)
		s = limit_len(db, err);
	if (s == DLB_OK)
		s = dlb_sql_run(db, pragmas, err);
	if (s == DLB_OK)
		s = dlb_schema_update(db, err);
out:
	if (s != DLB_OK)
		dlb_db_close(db);
	return s;
}

void *
dlb_db_alloc(size_t len)
{
	dlb_db_memory_init();
	return sqlite3_malloc64(len);
}

void
dlb_db_unalloc(void *image)
{
	sqlite3_free(image);
}

void
dlb_db_close(struct dlb_db *db)
{
	for (size_t i = 0; i < db->cached; i++)
		sqlite3_finalize(db->cache[i].stmt);
	sqlite3_close(db->sql);
	memset(db, 0, sizeof(*db));
}

/* ---- transactions ------------------------------------------------------------------------ */

static enum dlb_status
run_cached(struct dlb_db *db, const char *sql, struct dlb_error *err)
{
	struct dlb_query q;

	dlb_query(&q, db, sql);
	return dlb_query_run(&q, err);
}

enum dlb_status
dlb_db_change(struct dlb_db *db, struct dlb_error *err)
{
	static const char begin[] = "BEGIN IMMEDIATE";
	enum dlb_status s = DLB_OK;

	if (db->broken)
		return dlb_fail(err, DLB_FAILED,
			"an earlier change failed and undid others: all of "
			"them must be undone first");
	if (!db->begun)
		s = run_cached(db, begin, err);
	if (s == DLB_OK)
		db->begun = true;
	return s;
}

static int64_t
pragma_int(struct dlb_db *db, const char *sql)
{
	struct dlb_query q;
	int64_t v = 0;

	dlb_query(&q, db, sql);
	if (dlb_query_row(&q))
		v = dlb_query_get_int(&q);
	return dlb_query_end(&q, NULL) == DLB_OK ? v : 0;
}

enum dlb_status
dlb_db_commit(struct dlb_db *db, struct dlb_error *err)
{
	static const char free_pages[] = "PRAGMA freelist_count";
	static const char all_pages[] = "PRAGMA page_count";
	static const char shrink[] = "PRAGMA incremental_vacuum";
	static const char commit[] = "COMMIT";
	int64_t unused = pragma_int(db, free_pages);
	enum dlb_status s = DLB_OK;

	if (unused > FREE_PAGES_MIN && unused > pragma_int(db, all_pages) / 2)
		s = run_cached(db, shrink, err);
	if (s == DLB_OK)
		s = run_cached(db, commit, err);
	if (s == DLB_OK)
		db->begun = false;
	return s;
}

enum dlb_status
dlb_db_rollback(struct dlb_db *db, struct dlb_error *err)
{
	static const char rollback[] = "ROLLBACK";
	enum dlb_status s = DLB_OK;

	if (!sqlite3_get_autocommit(db->sql))
		s = run_cached(db, rollback, err);
	if (s == DLB_OK)
		db->begun = db->broken = false;
	return s;
}

const void *
dlb_db_image(struct dlb_db *db, size_t *len)
{
	sqlite3_int64 n = 0;
	const void *image = NULL;

	if (!db->begun)
		image = sqlite3_serialize(
			db->sql, "main", &n, SQLITE_SERIALIZE_NOCOPY);
	*len = image ? (size_t)n : 0;
	return image;
}
