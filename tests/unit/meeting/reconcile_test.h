/*
 * Two sets that are known to differ in known ids, for the tests of reconciliation.
 */
#ifndef RECONCILE_TEST_H
#define RECONCILE_TEST_H

#include "reconcile_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* As two ends hold it: a tells, b hears. */
struct recon_pair {
	uint8_t key[DLB_RECON_KEY_LEN];
	uint64_t *a, *b;
	size_t a_n, b_n;
	uint64_t *only_a, *only_b; /* ascending */
	size_t only_a_n, only_b_n;
};

/* Draws `common` ids that both have and so many that only one has. */
void recon_pair_make(struct recon_pair *p, const struct dlb_env *env,
	size_t common, size_t only_a, size_t only_b);
void recon_pair_free(struct recon_pair *p);

void recon_sort(uint64_t *ids, size_t n);
bool recon_has(const uint64_t *ids, size_t n, uint64_t id);
/* Symbols [0, n) of a set, as told; to be freed. */
uint8_t *recon_told(const uint8_t key[static DLB_RECON_KEY_LEN],
	const uint64_t *ids, size_t ids_n, size_t n);
/* A hearer with its set. */
struct hearer {
	struct dlb_recon_set set;
	struct dlb_recon_decoder d;
};
void hearer_init(struct hearer *h, const struct recon_pair *p, size_t limit,
	size_t peer_n);
void hearer_free(struct hearer *h);
/* The decoder is done and says what is so. */
void recon_check(const struct dlb_recon_decoder *d, const struct recon_pair *p);
/* What holds of a decoder whatever came. */
void recon_check_hostile(const struct dlb_recon_decoder *d);

#endif
