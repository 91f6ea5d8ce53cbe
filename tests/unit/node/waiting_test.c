/*
 * Boxes that wait for their meeting.
 */
#include "waiting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
comes(struct dlb_waiting *w, const char *path, int64_t now_ms)
{
	struct dlb_waiting_box box;

	assert_true(dlb_waiting_next(w, &box, now_ms));
	assert_string_equal(box.path, path);
	free(box.path);
}

static void
one_after_the_other(void **state)
{
	struct dlb_waiting w = {.n = 0};
	struct dlb_waiting_box box;

	(void)state;
	assert_false(dlb_waiting_next(&w, &box, INT64_MAX));
	assert_true(dlb_waiting_deadline_ms(&w) == INT64_MAX);
	dlb_waiting_add(&w, (struct dlb_waiting_box){.from_ms = 0}, "a");
	dlb_waiting_add(&w, (struct dlb_waiting_box){.from_ms = 0}, "b");
	comes(&w, "a", 5);
	comes(&w, "b", 5);
	assert_int_equal(w.n, 0);
}

static void
not_before_its_time(void **state)
{
	struct dlb_waiting w = {.n = 0};
	struct dlb_waiting_box box;

	(void)state;
	dlb_waiting_add(&w, (struct dlb_waiting_box){.from_ms = 100}, "busy");
	assert_true(dlb_waiting_deadline_ms(&w) == 100);
	assert_false(dlb_waiting_next(&w, &box, 99));
	dlb_waiting_add(&w, (struct dlb_waiting_box){.from_ms = 50}, "free");
	comes(&w, "free", 99);
	comes(&w, "busy", 100);
}

static void
once_each(void **state)
{
	struct dlb_waiting w = {.n = 0};
	struct dlb_waiting_box box;

	(void)state;
	dlb_waiting_add(&w, (struct dlb_waiting_box){.medium = true}, "a");
	dlb_waiting_add(&w, (struct dlb_waiting_box){.busy = 3}, "a");
	assert_int_equal(w.n, 1);
	assert_true(dlb_waiting_next(&w, &box, 0));
	assert_false(box.medium);
	assert_int_equal(box.busy, 3);
	free(box.path);
	dlb_waiting_add(&w, (struct dlb_waiting_box){.busy = 0}, "b");
	dlb_waiting_forget(&w, "a");
	dlb_waiting_forget(&w, "b");
	assert_int_equal(w.n, 0);
}

static void
no_more_than_fit(void **state)
{
	struct dlb_waiting w = {.n = 0};
	char path[16];

	(void)state;
	for (int i = 0; i < DLB_WAITING_MAX + 5; i++) {
		snprintf(path, sizeof(path), "box %d", i);
		dlb_waiting_add(&w, (struct dlb_waiting_box){.busy = 0}, path);
	}
	assert_int_equal(w.n, DLB_WAITING_MAX);
	comes(&w, "box 0", 0);
	dlb_waiting_clear(&w);
	assert_int_equal(w.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(not_before_its_time),
		cmocka_unit_test(once_each),
		cmocka_unit_test(no_more_than_fit),
	};

	return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
