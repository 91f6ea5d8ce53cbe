/*
 * spread: how far cells get in a whole network, by policy: what the numbers of copies
 * are chosen with. Nodes are stores of cell numbers that meet at random; what each
 * gives the other is the shipping plan's to say (meeting/plan.c). No bytes, no disks.
 */
#ifndef DLB_SIM_SPREAD_H
#define DLB_SIM_SPREAD_H

#include "base.h"

struct sim_spread {
	/* the network */
	unsigned nodes;
	unsigned meetings; /* of each node in a week */
	unsigned weeks;    /* letters are sent in the first half of them */
	unsigned places; /* boxes: everyone meets one in `box_every` meetings */
	unsigned box_every; /* 0: there are no boxes */
	/* a node */
	unsigned store;   /* cells */
	unsigned contact; /* cells each way in a meeting, at most */
	unsigned own;     /* new cells a node adds to each meeting */
	double letters;   /* of a cell, a node and week */
	/* the policy */
	unsigned copies; /* at the start, this or twice this; 0: without end */
	bool looks;      /* look copies are given */
};

struct sim_spread_result {
	unsigned sent, delivered;
	double transfers; /* a delivered letter, of real cells and cover alike */
	double looks;     /* share of the cells in stores at the end */
};

enum dlb_status sim_spread_run(struct sim_spread_result *out,
	const struct sim_spread *config, uint64_t seed, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
