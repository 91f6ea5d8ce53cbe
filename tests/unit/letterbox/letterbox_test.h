/*
 * What the tests of letterbox share: cmocka, a seeded env, a directory of its own
 * for each test, letterboxes and cards in it.
 */
#ifndef LETTERBOX_TEST_H
#define LETTERBOX_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above first. */
#include <cmocka.h>

#include "card.h"
#include "letterbox.h"
#include "manifest.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 2026-05-20, a Wednesday; quarter 9, month 28. */
#define TEST_NOW_MS 1779271200000LL

#define assert_ok(s) assert_int_equal(s, DLB_OK)

struct fixture {
	struct dlb_env_seeded env;
	struct dlb_unlock unlock;
	char dir[64];
	char path[NAME_MAX + 66];
	struct dlb_error err;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
/* The path of a name in the directory; good until the next call. */
const char *fixture_path(struct fixture *f, const char *name);
/* A person's letterbox in the fixture's directory; committed. */
struct dlb_letterbox *fixture_create(struct fixture *f, const char *name);
struct dlb_letterbox *fixture_open(struct fixture *f);
struct dlb_letterbox *fixture_reopen(
	struct fixture *f, struct dlb_letterbox *l);

/* Someone else: secrets that the test knows, and a card with all it may have. */
struct other {
	uint8_t sign_sk[64];
	struct dlb_card card;
};
void other_init(
	struct other *o, struct fixture *f, const char *name, uint64_t serial);
/* The card again as if parsed: writes it and parses it. */
void other_sign(struct other *o);
void other_write(struct dlb_buf *out, const struct other *o);

#endif
