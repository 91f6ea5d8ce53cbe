/*
 * auc: how well a number tells two kinds apart.
 */
#ifndef DLB_SIM_AUC_H
#define DLB_SIM_AUC_H

#include <stddef.h>
#include <stdint.h>

/* 0.5 is chance, 0 or 1 always. */
struct sim_auc {
	double auc;
	uint64_t a, b; /* of each kind */
};

/* The chance that one of a is below one of b; orders both. */
struct sim_auc sim_auc_of(double *a, size_t a_n, double *b, size_t b_n);

#endif
