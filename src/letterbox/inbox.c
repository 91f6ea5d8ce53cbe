/*
 * Letters in. What never changes of one is kept as a single value ("fixed"); of a
 * deleted letter only its number, a hash of sender and letter id, and the number of
 * the key that it was sealed to stay, for as long as that key is there.
 */
#include "state_internal.h"

#include <string.h>

#define COLUMNS DLB_IN_COLUMNS
#define KEY_IS_THERE                                                           \
	"EXISTS (SELECT 1 FROM epochs WHERE"                                   \
	" kind = CASE WHEN opening >= 2147483648 THEN 3 ELSE 2 END"            \
	" AND id = opening & 2147483647)"
#define SEEN_LEN 16
#define FIXED_LEN 322
#define SEALING_AT "117" /* in fixed, counted from 1 */
#define CARD_LEN (DLB_KEY_LEN + DLB_HASH_LEN)

/* ---- what never changes ---------------------------------------------------------------- */

static size_t
write_fixed(uint8_t out[static FIXED_LEN], const struct dlb_in_letter *in)
{
	const struct dlb_stripe *t = &in->stripe;
	struct dlb_writer w;

	dlb_writer_init(&w, out, FIXED_LEN);
	dlb_write_bytes(&w, in->sender.sign, sizeof(in->sender.sign));
	dlb_write_bytes(&w, in->sender.agree, sizeof(in->sender.agree));
	dlb_write_bytes(&w, in->head_name, sizeof(in->head_name));
	dlb_write_u8(&w, t->mode);
	dlb_write_u8(&w, t->k);
	dlb_write_u8(&w, t->n);
	dlb_write_u8(&w, t->number);
	dlb_write_bytes(&w, t->letter_id, sizeof(t->letter_id));
	dlb_write_bytes(&w, t->sealing_id, sizeof(t->sealing_id));
	dlb_write_bytes(&w, t->stripe_key, sizeof(t->stripe_key));
	dlb_write_bytes(&w, t->letter_key, sizeof(t->letter_key));
	dlb_write_bytes(&w, t->commitment, sizeof(t->commitment));
	dlb_write_u64(&w, t->content_len);
	dlb_write_u64(&w, t->stripe_len);
	dlb_write_u32(&w, t->cells);
	dlb_write_u32(&w, t->inline_len);
	dlb_write_u16(&w, t->expiry_week);
	dlb_write_bytes(&w, in->box3_key, sizeof(in->box3_key));
	dlb_write_u32(&w, in->box3_offset);
	dlb_write_bytes(&w, in->transcript, sizeof(in->transcript));
	return w.failed ? 0 : w.len;
}

static void
read_fixed(struct dlb_reader *r, struct dlb_in_letter *out)
{
	struct dlb_stripe *t = &out->stripe;

	dlb_read_bytes(r, out->sender.sign, sizeof(out->sender.sign));
	dlb_read_bytes(r, out->sender.agree, sizeof(out->sender.agree));
	dlb_read_bytes(r, out->head_name, sizeof(out->head_name));
	t->mode = dlb_read_u8(r);
	t->k = dlb_read_u8(r);
	t->n = dlb_read_u8(r);
	t->number = dlb_read_u8(r);
	dlb_read_bytes(r, t->letter_id, sizeof(t->letter_id));
	dlb_read_bytes(r, t->sealing_id, sizeof(t->sealing_id));
	dlb_read_bytes(r, t->stripe_key, sizeof(t->stripe_key));
	dlb_read_bytes(r, t->letter_key, sizeof(t->letter_key));
	dlb_read_bytes(r, t->commitment, sizeof(t->commitment));
	t->content_len = dlb_read_u64(r);
	t->stripe_len = dlb_read_u64(r);
	t->cells = dlb_read_u32(r);
	t->inline_len = dlb_read_u32(r);
	t->expiry_week = dlb_read_u16(r);
	dlb_read_bytes(r, out->box3_key, sizeof(out->box3_key));
	out->box3_offset = dlb_read_u32(r);
	dlb_read_bytes(r, out->transcript, sizeof(out->transcript));
}

static void
seen_of(uint8_t out[static SEEN_LEN], const struct dlb_in_letter *in)
{
	uint8_t key[64];

	memcpy(key, in->sender.sign, 32);
	memcpy(key + 32, in->sender.agree, 32);
	dlb_derive(out, SEEN_LEN, key, sizeof(key),
		in->from < 0 ? "dlb seen bulletin" : "dlb seen letter",
		in->stripe.letter_id, sizeof(in->stripe.letter_id));
}

/* Of one sealing of it. */
static void
seen_sealing(uint8_t out[static SEEN_LEN], const struct dlb_in_letter *in)
{
	uint8_t key[64], ids[2 * DLB_LETTER_ID_LEN];

	memcpy(key, in->sender.sign, 32);
	memcpy(key + 32, in->sender.agree, 32);
	memcpy(ids, in->stripe.letter_id, DLB_LETTER_ID_LEN);
	memcpy(ids + DLB_LETTER_ID_LEN, in->stripe.sealing_id,
		DLB_LETTER_ID_LEN);
	dlb_derive(out, SEEN_LEN, key, sizeof(key), "dlb seen sealing", ids,
		sizeof(ids));
}

/* Of one stripe of one sealing of it. */
static void
seen_stripe(uint8_t out[static SEEN_LEN], const struct dlb_in_letter *in)
{
	uint8_t key[64], ids[2 * DLB_LETTER_ID_LEN + 1];

	memcpy(key, in->sender.sign, 32);
	memcpy(key + 32, in->sender.agree, 32);
	memcpy(ids, in->stripe.letter_id, DLB_LETTER_ID_LEN);
	memcpy(ids + DLB_LETTER_ID_LEN, in->stripe.sealing_id,
		DLB_LETTER_ID_LEN);
	ids[2 * DLB_LETTER_ID_LEN] = in->stripe.number;
	dlb_derive(out, SEEN_LEN, key, sizeof(key), "dlb seen stripe", ids,
		sizeof(ids));
}

/* ---- rows ---------------------------------------------------------------------------------- */

static enum dlb_status
fail_missing(struct dlb_error *err, int64_t number)
{
	return dlb_fail(err, DLB_NOT_FOUND,
		"there is no letter %lld that came in", (long long)number);
}

/* Empty, or a key and its transcript. */
static void
read_card(struct dlb_query *q, struct dlb_in_letter *out)
{
	struct dlb_reader r;
	size_t len;
	const void *card = dlb_query_view(q, &len);

	if (len == 0)
		return;
	dlb_reader_init(&r, card, len);
	dlb_read_bytes(&r, out->card_key.key, DLB_KEY_LEN);
	dlb_read_bytes(&r, out->card_key.transcript, DLB_HASH_LEN);
	out->has_card = dlb_reader_done(&r);
	if (!out->has_card)
		q->rc = SQLITE_CORRUPT;
}

static void
read_columns(struct dlb_query *q, struct dlb_in_letter *out)
{
	struct dlb_reader r;
	const void *fixed;
	uint32_t opening;
	size_t len;

	out->number = dlb_query_get_int(q);
	out->state = (enum dlb_in_state)dlb_query_get_int(q);
	out->from = dlb_query_get_int(q);
	out->arrived_ms = dlb_query_get_int(q);
	out->have = (uint32_t)dlb_query_get_int(q);
	out->described = dlb_query_get_int(q) != 0;
	out->kind = (uint8_t)dlb_query_get_int(q);
	out->files = (uint32_t)dlb_query_get_int(q);
	out->files_len = (uint64_t)dlb_query_get_int(q);
	dlb_query_get_text(q, out->summary, sizeof(out->summary));
	out->receipt_wanted = dlb_query_get_int(q) != 0;
	out->again_of = dlb_query_get_int(q);
	out->stripe_of = dlb_query_get_int(q);
	(void)dlb_query_get_int(q); /* in fixed, too */
	out->whole = (uint8_t)dlb_query_get_int(q);
	out->shown = dlb_query_get_int(q) != 0;
	read_card(q, out);
	opening = (uint32_t)dlb_query_get_int(q);
	fixed = dlb_query_view(q, &len);
	if (out->state == DLB_IN_DELETED)
		return;
	out->opening_id = opening;
	dlb_reader_init(&r, fixed, len);
	read_fixed(&r, out);
	if (!dlb_reader_done(&r))
		q->rc = SQLITE_CORRUPT;
}

static enum dlb_status
read_one(struct dlb_query *q, struct dlb_in_letter *out, struct dlb_error *err)
{
	bool there = dlb_query_row(q);
	enum dlb_status s;

	memset(out, 0, sizeof(*out));
	if (there)
		read_columns(q, out);
	s = dlb_query_end(q, err);
	if (s != DLB_OK)
		dlb_wipe(out, sizeof(*out));
	return s == DLB_OK && !there ? DLB_NOT_FOUND : s;
}

static enum dlb_status
number_of_seen(struct dlb_letterbox *l, int64_t *number,
	const uint8_t seen[static SEEN_LEN], struct dlb_error *err)
{
	static const char sql[] =
		"SELECT number FROM letters_in WHERE seen = ?1";
	struct dlb_query q;
	bool there;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_blob(&q, seen, SEEN_LEN);
	there = dlb_query_row(&q);
	if (there)
		*number = dlb_query_get_int(&q);
	s = dlb_query_end(&q, err);
	return s == DLB_OK && !there ? DLB_NOT_FOUND : s;
}

bool
dlb_in_is_seen(const struct dlb_in_letter *letter)
{
	return (!dlb_kind_is_quiet(letter->kind) || letter->shown)
		&& letter->from >= 0 && letter->again_of == 0
		&& letter->stripe_of == 0;
}

bool
dlb_in_seen(struct dlb_letterbox *l, const struct dlb_in_letter *letter)
{
	uint8_t seen[SEEN_LEN];
	int64_t number;

	seen_of(seen, letter);
	return number_of_seen(l, &number, seen, NULL) == DLB_OK;
}

static enum dlb_status
insert(struct dlb_letterbox *l, const struct dlb_in_letter *letter,
	int64_t number, const uint8_t seen[static SEEN_LEN],
	struct dlb_error *err)
{
	static const char sql[] =
		"INSERT INTO letters_in (" COLUMNS ", seen) VALUES (?1, ?2, ?3,"
		" ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
		" ?15, ?16, ?17, ?18, ?19, ?20)";
	uint8_t fixed[FIXED_LEN], card[CARD_LEN];
	size_t len = write_fixed(fixed, letter);
	struct dlb_query q;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, number);
	dlb_query_int(&q, letter->state);
	dlb_query_int(&q, letter->from);
	dlb_query_int(&q, letter->arrived_ms);
	dlb_query_int(&q, letter->have);
	dlb_query_int(&q, letter->described);
	dlb_query_int(&q, letter->kind);
	dlb_query_int(&q, letter->files);
	dlb_query_int(&q, (int64_t)letter->files_len);
	dlb_query_text(&q, letter->summary);
	dlb_query_int(&q, letter->receipt_wanted);
	dlb_query_int(&q, letter->again_of);
	dlb_query_int(&q, letter->stripe_of);
	dlb_query_int(&q, letter->stripe.n);
	dlb_query_int(&q, letter->whole);
	dlb_query_int(&q, letter->shown);
	memcpy(card, letter->card_key.key, DLB_KEY_LEN);
	memcpy(card + DLB_KEY_LEN, letter->card_key.transcript, DLB_HASH_LEN);
	dlb_query_blob(&q, card, letter->has_card ? sizeof(card) : 0);
	dlb_query_int(&q, letter->opening_id);
	dlb_query_blob(&q, fixed, len);
	dlb_query_blob(&q, seen, SEEN_LEN);
	s = dlb_query_run(&q, err);
	dlb_wipe(fixed, sizeof(fixed));
	dlb_wipe(card, sizeof(card));
	return s;
}

/* What is known of the letter of which another sealing comes. */
static enum dlb_status
may_come_again(struct dlb_letterbox *l, const struct dlb_in_letter *letter,
	int64_t number, bool *may, struct dlb_error *err)
{
	static const char sql[] =
		"SELECT state, substr(fixed, " SEALING_AT ", 16),"
		" (SELECT count(*) FROM letters_in WHERE again_of = ?1"
		" AND again_of > 0)"
		" FROM letters_in WHERE number = ?1 AND length(fixed) > 0";
	struct dlb_query q;

	*may = false;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, number);
	if (dlb_query_row(&q)) {
		int64_t state = dlb_query_get_int(&q);
		uint8_t sealing[DLB_LETTER_ID_LEN];

		dlb_query_get_blob(&q, sealing, sizeof(sealing));
		*may = state == DLB_IN_PARTLY
			&& dlb_query_get_int(&q) < DLB_IN_AGAIN_MAX
			&& memcmp(sealing, letter->stripe.sealing_id,
				   sizeof(sealing))
				!= 0;
	}
	return dlb_query_end(&q, err);
}

/* A letter that was sealed again, to a key that ends later, may come again for as long
 * as that one is there. A last-resort key ends about now, or later. */
static enum dlb_status
note_later_key(struct dlb_letterbox *l, int64_t number, uint32_t opening_id,
	struct dlb_error *err)
{
	static const char select[] =
		"SELECT opening FROM letters_in WHERE number = ?1";
	static const char update[] =
		"UPDATE letters_in SET opening = ?2 WHERE number = ?1";
	int64_t now = dlb_month_of(dlb_now_ms(l->env)), before = opening_id;
	int64_t later = opening_id & DLB_OPENING_LAST_RESORT ? now : opening_id;
	struct dlb_query q;
	enum dlb_status s;

	dlb_query(&q, &l->db, select);
	dlb_query_int(&q, number);
	if (dlb_query_row(&q))
		before = dlb_query_get_int(&q);
	s = dlb_query_end(&q, err);
	if (s != DLB_OK || before == opening_id
		|| later <= (before >= DLB_OPENING_LAST_RESORT ? now : before))
		return s;
	s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, update);
	dlb_query_int(&q, number);
	dlb_query_int(&q, opening_id);
	return dlb_query_run(&q, err);
}

/* Do both say the same of the sealing? */
static bool
agree(const struct dlb_stripe *a, const struct dlb_stripe *b)
{
	return a->mode == b->mode && a->k == b->k && a->n == b->n
		&& a->content_len == b->content_len
		&& a->stripe_len == b->stripe_len && a->cells == b->cells
		&& a->inline_len == b->inline_len
		&& memcmp(a->sealing_id, b->sealing_id, sizeof(a->sealing_id))
		== 0
		&& dlb_equal(a->commitment, b->commitment, DLB_HASH_LEN)
		&& (a->mode == DLB_STRIPE_THRESHOLD
			|| dlb_equal(
				a->letter_key, b->letter_key, DLB_KEY_LEN));
}

/* `of` is the row of the same sealing. The first stripe of a number is the stripe. */
static enum dlb_status
add_stripe(struct dlb_letterbox *l, struct dlb_in_letter *letter, int64_t of,
	struct dlb_error *err)
{
	struct dlb_in_letter first;
	uint8_t seen[SEEN_LEN];
	int64_t number;
	enum dlb_status s = dlb_in_get(l, &first, of, err);
	bool may = s == DLB_OK && first.state == DLB_IN_PARTLY
		&& letter->stripe.n > 1
		&& letter->stripe.number != first.stripe.number
		&& agree(&letter->stripe, &first.stripe);

	dlb_wipe(&first, sizeof(first));
	if (s != DLB_OK || !may)
		return s == DLB_OK ? DLB_DUPLICATE : s;
	seen_stripe(seen, letter);
	s = number_of_seen(l, &number, seen, err);
	if (s != DLB_NOT_FOUND)
		return s == DLB_OK ? DLB_DUPLICATE : s;
	s = dlb_number_unseen(l, &number, err);
	if (s != DLB_OK)
		return s;
	letter->stripe_of = of;
	letter->number = number;
	return insert(l, letter, number, seen, err);
}

static enum dlb_status
add_again(struct dlb_letterbox *l, struct dlb_in_letter *letter, int64_t of,
	struct dlb_error *err)
{
	uint8_t seen[SEEN_LEN];
	int64_t number;
	bool may;
	enum dlb_status s = may_come_again(l, letter, of, &may, err);

	letter->number = of;
	if (s != DLB_OK)
		return s;
	seen_sealing(seen, letter);
	s = number_of_seen(l, &number, seen, err);
	if (s != DLB_NOT_FOUND)
		return s == DLB_OK ? add_stripe(l, letter, number, err) : s;
	/* Perhaps the same sealing. */
	if (!may)
		return add_stripe(l, letter, of, err);
	s = dlb_number_unseen(l, &number, err);
	if (s != DLB_OK)
		return s;
	letter->again_of = of;
	letter->number = number;
	return insert(l, letter, number, seen, err);
}

enum dlb_status
dlb_in_add(struct dlb_letterbox *l, struct dlb_in_letter *letter,
	struct dlb_error *err)
{
	uint8_t seen[SEEN_LEN];
	int64_t number;
	enum dlb_status s;

	seen_of(seen, letter);
	s = number_of_seen(l, &number, seen, err);
	if (s == DLB_OK) {
		s = note_later_key(l, number, letter->opening_id, err);
		return s == DLB_OK ? add_again(l, letter, number, err) : s;
	}
	if (s == DLB_NOT_FOUND)
		s = dlb_kind_is_quiet(letter->kind)
			? dlb_number_unseen(l, &number, err)
			: dlb_number_next(l, &number, err);
	if (s == DLB_OK)
		s = insert(l, letter, number, seen, err);
	if (s == DLB_OK)
		letter->number = number;
	return s;
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
		s = fail_missing(err, letter->number);
	return s;
}

enum dlb_status
dlb_in_get(struct dlb_letterbox *l, struct dlb_in_letter *out, int64_t number,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM letters_in WHERE number = ?1";
	struct dlb_query q;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, number);
	s = read_one(&q, out, err);
	return s == DLB_NOT_FOUND ? fail_missing(err, number) : s;
}

enum dlb_status
dlb_in_query_each(struct dlb_letterbox *l, const char *sql,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	int64_t of, struct dlb_error *err)
{
	struct dlb_in_letter letter = {0};
	enum dlb_status s = DLB_OK;
	bool more = true;

	while (s == DLB_OK && more) {
		struct dlb_query q;
		int64_t after = letter.number;

		dlb_query(&q, &l->db, sql);
		dlb_query_int(&q, after);
		if (of)
			dlb_query_int(&q, of);
		s = read_one(&q, &letter, err);
		if (s == DLB_OK)
			more = fn(ctx, &letter);
	}
	dlb_wipe(&letter, sizeof(letter));
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

enum dlb_status
dlb_in_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] = "SELECT " COLUMNS " FROM letters_in"
				  " WHERE number > ?1 AND length(fixed) > 0"
				  " ORDER BY number LIMIT 1";

	return dlb_in_query_each(l, sql, fn, ctx, 0, err);
}

/* All have numbers that nobody sees: the rows of letters are not gone through. */
enum dlb_status
dlb_in_again(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM letters_in"
		" WHERE number > max(?1, ?2) AND again_of > 0"
		" AND length(fixed) > 0 ORDER BY number LIMIT 1";

	return dlb_in_query_each(l, sql, fn, ctx, DLB_NUMBER_UNSEEN - 1, err);
}

enum dlb_status
dlb_in_kinds(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM letters_in"
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
		return fail_missing(err, number);
	if (s != DLB_OK || visible == number)
		return s;
	dlb_query(&q, &l->db, others);
	dlb_query_int(&q, number);
	dlb_query_int(&q, visible);
	return dlb_query_run(&q, err);
}

/* What stays of a deleted letter; *stays where its key is there. */
struct stub {
	uint8_t seen[SEEN_LEN];
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
		dlb_query_get_blob(&q, out->seen, SEEN_LEN);
		out->opening = dlb_query_get_int(&q);
		out->acked_week = dlb_query_get_int(&q);
		out->stays = dlb_query_get_int(&q) != 0;
	}
	s = dlb_query_end(&q, err);
	return s == DLB_OK && !there ? fail_missing(err, number) : s;
}

/* The row is taken out and put in again, short: to shorten it in place would leave
 * its page as it is, and none would ever be free. */
enum dlb_status
dlb_in_delete(struct dlb_letterbox *l, int64_t number, struct dlb_error *err)
{
	static const char remove[] = "DELETE FROM letters_in WHERE number = ?1";
	static const char insert_seen[] =
		"INSERT INTO letters_in (" COLUMNS ", seen, acked_week)"
		" VALUES (?1, ?2, 0, 0, 0, 0, 0, 0, 0, '', 0, 0, 0, 1, 0,"
		" 0, x'', ?3, x'', ?4, ?5)";
	struct stub stub;
	struct dlb_query q;
	enum dlb_status s = stub_of(l, &stub, number, err);

	if (s == DLB_OK)
		s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, remove);
	dlb_query_int(&q, number);
	s = dlb_query_run(&q, err);
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
