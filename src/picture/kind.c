/*
 * Which files are pictures.
 */
#include "picture.h"

#include <string.h>

/* A drawing in XML, as dlb_qr_svg makes one. */
static bool
is_svg(const uint8_t *data, size_t len)
{
	static const char tag[] = "<svg";
	size_t tag_len = sizeof(tag) - 1, most = len < 512 ? len : 512;

	if (most < tag_len || data[0] != '<')
		return false;
	for (size_t i = 0; i <= most - tag_len; i++)
		if (memcmp(data + i, tag, tag_len) == 0)
			return true;
	return false;
}

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
	/* What many telephones make. */
	if (len >= 12 && memcmp(data + 4, "ftyp", 4) == 0)
		return "HEIF";
	return is_svg(data, len) ? "SVG" : NULL;
}
