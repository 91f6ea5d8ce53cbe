/*
 * Letters in: which there are, and how far each is.
 */
#include "inbox_internal.h"

#include <string.h>

bool
dlb_in_is_seen(const struct dlb_in_letter *letter)
{
	return (!dlb_kind_is_quiet(letter->kind) || letter->shown)
		&& letter->from >= 0 && letter->again_of == 0
		&& letter->stripe_of == 0;
}

enum dlb_status
dlb_in_update(struct dlb_letterbox *l, const struct dlb_in_letter *letter,
	struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE letters_in SET state = ?2, have = ?3, described = ?4,"
		" kind = ?5, files = ?6, files_len = ?7, summary = ?8,"
		" receipt = ?9, whole = ?10"
		" WHERE number = ?1 AND length(fixed) > 0";
	struct dlb_query q;
	enum dlb_status s;

	if (letter->state == DLB_IN_DELETED)
		return dlb_in_delete(l, letter->number, err);
	s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, letter->number);
	dlb_query_int(&q, letter->state);
	dlb_query_int(&q, letter->have);
	dlb_query_int(&q, letter->described);
	dlb_query_int(&q, letter->kind);
	dlb_query_int(&q, letter->files);
	dlb_query_int(&q, (int64_t)letter->files_len);
	dlb_query_text(&q, letter->summary);
	dlb_query_int(&q, letter->receipt_wanted);
	dlb_query_int(&q, letter->whole);
	s = dlb_query_run(&q, err);
	if (s == DLB_OK && sqlite3_changes(l->db.sql) == 0)
		s = dlb_in_fail_missing(err, letter->number);
	return s;
}

enum dlb_status
dlb_in_get(struct dlb_letterbox *l, struct dlb_in_letter *out, int64_t number,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " DLB_IN_COLUMNS " FROM letters_in WHERE number = ?1";
	struct dlb_query q;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, number);
	s = dlb_query_one(&q, out, &dlb_in_row, err);
	return s == DLB_NOT_FOUND ? dlb_in_fail_missing(err, number) : s;
}

enum dlb_status
dlb_in_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] = "SELECT " DLB_IN_COLUMNS " FROM letters_in"
				  " WHERE number > ?1 AND length(fixed) > 0"
				  " ORDER BY number LIMIT 1";

	return dlb_in_query_each(l, sql, fn, ctx, 0, err);
}

enum dlb_status
dlb_in_kinds(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " DLB_IN_COLUMNS " FROM letters_in"
		" WHERE number > ?1 AND kind > 1 AND length(fixed) > 0"
		" ORDER BY number LIMIT 1";

	return dlb_in_query_each(l, sql, fn, ctx, 0, err);
}

enum dlb_status
dlb_in_show(struct dlb_letterbox *l, int64_t number, const char *summary,
	struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE letters_in SET number = ?2, shown = 1, summary = ?3"
		" WHERE number = ?1 AND length(fixed) > 0";
	static const char others[] = "UPDATE letters_in SET stripe_of = ?2"
				     " WHERE stripe_of = ?1 AND stripe_of > 0";
	int64_t visible = number;
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s == DLB_OK && number >= DLB_NUMBER_UNSEEN)
		s = dlb_number_next(l, &visible, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, number);
	dlb_query_int(&q, visible);
	dlb_query_text(&q, summary);
	s = dlb_query_run(&q, err);
	if (s == DLB_OK && sqlite3_changes(l->db.sql) == 0)
		return dlb_in_fail_missing(err, number);
	if (s != DLB_OK || visible == number)
		return s;
	dlb_query(&q, &l->db, others);
	dlb_query_int(&q, number);
	dlb_query_int(&q, visible);
	return dlb_query_run(&q, err);
}
