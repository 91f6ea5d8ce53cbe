/*
 * Fuzz target for a box's text. The first byte chooses:
 *   even  the rest is a text that someone was given
 *   odd   the rest is what a text holds but for the check, which is made right
 *
 * Beyond memory errors: a text that is taken is, but for white space, the one that
 * would be made.
 */
#include "letterbox.h"
#include "letterbox_internal.h"

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

static void
attack_text(const char *text, size_t len)
{
	char again[DLB_BOX_TEXT_MAX];
	struct dlb_error err;
	struct dlb_box box;
	size_t n = 0;

	if (dlb_box_from_text(&box, text, len, &err) != DLB_OK) {
		REQUIRE(box.name[0] == '\0');
		return;
	}
	REQUIRE(dlb_name_valid(box.name));
	REQUIRE(dlb_box_to_text(again, &box) == DLB_OK);
	for (size_t i = 0; i < len; i++)
		if (!memchr(" \t\r\n", text[i], 4))
			REQUIRE(again[n++] == text[i]);
	REQUIRE(again[n] == '\0');
}

static void
attack_content(const uint8_t *data, size_t len)
{
	static const char label[] = "dlb box text";
	struct dlb_buf raw = {0}, text = {0};
	uint8_t hash[DLB_HASH_LEN];

	dlb_sha256_2(hash, label, sizeof(label) - 1, data, len);
	REQUIRE(dlb_buf_append(&raw, data, len) == DLB_OK);
	REQUIRE(dlb_buf_append(&raw, hash, 8) == DLB_OK);
	REQUIRE(dlb_buf_append(&text, "dlb-box:", 8) == DLB_OK);
	REQUIRE(dlb_base64_encode(&text, DLB_BASE64_URL, raw.data, raw.len)
		== DLB_OK);
	attack_text((const char *)text.data, text.len);
	dlb_buf_free(&raw);
	dlb_buf_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (data[0] % 2 == 0)
		attack_text((const char *)data + 1, len - 1);
	else
		attack_content(data + 1, len - 1);
	return 0;
}
