/*
 * Two links in one process, or a link and what a test says to it byte by byte.
 * Nothing waits: descriptors do not block, and the clock is the test's.
 */
#ifndef DLB_TEST_LINK_PAIR_H
#define DLB_TEST_LINK_PAIR_H

#include "link_internal.h"

enum pair_kind { PAIR_SOCKETS, PAIR_PIPES, PAIR_TCP };

struct pair {
	struct dlb_env_seeded env;
	struct dlb_link *a, *b; /* a calls */
	struct dlb_error err;
};

/* Fails the test where it can not be. rd, wr of each end. */
void pair_connect(enum pair_kind kind, int a[2], int b[2]);
struct pair *pair_new(enum pair_kind kind);
void pair_free(struct pair *p);
/* A link on one end of a socketpair; *other is the test's. */
struct dlb_link *pair_half(struct pair *p, bool caller, int *other);
/* Steps both until they are open. */
void pair_shake(struct pair *p);
/* Steps both until neither is closing. */
void pair_close(struct pair *p);
/* Moves len bytes of a pattern and checks them. */
void pair_move(struct pair *p, struct dlb_link *from, struct dlb_link *to,
	size_t len, size_t piece);
/* Until it has failed, or for so many steps. */
enum dlb_status pair_step_until_failed(struct pair *p, struct dlb_link *l);

#endif
