/*
 * A letter's whole way, with the power cut on it: sending, the sender's meeting,
 * the reader's meeting. After each cut everything opens again, and going on
 * delivers the letter once: not lost, not doubled.
 *
 * Every sync is cut at, and of the writes in between each STRIDE-th, as one cell
 * stored is like the next.
 */
#include "crash_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STRIDE 37
#define MESSAGE "meet at the usual place"

struct world {
	struct crash_world at; /* two homes that know each other, and a box */
	char alice[CRASH_PATH_MAX], bob[CRASH_PATH_MAX], box[CRASH_PATH_MAX];
	int64_t bob_id;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct dlb_satchel_options so = {
		.slots = 448, .sparse = true, .unlock = open_to_all};

	assert_non_null(w);
	crash_world_begin(&w->at);
	crash_world_path(&w->at, w->alice, "alice");
	crash_world_path(&w->at, w->bob, "bob");
	crash_world_path(&w->at, w->box, "box.dlb");
	crash_world_real_file(w->box);
	crash_world_home(&w->at, w->alice, "alice", 56 << 20);
	crash_world_home(&w->at, w->bob, "bob", 56 << 20);
	w->bob_id = crash_world_introduce(&w->at, w->alice, w->bob, true);
	must(w,
		dlb_satchel_create(crash_fs_fs(w->at.base), w->box, &so,
			&w->at.env.env, NULL, &w->at.err));
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

/* ---- the three steps -------------------------------------------------------------- */

struct outcome {
	bool acknowledged; /* send said that it is done */
	size_t sent;       /* letters to bob that alice's letterbox knows */
	size_t received, complete;
};

static bool
count_out(void *ctx, const struct dlb_out_letter *letter)
{
	struct outcome *o = ctx;

	o->sent += letter->to != 0;
	return true;
}

static bool
count_in(void *ctx, const struct dlb_in_letter *letter)
{
	struct outcome *o = ctx;

	o->received++;
	o->complete +=
		letter->state == DLB_IN_UNREAD || letter->state == DLB_IN_READ;
	return true;
}

static enum dlb_status
send_step(struct world *w, struct dlb_node *n, struct outcome *o)
{
	struct dlb_send_options so = {.message = MESSAGE,
		.message_len = sizeof(MESSAGE) - 1,
		.stdin_fd = -1};
	struct dlb_send_result r;
	enum dlb_status st;

	o->sent = 0;
	st = dlb_out_each(dlb_node_letterbox(n), count_out, o, &w->at.err);
	if (st != DLB_OK || o->sent)
		return st;
	st = dlb_node_send(n, w->bob_id, &so, &r, NULL, NULL, NULL, &w->at.err);
	if (st == DLB_OK)
		o->acknowledged = true;
	return st;
}

static enum dlb_status
meet_step(struct world *w, struct dlb_node *n)
{
	struct dlb_meet_options mo = {.where = w->box};
	struct dlb_meet_result r;

	return dlb_node_meet(n, &mo, &r, NULL, &w->at.err);
}

static enum dlb_status
alice_step(struct world *w, struct dlb_fs *fs, struct outcome *o)
{
	struct dlb_node *n = NULL;
	enum dlb_status st;

	st = dlb_node_open_on(
		&n, fs, w->alice, &open_to_all, 0, &w->at.env.env, &w->at.err);
	if (st == DLB_OK)
		st = send_step(w, n, o);
	if (st == DLB_OK)
		st = meet_step(w, n);
	dlb_node_close(n);
	return st;
}

static enum dlb_status
bob_step(struct world *w, struct dlb_fs *fs, struct outcome *o)
{
	struct dlb_node *n = NULL;
	enum dlb_status st;

	st = dlb_node_open_on(
		&n, fs, w->bob, &open_to_all, 0, &w->at.env.env, &w->at.err);
	if (st == DLB_OK)
		st = meet_step(w, n);
	o->received = o->complete = 0;
	if (st == DLB_OK)
		st = dlb_in_each(
			dlb_node_letterbox(n), count_in, o, &w->at.err);
	dlb_node_close(n);
	return st;
}

static void
read_step(struct world *w, struct dlb_fs *fs)
{
	struct dlb_read_options ro = {.directory = w->at.dir, .fd = -1};
	struct dlb_read_result r;
	struct dlb_node *n = NULL;

	must(w,
		dlb_node_open_on(&n, fs, w->bob, &open_to_all, 0,
			&w->at.env.env, &w->at.err));
	must(w, dlb_node_read(n, 1, &ro, &r, NULL, &w->at.err));
	assert_int_equal(r.message.len, sizeof(MESSAGE) - 1);
	assert_memory_equal(r.message.data, MESSAGE, sizeof(MESSAGE) - 1);
	dlb_buf_free(&r.message);
	dlb_node_close(n);
}

/* ---- the cuts ------------------------------------------------------------------------- */

/* Cells that are held and that a letter, or cover that waits, knows. */
struct holds {
	struct dlb_node *n;
	uint32_t known;
};

static bool
count_held(void *ctx, const struct dlb_out_letter *letter)
{
	struct holds *h = ctx;
	struct dlb_buf names = {0};
	struct dlb_entry e;

	assert_int_equal(
		dlb_out_cells(h->n->letterbox, letter->number, &names, NULL),
		DLB_OK);
	for (size_t i = 0; i + DLB_NAME_LEN <= names.len; i += DLB_NAME_LEN)
		h->known +=
			dlb_satchel_entry(h->n->satchel,
				dlb_satchel_find(h->n->satchel, names.data + i),
				&e)
			&& (e.flags & DLB_HELD);
	dlb_buf_free(&names);
	return true;
}

/* What must hold after any cut: all opens, nothing acknowledged is lost, what
 * sealing left behind is gone, and going on delivers once. */
static void
go_on(struct world *w, struct crash_fs *c, bool acknowledged)
{
	struct outcome o = {0};
	struct dlb_satchel_info info;
	struct holds h = {0};
	struct dlb_node *n = NULL;
	struct dlb_fs *fs = crash_fs_fs(c);

	must(w,
		dlb_node_open_on(&n, fs, w->alice, &open_to_all, 0,
			&w->at.env.env, &w->at.err));
	must(w, dlb_out_each(dlb_node_letterbox(n), count_out, &o, &w->at.err));
	if (acknowledged)
		assert_int_equal(o.sent, 1);
	dlb_node_satchel_info(n, &info);
	h.n = n;
	must(w,
		dlb_out_each(
			dlb_node_letterbox(n), count_held, &h, &w->at.err));
	assert_int_equal(info.held, h.known);
	assert_true(h.known >= o.sent);
	assert_int_equal(info.damaged, 0);
	dlb_node_close(n);
	/* The second time round nothing comes twice. */
	for (int i = 0; i < 2; i++) {
		must(w, alice_step(w, fs, &o));
		must(w, bob_step(w, fs, &o));
		assert_int_equal(o.received, 1);
		assert_int_equal(o.complete, 1);
	}
	read_step(w, fs);
}

static void
cut_at(struct world *w, uint64_t k, enum crash_fate fate, uint64_t number)
{
	struct crash_fs *c = crash_fs_clone(w->at.base), *after;
	struct outcome o = {0};

	crash_fs_cut_at(c, k);
	if (alice_step(w, crash_fs_fs(c), &o) == DLB_OK
		&& bob_step(w, crash_fs_fs(c), &o) == DLB_OK)
		assert_false(crash_fs_is_cut(c));
	after = crash_fs_clone(c);
	crash_fs_free(c);
	crash_fs_power_on(after, fate, number);
	print_message("# cut at event %llu, fate %d/%llu\n",
		(unsigned long long)k, (int)fate, (unsigned long long)number);
	go_on(w, after, o.acknowledged);
	crash_fs_free(after);
}

/* Events of the whole way when nothing fails. */
static uint64_t
count_events(struct world *w)
{
	struct crash_fs *c = crash_fs_clone(w->at.base);
	struct outcome o = {0};
	uint64_t events;

	must(w, alice_step(w, crash_fs_fs(c), &o));
	must(w, bob_step(w, crash_fs_fs(c), &o));
	assert_int_equal(o.complete, 1);
	events = crash_fs_events(c);
	crash_fs_free(c);
	return events;
}

static void
no_cut_loses_or_doubles_a_letter(void **state)
{
	struct world *w = *state;
	uint64_t events = count_events(w);

	assert_true(events > STRIDE);
	for (uint64_t k = 0; k < events; k += STRIDE) {
		cut_at(w, k, CRASH_NONE, 0);
		cut_at(w, k + STRIDE / 3, CRASH_SEEDED, k);
		cut_at(w, k + 2 * STRIDE / 3, CRASH_ALL, 0);
	}
}

static void
a_full_disk_loses_nothing(void **state)
{
	struct world *w = *state;

	for (uint64_t kib = 0; kib < 600; kib += 97) {
		struct crash_fs *c = crash_fs_clone(w->at.base);
		struct outcome o = {0};

		crash_fs_space(c, kib << 10);
		if (alice_step(w, crash_fs_fs(c), &o) == DLB_OK
			&& bob_step(w, crash_fs_fs(c), &o) != DLB_OK)
			assert_int_equal(w->at.err.status, DLB_NO_SPACE);
		crash_fs_space(c, UINT64_MAX);
		go_on(w, c, o.acknowledged);
		crash_fs_free(c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			no_cut_loses_or_doubles_a_letter, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_full_disk_loses_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
