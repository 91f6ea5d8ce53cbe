/*
 * Shares of a key. Shamir, "How to share a secret", CACM 1979, over GF(2^8) with
 * the polynomial of AES (FIPS 197); docs/cell.md, section 11.3.
 *
 * Invariant: no branch and no address depends on key, shares or coefficients; on
 * the numbers of shares they may, which are no secret to who has the shares.
 */
#include "share.h"

#include <string.h>

static uint8_t
multiply(uint8_t a, uint8_t b)
{
	unsigned product = 0, x = a;

	for (unsigned i = 0; i < 8; i++) {
		product ^= x & (0u - (b >> i & 1u));
		x = x << 1 ^ (0x11bu & (0u - (x >> 7)));
	}
	return (uint8_t)product;
}

/* a^254. */
static uint8_t
invert(uint8_t a)
{
	uint8_t square = a, out = 1;

	for (unsigned i = 1; i < 8; i++) {
		square = multiply(square, square);
		out = multiply(out, square);
	}
	return out;
}

void
dlb_shares_make(uint8_t (*shares)[DLB_KEY_LEN], unsigned k, unsigned n,
	const uint8_t key[static DLB_KEY_LEN], const struct dlb_env *env)
{
	uint8_t coefficients[DLB_STRIPES_MAX - 1][DLB_KEY_LEN];
	size_t degree = k - 1;

	if (degree > 0)
		dlb_random(env, coefficients, degree * DLB_KEY_LEN);
	for (unsigned i = 0; i < n; i++) {
		uint8_t x = (uint8_t)(i + 1), *y = shares[i];

		memset(y, 0, DLB_KEY_LEN);
		for (size_t d = degree; d > 0; d--)
			for (size_t b = 0; b < DLB_KEY_LEN; b++)
				y[b] = multiply(
					y[b] ^ coefficients[d - 1][b], x);
		for (size_t b = 0; b < DLB_KEY_LEN; b++)
			y[b] ^= key[b];
	}
	dlb_wipe(coefficients, sizeof(coefficients));
}

/* The value at 0 of the polynomial that is 1 at this share and 0 at the others. */
static enum dlb_status
weight_of(uint8_t *out, const uint8_t *numbers, unsigned k, unsigned of)
{
	uint8_t above = 1, below = 1, x = (uint8_t)(numbers[of] + 1);

	for (unsigned i = 0; i < k; i++) {
		uint8_t other = (uint8_t)(numbers[i] + 1);

		if (i == of)
			continue;
		if (other == x)
			return DLB_MALFORMED;
		above = multiply(above, other);
		below = multiply(below, (uint8_t)(other ^ x));
	}
	*out = multiply(above, invert(below));
	return DLB_OK;
}

enum dlb_status
dlb_shares_join(uint8_t key[static DLB_KEY_LEN], const uint8_t *numbers,
	const uint8_t (*shares)[DLB_KEY_LEN], unsigned k)
{
	enum dlb_status st = DLB_OK;

	memset(key, 0, DLB_KEY_LEN);
	if (k < 1 || k > DLB_STRIPES_MAX)
		return DLB_MALFORMED;
	for (unsigned i = 0; st == DLB_OK && i < k; i++) {
		uint8_t weight = 0;

		/* At 0 lies the key. */
		st = numbers[i] < DLB_STRIPES_MAX
			? weight_of(&weight, numbers, k, i)
			: DLB_MALFORMED;
		for (size_t b = 0; st == DLB_OK && b < DLB_KEY_LEN; b++)
			key[b] ^= multiply(shares[i][b], weight);
	}
	if (st != DLB_OK)
		dlb_wipe(key, DLB_KEY_LEN);
	return st;
}
