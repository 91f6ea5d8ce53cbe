/*
 * What the measuring programs share: they end at the first thing that goes wrong,
 * and print one line for each measurement, "NAME FIGURE". Figures are seconds
 * unless the name says otherwise; medians and ratios are taken by run.sh.
 */
#ifndef DLB_BENCH_COMMON_H
#define DLB_BENCH_COMMON_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline void
need(bool ok, const char *what, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(1);
}

static inline double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline void
figure(const char *name, double value)
{
	printf("%s %.6f\n", name, value);
	fflush(stdout);
}

#endif
