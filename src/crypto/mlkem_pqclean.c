/*
 * ML-KEM-768 by PQClean's portable C, as the npm package `pqclean` ships it. Its
 * derandomised functions are the only ones used. It does not check encapsulation
 * keys: that is here.
 */
#include "mlkem_internal.h"

#include <fips202.h>
#include <kem.h>
#include <stdlib.h>

_Static_assert(PQCLEAN_MLKEM768_CLEAN_CRYPTO_PUBLICKEYBYTES == MLKEM_PK_LEN
		&& PQCLEAN_MLKEM768_CLEAN_CRYPTO_SECRETKEYBYTES == MLKEM_SK_LEN
		&& PQCLEAN_MLKEM768_CLEAN_CRYPTO_CIPHERTEXTBYTES
			== MLKEM_CT_LEN,
	"the lengths of ML-KEM-768");

int PQCLEAN_randombytes(uint8_t *out, size_t len);

/* The library's own key generation and encapsulation call this. Nothing here
 * calls those: all randomness is passed in. */
int
PQCLEAN_randombytes(uint8_t *out, size_t len)
{
	(void)out;
	(void)len;
	abort();
}

void
mlkem_keypair(uint8_t pk[static MLKEM_PK_LEN], uint8_t sk[static MLKEM_SK_LEN],
	const uint8_t coins[static 64])
{
	PQCLEAN_MLKEM768_CLEAN_crypto_kem_keypair_derand(pk, sk, coins);
}

bool
mlkem_pk_valid(const uint8_t pk[static MLKEM_PK_LEN])
{
	const uint32_t q = 3329;
	uint32_t below = 1;

	/* Two coefficients of 12 bits in 3 bytes, 768 of them, then rho. */
	for (size_t i = 0; i < 768 / 2 * 3; i += 3) {
		uint32_t a = pk[i] | (pk[i + 1] & 0x0fu) << 8;
		uint32_t b = pk[i + 1] >> 4 | (uint32_t)pk[i + 2] << 4;

		/* The top bit is set where it is below q. */
		below &= (a - q) >> 31 & (b - q) >> 31;
	}
	return below == 1;
}

void
mlkem_encaps(uint8_t ct[static MLKEM_CT_LEN], uint8_t ss[static MLKEM_SS_LEN],
	const uint8_t pk[static MLKEM_PK_LEN], const uint8_t m[static 32])
{
	PQCLEAN_MLKEM768_CLEAN_crypto_kem_enc_derand(ct, ss, pk, m);
}

void
mlkem_decaps(uint8_t ss[static MLKEM_SS_LEN],
	const uint8_t ct[static MLKEM_CT_LEN],
	const uint8_t sk[static MLKEM_SK_LEN])
{
	PQCLEAN_MLKEM768_CLEAN_crypto_kem_dec(ss, ct, sk);
}

const uint8_t *
mlkem_pk_of(const uint8_t sk[static MLKEM_SK_LEN])
{
	/* FIPS 203 algorithm 16: dk_PKE || ek || H(ek) || z. */
	return sk + (MLKEM_SK_LEN - MLKEM_PK_LEN - 64);
}

void
mlkem_shake256(uint8_t *out, size_t out_len, const void *in, size_t len)
{
	shake256(out, out_len, in, len);
}

void
mlkem_sha3_256(uint8_t out[static 32], const void *in, size_t len)
{
	sha3_256(out, in, len);
}
