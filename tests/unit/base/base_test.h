/*
 * What the tests of base share: cmocka, and a directory of its own for each test
 * that needs files.
 */
#ifndef BASE_TEST_H
#define BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above first. */
#include <cmocka.h>

#include "base.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct temp_dir {
	char path[64];
	char file[NAME_MAX + 66];
};

static inline int
temp_dir_setup(void **state)
{
	struct temp_dir *d = calloc(1, sizeof(*d));
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	if (!d)
		return -1;
	snprintf(d->path, sizeof(d->path), "%s/dlb-base-XXXXXX", base);
	if (!mkdtemp(d->path)) {
		free(d);
		return -1;
	}
	*state = d;
	return 0;
}

static inline int
temp_dir_teardown(void **state)
{
	struct temp_dir *d = *state;
	DIR *dir = opendir(d->path);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		snprintf(d->file, sizeof(d->file), "%s/%s", d->path, e->d_name);
		if (e->d_name[0] != '.' && unlink(d->file) != 0)
			rmdir(d->file);
	}
	if (dir)
		closedir(dir);
	rmdir(d->path);
	free(d);
	return 0;
}

/* The path of a name in it; good until the next call. */
static inline const char *
in_dir(struct temp_dir *d, const char *name)
{
	snprintf(d->file, sizeof(d->file), "%s/%s", d->path, name);
	return d->file;
}

static inline bool
is_there(struct temp_dir *d, const char *name)
{
	return access(in_dir(d, name), F_OK) == 0;
}

/* How many files are in it. */
static inline size_t
count_files(struct temp_dir *d)
{
	DIR *dir = opendir(d->path);
	struct dirent *e;
	size_t n = 0;

	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

#endif
