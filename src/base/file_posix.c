/*
 * Files on the disk.
 *
 * Invariants: only plain files are opened, never through a link at the last
 * component; a sync that failed once fails for good, as the kernel may have
 * marked pages clean that never reached the medium.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct posix_file {
	struct dlb_file base;
	int fd;
	atomic_int sync_errno; /* of the first sync that failed */
	char path[];
};

static struct posix_file *
posix_of(struct dlb_file *f)
{
	return (struct posix_file *)f;
}

/* Whether [offset, offset + len) is within what off_t can say. */
static bool
in_range(uint64_t offset, uint64_t len)
{
	return offset <= INT64_MAX && len <= INT64_MAX - offset;
}

static enum dlb_status
posix_read_at(struct dlb_file *f, void *out, size_t len, uint64_t offset,
	struct dlb_error *err)
{
	struct posix_file *pf = posix_of(f);
	uint8_t *p = out;

	if (!in_range(offset, len))
		return dlb_fail(
			err, DLB_CORRUPT, "%s ends too early", pf->path);
	while (len > 0) {
		ssize_t n = pread(pf->fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return dlb_fail_errno(
				err, errno, "can not read %s", pf->path);
		if (n == 0)
			return dlb_fail(err, DLB_CORRUPT,
				"%s ends too early: it was cut off", pf->path);
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return DLB_OK;
}

static enum dlb_status
posix_write_at(struct dlb_file *f, const void *data, size_t len,
	uint64_t offset, struct dlb_error *err)
{
	struct posix_file *pf = posix_of(f);
	const uint8_t *p = data;

	if (!in_range(offset, len))
		return dlb_fail(
			err, DLB_LIMIT, "%s would be too long", pf->path);
	while (len > 0) {
		ssize_t n = pwrite(pf->fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return dlb_fail_errno(
				err, errno, "can not write %s", pf->path);
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return DLB_OK;
}

static enum dlb_status
posix_sync(struct dlb_file *f, struct dlb_error *err)
{
	struct posix_file *pf = posix_of(f);
	int failed = atomic_load(&pf->sync_errno);

	/* fdatasync covers the length too, without which the data could not be
	 * read back. */
	while (!failed && fdatasync(pf->fd) != 0) {
		if (errno == EINTR)
			continue;
		failed = errno;
		atomic_store(&pf->sync_errno, failed);
	}
	if (failed)
		return dlb_fail_errno(err, failed,
			"%s could not be brought onto the medium", pf->path);
	return DLB_OK;
}

static enum dlb_status
posix_size(struct dlb_file *f, uint64_t *out, struct dlb_error *err)
{
	struct posix_file *pf = posix_of(f);
	struct stat st;

	if (fstat(pf->fd, &st) != 0)
		return dlb_fail_errno(err, errno, "can not stat %s", pf->path);
	*out = (uint64_t)st.st_size;
	return DLB_OK;
}

static enum dlb_status
grow_by_writing(struct dlb_file *f, uint64_t len, struct dlb_error *err)
{
	static const uint8_t zeros[65536];
	uint64_t size = 0;
	enum dlb_status s = posix_size(f, &size, err);

	while (s == DLB_OK && size < len) {
		uint64_t n = len - size;

		if (n > sizeof(zeros))
			n = sizeof(zeros);
		s = posix_write_at(f, zeros, (size_t)n, size, err);
		size += n;
	}
	return s;
}

static enum dlb_status
posix_resize(struct dlb_file *f, uint64_t len, struct dlb_error *err)
{
	struct posix_file *pf = posix_of(f);

	if (!in_range(len, 0))
		return dlb_fail(
			err, DLB_LIMIT, "%s would be too long", pf->path);
	while (ftruncate(pf->fd, (off_t)len) != 0) {
		if (errno == EINTR)
			continue;
		/* Some FAT drivers only cut. */
		if (errno == EPERM)
			return grow_by_writing(f, len, err);
		/* FAT's answer to a file of 4 GiB. */
		if (errno == EFBIG)
			return dlb_fail(err, DLB_LIMIT,
				"%s: the medium takes no files of %llu bytes",
				pf->path, (unsigned long long)len);
		return dlb_fail_errno(
			err, errno, "can not resize %s", pf->path);
	}
	return DLB_OK;
}

static void
posix_hint_flush(struct dlb_file *f, uint64_t offset, uint64_t len)
{
	if (in_range(offset, len))
		(void)sync_file_range(posix_of(f)->fd, (off_t)offset,
			(off_t)len, SYNC_FILE_RANGE_WRITE);
}

static void
posix_hint_read(struct dlb_file *f, uint64_t offset, uint64_t len)
{
	if (in_range(offset, len))
		(void)posix_fadvise(posix_of(f)->fd, (off_t)offset, (off_t)len,
			POSIX_FADV_WILLNEED);
}

static void
posix_close(struct dlb_file *f)
{
	if (!f)
		return;
	close(posix_of(f)->fd);
	free(f);
}

static const struct dlb_file_ops posix_file_ops = {
	.read_at = posix_read_at,
	.write_at = posix_write_at,
	.sync = posix_sync,
	.size = posix_size,
	.resize = posix_resize,
	.hint_flush = posix_hint_flush,
	.hint_read = posix_hint_read,
	.close = posix_close,
};

static enum dlb_status
open_fd(int *out, const char *path, enum dlb_open_mode mode,
	struct dlb_error *err)
{
	/* Non-blocking, as opening a named pipe would wait for its other end. */
	int flags = O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, fd;

	if (mode == DLB_OPEN_READ)
		flags |= O_RDONLY;
	else
		flags |= O_RDWR;
	if (mode == DLB_OPEN_CREATE)
		flags |= O_CREAT | O_EXCL;
	do {
		fd = open(path, flags, 0600);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0 && errno == ELOOP)
		return dlb_fail(err, DLB_REFUSED,
			"%s is a symbolic link: name the file itself", path);
	if (fd < 0 && (errno == EISDIR || errno == ENXIO))
		return dlb_fail(
			err, DLB_REFUSED, "%s is not a plain file", path);
	if (fd < 0)
		return dlb_fail_errno(err, errno, "can not %s %s",
			mode == DLB_OPEN_CREATE ? "create" : "open", path);
	*out = fd;
	return DLB_OK;
}

static enum dlb_status
lock_fd(int fd, const char *path, struct dlb_error *err)
{
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EINTR)
			continue;
		if (errno == EWOULDBLOCK)
			return dlb_fail(err, DLB_BUSY,
				"%s is in use by another process", path);
		return dlb_fail_errno(err, errno, "can not lock %s", path);
	}
	return DLB_OK;
}

static enum dlb_status
posix_open(struct dlb_fs *fs, struct dlb_file **out, const char *path,
	enum dlb_open_mode mode, bool lock, struct dlb_error *err)
{
	size_t path_len = strlen(path) + 1;
	struct posix_file *pf;
	struct stat st;
	enum dlb_status s;

	(void)fs;
	*out = NULL;
	pf = calloc(1, sizeof(*pf) + path_len);
	if (!pf)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	pf->base.ops = &posix_file_ops;
	pf->fd = -1;
	memcpy(pf->path, path, path_len);
	s = open_fd(&pf->fd, path, mode, err);
	if (s != DLB_OK)
		goto out;
	if (fstat(pf->fd, &st) != 0) {
		s = dlb_fail_errno(err, errno, "can not stat %s", path);
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		s = dlb_fail(err, DLB_REFUSED, "%s is not a plain file", path);
		goto out;
	}
	if (lock)
		s = lock_fd(pf->fd, path, err);
out:
	if (s != DLB_OK) {
		if (pf->fd >= 0)
			close(pf->fd);
		free(pf);
		return s;
	}
	*out = &pf->base;
	return DLB_OK;
}

static enum dlb_status
posix_remove(struct dlb_fs *fs, const char *path, struct dlb_error *err)
{
	(void)fs;
	if (unlink(path) != 0)
		return dlb_fail_errno(err, errno, "can not remove %s", path);
	return DLB_OK;
}

static enum dlb_status
posix_sync_dir(struct dlb_fs *fs, const char *dir, struct dlb_error *err)
{
	enum dlb_status s = DLB_OK;
	int fd, r;

	(void)fs;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return dlb_fail_errno(
			err, errno, "can not open the directory %s", dir);
	do {
		r = fsync(fd);
	} while (r != 0 && errno == EINTR);
	/* Some file systems know no such thing for a directory. */
	if (r != 0 && errno != EINVAL && errno != ENOTSUP)
		s = dlb_fail_errno(err, errno,
			"the directory %s could not be brought onto the medium",
			dir);
	close(fd);
	return s;
}

static enum dlb_status
posix_rename(struct dlb_fs *fs, const char *from, const char *to,
	struct dlb_error *err)
{
	char dir[PATH_MAX];

	if (dlb_path_dir(dir, sizeof(dir), to) != DLB_OK)
		return dlb_fail(err, DLB_LIMIT, "too long a path: %s", to);
	if (rename(from, to) != 0)
		return dlb_fail_errno(
			err, errno, "can not rename %s to %s", from, to);
	return posix_sync_dir(fs, dir, err);
}

static enum dlb_status
posix_stat(struct dlb_fs *fs, const char *path, uint64_t *size, bool *is_dir,
	struct dlb_error *err)
{
	struct stat st;

	(void)fs;
	if (stat(path, &st) != 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return DLB_NOT_FOUND;
		return dlb_fail_errno(err, errno, "can not look at %s", path);
	}
	if (size)
		*size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	if (is_dir)
		*is_dir = S_ISDIR(st.st_mode);
	return DLB_OK;
}

static enum dlb_status
posix_free_space(struct dlb_fs *fs, const char *dir, uint64_t *out,
	struct dlb_error *err)
{
	struct statvfs st;

	(void)fs;
	if (statvfs(dir, &st) != 0)
		return dlb_fail_errno(err, errno,
			"can not ask for the free space of %s", dir);
	/* Of no size at all: it does not say (FUSE's need not). */
	if (st.f_blocks == 0
		|| __builtin_mul_overflow(
			(uint64_t)st.f_bavail, (uint64_t)st.f_frsize, out))
		*out = UINT64_MAX;
	return DLB_OK;
}

struct dlb_fs *
dlb_fs_posix(void)
{
	static const struct dlb_fs_ops ops = {
		.open = posix_open,
		.remove = posix_remove,
		.rename = posix_rename,
		.stat = posix_stat,
		.sync_dir = posix_sync_dir,
		.free_space = posix_free_space,
	};
	static struct dlb_fs fs = {&ops};

	return &fs;
}
