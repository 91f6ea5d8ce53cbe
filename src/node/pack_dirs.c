/*
 * Folders kept open along a path, so that a million files cost a million opens and
 * not one for each part of each path; and so that nobody who swaps a folder for a
 * link meanwhile leads us elsewhere.
 *
 * Invariant: fds[i] is the folder path[0 .. ends[i]) below root.
 */
#include "pack_internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void
dlb_dirs_init(struct dlb_dirs *d, int root)
{
	d->root = root;
	d->n = 0;
}

/* Keeps the first n. */
static void
close_down_to(struct dlb_dirs *d, unsigned n)
{
	while (d->n > n)
		close(d->fds[--d->n]);
}

void
dlb_dirs_close(struct dlb_dirs *d)
{
	close_down_to(d, 0);
}

/* How many of the open folders lie on the way to the folder dir. */
static unsigned
shared_depth(const struct dlb_dirs *d, const char *dir, size_t len)
{
	size_t limit = d->n ? d->ends[d->n - 1] : 0, same = 0;
	unsigned depth = 0;

	if (limit > len)
		limit = len;
	while (same < limit && d->path[same] == dir[same])
		same++;
	while (depth < d->n && d->ends[depth] <= same
		&& (d->ends[depth] == len || dir[d->ends[depth]] == '/'))
		depth++;
	return depth;
}

static int
open_part(struct dlb_dirs *d, const char *part, size_t len)
{
	int at = d->n ? d->fds[d->n - 1] : d->root;

	if (len >= sizeof(d->name) || d->n == DLB_MANIFEST_DEPTH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(d->name, part, len);
	d->name[len] = '\0';
	return openat(
		at, d->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int
dlb_dirs_parent(
	struct dlb_dirs *d, const char *path, size_t len, const char **name)
{
	const char *slash = memrchr(path, '/', len);
	size_t dir_len = slash ? (size_t)(slash - path) : 0, at;
	size_t name_at = slash ? dir_len + 1 : 0;

	assert(len <= DLB_MANIFEST_PATH_MAX);
	assert(len - name_at < sizeof(d->name));
	close_down_to(d, shared_depth(d, path, dir_len));
	at = d->n ? d->ends[d->n - 1] + 1u : 0;
	while (at < dir_len) {
		const char *end = memchr(path + at, '/', dir_len - at);
		size_t end_at = end ? (size_t)(end - path) : dir_len;
		int fd = open_part(d, path + at, end_at - at);

		if (fd < 0)
			return -1;
		d->fds[d->n] = fd;
		d->ends[d->n++] = (uint16_t)end_at;
		memcpy(d->path + at, path + at, end_at - at);
		if (at > 0)
			d->path[at - 1] = '/';
		at = end_at + 1;
	}
	memcpy(d->name, path + name_at, len - name_at);
	d->name[len - name_at] = '\0';
	*name = d->name;
	return d->n ? d->fds[d->n - 1] : d->root;
}
