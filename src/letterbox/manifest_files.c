/*
 * The entries of a manifest's list of files: which may stand in one, and their
 * bytes. docs/letterbox.md.
 *
 * Files are sorted (dlb_manifest_order) and each directory is listed before what
 * it holds. So the entry before is all one needs to see doubles, missing parents
 * and files below files: checking a list takes no memory and one pass.
 */
#include "manifest_internal.h"

#include <string.h>

#define PART_MAX 255
#define MTIME_MAX ((1LL << 40) - 1)
#define NS_MAX 999999999u

/* A path is compared as if '/' came before every other byte. */
static int
order_of(char c)
{
	return c == '/' ? 0 : (unsigned char)c;
}

int
dlb_manifest_order(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t n = a_len < b_len ? a_len : b_len, i = 0;

	while (i < n && a[i] == b[i])
		i++;
	if (i < n)
		return order_of(a[i]) - order_of(b[i]);
	return (a_len > b_len) - (a_len < b_len);
}

static bool
part_is(const char *part, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(part, text, len) == 0;
}

/* What is wrong with a path, NULL where nothing is. */
static const char *
path_fault(const char *path, size_t len)
{
	const char *p = path, *end = path + len;
	size_t depth = 0;

	if (len == 0)
		return "the name is empty";
	if (len > DLB_MANIFEST_PATH_MAX)
		return "the path is too long";
	if (memchr(path, '\0', len))
		return "the name has a zero byte";
	for (;;) {
		const char *slash = memchr(p, '/', (size_t)(end - p));
		size_t n = (size_t)((slash ? slash : end) - p);

		if (n == 0)
			return "the path is absolute or has an empty part";
		if (n > PART_MAX)
			return "a part of the path is too long";
		if (part_is(p, n, ".") || part_is(p, n, ".."))
			return "the path has a part that is '.' or '..'";
		if (++depth > DLB_MANIFEST_DEPTH_MAX)
			return "it lies too deep";
		if (!slash)
			return NULL;
		p = slash + 1;
	}
}

/* '..' only before all names: where a name of the target is itself a link, what
 * follows then only leads further down from where that one may lead. */
static const char *
target_fault(const struct dlb_manifest_file *f)
{
	const char *p = f->target, *end = p + f->target_len;
	size_t depth = 0;
	bool named = false;

	if (f->target_len == 0 || f->target_len > DLB_MANIFEST_PATH_MAX)
		return "the link's target is empty or too long";
	if (memchr(p, '\0', f->target_len))
		return "the link's target has a zero byte";
	if (*p == '/')
		return "the link's target is absolute";
	for (size_t i = 0; i < f->path_len; i++)
		depth += f->path[i] == '/';
	while (p < end) {
		const char *slash = memchr(p, '/', (size_t)(end - p));
		size_t n = (size_t)((slash ? slash : end) - p);

		if (part_is(p, n, "..")) {
			if (named)
				return "the link's target has '..' after a "
				       "name";
			if (depth-- == 0)
				return "the link leads out of the letter";
		} else if (n > 0 && !part_is(p, n, ".")) {
			named = true;
		}
		p = slash ? slash + 1 : end;
	}
	return NULL;
}

/* prev NULL: the first of the list. */
static const char *
place_fault(
	const struct dlb_manifest_file *f, const struct dlb_manifest_file *prev)
{
	const char *slash = memrchr(f->path, '/', f->path_len);
	size_t parent = slash ? (size_t)(slash - f->path) : 0;

	if (prev
		&& dlb_manifest_order(
			   prev->path, prev->path_len, f->path, f->path_len)
			>= 0)
		return "it comes twice, or not in order";
	if (!slash)
		return NULL;
	/* The parent is the entry before, or that one lies in it too. */
	if (!prev || prev->path_len < parent
		|| memcmp(prev->path, f->path, parent) != 0)
		return "its directory is not listed before it";
	if (prev->path_len == parent ? prev->type != DLB_FILE_DIR
				     : prev->path[parent] != '/')
		return "it lies in what is no directory";
	return NULL;
}

const char *
dlb_manifest_fault(
	const struct dlb_manifest_file *f, const struct dlb_manifest_file *prev)
{
	const char *fault = path_fault(f->path, f->path_len);

	if (!fault && f->type == DLB_FILE_LINK)
		fault = target_fault(f);
	else if (!fault && f->target_len > 0)
		fault = "it is no link but has a target";
	if (!fault && f->type != DLB_FILE_REGULAR && f->size > 0)
		fault = "it is no file but has a size";
	if (!fault && f->size > DLB_FILES_LEN_MAX)
		fault = "it is too large";
	if (!fault && (f->mode > 0777 || (f->type == DLB_FILE_LINK && f->mode)))
		fault = "its mode is not one of permissions";
	if (!fault
		&& (f->mtime_s < 0 || f->mtime_s > MTIME_MAX
			|| f->mtime_ns > NS_MAX))
		fault = "its time is out of range";
	return fault ? fault : place_fault(f, prev);
}

void
dlb_manifest_read_entry(struct dlb_reader *r, struct dlb_manifest_file *f)
{
	memset(f, 0, sizeof(*f));
	f->type = dlb_read_u8(r);
	f->mode = dlb_read_u16(r);
	f->mtime_s = (int64_t)dlb_read_u64(r);
	f->mtime_ns = dlb_read_u32(r);
	f->size = dlb_read_u64(r);
	f->path_len = dlb_read_u16(r);
	f->path = (const char *)dlb_read_view(r, f->path_len);
	f->target_len = dlb_read_u16(r);
	f->target = (const char *)dlb_read_view(r, f->target_len);
}

void
dlb_manifest_clamp(struct dlb_manifest_file *f)
{
	if (f->mtime_s < 0 || f->mtime_s > MTIME_MAX || f->mtime_ns > NS_MAX)
		f->mtime_ns = 0;
	if (f->mtime_s < 0)
		f->mtime_s = 0;
	if (f->mtime_s > MTIME_MAX)
		f->mtime_s = MTIME_MAX;
	f->mode = f->type == DLB_FILE_LINK ? 0 : f->mode & 0777;
}

enum dlb_status
dlb_manifest_append_entry(
	struct dlb_buf *out, const struct dlb_manifest_file *f)
{
	uint8_t entry[DLB_ENTRY_LEN_MAX];
	struct dlb_writer w;

	dlb_writer_init(&w, entry, sizeof(entry));
	dlb_write_u8(&w, f->type);
	dlb_write_u16(&w, f->mode);
	dlb_write_u64(&w, (uint64_t)f->mtime_s);
	dlb_write_u32(&w, f->mtime_ns);
	dlb_write_u64(&w, f->size);
	dlb_write_u16(&w, f->path_len);
	dlb_write_bytes(&w, f->path, f->path_len);
	dlb_write_u16(&w, f->target_len);
	dlb_write_bytes(&w, f->target, f->target_len);
	return dlb_buf_append(out, entry, w.len);
}
