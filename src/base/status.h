/*
 * Results: one list of statuses with their texts, and the error that a caller
 * hands in for a function to say what happened.
 */
#ifndef DLB_STATUS_H
#define DLB_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DLB_MUST_CHECK __attribute__((warn_unused_result))
#define DLB_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define DLB_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* One list: name, text. A text is what a person is told where nobody knows
 * anything better to say. */
#define DLB_STATUS_LIST(X)                                                     \
	X(OK, "done")                                                          \
	X(FAILED, "could not")                                                 \
	X(USAGE, "wrong usage")                                                \
	X(PARTLY, "partly done")                                               \
	X(NO_MEMORY, "out of memory")                                          \
	X(IO, "a file could not be read or written")                           \
	X(NO_SPACE, "no space left")                                           \
	X(READ_ONLY, "the medium is read-only")                                \
	X(NOT_FOUND, "not found")                                              \
	X(EXISTS, "is there already")                                          \
	X(BUSY, "in use by another process")                                   \
	X(MALFORMED, "not in the form it should have")                         \
	X(UNSUPPORTED, "of a version that this program does not know")         \
	X(CORRUPT, "damaged")                                                  \
	X(WRONG_KEY, "does not open with this key")                            \
	X(NOT_MINE, "not for this reader")                                     \
	X(FORGED, "does not verify")                                           \
	X(DUPLICATE, "is here already")                                        \
	X(FULL, "full")                                                        \
	X(EXPIRED, "has expired")                                              \
	X(REFUSED, "refused by policy")                                        \
	X(LIMIT, "beyond a limit of this program")                             \
	X(CANCELLED, "interrupted")                                            \
	X(CLOCK, "the clock contradicts what was seen before")

enum dlb_status {
#define DLB_STATUS_ENUM(name, text) DLB_##name,
	DLB_STATUS_LIST(DLB_STATUS_ENUM)
#undef DLB_STATUS_ENUM
		DLB_STATUS_COUNT
};

/* Static text of a status; never NULL. */
const char *dlb_status_text(enum dlb_status status);

/* The caller hands one in; whoever fails fills it; each level may prefix.
 * May be NULL everywhere. `msg` says what happened, to what, what to do next. */
struct dlb_error {
	enum dlb_status status;
	int sys_errno;
	char msg[512];
};

void dlb_error_clear(struct dlb_error *err);
/* Fills err (if any) and returns status, so that a caller can write
 * `return dlb_fail(err, DLB_MALFORMED, "...")`. The arguments may point into
 * err->msg. */
enum dlb_status dlb_fail(struct dlb_error *err, enum dlb_status status,
	const char *fmt, ...) DLB_PRINTF(3, 4);
/* The same with errno, whose text is appended; ENOSPC, EDQUOT, EROFS, ENOENT,
 * EEXIST, ENOMEM become their own status, all others DLB_IO. */
enum dlb_status dlb_fail_errno(struct dlb_error *err, int sys_errno,
	const char *fmt, ...) DLB_PRINTF(3, 4);
#ifdef __clang_analyzer__
/* What it can not see from another file: a failure is never DLB_OK. */
static inline enum dlb_status
dlb_failed(enum dlb_status status)
{
	if (status == DLB_OK)
		__builtin_unreachable();
	return status;
}
#define dlb_fail(...) dlb_failed((dlb_fail)(__VA_ARGS__))
#define dlb_fail_errno(...) dlb_failed((dlb_fail_errno)(__VA_ARGS__))
#endif
/* Puts "prefix: " before what is there. */
void dlb_error_prefix(struct dlb_error *err, const char *fmt, ...)
	DLB_PRINTF(2, 3);

#endif
