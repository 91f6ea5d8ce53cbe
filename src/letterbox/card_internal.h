/*
 * Cards within the module.
 */
#ifndef DLB_CARD_INTERNAL_H
#define DLB_CARD_INTERNAL_H

#include "card.h"

/* How a card's bytes start. */
#define DLB_CARD_MAGIC                                                         \
	{                                                                      \
		'D', 'L', 'B', 'C'                                             \
	}
#define DLB_CARD_MAGIC_LEN 4

/* Form only, neither keys nor signature: for cards that were parsed before they
 * were kept. */
enum dlb_status dlb_card_decode(struct dlb_card *out, const uint8_t *data,
	size_t len, struct dlb_error *err) DLB_MUST_CHECK;
/* The bytes again of a card that was parsed, with its signature. Appends. */
enum dlb_status dlb_card_encode(
	struct dlb_buf *out, const struct dlb_card *card) DLB_MUST_CHECK;

/* How many bytes at p, before end, are a sign that says nothing in a card's text or
 * digits: white space, and what mail programs put before the lines that they quote. */
size_t dlb_card_passed_over(const char *p, const char *end);
/* Appends the bytes; DLB_MALFORMED for what no card is written as. */
enum dlb_status dlb_card_from_digits(
	struct dlb_buf *out, const char *text, size_t len) DLB_MUST_CHECK;

#endif
