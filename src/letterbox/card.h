/*
 * card: a person's public keys, signed; as bytes and as text. docs/letterbox.md.
 */
#ifndef DLB_CARD_H
#define DLB_CARD_H

#include "base.h"
#include "cell.h"

#define DLB_CARD_OPENING_MAX 12
#define DLB_CARD_FINDING_MAX 5
#define DLB_CARD_NAME_MAX 64
#define DLB_CARD_LEN_MAX 24576 /* canonical bytes */
#define DLB_CARD_FIELDS_MAX 1024

struct dlb_card {
	uint64_t serial; /* never goes down */
	uint16_t issued_week;
	char name[DLB_CARD_NAME_MAX
		+ 1]; /* what they call themselves; printable
					   * UTF-8, may be empty */
	struct dlb_identity identity;
	uint8_t finding_n;
	struct {
		uint16_t quarter;
		uint8_t key[DLB_POINT_LEN];
	} finding[DLB_CARD_FINDING_MAX]; /* ascending */
	uint8_t opening_n;               /* 0: a short card */
	struct {
		uint16_t month;
		uint8_t key[DLB_XWING_PK_LEN];
	} opening[DLB_CARD_OPENING_MAX]; /* ascending */
	uint8_t last_resort[DLB_XWING_PK_LEN];
	/* What else it says, as it lies in the card; 0: a card of version 1. */
	uint16_t fields_len;
	uint8_t fields[DLB_CARD_FIELDS_MAX];
	uint8_t signature[DLB_SIG_LEN]; /* filled by parse and load */
};

/* The id under which a letter to the last-resort key names it. */
uint32_t dlb_card_last_resort_id(const struct dlb_card *card);
/* It says that it was issued more than a week from now: nothing is sealed to it. */
bool dlb_card_is_ahead(const struct dlb_card *card, int64_t now_ms);
/* Where the author's bulletins are found (cell/bulletin.h): DLB_KEY_LEN bytes within
 * the card. NULL: it does not say. */
const uint8_t *dlb_card_bulletin_key(const struct dlb_card *card);
/* Of a card that says nothing else of the kind. */
void dlb_card_set_bulletin_key(
	struct dlb_card *card, const uint8_t key[static DLB_KEY_LEN]);
/* Canonical bytes with the signature, which is made here. Appends. The card is
 * sound (dlb_card_parse takes what this writes), else DLB_MALFORMED. */
enum dlb_status dlb_card_write(struct dlb_buf *out, const struct dlb_card *card,
	const uint8_t sign_sk[static 64]) DLB_MUST_CHECK;
/* Every check: form, limits, order, keys, signature. DLB_FORGED for the last. */
enum dlb_status dlb_card_parse(struct dlb_card *out, const uint8_t *data,
	size_t len, struct dlb_error *err) DLB_MUST_CHECK;
/* The text form: "-----BEGIN DLB CARD-----", base64 in lines of 64, "-----END...";
 * text around it is passed over, and what mail programs do to its lines. Appends;
 * terminated by a NUL that is not counted in len. */
enum dlb_status dlb_card_to_text(
	struct dlb_buf *out, const uint8_t *data, size_t len) DLB_MUST_CHECK;
/* The form for QR codes: DLB_CARD_DIGITS and then digits alone. Appends; terminated
 * as above. */
#define DLB_CARD_DIGITS "DLB CARD "
enum dlb_status dlb_card_to_digits(
	struct dlb_buf *out, const uint8_t *data, size_t len) DLB_MUST_CHECK;
/* Is there a card in a text? Does it start as the digits of one do? Whether it is
 * sound is another matter. */
bool dlb_card_is_text(const char *text, size_t len);
bool dlb_card_is_digits(const char *text, size_t len);
/* A file's content: bytes, text or digits (at most DLB_CARD_FILE_MAX). Gives canonical
 * bytes, in place of what `bytes` held, and what they say. A file with two
 * different cards is refused. */
#define DLB_CARD_FILE_MAX (64u << 10)
enum dlb_status dlb_card_load(struct dlb_card *out, struct dlb_buf *bytes,
	const uint8_t *file, size_t len, struct dlb_error *err) DLB_MUST_CHECK;
/* The fingerprint of an identity (not of a card: it stays when cards change) as
 * words to compare: 12 words of a list of 256, so 96 bits, in three groups:
 * "one two three four - five ...". docs/letterbox.md. */
#define DLB_FINGERPRINT_TEXT_MAX 256
void dlb_fingerprint_words(char out[static DLB_FINGERPRINT_TEXT_MAX],
	const struct dlb_identity *identity);
/* One half of the sentence by which two people verify each other: what one of them
 * reads aloud and the other compares. The same words and six digits of the same
 * hash: "one two three four - five ... - 012 345", 115 bits. docs/letterbox.md. */
void dlb_sentence_half(char out[static DLB_FINGERPRINT_TEXT_MAX],
	const struct dlb_identity *reader);
/* Is the half of `a` the first? Each of the two says the same of both. */
bool dlb_sentence_first(
	const struct dlb_identity *a, const struct dlb_identity *b);

#endif
