/*
 * scanner: what dlb-scan does with the picture that it is given, and the codes by
 * which it tells how it ended.
 */
#ifndef DLB_SCANNER_H
#define DLB_SCANNER_H

#include "base.h"

/* Wider or higher than that is no photograph of a card; and all pixels. */
#define DLB_SCAN_SIDE_MAX 16384u
#define DLB_SCAN_PIXELS_MAX (40u << 20)
#define DLB_SCAN_CPU_S 10
#define DLB_SCAN_MEMORY_MAX (1ULL << 30)

/* Exit codes of dlb-scan; any other is a crash. */
enum dlb_scan_end {
	DLB_SCAN_TEXT = 0,
	DLB_SCAN_DAMAGED = 10,
	DLB_SCAN_TOO_LARGE = 11,
	DLB_SCAN_NO_CODE = 12,
	DLB_SCAN_SEVERAL = 13,
	DLB_SCAN_NO_MEMORY = 14,
	DLB_SCAN_OTHER_KIND = 15,
};

struct dlb_pixels {
	uint32_t width, height;
	uint8_t *grey; /* owned, row by row */
};

/* Each looks at how large it is before it makes room for it. */
bool dlb_scan_fits(uint32_t width, uint32_t height);
enum dlb_scan_end dlb_scan_picture(
	struct dlb_pixels *out, const uint8_t *data, size_t len) DLB_MUST_CHECK;
enum dlb_scan_end dlb_scan_png(
	struct dlb_pixels *out, const uint8_t *data, size_t len) DLB_MUST_CHECK;
enum dlb_scan_end dlb_scan_jpeg(
	struct dlb_pixels *out, const uint8_t *data, size_t len) DLB_MUST_CHECK;
/* The text of the one QR code there, appended: several that say the same are one. */
enum dlb_scan_end dlb_scan_pixels(
	struct dlb_buf *out, const struct dlb_pixels *pixels) DLB_MUST_CHECK;
void dlb_pixels_free(struct dlb_pixels *pixels);

/* What the process may do from here on: compute, read and write what is open.
 * false where the kernel refuses what it should grant. */
bool dlb_scan_confine(void);

#endif
