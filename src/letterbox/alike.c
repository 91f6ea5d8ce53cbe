/*
 * Names that people could take for one another: other capitals, accents, letters of
 * another script that look the same, digits for letters, characters that show as
 * nothing. Who wants to be taken for a friend of yours has a card with such a name.
 *
 * Names are compared by what is left of them when each character is replaced by the
 * plainest that looks like it. It is a rough sieve of what is common (Unicode's list
 * of confusable characters, UTS #39, is far longer), and what is caught wrongly costs
 * its owner one --as NAME.
 */
#include "letterbox_internal.h"

#include <string.h>

/* U+00C0 to U+017F without their accents. */
#define ACCENTED_FIRST 0xc0
static const char accented[] =
	"aaaaaaaceeeeiiiidnoooooxouuuuypbaaaaaaaceeeeiiii"
	"dnooooo-ouuuuypyaaaaaaccccccccddddeeeeeeeeeegggg"
	"gggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooo"
	"oooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzf";

/* Small letters that look like Latin ones, in one of their two cases. */
static const struct {
	uint16_t code;
	char like;
} foreign[] = {
	{0x3b1, 'a'},
	{0x3b2, 'b'},
	{0x3b5, 'e'},
	{0x3b6, 'z'},
	{0x3b7, 'h'},
	{0x3b9, 'i'},
	{0x3ba, 'k'},
	{0x3bc, 'm'},
	{0x3bd, 'n'},
	{0x3bf, 'o'},
	{0x3c1, 'p'},
	{0x3c4, 't'},
	{0x3c5, 'y'},
	{0x3c7, 'x'},
	{0x430, 'a'},
	{0x432, 'b'},
	{0x435, 'e'},
	{0x43a, 'k'},
	{0x43c, 'm'},
	{0x43d, 'h'},
	{0x43e, 'o'},
	{0x440, 'p'},
	{0x441, 'c'},
	{0x442, 't'},
	{0x443, 'y'},
	{0x445, 'x'},
	{0x450, 'e'},
	{0x451, 'e'},
	{0x455, 's'},
	{0x456, 'i'},
	{0x457, 'i'},
	{0x458, 'j'},
	{0x4bb, 'h'},
	{0x4cf, 'l'},
	{0x501, 'd'},
	{0x51b, 'q'},
	{0x51d, 'w'},
};

/* Marks on the letter before them, spaces of all kinds, and what shows as nothing. */
static bool
hardly_shows(uint32_t c)
{
	return c == ' ' || c == 0xa0 || (c >= 0x300 && c <= 0x36f)
		|| c == 0x115f || c == 0x1160 || c == 0x1680 || c == 0x17b4
		|| c == 0x17b5 || (c >= 0x180b && c <= 0x180f)
		|| (c >= 0x2000 && c <= 0x200d) || c == 0x202f || c == 0x205f
		|| c == 0x2800 || c == 0x3000 || c == 0x3164
		|| (c >= 0xfe00 && c <= 0xfe0f) || c == 0xffa0;
}

static uint32_t
small(uint32_t c)
{
	if (c >= 0xff01 && c <= 0xff5e) /* of full width */
		c -= 0xfee0;
	if ((c >= 'A' && c <= 'Z') || (c >= 0x391 && c <= 0x3a9)
		|| (c >= 0x410 && c <= 0x42f))
		return c + 32;
	if (c >= 0x400 && c <= 0x40f)
		return c + 80;
	if (c == 0x4c0)
		return 0x4cf;
	return c == 0x4ba || c == 0x500 || c == 0x51a || c == 0x51c ? c + 1 : c;
}

static uint32_t
plain(uint32_t c)
{
	c = small(c);
	if (c >= ACCENTED_FIRST && c - ACCENTED_FIRST < sizeof(accented) - 1)
		c = (uint8_t)accented[c - ACCENTED_FIRST];
	for (size_t i = 0; c > 0x7f && i < DLB_ARRAY_LEN(foreign); i++)
		if (foreign[i].code == c)
			c = (uint8_t)foreign[i].like;
	switch (c) {
	case 'i':
	case '1':
	case '|':
		return 'l';
	case '0':
		return 'o';
	default:
		return c;
	}
}

/* The next of a name's that shows, in its plainest form; 0 at the end. */
static uint32_t
next_plain(const char **name)
{
	uint32_t c;

	for (;;) {
		size_t left = strlen(*name);
		size_t n = dlb_utf8_next(&c, *name, left);

		if (n == 0)
			return 0;
		*name += n;
		if (!hardly_shows(c))
			return plain(c);
	}
}

bool
dlb_names_alike(const char *a, const char *b)
{
	for (;;) {
		uint32_t x = next_plain(&a), y = next_plain(&b);

		if (x != y)
			return false;
		if (x == 0)
			return true;
	}
}

bool
dlb_name_shows(const char *name)
{
	return next_plain(&name) != 0;
}
