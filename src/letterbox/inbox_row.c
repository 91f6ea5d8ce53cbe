/*
 * The rows of letters in. What never changes of one is kept as a single value
 * ("fixed"), which a deleted letter has no more.
 */
#include "inbox_internal.h"

#include <string.h>

#define FIXED_LEN 322
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

/* ---- rows ---------------------------------------------------------------------------------- */

enum dlb_status
dlb_in_fail_missing(struct dlb_error *err, int64_t number)
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
read_row(struct dlb_query *q, void *row)
{
	struct dlb_in_letter *out = row;
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

const struct dlb_row dlb_in_row = {sizeof(struct dlb_in_letter), read_row};

enum dlb_status
dlb_in_insert(struct dlb_letterbox *l, const struct dlb_in_letter *letter,
	int64_t number, const uint8_t seen[static DLB_IN_SEEN_LEN],
	struct dlb_error *err)
{
	static const char sql[] =
		"INSERT INTO letters_in (" DLB_IN_COLUMNS
		", seen) VALUES (?1, ?2, ?3,"
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
	dlb_query_blob(&q, seen, DLB_IN_SEEN_LEN);
	s = dlb_query_run(&q, err);
	dlb_wipe(fixed, sizeof(fixed));
	dlb_wipe(card, sizeof(card));
	return s;
}

enum dlb_status
dlb_in_query_each(struct dlb_letterbox *l, const char *sql,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	int64_t of, struct dlb_error *err)
{
	struct dlb_in_letter letter = {0};
	enum dlb_status s;

	do {
		struct dlb_query q;
		int64_t after = letter.number;

		dlb_query(&q, &l->db, sql);
		dlb_query_int(&q, after);
		if (of)
			dlb_query_int(&q, of);
		s = dlb_query_one(&q, &letter, &dlb_in_row, err);
	} while (s == DLB_OK && fn(ctx, &letter));
	dlb_wipe(&letter, sizeof(letter));
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}
