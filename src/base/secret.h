/*
 * Secret memory.
 */
#ifndef DLB_SECRET_H
#define DLB_SECRET_H

#include "status.h"

/* Call once before anything else: libsodium, no core dumps. Again is harmless. */
enum dlb_status dlb_base_init(void) DLB_MUST_CHECK;
/* Guarded, locked where the limits allow; zeroed; wiped by the free. NULL where
 * there is no memory. */
void *dlb_secret_new(size_t len) DLB_MUST_CHECK;
void dlb_secret_free(void *p);
void dlb_wipe(void *p, size_t len);
bool dlb_equal(const void *a, const void *b, size_t len); /* constant time */

#endif
