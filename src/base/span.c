/*
 * Several files as one, for media whose files have a greatest length (FAT).
 *
 * Invariants: there is at least one part; every part but the last is exactly
 * span_len long, the last at most that. A crash at any moment of growing or
 * cutting leaves such a set, as parts are added only when the one before is
 * full, and removed from the end. One at any moment of creating leaves none: the
 * first part has its name only when all are there.
 */
#include "file.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct span_file {
	struct dlb_file base;
	struct dlb_fs *fs;
	uint64_t span_len;
	size_t n;
	bool pending; /* the first is called path.new yet */
	struct dlb_file *parts[DLB_SPANS_MAX];
	char path[];
};

static struct span_file *
span_of(struct dlb_file *f)
{
	return (struct span_file *)f;
}

static enum dlb_status
part_path(char out[static PATH_MAX], const char *path, size_t i,
	struct dlb_error *err)
{
	int n = i == 0 ? snprintf(out, PATH_MAX, "%s", path)
		       : snprintf(out, PATH_MAX, "%s.%zu", path, i);

	if (n < 0 || n >= PATH_MAX)
		return dlb_fail(err, DLB_LIMIT, "too long a path: %s", path);
	return DLB_OK;
}

static enum dlb_status
new_path(char out[static PATH_MAX], const char *path, struct dlb_error *err)
{
	int n = snprintf(out, PATH_MAX, "%s.new", path);

	if (n < 0 || n >= PATH_MAX)
		return dlb_fail(err, DLB_LIMIT, "too long a path: %s", path);
	return DLB_OK;
}

static enum dlb_status
own_part_path(char out[static PATH_MAX], const struct span_file *sf, size_t i,
	struct dlb_error *err)
{
	return i == 0 && sf->pending ? new_path(out, sf->path, err)
				     : part_path(out, sf->path, i, err);
}

/* One stretch of a range: within which part, where there, and how long. */
struct stretch {
	struct dlb_file *part;
	uint64_t offset;
	size_t len;
};

static struct stretch
stretch_at(const struct span_file *sf, uint64_t offset, size_t len)
{
	uint64_t i = offset / sf->span_len, room;
	struct stretch st = {NULL, offset % sf->span_len, len};

	if (i < sf->n)
		st.part = sf->parts[i];
	room = sf->span_len - st.offset;
	if (st.len > room)
		st.len = (size_t)room;
	return st;
}

static enum dlb_status
span_read_at(struct dlb_file *f, void *out, size_t len, uint64_t offset,
	struct dlb_error *err)
{
	struct span_file *sf = span_of(f);
	uint8_t *p = out;

	while (len > 0) {
		struct stretch st = stretch_at(sf, offset, len);
		enum dlb_status s;

		if (!st.part)
			return dlb_fail(err, DLB_CORRUPT,
				"%s ends too early: a part is missing",
				sf->path);
		s = st.part->ops->read_at(st.part, p, st.len, st.offset, err);
		if (s != DLB_OK)
			return s;
		p += st.len;
		len -= st.len;
		offset += st.len;
	}
	return DLB_OK;
}

static enum dlb_status
span_write_at(struct dlb_file *f, const void *data, size_t len, uint64_t offset,
	struct dlb_error *err)
{
	struct span_file *sf = span_of(f);
	const uint8_t *p = data;

	while (len > 0) {
		struct stretch st = stretch_at(sf, offset, len);
		enum dlb_status s;

		/* Only resize adds parts. */
		if (!st.part)
			return dlb_fail(err, DLB_LIMIT,
				"a write past the end of %s", sf->path);
		s = st.part->ops->write_at(st.part, p, st.len, st.offset, err);
		if (s != DLB_OK)
			return s;
		p += st.len;
		len -= st.len;
		offset += st.len;
	}
	return DLB_OK;
}

static enum dlb_status
span_sync(struct dlb_file *f, struct dlb_error *err)
{
	struct span_file *sf = span_of(f);

	for (size_t i = 0; i < sf->n; i++) {
		enum dlb_status s = sf->parts[i]->ops->sync(sf->parts[i], err);

		if (s != DLB_OK)
			return s;
	}
	return DLB_OK;
}

static enum dlb_status
span_size(struct dlb_file *f, uint64_t *out, struct dlb_error *err)
{
	struct span_file *sf = span_of(f);
	struct dlb_file *last = sf->parts[sf->n - 1];
	uint64_t size = 0;
	enum dlb_status s = last->ops->size(last, &size, err);

	if (s == DLB_OK)
		*out = (sf->n - 1) * sf->span_len + size;
	return s;
}

/* As many parts as len bytes take. */
static enum dlb_status
parts_for(size_t *out, const char *path, uint64_t len, uint64_t span_len,
	struct dlb_error *err)
{
	uint64_t n = len == 0 ? 1 : (len - 1) / span_len + 1;

	if (n > DLB_SPANS_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"%s would take more than %d files", path,
			DLB_SPANS_MAX);
	*out = (size_t)n;
	return DLB_OK;
}

static enum dlb_status
drop_last(struct span_file *sf, struct dlb_error *err)
{
	char path[PATH_MAX];
	enum dlb_status s = own_part_path(path, sf, sf->n - 1, err);

	if (s == DLB_OK)
		s = sf->fs->ops->remove(sf->fs, path, err);
	if (s == DLB_OK) {
		sf->n--;
		sf->parts[sf->n]->ops->close(sf->parts[sf->n]);
	}
	return s;
}

static enum dlb_status
add_part(struct span_file *sf, uint64_t len, struct dlb_error *err)
{
	struct dlb_file *part = NULL;
	char path[PATH_MAX];
	enum dlb_status s = own_part_path(path, sf, sf->n, err);

	if (s != DLB_OK)
		return s;
	/* Only the first is locked: it stands for all. */
	s = sf->fs->ops->open(
		sf->fs, &part, path, DLB_OPEN_CREATE, sf->n == 0, err);
	if (s != DLB_OK)
		return s;
	sf->parts[sf->n++] = part;
	return part->ops->resize(part, len, err);
}

static enum dlb_status
sync_dir_of(struct span_file *sf, struct dlb_error *err)
{
	char dir[PATH_MAX];

	if (dlb_path_dir(dir, sizeof(dir), sf->path) != DLB_OK)
		return dlb_fail(
			err, DLB_LIMIT, "too long a path: %s", sf->path);
	return sf->fs->ops->sync_dir(sf->fs, dir, err);
}

static enum dlb_status
span_resize(struct dlb_file *f, uint64_t len, struct dlb_error *err)
{
	struct span_file *sf = span_of(f);
	size_t want = 1, before = sf->n;
	uint64_t last_len;
	enum dlb_status s = parts_for(&want, sf->path, len, sf->span_len, err);

	if (s != DLB_OK)
		return s;
	last_len = len - (want - 1) * sf->span_len;
	while (s == DLB_OK && sf->n > want)
		s = drop_last(sf, err);
	if (s == DLB_OK) {
		struct dlb_file *last = sf->parts[sf->n - 1];

		s = last->ops->resize(
			last, sf->n == want ? last_len : sf->span_len, err);
	}
	while (s == DLB_OK && sf->n < want)
		s = add_part(
			sf, sf->n + 1 == want ? last_len : sf->span_len, err);
	if (s == DLB_OK && sf->n != before)
		s = sync_dir_of(sf, err);
	return s;
}

static void
span_hint(struct dlb_file *f, uint64_t offset, uint64_t len, bool flush)
{
	struct span_file *sf = span_of(f);

	while (len > 0) {
		size_t ask = len > SIZE_MAX ? SIZE_MAX : (size_t)len;
		struct stretch st = stretch_at(sf, offset, ask);
		void (*hint)(struct dlb_file *, uint64_t, uint64_t);

		if (!st.part)
			return;
		hint = flush ? st.part->ops->hint_flush
			     : st.part->ops->hint_read;
		if (hint)
			hint(st.part, st.offset, st.len);
		offset += st.len;
		len -= st.len;
	}
}

static void
span_hint_flush(struct dlb_file *f, uint64_t offset, uint64_t len)
{
	span_hint(f, offset, len, true);
}

static void
span_hint_read(struct dlb_file *f, uint64_t offset, uint64_t len)
{
	span_hint(f, offset, len, false);
}

static void
span_close(struct dlb_file *f)
{
	struct span_file *sf = span_of(f);

	if (!f)
		return;
	/* The first, which holds the lock, last. */
	while (sf->n > 0) {
		sf->n--;
		sf->parts[sf->n]->ops->close(sf->parts[sf->n]);
	}
	free(sf);
}

static const struct dlb_file_ops span_ops = {
	.read_at = span_read_at,
	.write_at = span_write_at,
	.sync = span_sync,
	.size = span_size,
	.resize = span_resize,
	.hint_flush = span_hint_flush,
	.hint_read = span_hint_read,
	.close = span_close,
};

static enum dlb_status
span_new(struct span_file **out, struct dlb_fs *fs, const char *path,
	uint64_t span_len, struct dlb_error *err)
{
	size_t path_len = strlen(path) + 1;
	struct span_file *sf = calloc(1, sizeof(*sf) + path_len);

	assert(span_len > 0);
	*out = sf;
	if (!sf)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	sf->base.ops = &span_ops;
	sf->fs = fs;
	sf->span_len = span_len;
	memcpy(sf->path, path, path_len);
	return DLB_OK;
}

/* Whether the parts fit together. */
static enum dlb_status
check_parts(struct span_file *sf, struct dlb_error *err)
{
	for (size_t i = 0; i < sf->n; i++) {
		bool last = i + 1 == sf->n;
		uint64_t size = 0;
		enum dlb_status s =
			sf->parts[i]->ops->size(sf->parts[i], &size, err);

		if (s != DLB_OK)
			return s;
		if (size > sf->span_len || (!last && size < sf->span_len))
			return dlb_fail(err, DLB_MALFORMED,
				"%s: its part %zu of %zu has %llu bytes where "
				"%llu belong; a part is cut off or not its own",
				sf->path, i + 1, sf->n,
				(unsigned long long)size,
				(unsigned long long)sf->span_len);
	}
	return DLB_OK;
}

enum dlb_status
dlb_span_open(struct dlb_file **out, struct dlb_fs *fs, const char *path,
	bool writable, uint64_t span_len, struct dlb_error *err)
{
	enum dlb_open_mode mode = writable ? DLB_OPEN_WRITE : DLB_OPEN_READ;
	struct span_file *sf;
	char name[PATH_MAX];
	enum dlb_status s;

	*out = NULL;
	s = span_new(&sf, fs, path, span_len, err);
	while (s == DLB_OK) {
		struct dlb_file *part = NULL;

		s = part_path(name, path, sf->n, err);
		/* Asked first, as not to be there is no error here. */
		if (s == DLB_OK && sf->n > 0)
			s = fs->ops->stat(fs, name, NULL, NULL, err);
		if (s == DLB_NOT_FOUND)
			break;
		if (s == DLB_OK && sf->n == DLB_SPANS_MAX)
			s = dlb_fail(err, DLB_LIMIT,
				"%s has more than %d parts", path,
				DLB_SPANS_MAX);
		if (s == DLB_OK)
			s = fs->ops->open(fs, &part, name, mode,
				writable && sf->n == 0, err);
		if (s == DLB_OK)
			sf->parts[sf->n++] = part;
		else
			goto out;
	}
	if (sf)
		s = check_parts(sf, err);
out:
	if (s != DLB_OK) {
		span_close(sf ? &sf->base : NULL);
		return s;
	}
	*out = &sf->base;
	return DLB_OK;
}

/* ---- creating -------------------------------------------------------------------- */

/* Neither the first part, nor one that would be taken for the last of the set. */
static enum dlb_status
check_none_at(
	struct dlb_fs *fs, const char *path, size_t n, struct dlb_error *err)
{
	char name[PATH_MAX];
	enum dlb_status s = part_path(name, path, n, err);

	if (s == DLB_OK)
		s = fs->ops->stat(fs, name, NULL, NULL, err);
	if (s == DLB_NOT_FOUND)
		return DLB_OK;
	if (s == DLB_OK)
		s = dlb_fail(err, DLB_EXISTS,
			"%s is there already: remove it or take another name",
			name);
	return s;
}

/* All parts but the first, from the end: what is left after a crash is found by
 * those before it. */
static enum dlb_status
remove_later_parts(struct dlb_fs *fs, const char *path, struct dlb_error *err)
{
	char name[PATH_MAX];
	enum dlb_status s = DLB_OK;
	size_t n = 1;

	while (s == DLB_OK && n < DLB_SPANS_MAX) {
		s = part_path(name, path, n, err);
		if (s == DLB_OK)
			s = fs->ops->stat(fs, name, NULL, NULL, err);
		n += s == DLB_OK;
	}
	if (s == DLB_NOT_FOUND)
		s = DLB_OK;
	while (s == DLB_OK && n > 1) {
		s = part_path(name, path, --n, err);
		if (s == DLB_OK)
			s = fs->ops->remove(fs, name, err);
	}
	return s;
}

/* What a crash left of an earlier try, unless it is one that goes on. */
enum dlb_status
dlb_span_clean(struct dlb_fs *fs, const char *path, struct dlb_error *err)
{
	struct dlb_file *first = NULL;
	char name[PATH_MAX];
	enum dlb_status s = new_path(name, path, err);

	if (s == DLB_OK)
		s = fs->ops->open(fs, &first, name, DLB_OPEN_WRITE, true, err);
	if (s == DLB_NOT_FOUND) {
		dlb_error_clear(err);
		return DLB_OK;
	}
	if (s == DLB_BUSY)
		return dlb_fail(err, DLB_BUSY,
			"%s is being made by another process", path);
	if (s != DLB_OK)
		return s;
	s = remove_later_parts(fs, path, err);
	if (s == DLB_OK)
		s = fs->ops->remove(fs, name, err);
	first->ops->close(first);
	return s;
}

static enum dlb_status
add_parts(struct span_file *sf, size_t n, uint64_t total_len,
	struct dlb_error *err)
{
	enum dlb_status s = DLB_OK;

	while (s == DLB_OK && sf->n < n)
		s = add_part(sf,
			sf->n + 1 == n ? total_len - (n - 1) * sf->span_len
				       : sf->span_len,
			err);
	if (s == DLB_OK)
		s = span_sync(&sf->base, err);
	if (s == DLB_OK)
		s = sync_dir_of(sf, err);
	return s;
}

enum dlb_status
dlb_span_begin(struct dlb_file **out, struct dlb_fs *fs, const char *path,
	uint64_t total_len, uint64_t span_len, struct dlb_error *err)
{
	struct span_file *sf = NULL;
	size_t n = 0;
	enum dlb_status s;

	*out = NULL;
	s = parts_for(&n, path, total_len, span_len, err);
	if (s == DLB_OK)
		s = check_none_at(fs, path, 0, err);
	if (s == DLB_OK)
		s = dlb_span_clean(fs, path, err);
	if (s == DLB_OK)
		s = check_none_at(fs, path, n, err);
	if (s == DLB_OK)
		s = span_new(&sf, fs, path, span_len, err);
	if (s == DLB_OK) {
		sf->pending = true;
		s = add_parts(sf, n, total_len, err);
	}
	if (s != DLB_OK) {
		if (sf && dlb_span_abandon(&sf->base, NULL) != DLB_OK) {
			/* What is left is called path.new. */
		}
		return s;
	}
	dlb_error_clear(err);
	*out = &sf->base;
	return DLB_OK;
}

enum dlb_status
dlb_span_settle(struct dlb_file *f, struct dlb_error *err)
{
	struct span_file *sf = span_of(f);
	char name[PATH_MAX];
	enum dlb_status s = new_path(name, sf->path, err);

	/* A file that came there meanwhile is not to be replaced. */
	if (s == DLB_OK)
		s = check_none_at(sf->fs, sf->path, 0, err);
	if (s == DLB_OK)
		s = sf->fs->ops->rename(sf->fs, name, sf->path, err);
	/* Where only the syncing failed it has the new name. */
	if (s == DLB_OK
		|| sf->fs->ops->stat(sf->fs, name, NULL, NULL, NULL)
			== DLB_NOT_FOUND)
		sf->pending = false;
	return s;
}

enum dlb_status
dlb_span_abandon(struct dlb_file *f, struct dlb_error *err)
{
	struct span_file *sf = span_of(f);
	enum dlb_status s = DLB_OK;

	while (sf->n > 0 && s == DLB_OK)
		s = drop_last(sf, err);
	if (s == DLB_OK)
		s = sync_dir_of(sf, err);
	span_close(f);
	return s;
}

enum dlb_status
dlb_span_create(struct dlb_file **out, struct dlb_fs *fs, const char *path,
	uint64_t total_len, uint64_t span_len, struct dlb_error *err)
{
	enum dlb_status s =
		dlb_span_begin(out, fs, path, total_len, span_len, err);

	if (s == DLB_OK)
		s = dlb_span_settle(*out, err);
	if (s == DLB_OK || !*out)
		return s;
	if (dlb_span_abandon(*out, NULL) != DLB_OK) {
		/* As in begin. */
	}
	*out = NULL;
	return s;
}

/* ---- removing -------------------------------------------------------------------- */

enum dlb_status
dlb_span_remove(struct dlb_fs *fs, const char *path, struct dlb_error *err)
{
	char dir[PATH_MAX];
	enum dlb_status s = part_path(dir, path, 0, err);

	if (s == DLB_OK)
		s = fs->ops->stat(fs, path, NULL, NULL, err);
	if (s == DLB_NOT_FOUND)
		return dlb_fail(err, s, "there is no %s", path);
	if (s == DLB_OK)
		s = remove_later_parts(fs, path, err);
	if (s == DLB_OK)
		s = fs->ops->remove(fs, path, err);
	if (s == DLB_OK && dlb_path_dir(dir, sizeof(dir), path) == DLB_OK)
		s = fs->ops->sync_dir(fs, dir, err);
	return s;
}
