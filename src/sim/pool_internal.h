/*
 * pool, inside: the network (pool.c) and the guesses of those who pool (pool_guess.c).
 */
#ifndef DLB_SIM_POOL_INTERNAL_H
#define DLB_SIM_POOL_INTERNAL_H

#include "pooling.h"

#define NONE UINT32_MAX
#define NOBODY UINT16_MAX
#define POOL_STRIPES_MAX 16

struct pool_letter {
	uint16_t from, to;
	uint32_t first; /* its cells follow each other */
	unsigned came;
	int64_t sealed_ms;
	bool done, counts;
	uint16_t given[POOL_STRIPES_MAX]; /* to whom, or NOBODY */
	int64_t given_ms[POOL_STRIPES_MAX];
	unsigned left;
};

struct pool_cell {
	uint32_t letter; /* NONE: cover */
	uint16_t maker;
	int64_t born_ms;
	bool came;
	/* to those who pool */
	uint16_t seen_from;
	uint8_t seen_copies;
	uint32_t seen_meeting;
	bool seen_new; /* in the meeting in which it was */
};

struct pool_store {
	uint32_t *cells;
	uint8_t *copies;
	unsigned n;
	uint8_t *has;    /* by cell */
	uint32_t *queue; /* letters */
	unsigned queue_n, queue_cap;
	enum sim_pool_kind kind;
	int64_t lost_ms;
	/* to those who pool */
	unsigned met, fresh;
};

/* Of a bait and one to whom it was given. */
struct pool_bait {
	bool given, suspect; /* the first to whom it was given */
	int64_t given_ms;
	unsigned met, had, fresh;
};

struct pool_world {
	const struct sim_pool *c;
	struct dlb_env_seeded env;
	struct pool_store *stores;
	struct pool_cell *cells;
	uint32_t cells_n, cells_cap;
	struct pool_letter *letters;
	uint32_t letters_n, letters_cap;
	uint32_t *baits; /* letters */
	unsigned baits_n;
	struct pool_bait *bait; /* by bait and node */
	bool *seen; /* by cell and node: those who pool saw it there */
	uint32_t meeting;
	int64_t now_ms;
	struct dlb_plan_cell *list;
	struct dlb_plan_move *moves;
	bool failed;
};

static inline bool
pools(const struct pool_world *w, unsigned node)
{
	return node < w->c->pooling;
}

/* Whoever pools is with this one, whose store is as it is shown. */
void pool_see(struct pool_world *w, unsigned node);
/* Who pools gave a cell. */
void pool_gave(struct pool_world *w, unsigned to, uint32_t cell);
bool pool_guess(const struct pool_world *w, struct sim_pool_result *out);

#endif
