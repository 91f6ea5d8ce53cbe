/*
 * What a satchel looks like to who has no key: random bytes, wherever one looks
 * and however full it is. Each statistic is taken over the whole file and over
 * each part, in standard deviations from what random bytes give; the system's own
 * generator has to pass the same, and each statistic has to catch a bias that is
 * made for it.
 */
#include "satchel_store.h"

#include "satchel_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The chance that random bytes are beyond it is 6e-7 a statistic. */
#define TOO_FAR 5.0

struct sample {
	const uint8_t *p;
	size_t len;
};

/* (value - mean) / deviation */
static double
sigma(double value, double mean, double variance)
{
	return (value - mean) / sqrt(variance);
}

static double
chi_squared_sigma(const uint64_t *counts, size_t kinds, double total)
{
	double chi = 0, want = total / (double)kinds, k = (double)kinds - 1;

	for (size_t i = 0; i < kinds; i++)
		chi += ((double)counts[i] - want) * ((double)counts[i] - want)
			/ want;
	/* Wilson and Hilferty: its cube root is near normal. */
	return (cbrt(chi / k) - (1 - 2 / (9 * k))) / sqrt(2 / (9 * k));
}

static double
bytes_even(struct sample s)
{
	uint64_t counts[256] = {0};

	for (size_t i = 0; i < s.len; i++)
		counts[s.p[i]]++;
	return chi_squared_sigma(counts, 256, (double)s.len);
}

static double
bits_even(struct sample s)
{
	double n = (double)s.len * 8;
	uint64_t ones = 0;

	for (size_t i = 0; i < s.len; i++)
		ones += (unsigned)__builtin_popcount(s.p[i]);
	return sigma((double)ones, n / 2, n / 4);
}

/* How often a bit differs from the one before it. */
static double
runs(struct sample s)
{
	double n = (double)s.len * 8 - 1;
	uint64_t changes = 0;
	unsigned before = s.p[0] >> 7;

	for (size_t i = 0; i < s.len; i++)
		for (unsigned b = 8; b-- > 0;) {
			unsigned bit = s.p[i] >> b & 1;

			changes += bit != before;
			before = bit;
		}
	return sigma((double)changes, n / 2, n / 4);
}

static double
correlated(struct sample s, size_t distance)
{
	double sum = 0, n = (double)(s.len - distance);
	/* Of a uniform byte: (256 * 256 - 1) / 12. */
	const double variance = 65535.0 / 12;

	for (size_t i = 0; i + distance < s.len; i++)
		sum += (s.p[i] - 127.5) * (s.p[i + distance] - 127.5);
	return sum / sqrt(n * variance * variance);
}

static double
serial_bytes(struct sample s)
{
	return correlated(s, 1);
}

static double
serial_entries(struct sample s)
{
	return s.len > 2 * DLB_ENTRY_LEN ? correlated(s, DLB_ENTRY_LEN) : 0;
}

/* Bytes at the same place of each entry: counters, zeros, version bytes. */
static double
columns(struct sample s)
{
	double worst = 0;

	for (size_t c = 0; c < DLB_ENTRY_LEN; c++) {
		double sum = 0, n = 0, z;

		for (size_t i = c; i < s.len; i += DLB_ENTRY_LEN, n++)
			sum += s.p[i];
		z = sigma(sum, n * 127.5, n * 65535 / 12);
		/* The worst of 256: less is to be made of it. */
		z = z > 0 ? z : -z;
		if (z > worst)
			worst = z;
	}
	return worst > 2 ? worst - 1.2 : 0;
}

/* Sectors that are less even than random ones are. */
static double
sectors(struct sample s)
{
	double n = 0, sum = 0;

	for (size_t at = 0; at + DLB_SECTOR_LEN <= s.len;
		at += DLB_SECTOR_LEN) {
		double z =
			bytes_even((struct sample){s.p + at, DLB_SECTOR_LEN});

		sum += z * z;
		n++;
	}
	return n > 0 ? sigma(sum, n, 2 * n) : 0;
}

static int
block_order(const void *a, const void *b)
{
	return memcmp(*(uint8_t *const *)a, *(uint8_t *const *)b, 16);
}

/* 16 bytes that are there twice, at any multiple of 16: never by chance. */
static double
repeated_blocks(struct sample s)
{
	size_t n = s.len / 16, again = 0;
	const uint8_t **blocks = malloc(n * sizeof(*blocks) + 1);

	for (size_t i = 0; i < n; i++)
		blocks[i] = s.p + i * 16;
	qsort(blocks, n, sizeof(*blocks), block_order);
	for (size_t i = 1; i < n; i++)
		again += memcmp(blocks[i - 1], blocks[i], 16) == 0;
	free(blocks);
	return (double)again * 100;
}

static const struct statistic {
	const char *name;
	double (*of)(struct sample);
} statistics[] = {
	{"bytes", bytes_even},
	{"bits", bits_even},
	{"runs", runs},
	{"bytes beside each other", serial_bytes},
	{"bytes an entry apart", serial_entries},
	{"columns of entries", columns},
	{"sectors", sectors},
	{"repeated blocks", repeated_blocks},
};

/* The first statistic that is too far off; NULL where none is. */
static const char *
bias_of(struct sample s)
{
	for (size_t i = 0; i < DLB_ARRAY_LEN(statistics); i++) {
		double z = statistics[i].of(s);

		if (z > TOO_FAR || z < -TOO_FAR)
			return statistics[i].name;
	}
	return NULL;
}

static void
looks_random(const uint8_t *p, size_t len)
{
	const char *bias = bias_of((struct sample){p, len});

	if (bias)
		fail_msg("%zu bytes are biased: %s", len, bias);
}

/* ---- satchels --------------------------------------------------------------------------- */

#define SLOTS 48

/* The whole, and each part of it. */
static void
check_satchel(struct store *st)
{
	struct dlb_layout l;
	size_t len;
	uint8_t *p = crash_fs_get(st->disk, STORE_PATH, &len);

	dlb_layout_init(&l, SLOTS);
	assert_int_equal(len, l.size);
	looks_random(p, len);
	for (unsigned i = 0; i < 2; i++) {
		looks_random(p + l.header[i], DLB_HEADER_LEN);
		looks_random(p + l.table[i], (size_t)l.table_len);
	}
	looks_random(p + l.slot, (size_t)(l.table[1] - l.slot));
	free(p);
}

static void
empty_full_and_emptied(void **state)
{
	struct store *st = store_new(SLOTS, 8);
	static const char file[] = "a key file of more than thirty-two bytes";
	struct dlb_unlock unlock = {DLB_UNLOCK_KEYFILE, file, sizeof(file)};

	(void)state;
	store_close(st);
	check_satchel(st);
	store_open_ok(st);
	store_put(st, 0, 20, DLB_SHOWN);
	check_satchel(st);
	store_put(st, 20, 20, DLB_SHOWN);
	store_put(st, 40, 8, DLB_HELD | DLB_OWN);
	assert_int_equal(store_info(st).used, SLOTS);
	check_satchel(st);
	for (unsigned i = 0; i < 30; i++)
		assert_int_equal(
			store_set(st, i, i % 3 ? 0 : DLB_SHOWN, 1), DLB_OK);
	assert_int_equal(
		dlb_satchel_add_unlock(st->s, &unlock, &st->err), DLB_OK);
	check_satchel(st);
	for (unsigned i = 0; i < 12; i++) {
		struct dlb_satchel_token t = test_token(3 * i);

		assert_int_equal(
			dlb_satchel_recall(st->s, &t, 1, STORE_WEEK, &st->err),
			DLB_OK);
	}
	assert_true(store_info(st).tokens >= 10);
	check_satchel(st);
	/* Cells that give way, tables that are mended. */
	store_put(st, 60, 40, DLB_SHOWN);
	store_close(st);
	for (unsigned i = 0; i < 24; i++)
		crash_fs_flip(st->disk, STORE_PATH, 4096 + i * 700, 1);
	store_open_ok(st);
	assert_true(store_info(st).mended > 0);
	store_close(st);
	check_satchel(st);
	store_free(st);
}

/* The bytes of the slot that cell i is in, for the caller to free. */
static uint8_t *
slot_of(struct store *st, unsigned i)
{
	uint32_t slot = st->s->index.records[store_entry(st, i).number].slot;
	size_t len;
	uint8_t *p = crash_fs_get(st->disk, STORE_PATH, &len);

	memmove(p, p + st->s->layout.slot + (size_t)slot * DLB_SATCHEL_CELL_LEN,
		DLB_SATCHEL_CELL_LEN);
	return p;
}

/* A cell that is known can not be recognised: none of its bytes is there, nor is
 * it written the same way twice. */
static void
a_known_cell_is_not_recognised(void **state)
{
	struct store *st = store_new(16, 0);
	uint8_t *p, *again;
	unsigned same = 0;
	size_t len;

	(void)state;
	store_put(st, 0, 4, DLB_SHOWN);
	p = crash_fs_get(st->disk, STORE_PATH, &len);
	for (unsigned i = 0; i < 4; i++) {
		const struct test_cell *c = test_cell(i);

		assert_null(memmem(p, len, c->bytes + 64, 16));
		assert_null(memmem(p, len, c->bytes + 40000, 16));
		assert_null(memmem(p, len, c->name, 16));
		assert_null(memmem(p, len, c->core, 16));
	}
	free(p);
	p = slot_of(st, 0);
	assert_int_equal(store_set(st, 0, 0, 0), DLB_OK);
	store_put(st, 0, 1, DLB_SHOWN);
	again = slot_of(st, 0);
	for (size_t i = 0; i < DLB_SATCHEL_CELL_LEN; i++)
		same += p[i] == again[i];
	assert_in_range(same, 256 - 5 * 16, 256 + 5 * 16);
	free(p);
	free(again);
	store_free(st);
}

/* ---- the statistics themselves -------------------------------------------------------------- */

#define LEN (1 << 20)

static uint8_t *
random_bytes(uint64_t seed)
{
	uint8_t *p = malloc(LEN);
	struct dlb_env_seeded env;

	assert_non_null(p);
	dlb_env_seeded_init(&env, seed, 0);
	dlb_random(&env.env, p, LEN);
	return p;
}

static void
random_bytes_pass(void **state)
{
	uint8_t *p;

	(void)state;
	for (uint64_t seed = 0; seed < 3; seed++) {
		p = random_bytes(seed);
		looks_random(p, LEN);
		for (size_t at = 0; at < LEN; at += LEN / 8)
			looks_random(p + at, 4096);
		free(p);
	}
	p = malloc(LEN);
	assert_non_null(p);
	dlb_random(dlb_env_system(), p, LEN);
	looks_random(p, LEN);
	free(p);
}

static void
each_bias_is_caught(void **state)
{
	uint8_t *p;

	(void)state;
#define CAUGHT(change)                                                         \
	do {                                                                   \
		p = random_bytes(9);                                           \
		change;                                                        \
		assert_non_null(bias_of((struct sample){p, LEN}));             \
		free(p);                                                       \
	} while (0)
	/* A byte that is too frequent by a hundredth. */
	CAUGHT(for (size_t i = 0; i < LEN; i += 100) p[i] = 7);
	CAUGHT(for (size_t i = 0; i < LEN; i += 20) p[i] |= 1);
	CAUGHT(for (size_t i = 1; i < LEN; i += 50) p[i] = p[i - 1]);
	CAUGHT(for (size_t i = 256; i < LEN; i += 40) p[i] = p[i - 256]);
	/* One byte of each entry. */
	CAUGHT(for (size_t i = 5; i < LEN; i += 256) p[i] =
			(uint8_t)(p[i] / 2));
	/* One sector of zeros in a MiB; one of text. */
	CAUGHT(memset(p + 40960, 0, 4096));
	CAUGHT(for (size_t i = 40960; i < 45056; i++) p[i] = p[i] % 26 + 'a');
	CAUGHT(memcpy(p + 32, p + 131072, 16));
	/* Two tables that are the same. */
	CAUGHT(memcpy(p + LEN / 2, p, LEN / 4));
#undef CAUGHT
}

/* A satchel with a mistake in it: entries that were never sealed, the second
 * table without its mask, a header with zeros. */
static void
a_satchel_with_a_mistake_fails(void **state)
{
	struct store *st = store_new(SLOTS, 0);
	struct dlb_layout l = st->s->layout;
	size_t len;
	uint8_t *p, *copy;

	(void)state;
	store_put(st, 0, 30, DLB_SHOWN);
	p = crash_fs_get(st->disk, STORE_PATH, &len);
	copy = malloc(len);
	assert_non_null(copy);
	assert_null(bias_of((struct sample){p, len}));
	memcpy(copy, p, len);
	for (uint32_t i = 0; i < l.entries; i++) {
		struct dlb_entry_plain e;

		if (dlb_entry_open(
			    &e, st->s->keys, i, p + l.table[0] + i * 256, SLOTS)
			== DLB_ENTRY_GOOD)
			dlb_entry_encode(copy + l.table[0] + i * 256 + 24, &e);
	}
	assert_non_null(bias_of((struct sample){copy, len}));
	memcpy(copy, p, len);
	memcpy(copy + l.table[1], p + l.table[0], (size_t)l.table_len);
	assert_non_null(bias_of((struct sample){copy, len}));
	memcpy(copy, p, len);
	memset(copy + 2000, 0, 2096);
	assert_non_null(bias_of((struct sample){copy, 4096}));
	memcpy(copy + l.header[1], copy, 4096);
	assert_non_null(bias_of((struct sample){copy, len}));
	free(copy);
	free(p);
	store_free(st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_full_and_emptied),
		cmocka_unit_test(a_known_cell_is_not_recognised),
		cmocka_unit_test(random_bytes_pass),
		cmocka_unit_test(each_bias_is_caught),
		cmocka_unit_test(a_satchel_with_a_mistake_fails),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
