/*
 * Bytes as words that people read to each other and type: one word a byte.
 *
 * The words were picked so that no two begin with the same four letters and no
 * two are alike by fewer than three letters changed. The list is a format: what
 * was written down stays what it is.
 */
#include "letterbox_internal.h"

#include <stdio.h>
#include <string.h>

/* Four letters say which word it is. */
#define ENOUGH 4

static const char words[256][9] = {
	"acrobat",
	"admiral",
	"almond",
	"anchor",
	"antler",
	"apricot",
	"arrow",
	"atlas",
	"autumn",
	"avocado",
	"badger",
	"bamboo",
	"banjo",
	"barrel",
	"basket",
	"beacon",
	"beetle",
	"bicycle",
	"biscuit",
	"blossom",
	"bluebird",
	"bonfire",
	"boulder",
	"bracelet",
	"bridge",
	"broccoli",
	"bubble",
	"buffalo",
	"butter",
	"cabbage",
	"cactus",
	"camera",
	"candle",
	"canyon",
	"caravan",
	"carpet",
	"cedar",
	"chapel",
	"cheese",
	"cherry",
	"chimney",
	"circle",
	"clarinet",
	"cloud",
	"cobweb",
	"coconut",
	"comet",
	"copper",
	"cotton",
	"coyote",
	"cricket",
	"crystal",
	"cucumber",
	"cupboard",
	"curtain",
	"cushion",
	"daffodil",
	"daisy",
	"dentist",
	"desert",
	"diamond",
	"dolphin",
	"donkey",
	"dragon",
	"drummer",
	"dungeon",
	"dynamo",
	"eagle",
	"eclipse",
	"editor",
	"elbow",
	"ember",
	"emerald",
	"engine",
	"envelope",
	"fabric",
	"falcon",
	"farmer",
	"feather",
	"fennel",
	"ferret",
	"festival",
	"fiddle",
	"fisher",
	"flamingo",
	"flute",
	"forest",
	"fountain",
	"freckle",
	"frozen",
	"furnace",
	"galaxy",
	"gallop",
	"garlic",
	"gazelle",
	"ginger",
	"giraffe",
	"glacier",
	"goldfish",
	"gondola",
	"gorilla",
	"granite",
	"gravel",
	"guitar",
	"harvest",
	"hedgehog",
	"helmet",
	"heron",
	"hexagon",
	"hollow",
	"horizon",
	"hotel",
	"iceberg",
	"igloo",
	"indigo",
	"insect",
	"island",
	"ivory",
	"jaguar",
	"jasmine",
	"jelly",
	"jigsaw",
	"jubilee",
	"jungle",
	"juniper",
	"kangaroo",
	"kayak",
	"keyhole",
	"kitchen",
	"knuckle",
	"koala",
	"lagoon",
	"lantern",
	"lavender",
	"leaflet",
	"leopard",
	"library",
	"lighter",
	"lizard",
	"lobster",
	"lotus",
	"lullaby",
	"magnet",
	"mammoth",
	"mandolin",
	"marble",
	"meadow",
	"mermaid",
	"metal",
	"midnight",
	"mirror",
	"mosaic",
	"mosquito",
	"muffin",
	"museum",
	"mustard",
	"napkin",
	"nectar",
	"nickel",
	"notebook",
	"nurse",
	"nutmeg",
	"oasis",
	"octopus",
	"olive",
	"onion",
	"opera",
	"orange",
	"orchard",
	"ostrich",
	"oxygen",
	"palace",
	"papaya",
	"parasol",
	"peanut",
	"pelican",
	"penguin",
	"piano",
	"pigeon",
	"pirate",
	"plumber",
	"pocket",
	"poppy",
	"potato",
	"pretzel",
	"pumpkin",
	"puppet",
	"pyramid",
	"quarry",
	"quilt",
	"quiver",
	"rabbit",
	"raccoon",
	"radish",
	"rainbow",
	"raisin",
	"ribbon",
	"rubber",
	"ruffle",
	"sandal",
	"satin",
	"sausage",
	"scarf",
	"school",
	"scissors",
	"scooter",
	"shelter",
	"silver",
	"skeleton",
	"slipper",
	"snail",
	"spider",
	"spinach",
	"spoon",
	"squirrel",
	"stable",
	"stork",
	"sugar",
	"sunset",
	"swallow",
	"syrup",
	"tadpole",
	"tailor",
	"tapestry",
	"teapot",
	"telegram",
	"temple",
	"thistle",
	"thunder",
	"tornado",
	"tractor",
	"trombone",
	"trumpet",
	"tulip",
	"turtle",
	"umbrella",
	"unicorn",
	"urchin",
	"utensil",
	"vacuum",
	"valley",
	"vanilla",
	"village",
	"violin",
	"volcano",
	"vulture",
	"walnut",
	"wardrobe",
	"weasel",
	"wheel",
	"whisper",
	"window",
	"wolf",
	"wonder",
	"yogurt",
	"zebra",
};

void
dlb_words_encode(
	char *out, size_t cap, const uint8_t *bytes, size_t n, size_t group)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n && len < cap; i++) {
		const char *gap = i == 0 ? "" : i % group == 0 ? " - " : " ";

		len += (size_t)snprintf(
			out + len, cap - len, "%s%s", gap, words[bytes[i]]);
	}
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_letter(char c)
{
	return lower(c) >= 'a' && lower(c) <= 'z';
}

/* The whole word, or its first letters as long as they are enough. */
static bool
find_word(uint8_t *out, const char *text, size_t len)
{
	for (size_t w = 0; w < DLB_ARRAY_LEN(words); w++) {
		size_t full = strlen(words[w]), i = 0;

		while (i < len && i < full && lower(text[i]) == words[w][i])
			i++;
		if (i == len && (len == full || len >= ENOUGH)) {
			*out = (uint8_t)w;
			return true;
		}
	}
	return false;
}

enum dlb_status
dlb_words_decode(uint8_t *out, size_t n, const char *text, size_t len)
{
	size_t got = 0, at = 0;

	while (at < len) {
		size_t start;

		while (at < len && !is_letter(text[at])) {
			if (!memchr(" \t\r\n-,.", text[at], 7))
				goto bad;
			at++;
		}
		start = at;
		while (at < len && is_letter(text[at]))
			at++;
		if (at == start)
			break;
		if (got == n || !find_word(&out[got], text + start, at - start))
			goto bad;
		got++;
	}
	if (got == n)
		return DLB_OK;
bad:
	dlb_wipe(out, n);
	return DLB_MALFORMED;
}
