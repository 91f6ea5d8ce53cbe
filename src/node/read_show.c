/*
 * What of a letter can be shown and not written anywhere: its message, and a file of
 * it that is alone and text. Nothing else of it is kept, and no bulk cell is opened
 * beyond its list of files where that says that it has more.
 *
 * Invariant: bytes that are no text never leave here.
 */
#include "node_internal.h"
#include "unpack_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a lone file into memory ------------------------------------------------------- */

struct text_sink {
	struct dlb_sink base;
	struct dlb_buf *text;
};

static enum dlb_status
text_begin(
	struct dlb_sink *s, const struct dlb_manifest *m, struct dlb_error *err)
{
	(void)s;
	(void)m;
	(void)err;
	return DLB_OK;
}

static enum dlb_status
text_entry(struct dlb_sink *s, const struct dlb_manifest_file *f,
	struct dlb_error *err)
{
	(void)s;
	(void)f;
	(void)err;
	return DLB_OK;
}

static enum dlb_status
text_data(struct dlb_sink *s, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	if (dlb_buf_append(((struct text_sink *)s)->text, data, len) != DLB_OK)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	return DLB_OK;
}

static enum dlb_status
text_end(struct dlb_sink *s, struct dlb_error *err)
{
	(void)s;
	(void)err;
	return DLB_OK;
}

static enum dlb_status
text_finish(struct dlb_sink *s, char *first_path, size_t first_path_cap,
	struct dlb_error *err)
{
	(void)s;
	(void)first_path;
	(void)first_path_cap;
	(void)err;
	return DLB_OK;
}

static void
text_close(struct dlb_sink *s)
{
	free(s);
}

enum dlb_status
dlb_sink_text_new(
	struct dlb_sink **out, struct dlb_buf *text, struct dlb_error *err)
{
	static const struct dlb_sink_ops ops = {
		.begin = text_begin,
		.entry = text_entry,
		.file_begin = text_entry,
		.file_data = text_data,
		.file_end = text_end,
		.complete = text_end,
		.finish = text_finish,
		.close = text_close,
	};
	struct text_sink *s = calloc(1, sizeof(*s));

	if (!s)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	s->base.ops = &ops;
	s->text = text;
	*out = &s->base;
	return DLB_OK;
}

/* ---- a letter ------------------------------------------------------------------------ */

struct showing {
	struct dlb_node *n;
	const struct dlb_in_letter *letter;
	unsigned worker;
	struct dlb_unpack *unpack;
	enum dlb_status st;
};

static bool
feed(void *ctx, const uint8_t *data, size_t len, struct dlb_error *err)
{
	struct showing *s = ctx;

	s->st = dlb_unpack_write(s->unpack, data, len, err);
	return s->st == DLB_OK;
}

static bool
feed_list(void *ctx, const uint8_t *data, size_t len, struct dlb_error *err)
{
	struct showing *s = ctx;

	return feed(ctx, data, len, err)
		&& dlb_unpack_manifest(s->unpack) == NULL;
}

static enum dlb_status
unpack(struct showing *s, struct dlb_buf *text,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	struct dlb_unpack_options o = {.fd = -1,
		.describe_only = text == NULL,
		.text = text,
		.content_len = s->letter->stripe.content_len};
	enum dlb_status st = dlb_unpack_open(&s->unpack, &o, err);

	s->st = DLB_OK;
	if (st == DLB_OK)
		st = dlb_node_content(s->n, s->letter, s->worker,
			text ? feed : feed_list, s, progress, err);
	return st == DLB_OK ? s->st : st;
}

/* What the list of files says; *fits: all of it may be shown. */
static enum dlb_status
note_list(struct dlb_read_result *out, const struct dlb_manifest *m,
	size_t text_max, bool *fits, struct dlb_error *err)
{
	struct dlb_manifest_file f, first = {.size = 0};
	size_t at = 0;

	out->entries = m->files_n;
	out->bytes = m->files_len;
	while (dlb_manifest_next(m, &at, &f)) {
		if (!out->first_path[0]) {
			first = f;
			dlb_printable(out->first_path, sizeof(out->first_path),
				f.path, f.path_len);
		}
		out->files += f.type != DLB_FILE_DIR;
	}
	*fits = m->files_n == 0
		|| (m->files_n == 1 && first.type == DLB_FILE_REGULAR
			&& first.size <= text_max);
	if (m->fields.message_len == 0)
		return DLB_OK;
	return dlb_buf_append(
		       &out->message, m->fields.message, m->fields.message_len)
			== DLB_OK
		? DLB_OK
		: dlb_fail(err, DLB_NO_MEMORY, "out of memory");
}

/* UTF-8 with no control characters but those that text has. */
static bool
is_text(const struct dlb_buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if ((b->data[i] < 0x20
			    && !(b->data[i] && strchr("\t\n\r", b->data[i])))
			|| b->data[i] == 0x7f)
			return false;
	return dlb_utf8_valid(b->data, b->len);
}

enum dlb_status
dlb_show_letter(struct dlb_node *n, const struct dlb_in_letter *letter,
	size_t text_max, unsigned worker, struct dlb_read_result *out,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	struct showing s = {.n = n, .letter = letter, .worker = worker};
	bool fits = false;
	enum dlb_status st = unpack(&s, NULL, NULL, err);

	if (st == DLB_OK && !dlb_unpack_manifest(s.unpack))
		st = dlb_fail(err, DLB_CORRUPT,
			"the letter ends before its list of files does");
	if (st == DLB_OK)
		st = note_list(out, dlb_unpack_manifest(s.unpack), text_max,
			&fits, err);
	dlb_unpack_close(s.unpack);
	s.unpack = NULL;
	if (st != DLB_OK || !fits)
		return st;
	st = unpack(&s, &out->text, progress, err);
	if (st == DLB_OK)
		st = dlb_unpack_complete(s.unpack, err);
	dlb_unpack_close(s.unpack);
	out->whole = st == DLB_OK && is_text(&out->text);
	if (!out->whole)
		dlb_buf_free(&out->text);
	return st;
}
