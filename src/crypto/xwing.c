/*
 * X-Wing (draft-connolly-cfrg-xwing-kem): X25519 and ML-KEM-768 as one KEM,
 * secure as long as either holds.
 *
 * The secret key is a seed of 32 bytes. The expanded key of this file is the
 * ML-KEM secret key (2400) || X25519 secret key (32) || X25519 public key (32).
 */
#include "crypto.h"
#include "mlkem_internal.h"

#include <string.h>

#define EXPANDED_SK_X MLKEM_SK_LEN
#define EXPANDED_PK_X (MLKEM_SK_LEN + 32)

_Static_assert(DLB_XWING_EXPANDED_LEN == MLKEM_SK_LEN + 64
		&& DLB_XWING_PK_LEN == MLKEM_PK_LEN + 32
		&& DLB_XWING_CT_LEN == MLKEM_CT_LEN + 32,
	"the lengths of X-Wing");

/* Section 5.3, the combiner. */
static void
combine(uint8_t ss[static 32], const uint8_t ss_m[static 32],
	const uint8_t ss_x[static 32], const uint8_t ct_x[static 32],
	const uint8_t pk_x[static 32])
{
	static const uint8_t label[6] = {0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c};
	uint8_t in[4 * 32 + sizeof(label)];

	memcpy(in, ss_m, 32);
	memcpy(in + 32, ss_x, 32);
	memcpy(in + 64, ct_x, 32);
	memcpy(in + 96, pk_x, 32);
	memcpy(in + 128, label, sizeof(label));
	mlkem_sha3_256(ss, in, sizeof(in));
	dlb_wipe(in, sizeof(in));
}

void
dlb_xwing_expand(uint8_t sk[static DLB_XWING_EXPANDED_LEN],
	const uint8_t seed[static DLB_XWING_SEED_LEN])
{
	uint8_t wide[96], pk[MLKEM_PK_LEN];

	mlkem_shake256(wide, sizeof(wide), seed, DLB_XWING_SEED_LEN);
	mlkem_keypair(pk, sk, wide);
	memcpy(sk + EXPANDED_SK_X, wide + 64, 32);
	dlb_x25519_public(sk + EXPANDED_PK_X, wide + 64);
	dlb_wipe(wide, sizeof(wide));
}

void
dlb_xwing_public(uint8_t pk[static DLB_XWING_PK_LEN],
	const uint8_t seed[static DLB_XWING_SEED_LEN])
{
	uint8_t sk[DLB_XWING_EXPANDED_LEN];

	dlb_xwing_expand(sk, seed);
	memcpy(pk, mlkem_pk_of(sk), MLKEM_PK_LEN);
	memcpy(pk + MLKEM_PK_LEN, sk + EXPANDED_PK_X, 32);
	dlb_wipe(sk, sizeof(sk));
}

/* X-Wing uses X25519 as a group without exceptions: a product of a small-order
 * point is zero, and goes into the hash like any other. */
static void
x25519_any(uint8_t out[static 32], const uint8_t sk[static 32],
	const uint8_t pk[static 32])
{
	if (dlb_x25519(out, sk, pk) != DLB_OK)
		memset(out, 0, 32);
}

enum dlb_status
dlb_xwing_encaps(uint8_t ct[static DLB_XWING_CT_LEN], uint8_t ss[static 32],
	const uint8_t pk[static DLB_XWING_PK_LEN],
	const uint8_t eseed[static DLB_XWING_ESEED_LEN])
{
	const uint8_t *pk_x = pk + MLKEM_PK_LEN;
	uint8_t *ct_x = ct + MLKEM_CT_LEN;
	uint8_t ss_m[32], ss_x[32];

	if (!mlkem_pk_valid(pk)) {
		memset(ct, 0, DLB_XWING_CT_LEN);
		memset(ss, 0, 32);
		return DLB_MALFORMED;
	}
	mlkem_encaps(ct, ss_m, pk, eseed);
	dlb_x25519_public(ct_x, eseed + 32);
	x25519_any(ss_x, eseed + 32, pk_x);
	combine(ss, ss_m, ss_x, ct_x, pk_x);
	dlb_wipe(ss_m, sizeof(ss_m));
	dlb_wipe(ss_x, sizeof(ss_x));
	return DLB_OK;
}

void
dlb_xwing_decaps_expanded(uint8_t ss[static 32],
	const uint8_t ct[static DLB_XWING_CT_LEN],
	const uint8_t sk[static DLB_XWING_EXPANDED_LEN])
{
	const uint8_t *ct_x = ct + MLKEM_CT_LEN;
	uint8_t ss_m[32], ss_x[32];

	mlkem_decaps(ss_m, ct, sk);
	x25519_any(ss_x, sk + EXPANDED_SK_X, ct_x);
	combine(ss, ss_m, ss_x, ct_x, sk + EXPANDED_PK_X);
	dlb_wipe(ss_m, sizeof(ss_m));
	dlb_wipe(ss_x, sizeof(ss_x));
}

void
dlb_xwing_decaps(uint8_t ss[static 32],
	const uint8_t ct[static DLB_XWING_CT_LEN],
	const uint8_t seed[static DLB_XWING_SEED_LEN])
{
	uint8_t sk[DLB_XWING_EXPANDED_LEN];

	dlb_xwing_expand(sk, seed);
	dlb_xwing_decaps_expanded(ss, ct, sk);
	dlb_wipe(sk, sizeof(sk));
}
