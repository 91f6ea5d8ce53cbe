/*
 * Peers that mean harm, or are broken: what the tests of them share. Each thing that
 * a peer may not do ends the meeting for the right reason, in memory that is bounded.
 */
#ifndef DLB_TEST_HOSTILE_H
#define DLB_TEST_HOSTILE_H

#include "raw.h"

#include "pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a meeting of these tests gets. */
#define HOSTILE_BUDGET (3u << 20)

static struct raw r;

/* 64 cells of weeks 100 to 103. */
static inline void
begin(bool caller)
{
	raw_init(&r, caller, 64);
	r.config.budget = HOSTILE_BUDGET;
	raw_start(&r);
}

/* Up to the exchange; as a caller the engine has opened a group for its 64 ids. */
static inline void
begin_exchange(bool caller)
{
	begin(caller);
	raw_greet(&r, 64, 12345);
}

static inline void
finish(enum dlb_meeting_end end, int bye)
{
	struct dlb_meeting_stats s;

	raw_expect_end(&r, end, bye);
	raw_stats(&r, &s);
	assert_in_range(s.memory_peak, 1, HOSTILE_BUDGET);
	raw_free(&r);
}

#define BOTH_WAYS(caller) for (int caller = 0; caller <= 1; caller++)

#endif
