/*
 * crypto: one file an algorithm, thin over libsodium, OpenSSL and PQClean. No
 * primitive is implemented here. Lengths are in bytes. What can fail says so;
 * what can not (hashes of memory) returns void and aborts on a library's own
 * failure to initialise.
 */
#ifndef DLB_CRYPTO_H
#define DLB_CRYPTO_H

#include "base.h"

#define DLB_KEY_LEN 32
#define DLB_HASH_LEN 32
#define DLB_TAG_LEN 16    /* Poly1305 */
#define DLB_XNONCE_LEN 24 /* XChaCha20 */

/* ---- hashes (hash.c) ------------------------------------------------------- */

/* SHA-256 (FIPS 180-4), in hardware where there is any. */
void dlb_sha256(uint8_t out[static DLB_HASH_LEN], const void *data, size_t len);
/* Of two pieces one after the other. */
void dlb_sha256_2(uint8_t out[static DLB_HASH_LEN], const void *a, size_t a_len,
	const void *b, size_t b_len);

/* BLAKE2b (RFC 7693), 32 bytes out. Incremental, for transcripts. */
struct dlb_hash {
	_Alignas(64) unsigned char opaque[384];
};
void dlb_hash_init(struct dlb_hash *h);
void dlb_hash_update(struct dlb_hash *h, const void *data, size_t len);
void dlb_hash_final(struct dlb_hash *h, uint8_t out[static DLB_HASH_LEN]);

/* The one key derivation and MAC of the formats:
 * BLAKE2b(key = key, message = u8(strlen(label)) || label || data), out_len 16,
 * 32 or 64 bytes; key_len 32 or 64. */
void dlb_derive(void *out, size_t out_len, const void *key, size_t key_len,
	const char *label, const void *data, size_t data_len);

/* SipHash-2-4 (Aumasson, Bernstein: SipHash, INDOCRYPT 2012): short, fast, keyed;
 * for ids and checks whose key lives as long as a meeting, not for names. The
 * result as the paper has it, a number. */
#define DLB_SIPHASH_KEY_LEN 16
uint64_t dlb_siphash(const uint8_t key[static DLB_SIPHASH_KEY_LEN],
	const void *data, size_t len);

/* ---- ChaCha20-Poly1305 (RFC 8439; aead.c) ------------------------------------ */

/* For keys used once: the nonce is all zero. In place or not (out == in is
 * allowed, partial overlap is not). seal writes len + 16 bytes to out. A context
 * belongs to one thread. */
struct dlb_aead;
enum dlb_status dlb_aead_new(struct dlb_aead **out) DLB_MUST_CHECK;
void dlb_aead_free(struct dlb_aead *a);
void dlb_aead_seal(struct dlb_aead *a, uint8_t *out,
	const uint8_t key[static DLB_KEY_LEN], const uint8_t *ad, size_t ad_len,
	const uint8_t *in, size_t len);
/* in_len = ciphertext with tag; DLB_FORGED and a zeroed out where it does not
 * verify (out holds what is not verified while this runs). */
enum dlb_status dlb_aead_open(struct dlb_aead *a, uint8_t *out,
	const uint8_t key[static DLB_KEY_LEN], const uint8_t *ad, size_t ad_len,
	const uint8_t *in, size_t in_len) DLB_MUST_CHECK;
/* Whether open would take it, at a third of the price: nothing is deciphered. */
enum dlb_status dlb_aead_verify(struct dlb_aead *a,
	const uint8_t key[static DLB_KEY_LEN], const uint8_t *ad, size_t ad_len,
	const uint8_t *in, size_t in_len) DLB_MUST_CHECK;

/* ChaCha20 as a seekable stream (RFC 8439, nonce zero, block counter starting at
 * offset / 64; offset a multiple of 64): xors len bytes. Past 256 GiB the counter
 * carries into the nonce's first word. Same context. */
void dlb_stream_xor(struct dlb_aead *a, uint8_t *out,
	const uint8_t key[static DLB_KEY_LEN], uint64_t offset,
	const uint8_t *in, size_t len);

/* XChaCha20-Poly1305 with a random nonce (libsodium): out = nonce || ct || tag,
 * len + 40 bytes. */
#define DLB_XSEAL_OVERHEAD (DLB_XNONCE_LEN + DLB_TAG_LEN)
void dlb_xseal(uint8_t *out, const uint8_t key[static DLB_KEY_LEN],
	const uint8_t nonce[static DLB_XNONCE_LEN], const void *ad,
	size_t ad_len, const void *in, size_t len);
enum dlb_status dlb_xopen(void *out, const uint8_t key[static DLB_KEY_LEN],
	const void *ad, size_t ad_len, const uint8_t *in, size_t in_len)
	DLB_MUST_CHECK;

/* ---- ristretto255 (RFC 9496; group.c) ----------------------------------------- */

#define DLB_POINT_LEN 32
#define DLB_SCALAR_LEN 32
/* Canonical encoding (bit 255 clear too) of an element other than the identity. */
bool dlb_point_valid(const uint8_t p[static DLB_POINT_LEN]);
void dlb_scalar_random(
	uint8_t out[static DLB_SCALAR_LEN], const struct dlb_env *env);
/* A scalar from 64 uniform bytes (reduced); never zero in practice. */
void dlb_scalar_from_wide(
	uint8_t out[static DLB_SCALAR_LEN], const uint8_t wide[static 64]);
void dlb_point_base(uint8_t out[static DLB_POINT_LEN],
	const uint8_t s[static DLB_SCALAR_LEN]);
/* DLB_MALFORMED where p is not valid or the result is the identity. */
enum dlb_status dlb_point_mul(uint8_t out[static DLB_POINT_LEN],
	const uint8_t s[static DLB_SCALAR_LEN],
	const uint8_t p[static DLB_POINT_LEN]) DLB_MUST_CHECK;
/* RFC 9496 section 4.3.4 over 64 uniform bytes. */
void dlb_point_from_uniform(
	uint8_t out[static DLB_POINT_LEN], const uint8_t uniform[static 64]);

/* ---- X25519 (RFC 7748), Ed25519 (RFC 8032) (curve.c) ---------------------------- */

#define DLB_SIG_LEN 64
void dlb_x25519_public(uint8_t pk[static 32], const uint8_t sk[static 32]);
/* DLB_MALFORMED where the result is all zero. */
enum dlb_status dlb_x25519(uint8_t out[static 32], const uint8_t sk[static 32],
	const uint8_t pk[static 32]) DLB_MUST_CHECK;
void dlb_ed25519_keypair(uint8_t pk[static 32], uint8_t sk[static 64],
	const uint8_t seed[static 32]);
void dlb_ed25519_sign(uint8_t sig[static DLB_SIG_LEN], const void *msg,
	size_t len, const uint8_t sk[static 64]);
bool dlb_ed25519_verify(const uint8_t sig[static DLB_SIG_LEN], const void *msg,
	size_t len, const uint8_t pk[static 32]);

/* ---- X-Wing (draft-connolly-cfrg-xwing-kem; xwing.c, mlkem_*.c) ------------------ */

#define DLB_XWING_SEED_LEN 32 /* this is the secret key */
#define DLB_XWING_PK_LEN 1216
#define DLB_XWING_CT_LEN 1120
#define DLB_XWING_ESEED_LEN 64
void dlb_xwing_public(uint8_t pk[static DLB_XWING_PK_LEN],
	const uint8_t seed[static DLB_XWING_SEED_LEN]);
/* eseed: 64 fresh random bytes. DLB_MALFORMED for a key that FIPS 203's
 * encapsulation key check refuses. */
enum dlb_status dlb_xwing_encaps(uint8_t ct[static DLB_XWING_CT_LEN],
	uint8_t ss[static 32], const uint8_t pk[static DLB_XWING_PK_LEN],
	const uint8_t eseed[static DLB_XWING_ESEED_LEN]) DLB_MUST_CHECK;
/* Implicit rejection: a wrong ciphertext yields another secret. */
void dlb_xwing_decaps(uint8_t ss[static 32],
	const uint8_t ct[static DLB_XWING_CT_LEN],
	const uint8_t seed[static DLB_XWING_SEED_LEN]);
/* For many of one key: the expanded key (fills 2464 bytes: ML-KEM secret key
 * and X25519 pair), so that it is not derived anew each time. */
#define DLB_XWING_EXPANDED_LEN 2464
void dlb_xwing_expand(uint8_t sk[static DLB_XWING_EXPANDED_LEN],
	const uint8_t seed[static DLB_XWING_SEED_LEN]);
void dlb_xwing_decaps_expanded(uint8_t ss[static 32],
	const uint8_t ct[static DLB_XWING_CT_LEN],
	const uint8_t sk[static DLB_XWING_EXPANDED_LEN]);

/* ---- key slots: a root key wrapped for who may open (keyslot.c) -------------------- */

/* salt (32) || 8 slots of nonce (24) || wrapped root key (32) || tag (16). Unused
 * slots are random bytes; so the whole is. Argon2id: 256 MiB, 3 passes, 1 lane,
 * constants of the version. A key file's bytes (any content, at least 32) and the
 * empty secret ("open to all") need no slow hash. */
#define DLB_KEYSLOTS 8
#define DLB_KEYSLOT_LEN (DLB_XNONCE_LEN + DLB_KEY_LEN + DLB_TAG_LEN)
#define DLB_KEYSLOTS_LEN (32 + DLB_KEYSLOTS * DLB_KEYSLOT_LEN) /* 608 */

enum dlb_unlock_kind {
	DLB_UNLOCK_OPEN,       /* no secret */
	DLB_UNLOCK_PASSPHRASE, /* Argon2id */
	DLB_UNLOCK_KEYFILE,
	DLB_UNLOCK_ROOT, /* the root key itself, got from elsewhere */
};
/* Points at the caller's secret, which must outlive the call. */
struct dlb_unlock {
	enum dlb_unlock_kind kind;
	const void *secret;
	size_t len;
};
/* Fills all of out: fresh salt, `unlock` in a random slot, the others random.
 * DLB_USAGE where unlock is an empty passphrase (that is UNLOCK_OPEN), too short a
 * key file or UNLOCK_ROOT; out is then zeroed. */
enum dlb_status dlb_keyslots_create(uint8_t out[static DLB_KEYSLOTS_LEN],
	const uint8_t root[static DLB_KEY_LEN], const struct dlb_unlock *unlock,
	const struct dlb_env *env, struct dlb_error *err) DLB_MUST_CHECK;
/* DLB_WRONG_KEY where no slot opens; DLB_USAGE as above. root is zeroed on
 * failure. One Argon2id, however many slots. */
enum dlb_status dlb_keyslots_open(uint8_t root[static DLB_KEY_LEN],
	const uint8_t slots[static DLB_KEYSLOTS_LEN],
	const struct dlb_unlock *unlock, struct dlb_error *err) DLB_MUST_CHECK;
/* Tests lower the cost of Argon2id for the whole process. */
void dlb_keyslots_set_test_cost(void);

#endif
