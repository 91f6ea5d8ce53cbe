/*
 * From a picture of any kind to its pixels.
 */
#include "scanner.h"

#include "picture.h"

#include <stdlib.h>
#include <string.h>

void
dlb_pixels_free(struct dlb_pixels *pixels)
{
	free(pixels->grey);
	memset(pixels, 0, sizeof(*pixels));
}

bool
dlb_scan_fits(uint32_t width, uint32_t height)
{
	return width <= DLB_SCAN_SIDE_MAX && height <= DLB_SCAN_SIDE_MAX
		&& (uint64_t)width * height <= DLB_SCAN_PIXELS_MAX;
}

enum dlb_scan_end
dlb_scan_picture(struct dlb_pixels *out, const uint8_t *data, size_t len)
{
	const char *kind = dlb_picture_kind(data, len);

	memset(out, 0, sizeof(*out));
	if (!kind)
		return DLB_SCAN_DAMAGED;
	if (strcmp(kind, "PNG") == 0)
		return dlb_scan_png(out, data, len);
	if (strcmp(kind, "JPEG") == 0)
		return dlb_scan_jpeg(out, data, len);
	return DLB_SCAN_OTHER_KIND;
}
