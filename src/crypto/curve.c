/*
 * X25519 (RFC 7748) and Ed25519 (RFC 8032) through libsodium. Its verification
 * is strict: no small-order or non-canonical key or R, no S beyond the order.
 */
#include "crypto.h"

#include <sodium.h>
#include <string.h>

void
dlb_x25519_public(uint8_t pk[static 32], const uint8_t sk[static 32])
{
	crypto_scalarmult_curve25519_base(pk, sk);
}

enum dlb_status
dlb_x25519(uint8_t out[static 32], const uint8_t sk[static 32],
	const uint8_t pk[static 32])
{
	if (crypto_scalarmult_curve25519(out, sk, pk) != 0) {
		memset(out, 0, 32);
		return DLB_MALFORMED;
	}
	return DLB_OK;
}

void
dlb_ed25519_keypair(uint8_t pk[static 32], uint8_t sk[static 64],
	const uint8_t seed[static 32])
{
	crypto_sign_ed25519_seed_keypair(pk, sk, seed);
}

void
dlb_ed25519_sign(uint8_t sig[static DLB_SIG_LEN], const void *msg, size_t len,
	const uint8_t sk[static 64])
{
	crypto_sign_ed25519_detached(sig, NULL, msg, len, sk);
}

bool
dlb_ed25519_verify(const uint8_t sig[static DLB_SIG_LEN], const void *msg,
	size_t len, const uint8_t pk[static 32])
{
	return crypto_sign_ed25519_verify_detached(sig, msg, len, pk) == 0;
}
