/*
 * One's own roster: what it is to say, and the one that was signed last.
 *
 * Numbers are the seconds of the clock where these are more than the last number plus
 * one: so who restores a home from a copy signs with a number above those that others
 * hold. One that was restored from a backup gives none up to the time of that, whatever its
 * clock says later.
 */
#include "roster_internal.h"

#include <stdlib.h>
#include <string.h>

static const char own_last[] = "roster last";
static const char own_changed[] = "roster changed";
static const char own_sent[] = "roster sent";
static const char own_sent_ms[] = "roster sent ms";
static const char own_above[] = "roster above";

/* ---- entries -------------------------------------------------------------------------- */

static enum dlb_status
count_entries(struct dlb_letterbox *l, const struct dlb_identity *but,
	size_t *n, struct dlb_error *err)
{
	static const char sql[] =
		"SELECT count(*) FROM own_roster WHERE identity <> ?1";
	struct dlb_query q;
	int64_t count = 0;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_blob(&q, but, sizeof(*but));
	s = dlb_query_number(&q, &count, err);
	*n = (size_t)count;
	return s;
}

/* What it says counts here at once; others have it when it is signed. */
static enum dlb_status
note_changed(struct dlb_letterbox *l, struct dlb_error *err)
{
	struct dlb_roster r;
	bool changed;
	enum dlb_status s = dlb_own_set_int(l, own_changed, 1, err);

	if (s != DLB_OK)
		return s;
	s = dlb_own_roster(l, &r, &changed, err);
	if (s == DLB_OK)
		s = dlb_vouched_write(l, DLB_ROSTER_OWN, &r, err);
	dlb_roster_free(&r);
	return s;
}

static enum dlb_status
put_entry(struct dlb_letterbox *l, const struct dlb_roster_entry *entry,
	struct dlb_error *err)
{
	static const char sql[] =
		"INSERT INTO own_roster (identity, revoked, note)"
		" VALUES (?1, ?2, ?3) ON CONFLICT (identity) DO UPDATE"
		" SET revoked = excluded.revoked, note = excluded.note";
	struct dlb_query q;

	dlb_query(&q, &l->db, sql);
	dlb_query_blob(&q, &entry->identity, sizeof(entry->identity));
	dlb_query_int(&q, entry->revoked);
	dlb_query_text(&q, entry->note);
	return dlb_query_run(&q, err);
}

enum dlb_status
dlb_own_roster_put(struct dlb_letterbox *l,
	const struct dlb_roster_entry *entry, struct dlb_error *err)
{
	uint8_t secret[DLB_KEY_LEN];
	size_t note_len = strnlen(entry->note, sizeof(entry->note)), n;
	enum dlb_status s;

	if (!l->is_person)
		return dlb_fail(err, DLB_USAGE,
			"this home is a courier's and has no identity to sign "
			"with; make one with: dlb init");
	if (memcmp(&entry->identity, &l->identity, sizeof(l->identity)) == 0)
		return dlb_fail(err, DLB_REFUSED,
			"that is yourself: who trusts your roster trusts you");
	if (note_len > DLB_ROSTER_NOTE_MAX
		|| (note_len > 0 && !dlb_text_printable(entry->note, note_len)))
		return dlb_fail(err, DLB_USAGE,
			"a note has at most %d bytes, without control characters",
			DLB_ROSTER_NOTE_MAX);
	/* Keys with which nobody could be recognised. */
	s = dlb_pair_secret_of(l, secret, &entry->identity, err);
	dlb_wipe(secret, sizeof(secret));
	if (s == DLB_OK)
		s = count_entries(l, &entry->identity, &n, err);
	if (s == DLB_OK && n >= DLB_ROSTER_ENTRIES_MAX)
		s = dlb_fail(err, DLB_LIMIT,
			"your roster has %d entries, and that is the most: "
			"remove one",
			DLB_ROSTER_ENTRIES_MAX);
	if (s == DLB_OK)
		s = dlb_db_change(&l->db, err);
	if (s == DLB_OK)
		s = put_entry(l, entry, err);
	return s == DLB_OK ? note_changed(l, err) : s;
}

enum dlb_status
dlb_own_roster_remove(struct dlb_letterbox *l,
	const struct dlb_identity *identity, struct dlb_error *err)
{
	static const char sql[] = "DELETE FROM own_roster WHERE identity = ?1";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_blob(&q, identity, sizeof(*identity));
	s = dlb_query_run(&q, err);
	if (s == DLB_OK && sqlite3_changes(l->db.sql) == 0)
		return DLB_NOT_FOUND;
	return s == DLB_OK ? note_changed(l, err) : s;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static enum dlb_status
read_entries(
	struct dlb_letterbox *l, struct dlb_roster *out, struct dlb_error *err)
{
	static const char sql[] =
		"SELECT identity, revoked, note FROM own_roster"
		" ORDER BY identity";
	struct dlb_query q;

	dlb_query(&q, &l->db, sql);
	while (out->entries_n < DLB_ROSTER_ENTRIES_MAX && dlb_query_row(&q)) {
		struct dlb_roster_entry *e = &out->entries[out->entries_n++];

		dlb_query_get_blob(&q, &e->identity, sizeof(e->identity));
		e->revoked = dlb_query_get_int(&q) != 0;
		dlb_query_get_text(&q, e->note, sizeof(e->note));
	}
	return dlb_query_end(&q, err);
}

enum dlb_status
dlb_own_roster_last(struct dlb_letterbox *l, struct dlb_buf *out)
{
	size_t from = out->len;
	enum dlb_status s = dlb_own_get_buf(l, own_last, out);

	return s == DLB_OK && out->len == from ? DLB_NOT_FOUND : s;
}

enum dlb_status
dlb_own_roster(struct dlb_letterbox *l, struct dlb_roster *out, bool *changed,
	struct dlb_error *err)
{
	struct dlb_roster last;
	struct dlb_buf bytes = {0};
	int64_t flag = 0;
	enum dlb_status s;

	memset(out, 0, sizeof(*out));
	*changed = dlb_own_get_int(l, own_changed, &flag) == DLB_OK && flag;
	out->author = l->identity;
	out->days = DLB_ROSTER_DAYS;
	out->entries = calloc(DLB_ROSTER_ENTRIES_MAX, sizeof(*out->entries));
	if (!out->entries)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	s = read_entries(l, out, err);
	if (s == DLB_OK && dlb_own_roster_last(l, &bytes) == DLB_OK
		&& dlb_roster_parse(&last, bytes.data, bytes.len, NULL)
			== DLB_OK) {
		out->number = last.number;
		out->issued_ms = last.issued_ms;
		dlb_roster_free(&last);
	}
	dlb_buf_free(&bytes);
	if (s != DLB_OK)
		dlb_roster_free(out);
	return s;
}

static enum dlb_status
sign_it(struct dlb_letterbox *l, struct dlb_roster *r, struct dlb_buf *out,
	struct dlb_error *err)
{
	uint64_t seconds = (uint64_t)(dlb_now_ms(l->env) / 1000);
	uint8_t pk[32], sk[64];
	int64_t above = 0;
	enum dlb_status s = dlb_own_get_int(l, own_above, &above);

	if (s != DLB_OK && s != DLB_NOT_FOUND)
		return dlb_fail(err, s, "the roster can not be signed");
	if (r->number < (uint64_t)above)
		r->number = (uint64_t)above;
	r->number = r->number >= seconds ? r->number + 1 : seconds;
	r->issued_ms = (int64_t)seconds * 1000;
	dlb_ed25519_keypair(pk, sk, l->keys->identity.sign_seed);
	s = dlb_roster_write(out, r, sk);
	dlb_wipe(sk, sizeof(sk));
	return s == DLB_OK ? s
			   : dlb_fail(err, s, "the roster can not be signed");
}

enum dlb_status
dlb_own_roster_sign(
	struct dlb_letterbox *l, struct dlb_buf *out, struct dlb_error *err)
{
	struct dlb_clock_view clock;
	struct dlb_roster r = {0};
	bool changed;
	size_t from = out->len;
	enum dlb_status s;

	if (!l->is_person)
		return dlb_fail(err, DLB_USAGE,
			"this home is a courier's and has no identity to sign "
			"with; make one with: dlb init");
	s = dlb_clock_look(l, &clock, err);
	/* One that is dated ahead is taken by nobody. */
	if (s == DLB_OK)
		s = dlb_clock_doubt(&clock, err);
	if (s == DLB_OK)
		s = dlb_own_roster(l, &r, &changed, err);
	if (s == DLB_OK && r.entries_n == 0 && r.number == 0)
		s = dlb_fail(err, DLB_USAGE,
			"your roster is empty: `dlb roster add` puts somebody "
			"into it");
	if (s == DLB_OK)
		s = sign_it(l, &r, out, err);
	if (s == DLB_OK)
		s = dlb_own_set_blob(
			l, own_last, out->data + from, out->len - from, err);
	if (s == DLB_OK)
		s = dlb_own_set_int(l, own_changed, 0, err);
	if (s == DLB_OK)
		s = dlb_audit_note(l, DLB_AUDIT_ROSTER_SIGNED,
			(const uint64_t[]){r.number, r.entries_n}, 2, NULL,
			err);
	dlb_roster_free(&r);
	return s;
}

/* ---- which one went out ---------------------------------------------------------------------- */

static void
read_last(struct dlb_letterbox *l, struct dlb_roster_sent *out)
{
	struct dlb_buf bytes = {0};
	struct dlb_roster r;

	memset(out, 0, sizeof(*out));
	if (dlb_own_roster_last(l, &bytes) == DLB_OK
		&& dlb_roster_parse(&r, bytes.data, bytes.len, NULL)
			== DLB_OK) {
		out->number = r.number;
		out->issued_ms = r.issued_ms;
		dlb_roster_free(&r);
	}
	dlb_buf_free(&bytes);
}

enum dlb_status
dlb_own_roster_sent(struct dlb_letterbox *l, struct dlb_error *err)
{
	struct dlb_roster_sent last;
	enum dlb_status s;

	read_last(l, &last);
	s = dlb_own_set_int(l, own_sent, (int64_t)last.number, err);
	return s == DLB_OK
		? dlb_own_set_int(l, own_sent_ms, last.issued_ms, err)
		: s;
}

bool
dlb_own_roster_last_sent(struct dlb_letterbox *l, struct dlb_roster_sent *out)
{
	struct dlb_roster_sent last;
	int64_t number = 0, issued = 0;

	memset(out, 0, sizeof(*out));
	if (dlb_own_get_int(l, own_sent, &number) == DLB_OK
		&& dlb_own_get_int(l, own_sent_ms, &issued) == DLB_OK) {
		out->number = (uint64_t)number;
		out->issued_ms = issued;
	}
	read_last(l, &last);
	return last.number != out->number;
}

/* ---- had again from a backup ------------------------------------------------------------------- */

static enum dlb_status
remove_all(struct dlb_letterbox *l, struct dlb_error *err)
{
	static const char sql[] = "DELETE FROM own_roster";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	return dlb_query_run(&q, err);
}

enum dlb_status
dlb_own_roster_begin_anew(
	struct dlb_letterbox *l, uint64_t above, struct dlb_error *err)
{
	enum dlb_status s = remove_all(l, err);

	/* What is no roster counts as none. */
	if (s == DLB_OK)
		s = dlb_own_set_blob(l, own_last, "", 0, err);
	if (s == DLB_OK)
		s = dlb_own_set_int(l, own_changed, 0, err);
	if (s == DLB_OK)
		s = dlb_own_set_int(l, own_sent, 0, err);
	if (s == DLB_OK)
		s = dlb_own_set_int(l, own_sent_ms, 0, err);
	if (s == DLB_OK)
		s = dlb_own_set_int(l, own_above, (int64_t)above, err);
	return s;
}

/* The entries, of what was signed or of what was to be. */
static enum dlb_status
read_kept(struct dlb_letterbox *l, struct dlb_roster *out,
	const struct dlb_own_roster_kept *kept, struct dlb_error *err)
{
	struct dlb_reader r;
	enum dlb_status s = DLB_OK;

	memset(out, 0, sizeof(*out));
	if (kept->last_len > 0)
		s = dlb_roster_parse(out, kept->last, kept->last_len, err);
	else
		out->author = l->identity;
	if (s == DLB_OK
		&& memcmp(&out->author, &l->identity, sizeof(out->author)) != 0)
		s = DLB_MALFORMED;
	if (s == DLB_OK && kept->entries) {
		free(out->entries);
		out->entries = NULL;
		out->entries_n = 0;
		dlb_reader_init(&r, kept->entries, kept->entries_len);
		s = dlb_roster_entries_read(&r, out);
		if (s == DLB_OK && !dlb_reader_done(&r))
			s = DLB_MALFORMED;
	}
	if (s == DLB_FORGED || s == DLB_UNSUPPORTED)
		s = DLB_MALFORMED;
	return s == DLB_OK ? s
			   : dlb_fail(err, s, "one's own roster is not sound");
}

static enum dlb_status
keep_entries(struct dlb_letterbox *l, const struct dlb_roster *r,
	struct dlb_error *err)
{
	enum dlb_status s = DLB_OK;

	for (size_t i = 0; s == DLB_OK && i < r->entries_n; i++)
		s = put_entry(l, &r->entries[i], err);
	return s == DLB_OK ? dlb_vouched_write(l, DLB_ROSTER_OWN, r, err) : s;
}

enum dlb_status
dlb_own_roster_restore(struct dlb_letterbox *l,
	const struct dlb_own_roster_kept *kept, struct dlb_error *err)
{
	struct dlb_roster r;
	enum dlb_status s = read_kept(l, &r, kept, err);

	if (s == DLB_OK)
		s = dlb_own_set_blob(
			l, own_last, kept->last, kept->last_len, err);
	if (s == DLB_OK)
		s = dlb_own_set_int(l, own_changed, kept->entries != NULL, err);
	if (s == DLB_OK)
		s = dlb_own_set_int(
			l, own_sent, (int64_t)kept->sent.number, err);
	if (s == DLB_OK)
		s = dlb_own_set_int(l, own_sent_ms, kept->sent.issued_ms, err);
	if (s == DLB_OK)
		s = keep_entries(l, &r, err);
	dlb_roster_free(&r);
	return s;
}
