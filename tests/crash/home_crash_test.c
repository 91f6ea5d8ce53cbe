/*
 * Making a home, with the power cut at every event: the home is there, whole, or a
 * second try makes it; and a home that has lost its letterbox is not made anew over
 * what it carries. A satchel that is made in another size is the old one or the new
 * one, with all that it held.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash_fs.h"
#include "node_internal.h"

#define NOW_MS 1795521600000LL

static const struct dlb_unlock open_to_all = {.kind = DLB_UNLOCK_OPEN};
static struct dlb_env_seeded env;
static char home[128];

static enum dlb_status
make(struct crash_fs *disk, struct dlb_error *err)
{
	struct dlb_home_options o = {.name = "ann",
		.size = 24 << 20,
		.sparse = true,
		.unlock = open_to_all};
	struct dlb_node *n = NULL;
	enum dlb_status st = dlb_node_create_on(
		&n, crash_fs_fs(disk), home, &o, &env.env, NULL, err);

	dlb_node_close(n);
	return st;
}

static enum dlb_status
open_home(struct crash_fs *disk, struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	enum dlb_status st = dlb_node_open_on(
		&n, crash_fs_fs(disk), home, &open_to_all, 0, &env.env, err);

	if (st == DLB_OK)
		assert_true(dlb_letterbox_is_person(dlb_node_letterbox(n)));
	dlb_node_close(n);
	return st;
}

static bool
has(struct crash_fs *disk, const char *name)
{
	struct dlb_fs *fs = crash_fs_fs(disk);
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", home, name);
	return fs->ops->stat(fs, path, NULL, NULL, NULL) == DLB_OK;
}

static void
is_tidy(struct crash_fs *disk)
{
	assert_true(has(disk, "satchel"));
	assert_false(has(disk, "making"));
	assert_false(has(disk, "satchel.new"));
	assert_false(has(disk, "letterbox.new"));
	assert_false(has(disk, "ring.new"));
}

static void
making_one_is_whole_or_made_again(void **state)
{
	unsigned whole = 0, again = 0;
	bool cut = true;

	(void)state;
	for (uint64_t k = 0; cut; k++) {
		struct crash_fs *disk = crash_fs_new(k);
		struct dlb_error err = {0};
		enum dlb_status made;

		crash_fs_cut_at(disk, k);
		made = make(disk, &err);
		cut = crash_fs_is_cut(disk);
		for (unsigned i = 0; i < 5; i++) {
			struct crash_fs *then = crash_fs_clone(disk);
			enum dlb_status st;

			crash_fs_power_on(then,
				i == 0           ? CRASH_ALL
					: i == 1 ? CRASH_NONE
						 : CRASH_SEEDED,
				i);
			st = open_home(then, &err);
			if (st == DLB_OK) {
				whole++;
			} else {
				assert_int_not_equal(made, DLB_OK);
				assert_int_equal(st, DLB_NOT_FOUND);
				if (make(then, &err) != DLB_OK)
					fail_msg("event %u: %s", (unsigned)k,
						err.msg);
				assert_int_equal(open_home(then, &err), DLB_OK);
				again++;
			}
			is_tidy(then);
			crash_fs_free(then);
		}
		crash_fs_free(disk);
	}
	assert_true(whole > 5 && again > 5);
}

static void
a_lost_letterbox_costs_no_satchel(void **state)
{
	struct crash_fs *disk = crash_fs_new(1);
	struct dlb_fs *fs = crash_fs_fs(disk);
	struct dlb_error err = {0};
	char path[256];

	(void)state;
	assert_int_equal(make(disk, &err), DLB_OK);
	snprintf(path, sizeof(path), "%s/letterbox", home);
	assert_int_equal(fs->ops->remove(fs, path, &err), DLB_OK);
	assert_int_equal(make(disk, &err), DLB_CORRUPT);
	assert_non_null(strstr(err.msg, "from a copy"));
	assert_true(has(disk, "satchel"));
	assert_true(has(disk, "ring"));
	crash_fs_free(disk);
}

#define CELLS 40

static struct dlb_node *
must_open(struct crash_fs *disk)
{
	struct dlb_error err = {0};
	struct dlb_node *n = NULL;

	if (dlb_node_open_on(&n, crash_fs_fs(disk), home, &open_to_all, 0,
		    &env.env, &err)
		!= DLB_OK)
		fail_msg("%s", err.msg);
	return n;
}

/* Cover, and no letter of it: half carried, half held. */
static void
fill(struct crash_fs *disk)
{
	struct dlb_node *n = must_open(disk);
	struct dlb_satchel_item items[CELLS] = {0};
	struct dlb_error err;

	for (size_t i = 0; i < CELLS; i++) {
		uint8_t *cell = dlb_node_cell(n, i);

		dlb_random(&env.env, cell, DLB_CELL_LEN);
		items[i].cell = cell;
		items[i].flags = i % 2 ? DLB_SHOWN : DLB_HELD | DLB_OWN;
		items[i].copies = (uint8_t)i;
		items[i].searched = 3;
		items[i].arrived_week = (uint16_t)(100 + i);
		items[i].origin = (uint32_t)i % 5;
		dlb_cell_name(items[i].core, items[i].name, cell);
	}
	assert_int_equal(
		dlb_satchel_put(n->satchel, items, CELLS, 0, &err), DLB_OK);
	dlb_node_close(n);
}

/* What is said of each cell, in an order that is the same in every satchel. */
static void
list(struct crash_fs *disk, struct dlb_entry out[static CELLS], uint64_t *size)
{
	struct dlb_node *n = must_open(disk);
	struct dlb_satchel_info info;
	struct dlb_error err;
	struct dlb_entry e;
	size_t count = 0;
	uint32_t dropped;

	assert_int_equal(
		dlb_satchel_scrub(n->satchel, &dropped, NULL, &err), DLB_OK);
	assert_int_equal(dropped, 0);
	for (uint32_t at = 0;
		dlb_satchel_next(n->satchel, at, DLB_SHOWN | DLB_HELD, &e);
		at++) {
		size_t i = count++;

		assert_true(count <= CELLS);
		at = e.number;
		e.number = 0;
		for (; i > 0 && memcmp(out[i - 1].name, e.name, 16) > 0; i--)
			out[i] = out[i - 1];
		out[i] = e;
	}
	assert_int_equal(count, CELLS);
	dlb_satchel_info(n->satchel, &info);
	*size = info.size;
	dlb_node_close(n);
}

static enum dlb_status
resize(struct crash_fs *disk, uint64_t size)
{
	struct dlb_node *n = NULL;
	struct dlb_damage damage;
	struct dlb_error err = {0};
	enum dlb_status st = dlb_node_open_on(
		&n, crash_fs_fs(disk), home, &open_to_all, 0, &env.env, &err);

	if (st == DLB_OK)
		st = dlb_node_satchel_resize(
			n, size, true, &damage, NULL, &err);
	dlb_node_close(n);
	return st;
}

static void
another_size_loses_nothing(void **state)
{
	struct dlb_entry before[CELLS] = {0}, after[CELLS] = {0};
	struct crash_fs *base = crash_fs_new(1);
	unsigned old = 0, larger = 0;
	uint64_t was, size;
	struct dlb_error err;
	bool cut = true;

	(void)state;
	assert_int_equal(make(base, &err), DLB_OK);
	fill(base);
	list(base, before, &was);
	crash_fs_power_on(base, CRASH_ALL, 0);
	for (uint64_t k = 0; cut; k++) {
		struct crash_fs *disk = crash_fs_clone(base);

		crash_fs_cut_at(disk, k);
		(void)!resize(disk, 48 << 20);
		cut = crash_fs_is_cut(disk);
		for (unsigned i = 0; i < 2; i++) {
			struct crash_fs *then = crash_fs_clone(disk);

			crash_fs_power_on(then,
				i == 0          ? CRASH_SEEDED
					: k % 2 ? CRASH_NONE
						: CRASH_ALL,
				(unsigned)k);
			list(then, after, &size);
			assert_memory_equal(after, before, sizeof(before));
			old += size == was;
			larger += size > was;
			is_tidy(then);
			assert_false(has(then, "satchel.next"));
			assert_false(has(then, "satchel.next.new"));
			if (k % 4 == 0) {
				assert_int_equal(
					resize(then, 24 << 20), DLB_OK);
				list(then, after, &size);
				assert_memory_equal(
					after, before, sizeof(before));
			}
			crash_fs_free(then);
		}
		crash_fs_free(disk);
	}
	assert_true(old > 5 && larger > 5);
	crash_fs_free(base);
}

static void
a_failure_leaves_nothing(void **state)
{
	bool failed = true;

	(void)state;
	for (uint64_t k = 0; failed; k++) {
		struct crash_fs *disk = crash_fs_new(1), *then;
		struct dlb_error err = {0};
		enum dlb_status st;

		crash_fs_fail(disk, CRASH_ANY, k, 1, DLB_NO_SPACE);
		st = make(disk, &err);
		failed = crash_fs_failed(disk);
		then = crash_fs_clone(disk);
		if (st != DLB_OK) {
			assert_false(has(then, "letterbox"));
			assert_false(has(then, "satchel"));
			if (make(then, &err) != DLB_OK)
				fail_msg(
					"failure %u: %s", (unsigned)k, err.msg);
		}
		assert_int_equal(open_home(then, &err), DLB_OK);
		is_tidy(then);
		crash_fs_free(then);
		crash_fs_free(disk);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(making_one_is_whole_or_made_again),
		cmocka_unit_test(a_lost_letterbox_costs_no_satchel),
		cmocka_unit_test(another_size_loses_nothing),
		cmocka_unit_test(a_failure_leaves_nothing),
	};
	int result;

	dlb_pool_limit(1);
	if (dlb_base_init() != DLB_OK)
		return 1;
	dlb_env_seeded_init(&env, 5, NOW_MS);
	/* Directories are made on the real disk. */
	snprintf(home, sizeof(home), "/tmp/dlb-crash-XXXXXX");
	if (!mkdtemp(home))
		return 1;
	result = cmocka_run_group_tests(tests, NULL, NULL);
	if (rmdir(home) != 0)
		print_message("# the home is gone already\n");
	return result;
}
