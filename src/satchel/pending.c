/*
 * Cells whose slots are written, and whose entries are not: they wait for a commit,
 * so that many share its syncs. docs/satchel.md, section 5.
 *
 * Invariants: nothing on the medium refers to them, so that a crash leaves random
 * bytes in free slots. In memory they have an entry and a slot that nobody else
 * gets, and are not found; their claims are counted as taken. A known cell that
 * waits for more claims is pinned.
 */
#include "put_internal.h"

#include <stdlib.h>
#include <string.h>

struct dlb_waiting {
	bool fresh;
	struct dlb_change want;
	uint8_t name[16];
	struct dlb_entry_plain entry; /* of a fresh one */
};

enum dlb_status
dlb_pending_reserve(struct dlb_satchel *s, size_t n, struct dlb_error *err)
{
	struct dlb_pending *p = &s->pending;
	size_t cap = p->cap ? p->cap : 64;
	struct dlb_waiting *list;

	while (cap < p->n + n)
		cap *= 2;
	if (cap == p->cap)
		return DLB_OK;
	/* Not realloc: the entries hold keys. */
	list = malloc(cap * sizeof(*list));
	if (!list)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (p->n) {
		memcpy(list, p->list, p->n * sizeof(*list));
		dlb_wipe(p->list, p->n * sizeof(*list));
	}
	free(p->list);
	p->list = list;
	p->cap = cap;
	return DLB_OK;
}

bool
dlb_pending_has(const struct dlb_satchel *s, const uint8_t name[static 16])
{
	for (size_t i = 0; i < s->pending.n; i++)
		if (memcmp(s->pending.list[i].name, name, 16) == 0)
			return true;
	return false;
}

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

void
dlb_pending_take(struct dlb_satchel *s, const struct dlb_incoming *in)
{
	struct dlb_pending *p = &s->pending;
	struct dlb_waiting *w = &p->list[p->n++];
	uint8_t had = in->fresh ? 0 : s->index.records[in->want.number].flags;
	uint8_t gains = in->want.flags & (uint8_t)~had;

	memset(w, 0, sizeof(*w));
	w->fresh = in->fresh;
	w->want = in->want;
	memcpy(w->name, in->item->name, sizeof(w->name));
	if (in->fresh)
		entry_of_newcomer(&w->entry, in);
	p->slots |= in->fresh;
	p->shown += (gains & DLB_SHOWN) != 0;
	p->held += (gains & DLB_HELD) != 0;
}

/* ---- the end of waiting -------------------------------------------------------------- */

static void
clear(struct dlb_pending *p)
{
	if (p->n)
		dlb_wipe(p->list, p->n * sizeof(*p->list));
	p->n = 0;
	p->shown = 0;
	p->held = 0;
	p->slots = false;
}

void
dlb_pending_drop(struct dlb_satchel *s)
{
	for (size_t i = 0; i < s->pending.n; i++) {
		const struct dlb_waiting *w = &s->pending.list[i];

		if (w->fresh) {
			dlb_index_give_slot(&s->index, w->entry.slot);
			dlb_index_forget(&s->index, w->want.number);
		} else {
			dlb_index_pin(&s->index, w->want.number, false);
		}
	}
	clear(&s->pending);
}

void
dlb_pending_free(struct dlb_satchel *s)
{
	clear(&s->pending);
	free(s->pending.list);
	memset(&s->pending, 0, sizeof(s->pending));
}

static bool
says_the_same(const struct dlb_change *a, const struct dlb_change *b)
{
	return a->flags == b->flags && a->copies == b->copies
		&& a->searched == b->searched && a->origin == b->origin
		&& a->arrived_week == b->arrived_week;
}

static enum dlb_status
write_entries(
	struct dlb_satchel *s, struct dlb_edit *edits, struct dlb_error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < s->pending.n; i++) {
		struct dlb_waiting *w = &s->pending.list[i];
		struct dlb_change is;
		enum dlb_status st;

		if (w->fresh) {
			dlb_edit_seal(
				s, &edits[n++], w->want.number, &w->entry);
			continue;
		}
		is = dlb_change_of(s, w->want.number);
		if (says_the_same(&is, &w->want))
			continue;
		st = dlb_change_edits(s, &edits[n++], &w->want, 1, err);
		if (st != DLB_OK)
			return st;
	}
	return dlb_table_commit(s, edits, n, err);
}

/* In memory, what is on the medium now. */
static void
take_in(struct dlb_satchel *s)
{
	struct dlb_index *ix = &s->index;

	for (size_t i = 0; i < s->pending.n; i++) {
		const struct dlb_waiting *w = &s->pending.list[i];

		if (w->fresh) {
			dlb_record_set(&ix->records[w->want.number], &w->entry);
			dlb_index_add(ix, w->want.number);
		} else {
			dlb_change_apply(s, &w->want, 1);
			dlb_index_pin(ix, w->want.number, false);
		}
	}
	clear(&s->pending);
}

enum dlb_status
dlb_satchel_commit(struct dlb_satchel *s, struct dlb_error *err)
{
	struct dlb_edit *edits;
	enum dlb_status st;

	if (s->pending.n == 0)
		return DLB_OK;
	edits = malloc(s->pending.n * sizeof(*edits));
	st = edits ? dlb_satchel_check_writable(s, err)
		   : dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	/* The slots first: an entry is to refer to nothing that is not there. */
	if (st == DLB_OK && s->pending.slots)
		st = s->file->ops->sync(s->file, err);
	if (st == DLB_OK)
		st = write_entries(s, edits, err);
	if (st == DLB_OK)
		take_in(s);
	else
		dlb_pending_drop(s);
	free(edits);
	return st;
}
