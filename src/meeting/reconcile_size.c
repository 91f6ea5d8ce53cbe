/*
 * How much two sets differ, about, and how many symbols to tell for that.
 *
 * The counters are a sketch of second moments (Alon, Matias, Szegedy 1996; one
 * counter an id: Charikar, Chen, Farach-Colton 2002): what both sets have cancels
 * when counters are subtracted, and the squares of what is left add up, on average,
 * to the number of ids that differ. Ids are keyed hashes: their own bits choose
 * counter and sign.
 *
 * The numbers behind dlb_recon_first and _more are measured: over 20,000 draws
 * each, 1.73 symbols a difference at 10 differences (3.4 in one of 100), 1.46 at 100
 * (1.74), 1.38 at 1,000 (1.46), 1.36 at 100,000. A symbol is 12 bytes; asking for
 * more is a wait for the other end.
 */
#include "reconcile_internal.h"

#include <math.h>

void
dlb_recon_count(int32_t counters[static DLB_RECON_COUNTERS],
	const uint64_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		counters[ids[i] % DLB_RECON_COUNTERS] +=
			ids[i] & DLB_RECON_COUNTERS ? 1 : -1;
}

uint64_t
dlb_recon_differ(const int32_t a[static DLB_RECON_COUNTERS],
	const int32_t b[static DLB_RECON_COUNTERS])
{
	uint64_t sum = 0;

	for (size_t i = 0; i < DLB_RECON_COUNTERS; i++) {
		int64_t d = (int64_t)a[i] - b[i];
		uint64_t size = (uint64_t)(d < 0 ? -d : d);
		uint64_t square = size * size; /* size is below 2^32 */

		sum = square > UINT64_MAX - sum ? UINT64_MAX : sum + square;
	}
	return sum;
}

size_t
dlb_recon_first(uint64_t differ)
{
	uint64_t spare;

	if (differ >= DLB_RECON_SYMBOLS_MAX / 2)
		return DLB_RECON_SYMBOLS_MAX;
	/* 1.36 for each, a quarter more as the number is an estimate; and while
	 * that is not yet many bytes, more of both. */
	spare = differ / 4 < 2000 ? differ / 4 : 2000;
	return (size_t)(differ * 17 / 10 + spare + 24);
}

bool
dlb_recon_ids_cheaper(size_t n, uint64_t differ)
{
	return (uint64_t)n * sizeof(uint64_t)
		<= (uint64_t)dlb_recon_first(differ) * DLB_RECON_SYMBOL_LEN;
}

/* How many ids are not found yet, about. Of x of them, 2 x / i are part of symbol i,
 * on average; where none is, or one (which then was found), the symbol is closed:
 * that is a share of (1 + mean) exp(-mean). Over the last quarter of the symbols the
 * mean changes little. */
static double
not_found(const struct dlb_recon_decoder *d)
{
	size_t window = d->heard / 4 + 1, closed = 0;
	double share, mean = 1;

	for (size_t i = 1; i <= window && i <= d->heard; i++)
		closed += dlb_recon_closed(&d->set->symbols[d->heard - i]);
	/* None closed says that there are many; how many can not be seen. */
	share = closed > 0 ? (double)closed / (double)window
			   : 0.5 / (double)window;
	for (int i = 0; i < 30; i++)
		mean = log((1 + mean) / share);
	/* More by what it is too low on average, and by a standard deviation. */
	if (closed > 0 && mean > 0.1)
		mean = 1.03 * mean + (1 + mean) / mean / sqrt((double)closed);
	return mean / 2 * 0.875 * (double)d->heard;
}

/* The least that may be asked for after so many. */
static size_t
least_after(size_t told)
{
	return told + told / 8 + 16;
}

bool
dlb_recon_more_is_fair(size_t told, size_t to)
{
	return to >= least_after(told) && to <= DLB_RECON_SYMBOLS_MAX;
}

size_t
dlb_recon_more(const struct dlb_recon_decoder *d)
{
	double differ, need;
	size_t least = least_after(d->heard), to;

	differ = (double)d->found_n + not_found(d);
	need = 1.36 * differ + 3 * sqrt(differ) + 16;
	to = need < (double)least ? least : (size_t)need;
	if (to > d->limit)
		return 0;
	if (d->peer_n != DLB_RECON_UNKNOWN
		&& (to - d->heard) * DLB_RECON_SYMBOL_LEN
			>= d->peer_n * sizeof(uint64_t))
		return 0;
	return to;
}
