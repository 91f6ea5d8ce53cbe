/*
 * Fuzz target for pictures. The first byte chooses:
 *   0 mod 3  the rest is a file, of any kind
 *   1 mod 3  the rest is what a PNG says: its head, then chunks, (u8 kind, u16 length,
 *            bytes) again and again; the checksums are right, so that what is behind
 *            them is reached
 *   2 mod 3  the rest is pixels: width, and a bit for each
 *
 * Beyond memory errors: what is read is within its bounds, and a code is text that
 * was asked for.
 */
#include "picture.h"
#include "scanner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);          \
			abort();                                               \
		}                                                              \
	} while (0)

static void
scan(const struct dlb_pixels *pixels)
{
	struct dlb_buf text = {0};
	enum dlb_scan_end end = dlb_scan_pixels(&text, pixels);

	if (end == DLB_SCAN_TEXT)
		REQUIRE(text.len > 0 && text.len <= DLB_PICTURE_TEXT_MAX);
	else
		REQUIRE(end == DLB_SCAN_NO_CODE || end == DLB_SCAN_SEVERAL
			|| end == DLB_SCAN_NO_MEMORY);
	dlb_buf_free(&text);
}

static void
attack_file(const uint8_t *data, size_t len)
{
	struct dlb_pixels pixels;

	if (dlb_scan_picture(&pixels, data, len) == DLB_SCAN_TEXT) {
		REQUIRE(pixels.width > 0 && pixels.width <= DLB_SCAN_SIDE_MAX);
		REQUIRE(pixels.height > 0
			&& pixels.height <= DLB_SCAN_SIDE_MAX);
		REQUIRE((uint64_t)pixels.width * pixels.height
			<= DLB_SCAN_PIXELS_MAX);
		/* The others take their time in zbar alone. */
		if (pixels.width <= 1024 && pixels.height <= 1024)
			scan(&pixels);
	} else {
		REQUIRE(!pixels.grey);
	}
	dlb_pixels_free(&pixels);
}

static void
put_u32(struct dlb_buf *out, uint32_t v)
{
	uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16),
		(uint8_t)(v >> 8), (uint8_t)v};

	REQUIRE(dlb_buf_append(out, b, sizeof(b)) == DLB_OK);
}

static void
put_chunk(struct dlb_buf *out, const char *kind, const uint8_t *data,
	uint32_t len)
{
	size_t start;

	put_u32(out, len);
	start = out->len;
	REQUIRE(dlb_buf_append(out, kind, 4) == DLB_OK);
	REQUIRE(dlb_buf_append(out, data, len) == DLB_OK);
	put_u32(out, (uint32_t)crc32(0, out->data + start, len + 4));
}

static void
attack_chunks(const uint8_t *data, size_t len)
{
	static const char kinds[][5] = {"IDAT", "PLTE", "tRNS", "gAMA", "cHRM",
		"sRGB", "iCCP", "bKGD", "zTXt", "sBIT", "tIME", "eXIf", "abcd",
		"IHDR", "IEND", "IDAT"};
	struct dlb_buf png = {0};
	struct dlb_reader r;
	uint8_t head[13];

	dlb_reader_init(&r, data, len);
	dlb_read_bytes(&r, head, sizeof(head));
	/* Small: what is large is refused by what is in front. */
	head[0] = head[1] = head[4] = head[5] = 0;
	head[2] &= 1;
	head[6] &= 1;
	REQUIRE(dlb_buf_append(&png, "\x89PNG\r\n\x1a\n", 8) == DLB_OK);
	put_chunk(&png, "IHDR", head, sizeof(head));
	while (dlb_reader_left(&r) > 3) {
		const char *kind =
			kinds[dlb_read_u8(&r) % DLB_ARRAY_LEN(kinds)];
		size_t n = dlb_read_u16(&r);
		const uint8_t *body;

		if (n > dlb_reader_left(&r))
			n = dlb_reader_left(&r);
		body = dlb_read_view(&r, n);
		put_chunk(&png, kind, body, (uint32_t)n);
	}
	put_chunk(&png, "IEND", NULL, 0);
	attack_file(png.data, png.len);
	dlb_buf_free(&png);
}

/* Each bit is four pixels by four, as a code that was photographed. */
static void
attack_pixels(const uint8_t *data, size_t len)
{
	uint32_t side = len > 0 ? data[0] : 0;
	struct dlb_pixels pixels = {.width = side * 4};

	if (side == 0 || len < 2)
		return;
	pixels.height = (uint32_t)((len - 1) * 8 / side) * 4;
	if (pixels.height == 0 || pixels.height > 1024)
		return;
	pixels.grey = malloc((size_t)pixels.width * pixels.height);
	REQUIRE(pixels.grey);
	for (uint32_t y = 0; y < pixels.height; y++)
		for (uint32_t x = 0; x < pixels.width; x++) {
			size_t bit = (size_t)(y / 4) * side + x / 4;

			pixels.grey[(size_t)y * pixels.width + x] =
				data[1 + bit / 8] >> bit % 8 & 1 ? 0 : 255;
		}
	scan(&pixels);
	dlb_pixels_free(&pixels);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	switch (data[0] % 3) {
	case 0:
		attack_file(data + 1, len - 1);
		break;
	case 1:
		attack_chunks(data + 1, len - 1);
		break;
	default:
		attack_pixels(data + 1, len - 1);
	}
	return 0;
}
