/*
 * Authors: whose bulletins one follows. They need not be correspondents: a card with a
 * bulletin key is enough. Of an author the card with the greatest serial counts.
 */
#include "bulletins.h"
#include "card_internal.h"
#include "state_internal.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS "id, name, identity, serial, added_ms, key"

/* ---- finding ------------------------------------------------------------------------ */

static void
read_row(struct dlb_query *q, void *row)
{
	struct dlb_author *out = row;

	out->id = dlb_query_get_int(q);
	dlb_query_get_text(q, out->name, sizeof(out->name));
	dlb_query_get_blob(q, &out->identity, sizeof(out->identity));
	out->serial = (uint64_t)dlb_query_get_int(q);
	out->added_ms = dlb_query_get_int(q);
	dlb_query_get_blob(q, out->key, sizeof(out->key));
}

static const struct dlb_row author_row = {sizeof(struct dlb_author), read_row};

enum dlb_status
dlb_author_by_name(struct dlb_letterbox *l, struct dlb_author *out,
	const char *name, struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM authors WHERE name = ?1";
	char shown[DLB_NAME_TEXT_MAX + 1];
	struct dlb_query q;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_text(&q, name);
	s = dlb_query_one(&q, out, &author_row, err);
	if (s == DLB_NOT_FOUND)
		dlb_fail(err, s,
			"you follow no one called \"%s\"; see: dlb bulletins",
			dlb_printable(
				shown, sizeof(shown), name, strlen(name)));
	return s;
}

enum dlb_status
dlb_author_by_id(struct dlb_letterbox *l, struct dlb_author *out, int64_t id)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM authors WHERE id = ?1";
	struct dlb_query q;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, id);
	return dlb_query_one(&q, out, &author_row, NULL);
}

enum dlb_status
dlb_author_by_identity(struct dlb_letterbox *l, struct dlb_author *out,
	const struct dlb_identity *identity)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM authors WHERE identity = ?1";
	struct dlb_query q;

	dlb_query(&q, &l->db, sql);
	dlb_query_blob(&q, identity, sizeof(*identity));
	return dlb_query_one(&q, out, &author_row, NULL);
}

/* One query for each, so that fn may change what it is shown. */
enum dlb_status
dlb_author_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_author *a), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] = "SELECT " COLUMNS " FROM authors"
				  " WHERE name > ?1 ORDER BY name LIMIT 1";
	char last[DLB_NAME_TEXT_MAX + 1] = "";
	struct dlb_author a;
	enum dlb_status s;

	do {
		struct dlb_query q;

		dlb_query(&q, &l->db, sql);
		dlb_query_text(&q, last);
		s = dlb_query_one(&q, &a, &author_row, err);
		memcpy(last, a.name, sizeof(last));
	} while (s == DLB_OK && fn(ctx, &a));
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

static enum dlb_status
blob_of(struct dlb_letterbox *l, const char *sql, int64_t id,
	uint32_t *first_day, struct dlb_buf *out, struct dlb_error *err)
{
	enum dlb_status s = DLB_NOT_FOUND, ended;
	struct dlb_query q;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, id);
	if (dlb_query_row(&q)) {
		size_t len;
		const void *data;

		if (first_day)
			*first_day = (uint32_t)dlb_query_get_int(&q);
		data = dlb_query_view(&q, &len);
		s = dlb_buf_append(out, data, len);
	}
	ended = dlb_query_end(&q, err);
	if (ended != DLB_OK)
		return ended;
	return s == DLB_OK ? s : dlb_fail(err, s, "there is no such author");
}

enum dlb_status
dlb_author_card(struct dlb_letterbox *l, struct dlb_buf *out, int64_t id,
	struct dlb_error *err)
{
	static const char sql[] = "SELECT card FROM authors WHERE id = ?1";
	size_t from = out->len;
	enum dlb_status s = blob_of(l, sql, id, NULL, out, err);

	return s == DLB_OK && out->len == from ? dlb_fail(err, DLB_NOT_FOUND,
		       "their card is not here, as this home was restored: it "
		       "comes along with their bulletins; or ask them for it")
					       : s;
}

enum dlb_status
dlb_author_window(struct dlb_letterbox *l, int64_t id, uint32_t *first_day,
	struct dlb_buf *out, struct dlb_error *err)
{
	static const char sql[] =
		"SELECT first_day, handles FROM authors WHERE id = ?1";

	out->len = 0;
	return blob_of(l, sql, id, first_day, out, err);
}

/* ---- changing ----------------------------------------------------------------------- */

enum dlb_status
dlb_author_set_window(struct dlb_letterbox *l, int64_t id, uint32_t first_day,
	const void *bytes, size_t len, struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE authors SET first_day = ?2, handles = ?3 WHERE id = ?1";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, id);
	dlb_query_int(&q, first_day);
	dlb_query_blob(&q, bytes, len);
	return dlb_query_run(&q, err);
}

/* A new key has another window. */
static enum dlb_status
update_card(struct dlb_letterbox *l, struct dlb_author *a,
	const struct dlb_card *card, struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE authors SET serial = ?2, card = ?3, handles ="
		" CASE key WHEN ?4 THEN handles ELSE x'' END, key = ?4"
		" WHERE id = ?1";
	struct dlb_buf bytes = {0};
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s == DLB_OK && dlb_card_encode(&bytes, card) != DLB_OK)
		s = dlb_fail(err, DLB_NO_MEMORY, "out of memory for a card");
	if (s == DLB_OK) {
		memcpy(a->key, dlb_card_bulletin_key(card), sizeof(a->key));
		a->serial = card->serial;
		dlb_query(&q, &l->db, sql);
		dlb_query_int(&q, a->id);
		dlb_query_int(&q, (int64_t)card->serial);
		dlb_query_blob(&q, bytes.data, bytes.len);
		dlb_query_blob(&q, a->key, sizeof(a->key));
		s = dlb_query_run(&q, err);
	}
	dlb_buf_free(&bytes);
	return s;
}

enum dlb_status
dlb_author_renew(struct dlb_letterbox *l, struct dlb_author *a,
	const uint8_t *card, size_t len, struct dlb_error *err)
{
	struct dlb_card got;
	enum dlb_status s;

	/* Its keys and its signature take long to check: only where it counts. */
	s = len <= DLB_CARD_LEN_MAX
		? dlb_card_decode(&got, card, len, err)
		: dlb_fail(err, DLB_LIMIT, "longer than a card may be");
	if (s != DLB_OK || got.serial <= a->serial
		|| !dlb_card_bulletin_key(&got))
		return s;
	s = dlb_card_parse(&got, card, len, err);
	if (s != DLB_OK)
		return s;
	if (memcmp(&got.identity, &a->identity, sizeof(a->identity)) != 0)
		return dlb_fail(
			err, DLB_FORGED, "the card is not that of its author");
	return update_card(l, a, &got, err);
}

static enum dlb_status
count(struct dlb_letterbox *l, int64_t *out, struct dlb_error *err)
{
	static const char sql[] = "SELECT count(*) FROM authors";

	*out = 0;
	return dlb_sql_number(&l->db, sql, out, err);
}

bool
dlb_author_any(struct dlb_letterbox *l)
{
	int64_t n;

	return count(l, &n, NULL) == DLB_OK && n > 0;
}

static bool
name_taken(struct dlb_letterbox *l, const char *name)
{
	struct dlb_author other;

	return dlb_author_by_name(l, &other, name, NULL) == DLB_OK;
}

enum dlb_status
dlb_author_rename(struct dlb_letterbox *l, int64_t id, const char *name,
	struct dlb_error *err)
{
	static const char sql[] = "UPDATE authors SET name = ?2 WHERE id = ?1";
	char clean[DLB_NAME_TEXT_MAX + 1];
	struct dlb_author other;
	struct dlb_query q;
	enum dlb_status s = dlb_name_check(name, "an author", err);

	if (s != DLB_OK)
		return s;
	dlb_name_clean(clean, name);
	if (dlb_author_by_name(l, &other, clean, NULL) == DLB_OK)
		return other.id == id ? DLB_OK
				      : dlb_fail(err, DLB_EXISTS,
					      "you follow someone else as "
					      "\"%s\": give this one another "
					      "name",
					      clean);
	s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, id);
	dlb_query_text(&q, clean);
	return dlb_query_run(&q, err);
}

/* Like that, and no other's. */
static void
number_name(struct dlb_letterbox *l, struct dlb_author *a,
	const char clean[static DLB_NAME_TEXT_MAX + 1])
{
	memcpy(a->name, clean, sizeof(a->name));
	for (unsigned n = 2; name_taken(l, a->name); n++) {
		memcpy(a->name, clean, sizeof(a->name));
		dlb_name_number(a->name, n);
	}
}

static enum dlb_status
choose_name(struct dlb_letterbox *l, struct dlb_author *a,
	const struct dlb_card *card, const char *name, struct dlb_error *err)
{
	char clean[DLB_NAME_TEXT_MAX + 1];
	struct dlb_correspondent known;

	if (name && dlb_name_check(name, "an author", err) != DLB_OK)
		return err ? err->status : DLB_MALFORMED;
	if (name && name_taken(l, name))
		return dlb_fail(err, DLB_EXISTS,
			"you follow someone else, with other keys than this "
			"card's, as \"%s\": give this one another name",
			name);
	if (name)
		dlb_name_clean(clean, name);
	else if (dlb_correspondent_by_identity(l, &known, &card->identity)
		== DLB_OK)
		memcpy(clean, known.name, sizeof(clean));
	else
		dlb_name_clean(clean, card->name);
	number_name(l, a, clean);
	return DLB_OK;
}

/* card: NULL where it is not here. */
static enum dlb_status
insert(struct dlb_letterbox *l, struct dlb_author *a,
	const struct dlb_card *card, struct dlb_error *err)
{
	static const char sql[] =
		"INSERT INTO authors (name, identity, serial, added_ms, key,"
		" card) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
	struct dlb_buf bytes = {0};
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s == DLB_OK && card && dlb_card_encode(&bytes, card) != DLB_OK)
		s = dlb_fail(err, DLB_NO_MEMORY, "out of memory for a card");
	if (s != DLB_OK)
		goto out;
	dlb_query(&q, &l->db, sql);
	dlb_query_text(&q, a->name);
	dlb_query_blob(&q, &a->identity, sizeof(a->identity));
	dlb_query_int(&q, (int64_t)a->serial);
	dlb_query_int(&q, a->added_ms);
	dlb_query_blob(&q, a->key, sizeof(a->key));
	dlb_query_blob(&q, bytes.data, bytes.len);
	s = dlb_query_run(&q, err);
	if (s == DLB_OK)
		a->id = sqlite3_last_insert_rowid(l->db.sql);
out:
	dlb_buf_free(&bytes);
	return s;
}

static enum dlb_status
check_room(struct dlb_letterbox *l, struct dlb_error *err)
{
	int64_t authors;
	enum dlb_status s = count(l, &authors, err);

	if (s == DLB_OK && authors >= DLB_AUTHORS_MAX)
		s = dlb_fail(err, DLB_LIMIT,
			"you follow %d authors, and more are not kept: unfollow "
			"one first",
			DLB_AUTHORS_MAX);
	return s;
}

static enum dlb_status
check_new(struct dlb_letterbox *l, const struct dlb_card *card,
	struct dlb_error *err)
{

	if (l->is_person
		&& memcmp(&card->identity, &l->identity, sizeof(l->identity))
			== 0)
		return dlb_fail(err, DLB_REFUSED,
			"this is your own card: what you post is in your outbox; "
			"give the card to those who are to follow you");
	if (!dlb_card_bulletin_key(card))
		return dlb_fail(err, DLB_UNSUPPORTED,
			"this card does not say where its owner's bulletins are "
			"found: it was made by an earlier version of this "
			"program. Ask them for their present card");
	return check_room(l, err);
}

enum dlb_status
dlb_author_add(struct dlb_letterbox *l, struct dlb_author *out,
	const struct dlb_card *card, const char *name, struct dlb_error *err)
{
	enum dlb_status s = dlb_author_by_identity(l, out, &card->identity);

	if (s == DLB_OK)
		return card->serial > out->serial && dlb_card_bulletin_key(card)
			? update_card(l, out, card, err)
			: DLB_OK;
	if (s != DLB_NOT_FOUND)
		return dlb_fail(err, s, "the authors can not be read");
	s = check_new(l, card, err);
	if (s == DLB_OK)
		s = choose_name(l, out, card, name, err);
	if (s == DLB_OK) {
		out->identity = card->identity;
		out->serial = card->serial;
		out->added_ms = dlb_now_ms(l->env);
		memcpy(out->key, dlb_card_bulletin_key(card), sizeof(out->key));
		s = insert(l, out, card, err);
	}
	if (s != DLB_OK)
		memset(out, 0, sizeof(*out));
	return s;
}

/* The card that a correspondent has, where it is one of theirs. */
static bool
card_of_correspondent(struct dlb_letterbox *l, struct dlb_card *out,
	struct dlb_buf *bytes, const struct dlb_author *a)
{
	struct dlb_correspondent who;
	const uint8_t *key;

	if (dlb_correspondent_by_identity(l, &who, &a->identity) != DLB_OK
		|| dlb_correspondent_card(l, bytes, who.id, NULL) != DLB_OK
		|| dlb_card_decode(out, bytes->data, bytes->len, NULL)
			!= DLB_OK)
		return false;
	key = dlb_card_bulletin_key(out);
	return key && memcmp(key, a->key, sizeof(a->key)) == 0;
}

enum dlb_status
dlb_author_restore(struct dlb_letterbox *l, const struct dlb_author *kept,
	struct dlb_error *err)
{
	char clean[DLB_NAME_TEXT_MAX + 1];
	struct dlb_author a = *kept, other;
	struct dlb_buf bytes = {0};
	struct dlb_card *card;
	bool has_card;
	enum dlb_status s = dlb_author_by_identity(l, &other, &kept->identity);

	if (s != DLB_NOT_FOUND)
		return s == DLB_OK
			? s
			: dlb_fail(err, s, "the authors can not be read");
	s = check_room(l, err);
	card = s == DLB_OK ? malloc(sizeof(*card)) : NULL;
	if (s == DLB_OK && !card)
		s = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (s != DLB_OK)
		return s;
	dlb_name_clean(clean, kept->name);
	number_name(l, &a, clean);
	has_card = card_of_correspondent(l, card, &bytes, &a);
	/* That of now is to be kept when it comes. */
	a.serial = has_card ? card->serial : a.serial ? a.serial - 1 : 0;
	a.added_ms = dlb_now_ms(l->env);
	s = insert(l, &a, has_card ? card : NULL, err);
	dlb_buf_free(&bytes);
	free(card);
	return s;
}

enum dlb_status
dlb_author_forget(struct dlb_letterbox *l, int64_t id, struct dlb_error *err)
{
	static const char bulletins[] =
		"DELETE FROM bulletins WHERE author = ?1";
	static const char author[] = "DELETE FROM authors WHERE id = ?1";
	static const char *const both[] = {bulletins, author};
	enum dlb_status s = dlb_db_change(&l->db, err);

	for (size_t i = 0; s == DLB_OK && i < DLB_ARRAY_LEN(both); i++) {
		struct dlb_query q;

		dlb_query(&q, &l->db, both[i]);
		dlb_query_int(&q, id);
		s = dlb_query_run(&q, err);
	}
	return s;
}
