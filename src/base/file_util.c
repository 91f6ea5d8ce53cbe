/*
 * Whole small files at once: read within a limit, and replaced so that after a
 * crash the old or the new one is there, never a part.
 */
#include "file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum dlb_status
dlb_path_dir(char *out, size_t out_cap, const char *path)
{
	const char *end = strrchr(path, '/');
	size_t len;

	if (!end) {
		path = ".";
		len = 1;
	} else {
		/* "/name" is in "/". */
		len = end == path ? 1 : (size_t)(end - path);
	}
	if (len >= out_cap)
		return DLB_LIMIT;
	memcpy(out, path, len);
	out[len] = '\0';
	return DLB_OK;
}

enum dlb_status
dlb_file_load(struct dlb_buf *out, struct dlb_fs *fs, const char *path,
	size_t max, struct dlb_error *err)
{
	struct dlb_file *f = NULL;
	uint64_t size = 0;
	enum dlb_status s;

	dlb_buf_free(out);
	s = fs->ops->open(fs, &f, path, DLB_OPEN_READ, false, err);
	if (s != DLB_OK)
		return s;
	s = f->ops->size(f, &size, err);
	if (s != DLB_OK)
		goto out;
	if (size > max) {
		s = dlb_fail(err, DLB_LIMIT,
			"%s has %llu bytes; at most %zu can be here", path,
			(unsigned long long)size, max);
		goto out;
	}
	/* One byte more, so that an empty file has a buffer too. */
	s = dlb_buf_reserve(out, (size_t)size + 1);
	if (s != DLB_OK) {
		dlb_fail(err, s, "out of memory for %s", path);
		goto out;
	}
	s = f->ops->read_at(f, out->data, (size_t)size, 0, err);
	out->len = (size_t)size;
out:
	f->ops->close(f);
	if (s != DLB_OK)
		dlb_buf_free(out);
	return s;
}

enum dlb_status
dlb_file_replace(struct dlb_fs *fs, const char *path, const void *data,
	size_t len, struct dlb_error *err)
{
	struct dlb_file *f = NULL;
	char new_path[PATH_MAX];
	enum dlb_status s;
	int n = snprintf(new_path, sizeof(new_path), "%s.new", path);

	if (n < 0 || (size_t)n >= sizeof(new_path))
		return dlb_fail(err, DLB_LIMIT, "too long a path: %s", path);
	/* One may be there from a crash. */
	s = fs->ops->remove(fs, new_path, err);
	if (s != DLB_OK && s != DLB_NOT_FOUND)
		return s;
	s = fs->ops->open(fs, &f, new_path, DLB_OPEN_CREATE, false, err);
	if (s != DLB_OK)
		return s;
	s = f->ops->write_at(f, data, len, 0, err);
	if (s == DLB_OK)
		s = f->ops->sync(f, err);
	f->ops->close(f);
	if (s == DLB_OK)
		s = fs->ops->rename(fs, new_path, path, err);
	if (s != DLB_OK)
		(void)fs->ops->remove(fs, new_path, NULL);
	else
		dlb_error_clear(err);
	return s;
}
