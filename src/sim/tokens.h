/*
 * tokens: what couriers who pool all that they see can make of recall tokens. A network
 * of stores of cell numbers that meet at random, as in spread.h; the plan is the shipping
 * one, and so is the day on which a token is due. Some nodes pool: each of them tells the
 * others which cells and tokens it saw, when, and from whom.
 *
 * Letters of some cells go between nodes and are answered by a receipt of one; all else
 * is cover. Tokens of a meeting are as many as new cells.
 */
#ifndef DLB_SIM_TOKENS_H
#define DLB_SIM_TOKENS_H

#include "auc.h"
#include "base.h"

enum sim_tokens_rule {
	SIM_TOKENS_NONE,    /* nothing is called back */
	SIM_TOKENS_SHIPPED, /* as this program does */
	SIM_TOKENS_AT_ONCE, /* a letter's all when its receipt comes */
	SIM_TOKENS_READER,  /* as that, and by the reader, who has them */
};

struct sim_tokens {
	unsigned nodes, meetings, weeks; /* as struct sim_spread */
	unsigned store, contact;         /* as there */
	unsigned own;     /* new cells, and tokens of own ones, in a meeting */
	unsigned shown;   /* tokens in all that a node shows in one */
	double letters;   /* a node and week */
	unsigned size;    /* of a letter: 1 to this, evenly */
	unsigned pooling; /* the first so many nodes */
	enum sim_tokens_rule rule;
};

/* A guess that was made so often, right so often, and would be by chance. */
struct sim_guess {
	double tries, right, chance, variance;
};
struct sim_tokens_result {
	unsigned sent, delivered, answered; /* letters */
	double back_real,
		back_cover; /* shares of cells that were called back */
	/* Who reads a letter: the first to show a token of it; the first but for who
	 * first showed the cell. By chance: anybody who held the cell. */
	struct sim_guess first, first_other;
	/* That two cells that came new in one meeting are of one letter, by how far apart
	 * their tokens were seen. */
	struct sim_auc linked;
	/* That a cell is a letter's, by how long after it its token was seen. */
	struct sim_auc cover;
	/* Of cells whose token was never seen, and of all: letters' and receipts'. */
	double real_unseen, real_all;
};

enum dlb_status sim_tokens_run(struct sim_tokens_result *out,
	const struct sim_tokens *config, uint64_t seed, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
