/*
 * heads: opens the head cells that trials found; each that is new becomes a letter
 * of the inbox. Written down before the other cells come, so that a crash after it
 * costs at most a second look.
 */
#include "node_internal.h"

#include <stdlib.h>
#include <string.h>

/* Who sent it, as far as they are known; and the card that rode along: a
 * correspondent's may be better than the one that is held; of a stranger's, what
 * opens it again is kept with the letter, and it is looked at when the owner wants
 * to know them (stranger.c). */
static void
note_sender(struct dlb_node *n, const struct dlb_opened *o,
	struct dlb_in_letter *letter)
{
	struct dlb_correspondent who;

	if (dlb_correspondent_by_identity(n->letterbox, &who, &o->sender)
		!= DLB_OK) {
		letter->has_card = o->card_len > 0;
		letter->card_key = o->card_key;
		return;
	}
	letter->from = who.id;
	if (!who.heard
		&& dlb_correspondent_mark(
			   n->letterbox, who.id, true, false, NULL)
			!= DLB_OK) {
		/* Only means that our card rides along once more. */
	}
	if (o->card_len > 0
		&& dlb_correspondent_renew(
			   n->letterbox, &who, o->card, o->card_len, NULL)
			!= DLB_OK) {
		/* The one that is held goes on to serve. */
	}
}

struct opened_head {
	enum dlb_status st;
	struct dlb_opened opened;
	uint8_t name[DLB_NAME_LEN];
	uint8_t handle[DLB_HANDLE_LEN];
	uint16_t expiry_week;
};

struct opening {
	struct dlb_node *n;
	struct dlb_satchel *where;
	const struct dlb_hit *hits;
	struct opened_head *heads;
	struct dlb_opener opener;
};

static void
open_one(void *ctx, size_t i, unsigned worker)
{
	struct opening *o = ctx;
	struct opened_head *head = &o->heads[i];
	struct dlb_node *n = o->n;
	uint8_t *cell = dlb_node_cell(n, i), core[DLB_HASH_LEN];
	struct dlb_waybill waybill;

	head->st = dlb_satchel_get(o->where, o->hits[i].number, cell, core,
		head->name, n->aead[worker], true, NULL);
	if (head->st == DLB_OK)
		head->st = dlb_cell_check(&waybill, cell, NULL);
	if (head->st != DLB_OK)
		return;
	head->expiry_week = waybill.expiry_week;
	memcpy(head->handle, cell + DLB_WAYBILL_LEN, sizeof(head->handle));
	head->st = dlb_head_open(&head->opened, n->aead[worker], cell,
		o->hits[i].shared, &o->opener, NULL);
	/* What a threshold keeps closed is for a later release. */
	if (head->st == DLB_OK
		&& (head->opened.stripe.mode != DLB_STRIPE_WHOLE
			|| head->opened.stripe.k != 1))
		head->st = DLB_UNSUPPORTED;
}

/* An opened head becomes a letter, unless it is known already; *refused where there
 * is no room for it. */
static enum dlb_status
admit(struct dlb_node *n, struct dlb_wanted *w, const struct opened_head *head,
	uint64_t *letters_new, bool *refused, struct dlb_error *err)
{
	struct dlb_in_letter *letter = calloc(1, sizeof(*letter));
	const struct dlb_opened *o = &head->opened;
	enum dlb_status st;

	if (!letter)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	letter->sender = o->sender;
	memcpy(letter->head_name, head->name, sizeof(letter->head_name));
	letter->stripe = o->stripe;
	letter->stripe.expiry_week = head->expiry_week;
	letter->stripe.tag_key = NULL;
	letter->arrived_ms = n->clock.now_ms;
	letter->state = DLB_IN_PARTLY;
	letter->have = 0;
	memcpy(letter->box3_key, o->box3_key, sizeof(letter->box3_key));
	letter->box3_offset = o->box3_offset;
	memcpy(letter->transcript, o->transcript, sizeof(letter->transcript));
	note_sender(n, o, letter);
	if (letter->from == 0 && dlb_wanted_strangers_full(w, o->stripe.cells)
		&& !dlb_in_seen(n->letterbox, letter)) {
		*refused = true;
		st = DLB_OK;
		goto out;
	}
	dlb_describe_head(letter, o->content, o->stripe.inline_len);
	st = dlb_in_add(n->letterbox, letter, err);
	if (st == DLB_DUPLICATE) {
		dlb_wanted_head(w, head->name, head->handle);
		st = DLB_OK;
		goto out;
	}
	if (st == DLB_OK)
		st = dlb_wanted_letter(w, letter, head->handle, err);
	if (st == DLB_OK)
		++*letters_new;
out:
	dlb_wipe(letter, sizeof(*letter));
	free(letter);
	return st;
}

enum dlb_status
dlb_wanted_add_hits(struct dlb_wanted *w, struct dlb_satchel *where,
	struct dlb_hit *hits, size_t hits_n, uint64_t *letters_new,
	uint64_t *letters_refused, struct dlb_error *err)
{
	struct dlb_node *n = dlb_wanted_node(w);
	struct opening o = {.n = n, .where = where};
	size_t most = hits_n < DLB_BATCH ? hits_n : DLB_BATCH;
	enum dlb_status st = DLB_OK;

	if (hits_n == 0)
		return DLB_OK;
	dlb_letterbox_opener(n->letterbox, &o.opener);
	o.heads = calloc(most, sizeof(*o.heads));
	if (!o.heads)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t at = 0; st == DLB_OK && at < hits_n; at += DLB_BATCH) {
		size_t part = hits_n - at < DLB_BATCH ? hits_n - at : DLB_BATCH;

		o.hits = hits + at;
		dlb_pool_run(part, open_one, &o);
		for (size_t i = 0; st == DLB_OK && i < part; i++) {
			if (o.heads[i].st != DLB_OK)
				continue;
			st = admit(n, w, &o.heads[i], letters_new,
				&hits[at + i].refused, err);
			*letters_refused += hits[at + i].refused;
		}
	}
	dlb_wipe(o.heads, most * sizeof(*o.heads));
	free(o.heads);
	return st == DLB_OK ? dlb_wanted_index(w, err) : st;
}
