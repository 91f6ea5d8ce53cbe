/*
 * Letters that were sealed again, at their reader: other sealings of one letter, each
 * with cells of its own, are collected beside it until one is whole. dlb_in_add lets
 * them in.
 */
#include "inbox_internal.h"

/* All have numbers that nobody sees: the rows of letters are not gone through. */
enum dlb_status
dlb_in_again(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " DLB_IN_COLUMNS " FROM letters_in"
		" WHERE number > max(?1, ?2) AND again_of > 0"
		" AND length(fixed) > 0 ORDER BY number LIMIT 1";

	return dlb_in_query_each(l, sql, fn, ctx, DLB_NUMBER_UNSEEN - 1, err);
}

enum dlb_status
dlb_in_take_over(struct dlb_letterbox *l, const struct dlb_in_letter *again,
	struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE letters_in SET (state, have, described, kind, files,"
		" files_len, summary, receipt, stripes, whole, card, opening,"
		" fixed)"
		" = (SELECT state, have, described, kind, files, files_len,"
		" summary, receipt, stripes, whole, card, opening, fixed"
		" FROM letters_in"
		" WHERE number = ?2) WHERE number = ?1";
	static const char move[] = "UPDATE letters_in SET stripe_of = ?1"
				   " WHERE stripe_of = ?2 AND stripe_of > 0";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s == DLB_OK)
		s = dlb_in_forget_stripes(l, again->again_of, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, move);
	dlb_query_int(&q, again->again_of);
	dlb_query_int(&q, again->number);
	s = dlb_query_run(&q, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, again->again_of);
	dlb_query_int(&q, again->number);
	s = dlb_query_run(&q, err);
	return s == DLB_OK ? dlb_in_drop(l, again, err) : s;
}
