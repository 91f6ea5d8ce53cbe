/*
 * Rosters of others: whose are held, whose count. A roster is believed for its author's
 * signature and its number alone, whatever way it came: so who carries one can keep a
 * newer one away, and nothing else.
 */
#include "letterbox_internal.h"
#include "roster_internal.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS                                                                \
	"id, identity, name, trusted, number, issued_ms, until_ms, vouched, "  \
	"revoked, floor"

/* ---- finding --------------------------------------------------------------------------- */

static void
read_row(struct dlb_query *q, void *row)
{
	struct dlb_roster_author *out = row;

	out->id = dlb_query_get_int(q);
	dlb_query_get_blob(q, &out->identity, sizeof(out->identity));
	dlb_query_get_text(q, out->name, sizeof(out->name));
	out->trusted = dlb_query_get_int(q) != 0;
	out->number = (uint64_t)dlb_query_get_int(q);
	out->issued_ms = dlb_query_get_int(q);
	out->until_ms = dlb_query_get_int(q);
	out->vouched = (uint32_t)dlb_query_get_int(q);
	out->revoked = (uint32_t)dlb_query_get_int(q);
	out->floor = (uint64_t)dlb_query_get_int(q);
}

static const struct dlb_row author_row = {
	sizeof(struct dlb_roster_author), read_row};

enum dlb_status
dlb_roster_author_by_identity(struct dlb_letterbox *l,
	struct dlb_roster_author *out, const struct dlb_identity *identity)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM rosters WHERE identity = ?1";
	struct dlb_query q;

	dlb_query(&q, &l->db, sql);
	dlb_query_blob(&q, identity, sizeof(*identity));
	return dlb_query_one(&q, out, &author_row, NULL);
}

enum dlb_status
dlb_roster_author_by_name(struct dlb_letterbox *l,
	struct dlb_roster_author *out, const char *name, struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM rosters WHERE name = ?1";
	char shown[DLB_NAME_TEXT_MAX + 1];
	struct dlb_query q;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_text(&q, name);
	s = dlb_query_one(&q, out, &author_row, err);
	if (s == DLB_NOT_FOUND)
		dlb_fail(err, s,
			"there is no roster of \"%s\" here; see: dlb roster list",
			dlb_printable(
				shown, sizeof(shown), name, strlen(name)));
	return s;
}

/* After `last`, which is its name then. DLB_NOT_FOUND without a message. */
static enum dlb_status
next_author(struct dlb_letterbox *l, struct dlb_roster_author *a,
	char last[static DLB_NAME_TEXT_MAX + 1], struct dlb_error *err)
{
	static const char sql[] = "SELECT " COLUMNS " FROM rosters"
				  " WHERE name > ?1 ORDER BY name LIMIT 1";
	struct dlb_query q;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_text(&q, last);
	s = dlb_query_one(&q, a, &author_row, err);
	memcpy(last, a->name, sizeof(a->name));
	return s;
}

enum dlb_status
dlb_roster_author_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_roster_author *a), void *ctx,
	struct dlb_error *err)
{
	char last[DLB_NAME_TEXT_MAX + 1] = "";
	struct dlb_roster_author a;
	enum dlb_status s;

	do
		s = next_author(l, &a, last, err);
	while (s == DLB_OK && fn(ctx, &a));
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

enum dlb_status
dlb_roster_held(struct dlb_letterbox *l, struct dlb_buf *out, int64_t author,
	struct dlb_error *err)
{
	static const char sql[] = "SELECT bytes FROM rosters WHERE id = ?1";
	enum dlb_status s = DLB_NOT_FOUND, ended;
	struct dlb_query q;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, author);
	if (dlb_query_row(&q)) {
		size_t len;
		const void *bytes = dlb_query_view(&q, &len);

		s = len > 0 ? dlb_buf_append(out, bytes, len) : DLB_NOT_FOUND;
	}
	ended = dlb_query_end(&q, err);
	if (ended != DLB_OK)
		return ended;
	return s == DLB_OK
		? s
		: dlb_fail(err, s,
			s == DLB_NOT_FOUND ? "no roster of theirs has come yet"
					   : "out of memory");
}

/* ---- who is in the list -------------------------------------------------------------------- */

/* The name, or one like it that no other author has. */
static enum dlb_status
free_name(struct dlb_letterbox *l, char out[static DLB_NAME_TEXT_MAX + 1],
	const char *name, struct dlb_error *err)
{
	struct dlb_roster_author other;
	enum dlb_status s;

	dlb_name_clean(out, name);
	s = dlb_roster_author_by_name(l, &other, out, NULL);
	for (unsigned i = 2; s == DLB_OK; i++) {
		dlb_name_clean(out, name);
		dlb_name_number(out, i);
		s = dlb_roster_author_by_name(l, &other, out, NULL);
	}
	return s == DLB_NOT_FOUND
		? DLB_OK
		: dlb_fail(err, s, "the rosters can not be read");
}

static enum dlb_status
add(struct dlb_letterbox *l, struct dlb_roster_author *out,
	const struct dlb_identity *identity, const char *name,
	struct dlb_error *err)
{
	static const char count[] = "SELECT count(*) FROM rosters";
	static const char sql[] =
		"INSERT INTO rosters (identity, name, trusted, number, issued_ms,"
		" until_ms, vouched, revoked, bytes)"
		" VALUES (?1, ?2, 0, 0, 0, 0, 0, 0, x'')";
	char called[DLB_NAME_TEXT_MAX + 1];
	struct dlb_query q;
	int64_t n = 0;
	enum dlb_status s = dlb_sql_number(&l->db, count, &n, err);

	if (s == DLB_OK && n >= DLB_ROSTERS_MAX)
		s = dlb_fail(err, DLB_LIMIT,
			"rosters of %d authors are held, and that is the most: "
			"`dlb roster forget` one",
			DLB_ROSTERS_MAX);
	if (s == DLB_OK)
		s = free_name(l, called, name ? name : "", err);
	if (s == DLB_OK)
		s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_blob(&q, identity, sizeof(*identity));
	dlb_query_text(&q, called);
	s = dlb_query_run(&q, err);
	return s == DLB_OK ? dlb_roster_author_by_identity(l, out, identity)
			   : s;
}

enum dlb_status
dlb_roster_forget(struct dlb_letterbox *l, const struct dlb_identity *identity,
	struct dlb_error *err)
{
	static const char sql[] = "DELETE FROM rosters WHERE id = ?1";
	static const char nodes[] = "DELETE FROM vouched WHERE author = ?1";
	struct dlb_roster_author a;
	enum dlb_status s = dlb_roster_author_by_identity(l, &a, identity);

	if (s != DLB_OK)
		return s;
	s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	s = dlb_sql_run_int(&l->db, nodes, a.id, err);
	if (s != DLB_OK)
		return s;
	s = dlb_sql_run_int(&l->db, sql, a.id, err);
	if (s == DLB_OK && a.trusted)
		s = dlb_audit_note(
			l, DLB_AUDIT_ROSTER_UNTRUSTED, NULL, 0, NULL, err);
	return s;
}

/* ---- trust --------------------------------------------------------------------------------- */

/* Of what is held, all that it says; of who has sent none yet, themselves. */
static enum dlb_status
write_vouched(struct dlb_letterbox *l, const struct dlb_roster_author *a,
	struct dlb_error *err)
{
	struct dlb_roster r = {.author = a->identity};
	struct dlb_buf bytes = {0};
	enum dlb_status s = DLB_OK;

	if (a->number > 0) {
		s = dlb_roster_held(l, &bytes, a->id, err);
		if (s == DLB_OK)
			s = dlb_roster_parse(&r, bytes.data, bytes.len, err);
	}
	if (s == DLB_OK)
		s = dlb_vouched_write(l, a->id, &r, err);
	dlb_roster_free(&r);
	dlb_buf_free(&bytes);
	return s;
}

enum dlb_status
dlb_rosters_renew(struct dlb_letterbox *l, struct dlb_error *err)
{
	static const char sql[] = "DELETE FROM vouched";
	char last[DLB_NAME_TEXT_MAX + 1] = "";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	s = dlb_query_run(&q, err);
	while (s == DLB_OK) {
		struct dlb_roster_author a;

		s = next_author(l, &a, last, err);
		if (s == DLB_OK && a.trusted)
			s = write_vouched(l, &a, err);
	}
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

enum dlb_status
dlb_roster_set_floor(struct dlb_letterbox *l, int64_t author, uint64_t floor,
	struct dlb_error *err)
{
	static const char sql[] = "UPDATE rosters SET floor = max(floor, ?2)"
				  " WHERE id = ?1";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, author);
	dlb_query_int(&q, (int64_t)floor);
	return dlb_query_run(&q, err);
}

static enum dlb_status
check_trust(struct dlb_letterbox *l, const struct dlb_identity *identity,
	struct dlb_error *err)
{
	static const char count[] =
		"SELECT count(*) FROM rosters WHERE trusted = 1";
	int64_t n = 0;
	enum dlb_status s;

	if (!l->is_person)
		return dlb_fail(err, DLB_USAGE,
			"this home is a courier's and has no card, by which "
			"others could recognise it; make one with: dlb init");
	if (memcmp(identity, &l->identity, sizeof(*identity)) == 0)
		return dlb_fail(err, DLB_REFUSED,
			"that is yourself: your own roster counts anyway");
	s = dlb_sql_number(&l->db, count, &n, err);
	if (s == DLB_OK && n >= DLB_ROSTERS_TRUSTED_MAX)
		s = dlb_fail(err, DLB_LIMIT,
			"%d authors are trusted, and that is the most: take it "
			"back from one (dlb roster trust NAME --not)",
			DLB_ROSTERS_TRUSTED_MAX);
	return s;
}

enum dlb_status
dlb_roster_trust(struct dlb_letterbox *l, const struct dlb_identity *identity,
	const char *name, bool trust, struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE rosters SET trusted = ?2 WHERE id = ?1";
	struct dlb_roster_author a;
	struct dlb_query q;
	enum dlb_status s = dlb_roster_author_by_identity(l, &a, identity);

	if ((s == DLB_OK && a.trusted == trust)
		|| (s == DLB_NOT_FOUND && !trust))
		return DLB_OK;
	if (s != DLB_OK && s != DLB_NOT_FOUND)
		return dlb_fail(err, s, "the rosters can not be read");
	if (trust) {
		enum dlb_status may = check_trust(l, identity, err);

		if (may != DLB_OK)
			return may;
	}
	if (s == DLB_NOT_FOUND)
		s = add(l, &a, identity, name, err);
	if (s == DLB_OK)
		s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, a.id);
	dlb_query_int(&q, trust);
	s = dlb_query_run(&q, err);
	if (s == DLB_OK)
		s = trust ? write_vouched(l, &a, err)
			  : dlb_vouched_write(l, a.id, NULL, err);
	if (s == DLB_OK)
		s = dlb_audit_note(l,
			trust ? DLB_AUDIT_ROSTER_TRUSTED
			      : DLB_AUDIT_ROSTER_UNTRUSTED,
			NULL, 0, NULL, err);
	return s;
}

/* ---- one that came --------------------------------------------------------------------------- */

static enum dlb_status
check_author(struct dlb_letterbox *l, struct dlb_roster_author *a,
	const struct dlb_roster *r, bool anyone, const char *name,
	struct dlb_error *err)
{
	char words[DLB_FINGERPRINT_TEXT_MAX];
	enum dlb_status s;

	if (l->is_person
		&& memcmp(&r->author, &l->identity, sizeof(r->author)) == 0)
		return dlb_fail(err, DLB_REFUSED,
			"this is your own roster; what it says is in this home "
			"already");
	s = dlb_roster_author_by_identity(l, a, &r->author);
	if (s != DLB_NOT_FOUND)
		return s;
	if (anyone)
		return add(l, a, &r->author, name, err);
	dlb_fingerprint_words(words, &r->author);
	return dlb_fail(err, s,
		"this roster is signed by someone whose rosters are not taken "
		"here (%s); if it is who you think, first: dlb roster trust "
		"THEIR-CARD",
		words);
}

static enum dlb_status
check_age(struct dlb_letterbox *l, const struct dlb_roster_author *a,
	const struct dlb_roster *r, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	struct dlb_buf held = {0};
	char issued[11];
	bool same;

	dlb_date_text(issued, r->issued_ms);
	if (r->issued_ms > dlb_now_ms(l->env) + DLB_ROSTER_AHEAD_MS)
		return dlb_fail(err, DLB_CLOCK,
			"this roster of %s is dated %s, which is ahead: set the "
			"clock here right, or ask them to publish theirs again",
			a->name, issued);
	if (r->number < a->floor)
		return dlb_fail(err, DLB_EXPIRED,
			"a newer roster of %s was held before this home was "
			"restored: the one of %s stays away",
			a->name, issued);
	if (r->number > a->number)
		return DLB_OK;
	if (r->number < a->number)
		return dlb_fail(err, DLB_EXPIRED,
			"a newer roster of %s is held: the one of %s stays away",
			a->name, issued);
	same = dlb_roster_held(l, &held, a->id, NULL) == DLB_OK
		&& held.len == len && memcmp(held.data, data, len) == 0;
	dlb_buf_free(&held);
	if (same)
		return dlb_fail(err, DLB_DUPLICATE,
			"this roster of %s is held already", a->name);
	return dlb_fail(err, DLB_EXPIRED,
		"%s has signed two rosters with one number: the first one stays; "
		"ask them to publish theirs again",
		a->name);
}

static enum dlb_status
store(struct dlb_letterbox *l, struct dlb_roster_author *a,
	const struct dlb_roster *r, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE rosters SET number = ?2, issued_ms = ?3, until_ms = ?4,"
		" vouched = ?5, revoked = ?6, bytes = ?7 WHERE id = ?1";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	a->number = r->number;
	a->issued_ms = r->issued_ms;
	a->until_ms = r->issued_ms + r->days * DLB_DAY_MS;
	a->vouched = a->revoked = 0;
	for (size_t i = 0; i < r->entries_n; i++) {
		a->revoked += r->entries[i].revoked;
		a->vouched += !r->entries[i].revoked;
	}
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, a->id);
	dlb_query_int(&q, (int64_t)a->number);
	dlb_query_int(&q, a->issued_ms);
	dlb_query_int(&q, a->until_ms);
	dlb_query_int(&q, a->vouched);
	dlb_query_int(&q, a->revoked);
	dlb_query_blob(&q, data, len);
	s = dlb_query_run(&q, err);
	if (s == DLB_OK && a->trusted)
		s = dlb_vouched_write(l, a->id, r, err);
	if (s == DLB_OK)
		s = dlb_audit_note(l, DLB_AUDIT_ROSTER_TAKEN,
			(const uint64_t[]){a->number, a->vouched, a->revoked},
			3, NULL, err);
	return s;
}

enum dlb_status
dlb_roster_take(struct dlb_letterbox *l, struct dlb_roster_author *out,
	const uint8_t *data, size_t len, bool anyone, const char *name,
	struct dlb_error *err)
{
	struct dlb_roster_author a = {0};
	struct dlb_roster r;
	enum dlb_status s = dlb_roster_parse(&r, data, len, err);

	if (s == DLB_OK)
		s = check_author(l, &a, &r, anyone, name, err);
	if (s == DLB_OK)
		s = check_age(l, &a, &r, data, len, err);
	if (s == DLB_OK)
		s = store(l, &a, &r, data, len, err);
	dlb_roster_free(&r);
	if (out)
		*out = a;
	return s;
}
