#include "satchel_work.h"

#include <stdlib.h>
#include <string.h>

struct dlb_unlock
work_keyfile(unsigned i)
{
	static char files[8][40];

	assert_true(i < 8);
	memset(files[i], 'a' + (int)i, sizeof(files[i]));
	return (struct dlb_unlock){
		DLB_UNLOCK_KEYFILE, files[i], sizeof(files[i])};
}

void
work_state_read(struct work_state *out, struct store *st, unsigned unlocks)
{
	struct dlb_entry e;

	memset(out, 0, sizeof(*out));
	out->unlocks = unlocks;
	for (uint32_t at = 0;
		dlb_satchel_next(st->s, at, DLB_SHOWN | DLB_HELD, &e);
		at = e.number + 1) {
		int i = test_cell_named(e.name);

		assert_true(i >= 0);
		out->cells[i].there = true;
		out->cells[i].flags = e.flags;
		out->cells[i].copies = e.copies;
	}
	for (unsigned i = 0; i < TEST_OLD; i++)
		out->cells[i].refused = dlb_satchel_refuses(
			st->s, test_cell(i)->name, NULL, STORE_WEEK, st->aead);
}

/* ---- the steps ------------------------------------------------------------------------ */

static enum dlb_status
step_put(struct store *st, const struct work_step *step)
{
	struct dlb_satchel_item items[TEST_CELLS];

	for (unsigned i = 0; i < step->n; i++) {
		items[i] = test_item(step->first + i, step->flags);
		items[i].copies = step->copies;
	}
	if (step->kind == WORK_ADD)
		return dlb_satchel_add(
			st->s, items, step->n, STORE_WEEK, &st->err);
	return store_put_items(st, items, step->n);
}

static enum dlb_status
step_change(struct store *st, const struct work_step *step)
{
	struct dlb_satchel_change changes[TEST_CELLS];
	unsigned n = 0;

	for (unsigned i = step->first; i < step->first + step->n; i++) {
		uint32_t number = dlb_satchel_find(st->s, test_cell(i)->name);

		if (number == DLB_NO_ENTRY)
			continue;
		changes[n++] = (struct dlb_satchel_change){.number = number,
			.flags = step->kind == WORK_REMOVE ? 0 : step->flags,
			.copies = step->copies};
	}
	return dlb_satchel_update(st->s, changes, n, &st->err);
}

static enum dlb_status
step_recall(struct store *st, const struct work_step *step)
{
	struct dlb_satchel_token tokens[TEST_CELLS];

	for (unsigned i = 0; i < step->n; i++) {
		tokens[i] = test_token(step->first + i);
		tokens[i].own = step->flags != 0;
		memcpy(tokens[i].name, test_cell(step->first + i)->name, 32);
		tokens[i].expiry_week = STORE_EXPIRY;
	}
	return dlb_satchel_recall(st->s, tokens, step->n, STORE_WEEK, &st->err);
}

static enum dlb_status
do_step(struct store *st, const struct work_step *step, unsigned *unlocks)
{
	struct dlb_unlock unlock;
	enum dlb_status s;
	uint32_t dropped;

	switch (step->kind) {
	case WORK_PUT:
	case WORK_ADD:
		return step_put(st, step);
	case WORK_COMMIT:
		return dlb_satchel_commit(st->s, &st->err);
	case WORK_CHANGE:
	case WORK_REMOVE:
		return step_change(st, step);
	case WORK_RECALL:
		return step_recall(st, step);
	case WORK_UNLOCK:
		unlock = work_keyfile(*unlocks);
		s = dlb_satchel_add_unlock(st->s, &unlock, &st->err);
		*unlocks += s == DLB_OK;
		return s;
	case WORK_SCRUB:
		return dlb_satchel_scrub(st->s, &dropped, NULL, &st->err);
	case WORK_REOPEN:
		return store_open(st, true);
	}
	abort();
}

unsigned
work_run(const struct work *w, struct crash_fs *disk, struct work_state *states)
{
	struct store *st = store_on(disk);
	unsigned done = 0, unlocks = 0;

	dlb_env_seeded_init(&st->seeded, 2, STORE_NOW_MS);
	if (store_open(st, true) != DLB_OK)
		goto out;
	if (states)
		work_state_read(&states[0], st, 0);
	while (done < w->n
		&& do_step(st, &w->steps[done], &unlocks) == DLB_OK) {
		done++;
		if (states)
			work_state_read(&states[done], st, unlocks);
	}
out:
	/* The disk is the caller's. */
	st->disk = NULL;
	store_free(st);
	return done;
}

void
work_init(struct work *w, const char *name, struct crash_fs *base,
	const struct work_step *steps, unsigned n)
{
	struct crash_fs *disk = crash_fs_clone(base);

	assert_true(n <= WORK_STEPS_MAX);
	memset(w, 0, sizeof(*w));
	w->name = name;
	w->base = base;
	w->steps = steps;
	w->n = n;
	assert_int_equal(work_run(w, disk, w->states), n);
	w->events = crash_fs_events(disk);
	w->syncs = crash_fs_syncs(disk);
	crash_fs_free(disk);
}

void
work_free(struct work *w)
{
	crash_fs_free(w->base);
}
