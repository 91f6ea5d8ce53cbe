/*
 * PNG by libpng, within bounds: the picture is anyone's.
 */
#include "scanner.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

/* The head of the file said how large it is; nothing was made room for yet. */
static enum dlb_scan_end
read_pixels(struct dlb_pixels *out, png_image *image)
{
	/* What is transparent is white. */
	static const png_color white = {255, 255, 255};

	if (image->width == 0 || image->height == 0)
		return DLB_SCAN_DAMAGED;
	if (!dlb_scan_fits(image->width, image->height))
		return DLB_SCAN_TOO_LARGE;
	image->format = PNG_FORMAT_GRAY;
	out->width = image->width;
	out->height = image->height;
	out->grey = malloc((size_t)image->width * image->height);
	if (!out->grey)
		return DLB_SCAN_NO_MEMORY;
	if (!png_image_finish_read(image, &white, out->grey, 0, NULL))
		return DLB_SCAN_DAMAGED;
	return DLB_SCAN_TEXT;
}

enum dlb_scan_end
dlb_scan_png(struct dlb_pixels *out, const uint8_t *data, size_t len)
{
	enum dlb_scan_end end = DLB_SCAN_DAMAGED;
	png_image image;

	memset(out, 0, sizeof(*out));
	memset(&image, 0, sizeof(image));
	image.version = PNG_IMAGE_VERSION;
	if (png_image_begin_read_from_memory(&image, data, len))
		end = read_pixels(out, &image);
	png_image_free(&image);
	if (end != DLB_SCAN_TEXT)
		dlb_pixels_free(out);
	return end;
}
