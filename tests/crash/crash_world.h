/*
 * What tests that cut the power of whole homes share: a disk in memory that holds them, a
 * seeded clock, homes that know each other.
 */
#ifndef DLB_TESTS_CRASH_WORLD_H
#define DLB_TESTS_CRASH_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above first. */
#include <cmocka.h>

#include "crash_fs.h"
#include "node_internal.h"

#define CRASH_NOW_MS 1795521600000LL
#define CRASH_PATH_MAX 160

/* The first member of a test's own world. */
struct crash_world {
	char dir[128]; /* a real one; the homes in it are not */
	struct dlb_env_seeded env;
	struct crash_fs *base; /* of which each cut is a copy */
	struct dlb_error err;
};

static const struct dlb_unlock open_to_all = {.kind = DLB_UNLOCK_OPEN};

/* Fails the test with the message that the error holds. */
#define must_with(error, call)                                                 \
	do {                                                                   \
		enum dlb_status st_ = (call);                                  \
		if (st_ != DLB_OK)                                             \
			fail_msg("%s: %s (%s)", #call, (error)->msg,           \
				dlb_status_text(st_));                         \
	} while (0)
#define must(w, call) must_with(&(w)->at.err, call)

void crash_world_begin(struct crash_world *w);
void crash_world_end(struct crash_world *w);
/* dir/name */
void crash_world_path(const struct crash_world *w,
	char out[static CRASH_PATH_MAX], const char *name);
/* What a stick's medium allows is asked of the real one: an empty file. */
void crash_world_real_file(const char *path);
/* A person's home on the base, not opened. */
void crash_world_home(struct crash_world *w, const char *path, const char *name,
	uint64_t size);
enum dlb_status crash_world_open(struct crash_world *w, struct dlb_fs *fs,
	struct dlb_node **n, const char *path);
/* On the base `who` learns of `whom`; the correspondent's number. */
int64_t crash_world_introduce(struct crash_world *w, const char *who,
	const char *whom, bool short_card);

#endif
