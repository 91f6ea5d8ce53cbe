/*
 * A QR code as PNG (ISO/IEC 15948) by libpng: grey, eight pixels a module.
 */
#include "picture.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

#define PIXELS 8

static void
draw(uint8_t *grey, unsigned width, const struct dlb_qr *qr)
{
	memset(grey, 0xff, (size_t)width * width);
	for (unsigned y = 0; y < qr->side * PIXELS; y++) {
		uint8_t *row = grey
			+ (size_t)(y + DLB_QR_MARGIN * PIXELS) * width
			+ DLB_QR_MARGIN * PIXELS;
		const bool *dark = &qr->dark[y / PIXELS * qr->side];

		for (unsigned x = 0; x < qr->side * PIXELS; x++)
			if (dark[x / PIXELS])
				row[x] = 0;
	}
}

/* Room for it is asked of libpng first. */
static enum dlb_status
compress(struct dlb_buf *out, png_image *image, const uint8_t *grey)
{
	png_alloc_size_t len = PNG_IMAGE_PNG_SIZE_MAX(*image);
	enum dlb_status s = dlb_buf_reserve(out, out->len + len);

	if (s != DLB_OK)
		return s;
	if (!png_image_write_to_memory(
		    image, out->data + out->len, &len, 0, grey, 0, NULL))
		return DLB_NO_MEMORY;
	out->len += len;
	return DLB_OK;
}

enum dlb_status
dlb_qr_png(struct dlb_buf *out, const struct dlb_qr *qr, struct dlb_error *err)
{
	unsigned width = (qr->side + 2 * DLB_QR_MARGIN) * PIXELS;
	uint8_t *grey = malloc((size_t)width * width);
	enum dlb_status s = DLB_NO_MEMORY;
	png_image image;

	memset(&image, 0, sizeof(image));
	image.version = PNG_IMAGE_VERSION;
	image.format = PNG_FORMAT_GRAY;
	image.width = image.height = width;
	if (grey) {
		draw(grey, width, qr);
		s = compress(out, &image, grey);
	}
	png_image_free(&image);
	free(grey);
	return s == DLB_OK ? s
			   : dlb_fail(err, s, "out of memory for a picture");
}
