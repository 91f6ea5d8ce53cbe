/*
 * Receipts: which letters their senders are still to be told of, and which of one's
 * own have arrived.
 *
 * What is owed is a list of its own, as it outlives the letter: one that is deleted
 * may have to be answered once more, when it is sent again because the first
 * receipt was lost.
 */
#include "inbox_internal.h"

#include <string.h>

_Static_assert(DLB_LETTER_ID_LEN == 16, "as the queries have it");
_Static_assert(DLB_TO_FOLLOWERS < 0, "as the queries have it");
_Static_assert(DLB_KIND_BULLETIN == 7, "as the queries have it");

/* ---- what is owed ---------------------------------------------------------------------- */

static enum dlb_status
owe(struct dlb_letterbox *l, const struct dlb_in_letter *letter,
	struct dlb_error *err)
{
	static const char sql[] =
		"INSERT OR IGNORE INTO receipts_owed"
		" SELECT id, ?2 FROM correspondents WHERE id = ?1 AND receipts";
	struct dlb_query q;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, letter->from);
	dlb_query_blob(
		&q, letter->stripe.letter_id, sizeof(letter->stripe.letter_id));
	return dlb_query_run(&q, err);
}

/* Notes for which sealing it is told of; *changed: it was not yet. */
static enum dlb_status
note_acked(struct dlb_letterbox *l, const char *sql,
	const struct dlb_in_letter *letter, bool *changed,
	struct dlb_error *err)
{
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	*changed = false;
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, letter->number);
	dlb_query_int(&q, letter->stripe.expiry_week);
	s = dlb_query_run(&q, err);
	*changed = s == DLB_OK && sqlite3_changes(l->db.sql) > 0;
	return s;
}

enum dlb_status
dlb_receipt_owe(struct dlb_letterbox *l, const struct dlb_in_letter *letter,
	struct dlb_error *err)
{
	static const char sql[] = "UPDATE letters_in SET acked_week = ?2"
				  " WHERE number = ?1 AND acked_week = 0";
	bool first;
	enum dlb_status s;

	if (!letter->receipt_wanted || letter->from == 0)
		return DLB_OK;
	s = note_acked(l, sql, letter, &first, err);
	return s == DLB_OK && first ? owe(l, letter, err) : s;
}

enum dlb_status
dlb_receipt_again(struct dlb_letterbox *l, const struct dlb_in_letter *letter,
	struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE letters_in SET acked_week = ?2 WHERE number = ?1"
		" AND acked_week > 0 AND acked_week < ?2";
	bool later;
	enum dlb_status s;

	if (letter->from == 0)
		return DLB_OK;
	s = note_acked(l, sql, letter, &later, err);
	return s == DLB_OK && later ? owe(l, letter, err) : s;
}

enum dlb_status
dlb_receipts_owe_all(
	struct dlb_letterbox *l, int64_t correspondent, struct dlb_error *err)
{
	static const char add[] =
		"INSERT OR IGNORE INTO receipts_owed"
		" SELECT correspondent, substr(fixed, " DLB_IN_LETTER_ID_AT
		", 16)"
		" FROM letters_in WHERE correspondent = ?1 AND receipt"
		" AND acked_week = 0 AND state IN (?2, ?3)";
	/* The expiry is in fixed alone; that some receipt was written is all
	 * that matters here, and 1 is before every week that is. */
	static const char note[] =
		"UPDATE letters_in SET acked_week = 1 WHERE correspondent = ?1"
		" AND receipt AND acked_week = 0 AND state IN (?2, ?3)";
	static const char *const both[] = {add, note};
	enum dlb_status s = dlb_db_change(&l->db, err);

	for (size_t i = 0; s == DLB_OK && i < DLB_ARRAY_LEN(both); i++) {
		struct dlb_query q;

		dlb_query(&q, &l->db, both[i]);
		dlb_query_int(&q, correspondent);
		dlb_query_int(&q, DLB_IN_UNREAD);
		dlb_query_int(&q, DLB_IN_READ);
		s = dlb_query_run(&q, err);
	}
	return s;
}

/* ---- what is written ------------------------------------------------------------------- */

static enum dlb_status
next_correspondent(struct dlb_letterbox *l, int64_t after, int64_t *out,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT correspondent FROM receipts_owed"
		" WHERE correspondent > ?1 ORDER BY correspondent LIMIT 1";
	struct dlb_query q;
	bool there;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, after);
	there = dlb_query_row(&q);
	if (there)
		*out = dlb_query_get_int(&q);
	s = dlb_query_end(&q, err);
	return s == DLB_OK && !there ? DLB_NOT_FOUND : s;
}

enum dlb_status
dlb_receipts_owed(struct dlb_letterbox *l, int64_t after,
	int64_t *correspondent, struct dlb_buf *ids, struct dlb_error *err)
{
	static const char sql[] =
		"SELECT letter_id FROM receipts_owed WHERE correspondent = ?1"
		" LIMIT ?2";
	struct dlb_query q;
	enum dlb_status s, ended;

	ids->len = 0;
	s = next_correspondent(l, after, correspondent, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, *correspondent);
	dlb_query_int(&q, DLB_RECEIPT_IDS_MAX);
	while (s == DLB_OK && dlb_query_row(&q)) {
		uint8_t id[DLB_LETTER_ID_LEN];

		dlb_query_get_blob(&q, id, sizeof(id));
		s = dlb_buf_append(ids, id, sizeof(id));
	}
	ended = dlb_query_end(&q, err);
	if (s != DLB_OK)
		return dlb_fail(err, s, "out of memory for a receipt");
	return ended;
}

enum dlb_status
dlb_receipts_written(struct dlb_letterbox *l, int64_t correspondent,
	const struct dlb_buf *ids, struct dlb_error *err)
{
	static const char sql[] =
		"DELETE FROM receipts_owed WHERE correspondent = ?1"
		" AND letter_id = ?2";
	enum dlb_status s = dlb_db_change(&l->db, err);

	for (size_t i = 0; s == DLB_OK && i + DLB_LETTER_ID_LEN <= ids->len;
		i += DLB_LETTER_ID_LEN) {
		struct dlb_query q;

		dlb_query(&q, &l->db, sql);
		dlb_query_int(&q, correspondent);
		dlb_query_blob(&q, ids->data + i, DLB_LETTER_ID_LEN);
		s = dlb_query_run(&q, err);
	}
	return s;
}

/* ---- what arrived ---------------------------------------------------------------------- */

/* All of its sealings have. */
enum dlb_status
dlb_out_arrived(struct dlb_letterbox *l, int64_t correspondent,
	const uint8_t letter_id[static DLB_LETTER_ID_LEN], int64_t when_ms,
	int64_t *number, struct dlb_error *err)
{
	static const char find[] =
		"SELECT number FROM letters_out WHERE letter_id = ?1"
		" AND correspondent = ?2 AND kind <> 2 AND state <> ?3"
		" AND arrived_ms = 0";
	static const char mark[] =
		"UPDATE letters_out SET arrived_ms = ?4, again_ms = 0,"
		" recipe = x'',"
		" state = CASE state WHEN ?3 THEN ?3 ELSE ?5 END"
		" WHERE letter_id = ?1 AND correspondent = ?2 AND kind <> 2";
	struct dlb_query q;
	bool there;
	enum dlb_status s;

	dlb_query(&q, &l->db, find);
	dlb_query_blob(&q, letter_id, DLB_LETTER_ID_LEN);
	dlb_query_int(&q, correspondent);
	dlb_query_int(&q, DLB_OUT_REPLACED);
	there = dlb_query_row(&q);
	if (there)
		*number = dlb_query_get_int(&q);
	s = dlb_query_end(&q, err);
	if (s == DLB_OK && !there)
		return DLB_NOT_FOUND;
	if (s == DLB_OK)
		s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, mark);
	dlb_query_blob(&q, letter_id, DLB_LETTER_ID_LEN);
	dlb_query_int(&q, correspondent);
	dlb_query_int(&q, DLB_OUT_REPLACED);
	dlb_query_int(&q, when_ms);
	dlb_query_int(&q, DLB_OUT_ARRIVED);
	return dlb_query_run(&q, err);
}

/* ---- what is forgotten ------------------------------------------------------------------ */

/* Is the letter known here, if only as one that was deleted? */
static bool
is_known(struct dlb_letterbox *l, int64_t correspondent,
	const uint8_t letter_id[static DLB_LETTER_ID_LEN])
{
	struct dlb_in_letter letter = {.from = correspondent};
	struct dlb_correspondent who;

	if (dlb_correspondent_by_id(l, &who, correspondent) != DLB_OK)
		return false;
	letter.sender = who.identity;
	memcpy(letter.stripe.letter_id, letter_id, DLB_LETTER_ID_LEN);
	return dlb_in_seen(l, &letter);
}

static enum dlb_status
forget_owed(struct dlb_letterbox *l, struct dlb_error *err)
{
	static const char next[] =
		"SELECT correspondent, letter_id FROM receipts_owed"
		" WHERE (correspondent, letter_id) > (?1, ?2)"
		" ORDER BY correspondent, letter_id LIMIT 1";
	static const char forget[] =
		"DELETE FROM receipts_owed"
		" WHERE correspondent = ?1 AND letter_id = ?2";
	uint8_t id[DLB_LETTER_ID_LEN] = {0};
	int64_t correspondent = INT64_MIN;
	enum dlb_status s = DLB_OK;

	while (s == DLB_OK) {
		uint8_t before[DLB_LETTER_ID_LEN];
		struct dlb_query q;
		bool there;

		memcpy(before, id, sizeof(before));
		dlb_query(&q, &l->db, next);
		dlb_query_int(&q, correspondent);
		dlb_query_blob(&q, before, sizeof(before));
		there = dlb_query_row(&q);
		if (there) {
			correspondent = dlb_query_get_int(&q);
			dlb_query_get_blob(&q, id, sizeof(id));
		}
		s = dlb_query_end(&q, err);
		if (s != DLB_OK || !there)
			break;
		if (is_known(l, correspondent, id))
			continue;
		dlb_query(&q, &l->db, forget);
		dlb_query_int(&q, correspondent);
		dlb_query_blob(&q, id, sizeof(id));
		s = dlb_query_run(&q, err);
	}
	return s;
}

enum dlb_status
dlb_receipts_forget(
	struct dlb_letterbox *l, uint16_t week, struct dlb_error *err)
{
	/* Their cells are held no more. Bulletins stay, for their author to see. */
	static const char gone[] =
		"DELETE FROM letters_out WHERE kind > 1 AND state <> ?1"
		" AND state <> ?2 AND expiry_week < ?3"
		" AND NOT (correspondent = -1 AND kind = 7)";
	static const char cells[] =
		"DELETE FROM out_cells WHERE place >> 24 NOT IN"
		" (SELECT number FROM letters_out)";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s == DLB_OK)
		s = forget_owed(l, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, gone);
	dlb_query_int(&q, DLB_OUT_SEALING);
	dlb_query_int(&q, DLB_OUT_WAITING);
	dlb_query_int(&q, week);
	s = dlb_query_run(&q, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, cells);
	return dlb_query_run(&q, err);
}
