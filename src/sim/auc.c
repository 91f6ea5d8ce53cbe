/*
 * How well a number tells two kinds apart: by ranks.
 */
#include "auc.h"

#include <stdlib.h>

static int
order(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

struct sim_auc
sim_auc_of(double *a, size_t a_n, double *b, size_t b_n)
{
	struct sim_auc r = {.auc = 0.5, .a = a_n, .b = b_n};
	double below_n = 0, same;
	size_t lo = 0, hi = 0;

	qsort(a, a_n, sizeof(*a), order);
	qsort(b, b_n, sizeof(*b), order);
	for (size_t i = 0; i < b_n; i++) {
		while (lo < a_n && a[lo] < b[i])
			lo++;
		if (hi < lo)
			hi = lo;
		while (hi < a_n && a[hi] <= b[i])
			hi++;
		same = (double)(hi - lo);
		below_n += (double)lo + same / 2;
	}
	if (a_n && b_n)
		r.auc = below_n / ((double)a_n * (double)b_n);
	return r;
}
