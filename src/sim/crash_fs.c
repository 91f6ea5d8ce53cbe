/*
 * See crash_fs.h: the calls of the file system.
 *
 * Invariant: names[0] is what is on the medium, and each later version is one
 * change on; the last is what is seen.
 */
#include "crash_fs_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct crash_file {
	struct dlb_file file;
	struct crash_fs *c;
	struct inode *inode;
	bool writable, locked;
};

/* ---- names ----------------------------------------------------------------------- */

struct names *
crash_names_now(const struct crash_fs *c)
{
	return &c->names[c->names_n - 1];
}

struct name *
crash_name_find(struct names *names, const char *path)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (names->list[i].inode >= 0
			&& strcmp(names->list[i].path, path) == 0)
			return &names->list[i];
	return NULL;
}

/* A new version of the names, to be changed. */
struct names *
crash_names_change(struct crash_fs *c)
{
	c->names = crash_must(
		realloc(c->names, (c->names_n + 1) * sizeof(*c->names)));
	c->names[c->names_n] = c->names[c->names_n - 1];
	c->names_n++;
	return crash_names_now(c);
}

void
crash_name_set(struct names *names, const char *path, int inode)
{
	struct name *n = crash_name_find(names, path);

	for (size_t i = 0; !n && i < FILES_MAX; i++)
		if (names->list[i].inode < 0)
			n = &names->list[i];
	assert(n && strlen(path) < PATH_CAP);
	memcpy(n->path, path, strlen(path) + 1);
	n->inode = inode;
}

/* Inodes that no name leads to and nobody has open. */
void
crash_collect(struct crash_fs *c)
{
	for (int i = 0; i < FILES_MAX; i++) {
		bool named = false;

		for (size_t v = 0; v < c->names_n; v++)
			for (size_t k = 0; k < FILES_MAX; k++)
				named |= c->names[v].list[k].inode == i;
		if (c->inodes[i].used && !named && !c->inodes[i].opened)
			crash_inode_free(&c->inodes[i]);
	}
}

struct inode *
crash_inode_new(struct crash_fs *c, int *number)
{
	for (int i = 0; i < FILES_MAX; i++) {
		if (c->inodes[i].used)
			continue;
		c->inodes[i].used = true;
		*number = i;
		return &c->inodes[i];
	}
	abort();
}

void
crash_names_sync(struct crash_fs *c)
{
	c->names[0] = c->names[c->names_n - 1];
	c->names_n = 1;
	crash_collect(c);
}

/* ---- calls and events ------------------------------------------------------------------- */

/* Called first in every call; what it returns, if not OK, the call returns. */
static enum dlb_status
call(struct crash_fs *c, unsigned kind, bool writes, struct dlb_error *err)
{
	if (c->cut)
		return dlb_fail(err, DLB_IO, "the power is off");
	if ((c->fail_kinds & kind) && c->fail_times > 0) {
		if (c->fail_in > 0) {
			c->fail_in--;
		} else {
			c->fail_times--;
			c->fail_done = true;
			return dlb_fail(err, c->fail_status, "made to fail");
		}
	}
	if (writes && c->read_only)
		return dlb_fail(err, DLB_READ_ONLY, "the medium is read-only");
	return DLB_OK;
}

/* True where the power goes off at this event. */
static bool
event(struct crash_fs *c)
{
	if (c->events++ == c->cut_at)
		c->cut = true;
	return c->cut;
}

static enum dlb_status
power_off(struct dlb_error *err)
{
	return dlb_fail(err, DLB_IO, "the power went off");
}

static struct crash_file *
file_of(struct dlb_file *f)
{
	return (struct crash_file *)f;
}

static enum dlb_status
file_read_at(struct dlb_file *f, void *out, size_t len, uint64_t offset,
	struct dlb_error *err)
{
	struct crash_file *cf = file_of(f);
	struct crash_fs *c = cf->c;
	const struct image *im = &cf->inode->now;
	enum dlb_status s;

	pthread_mutex_lock(&c->lock);
	s = call(c, CRASH_READ, false, err);
	if (s == DLB_OK && (offset > im->len || len > im->len - offset))
		s = dlb_fail(err, DLB_CORRUPT, "it ends too early");
	if (s == DLB_OK && offset < c->bad_offset + c->bad_len
		&& c->bad_offset < offset + len)
		s = dlb_fail(err, DLB_IO, "a bad sector");
	if (s == DLB_OK)
		crash_image_read(im, out, len, offset);
	pthread_mutex_unlock(&c->lock);
	return s;
}

/* How many sectors a write would take that were holes. */
static uint64_t
sectors_taken(const struct image *im, size_t len, uint64_t offset)
{
	uint64_t n = 0;

	if (len == 0)
		return 0;
	for (uint64_t i = offset / SECTOR; i <= (offset + len - 1) / SECTOR;
		i++)
		n += i >= im->n || !im->sectors[i];
	return n;
}

static enum dlb_status
file_write_at(struct dlb_file *f, const void *data, size_t len, uint64_t offset,
	struct dlb_error *err)
{
	struct crash_file *cf = file_of(f);
	struct crash_fs *c = cf->c;
	enum dlb_status s;
	uint64_t taken;

	pthread_mutex_lock(&c->lock);
	s = call(c, CRASH_WRITE, true, err);
	taken = sectors_taken(&cf->inode->now, len, offset);
	if (s == DLB_OK && !cf->writable)
		s = dlb_fail(err, DLB_READ_ONLY, "opened for reading");
	if (s == DLB_OK && taken > c->space)
		s = dlb_fail(err, DLB_NO_SPACE, "the disk is full");
	if (s == DLB_OK) {
		c->space -= taken;
		crash_unsynced_add(cf->inode, data, len, offset);
		if (event(c))
			s = power_off(err);
	}
	pthread_mutex_unlock(&c->lock);
	return s;
}

static enum dlb_status
file_sync(struct dlb_file *f, struct dlb_error *err)
{
	struct crash_file *cf = file_of(f);
	struct crash_fs *c = cf->c;
	enum dlb_status s;

	pthread_mutex_lock(&c->lock);
	s = call(c, CRASH_SYNC, false, err);
	if (s == DLB_OK && event(c))
		s = power_off(err);
	else if (s == DLB_OK) {
		if (c->syncs++ != c->ignore_sync && !c->ignore_all)
			crash_inode_sync(cf->inode);
	}
	pthread_mutex_unlock(&c->lock);
	return s;
}

static enum dlb_status
file_size(struct dlb_file *f, uint64_t *out, struct dlb_error *err)
{
	struct crash_file *cf = file_of(f);
	enum dlb_status s;

	pthread_mutex_lock(&cf->c->lock);
	s = call(cf->c, CRASH_READ, false, err);
	if (s == DLB_OK)
		*out = cf->inode->now.len;
	pthread_mutex_unlock(&cf->c->lock);
	return s;
}

static enum dlb_status
file_resize(struct dlb_file *f, uint64_t len, struct dlb_error *err)
{
	struct crash_file *cf = file_of(f);
	struct crash_fs *c = cf->c;
	enum dlb_status s;

	pthread_mutex_lock(&c->lock);
	s = call(c, CRASH_NAME, true, err);
	if (s == DLB_OK) {
		crash_unsynced_add(cf->inode, NULL, len, 0);
		if (event(c))
			s = power_off(err);
	}
	pthread_mutex_unlock(&c->lock);
	return s;
}

static void
file_close(struct dlb_file *f)
{
	struct crash_file *cf = file_of(f);

	if (!f)
		return;
	pthread_mutex_lock(&cf->c->lock);
	cf->inode->opened--;
	if (cf->locked)
		cf->inode->locked = false;
	crash_collect(cf->c);
	pthread_mutex_unlock(&cf->c->lock);
	free(cf);
}

static const struct dlb_file_ops file_ops = {
	.read_at = file_read_at,
	.write_at = file_write_at,
	.sync = file_sync,
	.size = file_size,
	.resize = file_resize,
	.close = file_close,
};

/* ---- the file system ----------------------------------------------------------------------- */

static struct crash_fs *
fs_of(struct dlb_fs *fs)
{
	return (struct crash_fs *)fs;
}

static enum dlb_status
create_inode(struct crash_fs *c, const char *path, int *number,
	struct dlb_error *err)
{
	if (crash_name_find(crash_names_now(c), path))
		return dlb_fail(err, DLB_EXISTS, "%s is there already", path);
	crash_inode_new(c, number);
	crash_name_set(crash_names_change(c), path, *number);
	return event(c) ? power_off(err) : DLB_OK;
}

static enum dlb_status
open_locked(struct crash_fs *c, struct dlb_file **out, const char *path,
	enum dlb_open_mode mode, bool lock, struct dlb_error *err)
{
	enum dlb_status s = call(c, CRASH_OPEN, mode != DLB_OPEN_READ, err);
	struct crash_file *cf;
	struct name *name;
	int number;

	if (s != DLB_OK)
		return s;
	if (mode == DLB_OPEN_CREATE) {
		s = create_inode(c, path, &number, err);
		if (s != DLB_OK)
			return s;
	} else {
		name = crash_name_find(crash_names_now(c), path);
		if (!name)
			return dlb_fail(err, DLB_NOT_FOUND, "no %s", path);
		number = name->inode;
	}
	if (lock && c->inodes[number].locked)
		return dlb_fail(err, DLB_BUSY, "%s is in use", path);
	cf = crash_must(calloc(1, sizeof(*cf)));
	cf->file.ops = &file_ops;
	cf->c = c;
	cf->inode = &c->inodes[number];
	cf->writable = mode != DLB_OPEN_READ;
	cf->locked = lock;
	cf->inode->locked |= lock;
	cf->inode->opened++;
	*out = &cf->file;
	return DLB_OK;
}

static enum dlb_status
fs_open(struct dlb_fs *fs, struct dlb_file **out, const char *path,
	enum dlb_open_mode mode, bool lock, struct dlb_error *err)
{
	struct crash_fs *c = fs_of(fs);
	enum dlb_status s;

	*out = NULL;
	pthread_mutex_lock(&c->lock);
	s = open_locked(c, out, path, mode, lock, err);
	pthread_mutex_unlock(&c->lock);
	return s;
}

static enum dlb_status
fs_remove(struct dlb_fs *fs, const char *path, struct dlb_error *err)
{
	struct crash_fs *c = fs_of(fs);
	enum dlb_status s;

	pthread_mutex_lock(&c->lock);
	s = call(c, CRASH_NAME, true, err);
	if (s == DLB_OK && !crash_name_find(crash_names_now(c), path))
		s = dlb_fail(err, DLB_NOT_FOUND, "no %s", path);
	if (s == DLB_OK) {
		crash_name_find(crash_names_change(c), path)->inode = -1;
		if (event(c))
			s = power_off(err);
	}
	pthread_mutex_unlock(&c->lock);
	return s;
}

static enum dlb_status
fs_rename(struct dlb_fs *fs, const char *from, const char *to,
	struct dlb_error *err)
{
	struct crash_fs *c = fs_of(fs);
	enum dlb_status s;

	pthread_mutex_lock(&c->lock);
	s = call(c, CRASH_NAME, true, err);
	if (s == DLB_OK && !crash_name_find(crash_names_now(c), from))
		s = dlb_fail(err, DLB_NOT_FOUND, "no %s", from);
	if (s == DLB_OK) {
		struct names *names = crash_names_change(c);
		struct name *name = crash_name_find(names, from);
		int number = name->inode;
		bool off;

		name->inode = -1;
		crash_name_set(names, to, number);
		/* The rename, and the sync of the directory. */
		off = event(c);
		if (off || event(c))
			s = power_off(err);
		else
			crash_names_sync(c);
	}
	pthread_mutex_unlock(&c->lock);
	return s;
}

static bool
is_dir_path(const struct names *names, const char *path)
{
	size_t len = strlen(path);

	if (strcmp(path, ".") == 0 || strcmp(path, "/") == 0)
		return true;
	for (size_t i = 0; i < FILES_MAX; i++)
		if (names->list[i].inode >= 0
			&& strncmp(names->list[i].path, path, len) == 0
			&& names->list[i].path[len] == '/')
			return true;
	return false;
}

static enum dlb_status
fs_stat(struct dlb_fs *fs, const char *path, uint64_t *size, bool *is_dir,
	struct dlb_error *err)
{
	struct crash_fs *c = fs_of(fs);
	const struct name *name;
	enum dlb_status s;

	pthread_mutex_lock(&c->lock);
	s = call(c, CRASH_OPEN, false, err);
	name = crash_name_find(crash_names_now(c), path);
	if (s == DLB_OK) {
		bool dir = !name && is_dir_path(crash_names_now(c), path);

		if (!name && !dir)
			s = DLB_NOT_FOUND;
		if (size)
			*size = name ? c->inodes[name->inode].now.len : 0;
		if (is_dir)
			*is_dir = dir;
	}
	pthread_mutex_unlock(&c->lock);
	return s;
}

static enum dlb_status
fs_sync_dir(struct dlb_fs *fs, const char *dir, struct dlb_error *err)
{
	struct crash_fs *c = fs_of(fs);
	enum dlb_status s;

	(void)dir;
	pthread_mutex_lock(&c->lock);
	s = call(c, CRASH_NAME, false, err);
	if (s == DLB_OK && event(c))
		s = power_off(err);
	else if (s == DLB_OK)
		crash_names_sync(c);
	pthread_mutex_unlock(&c->lock);
	return s;
}

static enum dlb_status
fs_free_space(struct dlb_fs *fs, const char *dir, uint64_t *out,
	struct dlb_error *err)
{
	struct crash_fs *c = fs_of(fs);
	enum dlb_status s;

	(void)dir;
	pthread_mutex_lock(&c->lock);
	s = call(c, CRASH_OPEN, false, err);
	/* It may be gone by the time one writes. */
	if (s == DLB_OK)
		*out = UINT64_MAX;
	pthread_mutex_unlock(&c->lock);
	return s;
}

const struct dlb_fs_ops crash_fs_ops = {
	.open = fs_open,
	.remove = fs_remove,
	.rename = fs_rename,
	.stat = fs_stat,
	.sync_dir = fs_sync_dir,
	.free_space = fs_free_space,
};
