/*
 * In the place of qr.c where there is no libqrencode.
 */
#include "picture.h"

#include <string.h>

enum dlb_status
dlb_qr_make(struct dlb_qr *out, const char *words, const char *digits,
	struct dlb_error *err)
{
	(void)words;
	(void)digits;
	memset(out, 0, sizeof(*out));
	return dlb_fail(err, DLB_UNSUPPORTED,
		"this dlb was built without libqrencode and draws no QR codes: "
		"build it with libqrencode-dev, or give the card as text");
}
