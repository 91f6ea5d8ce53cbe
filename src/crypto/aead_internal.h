/*
 * ChaCha20-Poly1305 and ChaCha20 with a nonce, private to this module: what the
 * public functions call with zeros, and the published vectors need.
 */
#ifndef DLB_AEAD_INTERNAL_H
#define DLB_AEAD_INTERNAL_H

#include "crypto.h"

#define AEAD_NONCE_LEN 12
/* Block counter (4, little-endian), nonce (12). */
#define STREAM_IV_LEN 16

void aead_seal(struct dlb_aead *a, uint8_t *out,
	const uint8_t key[static DLB_KEY_LEN],
	const uint8_t nonce[static AEAD_NONCE_LEN], const uint8_t *ad,
	size_t ad_len, const uint8_t *in, size_t len);
enum dlb_status aead_open(struct dlb_aead *a, uint8_t *out,
	const uint8_t key[static DLB_KEY_LEN],
	const uint8_t nonce[static AEAD_NONCE_LEN], const uint8_t *ad,
	size_t ad_len, const uint8_t *in, size_t in_len) DLB_MUST_CHECK;
enum dlb_status aead_verify(struct dlb_aead *a,
	const uint8_t key[static DLB_KEY_LEN],
	const uint8_t nonce[static AEAD_NONCE_LEN], const uint8_t *ad,
	size_t ad_len, const uint8_t *in, size_t in_len) DLB_MUST_CHECK;
void stream_xor(struct dlb_aead *a, uint8_t *out,
	const uint8_t key[static DLB_KEY_LEN],
	const uint8_t iv[static STREAM_IV_LEN], const uint8_t *in, size_t len);

#endif
