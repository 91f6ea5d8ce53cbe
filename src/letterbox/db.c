/*
 * The database in memory: opening it empty or from an image, transactions, and
 * queries. docs/letterbox.md, "The database".
 *
 * Nothing of it reaches a disk: the database is SQLite's "memdb", the rollback
 * journal and all that is temporary are kept in memory as well. What is deleted is
 * overwritten with zeros, so that the next image does not hold it.
 */
#include "db_internal.h"

#include "db_memory_internal.h"

#include <assert.h>
#include <stdio.h>
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

/* The tables, as steps from one version to the next. A step that was released is
 * never changed: homes were made with it. */
static const char *const schema[] = {
	/* 1 */
	"CREATE TABLE settings("
	" space INTEGER NOT NULL, key TEXT NOT NULL, value NOT NULL,"
	" PRIMARY KEY (space, key)) WITHOUT ROWID;"
	"CREATE TABLE epochs("
	" kind INTEGER NOT NULL, id INTEGER NOT NULL,"
	" record INTEGER NOT NULL UNIQUE,"
	" PRIMARY KEY (kind, id)) WITHOUT ROWID;"
	"CREATE TABLE correspondents("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
	" identity BLOB NOT NULL UNIQUE, serial INTEGER NOT NULL,"
	" added_ms INTEGER NOT NULL, heard INTEGER NOT NULL,"
	" greeted INTEGER NOT NULL, verified INTEGER NOT NULL,"
	" card BLOB NOT NULL);"
	"CREATE TABLE letters_out("
	" number INTEGER PRIMARY KEY, correspondent INTEGER NOT NULL,"
	" letter_id BLOB NOT NULL, sealing_id BLOB NOT NULL,"
	" recall_key BLOB NOT NULL, state INTEGER NOT NULL,"
	" now INTEGER NOT NULL, sealed_ms INTEGER NOT NULL,"
	" expiry_week INTEGER NOT NULL, content_len INTEGER NOT NULL,"
	" files INTEGER NOT NULL, cells INTEGER NOT NULL,"
	" shown INTEGER NOT NULL, summary TEXT NOT NULL);"
	/* place: number << 24 | how many came before. */
	"CREATE TABLE out_cells(place INTEGER PRIMARY KEY, names BLOB NOT NULL);"
	/* seen: a hash of sender and letter id; all that a deleted one keeps. */
	"CREATE TABLE letters_in("
	" number INTEGER PRIMARY KEY, seen BLOB NOT NULL UNIQUE,"
	" state INTEGER NOT NULL, correspondent INTEGER NOT NULL,"
	" arrived_ms INTEGER NOT NULL, have INTEGER NOT NULL,"
	" described INTEGER NOT NULL, kind INTEGER NOT NULL,"
	" files INTEGER NOT NULL, files_len INTEGER NOT NULL,"
	" summary TEXT NOT NULL, fixed BLOB NOT NULL);"
	"CREATE INDEX strangers ON letters_in(number)"
	" WHERE correspondent = 0 AND length(fixed) > 0;"
	"CREATE TABLE boxes("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
	" root BLOB NOT NULL, path TEXT NOT NULL);",
	/* 2: the nodes that this one is paired with */
	"CREATE TABLE known_nodes("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
	" secret BLOB NOT NULL UNIQUE, vetted INTEGER NOT NULL,"
	" added_ms INTEGER NOT NULL, met_ms INTEGER NOT NULL);",
	/* 3: what opens the card that rode along with a stranger's letter */
	"ALTER TABLE letters_in ADD COLUMN card BLOB NOT NULL DEFAULT x'';",
	/* 4: since when secrets of epochs are there and when they end, which are being
	 * destroyed, and to which opening key a letter was sealed; of those that are
	 * there it is not known, so that they count as sealed to the last. begun,
	 * ended: days. */
	"ALTER TABLE epochs ADD COLUMN begun INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE epochs ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE condemned("
	" record INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
	" id INTEGER NOT NULL);"
	"ALTER TABLE letters_in ADD COLUMN opening INTEGER NOT NULL DEFAULT -1;"
	"UPDATE letters_in SET opening ="
	" coalesce((SELECT max(id) FROM epochs WHERE kind = 2), -1);",
	/* 5: receipts. acked_week: the expiry of the sealing for which one was
	 * written or owed last; 0: none. */
	"ALTER TABLE letters_in ADD COLUMN receipt INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE letters_in"
	" ADD COLUMN acked_week INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE letters_out ADD COLUMN kind INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE letters_out ADD COLUMN receipt INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE letters_out"
	" ADD COLUMN arrived_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE correspondents"
	" ADD COLUMN receipts INTEGER NOT NULL DEFAULT 1;"
	"CREATE INDEX out_ids ON letters_out(letter_id);"
	"CREATE INDEX in_receipts ON letters_in(number)"
	" WHERE kind = 2 AND length(fixed) > 0;"
	"CREATE TABLE receipts_owed("
	" correspondent INTEGER NOT NULL, letter_id BLOB NOT NULL,"
	" PRIMARY KEY (correspondent, letter_id)) WITHOUT ROWID;",
	/* 6: letters that are sealed again. again_of: the number of the letter that a
	 * second sealing is of, while neither is whole. */
	"ALTER TABLE letters_in ADD COLUMN again_of INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX in_again ON letters_in(again_of, number)"
	" WHERE again_of > 0;"
	"ALTER TABLE letters_out ADD COLUMN again_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE letters_out ADD COLUMN recipe BLOB NOT NULL DEFAULT x'';",
	/* 7: recalls. released: a bit a cell, by index, whose token was released;
	 * unreleased: 0 when they all were. */
	"ALTER TABLE letters_out"
	" ADD COLUMN recalled_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE letters_out ADD COLUMN released BLOB NOT NULL DEFAULT x'';"
	"ALTER TABLE letters_out"
	" ADD COLUMN unreleased INTEGER NOT NULL DEFAULT 1;"
	"CREATE INDEX out_recalls ON letters_out(number) WHERE unreleased = 1"
	" AND (correspondent = 0 OR arrived_ms > 0 OR recalled_ms > 0);",
	/* 8: letters that are split. stripe_of: the number of the row that stands for
	 * the sealing of which this is another stripe; stripes: how many were made;
	 * whole: how many of them are here whole. */
	"ALTER TABLE letters_in"
	" ADD COLUMN stripe_of INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE letters_in ADD COLUMN stripes INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE letters_in ADD COLUMN whole INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX in_stripes ON letters_in(stripe_of, number)"
	" WHERE stripe_of > 0;"
	"CREATE INDEX in_split ON letters_in(number)"
	" WHERE stripes > 1 AND state = 0 AND stripe_of = 0;"
	"ALTER TABLE letters_out ADD COLUMN need INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE letters_out ADD COLUMN stripes INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE letters_out"
	" ADD COLUMN threshold INTEGER NOT NULL DEFAULT 0;",
	/* 9: who took how many cells of which letter out first */
	"CREATE TABLE out_couriers("
	" letter INTEGER NOT NULL, courier TEXT NOT NULL,"
	" cells INTEGER NOT NULL,"
	" PRIMARY KEY (letter, courier)) WITHOUT ROWID;"
	"CREATE TRIGGER out_gone AFTER DELETE ON letters_out BEGIN"
	" DELETE FROM out_couriers WHERE letter = old.number; END;"
	"CREATE TRIGGER out_replaced AFTER UPDATE OF number ON letters_out BEGIN"
	" DELETE FROM out_couriers WHERE letter = old.number; END;",
	/* 10: letters that nodes write. shown: nobody sees its kind, but it is to be
	 * seen. */
	"ALTER TABLE letters_in ADD COLUMN shown INTEGER NOT NULL DEFAULT 0;"
	"DROP INDEX in_receipts;"
	"CREATE INDEX in_kinds ON letters_in(number)"
	" WHERE kind > 1 AND length(fixed) > 0;",
	/* 11: bulletins. handles: what the node keeps of them, of days from first_day
	 * on. letter: in letters_in, whose correspondent is -author; 0: it is gone.
	 * bulletin_days: how many slots of a day one's own have taken. */
	"CREATE TABLE authors("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
	" identity BLOB NOT NULL UNIQUE, serial INTEGER NOT NULL,"
	" added_ms INTEGER NOT NULL, key BLOB NOT NULL, card BLOB NOT NULL,"
	" first_day INTEGER NOT NULL DEFAULT 0,"
	" handles BLOB NOT NULL DEFAULT x'');"
	"CREATE TABLE bulletins("
	" author INTEGER NOT NULL, id BLOB NOT NULL, letter INTEGER NOT NULL,"
	" day INTEGER NOT NULL, slot INTEGER NOT NULL, kind INTEGER NOT NULL,"
	" posted_ms INTEGER NOT NULL, cells INTEGER NOT NULL,"
	" opened INTEGER NOT NULL, taken INTEGER NOT NULL,"
	" cores BLOB NOT NULL, PRIMARY KEY (author, id)) WITHOUT ROWID;"
	"CREATE INDEX bulletin_letters ON bulletins(letter) WHERE letter > 0;"
	"CREATE INDEX bulletin_times ON bulletins(posted_ms, letter)"
	" WHERE letter > 0;"
	"CREATE TRIGGER bulletin_gone AFTER DELETE ON letters_in"
	" WHEN old.correspondent < 0 BEGIN"
	" UPDATE bulletins SET letter = 0 WHERE letter = old.number; END;"
	"CREATE TABLE bulletin_days("
	" day INTEGER PRIMARY KEY, used INTEGER NOT NULL);",
	/* 12: the log */
	"CREATE TABLE audit("
	" number INTEGER PRIMARY KEY, record BLOB NOT NULL,"
	" hash BLOB NOT NULL, salt BLOB NOT NULL, name TEXT NOT NULL);",
	/* 13: briefings, as couriers keep them and as senders do. One without a tag
	 * key has ended; one without a box: all below its serial have. */
	"ALTER TABLE boxes ADD COLUMN place TEXT NOT NULL DEFAULT '';"
	"CREATE TABLE trips("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" correspondent INTEGER NOT NULL, box BLOB NOT NULL,"
	" serial INTEGER NOT NULL, last_day INTEGER NOT NULL,"
	" received_ms INTEGER NOT NULL, note TEXT NOT NULL,"
	" name TEXT NOT NULL, place TEXT NOT NULL, tag_key BLOB NOT NULL,"
	" meeting_key BLOB NOT NULL, root BLOB NOT NULL,"
	" UNIQUE (correspondent, box));"
	"CREATE TABLE briefed("
	" correspondent INTEGER NOT NULL, box BLOB NOT NULL,"
	" name TEXT NOT NULL, note TEXT NOT NULL, opens INTEGER NOT NULL,"
	" serial INTEGER NOT NULL, last_day INTEGER NOT NULL,"
	" sent_ms INTEGER NOT NULL, letter INTEGER NOT NULL,"
	" revoked_ms INTEGER NOT NULL, revocation INTEGER NOT NULL,"
	" PRIMARY KEY (correspondent, box)) WITHOUT ROWID;",
	/* 14: rosters. number 0: none is held. author 0: one's own. fresh: while they
	 * are written. */
	"CREATE TABLE own_roster("
	" identity BLOB PRIMARY KEY, revoked INTEGER NOT NULL,"
	" note TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE rosters("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, identity BLOB NOT NULL UNIQUE,"
	" name TEXT NOT NULL UNIQUE, trusted INTEGER NOT NULL,"
	" number INTEGER NOT NULL, issued_ms INTEGER NOT NULL,"
	" until_ms INTEGER NOT NULL, vouched INTEGER NOT NULL,"
	" revoked INTEGER NOT NULL, bytes BLOB NOT NULL);"
	"CREATE TABLE vouched("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, author INTEGER NOT NULL,"
	" identity BLOB NOT NULL, secret BLOB NOT NULL,"
	" revoked INTEGER NOT NULL, until_ms INTEGER NOT NULL,"
	" note TEXT NOT NULL, fresh INTEGER NOT NULL,"
	" UNIQUE (author, identity));",
	/* 15: of which stripe, and when last. Stripe 255: not known which. */
	"CREATE TABLE out_given("
	" letter INTEGER NOT NULL, stripe INTEGER NOT NULL,"
	" courier TEXT NOT NULL, cells INTEGER NOT NULL,"
	" last_ms INTEGER NOT NULL,"
	" PRIMARY KEY (letter, stripe, courier)) WITHOUT ROWID;"
	"INSERT INTO out_given SELECT c.letter,"
	" CASE WHEN l.stripes = 1 THEN 0 ELSE 255 END, c.courier, c.cells, 0"
	" FROM out_couriers c JOIN letters_out l ON l.number = c.letter;"
	"DROP TRIGGER out_gone; DROP TRIGGER out_replaced;"
	"DROP TABLE out_couriers;"
	"CREATE TRIGGER out_gone AFTER DELETE ON letters_out BEGIN"
	" DELETE FROM out_given WHERE letter = old.number; END;"
	"CREATE TRIGGER out_replaced AFTER UPDATE OF number ON letters_out BEGIN"
	" DELETE FROM out_given WHERE letter = old.number; END;",
};

/* ---- failures ------------------------------------------------------------------------- */

static enum dlb_status
fail_sql(struct dlb_db *db, int rc, struct dlb_error *err)
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

static enum dlb_status
run_sql(struct dlb_db *db, const char *sql, struct dlb_error *err)
{
	int rc = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? DLB_OK : fail_sql(db, rc, err);
}

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
	return rc == SQLITE_OK ? DLB_OK : fail_sql(db, rc, err);
}

static enum dlb_status
limit_len(struct dlb_db *db, struct dlb_error *err)
{
	sqlite3_int64 limit = DLB_DB_LEN_MAX;
	int rc = sqlite3_file_control(
		db->sql, "main", SQLITE_FCNTL_SIZE_LIMIT, &limit);

	return rc == SQLITE_OK ? DLB_OK : fail_sql(db, rc, err);
}

static enum dlb_status
upgrade(struct dlb_db *db, size_t version, struct dlb_error *err)
{
	char set[64];
	enum dlb_status s = DLB_OK;

	if (version == DLB_ARRAY_LEN(schema))
		return DLB_OK;
	s = run_sql(db, "BEGIN", err);
	while (s == DLB_OK && version < DLB_ARRAY_LEN(schema))
		s = run_sql(db, schema[version++], err);
	snprintf(
		set, sizeof(set), "PRAGMA user_version = %zu; COMMIT", version);
	return s == DLB_OK ? run_sql(db, set, err) : s;
}

enum dlb_status
dlb_db_create(struct dlb_db *db, struct dlb_error *err)
{
	enum dlb_status s = open_empty(db, err);

	if (s == DLB_OK)
		s = limit_len(db, err);
	/* These two only while there is nothing in it. */
	if (s == DLB_OK)
		s = run_sql(db,
			"PRAGMA page_size = " TEXT(
				PAGE_LEN) ";"
					  "PRAGMA auto_vacuum = INCREMENTAL;",
			err);
	if (s == DLB_OK)
		s = run_sql(db, pragmas, err);
	if (s == DLB_OK)
		s = upgrade(db, 0, err);
	if (s != DLB_OK)
		dlb_db_close(db);
	return s;
}

/* In memory only: the file gets it with the next commit. */
static enum dlb_status
bring_up_to_date(struct dlb_db *db, struct dlb_error *err)
{
	struct dlb_query q;
	int64_t version = 0;
	enum dlb_status s;

	dlb_query(&q, db, "PRAGMA user_version");
	if (dlb_query_row(&q))
		version = dlb_query_get_int(&q);
	s = dlb_query_end(&q, err);
	if (s != DLB_OK)
		return s;
	if (version > (int64_t)DLB_ARRAY_LEN(schema))
		return dlb_fail(err, DLB_UNSUPPORTED,
			"the letterbox was written by a newer version of this "
			"program: use that one");
	if (version < 1)
		return fail_sql(db, SQLITE_CORRUPT, err);
	return upgrade(db, (size_t)version, err);
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
	s = rc == SQLITE_OK ? DLB_OK : fail_sql(db, rc, err);
	if (s == DLB_OK)
		s = limit_len(db, err);
	if (s == DLB_OK)
		s = run_sql(db, pragmas, err);
	if (s == DLB_OK)
		s = bring_up_to_date(db, err);
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
		s = fail_sql(q->db, q->rc, err);
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
