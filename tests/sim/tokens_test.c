/*
 * What couriers who pool all they see make of recall tokens: no better than chance who
 * reads a letter, and next to nothing of what belongs together and what is cover. Other
 * rules show that the guesses would find something.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "tokens.h"

static struct sim_tokens_result
run(enum sim_tokens_rule rule)
{
	const struct sim_tokens c = {.nodes = 60,
		.meetings = 10,
		.weeks = 26,
		.store = 512,
		.contact = 128,
		.own = 2,
		.shown = 64,
		.letters = 1,
		.size = 4,
		.pooling = 10,
		.rule = rule};
	struct sim_tokens_result r;
	struct dlb_error err;

	assert_int_equal(sim_tokens_run(&r, &c, 11, &err), DLB_OK);
	print_message(
		"# rule %d: %u of %u delivered, %u answered; reader %.0f of "
		"%.0f (chance %.1f), other %.0f of %.0f (%.1f); linked "
		"%.3f, cover %.3f; unseen %.2f of %.2f\n",
		rule, r.delivered, r.sent, r.answered, r.first.right,
		r.first.tries, r.first.chance, r.first_other.right,
		r.first_other.tries, r.first_other.chance, r.linked.auc,
		r.cover.auc, r.real_unseen, r.real_all);
	return r;
}

static double
beyond(const struct sim_guess *g)
{
	return (g->right - g->chance) / sqrt(g->variance);
}

static void
pooled_tokens_say_nothing(void **state)
{
	struct sim_tokens_result r = run(SIM_TOKENS_SHIPPED);

	(void)state;
	assert_true(r.answered > 100 && r.first.tries > 100);
	assert_true(r.linked.a > 50 && r.cover.a > 100 && r.cover.b > 1000);
	assert_true(beyond(&r.first) < 3);
	assert_true(beyond(&r.first_other) < 3);
	assert_true(fabs(r.linked.auc - 0.5) < 0.08);
	assert_true(fabs(r.cover.auc - 0.5) < 0.05);
}

static void
a_reader_who_showed_them_would_be_found(void **state)
{
	struct sim_tokens_result r = run(SIM_TOKENS_READER);

	(void)state;
	assert_true(beyond(&r.first) > 20);
	assert_true(r.first.right > r.first.tries / 5);
}

static void
all_at_once_would_tell(void **state)
{
	struct sim_tokens_result r = run(SIM_TOKENS_AT_ONCE);

	(void)state;
	assert_true(r.linked.auc > 0.58);
	assert_true(r.cover.auc > 0.6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pooled_tokens_say_nothing),
		cmocka_unit_test(a_reader_who_showed_them_would_be_found),
		cmocka_unit_test(all_at_once_would_tell),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
