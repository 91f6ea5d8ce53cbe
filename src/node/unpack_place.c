/*
 * From the staging folder into the target, by renames.
 *
 * Invariants: without overwrite nothing that was there is changed, and either all of
 * the letter's names at the top appear or none. With it, files are replaced each at
 * once, folders merged (those that were there keep their mode and time); what would
 * have to be removed with all in it, or led through a link, is refused before a byte
 * is written.
 */
#include "unpack_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
at_top(const struct dlb_manifest_file *f)
{
	return memchr(f->path, '/', f->path_len) == NULL;
}

/* ---- before anything is written ------------------------------------------------------- */

static enum dlb_status
fail_in_way(const struct dlb_dir_sink *d, const struct dlb_manifest_file *f,
	const char *what, struct dlb_error *err)
{
	char name[160];

	return dlb_fail(err, DLB_EXISTS, "\"%s\" %s in \"%s\": %s",
		dlb_printable(name, sizeof(name), f->path, f->path_len), what,
		d->directory_text,
		d->overwrite ? "move it away, or name another directory with -o"
			     : "name another directory with -o, or replace it "
			       "with --force");
}

/* *skip: there is nothing where the letter has a folder, so nothing in it either. */
static enum dlb_status
check_entry(struct dlb_dir_sink *d, struct dlb_dirs *dirs,
	const struct dlb_manifest_file *f, bool *skip, struct dlb_error *err)
{
	char path[DLB_MANIFEST_PATH_MAX + 1];
	bool folder = f->type == DLB_FILE_DIR;
	const char *name;
	struct stat st;
	int at;

	*skip = false;
	dlb_local_path(path, f->path, f->path_len);
	at = dlb_dirs_parent(dirs, path, f->path_len, &name);
	if (at < 0)
		return dlb_dir_sink_fail(d, f, errno, err);
	if (at == d->target
		&& (strcmp(name, d->staging_name) == 0
			|| (d->stage
				&& strcmp(name, d->stage->in.staging_name)
					== 0)))
		return dlb_fail(err, DLB_MALFORMED,
			"the letter has a file called \"%s\", which is in use",
			name);
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		*skip = folder;
		return errno == ENOENT ? DLB_OK
				       : dlb_dir_sink_fail(d, f, errno, err);
	}
	if (!d->overwrite)
		return fail_in_way(d, f, "is there already", err);
	if (folder && !S_ISDIR(st.st_mode))
		return fail_in_way(d, f, "is there and is no folder", err);
	if (!folder && S_ISDIR(st.st_mode))
		return fail_in_way(d, f, "is there and is a folder", err);
	return DLB_OK;
}

enum dlb_status
dlb_place_check(struct dlb_dir_sink *d, struct dlb_error *err)
{
	struct dlb_manifest_file f, skipped;
	enum dlb_status s = DLB_OK;
	struct dlb_dirs dirs;
	bool skip = false;
	size_t pos = 0;

	dlb_dirs_init(&dirs, d->target);
	while (s == DLB_OK && dlb_manifest_next(d->m, &pos, &f)) {
		if (skip && dlb_file_lies_in(&f, &skipped))
			continue;
		s = check_entry(d, &dirs, &f, &skip, err);
		skipped = f;
	}
	dlb_dirs_close(&dirs);
	return s;
}

/* ---- moving ----------------------------------------------------------------------------- */

static int
rename_new(int from, const char *is, int to, const char *name)
{
	struct stat st;

	if (renameat2(from, is, to, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* A file system that can not do both at once. */
	if (fstatat(to, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(from, is, to, name);
}

/* A folder that may not be written to can not be moved to another. */
static int
move(const struct dlb_dir_sink *d, int from, const char *name, int to,
	const struct dlb_manifest_file *f)
{
	bool folder = f->type == DLB_FILE_DIR;
	int r;

	if (folder && (f->mode & 0700) != 0700)
		(void)fchmodat(from, name, 0700, 0);
	r = d->overwrite && !folder ? renameat(from, name, to, name)
				    : rename_new(from, name, to, name);
	if (r == 0 && folder)
		dlb_dir_metadata(to, name, f, d->few);
	return r;
}

static enum dlb_status
fail_move(const struct dlb_dir_sink *d, const struct dlb_manifest_file *f,
	struct dlb_error *err)
{
	/* It came since the check. */
	if (errno == EEXIST || errno == EISDIR || errno == ENOTDIR)
		return fail_in_way(d, f, "is there already", err);
	return dlb_dir_sink_fail(d, f, errno, err);
}

/* Takes back the first n that were moved. */
static void
move_back(struct dlb_dir_sink *d, size_t n)
{
	char name[DLB_MANIFEST_PATH_MAX + 1];
	struct dlb_manifest_file f;
	size_t pos = 0;

	while (n > 0 && dlb_manifest_next(d->m, &pos, &f)) {
		if (!at_top(&f))
			continue;
		dlb_local_path(name, f.path, f.path_len);
		(void)move(d, d->target, name, d->staging, &f);
		n--;
	}
}

static enum dlb_status
place_new(struct dlb_dir_sink *d, struct dlb_error *err)
{
	char name[DLB_MANIFEST_PATH_MAX + 1];
	struct dlb_manifest_file f;
	size_t pos = 0, moved = 0;
	enum dlb_status s;

	while (dlb_manifest_next(d->m, &pos, &f)) {
		if (!at_top(&f))
			continue;
		dlb_local_path(name, f.path, f.path_len);
		if (move(d, d->staging, name, d->target, &f) != 0) {
			s = fail_move(d, &f, err);
			move_back(d, moved);
			return s;
		}
		moved++;
	}
	return DLB_OK;
}

/* *moved: with all in it. */
static enum dlb_status
merge_entry(struct dlb_dir_sink *d, struct dlb_dirs *from, struct dlb_dirs *to,
	const struct dlb_manifest_file *f, bool *moved, struct dlb_error *err)
{
	char path[DLB_MANIFEST_PATH_MAX + 1];
	const char *name, *same;
	int at_from, at_to;
	struct stat st;

	*moved = false;
	dlb_local_path(path, f->path, f->path_len);
	at_from = dlb_dirs_parent(from, path, f->path_len, &name);
	at_to = dlb_dirs_parent(to, path, f->path_len, &same);
	if (at_from < 0 || at_to < 0)
		return dlb_dir_sink_fail(d, f, errno, err);
	if (f->type == DLB_FILE_DIR
		&& fstatat(at_to, name, &st, AT_SYMLINK_NOFOLLOW) == 0
		&& S_ISDIR(st.st_mode)) {
		/* What is in it is moved out of it. */
		(void)fchmodat(at_from, name, 0700, 0);
		return DLB_OK;
	}
	*moved = true;
	if (move(d, at_from, name, at_to, f) != 0)
		return fail_move(d, f, err);
	return DLB_OK;
}

static enum dlb_status
place_merged(struct dlb_dir_sink *d, struct dlb_error *err)
{
	struct dlb_manifest_file f, last;
	struct dlb_dirs from, to;
	enum dlb_status s = DLB_OK;
	bool moved = false;
	size_t pos = 0;

	dlb_dirs_init(&from, d->staging);
	dlb_dirs_init(&to, d->target);
	while (s == DLB_OK && dlb_manifest_next(d->m, &pos, &f)) {
		if (moved && dlb_file_lies_in(&f, &last))
			continue;
		s = merge_entry(d, &from, &to, &f, &moved, err);
		last = f;
	}
	dlb_dirs_close(&from);
	dlb_dirs_close(&to);
	return s;
}

static enum dlb_status
place_lone(struct dlb_dir_sink *d, struct dlb_error *err)
{
	char name[DLB_MANIFEST_PATH_MAX + 1];
	const struct dlb_manifest_file *f = &d->file;
	int r;

	dlb_local_path(name, f->path, f->path_len);
	r = d->overwrite
		? renameat(d->staging, d->lone_name, d->target, name)
		: rename_new(d->staging, d->lone_name, d->target, name);
	return r == 0 ? DLB_OK : fail_move(d, f, err);
}

enum dlb_status
dlb_place_all(struct dlb_dir_sink *d, struct dlb_error *err)
{
	enum dlb_status s;
	int r;

	if (d->lone)
		s = place_lone(d, err);
	else
		s = d->overwrite ? place_merged(d, err) : place_new(d, err);
	if (s != DLB_OK || d->synced_by_caller)
		return s;
	/* Merging may have changed any folder. */
	r = d->overwrite ? syncfs(d->target) : fsync(d->target);
	if (r != 0 && errno != EINVAL && errno != ENOTSUP)
		return dlb_fail_errno(err, errno,
			"the new names in \"%s\" did not reach the medium",
			d->directory_text);
	return DLB_OK;
}

/* ---- removing ----------------------------------------------------------------------------- */

static void remove_below(int at, const char *name, unsigned depth);

/* Closes fd. */
static void
empty_folder(int fd, unsigned depth)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *e;

	if (!dir) {
		close(fd);
		return;
	}
	while ((e = readdir(dir)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			remove_below(dirfd(dir), e->d_name, depth);
	closedir(dir);
}

static void
remove_below(int at, const char *name, unsigned depth)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

	if (unlinkat(at, name, 0) == 0)
		return;
	/* Some file systems lose their place in a folder while it is emptied. */
	for (unsigned pass = 0; pass < 4; pass++) {
		int fd;

		if (unlinkat(at, name, AT_REMOVEDIR) == 0
			|| depth > DLB_MANIFEST_DEPTH_MAX + 1)
			return;
		fd = openat(at, name, flags);
		if (fd < 0 && errno == EACCES && depth > 0
			&& fchmodat(at, name, 0700, 0) == 0)
			fd = openat(at, name, flags);
		if (fd < 0)
			return;
		if (depth > 0)
			(void)fchmod(fd, 0700);
		empty_folder(fd, depth + 1);
	}
}

void
dlb_remove_tree(int at, const char *name)
{
	remove_below(at, name, 0);
}
