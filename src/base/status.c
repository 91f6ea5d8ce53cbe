/*
 * Results: the texts of the statuses, and filling a struct dlb_error.
 *
 * Every message is formatted into a buffer of its own first, so that its
 * arguments may point into the error that it goes to.
 */
#include "status.h"

/* The analyzer has macros of these names. */
#undef dlb_fail
#undef dlb_fail_errno

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *
dlb_status_text(enum dlb_status status)
{
	static const char *const texts[] = {
#define TEXT(name, text) text,
		DLB_STATUS_LIST(TEXT)
#undef TEXT
	};

	if ((unsigned)status >= DLB_ARRAY_LEN(texts))
		return "of an unknown kind";
	return texts[status];
}

void
dlb_error_clear(struct dlb_error *err)
{
	if (err)
		memset(err, 0, sizeof(*err));
}

enum dlb_status
dlb_fail(struct dlb_error *err, enum dlb_status status, const char *fmt, ...)
{
	char msg[sizeof(err->msg)];
	va_list ap;

	if (!err)
		return status;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	err->status = status;
	err->sys_errno = 0;
	memcpy(err->msg, msg, sizeof(msg));
	return status;
}

static enum dlb_status
status_of_errno(int sys_errno)
{
	switch (sys_errno) {
	case ENOSPC:
	case EDQUOT:
		return DLB_NO_SPACE;
	case EROFS:
		return DLB_READ_ONLY;
	case ENOENT:
		return DLB_NOT_FOUND;
	case EEXIST:
		return DLB_EXISTS;
	case ENOMEM:
		return DLB_NO_MEMORY;
	default:
		return DLB_IO;
	}
}

enum dlb_status
dlb_fail_errno(struct dlb_error *err, int sys_errno, const char *fmt, ...)
{
	enum dlb_status status = status_of_errno(sys_errno);
	char msg[sizeof(err->msg)], text[128];
	va_list ap;

	if (!err)
		return status;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	dlb_fail(err, status, "%s: %s%s", msg,
		strerror_r(sys_errno, text, sizeof(text)),
		status == DLB_NO_SPACE ? "; make room there" : "");
	err->sys_errno = sys_errno;
	return status;
}

void
dlb_error_prefix(struct dlb_error *err, const char *fmt, ...)
{
	char prefix[sizeof(err->msg)], msg[sizeof(err->msg)];
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	vsnprintf(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	/* What does not fit is cut at the end: the prefix says what it is about. */
	if (snprintf(msg, sizeof(msg), "%s: %s", prefix, err->msg) >= 0)
		memcpy(err->msg, msg, sizeof(msg));
}
