/*
 * A letter's content stream out of files and folders: the manifest, made by one walk,
 * then all files' bytes, opened once each in the manifest's order.
 *
 * Invariants: the manifest is the only list of what travels, and the only memory that
 * grows with it; what is read is exactly what the manifest says, or the read fails.
 * The size of standard input alone is known only at its end, and patched in then.
 */
#include "pack_internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

/* Within these first bytes of a stream patches lie. */
#define PATCH_END (32u << 10)
#define LEVEL 3
#define READAHEAD_LEN (256u << 10)
/* From here on a file takes so long to read that its length may change meanwhile. */
#define RECHECK_LEN (256u << 10)

struct dlb_pack {
	struct dlb_walk walk;
	struct dlb_buf manifest; /* with its u32 */
	struct dlb_manifest m;
	uint32_t files; /* folders not counted */
	size_t given;   /* of the manifest */

	bool from_stdin;
	int stdin_fd;
	uint64_t stdin_len; /* read so far */
	bool source_done;

	size_t pos; /* in the manifest's list */
	struct dlb_manifest_file file;
	int fd; /* of file; -1: none */
	uint64_t left;
	struct stat st; /* of file, when it was opened */
	size_t root;    /* whose folder is open */
	int root_fd;    /* -1: none */
	struct dlb_dirs dirs;

	ZSTD_CCtx *zstd; /* NULL: not compressed */
	uint8_t *in;     /* what is being compressed */
	size_t in_cap, in_len, in_at;
	bool zstd_done;
};

/* ---- opening ---------------------------------------------------------------------- */

static enum dlb_status
add_file(void *ctx, const struct dlb_walk_entry *e, struct dlb_error *err)
{
	struct dlb_pack *p = ctx;
	struct dlb_manifest_file f = {
		.type = S_ISDIR(e->st->st_mode) ? DLB_FILE_DIR : DLB_FILE_REGULAR,
		.mode = (uint16_t)(e->st->st_mode & 0777),
		.mtime_s = e->st->st_mtim.tv_sec,
		.mtime_ns = (uint32_t)e->st->st_mtim.tv_nsec,
		.path = e->path,
		.path_len = (uint16_t)e->path_len,
		.target = e->target,
		.target_len = (uint16_t)e->target_len,
	};
	enum dlb_status s;

	if (e->target)
		f.type = DLB_FILE_LINK;
	if (f.type == DLB_FILE_REGULAR)
		f.size = (uint64_t)e->st->st_size;
	s = dlb_manifest_add(&p->manifest, &f, err);
	if (s == DLB_OK && f.type != DLB_FILE_DIR)
		p->files++;
	return s;
}

static enum dlb_status
add_stdin(struct dlb_pack *p, const char *name, struct dlb_error *err)
{
	struct stat st;
	struct dlb_manifest_file f = {
		.type = DLB_FILE_REGULAR,
		.mode = 0644,
		.path = name ? name : "stdin",
	};

	if (strchr(f.path, '/'))
		return dlb_fail(err, DLB_USAGE,
			"the name for standard input has a '/' in it");
	/* Of a pipe that is when it was last written to. */
	if (fstat(p->stdin_fd, &st) != 0)
		return dlb_fail_errno(err, errno, "can not read standard input");
	f.mtime_s = st.st_mtim.tv_sec;
	f.mtime_ns = (uint32_t)st.st_mtim.tv_nsec;
	f.path_len = (uint16_t)strnlen(f.path, UINT16_MAX);
	p->files = 1;
	return dlb_manifest_add(&p->manifest, &f, err);
}

static enum dlb_status
make_manifest(struct dlb_pack *p, const struct dlb_pack_options *o,
	struct dlb_error *err)
{
	struct dlb_manifest_fields fields = o->fields;
	bool compress = o->compress && o->paths_n > 0;
	enum dlb_status s;

	fields.codec = compress ? DLB_CODEC_ZSTD : DLB_CODEC_NONE;
	s = dlb_manifest_begin(&p->manifest, &fields);
	if (s == DLB_LIMIT)
		return dlb_fail(err, s,
			"the message is longer than %u KiB: send it as a file",
			DLB_MESSAGE_LEN_MAX >> 10);
	if (s == DLB_MALFORMED)
		return dlb_fail(err, s,
			"the message is not UTF-8 text: send it as a file");
	if (s != DLB_OK)
		return dlb_fail(err, s, "the letter could not be begun");
	if (p->from_stdin) {
		s = add_stdin(p, o->stdin_name, err);
	} else {
		s = dlb_walk_init(&p->walk, o->paths, o->paths_n, err);
		if (s == DLB_OK)
			s = dlb_walk_run(&p->walk, err);
	}
	if (s != DLB_OK)
		return s;
	s = dlb_manifest_end(&p->manifest);
	if (s != DLB_OK)
		return dlb_fail(err, s,
			"the files are too many or too large for one letter: "
			"send several");
	return dlb_manifest_parse(
		&p->m, p->manifest.data + 4, p->manifest.len - 4, err);
}

static uint64_t
size_field_at(const struct dlb_pack *p)
{
	return (uint64_t)(p->m.files - p->manifest.data)
		+ DLB_MANIFEST_SIZE_OFFSET;
}

static enum dlb_status
start_compressing(struct dlb_pack *p, struct dlb_error *err)
{
	size_t r;

	p->in_cap = ZSTD_CStreamInSize();
	p->in = malloc(p->in_cap);
	p->zstd = ZSTD_createCCtx();
	if (!p->in || !p->zstd)
		return dlb_fail(
			err, DLB_NO_MEMORY, "out of memory for compressing");
	r = ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, LEVEL);
	if (!ZSTD_isError(r) && !p->from_stdin)
		r = ZSTD_CCtx_setPledgedSrcSize(p->zstd, p->m.files_len);
	if (ZSTD_isError(r))
		return dlb_fail(err, DLB_FAILED, "can not compress: %s",
			ZSTD_getErrorName(r));
	return DLB_OK;
}

static enum dlb_status
open_pack(struct dlb_pack *p, const struct dlb_pack_options *o,
	struct dlb_error *err)
{
	enum dlb_status s;

	for (size_t i = 0; i < o->paths_n; i++)
		p->from_stdin |= strcmp(o->paths[i], "-") == 0;
	if (p->from_stdin && o->paths_n != 1)
		return dlb_fail(err, DLB_USAGE,
			"standard input (-) travels alone: send the files in a "
			"letter of their own");
	s = make_manifest(p, o, err);
	if (s != DLB_OK)
		return s;
	if (p->walk.skipped && p->m.files_n == 0)
		return dlb_fail(err, DLB_REFUSED,
			"nothing is left to send: all of it had to be left out");
	if (p->from_stdin && size_field_at(p) + 8 > PATCH_END)
		return dlb_fail(err, DLB_LIMIT,
			"the message is too long to go with standard input: "
			"send it as a file");
	if (p->m.fields.codec == DLB_CODEC_ZSTD)
		return start_compressing(p, err);
	return DLB_OK;
}

enum dlb_status
dlb_pack_open(struct dlb_pack **out, const struct dlb_pack_options *options,
	uint64_t *skipped, struct dlb_error *err)
{
	struct dlb_pack *p = calloc(1, sizeof(*p));
	enum dlb_status s;

	if (!p)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	p->fd = -1;
	p->root_fd = -1;
	p->stdin_fd = options->stdin_fd;
	p->walk.visit = add_file;
	p->walk.ctx = p;
	p->walk.note = options->note;
	p->walk.note_ctx = options->note_ctx;
	s = open_pack(p, options, err);
	if (skipped)
		*skipped = p->walk.skipped;
	if (s != DLB_OK) {
		dlb_pack_close(p);
		return s;
	}
	*out = p;
	return DLB_OK;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
dlb_pack_close(struct dlb_pack *p)
{
	if (!p)
		return;
	close_fd(&p->fd);
	dlb_dirs_close(&p->dirs);
	close_fd(&p->root_fd);
	dlb_walk_free(&p->walk);
	dlb_buf_free(&p->manifest);
	ZSTD_freeCCtx(p->zstd);
	if (p->in)
		dlb_wipe(p->in, p->in_cap);
	free(p->in);
	free(p);
}

/* ---- what it is ------------------------------------------------------------------- */

uint64_t
dlb_pack_len(const struct dlb_pack *p)
{
	if (p->from_stdin || p->zstd)
		return UINT64_MAX;
	return p->manifest.len + p->m.files_len;
}

uint32_t
dlb_pack_files(const struct dlb_pack *p)
{
	return p->files;
}

uint64_t
dlb_pack_files_len(const struct dlb_pack *p)
{
	return p->from_stdin ? p->stdin_len : p->m.files_len;
}

void
dlb_pack_summary(const struct dlb_pack *p, char out[static 256])
{
	dlb_summary_of(&p->m, out);
}

void
dlb_pack_patch(const struct dlb_pack *p, uint64_t *offset,
	uint8_t patch[static 16], size_t *len)
{
	struct dlb_writer w;

	*offset = 0;
	*len = 0;
	if (!p->from_stdin)
		return;
	dlb_writer_init(&w, patch, 16);
	dlb_write_u64(&w, p->stdin_len);
	*offset = size_field_at(p);
	*len = w.len;
}

/* ---- the files' bytes -------------------------------------------------------------- */

static enum dlb_status
fail_file(const struct dlb_pack *p, struct dlb_error *err, const char *what)
{
	char name[256];

	return dlb_fail(err, DLB_FAILED,
		"\"%s\" %s: send it again when nothing writes to it",
		dlb_printable(name, sizeof(name), p->file.path,
			p->file.path_len),
		what);
}

static enum dlb_status
fail_file_errno(const struct dlb_pack *p, struct dlb_error *err)
{
	int sys_errno = errno;
	char name[256];

	dlb_fail_errno(err, sys_errno, "can not read \"%s\"",
		dlb_printable(name, sizeof(name), p->file.path,
			p->file.path_len));
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
	close_fd(&p->root_fd);
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
	at = dlb_dirs_parent(
		&p->dirs, slash + 1, f->path_len - top - 1, &name);
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
			return fail_file(p, err, "changed its length meanwhile");
	}
	close_fd(&p->fd);
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
			return fail_file(p, err, "changed its length meanwhile");
		*got += (size_t)n;
		p->left -= (uint64_t)n;
		if (p->left == 0)
			s = finish_file(p, err);
		if (s != DLB_OK)
			return s;
	}
	return DLB_OK;
}

static enum dlb_status
read_stdin(struct dlb_pack *p, uint8_t *out, size_t len, size_t *got,
	struct dlb_error *err)
{
	*got = 0;
	while (*got < len && !p->source_done) {
		ssize_t n = read(p->stdin_fd, out + *got, len - *got);

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
