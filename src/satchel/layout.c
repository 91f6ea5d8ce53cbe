/*
 * Where things lie: one linear space, whose parts follow from the number of
 * slots alone. docs/satchel.md, section 2.
 *
 *   header 1 | table 1 | filling | slots | table 2 | header 2
 *
 * Invariants: every part starts on a sector; slots start on a multiple of their
 * length, so that none lies across two files of a span; the two tables and the
 * two headers are as far apart as the space allows.
 */
#include "satchel_internal.h"

void
dlb_layout_init(struct dlb_layout *l, uint32_t slots)
{
	const uint64_t cell = DLB_SATCHEL_CELL_LEN;
	uint32_t entries = slots + slots / 4 + 64;

	entries += -entries % DLB_SECTOR_ENTRIES;
	l->slots = slots;
	l->entries = entries;
	l->table_len = (uint64_t)entries * DLB_ENTRY_LEN;
	l->header[0] = 0;
	l->table[0] = DLB_HEADER_LEN;
	l->slot = (l->table[0] + l->table_len + cell - 1) / cell * cell;
	l->table[1] = l->slot + slots * cell;
	l->header[1] = l->table[1] + l->table_len;
	l->size = l->header[1] + DLB_HEADER_LEN;
}

uint64_t
dlb_satchel_size_of(uint32_t slots)
{
	struct dlb_layout l;

	if (slots < DLB_SATCHEL_SLOTS_MIN)
		slots = DLB_SATCHEL_SLOTS_MIN;
	if (slots > DLB_SATCHEL_SLOTS_MAX)
		slots = DLB_SATCHEL_SLOTS_MAX;
	dlb_layout_init(&l, slots);
	return l.size;
}

uint32_t
dlb_satchel_slots_in(uint64_t size)
{
	uint32_t low = DLB_SATCHEL_SLOTS_MIN, high = DLB_SATCHEL_SLOTS_MAX;

	if (size < dlb_satchel_size_of(low))
		return 0;
	/* The largest that fits is within [low, high]. */
	while (low < high) {
		uint32_t middle = high - (high - low) / 2;

		if (dlb_satchel_size_of(middle) <= size)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}
