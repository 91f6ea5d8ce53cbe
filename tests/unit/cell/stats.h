/*
 * Statistics over what a courier sees of many cells. Each yields a number that is
 * a few units at most where the cells look random, or a count that is then zero;
 * indist_test.c states the thresholds and shows for each what it catches.
 *
 * They find mistakes (a byte that is not covered, a tag shared between cells, a
 * handle of another form). That the ciphers are sound they can not show.
 */
#ifndef DLB_CELL_STATS_H
#define DLB_CELL_STATS_H

#include "fixture.h"

/* Kept of each cell: waybill and handle, the begin and the end of the body. */
#define SAMPLE_BEGIN 4096
#define SAMPLE_END 512
#define SAMPLE_BODY (SAMPLE_BEGIN + SAMPLE_END)
#define SAMPLE_LEN (DLB_AT_BODY + SAMPLE_BODY)

struct samples {
	size_t n;
	uint8_t *data; /* n * SAMPLE_LEN */
};

void samples_init(struct samples *s, size_t n);
void samples_free(struct samples *s);
void samples_copy(struct samples *to, const struct samples *from);
uint8_t *sample_at(const struct samples *s, size_t i);
void sample_take(struct samples *s, size_t i, const uint8_t *cell);

/* Positions of what should be uniform: box tag, token hash, body, and the handle
 * as a number without the bit that an encoding leaves no choice of: bytes 0 to
 * 30, and six bits. */
#define POSITIONS (DLB_BOX_TAG_LEN + DLB_HASH_LEN + SAMPLE_BODY + 32)

/* By position, as standard deviations from what is expected: the value that is seen
 * too often at one; chi-squared over the 256 values, of the worst position and of
 * all together. */
struct position_score {
	double value, worst, all;
};
struct position_score stat_positions(const struct samples *s);
/* Set bits of all bodies, and of each of the eight bits of a byte (the worst). */
double stat_bits(const struct samples *s);
/* Correlation of bytes of a body that are 1, 2, 4, ... 64 apart: the worst. */
double stat_serial(const struct samples *s);
/* Two sets of equal size by position: the worst, and all together. */
struct difference_score {
	double worst, all;
};
struct difference_score stat_difference(
	const struct samples *a, const struct samples *b);

/* Handles that are not valid. */
size_t stat_invalid(const struct samples *s);
/* Runs of 8 bytes, aligned, of the first 512 bytes that occur twice in one set or in
 * both (b may be NULL). The waybill's constant part is left out. */
size_t stat_repeats(const struct samples *a, const struct samples *b);
/* Handles, and differences of a handle and the next, that are a multiple of the
 * generator by 1 to 256; and differences that occur twice. */
size_t stat_relations(const struct samples *s);

#endif
