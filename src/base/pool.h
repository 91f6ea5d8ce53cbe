/*
 * Threads for work that splits into parts, and how long work reports and is
 * interrupted.
 */
#ifndef DLB_POOL_H
#define DLB_POOL_H

#include "status.h"

/* Calls fn(ctx, i, worker) for each i in [0, n), in any order, on all cores
 * including the caller's; returns when all are done. worker < dlb_pool_width(),
 * and no two calls that run at once for one dlb_pool_run have the same. The
 * threads are made at the first use and wait between uses. From within fn, or
 * while another thread's run is under way, all parts run in the calling thread,
 * under the number it has. */
typedef void (*dlb_pool_fn)(void *ctx, size_t i, unsigned worker);
void dlb_pool_run(size_t n, dlb_pool_fn fn, void *ctx);

/* The same in two steps: between them the other cores are at work and the caller
 * does something else, such as reading what comes next or writing what came
 * before; in dlb_pool_end it takes part in what is left. Where dlb_pool_run would
 * run all parts in the calling thread, dlb_pool_end does. The thread that begins
 * a task ends it; what it runs in between runs in the calling thread, as worker 0. */
struct dlb_pool_task {
	dlb_pool_fn fn;
	void *ctx;
	size_t n;
	bool shared; /* with the other threads */
};
void dlb_pool_begin(
	struct dlb_pool_task *t, size_t n, dlb_pool_fn fn, void *ctx);
void dlb_pool_end(struct dlb_pool_task *t);

/* Is this thread running a part now? What is for one thread alone asserts that it is not. */
bool dlb_pool_inside(void);

unsigned dlb_pool_width(void);
/* 0: as many as cores. Before the first use (no effect after); tests pass 1. */
void dlb_pool_limit(unsigned width);

/* What takes long reports here and stops when told to. May be NULL. */
struct dlb_progress {
	void *ctx;
	/* what: a few words, static; total 0 where it is not known. Returns
	 * false to stop: the work ends with DLB_CANCELLED, everything as sound
	 * as after a crash. */
	bool (*step)(
		void *ctx, const char *what, uint64_t done, uint64_t total);
};
bool dlb_progress_step(const struct dlb_progress *p, const char *what,
	uint64_t done, uint64_t total);

#endif
