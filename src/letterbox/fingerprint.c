/*
 * Fingerprints as words, for two people to read to each other.
 *
 * The words were picked so that no two begin with the same four letters and no
 * two are alike by fewer than three letters changed. The list is a format: a
 * fingerprint that was written down stays what it is.
 */
#include "card.h"

#include <stdio.h>
#include <string.h>

#define WORDS 12
#define GROUP 4

static const char words[256][9] = {
	"acrobat", "admiral", "almond", "anchor", "antler", "apricot", "arrow",
	"atlas", "autumn", "avocado", "badger", "bamboo", "banjo", "barrel",
	"basket", "beacon", "beetle", "bicycle", "biscuit", "blossom",
	"bluebird", "bonfire", "boulder", "bracelet", "bridge", "broccoli",
	"bubble", "buffalo", "butter", "cabbage", "cactus", "camera", "candle",
	"canyon", "caravan", "carpet", "cedar", "chapel", "cheese", "cherry",
	"chimney", "circle", "clarinet", "cloud", "cobweb", "coconut", "comet",
	"copper", "cotton", "coyote", "cricket", "crystal", "cucumber",
	"cupboard", "curtain", "cushion", "daffodil", "daisy", "dentist",
	"desert", "diamond", "dolphin", "donkey", "dragon", "drummer",
	"dungeon", "dynamo", "eagle", "eclipse", "editor", "elbow", "ember",
	"emerald", "engine", "envelope", "fabric", "falcon", "farmer",
	"feather", "fennel", "ferret", "festival", "fiddle", "fisher",
	"flamingo", "flute", "forest", "fountain", "freckle", "frozen",
	"furnace", "galaxy", "gallop", "garlic", "gazelle", "ginger",
	"giraffe", "glacier", "goldfish", "gondola", "gorilla", "granite",
	"gravel", "guitar", "harvest", "hedgehog", "helmet", "heron",
	"hexagon", "hollow", "horizon", "hotel", "iceberg", "igloo", "indigo",
	"insect", "island", "ivory", "jaguar", "jasmine", "jelly", "jigsaw",
	"jubilee", "jungle", "juniper", "kangaroo", "kayak", "keyhole",
	"kitchen", "knuckle", "koala", "lagoon", "lantern", "lavender",
	"leaflet", "leopard", "library", "lighter", "lizard", "lobster",
	"lotus", "lullaby", "magnet", "mammoth", "mandolin", "marble",
	"meadow", "mermaid", "metal", "midnight", "mirror", "mosaic",
	"mosquito", "muffin", "museum", "mustard", "napkin", "nectar",
	"nickel", "notebook", "nurse", "nutmeg", "oasis", "octopus", "olive",
	"onion", "opera", "orange", "orchard", "ostrich", "oxygen", "palace",
	"papaya", "parasol", "peanut", "pelican", "penguin", "piano", "pigeon",
	"pirate", "plumber", "pocket", "poppy", "potato", "pretzel", "pumpkin",
	"puppet", "pyramid", "quarry", "quilt", "quiver", "rabbit", "raccoon",
	"radish", "rainbow", "raisin", "ribbon", "rubber", "ruffle", "sandal",
	"satin", "sausage", "scarf", "school", "scissors", "scooter",
	"shelter", "silver", "skeleton", "slipper", "snail", "spider",
	"spinach", "spoon", "squirrel", "stable", "stork", "sugar", "sunset",
	"swallow", "syrup", "tadpole", "tailor", "tapestry", "teapot",
	"telegram", "temple", "thistle", "thunder", "tornado", "tractor",
	"trombone", "trumpet", "tulip", "turtle", "umbrella", "unicorn",
	"urchin", "utensil", "vacuum", "valley", "vanilla", "village",
	"violin", "volcano", "vulture", "walnut", "wardrobe", "weasel",
	"wheel", "whisper", "window", "wolf", "wonder", "yogurt", "zebra",
};

void
dlb_fingerprint_words(char out[static DLB_FINGERPRINT_TEXT_MAX],
	const struct dlb_identity *identity)
{
	uint8_t key[64], hash[DLB_HASH_LEN];
	size_t len = 0;

	memcpy(key, identity->sign, 32);
	memcpy(key + 32, identity->agree, 32);
	dlb_derive(hash, sizeof(hash), key, sizeof(key), "dlb fingerprint",
		NULL, 0);
	for (size_t i = 0; i < WORDS; i++) {
		const char *gap = i == 0 ? "" : i % GROUP == 0 ? " - " : " ";

		len += (size_t)snprintf(out + len,
			DLB_FINGERPRINT_TEXT_MAX - len, "%s%s", gap,
			words[hash[i]]);
	}
}
