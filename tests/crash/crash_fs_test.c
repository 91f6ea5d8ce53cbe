/* The disk in memory itself: what it forgets, garbles and keeps when the power is
 * cut, and the failures it can be asked for. A test that runs on a disk which
 * forgets nothing shows nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crash_fs.h"

#include <stdlib.h>
#include <string.h>

#define LEN 16384

static uint8_t ones[LEN];

static struct dlb_file *
open_file(struct crash_fs *c, enum dlb_open_mode mode)
{
	struct dlb_file *f = NULL;

	assert_int_equal(crash_fs_fs(c)->ops->open(
				 crash_fs_fs(c), &f, "d/f", mode, false, NULL),
		DLB_OK);
	return f;
}

static enum dlb_status
write_ones(struct dlb_file *f, size_t len, uint64_t offset)
{
	return f->ops->write_at(f, ones, len, offset, NULL);
}

/* A disk with one durable file of zeros. */
static int
setup(void **state)
{
	static const uint8_t zeros[LEN];
	struct crash_fs *c = crash_fs_new(5);

	memset(ones, 1, sizeof(ones));
	crash_fs_put(c, "d/f", zeros, sizeof(zeros));
	*state = c;
	return 0;
}

static int
teardown(void **state)
{
	crash_fs_free(*state);
	return 0;
}

/* The sum of byte `i` of each sector as letters: 0, 1 or ? for anything else. */
static void
looks_like(struct crash_fs *c, const char *want)
{
	char is[LEN / 4096 + 1] = "";
	size_t len = 0;
	uint8_t *p = crash_fs_get(c, "d/f", &len);

	assert_non_null(p);
	assert_int_equal(len, LEN);
	for (size_t i = 0; i < LEN / 4096; i++) {
		const uint8_t *s = p + i * 4096;
		bool same = memcmp(s, s + 1, 4095) == 0;

		is[i] = same && s[0] < 2 ? (char)('0' + s[0]) : '?';
	}
	free(p);
	assert_string_equal(is, want);
}

static void
unsynced_writes_meet_each_fate(void **state)
{
	static const struct {
		enum crash_fate fate;
		uint64_t number;
		const char *want;
	} cases[] = {
		{CRASH_ALL, 0, "1101"},
		{CRASH_NONE, 0, "1000"},
		{CRASH_GARBLE_ONE, 0, "1?01"},
		{CRASH_GARBLE_ONE, 1, "110?"},
		{CRASH_DROP_ONE, 0, "1001"},
		{CRASH_ONLY_ONE, 0, "1100"},
	};
	struct crash_fs *c = *state;
	struct dlb_file *f = open_file(c, DLB_OPEN_WRITE);

	assert_int_equal(write_ones(f, 4096, 0), DLB_OK);
	assert_int_equal(f->ops->sync(f, NULL), DLB_OK);
	assert_int_equal(write_ones(f, 4096, 4096), DLB_OK);
	assert_int_equal(write_ones(f, 4096, 3 * 4096), DLB_OK);
	assert_int_equal(crash_fs_unsynced(c), 2);
	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++) {
		struct crash_fs *after = crash_fs_clone(c);

		crash_fs_power_on(after, cases[i].fate, cases[i].number);
		looks_like(after, cases[i].want);
		crash_fs_free(after);
	}
	looks_like(c, "1101");
	f->ops->close(f);
}

static void
garbage_reaches_whole_sectors(void **state)
{
	struct crash_fs *c = *state;
	struct dlb_file *f = open_file(c, DLB_OPEN_WRITE);

	assert_int_equal(write_ones(f, 2, 4095), DLB_OK);
	f->ops->close(f);
	crash_fs_power_on(c, CRASH_GARBLE_ONE, 0);
	looks_like(c, "??00");
}

static void
seeded_fates_differ_and_repeat(void **state)
{
	struct crash_fs *c = *state;
	struct dlb_file *f = open_file(c, DLB_OPEN_WRITE);
	unsigned applied = 0, dropped = 0, garbled = 0;

	assert_int_equal(write_ones(f, 4096, 0), DLB_OK);
	for (uint64_t seed = 0; seed < 60; seed++) {
		struct crash_fs *a = crash_fs_clone(c), *b = crash_fs_clone(c);
		size_t len;
		uint8_t *pa, *pb;

		crash_fs_power_on(a, CRASH_SEEDED, seed);
		crash_fs_power_on(b, CRASH_SEEDED, seed);
		pa = crash_fs_get(a, "d/f", &len);
		pb = crash_fs_get(b, "d/f", &len);
		assert_memory_equal(pa, pb, len);
		if (memcmp(pa, ones, 4096) == 0)
			applied++;
		else if (pa[0] == 0 && pa[1] == 0 && pa[2] == 0)
			dropped++;
		else
			garbled++;
		free(pa);
		free(pb);
		crash_fs_free(a);
		crash_fs_free(b);
	}
	assert_true(applied > 5 && dropped > 5 && garbled > 5);
	f->ops->close(f);
}

static void
the_power_goes_off_at_an_event(void **state)
{
	struct crash_fs *c = *state;
	struct dlb_file *f = open_file(c, DLB_OPEN_WRITE);

	crash_fs_cut_at(c, 2);
	assert_int_equal(write_ones(f, 4096, 0), DLB_OK);
	assert_int_equal(f->ops->sync(f, NULL), DLB_OK);
	assert_int_equal(write_ones(f, 4096, 4096), DLB_IO);
	assert_true(crash_fs_is_cut(c));
	assert_int_equal(f->ops->sync(f, NULL), DLB_IO);
	assert_int_equal(crash_fs_unsynced(c), 1);
	f->ops->close(f);
	crash_fs_power_on(c, CRASH_NONE, 0);
	assert_false(crash_fs_is_cut(c));
	looks_like(c, "1000");
}

static void
names_come_in_order(void **state)
{
	struct crash_fs *c = *state;
	struct dlb_fs *fs = crash_fs_fs(c);
	struct dlb_file *f = NULL;
	struct crash_fs *after;
	size_t len;

	assert_int_equal(
		fs->ops->open(fs, &f, "d/new", DLB_OPEN_CREATE, false, NULL),
		DLB_OK);
	assert_int_equal(write_ones(f, 10, 0), DLB_OK);
	assert_int_equal(f->ops->sync(f, NULL), DLB_OK);
	f->ops->close(f);
	after = crash_fs_clone(c);
	crash_fs_power_on(after, CRASH_NONE, 0);
	assert_null(crash_fs_get(after, "d/new", &len));
	crash_fs_free(after);
	assert_int_equal(fs->ops->sync_dir(fs, "d", NULL), DLB_OK);
	assert_int_equal(fs->ops->remove(fs, "d/f", NULL), DLB_OK);
	assert_int_equal(
		fs->ops->stat(fs, "d/f", NULL, NULL, NULL), DLB_NOT_FOUND);
	crash_fs_power_on(c, CRASH_NONE, 0);
	looks_like(c, "0000");
	assert_int_equal(fs->ops->rename(fs, "d/new", "d/f", NULL), DLB_OK);
	crash_fs_power_on(c, CRASH_NONE, 0);
	free(crash_fs_get(c, "d/f", &len));
	assert_int_equal(len, 10);
}

static void
other_failures(void **state)
{
	struct crash_fs *c = *state;
	struct dlb_file *f = open_file(c, DLB_OPEN_WRITE), *g = NULL;
	struct dlb_fs *fs = crash_fs_fs(c);
	uint8_t out[16];

	crash_fs_fail(c, CRASH_WRITE, 1, 1, DLB_IO);
	assert_int_equal(write_ones(f, 1, 0), DLB_OK);
	assert_int_equal(write_ones(f, 1, 0), DLB_IO);
	assert_int_equal(write_ones(f, 1, 0), DLB_OK);
	assert_true(crash_fs_failed(c));
	crash_fs_space(c, 4096);
	assert_int_equal(write_ones(f, 8192, LEN), DLB_NO_SPACE);
	assert_int_equal(write_ones(f, 4096, LEN), DLB_OK);
	assert_int_equal(write_ones(f, 1, LEN + 4096), DLB_NO_SPACE);
	assert_int_equal(write_ones(f, 4096, LEN), DLB_OK);
	crash_fs_bad_range(c, 100, 1);
	assert_int_equal(f->ops->read_at(f, out, 16, 90, NULL), DLB_IO);
	assert_int_equal(f->ops->read_at(f, out, 10, 90, NULL), DLB_OK);
	crash_fs_read_only(c, true);
	assert_int_equal(write_ones(f, 1, 0), DLB_READ_ONLY);
	assert_int_equal(
		fs->ops->open(fs, &g, "d/f", DLB_OPEN_WRITE, true, NULL),
		DLB_READ_ONLY);
	assert_int_equal(
		fs->ops->open(fs, &g, "d/f", DLB_OPEN_READ, false, NULL),
		DLB_OK);
	f->ops->close(f);
	g->ops->close(g);
}

static void
an_ignored_sync_keeps_nothing(void **state)
{
	struct crash_fs *c = *state;
	struct dlb_file *f = open_file(c, DLB_OPEN_WRITE);

	crash_fs_ignore_sync(c, 0);
	assert_int_equal(write_ones(f, 4096, 0), DLB_OK);
	assert_int_equal(f->ops->sync(f, NULL), DLB_OK);
	assert_int_equal(crash_fs_unsynced(c), 1);
	assert_int_equal(f->ops->sync(f, NULL), DLB_OK);
	assert_int_equal(crash_fs_unsynced(c), 0);
	f->ops->close(f);
}

static void
one_lock_at_a_time(void **state)
{
	struct crash_fs *c = *state;
	struct dlb_fs *fs = crash_fs_fs(c);
	struct dlb_file *f = NULL, *g = NULL;

	assert_int_equal(
		fs->ops->open(fs, &f, "d/f", DLB_OPEN_WRITE, true, NULL),
		DLB_OK);
	assert_int_equal(
		fs->ops->open(fs, &g, "d/f", DLB_OPEN_WRITE, true, NULL),
		DLB_BUSY);
	f->ops->close(f);
	assert_int_equal(
		fs->ops->open(fs, &g, "d/f", DLB_OPEN_WRITE, true, NULL),
		DLB_OK);
	g->ops->close(g);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unsynced_writes_meet_each_fate),
		TEST(garbage_reaches_whole_sectors),
		TEST(seeded_fates_differ_and_repeat),
		TEST(the_power_goes_off_at_an_event),
		TEST(names_come_in_order),
		TEST(other_failures),
		TEST(an_ignored_sync_keeps_nothing),
		TEST(one_lock_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
