/* Layout, ranges, handles, tokens, and the fixed fields of the third box. */
#include "test.h"

static int
setup(void **state)
{
	*state = cell_world_new(2);
	return 0;
}

static int
teardown(void **state)
{
	cell_world_free(*state);
	return 0;
}

/* ---- Padmé ------------------------------------------------------------------ */

static void
padme_known_values(void **state)
{
	static const struct {
		uint64_t n, padded;
	} cases[] = {
		{0, 0},
		{1, 1},
		{2, 2},
		{3, 3},
		{7, 7},
		{8, 8},
		{9, 10},
		{10, 10},
		{11, 12},
		{15, 16},
		{16, 16},
		{17, 18},
		{31, 32},
		{33, 36},
		{63, 64},
		{65, 72},
		{100, 104},
		{129, 144},
		{4097, 4352},
		{1000000, 1015808},
		{0x00ffffff, 0x01000000},
		{0x01000000, 0x01000000},
		{UINT64_C(1) << 63, UINT64_C(1) << 63},
		{UINT64_MAX, UINT64_MAX},
		{UINT64_MAX - (UINT64_C(1) << 57) + 1,
			UINT64_MAX - (UINT64_C(1) << 57) + 1},
		{UINT64_MAX - (UINT64_C(1) << 57) + 2, UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++)
		assert_int_equal(dlb_padme(cases[i].n), cases[i].padded);
}

static void
padme_costs_an_eighth_at_most(void **state)
{
	uint64_t last = 0;

	(void)state;
	for (uint64_t n = 1; n < 100000; n++) {
		uint64_t p = dlb_padme(n);

		assert_true(p >= n && p >= last);
		assert_true((p - n) * 100 <= n * 12);
		assert_int_equal(dlb_padme(p), p);
		last = p;
	}
}

/* ---- layout -------------------------------------------------------------------- */

static void
layout_known_values(void **state)
{
	static const struct {
		uint8_t mode;
		uint64_t len;
		size_t card;
		uint32_t cells, inline_len;
	} cases[] = {
		{0, 0, 0, 1, 0},
		{0, 1, 0, 1, 1},
		{0, 63839, 0, 1, 63839},
		{0, 63840, 0, 1, 63840},
		{0, 63841, 0, 2, 63840},
		{0, 63840 + 65424, 0, 2, 63840},
		{0, 63840 + 65425, 0, 3, 63840},
		{0, 63840 + 8 * 65424, 0, 10, 63840},
		{0, 63840, 1, 2, 63839},
		{0, 100, 24576, 1, 100},
		{0, 63840, 24576, 2, 39264},
		{1, 0, 0, 1, 0},
		{1, 1, 0, 2, 0},
		{1, 65424, 24576, 2, 0},
		{1, 65425, 0, 3, 0},
		{0, 63840 + UINT64_C(0xffffff) * 65424, 0, 0x1000000, 63840},
		{1, UINT64_C(0xffffff) * 65424, 0, 0x1000000, 0},
	};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++) {
		struct dlb_stripe s = {
			.mode = cases[i].mode, .stripe_len = cases[i].len};

		assert_ok(dlb_stripe_layout(&s, cases[i].card));
		assert_int_equal(s.cells, cases[i].cells);
		assert_int_equal(s.inline_len, cases[i].inline_len);
	}
}

static void
layout_has_a_limit(void **state)
{
	static const uint64_t lens[] = {
		63840 + UINT64_C(0xffffff) * 65424 + 1,
		UINT64_C(1) << 63,
		(UINT64_C(1) << 63) - 1,
		UINT64_MAX - 1,
		UINT64_MAX,
	};
	struct dlb_stripe s = {0};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(lens); i++) {
		s.stripe_len = lens[i];
		s.cells = s.inline_len = 1;
		assert_status(dlb_stripe_layout(&s, 0), DLB_LIMIT);
		assert_int_equal(s.cells, 0);
		assert_int_equal(s.inline_len, 0);
	}
	s.stripe_len = 1;
	assert_ok(dlb_stripe_layout(&s, DLB_CARD_RIDE_MAX));
	assert_status(dlb_stripe_layout(&s, DLB_CARD_RIDE_MAX + 1), DLB_LIMIT);
	assert_status(dlb_stripe_layout(&s, SIZE_MAX), DLB_LIMIT);
}

/* Ranges follow each other without a gap and cover the content once. */
static void
ranges_tile_the_content(void **state)
{
	struct cell_world *w = *state;

	for (int round = 0; round < 500; round++) {
		size_t card = dlb_random_below(w->env, DLB_CARD_RIDE_MAX + 1);
		struct dlb_stripe s = cell_stripe(
			dlb_random_below(w->env, 3000000), card, w->env);
		uint64_t at = s.inline_len;

		for (uint32_t i = 1; i < s.cells; i++) {
			uint64_t offset;
			size_t len;

			dlb_stripe_range(&s, i, &offset, &len);
			assert_true(len <= DLB_BULK_CONTENT_LEN);
			assert_int_equal(offset, at);
			assert_true(len == DLB_BULK_CONTENT_LEN
				|| offset + len == s.stripe_len);
			at += len;
		}
		assert_int_equal(at, s.stripe_len);
	}
}

static void
ranges_outside_are_empty(void **state)
{
	struct cell_world *w = *state;
	struct dlb_stripe s = cell_stripe(200000, 0, w->env);
	static const uint32_t outside[] = {0, 4, 5, UINT32_MAX};
	uint64_t offset;
	size_t len;

	assert_int_equal(s.cells, 4);
	for (size_t i = 0; i < DLB_ARRAY_LEN(outside); i++) {
		dlb_stripe_range(&s, outside[i], &offset, &len);
		assert_int_equal(len, 0);
		assert_int_equal(offset, s.stripe_len);
	}
	/* What no check would let pass must still not overflow. */
	s.stripe_len = UINT64_MAX;
	s.cells = UINT32_MAX;
	s.inline_len = UINT32_MAX;
	dlb_stripe_range(&s, UINT32_MAX - 1, &offset, &len);
	assert_int_equal(len, DLB_BULK_CONTENT_LEN);
}

/* ---- handles and tokens ------------------------------------------------------------ */

static void
handles_follow_key_and_index(void **state)
{
	struct cell_world *w = *state;
	uint8_t key[32], handle[32], again[32], uniform[64];
	static const uint8_t at[4] = {0x01, 0x02, 0x03, 0x04};

	dlb_random(w->env, key, sizeof(key));
	dlb_derive(uniform, 64, key, 32, "dlb handle", at, 4);
	dlb_point_from_uniform(again, uniform);
	dlb_stripe_handle(handle, key, 0x01020304);
	assert_memory_equal(handle, again, 32);
	assert_true(dlb_point_valid(handle));
	dlb_stripe_handle(again, key, 0x01020305);
	assert_memory_not_equal(handle, again, 32);
	key[31] ^= 1;
	dlb_stripe_handle(again, key, 0x01020304);
	assert_memory_not_equal(handle, again, 32);
}

static void
tokens_follow_key_number_and_index(void **state)
{
	struct cell_world *w = *state;
	uint8_t key[32], token[32], again[32];
	static const uint8_t at[5] = {7, 0, 0, 1, 0};

	dlb_random(w->env, key, sizeof(key));
	dlb_recall_token(token, key, 7, 256);
	dlb_derive(again, 32, key, 32, "dlb recall", at, 5);
	assert_memory_equal(token, again, 32);
	dlb_recall_token(again, key, 8, 256);
	assert_memory_not_equal(token, again, 32);
	dlb_recall_token(again, key, 7, 257);
	assert_memory_not_equal(token, again, 32);
	key[0] ^= 1;
	dlb_recall_token(again, key, 7, 256);
	assert_memory_not_equal(token, again, 32);
}

/* ---- the fixed fields ----------------------------------------------------------------- */

static void
fields_lie_where_they_should(void **state)
{
	struct cell_world *w = *state;
	struct dlb_stripe s = cell_stripe(0x123456, 0, w->env);
	uint8_t f[DLB_FIELDS_LEN];

	s.n = 9;
	s.number = 3;
	dlb_stripe_encode(f, &s);
	assert_memory_equal(f, "\0\1\11\3", 4);
	assert_memory_equal(f + 4, s.letter_id, 16);
	assert_memory_equal(f + 20, s.sealing_id, 16);
	assert_memory_equal(f + 36, s.stripe_key, 32);
	assert_memory_equal(f + 68, s.letter_key, 32);
	assert_zeroed(f + 100, 32);
	assert_memory_equal(f + 132, "\0\0\0\0\0\x12\x34\x56", 8);
	assert_memory_equal(f + 140, "\0\0\0\0\0\x12\x34\x56", 8);
	assert_memory_equal(f + 148, "\0\0\0\x14", 4);
	assert_memory_equal(f + 152, "\0\0\xf9\x60", 4);
	assert_zeroed(f + 156, 100);
}

static void
fields_round_trip(void **state)
{
	struct cell_world *w = *state;

	for (int round = 0; round < 2000; round++) {
		size_t card = dlb_random_below(w->env, DLB_CARD_RIDE_MAX + 1);
		struct dlb_stripe s = cell_stripe(0, card, w->env), back;
		uint8_t f[DLB_FIELDS_LEN], again[DLB_FIELDS_LEN];

		s.mode = (uint8_t)dlb_random_below(w->env, 2);
		s.k = (uint8_t)(1 + s.mode + dlb_random_below(w->env, 20));
		s.n = (uint8_t)(s.k + dlb_random_below(w->env, 200));
		s.number = (uint8_t)dlb_random_below(w->env, s.n);
		s.content_len = dlb_random_below(w->env, UINT32_MAX);
		s.stripe_len = (s.content_len + s.k - 1) / s.k;
		if (s.mode == DLB_STRIPE_THRESHOLD)
			dlb_random(w->env, s.commitment, 32);
		assert_ok(dlb_stripe_layout(&s, card));
		dlb_stripe_encode(f, &s);
		assert_ok(dlb_stripe_decode(&back, f, card));
		assert_int_equal(back.expiry_week, 0);
		assert_zeroed(back.recall_key, sizeof(back.recall_key));
		dlb_stripe_encode(again, &back);
		assert_memory_equal(f, again, sizeof(f));
	}
}

static void
fields_reserved_are_refused(void **state)
{
	struct cell_world *w = *state;
	struct dlb_stripe s = cell_stripe(5000, 0, w->env), back;
	uint8_t f[DLB_FIELDS_LEN];

	dlb_stripe_encode(f, &s);
	for (size_t i = 156; i < DLB_FIELDS_LEN; i++) {
		f[i] = 0x80;
		assert_status(dlb_stripe_decode(&back, f, 0), DLB_MALFORMED);
		assert_zeroed(&back, sizeof(back));
		f[i] = 0;
	}
	for (size_t i = 100; i < 132; i++) {
		f[i] = 1; /* a commitment, without a threshold */
		assert_status(dlb_stripe_decode(&back, f, 0), DLB_MALFORMED);
		f[i] = 0;
	}
	assert_ok(dlb_stripe_decode(&back, f, 0));
}

/* Changes of one field that contradict the others. */
static void
fields_that_contradict_are_refused(void **state)
{
	struct cell_world *w = *state;
	const struct dlb_stripe good = cell_stripe(200000, 50, w->env);
	const uint64_t m = UINT64_MAX, h = UINT64_C(1) << 63;
	struct {
		int mode, k, n, number;
		uint64_t content_len, stripe_len;
		uint32_t cells, inline_len;
	} bad[] = {
		{2, 1, 1, 0, 200000, 200000, 4, 63790},
		{255, 1, 1, 0, 200000, 200000, 4, 63790},
		{0, 0, 1, 0, 200000, 200000, 4, 63790},
		{0, 0, 0, 0, 200000, 200000, 4, 63790},
		{0, 1, 0, 0, 200000, 200000, 4, 63790},
		{0, 2, 1, 0, 400000, 200000, 4, 63790},
		{0, 1, 1, 1, 200000, 200000, 4, 63790},
		{0, 1, 255, 255, 200000, 200000, 4, 63790},
		{1, 1, 1, 0, 200000, 200000, 5, 0},
		{1, 2, 2, 0, 400000, 200000, 5, 63790},
		{1, 2, 2, 0, 400000, 200000, 4, 63790},
		{0, 1, 1, 0, 200001, 200000, 4, 63790},
		{0, 1, 1, 0, 199999, 200000, 4, 63790},
		{0, 1, 1, 0, 200000, 200001, 4, 63790},
		{0, 2, 2, 0, 200000, 200000, 4, 63790},
		{0, 2, 2, 0, 399998, 200000, 4, 63790},
		{0, 2, 2, 0, 400001, 200000, 4, 63790},
		{0, 1, 1, 0, 200000, 200000, 0, 63790},
		{0, 1, 1, 0, 200000, 200000, 3, 63790},
		{0, 1, 1, 0, 200000, 200000, 5, 63790},
		{0, 1, 1, 0, 200000, 200000, UINT32_MAX, 63790},
		{0, 1, 1, 0, 200000, 200000, 4, 0},
		{0, 1, 1, 0, 200000, 200000, 4, 63789},
		{0, 1, 1, 0, 200000, 200000, 4, 63791},
		{0, 1, 1, 0, 200000, 200000, 4, UINT32_MAX},
		{0, 1, 1, 0, m, m, 4, 63790},
		{0, 1, 1, 0, m, m, 0, 63790},
		{0, 1, 1, 0, h, h, 4, 63790},
		{0, 1, 1, 0, h - 1, h - 1, 0, 63790},
		{0, 2, 2, 0, m, h, 0, 63790},
		{0, 2, 2, 0, m, 0, 1, 0}, /* m + 1 is 0 */
		{0, 255, 255, 0, m, m / 255, 0, 63790},
		{0, 1, 1, 0, m - 65423, m - 65423, 1, 63790},
	};

	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++) {
		struct dlb_stripe s = good, back;
		uint8_t f[DLB_FIELDS_LEN];

		s.mode = (uint8_t)bad[i].mode;
		s.k = (uint8_t)bad[i].k;
		s.n = (uint8_t)bad[i].n;
		s.number = (uint8_t)bad[i].number;
		s.content_len = bad[i].content_len;
		s.stripe_len = bad[i].stripe_len;
		s.cells = bad[i].cells;
		s.inline_len = bad[i].inline_len;
		dlb_stripe_encode(f, &s);
		assert_status(dlb_stripe_decode(&back, f, 50), DLB_MALFORMED);
		assert_zeroed(&back, sizeof(back));
	}
	/* The same with another card would lay out otherwise. */
	assert_ok(dlb_stripe_check(&good, 50));
	assert_status(dlb_stripe_check(&good, 51), DLB_MALFORMED);
	assert_status(
		dlb_stripe_check(&good, DLB_CARD_RIDE_MAX + 1), DLB_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(padme_known_values),
		TEST(padme_costs_an_eighth_at_most),
		TEST(layout_known_values),
		TEST(layout_has_a_limit),
		TEST(ranges_tile_the_content),
		TEST(ranges_outside_are_empty),
		TEST(handles_follow_key_and_index),
		TEST(tokens_follow_key_number_and_index),
		TEST(fields_lie_where_they_should),
		TEST(fields_round_trip),
		TEST(fields_reserved_are_refused),
		TEST(fields_that_contradict_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
