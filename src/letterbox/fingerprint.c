/*
 * Fingerprints as words, for two people to read to each other.
 */
#include "card.h"
#include "letterbox_internal.h"

#include <string.h>

#define WORDS 12
#define GROUP 4

void
dlb_fingerprint_words(char out[static DLB_FINGERPRINT_TEXT_MAX],
	const struct dlb_identity *identity)
{
	uint8_t key[64], hash[DLB_HASH_LEN];

	memcpy(key, identity->sign, 32);
	memcpy(key + 32, identity->agree, 32);
	dlb_derive(hash, sizeof(hash), key, sizeof(key), "dlb fingerprint",
		NULL, 0);
	dlb_words_encode(out, DLB_FINGERPRINT_TEXT_MAX, hash, WORDS, GROUP);
}
