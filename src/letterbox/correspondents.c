/*
 * Correspondents: the people whose cards one holds.
 *
 * Of a person the newest card counts, by its serial. A short card does not take
 * the place of a full one that still covers the present, which is the better one
 * to seal to. Nor does one that was issued in the future, to which nobody seals.
 */
#include "correspondents_internal.h"

#include <string.h>

#define COLUMNS                                                                \
	"id, name, identity, serial, added_ms, heard, greeted, verified,"      \
	" receipts"

/* ---- finding ------------------------------------------------------------------------ */

static void
read_row(struct dlb_query *q, void *row)
{
	struct dlb_correspondent *out = row;

	out->id = dlb_query_get_int(q);
	dlb_query_get_text(q, out->name, sizeof(out->name));
	dlb_query_get_blob(q, &out->identity, sizeof(out->identity));
	out->serial = (uint64_t)dlb_query_get_int(q);
	out->added_ms = dlb_query_get_int(q);
	out->heard = dlb_query_get_int(q) != 0;
	out->greeted = dlb_query_get_int(q) != 0;
	out->verified = dlb_query_get_int(q) != 0;
	out->receipts = dlb_query_get_int(q) != 0;
}

static const struct dlb_row correspondent_row = {
	sizeof(struct dlb_correspondent), read_row};

enum dlb_status
dlb_correspondent_by_name(struct dlb_letterbox *l,
	struct dlb_correspondent *out, const char *name, struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM correspondents WHERE name = ?1";
	char shown[DLB_PERSON_NAME_MAX + 1];
	struct dlb_query q;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_text(&q, name);
	s = dlb_query_one(&q, out, &correspondent_row, err);
	if (s == DLB_NOT_FOUND)
		dlb_fail(err, s,
			"no correspondent is called \"%s\": add their card "
			"first",
			dlb_printable(
				shown, sizeof(shown), name, strlen(name)));
	return s;
}

enum dlb_status
dlb_correspondent_by_identity(struct dlb_letterbox *l,
	struct dlb_correspondent *out, const struct dlb_identity *identity)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM correspondents WHERE identity = ?1";
	struct dlb_query q;

	dlb_query(&q, &l->db, sql);
	dlb_query_blob(&q, identity, sizeof(*identity));
	return dlb_query_one(&q, out, &correspondent_row, NULL);
}

enum dlb_status
dlb_correspondent_by_id(
	struct dlb_letterbox *l, struct dlb_correspondent *out, int64_t id)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM correspondents WHERE id = ?1";
	struct dlb_query q;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, id);
	return dlb_query_one(&q, out, &correspondent_row, NULL);
}

/* One query for each, so that fn may change what it is shown. */
enum dlb_status
dlb_correspondent_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_correspondent *c), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] = "SELECT " COLUMNS " FROM correspondents"
				  " WHERE name > ?1 ORDER BY name LIMIT 1";
	struct dlb_correspondent c;
	char last[DLB_PERSON_NAME_MAX + 1] = "";
	enum dlb_status s;

	do {
		struct dlb_query q;

		dlb_query(&q, &l->db, sql);
		dlb_query_text(&q, last);
		s = dlb_query_one(&q, &c, &correspondent_row, err);
		memcpy(last, c.name, sizeof(last));
	} while (s == DLB_OK && fn(ctx, &c));
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

/* ---- adding --------------------------------------------------------------------------- */

enum dlb_status
dlb_correspondent_stored_card(struct dlb_letterbox *l, struct dlb_card *out,
	int64_t id, struct dlb_error *err)
{
	static const char sql[] =
		"SELECT card FROM correspondents WHERE id = ?1";
	enum dlb_status s = DLB_NOT_FOUND, ended;
	struct dlb_query q;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, id);
	if (dlb_query_row(&q)) {
		size_t len;
		const void *data = dlb_query_view(&q, &len);

		s = dlb_card_decode(out, data, len, NULL);
	}
	ended = dlb_query_end(&q, err);
	if (ended != DLB_OK)
		return ended;
	return s == DLB_OK
		? s
		: dlb_fail(err, s,
			"the correspondent's card is not there any more");
}

enum dlb_status
dlb_correspondent_card(struct dlb_letterbox *l, struct dlb_buf *out, int64_t id,
	struct dlb_error *err)
{
	struct dlb_card card;
	enum dlb_status s = dlb_correspondent_stored_card(l, &card, id, err);

	if (s == DLB_OK && dlb_card_encode(out, &card) != DLB_OK)
		s = dlb_fail(err, DLB_NO_MEMORY, "out of memory for a card");
	return s;
}

static bool
replaces(const struct dlb_letterbox *l, const struct dlb_card *card,
	const struct dlb_card *held)
{
	uint16_t month = dlb_month_of(dlb_now_ms(l->env));
	int64_t now_ms = dlb_now_ms(l->env);
	bool is_short = card->opening_n == 0, held_short = held->opening_n == 0;
	bool covers = !held_short
		&& held->opening[held->opening_n - 1].month >= month;

	if (is_short && covers)
		return false;
	/* Nobody seals to a card of the future: it would leave none. */
	if (dlb_card_is_ahead(card, now_ms) && !dlb_card_is_ahead(held, now_ms)
		&& (covers || held_short))
		return false;
	if (!is_short && held_short && card->serial == held->serial)
		return true;
	return card->serial > held->serial;
}

static enum dlb_status
update_card(struct dlb_letterbox *l, struct dlb_correspondent *c,
	const struct dlb_card *card, struct dlb_error *err)
{
	static const char sql[] = "UPDATE correspondents SET card = ?2,"
				  " serial = ?3 WHERE id = ?1";
	struct dlb_buf bytes = {0};
	struct dlb_card held;
	struct dlb_query q;
	enum dlb_status s;

	s = dlb_correspondent_stored_card(l, &held, c->id, err);
	if (s != DLB_OK || !replaces(l, card, &held))
		return s;
	s = dlb_db_change(&l->db, err);
	if (s == DLB_OK && dlb_card_encode(&bytes, card) != DLB_OK)
		s = dlb_fail(err, DLB_NO_MEMORY, "out of memory for a card");
	if (s == DLB_OK) {
		dlb_query(&q, &l->db, sql);
		dlb_query_int(&q, c->id);
		dlb_query_blob(&q, bytes.data, bytes.len);
		dlb_query_int(&q, (int64_t)card->serial);
		s = dlb_query_run(&q, err);
	}
	if (s == DLB_OK)
		c->serial = card->serial;
	dlb_buf_free(&bytes);
	return s;
}

enum dlb_status
dlb_correspondent_renew(struct dlb_letterbox *l, struct dlb_correspondent *c,
	const uint8_t *card, size_t len, struct dlb_error *err)
{
	struct dlb_card got, held;
	enum dlb_status s;

	/* Its keys and its signature take long to check: only where it counts. */
	s = len <= DLB_CARD_LEN_MAX
		? dlb_card_decode(&got, card, len, err)
		: dlb_fail(err, DLB_LIMIT, "longer than a card may be");
	if (s == DLB_OK)
		s = dlb_correspondent_stored_card(l, &held, c->id, err);
	if (s != DLB_OK || !replaces(l, &got, &held))
		return s;
	s = dlb_card_parse(&got, card, len, err);
	if (s != DLB_OK)
		return s;
	if (memcmp(&got.identity, &c->identity, sizeof(c->identity)) != 0)
		return dlb_fail(
			err, DLB_FORGED, "the card is not that of its sender");
	return update_card(l, c, &got, err);
}

static enum dlb_status
name_taken(struct dlb_letterbox *l, const char *name, bool *taken,
	struct dlb_error *err)
{
	struct dlb_correspondent other;
	enum dlb_status s = dlb_correspondent_by_name(l, &other, name, err);

	*taken = s == DLB_OK;
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

struct looking_alike {
	const char *name;
	bool found;
	struct dlb_correspondent who;
};

static bool
look_alike(void *ctx, const struct dlb_correspondent *who)
{
	struct looking_alike *l = ctx;

	l->found = dlb_names_alike(l->name, who->name);
	if (l->found)
		l->who = *who;
	return !l->found;
}

/* Who is called so already, or nearly so, is someone else. */
static enum dlb_status
refuse_taken(struct dlb_letterbox *l, const char *name, struct dlb_error *err)
{
	struct looking_alike other = {.name = name};
	enum dlb_status s = dlb_correspondent_each(l, look_alike, &other, err);

	if (s != DLB_OK || !other.found)
		return s;
	return dlb_fail(err, DLB_EXISTS,
		"the card calls itself \"%s\" and has other keys than the "
		"\"%s\" who is known%s: nothing was changed. Ask %s, by another "
		"way, whether it is theirs; to know it as someone else's, give "
		"it another name",
		name, other.who.name, other.who.verified ? " and verified" : "",
		other.who.name);
}

/* The card's own, unless that is someone else's. One that says none is numbered. */
static enum dlb_status
choose_name(struct dlb_letterbox *l, char out[static DLB_NAME_TEXT_MAX + 1],
	const char *own, struct dlb_error *err)
{
	char clean[DLB_NAME_TEXT_MAX + 1];
	bool taken;
	enum dlb_status s;

	dlb_name_clean(clean, own);
	memcpy(out, clean, sizeof(clean));
	if (own[0])
		return refuse_taken(l, clean, err);
	s = name_taken(l, out, &taken, err);
	for (unsigned n = 2; s == DLB_OK && taken; n++) {
		memcpy(out, clean, sizeof(clean));
		dlb_name_number(out, n);
		s = name_taken(l, out, &taken, err);
	}
	return s;
}

static enum dlb_status
insert_card(struct dlb_letterbox *l, struct dlb_correspondent *c,
	const struct dlb_card *card, struct dlb_error *err)
{
	static const char sql[] =
		"INSERT INTO correspondents (name, identity, serial, added_ms,"
		" heard, greeted, verified, card)"
		" VALUES (?1, ?2, ?3, ?4, 0, 0, 0, ?5)";
	static const char adopt[] =
		"UPDATE letters_in SET correspondent = ?1, card = x'',"
		/* A briefing is looked at anew. */
		" shown = shown AND kind <> 4"
		" WHERE correspondent = 0 AND length(fixed) > 0"
		" AND substr(fixed, 1, 64) = ?2";
	struct dlb_buf bytes = {0};
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s == DLB_OK && dlb_card_encode(&bytes, card) != DLB_OK)
		s = dlb_fail(err, DLB_NO_MEMORY, "out of memory for a card");
	if (s != DLB_OK)
		goto out;
	dlb_query(&q, &l->db, sql);
	dlb_query_text(&q, c->name);
	dlb_query_blob(&q, &card->identity, sizeof(card->identity));
	dlb_query_int(&q, (int64_t)card->serial);
	dlb_query_int(&q, c->added_ms);
	dlb_query_blob(&q, bytes.data, bytes.len);
	s = dlb_query_run(&q, err);
	if (s != DLB_OK)
		goto out;
	c->id = sqlite3_last_insert_rowid(l->db.sql);
	s = dlb_audit_strike_person(l, c->name, err);
	if (s != DLB_OK)
		goto out;
	/* What came from them as a stranger. */
	dlb_query(&q, &l->db, adopt);
	dlb_query_int(&q, c->id);
	dlb_query_blob(&q, &card->identity, sizeof(card->identity));
	s = dlb_query_run(&q, err);
	c->heard = s == DLB_OK && sqlite3_changes(l->db.sql) > 0;
	if (c->heard)
		s = dlb_correspondent_mark(l, c->id, true, false, err);
	if (s == DLB_OK)
		s = dlb_receipts_owe_all(l, c->id, err);
out:
	dlb_buf_free(&bytes);
	return s;
}

/* A later one than this home has issued comes from another home of the same person. */
static enum dlb_status
refuse_own(struct dlb_letterbox *l, const struct dlb_card *card,
	struct dlb_error *err)
{
	struct dlb_card own;

	if (dlb_card_decode(&own, l->card.data, l->card.len, NULL) == DLB_OK
		&& card->serial > own.serial)
		return dlb_fail(err, DLB_REFUSED,
			"this is your own card, and a later one than this home "
			"made: your letterbox was restored elsewhere, and others "
			"write to that one. Read here what is still to be read, "
			"then delete this home");
	return dlb_fail(err, DLB_REFUSED,
		"this is your own card: give it to others, and add theirs "
		"here");
}

enum dlb_status
dlb_correspondent_add(struct dlb_letterbox *l, struct dlb_correspondent *out,
	const struct dlb_card *card, const char *name, struct dlb_error *err)
{
	enum dlb_status s;
	bool taken = false;

	memset(out, 0, sizeof(*out));
	if (l->is_person
		&& memcmp(&card->identity, &l->identity, sizeof(l->identity))
			== 0)
		return refuse_own(l, card, err);
	if (name) {
		s = dlb_name_check(name, "a correspondent", err);
		if (s != DLB_OK)
			return s;
	}
	s = dlb_correspondent_by_identity(l, out, &card->identity);
	if (s == DLB_OK)
		return update_card(l, out, card, err);
	if (s != DLB_NOT_FOUND)
		return dlb_fail(err, s, "the correspondents can not be read");
	if (name) {
		memcpy(out->name, name, strlen(name) + 1);
		s = name_taken(l, name, &taken, err);
		if (s == DLB_OK && taken)
			s = dlb_fail(err, DLB_EXISTS,
				"another correspondent, with other keys than "
				"this card's, is called \"%s\": give this one "
				"another name",
				name);
	} else {
		s = choose_name(l, out->name, card->name, err);
	}
	if (s == DLB_OK) {
		out->identity = card->identity;
		out->serial = card->serial;
		out->added_ms = dlb_now_ms(l->env);
		out->receipts = true;
		s = insert_card(l, out, card, err);
	}
	if (s != DLB_OK)
		memset(out, 0, sizeof(*out));
	return s;
}

/* ---- changing ---------------------------------------------------------------------------- */

static enum dlb_status
run_change(struct dlb_letterbox *l, struct dlb_query *q, struct dlb_error *err)
{
	enum dlb_status s = dlb_query_run(q, err);

	if (s == DLB_OK && sqlite3_changes(l->db.sql) == 0)
		s = dlb_fail(
			err, DLB_NOT_FOUND, "there is no such correspondent");
	return s;
}

enum dlb_status
dlb_correspondents_forget(struct dlb_letterbox *l, struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE correspondents SET heard = 0 WHERE heard <> 0"
		" AND id NOT IN (SELECT correspondent FROM letters_in)";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	return dlb_query_run(&q, err);
}

enum dlb_status
dlb_correspondent_mark(struct dlb_letterbox *l, int64_t id, bool heard,
	bool greeted, struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE correspondents SET heard = heard | ?2,"
		" greeted = greeted | ?3 WHERE id = ?1";
	struct dlb_correspondent c;
	struct dlb_query q;
	enum dlb_status s = dlb_correspondent_by_id(l, &c, id);

	if (s != DLB_OK)
		return dlb_fail(err, s, "there is no such correspondent");
	/* Called for each letter: most change nothing. */
	if ((c.heard || !heard) && (c.greeted || !greeted))
		return DLB_OK;
	s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, id);
	dlb_query_int(&q, heard);
	dlb_query_int(&q, greeted);
	return run_change(l, &q, err);
}

static enum dlb_status
set_flag(struct dlb_letterbox *l, const char *sql, int64_t id, bool value,
	struct dlb_error *err)
{
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, id);
	dlb_query_int(&q, value);
	return run_change(l, &q, err);
}

enum dlb_status
dlb_correspondent_verify(struct dlb_letterbox *l, int64_t id, bool verified,
	struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE correspondents SET verified = ?2 WHERE id = ?1";

	return set_flag(l, sql, id, verified, err);
}

enum dlb_status
dlb_correspondent_receipts(struct dlb_letterbox *l, int64_t id, bool receipts,
	struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE correspondents SET receipts = ?2 WHERE id = ?1";

	return set_flag(l, sql, id, receipts, err);
}

enum dlb_status
dlb_correspondent_rename(struct dlb_letterbox *l, int64_t id, const char *name,
	struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE correspondents SET name = ?2 WHERE id = ?1";
	struct dlb_correspondent other;
	struct dlb_query q;
	enum dlb_status s = dlb_name_check(name, "a correspondent", err);

	if (s != DLB_OK)
		return s;
	s = dlb_correspondent_by_name(l, &other, name, err);
	if (s == DLB_OK && other.id != id)
		return dlb_fail(err, DLB_EXISTS,
			"another correspondent is called \"%s\"", name);
	if (s == DLB_OK || s == DLB_NOT_FOUND)
		s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, id);
	dlb_query_text(&q, name);
	s = run_change(l, &q, err);
	return s == DLB_OK ? dlb_audit_strike_person(l, name, err) : s;
}
