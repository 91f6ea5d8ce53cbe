/*
 * Letting a letter in, once: by what it is known (a hash of sender and letter id, "seen")
 * and what else may come of it: another sealing, another stripe.
 */
#include "inbox_internal.h"

#include <string.h>

/* ---- by what it is known ---------------------------------------------------------------- */

static void
seen_of(uint8_t out[static DLB_IN_SEEN_LEN], const struct dlb_in_letter *in)
{
	dlb_derive(out, DLB_IN_SEEN_LEN, (const uint8_t *)&in->sender,
		sizeof(in->sender),
		in->from < 0 ? "dlb seen bulletin" : "dlb seen letter",
		in->stripe.letter_id, sizeof(in->stripe.letter_id));
}

/* Of one sealing of it. */
static void
seen_sealing(
	uint8_t out[static DLB_IN_SEEN_LEN], const struct dlb_in_letter *in)
{
	uint8_t ids[2 * DLB_LETTER_ID_LEN];

	memcpy(ids, in->stripe.letter_id, DLB_LETTER_ID_LEN);
	memcpy(ids + DLB_LETTER_ID_LEN, in->stripe.sealing_id,
		DLB_LETTER_ID_LEN);
	dlb_derive(out, DLB_IN_SEEN_LEN, (const uint8_t *)&in->sender,
		sizeof(in->sender), "dlb seen sealing", ids, sizeof(ids));
}

/* Of one stripe of one sealing of it. */
static void
seen_stripe(uint8_t out[static DLB_IN_SEEN_LEN], const struct dlb_in_letter *in)
{
	uint8_t ids[2 * DLB_LETTER_ID_LEN + 1];

	memcpy(ids, in->stripe.letter_id, DLB_LETTER_ID_LEN);
	memcpy(ids + DLB_LETTER_ID_LEN, in->stripe.sealing_id,
		DLB_LETTER_ID_LEN);
	ids[2 * DLB_LETTER_ID_LEN] = in->stripe.number;
	dlb_derive(out, DLB_IN_SEEN_LEN, (const uint8_t *)&in->sender,
		sizeof(in->sender), "dlb seen stripe", ids, sizeof(ids));
}

static enum dlb_status
number_of_seen(struct dlb_letterbox *l, int64_t *number,
	const uint8_t seen[static DLB_IN_SEEN_LEN], struct dlb_error *err)
{
	static const char sql[] =
		"SELECT number FROM letters_in WHERE seen = ?1";
	struct dlb_query q;
	bool there;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_blob(&q, seen, DLB_IN_SEEN_LEN);
	there = dlb_query_row(&q);
	if (there)
		*number = dlb_query_get_int(&q);
	s = dlb_query_end(&q, err);
	return s == DLB_OK && !there ? DLB_NOT_FOUND : s;
}

bool
dlb_in_seen(struct dlb_letterbox *l, const struct dlb_in_letter *letter)
{
	uint8_t seen[DLB_IN_SEEN_LEN];
	int64_t number;

	seen_of(seen, letter);
	return number_of_seen(l, &number, seen, NULL) == DLB_OK;
}

/* ---- what else may come of it ------------------------------------------------------------ */

/* What is known of the letter of which another sealing comes. */
static enum dlb_status
may_come_again(struct dlb_letterbox *l, const struct dlb_in_letter *letter,
	int64_t number, bool *may, struct dlb_error *err)
{
	static const char sql[] =
		"SELECT state, substr(fixed, " DLB_IN_SEALING_AT ", 16),"
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
	s = dlb_query_number(&q, &before, err);
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
	uint8_t seen[DLB_IN_SEEN_LEN];
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
	return dlb_in_insert(l, letter, number, seen, err);
}

static enum dlb_status
add_again(struct dlb_letterbox *l, struct dlb_in_letter *letter, int64_t of,
	struct dlb_error *err)
{
	uint8_t seen[DLB_IN_SEEN_LEN];
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
	return dlb_in_insert(l, letter, number, seen, err);
}

enum dlb_status
dlb_in_add(struct dlb_letterbox *l, struct dlb_in_letter *letter,
	struct dlb_error *err)
{
	uint8_t seen[DLB_IN_SEEN_LEN];
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
		s = dlb_in_insert(l, letter, number, seen, err);
	if (s == DLB_OK)
		letter->number = number;
	return s;
}
