/*
 * wanted, after cells came: those that lay at home before their head came get their
 * hold, too, and the letterbox learns how far each letter is.
 */
#include "following.h"
#include "kinds.h"
#include "wanted_internal.h"

#include <stdlib.h>

struct home_look {
	struct dlb_wanted *w;
	size_t first, part; /* the wants in this batch */
	uint32_t number[DLB_BATCH];
};

static void
look_at_home(void *ctx, size_t i, unsigned worker)
{
	struct home_look *h = ctx;
	struct dlb_node *n = h->w->n;
	const struct want *want = &h->w->wants[h->first + i];
	uint32_t number = DLB_NO_ENTRY;
	size_t token;

	h->number[i] = DLB_NO_ENTRY;
	if (want->taken)
		return;
	if (want->index == 0) {
		h->number[i] = dlb_satchel_find(
			n->satchel, h->w->letters[want->letter].row.head_name);
		return;
	}
	while ((number = dlb_satchel_find_handle(
			n->satchel, want->handle, number))
		!= DLB_NO_ENTRY) {
		uint8_t *cell = dlb_node_cell(n, i);
		uint8_t core[DLB_HASH_LEN], name[DLB_NAME_LEN];

		if (dlb_satchel_get(n->satchel, number, cell, core, name,
			    n->aead[worker], true, NULL)
				== DLB_OK
			&& dlb_wanted_check(
				h->w, cell, name, n->aead[worker], &token)
			&& token == h->first + i) {
			h->number[i] = number;
			return;
		}
	}
}

/* Gives a hold to wanted cells that came before their head did. */
enum dlb_status
dlb_wanted_hold(struct dlb_wanted *w, struct dlb_error *err)
{
	struct home_look h = {.w = w};
	struct dlb_satchel_change changes[DLB_BATCH];

	for (; w->looked < w->wants_n; w->looked += h.part) {
		size_t part = w->wants_n - w->looked, n = 0;
		uint32_t room = dlb_satchel_room_held(w->n->satchel);
		enum dlb_status st;

		if (part > DLB_BATCH)
			part = DLB_BATCH;
		h.part = part;
		h.first = w->looked;
		dlb_pool_run(part, look_at_home, &h);
		for (size_t i = 0; i < part; i++) {
			struct dlb_entry e;

			if (h.number[i] == DLB_NO_ENTRY || n >= room
				|| !dlb_satchel_entry(
					w->n->satchel, h.number[i], &e))
				continue;
			changes[n++] =
				(struct dlb_satchel_change){.number = e.number,
					.flags = (uint8_t)(e.flags | DLB_HELD),
					.copies = e.copies,
					.searched = e.searched};
			w->wants[h.first + i].taken = true;
		}
		st = dlb_satchel_update(w->n->satchel, changes, n, err);
		if (st != DLB_OK)
			return st;
	}
	return DLB_OK;
}

enum dlb_status
dlb_wanted_finish(
	struct dlb_wanted *w, uint64_t *letters_complete, struct dlb_error *err)
{
	uint32_t *missing;
	enum dlb_status st;

	st = dlb_wanted_hold(w, err);
	if (st != DLB_OK)
		return st;
	missing = calloc(w->letters_n + 1, sizeof(*missing));
	if (!missing)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < w->wants_n; i++)
		if (!w->wants[i].taken)
			missing[w->wants[i].letter]++;
	for (size_t i = 0; st == DLB_OK && i < w->letters_n; i++) {
		struct dlb_in_letter *letter = &w->letters[i].row;

		if (letter->number == 0)
			continue;
		if (dlb_wanted_too_large(w, letter) || !w->letters[i].keyed)
			missing[i] += letter->stripe.cells - 1;
		letter->have = letter->stripe.cells - missing[i];
		/* Whether one that is split is whole is seen from all its stripes. */
		if (letter->stripe.n > 1) {
			st = dlb_in_update(w->n->letterbox, letter, err);
			continue;
		}
		if (missing[i] == 0)
			letter->state = DLB_IN_UNREAD;
		dlb_describe(w->n, letter);
		st = dlb_in_update(w->n->letterbox, letter, err);
		if (missing[i] > 0 || !dlb_in_is_seen(letter))
			continue;
		++*letters_complete;
		if (st == DLB_OK)
			st = dlb_receipt_owe(w->n->letterbox, letter, err);
	}
	free(missing);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(w->n->letterbox, err);
	if (st == DLB_OK)
		st = dlb_node_stripes(w->n, letters_complete, err);
	if (st == DLB_OK)
		st = dlb_node_resent(w->n, letters_complete, err);
	if (st == DLB_OK)
		st = dlb_node_kinds(w->n, err);
	return st == DLB_OK ? dlb_node_bulletins(w->n, err) : st;
}
