/*
 * QR codes (ISO/IEC 18004) by libqrencode.
 */
#include "picture.h"

#include <errno.h>
#include <qrencode.h>
#include <string.h>

static int
append(QRinput *input, QRencodeMode mode, const char *text)
{
	size_t len = strlen(text);

	/* More than any code holds; and a length that an int does. */
	if (len > DLB_PICTURE_TEXT_MAX) {
		errno = ERANGE;
		return -1;
	}
	return len == 0 ? 0
			: QRinput_append(input, mode, (int)len,
				(const unsigned char *)text);
}

enum dlb_status
dlb_qr_make(struct dlb_qr *out, const char *words, const char *digits,
	struct dlb_error *err)
{
	QRinput *input = QRinput_new2(0, QR_ECLEVEL_L);
	enum dlb_status s = DLB_OK;
	QRcode *code = NULL;

	memset(out, 0, sizeof(*out));
	if (input && append(input, QR_MODE_AN, words) == 0
		&& append(input, QR_MODE_NUM, digits) == 0)
		code = QRcode_encodeInput(input);
	if (code && code->width <= DLB_QR_SIDE_MAX) {
		out->side = (unsigned)code->width;
		/* The lowest bit is the colour. */
		for (size_t i = 0; i < (size_t)out->side * out->side; i++)
			out->dark[i] = (code->data[i] & 1) != 0;
	} else if (errno == ENOMEM) {
		s = dlb_fail(err, DLB_NO_MEMORY, "out of memory for a QR code");
	} else {
		s = dlb_fail(err, DLB_LIMIT, "too long for a QR code");
	}
	QRcode_free(code);
	QRinput_free(input);
	return s;
}
