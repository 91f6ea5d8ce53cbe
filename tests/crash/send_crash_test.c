/*
 * A letter that is sealed while single calls fail, as on a disk that is full for a moment:
 * it is there with all of its cells and that is what is said, or it is not and nothing is
 * left. A letter whose cells are gone would wait for ever.
 */
#include "crash_world.h"

#include <stdlib.h>
#include <string.h>

#define HOME_SIZE (24 << 20)
#define MESSAGE_LEN 65000

struct world {
	struct crash_world at; /* two homes, of which one knows the other */
	char alice[CRASH_PATH_MAX], bob[CRASH_PATH_MAX];
	int64_t bob_id;
	char message[MESSAGE_LEN]; /* two cells */
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	crash_world_begin(&w->at);
	crash_world_path(&w->at, w->alice, "alice");
	crash_world_path(&w->at, w->bob, "bob");
	crash_world_home(&w->at, w->alice, "alice", HOME_SIZE);
	crash_world_home(&w->at, w->bob, "bob", HOME_SIZE);
	w->bob_id = crash_world_introduce(&w->at, w->alice, w->bob, false);
	memset(w->message, 'x', sizeof(w->message));
	crash_fs_power_on(w->at.base, CRASH_ALL, 0);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	crash_world_end(&w->at);
	free(w);
	return 0;
}

struct found {
	struct dlb_node *n;
	size_t letters;
	uint32_t cells, held;
};

static bool
look_at_letter(void *ctx, const struct dlb_out_letter *letter)
{
	struct found *f = ctx;
	struct dlb_buf names = {0};
	struct dlb_entry e;

	f->letters++;
	f->cells += letter->cells;
	assert_int_equal(
		dlb_out_cells(f->n->letterbox, letter->number, &names, NULL),
		DLB_OK);
	for (size_t i = 0; i + DLB_NAME_LEN <= names.len; i += DLB_NAME_LEN)
		f->held +=
			dlb_satchel_entry(f->n->satchel,
				dlb_satchel_find(f->n->satchel, names.data + i),
				&e)
			&& (e.flags & DLB_HELD);
	dlb_buf_free(&names);
	return true;
}

/* How many letters there are: all of their cells are, and no others. */
static size_t
count(struct world *w, struct dlb_node *n)
{
	struct dlb_satchel_info info;
	struct found f = {.n = n};

	must(w, dlb_out_each(n->letterbox, look_at_letter, &f, &w->at.err));
	dlb_node_satchel_info(n, &info);
	assert_int_equal(f.held, f.cells);
	assert_int_equal(info.held, f.held);
	return f.letters;
}

/* In the home that is open, and in the next opening. */
static size_t
send(struct world *w, struct crash_fs *disk, uint64_t k, unsigned times)
{
	struct dlb_send_options o = {.message = w->message,
		.message_len = sizeof(w->message),
		.stdin_fd = -1};
	struct dlb_send_result result;
	struct dlb_node *n = NULL;
	enum dlb_status st;
	size_t letters;

	must(w, crash_world_open(&w->at, crash_fs_fs(disk), &n, w->alice));
	crash_fs_fail(disk, CRASH_WRITE | CRASH_SYNC | CRASH_NAME, k, times,
		DLB_NO_SPACE);
	st = dlb_node_send(
		n, w->bob_id, &o, &result, NULL, NULL, NULL, &w->at.err);
	if (times == 1) {
		letters = count(w, n);
		assert_int_equal(letters, st == DLB_OK);
	}
	dlb_node_close(n);
	return st == DLB_OK;
}

static void
all_is_there_or_nothing(void **state)
{
	struct world *w = *state;
	unsigned outcomes[2] = {0};
	bool failed = true;

	for (uint64_t k = 0; failed; k++) {
		struct crash_fs *disk = crash_fs_clone(w->at.base), *then;
		size_t sent = send(w, disk, k, 1);
		struct dlb_node *n = NULL;

		failed = crash_fs_failed(disk);
		then = crash_fs_clone(disk);
		must(w,
			crash_world_open(
				&w->at, crash_fs_fs(then), &n, w->alice));
		assert_int_equal(count(w, n), sent);
		outcomes[sent]++;
		dlb_node_close(n);
		crash_fs_free(then);
		crash_fs_free(disk);
	}
	assert_true(outcomes[0] > 5 && outcomes[1] > 2);
}

/* From one call on all fail: what is found in the end is whole, whatever was said. */
static void
a_disk_that_stays_full(void **state)
{
	struct world *w = *state;
	bool failed = true;

	for (uint64_t k = 0; failed; k++) {
		struct crash_fs *disk = crash_fs_clone(w->at.base), *then;
		size_t sent = send(w, disk, k, UINT64_MAX >> 40);
		struct dlb_node *n = NULL;

		failed = crash_fs_failed(disk);
		then = crash_fs_clone(disk);
		must(w,
			crash_world_open(
				&w->at, crash_fs_fs(then), &n, w->alice));
		assert_true(count(w, n) >= sent);
		dlb_node_close(n);
		crash_fs_free(then);
		crash_fs_free(disk);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(all_is_there_or_nothing),
		TEST(a_disk_that_stays_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
