/*
 * own_stripes: which stripe of a letter that is split goes to a courier.
 */
#ifndef DLB_NODE_OWN_STRIPES_H
#define DLB_NODE_OWN_STRIPES_H

#include "base.h"

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
	bool given;     /* somebody has some */
	int64_t given_ms;
	uint32_t mine; /* cells that this courier took */
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

#endif
