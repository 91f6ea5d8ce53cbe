/*
 * What is known of the entries without reading: one record each, chains by name
 * and by handle, the entries grouped by what may be done with them, the free
 * slots. No file access.
 *
 * Invariants:
 * - order is a permutation of all entries, its groups one after the other, and
 *   place its inverse; so one of a group is chosen uniformly in constant time.
 * - A slot is in free_slots, or in exactly one record, or with a put under way.
 * - Chains are chosen by a universal hash (Dietzfelbinger, "Universal hashing and
 *   k-wise independent random variables", 1996) with a seed of this opening, so
 *   that who chooses names can not make the chains long. Many cells may have one
 *   handle: those chains are doubly linked, as to leave one must not take long.
 */
#include "satchel_internal.h"

#include <stdlib.h>
#include <string.h>

#define NONE DLB_NO_ENTRY

/* ---- chains --------------------------------------------------------------------------- */

static uint64_t
word(const uint8_t *p, size_t i)
{
	uint32_t v;

	memcpy(&v, p + 4 * i, sizeof(v));
	return v;
}

static uint32_t *
name_chain(const struct dlb_index *ix, const uint8_t *name)
{
	const uint64_t *k = ix->seed;
	uint64_t h = k[4] + (k[0] + word(name, 1)) * (k[1] + word(name, 0))
		+ (k[2] + word(name, 3)) * (k[3] + word(name, 2));

	return &ix->by_name[h >> ix->shift];
}

static uint32_t *
handle_chain(const struct dlb_index *ix, const uint8_t *handle)
{
	const uint64_t *k = ix->seed + 5;
	uint64_t h = k[2] + (k[0] + word(handle, 1)) * (k[1] + word(handle, 0));

	return &ix->by_handle[h >> ix->shift];
}

static void
link_entry(struct dlb_index *ix, uint32_t number)
{
	struct dlb_record *r = &ix->records[number];
	uint32_t *head = name_chain(ix, r->name);

	r->name_next = *head;
	*head = number;
	head = handle_chain(ix, r->handle);
	r->handle_next = *head;
	r->handle_prev = NONE;
	if (*head != NONE)
		ix->records[*head].handle_prev = number;
	*head = number;
}

static void
unlink_entry(struct dlb_index *ix, uint32_t number)
{
	struct dlb_record *r = &ix->records[number];
	uint32_t *at = name_chain(ix, r->name);

	while (*at != number)
		at = &ix->records[*at].name_next;
	*at = r->name_next;
	if (r->handle_prev != NONE)
		ix->records[r->handle_prev].handle_next = r->handle_next;
	else
		*handle_chain(ix, r->handle) = r->handle_next;
	if (r->handle_next != NONE)
		ix->records[r->handle_next].handle_prev = r->handle_prev;
}

uint32_t
dlb_index_find(const struct dlb_index *ix, const uint8_t *name, uint8_t kind)
{
	uint32_t i = *name_chain(ix, name);

	while (i != NONE
		&& !((ix->records[i].flags & kind)
			&& memcmp(ix->records[i].name, name, 16) == 0))
		i = ix->records[i].name_next;
	return i;
}

static uint32_t
handle_scan(const struct dlb_index *ix, uint32_t i, const uint8_t *handle,
	uint8_t kind)
{
	while (i != NONE
		&& !((ix->records[i].flags & kind)
			&& memcmp(ix->records[i].handle, handle, 8) == 0))
		i = ix->records[i].handle_next;
	return i;
}

uint32_t
dlb_index_handle_first(
	const struct dlb_index *ix, const uint8_t *handle, uint8_t kind)
{
	return handle_scan(ix, *handle_chain(ix, handle), handle, kind);
}

uint32_t
dlb_index_handle_next(const struct dlb_index *ix, uint32_t number, uint8_t kind)
{
	const struct dlb_record *r = &ix->records[number];

	return handle_scan(ix, r->handle_next, r->handle, kind);
}

/* ---- groups --------------------------------------------------------------------------------- */

bool
dlb_index_is_dear(const struct dlb_index *ix, uint32_t number)
{
	return ix->dear && (ix->dear[number / 8] & (1u << number % 8));
}

static enum dlb_group
group_of(const struct dlb_index *ix, uint32_t number)
{
	const struct dlb_record *r = &ix->records[number];

	if (r->flags == 0)
		return DLB_GROUP_FREE;
	if ((r->flags & DLB_SHOWN) && r->origin == 0
		&& !(r->flags & DLB_REC_PINNED))
		return dlb_index_is_dear(ix, number) ? DLB_GROUP_DEAR
						     : DLB_GROUP_STRANGERS;
	return DLB_GROUP_OTHERS;
}

static void
swap_places(struct dlb_index *ix, uint32_t a, uint32_t b)
{
	uint32_t entry_a = ix->order[a], entry_b = ix->order[b];

	ix->order[a] = entry_b;
	ix->order[b] = entry_a;
	ix->records[entry_b].place = a;
	ix->records[entry_a].place = b;
}

/* Brings an entry to the group that its record says. */
static void
regroup(struct dlb_index *ix, uint32_t number)
{
	struct dlb_record *r = &ix->records[number];
	unsigned want = group_of(ix, number), is = 0;

	while (r->place >= ix->end[is])
		is++;
	for (; is < want; is++)
		swap_places(ix, r->place, --ix->end[is]);
	for (; is > want; is--)
		swap_places(ix, r->place, ix->end[is - 1]++);
}

uint32_t
dlb_index_group_len(const struct dlb_index *ix, enum dlb_group g)
{
	return ix->end[g] - (g == 0 ? 0 : ix->end[g - 1]);
}

uint32_t
dlb_index_pick(
	const struct dlb_index *ix, enum dlb_group g, const struct dlb_env *env)
{
	uint32_t n = dlb_index_group_len(ix, g);

	if (n == 0)
		return NONE;
	return ix->order[ix->end[g] - 1 - dlb_random_below(env, n)];
}

enum dlb_status
dlb_index_set_dear(struct dlb_index *ix, uint32_t number, bool dear)
{
	uint8_t bit = (uint8_t)(1u << number % 8);

	if (!ix->dear && !dear)
		return DLB_OK;
	if (!ix->dear)
		ix->dear = calloc((ix->entries + 7) / 8, 1);
	if (!ix->dear)
		return DLB_NO_MEMORY;
	ix->dear[number / 8] &= (uint8_t)~bit;
	if (dear)
		ix->dear[number / 8] |= bit;
	regroup(ix, number);
	return DLB_OK;
}

void
dlb_index_pin(struct dlb_index *ix, uint32_t number, bool pinned)
{
	struct dlb_record *r = &ix->records[number];

	r->flags &= (uint8_t)~DLB_REC_PINNED;
	if (pinned)
		r->flags |= DLB_REC_PINNED;
	regroup(ix, number);
}

/* ---- slots ------------------------------------------------------------------------------------- */

uint32_t
dlb_index_take_slot(struct dlb_index *ix, const struct dlb_env *env)
{
	uint32_t i, slot;

	if (ix->free_slots_n == 0)
		return DLB_NO_SLOT;
	i = dlb_random_below(env, ix->free_slots_n);
	slot = ix->free_slots[i];
	ix->free_slots[i] = ix->free_slots[--ix->free_slots_n];
	return slot;
}

void
dlb_index_give_slot(struct dlb_index *ix, uint32_t slot)
{
	ix->free_slots[ix->free_slots_n++] = slot;
}

/* ---- entries come and go --------------------------------------------------------------------------- */

void
dlb_record_set(struct dlb_record *r, const struct dlb_entry_plain *e)
{
	bool cell = e->kind == DLB_ENTRY_CELL;

	memcpy(r->name, e->name, sizeof(r->name));
	memcpy(r->handle, cell ? e->handle : e->token_hash, sizeof(r->handle));
	if (cell)
		memcpy(r->recall, e->token_hash, sizeof(r->recall));
	else
		memset(r->recall, 0, sizeof(r->recall));
	r->slot = e->slot;
	r->origin = e->origin;
	r->expiry_week = e->expiry_week;
	r->arrived_week = e->arrived_week;
	r->searched = e->searched;
	r->copies = e->copies;
	r->flags = cell ? e->flags | DLB_REC_CELL : DLB_REC_TOKEN;
}

void
dlb_record_copy(struct dlb_record *r, const struct dlb_record *from)
{
	uint32_t place = r->place;

	*r = *from;
	r->place = place;
}

static void
count(struct dlb_index *ix, const struct dlb_record *r, bool in)
{
	uint32_t by = in ? 1 : (uint32_t)-1;

	if (r->flags & DLB_REC_TOKEN)
		ix->tokens += by;
	if (r->flags & DLB_REC_CELL)
		ix->cells += by;
	if (r->flags & DLB_SHOWN)
		ix->shown += by;
	if (r->flags & DLB_HELD)
		ix->held += by;
}

void
dlb_index_add(struct dlb_index *ix, uint32_t number)
{
	link_entry(ix, number);
	count(ix, &ix->records[number], true);
	regroup(ix, number);
}

void
dlb_index_remove(struct dlb_index *ix, uint32_t number)
{
	struct dlb_record *r = &ix->records[number];

	unlink_entry(ix, number);
	count(ix, r, false);
	if (r->flags & DLB_REC_CELL)
		dlb_index_give_slot(ix, r->slot);
	r->flags = 0;
	atomic_fetch_and(
		&ix->damaged[number / 8], (uint8_t) ~(1u << number % 8));
	if (ix->dear)
		ix->dear[number / 8] &= (uint8_t) ~(1u << number % 8);
	regroup(ix, number);
}

void
dlb_index_forget(struct dlb_index *ix, uint32_t number)
{
	ix->records[number].flags = 0;
	regroup(ix, number);
}

void
dlb_index_change(struct dlb_index *ix, const struct dlb_change *c)
{
	struct dlb_record *r = &ix->records[c->number];

	count(ix, r, false);
	r->flags = (r->flags & (uint8_t)~DLB_REC_PUBLIC) | c->flags;
	r->copies = c->copies;
	r->searched = c->searched;
	r->arrived_week = c->arrived_week;
	r->origin = c->origin;
	count(ix, r, true);
	regroup(ix, c->number);
}

bool
dlb_index_mark_damaged(struct dlb_index *ix, uint32_t number)
{
	uint8_t bit = (uint8_t)(1u << number % 8);

	return !(atomic_fetch_or(&ix->damaged[number / 8], bit) & bit);
}

/* ---- life ---------------------------------------------------------------------------------------------- */

enum dlb_status
dlb_index_init(struct dlb_index *ix, const struct dlb_layout *l,
	const struct dlb_env *env)
{
	size_t n = l->entries, chains = 64;

	memset(ix, 0, sizeof(*ix));
	ix->shift = 64 - 6;
	/* At least 4/5 of the entries, where all slots are taken. */
	while (chains * 2 <= n) {
		chains *= 2;
		ix->shift--;
	}
	ix->entries = l->entries;
	ix->records = calloc(n, sizeof(*ix->records));
	ix->by_name = malloc(chains * sizeof(*ix->by_name));
	ix->by_handle = malloc(chains * sizeof(*ix->by_handle));
	ix->order = malloc(n * sizeof(*ix->order));
	ix->free_slots = malloc(l->slots * sizeof(*ix->free_slots));
	ix->damaged = calloc((n + 7) / 8, sizeof(*ix->damaged));
	if (!ix->records || !ix->by_name || !ix->by_handle || !ix->order
		|| !ix->free_slots || !ix->damaged) {
		dlb_index_free(ix);
		return DLB_NO_MEMORY;
	}
	dlb_random(env, ix->seed, sizeof(ix->seed));
	memset(ix->by_name, 0xff, chains * sizeof(*ix->by_name));
	memset(ix->by_handle, 0xff, chains * sizeof(*ix->by_handle));
	for (uint32_t i = 0; i < l->entries; i++)
		ix->order[i] = ix->records[i].place = i;
	for (size_t g = 0; g < DLB_GROUPS; g++)
		ix->end[g] = l->entries;
	return DLB_OK;
}

void
dlb_index_free(struct dlb_index *ix)
{
	free(ix->records);
	free(ix->by_name);
	free(ix->by_handle);
	free(ix->order);
	free(ix->free_slots);
	free((void *)ix->damaged);
	free(ix->dear);
	memset(ix, 0, sizeof(*ix));
}
