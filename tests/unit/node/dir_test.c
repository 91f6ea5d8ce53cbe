/* A directory of single cells as a box. */
#include "home_fixture.h"

#include "cell_dir.h"
#include "object.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
make_box(struct fixture *f, struct dlb_node *n, uint64_t size)
{
	struct dlb_box_options o = {.cells = true,
		.size = size,
		.unlock = {.kind = DLB_UNLOCK_OPEN}};
	struct dlb_box box;
	uint64_t made;

	fixture_mkdir(f, "sync");
	o.path = fixture_path(f, "sync");
	assert_dlb_ok(
		f, dlb_node_box_create(n, &o, &box, &made, NULL, &f->err));
	assert_int_equal(dlb_node_box_create(n, &o, &box, &made, NULL, &f->err),
		DLB_EXISTS);
}

static struct dlb_meet_result
meet(struct fixture *f, struct dlb_node *n)
{
	struct dlb_meet_options o = {.where = fixture_path(f, "sync")};
	struct dlb_meet_result r;

	assert_dlb_ok(f, dlb_node_meet(n, &o, &r, NULL, &f->err));
	return r;
}

static void
a_letter_goes_through_a_folder(void **state)
{
	struct fixture *f = *state;
	struct dlb_in_letter letter;
	struct dlb_meet_result r;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	make_box(f, n, 32 << 20);
	fixture_file(f, "photo.jpg", 300000, 7);
	fixture_send(f, n, bob, "photo.jpg", "by folder");
	r = meet(f, n);
	assert_int_equal(r.given, 64);
	/* Nothing comes back. */
	r = meet(f, n);
	assert_int_equal(r.taken, 0);
	assert_int_equal(r.given, 64);
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	r = meet(f, n);
	assert_int_equal(r.taken, 128);
	assert_int_equal(r.letters_complete, 1);
	assert_int_equal(fixture_inbox(n, &letter), 1);
	assert_int_equal(letter.state, DLB_IN_UNREAD);
	r = meet(f, n);
	assert_int_equal(r.letters_new, 0);
	assert_int_equal(fixture_inbox(n, NULL), 1);
	dlb_node_close(n);
}

static char *
list(struct fixture *f, size_t *n)
{
	char *names;

	assert_dlb_ok(f,
		dlb_cell_dir_list(&names, n, fixture_path(f, "sync"),
			DLB_OBJECT_LEN, &f->err));
	return names;
}

static void
object(char out[512], struct fixture *f, const char *name)
{
	snprintf(out, 512, "%s/%s", fixture_path(f, "sync"), name);
}

/* What others put there, or a sync made of it: nothing of it is taken, and the rest
 * is. */
static void
strange_objects_do_no_harm(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf bytes = {0};
	struct dlb_meet_result r;
	struct dlb_node *n;
	char path[512], other[512], *names;
	size_t count;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "alice");
	make_box(f, n, 32 << 20);
	meet(f, n);
	dlb_node_close(n);
	names = list(f, &count);
	assert_int_equal(count, 64);
	/* One flipped, one cut off, one under the name of another, a link, a
	 * folder, a name of no object. */
	object(path, f, names);
	assert_dlb_ok(f,
		dlb_file_load(
			&bytes, dlb_fs_posix(), path, DLB_OBJECT_LEN, &f->err));
	bytes.data[30000] ^= 1;
	assert_dlb_ok(f,
		dlb_file_replace(
			dlb_fs_posix(), path, bytes.data, bytes.len, &f->err));
	object(path, f, names + DLB_CELL_DIR_NAME);
	assert_int_equal(truncate(path, 1000), 0);
	object(path, f, names + 2 * DLB_CELL_DIR_NAME);
	object(other, f, "00000000000000000000000000000000");
	assert_int_equal(rename(path, other), 0);
	object(path, f, names + 3 * DLB_CELL_DIR_NAME);
	object(other, f, "00000000000000000000000000000001");
	assert_int_equal(symlink(path, other), 0);
	object(other, f, "00000000000000000000000000000002");
	assert_int_equal(mkdir(other, 0700), 0);
	object(other, f, "conflicted copy.txt");
	assert_dlb_ok(
		f, dlb_file_replace(dlb_fs_posix(), other, "x", 1, &f->err));
	n = fixture_open(f, "bob");
	r = meet(f, n);
	assert_int_equal(r.taken, 61);
	assert_int_equal(r.refused, 2);
	dlb_node_close(n);
	dlb_buf_free(&bytes);
	free(names);
	object(other, f, "00000000000000000000000000000002");
	rmdir(other);
}

static void
a_full_folder_takes_no_more(void **state)
{
	struct fixture *f = *state;
	struct dlb_meet_result r;
	struct dlb_node *n;
	size_t count;

	fixture_home(f, "alice", false);
	n = fixture_open(f, "alice");
	make_box(f, n, 40 * DLB_OBJECT_LEN);
	r = meet(f, n);
	assert_int_equal(r.given, 40);
	assert_int_equal(r.not_given, 24);
	free(list(f, &count));
	assert_int_equal(count, 40);
	/* What was not given waits. */
	assert_int_equal(meet(f, n).given, 0);
	dlb_node_close(n);
}

static void
what_has_expired_is_removed(void **state)
{
	struct fixture *f = *state;
	struct dlb_meet_options o = {
		.where = fixture_path(f, "sync"), .collect_only = true};
	struct dlb_meet_result r;
	struct dlb_node *n;
	size_t count;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "alice");
	make_box(f, n, 32 << 20);
	meet(f, n);
	dlb_node_close(n);
	/* A clock that jumps is not trusted: nothing is removed. */
	f->env.now_ms += 20 * DLB_WEEK_MS;
	n = fixture_open(f, "bob");
	assert_dlb_ok(f, dlb_node_meet(n, &o, &r, NULL, &f->err));
	free(list(f, &count));
	assert_int_equal(count, 64);
	assert_dlb_ok(f, dlb_clock_confirm(n->letterbox, &f->err));
	assert_dlb_ok(f, dlb_node_look_at_clock(n, &f->err));
	assert_dlb_ok(f, dlb_node_meet(n, &o, &r, NULL, &f->err));
	free(list(f, &count));
	assert_int_equal(count, 0);
	assert_int_equal(r.taken, 0);
	dlb_node_close(n);
}

static void
the_lock_opens_as_it_should(void **state)
{
	struct fixture *f = *state;
	static const char file[] = "a key file of the tests, with 40 bytes..";
	const struct dlb_unlock key = {DLB_UNLOCK_KEYFILE, file, sizeof(file)};
	const struct dlb_unlock open = {.kind = DLB_UNLOCK_OPEN};
	uint8_t lock[DLB_OBJECT_LOCK_LEN], root[32], got[32];
	struct dlb_unlock by_root = {DLB_UNLOCK_ROOT, root, sizeof(root)};
	uint64_t max;

	memset(root, 5, sizeof(root));
	assert_dlb_ok(f,
		dlb_object_lock_make(
			lock, root, 77, &key, &f->env.env, &f->err));
	assert_dlb_ok(f, dlb_object_lock_open(got, &max, lock, &key, &f->err));
	assert_memory_equal(got, root, 32);
	assert_int_equal(max, 77);
	assert_dlb_ok(
		f, dlb_object_lock_open(got, &max, lock, &by_root, &f->err));
	assert_int_equal(dlb_object_lock_open(got, &max, lock, &open, &f->err),
		DLB_WRONG_KEY);
	root[0] ^= 1;
	assert_int_equal(
		dlb_object_lock_open(got, &max, lock, &by_root, &f->err),
		DLB_WRONG_KEY);
	for (size_t i = 0; i < sizeof(lock); i += 7) {
		lock[i] ^= 0x10;
		root[0] ^= 1;
		assert_int_equal(dlb_object_lock_open(
					 got, &max, lock, &by_root, &f->err),
			DLB_WRONG_KEY);
		root[0] ^= 1;
		lock[i] ^= 0x10;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_letter_goes_through_a_folder,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(strange_objects_do_no_harm,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_full_folder_takes_no_more,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_has_expired_is_removed,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_lock_opens_as_it_should,
			fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("folder", tests, NULL, NULL);
}
