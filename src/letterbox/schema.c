/*
 * The tables of the database, as steps from one version to the next; the version is
 * SQLite's user_version. docs/letterbox.md, "The database".
 *
 * A step that was released is never changed: homes were made with it.
 */
#include "schema_internal.h"

#include <stdio.h>

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
	/* 16: below which no roster of theirs is taken */
	"ALTER TABLE rosters ADD COLUMN floor INTEGER NOT NULL DEFAULT 0;",
};

static enum dlb_status
upgrade(struct dlb_db *db, size_t version, struct dlb_error *err)
{
	char set[64];
	enum dlb_status s = DLB_OK;

	if (version == DLB_ARRAY_LEN(schema))
		return DLB_OK;
	s = dlb_sql_run(db, "BEGIN", err);
	while (s == DLB_OK && version < DLB_ARRAY_LEN(schema))
		s = dlb_sql_run(db, schema[version++], err);
	snprintf(
		set, sizeof(set), "PRAGMA user_version = %zu; COMMIT", version);
	return s == DLB_OK ? dlb_sql_run(db, set, err) : s;
}

enum dlb_status
dlb_schema_create(struct dlb_db *db, struct dlb_error *err)
{
	return upgrade(db, 0, err);
}

/* In memory only: the file gets it with the next commit. */
enum dlb_status
dlb_schema_update(struct dlb_db *db, struct dlb_error *err)
{
	struct dlb_query q;
	int64_t version = 0;
	enum dlb_status s;

	dlb_query(&q, db, "PRAGMA user_version");
	s = dlb_query_number(&q, &version, err);
	if (s != DLB_OK)
		return s;
	if (version > (int64_t)DLB_ARRAY_LEN(schema))
		return dlb_fail(err, DLB_UNSUPPORTED,
			"the letterbox was written by a newer version of this "
			"program: use that one");
	if (version < 1)
		return dlb_sql_fail(db, SQLITE_CORRUPT, err);
	return upgrade(db, (size_t)version, err);
}
