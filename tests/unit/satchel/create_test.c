/* Making a satchel: options, interruption and failure leave nothing; several
 * files; that a half-made one opens with no key. */
#include "satchel_store.h"

#include "satchel_internal.h"

#include <stdlib.h>
#include <string.h>

static int
setup(void **state)
{
	*state = store_on(crash_fs_new(1));
	return 0;
}

static int
teardown(void **state)
{
	store_free(*state);
	return 0;
}

static enum dlb_status
create(struct store *st, const struct dlb_satchel_options *o,
	const struct dlb_progress *progress)
{
	enum dlb_status s;

	dlb_error_clear(&st->err);
	s = dlb_satchel_create(crash_fs_fs(st->disk), STORE_PATH, o,
		&st->seeded.env, progress, &st->err);
	assert_int_equal(s, st->err.status);
	return s;
}

static bool
is_there(struct store *st, const char *path)
{
	struct dlb_fs *fs = crash_fs_fs(st->disk);

	return fs->ops->stat(fs, path, NULL, NULL, NULL) == DLB_OK;
}

static void
by_size_or_by_slots(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_options o = {
		.size = 3000000, .reserve = 7, .unlock = store_unlock};
	size_t len;

	assert_int_equal(create(st, &o, NULL), DLB_OK);
	free(crash_fs_get(st->disk, STORE_PATH, &len));
	assert_true(len <= 3000000);
	store_open_ok(st);
	assert_int_equal(store_info(st).size, len);
	assert_int_equal(store_info(st).slots, dlb_satchel_slots_in(3000000));
	assert_int_equal(store_info(st).reserve, 7);
	assert_true(dlb_satchel_size_of(store_info(st).slots + 1) > 3000000);
	assert_int_equal(store_info(st).used + store_info(st).tokens, 0);
}

static void
wrong_options(void **state)
{
	struct store *st = *state;
	uint8_t root[32] = {0}, other[32] = {1};
	struct dlb_satchel_options o = {.slots = 15, .unlock = store_unlock};

	assert_int_equal(create(st, &o, NULL), DLB_USAGE);
	o.slots = DLB_SATCHEL_SLOTS_MAX + 1;
	assert_int_equal(create(st, &o, NULL), DLB_USAGE);
	o.slots = 16;
	o.reserve = 17;
	assert_int_equal(create(st, &o, NULL), DLB_USAGE);
	o.reserve = 0;
	o.size = 1000;
	assert_int_equal(create(st, &o, NULL), DLB_USAGE);
	o.size = 0;
	o.unlock = (struct dlb_unlock){DLB_UNLOCK_PASSPHRASE, "", 0};
	assert_int_equal(create(st, &o, NULL), DLB_USAGE);
	o.unlock = (struct dlb_unlock){DLB_UNLOCK_ROOT, other, 32};
	o.root = root;
	assert_int_equal(create(st, &o, NULL), DLB_USAGE);
	assert_false(is_there(st, STORE_PATH));
	assert_int_equal(crash_fs_events(st->disk), 0);
}

static void
what_is_there_stays(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_options o = {.slots = 16, .unlock = store_unlock};
	uint8_t *bytes;
	size_t len;

	crash_fs_put(st->disk, STORE_PATH, "a file", 6);
	assert_int_equal(create(st, &o, NULL), DLB_EXISTS);
	bytes = crash_fs_get(st->disk, STORE_PATH, &len);
	assert_int_equal(len, 6);
	assert_memory_equal(bytes, "a file", 6);
	free(bytes);
}

static void
several_files(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_options o = {
		.slots = 16, .unlock = store_unlock, .span_len = 5 * 65536};
	size_t len;

	assert_int_equal(create(st, &o, NULL), DLB_OK);
	free(crash_fs_get(st->disk, STORE_PATH, &len));
	assert_int_equal(len, 5 * 65536);
	assert_true(is_there(st, STORE_PATH ".3"));
	assert_false(is_there(st, STORE_PATH ".4"));
}

/* Each call fails in turn; no file is left, and the next try succeeds. */
static void
a_failure_leaves_nothing(void **state)
{
	struct dlb_satchel_options o = {
		.slots = 16, .unlock = store_unlock, .span_len = 9 * 65536};

	(void)state;
	for (uint64_t n = 0;; n++) {
		struct store *st = store_on(crash_fs_new(1));
		enum dlb_status s;

		crash_fs_fail(st->disk, CRASH_WRITE | CRASH_SYNC, n, 1, DLB_IO);
		s = create(st, &o, NULL);
		if (!crash_fs_failed(st->disk)) {
			assert_int_equal(s, DLB_OK);
			assert_true(n > 6);
			store_free(st);
			break;
		}
		assert_int_equal(s, DLB_IO);
		assert_false(is_there(st, STORE_PATH));
		assert_false(is_there(st, STORE_PATH ".1"));
		assert_int_equal(create(st, &o, NULL), DLB_OK);
		store_free(st);
	}
}

static void
a_full_disk_leaves_nothing(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_options o = {.slots = 16, .unlock = store_unlock};

	crash_fs_space(st->disk, 500000);
	assert_int_equal(create(st, &o, NULL), DLB_NO_SPACE);
	assert_false(is_there(st, STORE_PATH));
	/* Sparse, the tables alone are written. */
	o.sparse = true;
	crash_fs_space(st->disk, 500000);
	assert_int_equal(create(st, &o, NULL), DLB_OK);
	store_open_ok(st);
	store_put(st, 0, 3, DLB_SHOWN);
}

struct steps {
	unsigned n, stop_at;
	uint64_t last;
};

static bool
step(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	struct steps *steps = ctx;

	assert_non_null(what);
	assert_true(done >= steps->last && done <= total);
	steps->last = done;
	return ++steps->n != steps->stop_at;
}

static void
an_interruption_leaves_nothing(void **state)
{
	struct store *st = *state;
	struct dlb_satchel_options o = {.slots = 16, .unlock = store_unlock};
	struct steps all = {0};
	struct dlb_progress progress = {&all, step};

	assert_int_equal(create(st, &o, &progress), DLB_OK);
	assert_true(all.n >= 3);
	assert_int_equal(
		dlb_span_remove(crash_fs_fs(st->disk), STORE_PATH, NULL),
		DLB_OK);
	for (unsigned n = 1; n <= all.n; n++) {
		struct steps steps = {.stop_at = n};

		progress.ctx = &steps;
		assert_int_equal(create(st, &o, &progress), DLB_CANCELLED);
		assert_false(is_there(st, STORE_PATH));
	}
}

/* The power is cut at each event: what is there then opens whole, or is random
 * bytes, or is not there. */
static void
cut_while_being_made(void **state)
{
	struct dlb_satchel_options o = {.slots = 16, .unlock = store_unlock};
	unsigned whole = 0, none = 0;

	(void)state;
	for (uint64_t k = 0;; k++) {
		struct store *st = store_on(crash_fs_new(1));
		enum dlb_status s;

		crash_fs_cut_at(st->disk, k);
		s = create(st, &o, NULL);
		for (unsigned i = 0; i < 8; i++) {
			struct store *then = store_on(crash_fs_clone(st->disk));
			enum dlb_status opens;

			crash_fs_power_on(then->disk,
				i == 0           ? CRASH_ALL
					: i == 1 ? CRASH_NONE
						 : CRASH_SEEDED,
				i);
			opens = store_open(then, true);
			if (opens == DLB_OK) {
				whole++;
				store_put(then, 0, 16, DLB_SHOWN);
				store_open_ok(then);
				assert_int_equal(store_count(then, 0, 16), 16);
			} else {
				none++;
				assert_int_equal(opens, DLB_NOT_FOUND);
				assert_int_not_equal(s, DLB_OK);
				/* What is left is in nobody's way. */
				assert_int_equal(
					create(then, &o, NULL), DLB_OK);
				store_open_ok(then);
			}
			store_free(then);
		}
		store_free(st);
		if (s == DLB_OK)
			break;
	}
	assert_true(whole > 8 && none > 8);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_size_or_by_slots),
		TEST(wrong_options),
		TEST(what_is_there_stays),
		TEST(several_files),
		cmocka_unit_test(a_failure_leaves_nothing),
		TEST(a_full_disk_leaves_nothing),
		TEST(an_interruption_leaves_nothing),
		cmocka_unit_test(cut_while_being_made),
	};

	dlb_pool_limit(1);
	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
