/* Key slots open with their own secret only, and show nothing of themselves. */
#include "crypto_test.h"

static const uint8_t root[32] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
static const uint8_t file_a[40] = {0xa}, file_b[40] = {0xb};

static const struct dlb_unlock unlocks[] = {
	{DLB_UNLOCK_OPEN, NULL, 0},
	{DLB_UNLOCK_PASSPHRASE, "correct horse", 13},
	{DLB_UNLOCK_PASSPHRASE, "correct horsf", 13},
	{DLB_UNLOCK_PASSPHRASE, "correct horse ", 14},
	{DLB_UNLOCK_PASSPHRASE, file_a, sizeof(file_a)},
	{DLB_UNLOCK_KEYFILE, file_a, sizeof(file_a)},
	{DLB_UNLOCK_KEYFILE, file_b, sizeof(file_b)},
	{DLB_UNLOCK_KEYFILE, file_a, sizeof(file_a) - 1},
};

static void
create_ok(uint8_t *slots, size_t unlock, uint64_t seed)
{
	struct dlb_env_seeded e;

	dlb_env_seeded_init(&e, seed, 0);
	assert_int_equal(dlb_keyslots_create(
				 slots, root, &unlocks[unlock], &e.env, NULL),
		DLB_OK);
}

static void
each_opens_with_its_own_only(void **state)
{
	static const uint8_t zero[32];
	uint8_t slots[DLB_KEYSLOTS_LEN], got[32];

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(unlocks); i++) {
		create_ok(slots, i, 100 + i);
		for (size_t j = 0; j < DLB_ARRAY_LEN(unlocks); j++) {
			struct dlb_error err = {0};

			memset(got, 0xee, 32);
			assert_int_equal(dlb_keyslots_open(
						 got, slots, &unlocks[j], &err),
				i == j ? DLB_OK : DLB_WRONG_KEY);
			assert_memory_equal(got, i == j ? root : zero, 32);
			assert_int_equal(strlen(err.msg) > 0, i != j);
		}
	}
}

/* All eight places are used in the course of time, and no byte is constant. */
static void
nothing_stands_out(void **state)
{
	uint8_t first[DLB_KEYSLOTS_LEN], slots[DLB_KEYSLOTS_LEN], got[32];
	bool varies[DLB_KEYSLOTS_LEN] = {false};
	unsigned places = 0;

	(void)state;
	create_ok(first, 0, 0);
	for (uint64_t seed = 1; seed < 100; seed++) {
		create_ok(slots, 0, seed);
		for (size_t i = 0; i < sizeof(slots); i++)
			varies[i] |= slots[i] != first[i];
		/* The one whose damage matters is the one in use. */
		for (unsigned i = 0; i < DLB_KEYSLOTS; i++) {
			uint8_t *slot = slots + 32 + i * DLB_KEYSLOT_LEN;

			slot[30] ^= 1;
			if (dlb_keyslots_open(got, slots, &unlocks[0], NULL)
				!= DLB_OK)
				places |= 1u << i;
			slot[30] ^= 1;
		}
	}
	assert_int_equal(places, (1u << DLB_KEYSLOTS) - 1);
	for (size_t i = 0; i < sizeof(slots); i++)
		assert_true(varies[i]);
}

static void
a_changed_salt_opens_nothing(void **state)
{
	static const size_t kinds[] = {0, 1, 5};
	uint8_t slots[DLB_KEYSLOTS_LEN], got[32];

	(void)state;
	for (size_t k = 0; k < DLB_ARRAY_LEN(kinds); k++) {
		create_ok(slots, kinds[k], 7);
		for (size_t i = 0; i < 32; i++) {
			slots[i] ^= 1;
			assert_int_equal(dlb_keyslots_open(got, slots,
						 &unlocks[kinds[k]], NULL),
				DLB_WRONG_KEY);
			slots[i] ^= 1;
		}
	}
}

static void
what_is_no_secret_is_refused(void **state)
{
	static const struct dlb_unlock bad[] = {
		{DLB_UNLOCK_PASSPHRASE, "", 0},
		{DLB_UNLOCK_KEYFILE, file_a, 31},
		{DLB_UNLOCK_KEYFILE, NULL, 0},
		{DLB_UNLOCK_ROOT, root, 32},
		{(enum dlb_unlock_kind)99, root, 32},
	};
	uint8_t slots[DLB_KEYSLOTS_LEN], got[32];
	static const uint8_t zero[DLB_KEYSLOTS_LEN];
	struct dlb_env_seeded e;
	struct dlb_error err = {0};

	(void)state;
	dlb_env_seeded_init(&e, 1, 0);
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++) {
		assert_int_equal(
			dlb_keyslots_create(slots, root, &bad[i], &e.env, &err),
			DLB_USAGE);
		assert_memory_equal(slots, zero, sizeof(slots));
		create_ok(slots, 0, 1);
		assert_int_equal(dlb_keyslots_open(got, slots, &bad[i], &err),
			DLB_USAGE);
		assert_memory_equal(got, zero, 32);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_opens_with_its_own_only),
		cmocka_unit_test(nothing_stands_out),
		cmocka_unit_test(a_changed_salt_opens_nothing),
		cmocka_unit_test(what_is_no_secret_is_refused),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	dlb_keyslots_set_test_cost();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
