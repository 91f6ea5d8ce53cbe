/*
 * Cells in. docs/satchel.md, section 5.
 *
 * The order on the medium: whoever gives way is overwritten in both tables; then
 * the slots of all newcomers, sync; then their entries in the first table, sync;
 * then in the second, sync. A slot that became free is written only after the
 * last trace of the cell that had it is gone. The entries are pending.c's.
 *
 * Each newcomer goes to a random free slot and a random free entry, so that
 * neither position nor order tells which cells came together.
 *
 * Invariant: memory is changed only when the medium has been. Where the writing
 * of slots fails, nothing refers to them and the satchel goes on.
 */
#include "put_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- the slots ------------------------------------------------------------------------------ */

struct slot_write {
	struct dlb_put *put;
	_Atomic int status;
	struct dlb_error error; /* of who set status */
};

static void
write_slot(void *ctx, size_t i, unsigned worker)
{
	struct slot_write *w = ctx;
	struct dlb_satchel *s = w->put->s;
	struct dlb_incoming *in = &w->put->incoming[i];
	struct dlb_worker *me = &s->workers[worker];
	uint64_t at;
	struct dlb_error err;
	enum dlb_status st;
	int ok = DLB_OK;

	if (in->slot == DLB_NO_SLOT || atomic_load(&w->status) != DLB_OK)
		return;
	at = s->layout.slot + (uint64_t)in->slot * DLB_SATCHEL_CELL_LEN;
	dlb_stream_xor(me->aead, me->buf, in->key, 0, in->item->cell,
		DLB_SATCHEL_CELL_LEN);
	st = s->file->ops->write_at(
		s->file, me->buf, DLB_SATCHEL_CELL_LEN, at, &err);
	if (st != DLB_OK) {
		if (atomic_compare_exchange_strong(&w->status, &ok, (int)st))
			w->error = err;
		return;
	}
	if (s->file->ops->hint_flush)
		s->file->ops->hint_flush(s->file, at, DLB_SATCHEL_CELL_LEN);
}

static enum dlb_status
write_slots(struct dlb_put *p, struct dlb_error *err)
{
	struct slot_write w = {.put = p};
	enum dlb_status st;

	dlb_pool_run(p->incoming_n, write_slot, &w);
	st = (enum dlb_status)atomic_load(&w.status);
	if (st != DLB_OK && err)
		*err = w.error;
	return st;
}

/* ---- places for newcomers ----------------------------------------------------------------------- */

/* Only a satchel that another hand wrote can be out of either while there is
 * room for claims. */
static bool
take_place(struct dlb_put *p, struct dlb_incoming *in)
{
	struct dlb_index *ix = &p->s->index;
	uint32_t number = dlb_index_pick(ix, DLB_GROUP_FREE, p->s->env);

	if (number == DLB_NO_ENTRY)
		return false;
	in->slot = dlb_index_take_slot(ix, p->s->env);
	if (in->slot == DLB_NO_SLOT)
		return false;
	in->want.number = number;
	dlb_index_pin(ix, number, true);
	dlb_random(p->s->env, in->key, sizeof(in->key));
	return true;
}

static void
give_back_places(struct dlb_put *p)
{
	for (size_t i = 0; i < p->incoming_n; i++) {
		struct dlb_incoming *in = &p->incoming[i];

		if (in->slot == DLB_NO_SLOT)
			continue;
		dlb_index_give_slot(&p->s->index, in->slot);
		dlb_index_forget(&p->s->index, in->want.number);
		in->slot = DLB_NO_SLOT;
	}
}

/* ---- the whole -------------------------------------------------------------------------------------- */

static enum dlb_status
check_items(
	const struct dlb_satchel_item *items, size_t n, struct dlb_error *err)
{
	for (size_t i = 0; i < n; i++)
		if (!(items[i].flags & (DLB_SHOWN | DLB_HELD)))
			return dlb_fail(err, DLB_USAGE,
				"a cell without a claim can not be put");
	return DLB_OK;
}

static enum dlb_status
put_new(struct dlb_put *p, size_t n, struct dlb_satchel_item *items,
	uint16_t now_week, struct dlb_error *err)
{
	p->items = items;
	p->n = n;
	p->now_week = now_week;
	p->incoming_of = calloc(n, sizeof(*p->incoming_of));
	p->incoming = calloc(n, sizeof(*p->incoming));
	p->evicted = calloc(n, sizeof(*p->evicted));
	if (!p->incoming_of || !p->incoming || !p->evicted)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	return dlb_pending_reserve(p->s, n, err);
}

static void
put_free(struct dlb_put *p)
{
	free(p->incoming_of);
	if (p->incoming)
		dlb_wipe(p->incoming, p->n * sizeof(*p->incoming));
	free(p->incoming);
	free(p->evicted);
}

static void
unpin_known(struct dlb_put *p)
{
	for (size_t i = 0; i < p->incoming_n; i++)
		if (!p->incoming[i].fresh)
			dlb_index_pin(&p->s->index, p->incoming[i].want.number,
				false);
}

/* Frees the room that newcomers need. */
static enum dlb_status
evict(struct dlb_put *p, struct dlb_error *err)
{
	struct dlb_edit *edits = malloc((p->evicted_n + 1) * sizeof(*edits));
	enum dlb_status st = edits
		? dlb_change_edits(p->s, edits, p->evicted, p->evicted_n, err)
		: dlb_fail(err, DLB_NO_MEMORY, "out of memory");

	if (st == DLB_OK)
		st = dlb_table_commit(p->s, edits, p->evicted_n, err);
	for (size_t i = 0; i < p->evicted_n; i++)
		dlb_index_pin(&p->s->index, p->evicted[i].number, false);
	if (st == DLB_OK)
		dlb_change_apply(p->s, p->evicted, p->evicted_n);
	free(edits);
	return st;
}

static enum dlb_status
bring_in(struct dlb_put *p, struct dlb_error *err)
{
	enum dlb_status st;

	for (size_t i = 0; i < p->incoming_n; i++) {
		struct dlb_incoming *in = &p->incoming[i];

		if (in->fresh && !take_place(p, in))
			in->want.number = DLB_NO_ENTRY;
	}
	st = write_slots(p, err);
	if (st != DLB_OK) {
		give_back_places(p);
		return st;
	}
	for (size_t i = 0; i < p->incoming_n; i++)
		if (p->incoming[i].want.number != DLB_NO_ENTRY)
			dlb_pending_take(p->s, &p->incoming[i]);
	return DLB_OK;
}

static void
set_results(struct dlb_put *p, enum dlb_status st)
{
	for (size_t i = 0; i < p->n; i++) {
		struct dlb_satchel_item *item = &p->items[i];
		uint32_t in = p->incoming_of[i];

		if (item->result == DLB_REFUSED)
			continue;
		if (st == DLB_OK && in != DLB_NO_INCOMING)
			item->number = p->incoming[in].want.number;
		if (item->result == DLB_FULL)
			continue;
		if (st != DLB_OK)
			item->result = st;
		else if (item->number == DLB_NO_ENTRY)
			item->result = DLB_FULL;
	}
}

static bool
is_pending(const struct dlb_satchel *s, const struct dlb_satchel_item *items,
	size_t n)
{
	for (size_t i = 0; s->pending.n > 0 && i < n; i++)
		if (dlb_pending_has(s, items[i].name))
			return true;
	return false;
}

static enum dlb_status
check(const struct dlb_satchel *s, struct dlb_satchel_item *items, size_t n,
	struct dlb_error *err)
{
	enum dlb_status st = dlb_satchel_check_writable(s, err);

	for (size_t i = 0; i < n; i++) {
		items[i].result = DLB_FAILED;
		items[i].number = DLB_NO_ENTRY;
	}
	if (st == DLB_OK && n > UINT32_MAX / 2)
		st = dlb_fail(err, DLB_USAGE, "too many cells at once");
	return st == DLB_OK ? check_items(items, n, err) : st;
}

enum dlb_status
dlb_satchel_add(struct dlb_satchel *s, struct dlb_satchel_item *items, size_t n,
	uint16_t now_week, struct dlb_error *err)
{
	struct dlb_put p = {.s = s};
	enum dlb_status st = check(s, items, n, err);

	/* Seldom: what is known of a cell has to be in the index. */
	if (st == DLB_OK && is_pending(s, items, n))
		st = dlb_satchel_commit(s, err);
	if (st != DLB_OK || n == 0)
		return st;
	st = put_new(&p, n, items, now_week, err);
	if (st == DLB_OK)
		st = dlb_put_plan(&p, err);
	if (st != DLB_OK)
		goto out;
	st = evict(&p, err);
	if (st == DLB_OK)
		st = bring_in(&p, err);
	if (st != DLB_OK)
		unpin_known(&p);
	set_results(&p, st);
out:
	put_free(&p);
	return st;
}

enum dlb_status
dlb_satchel_put(struct dlb_satchel *s, struct dlb_satchel_item *items, size_t n,
	uint16_t now_week, struct dlb_error *err)
{
	enum dlb_status st = dlb_satchel_add(s, items, n, now_week, err);

	if (st != DLB_OK)
		return st;
	st = dlb_satchel_commit(s, err);
	for (size_t i = 0; st != DLB_OK && i < n; i++)
		if (items[i].result != DLB_REFUSED
			&& items[i].result != DLB_FULL)
			items[i].result = st;
	return st;
}
