/*
 * wanted: letter keys of which each stripe of a letter brings a share. Once enough
 * heads are here, the cells of all of them are wanted.
 */
#include "share.h"
#include "wanted_internal.h"

#include <stdlib.h>
#include <string.h>

struct member {
	int64_t sealing; /* the number of the row that stands for it */
	uint32_t letter;
};

static int
compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->sealing != y->sealing)
		return x->sealing < y->sealing ? -1 : 1;
	return x->letter < y->letter ? -1 : x->letter > y->letter;
}

/* The stripes of one sealing. */
static enum dlb_status
join_members(struct dlb_wanted *w, const struct member *m, size_t n)
{
	const struct dlb_in_letter *rows[DLB_STRIPES_MAX] = {NULL};
	uint8_t key[DLB_KEY_LEN];
	enum dlb_status st = DLB_OK;

	if (n > DLB_STRIPES_MAX)
		n = DLB_STRIPES_MAX;
	for (size_t i = 0; i < n; i++)
		rows[i] = &w->letters[m[i].letter].row;
	/* Too few, or of no use: they wait. */
	if (dlb_stripes_key(key, rows, n) != DLB_OK)
		return DLB_OK;
	for (size_t i = 0; st == DLB_OK && i < n; i++) {
		memcpy(w->letters[m[i].letter].row.stripe.letter_key, key,
			DLB_KEY_LEN);
		w->letters[m[i].letter].keyed = true;
		st = dlb_wanted_bulk(w, m[i].letter);
	}
	dlb_wipe(key, sizeof(key));
	return st;
}

/* A stripe that comes when the key is known gets it from another one. */
static void
join_late(struct dlb_wanted *w, const struct member *m, size_t n, size_t known)
{
	for (size_t i = 0; i < n; i++)
		if (!w->letters[m[i].letter].keyed)
			memcpy(w->letters[m[i].letter].row.stripe.letter_key,
				w->letters[m[known].letter]
					.row.stripe.letter_key,
				DLB_KEY_LEN);
}

static enum dlb_status
join_group(struct dlb_wanted *w, const struct member *m, size_t n)
{
	enum dlb_status st = DLB_OK;
	size_t known = 0;

	while (known < n && !w->letters[m[known].letter].keyed)
		known++;
	if (known == n)
		return join_members(w, m, n);
	join_late(w, m, n, known);
	for (size_t i = 0; st == DLB_OK && i < n; i++) {
		if (w->letters[m[i].letter].keyed)
			continue;
		w->letters[m[i].letter].keyed = true;
		st = dlb_wanted_bulk(w, m[i].letter);
	}
	return st;
}

enum dlb_status
dlb_wanted_join(struct dlb_wanted *w, struct dlb_error *err)
{
	struct member *m = calloc(w->letters_n + 1, sizeof(*m));
	enum dlb_status st = DLB_OK;
	size_t n = 0, end;

	if (!m)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < w->letters_n; i++) {
		const struct dlb_in_letter *l = &w->letters[i].row;

		if (l->stripe.mode == DLB_STRIPE_THRESHOLD)
			m[n++] = (struct member){
				l->stripe_of ? l->stripe_of : l->number,
				(uint32_t)i};
	}
	qsort(m, n, sizeof(*m), compare_members);
	for (size_t at = 0; st == DLB_OK && at < n; at = end) {
		for (end = at + 1; end < n && m[end].sealing == m[at].sealing;)
			end++;
		st = join_group(w, m + at, end - at);
	}
	free(m);
	return st == DLB_OK ? st : dlb_fail(err, st, "out of memory");
}
