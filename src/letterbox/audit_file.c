/*
 * The log as a file, and whether one is sound. docs/letterbox.md, "The log".
 *
 * The log of a letterbox is checked as its file is: it is written into memory first.
 */
#include "audit_internal.h"

#include <stdio.h>
#include <string.h>

#define VERSION 1

static const uint8_t magic[8] = "dlbaudit";

/* ---- heads ---------------------------------------------------------------------------- */

void
dlb_audit_head_text(
	char out[static DLB_AUDIT_HEAD_TEXT], const struct dlb_audit_head *head)
{
	int n = snprintf(out, DLB_AUDIT_HEAD_TEXT,
		"%llu:", (unsigned long long)head->number);

	for (size_t i = 0; i < DLB_HASH_LEN; i++)
		n += snprintf(out + n, DLB_AUDIT_HEAD_TEXT - (size_t)n, "%02x",
			head->hash[i]);
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum dlb_status
dlb_audit_head_read(
	struct dlb_audit_head *out, const char *text, struct dlb_error *err)
{
	size_t digits = strspn(text, "0123456789");
	const char *hash = text + digits + 1;
	bool ok = digits > 0 && digits < 19 && text[digits] == ':'
		&& strlen(hash) == (size_t)2 * DLB_HASH_LEN;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; ok && i < digits; i++)
		out->number = out->number * 10 + (uint64_t)(text[i] - '0');
	for (size_t i = 0; ok && i < DLB_HASH_LEN; i++) {
		int high = hex_digit(hash[2 * i]),
		    low = hex_digit(hash[2 * i + 1]);

		ok = high >= 0 && low >= 0;
		out->hash[i] = (uint8_t)((high & 15) << 4 | (low & 15));
	}
	if (ok)
		return DLB_OK;
	memset(out, 0, sizeof(*out));
	return dlb_fail(err, DLB_MALFORMED,
		"not a head of a log: it is a number, ':' and %d digits, as "
		"`dlb audit` shows it",
		2 * DLB_HASH_LEN);
}

/* ---- writing -------------------------------------------------------------------------- */

static enum dlb_status
put_head(struct dlb_buf *out, const struct dlb_audit_head *head)
{
	uint8_t bytes[8 + DLB_HASH_LEN];
	struct dlb_writer w;

	dlb_writer_init(&w, bytes, sizeof(bytes));
	dlb_write_u64(&w, head->number);
	dlb_write_bytes(&w, head->hash, DLB_HASH_LEN);
	return dlb_buf_append(out, bytes, w.len);
}

static enum dlb_status
put_row(struct dlb_buf *out, struct dlb_query *q, bool names)
{
	uint8_t bytes[2 + DLB_AUDIT_RECORD_MAX + DLB_HASH_LEN + 2
		+ DLB_AUDIT_SALT_LEN + DLB_AUDIT_NAME_MAX];
	size_t record_len, hash_len, salt_len;
	char name[DLB_AUDIT_NAME_MAX + 1];
	const void *view = dlb_query_view(q, &record_len);
	struct dlb_writer w;

	dlb_writer_init(&w, bytes, sizeof(bytes));
	if (record_len > DLB_AUDIT_RECORD_MAX)
		return DLB_CORRUPT;
	dlb_write_u16(&w, (uint16_t)record_len);
	dlb_write_bytes(&w, view, record_len);
	view = dlb_query_view(q, &hash_len);
	if (hash_len != DLB_HASH_LEN)
		return DLB_CORRUPT;
	dlb_write_bytes(&w, view, hash_len);
	view = dlb_query_view(q, &salt_len);
	if (!names || salt_len != DLB_AUDIT_SALT_LEN) {
		dlb_write_u8(&w, 0);
	} else {
		dlb_write_u8(&w, 1);
		dlb_write_bytes(&w, view, salt_len);
		dlb_query_get_text(q, name, sizeof(name));
		dlb_write_u8(&w, (uint8_t)strlen(name));
		dlb_write_bytes(&w, name, strlen(name));
	}
	return w.failed ? DLB_CORRUPT : dlb_buf_append(out, bytes, w.len);
}

static enum dlb_status
put_rows(struct dlb_letterbox *l, struct dlb_buf *out, bool names,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT record, hash, salt, name FROM audit ORDER BY number";
	enum dlb_status s = DLB_OK, ended;
	struct dlb_query q;

	dlb_query(&q, &l->db, sql);
	while (s == DLB_OK && dlb_query_row(&q))
		s = put_row(out, &q, names);
	ended = dlb_query_end(&q, err);
	if (ended != DLB_OK)
		return ended;
	return s == DLB_OK ? s
			   : dlb_fail(err, s, "the log can not be written out");
}

enum dlb_status
dlb_audit_export(struct dlb_letterbox *l, bool names, struct dlb_buf *out,
	struct dlb_error *err)
{
	uint8_t version = VERSION;
	struct dlb_audit_ends ends;
	enum dlb_status s = dlb_audit_ends_read(l, &ends);

	if (s == DLB_NOT_FOUND)
		return dlb_fail(err, s, "there is nothing in the log yet%s",
			dlb_audit_is_on(l) ? ""
					   : ", and it is off (dlb audit on)");
	if (s != DLB_OK)
		return dlb_fail(err, s, "the log can not be read");
	s = dlb_buf_append(out, magic, sizeof(magic));
	if (s == DLB_OK)
		s = dlb_buf_append(out, &version, 1);
	if (s == DLB_OK)
		s = put_head(out, &ends.base);
	/* First: so that what is cut off at the end is missed. */
	if (s == DLB_OK)
		s = put_head(out, &ends.head);
	if (s != DLB_OK)
		return dlb_fail(err, s, "out of memory");
	return put_rows(l, out, names, err);
}

/* ---- checking ---------------------------------------------------------------------------- */

static void
get_head(struct dlb_reader *r, struct dlb_audit_head *head)
{
	head->number = dlb_read_u64(r);
	dlb_read_bytes(r, head->hash, DLB_HASH_LEN);
}

/* Its name, where it has one; false where that is not what was committed to. */
static bool
read_name(struct dlb_reader *r, struct dlb_audit_record *record)
{
	uint8_t told = dlb_read_u8(r), hash[DLB_HASH_LEN];
	uint8_t salt[DLB_AUDIT_SALT_LEN];
	size_t len;

	if (told == 0)
		return !r->failed;
	dlb_read_bytes(r, salt, sizeof(salt));
	len = dlb_read_u8(r);
	dlb_read_bytes(r, record->name, len);
	record->name[len] = '\0';
	if (told > 1 || r->failed || strlen(record->name) != len)
		return false;
	dlb_audit_commit_name(hash, salt, record->name);
	record->named = true;
	return memcmp(hash, record->commitment, sizeof(hash)) == 0;
}

/* false where it does not follow what is before it. */
static bool
read_record(struct dlb_reader *r, struct dlb_audit_record *out,
	const struct dlb_audit_head *before)
{
	size_t len = dlb_read_u16(r);
	const uint8_t *bytes = dlb_read_view(r, len);
	uint8_t hash[DLB_HASH_LEN];

	if (!bytes || dlb_audit_decode(out, bytes, len) != DLB_OK)
		return false;
	dlb_audit_chain(hash, before->hash, bytes, len);
	dlb_read_bytes(r, out->hash, DLB_HASH_LEN);
	return read_name(r, out) && out->number == before->number + 1
		&& memcmp(hash, out->hash, sizeof(hash)) == 0;
}

static void
look_for_known(struct dlb_audit_check *check)
{
	check->known_found = check->known_found
		|| (check->known && check->known->number == check->last.number
			&& memcmp(check->known->hash, check->last.hash,
				   DLB_HASH_LEN)
				== 0);
}

static enum dlb_status
check_end(const struct dlb_audit_check *check,
	const struct dlb_audit_head *head, struct dlb_error *err)
{
	if (head->number > check->last.number)
		return dlb_fail(err, DLB_CORRUPT,
			"the log is cut short: it ends after record %llu, and "
			"%llu were there",
			(unsigned long long)check->last.number,
			(unsigned long long)head->number);
	if (head->number < check->last.number
		|| memcmp(head->hash, check->last.hash, DLB_HASH_LEN) != 0)
		return dlb_fail(err, DLB_CORRUPT,
			"the log does not end as it says: its head was changed, "
			"or records were put behind it");
	return DLB_OK;
}

enum dlb_status
dlb_audit_check(struct dlb_audit_check *out, const uint8_t *data, size_t len,
	bool (*fn)(void *ctx, const struct dlb_audit_record *record), void *ctx,
	struct dlb_error *err)
{
	struct dlb_audit_record record;
	struct dlb_audit_head head;
	struct dlb_reader r;
	const uint8_t *start;
	uint8_t version;

	dlb_reader_init(&r, data, len);
	start = dlb_read_view(&r, sizeof(magic));
	version = dlb_read_u8(&r);
	if (r.failed || memcmp(start, magic, sizeof(magic)) != 0)
		return dlb_fail(err, DLB_MALFORMED,
			"this is no log: `dlb audit export` writes one");
	if (version != VERSION)
		return dlb_fail(err, DLB_UNSUPPORTED,
			"the log is of version %u, which this program does not "
			"know: a newer version may",
			version);
	get_head(&r, &out->base);
	get_head(&r, &head);
	if (r.failed || out->base.number >= UINT64_MAX - len)
		return dlb_fail(err, DLB_CORRUPT,
			"the log is cut short or damaged at its start");
	out->last = out->base;
	out->records = 0;
	out->known_found = false;
	look_for_known(out);
	while (dlb_reader_left(&r) > 0) {
		if (!read_record(&r, &record, &out->last))
			return dlb_fail(err, DLB_CORRUPT,
				"record %llu is not as it was written: it, or "
				"what is before it, was changed, or something "
				"is missing there",
				(unsigned long long)out->last.number + 1);
		out->last.number = record.number;
		memcpy(out->last.hash, record.hash, DLB_HASH_LEN);
		out->records++;
		look_for_known(out);
		if (fn && !fn(ctx, &record))
			return DLB_OK;
	}
	return check_end(out, &head, err);
}
