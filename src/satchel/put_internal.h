/*
 * A put under way: what its two halves share. put_plan.c decides what becomes of
 * each item, in memory alone; put.c brings it onto the medium.
 */
#ifndef DLB_PUT_INTERNAL_H
#define DLB_PUT_INTERNAL_H

#include "satchel_internal.h"

/* What is to be done for one name of the batch: a newcomer or a cell that is here
 * already and gains claims. */
struct dlb_incoming {
	const struct dlb_satchel_item *item; /* the first of that name */
	struct dlb_change want;              /* its claims after the put */
	bool fresh;
	uint32_t slot; /* of a fresh one, once it has one */
	uint8_t key[DLB_KEY_LEN];
};

struct dlb_put {
	struct dlb_satchel *s;
	struct dlb_satchel_item *items;
	size_t n;
	uint16_t now_week;
	uint32_t *incoming_of; /* for each item its place in incoming */
	struct dlb_incoming *incoming;
	size_t incoming_n;
	struct dlb_change *evicted;
	size_t evicted_n;
	struct dlb_edit *edits; /* room for n */
	uint32_t shown_left, held_left;
};

/* Fills incoming and evicted, and the results of the items; what is in either is
 * pinned. */
enum dlb_status dlb_put_plan(struct dlb_put *p, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
