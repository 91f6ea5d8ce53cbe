/*
 * dlb-scan: reads a picture from standard input and writes the text of the QR code in
 * it to standard output. dlb starts it, so that a picture that was made to take
 * over its reader gets at nothing; the exit code says how it ended (scanner.h).
 */
#include "scanner.h"

#include "picture.h"

#include <errno.h>
#include <unistd.h>

static enum dlb_scan_end
read_all(struct dlb_buf *out)
{
	for (;;) {
		ssize_t n;

		/* Twice as much each time, as reserve adds no more than it must. */
		if (out->len == out->cap
			&& dlb_buf_reserve(out, 2 * out->cap + 65536) != DLB_OK)
			return DLB_SCAN_NO_MEMORY;
		n = read(STDIN_FILENO, out->data + out->len,
			out->cap - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return DLB_SCAN_DAMAGED;
		if (n == 0)
			return DLB_SCAN_TEXT;
		out->len += (size_t)n;
		if (out->len > DLB_PICTURE_LEN_MAX)
			return DLB_SCAN_TOO_LARGE;
	}
}

static enum dlb_scan_end
write_all(const struct dlb_buf *text)
{
	for (size_t done = 0; done < text->len;) {
		ssize_t n = write(
			STDOUT_FILENO, text->data + done, text->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return DLB_SCAN_DAMAGED;
		done += (size_t)n;
	}
	return DLB_SCAN_TEXT;
}

int
main(void)
{
	struct dlb_buf picture = {0}, text = {0};
	struct dlb_pixels pixels = {0};
	enum dlb_scan_end end;

	if (!dlb_scan_confine())
		return 1;
	end = read_all(&picture);
	if (end == DLB_SCAN_TEXT)
		end = dlb_scan_picture(&pixels, picture.data, picture.len);
	if (end == DLB_SCAN_TEXT)
		end = dlb_scan_pixels(&text, &pixels);
	if (end == DLB_SCAN_TEXT)
		end = write_all(&text);
	dlb_pixels_free(&pixels);
	dlb_buf_free(&picture);
	dlb_buf_free(&text);
	/* What libraries would do at the end is not wanted. */
	_exit((int)end);
}
