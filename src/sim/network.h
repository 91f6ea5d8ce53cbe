/*
 * network: a few homes that send letters and meet, all out of one seed: links that are
 * slow and cut, disks whose power goes, sides that do not keep to the protocol. After
 * each step what must hold is looked at; at the end everything honest meets, and each
 * letter that was acknowledged is there, once and whole.
 *
 * The shipping node, engine, satchel and letterbox; only clock, link and disk are
 * simulated.
 */
#ifndef DLB_SIM_NETWORK_H
#define DLB_SIM_NETWORK_H

#include "crash_fs.h"
#include "wire.h"

#define SIM_HOMES_MAX 8
#define SIM_LETTERS_MAX 16
/* What every letter begins with: no courier's disk may hold it. */
#define SIM_MARK "the heron is in the reeds"

struct sim_home {
	char path[160], name[16];
	struct crash_fs *disk;
	bool person;
	struct dlb_node *n;           /* NULL while it is closed */
	int64_t knows[SIM_HOMES_MAX]; /* correspondents; 0: not */
	size_t complete;              /* letters that were whole once */
};

struct sim_letter {
	unsigned from, to;
	char message[96];
	bool acknowledged; /* send said that it is done */
};

struct sim_network {
	struct dlb_env_seeded clock;
	uint64_t seed;
	char dir[128];
	struct sim_home homes[SIM_HOMES_MAX];
	unsigned homes_n;
	struct sim_letter letters[SIM_LETTERS_MAX];
	unsigned letters_n;
	/* what came about */
	unsigned meetings, cut, outages, faults, partly;
	struct dlb_error err;
};

/* Makes the homes (the first ones people, the last one a courier where there are
 * three or more) in a directory of their own under dir. */
enum dlb_status sim_network_make(
	struct sim_network *w, uint64_t seed, const char *dir) DLB_MUST_CHECK;
/* All of it; DLB_CORRUPT where something did not hold: w->err says what. */
enum dlb_status sim_network_run(struct sim_network *w) DLB_MUST_CHECK;
void sim_network_free(struct sim_network *w);

/* ---- network_check.c: what must hold ------------------------------------------------- */

/* The home is open: nothing that was whole is less, nothing came twice, no store is
 * beyond its places, no cell is other than its name. */
enum dlb_status sim_check_home(struct sim_network *w, unsigned home)
	DLB_MUST_CHECK;
/* No engine beyond its budget. */
enum dlb_status sim_check_side(
	struct sim_network *w, const struct sim_side *side) DLB_MUST_CHECK;
/* Each acknowledged letter came, once, as it was written; no courier's disk holds a
 * word of one. All homes are open. */
enum dlb_status sim_check_end(struct sim_network *w) DLB_MUST_CHECK;

#endif
