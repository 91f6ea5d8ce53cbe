/*
 * Cells on their way in: what the parts of a put share. put_plan.c decides what
 * becomes of each item, in memory alone; put.c writes the slots; pending.c keeps
 * what waits for its entries, and brings those onto the medium.
 */
#ifndef DLB_PUT_INTERNAL_H
#define DLB_PUT_INTERNAL_H

#include "satchel_internal.h"

/* What is to be done for one name of the items: a newcomer or a cell that is here
 * already and gains claims. */
struct dlb_incoming {
	const struct dlb_satchel_item *item; /* the first of that name */
	struct dlb_change want;              /* its claims afterwards */
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
	uint32_t shown_left, held_left;
};
#define DLB_NO_INCOMING 0xffffffffu

/* Fills incoming and evicted, and the results of the items; what is in either is
 * pinned. */
enum dlb_status dlb_put_plan(struct dlb_put *p, struct dlb_error *err)
	DLB_MUST_CHECK;

/* ---- what waits for its entry (pending.c) ----------------------------------------- */

/* Makes room for n more, so that dlb_pending_take can not fail. */
enum dlb_status dlb_pending_reserve(
	struct dlb_satchel *s, size_t n, struct dlb_error *err) DLB_MUST_CHECK;
/* Is something waiting of that name? */
bool dlb_pending_has(
	const struct dlb_satchel *s, const uint8_t name[static 16]);
/* Takes over incoming, which has its slot written or was here before; its place is
 * pending's from now on. */
void dlb_pending_take(struct dlb_satchel *s, const struct dlb_incoming *in);

#endif
