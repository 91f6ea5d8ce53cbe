/* The ciphers against published answers, in place and not, with every bit of a
 * sealed message changed once, and the stream from every offset. */
#include "aead_internal.h"
#include "crypto_test.h"
#include "vectors.h"

static struct dlb_aead *aead;

static int
setup(void **state)
{
	(void)state;
	return dlb_aead_new(&aead) == DLB_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	dlb_aead_free(aead);
	aead = NULL;
	return 0;
}

/* Buffers are of exactly the length, for the sanitizer to see a step beyond. */
static uint8_t *
exact(size_t len)
{
	uint8_t *p = malloc(len ? len : 1);

	assert_non_null(p);
	return p;
}

static bool
all_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

static void
check_good(const struct vectors *v)
{
	size_t len, ad_len, sealed_len;
	const uint8_t *plain = vectors_get(v, "plain", &len);
	const uint8_t *ad = vectors_get(v, "ad", &ad_len);
	const uint8_t *sealed = vectors_get(v, "sealed", &sealed_len);
	const uint8_t *key = vectors_get_len(v, "key", 32);
	const uint8_t *nonce = vectors_get_len(v, "nonce", 12);
	uint8_t *out = exact(sealed_len), *back = exact(len);

	assert_int_equal(sealed_len, len + DLB_TAG_LEN);
	aead_seal(aead, out, key, nonce, ad, ad_len, plain, len);
	assert_memory_equal(out, sealed, sealed_len);
	assert_int_equal(aead_open(aead, back, key, nonce, ad, ad_len, sealed,
				 sealed_len),
		DLB_OK);
	assert_memory_equal(back, plain, len);
	assert_int_equal(
		aead_verify(aead, key, nonce, ad, ad_len, sealed, sealed_len),
		DLB_OK);
	/* In place. */
	memcpy(out, plain, len);
	aead_seal(aead, out, key, nonce, ad, ad_len, out, len);
	assert_memory_equal(out, sealed, sealed_len);
	assert_int_equal(
		aead_open(aead, out, key, nonce, ad, ad_len, out, sealed_len),
		DLB_OK);
	assert_memory_equal(out, plain, len);
	free(out);
	free(back);
}

static void
check_bad(const struct vectors *v)
{
	size_t ad_len, sealed_len;
	const uint8_t *ad = vectors_get(v, "ad", &ad_len);
	const uint8_t *sealed = vectors_get(v, "bad_sealed", &sealed_len);
	size_t len = sealed_len - DLB_TAG_LEN;
	uint8_t *out = exact(len);

	memset(out, 0xee, len);
	assert_int_equal(aead_open(aead, out, vectors_get_len(v, "key", 32),
				 vectors_get_len(v, "nonce", 12), ad, ad_len,
				 sealed, sealed_len),
		DLB_FORGED);
	assert_true(all_zero(out, len));
	assert_int_equal(aead_verify(aead, vectors_get_len(v, "key", 32),
				 vectors_get_len(v, "nonce", 12), ad, ad_len,
				 sealed, sealed_len),
		DLB_FORGED);
	free(out);
}

static void
check_block(const struct vectors *v)
{
	uint64_t counter = vectors_number(v, "counter");
	const uint8_t *key = vectors_get_len(v, "key", 32);
	const uint8_t *nonce = vectors_get_len(v, "nonce", 12);
	const uint8_t *want = vectors_get_len(v, "block", 64);
	uint8_t iv[STREAM_IV_LEN] = {(uint8_t)counter}, out[64] = {0};

	memcpy(iv + 4, nonce, 12);
	stream_xor(aead, out, key, iv, out, sizeof(out));
	assert_memory_equal(out, want, sizeof(out));
	if (all_zero(nonce, 12)) {
		memset(out, 0, sizeof(out));
		dlb_stream_xor(aead, out, key, counter * 64, out, sizeof(out));
		assert_memory_equal(out, want, sizeof(out));
	}
}

static void
run_vectors(const char *name, size_t good, size_t bad, size_t blocks)
{
	struct vectors v;

	vectors_open(&v, name);
	while (vectors_next(&v)) {
		if (vectors_has(&v, "block")) {
			check_block(&v);
			blocks--;
		} else if (vectors_has(&v, "bad_sealed")) {
			check_bad(&v);
			bad--;
		} else {
			check_good(&v);
			good--;
		}
	}
	vectors_close(&v);
	assert_int_equal(good | bad | blocks, 0);
}

static void
rfc_8439(void **state)
{
	(void)state;
	run_vectors("chacha20poly1305.txt", 2, 0, 6);
}

static void
edges_of_poly1305(void **state)
{
	(void)state;
	run_vectors("chacha20poly1305_edges.txt", 15, 10, 0);
}

static void
one_time_keys_have_the_zero_nonce(void **state)
{
	static const uint8_t nonce[AEAD_NONCE_LEN];
	uint8_t key[32] = {9}, a[40], b[40], out[24];

	(void)state;
	dlb_aead_seal(aead, a, key, (const uint8_t *)"ad", 2,
		(const uint8_t *)"what is sealed, exactly.", 24);
	aead_seal(aead, b, key, nonce, (const uint8_t *)"ad", 2,
		(const uint8_t *)"what is sealed, exactly.", 24);
	assert_memory_equal(a, b, 40);
	assert_int_equal(
		dlb_aead_open(aead, out, key, (const uint8_t *)"ad", 2, a, 40),
		DLB_OK);
	assert_memory_equal(out, "what is sealed, exactly.", 24);
}

/* Lengths around the steps of vectorised code, with and without data beside. */
static void
every_length_round_trips(void **state)
{
	struct dlb_env_seeded e;

	(void)state;
	dlb_env_seeded_init(&e, 11, 0);
	for (size_t len = 0; len < 1100; len += len < 300 ? 1 : 61) {
		size_t ad_len = dlb_random_below(&e.env, 40);
		uint8_t *in = exact(len), *ad = exact(ad_len), key[32];
		uint8_t *out = exact(len + DLB_TAG_LEN), *back = exact(len);

		dlb_random(&e.env, in, len);
		dlb_random(&e.env, ad, ad_len);
		dlb_random(&e.env, key, 32);
		dlb_aead_seal(aead, out, key, ad, ad_len, in, len);
		assert_int_equal(dlb_aead_open(aead, back, key, ad, ad_len, out,
					 len + DLB_TAG_LEN),
			DLB_OK);
		assert_memory_equal(back, in, len);
		assert_int_equal(dlb_aead_verify(aead, key, ad, ad_len, out,
					 len + DLB_TAG_LEN),
			DLB_OK);
		/* Another key, other data beside. */
		key[7] ^= 1;
		assert_int_equal(dlb_aead_verify(aead, key, ad, ad_len, out,
					 len + DLB_TAG_LEN),
			DLB_FORGED);
		assert_int_equal(dlb_aead_open(aead, back, key, ad, ad_len, out,
					 len + DLB_TAG_LEN),
			DLB_FORGED);
		assert_true(all_zero(back, len));
		key[7] ^= 1;
		if (ad_len > 0) {
			ad[ad_len - 1] ^= 0x80;
			assert_int_equal(
				dlb_aead_open(aead, back, key, ad, ad_len, out,
					len + DLB_TAG_LEN),
				DLB_FORGED);
			assert_int_equal(
				dlb_aead_open(aead, back, key, ad, ad_len - 1,
					out, len + DLB_TAG_LEN),
				DLB_FORGED);
		}
		free(in);
		free(ad);
		free(out);
		free(back);
	}
}

static void
every_bit_counts(void **state)
{
	uint8_t key[32] = {5}, in[33] = "thirty-three bytes of plain text",
		out[49];
	uint8_t back[33];

	(void)state;
	dlb_aead_seal(aead, out, key, NULL, 0, in, sizeof(in));
	for (size_t i = 0; i < sizeof(out) * 8; i++) {
		out[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(dlb_aead_open(aead, back, key, NULL, 0, out,
					 sizeof(out)),
			DLB_FORGED);
		out[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	/* Cut anywhere, or with more behind it. */
	for (size_t len = 0; len < sizeof(out); len++)
		assert_int_equal(
			dlb_aead_open(aead, back, key, NULL, 0, out, len),
			DLB_FORGED);
	assert_int_equal(
		dlb_aead_open(aead, back, key, NULL, 0, out, sizeof(out)),
		DLB_OK);
	assert_memory_equal(back, in, sizeof(in));
}

static void
the_stream_is_one_from_every_offset(void **state)
{
	size_t len = 8192;
	uint8_t key[32] = {3}, *whole = exact(len), *part = exact(len);

	(void)state;
	memset(whole, 0, len);
	dlb_stream_xor(aead, whole, key, 0, whole, len);
	for (size_t at = 0; at < len; at += 64) {
		size_t n = len - at < 1344 ? len - at : 1344;

		memset(part, 0, n);
		dlb_stream_xor(aead, part, key, at, part, n);
		assert_memory_equal(part, whole + at, n);
	}
	/* Lengths that are no multiples of a block, not in place. */
	for (size_t n = 0; n < 200; n++) {
		uint8_t *out = exact(n);

		dlb_stream_xor(aead, out, key, 64, whole + 64, n);
		assert_true(all_zero(out, n));
		free(out);
	}
	free(whole);
	free(part);
}

/* Past 256 GiB the 32 bits of the counter carry: nothing comes twice. */
static void
the_stream_goes_on_past_its_counter(void **state)
{
	uint8_t key[32] = {4}, a[128] = {0}, b[64] = {0}, c[64] = {0};
	uint64_t wrap = (1ULL << 32) * 64;

	(void)state;
	dlb_stream_xor(aead, a, key, wrap - 64, a, sizeof(a));
	dlb_stream_xor(aead, b, key, wrap, b, sizeof(b));
	dlb_stream_xor(aead, c, key, 0, c, sizeof(c));
	assert_memory_equal(a + 64, b, 64);
	assert_memory_not_equal(b, c, 64);
}

static void
check_xgood(const struct vectors *v)
{
	size_t len, ad_len, sealed_len;
	const uint8_t *plain = vectors_get(v, "plain", &len);
	const uint8_t *ad = vectors_get(v, "ad", &ad_len);
	const uint8_t *sealed = vectors_get(v, "sealed", &sealed_len);
	const uint8_t *key = vectors_get_len(v, "key", 32);
	const uint8_t *nonce = vectors_get_len(v, "nonce", DLB_XNONCE_LEN);
	uint8_t *out = exact(len + DLB_XSEAL_OVERHEAD), *back = exact(len);

	dlb_xseal(out, key, nonce, ad, ad_len, plain, len);
	assert_memory_equal(out, nonce, DLB_XNONCE_LEN);
	assert_memory_equal(out + DLB_XNONCE_LEN, sealed, sealed_len);
	assert_int_equal(
		dlb_xopen(back, key, ad, ad_len, out, len + DLB_XSEAL_OVERHEAD),
		DLB_OK);
	assert_memory_equal(back, plain, len);
	free(out);
	free(back);
}

static void
check_xbad(const struct vectors *v)
{
	size_t ad_len, sealed_len;
	const uint8_t *ad = vectors_get(v, "ad", &ad_len);
	const uint8_t *sealed = vectors_get(v, "bad_sealed", &sealed_len);
	const uint8_t *nonce = vectors_get_len(v, "nonce", DLB_XNONCE_LEN);
	uint8_t *in = exact(sealed_len + DLB_XNONCE_LEN);
	uint8_t *out = exact(sealed_len - DLB_TAG_LEN);

	memcpy(in, nonce, DLB_XNONCE_LEN);
	memcpy(in + DLB_XNONCE_LEN, sealed, sealed_len);
	memset(out, 0xee, sealed_len - DLB_TAG_LEN);
	assert_int_equal(dlb_xopen(out, vectors_get_len(v, "key", 32), ad,
				 ad_len, in, sealed_len + DLB_XNONCE_LEN),
		DLB_FORGED);
	assert_true(all_zero(out, sealed_len - DLB_TAG_LEN));
	free(in);
	free(out);
}

static void
xchacha20_poly1305(void **state)
{
	static const char *const files[] = {
		"xchacha20poly1305.txt", "xchacha20poly1305_edges.txt"};
	size_t good = 0, bad = 0;
	struct vectors v;

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(files); i++) {
		vectors_open(&v, files[i]);
		while (vectors_next(&v)) {
			if (vectors_has(&v, "bad_sealed") && ++bad)
				check_xbad(&v);
			else if (++good)
				check_xgood(&v);
		}
		vectors_close(&v);
	}
	assert_int_equal(good, 16);
	assert_int_equal(bad, 10);
}

static void
xopen_refuses_what_is_short(void **state)
{
	uint8_t key[32] = {1}, nonce[DLB_XNONCE_LEN] = {2}, out[44], back[4];

	(void)state;
	dlb_xseal(out, key, nonce, NULL, 0, "four", 4);
	for (size_t len = 0; len < sizeof(out); len++)
		assert_int_equal(
			dlb_xopen(back, key, NULL, 0, out, len), DLB_FORGED);
	assert_int_equal(
		dlb_xopen(back, key, "x", 1, out, sizeof(out)), DLB_FORGED);
	assert_int_equal(
		dlb_xopen(back, key, NULL, 0, out, sizeof(out)), DLB_OK);
	assert_memory_equal(back, "four", 4);
	for (size_t i = 0; i < sizeof(out); i++) {
		out[i] ^= 1;
		assert_int_equal(
			dlb_xopen(back, key, NULL, 0, out, sizeof(out)),
			DLB_FORGED);
		out[i] ^= 1;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_8439),
		cmocka_unit_test(edges_of_poly1305),
		cmocka_unit_test(one_time_keys_have_the_zero_nonce),
		cmocka_unit_test(every_length_round_trips),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(the_stream_is_one_from_every_offset),
		cmocka_unit_test(the_stream_goes_on_past_its_counter),
		cmocka_unit_test(xchacha20_poly1305),
		cmocka_unit_test(xopen_refuses_what_is_short),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, setup, teardown);
}
