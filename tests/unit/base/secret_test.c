/* Secret memory is zeroed, guarded and wiped; the process leaves no cores. */
#include "base_test.h"

#include <sys/prctl.h>
#include <sys/resource.h>

static void
init_forbids_cores(void **state)
{
	struct rlimit limit;

	(void)state;
	assert_int_equal(dlb_base_init(), DLB_OK);
	assert_int_equal(dlb_base_init(), DLB_OK);
	assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
	assert_int_equal(limit.rlim_cur + limit.rlim_max, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)            \
	&& !defined(__clang__)
	assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
#endif
}

static void
secrets_start_as_zeros(void **state)
{
	static const size_t lengths[] = {1, 32, 2464, 4096, 100000};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(lengths); i++) {
		uint8_t *p = dlb_secret_new(lengths[i]);

		assert_non_null(p);
		for (size_t j = 0; j < lengths[i]; j++)
			assert_int_equal(p[j], 0);
		memset(p, 0x55, lengths[i]);
		dlb_secret_free(p);
	}
	dlb_secret_free(NULL);
	assert_null(dlb_secret_new(SIZE_MAX));
}

static void
wipe_and_equal(void **state)
{
	uint8_t a[5] = {1, 2, 3, 4, 5}, b[5] = {1, 2, 3, 4, 5};

	(void)state;
	assert_true(dlb_equal(a, b, 5));
	for (size_t i = 0; i < 5; i++) {
		b[i] ^= 0x80;
		assert_false(dlb_equal(a, b, 5));
		b[i] ^= 0x80;
	}
	assert_true(dlb_equal(a, "z", 0));
	dlb_wipe(a, 4);
	assert_memory_equal(a, "\0\0\0\0\5", 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_forbids_cores),
		cmocka_unit_test(secrets_start_as_zeros),
		cmocka_unit_test(wipe_and_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
