/*
 * A directory of single cells.
 */
#include "cell_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
dlb_cell_dir_is(char *dir, size_t cap, const char *where)
{
	char lock[4096 + 16];
	const char *end = strrchr(where, '/');
	struct stat st;
	int n;

	if (strcmp(end ? end + 1 : where, DLB_CELL_DIR_LOCK) == 0) {
		if (dlb_path_dir(dir, cap, where) != DLB_OK)
			return false;
	} else {
		n = snprintf(dir, cap, "%s", where);
		if (n < 0 || (size_t)n >= cap)
			return false;
	}
	n = snprintf(lock, sizeof(lock), "%s/" DLB_CELL_DIR_LOCK, dir);
	return n > 0 && (size_t)n < sizeof(lock) && lstat(lock, &st) == 0
		&& S_ISREG(st.st_mode);
}

bool
dlb_cell_dir_writable(const char *dir)
{
	return access(dir, W_OK | X_OK) == 0;
}

bool
dlb_cell_dir_is_name(const char *name)
{
	return strlen(name) == DLB_CELL_DIR_NAME - 1
		&& strspn(name, "0123456789abcdef") == DLB_CELL_DIR_NAME - 1;
}

static bool
is_object(int fd, const char *name, uint64_t len)
{
	struct stat st;

	if (!dlb_cell_dir_is_name(name))
		return false;
	return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0
		&& S_ISREG(st.st_mode) && (uint64_t)st.st_size == len;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

enum dlb_status
dlb_cell_dir_list(char **names, size_t *n, const char *dir, uint64_t len,
	struct dlb_error *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t cap = 0;
	enum dlb_status st = DLB_OK;

	*names = NULL;
	*n = 0;
	if (!d)
		return dlb_fail_errno(err, errno, "can not open %s", dir);
	for (errno = 0; st == DLB_OK && *n < DLB_CELL_DIR_MAX
		&& (e = readdir(d)) != NULL;
		errno = 0) {
		if (!is_object(dirfd(d), e->d_name, len))
			continue;
		if (*n == cap) {
			char *more;

			cap = cap ? 2 * cap : 256;
			more = realloc(*names, cap * DLB_CELL_DIR_NAME);
			if (!more) {
				st = dlb_fail(
					err, DLB_NO_MEMORY, "out of memory");
				break;
			}
			*names = more;
		}
		memcpy(*names + *n * DLB_CELL_DIR_NAME, e->d_name,
			DLB_CELL_DIR_NAME);
		++*n;
	}
	if (st == DLB_OK && errno)
		st = dlb_fail_errno(err, errno, "can not read %s", dir);
	closedir(d);
	if (st != DLB_OK) {
		free(*names);
		*names = NULL;
		*n = 0;
	} else if (*n > 0) {
		qsort(*names, *n, DLB_CELL_DIR_NAME, compare_names);
	}
	return st;
}
