/*
 * Two people who know each other, a stick between them, and letters that are split:
 * for tests of stripes.
 */
#ifndef DLB_TESTS_STRIPES_WORLD_H
#define DLB_TESTS_STRIPES_WORLD_H

#include "home_fixture.h"

struct world {
	struct fixture *f;
	struct dlb_node *n; /* Alice's */
	int64_t bob;
};

struct seen {
	int64_t numbers[64];
	size_t n, rows;
	struct dlb_in_letter last;
};

void world_open(struct world *w, struct fixture *f);
int64_t world_send(struct world *w, const char *file, unsigned need,
	unsigned of, bool threshold);
/* Of a letter out: the entry of a cell of a stripe. */
uint32_t world_entry(
	struct world *w, int64_t number, unsigned stripe, uint32_t index);
void world_drop_cell(
	struct world *w, int64_t number, unsigned stripe, uint32_t index);
/* Of each stripe. */
uint32_t world_cells(struct world *w, int64_t number);
/* As if their couriers were lost. set: bits of the stripes that stay. */
void world_drop_all_but(
	struct world *w, int64_t number, unsigned of, unsigned set);
/* Alice gives, Bob takes; his home, open. */
struct dlb_node *world_deliver(struct world *w);
enum dlb_status world_read(struct fixture *f, struct dlb_node *n,
	int64_t number, const char *directory);
struct seen world_inbox(struct fixture *f, struct dlb_node *n);
uint32_t world_held(struct dlb_node *n);

#endif
