/*
 * A QR code as SVG (1.1): a white square and one path, a rectangle for each run of
 * dark modules of a row.
 */
#include "picture.h"

#include <stdio.h>
#include <string.h>

/* Of a module, where the picture is shown in its own size. */
#define PIXELS 8

static enum dlb_status
put(struct dlb_buf *out, const char *text)
{
	return dlb_buf_append(out, text, strlen(text));
}

static enum dlb_status
put_row(struct dlb_buf *out, const struct dlb_qr *qr, unsigned row)
{
	const bool *dark = &qr->dark[row * qr->side];
	enum dlb_status s = DLB_OK;
	unsigned end;

	for (unsigned x = 0; s == DLB_OK && x < qr->side; x = end) {
		char run[48];

		for (end = x + 1; end < qr->side && dark[end] == dark[x];)
			end++;
		if (!dark[x])
			continue;
		snprintf(run, sizeof(run), "M%u %uh%uv1h-%uz",
			x + DLB_QR_MARGIN, row + DLB_QR_MARGIN, end - x,
			end - x);
		s = put(out, run);
	}
	return s == DLB_OK ? put(out, "\n") : s;
}

enum dlb_status
dlb_qr_svg(struct dlb_buf *out, const struct dlb_qr *qr)
{
	unsigned side = qr->side + 2 * DLB_QR_MARGIN;
	char head[512];
	enum dlb_status s;

	snprintf(head, sizeof(head),
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\""
		" height=\"%u\" viewBox=\"0 0 %u %u\""
		" shape-rendering=\"crispEdges\">\n"
		"<rect width=\"%u\" height=\"%u\" fill=\"#fff\"/>\n"
		"<path fill=\"#000\" d=\"",
		side * PIXELS, side * PIXELS, side, side, side, side);
	s = put(out, head);
	for (unsigned row = 0; s == DLB_OK && row < qr->side; row++)
		s = put_row(out, qr, row);
	return s == DLB_OK ? put(out, "\"/>\n</svg>\n") : s;
}
