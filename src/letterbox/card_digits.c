/*
 * Cards as digits: what a QR code holds. Ten digits take as much room there as 33
 * bits, so that a card is hardly longer than its bytes; and all that a scanner hands
 * on is text, which none of them mangles. docs/letterbox.md, section 3.
 */
#include "card.h"

#include "card_internal.h"

#include <string.h>

#define GROUP 7 /* bytes, in 17 digits */
#define GROUP_DIGITS 17

/* The digits that so many bytes take. */
static const uint8_t digits_of[GROUP + 1] = {0, 3, 5, 8, 10, 13, 15, 17};

enum dlb_status
dlb_card_to_digits(struct dlb_buf *out, const uint8_t *data, size_t len)
{
	size_t start = out->len;
	enum dlb_status s =
		dlb_buf_append(out, DLB_CARD_DIGITS, strlen(DLB_CARD_DIGITS));

	while (s == DLB_OK && len > 0) {
		size_t n = len < GROUP ? len : GROUP, digits = digits_of[n];
		char text[GROUP_DIGITS];
		uint64_t value = 0;

		for (size_t i = 0; i < n; i++)
			value = value << 8 | data[i];
		for (size_t i = digits; i-- > 0; value /= 10)
			text[i] = (char)('0' + value % 10);
		s = dlb_buf_append(out, text, digits);
		data += n;
		len -= n;
	}
	if (s == DLB_OK)
		s = dlb_buf_append(out, "", 1);
	if (s == DLB_OK)
		out->len--;
	else
		out->len = start;
	return s;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* The bytes that so many digits are of; 0 where no number of bytes takes so many. */
static size_t
bytes_of(size_t digits)
{
	for (size_t n = 1; n <= GROUP; n++)
		if (digits_of[n] == digits)
			return n;
	return 0;
}

static enum dlb_status
read_group(struct dlb_buf *out, const char *text, size_t digits)
{
	size_t n = bytes_of(digits);
	uint8_t bytes[GROUP];
	uint64_t value = 0;

	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	/* 17 digits are below 2^57. */
	if (n == 0 || value >> (8 * n) != 0)
		return DLB_MALFORMED;
	for (size_t i = n; i-- > 0; value >>= 8)
		bytes[i] = (uint8_t)value;
	return dlb_buf_append(out, bytes, n);
}

/* Is `word` next, behind what is passed over? Then p is behind it. */
static bool
take_word(const char **p, const char *end, const char *word)
{
	size_t len = strlen(word), over;

	while ((over = dlb_card_passed_over(*p, end)) > 0)
		*p += over;
	if ((size_t)(end - *p) < len || memcmp(*p, word, len) != 0)
		return false;
	*p += len;
	return true;
}

bool
dlb_card_is_digits(const char *text, size_t len)
{
	const char *end = text + len;

	return take_word(&text, end, "DLB")
		&& dlb_card_passed_over(text, end) > 0
		&& take_word(&text, end, "CARD");
}

enum dlb_status
dlb_card_from_digits(struct dlb_buf *out, const char *text, size_t len)
{
	const char *end = text + len;
	char group[GROUP_DIGITS];
	size_t n = 0;
	enum dlb_status s = DLB_OK;

	if (!take_word(&text, end, "DLB") || !take_word(&text, end, "CARD"))
		return DLB_MALFORMED;
	while (s == DLB_OK && text < end) {
		size_t over = dlb_card_passed_over(text, end);

		text += over;
		if (over > 0)
			continue;
		if (*text < '0' || *text > '9')
			return DLB_MALFORMED;
		group[n++] = *text++;
		if (n == GROUP_DIGITS) {
			s = read_group(out, group, n);
			n = 0;
		}
	}
	if (s == DLB_OK && n > 0)
		s = read_group(out, group, n);
	return s;
}
