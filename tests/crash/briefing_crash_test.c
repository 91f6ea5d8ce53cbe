/*
 * A briefing's whole way, and that of its end, with the power cut on it: briefing, the
 * sender's meeting, the courier's meeting; revoking, and both meetings again. After each
 * cut everything opens, no cell is held that nothing knows, and going on leads to the
 * same: one trip, then none.
 */
#include "crash_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "briefings.h"

#define STRIDE 149

struct world {
	struct crash_world at; /* two homes that know each other, and a box */
	char alice[CRASH_PATH_MAX], ferry[CRASH_PATH_MAX], box[CRASH_PATH_MAX];
	int64_t ferry_id;
};

static void
keep_box(struct world *w)
{
	struct dlb_box box = {.name = "manchester", .place = "a shelf"};
	struct dlb_node *n = NULL;

	memset(box.root, 0x77, sizeof(box.root));
	must(w,
		crash_world_open(
			&w->at, crash_fs_fs(w->at.base), &n, w->alice));
	must(w, dlb_box_save(n->letterbox, &box, &w->at.err));
	must(w, dlb_letterbox_commit(n->letterbox, &w->at.err));
	dlb_node_close(n);
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct dlb_satchel_options so = {
		.slots = 320, .sparse = true, .unlock = open_to_all};

	assert_non_null(w);
	crash_world_begin(&w->at);
	crash_world_path(&w->at, w->alice, "alice");
	crash_world_path(&w->at, w->ferry, "ferry");
	crash_world_path(&w->at, w->box, "box.dlb");
	crash_world_real_file(w->box);
	crash_world_home(&w->at, w->alice, "alice", 40 << 20);
	crash_world_home(&w->at, w->ferry, "ferry", 40 << 20);
	w->ferry_id = crash_world_introduce(&w->at, w->alice, w->ferry, false);
	crash_world_introduce(&w->at, w->ferry, w->alice, false);
	keep_box(w);
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

/* ---- the steps --------------------------------------------------------------------- */

struct outcome {
	bool briefed, revoked; /* Alice was told that it is done */
	size_t rows, ended;    /* in her list; revoked ones of them */
	size_t trips, letters; /* at the ferry's; those that a person sees */
};

static bool
count_row(void *ctx, const struct dlb_briefed *b)
{
	struct outcome *o = ctx;

	o->rows++;
	o->ended += b->revoked_ms != 0;
	return true;
}

static bool
count_trip(void *ctx, const struct dlb_trip *trip)
{
	struct outcome *o = ctx;

	assert_string_equal(trip->box.place, "a shelf");
	o->trips++;
	return true;
}

static bool
count_in(void *ctx, const struct dlb_in_letter *letter)
{
	((struct outcome *)ctx)->letters += dlb_in_is_seen(letter);
	return true;
}

static enum dlb_status
look_at_rows(struct world *w, struct dlb_node *n, struct outcome *o)
{
	o->rows = o->ended = 0;
	return dlb_briefed_each(n->letterbox, count_row, o, &w->at.err);
}

static enum dlb_status
meet(struct world *w, struct dlb_node *n)
{
	struct dlb_meet_options mo = {.where = w->box};
	struct dlb_meet_result r;

	return dlb_node_meet(n, &mo, &r, NULL, &w->at.err);
}

static enum dlb_status
alice_step(struct world *w, struct dlb_fs *fs, struct outcome *o, bool revokes)
{
	static const char *const boxes[] = {"manchester"};
	struct dlb_brief_options bo = {.boxes = boxes,
		.boxes_n = 1,
		.last_day = (uint32_t)(CRASH_NOW_MS / DLB_DAY_MS) + 5};
	struct dlb_node *n = NULL;
	size_t ended;
	enum dlb_status st = crash_world_open(&w->at, fs, &n, w->alice);

	if (st == DLB_OK)
		st = look_at_rows(w, n, o);
	if (st == DLB_OK && o->rows == 0) {
		st = dlb_node_brief(n, w->ferry_id, &bo, &w->at.err);
		o->briefed |= st == DLB_OK;
	}
	if (st == DLB_OK && revokes && o->ended == 0) {
		st = dlb_node_brief_revoke(
			n, w->ferry_id, NULL, 0, &ended, &w->at.err);
		o->revoked |= st == DLB_OK;
	}
	if (st == DLB_OK)
		st = meet(w, n);
	dlb_node_close(n);
	return st;
}

static enum dlb_status
ferry_step(struct world *w, struct dlb_fs *fs, struct outcome *o)
{
	struct dlb_node *n = NULL;
	enum dlb_status st = crash_world_open(&w->at, fs, &n, w->ferry);

	if (st == DLB_OK)
		st = meet(w, n);
	o->trips = o->letters = 0;
	if (st == DLB_OK)
		st = dlb_trip_each(n->letterbox, count_trip, o, &w->at.err);
	if (st == DLB_OK)
		st = dlb_in_each(n->letterbox, count_in, o, &w->at.err);
	dlb_node_close(n);
	return st;
}

static enum dlb_status
whole_way(struct world *w, struct dlb_fs *fs, struct outcome *o)
{
	enum dlb_status st = alice_step(w, fs, o, false);

	if (st == DLB_OK)
		st = ferry_step(w, fs, o);
	if (st == DLB_OK)
		st = alice_step(w, fs, o, true);
	return st == DLB_OK ? ferry_step(w, fs, o) : st;
}

/* ---- the cuts ------------------------------------------------------------------------ */

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

/* Receipts, of one cell each. */
static bool
count_held_in(void *ctx, const struct dlb_in_letter *letter)
{
	struct holds *h = ctx;
	struct dlb_entry e;

	h->known +=
		dlb_satchel_entry(h->n->satchel,
			dlb_satchel_find(h->n->satchel, letter->head_name), &e)
		&& (e.flags & DLB_HELD);
	return true;
}

/* Nothing is held that no letter knows, and what was said to be done is. */
static void
look_at_alice(struct world *w, struct dlb_fs *fs, const struct outcome *before)
{
	struct dlb_satchel_info info;
	struct outcome o = {.rows = 0};
	struct holds h = {.known = 0};
	struct dlb_node *n = NULL;

	must(w, crash_world_open(&w->at, fs, &n, w->alice));
	must(w, look_at_rows(w, n, &o));
	assert_true(o.rows <= 1);
	if (before->briefed)
		assert_int_equal(o.rows, 1);
	if (before->revoked)
		assert_int_equal(o.ended, 1);
	h.n = n;
	must(w, dlb_out_each(n->letterbox, count_held, &h, &w->at.err));
	must(w, dlb_in_each(n->letterbox, count_held_in, &h, &w->at.err));
	dlb_node_satchel_info(n, &info);
	assert_int_equal(info.held, h.known);
	dlb_node_close(n);
}

static void
go_on(struct world *w, struct crash_fs *c, const struct outcome *before)
{
	struct dlb_fs *fs = crash_fs_fs(c);
	struct outcome o = *before;

	look_at_alice(w, fs, before);
	must(w, alice_step(w, fs, &o, false));
	must(w, ferry_step(w, fs, &o));
	assert_int_equal(o.letters, 0);
	assert_int_equal(o.trips, o.ended ? 0 : 1);
	for (int i = 0; i < 2; i++) {
		must(w, alice_step(w, fs, &o, true));
		must(w, ferry_step(w, fs, &o));
		assert_int_equal(o.trips, 0);
		assert_int_equal(o.letters, 0);
	}
}

static void
cut_at(struct world *w, uint64_t k, enum crash_fate fate, uint64_t number)
{
	struct crash_fs *c = crash_fs_clone(w->at.base), *after;
	struct outcome o = {.rows = 0};

	crash_fs_cut_at(c, k);
	if (whole_way(w, crash_fs_fs(c), &o) == DLB_OK)
		assert_false(crash_fs_is_cut(c));
	after = crash_fs_clone(c);
	crash_fs_free(c);
	crash_fs_power_on(after, fate, number);
	print_message("# cut at event %llu, fate %d/%llu\n",
		(unsigned long long)k, (int)fate, (unsigned long long)number);
	go_on(w, after, &o);
	crash_fs_free(after);
}

static void
no_cut_loses_or_doubles_a_trip(void **state)
{
	struct world *w = *state;
	struct crash_fs *c = crash_fs_clone(w->at.base);
	struct outcome o = {.rows = 0};
	uint64_t events;

	must(w, whole_way(w, crash_fs_fs(c), &o));
	assert_int_equal(o.trips, 0);
	assert_true(o.briefed && o.revoked);
	events = crash_fs_events(c);
	crash_fs_free(c);
	assert_true(events > STRIDE);
	for (uint64_t k = 0; k < events; k += STRIDE) {
		cut_at(w, k, CRASH_NONE, 0);
		cut_at(w, k + STRIDE / 3, CRASH_SEEDED, k);
		cut_at(w, k + 2 * STRIDE / 3, CRASH_ALL, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			no_cut_loses_or_doubles_a_trip, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
