/*
 * contact: two homes that each lack what the other carries meet over a slow link for a
 * while, and what of that time was cells. All of it out of one seed, in simulated time.
 */
#ifndef DLB_SIM_CONTACT_H
#define DLB_SIM_CONTACT_H

#include "wire.h"

struct sim_contact {
	uint64_t rate;    /* bytes a second, each way */
	int64_t delay_ms; /* one way */
	int64_t limit_ms; /* how long it lasts */
	uint32_t cells;   /* on each side */
	/* out; of what came to the first side, the caller, and to the second one */
	uint32_t arrived[2];
	int64_t first_cell_ms[2]; /* was there, whole */
	int64_t lost_ms[2]; /* in which the link carried no cell to this side */
};

/* In a directory of its own below dir, which it removes. */
enum dlb_status sim_contact_run(struct sim_contact *c, uint64_t seed,
	const char *dir, struct dlb_error *err) DLB_MUST_CHECK;
/* Puts so many cells of somebody's letter to somebody else into the home. */
enum dlb_status sim_carry(struct dlb_node *n, uint32_t cells,
	struct dlb_error *err) DLB_MUST_CHECK;

#endif
