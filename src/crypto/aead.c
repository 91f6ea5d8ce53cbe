/*
 * ChaCha20-Poly1305 and ChaCha20 (RFC 8439) in bulk through OpenSSL, whose code
 * for the processor's vectors is the fastest there is; XChaCha20-Poly1305
 * (draft-irtf-cfrg-xchacha) through libsodium, for what is short.
 *
 * A dlb_aead keeps OpenSSL's contexts: to look up a cipher costs more than to
 * seal a short message with it.
 */
#include "aead_internal.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* OpenSSL counts in int. A multiple of the block's 64 bytes. */
#define PIECE_MAX ((size_t)1 << 30)

struct dlb_aead {
	EVP_CIPHER_CTX *seal;
	EVP_CIPHER_CTX *open;
	EVP_CIPHER_CTX *stream;
	EVP_MAC_CTX *mac;
};

static EVP_CIPHER_CTX *
cipher_ctx(const char *name, int encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);

	if (!ctx || !cipher
		|| EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, encrypt, NULL)
			!= 1) {
		EVP_CIPHER_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_CIPHER_free(cipher);
	return ctx;
}

static EVP_MAC_CTX *
mac_ctx(const char *name)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, name, NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac);
	return ctx;
}

enum dlb_status
dlb_aead_new(struct dlb_aead **out)
{
	struct dlb_aead *a = calloc(1, sizeof(*a));

	*out = NULL;
	if (!a)
		return DLB_NO_MEMORY;
	a->seal = cipher_ctx("ChaCha20-Poly1305", 1);
	a->open = cipher_ctx("ChaCha20-Poly1305", 0);
	a->stream = cipher_ctx("ChaCha20", 1);
	a->mac = mac_ctx("Poly1305");
	if (!a->seal || !a->open || !a->stream || !a->mac) {
		dlb_aead_free(a);
		return DLB_NO_MEMORY;
	}
	*out = a;
	return DLB_OK;
}

void
dlb_aead_free(struct dlb_aead *a)
{
	if (!a)
		return;
	/* These wipe the keys. */
	EVP_CIPHER_CTX_free(a->seal);
	EVP_CIPHER_CTX_free(a->open);
	EVP_CIPHER_CTX_free(a->stream);
	EVP_MAC_CTX_free(a->mac);
	free(a);
}

/* What only fails where the library is broken. */
static void
must(int result)
{
	if (result != 1)
		abort();
}

static void
start(EVP_CIPHER_CTX *ctx, const uint8_t key[static DLB_KEY_LEN],
	const uint8_t *iv)
{
	must(EVP_CipherInit_ex2(ctx, NULL, key, iv, -1, NULL));
}

/* out NULL: associated data. */
static void
update(EVP_CIPHER_CTX *ctx, uint8_t *out, const uint8_t *in, size_t len)
{
	while (len > 0) {
		size_t n = len < PIECE_MAX ? len : PIECE_MAX;
		int written;

		must(EVP_CipherUpdate(ctx, out, &written, in, (int)n));
		if (out)
			out += n;
		in += n;
		len -= n;
	}
}

void
aead_seal(struct dlb_aead *a, uint8_t *out,
	const uint8_t key[static DLB_KEY_LEN],
	const uint8_t nonce[static AEAD_NONCE_LEN], const uint8_t *ad,
	size_t ad_len, const uint8_t *in, size_t len)
{
	int written;

	start(a->seal, key, nonce);
	update(a->seal, NULL, ad, ad_len);
	update(a->seal, out, in, len);
	must(EVP_EncryptFinal_ex(a->seal, out + len, &written));
	must(EVP_CIPHER_CTX_ctrl(
		a->seal, EVP_CTRL_AEAD_GET_TAG, DLB_TAG_LEN, out + len));
}

enum dlb_status
aead_open(struct dlb_aead *a, uint8_t *out,
	const uint8_t key[static DLB_KEY_LEN],
	const uint8_t nonce[static AEAD_NONCE_LEN], const uint8_t *ad,
	size_t ad_len, const uint8_t *in, size_t in_len)
{
	uint8_t tag[DLB_TAG_LEN], none[1];
	size_t len;
	int written;

	if (in_len < DLB_TAG_LEN)
		return DLB_FORGED;
	len = in_len - DLB_TAG_LEN;
	memcpy(tag, in + len, sizeof(tag));
	start(a->open, key, nonce);
	must(EVP_CIPHER_CTX_ctrl(
		a->open, EVP_CTRL_AEAD_SET_TAG, DLB_TAG_LEN, tag));
	update(a->open, NULL, ad, ad_len);
	update(a->open, out, in, len);
	if (EVP_DecryptFinal_ex(a->open, none, &written) == 1)
		return DLB_OK;
	if (len > 0)
		dlb_wipe(out, len);
	return DLB_FORGED;
}

/* Data, and zeros to a whole block. */
static void
mac_padded(EVP_MAC_CTX *mac, const uint8_t *data, size_t len)
{
	static const uint8_t zeros[15];

	must(EVP_MAC_update(mac, data, len));
	must(EVP_MAC_update(mac, zeros, -len & 15));
}

/* RFC 8439, section 2.8, without the cipher: the key of Poly1305 is the start of the
 * stream's block 0. */
enum dlb_status
aead_verify(struct dlb_aead *a, const uint8_t key[static DLB_KEY_LEN],
	const uint8_t nonce[static AEAD_NONCE_LEN], const uint8_t *ad,
	size_t ad_len, const uint8_t *in, size_t in_len)
{
	uint8_t iv[STREAM_IV_LEN] = {0}, mac_key[DLB_KEY_LEN] = {0};
	uint8_t lens[16], tag[DLB_TAG_LEN];
	size_t len, tag_len;
	bool same;

	if (in_len < DLB_TAG_LEN)
		return DLB_FORGED;
	len = in_len - DLB_TAG_LEN;
	memcpy(iv + STREAM_IV_LEN - AEAD_NONCE_LEN, nonce, AEAD_NONCE_LEN);
	stream_xor(a, mac_key, key, iv, mac_key, sizeof(mac_key));
	for (size_t i = 0; i < 8; i++) {
		lens[i] = (uint8_t)((uint64_t)ad_len >> (8 * i));
		lens[8 + i] = (uint8_t)((uint64_t)len >> (8 * i));
	}
	must(EVP_MAC_init(a->mac, mac_key, sizeof(mac_key), NULL));
	mac_padded(a->mac, ad, ad_len);
	mac_padded(a->mac, in, len);
	must(EVP_MAC_update(a->mac, lens, sizeof(lens)));
	must(EVP_MAC_final(a->mac, tag, &tag_len, sizeof(tag)));
	same = tag_len == sizeof(tag) && dlb_equal(tag, in + len, sizeof(tag));
	dlb_wipe(mac_key, sizeof(mac_key));
	dlb_wipe(tag, sizeof(tag));
	return same ? DLB_OK : DLB_FORGED;
}

void
stream_xor(struct dlb_aead *a, uint8_t *out,
	const uint8_t key[static DLB_KEY_LEN],
	const uint8_t iv[static STREAM_IV_LEN], const uint8_t *in, size_t len)
{
	start(a->stream, key, iv);
	update(a->stream, out, in, len);
}

static const uint8_t zero_nonce[AEAD_NONCE_LEN];

void
dlb_aead_seal(struct dlb_aead *a, uint8_t *out,
	const uint8_t key[static DLB_KEY_LEN], const uint8_t *ad, size_t ad_len,
	const uint8_t *in, size_t len)
{
	aead_seal(a, out, key, zero_nonce, ad, ad_len, in, len);
}

enum dlb_status
dlb_aead_open(struct dlb_aead *a, uint8_t *out,
	const uint8_t key[static DLB_KEY_LEN], const uint8_t *ad, size_t ad_len,
	const uint8_t *in, size_t in_len)
{
	return aead_open(a, out, key, zero_nonce, ad, ad_len, in, in_len);
}

enum dlb_status
dlb_aead_verify(struct dlb_aead *a, const uint8_t key[static DLB_KEY_LEN],
	const uint8_t *ad, size_t ad_len, const uint8_t *in, size_t in_len)
{
	return aead_verify(a, key, zero_nonce, ad, ad_len, in, in_len);
}

void
dlb_stream_xor(struct dlb_aead *a, uint8_t *out,
	const uint8_t key[static DLB_KEY_LEN], uint64_t offset,
	const uint8_t *in, size_t len)
{
	/* OpenSSL carries from the counter's 32 bits into the next, so that a
	 * stream longer than RFC 8439's 256 GiB goes on without a repetition. */
	uint8_t iv[STREAM_IV_LEN] = {0};

	for (size_t i = 0; i < 8; i++)
		iv[i] = (uint8_t)(offset / 64 >> (8 * i));
	stream_xor(a, out, key, iv, in, len);
}

void
dlb_xseal(uint8_t *out, const uint8_t key[static DLB_KEY_LEN],
	const uint8_t nonce[static DLB_XNONCE_LEN], const void *ad,
	size_t ad_len, const void *in, size_t len)
{
	/* First the text: it may be where the nonce goes. */
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + DLB_XNONCE_LEN, NULL,
		in, len, ad, ad_len, NULL, nonce, key);
	memmove(out, nonce, DLB_XNONCE_LEN);
}

enum dlb_status
dlb_xopen(void *out, const uint8_t key[static DLB_KEY_LEN], const void *ad,
	size_t ad_len, const uint8_t *in, size_t in_len)
{
	if (in_len < DLB_XSEAL_OVERHEAD)
		return DLB_FORGED;
	/* Where it does not verify, libsodium zeroes out. */
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL,
		    in + DLB_XNONCE_LEN, in_len - DLB_XNONCE_LEN, ad, ad_len,
		    in, key)
		!= 0)
		return DLB_FORGED;
	return DLB_OK;
}
