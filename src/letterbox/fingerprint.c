/*
 * Fingerprints as words, and the sentence of two people: what they read to each
 * other. docs/letterbox.md, section 4.
 */
#include "card.h"
#include "letterbox_internal.h"

#include <stdio.h>
#include <string.h>

#define WORDS 12
#define GROUP 4

static void
hash_identity(
	uint8_t hash[static DLB_HASH_LEN], const struct dlb_identity *identity)
{
	dlb_derive(hash, DLB_HASH_LEN, (const uint8_t *)identity,
		sizeof(*identity), "dlb fingerprint", NULL, 0);
}

void
dlb_fingerprint_words(char out[static DLB_FINGERPRINT_TEXT_MAX],
	const struct dlb_identity *identity)
{
	uint8_t hash[DLB_HASH_LEN];

	hash_identity(hash, identity);
	dlb_words_encode(out, DLB_FINGERPRINT_TEXT_MAX, hash, WORDS, GROUP);
}

void
dlb_sentence_half(char out[static DLB_FINGERPRINT_TEXT_MAX],
	const struct dlb_identity *reader)
{
	uint8_t hash[DLB_HASH_LEN];
	struct dlb_reader r;
	uint32_t digits;
	size_t len;

	hash_identity(hash, reader);
	dlb_reader_init(&r, hash + WORDS, sizeof(uint32_t));
	digits = dlb_read_u32(&r) % 1000000;
	dlb_words_encode(out, DLB_FINGERPRINT_TEXT_MAX, hash, WORDS, GROUP);
	len = strlen(out);
	snprintf(out + len, DLB_FINGERPRINT_TEXT_MAX - len, " - %03u %03u",
		digits / 1000, digits % 1000);
}

bool
dlb_sentence_first(const struct dlb_identity *a, const struct dlb_identity *b)
{
	return memcmp(a, b, sizeof(*a)) < 0;
}
