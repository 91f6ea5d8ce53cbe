/*
 * The symbols of a set: which ids are part of which, and their sums.
 *
 * An id is part of symbol i with the paper's probability 1 / (1 + i/2). As
 * 1 - 1 / (1 + k/2) = k / (k + 2), the product over the symbols between telescopes,
 * and the chance that an id that is part of symbol i is part of none of those from
 * i + 1 to j is
 *
 *	(i + 1)(i + 2) / ((j + 1)(j + 2))
 *
 * So with u drawn evenly from (0, 1] the next one is the least j above i for which
 * that is less than u. With u = r / 2^32, r a whole number from 1 to 2^32, this is a
 * comparison of whole numbers,
 *
 *	(j + 1)(j + 2) r > (i + 1)(i + 2) 2^32
 *
 * which has one answer on every machine. A floating-point square root guesses the
 * answer, which is taken if the comparison holds for it and not for the one before;
 * otherwise the comparison alone finds it. So no rounding, no mode of the processor,
 * no compiler can make two ends differ; they can only make one slow.
 *
 * The 32 bits of r are those of a SplitMix64 generator (Steele, Lea, Flood: Fast
 * splittable pseudorandom number generators, OOPSLA 2014) that is started with the
 * id's keyed hash and called with the index i: nothing has to be kept for an id but
 * its next index.
 *
 * Invariants: symbols [0, made) are the sums over all ids; next[i] is the least index
 * of the i-th id that is not below made.
 */
#include "reconcile_internal.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* So many ids go side by side, each a step at a time: one id's steps would wait for
 * each other. */
#define ABREAST 256
/* Fewer ids than this are not worth a thread. */
#define PART_MIN 16384
#define PARTS_MAX 8

/* 1 to 2^32. */
static inline uint64_t
draw(uint64_t hash, uint32_t i)
{
	uint64_t z = hash + (uint64_t)(i + 1) * 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return ((z ^ z >> 31) >> 32) + 1;
}

/* (j + 1)(j + 2) r > a 2^32, with j and r below 2^24 + 1 and 2^32 + 1. */
static inline bool
reaches(uint64_t j, uint64_t r, uint64_t a)
{
	uint64_t b = (j + 1) * (j + 2);
	uint64_t low = (b & UINT32_MAX) * r;

	/* Rounded up: above a only if the whole is above a 2^32. */
	return (b >> 32) * r + (low >> 32) + ((uint32_t)low != 0) > a;
}

static uint32_t
search(uint64_t r, uint64_t a, uint32_t i)
{
	uint32_t below = i, at = DLB_RECON_SYMBOLS_MAX;

	/* below does not reach, at does (or is the end). */
	while (at - below > 1) {
		uint32_t middle = below + (at - below) / 2;

		if (reaches(middle, r, a))
			at = middle;
		else
			below = middle;
	}
	return at;
}

static inline uint32_t
next_index(uint64_t hash, uint32_t i)
{
	uint64_t r = draw(hash, i);
	uint64_t a = (uint64_t)(i + 1) * (i + 2);
	/* (j + 1)(j + 2) = (j + 3/2)^2 - 1/4 */
	double guess =
		sqrt((double)(int64_t)a * 0x1p32 / (double)(int64_t)r + 0.25)
		- 0.5;
	uint32_t j = DLB_RECON_SYMBOLS_MAX;

	/* Whatever a library's rounding makes of it; also what is no number. */
	if (!(guess > i))
		j = i + 1;
	else if (guess < DLB_RECON_SYMBOLS_MAX)
		j = (uint32_t)guess;

	if (reaches(j, r, a) && !reaches((uint64_t)j - 1, r, a))
		return j;
	return search(r, a, i);
}

uint32_t
dlb_recon_next(uint64_t hash, uint32_t i)
{
	return next_index(hash, i);
}

enum dlb_status
dlb_recon_set_init(struct dlb_recon_set *s,
	const uint8_t key[static DLB_RECON_KEY_LEN], const uint64_t *ids,
	size_t n)
{
	memset(s, 0, sizeof(*s));
	assert(n <= DLB_RECON_IDS_MAX);
	for (size_t i = 1; i < n; i++)
		assert(ids[i - 1] < ids[i]);
	if (n > 0) {
		s->next = calloc(n, sizeof(*s->next));
		if (!s->next)
			return DLB_NO_MEMORY;
	}
	s->ids = ids;
	s->n = n;
	memcpy(s->key, key, DLB_RECON_KEY_LEN);
	return DLB_OK;
}

void
dlb_recon_set_free(struct dlb_recon_set *s)
{
	free(s->next);
	free(s->symbols);
	dlb_wipe(s, sizeof(*s));
}

/* Symbols [from, to) are added to by the ids [begin, end). */
struct part {
	const struct dlb_recon_set *set;
	struct dlb_recon_symbol *symbols; /* symbols[0] is the one of `from` */
	uint32_t from, to;
	size_t begin, end;
};

/* `live` of them are part of a symbol below to; they take one step each until none
 * is left. */
static void
add_abreast(const struct part *p, const uint64_t *ids, uint32_t *next,
	const uint64_t *hashes, uint16_t *which, size_t live)
{
	while (live > 0) {
		size_t kept = 0;

		for (size_t k = 0; k < live; k++) {
			uint16_t i = which[k];
			struct dlb_recon_symbol *symbol =
				&p->symbols[next[i] - p->from];

			symbol->ids ^= ids[i];
			symbol->checks ^= (uint32_t)hashes[i];
			next[i] = next_index(hashes[i], next[i]);
			which[kept] = i;
			kept += next[i] < p->to;
		}
		live = kept;
	}
}

static void
add_part(void *ctx, size_t number, unsigned worker)
{
	const struct part *p = (struct part *)ctx + number;
	uint64_t hashes[ABREAST] = {0};
	uint16_t which[ABREAST] = {0};

	(void)worker;
	for (size_t at = p->begin; at < p->end; at += ABREAST) {
		const uint64_t *ids = p->set->ids + at;
		uint32_t *next = p->set->next + at;
		size_t n = p->end - at < ABREAST ? p->end - at : ABREAST;
		size_t live = 0;

		for (size_t i = 0; i < n; i++)
			if (next[i] < p->to) {
				hashes[i] = dlb_recon_hash(p->set, ids[i]);
				which[live++] = (uint16_t)i;
			}
		add_abreast(p, ids, next, hashes, which, live);
	}
}

/* As many parts as are worth it; each but the first has sums of its own, which in
 * all take no more than the ids do. */
static size_t
parts_for(const struct dlb_recon_set *s, size_t symbols)
{
	size_t parts = s->n / PART_MIN;
	size_t room = s->n * sizeof(*s->ids) / (symbols * sizeof(*s->symbols));

	if (parts > dlb_pool_width())
		parts = dlb_pool_width();
	if (parts > PARTS_MAX)
		parts = PARTS_MAX;
	if (parts > room + 1)
		parts = room + 1;
	return parts > 1 ? parts : 1;
}

static void
add_all(struct dlb_recon_set *s, uint32_t from, uint32_t to)
{
	size_t symbols = to - from, n = parts_for(s, symbols);
	struct part parts[PARTS_MAX];
	struct dlb_recon_symbol *sums = NULL;

	if (n > 1)
		sums = calloc((n - 1) * symbols, sizeof(*sums));
	if (!sums)
		n = 1;
	for (size_t i = 0; i < n; i++)
		parts[i] = (struct part){.set = s,
			.symbols = i == 0 ? s->symbols + from
					  : sums + (i - 1) * symbols,
			.from = from,
			.to = to,
			.begin = s->n * i / n,
			.end = s->n * (i + 1) / n};
	dlb_pool_run(n, add_part, parts);
	for (size_t i = 1; i < n; i++)
		for (size_t k = 0; k < symbols; k++) {
			s->symbols[from + k].ids ^= parts[i].symbols[k].ids;
			s->symbols[from + k].checks ^=
				parts[i].symbols[k].checks;
		}
	free(sums);
}

enum dlb_status
dlb_recon_grow(struct dlb_recon_set *s, size_t to)
{
	if (to > DLB_RECON_SYMBOLS_MAX)
		return DLB_LIMIT;
	if (to <= s->made)
		return DLB_OK;
	if (to > s->cap) {
		struct dlb_recon_symbol *symbols =
			realloc(s->symbols, to * sizeof(*symbols));

		if (!symbols)
			return DLB_NO_MEMORY;
		memset(symbols + s->cap, 0, (to - s->cap) * sizeof(*symbols));
		s->symbols = symbols;
		s->cap = to;
	}
	add_all(s, (uint32_t)s->made, (uint32_t)to);
	s->made = to;
	return DLB_OK;
}

void
dlb_recon_write(const struct dlb_recon_set *s, struct dlb_writer *w,
	size_t from, size_t n)
{
	assert(from <= s->made && n <= s->made - from);
	for (size_t i = from; i < from + n; i++) {
		dlb_write_u64(w, s->symbols[i].ids);
		dlb_write_u32(w, s->symbols[i].checks);
	}
}
