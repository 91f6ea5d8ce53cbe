/*
 * The power is cut at every event of workloads of the satchel. What was not
 * synced is then there, not there, or garbage in whole sectors: everything,
 * nothing, each write alone in each way, and seeded combinations. After each of
 * these what was acknowledged must be there and nothing must be half there; and
 * mending must bear the same treatment.
 *
 * That this would find a mistake is shown by broken disks: one sync after the
 * other does nothing, and each time some cut must lose or double something.
 */
#include "satchel_work.h"

#include <malloc.h>
#include <stdio.h>

#define SEEDED 6

struct tally {
	uint64_t disks, mendings;
	const char *wrong; /* the first thing found; then it goes no further */
	char where[256];
};

/* The i-th fate for that many unsynced writes; false past the last. */
static bool
fate_number(size_t i, size_t unsynced, enum crash_fate *fate, uint64_t *number)
{
	static const enum crash_fate singles[] = {
		CRASH_GARBLE_ONE, CRASH_DROP_ONE, CRASH_ONLY_ONE};

	*number = 0;
	if (i < 2) {
		*fate = i == 0 ? CRASH_ALL : CRASH_NONE;
		return true;
	}
	if (unsynced == 0)
		return false;
	i -= 2;
	if (i < SEEDED) {
		*fate = CRASH_SEEDED;
		*number = i;
		return true;
	}
	i -= SEEDED;
	*fate = singles[i % 3];
	*number = i / 3;
	return *number < unsynced;
}

/* Cuts the power at every event of the opening that mends this disk. */
static void
cut_mending(struct tally *t, const struct crash_fs *settled,
	const struct work_state *before, const struct work_state *after)
{
	for (uint64_t k = 0; !t->wrong; k++) {
		struct crash_fs *disk = crash_fs_clone(settled), *then;
		struct store *st = store_on(disk);
		enum crash_fate fate;
		uint64_t number;
		bool cut;

		crash_fs_cut_at(disk, k);
		dlb_env_seeded_init(&st->seeded, 5, STORE_NOW_MS);
		cut = store_open(st, true) != DLB_OK;
		store_close(st);
		for (size_t i = 0; cut && !t->wrong
			&& fate_number(
				i, crash_fs_unsynced(disk), &fate, &number);
			i++) {
			/* These say enough here. */
			if (fate == CRASH_DROP_ONE || fate == CRASH_ONLY_ONE
				|| (fate == CRASH_SEEDED && number > 0))
				continue;
			then = crash_fs_clone(disk);
			crash_fs_power_on(then, fate, number);
			t->wrong = check_disk(then, before, after, false);
			t->mendings++;
			crash_fs_free(then);
			if (t->wrong)
				snprintf(t->where, sizeof(t->where),
					"mending cut at %llu, fate %d of %llu",
					(unsigned long long)k, fate,
					(unsigned long long)number);
		}
		store_free(st);
		if (!cut)
			break;
	}
}

static void
try_fates(struct tally *t, const struct work *w, const struct crash_fs *disk,
	uint64_t k, unsigned done, bool mending)
{
	const struct work_state *before = &w->states[done];
	const struct work_state *after = done < w->n ? before + 1 : before;
	enum crash_fate fate;
	uint64_t number;

	for (size_t i = 0; !t->wrong
		&& fate_number(i, crash_fs_unsynced(disk), &fate, &number);
		i++) {
		struct crash_fs *then = crash_fs_clone(disk), *settled;
		bool seeded = fate == CRASH_SEEDED;

		crash_fs_power_on(then, fate, number);
		settled = crash_fs_clone(then);
		t->wrong =
			check_disk(then, before, after, seeded && number < 3);
		t->disks++;
		if (t->wrong)
			snprintf(t->where, sizeof(t->where),
				"%s cut at %llu (in step %u), fate %d of %llu",
				w->name, (unsigned long long)k, done, fate,
				(unsigned long long)number);
		else if (mending
			&& ((seeded && number == 0)
				|| fate == CRASH_GARBLE_ONE))
			cut_mending(t, settled, before, after);
		crash_fs_free(then);
		crash_fs_free(settled);
	}
}

/* ignore: the sync that does nothing, UINT64_MAX none. */
static void
cut_everywhere(
	struct tally *t, const struct work *w, uint64_t ignore, bool mending)
{
	for (uint64_t k = 0; k <= w->events && !t->wrong; k++) {
		struct crash_fs *disk = crash_fs_clone(w->base);
		unsigned done;

		crash_fs_ignore_sync(disk, ignore);
		crash_fs_cut_at(disk, k);
		done = work_run(w, disk, NULL);
		try_fates(t, w, disk, k, done, mending);
		crash_fs_free(disk);
	}
}

static void
survives(const struct work *w)
{
	struct tally t = {0};

	cut_everywhere(&t, w, UINT64_MAX, true);
	if (t.wrong)
		fail_msg("%s: %s", t.where, t.wrong);
	print_message("%s: %llu events, %llu disks, %llu cut mendings\n",
		w->name, (unsigned long long)w->events,
		(unsigned long long)t.disks, (unsigned long long)t.mendings);
}

/* ---- the workloads ------------------------------------------------------------------------- */

static struct crash_fs *
base_disk(uint32_t reserve, unsigned cells, uint8_t flags)
{
	struct store *st = store_new(DLB_SATCHEL_SLOTS_MIN, reserve);
	struct crash_fs *disk;

	if (cells)
		store_put(st, 0, cells, flags);
	store_close(st);
	disk = crash_fs_clone(st->disk);
	store_free(st);
	crash_fs_power_on(disk, CRASH_NONE, 0);
	return disk;
}

#define S DLB_SHOWN
#define H DLB_HELD

static void
run(const char *name, uint32_t reserve, unsigned cells, uint8_t flags,
	const struct work_step *steps, unsigned n)
{
	struct work w;

	work_init(&w, name, base_disk(reserve, cells, flags), steps, n);
	survives(&w);
	work_free(&w);
}

static void
puts_survive(void **state)
{
	static const struct work_step steps[] = {
		{WORK_PUT, 0, 3, S, 4},
		{WORK_PUT, 3, 1, S | H, 4},
		{WORK_PUT, 4, 4, H, 4},
		/* Here already, with a claim more; two that are new. */
		{WORK_PUT, 6, 4, S, 7},
	};

	(void)state;
	run("puts", 6, 0, 0, steps, DLB_ARRAY_LEN(steps));
}

/* Until the commit nothing of them is there, whatever became of their slots. */
static void
commits_survive(void **state)
{
	static const struct work_step steps[] = {
		{WORK_ADD, 20, 2, S, 4},
		{WORK_ADD, 22, 1, S | H, 4},
		/* Here already, with a claim more; and some give way. */
		{WORK_ADD, 1, 2, H, 7},
		{WORK_ADD, 30, 2, S, 4},
		{WORK_COMMIT, 0, 0, 0, 0},
		{WORK_ADD, 40, 2, S, 4},
		/* That commits them. */
		{WORK_CHANGE, 20, 1, S, 1},
		{WORK_ADD, 50, 2, S, 4},
		/* And that does not. */
		{WORK_REOPEN, 0, 0, 0, 0},
		{WORK_PUT, 60, 1, S, 4},
	};

	(void)state;
	run("commits", 6, 8, S, steps, DLB_ARRAY_LEN(steps));
}

static void
evictions_survive(void **state)
{
	static const struct work_step steps[] = {
		{WORK_PUT, 20, 3, S, 4},
		{WORK_PUT, 23, 2, S, 4},
		/* Those that give way to these are held from now on, or not. */
		{WORK_CHANGE, 0, 30, S | H, 1},
		{WORK_PUT, 30, 3, S, 4},
	};

	(void)state;
	run("evictions", 8, 8, S, steps, DLB_ARRAY_LEN(steps));
}

static void
changes_survive(void **state)
{
	static const struct work_step steps[] = {
		{WORK_CHANGE, 0, 5, S, 1},
		{WORK_CHANGE, 2, 2, S | H, 3},
		{WORK_CHANGE, 2, 1, H, 0},
		{WORK_REOPEN, 0, 0, 0, 0},
		{WORK_CHANGE, 2, 1, S, 5},
	};

	(void)state;
	run("changes", 4, 6, S, steps, DLB_ARRAY_LEN(steps));
}

static void
removals_survive(void **state)
{
	static const struct work_step steps[] = {
		{WORK_REMOVE, 0, 3, 0, 0},
		{WORK_PUT, 10, 3, S, 4},
		{WORK_REMOVE, 10, 1, 0, 0},
		{WORK_REMOVE, 3, 4, 0, 0},
	};

	(void)state;
	run("removals", 2, 7, S, steps, DLB_ARRAY_LEN(steps));
}

/* The cell or the token, at each moment. */
static void
recalls_survive(void **state)
{
	static const struct work_step steps[] = {
		{WORK_RECALL, 0, 3, 0, 0},
		/* They are refused, one is new. */
		{WORK_PUT, 1, 3, S, 4},
		{WORK_CHANGE, 4, 1, S | H, 2},
		/* One of these stays, held. */
		{WORK_RECALL, 4, 2, 0, 0},
		{WORK_ADD, 20, 2, S, 4},
		/* Nobody knows these. */
		{WORK_RECALL, 4, 2, 1, 0},
		{WORK_RECALL, 30, 2, 1, 0},
	};

	(void)state;
	run("recalls", 4, 7, S, steps, DLB_ARRAY_LEN(steps));
}

static void
headers_survive(void **state)
{
	static const struct work_step steps[] = {
		{WORK_UNLOCK, 0, 0, 0, 0},
		{WORK_PUT, 5, 1, S, 4},
		{WORK_UNLOCK, 0, 0, 0, 0},
		{WORK_REOPEN, 0, 0, 0, 0},
		{WORK_UNLOCK, 0, 0, 0, 0},
	};

	(void)state;
	run("headers", 2, 3, S, steps, DLB_ARRAY_LEN(steps));
}

/* Before the first step a slot, an entry of each table and a header are damaged:
 * opening mends, the scrub drops. */
static void
mending_survives(void **state)
{
	static const struct work_step steps[] = {
		{WORK_SCRUB, 0, 0, 0, 0},
		{WORK_PUT, 10, 2, S, 4},
	};
	struct crash_fs *disk = base_disk(2, 7, S);
	struct work w;

	(void)state;
	/* A byte of table 1, of table 2, of the second header. */
	crash_fs_flip(disk, STORE_PATH, 4096 + 4096 + 5, 1);
	for (unsigned i = 0; i < 16; i++)
		crash_fs_flip(disk, STORE_PATH,
			dlb_satchel_size_of(16) - 4096 * 2 - 256 * i - 9, 1);
	crash_fs_flip(disk, STORE_PATH, dlb_satchel_size_of(16) - 4000, 1);
	work_init(&w, "mending", disk, steps, DLB_ARRAY_LEN(steps));
	survives(&w);
	work_free(&w);
}

/* A disk that says synced and is not: for each sync there is a cut that shows
 * it. The last step is a removal, as the last sync of another is only for what
 * comes after. */
static void
each_sync_is_needed(void **state)
{
	static const struct work_step steps[] = {
		{WORK_PUT, 20, 3, S, 4},
		{WORK_CHANGE, 0, 30, S, 1},
		{WORK_REMOVE, 0, 3, 0, 0},
		{WORK_PUT, 30, 5, S, 4},
		{WORK_REMOVE, 30, 5, 0, 0},
	};
	struct work w;

	(void)state;
	work_init(&w, "without a sync", base_disk(2, 14, S), steps,
		DLB_ARRAY_LEN(steps));
	for (uint64_t n = 0; n < w.syncs; n++) {
		struct tally t = {0};

		cut_everywhere(&t, &w, n, false);
		if (!t.wrong)
			fail_msg("sync %llu of %llu can be left out",
				(unsigned long long)n,
				(unsigned long long)w.syncs);
		print_message("without sync %llu: %s: %s\n",
			(unsigned long long)n, t.where, t.wrong);
	}
	work_free(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_survive),
		cmocka_unit_test(commits_survive),
		cmocka_unit_test(evictions_survive),
		cmocka_unit_test(changes_survive),
		cmocka_unit_test(removals_survive),
		cmocka_unit_test(recalls_survive),
		cmocka_unit_test(headers_survive),
		cmocka_unit_test(mending_survives),
		cmocka_unit_test(each_sync_is_needed),
	};

	/* Thousands of openings: memory that is freed is kept. */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	/* The same events each time. */
	dlb_pool_limit(1);
	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
