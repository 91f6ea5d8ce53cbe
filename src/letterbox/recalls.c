/*
 * Calling letters back: which of those that went out have tokens to release, and which of
 * these were. When they are due is node's to say.
 */
#include "state_internal.h"

#include <string.h>

_Static_assert(
	DLB_OUT_REPLACED == 5 && DLB_OUT_RECALLED == 6 && DLB_OUT_ARRIVED == 3,
	"as the queries have it");

enum dlb_status
dlb_out_recall(struct dlb_letterbox *l, int64_t number, int64_t when_ms,
	struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE letters_out SET recalled_ms = ?4, again_ms = 0,"
		" recipe = x'', state = CASE WHEN state IN (3, 5)"
		" THEN state ELSE 6 END"
		" WHERE letter_id = ?1 AND correspondent = ?2 AND kind = ?3";
	struct dlb_out_letter letter;
	struct dlb_query q;
	enum dlb_status s = dlb_out_get(l, &letter, number, err);

	if (s == DLB_OK)
		s = dlb_db_change(&l->db, err);
	if (s == DLB_OK) {
		dlb_query(&q, &l->db, sql);
		dlb_query_blob(&q, letter.letter_id, sizeof(letter.letter_id));
		dlb_query_int(&q, letter.to);
		dlb_query_int(&q, letter.kind);
		dlb_query_int(&q, when_ms);
		s = dlb_query_run(&q, err);
	}
	dlb_wipe(&letter, sizeof(letter));
	return s;
}

enum dlb_status
dlb_out_recallable(struct dlb_letterbox *l, uint16_t week,
	bool (*fn)(void *ctx, const struct dlb_out_letter *letter), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " DLB_OUT_COLUMNS " FROM letters_out"
		" WHERE unreleased = 1"
		" AND (correspondent = 0 OR arrived_ms > 0 OR recalled_ms > 0)"
		" AND number > ?1 AND expiry_week >= ?2 AND state > 0"
		" ORDER BY number LIMIT 1";
	struct dlb_out_letter letter = {0};
	enum dlb_status s;

	do {
		struct dlb_query q;
		int64_t after = letter.number;

		dlb_query(&q, &l->db, sql);
		dlb_query_int(&q, after);
		dlb_query_int(&q, week);
		s = dlb_query_one(&q, &letter, &dlb_out_row, err);
	} while (s == DLB_OK && fn(ctx, &letter));
	dlb_wipe(&letter, sizeof(letter));
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

enum dlb_status
dlb_out_sealings(struct dlb_letterbox *l, const struct dlb_out_letter *of,
	bool (*fn)(void *ctx, const struct dlb_out_letter *letter), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " DLB_OUT_COLUMNS " FROM letters_out"
		" WHERE letter_id = ?1 AND correspondent = ?2 AND kind = ?3"
		" AND number > ?4 ORDER BY number LIMIT 1";
	struct dlb_out_letter letter = {0};
	enum dlb_status s;

	do {
		struct dlb_query q;
		int64_t after = letter.number;

		dlb_query(&q, &l->db, sql);
		dlb_query_blob(&q, of->letter_id, sizeof(of->letter_id));
		dlb_query_int(&q, of->to);
		dlb_query_int(&q, of->kind);
		dlb_query_int(&q, after);
		s = dlb_query_one(&q, &letter, &dlb_out_row, err);
	} while (s == DLB_OK && fn(ctx, &letter));
	dlb_wipe(&letter, sizeof(letter));
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

/* ---- which were released ------------------------------------------------------------- */

static size_t
bits_len(const struct dlb_out_letter *letter)
{
	return ((size_t)letter->cells + 7) / 8;
}

enum dlb_status
dlb_out_released(struct dlb_letterbox *l, const struct dlb_out_letter *letter,
	struct dlb_buf *bits, struct dlb_error *err)
{
	static const char sql[] =
		"SELECT unreleased, released FROM letters_out WHERE number = ?1";
	uint8_t rest[256] = {0};
	size_t want = bits_len(letter), len = 0;
	enum dlb_status s = DLB_OK, ended;
	struct dlb_query q;

	bits->len = 0;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, letter->number);
	if (dlb_query_row(&q)) {
		const void *data;

		/* Of those that all were, no bits are kept. */
		if (dlb_query_get_int(&q) == 0)
			memset(rest, 0xff, sizeof(rest));
		data = dlb_query_view(&q, &len);

		s = dlb_buf_append(bits, data, len < want ? len : want);
	}
	ended = dlb_query_end(&q, err);
	while (s == DLB_OK && bits->len < want)
		s = dlb_buf_append(bits, rest,
			want - bits->len < sizeof(rest) ? want - bits->len
							: sizeof(rest));
	if (s != DLB_OK)
		return dlb_fail(err, s, "out of memory");
	return ended;
}

static bool
all_set(const struct dlb_buf *bits, uint32_t cells)
{
	for (uint32_t i = 0; i < cells; i++)
		if (!(bits->data[i / 8] >> i % 8 & 1))
			return false;
	return true;
}

enum dlb_status
dlb_out_set_released(struct dlb_letterbox *l,
	const struct dlb_out_letter *letter, const struct dlb_buf *bits,
	struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE letters_out SET released = ?2, unreleased = ?3"
		" WHERE number = ?1";
	bool all =
		bits->len >= bits_len(letter) && all_set(bits, letter->cells);
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, letter->number);
	dlb_query_blob(&q, bits->data, all ? 0 : bits->len);
	dlb_query_int(&q, !all);
	return dlb_query_run(&q, err);
}
