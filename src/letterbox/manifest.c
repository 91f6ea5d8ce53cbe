/*
 * The manifest: what a letter is and which files follow. docs/letterbox.md.
 *
 *   u8 version (1), then fields: u16 number || u32 length || value
 *
 * Fields stand in ascending order, each at most once, so that a content has one
 * form. One that is not known is passed over where its number is odd, and makes
 * the letter DLB_UNSUPPORTED where it is even. The list of files comes last of
 * those known here.
 *
 * While a manifest is being written, two lengths that are not known yet hold the
 * writer's state: the u32 before the manifest says where the list of files stands,
 * the length of that list where its last entry is (0: none yet).
 */
#include "manifest.h"

#include "card.h"
#include "manifest_internal.h"

#include <assert.h>
#include <string.h>

#define VERSION 1

enum {
	FIELD_KIND = 2,
	FIELD_CODEC = 4,
	FIELD_IN_REPLY_TO = 5,
	FIELD_RECEIPT_WANTED = 7,
	FIELD_MESSAGE = 8,
	FIELD_CARD = 9,
	FIELD_RECEIVED = 10,
	FIELD_FILES = 256,
};

#define LEADING_LEN 4
#define FIELD_HEAD_LEN 6
#define COUNT_LEN 4
#define ID_LEN 16

static enum dlb_status
fail_file(struct dlb_error *err, enum dlb_status status,
	const struct dlb_manifest_file *f, const char *fault)
{
	char name[128];

	dlb_printable(name, sizeof(name), f->path, f->path_len);
	return dlb_fail(err, status, "\"%s\": %s", name, fault);
}

bool
dlb_kind_is_quiet(uint8_t kind)
{
	return kind == DLB_KIND_RECEIPT || kind == DLB_KIND_BRIEFING
		|| kind == DLB_KIND_BACKUP_SHARE;
}

/* ---- writing ------------------------------------------------------------------------ */

static void
put_u32(uint8_t *at, size_t v)
{
	struct dlb_writer w;

	dlb_writer_init(&w, at, 4);
	dlb_write_u32(&w, (uint32_t)v);
}

static uint32_t
get_u32(const uint8_t *at)
{
	struct dlb_reader r;

	dlb_reader_init(&r, at, 4);
	return dlb_read_u32(&r);
}

static enum dlb_status
write_field(struct dlb_buf *out, uint16_t number, const void *value, size_t len)
{
	uint8_t head[FIELD_HEAD_LEN];
	struct dlb_writer w;

	dlb_writer_init(&w, head, sizeof(head));
	dlb_write_u16(&w, number);
	dlb_write_u32(&w, (uint32_t)len);
	if (dlb_buf_append(out, head, sizeof(head)) != DLB_OK)
		return DLB_NO_MEMORY;
	return dlb_buf_append(out, value, len);
}

static bool
message_valid(const void *message, size_t len)
{
	return dlb_utf8_valid(message, len) && !memchr(message, '\0', len);
}

enum dlb_status
dlb_manifest_begin(
	struct dlb_buf *out, const struct dlb_manifest_fields *fields)
{
	static const uint8_t start[LEADING_LEN + 1] = {0, 0, 0, 0, VERSION};
	static const uint8_t none[COUNT_LEN];
	bool bad;
	size_t list;

	if (fields->message_len > DLB_MESSAGE_LEN_MAX
		|| fields->card_len > DLB_CARD_LEN_MAX
		|| fields->received_n > DLB_MANIFEST_RECEIVED_MAX)
		return DLB_LIMIT;
	assert((fields->received_n > 0) == (fields->kind == DLB_KIND_RECEIPT));
	if (fields->message_len > 0
		&& !message_valid(fields->message, fields->message_len))
		return DLB_MALFORMED;
	assert(out->len == 0);
	bad = dlb_buf_append(out, start, sizeof(start)) != DLB_OK
		|| write_field(out, FIELD_KIND, &fields->kind, 1) != DLB_OK
		|| write_field(out, FIELD_CODEC, &fields->codec, 1) != DLB_OK;
	if (!bad && fields->has_in_reply_to)
		bad = write_field(out, FIELD_IN_REPLY_TO, fields->in_reply_to,
			      sizeof(fields->in_reply_to))
			!= DLB_OK;
	if (!bad && fields->receipt_wanted)
		bad = write_field(out, FIELD_RECEIPT_WANTED, NULL, 0) != DLB_OK;
	if (!bad && fields->message_len > 0)
		bad = write_field(out, FIELD_MESSAGE, fields->message,
			      fields->message_len)
			!= DLB_OK;
	if (!bad && fields->card_len > 0)
		bad = write_field(
			      out, FIELD_CARD, fields->card, fields->card_len)
			!= DLB_OK;
	if (!bad && fields->received_n > 0)
		bad = write_field(out, FIELD_RECEIVED, fields->received,
			      fields->received_n * ID_LEN)
			!= DLB_OK;
	list = out->len;
	if (bad || write_field(out, FIELD_FILES, none, sizeof(none)) != DLB_OK)
		return DLB_NO_MEMORY;
	put_u32(out->data, list);
	put_u32(out->data + list + 2, 0);
	return DLB_OK;
}

enum dlb_status
dlb_manifest_add(struct dlb_buf *out, const struct dlb_manifest_file *file,
	struct dlb_error *err)
{
	struct dlb_manifest_file f = *file, prev;
	size_t list = get_u32(out->data), last = get_u32(out->data + list + 2);
	uint8_t *count = out->data + list + FIELD_HEAD_LEN;
	const char *fault;
	struct dlb_reader r;

	if (f.type < DLB_FILE_REGULAR || f.type > DLB_FILE_LINK)
		return fail_file(err, DLB_REFUSED, &f,
			"only files, directories and links travel");
	dlb_manifest_clamp(&f);
	if (last) {
		dlb_reader_init(&r, out->data + last, out->len - last);
		dlb_manifest_read_entry(&r, &prev);
	}
	fault = dlb_manifest_fault(&f, last ? &prev : NULL);
	if (fault)
		return fail_file(err, DLB_REFUSED, &f, fault);
	if (get_u32(count) >= DLB_MANIFEST_FILES_MAX
		|| out->len - LEADING_LEN
			> DLB_MANIFEST_LEN_MAX - DLB_ENTRY_LEN_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"more files than one letter can list (%u): make an "
			"archive of them, or send several letters",
			DLB_MANIFEST_FILES_MAX);
	last = out->len;
	if (dlb_manifest_append_entry(out, &f) != DLB_OK)
		return dlb_fail(err, DLB_NO_MEMORY,
			"out of memory for the list of files");
	/* The buffer may have moved. */
	count = out->data + list + FIELD_HEAD_LEN;
	put_u32(count, get_u32(count) + 1);
	put_u32(out->data + list + 2, last);
	return DLB_OK;
}

enum dlb_status
dlb_manifest_end(struct dlb_buf *out)
{
	size_t list = get_u32(out->data);
	struct dlb_manifest_file f;
	struct dlb_reader r;
	uint64_t sum = 0;

	if (out->len - LEADING_LEN > DLB_MANIFEST_LEN_MAX)
		return DLB_LIMIT;
	dlb_reader_init(&r, out->data, out->len);
	(void)dlb_read_view(&r, list + FIELD_HEAD_LEN + COUNT_LEN);
	while (dlb_reader_left(&r) > 0) {
		dlb_manifest_read_entry(&r, &f);
		if (f.size > DLB_FILES_LEN_MAX - sum)
			return DLB_LIMIT;
		sum += f.size;
	}
	put_u32(out->data + list + 2, out->len - list - FIELD_HEAD_LEN);
	put_u32(out->data, out->len - LEADING_LEN);
	return DLB_OK;
}

/* ---- reading ------------------------------------------------------------------------ */

static enum dlb_status
check_files(struct dlb_manifest *m, const uint8_t *value, size_t len,
	struct dlb_error *err)
{
	struct dlb_manifest_file f, prev;
	struct dlb_reader r;

	dlb_reader_init(&r, value, len);
	m->files_n = dlb_read_u32(&r);
	m->files = r.p;
	m->files_bytes = dlb_reader_left(&r);
	if (m->files_n > DLB_MANIFEST_FILES_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"the letter lists more files than a letter may");
	for (uint32_t i = 0; i < m->files_n; i++) {
		const char *fault;

		dlb_manifest_read_entry(&r, &f);
		if (r.failed)
			break;
		if (f.type < DLB_FILE_REGULAR || f.type > DLB_FILE_LINK)
			return fail_file(err, DLB_UNSUPPORTED, &f,
				"of a kind that this program does not know");
		fault = dlb_manifest_fault(&f, i > 0 ? &prev : NULL);
		if (fault)
			return fail_file(err, DLB_MALFORMED, &f, fault);
		if (f.size > DLB_FILES_LEN_MAX - m->files_len)
			return dlb_fail(err, DLB_LIMIT,
				"the letter's files are too large together");
		m->files_len += f.size;
		prev = f;
	}
	if (!dlb_reader_done(&r))
		return dlb_fail(err, DLB_MALFORMED,
			"the letter's list of files is cut short or too long");
	return DLB_OK;
}

static enum dlb_status
fail_field(struct dlb_error *err, uint16_t number)
{
	return dlb_fail(err, DLB_MALFORMED,
		"field %u of the letter's manifest is not as it should be",
		number);
}

static enum dlb_status
read_field(struct dlb_manifest *m, uint16_t number, const uint8_t *value,
	size_t len, struct dlb_error *err)
{
	struct dlb_manifest_fields *f = &m->fields;

	switch (number) {
	case FIELD_KIND:
		if (len != 1)
			return fail_field(err, number);
		f->kind = *value;
		if (f->kind < DLB_KIND_LETTER || f->kind > DLB_KIND_BULLETIN)
			return dlb_fail(err, DLB_UNSUPPORTED,
				"a letter of a kind (%u) that this program "
				"does not know: a newer version may",
				f->kind);
		return DLB_OK;
	case FIELD_CODEC:
		if (len != 1)
			return fail_field(err, number);
		f->codec = *value;
		if (f->codec > DLB_CODEC_ZSTD)
			return dlb_fail(err, DLB_UNSUPPORTED,
				"a letter compressed in a way (%u) that this "
				"program does not know: a newer version may",
				f->codec);
		return DLB_OK;
	case FIELD_IN_REPLY_TO:
		if (len != sizeof(f->in_reply_to))
			return fail_field(err, number);
		f->has_in_reply_to = true;
		memcpy(f->in_reply_to, value, len);
		return DLB_OK;
	case FIELD_RECEIPT_WANTED:
		f->receipt_wanted = true;
		return len == 0 ? DLB_OK : fail_field(err, number);
	case FIELD_MESSAGE:
		f->message = (const char *)value;
		f->message_len = len;
		return len > 0 && len <= DLB_MESSAGE_LEN_MAX
				&& message_valid(value, len)
			? DLB_OK
			: fail_field(err, number);
	case FIELD_CARD:
		f->card = value;
		f->card_len = len;
		return len > 0 && len <= DLB_CARD_LEN_MAX
			? DLB_OK
			: fail_field(err, number);
	case FIELD_RECEIVED:
		f->received = value;
		f->received_n = len / ID_LEN;
		return len > 0 && len % ID_LEN == 0
				&& f->received_n <= DLB_MANIFEST_RECEIVED_MAX
			? DLB_OK
			: fail_field(err, number);
	case FIELD_FILES:
		return check_files(m, value, len, err);
	default:
		if (number % 2 == 1)
			return DLB_OK;
		return dlb_fail(err, DLB_UNSUPPORTED,
			"the letter needs something (field %u) that this "
			"program does not know: a newer version may",
			number);
	}
}

static enum dlb_status
read_fields(struct dlb_manifest *m, struct dlb_reader *r, struct dlb_error *err)
{
	bool kind = false, codec = false, files = false;
	int32_t before = -1;

	while (dlb_reader_left(r) > 0) {
		uint16_t number = dlb_read_u16(r);
		uint32_t len = dlb_read_u32(r);
		const uint8_t *value = dlb_read_view(r, len);
		enum dlb_status s;

		r->failed |= number <= before;
		if (r->failed)
			break;
		before = number;
		s = read_field(m, number, value, len, err);
		if (s != DLB_OK)
			return s;
		kind |= number == FIELD_KIND;
		codec |= number == FIELD_CODEC;
		files |= number == FIELD_FILES;
	}
	if (!dlb_reader_done(r))
		return dlb_fail(err, DLB_MALFORMED,
			"the letter's manifest is cut short or not in order");
	if ((m->fields.received_n > 0) != (m->fields.kind == DLB_KIND_RECEIPT))
		return fail_field(err, FIELD_RECEIVED);
	if (!kind || !codec || !files)
		return dlb_fail(err, DLB_MALFORMED,
			"the letter's manifest does not say what it is");
	return DLB_OK;
}

enum dlb_status
dlb_manifest_parse(struct dlb_manifest *out, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	struct dlb_reader r;
	enum dlb_status s;
	uint8_t version;

	memset(out, 0, sizeof(*out));
	if (len > DLB_MANIFEST_LEN_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"the letter's manifest is longer than one may be");
	dlb_reader_init(&r, data, len);
	version = dlb_read_u8(&r);
	if (r.failed || version == 0)
		return dlb_fail(
			err, DLB_MALFORMED, "the letter has no manifest");
	if (version != VERSION)
		return dlb_fail(err, DLB_UNSUPPORTED,
			"a letter of version %u, which this program does not "
			"know: a newer version may",
			version);
	s = read_fields(out, &r, err);
	if (s != DLB_OK)
		memset(out, 0, sizeof(*out));
	return s;
}

bool
dlb_manifest_next(const struct dlb_manifest *m, size_t *pos,
	struct dlb_manifest_file *out)
{
	struct dlb_reader r;

	if (*pos >= m->files_bytes)
		return false;
	dlb_reader_init(&r, m->files + *pos, m->files_bytes - *pos);
	dlb_manifest_read_entry(&r, out);
	*pos = (size_t)(r.p - m->files);
	return !r.failed;
}
