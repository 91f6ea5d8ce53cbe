/* Every part is done once, by a worker of its own number, whoever calls from
 * wherever. */
#include "base_test.h"

#include <pthread.h>
#include <stdatomic.h>

#define WIDTH 4
#define PARTS 5000

struct job {
	atomic_uint times[PARTS];
	atomic_bool at_work[WIDTH];
	atomic_uint overlaps;
	atomic_uint workers_seen;
};

static void
count_part(void *ctx, size_t i, unsigned worker)
{
	struct job *j = ctx;

	assert_true(worker < WIDTH);
	/* No two threads have one number at once. */
	if (atomic_exchange(&j->at_work[worker], true))
		atomic_fetch_add(&j->overlaps, 1);
	atomic_fetch_add(&j->times[i], 1);
	atomic_fetch_or(&j->workers_seen, 1u << worker);
	atomic_store(&j->at_work[worker], false);
}

static void
check_job(struct job *j, size_t n)
{
	for (size_t i = 0; i < PARTS; i++)
		assert_int_equal(j->times[i], i < n);
	assert_int_equal(j->overlaps, 0);
}

static void
each_part_once(void **state)
{
	static const size_t counts[] = {0, 1, 2, 3, 4, 63, 64, 65, 999, PARTS};

	(void)state;
	assert_int_equal(dlb_pool_width(), WIDTH);
	for (int round = 0; round < 20; round++) {
		for (size_t k = 0; k < DLB_ARRAY_LEN(counts); k++) {
			struct job *j = calloc(1, sizeof(*j));

			assert_non_null(j);
			dlb_pool_run(counts[k], count_part, j);
			check_job(j, counts[k]);
			free(j);
		}
	}
}

/* Waits in each part until all workers have come to one. */
struct meeting {
	pthread_barrier_t all;
};

static void
meet(void *ctx, size_t i, unsigned worker)
{
	struct meeting *m = ctx;

	(void)i;
	(void)worker;
	pthread_barrier_wait(&m->all);
}

static void
all_workers_take_part(void **state)
{
	struct meeting m;

	(void)state;
	/* Would hang if the parts were not taken by four threads. */
	pthread_barrier_init(&m.all, NULL, WIDTH);
	for (int round = 0; round < 100; round++)
		dlb_pool_run(WIDTH, meet, &m);
	pthread_barrier_destroy(&m.all);
}

struct slow {
	pthread_barrier_t all;
	atomic_uint finished;
};

static void
finish_late(void *ctx, size_t i, unsigned worker)
{
	struct slow *s = ctx;

	(void)i;
	pthread_barrier_wait(&s->all);
	if (worker != 0)
		usleep(5000);
	atomic_fetch_add(&s->finished, 1);
}

static void
a_run_ends_when_its_last_part_does(void **state)
{
	struct slow s = {.finished = 0};

	(void)state;
	pthread_barrier_init(&s.all, NULL, WIDTH);
	for (unsigned round = 1; round <= 5; round++) {
		dlb_pool_run(WIDTH, finish_late, &s);
		assert_int_equal(s.finished, round * WIDTH);
	}
	pthread_barrier_destroy(&s.all);
}

/* Waits in each part until one has come from each thread but the caller's. */
struct others {
	pthread_barrier_t all;
	atomic_uint by_caller;
};

static void
meet_others(void *ctx, size_t i, unsigned worker)
{
	struct others *o = ctx;

	(void)i;
	if (worker == 0)
		atomic_fetch_add(&o->by_caller, 1);
	pthread_barrier_wait(&o->all);
}

static void
others_work_while_the_caller_does_not(void **state)
{
	struct others o = {.by_caller = 0};
	struct job *mine = calloc(1, sizeof(*mine));
	struct dlb_pool_task t;

	(void)state;
	assert_non_null(mine);
	pthread_barrier_init(&o.all, NULL, WIDTH);
	for (int round = 0; round < 50; round++) {
		dlb_pool_begin(&t, WIDTH - 1, meet_others, &o);
		/* Would hang if the parts waited for dlb_pool_end. */
		pthread_barrier_wait(&o.all);
		/* And a run of the caller's own keeps clear of theirs. */
		memset(mine, 0, sizeof(*mine));
		dlb_pool_run(100, count_part, mine);
		check_job(mine, 100);
		assert_int_equal(mine->workers_seen, 1);
		dlb_pool_end(&t);
	}
	assert_int_equal(o.by_caller, 0);
	pthread_barrier_destroy(&o.all);
	free(mine);
}

static void
the_caller_does_what_is_left(void **state)
{
	static const size_t counts[] = {0, 1, 2, PARTS};

	(void)state;
	for (size_t k = 0; k < DLB_ARRAY_LEN(counts); k++) {
		struct job *j = calloc(1, sizeof(*j));
		struct dlb_pool_task t;

		assert_non_null(j);
		dlb_pool_begin(&t, counts[k], count_part, j);
		dlb_pool_end(&t);
		check_job(j, counts[k]);
		free(j);
	}
}

struct nested {
	struct job inner[8];
	atomic_uint wrong;
};

struct nested_part {
	struct job *job;
	unsigned worker;
	atomic_uint *wrong;
};

static void
inner_part(void *ctx, size_t i, unsigned worker)
{
	struct nested_part *p = ctx;

	/* The number stays that of the part it is called from, so that what is
	 * kept for each worker is not used by two. */
	if (worker != p->worker)
		atomic_fetch_add(p->wrong, 1);
	atomic_fetch_add(&p->job->times[i], 1);
}

static void
outer_part(void *ctx, size_t i, unsigned worker)
{
	struct nested *n = ctx;
	struct nested_part p = {&n->inner[i], worker, &n->wrong};

	dlb_pool_run(100, inner_part, &p);
}

static void
runs_may_be_nested(void **state)
{
	struct nested *n = calloc(1, sizeof(*n));

	(void)state;
	assert_non_null(n);
	dlb_pool_run(8, outer_part, n);
	for (size_t i = 0; i < 8; i++)
		check_job(&n->inner[i], 100);
	assert_int_equal(n->wrong, 0);
	free(n);
}

static void
meet_all(void *ctx, size_t i, unsigned worker)
{
	(void)i;
	(void)worker;
	dlb_pool_run(WIDTH, meet, ctx);
}

static void
a_single_part_leaves_the_threads_to_others(void **state)
{
	struct meeting m;

	(void)state;
	/* Would hang if the inner run were not on four threads. */
	pthread_barrier_init(&m.all, NULL, WIDTH);
	dlb_pool_run(1, meet_all, &m);
	dlb_pool_run(WIDTH, meet, &m);
	pthread_barrier_destroy(&m.all);
}

static void *
run_some(void *ctx)
{
	for (int round = 0; round < 50; round++) {
		struct job *j = ctx;

		memset(j, 0, sizeof(*j));
		dlb_pool_run(500, count_part, j);
		for (size_t i = 0; i < 500; i++)
			if (j->times[i] != 1)
				return NULL;
	}
	return ctx;
}

static void
threads_may_run_at_once(void **state)
{
	struct job *jobs = calloc(3, sizeof(*jobs));
	pthread_t threads[3];

	(void)state;
	assert_non_null(jobs);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, run_some, &jobs[i]),
			0);
	for (size_t i = 0; i < 3; i++) {
		void *result;

		pthread_join(threads[i], &result);
		assert_ptr_equal(result, &jobs[i]);
		assert_int_equal(jobs[i].overlaps, 0);
	}
	free(jobs);
}

static void
the_width_is_fixed_at_first_use(void **state)
{
	(void)state;
	assert_int_equal(dlb_pool_width(), WIDTH);
	dlb_pool_limit(1);
	assert_int_equal(dlb_pool_width(), WIDTH);
}

static bool
stop_at_two(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	assert_string_equal(what, "sealing");
	assert_int_equal(total, 3);
	++*(int *)ctx;
	return done < 2;
}

static void
progress_may_be_absent_or_stop(void **state)
{
	int steps = 0;
	struct dlb_progress p = {&steps, stop_at_two}, none = {NULL, NULL};

	(void)state;
	assert_true(dlb_progress_step(NULL, "sealing", 0, 0));
	assert_true(dlb_progress_step(&none, "sealing", 0, 0));
	assert_true(dlb_progress_step(&p, "sealing", 1, 3));
	assert_false(dlb_progress_step(&p, "sealing", 2, 3));
	assert_int_equal(steps, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_part_once),
		cmocka_unit_test(all_workers_take_part),
		cmocka_unit_test(a_run_ends_when_its_last_part_does),
		cmocka_unit_test(others_work_while_the_caller_does_not),
		cmocka_unit_test(the_caller_does_what_is_left),
		cmocka_unit_test(runs_may_be_nested),
		cmocka_unit_test(a_single_part_leaves_the_threads_to_others),
		cmocka_unit_test(threads_may_run_at_once),
		cmocka_unit_test(the_width_is_fixed_at_first_use),
		cmocka_unit_test(progress_may_be_absent_or_stop),
	};

	dlb_pool_limit(WIDTH);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
