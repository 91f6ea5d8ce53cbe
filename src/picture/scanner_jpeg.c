/*
 * JPEG by libjpeg, within bounds: what most cameras make. Its brightness alone is
 * read. A file that is cut short gives what there is of it: whether that is enough,
 * the code and the card's signature say.
 */
#include "scanner.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* It wants stdio.h first. */
#include <jpeglib.h>

/* libjpeg ends the process where it fails, unless it is led elsewhere. */
struct failure {
	struct jpeg_error_mgr manager;
	jmp_buf back;
};

static void
go_back(j_common_ptr jpeg)
{
	longjmp(((struct failure *)jpeg->err)->back, 1);
}

static void
say_nothing(j_common_ptr jpeg)
{
	(void)jpeg;
}

static enum dlb_scan_end
read_lines(struct dlb_pixels *out, struct jpeg_decompress_struct *jpeg)
{
	jpeg_read_header(jpeg, TRUE);
	if (!dlb_scan_fits(jpeg->image_width, jpeg->image_height))
		return DLB_SCAN_TOO_LARGE;
	jpeg->out_color_space = JCS_GRAYSCALE;
	jpeg_start_decompress(jpeg);
	/* As it was said, or nothing of it is true. */
	if (jpeg->output_components != 1
		|| jpeg->output_width != jpeg->image_width
		|| jpeg->output_height != jpeg->image_height)
		return DLB_SCAN_DAMAGED;
	out->grey = malloc((size_t)jpeg->output_width * jpeg->output_height);
	if (!out->grey)
		return DLB_SCAN_NO_MEMORY;
	out->width = jpeg->output_width;
	out->height = jpeg->output_height;
	while (jpeg->output_scanline < jpeg->output_height) {
		JSAMPROW row = out->grey
			+ (size_t)jpeg->output_scanline * jpeg->output_width;

		jpeg_read_scanlines(jpeg, &row, 1);
	}
	return DLB_SCAN_TEXT;
}

enum dlb_scan_end
dlb_scan_jpeg(struct dlb_pixels *out, const uint8_t *data, size_t len)
{
	/* Not in registers, which the way back forgets. */
	volatile enum dlb_scan_end end = DLB_SCAN_DAMAGED;
	struct jpeg_decompress_struct jpeg;
	struct failure failure;

	memset(out, 0, sizeof(*out));
	memset(&jpeg, 0, sizeof(jpeg));
	jpeg.err = jpeg_std_error(&failure.manager);
	failure.manager.error_exit = go_back;
	failure.manager.output_message = say_nothing;
	if (setjmp(failure.back) == 0) {
		jpeg_create_decompress(&jpeg);
		jpeg_mem_src(&jpeg, data, (unsigned long)len);
		end = read_lines(out, &jpeg);
	} else {
		end = DLB_SCAN_DAMAGED;
	}
	jpeg_destroy_decompress(&jpeg);
	if (end != DLB_SCAN_TEXT)
		dlb_pixels_free(out);
	return end;
}
