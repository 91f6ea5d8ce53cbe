/* The erasure code beside arithmetic that is done bit by bit; blocks. */
#include "test.h"

#define K_MAX 6
#define N_MAX 9
#define LEN 1000

static uint8_t
slow_multiply(unsigned a, unsigned b)
{
	unsigned product = 0;

	for (unsigned i = 0; i < 8; i++)
		if (b >> i & 1)
			product ^= a << i;
	for (unsigned i = 15; i >= 8; i--)
		if (product >> i & 1)
			product ^= 0x11du << (i - 8);
	return (uint8_t)product;
}

static uint8_t
slow_invert(unsigned a)
{
	for (unsigned b = 1; b < 256; b++)
		if (slow_multiply(a, b) == 1)
			return (uint8_t)b;
	fail();
	return 0;
}

struct world {
	struct dlb_code *code;
	unsigned k, n;
	uint8_t columns[DLB_STRIPES_MAX][LEN];
	uint8_t *all[DLB_STRIPES_MAX];
	uint8_t out[DLB_STRIPES_MAX + 1][LEN];
	uint8_t *data[DLB_STRIPES_MAX];
};

static struct world *
world_new(unsigned k, unsigned n)
{
	struct dlb_env_seeded env;
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	dlb_env_seeded_init(&env, 100 * k + n, 0);
	w->k = k;
	w->n = n;
	for (unsigned i = 0; i < n; i++) {
		w->all[i] = w->columns[i];
		w->data[i] = w->out[i];
	}
	for (unsigned i = 0; i < k; i++)
		dlb_random(&env.env, w->columns[i], LEN);
	assert_ok(dlb_code_new(&w->code, k, n, NULL));
	dlb_code_parity(
		w->code, w->all + k, (const uint8_t *const *)w->all, LEN);
	return w;
}

static void
world_free(struct world *w)
{
	dlb_code_free(w->code);
	free(w);
}

static void
parity_is_the_sum_of_1_over_row_xor_column(void **state)
{
	struct world *w = world_new(5, 8);

	(void)state;
	for (unsigned row = 5; row < 8; row++)
		for (unsigned at = 0; at < LEN; at++) {
			uint8_t want = 0;

			for (unsigned i = 0; i < 5; i++)
				want ^= slow_multiply(slow_invert(row ^ i),
					w->columns[i][at]);
			assert_int_equal(w->columns[row][at], want);
		}
	world_free(w);
}

static void
try_columns(struct world *w, const uint8_t *numbers)
{
	const uint8_t *given[DLB_STRIPES_MAX];

	for (unsigned i = 0; i < w->k; i++)
		given[i] = w->columns[numbers[i]];
	memset(w->out, 0xaa, sizeof(w->out));
	assert_ok(dlb_code_data(w->code, w->data, numbers, given, LEN));
	for (unsigned i = 0; i < w->k; i++)
		assert_memory_equal(w->out[i], w->columns[i], LEN);
	assert_int_equal(w->out[w->k][0], 0xaa);
}

static void
any_k_columns_give_the_data(void **state)
{
	(void)state;
	for (unsigned k = 1; k <= K_MAX; k++)
		for (unsigned n = k; n <= N_MAX; n++) {
			struct world *w = world_new(k, n);

			for (unsigned set = 0; set < 1u << n; set++) {
				uint8_t numbers[N_MAX];
				unsigned count = 0;

				for (unsigned i = 0; i < n; i++)
					if (set >> i & 1)
						numbers[count++] = (uint8_t)i;
				if (count == k)
					try_columns(w, numbers);
			}
			world_free(w);
		}
}

static void
as_many_stripes_as_there_can_be(void **state)
{
	static const unsigned ks[] = {1, 2, 127, 254, 255};
	uint8_t numbers[DLB_STRIPES_MAX];

	(void)state;
	for (size_t j = 0; j < DLB_ARRAY_LEN(ks); j++) {
		struct world *w = world_new(ks[j], 255);

		for (unsigned i = 0; i < ks[j]; i++)
			numbers[i] = (uint8_t)(255 - ks[j] + i);
		try_columns(w, numbers);
		world_free(w);
	}
}

static void
numbers_that_can_not_be_are_refused(void **state)
{
	static const uint8_t bad[][3] = {
		{0, 0, 1}, {0, 2, 1}, {1, 1, 1}, {0, 1, 5}, {3, 4, 255}};
	struct world *w = world_new(3, 5);
	const uint8_t *given[3] = {w->all[0], w->all[1], w->all[2]};
	struct dlb_code *none;

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++) {
		assert_status(
			dlb_code_data(w->code, w->data, bad[i], given, LEN),
			DLB_MALFORMED);
		try_columns(w, (const uint8_t[]){1, 3, 4});
	}
	assert_status(dlb_code_new(&none, 0, 5, NULL), DLB_USAGE);
	assert_status(dlb_code_new(&none, 6, 5, NULL), DLB_USAGE);
	assert_status(dlb_code_new(&none, 2, 256, NULL), DLB_USAGE);
	world_free(w);
}

/* Every byte of the content lies in one block, and a block in a cell's columns. */
static void
blocks_cover_the_content_once(void **state)
{
	static const uint64_t lens[] = {0, 1, 2, 3, 4, 100, 191519, 191520,
		191521, 387792, 387793, 1000000, 20000000};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(lens); i++)
		for (unsigned mode = 0; mode < 2; mode++) {
			struct dlb_stripe s = {.mode = (uint8_t)mode,
				.k = 3,
				.n = 5,
				.content_len = lens[i],
				.stripe_len = (lens[i] + 2) / 3};
			uint64_t next = 0, columns = 0;

			assert_ok(dlb_stripe_layout(&s, 0));
			for (uint32_t index = 0; index < s.cells; index++) {
				uint64_t at;
				size_t len, width;

				dlb_block_range(&s, index, &at, &len, &width);
				assert_int_equal(at, next);
				assert_true(width <= DLB_BULK_CONTENT_LEN);
				assert_int_equal(width, (len + 2) / 3);
				next += len;
				columns += width;
			}
			assert_int_equal(next, lens[i]);
			assert_int_equal(columns, s.stripe_len);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parity_is_the_sum_of_1_over_row_xor_column),
		cmocka_unit_test(any_k_columns_give_the_data),
		cmocka_unit_test(as_many_stripes_as_there_can_be),
		cmocka_unit_test(numbers_that_can_not_be_are_refused),
		cmocka_unit_test(blocks_cover_the_content_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
