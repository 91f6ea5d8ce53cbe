/*
 * What couriers who pool all they see find out: nothing better than chance. That their
 * guesses would find something is seen by faults that are planted, each found by the
 * guess that looks for it. And what becomes of letters where couriers are lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "pooling.h"

#define SEEDS 3

static struct sim_pool
config(enum sim_pool_leak leak)
{
	return (struct sim_pool){.nodes = 60,
		.meetings = 10,
		.weeks = 16,
		.store = 512,
		.contact = 128,
		.own = 2,
		.letters = 0.5,
		.need = 3,
		.of = 5,
		.pooling = 6,
		.baits = 10,
		.leak = leak};
}

/* The mean over some seeds. */
static struct sim_pool_result
run(const struct sim_pool *c)
{
	struct sim_pool_result sum = {.sent = 0}, r;
	struct dlb_error err;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		assert_int_equal(sim_pool_run(&r, c, seed, &err), DLB_OK);
		sum.sent += r.sent;
		sum.delivered += r.delivered;
		sum.sender.auc += r.sender.auc / SEEDS;
		sum.reader.auc += r.reader.auc / SEEDS;
		sum.reader.a += r.reader.a;
		sum.answer.auc += r.answer.auc / SEEDS;
		sum.linked.auc += r.linked.auc / SEEDS;
		sum.linked.a += r.linked.a;
		sum.counter.auc += r.counter.auc / SEEDS;
		sum.cover.auc += r.cover.auc / SEEDS;
		sum.cover.a += r.cover.a;
	}
	print_message("# leak %d: %u of %u delivered; sender %.3f; reader "
		      "%.3f, %.3f; linked %.3f of %u; cover %.3f, %.3f\n",
		c->leak, sum.delivered, sum.sent, sum.sender.auc,
		sum.reader.auc, sum.answer.auc, sum.linked.auc,
		(unsigned)sum.linked.a, sum.counter.auc, sum.cover.auc);
	return sum;
}

static void
those_who_pool_find_nothing(void **state)
{
	const struct sim_pool c = config(SIM_LEAK_NONE);
	struct sim_pool_result r = run(&c);

	(void)state;
	assert_true(r.reader.a > 20 && r.cover.a > 1000 && r.sent > 100);
	assert_true(fabs(r.sender.auc - 0.5) < 0.12);
	assert_true(fabs(r.reader.auc - 0.5) < 0.12);
	assert_true(fabs(r.answer.auc - 0.5) < 0.12);
	assert_true(fabs(r.linked.auc - 0.5) < 0.08);
	assert_true(fabs(r.counter.auc - 0.5) < 0.05);
	assert_true(fabs(r.cover.auc - 0.5) < 0.08);
}

static void
without_cover_a_sender_is_found(void **state)
{
	const struct sim_pool c = config(SIM_LEAK_NO_COVER);

	(void)state;
	assert_true(run(&c).sender.auc > 0.8);
}

static void
a_reader_who_keeps_nothing_takes_the_bait(void **state)
{
	const struct sim_pool c = config(SIM_LEAK_READER);

	(void)state;
	assert_true(run(&c).reader.auc > 0.8);
}

static void
counters_that_differ_tell_cover(void **state)
{
	const struct sim_pool c = config(SIM_LEAK_COPIES);

	(void)state;
	assert_true(fabs(run(&c).counter.auc - 0.5) > 0.15);
}

static void
cells_that_stay_together_are_linked(void **state)
{
	struct sim_pool c = config(SIM_LEAK_TOGETHER);
	double with = run(&c).linked.auc;

	(void)state;
	c.leak = SIM_LEAK_NONE;
	assert_true(with > run(&c).linked.auc + 0.1);
}

/* Any three of five stripes are more often there than all of three cells. */
static void
shares_outlive_couriers_who_are_lost(void **state)
{
	struct sim_pool c = config(SIM_LEAK_NONE);
	struct sim_pool_result with, without;

	(void)state;
	c.stripes = true;
	c.pooling = c.baits = 0;
	c.kind = SIM_POOL_LOST;
	c.bad = c.nodes / 5;
	with = run(&c);
	c.of = 3;
	c.stripes = false;
	without = run(&c);
	assert_true((double)with.delivered / with.sent
		> 1.3 * without.delivered / without.sent);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_who_pool_find_nothing),
		cmocka_unit_test(without_cover_a_sender_is_found),
		cmocka_unit_test(a_reader_who_keeps_nothing_takes_the_bait),
		cmocka_unit_test(counters_that_differ_tell_cover),
		cmocka_unit_test(cells_that_stay_together_are_linked),
		cmocka_unit_test(shares_outlive_couriers_who_are_lost),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
