/*
 * own_stripes: which stripe of a letter that is split goes to a courier; own_given: what
 * is written down of that.
 */
#ifndef DLB_NODE_OWN_STRIPES_H
#define DLB_NODE_OWN_STRIPES_H

#include "meet_internal.h"

#define DLB_STRIPES_OUT_MAX 255
/* So long after a stripe a courier waits for another one of the letter, and a stripe for
 * the courier who took a part of it. */
#define DLB_STRIPE_WAIT_DAYS 7
/* The same for strangers, who can not be told apart. */
#define DLB_STRIPE_STRANGER_DAYS 1
/* So long after their sealing stripes with a threshold wait for vetted nodes. */
#define DLB_STRIPE_VETTED_DAYS 14

struct dlb_stripe_out {
	uint32_t waits; /* cells that nobody has */
	bool begun;     /* somebody was to have some */
	int64_t begun_ms;
	bool given; /* and has */
	int64_t given_ms;
	bool mine;     /* begun with this courier */
	uint32_t took; /* by this courier, so many cells */
	int64_t mine_ms;
};
struct dlb_stripes_out {
	struct dlb_stripe_out of[DLB_STRIPES_OUT_MAX];
	unsigned n;
	int64_t sealed_ms, now_ms;
	bool for_vetted;       /* there are vetted nodes to wait for */
	bool vetted, stranger; /* this courier */
};

#define DLB_STRIPE_NONE (-1)
/* The number of the stripe, or that. */
int dlb_stripe_for(const struct dlb_stripes_out *s);

/* ---- what is written down (own_given.c) ------------------------------------------- */

struct dlb_split {
	int64_t number, sealed_ms;
	uint32_t cells; /* of each stripe */
	unsigned stripes;
	bool threshold;
	char reader[DLB_COURIER_NAME_MAX]; /* the reader's node as a courier */
};
/* Of a letter out to a correspondent. */
void dlb_split_name_reader(
	struct dlb_split *letter, struct dlb_node *n, int64_t to);
/* Are they whom all of it is bound for: its reader, or the box that it goes by way of?
 * cell: an entry of the letter. */
bool dlb_split_is_for(const struct dlb_split *letter, struct dlb_node *n,
	uint32_t cell, const struct dlb_courier *to);
/* The stripe for this courier, or none. waits: of each one the cells that nobody has.
 * What of those that are out nobody is noted for is noted, uncommitted. */
enum dlb_status dlb_stripe_choose(int *stripe, struct dlb_node *n,
	const struct dlb_split *letter, const uint32_t *waits,
	const struct dlb_courier *to, bool vetted_known, struct dlb_error *err)
	DLB_MUST_CHECK;
/* It is this courier's from now on, uncommitted. */
enum dlb_status dlb_stripe_begin(struct dlb_node *n, int64_t letter,
	uint8_t stripe, const struct dlb_courier *to, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
