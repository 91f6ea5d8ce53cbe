/*
 * Sticks and directories: where on a mounted medium the box lies.
 *
 * A box is a file that looks like random bytes; nothing in it can be recognised
 * without its key. So in a directory it is known by its name's ending and by being
 * long enough. Of a set path, path.1, path.2, ... only the first ends that way.
 * Links in a directory are not boxes; a path that the person names may be one, and
 * is resolved, as satchels are not opened through links.
 */
#include "stick_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static bool
ends_as_box(const char *name)
{
	size_t n = strlen(name), m = strlen(DLB_STICK_BOX_SUFFIX);

	return n > m && strcmp(name + n - m, DLB_STICK_BOX_SUFFIX) == 0;
}

enum stick_find
stick_find(int dir, const char *name, struct stat *st)
{
	if (name[0] == '.' || !ends_as_box(name)
		|| fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) != 0
		|| !S_ISREG(st->st_mode))
		return STICK_OTHER;
	return (uint64_t)st->st_size >= DLB_STICK_BOX_LEN_MIN ? STICK_BOX
							      : STICK_SHORT;
}

static const char *
shown(char out[static 512], const char *path)
{
	return dlb_printable(out, 512, path, strlen(path));
}

static enum dlb_status
set_path(struct dlb_stick *out, const char *path, struct dlb_error *err)
{
	size_t n = strlen(path);

	if (n >= sizeof(out->path))
		return dlb_fail(err, DLB_LIMIT, "the path is too long");
	memcpy(out->path, path, n + 1);
	return DLB_OK;
}

static enum dlb_status
join_path(struct dlb_stick *out, const char *dir, const char *name,
	struct dlb_error *err)
{
	size_t len = strlen(dir);
	const char *slash = len > 0 && dir[len - 1] == '/' ? "" : "/";
	int n = snprintf(
		out->path, sizeof(out->path), "%s%s%s", dir, slash, name);

	if (n < 0 || (size_t)n >= sizeof(out->path))
		return dlb_fail(err, DLB_LIMIT, "the path is too long");
	return DLB_OK;
}

/* What was found in a directory. */
struct found {
	size_t boxes;
	char first[NAME_MAX + 1];
	char names[320]; /* of all, for a message */
	bool short_one;  /* named like a box, but too short to be one */
	char short_name[NAME_MAX + 1];
};

static void
found_add(struct found *f, const char *name)
{
	size_t at = strlen(f->names);
	char text[128];

	if (f->boxes == 0)
		snprintf(f->first, sizeof(f->first), "%s", name);
	f->boxes++;
	dlb_printable(text, sizeof(text), name, strlen(name));
	if (at + strlen(text) + 8 < sizeof(f->names))
		snprintf(f->names + at, sizeof(f->names) - at, "%s%s",
			at ? ", " : "", text);
	else if (at && f->names[at - 1] != '.')
		snprintf(f->names + at, sizeof(f->names) - at, ", ...");
}

static enum dlb_status
look_through(struct found *f, const char *dir, struct dlb_error *err)
{
	char text[512];
	DIR *d = opendir(dir);
	const struct dirent *e;
	int failed;

	if (!d)
		return dlb_fail_errno(
			err, errno, "can not look into %s", shown(text, dir));
	while (errno = 0, (e = readdir(d)) != NULL) {
		struct stat st;

		switch (stick_find(dirfd(d), e->d_name, &st)) {
		case STICK_OTHER:
			break;
		case STICK_SHORT:
			f->short_one = true;
			snprintf(f->short_name, sizeof(f->short_name), "%s",
				e->d_name);
			break;
		case STICK_BOX:
			found_add(f, e->d_name);
			break;
		}
		if (f->boxes > DLB_STICK_BOXES_MAX)
			break;
	}
	failed = e ? 0 : errno;
	closedir(d);
	if (failed)
		return dlb_fail_errno(
			err, failed, "can not look into %s", shown(text, dir));
	return DLB_OK;
}

/* Neither to be met nor to be replaced. */
static enum dlb_status
no_file(const char *path, mode_t mode, struct dlb_error *err)
{
	const char *what = "no plain file";
	char text[512];

	if (S_ISLNK(mode))
		what = access(path, F_OK) == 0 ? "a link"
					       : "a link that leads nowhere";
	else if (S_ISDIR(mode))
		what = "a folder";
	return dlb_fail(err, DLB_REFUSED,
		"%.300s is %s, which is no box: remove it, or name another place",
		shown(text, path), what);
}

/* Nothing there but what is no file? */
static enum dlb_status
check_free(const struct dlb_stick *stick, struct dlb_error *err)
{
	struct stat st;

	if (lstat(stick->path, &st) != 0 || S_ISREG(st.st_mode))
		return DLB_OK;
	return no_file(stick->path, st.st_mode, err);
}

static enum dlb_status
locate_in_dir(struct dlb_stick *out, const char *dir, struct dlb_error *err)
{
	struct found f = {0};
	enum dlb_status s = look_through(&f, dir, err);
	char text[512], name[256];

	if (s != DLB_OK)
		return s;
	if (f.boxes > 1)
		return dlb_fail(err, DLB_USAGE,
			"%.120s has several boxes (%s): name one of them",
			shown(text, dir), f.names);
	if (f.boxes == 1) {
		out->exists = true;
		return join_path(out, dir, f.first, err);
	}
	/* Not silently passed over: it may be what is left of a box. */
	if (f.short_one && strcmp(f.short_name, DLB_STICK_BOX_NAME) == 0)
		return dlb_fail(err, DLB_CORRUPT,
			"%s in %.200s is too short to be a box: if it is what an "
			"interruption left, remove it",
			dlb_printable(name, sizeof(name), f.short_name,
				strlen(f.short_name)),
			shown(text, dir));
	s = join_path(out, dir, DLB_STICK_BOX_NAME, err);
	return s == DLB_OK ? check_free(out, err) : s;
}

static enum dlb_status
nothing_there(const char *where, struct dlb_error *err)
{
	char text[512];

	shown(text, where);
	return dlb_fail(err, DLB_NOT_FOUND,
		"there is nothing at %.180s: if it is a stick, is it plugged in "
		"and mounted? (`dlb box create %.180s` makes a box, in a "
		"directory that is there)",
		text, text);
}

/* Nothing is at `where`: a place for a box, or nothing at all. */
static enum dlb_status
locate_missing(struct dlb_stick *out, struct dlb_fs *fs, const char *where,
	struct dlb_error *err)
{
	char dir[PATH_MAX];
	bool is_dir = false;
	enum dlb_status s;

	if (!ends_as_box(where))
		return nothing_there(where, err);
	s = set_path(out, where, err);
	if (s == DLB_OK)
		s = check_free(out, err);
	if (s != DLB_OK)
		return s;
	if (dlb_path_dir(dir, sizeof(dir), where) != DLB_OK)
		return dlb_fail(err, DLB_LIMIT, "the path is too long");
	if (fs->ops->stat(fs, dir, NULL, &is_dir, err) != DLB_OK || !is_dir)
		return nothing_there(where, err);
	return DLB_OK;
}

/* A link that the person named leads to the box; the box is where it points. */
static enum dlb_status
locate_file(struct dlb_stick *out, const char *where, struct dlb_error *err)
{
	struct stat st;
	char real[PATH_MAX], text[512];

	out->exists = true;
	if (stat(where, &st) == 0 && !S_ISREG(st.st_mode))
		return no_file(where, st.st_mode, err);
	if (lstat(where, &st) != 0 || !S_ISLNK(st.st_mode))
		return set_path(out, where, err);
	if (!realpath(where, real))
		return dlb_fail_errno(
			err, errno, "can not follow %s", shown(text, where));
	return set_path(out, real, err);
}

static enum dlb_status
measure_box(struct dlb_stick *out, struct dlb_fs *fs, struct dlb_error *err)
{
	char part[PATH_MAX + 16];
	uint64_t total = 0;

	for (unsigned i = 0; i < DLB_SPANS_MAX; i++) {
		uint64_t len = 0;
		enum dlb_status s;

		if (i == 0)
			snprintf(part, sizeof(part), "%s", out->path);
		else
			snprintf(part, sizeof(part), "%s.%u", out->path, i);
		s = fs->ops->stat(fs, part, &len, NULL, err);
		if (s == DLB_NOT_FOUND && i > 0)
			break;
		if (s != DLB_OK)
			return s;
		total += len;
	}
	out->size = total;
	return DLB_OK;
}

static enum dlb_status
measure_medium(struct dlb_stick *out, struct dlb_fs *fs, struct dlb_error *err)
{
	char dir[PATH_MAX];
	struct statvfs st;
	enum dlb_status s;

	if (dlb_path_dir(dir, sizeof(dir), out->path) != DLB_OK)
		return dlb_fail(err, DLB_LIMIT, "the path is too long");
	s = fs->ops->free_space(fs, dir, &out->free, err);
	if (s != DLB_OK)
		return s;
	out->read_only = (statvfs(dir, &st) == 0 && (st.f_flag & ST_RDONLY))
		|| faccessat(AT_FDCWD, out->exists ? out->path : dir, W_OK,
			   AT_EACCESS)
			!= 0;
	return DLB_OK;
}

enum dlb_status
dlb_stick_locate(struct dlb_stick *out, struct dlb_fs *fs, const char *where,
	struct dlb_error *err)
{
	struct dlb_stick stick = {0};
	bool is_dir = false;
	enum dlb_status s;

	if (where[0] == '\0')
		return dlb_fail(err, DLB_USAGE,
			"an empty path: name a box or the directory it lies in");
	s = fs->ops->stat(fs, where, NULL, &is_dir, err);
	if (s == DLB_NOT_FOUND)
		s = locate_missing(&stick, fs, where, err);
	else if (s == DLB_OK && is_dir)
		s = locate_in_dir(&stick, where, err);
	else if (s == DLB_OK)
		s = locate_file(&stick, where, err);
	if (s == DLB_OK && stick.exists)
		s = measure_box(&stick, fs, err);
	if (s == DLB_OK)
		s = measure_medium(&stick, fs, err);
	if (s == DLB_OK)
		*out = stick;
	return s;
}

enum dlb_status
dlb_stick_require(const struct dlb_stick *stick, struct dlb_error *err)
{
	char text[512];

	if (stick->exists)
		return DLB_OK;
	shown(text, stick->path);
	return dlb_fail(err, DLB_NOT_FOUND,
		"there is no box at %.180s: `dlb box create %.180s` makes one",
		text, text);
}
