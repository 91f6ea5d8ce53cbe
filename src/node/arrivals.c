/*
 * arrivals: cells that come one by one (from a peer, out of a directory) and go into
 * the home batch by batch: checked and tried in parallel, then durable, then who sent
 * them is told.
 *
 * A head for the reader here is put in as not searched, and its letter is written
 * down right after: what a crash takes in between, the next search finds.
 */
#include "arrivals.h"
#include "following.h"
#include "recall.h"

#include <stdlib.h>
#include <string.h>

void
dlb_arrivals_add(struct dlb_arrivals *a,
	const uint8_t cell[static DLB_CELL_LEN], uint8_t copies, bool look,
	uint64_t ticket)
{
	size_t i = a->count++;
	struct dlb_satchel_item *item = &a->items[i];

	memset(item, 0, sizeof(*item));
	memset(&a->each[i], 0, sizeof(a->each[i]));
	memcpy(dlb_node_cell(a->n, i), cell, DLB_CELL_LEN);
	item->cell = dlb_node_cell(a->n, i);
	item->flags = DLB_SHOWN;
	if (look)
		item->flags |= DLB_LOOK;
	item->copies = copies > DLB_COPIES_MAX ? DLB_COPIES_MAX : copies;
	item->origin = a->origin;
	a->each[i].ticket = ticket;
}

static void
check_one(void *ctx, size_t i, unsigned worker)
{
	struct dlb_arrivals *a = ctx;
	struct dlb_satchel_item *item = &a->items[i];
	struct dlb_arrival *one = &a->each[i];
	struct dlb_node *n = a->n;
	struct dlb_waybill waybill;

	dlb_cell_name(item->core, item->name, item->cell);
	one->st = a->promised(a->ctx, one->ticket, item->name)
		? dlb_cell_check(&waybill, item->cell, NULL)
		: DLB_REFUSED;
	one->expiry_week = one->st == DLB_OK ? waybill.expiry_week : 0;
	if (one->st == DLB_OK && a->week)
		one->st = dlb_cell_check_expiry(waybill.expiry_week, a->week);
	if (one->st == DLB_OK
		&& dlb_satchel_refuses(n->satchel, item->name,
			waybill.token_hash, a->week, n->aead[worker])) {
		one->st = DLB_REFUSED;
		one->recalled = true;
	}
	one->dear = one->st == DLB_OK && a->trips
		&& dlb_trips_has_tag(a->trips, item->core, waybill.box_tag);
	if (one->st != DLB_OK || !a->wanted)
		return;
	one->mine = dlb_wanted_check(a->wanted, item->cell, item->name,
		n->aead[worker], &one->token);
	one->hit = !one->mine
		&& (dlb_wanted_bulletin(a->wanted, item->cell, &one->head)
			|| dlb_node_try(n, item->cell, waybill.expiry_week,
				one->head.shared));
	item->searched = one->hit ? 0 : dlb_letterbox_generation(n->letterbox);
}

/* Letters whose heads have come; then what belongs to them and came before. */
static enum dlb_status
admit_heads(struct dlb_arrivals *a, size_t n, struct dlb_error *err)
{
	struct dlb_hit *hits = calloc(n + 1, sizeof(*hits));
	size_t hits_n = 0;
	enum dlb_status st = DLB_OK;

	if (!hits)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < n; i++) {
		const struct dlb_arrival *one = &a->each[i];

		if (!one->hit || one->st != DLB_OK)
			continue;
		hits[hits_n] = one->head;
		hits[hits_n++].number = a->items[i].number;
	}
	if (hits_n > 0)
		st = dlb_wanted_add_hits(a->wanted, a->n->satchel, hits, hits_n,
			&a->letters_new, &a->letters_refused, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(a->n->letterbox, err);
	if (st == DLB_OK && hits_n > 0)
		st = dlb_wanted_hold(a->wanted, err);
	dlb_wipe(hits, n * sizeof(*hits));
	free(hits);
	return st;
}

/* The sound ones of the batch into the satchel. */
static enum dlb_status
put(struct dlb_arrivals *a, struct dlb_error *err)
{
	struct dlb_satchel_item sound[DLB_BATCH];
	uint32_t room_held = dlb_satchel_room_held(a->n->satchel);
	size_t kept = 0, at = 0;
	enum dlb_status st;

	for (size_t i = 0; i < a->count; i++) {
		struct dlb_arrival *one = &a->each[i];

		if (one->st != DLB_OK)
			continue;
		if (one->mine && room_held
			&& dlb_wanted_take(a->wanted, one->token)) {
			a->items[i].flags |= DLB_HELD;
			room_held--;
		}
		sound[kept++] = a->items[i];
	}
	st = dlb_satchel_put(a->n->satchel, sound, kept, a->week, err);
	if (st != DLB_OK)
		return st;
	for (size_t i = 0; st == DLB_OK && i < a->count; i++)
		if (a->each[i].st == DLB_OK) {
			a->items[i] = sound[at++];
			a->each[i].st = a->items[i].result;
			if (a->each[i].dear && a->each[i].st == DLB_OK)
				st = dlb_satchel_dear(
					a->n->satchel, a->items[i].number, err);
		}
	return st;
}

static void
count_one(struct dlb_arrivals *a, const struct dlb_arrival *one)
{
	if (one->st == DLB_OK)
		a->taken++;
	else if (one->st != DLB_DUPLICATE && !one->recalled)
		a->refused++;
}

enum dlb_status
dlb_arrivals_begin(struct dlb_arrivals *a, struct dlb_error *err)
{
	enum dlb_status st;

	if (!dlb_node_looks(a->n))
		return DLB_OK;
	st = dlb_wanted_new(&a->wanted, a->n, err);
	if (st == DLB_OK)
		st = dlb_wanted_search_home(a->wanted, &a->letters_new,
			&a->letters_refused, NULL, err);
	return st == DLB_OK ? dlb_wanted_hold(a->wanted, err) : st;
}

enum dlb_status
dlb_arrivals_store(struct dlb_arrivals *a, struct dlb_error *err)
{
	size_t n = a->count;
	enum dlb_status st = DLB_OK;

	if (n == 0)
		return DLB_OK;
	if (!a->wanted && dlb_node_looks(a->n))
		st = dlb_wanted_new(&a->wanted, a->n, err);
	if (st != DLB_OK)
		return st;
	dlb_pool_run(n, check_one, a);
	st = put(a, err);
	if (st != DLB_OK)
		return st;
	/* Before the batch's memory serves for opening the heads. */
	a->count = 0;
	st = admit_heads(a, n, err);
	for (size_t i = 0; i < n; i++) {
		count_one(a, &a->each[i]);
		dlb_seen_add(&a->seen, a->each[i].expiry_week);
		if (a->stored)
			a->stored(a->ctx, a->each[i].ticket, a->items[i].name,
				a->each[i].st);
	}
	return st;
}

enum dlb_status
dlb_arrivals_finish(struct dlb_arrivals *a, struct dlb_error *err)
{
	enum dlb_status st = dlb_arrivals_store(a, err);

	if (st == DLB_OK && a->wanted)
		st = dlb_wanted_finish(a->wanted, &a->letters_complete, err);
	if (st == DLB_OK)
		st = dlb_seen_note(a->n, &a->seen, err);
	dlb_arrivals_clear(a);
	return st;
}

void
dlb_arrivals_clear(struct dlb_arrivals *a)
{
	dlb_wanted_free(a->wanted);
	a->wanted = NULL;
	a->count = 0;
	dlb_wipe(a->each, sizeof(a->each));
}
