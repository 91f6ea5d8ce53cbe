/*
 * ristretto255 (RFC 9496) through libsodium.
 *
 * libsodium 1.0.18 ignores bit 255 of an encoding, and takes the identity for a
 * valid element: both are refused here, so that an element has one encoding and
 * no product is known beforehand.
 */
#include "crypto.h"

#include <sodium.h>
#include <string.h>

bool
dlb_point_valid(const uint8_t p[static DLB_POINT_LEN])
{
	return !(p[31] & 0x80) && !sodium_is_zero(p, DLB_POINT_LEN)
		&& crypto_core_ristretto255_is_valid_point(p) == 1;
}

void
dlb_scalar_random(uint8_t out[static DLB_SCALAR_LEN], const struct dlb_env *env)
{
	uint8_t wide[64];

	dlb_random(env, wide, sizeof(wide));
	dlb_scalar_from_wide(out, wide);
	dlb_wipe(wide, sizeof(wide));
}

void
dlb_scalar_from_wide(
	uint8_t out[static DLB_SCALAR_LEN], const uint8_t wide[static 64])
{
	crypto_core_ristretto255_scalar_reduce(out, wide);
}

void
dlb_point_base(uint8_t out[static DLB_POINT_LEN],
	const uint8_t s[static DLB_SCALAR_LEN])
{
	/* Of a scalar that is zero comes the identity, all zero. */
	if (crypto_scalarmult_ristretto255_base(out, s) != 0)
		memset(out, 0, DLB_POINT_LEN);
}

enum dlb_status
dlb_point_mul(uint8_t out[static DLB_POINT_LEN],
	const uint8_t s[static DLB_SCALAR_LEN],
	const uint8_t p[static DLB_POINT_LEN])
{
	/* The rest of what makes a point valid, libsodium checks itself. */
	if ((p[31] & 0x80) || sodium_is_zero(p, DLB_POINT_LEN)
		|| crypto_scalarmult_ristretto255(out, s, p) != 0) {
		memset(out, 0, DLB_POINT_LEN);
		return DLB_MALFORMED;
	}
	return DLB_OK;
}

void
dlb_point_from_uniform(
	uint8_t out[static DLB_POINT_LEN], const uint8_t uniform[static 64])
{
	crypto_core_ristretto255_from_hash(out, uniform);
}
