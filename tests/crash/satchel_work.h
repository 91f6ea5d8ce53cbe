/*
 * Work on a satchel, step by step, and what is to be found of it after the power
 * went off. The same steps from the same disk make the same events each time.
 */
#ifndef SATCHEL_WORK_H
#define SATCHEL_WORK_H

#include "satchel_store.h"

enum work_kind {
	WORK_PUT, /* cells first .. first + n with flags, in one batch */
	WORK_ADD, /* the same, but they wait for the commit */
	WORK_COMMIT,
	WORK_CHANGE, /* those of them that are there get flags and copies */
	WORK_REMOVE, /* those that are there */
	WORK_RECALL, /* by their tokens; flags 1: as their maker */
	WORK_UNLOCK, /* one key file more opens it */
	WORK_SCRUB,
	WORK_REOPEN,
};
struct work_step {
	enum work_kind kind;
	unsigned first, n;
	uint8_t flags, copies;
};

/* What is known of each cell, and how many key files open the satchel. */
struct work_state {
	struct {
		bool there;
		uint8_t flags, copies;
		bool refused;
	} cells[TEST_CELLS];
	unsigned unlocks;
};

#define WORK_STEPS_MAX 32
/* A run without a cut: the states between the steps, how many events and syncs. */
struct work {
	const char *name;
	const struct work_step *steps;
	unsigned n;
	struct crash_fs *base; /* the disk before the first step */
	struct work_state states[WORK_STEPS_MAX + 1];
	uint64_t events, syncs;
};

void work_init(struct work *w, const char *name, struct crash_fs *base,
	const struct work_step *steps, unsigned n);
void work_free(struct work *w);
/* Opens and does steps until one fails; returns how many were done. The states, if
 * any, get what is there after each. */
unsigned work_run(
	const struct work *w, struct crash_fs *disk, struct work_state *states);
void work_state_read(
	struct work_state *out, struct store *st, unsigned unlocks);
struct dlb_unlock work_keyfile(unsigned i);

/* ---- checking (satchel_check.c) ---------------------------------------------------------- */

/* A disk after the power came back: NULL, or what is wrong. Each cell must be as
 * in `before` or as in `after`, whole, and the satchel open without loss, the
 * second time without a change. thorough: a read-only opening says the same, and
 * more work is possible. */
const char *check_disk(struct crash_fs *disk, const struct work_state *before,
	const struct work_state *after, bool thorough);

#endif
