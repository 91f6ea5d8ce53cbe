/*
 * What becomes of each item of a put: refused, here already, new, no room; and
 * which cells give way. Writes nothing.
 *
 * Claims are granted one by one: where the reserve is full, a cell that is to be
 * shown and held is shown all the same, as what is shown must not depend on the
 * letterbox. The item's result says FULL when a claim was not granted.
 */
#include "put_internal.h"
#include "recall.h"

#include <stdlib.h>
#include <string.h>

/* ---- which items are of one name --------------------------------------------------------- */

static int
item_order(const void *a, const void *b, void *ctx)
{
	const struct dlb_satchel_item *items = ctx;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int order = memcmp(items[i].name, items[j].name, 16);

	return order ? order : (i > j) - (i < j);
}

/* leader[i]: the first item with item i's name. */
static enum dlb_status
find_leaders(struct dlb_put *p, uint32_t *leader, struct dlb_error *err)
{
	uint32_t *order = malloc(p->n * sizeof(*order));

	if (!order)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (uint32_t i = 0; i < p->n; i++)
		order[i] = i;
	qsort_r(order, p->n, sizeof(*order), item_order, p->items);
	for (size_t i = 0; i < p->n; i++) {
		bool same = i > 0
			&& memcmp(p->items[order[i]].name,
				   p->items[order[i - 1]].name, 16)
				== 0;

		leader[order[i]] = same ? leader[order[i - 1]] : order[i];
	}
	free(order);
	return DLB_OK;
}

/* ---- tokens --------------------------------------------------------------------------------- */

/* Also of one that is here and only held: who holds it must answer as others do. */
static bool
is_refused(
	struct dlb_put *p, const struct dlb_satchel_item *item, uint32_t number)
{
	uint8_t has =
		number == DLB_NO_ENTRY ? 0 : p->s->index.records[number].flags;

	if (number != DLB_NO_ENTRY
		&& ((has & DLB_SHOWN) || !(item->flags & DLB_SHOWN)))
		return false;
	return dlb_satchel_refuses(p->s, item->name,
		item->cell + DLB_CELL_TOKEN_HASH_AT, p->now_week,
		p->s->workers[0].aead);
}

/* ---- room -------------------------------------------------------------------------------------- */

static bool
grant_shown(struct dlb_put *p, uint32_t origin)
{
	uint32_t number;

	if (p->shown_left > 0) {
		p->shown_left--;
		return true;
	}
	number = dlb_quota_victim(p->s, origin, p->now_week);
	if (number == DLB_NO_ENTRY)
		return false;
	p->evicted[p->evicted_n] = dlb_change_of(p->s, number);
	dlb_change_evict(&p->evicted[p->evicted_n++]);
	return true;
}

static bool
grant_held(struct dlb_put *p)
{
	if (p->held_left == 0)
		return false;
	p->held_left--;
	return true;
}

/* Adds an item's claims to what its cell has; false where one has no room. */
static bool
add_claims(struct dlb_put *p, struct dlb_change *want,
	const struct dlb_satchel_item *item)
{
	uint8_t flags = dlb_flags_tidy(item->flags);
	bool all = true;

	if ((flags & DLB_HELD) && !(want->flags & DLB_HELD)) {
		if (grant_held(p))
			want->flags |= flags & (DLB_HELD | DLB_OWN);
		else
			all = false;
	}
	if ((flags & DLB_SHOWN) && !(want->flags & DLB_SHOWN)) {
		if (grant_shown(p, item->origin)) {
			/* As if it had come only now. */
			want->flags |= flags & (DLB_SHOWN | DLB_LOOK);
			want->copies = item->copies;
			want->origin = item->origin;
			want->arrived_week = p->now_week;
		} else {
			all = false;
		}
	} else if ((flags & DLB_SHOWN) && (want->flags & DLB_LOOK)
		&& !(flags & DLB_LOOK)) {
		want->flags &= (uint8_t)~DLB_LOOK;
		want->copies = item->copies;
	}
	/* What is shown is no longer an own one that waits. */
	if (want->flags & DLB_SHOWN)
		want->flags &= (uint8_t)~DLB_OWN;
	if (item->searched > want->searched)
		want->searched = item->searched;
	return all;
}

/* ---- the plan -------------------------------------------------------------------------------------- */

/* The first item of a name. */
static void
plan_leader(struct dlb_put *p, size_t i)
{
	struct dlb_satchel_item *item = &p->items[i];
	struct dlb_incoming *in = &p->incoming[p->incoming_n];
	uint32_t number = dlb_satchel_find(p->s, item->name);
	bool fresh = number == DLB_NO_ENTRY, all;

	memset(in, 0, sizeof(*in));
	if (is_refused(p, item, number)) {
		item->result = DLB_REFUSED;
		return;
	}
	in->item = item;
	in->fresh = fresh;
	in->slot = DLB_NO_SLOT;
	if (fresh) {
		in->want.number = DLB_NO_ENTRY;
		in->want.arrived_week = p->now_week;
		in->want.origin = item->origin;
		in->want.copies = item->copies;
		in->want.searched = item->searched;
	} else {
		in->want = dlb_change_of(p->s, number);
	}
	all = add_claims(p, &in->want, item);
	if (fresh && item->arrived_week)
		in->want.arrived_week = item->arrived_week;
	item->result = !all ? DLB_FULL : fresh ? DLB_OK : DLB_DUPLICATE;
	if (in->want.flags)
		p->incoming_of[i] = (uint32_t)p->incoming_n++;
}

/* A cell that is here must not give way to another of the same batch. */
static void
pin_known(struct dlb_put *p, bool pinned)
{
	for (size_t i = 0; i < p->n; i++) {
		uint32_t number = dlb_satchel_find(p->s, p->items[i].name);

		if (number != DLB_NO_ENTRY)
			dlb_index_pin(&p->s->index, number, pinned);
	}
}

enum dlb_status
dlb_put_plan(struct dlb_put *p, struct dlb_error *err)
{
	uint32_t *leader = malloc(p->n * sizeof(*leader));
	enum dlb_status st = leader
		? find_leaders(p, leader, err)
		: dlb_fail(err, DLB_NO_MEMORY, "out of memory");

	if (st != DLB_OK)
		goto out;
	p->shown_left = dlb_quota_shown_left(p->s);
	p->held_left = dlb_quota_held_left(p->s);
	pin_known(p, true);
	for (size_t i = 0; i < p->n; i++) {
		struct dlb_satchel_item *item = &p->items[i];
		uint32_t first;

		p->incoming_of[i] = DLB_NO_INCOMING;
		item->number = DLB_NO_ENTRY;
		if (leader[i] == i) {
			plan_leader(p, i);
			continue;
		}
		first = p->incoming_of[leader[i]];
		p->incoming_of[i] = first;
		item->result = p->items[leader[i]].result;
		if (first != DLB_NO_INCOMING)
			item->result =
				add_claims(p, &p->incoming[first].want, item)
				? DLB_DUPLICATE
				: DLB_FULL;
	}
	pin_known(p, false);
	/* Whoever gives way stays pinned, and so do those that gain. */
	for (size_t i = 0; i < p->incoming_n; i++)
		if (!p->incoming[i].fresh)
			dlb_index_pin(
				&p->s->index, p->incoming[i].want.number, true);
out:
	free(leader);
	return st;
}
