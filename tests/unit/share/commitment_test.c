/* A threshold's commitment is to key, content and sealing. */
#include "test.h"

static void
only_the_same_key_content_and_sealing_fit(void **state)
{
	struct dlb_stripe s = {.mode = DLB_STRIPE_THRESHOLD,
				  .k = 3,
				  .n = 5,
				  .content_len = 1000},
			  other;
	uint8_t key[DLB_KEY_LEN], content[DLB_HASH_LEN];

	(void)state;
	memset(s.sealing_id, 7, sizeof(s.sealing_id));
	memset(key, 1, sizeof(key));
	memset(content, 2, sizeof(content));
	dlb_commit(s.commitment, &s, key, content);
	assert_true(dlb_key_fits(&s, key));
	assert_true(dlb_content_fits(&s, key, content));
	/* Which stripe it is does not matter. */
	s.number = 4;
	assert_true(dlb_content_fits(&s, key, content));

	content[31] ^= 1;
	assert_true(dlb_key_fits(&s, key));
	assert_false(dlb_content_fits(&s, key, content));
	content[31] ^= 1;
	key[31] ^= 1;
	assert_false(dlb_key_fits(&s, key));
	assert_false(dlb_content_fits(&s, key, content));
	key[31] ^= 1;
	for (unsigned i = 0; i < 4; i++) {
		other = s;
		*(i == 0                 ? &other.k
				: i == 1 ? &other.n
				: i == 2 ? &other.sealing_id[15]
					 : &other.sealing_id[0]) ^= 1;
		assert_false(dlb_key_fits(&other, key));
		assert_false(dlb_content_fits(&other, key, content));
	}
	other = s;
	other.content_len++;
	assert_false(dlb_key_fits(&other, key));
	for (unsigned i = 0; i < DLB_HASH_LEN; i++) {
		other = s;
		other.commitment[i] ^= 0x80;
		assert_int_equal(dlb_key_fits(&other, key), i >= 8);
		assert_false(dlb_content_fits(&other, key, content));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_same_key_content_and_sealing_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
