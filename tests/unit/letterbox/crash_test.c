/* The power is cut at every event of making and of saving a letterbox: the old
 * state is there or the new one, whole, and no key that either names is lost. */
#include "letterbox_test.h"

#include "crash_fs.h"
#include "state_internal.h"

#define DIR_NAME "home"

/* The i-th fate; false past the last. */
static bool
fate_number(size_t i, size_t unsynced, enum crash_fate *fate, uint64_t *number)
{
	static const enum crash_fate singles[] = {
		CRASH_GARBLE_ONE, CRASH_DROP_ONE, CRASH_ONLY_ONE};

	*number = 0;
	*fate = i == 0 ? CRASH_ALL : CRASH_NONE;
	if (i < 2)
		return true;
	i -= 2;
	*number = i;
	*fate = CRASH_SEEDED;
	if (i < 4)
		return unsynced > 0;
	i -= 4;
	*fate = singles[i % 3];
	*number = i / 3;
	return *number < unsynced;
}

static enum dlb_status
open_on(struct dlb_letterbox **l, struct fixture *f, struct crash_fs *disk)
{
	return dlb_letterbox_open(l, crash_fs_fs(disk), DIR_NAME, &f->unlock,
		&f->env.env, &f->err);
}

static enum dlb_status
create_on(struct dlb_letterbox **l, struct fixture *f, struct crash_fs *disk)
{
	enum dlb_status s = dlb_letterbox_create(l, crash_fs_fs(disk), DIR_NAME,
		&f->unlock, true, "ann", &f->env.env, &f->err);

	return s == DLB_OK ? dlb_letterbox_commit(*l, &f->err) : s;
}

static uint64_t
serial_of(struct dlb_letterbox *l)
{
	struct dlb_buf bytes = {0};
	struct dlb_card card;

	assert_ok(dlb_letterbox_card(l, false, &bytes, NULL));
	assert_ok(dlb_card_parse(&card, bytes.data, bytes.len, NULL));
	dlb_buf_free(&bytes);
	return card.serial;
}

static void
making_one_is_whole_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	bool cut = true;

	for (uint64_t k = 0; cut; k++) {
		struct crash_fs *disk = crash_fs_new(k);
		struct dlb_letterbox *l;
		enum crash_fate fate;
		enum dlb_status made;
		uint64_t number;

		crash_fs_cut_at(disk, k);
		made = create_on(&l, f, disk);
		dlb_letterbox_close(l);
		cut = crash_fs_is_cut(disk);
		for (size_t i = 0;
			fate_number(i, crash_fs_unsynced(disk), &fate, &number);
			i++) {
			struct crash_fs *after = crash_fs_clone(disk);
			enum dlb_status s;

			crash_fs_power_on(after, fate, number);
			s = open_on(&l, f, after);
			if (made == DLB_OK)
				assert_ok(s);
			if (s == DLB_NOT_FOUND)
				assert_ok(create_on(&l, f, after));
			else
				assert_ok(s);
			assert_int_equal(dlb_letterbox_lost_keys(l), 0);
			assert_true(serial_of(l) > 0);
			dlb_letterbox_close(l);
			crash_fs_free(after);
		}
		crash_fs_free(disk);
	}
}

/* Two commits, the first with a new card and so a new ring. */
static int
work(struct fixture *f, struct crash_fs *disk, uint64_t cut_at)
{
	struct dlb_letterbox *l;
	bool renewed;
	int done = 0;

	assert_ok(open_on(&l, f, disk));
	crash_fs_cut_at(disk, cut_at);
	assert_ok(dlb_letterbox_renew(l, &renewed, &f->err));
	assert_true(renewed);
	assert_ok(dlb_setting_set_int(l, "step", 1, &f->err));
	if (dlb_letterbox_commit(l, &f->err) == DLB_OK) {
		done = 1;
		assert_ok(dlb_setting_set_int(l, "step", 2, &f->err));
		if (dlb_letterbox_commit(l, &f->err) == DLB_OK)
			done = 2;
	}
	dlb_letterbox_close(l);
	return done;
}

static void
a_commit_is_whole_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	struct crash_fs *start = crash_fs_new(1);
	struct dlb_letterbox *l;
	size_t seen[3] = {0};
	uint64_t first, second;
	bool cut = true;

	assert_ok(create_on(&l, f, start));
	first = serial_of(l);
	assert_ok(dlb_setting_set_int(l, "step", 0, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	dlb_letterbox_close(l);
	crash_fs_power_on(start, CRASH_NONE, 0);
	f->env.now_ms += 20 * DLB_DAY_MS;
	second = 16 * (uint64_t)dlb_week_of(f->env.now_ms);
	assert_true(second > first);
	for (uint64_t k = 0; cut; k++) {
		struct crash_fs *disk = crash_fs_clone(start);
		int done = work(f, disk, k);
		enum crash_fate fate;
		uint64_t number;

		cut = crash_fs_is_cut(disk);
		for (size_t i = 0;
			fate_number(i, crash_fs_unsynced(disk), &fate, &number);
			i++) {
			struct crash_fs *after = crash_fs_clone(disk);
			int64_t step;

			crash_fs_power_on(after, fate, number);
			assert_ok(open_on(&l, f, after));
			assert_ok(dlb_setting_get_int(l, "step", &step));
			assert_in_range(step, done, done + 1);
			assert_int_equal(serial_of(l), step ? second : first);
			assert_int_equal(dlb_letterbox_lost_keys(l), 0);
			seen[step]++;
			/* And it can be gone on with. */
			assert_ok(dlb_setting_set_int(l, "step", 7, &f->err));
			assert_ok(dlb_letterbox_commit(l, &f->err));
			dlb_letterbox_close(l);
			assert_ok(open_on(&l, f, after));
			assert_ok(dlb_setting_get_int(l, "step", &step));
			assert_int_equal(step, 7);
			dlb_letterbox_close(l);
			crash_fs_free(after);
		}
		crash_fs_free(disk);
	}
	assert_true(seen[0] > 0 && seen[1] > 0 && seen[2] > 0);
	crash_fs_free(start);
}

/* A use of the home: a new card, keys destroyed. */
static enum dlb_status
use(struct fixture *f, struct dlb_letterbox *l)
{
	uint32_t destroyed;
	bool renewed;
	enum dlb_status s = dlb_letterbox_renew(l, &renewed, &f->err);

	if (s == DLB_OK)
		s = dlb_letterbox_commit(l, &f->err);
	return s == DLB_OK ? dlb_keys_destroy(l, &destroyed, &f->err) : s;
}

/* The key of May: in the file of the ring, whoever looks. */
static bool
lies_in_ring(struct dlb_letterbox *l, const struct crash_fs *disk)
{
	struct dlb_epoch e = {.kind = DLB_EPOCH_OPENING, .id = 28};
	struct dlb_ring ring = {0};
	bool found = false;

	ring.bytes.data = crash_fs_get(disk, DIR_NAME "/ring", &ring.bytes.len);
	assert_non_null(ring.bytes.data);
	for (; e.record < dlb_ring_records(&ring); e.record++)
		found = found
			|| dlb_ring_get(&ring, &e, l->keys->root, l->slots);
	free(ring.bytes.data);
	return found;
}

/* On the third day of use after a key's time. */
static struct crash_fs *
before_the_third_day(struct fixture *f)
{
	struct crash_fs *disk = crash_fs_new(1);
	struct dlb_letterbox *l;

	assert_ok(create_on(&l, f, disk));
	for (int i = 0; i < 5; i++) {
		f->env.now_ms += 21 * DLB_DAY_MS;
		assert_ok(use(f, l));
	}
	assert_non_null(dlb_epochs_find(&l->epochs, DLB_EPOCH_OPENING, 28));
	f->env.now_ms += DLB_DAY_MS;
	assert_ok(use(f, l));
	assert_non_null(dlb_epochs_find(&l->epochs, DLB_EPOCH_OPENING, 28));
	dlb_letterbox_close(l);
	crash_fs_power_on(disk, CRASH_NONE, 0);
	f->env.now_ms += DLB_DAY_MS;
	return disk;
}

static void
a_key_is_there_or_destroyed(void **state)
{
	struct fixture *f = *state;
	struct crash_fs *start = before_the_third_day(f);
	size_t there = 0, condemned = 0, gone = 0;
	bool cut = true;

	for (uint64_t k = 0; cut; k++) {
		struct crash_fs *disk = crash_fs_clone(start);
		struct dlb_letterbox *l;
		enum crash_fate fate;
		enum dlb_status done;
		uint64_t number;

		assert_ok(open_on(&l, f, disk));
		crash_fs_cut_at(disk, k);
		done = use(f, l);
		dlb_letterbox_close(l);
		cut = crash_fs_is_cut(disk);
		for (size_t i = 0;
			fate_number(i, crash_fs_unsynced(disk), &fate, &number);
			i++) {
			struct crash_fs *after = crash_fs_clone(disk);
			bool has;

			crash_fs_power_on(after, fate, number);
			assert_ok(open_on(&l, f, after));
			has = dlb_epochs_find(
				&l->epochs, DLB_EPOCH_OPENING, 28);
			/* It serves, or is on its way out: it is never lost. */
			assert_int_equal(dlb_letterbox_lost_keys(l), 0);
			there += has;
			condemned += dlb_keys_condemned(l) > 0;
			gone += !has && dlb_keys_condemned(l) == 0;
			if (has)
				assert_true(lies_in_ring(l, after));
			if (!has && dlb_keys_condemned(l) == 0)
				assert_false(lies_in_ring(l, after));
			if (done == DLB_OK)
				assert_true(!has && dlb_keys_condemned(l) == 0);
			/* And the next use ends it, without the clock: it might
			 * have jumped in between. */
			if (!has)
				f->env.now_ms += 5000 * DLB_DAY_MS;
			assert_ok(use(f, l));
			if (!has)
				f->env.now_ms -= 5000 * DLB_DAY_MS;
			assert_null(dlb_epochs_find(
				&l->epochs, DLB_EPOCH_OPENING, 28));
			assert_false(lies_in_ring(l, after));
			dlb_letterbox_close(l);
			assert_ok(open_on(&l, f, after));
			assert_int_equal(dlb_letterbox_lost_keys(l), 0);
			assert_int_equal(dlb_keys_condemned(l), 0);
			assert_non_null(dlb_epochs_find(
				&l->epochs, DLB_EPOCH_OPENING, 29));
			dlb_letterbox_close(l);
			crash_fs_free(after);
		}
		crash_fs_free(disk);
	}
	assert_true(there > 0 && condemned > 0 && gone > 0);
	crash_fs_free(start);
}

/* What can not be overwritten serves no more, and is in nobody's way. */
static void
a_disk_that_can_not_be_written(void **state)
{
	struct fixture *f = *state;
	struct crash_fs *disk = before_the_third_day(f);
	struct dlb_letterbox *l;
	uint64_t n = 0;

	assert_ok(open_on(&l, f, disk));
	for (; dlb_keys_condemned(l) == 0; n++) {
		enum dlb_status s;

		crash_fs_fail(disk, CRASH_ANY, n, 1, DLB_IO);
		s = use(f, l);
		assert_int_equal(s, DLB_IO);
		crash_fs_fail(disk, CRASH_ANY, 0, 0, DLB_OK);
		assert_ok(dlb_letterbox_rollback(l, &f->err));
		assert_true(n < 100);
	}
	assert_null(dlb_epochs_find(&l->epochs, DLB_EPOCH_OPENING, 28));
	assert_true(lies_in_ring(l, disk));
	assert_ok(dlb_setting_set_int(l, "step", 1, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	assert_true(lies_in_ring(l, disk));
	assert_ok(use(f, l));
	assert_int_equal(dlb_keys_condemned(l), 0);
	assert_false(lies_in_ring(l, disk));
	dlb_letterbox_close(l);
	crash_fs_free(disk);
}

/* A disk that is full or breaks: an error, and the old state. */
static void
failures_leave_the_old_state(void **state)
{
	struct fixture *f = *state;
	struct crash_fs *disk = crash_fs_new(1);
	struct dlb_letterbox *l;
	int64_t step;

	assert_ok(create_on(&l, f, disk));
	for (uint64_t n = 0; n < 8; n++) {
		enum dlb_status s;

		assert_ok(dlb_setting_set_int(l, "step", (int64_t)n, &f->err));
		crash_fs_fail(disk, CRASH_ANY, n, 1, DLB_NO_SPACE);
		s = dlb_letterbox_commit(l, &f->err);
		if (crash_fs_failed(disk) && s != DLB_OK) {
			assert_int_equal(s, DLB_NO_SPACE);
			assert_non_null(strstr(f->err.msg, "not saved"));
		} else {
			assert_ok(s);
		}
		/* To be tried again, or undone. */
		crash_fs_fail(disk, CRASH_ANY, 0, 0, DLB_OK);
		if (n % 2 == 0)
			assert_ok(dlb_letterbox_rollback(l, &f->err));
		assert_ok(dlb_letterbox_commit(l, &f->err));
		dlb_letterbox_close(l);
		assert_ok(open_on(&l, f, disk));
		if (n % 2 == 1) {
			assert_ok(dlb_setting_get_int(l, "step", &step));
			assert_int_equal(step, n);
		}
	}
	dlb_letterbox_close(l);
	crash_fs_free(disk);
}

int
main(void)
{
#define TEST(t)                                                                \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(making_one_is_whole_or_not_at_all),
		TEST(a_commit_is_whole_or_not_at_all),
		TEST(a_key_is_there_or_destroyed),
		TEST(a_disk_that_can_not_be_written),
		TEST(failures_leave_the_old_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
