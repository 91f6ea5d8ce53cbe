/*
 * Fuzz target for cards as digits, without what a card has to say: bytes that come
 * out of digits are those that are written as the same digits, and of any bytes the
 * digits give them back.
 */
#include "card_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);          \
			abort();                                               \
		}                                                              \
	} while (0)

static size_t
without_space(char *out, const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (!memchr(" \t\r\n", text[i], 4))
			out[n++] = text[i];
	return n;
}

/* The same but for white space. */
static void
check_text(const char *text, size_t len, const struct dlb_buf *bytes)
{
	struct dlb_buf again = {0};
	char *a = malloc(len + 1), *b;
	size_t a_len, b_len;

	REQUIRE(dlb_card_to_digits(&again, bytes->data, bytes->len) == DLB_OK);
	b = malloc(again.len + 1);
	REQUIRE(a && b);
	a_len = without_space(a, text, len);
	b_len = without_space(b, (char *)again.data, again.len);
	REQUIRE(a_len == b_len && memcmp(a, b, a_len) == 0);
	free(a);
	free(b);
	dlb_buf_free(&again);
}

static void
check_bytes(const uint8_t *data, size_t len)
{
	struct dlb_buf text = {0}, bytes = {0};

	REQUIRE(dlb_card_to_digits(&text, data, len) == DLB_OK);
	REQUIRE(dlb_card_is_digits((char *)text.data, text.len));
	REQUIRE(dlb_card_from_digits(&bytes, (char *)text.data, text.len)
		== DLB_OK);
	REQUIRE(bytes.len == len
		&& (len == 0 || memcmp(bytes.data, data, len) == 0));
	dlb_buf_free(&text);
	dlb_buf_free(&bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct dlb_buf bytes = {0};

	check_bytes(data, len);
	if (dlb_card_from_digits(&bytes, (const char *)data, len) == DLB_OK)
		check_text((const char *)data, len, &bytes);
	dlb_buf_free(&bytes);
	return 0;
}
