/* What each test file of `share` includes. */
#ifndef DLB_SHARE_TEST_H
#define DLB_SHARE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "share.h"

#define assert_status(got, want)                                               \
	assert_string_equal(dlb_status_text(got), dlb_status_text(want))
#define assert_ok(got) assert_status(got, DLB_OK)

#endif
