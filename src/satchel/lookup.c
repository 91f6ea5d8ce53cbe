/*
 * The questions that the index answers to the outside.
 */
#include "satchel_internal.h"

#include <string.h>

static void
entry_of(struct dlb_entry *out, const struct dlb_record *r, uint32_t number)
{
	out->number = number;
	memcpy(out->name, r->name, sizeof(out->name));
	out->expiry_week = r->expiry_week;
	out->arrived_week = r->arrived_week;
	out->searched = r->searched;
	out->flags = r->flags & DLB_REC_PUBLIC;
	out->copies = r->copies;
	out->origin = r->origin;
}

bool
dlb_satchel_next(const struct dlb_satchel *s, uint32_t from, uint8_t flags,
	struct dlb_entry *out)
{
	const struct dlb_index *ix = &s->index;

	flags &= DLB_REC_PUBLIC;
	for (uint32_t i = from; i < ix->entries; i++) {
		if (!(ix->records[i].flags & flags))
			continue;
		entry_of(out, &ix->records[i], i);
		return true;
	}
	return false;
}

bool
dlb_satchel_entry(
	const struct dlb_satchel *s, uint32_t number, struct dlb_entry *out)
{
	const struct dlb_index *ix = &s->index;

	if (number >= ix->entries
		|| !(ix->records[number].flags & DLB_REC_CELL))
		return false;
	entry_of(out, &ix->records[number], number);
	return true;
}

uint32_t
dlb_satchel_find(const struct dlb_satchel *s, const uint8_t name[static 32])
{
	return dlb_index_find(&s->index, name, DLB_REC_CELL);
}

uint32_t
dlb_satchel_find_handle(const struct dlb_satchel *s,
	const uint8_t handle[static 32], uint32_t after)
{
	if (after == DLB_NO_ENTRY)
		return dlb_index_handle_first(&s->index, handle, DLB_REC_CELL);
	return dlb_index_handle_next(&s->index, after, DLB_REC_CELL);
}

void
dlb_satchel_info(const struct dlb_satchel *s, struct dlb_satchel_info *out)
{
	*out = (struct dlb_satchel_info){
		.slots = s->layout.slots,
		.reserve = s->super.reserve,
		.shown = s->index.shown,
		.held = s->index.held,
		.used = s->index.cells,
		.entries = s->layout.entries,
		.tokens = s->index.tokens,
		.mended = s->mended,
		.damaged = atomic_load(&s->damaged),
		.size = s->layout.size,
	};
}
