/*
 * A QR code on a terminal: each character is two modules, one above the other.
 *
 * A terminal draws blocks in its own colours, which may be either way round: told
 * which is black and which is white it is right on all of them.
 */
#include "picture.h"

#include <string.h>

#define FULL "\xe2\x96\x88"
#define UPPER "\xe2\x96\x80"
#define LOWER "\xe2\x96\x84"
/* White ink on black, of the 256 colours: the first 16 are the owner's taste. */
#define COLOURS_ON "\x1b[38;5;231;48;5;16m"
#define COLOURS_OFF "\x1b[0m"

unsigned
dlb_qr_columns(const struct dlb_qr *qr)
{
	return qr->side + 2 * DLB_QR_MARGIN;
}

unsigned
dlb_qr_lines(const struct dlb_qr *qr)
{
	return (qr->side + 2 * DLB_QR_MARGIN + 1) / 2;
}

/* In coordinates that count the margin. What lies outside of it is light too. */
static bool
is_dark(const struct dlb_qr *qr, unsigned x, unsigned y)
{
	unsigned column = x - DLB_QR_MARGIN, row = y - DLB_QR_MARGIN;

	/* What is left of or above the code has wrapped, and is large. */
	return column < qr->side && row < qr->side
		&& qr->dark[row * qr->side + column];
}

static enum dlb_status
put(struct dlb_buf *out, const char *text)
{
	return dlb_buf_append(out, text, strlen(text));
}

static enum dlb_status
put_line(struct dlb_buf *out, const struct dlb_qr *qr, unsigned line,
	enum dlb_qr_ink ink)
{
	static const char *const blocks[2][2] = {{" ", LOWER}, {UPPER, FULL}};
	bool ink_is_dark = ink == DLB_QR_DARK_ON_LIGHT;
	enum dlb_status s = DLB_OK;

	if (ink == DLB_QR_COLOURS)
		s = put(out, COLOURS_ON);
	for (unsigned x = 0; s == DLB_OK && x < dlb_qr_columns(qr); x++) {
		bool above = is_dark(qr, x, 2 * line) == ink_is_dark;
		bool below = is_dark(qr, x, 2 * line + 1) == ink_is_dark;

		s = put(out, blocks[above][below]);
	}
	if (s == DLB_OK && ink == DLB_QR_COLOURS)
		s = put(out, COLOURS_OFF);
	return s == DLB_OK ? put(out, "\n") : s;
}

enum dlb_status
dlb_qr_text(struct dlb_buf *out, const struct dlb_qr *qr, enum dlb_qr_ink ink)
{
	enum dlb_status s = DLB_OK;

	for (unsigned line = 0; s == DLB_OK && line < dlb_qr_lines(qr); line++)
		s = put_line(out, qr, line, ink);
	return s;
}
