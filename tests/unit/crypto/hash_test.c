/* SHA-256, BLAKE2b and SipHash against published answers; the derivation against
 * its definition. */
#include "crypto_test.h"
#include "vectors.h"

#include <pthread.h>
#include <sodium.h>

static void
check_sha256(const struct vectors *v)
{
	size_t len, times = 1;
	const uint8_t *data = vectors_get(v, "data", &len);
	const uint8_t *want = vectors_get_len(v, "sha256", 32);
	uint8_t got[32], *all;

	if (vectors_has(v, "times"))
		times = vectors_number(v, "times");
	all = malloc(len * times + 1);
	assert_non_null(all);
	for (size_t i = 0; i < times; i++)
		memcpy(all + i * len, data, len);
	len *= times;
	dlb_sha256(got, all, len);
	assert_memory_equal(got, want, 32);
	for (size_t cut = 0; cut <= len; cut += len / 7 + 1) {
		dlb_sha256_2(got, all, cut, all + cut, len - cut);
		assert_memory_equal(got, want, 32);
	}
	free(all);
}

static void
check_blake2b(const struct vectors *v)
{
	size_t len;
	const uint8_t *data = vectors_get(v, "data", &len);
	struct dlb_hash h;
	uint8_t got[32];

	for (size_t cut = 0; cut <= len; cut++) {
		dlb_hash_init(&h);
		dlb_hash_update(&h, data, cut);
		dlb_hash_update(&h, data + cut, len - cut);
		dlb_hash_final(&h, got);
		assert_memory_equal(got, vectors_get_len(v, "blake2b", 32), 32);
	}
}

/* The data starts with a zero: the length of a label that is empty. */
static void
check_keyed(const struct vectors *v)
{
	size_t len;
	const uint8_t *data = vectors_get(v, "data", &len);
	uint8_t got[64];

	assert_int_equal(data[0], 0);
	dlb_derive(got, 64, vectors_get_len(v, "key", 64), 64, "", data + 1,
		len - 1);
	assert_memory_equal(got, vectors_get_len(v, "keyed", 64), 64);
}

static void
check_siphash(const struct vectors *v)
{
	size_t len;
	const uint8_t *data = vectors_get(v, "data", &len);
	const uint8_t *key = vectors_get_len(v, "key", DLB_SIPHASH_KEY_LEN);

	assert_int_equal(
		dlb_siphash(key, data, len), vectors_number(v, "siphash"));
}

static void
published_answers(void **state)
{
	size_t sha256 = 0, blake2b = 0, keyed = 0, siphash = 0;
	struct vectors v;

	(void)state;
	vectors_open(&v, "hash.txt");
	while (vectors_next(&v)) {
		if (vectors_has(&v, "sha256") && ++sha256)
			check_sha256(&v);
		else if (vectors_has(&v, "blake2b") && ++blake2b)
			check_blake2b(&v);
		else if (vectors_has(&v, "siphash") && ++siphash)
			check_siphash(&v);
		else if (++keyed)
			check_keyed(&v);
	}
	vectors_close(&v);
	assert_int_equal(sha256, 5);
	assert_int_equal(blake2b, 2);
	assert_int_equal(keyed, 2);
	assert_int_equal(siphash, 5);
}

/* Of every output and key length, against the sentence in the header. */
static void
derive_is_keyed_blake2b(void **state)
{
	static const size_t outs[] = {16, 32, 64}, keys[] = {32, 64};
	const uint8_t message[] = "\x05label\0data\xff";
	uint8_t key[64], got[64], want[64];

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 3);
	for (size_t o = 0; o < DLB_ARRAY_LEN(outs); o++) {
		for (size_t k = 0; k < DLB_ARRAY_LEN(keys); k++) {
			crypto_generichash(want, outs[o], message,
				sizeof(message) - 1, key, keys[k]);
			dlb_derive(got, outs[o], key, keys[k], "label",
				message + 6, sizeof(message) - 7);
			assert_memory_equal(got, want, outs[o]);
		}
	}
}

static void
derive_separates(void **state)
{
	uint8_t key[32] = {1}, a[32], b[32];

	(void)state;
	/* What is label and what is data is not open to doubt. */
	dlb_derive(a, 32, key, 32, "ab", "c", 1);
	dlb_derive(b, 32, key, 32, "a", "bc", 2);
	assert_memory_not_equal(a, b, 32);
	dlb_derive(b, 32, key, 32, "abc", NULL, 0);
	assert_memory_not_equal(a, b, 32);
	/* A shorter one is not the start of a longer one. */
	dlb_derive(b, 16, key, 32, "ab", "c", 1);
	assert_memory_not_equal(a, b, 16);
	key[31] = 1;
	dlb_derive(b, 32, key, 32, "ab", "c", 1);
	assert_memory_not_equal(a, b, 32);
}

static void *
hash_in_thread(void *arg)
{
	uint8_t *out = arg;

	for (int i = 0; i < 1000; i++)
		dlb_sha256(out, out, 32);
	return NULL;
}

/* Each thread has a context of its own, freed when it ends. */
static void
threads_hash_at_once(void **state)
{
	uint8_t out[4][32] = {{0}}, want[32] = {0};
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
					 hash_in_thread, out[i]),
			0);
	hash_in_thread(want);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_memory_equal(out[i], want, 32);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_answers),
		cmocka_unit_test(derive_is_keyed_blake2b),
		cmocka_unit_test(derive_separates),
		cmocka_unit_test(threads_hash_at_once),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
