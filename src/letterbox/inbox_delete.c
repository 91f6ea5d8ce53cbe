/*
 * Letters in that are deleted: of one only its number, the hash by which it is known,
 * and the number of the key that it was sealed to stay, for as long as that key is there.
 */
#include "inbox_internal.h"

#define KEY_IS_THERE                                                           \
	"EXISTS (SELECT 1 FROM epochs WHERE"                                   \
	" kind = CASE WHEN opening >= 2147483648 THEN 3 ELSE 2 END"            \
	" AND id = opening & 2147483647)"

/* What stays of a deleted letter; *stays where its key is there. */
struct stub {
	uint8_t seen[DLB_IN_SEEN_LEN];
	int64_t opening, acked_week;
	bool stays;
};

static enum dlb_status
stub_of(struct dlb_letterbox *l, struct stub *out, int64_t number,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT seen, opening, acked_week, " KEY_IS_THERE
		" FROM letters_in"
		" WHERE number = ?1 AND length(fixed) > 0";
	struct dlb_query q;
	bool there;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, number);
	there = dlb_query_row(&q);
	if (there) {
		dlb_query_get_blob(&q, out->seen, DLB_IN_SEEN_LEN);
		out->opening = dlb_query_get_int(&q);
		out->acked_week = dlb_query_get_int(&q);
		out->stays = dlb_query_get_int(&q) != 0;
	}
	s = dlb_query_end(&q, err);
	return s == DLB_OK && !there ? dlb_in_fail_missing(err, number) : s;
}

/* The row is taken out and put in again, short: to shorten it in place would leave
 * its page as it is, and none would ever be free. */
enum dlb_status
dlb_in_delete(struct dlb_letterbox *l, int64_t number, struct dlb_error *err)
{
	static const char remove[] = "DELETE FROM letters_in WHERE number = ?1";
	static const char insert_seen[] =
		"INSERT INTO letters_in (" DLB_IN_COLUMNS ", seen, acked_week)"
		" VALUES (?1, ?2, 0, 0, 0, 0, 0, 0, 0, '', 0, 0, 0, 1, 0,"
		" 0, x'', ?3, x'', ?4, ?5)";
	struct stub stub;
	struct dlb_query q;
	enum dlb_status s = stub_of(l, &stub, number, err);

	if (s == DLB_OK)
		s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	s = dlb_sql_run_int(&l->db, remove, number, err);
	if (s == DLB_OK)
		s = dlb_in_forget_stripes(l, number, err);
	if (s != DLB_OK || !stub.stays)
		return s;
	dlb_query(&q, &l->db, insert_seen);
	dlb_query_int(&q, number);
	dlb_query_int(&q, DLB_IN_DELETED);
	dlb_query_int(&q, stub.opening);
	dlb_query_blob(&q, stub.seen, sizeof(stub.seen));
	dlb_query_int(&q, stub.acked_week);
	return dlb_query_run(&q, err);
}

enum dlb_status
dlb_in_forget(struct dlb_letterbox *l, struct dlb_error *err)
{
	static const char sql[] = "DELETE FROM letters_in"
				  " WHERE length(fixed) = 0"
				  " AND NOT " KEY_IS_THERE;
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	return dlb_query_run(&q, err);
}
