/*
 * Letters out, and the names of their cells.
 */
#include "state_internal.h"

#include <string.h>

#define COLUMNS DLB_OUT_COLUMNS

static enum dlb_status
fail_missing(struct dlb_error *err, int64_t number)
{
	return dlb_fail(err, DLB_NOT_FOUND,
		"there is no letter %lld that went "
		"out",
		(long long)number);
}

static void
read_row(struct dlb_query *q, void *row)
{
	struct dlb_out_letter *out = row;

	out->number = dlb_query_get_int(q);
	out->to = dlb_query_get_int(q);
	dlb_query_get_blob(q, out->letter_id, sizeof(out->letter_id));
	dlb_query_get_blob(q, out->sealing_id, sizeof(out->sealing_id));
	dlb_query_get_blob(q, out->recall_key, sizeof(out->recall_key));
	out->state = (enum dlb_out_state)dlb_query_get_int(q);
	out->now = dlb_query_get_int(q) != 0;
	out->sealed_ms = dlb_query_get_int(q);
	out->expiry_week = (uint16_t)dlb_query_get_int(q);
	out->content_len = (uint64_t)dlb_query_get_int(q);
	out->files = (uint32_t)dlb_query_get_int(q);
	out->cells = (uint32_t)dlb_query_get_int(q);
	out->shown = (uint32_t)dlb_query_get_int(q);
	dlb_query_get_text(q, out->summary, sizeof(out->summary));
	out->kind = (uint8_t)dlb_query_get_int(q);
	out->receipt_wanted = dlb_query_get_int(q) != 0;
	out->arrived_ms = dlb_query_get_int(q);
	out->again_ms = dlb_query_get_int(q);
	out->recalled_ms = dlb_query_get_int(q);
	out->need = (uint8_t)dlb_query_get_int(q);
	out->stripes = (uint8_t)dlb_query_get_int(q);
	out->threshold = dlb_query_get_int(q) != 0;
}

const struct dlb_row dlb_out_row = {sizeof(struct dlb_out_letter), read_row};

/* One that people see. */
static bool
has_number(const struct dlb_out_letter *letter)
{
	return letter->to == DLB_TO_FOLLOWERS
		? letter->kind == DLB_KIND_BULLETIN
		: letter->to != 0 && letter->kind == DLB_KIND_LETTER;
}

bool
dlb_out_is_seen(const struct dlb_out_letter *letter)
{
	return has_number(letter) && letter->state != DLB_OUT_REPLACED;
}

enum dlb_status
dlb_out_add(struct dlb_letterbox *l, struct dlb_out_letter *letter,
	struct dlb_error *err)
{
	static const char sql[] =
		"INSERT INTO letters_out (" COLUMNS ") VALUES (?1, ?2, ?3, ?4,"
		" ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
		" ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)";
	struct dlb_query q;
	int64_t number;
	enum dlb_status s;

	if (letter->number) {
		number = letter->number;
		s = dlb_db_change(&l->db, err);
	} else if (has_number(letter)) {
		s = dlb_number_next(l, &number, err);
	} else {
		s = dlb_number_unseen(l, &number, err);
	}
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, number);
	dlb_query_int(&q, letter->to);
	dlb_query_blob(&q, letter->letter_id, sizeof(letter->letter_id));
	dlb_query_blob(&q, letter->sealing_id, sizeof(letter->sealing_id));
	dlb_query_blob(&q, letter->recall_key, sizeof(letter->recall_key));
	dlb_query_int(&q, letter->state);
	dlb_query_int(&q, letter->now);
	dlb_query_int(&q, letter->sealed_ms);
	dlb_query_int(&q, letter->expiry_week);
	dlb_query_int(&q, (int64_t)letter->content_len);
	dlb_query_int(&q, letter->files);
	dlb_query_int(&q, letter->cells);
	dlb_query_int(&q, letter->shown);
	dlb_query_text(&q, letter->summary);
	dlb_query_int(&q, letter->kind);
	dlb_query_int(&q, letter->receipt_wanted);
	dlb_query_int(&q, letter->arrived_ms);
	dlb_query_int(&q, letter->again_ms);
	dlb_query_int(&q, letter->recalled_ms);
	dlb_query_int(&q, letter->need ? letter->need : 1);
	dlb_query_int(&q, letter->stripes ? letter->stripes : 1);
	dlb_query_int(&q, letter->threshold);
	s = dlb_query_run(&q, err);
	if (s == DLB_OK)
		letter->number = number;
	return s;
}

enum dlb_status
dlb_out_update(struct dlb_letterbox *l, const struct dlb_out_letter *letter,
	struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE letters_out SET state = ?2, now = ?3, shown = ?4,"
		" content_len = ?5, files = ?6, cells = ?7, summary = ?8"
		" WHERE number = ?1";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, letter->number);
	dlb_query_int(&q, letter->state);
	dlb_query_int(&q, letter->now);
	dlb_query_int(&q, letter->shown);
	dlb_query_int(&q, (int64_t)letter->content_len);
	dlb_query_int(&q, letter->files);
	dlb_query_int(&q, letter->cells);
	dlb_query_text(&q, letter->summary);
	s = dlb_query_run(&q, err);
	if (s == DLB_OK && sqlite3_changes(l->db.sql) == 0)
		s = fail_missing(err, letter->number);
	return s;
}

enum dlb_status
dlb_out_get(struct dlb_letterbox *l, struct dlb_out_letter *out, int64_t number,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM letters_out WHERE number = ?1";
	struct dlb_query q;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, number);
	s = dlb_query_one(&q, out, &dlb_out_row, err);
	return s == DLB_NOT_FOUND ? fail_missing(err, number) : s;
}

/* One query for each, so that fn may change what it is shown. */
enum dlb_status
dlb_out_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_out_letter *letter), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] = "SELECT " COLUMNS " FROM letters_out"
				  " WHERE number > ?1 ORDER BY number LIMIT 1";
	struct dlb_out_letter letter = {0};
	enum dlb_status s;

	do {
		struct dlb_query q;
		int64_t after = letter.number;

		dlb_query(&q, &l->db, sql);
		dlb_query_int(&q, after);
		s = dlb_query_one(&q, &letter, &dlb_out_row, err);
	} while (s == DLB_OK && fn(ctx, &letter));
	dlb_wipe(&letter, sizeof(letter));
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

/* ---- cells --------------------------------------------------------------------------------- */

/* Each batch that is appended is a row; (number, 0, 1, 2, ...) is its key. */
#define PLACE_BITS 24

static enum dlb_status
last_place(struct dlb_letterbox *l, int64_t number, int64_t *next,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT place FROM out_cells WHERE place >= ?1 AND place < ?2"
		" ORDER BY place DESC LIMIT 1";
	struct dlb_query q;

	*next = number << PLACE_BITS;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, number << PLACE_BITS);
	dlb_query_int(&q, (number + 1) << PLACE_BITS);
	if (dlb_query_row(&q))
		*next = dlb_query_get_int(&q) + 1;
	return dlb_query_end(&q, err);
}

enum dlb_status
dlb_out_cells_append(struct dlb_letterbox *l, int64_t number,
	const uint8_t *names, size_t n, struct dlb_error *err)
{
	static const char sql[] =
		"INSERT INTO out_cells (place, names) VALUES (?1, ?2)";
	struct dlb_query q;
	int64_t place;
	enum dlb_status s;

	if (n == 0)
		return DLB_OK;
	if (number <= 0 || number > DLB_NUMBER_MAX)
		return fail_missing(err, number);
	s = dlb_db_change(&l->db, err);
	if (s == DLB_OK)
		s = last_place(l, number, &place, err);
	if (s != DLB_OK)
		return s;
	if (n > DLB_CELLS_MAX || place >> PLACE_BITS != number)
		return dlb_fail(err, DLB_LIMIT,
			"letter %lld has more cells than one can have",
			(long long)number);
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, place);
	dlb_query_blob(&q, names, n * DLB_NAME_LEN);
	return dlb_query_run(&q, err);
}

enum dlb_status
dlb_out_cells(struct dlb_letterbox *l, int64_t number, struct dlb_buf *names,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT names FROM out_cells WHERE place >= ?1 AND place < ?2"
		" ORDER BY place";
	enum dlb_status s = DLB_OK, ended;
	struct dlb_query q;

	if (number <= 0 || number > DLB_NUMBER_MAX)
		return fail_missing(err, number);
	names->len = 0;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, number << PLACE_BITS);
	dlb_query_int(&q, (number + 1) << PLACE_BITS);
	while (s == DLB_OK && dlb_query_row(&q)) {
		size_t len;
		const void *data = dlb_query_view(&q, &len);

		s = dlb_buf_append(names, data, len);
	}
	ended = dlb_query_end(&q, err);
	if (s != DLB_OK)
		return dlb_fail(err, s, "out of memory for names of cells");
	return ended;
}

_Static_assert(DLB_OUT_REPLACED == 5, "as the queries have it");

/* ---- sealed again ----------------------------------------------------------------------- */

static enum dlb_status
run_two(struct dlb_letterbox *l, const char *sql, int64_t a, int64_t b,
	struct dlb_error *err)
{
	struct dlb_query q;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, a);
	dlb_query_int(&q, b);
	return dlb_query_run(&q, err);
}

enum dlb_status
dlb_out_replace(struct dlb_letterbox *l, int64_t number, struct dlb_error *err)
{
	static const char letter[] =
		"UPDATE letters_out SET number = ?2, state = 5, again_ms = 0,"
		" recipe = x'' WHERE number = ?1";
	static const char cells[] =
		"UPDATE out_cells SET place = place + ((?2 - ?1) << 24)"
		" WHERE place >= ?1 << 24 AND place < (?1 + 1) << 24";
	int64_t away;
	enum dlb_status s;

	if (number <= 0 || number > DLB_NUMBER_MAX)
		return fail_missing(err, number);
	s = dlb_number_unseen(l, &away, err);
	if (s == DLB_OK)
		s = run_two(l, letter, number, away, err);
	if (s == DLB_OK && sqlite3_changes(l->db.sql) == 0)
		s = fail_missing(err, number);
	return s == DLB_OK ? run_two(l, cells, number, away, err) : s;
}

enum dlb_status
dlb_out_took(struct dlb_letterbox *l, const struct dlb_out_taken *taken,
	struct dlb_error *err)
{
	static const char sql[] =
		"INSERT INTO out_given (letter, stripe, courier, cells, last_ms)"
		" VALUES (?1, ?2, ?3, ?4, ?5)"
		" ON CONFLICT (letter, stripe, courier) DO UPDATE SET"
		" cells = cells + excluded.cells, last_ms = excluded.last_ms";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, taken->letter);
	dlb_query_int(&q, taken->stripe);
	dlb_query_text(&q, taken->courier);
	dlb_query_int(&q, taken->cells);
	dlb_query_int(&q, taken->last_ms);
	return dlb_query_run(&q, err);
}

enum dlb_status
dlb_out_given(struct dlb_letterbox *l, int64_t number,
	bool (*fn)(void *ctx, const struct dlb_out_taken *taken), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT stripe, courier, cells, last_ms FROM out_given"
		" WHERE letter = ?1 ORDER BY courier, stripe";
	struct dlb_query q;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, number);
	while (dlb_query_row(&q)) {
		struct dlb_out_taken taken = {.letter = number};

		taken.stripe = (uint8_t)dlb_query_get_int(&q);
		dlb_query_get_text(&q, taken.courier, sizeof(taken.courier));
		taken.cells = (uint32_t)dlb_query_get_int(&q);
		taken.last_ms = dlb_query_get_int(&q);
		if (!fn(ctx, &taken))
			break;
	}
	return dlb_query_end(&q, err);
}

enum dlb_status
dlb_out_set_recipe(struct dlb_letterbox *l, int64_t number,
	const struct dlb_buf *recipe, struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE letters_out SET recipe = ?2 WHERE number = ?1";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, number);
	dlb_query_blob(&q, recipe->data, recipe->len);
	s = dlb_query_run(&q, err);
	if (s == DLB_OK && sqlite3_changes(l->db.sql) == 0)
		s = fail_missing(err, number);
	return s;
}

enum dlb_status
dlb_out_recipe(struct dlb_letterbox *l, int64_t number, struct dlb_buf *out,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT recipe FROM letters_out WHERE number = ?1";
	struct dlb_query q;
	enum dlb_status s;

	out->len = 0;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, number);
	s = dlb_query_append(&q, out, err);
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

enum dlb_status
dlb_out_delete(struct dlb_letterbox *l, int64_t number, struct dlb_error *err)
{
	static const char letter[] =
		"DELETE FROM letters_out WHERE number = ?1";
	static const char cells[] =
		"DELETE FROM out_cells WHERE place >= ?1 AND place < ?2";
	struct dlb_query q;
	enum dlb_status s;

	if (number <= 0 || number > DLB_NUMBER_MAX)
		return fail_missing(err, number);
	s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	s = dlb_sql_run_int(&l->db, letter, number, err);
	if (s != DLB_OK)
		return s;
	if (sqlite3_changes(l->db.sql) == 0)
		return fail_missing(err, number);
	dlb_query(&q, &l->db, cells);
	dlb_query_int(&q, number << PLACE_BITS);
	dlb_query_int(&q, (number + 1) << PLACE_BITS);
	return dlb_query_run(&q, err);
}
