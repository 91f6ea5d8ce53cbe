/* Statistics over many cells: see stats.h. */
#include "stats.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void *
need_memory(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		abort();
	return p;
}

void
samples_init(struct samples *s, size_t n)
{
	s->n = n;
	s->data = need_memory(n, SAMPLE_LEN);
}

void
samples_free(struct samples *s)
{
	free(s->data);
	s->data = NULL;
}

void
samples_copy(struct samples *to, const struct samples *from)
{
	samples_init(to, from->n);
	memcpy(to->data, from->data, from->n * SAMPLE_LEN);
}

uint8_t *
sample_at(const struct samples *s, size_t i)
{
	return s->data + i * SAMPLE_LEN;
}

void
sample_take(struct samples *s, size_t i, const uint8_t *cell)
{
	uint8_t *p = sample_at(s, i);

	memcpy(p, cell, DLB_AT_BODY + SAMPLE_BEGIN);
	memcpy(p + DLB_AT_BODY + SAMPLE_BEGIN, cell + DLB_CELL_LEN - SAMPLE_END,
		SAMPLE_END);
}

/* ---- by position ------------------------------------------------------------- */

#define POSITION_HANDLE (DLB_BOX_TAG_LEN + DLB_HASH_LEN)
#define POSITION_HANDLE_LAST (POSITION_HANDLE + 31)

typedef uint16_t counts_row[256];

/* The handle's number halved: its lowest bit is zero in every encoding. */
static void
halve(uint8_t out[static 32], const uint8_t in[static 32])
{
	for (int i = 0; i < 31; i++)
		out[i] = (uint8_t)(in[i] >> 1 | in[i + 1] << 7);
	out[31] = in[31] >> 1 & 0x3f;
}

static counts_row *
count_positions(const struct samples *s)
{
	counts_row *counts = need_memory(POSITIONS, sizeof(*counts));

	for (size_t i = 0; i < s->n; i++) {
		const uint8_t *p = sample_at(s, i);
		counts_row *row = counts;
		uint8_t handle[32];

		for (size_t j = DLB_AT_BOX_TAG; j < DLB_AT_HANDLE; j++)
			(*row++)[p[j]]++;
		halve(handle, p + DLB_AT_HANDLE);
		for (size_t j = 0; j < sizeof(handle); j++)
			(*row++)[handle[j]]++;
		for (size_t j = DLB_AT_BODY; j < SAMPLE_LEN; j++)
			(*row++)[p[j]]++;
	}
	return counts;
}

/* How many values a position can have. */
static unsigned
values_at(size_t position)
{
	return position == POSITION_HANDLE_LAST ? 64 : 256;
}

struct position_score
stat_positions(const struct samples *s)
{
	counts_row *counts = count_positions(s);
	struct position_score score = {0, 0, 0};
	double n = (double)s->n;

	for (size_t i = 0; i < POSITIONS; i++) {
		unsigned values = values_at(i);
		double expected = n / values, chi2 = 0, z;

		for (unsigned v = 0; v < 256; v++) {
			double d = counts[i][v] - (v < values ? expected : 0);

			chi2 += d * d / expected;
			if (d / sqrt(expected) > score.value)
				score.value = d / sqrt(expected);
		}
		/* Exact mean and variance of the statistic, not chi-squared's:
		 * the bins are not full. */
		z = (chi2 - (values - 1))
			/ sqrt(2.0 * (values - 1) * (n - 1) / n);
		score.all += z / sqrt(POSITIONS);
		if (fabs(z) > score.worst)
			score.worst = fabs(z);
	}
	score.all = fabs(score.all);
	free(counts);
	return score;
}

/* Where a value was seen m times in both sets together, it was a binomial number
 * of times in the first: (a - b)^2 / m has the mean 1 and the variance 2 - 2/m. */
static double
difference(
	const uint16_t *a, const uint16_t *b, double *sum_all, double *var_all)
{
	double sum = 1, var = 0; /* the totals are equal: one degree less */

	for (unsigned v = 0; v < 256; v++) {
		double m = a[v] + b[v], d = (double)a[v] - b[v];

		if (m == 0)
			continue;
		sum += d * d / m - 1;
		var += 2 - 2 / m;
	}
	*sum_all += sum;
	*var_all += var;
	return fabs(sum) / sqrt(var);
}

struct difference_score
stat_difference(const struct samples *a, const struct samples *b)
{
	counts_row *ca = count_positions(a), *cb = count_positions(b);
	struct difference_score score = {0, 0};
	double sum = 0, var = 0;

	for (size_t i = 0; i < POSITIONS; i++) {
		double z = difference(ca[i], cb[i], &sum, &var);

		if (z > score.worst)
			score.worst = z;
	}
	score.all = fabs(sum) / sqrt(var);
	free(ca);
	free(cb);
	return score;
}

/* ---- all bytes alike --------------------------------------------------------------- */

double
stat_bits(const struct samples *s)
{
	uint64_t set[8] = {0}, all = 0;
	double n = (double)s->n * SAMPLE_BODY, worst;

	for (size_t i = 0; i < s->n; i++) {
		const uint8_t *p = sample_at(s, i) + DLB_AT_BODY;

		for (size_t j = 0; j < SAMPLE_BODY; j++)
			for (int bit = 0; bit < 8; bit++)
				set[bit] += p[j] >> bit & 1;
	}
	for (int bit = 0; bit < 8; bit++)
		all += set[bit];
	worst = fabs((double)all - 4 * n) / sqrt(2 * n);
	for (int bit = 0; bit < 8; bit++) {
		double z = fabs((double)set[bit] - n / 2) / sqrt(n / 4);

		if (z > worst)
			worst = z;
	}
	return worst;
}

double
stat_serial(const struct samples *s)
{
	/* Variance of a uniform byte times that of another. */
	const double var = (65536.0 - 1) / 12;
	double worst = 0;

	for (size_t lag = 1; lag <= 64; lag *= 2) {
		int64_t sum = 0;
		double pairs = (double)s->n * (double)(SAMPLE_BEGIN - lag), z;

		for (size_t i = 0; i < s->n; i++) {
			const uint8_t *p = sample_at(s, i) + DLB_AT_BODY;

			/* Twice the byte less 255: the mean is zero. */
			for (size_t j = 0; j + lag < SAMPLE_BEGIN; j++)
				sum += (2 * p[j] - 255)
					* (2 * p[j + lag] - 255);
		}
		z = fabs((double)sum / 4) / (var * sqrt(pairs));
		if (z > worst)
			worst = z;
	}
	return worst;
}

/* ---- what must not occur ---------------------------------------------------------------- */

size_t
stat_invalid(const struct samples *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += !dlb_point_valid(sample_at(s, i) + DLB_AT_HANDLE);
	return n;
}

static int
compare_words(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

#define WORDS ((512 - DLB_AT_BOX_TAG) / 8)

size_t
stat_repeats(const struct samples *a, const struct samples *b)
{
	size_t cells = a->n + (b ? b->n : 0), n = 0, repeats = 0;
	uint64_t *words = need_memory(cells * WORDS, sizeof(*words));

	for (size_t i = 0; i < cells; i++) {
		const uint8_t *p =
			i < a->n ? sample_at(a, i) : sample_at(b, i - a->n);

		memcpy(words + n, p + DLB_AT_BOX_TAG, WORDS * 8);
		n += WORDS;
	}
	qsort(words, n, sizeof(*words), compare_words);
	for (size_t i = 1; i < n; i++)
		repeats += words[i] == words[i - 1];
	free(words);
	return repeats;
}

#define MULTIPLES 256

static int
compare_points(const void *a, const void *b)
{
	return memcmp(a, b, DLB_POINT_LEN);
}

static size_t
count_multiples(uint8_t (*points)[DLB_POINT_LEN], size_t n)
{
	uint8_t table[MULTIPLES][DLB_POINT_LEN], scalar[DLB_SCALAR_LEN] = {0};
	size_t found = 0;

	for (unsigned i = 0; i < MULTIPLES; i++) {
		scalar[0] = (uint8_t)(i + 1);
		scalar[1] = (uint8_t)((i + 1) >> 8);
		dlb_point_base(table[i], scalar);
	}
	qsort(table, MULTIPLES, DLB_POINT_LEN, compare_points);
	for (size_t i = 0; i < n; i++)
		found += bsearch(points[i], table, MULTIPLES, DLB_POINT_LEN,
				 compare_points)
			!= NULL;
	return found;
}

size_t
stat_relations(const struct samples *s)
{
	uint8_t(*points)[DLB_POINT_LEN] = need_memory(s->n, DLB_POINT_LEN);
	size_t found, n = 0;

	for (size_t i = 0; i < s->n; i++)
		memcpy(points[i], sample_at(s, i) + DLB_AT_HANDLE,
			DLB_POINT_LEN);
	found = count_multiples(points, s->n);
	for (size_t i = 0; i + 1 < s->n; i++)
		n += crypto_core_ristretto255_sub(points[n],
			     sample_at(s, i + 1) + DLB_AT_HANDLE,
			     sample_at(s, i) + DLB_AT_HANDLE)
			== 0;
	found += count_multiples(points, n);
	qsort(points, n, DLB_POINT_LEN, compare_points);
	for (size_t i = 1; i < n; i++)
		found += !memcmp(points[i], points[i - 1], DLB_POINT_LEN);
	free(points);
	return found;
}
