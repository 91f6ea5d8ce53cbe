/*
 * The nodes that trusted rosters speak of, with the secret that is shared with each: the
 * agreement is computed once, when the roster comes, and not at each meeting.
 *
 * One that somebody trusted revokes is revoked, whoever else vouches for it. Only the word
 * of trusted authors counts, and that of oneself: those whom they vouch for can vouch for
 * nobody.
 */
#include "roster_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ------------------------------------------------------------------------- */

/* The agreement costs more than all the rest: once is enough. */
static enum dlb_status
keep_known(struct dlb_letterbox *l, int64_t author,
	const struct dlb_identity *identity, bool revoked, int64_t until,
	const char *note, bool *known, struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE vouched SET revoked = ?3, until_ms = ?4, note = ?5,"
		" fresh = 1 WHERE author = ?1 AND identity = ?2";
	struct dlb_query q;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, author);
	dlb_query_blob(&q, identity, sizeof(*identity));
	dlb_query_int(&q, revoked);
	dlb_query_int(&q, until);
	dlb_query_text(&q, note);
	s = dlb_query_run(&q, err);
	*known = s == DLB_OK && sqlite3_changes(l->db.sql) > 0;
	return s;
}

static enum dlb_status
write_one(struct dlb_letterbox *l, int64_t author,
	const struct dlb_identity *identity, bool revoked, int64_t until,
	const char *note, struct dlb_error *err)
{
	static const char sql[] =
		"INSERT INTO vouched (author, identity, secret, revoked,"
		" until_ms, note, fresh) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)";
	uint8_t secret[DLB_KEY_LEN];
	struct dlb_query q;
	bool known;
	enum dlb_status s;

	/* Oneself, in another's roster. */
	if (memcmp(identity, &l->identity, sizeof(*identity)) == 0)
		return DLB_OK;
	s = keep_known(l, author, identity, revoked, until, note, &known, err);
	if (s != DLB_OK || known)
		return s;
	/* Keys that are none recognise nobody. */
	if (dlb_pair_secret_of(l, secret, identity, NULL) != DLB_OK)
		return DLB_OK;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, author);
	dlb_query_blob(&q, identity, sizeof(*identity));
	dlb_query_blob(&q, secret, sizeof(secret));
	dlb_query_int(&q, revoked);
	dlb_query_int(&q, until);
	dlb_query_text(&q, note);
	s = dlb_query_run(&q, err);
	dlb_wipe(secret, sizeof(secret));
	return s;
}

static enum dlb_status
write_all(struct dlb_letterbox *l, int64_t author, const struct dlb_roster *r,
	struct dlb_error *err)
{
	/* One's own word holds until it is taken back. */
	int64_t until = author == DLB_ROSTER_OWN
		? INT64_MAX
		: r->issued_ms + r->days * DLB_DAY_MS;
	enum dlb_status s = DLB_OK;

	if (author != DLB_ROSTER_OWN)
		s = write_one(l, author, &r->author, false, INT64_MAX, "", err);
	for (size_t i = 0; s == DLB_OK && i < r->entries_n; i++) {
		const struct dlb_roster_entry *e = &r->entries[i];

		s = write_one(l, author, &e->identity, e->revoked, until,
			e->note, err);
	}
	return s;
}

enum dlb_status
dlb_vouched_write(struct dlb_letterbox *l, int64_t author,
	const struct dlb_roster *r, struct dlb_error *err)
{
	static const char old[] =
		"UPDATE vouched SET fresh = 0 WHERE author = ?1";
	static const char gone[] =
		"DELETE FROM vouched WHERE author = ?1 AND fresh = 0";
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	s = dlb_sql_run_int(&l->db, old, author, err);
	if (s == DLB_OK && r)
		s = write_all(l, author, r, err);
	return s == DLB_OK ? dlb_sql_run_int(&l->db, gone, author, err) : s;
}

/* ---- reading ------------------------------------------------------------------------------ */

static void
name_it(struct dlb_vouched *v, const char *note, const char *author,
	bool is_author)
{
	if (is_author) {
		snprintf(v->name, sizeof(v->name), "%s", author);
		return;
	}
	/* Whose own roster it is, is no news. */
	if (!author[0])
		snprintf(v->name, sizeof(v->name), "%s",
			note[0] ? note : "one of your roster");
	else if (note[0])
		snprintf(v->name, sizeof(v->name), "%s (%s)", note, author);
	else
		snprintf(v->name, sizeof(v->name), "one of %s", author);
}

/* Rows come by secret; several of one are put together. */
static enum dlb_status
add_row(struct dlb_query *q, struct dlb_vouched **list, size_t *n, size_t *cap,
	int64_t now)
{
	char note[DLB_ROSTER_NOTE_MAX + 1], author[DLB_PERSON_NAME_MAX + 1];
	struct dlb_vouched v = {.id = 0};
	struct dlb_vouched *last = *n > 0 ? &(*list)[*n - 1] : NULL;
	int64_t until;

	v.id = dlb_query_get_int(q);
	dlb_query_get_blob(q, v.secret, sizeof(v.secret));
	v.revoked = dlb_query_get_int(q) != 0;
	until = dlb_query_get_int(q);
	v.vouched = !v.revoked && until > now;
	dlb_query_get_text(q, note, sizeof(note));
	dlb_query_get_text(q, author, sizeof(author));
	name_it(&v, note, author, dlb_query_get_int(q) != 0);
	if (last && memcmp(last->secret, v.secret, sizeof(v.secret)) == 0) {
		last->vouched |= v.vouched;
		last->revoked |= v.revoked;
		return DLB_OK;
	}
	if (*n == *cap) {
		size_t more = *cap ? 2 * *cap : 64;
		struct dlb_vouched *p = calloc(more, sizeof(*p));

		if (!p)
			return DLB_NO_MEMORY;
		if (*n > 0)
			memcpy(p, *list, *n * sizeof(*p));
		dlb_vouched_free(*list, *n);
		*list = p;
		*cap = more;
	}
	(*list)[(*n)++] = v;
	return DLB_OK;
}

enum dlb_status
dlb_vouched_list(struct dlb_letterbox *l, struct dlb_vouched **out, size_t *n,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT v.id, v.secret, v.revoked, v.until_ms, v.note,"
		" coalesce((SELECT r.name FROM rosters r WHERE r.id = v.author),"
		" ''), v.identity IN (SELECT r.identity FROM rosters r"
		" WHERE r.id = v.author) FROM vouched v ORDER BY v.secret, v.id";
	struct dlb_vouched *list = NULL;
	size_t cap = 0;
	enum dlb_status s = DLB_OK, ended;
	struct dlb_query q;

	*out = NULL;
	*n = 0;
	dlb_query(&q, &l->db, sql);
	while (s == DLB_OK && dlb_query_row(&q))
		s = add_row(&q, &list, n, &cap, l->highest_ms);
	ended = dlb_query_end(&q, err);
	if (s != DLB_OK)
		ended = dlb_fail(err, s, "out of memory");
	if (ended != DLB_OK) {
		dlb_vouched_free(list, *n);
		*n = 0;
		return ended;
	}
	*out = list;
	return DLB_OK;
}

void
dlb_vouched_free(struct dlb_vouched *list, size_t n)
{
	if (list)
		dlb_wipe(list, n * sizeof(*list));
	free(list);
}

static int
compare_secrets(const void *key, const void *v)
{
	return memcmp(key, ((const struct dlb_vouched *)v)->secret, 32);
}

const struct dlb_vouched *
dlb_vouched_find(const struct dlb_vouched *list, size_t n,
	const uint8_t secret[static 32])
{
	return n == 0
		? NULL
		: bsearch(secret, list, n, sizeof(*list), compare_secrets);
}
