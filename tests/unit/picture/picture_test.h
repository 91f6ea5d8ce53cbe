/*
 * What the tests of picture share.
 */
#ifndef PICTURE_TEST_H
#define PICTURE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above first. */
#include <cmocka.h>

#include "picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define assert_ok(s) assert_int_equal(s, DLB_OK)

#define WORDS "DLB CARD "
#define DIGITS "0123456789012345678901234567890123456789"

#endif
