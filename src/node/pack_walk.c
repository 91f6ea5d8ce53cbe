/*
 * The walk over what is to be sent, each folder's names sorted, so that entries
 * come in the order a manifest has.
 *
 * Invariants: below the paths that the person named no link is followed; memory is
 * that of the names of the folders along one path; whatever is not visited is noted
 * and counted, but for what lies in a folder that is left out.
 */
#include "pack_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
leave_out(struct dlb_walk *w, const char *why)
{
	char text[1024], path[512];

	w->skipped++;
	if (!w->note)
		return;
	snprintf(text, sizeof(text), "left out \"%s\": %s",
		dlb_printable(path, sizeof(path), w->path, w->path_len), why);
	w->note(w->note_ctx, text);
}

static void
leave_out_errno(struct dlb_walk *w, int sys_errno)
{
	char why[256], text[128];

	snprintf(why, sizeof(why), "it can not be read (%s)",
		strerror_r(sys_errno, text, sizeof(text)));
	leave_out(w, why);
}

/* *refused: the visitor left it out. */
static enum dlb_status
visit(struct dlb_walk *w, const struct dlb_walk_root *root,
	const struct stat *st, const char *target, size_t target_len,
	bool *refused, struct dlb_error *err)
{
	struct dlb_walk_entry e = {
		.root = root,
		.path = w->path,
		.path_len = w->path_len,
		.st = st,
		.target = target,
		.target_len = target_len,
	};
	struct dlb_error why;
	enum dlb_status s;

	*refused = false;
	dlb_error_clear(&why);
	s = w->visit(w->ctx, &e, &why);
	if (s == DLB_REFUSED) {
		*refused = true;
		leave_out(w, why.msg);
		return DLB_OK;
	}
	if (s != DLB_OK && err)
		*err = why;
	return s;
}

/* ---- one folder's names ----------------------------------------------------------- */

struct names {
	char **list; /* into arena */
	size_t n;
	struct dlb_buf arena;
};

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum dlb_status
out_of_memory(struct dlb_error *err)
{
	return dlb_fail(err, DLB_NO_MEMORY, "out of memory for names of files");
}

static void
names_free(struct names *names)
{
	free(names->list);
	dlb_buf_free(&names->arena);
}

/* *failed: errno of a folder that could not be read to its end. */
static enum dlb_status
names_read(struct names *names, DIR *dir, int *failed, struct dlb_error *err)
{
	const struct dirent *e;
	char *p;

	*failed = 0;
	while (errno = 0, (e = readdir(dir)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (dlb_buf_append(
			    &names->arena, e->d_name, strlen(e->d_name) + 1)
			!= DLB_OK)
			return out_of_memory(err);
		names->n++;
	}
	*failed = errno;
	if (names->n == 0)
		return DLB_OK;
	names->list = malloc(names->n * sizeof(*names->list));
	if (!names->list)
		return out_of_memory(err);
	p = (char *)names->arena.data;
	for (size_t i = 0; i < names->n; i++) {
		names->list[i] = p;
		p += strlen(p) + 1;
	}
	qsort(names->list, names->n, sizeof(*names->list), compare_names);
	return DLB_OK;
}

/* ---- the walk --------------------------------------------------------------------- */

static enum dlb_status walk_below(struct dlb_walk *w,
	const struct dlb_walk_root *root, int at, const char *name,
	struct dlb_error *err);

/* fd is closed. A folder is visited once it is known that it can be read. */
static enum dlb_status
walk_folder(struct dlb_walk *w, const struct dlb_walk_root *root, int fd,
	const struct stat *st, struct dlb_error *err)
{
	struct names names = {0};
	size_t own_len = w->path_len;
	enum dlb_status s = DLB_OK;
	bool refused;
	int failed;
	DIR *dir = fdopendir(fd);

	if (!dir) {
		close(fd);
		return out_of_memory(err);
	}
	s = names_read(&names, dir, &failed, err);
	if (s != DLB_OK)
		goto out;
	if (failed) {
		leave_out_errno(w, failed);
		goto out;
	}
	s = visit(w, root, st, NULL, 0, &refused, err);
	if (s != DLB_OK || refused)
		goto out;
	w->depth++;
	for (size_t i = 0; i < names.n && s == DLB_OK; i++) {
		size_t len = strlen(names.list[i]);

		w->path[own_len] = '/';
		memcpy(w->path + own_len + 1, names.list[i], len + 1);
		w->path_len = own_len + 1 + len;
		s = walk_below(w, root, dirfd(dir), names.list[i], err);
	}
	w->depth--;
	w->path_len = own_len;
out:
	names_free(&names);
	closedir(dir);
	return s;
}

static enum dlb_status
walk_link(struct dlb_walk *w, const struct dlb_walk_root *root, int at,
	const char *name, const struct stat *st, struct dlb_error *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(at, name, target, sizeof(target));
	bool refused;

	if (n < 0) {
		leave_out_errno(w, errno);
		return DLB_OK;
	}
	if ((size_t)n == sizeof(target)) {
		leave_out(w, "the link's target is too long");
		return DLB_OK;
	}
	return visit(w, root, st, target, (size_t)n, &refused, err);
}

static const char *
special_kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFSOCK:
		return "it is a socket, which does not travel";
	case S_IFIFO:
		return "it is a pipe, which does not travel";
	case S_IFBLK:
	case S_IFCHR:
		return "it is a device, which does not travel";
	default:
		return "it is neither a file nor a folder";
	}
}

static enum dlb_status
walk_entry(struct dlb_walk *w, const struct dlb_walk_root *root, int at,
	const char *name, const struct stat *st, int open_flags,
	struct dlb_error *err)
{
	bool refused;
	int fd;

	if (S_ISREG(st->st_mode)) {
		if (faccessat(at, name, R_OK, AT_EACCESS) != 0) {
			leave_out_errno(w, errno);
			return DLB_OK;
		}
		return visit(w, root, st, NULL, 0, &refused, err);
	}
	if (S_ISLNK(st->st_mode))
		return walk_link(w, root, at, name, st, err);
	if (!S_ISDIR(st->st_mode)) {
		leave_out(w, special_kind(st->st_mode));
		return DLB_OK;
	}
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | open_flags);
	if (fd < 0) {
		leave_out_errno(w, errno);
		return DLB_OK;
	}
	return walk_folder(w, root, fd, st, err);
}

static enum dlb_status
walk_below(struct dlb_walk *w, const struct dlb_walk_root *root, int at,
	const char *name, struct dlb_error *err)
{
	struct stat st;

	/* So that w->path has room for any name in a folder that is walked. */
	if (w->path_len > DLB_MANIFEST_PATH_MAX
		|| w->depth >= DLB_MANIFEST_DEPTH_MAX) {
		leave_out(w, "it lies too deep, or its path is too long");
		return DLB_OK;
	}
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		leave_out_errno(w, errno);
		return DLB_OK;
	}
	return walk_entry(w, root, at, name, &st, O_NOFOLLOW, err);
}

enum dlb_status
dlb_walk_run(struct dlb_walk *w, struct dlb_error *err)
{
	for (size_t i = 0; i < w->roots_n; i++) {
		const struct dlb_walk_root *root = &w->roots[i];
		struct stat st;
		enum dlb_status s;

		if (stat(root->path, &st) != 0)
			return dlb_fail_errno(
				err, errno, "can not send \"%s\"", root->name);
		w->path_len = strlen(root->name);
		memcpy(w->path, root->name, w->path_len + 1);
		s = walk_entry(w, root, AT_FDCWD, root->path, &st, 0, err);
		if (s != DLB_OK)
			return s;
	}
	return DLB_OK;
}

/* ---- what the person named -------------------------------------------------------- */

/* The name a path travels under: its last part, or where that is no name, that of
 * the folder it leads to. */
static enum dlb_status
root_name(char out[static 256], const char *path, struct dlb_error *err)
{
	char real[PATH_MAX], shown[256];
	size_t len = strlen(path);
	const char *part;

	dlb_printable(shown, sizeof(shown), path, len);
	for (unsigned resolved = 0;; resolved++) {
		while (len > 0 && path[len - 1] == '/')
			len--;
		part = memrchr(path, '/', len);
		part = part ? part + 1 : path;
		len -= (size_t)(part - path);
		if (len > 0 && !(len == 1 && part[0] == '.')
			&& !(len == 2 && part[0] == '.' && part[1] == '.'))
			break;
		if (resolved || !realpath(path, real))
			return dlb_fail(err, DLB_REFUSED,
				"\"%s\" has no name to travel under: name a "
				"folder in it",
				shown);
		path = real;
		len = strlen(real);
	}
	if (len > 255)
		return dlb_fail(err, DLB_LIMIT,
			"\"%s\": a name of more than 255 bytes does not travel",
			shown);
	memcpy(out, part, len);
	out[len] = '\0';
	return DLB_OK;
}

static int
compare_roots(const void *a, const void *b)
{
	const struct dlb_walk_root *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static enum dlb_status
root_init(struct dlb_walk_root *root, const char *path, struct dlb_error *err)
{
	char shown[256];
	struct stat st;

	if (path[0] == '\0')
		return dlb_fail(
			err, DLB_USAGE, "an empty path can not be sent");
	if (stat(path, &st) != 0)
		return dlb_fail_errno(err, errno, "can not send \"%s\"",
			dlb_printable(
				shown, sizeof(shown), path, strlen(path)));
	root->path = strdup(path);
	if (!root->path)
		return out_of_memory(err);
	return root_name(root->name, path, err);
}

enum dlb_status
dlb_walk_init(struct dlb_walk *w, const char *const *paths, size_t paths_n,
	struct dlb_error *err)
{
	char shown[256];

	w->roots_n = 0;
	w->roots = calloc(paths_n ? paths_n : 1, sizeof(*w->roots));
	if (!w->roots)
		return out_of_memory(err);
	for (size_t i = 0; i < paths_n; i++) {
		enum dlb_status s;

		w->roots_n++;
		s = root_init(&w->roots[i], paths[i], err);
		if (s != DLB_OK)
			return s;
	}
	qsort(w->roots, w->roots_n, sizeof(*w->roots), compare_roots);
	for (size_t i = 1; i < w->roots_n; i++) {
		const char *name = w->roots[i].name;

		if (strcmp(w->roots[i - 1].name, name) == 0)
			return dlb_fail(err, DLB_USAGE,
				"two of what is to be sent would both be called "
				"\"%s\": send them in letters of their own, or "
				"the folder they are in",
				dlb_printable(shown, sizeof(shown), name,
					strlen(name)));
	}
	return DLB_OK;
}

void
dlb_walk_free(struct dlb_walk *w)
{
	for (size_t i = 0; i < w->roots_n; i++)
		free(w->roots[i].path);
	free(w->roots);
	w->roots = NULL;
	w->roots_n = 0;
}
