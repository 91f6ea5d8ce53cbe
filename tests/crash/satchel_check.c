#include "satchel_work.h"

#include <stdio.h>
#include <string.h>

static char reason[640];

static bool
same_cell(const struct work_state *a, const struct work_state *b, unsigned i)
{
	return a->cells[i].there == b->cells[i].there
		&& a->cells[i].flags == b->cells[i].flags
		&& a->cells[i].copies == b->cells[i].copies;
}

static const char *
check_between(const struct work_state *is, const struct work_state *before,
	const struct work_state *after)
{
	for (unsigned i = 0; i < TEST_CELLS; i++) {
		bool refused = is->cells[i].refused;

		if (refused != before->cells[i].refused
			&& refused != after->cells[i].refused)
			return "a cell is refused, or not any more";
		if (before->cells[i].there && after->cells[i].refused
			&& !is->cells[i].there && !refused)
			return "a cell is gone and its token is not there";
		if (same_cell(is, before, i) || same_cell(is, after, i))
			continue;
		snprintf(reason, sizeof(reason),
			"cell %u is %s with flags %u, copies %u; before %s %u "
			"%u, after %s %u %u",
			i, is->cells[i].there ? "there" : "gone",
			is->cells[i].flags, is->cells[i].copies,
			before->cells[i].there ? "there" : "gone",
			before->cells[i].flags, before->cells[i].copies,
			after->cells[i].there ? "there" : "gone",
			after->cells[i].flags, after->cells[i].copies);
		return reason;
	}
	return NULL;
}

static const char *
check_cells(struct store *st, const struct work_state *is)
{
	for (unsigned i = 0; i < TEST_CELLS; i++) {
		if (!is->cells[i].there || store_has(st, i))
			continue;
		snprintf(reason, sizeof(reason), "cell %u is not whole", i);
		return reason;
	}
	return NULL;
}

static const char *
open_and_read(struct store *st, bool writable, struct work_state *is)
{
	struct dlb_satchel_info info;

	if (store_open(st, writable) != DLB_OK) {
		snprintf(reason, sizeof(reason), "does not open: %s",
			st->err.msg);
		return reason;
	}
	info = store_info(st);
	if (info.damaged > 0)
		return "opens with a loss";
	work_state_read(is, st, 0);
	return NULL;
}

static const char *
check_unlocks(struct crash_fs *disk, unsigned n)
{
	struct dlb_env_seeded env;

	dlb_env_seeded_init(&env, 3, STORE_NOW_MS);
	for (unsigned i = 0; i < n; i++) {
		struct dlb_unlock unlock = work_keyfile(i);
		struct dlb_satchel *s = NULL;

		if (dlb_satchel_open(&s, crash_fs_fs(disk), STORE_PATH, &unlock,
			    false, 0, &env.env, NULL)
			!= DLB_OK)
			return "a key file does not open it any more";
		dlb_satchel_close(s);
	}
	return NULL;
}

/* A cell more and a change, and all of it is there the next time. */
static const char *
check_goes_on(struct store *st, struct work_state *is)
{
	struct dlb_satchel_item item = test_item(TEST_OLD - 1, DLB_SHOWN);
	struct work_state next;
	const char *wrong;

	if (store_put_items(st, &item, 1) != DLB_OK
		|| (item.result != DLB_OK && item.result != DLB_DUPLICATE))
		return "takes no more cells";
	if (store_set(st, TEST_OLD - 1, DLB_SHOWN, 9) != DLB_OK)
		return "takes no more changes";
	work_state_read(is, st, 0);
	wrong = open_and_read(st, true, &next);
	if (!wrong && store_info(st).mended > 0)
		wrong = "more work leaves something to mend";
	if (!wrong)
		wrong = check_between(&next, is, is);
	return wrong ? wrong : check_cells(st, &next);
}

static const char *
check_fixed_point(struct store *st, const struct work_state *is)
{
	uint64_t events = crash_fs_events(st->disk);
	struct work_state next;
	const char *wrong = open_and_read(st, true, &next);

	if (!wrong
		&& (crash_fs_events(st->disk) != events
			|| store_info(st).mended > 0))
		wrong = "the second opening mends again";
	return wrong ? wrong : check_between(&next, is, is);
}

/* What a reader of a read-only medium sees is what is there after mending. */
static const char *
check_read_only(struct store *st, struct work_state *is)
{
	uint64_t events = crash_fs_events(st->disk);
	const char *wrong = open_and_read(st, false, is);

	if (!wrong)
		wrong = check_cells(st, is);
	if (!wrong && crash_fs_events(st->disk) != events)
		wrong = "opening for reading only writes";
	return wrong;
}

static const char *
check_store(struct store *st, const struct work_state *before,
	const struct work_state *after, bool thorough)
{
	struct work_state is, read_only;
	const char *wrong = NULL;

	if (thorough)
		wrong = check_read_only(st, &read_only);
	if (!wrong)
		wrong = open_and_read(st, true, &is);
	if (!wrong && crash_fs_unsynced(st->disk) > 0)
		wrong = "opening leaves something unsynced";
	if (!wrong && thorough)
		wrong = check_between(&is, &read_only, &read_only);
	if (!wrong)
		wrong = check_between(&is, before, after);
	if (!wrong)
		wrong = check_cells(st, &is);
	if (!wrong)
		wrong = check_unlocks(st->disk, before->unlocks);
	if (!wrong)
		wrong = check_fixed_point(st, &is);
	if (!wrong && thorough)
		wrong = check_goes_on(st, &is);
	return wrong;
}

const char *
check_disk(struct crash_fs *disk, const struct work_state *before,
	const struct work_state *after, bool thorough)
{
	struct store *st = store_on(disk);
	const char *wrong;

	dlb_env_seeded_init(&st->seeded, 4, STORE_NOW_MS);
	wrong = check_store(st, before, after, thorough);
	st->disk = NULL;
	store_free(st);
	return wrong;
}
