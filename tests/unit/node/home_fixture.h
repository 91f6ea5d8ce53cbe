/*
 * Homes, sticks and files for tests of node: everything in one directory under
 * $TMPDIR, removed at the end; time and randomness are the test's.
 */
#ifndef DLB_TESTS_HOME_FIXTURE_H
#define DLB_TESTS_HOME_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node.h"
#include "node_internal.h"

/* 2026-11-24 12:00 UTC */
#define FIXTURE_NOW_MS 1795521600000LL

struct fixture {
	char dir[256];
	struct dlb_env_seeded env;
	struct dlb_error err;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Fails the test with the message that err holds. */
#define assert_dlb_ok(f, call)                                                 \
	do {                                                                   \
		enum dlb_status st_ = (call);                                  \
		if (st_ != DLB_OK)                                             \
			fail_msg("%s: %s (%s)", #call, (f)->err.msg,           \
				dlb_status_text(st_));                         \
	} while (0)

/* dir/name; static storage, four at a time. */
const char *fixture_path(struct fixture *f, const char *name);
/* A home of 24 MiB (384 cells, half of them for letters); not opened. */
void fixture_home(struct fixture *f, const char *name, bool courier);
/* Where nothing is to give way. */
void fixture_large_home(
	struct fixture *f, const char *name, bool courier, unsigned mib);
struct dlb_node *fixture_open(struct fixture *f, const char *name);
/* `who` learns of `whom`; the correspondent's number. */
int64_t fixture_introduce(
	struct fixture *f, struct dlb_node *who, const char *whom);
/* An open box of that many MiB in a directory of its own, called `stick`. */
void fixture_stick(struct fixture *f, struct dlb_node *owner, const char *stick,
	unsigned mib);
/* A file of seeded bytes. */
void fixture_file(
	struct fixture *f, const char *name, size_t len, unsigned seed);
bool fixture_same(struct fixture *f, const char *a, const char *b);
void fixture_mkdir(struct fixture *f, const char *name);

/* Sends one file (or none) with a message, --now. */
struct dlb_send_result fixture_send(struct fixture *f, struct dlb_node *n,
	int64_t to, const char *file, const char *message);
struct dlb_meet_result fixture_meet(
	struct fixture *f, struct dlb_node *n, const char *stick);
/* With all that waits, all stripes too. */
struct dlb_meet_result fixture_meet_now(
	struct fixture *f, struct dlb_node *n, const char *stick);
/* Letters in the inbox, and the first one's number. */
size_t fixture_inbox(struct dlb_node *n, struct dlb_in_letter *first);
#endif
