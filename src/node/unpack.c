/*
 * The content stream of a letter, piece by piece, to a sink. Its bytes are hostile:
 * whoever made them may have meant harm.
 *
 * Invariants: memory grows only with manifest bytes that came; nothing is written
 * before the whole manifest was checked; no more than it promises is ever written,
 * whatever the codec yields; after the first failure nothing more is done.
 */
#include "unpack_internal.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* 128 MiB: more than any level of ours asks for. */
#define WINDOW_LOG_MAX 27

enum stage { STAGE_LENGTH, STAGE_MANIFEST, STAGE_DATA, STAGE_DESCRIBED };

struct dlb_unpack {
	enum stage stage;
	enum dlb_status failed; /* DLB_OK: not yet */
	struct dlb_error why;
	bool describe_only;
	uint64_t content_len;
	uint64_t got; /* of the stream */

	uint8_t length[4];
	uint32_t manifest_len;
	struct dlb_buf manifest;
	struct dlb_manifest m;

	struct dlb_sink *sink;
	size_t pos;    /* in the list of files */
	bool done;     /* all files were written */
	bool complete; /* and all is ready to be moved */
	uint64_t left; /* of the file being written */
	uint32_t files;

	ZSTD_DCtx *zstd;
	uint8_t *plain;
	size_t plain_cap;
	bool frame_done;
};

enum dlb_status
dlb_unpack_open(struct dlb_unpack **out,
	const struct dlb_unpack_options *options, struct dlb_error *err)
{
	struct dlb_unpack *u = calloc(1, sizeof(*u));
	enum dlb_status s = DLB_OK;

	if (!u)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	u->describe_only = options->describe_only;
	u->content_len = options->content_len;
	if (!u->describe_only && options->directory)
		s = dlb_sink_dir_new(&u->sink, options, err);
	else if (!u->describe_only && options->fd >= 0)
		s = dlb_sink_fd_new(&u->sink, options->fd, err);
	else if (!u->describe_only && options->text)
		s = dlb_sink_text_new(&u->sink, options->text, err);
	else if (!u->describe_only)
		s = dlb_fail(err, DLB_USAGE, "nowhere to write the letter to");
	if (s != DLB_OK) {
		dlb_unpack_close(u);
		return s;
	}
	*out = u;
	return DLB_OK;
}

static void
free_codec(struct dlb_unpack *u)
{
	ZSTD_freeDCtx(u->zstd);
	if (u->plain)
		dlb_wipe(u->plain, u->plain_cap);
	free(u->plain);
	u->zstd = NULL;
	u->plain = NULL;
}

void
dlb_unpack_close(struct dlb_unpack *u)
{
	if (!u)
		return;
	if (u->sink)
		u->sink->ops->close(u->sink);
	free_codec(u);
	dlb_buf_free(&u->manifest);
	free(u);
}

const struct dlb_manifest *
dlb_unpack_manifest(const struct dlb_unpack *u)
{
	return u->stage >= STAGE_DATA ? &u->m : NULL;
}

/* ---- files ------------------------------------------------------------------------ */

/* To the next file that has bytes to come; folders, links and empty files on the
 * way are dealt with. */
static enum dlb_status
advance(struct dlb_unpack *u, struct dlb_error *err)
{
	const struct dlb_sink_ops *ops = u->sink->ops;
	struct dlb_manifest_file f;
	enum dlb_status s;

	while (dlb_manifest_next(&u->m, &u->pos, &f)) {
		u->files += f.type != DLB_FILE_DIR;
		if (f.type != DLB_FILE_REGULAR) {
			s = ops->entry(u->sink, &f, err);
			if (s != DLB_OK)
				return s;
			continue;
		}
		s = ops->file_begin(u->sink, &f, err);
		if (s != DLB_OK)
			return s;
		if (f.size > 0) {
			u->left = f.size;
			return DLB_OK;
		}
		s = ops->file_end(u->sink, err);
		if (s != DLB_OK)
			return s;
	}
	u->done = true;
	return DLB_OK;
}

static enum dlb_status
write_plain(struct dlb_unpack *u, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	while (len > 0) {
		size_t n = len;
		enum dlb_status s;

		if (u->done)
			return dlb_fail(err, DLB_MALFORMED,
				"the letter has more bytes than its files");
		if (n > u->left)
			n = (size_t)u->left;
		s = u->sink->ops->file_data(u->sink, data, n, err);
		if (s != DLB_OK)
			return s;
		data += n;
		len -= n;
		u->left -= n;
		if (u->left > 0)
			continue;
		s = u->sink->ops->file_end(u->sink, err);
		if (s == DLB_OK)
			s = advance(u, err);
		if (s != DLB_OK)
			return s;
	}
	return DLB_OK;
}

static enum dlb_status
write_compressed(struct dlb_unpack *u, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	ZSTD_inBuffer from = {data, len, 0};
	bool more = false; /* the last call filled all of its room */

	while (from.pos < from.size || more) {
		ZSTD_outBuffer to = {u->plain, u->plain_cap, 0};
		enum dlb_status s;
		size_t r;

		if (u->frame_done)
			return dlb_fail(err, DLB_MALFORMED,
				"the letter goes on after its end");
		r = ZSTD_decompressStream(u->zstd, &to, &from);
		if (ZSTD_isError(r))
			return dlb_fail(err, DLB_MALFORMED,
				"the letter can not be decompressed: %s",
				ZSTD_getErrorName(r));
		s = write_plain(u, u->plain, to.pos, err);
		if (s != DLB_OK)
			return s;
		u->frame_done = r == 0;
		more = !u->frame_done && to.pos == to.size;
	}
	return DLB_OK;
}

/* ---- the manifest ------------------------------------------------------------------ */

static enum dlb_status
start_decompressing(struct dlb_unpack *u, struct dlb_error *err)
{
	size_t r;

	u->plain_cap = ZSTD_DStreamOutSize();
	u->plain = malloc(u->plain_cap);
	u->zstd = ZSTD_createDCtx();
	if (!u->plain || !u->zstd)
		return dlb_fail(
			err, DLB_NO_MEMORY, "out of memory for decompressing");
	r = ZSTD_DCtx_setParameter(
		u->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	if (ZSTD_isError(r))
		return dlb_fail(err, DLB_FAILED, "can not decompress: %s",
			ZSTD_getErrorName(r));
	return DLB_OK;
}

static enum dlb_status
start_data(struct dlb_unpack *u, struct dlb_error *err)
{
	uint64_t head = sizeof(u->length) + u->manifest_len;
	enum dlb_status s;

	s = dlb_manifest_parse(&u->m, u->manifest.data, u->manifest.len, err);
	if (s != DLB_OK)
		return s;
	if (u->m.fields.codec == DLB_CODEC_NONE && u->content_len != UINT64_MAX
		&& u->content_len - head != u->m.files_len)
		return dlb_fail(err, DLB_MALFORMED,
			"the letter is not as long as its files");
	if (u->describe_only) {
		u->stage = STAGE_DESCRIBED;
		return DLB_OK;
	}
	if (u->m.fields.codec == DLB_CODEC_ZSTD)
		s = start_decompressing(u, err);
	if (s == DLB_OK)
		s = u->sink->ops->begin(u->sink, &u->m, err);
	if (s != DLB_OK)
		return s;
	u->stage = STAGE_DATA;
	return advance(u, err);
}

static enum dlb_status
check_length(struct dlb_unpack *u, struct dlb_error *err)
{
	struct dlb_reader r;

	dlb_reader_init(&r, u->length, sizeof(u->length));
	u->manifest_len = dlb_read_u32(&r);
	if (u->manifest_len == 0 || u->manifest_len > DLB_MANIFEST_LEN_MAX
		|| u->content_len < sizeof(u->length)
		|| u->manifest_len > u->content_len - sizeof(u->length))
		return dlb_fail(err, DLB_MALFORMED,
			"the letter's manifest can not be as long as it says");
	u->stage = STAGE_MANIFEST;
	return DLB_OK;
}

/* Takes from the piece what the start of the stream still lacks. */
static enum dlb_status
take_start(struct dlb_unpack *u, const uint8_t **data, size_t *len,
	struct dlb_error *err)
{
	size_t n;

	if (u->stage == STAGE_LENGTH) {
		size_t have = (size_t)u->got;

		n = sizeof(u->length) - have;
		if (n > *len)
			n = *len;
		memcpy(u->length + have, *data, n);
		u->got += n;
		*data += n;
		*len -= n;
		if (u->got < sizeof(u->length))
			return DLB_OK;
		return check_length(u, err);
	}
	n = u->manifest_len - u->manifest.len;
	if (n > *len)
		n = *len;
	if (dlb_buf_append(&u->manifest, *data, n) != DLB_OK)
		return dlb_fail(err, DLB_NO_MEMORY,
			"out of memory for the letter's list of files");
	u->got += n;
	*data += n;
	*len -= n;
	if (u->manifest.len < u->manifest_len)
		return DLB_OK;
	return start_data(u, err);
}

static enum dlb_status
take(struct dlb_unpack *u, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	while (len > 0 && u->stage < STAGE_DATA) {
		enum dlb_status s = take_start(u, &data, &len, err);

		if (s != DLB_OK)
			return s;
	}
	if (len == 0 || u->stage == STAGE_DESCRIBED)
		return DLB_OK;
	if (len > u->content_len - u->got)
		return dlb_fail(err, DLB_MALFORMED,
			"the letter is longer than it was said to be");
	u->got += len;
	return u->zstd ? write_compressed(u, data, len, err)
		       : write_plain(u, data, len, err);
}

/* Remembers a failure, so that each later call ends with the same. */
static enum dlb_status
settle(struct dlb_unpack *u, enum dlb_status s, struct dlb_error *err)
{
	u->failed = s;
	if (s != DLB_OK && err)
		*err = u->why;
	return s;
}

enum dlb_status
dlb_unpack_write(struct dlb_unpack *u, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	if (u->failed != DLB_OK)
		return settle(u, u->failed, err);
	return settle(u, take(u, data, len, &u->why), err);
}

static enum dlb_status
complete(struct dlb_unpack *u, struct dlb_error *err)
{
	enum dlb_status s;

	if (u->complete || u->stage == STAGE_DESCRIBED)
		return DLB_OK;
	if (u->stage < STAGE_DATA || !u->done || (u->zstd && !u->frame_done)
		|| (u->content_len != UINT64_MAX && u->got != u->content_len))
		return dlb_fail(err, DLB_CORRUPT,
			"the letter ends before its files do");
	s = u->sink->ops->complete(u->sink, err);
	u->complete = s == DLB_OK;
	free_codec(u);
	return s;
}

static enum dlb_status
finish(struct dlb_unpack *u, char *first_path, size_t first_path_cap,
	struct dlb_error *err)
{
	enum dlb_status s = complete(u, err);

	if (s != DLB_OK || u->stage == STAGE_DESCRIBED)
		return s;
	return u->sink->ops->finish(u->sink, first_path, first_path_cap, err);
}

enum dlb_status
dlb_unpack_complete(struct dlb_unpack *u, struct dlb_error *err)
{
	if (u->failed != DLB_OK)
		return settle(u, u->failed, err);
	return settle(u, complete(u, &u->why), err);
}

enum dlb_status
dlb_unpack_finish(struct dlb_unpack *u, uint64_t *files, uint64_t *bytes,
	char *first_path, size_t first_path_cap, struct dlb_error *err)
{
	if (u->failed != DLB_OK)
		return settle(u, u->failed, err);
	if (first_path && first_path_cap > 0)
		first_path[0] = '\0';
	if (settle(u, finish(u, first_path, first_path_cap, &u->why), err)
		!= DLB_OK)
		return u->failed;
	if (files)
		*files = u->files;
	if (bytes)
		*bytes = u->stage == STAGE_DESCRIBED ? 0 : u->m.files_len;
	return DLB_OK;
}
