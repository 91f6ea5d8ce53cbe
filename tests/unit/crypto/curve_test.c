/* X25519 and Ed25519 against their RFCs, and what must be refused. */
#include "crypto_test.h"
#include "vectors.h"

static void
check_rounds(const struct vectors *v)
{
	uint8_t k[32] = {9}, u[32] = {9}, out[32];

	for (uint64_t i = vectors_number(v, "rounds"); i > 0; i--) {
		assert_int_equal(dlb_x25519(out, k, u), DLB_OK);
		memcpy(u, k, 32);
		memcpy(k, out, 32);
	}
	assert_memory_equal(k, vectors_get_len(v, "shared", 32), 32);
}

static void
x25519_vectors(void **state)
{
	static const uint8_t base[32] = {9}, zero[32];
	size_t good = 0, refused = 0, rounds = 0, len;
	struct vectors v;
	uint8_t out[32];

	(void)state;
	vectors_open(&v, "x25519.txt");
	while (vectors_next(&v)) {
		const uint8_t *want = vectors_get(&v, "shared", &len), *sk, *pk;

		if (vectors_has(&v, "rounds") && ++rounds) {
			check_rounds(&v);
			continue;
		}
		sk = vectors_get_len(&v, "sk", 32);
		pk = vectors_get_len(&v, "pk", 32);
		memset(out, 0xee, 32);
		if (len == 0 && ++refused) {
			assert_int_equal(
				dlb_x25519(out, sk, pk), DLB_MALFORMED);
			assert_memory_equal(out, zero, 32);
			continue;
		}
		good++;
		assert_int_equal(dlb_x25519(out, sk, pk), DLB_OK);
		assert_memory_equal(out, want, 32);
		if (memcmp(pk, base, 32) == 0) {
			dlb_x25519_public(out, sk);
			assert_memory_equal(out, want, 32);
		}
	}
	vectors_close(&v);
	assert_int_equal(rounds, 2);
	assert_int_equal(refused, 14);
	assert_int_equal(good, 5 + 13 + 8);
}

static void
check_signature(const struct vectors *v)
{
	size_t len;
	const uint8_t *msg = vectors_get(v, "msg", &len);
	const uint8_t *want = vectors_get_len(v, "sig", 64);
	uint8_t pk[32], sk[64], sig[64];

	dlb_ed25519_keypair(pk, sk, vectors_get_len(v, "seed", 32));
	assert_memory_equal(pk, vectors_get_len(v, "pk", 32), 32);
	dlb_ed25519_sign(sig, msg, len, sk);
	assert_memory_equal(sig, want, 64);
	assert_true(dlb_ed25519_verify(sig, msg, len, pk));
	for (size_t i = 0; i < 64; i++) {
		sig[i] ^= 4;
		assert_false(dlb_ed25519_verify(sig, msg, len, pk));
		sig[i] ^= 4;
	}
	pk[3] ^= 1;
	assert_false(dlb_ed25519_verify(sig, msg, len, pk));
}

static void
ed25519_vectors(void **state)
{
	size_t good = 0, bad = 0;
	struct vectors v;

	(void)state;
	vectors_open(&v, "ed25519.txt");
	while (vectors_next(&v)) {
		size_t len;
		const uint8_t *msg = vectors_get(&v, "msg", &len);

		if (vectors_has(&v, "bad_sig") && ++bad)
			assert_false(dlb_ed25519_verify(
				vectors_get_len(&v, "bad_sig", 64), msg, len,
				vectors_get_len(&v, "pk", 32)));
		else if (++good)
			check_signature(&v);
	}
	vectors_close(&v);
	assert_int_equal(good, 4);
	assert_int_equal(bad, 24);
}

/* The encodings of the points whose order divides 8, canonical or not: with such
 * a key, a signature of zeros or of the point itself would fit any message. */
static void
small_order_keys_sign_nothing(void **state)
{
	static const char *const points[] = {
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	};
	uint8_t pk[32], sig[64];

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(points); i++) {
		assert_int_equal(dlb_unhex(pk, 32, points[i]), DLB_OK);
		for (size_t j = 0; j < DLB_ARRAY_LEN(points); j++) {
			memset(sig, 0, 64);
			assert_int_equal(dlb_unhex(sig, 32, points[j]), DLB_OK);
			for (uint8_t m = 0; m < 8; m++)
				assert_false(
					dlb_ed25519_verify(sig, &m, 1, pk));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x25519_vectors),
		cmocka_unit_test(ed25519_vectors),
		cmocka_unit_test(small_order_keys_sign_nothing),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
