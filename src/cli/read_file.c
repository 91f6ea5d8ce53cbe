/*
 * What a person names as a file.
 */
#include "read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum dlb_status
cli_read_file(struct dlb_buf *out, const char *file, size_t most,
	const char *what, struct dlb_error *err)
{
	bool standard = strcmp(file, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	const char *name = standard ? "standard input" : file;
	size_t from = out->len;
	enum dlb_status st = DLB_OK;
	uint8_t part[16384];
	ssize_t n = 1;

	if (fd < 0)
		return dlb_fail_errno(err, errno, "can not open %s", file);
	while (st == DLB_OK && n != 0) {
		n = read(fd, part, sizeof(part));
		if (n < 0 && errno == EINTR)
			st = dlb_fail(err, DLB_CANCELLED, "interrupted");
		else if (n < 0)
			st = dlb_fail_errno(
				err, errno, "can not read %s", name);
		else if ((size_t)n > most - (out->len - from))
			st = dlb_fail(err, DLB_LIMIT, "%s is too long to be %s",
				name, what);
		else if (dlb_buf_append(out, part, (size_t)n) != DLB_OK)
			st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	if (!standard)
		close(fd);
	/* It may be a key. */
	dlb_wipe(part, sizeof(part));
	return st;
}
