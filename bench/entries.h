/*
 * The tables of a satchel filled straight, as if cells had come: for what is measured
 * at a size that would take hours to reach by putting cells. Their slots are empty.
 */
#ifndef DLB_BENCH_ENTRIES_H
#define DLB_BENCH_ENTRIES_H

#include "satchel.h"

/* The first n entries, shown, in the first n slots, until `week`. Two satchels that
 * are filled out of one seed hold the same cells. */
void fill_entries(
	struct dlb_satchel *s, uint32_t n, uint16_t week, uint64_t seed);

#endif
