/*
 * A letter's content stream out of files and folders: the manifest, made by one walk;
 * the bytes after it come from pack_read.c.
 *
 * Invariants: the manifest is the only list of what travels, and the only memory that
 * grows with it; what is read is exactly what the manifest says, or the read fails.
 * The size of standard input alone is known only at its end, and patched in then.
 */
#include "pack_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Within these first bytes of a stream patches lie. */
#define PATCH_END (32u << 10)
#define LEVEL 3

/* ---- opening ---------------------------------------------------------------------- */

/* Special bits do not travel. What the sticky one kept safe in a folder is nobody
 * else's to write to then. */
static uint16_t
mode_of(const struct stat *st)
{
	mode_t mode = st->st_mode & 0777;

	if (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX))
		mode &= ~(mode_t)0022;
	return (uint16_t)mode;
}

static enum dlb_status
add_file(void *ctx, const struct dlb_walk_entry *e, struct dlb_error *err)
{
	struct dlb_pack *p = ctx;
	struct dlb_manifest_file f = {
		.type = S_ISDIR(e->st->st_mode) ? DLB_FILE_DIR
						: DLB_FILE_REGULAR,
		.mode = mode_of(e->st),
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
		return dlb_fail_errno(
			err, errno, "can not read standard input");
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
	p->go_on = options->go_on;
	p->go_on_ctx = options->go_on_ctx;
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

void
dlb_pack_close(struct dlb_pack *p)
{
	if (!p)
		return;
	dlb_pack_close_fd(&p->fd);
	dlb_dirs_close(&p->dirs);
	dlb_pack_close_fd(&p->root_fd);
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
