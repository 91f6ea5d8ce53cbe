/* What each test file of `cell` includes. */
#ifndef DLB_CELL_TEST_H
#define DLB_CELL_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fixture.h"

#define assert_status(got, want)                                               \
	assert_string_equal(dlb_status_text(got), dlb_status_text(want))
#define assert_ok(got) assert_status(got, DLB_OK)
#define assert_zeroed(p, len) assert_true(dlb_all_zero((const void *)(p), len))
/* Needs functions `setup` and `teardown` in the file. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
