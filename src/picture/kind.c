/*
 * Which files are pictures.
 */
#include "picture.h"

#include <string.h>

const char *
dlb_picture_kind(const uint8_t *data, size_t len)
{
	static const struct {
		const char *magic;
		uint8_t len;
		const char *kind;
	} kinds[] = {
		{"\x89PNG", 4, "PNG"},
		{"\xff\xd8\xff", 3, "JPEG"},
		{"GIF8", 4, "GIF"},
		{"RIFF", 4, "WebP"},
		{"%PDF-", 5, "PDF"},
	};

	for (size_t i = 0; i < DLB_ARRAY_LEN(kinds); i++)
		if (len >= kinds[i].len
			&& memcmp(data, kinds[i].magic, kinds[i].len) == 0)
			return kinds[i].kind;
	return NULL;
}
