/*
 * picture: text as a QR code, drawn for a terminal, as PNG or as SVG; and the text
 * of a QR code in a picture that someone gave.
 *
 * It knows nothing of what the text says. Without libqrencode nothing is drawn,
 * without libpng no PNG is, without zbar no picture is read: DLB_UNSUPPORTED says
 * what this program was built without.
 */
#ifndef DLB_PICTURE_H
#define DLB_PICTURE_H

#include "base.h"

/* ---- drawing (qr.c, qr_text.c, qr_svg.c, qr_png.c) ------------------------------- */

#define DLB_QR_SIDE_MAX 177 /* modules; version 40 */
#define DLB_QR_MARGIN 4     /* light modules all around, which scanners want */

struct dlb_qr {
	unsigned side;
	bool dark[DLB_QR_SIDE_MAX * DLB_QR_SIDE_MAX]; /* row by row */
};

/* Error correction L. words: of the alphanumeric mode (A-Z, 0-9, space); digits
 * follow them and take less room. DLB_LIMIT where no code holds so much. */
enum dlb_status dlb_qr_make(struct dlb_qr *out, const char *words,
	const char *digits, struct dlb_error *err) DLB_MUST_CHECK;

/* Two rows of modules a line, in half blocks of UTF-8. */
enum dlb_qr_ink {
	DLB_QR_COLOURS,       /* black and white by escapes: right anywhere */
	DLB_QR_LIGHT_ON_DARK, /* blocks are light: for a dark background */
	DLB_QR_DARK_ON_LIGHT, /* blocks are dark: for a light one, and paper */
};
enum dlb_status dlb_qr_text(struct dlb_buf *out, const struct dlb_qr *qr,
	enum dlb_qr_ink ink) DLB_MUST_CHECK;
/* What the text takes of a terminal. */
unsigned dlb_qr_columns(const struct dlb_qr *qr);
unsigned dlb_qr_lines(const struct dlb_qr *qr);
enum dlb_status dlb_qr_svg(struct dlb_buf *out, const struct dlb_qr *qr)
	DLB_MUST_CHECK;
enum dlb_status dlb_qr_png(struct dlb_buf *out, const struct dlb_qr *qr,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- reading (scan.c) ---------------------------------------------------------------- */

#define DLB_PICTURE_LEN_MAX (16u << 20)
#define DLB_PICTURE_TEXT_MAX 8192 /* a QR code holds 7,089 digits at most */
#define DLB_PICTURE_MS_MAX 20000

/* Does a file start as a picture does? Then what kind: "PNG", "JPEG", "GIF",
 * "WebP", "PDF", "HEIF", "SVG"; NULL for anything else. */
const char *dlb_picture_kind(const uint8_t *data, size_t len);
/* The text of the one QR code in a picture (PNG, JPEG), appended. The picture is hostile, and so is
 * the text. It is read by a process of its own (scan_main.c), which has bounded time
 * and memory, no secrets, no files and no network; `scanners` are the
 * places to look for its program, up to a NULL. */
enum dlb_status dlb_picture_read(struct dlb_buf *out, const uint8_t *data,
	size_t len, const char *const scanners[], const struct dlb_env *env,
	struct dlb_error *err) DLB_MUST_CHECK;

#endif
