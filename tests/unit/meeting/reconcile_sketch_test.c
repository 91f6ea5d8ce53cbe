/*
 * The symbols of a set: which ids are part of which, exactly and in distribution, and
 * that sums are the same however they are made.
 *
 * The file itself is compiled in here, with a square root that can be told to lie.
 */
#include <math.h>

static double lying_sqrt(double x);

#define sqrt lying_sqrt
#include "../../../src/meeting/reconcile_sketch.c"
#undef sqrt

#include "reconcile_test.h"

static enum {
	HONEST,
	ZERO,
	ONE_LESS,
	ONE_MORE,
	TWICE,
	ENDLESS,
	MINUS,
	NO_NUMBER,
	LIES
} lie;

static double
lying_sqrt(double x)
{
	switch (lie) {
	case ZERO:
		return 0;
	case ONE_LESS:
		return sqrt(x) - 1;
	case ONE_MORE:
		return sqrt(x) + 1;
	case TWICE:
		return sqrt(x) * 2;
	case ENDLESS:
		return 1e300;
	case MINUS:
		return -5;
	case NO_NUMBER:
		return NAN;
	default:
		return sqrt(x);
	}
}

static struct dlb_env_seeded env;

static int
setup(void **state)
{
	(void)state;
	lie = HONEST;
	dlb_env_seeded_init(&env, 11, DLB_EPOCH_MS);
	return 0;
}

static uint64_t
draw_u64(void)
{
	uint64_t v;

	dlb_random(&env.env, &v, sizeof(v));
	return v;
}

/* ---- which symbols an id is part of ---------------------------------------------- */

__extension__ typedef unsigned __int128 wide;

/* The definition, with numbers wide enough not to think about it. */
static uint32_t
next_by_definition(uint64_t hash, uint32_t i)
{
	wide r = (wide)draw(hash, i);
	wide left = (wide)(i + 1) * (i + 2) << 32;
	uint64_t low = (uint64_t)i + 1, high = DLB_RECON_SYMBOLS_MAX;

	while (low < high) {
		uint64_t j = low + (high - low) / 2;

		if ((wide)(j + 1) * (j + 2) * r > left)
			high = j;
		else
			low = j + 1;
	}
	return (uint32_t)low;
}

static const uint32_t starts[] = {0, 1, 2, 3, 7, 63, 1000, 65535, 65536, 99999,
	1u << 20, DLB_RECON_SYMBOLS_MAX - 2, DLB_RECON_SYMBOLS_MAX - 1};

static void
next_is_as_defined(void **state)
{
	(void)state;
	for (size_t s = 0; s < DLB_ARRAY_LEN(starts); s++)
		for (int k = 0; k < 4000; k++) {
			uint64_t hash = draw_u64();

			assert_int_equal(dlb_recon_next(hash, starts[s]),
				next_by_definition(hash, starts[s]));
		}
}

/* SplitMix64's published first outputs for seed 1234567, upper halves. */
static void
draws_are_splitmix64(void **state)
{
	static const uint64_t outputs[] = {6457827717110365317u,
		3203168211198807973u, 9817491932198370423u,
		4593380528125082431u, 16408922859458223821u};

	(void)state;
	for (uint32_t i = 0; i < DLB_ARRAY_LEN(outputs); i++)
		assert_int_equal(draw(1234567, i), (outputs[i] >> 32) + 1);
}

/* The two draws that are the hardest to divide by. */
static void
next_of_the_extreme_draws(void **state)
{
	(void)state;
	for (size_t s = 0; s < DLB_ARRAY_LEN(starts); s++) {
		uint64_t i = starts[s], a = (i + 1) * (i + 2);

		/* u = 1: the next one follows. */
		assert_false(reaches(i, (uint64_t)1 << 32, a));
		assert_true(reaches(i + 1, (uint64_t)1 << 32, a));
		/* u = 2^-32: 65,536 times as far, about. */
		if (i > 256)
			assert_int_equal(
				search(1, a, starts[s]), DLB_RECON_SYMBOLS_MAX);
	}
	/* (j + 1)(j + 2) > 2 * 2^32 */
	assert_int_equal(search(1, 2, 0), 92681);
	assert_true((uint64_t)92682 * 92683 > (uint64_t)2 << 32);
	assert_false((uint64_t)92681 * 92682 > (uint64_t)2 << 32);
}

/* Whatever the square root says. */
static void
next_does_not_hang_on_rounding(void **state)
{
	(void)state;
	for (int k = 0; k < 2000; k++) {
		uint64_t hash = draw_u64();
		uint32_t i = starts[(size_t)k % DLB_ARRAY_LEN(starts)];
		uint32_t want;

		lie = HONEST;
		want = dlb_recon_next(hash, i);
		for (int l = ZERO; l < LIES; l++) {
			lie = l;
			assert_int_equal(dlb_recon_next(hash, i), want);
		}
	}
}

/* ---- the paper's distribution ------------------------------------------------------ */

#define DRAWS 200000

/* Of each symbol below 200, a share of 2 / (i + 2) of all ids is part. The bounds
 * are those of chi-squared with 199 degrees of freedom at one in 1,000. */
static void
distribution_fits(void **state)
{
	static uint32_t seen[200];
	double chi = 0;

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (int k = 0; k < DRAWS; k++) {
		uint64_t hash = draw_u64();

		for (uint32_t i = 0; i < 200; i = dlb_recon_next(hash, i))
			seen[i]++;
	}
	assert_int_equal(seen[0], DRAWS);
	for (int i = 1; i < 200; i++) {
		double p = 2.0 / (i + 2), off = seen[i] - DRAWS * p;

		chi += off * off / (DRAWS * p * (1 - p));
	}
	assert_true(chi > 140 && chi < 269);
}

/* From symbol 10 the next one is above j with the chance 11 * 12 / (j + 1)(j + 2). */
static void
gaps_fit(void **state)
{
	static const uint32_t ends[] = {11, 12, 13, 14, 16, 18, 21, 25, 30, 40,
		60, 100, 300, DLB_RECON_SYMBOLS_MAX};
	uint32_t seen[DLB_ARRAY_LEN(ends)] = {0};
	double above = 1, chi = 0;

	(void)state;
	for (int k = 0; k < DRAWS; k++) {
		uint32_t j = dlb_recon_next(draw_u64(), 10);
		size_t bin = 0;

		while (j > ends[bin])
			bin++;
		seen[bin]++;
	}
	for (size_t bin = 0; bin < DLB_ARRAY_LEN(ends); bin++) {
		double j = ends[bin], left = 132 / ((j + 1) * (j + 2));
		double want = DRAWS * (above - left);

		chi += (seen[bin] - want) * (seen[bin] - want) / want;
		above = left;
	}
	/* 13 degrees of freedom, one in 1,000 either way */
	assert_true(chi > 2.6 && chi < 34.5);
}

/* Two draws of one id have nothing to do with each other. */
static void
draws_are_independent(void **state)
{
	int both = 0, first = 0, second = 0;

	(void)state;
	for (int k = 0; k < DRAWS; k++) {
		uint64_t hash = draw_u64();
		bool x = false, y = false;

		for (uint32_t i = 0; i <= 21; i = dlb_recon_next(hash, i)) {
			x |= i == 20;
			y |= i == 21;
		}
		first += x;
		second += y;
		both += x && y;
	}
	/* 2/22 * 2/23 of 200,000 is 1,581; 5 standard deviations are 200. */
	assert_in_range(first, 17600, 18800);
	assert_in_range(second, 16800, 18000);
	assert_in_range(both, 1381, 1781);
}

/* ---- sums --------------------------------------------------------------------------- */

static void
sum_by_hand(struct dlb_recon_symbol *out, const struct dlb_recon_set *s,
	size_t symbols)
{
	memset(out, 0, symbols * sizeof(*out));
	for (size_t k = 0; k < s->n; k++) {
		uint64_t hash = dlb_recon_hash(s, s->ids[k]);

		for (uint32_t i = 0; i < symbols; i = dlb_recon_next(hash, i)) {
			out[i].ids ^= s->ids[k];
			out[i].checks ^= (uint32_t)hash;
		}
	}
}

/* Also where several threads add. */
static void
steps_make_what_one_makes(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 255, 256, 257, 1000, 40000};
	static const size_t steps[] = {1, 2, 60, 60, 61, 700, 2000};
	static struct dlb_recon_symbol want[2000];

	(void)state;
	for (size_t k = 0; k < DLB_ARRAY_LEN(sizes); k++) {
		struct dlb_recon_set one, many;
		struct recon_pair p;

		recon_pair_make(&p, &env.env, sizes[k], 0, 0);
		assert_int_equal(
			dlb_recon_set_init(&one, p.key, p.a, p.a_n), DLB_OK);
		assert_int_equal(
			dlb_recon_set_init(&many, p.key, p.a, p.a_n), DLB_OK);
		sum_by_hand(want, &one, 2000);
		assert_int_equal(dlb_recon_grow(&one, 2000), DLB_OK);
		assert_memory_equal(one.symbols, want, sizeof(want));
		for (size_t i = 0; i < DLB_ARRAY_LEN(steps); i++) {
			assert_int_equal(
				dlb_recon_grow(&many, steps[i]), DLB_OK);
			assert_int_equal(many.made, steps[i]);
			assert_memory_equal(
				many.symbols, want, steps[i] * sizeof(*want));
		}
		dlb_recon_set_free(&one);
		dlb_recon_set_free(&many);
		recon_pair_free(&p);
	}
}

static void
differences_of_symbols_are_symbols_of_differences(void **state)
{
	struct recon_pair p;
	uint8_t *a, *b, *x, *y;

	(void)state;
	recon_pair_make(&p, &env.env, 3000, 20, 30);
	a = recon_told(p.key, p.a, p.a_n, 500);
	b = recon_told(p.key, p.b, p.b_n, 500);
	x = recon_told(p.key, p.only_a, p.only_a_n, 500);
	y = recon_told(p.key, p.only_b, p.only_b_n, 500);
	for (size_t i = 0; i < 500 * DLB_RECON_SYMBOL_LEN; i++)
		assert_int_equal(a[i] ^ b[i], x[i] ^ y[i]);
	free(a);
	free(b);
	free(x);
	free(y);
	recon_pair_free(&p);
}

/* The test of docs/meeting.md, "Reconciliation", which a second program computes
 * too: tests/vectors/meeting. */
static void
symbols_are_those_of_the_page(void **state)
{
	static const uint8_t want[DLB_HASH_LEN] = {0xf8, 0x4a, 0x0a, 0x2b, 0xc7,
		0xfd, 0x64, 0x54, 0x24, 0x2c, 0x02, 0xc2, 0x44, 0x92, 0xf7,
		0x1f, 0x75, 0x22, 0x20, 0xc9, 0x49, 0x52, 0xf3, 0x19, 0x2f,
		0x21, 0x69, 0x63, 0x30, 0xf6, 0xd3, 0x71};
	uint8_t key[DLB_RECON_KEY_LEN], got[DLB_HASH_LEN], *told;
	uint64_t ids[1000];

	(void)state;
	for (uint8_t i = 0; i < sizeof(key); i++)
		key[i] = i;
	for (uint32_t k = 0; k < 1000; k++) {
		uint8_t number[4] = {0, 0, (uint8_t)(k >> 8), (uint8_t)k};

		ids[k] = dlb_siphash(key, number, sizeof(number));
	}
	recon_sort(ids, 1000);
	told = recon_told(key, ids, 1000, 5000);
	dlb_sha256(got, told, (size_t)5000 * DLB_RECON_SYMBOL_LEN);
	assert_memory_equal(got, want, sizeof(want));
	free(told);
}

/* The key decides everything but which ids there are. */
static void
keys_matter(void **state)
{
	static const uint64_t ids[] = {1, 2, 3};
	uint8_t key[DLB_RECON_KEY_LEN] = {0};
	uint8_t *x = recon_told(key, ids, 3, 40), *y;

	(void)state;
	key[15] = 1;
	y = recon_told(key, ids, 3, 40);
	assert_memory_equal(x, y, 8);
	assert_memory_not_equal(x + 8, y + 8, 4);
	assert_memory_not_equal(x + 12, y + 12, 39 * DLB_RECON_SYMBOL_LEN);
	free(x);
	free(y);
}

/* A set that is asked for more than there may be stays as it was. */
static void
limits(void **state)
{
	static const uint64_t ids[] = {5};
	static const uint8_t key[DLB_RECON_KEY_LEN];
	struct dlb_recon_set s;
	struct dlb_writer w;
	uint8_t out[DLB_RECON_SYMBOL_LEN];

	(void)state;
	assert_int_equal(dlb_recon_set_init(&s, key, ids, 1), DLB_OK);
	assert_int_equal(dlb_recon_grow(&s, 3), DLB_OK);
	assert_int_equal(dlb_recon_grow(&s, (size_t)DLB_RECON_SYMBOLS_MAX + 1),
		DLB_LIMIT);
	assert_int_equal(dlb_recon_grow(&s, SIZE_MAX), DLB_LIMIT);
	assert_int_equal(s.made, 3);
	/* Where there is no room the writer says so. */
	dlb_writer_init(&w, out, sizeof(out));
	dlb_recon_write(&s, &w, 0, 1);
	assert_false(w.failed);
	dlb_recon_write(&s, &w, 1, 0);
	assert_false(w.failed);
	dlb_recon_write(&s, &w, 1, 1);
	assert_true(w.failed);
	dlb_recon_set_free(&s);
	dlb_recon_set_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(next_is_as_defined, setup),
		cmocka_unit_test_setup(draws_are_splitmix64, setup),
		cmocka_unit_test_setup(next_of_the_extreme_draws, setup),
		cmocka_unit_test_setup(next_does_not_hang_on_rounding, setup),
		cmocka_unit_test_setup(distribution_fits, setup),
		cmocka_unit_test_setup(gaps_fit, setup),
		cmocka_unit_test_setup(draws_are_independent, setup),
		cmocka_unit_test_setup(steps_make_what_one_makes, setup),
		cmocka_unit_test_setup(
			differences_of_symbols_are_symbols_of_differences,
			setup),
		cmocka_unit_test_setup(symbols_are_those_of_the_page, setup),
		cmocka_unit_test_setup(keys_matter, setup),
		cmocka_unit_test_setup(limits, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
