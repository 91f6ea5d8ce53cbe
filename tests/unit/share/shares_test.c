/* Shares of a key: what any k tell, and what fewer do. */
#include "test.h"

static struct dlb_env_seeded env;

static int
setup(void **state)
{
	(void)state;
	dlb_env_seeded_init(&env, 11, 0);
	return 0;
}

/* AES's field, bit by bit; FIPS 197, section 4.2 has the example. */
static uint8_t
slow_multiply(unsigned a, unsigned b)
{
	unsigned product = 0;

	for (unsigned i = 0; i < 8; i++)
		if (b >> i & 1)
			product ^= a << i;
	for (unsigned i = 15; i >= 8; i--)
		if (product >> i & 1)
			product ^= 0x11bu << (i - 8);
	return (uint8_t)product;
}

/* The line through the key at 0: y = key + a x, for the shares of number 0 and 1. */
static void
two_shares_lie_on_a_line(void **state)
{
	uint8_t key[DLB_KEY_LEN], shares[255][DLB_KEY_LEN];

	(void)state;
	assert_int_equal(slow_multiply(0x57, 0x83), 0xc1);
	dlb_random(&env.env, key, sizeof(key));
	dlb_shares_make(shares, 2, 255, key, &env.env);
	for (unsigned b = 0; b < DLB_KEY_LEN; b++) {
		uint8_t slope = shares[0][b] ^ key[b];

		for (unsigned i = 0; i < 255; i++)
			assert_int_equal(shares[i][b],
				key[b] ^ slow_multiply(slope, i + 1));
	}
}

static void
join_set(const uint8_t (*shares)[DLB_KEY_LEN], const uint8_t *key, unsigned n,
	unsigned k, unsigned set)
{
	uint8_t numbers[8], some[8][DLB_KEY_LEN], got[DLB_KEY_LEN];
	unsigned count = 0;

	for (unsigned i = n; i-- > 0;)
		if (set >> i & 1) {
			numbers[count] = (uint8_t)i;
			memcpy(some[count++], shares[i], DLB_KEY_LEN);
		}
	if (count == 0)
		return;
	assert_ok(dlb_shares_join(
		got, numbers, (const uint8_t(*)[DLB_KEY_LEN])some, count));
	if (count >= k)
		assert_memory_equal(got, key, DLB_KEY_LEN);
	else
		assert_memory_not_equal(got, key, DLB_KEY_LEN);
}

static void
any_k_shares_give_the_key_and_fewer_do_not(void **state)
{
	(void)state;
	for (unsigned k = 1; k <= 7; k++)
		for (unsigned n = k; n <= 8; n++) {
			uint8_t key[DLB_KEY_LEN], shares[8][DLB_KEY_LEN];

			dlb_random(&env.env, key, sizeof(key));
			dlb_shares_make(shares, k, n, key, &env.env);
			for (unsigned set = 0; set < 1u << n; set++)
				join_set((const uint8_t(*)[DLB_KEY_LEN])shares,
					key, n, k, set);
		}
}

static void
all_255(void **state)
{
	uint8_t key[DLB_KEY_LEN], got[DLB_KEY_LEN], shares[255][DLB_KEY_LEN];
	uint8_t numbers[255];

	(void)state;
	dlb_random(&env.env, key, sizeof(key));
	dlb_shares_make(shares, 255, 255, key, &env.env);
	for (unsigned i = 0; i < 255; i++)
		numbers[i] = (uint8_t)i;
	assert_ok(dlb_shares_join(
		got, numbers, (const uint8_t(*)[DLB_KEY_LEN])shares, 255));
	assert_memory_equal(got, key, DLB_KEY_LEN);
}

/* Over many sharings of two keys, each value of a byte of k-1 shares comes about as
 * often as any other, and of the pair too: chi square, 255 degrees of freedom, bound
 * at 8 standard deviations. The seed is fixed. */
#define ROUNDS 1000

static double
chi_square(const uint8_t *key, unsigned which)
{
	unsigned counts[256] = {0};
	double sum = 0, expected = ROUNDS * DLB_KEY_LEN / 256.0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint8_t shares[5][DLB_KEY_LEN];

		dlb_shares_make(shares, 3, 5, key, &env.env);
		for (unsigned b = 0; b < DLB_KEY_LEN; b++)
			counts[which < 5 ? shares[which][b]
					 : shares[1][b]
						^ slow_multiply(
							3, shares[4][b])]++;
	}
	for (unsigned v = 0; v < 256; v++)
		sum += (counts[v] - expected) * (counts[v] - expected)
			/ expected;
	return sum;
}

static void
shares_below_k_are_uniform_whatever_the_key(void **state)
{
	uint8_t zeros[DLB_KEY_LEN] = {0}, ones[DLB_KEY_LEN];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	for (unsigned which = 0; which < 6; which++) {
		assert_true(chi_square(zeros, which) < 255 + 8 * 22.6);
		assert_true(chi_square(ones, which) < 255 + 8 * 22.6);
	}
}

/* For any two shares of three, each key is as possible as any other: a third share
 * that leads to it exists. */
static void
two_of_three_shares_leave_every_key_possible(void **state)
{
	uint8_t key[DLB_KEY_LEN], shares[3][DLB_KEY_LEN], got[DLB_KEY_LEN];
	bool seen[256] = {false};

	(void)state;
	dlb_random(&env.env, key, sizeof(key));
	dlb_shares_make(shares, 3, 3, key, &env.env);
	for (unsigned v = 0; v < 256; v++) {
		shares[2][0] = (uint8_t)v;
		assert_ok(dlb_shares_join(got, (const uint8_t[]){0, 1, 2},
			(const uint8_t(*)[DLB_KEY_LEN])shares, 3));
		assert_false(seen[got[0]]);
		seen[got[0]] = true;
	}
}

static void
shares_that_can_not_be_are_refused(void **state)
{
	uint8_t shares[3][DLB_KEY_LEN], got[DLB_KEY_LEN],
		zeros[DLB_KEY_LEN] = {0};
	const uint8_t(*in)[DLB_KEY_LEN] = (const uint8_t(*)[DLB_KEY_LEN])shares;

	(void)state;
	memset(shares, 1, sizeof(shares));
	assert_status(dlb_shares_join(got, (const uint8_t[]){0, 1, 0}, in, 3),
		DLB_MALFORMED);
	assert_memory_equal(got, zeros, sizeof(got));
	assert_status(dlb_shares_join(got, (const uint8_t[]){0, 255, 1}, in, 3),
		DLB_MALFORMED);
	assert_status(dlb_shares_join(got, (const uint8_t[]){0}, in, 0),
		DLB_MALFORMED);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(two_shares_lie_on_a_line),
		TEST(any_k_shares_give_the_key_and_fewer_do_not),
		TEST(all_255),
		TEST(shares_below_k_are_uniform_whatever_the_key),
		TEST(two_of_three_shares_leave_every_key_possible),
		TEST(shares_that_can_not_be_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
