/*
 * stripes: letters that came split. Each stripe is collected as a letter is; once as
 * many are whole as suffice, those are the letter, and of the others nothing stays.
 */
#include "node_internal.h"
#include "share.h"

#include <stdlib.h>
#include <string.h>

/* ---- the stripes of a sealing ---------------------------------------------------- */

enum dlb_status
dlb_stripes_key(uint8_t key[static DLB_KEY_LEN],
	const struct dlb_in_letter *const *rows, size_t n)
{
	uint8_t shares[DLB_STRIPES_MAX][DLB_KEY_LEN], numbers[DLB_STRIPES_MAX];
	unsigned k = n ? rows[0]->stripe.k : 1;
	enum dlb_status st;

	if (n < k)
		return DLB_PARTLY;
	for (unsigned i = 0; i < k; i++) {
		numbers[i] = rows[i]->stripe.number;
		memcpy(shares[i], rows[i]->stripe.letter_key, DLB_KEY_LEN);
	}
	st = dlb_shares_join(
		key, numbers, (const uint8_t(*)[DLB_KEY_LEN])shares, k);
	if (st != DLB_OK || !dlb_key_fits(&rows[0]->stripe, key)) {
		dlb_wipe(key, DLB_KEY_LEN);
		st = DLB_FORGED;
	}
	dlb_wipe(shares, sizeof(shares));
	return st;
}

static int
compare_rows(const void *a, const void *b)
{
	const struct dlb_in_letter *x = a, *y = b;

	return (int)x->stripe.number - (int)y->stripe.number;
}

static bool
add_row(void *ctx, const struct dlb_in_letter *stripe)
{
	struct dlb_stripe_set *set = ctx;

	if (set->n < stripe->stripe.n)
		set->rows[set->n++] = *stripe;
	return true;
}

/* The share in each row gives way to the key. */
static void
join(struct dlb_stripe_set *set)
{
	const struct dlb_in_letter *rows[DLB_STRIPES_MAX] = {NULL};
	uint8_t key[DLB_KEY_LEN];

	for (size_t i = 0; i < set->n; i++)
		rows[i] = &set->rows[i];
	set->keyed = dlb_stripes_key(key, rows, set->n) == DLB_OK;
	for (size_t i = 0; set->keyed && i < set->n; i++)
		memcpy(set->rows[i].stripe.letter_key, key, DLB_KEY_LEN);
	dlb_wipe(key, sizeof(key));
}

enum dlb_status
dlb_stripes_load(struct dlb_stripe_set *out, struct dlb_node *n,
	const struct dlb_in_letter *letter, struct dlb_error *err)
{
	enum dlb_status st;

	memset(out, 0, sizeof(*out));
	out->rows = calloc(letter->stripe.n, sizeof(*out->rows));
	if (!out->rows)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	out->rows[out->n++] = *letter;
	st = dlb_in_stripes(n->letterbox, letter->number, add_row, out, err);
	if (st != DLB_OK) {
		dlb_stripes_free(out);
		return st;
	}
	qsort(out->rows, out->n, sizeof(*out->rows), compare_rows);
	out->keyed = letter->stripe.mode == DLB_STRIPE_WHOLE;
	if (!out->keyed)
		join(out);
	return DLB_OK;
}

void
dlb_stripes_free(struct dlb_stripe_set *set)
{
	if (set->rows)
		dlb_wipe(set->rows, set->n * sizeof(*set->rows));
	free(set->rows);
	memset(set, 0, sizeof(*set));
}

static bool
is_whole(const struct dlb_in_letter *row)
{
	return row->have == row->stripe.cells;
}

static uint8_t
count_whole(const struct dlb_stripe_set *set)
{
	uint8_t whole = 0;

	for (size_t i = 0; i < set->n; i++)
		whole += is_whole(&set->rows[i]);
	return whole;
}

enum dlb_status
dlb_stripes_wait(
	struct dlb_node *n, struct dlb_stripe_set *set, struct dlb_error *err)
{
	uint8_t whole = count_whole(set);
	enum dlb_status st = DLB_OK;

	for (size_t i = 0; st == DLB_OK && i < set->n; i++) {
		set->rows[i].state = DLB_IN_PARTLY;
		set->rows[i].whole = whole;
		st = dlb_in_update(n->letterbox, &set->rows[i], err);
	}
	return st;
}

/* ---- when enough are whole ---------------------------------------------------------- */

struct settling {
	struct dlb_node *n;
	struct dlb_release release;
	uint64_t *letters_complete;
	enum dlb_status st;
	struct dlb_error *err;
};

/* Of the stripe that stands for the sealing another one may take the place. */
static enum dlb_status
drop_parts(struct settling *s, const struct dlb_stripe_set *set)
{
	struct dlb_letterbox *l = s->n->letterbox;
	const struct dlb_in_letter *first = NULL;
	bool stands = false;
	enum dlb_status st = DLB_OK;

	for (size_t i = 0; i < set->n; i++) {
		const struct dlb_in_letter *row = &set->rows[i];

		stands |= is_whole(row) && row->stripe_of == 0;
		if (!first && is_whole(row) && row->stripe_of)
			first = row;
	}
	for (size_t i = 0; st == DLB_OK && i < set->n; i++) {
		const struct dlb_in_letter *row = &set->rows[i];
		struct dlb_in_letter whole = *row;

		whole.state = DLB_IN_UNREAD;
		if (!is_whole(row))
			st = dlb_release_stripe(&s->release, row);
		if (st == DLB_OK && row->stripe_of)
			st = is_whole(row) ? dlb_in_update(l, &whole, s->err)
					   : dlb_in_drop(l, row, s->err);
		dlb_wipe(&whole, sizeof(whole));
	}
	return st == DLB_OK && !stands && first
		? dlb_in_stripe_first(l, first, s->err)
		: st;
}

static enum dlb_status
complete(struct settling *s, const struct dlb_stripe_set *set, int64_t number)
{
	struct dlb_letterbox *l = s->n->letterbox;
	struct dlb_in_letter letter;
	enum dlb_status st = drop_parts(s, set);

	if (st == DLB_OK)
		st = dlb_in_get(l, &letter, number, s->err);
	if (st != DLB_OK)
		return st;
	letter.state = DLB_IN_UNREAD;
	letter.whole = count_whole(set);
	dlb_describe(s->n, &letter);
	st = dlb_in_update(l, &letter, s->err);
	if (st == DLB_OK && dlb_in_is_seen(&letter)) {
		++*s->letters_complete;
		st = dlb_receipt_owe(l, &letter, s->err);
	}
	dlb_wipe(&letter, sizeof(letter));
	return st;
}

static bool
look_at(void *ctx, const struct dlb_in_letter *letter)
{
	struct settling *s = ctx;
	struct dlb_stripe_set set;
	uint8_t whole;

	s->st = dlb_stripes_load(&set, s->n, letter, s->err);
	if (s->st != DLB_OK)
		return false;
	whole = count_whole(&set);
	if (whole >= letter->stripe.k) {
		s->st = complete(s, &set, letter->number);
	} else if (whole != letter->whole) {
		struct dlb_in_letter now = *letter;

		now.whole = whole;
		s->st = dlb_in_update(s->n->letterbox, &now, s->err);
		dlb_wipe(&now, sizeof(now));
	}
	dlb_stripes_free(&set);
	return s->st == DLB_OK;
}

enum dlb_status
dlb_node_stripes(
	struct dlb_node *n, uint64_t *letters_complete, struct dlb_error *err)
{
	struct settling s = {.n = n,
		.release = {.n = n},
		.letters_complete = letters_complete,
		.err = err};
	enum dlb_status st = dlb_in_split(n->letterbox, look_at, &s, err);

	if (st == DLB_OK)
		st = s.st;
	if (st == DLB_OK && s.release.len > 0)
		st = dlb_release_commit(&s.release, err);
	else if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	dlb_release_free(&s.release);
	return st;
}
