/*
 * QR codes in pixels, by zbar.
 */
#include "scanner.h"

#include "picture.h"

#include <string.h>
#include <zbar.h>

/* zbar's way to say that there is one byte of grey a pixel. */
#define GREY8 zbar_fourcc('Y', '8', '0', '0')

static enum dlb_scan_end
take_codes(struct dlb_buf *out, const zbar_image_t *image)
{
	const zbar_symbol_t *symbol = zbar_image_first_symbol(image);
	size_t start = out->len;

	for (; symbol; symbol = zbar_symbol_next(symbol)) {
		const char *text = zbar_symbol_get_data(symbol);
		unsigned len = zbar_symbol_get_data_length(symbol);

		if (zbar_symbol_get_type(symbol) != ZBAR_QRCODE || !text
			|| len == 0 || len > DLB_PICTURE_TEXT_MAX)
			continue;
		if (out->len > start
			&& (out->len - start != len
				|| memcmp(out->data + start, text, len) != 0))
			return DLB_SCAN_SEVERAL;
		if (out->len == start
			&& dlb_buf_append(out, text, len) != DLB_OK)
			return DLB_SCAN_NO_MEMORY;
	}
	return out->len > start ? DLB_SCAN_TEXT : DLB_SCAN_NO_CODE;
}

enum dlb_scan_end
dlb_scan_pixels(struct dlb_buf *out, const struct dlb_pixels *pixels)
{
	zbar_image_scanner_t *scanner = zbar_image_scanner_create();
	zbar_image_t *image = zbar_image_create();
	enum dlb_scan_end end = DLB_SCAN_NO_MEMORY;

	if (!scanner || !image)
		goto out;
	/* Nothing but QR codes: less that could be wrong. */
	zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
	zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
	zbar_image_set_format(image, GREY8);
	zbar_image_set_size(image, pixels->width, pixels->height);
	zbar_image_set_data(image, pixels->grey,
		(unsigned long)pixels->width * pixels->height, NULL);
	end = zbar_scan_image(scanner, image) < 0 ? DLB_SCAN_NO_MEMORY
						  : take_codes(out, image);
out:
	if (image)
		zbar_image_destroy(image);
	if (scanner)
		zbar_image_scanner_destroy(scanner);
	return end;
}
