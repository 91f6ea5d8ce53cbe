/*
 * Time and randomness. All of it comes from a struct dlb_env that the caller
 * passes, so that tests and the simulator own them.
 */
#ifndef DLB_ENV_H
#define DLB_ENV_H

#include "status.h"

/* The functions may be called from any thread. */
struct dlb_env {
	void *ctx;
	/* Milliseconds since 1970-01-01 UTC. */
	int64_t (*now_ms)(void *ctx);
	/* Milliseconds of a clock that never goes back. */
	int64_t (*monotonic_ms)(void *ctx);
	/* Fills out with len random bytes; can not fail. */
	void (*random)(void *ctx, void *out, size_t len);
};

/* The system's clock and the kernel's generator (buffered a thread: a draw of
 * a few bytes costs no system call, one of gigabytes runs at the speed of
 * ChaCha20). */
const struct dlb_env *dlb_env_system(void);

/* Deterministic: ChaCha20 on a seed and a clock that the test sets (both clocks
 * show now_ms). Not for use by two threads at once where the order of draws
 * matters. */
struct dlb_env_seeded {
	struct dlb_env env;
	int64_t now_ms;
	uint8_t key[32];
	uint64_t counter;
};
/* env.ctx points at e: it must not be copied or moved afterwards. */
void dlb_env_seeded_init(
	struct dlb_env_seeded *e, uint64_t seed, int64_t now_ms);

int64_t dlb_now_ms(const struct dlb_env *env);
void dlb_random(const struct dlb_env *env, void *out, size_t len);
/* Uniform in [0, bound); bound > 0. */
uint32_t dlb_random_below(const struct dlb_env *env, uint32_t bound);

/* The calendar of the formats. Weeks count from Monday 2024-01-01 00:00 UTC,
 * months from January 2024, quarters from the first of 2024; a time before
 * counts as 0, one past the last number as that. */
#define DLB_EPOCH_MS 1704067200000LL
#define DLB_WEEK_MS (7LL * 86400 * 1000)
#define DLB_DAY_MS (86400LL * 1000)
uint16_t dlb_week_of(int64_t ms);
uint16_t dlb_month_of(int64_t ms);
uint16_t dlb_quarter_of(int64_t ms);
int64_t dlb_week_start_ms(uint16_t week);
int64_t dlb_month_start_ms(uint16_t month);
/* "YYYY-MM-DD" and "YYYY-MM-DD HH:MM", UTC; out 11 and 17 bytes. Times outside
 * the years 0000 to 9999 show as the nearest day of those. */
void dlb_date_text(char out[11], int64_t ms);
void dlb_time_text(char out[17], int64_t ms);

#endif
