/*
 * Hashes: SHA-256 (FIPS 180-4) through OpenSSL, which uses the processor's
 * instructions; BLAKE2b (RFC 7693) through libsodium, also as the one key
 * derivation; SipHash-2-4 through libsodium.
 */
#include "crypto.h"

#include <assert.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A context a thread, as making one costs more than a short hash. The key of the
 * thread-specific data is there to free it when the thread ends. */
static _Thread_local EVP_MD_CTX *sha256_ctx;
static EVP_MD *sha256;
static pthread_key_t sha256_key;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void
sha256_free(void *ctx)
{
	EVP_MD_CTX_free(ctx);
}

static void
sha256_init(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!sha256 || pthread_key_create(&sha256_key, sha256_free) != 0)
		abort();
}

static EVP_MD_CTX *
sha256_start(void)
{
	if (!sha256_ctx) {
		EVP_MD_CTX *ctx;

		pthread_once(&sha256_once, sha256_init);
		ctx = EVP_MD_CTX_new();
		if (!ctx || pthread_setspecific(sha256_key, ctx) != 0)
			abort();
		sha256_ctx = ctx;
	}
	if (EVP_DigestInit_ex2(sha256_ctx, sha256, NULL) != 1)
		abort();
	return sha256_ctx;
}

void
dlb_sha256(uint8_t out[static DLB_HASH_LEN], const void *data, size_t len)
{
	dlb_sha256_2(out, data, len, NULL, 0);
}

void
dlb_sha256_2(uint8_t out[static DLB_HASH_LEN], const void *a, size_t a_len,
	const void *b, size_t b_len)
{
	EVP_MD_CTX *ctx = sha256_start();

	if (EVP_DigestUpdate(ctx, a, a_len) != 1
		|| (b_len > 0 && EVP_DigestUpdate(ctx, b, b_len) != 1)
		|| EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		abort();
}

_Static_assert(sizeof(crypto_generichash_state) <= sizeof(struct dlb_hash),
	"struct dlb_hash holds libsodium's state");

static crypto_generichash_state *
state_of(struct dlb_hash *h)
{
	return (crypto_generichash_state *)(void *)h->opaque;
}

void
dlb_hash_init(struct dlb_hash *h)
{
	crypto_generichash_init(state_of(h), NULL, 0, DLB_HASH_LEN);
}

void
dlb_hash_update(struct dlb_hash *h, const void *data, size_t len)
{
	crypto_generichash_update(state_of(h), data, len);
}

void
dlb_hash_final(struct dlb_hash *h, uint8_t out[static DLB_HASH_LEN])
{
	crypto_generichash_final(state_of(h), out, DLB_HASH_LEN);
	dlb_wipe(h, sizeof(*h));
}

void
dlb_derive(void *out, size_t out_len, const void *key, size_t key_len,
	const char *label, const void *data, size_t data_len)
{
	crypto_generichash_state state;
	size_t label_len = strlen(label);
	uint8_t prefix = (uint8_t)label_len;

	assert(out_len == 16 || out_len == 32 || out_len == 64);
	assert(key_len == 32 || key_len == 64);
	assert(label_len <= UINT8_MAX);
	crypto_generichash_init(&state, key, key_len, out_len);
	crypto_generichash_update(&state, &prefix, 1);
	crypto_generichash_update(&state, (const uint8_t *)label, label_len);
	crypto_generichash_update(&state, data, data_len);
	crypto_generichash_final(&state, out, out_len);
	dlb_wipe(&state, sizeof(state));
}

uint64_t
dlb_siphash(const uint8_t key[static DLB_SIPHASH_KEY_LEN], const void *data,
	size_t len)
{
	uint8_t out[crypto_shorthash_siphash24_BYTES];
	uint64_t v = 0;

	crypto_shorthash_siphash24(out, data, len, key);
	for (size_t i = sizeof(out); i > 0; i--)
		v = v << 8 | out[i - 1];
	return v;
}
