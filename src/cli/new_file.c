/*
 * Files that people asked for: cards, keys of boxes.
 *
 * They are written under another name, in the same directory, and get theirs when
 * they are durable: at no moment is there a part of one, nor of one and another.
 */
#include "card_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_MAX_HERE 4096

static enum dlb_status
write_all(int fd, const uint8_t *p, size_t len, const char *path,
	struct dlb_error *err)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return dlb_fail_errno(
				err, errno, "can not write %s", path);
		p += n;
		len -= (size_t)n;
	}
	/* Not every file can be synced. */
	if (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP)
		return dlb_fail_errno(err, errno, "can not write %s", path);
	return DLB_OK;
}

static enum dlb_status
is_there(const char *path, struct dlb_error *err)
{
	return dlb_fail(err, DLB_EXISTS,
		"%s is there already and stays as it is; name another file",
		path);
}

/* Gives it its name, where nothing has that or it is to go. */
static enum dlb_status
give_name(
	const char *from, const char *path, bool replace, struct dlb_error *err)
{
	struct stat there;
	int n = replace
		? rename(from, path)
		: renameat2(AT_FDCWD, from, AT_FDCWD, path, RENAME_NOREPLACE);

	if (n == 0)
		return DLB_OK;
	if (!replace && errno == EEXIST)
		return is_there(path, err);
	/* A file system that can not do it in one. */
	if (!replace && (errno == EINVAL || errno == ENOSYS)) {
		if (lstat(path, &there) == 0)
			return is_there(path, err);
		if (rename(from, path) == 0)
			return DLB_OK;
	}
	return dlb_fail_errno(err, errno, "can not write %s", path);
}

static enum dlb_status
sync_dir_of(const char *path, struct dlb_error *err)
{
	struct dlb_fs *fs = dlb_fs_posix();
	char dir[PATH_MAX_HERE];

	if (dlb_path_dir(dir, sizeof(dir), path) != DLB_OK)
		return DLB_OK;
	return fs->ops->sync_dir(fs, dir, err);
}

/* Where it would be in vain, it is said before anything is written. */
static enum dlb_status
look(const char *path, bool replace, struct dlb_error *err)
{
	struct stat there;

	if (lstat(path, &there) != 0)
		return DLB_OK;
	if (!replace)
		return is_there(path, err);
	if (!S_ISREG(there.st_mode))
		return dlb_fail(err, DLB_EXISTS,
			"%s is no file and stays as it is; name another one",
			path);
	return DLB_OK;
}

enum dlb_status
cli_write_file(const char *path, const void *data, size_t len, unsigned flags,
	struct dlb_error *err)
{
	bool replace = (flags & CLI_FILE_REPLACE) != 0;
	char draft[PATH_MAX_HERE];
	enum dlb_status st = look(path, replace, err);
	int n, fd;

	if (st != DLB_OK)
		return st;
	n = snprintf(draft, sizeof(draft), "%s.new-%ld", path, (long)getpid());
	if (n < 0 || (size_t)n >= sizeof(draft))
		return dlb_fail(
			err, DLB_LIMIT, "the name of a file is too long");
	fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return dlb_fail_errno(err, errno, "can not write %s", path);
	st = write_all(fd, data, len, path, err);
	/* Cards are to be given away. Some media know no permissions. */
	if (!(flags & CLI_FILE_SECRET) && fchmod(fd, 0644) != 0)
		errno = 0;
	if (close(fd) != 0 && st == DLB_OK)
		st = dlb_fail_errno(err, errno, "can not write %s", path);
	if (st == DLB_OK)
		st = give_name(draft, path, replace, err);
	if (st != DLB_OK) {
		unlink(draft);
		return st;
	}
	return sync_dir_of(path, err);
}
