/* ML-KEM-768 against NIST's answers, many at once against Go's, and the check of
 * encapsulation keys. */
#include "crypto_test.h"
#include "mlkem_internal.h"
#include "vectors.h"

#include <openssl/evp.h>

static uint8_t pk[MLKEM_PK_LEN], sk[MLKEM_SK_LEN], ct[MLKEM_CT_LEN];

static void
check_keypair(const struct vectors *v)
{
	uint8_t coins[64], hash[32];

	memcpy(coins, vectors_get_len(v, "d", 32), 32);
	memcpy(coins + 32, vectors_get_len(v, "z", 32), 32);
	mlkem_keypair(pk, sk, coins);
	dlb_sha256(hash, pk, sizeof(pk));
	assert_memory_equal(hash, vectors_get_len(v, "pk_sha256", 32), 32);
	dlb_sha256(hash, sk, sizeof(sk));
	assert_memory_equal(hash, vectors_get_len(v, "sk_sha256", 32), 32);
	assert_true(mlkem_pk_valid(pk));
	assert_memory_equal(mlkem_pk_of(sk), pk, sizeof(pk));
}

static void
check_accumulated(const struct vectors *v)
{
	size_t rounds = vectors_number(v, "rounds");
	size_t in_len = rounds * (64 + 32 + MLKEM_CT_LEN);
	uint8_t *in = malloc(in_len), ss[32], back[32], hash[32];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct dlb_reader r;

	assert_non_null(in);
	assert_non_null(ctx);
	assert_int_equal(EVP_DigestInit_ex(ctx, EVP_shake128(), NULL), 1);
	assert_int_equal(EVP_DigestFinalXOF(ctx, in, in_len), 1);
	assert_int_equal(EVP_DigestInit_ex(ctx, EVP_shake128(), NULL), 1);
	dlb_reader_init(&r, in, in_len);
	while (rounds-- > 0) {
		mlkem_keypair(pk, sk, dlb_read_view(&r, 64));
		EVP_DigestUpdate(ctx, pk, sizeof(pk));
		mlkem_encaps(ct, ss, pk, dlb_read_view(&r, 32));
		EVP_DigestUpdate(ctx, ct, sizeof(ct));
		EVP_DigestUpdate(ctx, ss, sizeof(ss));
		mlkem_decaps(back, ct, sk);
		assert_memory_equal(ss, back, 32);
		mlkem_decaps(ss, dlb_read_view(&r, MLKEM_CT_LEN), sk);
		EVP_DigestUpdate(ctx, ss, sizeof(ss));
	}
	assert_true(dlb_reader_done(&r));
	assert_int_equal(EVP_DigestFinalXOF(ctx, hash, sizeof(hash)), 1);
	assert_memory_equal(hash, vectors_get_len(v, "hash", 32), 32);
	EVP_MD_CTX_free(ctx);
	free(in);
}

static void
published_answers(void **state)
{
	size_t keypairs = 0, accumulated = 0;
	struct vectors v;

	(void)state;
	vectors_open(&v, "mlkem768.txt");
	while (vectors_next(&v)) {
		if (vectors_has(&v, "rounds") && ++accumulated)
			check_accumulated(&v);
		else if (++keypairs)
			check_keypair(&v);
	}
	vectors_close(&v);
	assert_int_equal(keypairs, 8);
	assert_int_equal(accumulated, 1);
}

/* Puts v into the coefficient i of a public key, gives what was there. */
static unsigned
swap_coefficient(size_t i, unsigned v)
{
	uint8_t *p = pk + i / 2 * 3;
	unsigned old;

	if (i % 2 == 0) {
		old = p[0] | (p[1] & 15u) << 8;
		p[0] = (uint8_t)v;
		p[1] = (uint8_t)((p[1] & 0xf0) | v >> 8);
	} else {
		old = p[1] >> 4 | (unsigned)p[2] << 4;
		p[1] = (uint8_t)((p[1] & 15) | (v & 15) << 4);
		p[2] = (uint8_t)(v >> 4);
	}
	return old;
}

/* Each of the 768 coefficients, at each value from q on that 12 bits can say. */
static void
unreduced_keys_are_refused(void **state)
{
	static const uint8_t coins[64] = {1};

	(void)state;
	mlkem_keypair(pk, sk, coins);
	for (size_t i = 0; i < 768; i++) {
		unsigned old = swap_coefficient(i, 3328);

		assert_true(mlkem_pk_valid(pk));
		swap_coefficient(i, 0);
		assert_true(mlkem_pk_valid(pk));
		for (unsigned v = 3329; v < 4096; v += i == 5 ? 1 : 59) {
			swap_coefficient(i, v);
			assert_false(mlkem_pk_valid(pk));
		}
		swap_coefficient(i, 4095);
		assert_false(mlkem_pk_valid(pk));
		swap_coefficient(i, old);
	}
	assert_memory_equal(pk, mlkem_pk_of(sk), sizeof(pk));
	/* The seed of the matrix may be anything. */
	memset(pk + MLKEM_PK_LEN - 32, 0xff, 32);
	assert_true(mlkem_pk_valid(pk));
	memset(pk, 0xff, sizeof(pk));
	assert_false(mlkem_pk_valid(pk));
}

/* FIPS 202, the examples of the empty message. */
static void
sha3_of_nothing(void **state)
{
	uint8_t got[32];
	char hex[65];

	(void)state;
	mlkem_sha3_256(got, "", 0);
	dlb_hex(hex, got, 32);
	assert_string_equal(hex,
		"a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
	mlkem_shake256(got, 32, "", 0);
	dlb_hex(hex, got, 32);
	assert_string_equal(hex,
		"46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_answers),
		cmocka_unit_test(unreduced_keys_are_refused),
		cmocka_unit_test(sha3_of_nothing),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
