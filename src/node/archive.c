/*
 * A letter to a descriptor (a pipe, a terminal's redirection): a lone file as its
 * bytes, anything else as a pax archive (POSIX.1-2001), made by libarchive.
 *
 * Invariant: an archive that was not finished has no end mark, so that who reads it
 * notices.
 */
#include "unpack_internal.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_LEN (64 << 10)

struct fd_sink {
	struct dlb_sink base;
	int fd; /* the caller's */
	int failed; /* errno of the first write that did */
	struct archive *archive; /* NULL: a lone file's bytes */
	struct archive_entry *entry;
	bool finished;
};

static struct fd_sink *
fd_of(struct dlb_sink *s)
{
	return (struct fd_sink *)s;
}

static bool
write_all(struct fd_sink *s, const uint8_t *data, size_t len)
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
		if (n < 0) {
			s->failed = errno;
			return false;
		}
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static enum dlb_status
fail(const struct fd_sink *s, struct dlb_error *err)
{
	if (s->failed == EPIPE)
		return dlb_fail(err, DLB_IO,
			"whoever read the output has stopped reading");
	if (s->failed)
		return dlb_fail_errno(
			err, s->failed, "can not write to the output");
	return dlb_fail(err, DLB_FAILED, "can not make the archive: %s",
		s->archive && archive_error_string(s->archive)
			? archive_error_string(s->archive)
			: "out of memory");
}

static la_ssize_t
write_block(struct archive *a, void *ctx, const void *data, size_t len)
{
	struct fd_sink *s = ctx;

	if (write_all(s, data, len))
		return (la_ssize_t)len;
	archive_set_error(a, s->failed, "the output could not be written");
	return -1;
}

static bool
start_archive(struct fd_sink *s)
{
	s->archive = archive_write_new();
	s->entry = archive_entry_new();
	return s->archive && s->entry
		&& archive_write_set_format_pax(s->archive) == ARCHIVE_OK
		&& archive_write_set_bytes_per_block(s->archive, BLOCK_LEN)
			== ARCHIVE_OK
		&& archive_write_set_bytes_in_last_block(s->archive, 1)
			== ARCHIVE_OK
		&& archive_write_open(
			   s->archive, s, NULL, write_block, NULL)
			== ARCHIVE_OK;
}

static enum dlb_status
fd_begin(struct dlb_sink *sink, const struct dlb_manifest *m,
	struct dlb_error *err)
{
	struct fd_sink *s = fd_of(sink);
	struct dlb_manifest_file f;
	size_t pos = 0;

	if (m->files_n == 0)
		return DLB_OK;
	if (m->files_n == 1 && dlb_manifest_next(m, &pos, &f)
		&& f.type == DLB_FILE_REGULAR)
		return DLB_OK;
	return start_archive(s) ? DLB_OK : fail(s, err);
}

/* UTF-8 as such; other bytes as they are, whatever the locale. */
static void
set_text(struct archive_entry *e, const struct dlb_manifest_file *f)
{
	char text[DLB_MANIFEST_PATH_MAX + 1];

	memcpy(text, f->path, f->path_len);
	text[f->path_len] = '\0';
	if (dlb_utf8_valid(text, f->path_len))
		archive_entry_set_pathname_utf8(e, text);
	else
		archive_entry_set_pathname(e, text);
	if (f->type != DLB_FILE_LINK)
		return;
	memcpy(text, f->target, f->target_len);
	text[f->target_len] = '\0';
	if (dlb_utf8_valid(text, f->target_len))
		archive_entry_set_symlink_utf8(e, text);
	else
		archive_entry_set_symlink(e, text);
}

static enum dlb_status
fd_header(struct dlb_sink *sink, const struct dlb_manifest_file *f,
	struct dlb_error *err)
{
	struct fd_sink *s = fd_of(sink);
	int r;

	if (!s->archive)
		return DLB_OK;
	archive_entry_clear(s->entry);
	set_text(s->entry, f);
	archive_entry_set_filetype(s->entry,
		f->type == DLB_FILE_DIR	       ? AE_IFDIR
			: f->type == DLB_FILE_LINK ? AE_IFLNK
						   : AE_IFREG);
	archive_entry_set_perm(
		s->entry, f->type == DLB_FILE_LINK ? 0777 : f->mode & 0777);
	archive_entry_set_size(s->entry, (la_int64_t)f->size);
	archive_entry_set_mtime(
		s->entry, (time_t)f->mtime_s, (long)f->mtime_ns);
	r = archive_write_header(s->archive, s->entry);
	/* A warning is of a name that is no text, and is written as it is. */
	return r == ARCHIVE_OK || r == ARCHIVE_WARN ? DLB_OK : fail(s, err);
}

static enum dlb_status
fd_data(struct dlb_sink *sink, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	struct fd_sink *s = fd_of(sink);

	if (!s->archive)
		return write_all(s, data, len) ? DLB_OK : fail(s, err);
	while (len > 0) {
		la_ssize_t n = archive_write_data(s->archive, data, len);

		if (n <= 0)
			return fail(s, err);
		data += n;
		len -= (size_t)n;
	}
	return DLB_OK;
}

static enum dlb_status
fd_file_end(struct dlb_sink *sink, struct dlb_error *err)
{
	(void)sink;
	(void)err;
	return DLB_OK;
}

static enum dlb_status
fd_finish(struct dlb_sink *sink, char *first_path, size_t first_path_cap,
	struct dlb_error *err)
{
	struct fd_sink *s = fd_of(sink);

	(void)first_path;
	(void)first_path_cap;
	if (s->archive && archive_write_close(s->archive) != ARCHIVE_OK)
		return fail(s, err);
	s->finished = true;
	return DLB_OK;
}

static void
fd_close(struct dlb_sink *sink)
{
	struct fd_sink *s = fd_of(sink);

	if (s->archive && !s->finished)
		(void)archive_write_fail(s->archive);
	if (s->archive)
		(void)archive_write_free(s->archive);
	archive_entry_free(s->entry);
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
