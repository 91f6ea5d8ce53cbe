/*
 * base64 (RFC 4648), strict: one text for one string of bytes, but for white
 * space, which mail and people add.
 */
#include "letterbox_internal.h"

#include <string.h>

static const char alphabet[2][65] = {
	[DLB_BASE64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		       "0123456789+/",
	[DLB_BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
			   "yz0123456789-_",
};

enum dlb_status
dlb_base64_encode(struct dlb_buf *out, enum dlb_base64 kind,
	const uint8_t *data, size_t len)
{
	const char *digits = alphabet[kind];

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)data[i] << 16;
		char four[4] = {'=', '=', '=', '='};

		if (n > 1)
			v |= (uint32_t)data[i + 1] << 8;
		if (n > 2)
			v |= data[i + 2];
		for (size_t j = 0; j <= n; j++)
			four[j] = digits[v >> (18 - 6 * j) & 63];
		if (dlb_buf_append(out, four, kind == DLB_BASE64 ? 4 : n + 1)
			!= DLB_OK)
			return DLB_NO_MEMORY;
	}
	return DLB_OK;
}

static int
digit_of(enum dlb_base64 kind, char c)
{
	const char *at = c ? strchr(alphabet[kind], c) : NULL;

	return at ? (int)(at - alphabet[kind]) : -1;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The last n digits (2 or 3) of a text that ends within four. */
static enum dlb_status
decode_tail(struct dlb_buf *out, uint32_t v, size_t n)
{
	const uint8_t two[2] = {
		(uint8_t)(n == 2 ? v >> 4 : v >> 10), (uint8_t)(v >> 2)};

	if (n == 1 || (n == 2 && v & 15) || (n == 3 && v & 3))
		return DLB_MALFORMED;
	return dlb_buf_append(out, two, n - 1);
}

enum dlb_status
dlb_base64_decode(
	struct dlb_buf *out, enum dlb_base64 kind, const char *text, size_t len)
{
	size_t n = 0, padding = 0;
	uint32_t v = 0;

	for (size_t i = 0; i < len; i++) {
		int digit;

		if (is_space(text[i]))
			continue;
		if (kind == DLB_BASE64 && text[i] == '=') {
			padding++;
			continue;
		}
		digit = digit_of(kind, text[i]);
		if (digit < 0 || padding > 0)
			return DLB_MALFORMED;
		v = v << 6 | (uint32_t)digit;
		if (++n == 4) {
			const uint8_t three[3] = {(uint8_t)(v >> 16),
				(uint8_t)(v >> 8), (uint8_t)v};

			if (dlb_buf_append(out, three, 3) != DLB_OK)
				return DLB_NO_MEMORY;
			n = 0;
			v = 0;
		}
	}
	if (kind == DLB_BASE64 && padding != (n ? 4 - n : 0))
		return DLB_MALFORMED;
	return n ? decode_tail(out, v, n) : DLB_OK;
}
