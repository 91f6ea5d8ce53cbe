/*
 * Secret memory and the start of the process: what holds a key is wiped, is
 * kept out of the swap where the limits allow, and is never in a core dump.
 */
#include "secret.h"

#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* The sanitizers' leak check attaches to the process, which must be dumpable
 * for it. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)        \
	|| __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum dlb_status
dlb_base_init(void)
{
	const struct rlimit none = {0, 0};

	if (sodium_init() < 0)
		return DLB_FAILED;
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return DLB_FAILED;
	if (!SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return DLB_FAILED;
	return DLB_OK;
}

void *
dlb_secret_new(size_t len)
{
	void *p = sodium_malloc(len);

	if (p)
		memset(p, 0, len);
	return p;
}

void
dlb_secret_free(void *p)
{
	sodium_free(p);
}

void
dlb_wipe(void *p, size_t len)
{
	sodium_memzero(p, len);
}

bool
dlb_equal(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}
