/* Cover: the same functions and forms as letters; opens for nobody. */
#include "test.h"

static int
setup(void **state)
{
	*state = cell_world_new(6);
	return 0;
}

static int
teardown(void **state)
{
	cell_world_free(*state);
	return 0;
}

static void
cover_seals_as_letters_do(void **state)
{
	static const uint32_t counts[] = {1, 2, 7, 9, 64, 65, 1000, 0x1000000};
	static const uint8_t zeros[DLB_CELL_LEN];
	struct cell_world *w = *state;

	for (size_t i = 0; i < DLB_ARRAY_LEN(counts); i++) {
		struct dlb_seal_to to;
		struct dlb_seal_from from;
		struct dlb_stripe s;
		struct dlb_waybill waybill;

		assert_ok(dlb_cover_init(
			&to, &from, &s, counts[i], FIXTURE_EXPIRY, w->env));
		assert_int_equal(s.cells, dlb_padme(counts[i]));
		assert_ok(dlb_stripe_check(&s, 0));
		assert_ok(dlb_head_seal(
			w->cell, w->aead, &to, &from, &s, zeros, w->env, NULL));
		assert_ok(dlb_cell_check(&waybill, w->cell, NULL));
		assert_int_equal(waybill.expiry_week, FIXTURE_EXPIRY);
		assert_status(
			cell_world_open(w, &w->reader, w->cell), DLB_NOT_MINE);
		if (s.cells == 1)
			continue;
		dlb_bulk_seal(w->cell, w->aead, &s, 1, zeros,
			DLB_BULK_CONTENT_LEN, w->env);
		assert_ok(dlb_cell_check(&waybill, w->cell, NULL));
		assert_status(
			cell_world_open(w, &w->reader, w->cell), DLB_NOT_MINE);
	}
}

static void
numbers_of_cells_are_checked(void **state)
{
	struct cell_world *w = *state;
	struct dlb_seal_to to;
	struct dlb_seal_from from;
	struct dlb_stripe s;

	assert_status(dlb_cover_init(&to, &from, &s, 0, 1, w->env), DLB_USAGE);
	assert_zeroed(&to, sizeof(to));
	assert_status(dlb_cover_init(&to, &from, &s, 0x1000001, 1, w->env),
		DLB_USAGE);
	assert_status(dlb_cover_init(&to, &from, &s, UINT32_MAX, 1, w->env),
		DLB_USAGE);
}

static void
every_cover_has_its_own_keys(void **state)
{
	struct cell_world *w = *state;
	struct dlb_seal_to a, b;
	struct dlb_seal_from fa, fb;
	struct dlb_stripe sa, sb;

	assert_ok(dlb_cover_init(&a, &fa, &sa, 3, 1, w->env));
	assert_ok(dlb_cover_init(&b, &fb, &sb, 3, 1, w->env));
	assert_memory_not_equal(a.finding, b.finding, sizeof(a.finding));
	assert_memory_not_equal(a.opening, b.opening, sizeof(a.opening));
	assert_memory_not_equal(&a.identity, &b.identity, sizeof(a.identity));
	assert_memory_not_equal(fa.shared, fb.shared, sizeof(fa.shared));
	assert_memory_not_equal(sa.stripe_key, sb.stripe_key, 32);
	assert_memory_not_equal(sa.letter_key, sb.letter_key, 32);
	assert_memory_not_equal(sa.recall_key, sb.recall_key, 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cover_seals_as_letters_do),
		TEST(numbers_of_cells_are_checked),
		TEST(every_cover_has_its_own_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
