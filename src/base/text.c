/*
 * Text: hexadecimal, UTF-8 (RFC 3629), and copies that are safe on a terminal.
 */
#include "text.h"

#include <stdio.h>
#include <string.h>

void
dlb_hex(char *out, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum dlb_status
dlb_unhex(uint8_t *out, size_t out_len, const char *hex)
{
	for (size_t i = 0; i < out_len; i++) {
		int high = hex_digit(hex[2 * i]);
		/* Looked at only where the first is not the terminator. */
		int low = high < 0 ? -1 : hex_digit(hex[2 * i + 1]);

		if (low < 0)
			goto malformed;
		out[i] = (uint8_t)(high << 4 | low);
	}
	if (hex[2 * out_len] == '\0')
		return DLB_OK;
malformed:
	if (out_len)
		memset(out, 0, out_len);
	return DLB_MALFORMED;
}

size_t
dlb_utf8_next(uint32_t *code, const void *bytes, size_t len)
{
	const uint8_t *s = bytes;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n;
	uint32_t c;

	if (len == 0)
		return 0;
	if (s[0] < 0x80) {
		*code = s[0];
		return 1;
	}
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	c = s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return n;
}

bool
dlb_utf8_valid(const void *s, size_t len)
{
	const uint8_t *p = s;
	uint32_t code;

	while (len > 0) {
		size_t n = dlb_utf8_next(&code, p, len);

		if (n == 0)
			return false;
		p += n;
		len -= n;
	}
	return true;
}

/* Moves the cursor, changes the direction of what follows, or hides. */
static bool
upsets_terminal(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x61c
		|| c == 0x200b || c == 0x200e || c == 0x200f
		|| (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f)
		|| c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb)
		|| (c & 0xfffe) == 0xfffe || (c >= 0xe0000 && c <= 0xe0fff);
}

char *
dlb_printable(char *out, size_t out_cap, const void *s, size_t len)
{
	const uint8_t *p = s;
	size_t at = 0;

	if (out_cap == 0)
		return out;
	while (len > 0) {
		uint32_t code = 0;
		size_t n = dlb_utf8_next(&code, p, len);
		bool shown = n > 0 && !upsets_terminal(code);

		if (n == 0)
			n = 1;
		if ((shown ? n : 1) > out_cap - 1 - at)
			break;
		if (shown) {
			memcpy(out + at, p, n);
			at += n;
		} else {
			out[at++] = '?';
		}
		p += n;
		len -= n;
	}
	out[at] = '\0';
	return out;
}

char *
dlb_size_text(char out[static DLB_SIZE_TEXT_MAX], uint64_t bytes)
{
	static const char *const units[] = {
		"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	uint64_t tenths;
	unsigned unit = 0;

	if (bytes < 1024) {
		snprintf(out, DLB_SIZE_TEXT_MAX, "%u byte%s", (unsigned)bytes,
			bytes == 1 ? "" : "s");
		return out;
	}
	while (unit < 5 && bytes >> (10 * (unit + 2)) != 0)
		unit++;
	/* Divided first where ten times it might not fit. */
	tenths = unit == 0 ? (bytes * 10 + 512) >> 10
			   : ((bytes >> (10 * unit)) * 10 + 512) >> 10;
	if (tenths >= 10240 && unit < 5) {
		tenths = 10;
		unit++;
	}
	if (tenths < 100)
		snprintf(out, DLB_SIZE_TEXT_MAX, "%u.%u %s",
			(unsigned)(tenths / 10), (unsigned)(tenths % 10),
			units[unit]);
	else
		snprintf(out, DLB_SIZE_TEXT_MAX, "%u %s",
			(unsigned)((tenths + 5) / 10), units[unit]);
	return out;
}
