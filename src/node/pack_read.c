/*
 * The bytes of a letter's content stream: the manifest, then all files, opened once
 * each in its order, or standard input; compressed where that was asked for.
 */
#include "pack_internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define READAHEAD_LEN (256u << 10)
/* From here on a file takes so long to read that its length may change meanwhile. */
#define RECHECK_LEN (256u << 10)
#define ASK_MS 200 /* while standard input is silent */

void
dlb_pack_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static enum dlb_status
fail_file(const struct dlb_pack *p, struct dlb_error *err, const char *what)
{
	char name[256];

	return dlb_fail(err, DLB_FAILED,
		"\"%s\" %s: send it again when nothing writes to it",
		dlb_printable(
			name, sizeof(name), p->file.path, p->file.path_len),
		what);
}

static enum dlb_status
fail_file_errno(const struct dlb_pack *p, struct dlb_error *err)
{
	int sys_errno = errno;
	char name[256];

	dlb_fail_errno(err, sys_errno, "can not read \"%s\"",
		dlb_printable(
			name, sizeof(name), p->file.path, p->file.path_len));
	if (err)
		err->status = DLB_FAILED;
	return DLB_FAILED;
}

/* A folder among the roots: files in it are opened below it. */
static bool
open_root(struct dlb_pack *p, size_t root)
{
	if (p->root_fd >= 0 && p->root == root)
		return true;
	dlb_dirs_close(&p->dirs);
	dlb_pack_close_fd(&p->root_fd);
	p->root_fd = open(
		p->walk.roots[root].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	p->root = root;
	dlb_dirs_init(&p->dirs, p->root_fd);
	return p->root_fd >= 0;
}

/* Not to wait for what has become a pipe meanwhile. */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

static int
open_listed(struct dlb_pack *p)
{
	const struct dlb_manifest_file *f = &p->file;
	const char *slash = memchr(f->path, '/', f->path_len), *name;
	size_t top = slash ? (size_t)(slash - f->path) : f->path_len;
	size_t root = p->root;
	int at;

	/* Both are in the same order. */
	while (strlen(p->walk.roots[root].name) != top
		|| memcmp(p->walk.roots[root].name, f->path, top) != 0) {
		root++;
		assert(root < p->walk.roots_n);
	}
	if (!slash) {
		p->root = root;
		return open(p->walk.roots[root].path, OPEN_FLAGS);
	}
	if (!open_root(p, root))
		return -1;
	at = dlb_dirs_parent(&p->dirs, slash + 1, f->path_len - top - 1, &name);
	if (at < 0)
		return -1;
	return openat(at, name, OPEN_FLAGS | O_NOFOLLOW);
}

static enum dlb_status
open_file(struct dlb_pack *p, struct dlb_error *err)
{
	p->fd = open_listed(p);
	if (p->fd < 0 || fstat(p->fd, &p->st) != 0)
		return fail_file_errno(p, err);
	if (!S_ISREG(p->st.st_mode))
		return fail_file(p, err, "is no file any more");
	if ((uint64_t)p->st.st_size != p->file.size)
		return fail_file(p, err, "changed its length meanwhile");
	p->left = p->file.size;
	if (p->left > READAHEAD_LEN)
		(void)posix_fadvise(p->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return DLB_OK;
}

/* Opens the next file that has bytes; source_done where there is none. */
static enum dlb_status
next_file(struct dlb_pack *p, struct dlb_error *err)
{
	for (;;) {
		if (!dlb_manifest_next(&p->m, &p->pos, &p->file)) {
			p->source_done = true;
			return DLB_OK;
		}
		if (p->file.type == DLB_FILE_REGULAR && p->file.size > 0)
			return open_file(p, err);
	}
}

static enum dlb_status
finish_file(struct dlb_pack *p, struct dlb_error *err)
{
	struct stat st;

	if (p->file.size >= RECHECK_LEN) {
		if (fstat(p->fd, &st) != 0)
			return fail_file_errno(p, err);
		if (st.st_size != p->st.st_size)
			return fail_file(
				p, err, "changed its length meanwhile");
	}
	dlb_pack_close_fd(&p->fd);
	return DLB_OK;
}

static enum dlb_status
read_files(struct dlb_pack *p, uint8_t *out, size_t len, size_t *got,
	struct dlb_error *err)
{
	enum dlb_status s = DLB_OK;

	*got = 0;
	while (*got < len) {
		size_t want = len - *got;
		ssize_t n;

		if (p->fd < 0) {
			s = next_file(p, err);
			if (s != DLB_OK || p->source_done)
				return s;
		}
		if (want > p->left)
			want = (size_t)p->left;
		n = read(p->fd, out + *got, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_file_errno(p, err);
		if (n == 0)
			return fail_file(
				p, err, "changed its length meanwhile");
		*got += (size_t)n;
		p->left -= (uint64_t)n;
		if (p->left == 0)
			s = finish_file(p, err);
		if (s != DLB_OK)
			return s;
	}
	return DLB_OK;
}

/* A pipe may stay silent for long: who waits for it is asked again and again. */
static enum dlb_status
wait_stdin(const struct dlb_pack *p, struct dlb_error *err)
{
	struct pollfd from = {.fd = p->stdin_fd, .events = POLLIN};

	while (p->go_on && poll(&from, 1, ASK_MS) <= 0)
		if (!p->go_on(p->go_on_ctx))
			return dlb_fail(err, DLB_CANCELLED,
				"interrupted; nothing was sent, nothing is "
				"left");
	return DLB_OK;
}

static enum dlb_status
read_stdin(struct dlb_pack *p, uint8_t *out, size_t len, size_t *got,
	struct dlb_error *err)
{
	*got = 0;
	while (*got < len && !p->source_done) {
		enum dlb_status s = wait_stdin(p, err);
		ssize_t n;

		if (s != DLB_OK)
			return s;
		n = read(p->stdin_fd, out + *got, len - *got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return dlb_fail_errno(
				err, errno, "can not read standard input");
		p->source_done = n == 0;
		*got += (size_t)n;
		p->stdin_len += (uint64_t)n;
		if (p->stdin_len > DLB_FILES_LEN_MAX)
			return dlb_fail(err, DLB_LIMIT,
				"standard input is too long for one letter");
	}
	return DLB_OK;
}

/* Fills all of len but at the end. */
static enum dlb_status
read_source(struct dlb_pack *p, uint8_t *out, size_t len, size_t *got,
	struct dlb_error *err)
{
	*got = 0;
	if (p->source_done)
		return DLB_OK;
	return p->from_stdin ? read_stdin(p, out, len, got, err)
			     : read_files(p, out, len, got, err);
}

static enum dlb_status
read_compressed(struct dlb_pack *p, uint8_t *out, size_t len, size_t *got,
	struct dlb_error *err)
{
	ZSTD_outBuffer to = {out, len, 0};

	while (to.pos < len && !p->zstd_done) {
		ZSTD_inBuffer from = {p->in, p->in_len, p->in_at};
		size_t r;

		if (p->in_at == p->in_len && !p->source_done) {
			enum dlb_status s = read_source(
				p, p->in, p->in_cap, &p->in_len, err);

			if (s != DLB_OK)
				return s;
			p->in_at = 0;
			/* A full read may have been the last without it being
			 * known yet: the next, of nothing, tells. */
			if (p->in_len < p->in_cap)
				p->source_done = true;
			from = (ZSTD_inBuffer){p->in, p->in_len, 0};
		}
		r = ZSTD_compressStream2(p->zstd, &to, &from,
			p->source_done ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(r))
			return dlb_fail(err, DLB_FAILED, "can not compress: %s",
				ZSTD_getErrorName(r));
		p->in_at = from.pos;
		p->zstd_done = p->source_done && r == 0;
	}
	*got = to.pos;
	return DLB_OK;
}

enum dlb_status
dlb_pack_read(struct dlb_pack *p, uint8_t *out, size_t len, size_t *got,
	struct dlb_error *err)
{
	size_t head = p->manifest.len - p->given, rest = 0;
	enum dlb_status s;

	*got = 0;
	if (head > len)
		head = len;
	if (head > 0)
		memcpy(out, p->manifest.data + p->given, head);
	p->given += head;
	*got = head;
	if (head == len)
		return DLB_OK;
	s = p->zstd ? read_compressed(p, out + head, len - head, &rest, err)
		    : read_source(p, out + head, len - head, &rest, err);
	*got += rest;
	return s;
}
