/* The clock against the highest time seen. */
#include "letterbox_test.h"

static struct dlb_clock_view
look(struct fixture *f, struct dlb_letterbox *l)
{
	struct dlb_clock_view v;

	assert_ok(dlb_clock_look(l, &v, &f->err));
	assert_true(v.now_ms == f->env.now_ms);
	assert_int_equal(v.trusted_week,
		v.jumped_ahead || v.went_back ? 0 : dlb_week_of(v.now_ms));
	return v;
}

static void
the_first_look_is_believed(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_clock_view v = look(f, l);

	assert_true(v.highest_ms == TEST_NOW_MS);
	assert_false(v.jumped_ahead || v.went_back);
	dlb_letterbox_close(l);
}

static void
a_jump_ahead_is_not_believed(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_clock_view v;

	f->env.now_ms += 30 * DLB_DAY_MS;
	v = look(f, l);
	assert_false(v.jumped_ahead);
	f->env.now_ms += 30 * DLB_DAY_MS + 1;
	v = look(f, l);
	assert_true(v.jumped_ahead);
	assert_true(v.highest_ms == TEST_NOW_MS + 30 * DLB_DAY_MS);
	/* Nor by looking again, nor after it was opened again. */
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	assert_true(look(f, l).jumped_ahead);
	assert_ok(dlb_clock_confirm(l, &f->err));
	assert_false(look(f, l).jumped_ahead);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	assert_false(look(f, l).jumped_ahead);
	dlb_letterbox_close(l);
}

static void
a_clock_that_went_back(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_clock_view v;

	f->env.now_ms -= DLB_DAY_MS;
	v = look(f, l);
	assert_false(v.went_back);
	assert_true(v.highest_ms == TEST_NOW_MS);
	f->env.now_ms -= 1;
	assert_true(look(f, l).went_back);
	/* Confirmed, the highest time goes back with it. */
	assert_ok(dlb_clock_confirm(l, &f->err));
	v = look(f, l);
	assert_false(v.went_back);
	assert_true(v.highest_ms == f->env.now_ms);
	dlb_letterbox_close(l);
}

/* An empty battery sets clocks to 1970: as soon as they are right, all is well. */
static void
a_clock_that_can_not_be_right(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l;
	struct dlb_clock_view v;

	/* A card of then would be refused by everybody. */
	f->env.now_ms = 5 * DLB_DAY_MS;
	assert_int_equal(dlb_letterbox_create(&l, dlb_fs_posix(), f->dir,
				 &f->unlock, true, "ann", &f->env.env, &f->err),
		DLB_CLOCK);
	l = fixture_create(f, NULL);
	assert_ok(dlb_clock_look(l, &v, &f->err));
	assert_true(v.impossible);
	assert_int_equal(v.trusted_week, 0);
	assert_int_equal(dlb_clock_confirm(l, &f->err), DLB_CLOCK);
	l = fixture_reopen(f, l);
	f->env.now_ms = TEST_NOW_MS;
	v = look(f, l);
	assert_int_not_equal(v.trusted_week, 0);
	assert_true(v.highest_ms == TEST_NOW_MS);
	/* And back there, it is remembered. */
	f->env.now_ms = 5 * DLB_DAY_MS;
	assert_ok(dlb_clock_look(l, &v, &f->err));
	assert_true(v.impossible && v.went_back);
	assert_int_equal(v.trusted_week, 0);
	assert_true(v.highest_ms == TEST_NOW_MS);
	dlb_letterbox_close(l);
}

/* To look does not write the file each time. */
static void
looking_is_cheap(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_buf before = {0}, after = {0};
	const char *path = fixture_path(f, "letterbox");

	look(f, l);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	assert_ok(dlb_file_load(&before, dlb_fs_posix(), path, 1 << 24, NULL));
	f->env.now_ms += 60000;
	assert_true(look(f, l).highest_ms == f->env.now_ms);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	assert_ok(dlb_file_load(&after, dlb_fs_posix(), path, 1 << 24, NULL));
	assert_memory_equal(before.data, after.data, before.len);
	/* With another change it is kept, and by itself after an hour. */
	assert_ok(dlb_setting_set_int(l, "x", 1, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	f->env.now_ms -= DLB_DAY_MS;
	assert_true(look(f, l).highest_ms == TEST_NOW_MS + 60000);
	f->env.now_ms = TEST_NOW_MS + 60000 + 3600000;
	look(f, l);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	f->env.now_ms -= DLB_DAY_MS;
	assert_true(look(f, l).highest_ms == TEST_NOW_MS + 60000 + 3600000);
	dlb_buf_free(&before);
	dlb_buf_free(&after);
	dlb_letterbox_close(l);
}

int
main(void)
{
#define TEST(t)                                                                \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_first_look_is_believed),
		TEST(a_jump_ahead_is_not_believed),
		TEST(a_clock_that_went_back),
		TEST(a_clock_that_can_not_be_right),
		TEST(looking_is_cheap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
