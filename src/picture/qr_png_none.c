/*
 * In the place of qr_png.c where there is no libpng.
 */
#include "picture.h"

enum dlb_status
dlb_qr_png(struct dlb_buf *out, const struct dlb_qr *qr, struct dlb_error *err)
{
	(void)out;
	(void)qr;
	return dlb_fail(err, DLB_UNSUPPORTED,
		"this dlb was built without libpng and writes no PNG: build it "
		"with libpng-dev, or say --svg FILE");
}
