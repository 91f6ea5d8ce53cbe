/*
 * What it costs to find out what differs: bytes, groups, memory.
 */
#include "pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct cost {
	uint64_t bytes;
	struct dlb_meeting_stats s[2];
};

/* Until both know what to send; no cell moves. */
static struct cost
settle(uint64_t seed, uint32_t both, uint32_t only0, uint32_t only1)
{
	struct cost c;
	struct pair p;
	unsigned steps = 0;

	pair_init(&p, seed);
	pair_fill(&p, both, only0, only1);
	p.chunk_max = 0;
	p.delay_ms = 1;
	p.side[0].hold = p.side[1].hold = true;
	pair_start(&p);
	while (!p.settled_ms && pair_step(&p))
		assert_true(++steps < 1000000);
	assert_true(p.settled_ms > 0);
	c.bytes = p.settled_bytes;
	for (int i = 0; i < 2; i++)
		dlb_meeting_stats(p.side[i].m, &c.s[i]);
	assert_int_equal(c.s[0].lacking, only1);
	assert_int_equal(c.s[1].lacking, only0);
	assert_int_equal(c.s[0].to_give, only0);
	assert_int_equal(c.s[1].to_give, only1);
	pair_end(&p);
	pair_free(&p);
	return c;
}

/* The bytes follow the difference, not the size. */
static void
test_cost(void **state)
{
	struct cost c;

	(void)state;
	c = settle(1, 100000, 0, 0);
	assert_in_range(c.bytes, 1, 1536);
	for (uint64_t seed = 0; seed < 5; seed++) {
		c = settle(seed, 100000, 5, 5);
		assert_in_range(c.bytes, 1, 2048);
	}
	c = settle(2, 100000, 500, 500);
	assert_in_range(c.bytes, 1, 40 * 1024);
	c = settle(3, 100000, 1000, 0);
	assert_in_range(c.bytes, 1, 40 * 1024);
	c = settle(4, 20000, 10000, 10000);
	assert_in_range(c.bytes, 1, 36 * 20000);
	/* Nothing here or nothing there: the ids are said once. */
	c = settle(5, 0, 20000, 0);
	assert_in_range(c.bytes, 1, 9 * 20000);
	c = settle(6, 0, 0, 20000);
	assert_in_range(c.bytes, 1, 9 * 20000);
}

/* So many that they are compared in several groups. */
static void
test_many_groups(void **state)
{
	struct cost c = settle(7, 60000, 20000, 25000);

	(void)state;
	assert_in_range(c.bytes, 1, 36 * 45000);
	assert_true(c.s[0].groups >= 4);
	/* It does not run far ahead of the cells. */
	c = settle(8, 1000, 40000, 40000);
	assert_true(c.s[0].groups >= 6);
}

/* 3,000 cells: too little to begin with, too little on the way, enough for one cell
 * on its way out at a time, more. */
static void
test_budget(void **state)
{
	unsigned refused = 0, ended = 0, done = 0;

	(void)state;
	for (size_t budget = 50000; budget < 1000000; budget += 10000) {
		struct pair p;

		pair_init(&p, 10);
		pair_fill(&p, 2900, 50, 50);
		p.chunk_max = 0;
		p.side[0].config.budget = p.side[1].config.budget = budget;
		if (!pair_can_start(&p)) {
			assert_int_equal(ended, 0);
			refused++;
			pair_free(&p);
			continue;
		}
		pair_meet(&p);
		for (int i = 0; i < 2; i++)
			assert_in_range(p.side[i].stats.memory_peak, 1, budget);
		if (p.side[0].end == DLB_END_DONE) {
			pair_assert_done(&p);
			pair_assert_same(&p, 3000);
			done++;
		} else {
			assert_true(p.side[0].end == DLB_END_MEMORY
				|| p.side[1].end == DLB_END_MEMORY);
			ended++;
			assert_int_equal(done, 0);
		}
		pair_free(&p);
	}
	assert_true(refused > 5 && ended > 0 && done > 10);
}

static void
test_config(void **state)
{
	struct dlb_meeting_config config = {.caller = true};
	struct dlb_meeting *m;
	struct dlb_error err;
	struct dlb_env_seeded env;

	(void)state;
	assert_int_equal(dlb_meeting_new(&m, &config, &err), DLB_USAGE);
	dlb_env_seeded_init(&env, 1, 0);
	config.env = &env.env;
	config.window = DLB_WINDOW_MAX + 1;
	assert_int_equal(dlb_meeting_new(&m, &config, &err), DLB_USAGE);
	config.window = 0;
	config.cells_n = (size_t)DLB_CELLS_N_MAX + 1;
	assert_int_equal(dlb_meeting_new(&m, &config, &err), DLB_LIMIT);
	config.cells_n = 0;
	assert_int_equal(dlb_meeting_new(&m, &config, &err), DLB_OK);
	dlb_meeting_free(m);
	for (unsigned i = 0; i <= DLB_END_COUNT; i++)
		assert_true(
			strlen(dlb_meeting_end_text((enum dlb_meeting_end)i))
			> 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_many_groups),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
