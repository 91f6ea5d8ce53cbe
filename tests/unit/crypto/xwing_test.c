/* X-Wing against the draft's answers; wrong keys and ciphertexts; odd X25519
 * halves. */
#include "crypto_test.h"
#include "vectors.h"

static uint8_t pk[DLB_XWING_PK_LEN], ct[DLB_XWING_CT_LEN];
static uint8_t sk[DLB_XWING_EXPANDED_LEN];

static void
hashes_to(const uint8_t *data, size_t len, const uint8_t *want)
{
	uint8_t hash[32];

	dlb_sha256(hash, data, len);
	assert_memory_equal(hash, want, 32);
}

static void
the_draft_s_answers(void **state)
{
	struct vectors v;
	uint8_t ss[32];
	size_t n = 0;

	(void)state;
	vectors_open(&v, "xwing.txt");
	for (; vectors_next(&v); n++) {
		const uint8_t *seed = vectors_get_len(&v, "seed", 32);
		const uint8_t *want = vectors_get_len(&v, "ss", 32);

		dlb_xwing_public(pk, seed);
		hashes_to(pk, sizeof(pk), vectors_get_len(&v, "pk_sha256", 32));
		assert_int_equal(dlb_xwing_encaps(ct, ss, pk,
					 vectors_get_len(&v, "eseed", 64)),
			DLB_OK);
		hashes_to(ct, sizeof(ct), vectors_get_len(&v, "ct_sha256", 32));
		assert_memory_equal(ss, want, 32);
		memset(ss, 0, 32);
		dlb_xwing_decaps(ss, ct, seed);
		assert_memory_equal(ss, want, 32);
		dlb_xwing_expand(sk, seed);
		memset(ss, 0, 32);
		dlb_xwing_decaps_expanded(ss, ct, sk);
		assert_memory_equal(ss, want, 32);
	}
	vectors_close(&v);
	assert_int_equal(n, 3);
}

/* A change anywhere in the ciphertext, in either half, gives another secret. */
static void
wrong_ciphertexts_give_other_secrets(void **state)
{
	static const uint8_t seed[32] = {1}, eseed[64] = {2};
	uint8_t ss[32], other[32], again[32];

	(void)state;
	dlb_xwing_public(pk, seed);
	dlb_xwing_expand(sk, seed);
	assert_int_equal(dlb_xwing_encaps(ct, ss, pk, eseed), DLB_OK);
	for (size_t i = 0; i < sizeof(ct); i += i < 1080 ? 37 : 1) {
		ct[i] ^= 0x10;
		dlb_xwing_decaps_expanded(other, ct, sk);
		assert_memory_not_equal(ss, other, 32);
		/* The same one each time. */
		dlb_xwing_decaps(again, ct, seed);
		assert_memory_equal(other, again, 32);
		ct[i] ^= 0x10;
	}
	dlb_xwing_decaps_expanded(other, ct, sk);
	assert_memory_equal(ss, other, 32);
}

static void
wrong_keys_give_other_secrets(void **state)
{
	uint8_t seed[32] = {1}, eseed[64] = {2}, ss[32], other[32];

	(void)state;
	dlb_xwing_public(pk, seed);
	assert_int_equal(dlb_xwing_encaps(ct, ss, pk, eseed), DLB_OK);
	seed[31] = 1;
	dlb_xwing_decaps(other, ct, seed);
	assert_memory_not_equal(ss, other, 32);
	/* Each half of the randomness counts. */
	eseed[0] ^= 1;
	assert_int_equal(dlb_xwing_encaps(ct, other, pk, eseed), DLB_OK);
	assert_memory_not_equal(ss, other, 32);
	eseed[0] ^= 1;
	eseed[40] ^= 1;
	assert_int_equal(dlb_xwing_encaps(ct, other, pk, eseed), DLB_OK);
	assert_memory_not_equal(ss, other, 32);
}

static void
unreduced_keys_are_refused(void **state)
{
	static const uint8_t seed[32] = {3}, eseed[64] = {4}, zero[32];
	uint8_t ss[32];

	(void)state;
	dlb_xwing_public(pk, seed);
	/* A coefficient of 4095, first and last. */
	pk[0] = 0xff;
	pk[1] |= 0x0f;
	memset(ss, 0xee, 32);
	assert_int_equal(dlb_xwing_encaps(ct, ss, pk, eseed), DLB_MALFORMED);
	assert_memory_equal(ss, zero, 32);
	dlb_xwing_public(pk, seed);
	pk[1150] |= 0xf0;
	pk[1151] = 0xff;
	assert_int_equal(dlb_xwing_encaps(ct, ss, pk, eseed), DLB_MALFORMED);
	dlb_xwing_public(pk, seed);
	assert_int_equal(dlb_xwing_encaps(ct, ss, pk, eseed), DLB_OK);
}

/* The draft has no check of the X25519 half: a point of small order makes its
 * secret zero, both sides agree, and ML-KEM's half still protects. */
static void
small_order_points_agree(void **state)
{
	static const uint8_t seed[32] = {5}, eseed[64] = {6};
	uint8_t ss[32], other[32];

	(void)state;
	dlb_xwing_public(pk, seed);
	assert_int_equal(dlb_xwing_encaps(ct, ss, pk, eseed), DLB_OK);
	memset(ct + DLB_XWING_CT_LEN - 32, 0, 32);
	dlb_xwing_decaps(other, ct, seed);
	assert_memory_not_equal(ss, other, 32);
	memset(pk + DLB_XWING_PK_LEN - 32, 0, 32);
	assert_int_equal(dlb_xwing_encaps(ct, ss, pk, eseed), DLB_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_draft_s_answers),
		cmocka_unit_test(wrong_ciphertexts_give_other_secrets),
		cmocka_unit_test(wrong_keys_give_other_secrets),
		cmocka_unit_test(unreduced_keys_are_refused),
		cmocka_unit_test(small_order_points_agree),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
