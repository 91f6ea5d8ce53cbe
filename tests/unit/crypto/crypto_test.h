/* What the tests of crypto share. */
#ifndef CRYPTO_TEST_H
#define CRYPTO_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above first. */
#include <cmocka.h>

#include "crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#endif
