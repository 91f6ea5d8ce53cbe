/*
 * Cells in. docs/satchel.md, section 5.
 *
 * The order on the medium: whoever gives way is overwritten in both tables; then
 * the slots of all newcomers, sync; then their entries in the first table, sync;
 * then in the second, sync. A slot that became free is written only after the
 * last trace of the cell that had it is gone.
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
	if (st != DLB_OK) {
		if (err)
			*err = w.error;
		return st;
	}
	return p->s->file->ops->sync(p->s->file, err);
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

/* ---- the entries ---------------------------------------------------------------------------------- */

static void
entry_of_newcomer(struct dlb_entry_plain *e, const struct dlb_incoming *in)
{
	const uint8_t *cell = in->item->cell;
	struct dlb_reader r;

	memset(e, 0, sizeof(*e));
	dlb_reader_init(&r, cell + DLB_CELL_EXPIRY_AT, 2);
	e->expiry_week = dlb_read_u16(&r);
	e->kind = DLB_ENTRY_CELL;
	e->flags = in->want.flags;
	e->copies = in->want.copies;
	e->searched = in->want.searched;
	e->arrived_week = in->want.arrived_week;
	e->origin = in->want.origin;
	e->slot = in->slot;
	memcpy(e->name, in->item->name, sizeof(e->name));
	memcpy(e->core, in->item->core, sizeof(e->core));
	memcpy(e->handle, cell + DLB_CELL_HANDLE_AT, sizeof(e->handle));
	memcpy(e->box_tag, cell + DLB_CELL_BOX_TAG_AT, sizeof(e->box_tag));
	memcpy(e->token_hash, cell + DLB_CELL_TOKEN_HASH_AT,
		sizeof(e->token_hash));
	memcpy(e->secret, in->key, sizeof(e->secret));
}

static bool
says_the_same(const struct dlb_change *a, const struct dlb_change *b)
{
	return a->flags == b->flags && a->copies == b->copies
		&& a->searched == b->searched && a->origin == b->origin
		&& a->arrived_week == b->arrived_week;
}

static enum dlb_status
write_entries(struct dlb_put *p, struct dlb_error *err)
{
	struct dlb_entry_plain e;
	size_t n = 0;

	for (size_t i = 0; i < p->incoming_n; i++) {
		struct dlb_incoming *in = &p->incoming[i];
		struct dlb_change is;
		enum dlb_status st;

		if (in->slot != DLB_NO_SLOT) {
			entry_of_newcomer(&e, in);
			dlb_edit_seal(p->s, &p->edits[n++], in->want.number, &e);
			continue;
		}
		if (in->fresh)
			continue;
		is = dlb_change_of(p->s, in->want.number);
		if (says_the_same(&is, &in->want))
			continue;
		st = dlb_change_edits(p->s, &p->edits[n++], &in->want, 1, err);
		if (st != DLB_OK)
			return st;
	}
	dlb_wipe(&e, sizeof(e));
	return dlb_table_commit(p->s, p->edits, n, err);
}

/* In memory, what is on the medium now. */
static void
take_in(struct dlb_put *p)
{
	struct dlb_index *ix = &p->s->index;

	for (size_t i = 0; i < p->incoming_n; i++) {
		struct dlb_incoming *in = &p->incoming[i];
		struct dlb_entry_plain e;

		if (!in->fresh) {
			dlb_change_apply(p->s, &in->want, 1);
		} else if (in->slot != DLB_NO_SLOT) {
			entry_of_newcomer(&e, in);
			dlb_record_set(&ix->records[in->want.number], &e);
			dlb_index_add(ix, in->want.number);
			in->slot = DLB_NO_SLOT;
			dlb_wipe(&e, sizeof(e));
		}
	}
}

/* ---- the whole -------------------------------------------------------------------------------------- */

static enum dlb_status
check_items(const struct dlb_satchel_item *items, size_t n,
	struct dlb_error *err)
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
	p->edits = calloc(n, sizeof(*p->edits));
	if (!p->incoming_of || !p->incoming || !p->evicted || !p->edits)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	return DLB_OK;
}

static void
put_free(struct dlb_put *p)
{
	free(p->incoming_of);
	if (p->incoming)
		dlb_wipe(p->incoming, p->n * sizeof(*p->incoming));
	free(p->incoming);
	free(p->evicted);
	free(p->edits);
}

static void
unpin_all(struct dlb_put *p, bool evicted)
{
	for (size_t i = 0; i < p->incoming_n; i++)
		if (!p->incoming[i].fresh)
			dlb_index_pin(&p->s->index,
				p->incoming[i].want.number, false);
	for (size_t i = 0; evicted && i < p->evicted_n; i++)
		dlb_index_pin(&p->s->index, p->evicted[i].number, false);
}

/* Frees the room that newcomers need. */
static enum dlb_status
evict(struct dlb_put *p, struct dlb_error *err)
{
	enum dlb_status st = dlb_change_edits(
		p->s, p->edits, p->evicted, p->evicted_n, err);

	if (st == DLB_OK)
		st = dlb_table_commit(p->s, p->edits, p->evicted_n, err);
	for (size_t i = 0; i < p->evicted_n; i++)
		dlb_index_pin(&p->s->index, p->evicted[i].number, false);
	if (st == DLB_OK)
		dlb_change_apply(p->s, p->evicted, p->evicted_n);
	return st;
}

static enum dlb_status
bring_in(struct dlb_put *p, struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;
	bool fresh = false;

	for (size_t i = 0; i < p->incoming_n; i++)
		if (p->incoming[i].fresh)
			fresh |= take_place(p, &p->incoming[i]);
	if (fresh)
		st = write_slots(p, err);
	if (st == DLB_OK)
		st = write_entries(p, err);
	if (st == DLB_OK)
		take_in(p);
	give_back_places(p);
	return st;
}

static void
set_results(struct dlb_put *p, enum dlb_status st)
{
	for (size_t i = 0; i < p->n; i++) {
		struct dlb_satchel_item *item = &p->items[i];

		if (item->result == DLB_REFUSED)
			continue;
		item->number = dlb_satchel_find(p->s, item->name);
		if (item->result == DLB_FULL)
			continue;
		if (st != DLB_OK)
			item->result = st;
		else if (item->number == DLB_NO_ENTRY)
			item->result = DLB_FULL;
	}
}

enum dlb_status
dlb_satchel_put(struct dlb_satchel *s, struct dlb_satchel_item *items, size_t n,
	uint16_t now_week, struct dlb_error *err)
{
	struct dlb_put p = {.s = s};
	enum dlb_status st;

	for (size_t i = 0; i < n; i++) {
		items[i].result = DLB_FAILED;
		items[i].number = DLB_NO_ENTRY;
	}
	st = dlb_satchel_check_writable(s, err);
	if (st == DLB_OK && n > UINT32_MAX / 2)
		st = dlb_fail(err, DLB_USAGE, "too many cells at once");
	if (st == DLB_OK)
		st = check_items(items, n, err);
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
	unpin_all(&p, false);
	set_results(&p, st);
out:
	put_free(&p);
	return st;
}
