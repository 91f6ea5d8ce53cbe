/*
 * A pool of threads for work that splits into independent parts.
 *
 * Invariants: one run is under way at a time (others run where they are called);
 * a worker takes parts of the run only between being counted into `busy` and out
 * of it, both under the lock, and the caller returns only when none is counted
 * and no part is left; so no thread touches a run's ctx after dlb_pool_end
 * returned.
 */
#include "pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#define WIDTH_MAX 256
/* Parts are taken several at a time, so many portions for each worker. */
#define PORTIONS 16

static struct {
	pthread_mutex_t running; /* held by the caller whose run it is */
	pthread_mutex_t lock;    /* guards what follows, but for next */
	pthread_cond_t work;
	pthread_cond_t done;
	unsigned limit;
	unsigned width; /* 0 until the first use */
	bool started;
	unsigned threads;
	uint64_t run; /* number of the run; workers look for a new one */
	unsigned busy;
	dlb_pool_fn fn;
	void *ctx;
	size_t n;
	size_t portion;
	atomic_size_t next;
} pool = {
	.running = PTHREAD_MUTEX_INITIALIZER,
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.work = PTHREAD_COND_INITIALIZER,
	.done = PTHREAD_COND_INITIALIZER,
};

/* Set while this thread runs parts: number of the worker + 1. */
static _Thread_local unsigned inside;

bool
dlb_pool_inside(void)
{
	return inside > 0;
}

static void
run_inline(size_t n, dlb_pool_fn fn, void *ctx)
{
	unsigned before = inside;

	if (!inside)
		inside = 1;
	for (size_t i = 0; i < n; i++)
		fn(ctx, i, inside - 1);
	inside = before;
}

static void
take_parts(unsigned worker)
{
	size_t n = pool.n, portion = pool.portion;
	dlb_pool_fn fn = pool.fn;
	void *ctx = pool.ctx;
	unsigned before = inside;

	inside = worker + 1;
	for (;;) {
		size_t i = atomic_fetch_add(&pool.next, portion), end;

		if (i >= n)
			break;
		end = portion < n - i ? i + portion : n;
		for (; i < end; i++)
			fn(ctx, i, worker);
	}
	inside = before;
}

static void *
worker_main(void *arg)
{
	unsigned worker = (unsigned)(uintptr_t)arg;
	uint64_t seen = 0;

	pthread_mutex_lock(&pool.lock);
	for (;;) {
		while (pool.run == seen || pool.fn == NULL)
			pthread_cond_wait(&pool.work, &pool.lock);
		seen = pool.run;
		pool.busy++;
		pthread_mutex_unlock(&pool.lock);
		take_parts(worker);
		pthread_mutex_lock(&pool.lock);
		if (--pool.busy == 0)
			pthread_cond_signal(&pool.done);
	}
	return NULL;
}

static unsigned
cores(void)
{
	cpu_set_t set;
	int n;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	else
		n = (int)sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : (unsigned)n;
}

static unsigned
width_locked(void)
{
	if (pool.width == 0) {
		unsigned w = pool.limit ? pool.limit : cores();

		pool.width = w > WIDTH_MAX ? WIDTH_MAX : w;
	}
	return pool.width;
}

/* As many as can be had: with fewer the work is only slower. Signals are for the
 * program's own threads. */
static void
start_threads(void)
{
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (pool.threads + 1 < pool.width) {
		uintptr_t worker = pool.threads + 1;

		if (pthread_create(&thread, NULL, worker_main, (void *)worker))
			break;
		pthread_detach(thread);
		pool.threads++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pool.started = true;
}

void
dlb_pool_begin(struct dlb_pool_task *t, size_t n, dlb_pool_fn fn, void *ctx)
{
	unsigned width = dlb_pool_width();

	*t = (struct dlb_pool_task){.fn = fn, .ctx = ctx, .n = n};
	/* A part that itself runs parts finds the lock taken, unless it is the
	 * only part there is. */
	t->shared =
		n > 1 && width > 1 && pthread_mutex_trylock(&pool.running) == 0;
	if (!t->shared)
		return;
	pthread_mutex_lock(&pool.lock);
	if (!pool.started)
		start_threads();
	pool.fn = fn;
	pool.ctx = ctx;
	pool.n = n;
	pool.portion = n / ((size_t)width * PORTIONS);
	if (pool.portion == 0)
		pool.portion = 1;
	atomic_store(&pool.next, 0);
	pool.run++;
	pthread_cond_broadcast(&pool.work);
	pthread_mutex_unlock(&pool.lock);
}

void
dlb_pool_end(struct dlb_pool_task *t)
{
	if (!t->shared) {
		run_inline(t->n, t->fn, t->ctx);
		return;
	}
	take_parts(0);

	pthread_mutex_lock(&pool.lock);
	while (pool.busy > 0)
		pthread_cond_wait(&pool.done, &pool.lock);
	/* A worker that wakes only now finds nothing to take part in. */
	pool.fn = NULL;
	pthread_mutex_unlock(&pool.lock);
	pthread_mutex_unlock(&pool.running);
}

void
dlb_pool_run(size_t n, dlb_pool_fn fn, void *ctx)
{
	struct dlb_pool_task t;

	dlb_pool_begin(&t, n, fn, ctx);
	dlb_pool_end(&t);
}

unsigned
dlb_pool_width(void)
{
	unsigned width;

	pthread_mutex_lock(&pool.lock);
	width = width_locked();
	pthread_mutex_unlock(&pool.lock);
	return width;
}

void
dlb_pool_limit(unsigned width)
{
	pthread_mutex_lock(&pool.lock);
	if (pool.width == 0)
		pool.limit = width;
	pthread_mutex_unlock(&pool.lock);
}

bool
dlb_progress_step(const struct dlb_progress *p, const char *what, uint64_t done,
	uint64_t total)
{
	return !p || !p->step || p->step(p->ctx, what, done, total);
}
