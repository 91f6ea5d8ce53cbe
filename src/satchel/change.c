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

static enum dlb_status
make_edit(struct dlb_satchel *s, struct dlb_edit *edit, struct dlb_change *c,
	struct dlb_error *err)
{
	struct dlb_entry_plain e;
	enum dlb_status st;

	if (!is_removal(c)) {
		st = dlb_table_entry(
			s, &e, c->number, s->workers[0].aead, err);
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
		dlb_error_clear(err);
		c->flags = 0;
		if (dlb_index_mark_damaged(&s->index, c->number))
			atomic_fetch_add(&s->damaged, 1);
	}
	dlb_edit_erase(s, edit, c->number);
	return DLB_OK;
}

enum dlb_status
dlb_change_edits(struct dlb_satchel *s, struct dlb_edit *edits,
	struct dlb_change *changes, size_t n, struct dlb_error *err)
{
	for (size_t i = 0; i < n; i++) {
		enum dlb_status st = make_edit(s, &edits[i], &changes[i], err);

		if (st != DLB_OK)
			return st;
	}
	return DLB_OK;
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
