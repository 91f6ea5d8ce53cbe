#include "memory_fs.h"

#include <stdlib.h>
#include <string.h>

#define FILES_MAX 16
#define SECTOR_LEN 4096

struct handle {
	struct dlb_file file;
	struct memory_file *m;
};

static struct memory_file files[FILES_MAX];

struct memory_file *
memory_find(const char *path)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (files[i].path[0] && strcmp(files[i].path, path) == 0)
			return &files[i];
	return NULL;
}

static struct memory_file *
make(const char *path)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		if (files[i].path[0] || strlen(path) >= sizeof(files[i].path))
			continue;
		memcpy(files[i].path, path, strlen(path) + 1);
		files[i].len = 0;
		memset(files[i].spoilt, 0, sizeof(files[i].spoilt));
		return &files[i];
	}
	abort();
}

void
memory_resize(struct memory_file *m, size_t len)
{
	if (len > m->cap) {
		m->data = realloc(m->data, len);
		if (!m->data)
			abort();
		m->cap = len;
	}
	if (len > m->len)
		memset(m->data + m->len, 0, len - m->len);
	m->len = len;
}

struct memory_file *
memory_put(const char *path, const void *data, size_t len)
{
	struct memory_file *m = memory_find(path);

	if (!m)
		m = make(path);
	memory_resize(m, len);
	memset(m->spoilt, 0, sizeof(m->spoilt));
	if (len)
		memcpy(m->data, data, len);
	return m;
}

void
memory_remove(const char *path)
{
	struct memory_file *m = memory_find(path);

	if (m)
		m->path[0] = '\0';
}

void
memory_spoil(struct memory_file *m, size_t offset)
{
	memmove(m->spoilt + 1, m->spoilt,
		sizeof(m->spoilt) - sizeof(m->spoilt[0]));
	m->spoilt[0] = offset + 1;
}

/* ---- an open file -------------------------------------------------------------- */

static struct memory_file *
file_of(struct dlb_file *f)
{
	return ((struct handle *)f)->m;
}

static bool
within(const struct memory_file *m, size_t len, uint64_t offset)
{
	return offset <= m->len && len <= m->len - offset;
}

/* Whether a range has bytes of a spoilt sector, which it heals if so asked. */
static bool
spoilt(struct memory_file *m, size_t len, uint64_t offset, bool heal)
{
	bool found = false;

	for (size_t i = 0; i < DLB_ARRAY_LEN(m->spoilt); i++) {
		size_t at = m->spoilt[i];

		if (at == 0 || at - 1 >= offset + len
			|| at - 1 + SECTOR_LEN <= offset)
			continue;
		found = true;
		if (heal)
			m->spoilt[i] = 0;
	}
	return found;
}

static enum dlb_status
read_at(struct dlb_file *f, void *out, size_t len, uint64_t offset,
	struct dlb_error *err)
{
	struct memory_file *m = file_of(f);

	if (!within(m, len, offset))
		return dlb_fail(err, DLB_CORRUPT, "it ends too early");
	if (spoilt(m, len, offset, false))
		return dlb_fail(err, DLB_IO, "a sector can not be read");
	memcpy(out, m->data + offset, len);
	return DLB_OK;
}

static enum dlb_status
write_at(struct dlb_file *f, const void *data, size_t len, uint64_t offset,
	struct dlb_error *err)
{
	struct memory_file *m = file_of(f);

	(void)err;
	if (!within(m, len, offset))
		memory_resize(m, offset + len);
	(void)spoilt(m, len, offset, true);
	memcpy(m->data + offset, data, len);
	return DLB_OK;
}

static enum dlb_status
sync_file(struct dlb_file *f, struct dlb_error *err)
{
	(void)f;
	(void)err;
	return DLB_OK;
}

static enum dlb_status
size_of(struct dlb_file *f, uint64_t *out, struct dlb_error *err)
{
	(void)err;
	*out = file_of(f)->len;
	return DLB_OK;
}

static enum dlb_status
resize(struct dlb_file *f, uint64_t len, struct dlb_error *err)
{
	(void)err;
	memory_resize(file_of(f), len);
	return DLB_OK;
}

static void
close_file(struct dlb_file *f)
{
	free(f);
}

/* ---- the files ------------------------------------------------------------------ */

static enum dlb_status
open_file(struct dlb_fs *fs, struct dlb_file **out, const char *path,
	enum dlb_open_mode mode, bool lock, struct dlb_error *err)
{
	static const struct dlb_file_ops ops = {
		.read_at = read_at,
		.write_at = write_at,
		.sync = sync_file,
		.size = size_of,
		.resize = resize,
		.close = close_file,
	};
	struct memory_file *m = memory_find(path);
	struct handle *h;

	(void)fs;
	(void)lock;
	if (mode == DLB_OPEN_CREATE && m)
		return dlb_fail(err, DLB_EXISTS, "%s is there", path);
	if (mode == DLB_OPEN_CREATE)
		m = make(path);
	if (!m)
		return dlb_fail(err, DLB_NOT_FOUND, "there is no %s", path);
	h = calloc(1, sizeof(*h));
	if (!h)
		abort();
	h->file.ops = &ops;
	h->m = m;
	*out = &h->file;
	return DLB_OK;
}

static enum dlb_status
remove_file(struct dlb_fs *fs, const char *path, struct dlb_error *err)
{
	(void)fs;
	if (!memory_find(path))
		return dlb_fail(err, DLB_NOT_FOUND, "there is no %s", path);
	memory_remove(path);
	return DLB_OK;
}

static enum dlb_status
rename_file(struct dlb_fs *fs, const char *from, const char *to,
	struct dlb_error *err)
{
	struct memory_file *m = memory_find(from);

	(void)fs;
	if (!m)
		return dlb_fail(err, DLB_NOT_FOUND, "there is no %s", from);
	memory_remove(to);
	memcpy(m->path, to, strlen(to) + 1);
	return DLB_OK;
}

static enum dlb_status
stat_file(struct dlb_fs *fs, const char *path, uint64_t *size, bool *is_dir,
	struct dlb_error *err)
{
	const struct memory_file *m = memory_find(path);

	(void)fs;
	(void)err;
	if (!m)
		return DLB_NOT_FOUND;
	if (size)
		*size = m->len;
	if (is_dir)
		*is_dir = false;
	return DLB_OK;
}

static enum dlb_status
sync_dir(struct dlb_fs *fs, const char *dir, struct dlb_error *err)
{
	(void)fs;
	(void)dir;
	(void)err;
	return DLB_OK;
}

static enum dlb_status
free_space(struct dlb_fs *fs, const char *dir, uint64_t *out,
	struct dlb_error *err)
{
	(void)fs;
	(void)dir;
	(void)err;
	*out = UINT64_MAX;
	return DLB_OK;
}

struct dlb_fs *
memory_fs(void)
{
	static const struct dlb_fs_ops ops = {
		.open = open_file,
		.remove = remove_file,
		.rename = rename_file,
		.stat = stat_file,
		.sync_dir = sync_dir,
		.free_space = free_space,
	};
	static struct dlb_fs fs = {&ops};

	return &fs;
}
