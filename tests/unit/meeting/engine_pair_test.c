/*
 * Two engines that mean well: all that differs arrives, once, and counters add up.
 */
#include "pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WEEK 100

/* Both hold `both` cells, and each `only` of its own. */
static void
fill(struct pair *p, uint32_t both, uint32_t only0, uint32_t only1)
{
	for (uint32_t i = 0; i < both + only0 + only1; i++) {
		uint16_t week = (uint16_t)(WEEK + i % 12);
		uint8_t copies = (uint8_t)(1 + i % 32);

		if (i < both + only0)
			pair_add(p, 0, i, week, copies);
		if (i < both || i >= both + only0)
			pair_add(p, 1, i, week, copies);
	}
}

static void
assert_same(struct pair *p, uint32_t all)
{
	for (int i = 0; i < 2; i++) {
		assert_int_equal(p->side[i].store.n, all);
		for (size_t k = 0; k < all; k++) {
			const struct pair_cell *c = &p->side[i].store.cells[k];

			assert_true(c->times_came <= 1);
			assert_true(c->times_given <= 1);
		}
	}
}

static void
test_all_arrives(void **state)
{
	static const uint32_t sizes[][3] = {
		{0, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 0, 0}, {10, 3, 2},
		{0, 40, 60}, {500, 30, 0}, {500, 0, 30}, {1500, 100, 80},
	};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(sizes); i++) {
		const uint32_t *n = sizes[i];
		struct pair p;

		pair_init(&p, 100 + i);
		fill(&p, n[0], n[1], n[2]);
		pair_meet(&p);
		assert_int_equal(p.side[0].end, DLB_END_DONE);
		assert_int_equal(p.side[1].end, DLB_END_DONE);
		assert_same(&p, n[0] + n[1] + n[2]);
		assert_int_equal(p.side[0].stats.given, n[1]);
		assert_int_equal(p.side[1].stats.taken, n[1]);
		assert_int_equal(p.side[1].stats.given, n[2]);
		assert_int_equal(p.side[0].stats.taken, n[2]);
		pair_free(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_arrives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
