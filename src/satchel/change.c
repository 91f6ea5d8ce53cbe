/*
 * Changes of what entries say of cells that are there: claims, counters,
 * removal. Used by put (who gives way, duplicates), update and scrub.
 *
 * Invariant: memory is changed only when the medium has been.
 */
#include "satchel_internal.h"

struct dlb_change
dlb_change_of(const struct dlb_satchel *s, uint32_t number)
{
	const struct dlb_record *r = &s->index.records[number];

	return (struct dlb_change){
		.number = number,
		.flags = r->flags & DLB_REC_PUBLIC,
		.copies = r->copies,
		.searched = r->searched,
		.arrived_week = r->arrived_week,
		.origin = r->origin,
	};
}

void
dlb_change_evict(struct dlb_change *c)
{
	c->flags = dlb_flags_tidy(c->flags & (uint8_t)~DLB_SHOWN);
}

static bool
is_removal(const struct dlb_change *c)
{
	return !(c->flags & (DLB_SHOWN | DLB_HELD));
}

struct making {
	struct dlb_satchel *s;
	struct dlb_edit *edits;
	struct dlb_change *changes;
	_Atomic int status;
	struct dlb_error error; /* of who set status */
};

static enum dlb_status
make_edit(struct dlb_satchel *s, struct dlb_edit *edit, struct dlb_change *c,
	struct dlb_aead *aead, struct dlb_error *err)
{
	struct dlb_entry_plain e;
	enum dlb_status st;

	if (!is_removal(c)) {
		st = dlb_table_entry(s, &e, c->number, aead, err);
		if (st == DLB_OK) {
			e.flags = c->flags;
			e.copies = c->copies;
			e.searched = c->searched;
			e.arrived_week = c->arrived_week;
			e.origin = c->origin;
			dlb_edit_seal(s, edit, c->number, &e);
			dlb_wipe(&e, sizeof(e));
			return DLB_OK;
		}
		if (st != DLB_CORRUPT)
			return st;
		c->flags = 0;
		if (dlb_index_mark_damaged(&s->index, c->number))
			atomic_fetch_add(&s->damaged, 1);
	}
	dlb_edit_erase(s, edit, c->number);
	return DLB_OK;
}

static void
make_one(void *ctx, size_t i, unsigned worker)
{
	struct making *m = ctx;
	struct dlb_error err;
	enum dlb_status st = make_edit(m->s, &m->edits[i], &m->changes[i],
		m->s->workers[worker].aead, &err);
	int ok = DLB_OK;

	if (st != DLB_OK
		&& atomic_compare_exchange_strong(&m->status, &ok, (int)st))
		m->error = err;
}

enum dlb_status
dlb_change_edits(struct dlb_satchel *s, struct dlb_edit *edits,
	struct dlb_change *changes, size_t n, struct dlb_error *err)
{
	struct making m = {.s = s, .edits = edits, .changes = changes};

	dlb_pool_run(n, make_one, &m);
	if (atomic_load(&m.status) != DLB_OK && err)
		*err = m.error;
	return (enum dlb_status)atomic_load(&m.status);
}

void
dlb_change_apply(
	struct dlb_satchel *s, const struct dlb_change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_removal(&changes[i]))
			dlb_index_remove(&s->index, changes[i].number);
		else
			dlb_index_change(&s->index, &changes[i]);
	}
}
