/*
 * What a node takes, keeps and leaves does not depend on its letterbox: a reader and a
 * courier who meet the same stick are left with the same cells, and so is the stick.
 */
#include "home_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What can be seen of a cell by who has all keys but the letterbox's. */
struct seen {
	uint8_t name[16];
	uint16_t expiry_week;
	uint8_t flags, copies;
	uint32_t origin;
};

static int
compare_seen(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

/* All that is shown, but for what this home added itself. */
static size_t
look(struct seen *out, const struct dlb_satchel *s, const struct seen *only,
	size_t only_n)
{
	struct dlb_entry e;
	size_t n = 0;

	for (uint32_t at = 0; dlb_satchel_next(s, at, DLB_SHOWN, &e);
		at = e.number + 1) {
		struct seen *one = &out[n];

		memset(one, 0, sizeof(*one));
		memcpy(one->name, e.name, sizeof(one->name));
		if (only
			&& !bsearch(
				one, only, only_n, sizeof(*one), compare_seen))
			continue;
		one->expiry_week = e.expiry_week;
		one->flags = e.flags & (DLB_SHOWN | DLB_LOOK);
		one->copies = e.copies;
		one->origin = e.origin;
		n++;
	}
	qsort(out, n, sizeof(*out), compare_seen);
	return n;
}

static struct dlb_satchel *
open_stick(struct fixture *f, const char *stick)
{
	const struct dlb_unlock open = {.kind = DLB_UNLOCK_OPEN};
	struct dlb_satchel *s;
	char path[512];

	snprintf(path, sizeof(path), "%s/box.dlb", fixture_path(f, stick));
	assert_dlb_ok(f,
		dlb_satchel_open(&s, dlb_fs_posix(), path, &open, false, 0,
			&f->env.env, &f->err));
	return s;
}

static void
copy_stick(struct fixture *f, const char *from, const char *to)
{
	struct dlb_buf bytes = {0};
	char path[512];

	snprintf(path, sizeof(path), "%s/box.dlb", fixture_path(f, from));
	assert_dlb_ok(f,
		dlb_file_load(&bytes, dlb_fs_posix(), path, 64 << 20, &f->err));
	fixture_mkdir(f, to);
	snprintf(path, sizeof(path), "%s/box.dlb", fixture_path(f, to));
	assert_dlb_ok(f,
		dlb_file_replace(
			dlb_fs_posix(), path, bytes.data, bytes.len, &f->err));
	dlb_buf_free(&bytes);
}

#define CELLS_MAX 512

static void
a_reader_and_a_courier_are_left_with_the_same(void **state)
{
	static struct seen stick[CELLS_MAX], home[2][CELLS_MAX],
		left[2][CELLS_MAX];
	static const char *const who[] = {"bob", "carol"};
	static const char *const where[] = {"for bob", "for carol"};
	struct fixture *f = *state;
	struct dlb_meet_result r[2];
	struct dlb_satchel *s;
	struct dlb_node *n;
	int64_t bob;
	size_t stick_n;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_home(f, "carol", true);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 16);
	fixture_file(f, "photo.jpg", 1500000, 7);
	fixture_send(f, n, bob, "photo.jpg", "for bob alone");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	s = open_stick(f, "usb");
	stick_n = look(stick, s, NULL, 0);
	dlb_satchel_close(s);
	assert_int_equal(stick_n, 64);
	for (int i = 0; i < 2; i++) {
		copy_stick(f, "usb", where[i]);
		n = fixture_open(f, who[i]);
		r[i] = fixture_meet(f, n, where[i]);
		assert_int_equal(
			look(home[i], n->satchel, stick, stick_n), stick_n);
		dlb_node_close(n);
		s = open_stick(f, where[i]);
		assert_int_equal(look(left[i], s, stick, stick_n), stick_n);
		dlb_satchel_close(s);
	}
	/* One of them has a letter, and nothing else tells. */
	assert_int_equal(r[0].letters_complete, 1);
	assert_int_equal(r[1].letters_complete, 0);
	assert_int_equal(r[0].given, r[1].given);
	assert_int_equal(r[0].taken, r[1].taken);
	assert_memory_equal(home[0], home[1], stick_n * sizeof(stick[0]));
	assert_memory_equal(left[0], left[1], stick_n * sizeof(stick[0]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_reader_and_a_courier_are_left_with_the_same,
			fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("blind", tests, NULL, NULL);
}
