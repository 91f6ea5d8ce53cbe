/*
 * A letter to a descriptor (a pipe, a redirection): a lone file as its bytes, anything
 * else as a pax archive.
 *
 * Invariant: an archive that was not finished has no end mark, so that who reads it
 * notices.
 */
#include "unpack_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So much is gathered before it is written: archives of many small files are many
 * small pieces. */
#define GATHER_LEN (64u << 10)

struct fd_sink {
	struct dlb_sink base;
	int fd;            /* the caller's */
	bool archive;      /* false: a lone file's bytes */
	uint64_t file_len; /* of the file being written */
	struct dlb_buf waiting;
};

static struct fd_sink *
fd_of(struct dlb_sink *s)
{
	return (struct fd_sink *)s;
}

static enum dlb_status
write_all(const struct fd_sink *s, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	while (len > 0) {
		ssize_t n = write(s->fd, data, len);
		struct pollfd ready = {.fd = s->fd, .events = POLLOUT};

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			(void)poll(&ready, 1, -1);
			continue;
		}
		if (n < 0 && errno == EPIPE)
			return dlb_fail(err, DLB_IO,
				"whoever read the output has stopped reading");
		if (n < 0)
			return dlb_fail_errno(
				err, errno, "can not write to the output");
		data += n;
		len -= (size_t)n;
	}
	return DLB_OK;
}

static enum dlb_status
flush(struct fd_sink *s, struct dlb_error *err)
{
	enum dlb_status status =
		write_all(s, s->waiting.data, s->waiting.len, err);

	s->waiting.len = 0;
	return status;
}

static enum dlb_status
check_waiting(struct fd_sink *s, enum dlb_status status, struct dlb_error *err)
{
	if (status != DLB_OK)
		return dlb_fail(err, status, "out of memory for the archive");
	return s->waiting.len >= GATHER_LEN ? flush(s, err) : DLB_OK;
}

static enum dlb_status
fd_begin(struct dlb_sink *sink, const struct dlb_manifest *m,
	struct dlb_error *err)
{
	struct dlb_manifest_file f;
	size_t pos = 0;

	(void)err;
	fd_of(sink)->archive = m->files_n > 0
		&& !(m->files_n == 1 && dlb_manifest_next(m, &pos, &f)
			&& f.type == DLB_FILE_REGULAR);
	return DLB_OK;
}

static enum dlb_status
fd_header(struct dlb_sink *sink, const struct dlb_manifest_file *f,
	struct dlb_error *err)
{
	struct fd_sink *s = fd_of(sink);

	s->file_len = f->size;
	if (!s->archive)
		return DLB_OK;
	return check_waiting(s, dlb_pax_header(&s->waiting, f), err);
}

static enum dlb_status
fd_data(struct dlb_sink *sink, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	struct fd_sink *s = fd_of(sink);
	enum dlb_status status;

	if (len < GATHER_LEN)
		return check_waiting(
			s, dlb_buf_append(&s->waiting, data, len), err);
	status = flush(s, err);
	return status == DLB_OK ? write_all(s, data, len, err) : status;
}

static enum dlb_status
fd_file_end(struct dlb_sink *sink, struct dlb_error *err)
{
	struct fd_sink *s = fd_of(sink);

	if (!s->archive)
		return DLB_OK;
	return check_waiting(s, dlb_pax_pad(&s->waiting, s->file_len), err);
}

static enum dlb_status
fd_complete(struct dlb_sink *sink, struct dlb_error *err)
{
	struct fd_sink *s = fd_of(sink);

	if (s->archive && dlb_pax_end(&s->waiting) != DLB_OK)
		return dlb_fail(
			err, DLB_NO_MEMORY, "out of memory for the archive");
	return flush(s, err);
}

static enum dlb_status
fd_finish(struct dlb_sink *sink, char *first_path, size_t first_path_cap,
	struct dlb_error *err)
{
	(void)sink;
	(void)first_path;
	(void)first_path_cap;
	(void)err;
	return DLB_OK;
}

static void
fd_close(struct dlb_sink *sink)
{
	struct fd_sink *s = fd_of(sink);

	dlb_buf_free(&s->waiting);
	free(s);
}

enum dlb_status
dlb_sink_fd_new(struct dlb_sink **out, int fd, struct dlb_error *err)
{
	static const struct dlb_sink_ops ops = {
		.begin = fd_begin,
		.entry = fd_header,
		.file_begin = fd_header,
		.file_data = fd_data,
		.file_end = fd_file_end,
		.complete = fd_complete,
		.finish = fd_finish,
		.close = fd_close,
	};
	struct fd_sink *s = calloc(1, sizeof(*s));

	if (!s)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	s->base.ops = &ops;
	s->fd = fd;
	*out = &s->base;
	return DLB_OK;
}
