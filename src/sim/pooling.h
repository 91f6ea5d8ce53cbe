/*
 * pooling: couriers who are lost, drop, hoard or copy, and couriers who pool all they see.
 *
 * A network of stores of cell numbers that meet at random, as in spread.h. What cells
 * move, with how many copies, how many own ones go along and which stripe goes to whom is
 * the shipping code's to say (meeting/plan.c, node/own_stripes.c). Bytes, disks, the
 * engine and the search for one's own are not run: a model stands in for them. Every
 * stripe is one cell, and each node tells all others apart.
 *
 * Half of the nodes write letters, and half of these and of the others are written to;
 * those who pool see the whole store of whom they meet, and do not forget.
 */
#ifndef DLB_SIM_POOLING_H
#define DLB_SIM_POOLING_H

#include "auc.h"
#include "base.h"

/* What those do who are not honest, or not lucky. */
enum sim_pool_kind {
	SIM_POOL_HONEST,
	SIM_POOL_LOST,  /* gone for good at some time */
	SIM_POOL_DROP,  /* takes all and keeps nothing */
	SIM_POOL_HOARD, /* takes all and gives nothing */
	SIM_POOL_COPY,  /* gives without counting */
};

/* Faults that are planted, to see that they are found. */
enum sim_pool_leak {
	SIM_LEAK_NONE,
	SIM_LEAK_NO_COVER, /* own cells are not filled up */
	SIM_LEAK_READER,   /* a reader does not carry on what was for it */
	SIM_LEAK_COPIES, /* cells of letters start with more copies than cover */
	SIM_LEAK_TOGETHER, /* cells of a letter always go on together */
};

struct sim_pool {
	unsigned nodes, meetings, weeks; /* as struct sim_spread */
	unsigned store, contact, own;    /* as there */
	double letters;                  /* a writer and week */
	unsigned need, of;               /* 3 of 3: not split */
	bool stripes;                    /* each courier one */
	unsigned bad;                    /* so many nodes are of that kind */
	enum sim_pool_kind kind;
	unsigned pooling; /* the first so many nodes */
	unsigned baits;   /* letters, to whom they meet, for each of these */
	enum sim_pool_leak leak;
};

struct sim_pool_result {
	unsigned sent, delivered; /* between honest nodes, early enough */
	/* Who writes: new cells a meeting of those who do and who do not. */
	struct sim_auc sender;
	/* Whether who is given a bait is its reader: whether it is there in later meetings,
	 * and new cells then. */
	struct sim_auc reader, answer;
	/* Two cells that came new in one meeting: in how many of the same hands they were
	 * seen, of one letter or not. */
	struct sim_auc linked;
	/* Letters' cells and cover: the counter at first sight, and in how many hands. */
	struct sim_auc counter, cover;
};

enum dlb_status sim_pool_run(struct sim_pool_result *out,
	const struct sim_pool *config, uint64_t seed, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
