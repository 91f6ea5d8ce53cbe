/*
 * Headers of a pax archive (POSIX.1-2017, pax, "pax Interchange Format").
 *
 * Written here and not by libarchive: names are whatever bytes a stranger chose, and
 * that library (3.6.2) takes names by way of the locale, and crashes on UTF-8 names in
 * the C locale.
 *
 * Invariant: what the old header can not say whole goes before it in an extended one:
 * a long or non-ASCII path or target, a time with nanoseconds, a size of 8 GiB. Bytes
 * that are no UTF-8 stay in the old header where they fit, as no reader converts them
 * there; else the extended one declares them as such.
 */
#include "unpack_internal.h"

#include <stdio.h>
#include <string.h>

#define FIELD_MAX 100
#define OCTAL_11_MAX 077777777777ULL

static void
put_octal(char *at, size_t digits, uint64_t v)
{
	at[digits] = '\0';
	while (digits-- > 0) {
		at[digits] = (char)('0' + (v & 7));
		v >>= 3;
	}
}

static void
put_bytes(char *at, size_t room, const char *s, size_t len)
{
	memcpy(at, s, len < room ? len : room);
}

struct header {
	char type;
	uint32_t mode;
	uint64_t size, mtime;
	const char *path, *target;
	size_t path_len, target_len;
};

static enum dlb_status
put_header(struct dlb_buf *out, const struct header *h)
{
	char block[DLB_PAX_BLOCK] = {0};
	uint64_t sum = 0;

	put_bytes(block, FIELD_MAX, h->path, h->path_len);
	put_octal(block + 100, 7, h->mode);
	put_octal(block + 108, 7, 0);
	put_octal(block + 116, 7, 0);
	put_octal(block + 124, 11, h->size <= OCTAL_11_MAX ? h->size : 0);
	put_octal(block + 136, 11,
		h->mtime <= OCTAL_11_MAX ? h->mtime : OCTAL_11_MAX);
	memset(block + 148, ' ', 8);
	block[156] = h->type;
	if (h->target_len > 0)
		put_bytes(block + 157, FIELD_MAX, h->target, h->target_len);
	put_bytes(block + 257, 6, "ustar", 5);
	put_bytes(block + 263, 2, "00", 2);
	for (size_t i = 0; i < sizeof(block); i++)
		sum += (uint8_t)block[i];
	put_octal(block + 148, 6, sum);
	return dlb_buf_append(out, block, sizeof(block));
}

/* "<length of all of it> <key>=<value>\n" */
static bool
put_record(struct dlb_buf *out, const char *key, const void *value, size_t len)
{
	char head[64];
	size_t rest = strlen(key) + len + 3, total = rest + 1, n;

	/* Its own digits count. */
	for (;;) {
		n = (size_t)snprintf(head, sizeof(head), "%zu", total);
		if (rest + n == total)
			break;
		total = rest + n;
	}
	n = (size_t)snprintf(head, sizeof(head), "%zu %s=", total, key);
	return dlb_buf_append(out, head, n) == DLB_OK
		&& dlb_buf_append(out, value, len) == DLB_OK
		&& dlb_buf_append(out, "\n", 1) == DLB_OK;
}

static bool
is_ascii(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] >= 0x80)
			return false;
	return true;
}

static bool
needs_record(const char *s, size_t len)
{
	return len > FIELD_MAX || (!is_ascii(s, len) && dlb_utf8_valid(s, len));
}

static bool
put_records(struct dlb_buf *out, const struct header *h, uint32_t mtime_ns)
{
	bool path = needs_record(h->path, h->path_len);
	bool target =
		h->target_len > 0 && needs_record(h->target, h->target_len);
	bool text = (!path || dlb_utf8_valid(h->path, h->path_len))
		&& (!target || dlb_utf8_valid(h->target, h->target_len));
	char number[48];
	bool ok = true;
	int n;

	if (!text)
		ok = put_record(out, "hdrcharset", "BINARY", 6);
	if (ok && path)
		ok = put_record(out, "path", h->path, h->path_len);
	if (ok && target)
		ok = put_record(out, "linkpath", h->target, h->target_len);
	if (ok && h->size > OCTAL_11_MAX) {
		n = snprintf(number, sizeof(number), "%llu",
			(unsigned long long)h->size);
		ok = put_record(out, "size", number, (size_t)n);
	}
	if (ok && (mtime_ns > 0 || h->mtime > OCTAL_11_MAX)) {
		n = snprintf(number, sizeof(number), "%llu.%09u",
			(unsigned long long)h->mtime, mtime_ns);
		ok = put_record(out, "mtime", number, (size_t)n);
	}
	return ok;
}

enum dlb_status
dlb_pax_pad(struct dlb_buf *out, uint64_t len)
{
	static const uint8_t zeros[DLB_PAX_BLOCK];

	return dlb_buf_append(out, zeros, -len % DLB_PAX_BLOCK);
}

enum dlb_status
dlb_pax_header(struct dlb_buf *out, const struct dlb_manifest_file *f)
{
	char path[DLB_MANIFEST_PATH_MAX + 1];
	struct header h = {
		.type = f->type == DLB_FILE_DIR    ? '5'
			: f->type == DLB_FILE_LINK ? '2'
						   : '0',
		.mode = f->type == DLB_FILE_LINK ? 0777 : f->mode & 0777,
		.size = f->size,
		.mtime = (uint64_t)f->mtime_s,
		.path = path,
		.path_len = f->path_len,
		.target = f->target,
		.target_len = f->target_len,
	};
	struct header extended = {
		.type = 'x',
		.mode = 0644,
		.path = "PaxHeaders/entry",
		.path_len = strlen("PaxHeaders/entry"),
	};
	struct dlb_buf records = {0};
	enum dlb_status s = DLB_NO_MEMORY;

	memcpy(path, f->path, f->path_len);
	if (f->type == DLB_FILE_DIR)
		path[h.path_len++] = '/';
	if (!put_records(&records, &h, f->mtime_ns))
		goto out;
	extended.size = records.len;
	if (records.len > 0
		&& (put_header(out, &extended) != DLB_OK
			|| dlb_buf_append(out, records.data, records.len)
				!= DLB_OK
			|| dlb_pax_pad(out, records.len) != DLB_OK))
		goto out;
	s = put_header(out, &h);
out:
	dlb_buf_free(&records);
	return s;
}

enum dlb_status
dlb_pax_end(struct dlb_buf *out)
{
	static const uint8_t zeros[2 * DLB_PAX_BLOCK];

	return dlb_buf_append(out, zeros, sizeof(zeros));
}
