/*
 * Fuzz target for briefings and revocations, as a courier's node reads them.
 *
 * Beyond memory errors: what is taken is what would be written; what is refused leaves
 * nothing behind.
 */
#include "briefing.h"

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
attack(const uint8_t *data, size_t len)
{
	static const struct dlb_briefing nothing;
	static struct dlb_briefing b;
	struct dlb_buf again = {0};

	if (dlb_briefing_read(&b, data, len) != DLB_OK) {
		REQUIRE(b.boxes_n == 0 || memcmp(&b, &nothing, sizeof(b)) == 0);
		return;
	}
	REQUIRE(b.serial > 0 && b.boxes_n <= DLB_BRIEFING_BOXES_MAX);
	REQUIRE(b.revocation || b.boxes_n > 0);
	REQUIRE(dlb_briefing_text_valid(b.note, DLB_BRIEFING_NOTE_MAX));
	REQUIRE(dlb_briefing_write(&again, &b) == DLB_OK);
	REQUIRE(again.len == len && memcmp(again.data, data, len) == 0);
	dlb_buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	attack(data, len);
	return 0;
}
