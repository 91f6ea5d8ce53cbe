/*
 * Fuzz target for the small texts that people and strangers hand over: names, and
 * bytes as words. The first byte chooses:
 *
 *   0  the rest is a name, as on a stranger's card
 *   1  the rest is the words of a pairing code, as someone typed them
 *   2  the rest is bytes that words were made of, then how they were typed
 *
 * Beyond memory errors: what is shown is UTF-8 that shows as itself; a name that
 * was cleaned is a name; words come back as the bytes that they were made of.
 */
#include "letterbox.h"
#include "letterbox_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define WORDS 18

#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);          \
			abort();                                               \
		}                                                              \
	} while (0)

static void
attack_name(const uint8_t *data, size_t len)
{
	char shown[256], again[256], name[DLB_NAME_TEXT_MAX + 1], text[512];
	size_t cap = 1 + len % sizeof(shown);

	dlb_printable(shown, cap, data, len);
	REQUIRE(strlen(shown) < cap && dlb_utf8_valid(shown, strlen(shown)));
	dlb_printable(again, sizeof(again), shown, strlen(shown));
	REQUIRE(strcmp(again, shown) == 0);
	if (strlen(shown) < sizeof(shown) - 1)
		REQUIRE(dlb_text_printable(shown, strlen(shown)));
	if (dlb_text_printable((const char *)data, len))
		REQUIRE(dlb_utf8_valid(data, len) && !memchr(data, 0, len));
	if (len > sizeof(text) - 1)
		len = sizeof(text) - 1;
	memcpy(text, data, len);
	text[len] = '\0';
	dlb_name_clean(name, text);
	REQUIRE(dlb_name_valid(name));
	if (dlb_name_valid(text))
		REQUIRE(strcmp(name, text) == 0);
	dlb_name_number(name, (unsigned)len + 2);
	REQUIRE(dlb_name_valid(name));
}

static void
attack_words(const char *text, size_t len)
{
	char words[DLB_PAIR_CODE_MAX];
	uint8_t bytes[WORDS], back[WORDS], secret[DLB_KEY_LEN];
	struct dlb_error err;

	if (dlb_pair_code_read(secret, text, len, &err) != DLB_OK)
		REQUIRE(err.msg[0] && secret[0] == 0 && secret[31] == 0);
	if (dlb_words_decode(bytes, WORDS, text, len) != DLB_OK)
		return;
	dlb_words_encode(words, sizeof(words), bytes, WORDS, 6);
	REQUIRE(strlen(words) < sizeof(words) - 1);
	REQUIRE(dlb_words_decode(back, WORDS, words, strlen(words)) == DLB_OK);
	REQUIRE(memcmp(back, bytes, WORDS) == 0);
}

/* In capitals, cut after four letters, with other signs between them. */
static void
attack_typing(const uint8_t *data, size_t len)
{
	static const char signs[] = " \t\r\n-,.";
	uint8_t bytes[WORDS] = {0}, back[WORDS];
	char words[DLB_PAIR_CODE_MAX], typed[4 * DLB_PAIR_CODE_MAX];
	size_t n = 0, letters = 0;
	struct dlb_reader r;

	dlb_reader_init(&r, data, len);
	dlb_read_bytes(&r, bytes, len < WORDS ? len : WORDS);
	dlb_words_encode(words, sizeof(words), bytes, WORDS, 6);
	for (const char *p = words; *p; p++) {
		uint8_t how = dlb_reader_left(&r) ? dlb_read_u8(&r) : 0;
		bool letter = *p >= 'a' && *p <= 'z';

		letters = letter ? letters + 1 : 0;
		if (!letter)
			typed[n++] = signs[how % (sizeof(signs) - 1)];
		else if (letters <= 4 || how % 2 == 0)
			typed[n++] = (char)(how & 64 ? *p - 'a' + 'A' : *p);
		else
			while (p[1] >= 'a' && p[1] <= 'z')
				p++;
	}
	REQUIRE(dlb_words_decode(back, WORDS, typed, n) == DLB_OK);
	REQUIRE(memcmp(back, bytes, WORDS) == 0);
	attack_words(typed, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	switch (data[0] % 3) {
	case 0:
		attack_name(data + 1, len - 1);
		break;
	case 1:
		attack_words((const char *)data + 1, len - 1);
		break;
	default:
		attack_typing(data + 1, len - 1);
	}
	return 0;
}
