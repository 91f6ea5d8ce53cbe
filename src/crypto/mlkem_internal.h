/*
 * ML-KEM-768 (FIPS 203), private to this module, and the SHA-3 functions that
 * X-Wing needs beside it (FIPS 202).
 */
#ifndef DLB_MLKEM_INTERNAL_H
#define DLB_MLKEM_INTERNAL_H

#include "base.h"

#define MLKEM_PK_LEN 1184
#define MLKEM_SK_LEN 2400
#define MLKEM_CT_LEN 1088
#define MLKEM_SS_LEN 32

/* coins: d || z. */
void mlkem_keypair(uint8_t pk[static MLKEM_PK_LEN],
	uint8_t sk[static MLKEM_SK_LEN], const uint8_t coins[static 64]);
/* FIPS 203 section 7.2, the modulus check: each coefficient is below q. */
bool mlkem_pk_valid(const uint8_t pk[static MLKEM_PK_LEN]);
/* pk must be valid. */
void mlkem_encaps(uint8_t ct[static MLKEM_CT_LEN],
	uint8_t ss[static MLKEM_SS_LEN], const uint8_t pk[static MLKEM_PK_LEN],
	const uint8_t m[static 32]);
/* Implicit rejection. */
void mlkem_decaps(uint8_t ss[static MLKEM_SS_LEN],
	const uint8_t ct[static MLKEM_CT_LEN],
	const uint8_t sk[static MLKEM_SK_LEN]);
/* The public key is part of the secret key. */
const uint8_t *mlkem_pk_of(const uint8_t sk[static MLKEM_SK_LEN]);

void mlkem_shake256(uint8_t *out, size_t out_len, const void *in, size_t len);
void mlkem_sha3_256(uint8_t out[static 32], const void *in, size_t len);

#endif
