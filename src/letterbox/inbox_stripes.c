/*
 * Letters that are split, at their reader: each stripe is a row, so that its cells are
 * collected as a letter's are. The stripe that came first stands for its sealing; the
 * others name it (stripe_of), and nobody sees them. dlb_in_add lets them in.
 */
#include "inbox_internal.h"

enum dlb_status
dlb_in_split(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " DLB_IN_COLUMNS " FROM letters_in"
		" WHERE number > ?1 AND stripes > 1 AND state = 0"
		" AND stripe_of = 0 ORDER BY number LIMIT 1";

	return dlb_in_query_each(l, sql, fn, ctx, 0, err);
}

enum dlb_status
dlb_in_stripes(struct dlb_letterbox *l, int64_t number,
	bool (*fn)(void *ctx, const struct dlb_in_letter *stripe), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " DLB_IN_COLUMNS " FROM letters_in"
		" WHERE number > ?1 AND stripe_of = ?2 AND stripe_of > 0"
		" ORDER BY number LIMIT 1";

	return dlb_in_query_each(l, sql, fn, ctx, number, err);
}

enum dlb_status
dlb_in_stripe_first(struct dlb_letterbox *l, const struct dlb_in_letter *stripe,
	struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE letters_in SET (have, card, opening, fixed)"
		" = (SELECT have, card, opening, fixed FROM letters_in"
		" WHERE number = ?2) WHERE number = ?1";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, stripe->stripe_of);
	dlb_query_int(&q, stripe->number);
	s = dlb_query_run(&q, err);
	return s == DLB_OK ? dlb_in_drop(l, stripe, err) : s;
}

enum dlb_status
dlb_in_forget_stripes(
	struct dlb_letterbox *l, int64_t number, struct dlb_error *err)
{
	static const char sql[] = "DELETE FROM letters_in"
				  " WHERE stripe_of = ?1 AND stripe_of > 0";
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	return dlb_sql_run_int(&l->db, sql, number, err);
}

enum dlb_status
dlb_in_drop(struct dlb_letterbox *l, const struct dlb_in_letter *again,
	struct dlb_error *err)
{
	static const char sql[] = "DELETE FROM letters_in WHERE number = ?1"
				  " AND (again_of > 0 OR stripe_of > 0)";
	enum dlb_status s = dlb_in_forget_stripes(l, again->number, err);

	if (s != DLB_OK)
		return s;
	return dlb_sql_run_int(&l->db, sql, again->number, err);
}
