/*
 * A letter's files into a directory, by way of a hidden staging folder in it.
 *
 * Invariants: staging is new, ours and 0700, so that what is made in it can not be
 * swapped for something else (a file alone may be made in that of many letters, under
 * a name that is given once); each file and folder is made new, opened below its
 * folder and through no link; links are made after all files. Until finish the target
 * has nothing but staging, and nothing of it is left on failure.
 *
 * Names: a manifest allows every byte but NUL and '/'. Control characters in a name
 * serve to deceive who lists a folder, so they become '_' here; where two names then
 * are one, the letter is refused. All else is written as it was sent.
 */
#include "unpack_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files from here on get their room before their bytes. */
#define ALLOCATE_LEN (16u << 20)
/* So much is written before the disk is told to begin with it. */
#define FLUSH_LEN (8u << 20)
/* Up to so many entries are synced one by one. One sync of the whole file system is
 * faster for many, but waits for what everybody else wrote there, too. */
#define FEW_FILES 16

static struct dlb_dir_sink *
dir_of(struct dlb_sink *s)
{
	return (struct dlb_dir_sink *)s;
}

static bool
is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

bool
dlb_local_path(char out[static DLB_MANIFEST_PATH_MAX + 1], const char *path,
	size_t len)
{
	bool changed = false;

	for (size_t i = 0; i < len; i++) {
		out[i] = is_control(path[i]) ? '_' : path[i];
		changed |= out[i] != path[i];
	}
	out[len] = '\0';
	return changed;
}

/* Is the letter one file, and is there a folder for such? */
static bool
is_lone(const struct dlb_dir_sink *d)
{
	struct dlb_manifest_file f;
	size_t pos = 0;

	return d->stage && d->m->files_n == 1
		&& dlb_manifest_next(d->m, &pos, &f)
		&& f.type == DLB_FILE_REGULAR
		&& !memchr(f.path, '/', f.path_len);
}

static enum dlb_status
dir_begin(struct dlb_sink *sink, const struct dlb_manifest *m,
	struct dlb_error *err)
{
	struct dlb_dir_sink *d = dir_of(sink);
	enum dlb_status s;

	d->m = m;
	d->sizes_hold = d->content_known && m->fields.codec == DLB_CODEC_NONE;
	d->few = !d->overwrite && !d->synced_by_caller
		&& m->files_n <= FEW_FILES;
	if (m->files_n == 0)
		return DLB_OK;
	s = dlb_stage_target(d, err);
	if (s == DLB_OK)
		s = dlb_place_check(d, err);
	if (s == DLB_OK)
		s = dlb_stage_space(d, err);
	if (s == DLB_OK && is_lone(d)) {
		d->lone = true;
		d->staging = d->stage->in.staging;
		dlb_dirs_init(&d->dirs, d->staging);
	} else if (s == DLB_OK) {
		s = dlb_stage_make(d, err);
	}
	return s;
}

/* ---- writing --------------------------------------------------------------------------- */

static void
note_name(struct dlb_dir_sink *d, const char *path, const char *sent,
	size_t sent_len)
{
	const char *slash = memrchr(sent, '/', sent_len);
	const char *part = slash ? slash + 1 : sent;
	char text[600], name[256];

	/* Of a folder once, and not with each file in it. */
	for (const char *p = part; p < sent + sent_len; p++) {
		if (!is_control(*p))
			continue;
		if (!d->note)
			return;
		snprintf(text, sizeof(text),
			"a name with control characters is written as \"%s\"",
			dlb_printable(name, sizeof(name), path, strlen(path)));
		d->note(d->note_ctx, text);
		return;
	}
}

/* Where f is to be made in staging. */
static int
parent_of(struct dlb_dir_sink *d, const struct dlb_manifest_file *f,
	const char **name)
{
	char path[DLB_MANIFEST_PATH_MAX + 1];

	if (dlb_local_path(path, f->path, f->path_len))
		note_name(d, path, f->path, f->path_len);
	return dlb_dirs_parent(&d->dirs, path, f->path_len, name);
}

static enum dlb_status
dir_entry(struct dlb_sink *sink, const struct dlb_manifest_file *f,
	struct dlb_error *err)
{
	struct dlb_dir_sink *d = dir_of(sink);
	const char *name;
	int at;

	/* Links come last (finish_tree). */
	if (f->type != DLB_FILE_DIR)
		return DLB_OK;
	at = parent_of(d, f, &name);
	if (at < 0 || mkdirat(at, name, 0700) != 0)
		return dlb_dir_sink_fail(d, f, errno, err);
	return DLB_OK;
}

static enum dlb_status
dir_file_begin(struct dlb_sink *sink, const struct dlb_manifest_file *f,
	struct dlb_error *err)
{
	struct dlb_dir_sink *d = dir_of(sink);
	const char *name;
	int at = parent_of(d, f, &name);

	d->file = *f;
	d->written = 0;
	d->flushed = 0;
	if (at < 0)
		return dlb_dir_sink_fail(d, f, errno, err);
	if (d->lone) {
		snprintf(d->lone_name, sizeof(d->lone_name), "%u",
			atomic_fetch_add(&d->stage->names, 1));
		name = d->lone_name;
	}
	d->fd = openat(at, name,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (d->fd < 0)
		return dlb_dir_sink_fail(d, f, errno, err);
	if (f->size >= ALLOCATE_LEN && d->sizes_hold
		&& fallocate(d->fd, 0, 0, (off_t)f->size) != 0
		&& (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
		return dlb_dir_sink_fail(d, f, errno, err);
	return DLB_OK;
}

static enum dlb_status
dir_file_data(struct dlb_sink *sink, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	struct dlb_dir_sink *d = dir_of(sink);

	while (len > 0) {
		ssize_t n = write(d->fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return dlb_dir_sink_fail(d, &d->file, errno, err);
		data += n;
		len -= (size_t)n;
		d->written += (uint64_t)n;
	}
	/* So that the disk is at work meanwhile and little is left at the end. */
	if (d->written - d->flushed >= FLUSH_LEN) {
		(void)sync_file_range(d->fd, (off_t)d->flushed,
			(off_t)(d->written - d->flushed),
			SYNC_FILE_RANGE_WRITE);
		d->flushed = d->written;
	}
	return DLB_OK;
}

static void
times_of(struct timespec out[static 2], const struct dlb_manifest_file *f)
{
	out[0] = (struct timespec){.tv_nsec = UTIME_OMIT};
	out[1] = (struct timespec){
		.tv_sec = (time_t)f->mtime_s, .tv_nsec = f->mtime_ns};
}

static enum dlb_status
dir_file_end(struct dlb_sink *sink, struct dlb_error *err)
{
	struct dlb_dir_sink *d = dir_of(sink);
	struct timespec times[2];
	int r;

	/* A medium without modes or with coarser times takes what it can. */
	times_of(times, &d->file);
	(void)futimens(d->fd, times);
	(void)fchmod(d->fd, d->file.mode & 0777);
	if (d->few && fsync(d->fd) != 0)
		return dlb_dir_sink_fail(d, &d->file, errno, err);
	r = close(d->fd);
	d->fd = -1;
	if (r != 0 && errno != EINTR)
		return dlb_dir_sink_fail(d, &d->file, errno, err);
	return DLB_OK;
}

/* ---- links, and folders' modes and times --------------------------------------------- */

void
dlb_dir_metadata(
	int at, const char *name, const struct dlb_manifest_file *f, bool sync)
{
	struct timespec times[2];
	int fd = openat(
		at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	times_of(times, f);
	(void)futimens(fd, times);
	(void)fchmod(fd, f->mode & 0777);
	if (sync)
		(void)fsync(fd);
	close(fd);
}

static enum dlb_status
make_link(struct dlb_dir_sink *d, const struct dlb_manifest_file *f,
	struct dlb_error *err)
{
	char target[DLB_MANIFEST_PATH_MAX + 1];
	struct timespec times[2];
	const char *name;
	int at = parent_of(d, f, &name);

	dlb_local_path(target, f->target, f->target_len);
	if (at < 0 || symlinkat(target, at, name) != 0)
		return dlb_dir_sink_fail(d, f, errno, err);
	times_of(times, f);
	(void)utimensat(at, name, times, AT_SYMLINK_NOFOLLOW);
	return DLB_OK;
}

static enum dlb_status
leave_folder(struct dlb_dir_sink *d, const struct dlb_manifest_file *f,
	struct dlb_error *err)
{
	const char *name;
	char path[DLB_MANIFEST_PATH_MAX + 1];
	int at;

	dlb_local_path(path, f->path, f->path_len);
	at = dlb_dirs_parent(&d->dirs, path, f->path_len, &name);
	if (at < 0)
		return dlb_dir_sink_fail(d, f, errno, err);
	dlb_dir_metadata(at, name, f, d->few);
	return DLB_OK;
}

bool
dlb_file_lies_in(
	const struct dlb_manifest_file *f, const struct dlb_manifest_file *dir)
{
	return f->path_len > dir->path_len && f->path[dir->path_len] == '/'
		&& memcmp(f->path, dir->path, dir->path_len) == 0;
}

/* Once more over the list: makes the links; gives each folder its mode and time when
 * all in it is done. */
static enum dlb_status
finish_tree(struct dlb_dir_sink *d, struct dlb_error *err)
{
	struct dlb_manifest_file open[DLB_MANIFEST_DEPTH_MAX], f;
	size_t pos = 0, depth = 0;
	enum dlb_status s = DLB_OK;
	bool more;

	do {
		more = dlb_manifest_next(d->m, &pos, &f);
		while (s == DLB_OK && depth > 0
			&& (!more || !dlb_file_lies_in(&f, &open[depth - 1])))
			s = leave_folder(d, &open[--depth], err);
		if (s == DLB_OK && more && f.type == DLB_FILE_LINK)
			s = make_link(d, &f, err);
		if (more && f.type == DLB_FILE_DIR)
			open[depth++] = f;
	} while (more && s == DLB_OK);
	return s;
}

/* ---- the end ---------------------------------------------------------------------------- */

static enum dlb_status
sync_target(const struct dlb_dir_sink *d, struct dlb_error *err)
{
	if (d->few || d->synced_by_caller)
		return DLB_OK;
	if (syncfs(d->target) != 0)
		return errno == ENOSPC || errno == EDQUOT
			? dlb_stage_fail_space(d, err)
			: dlb_fail_errno(err, errno,
				"what was written into \"%s\" did not reach the "
				"medium",
				d->directory_text);
	return DLB_OK;
}

static void
first_path_of(const struct dlb_dir_sink *d, char *out, size_t cap)
{
	char path[DLB_MANIFEST_PATH_MAX + 1];
	struct dlb_manifest_file f;
	size_t pos = 0, len = strlen(d->directory);

	if (!out || cap == 0 || !dlb_manifest_next(d->m, &pos, &f))
		return;
	dlb_local_path(path, f.path, f.path_len);
	snprintf(out, cap, "%s%s%s", d->directory,
		len > 0 && d->directory[len - 1] == '/' ? "" : "/", path);
}

static void
remove_staging(struct dlb_dir_sink *d)
{
	dlb_dirs_close(&d->dirs);
	if (d->lone && d->lone_name[0] && !d->finished)
		(void)unlinkat(d->staging, d->lone_name, 0);
	if (d->lone)
		d->staging = -1;
	if (d->staging < 0)
		return;
	dlb_remove_tree(d->target, d->staging_name);
	close(d->staging);
	d->staging = -1;
}

static enum dlb_status
dir_complete(struct dlb_sink *sink, struct dlb_error *err)
{
	struct dlb_dir_sink *d = dir_of(sink);
	enum dlb_status s;

	if (d->m->files_n == 0)
		return DLB_OK;
	s = finish_tree(d, err);
	dlb_dirs_close(&d->dirs);
	return s == DLB_OK ? sync_target(d, err) : s;
}

static enum dlb_status
dir_finish(struct dlb_sink *sink, char *first_path, size_t first_path_cap,
	struct dlb_error *err)
{
	struct dlb_dir_sink *d = dir_of(sink);
	enum dlb_status s;

	if (d->m->files_n == 0)
		return DLB_OK;
	s = dlb_place_all(d, err);
	if (s != DLB_OK)
		return s;
	d->finished = true;
	remove_staging(d);
	first_path_of(d, first_path, first_path_cap);
	return DLB_OK;
}

static void
dir_close(struct dlb_sink *sink)
{
	struct dlb_dir_sink *d = dir_of(sink);

	if (d->fd >= 0)
		close(d->fd);
	remove_staging(d);
	if (d->target >= 0 && !d->stage)
		close(d->target);
	if (d->made_target && !d->finished)
		(void)rmdir(d->directory);
	free(d);
}

static bool
label_valid(const char *label)
{
	size_t n = strnlen(label, 17);

	return n > 0 && n < 17 && strspn(label, "0123456789abcdefABCDEF") == n;
}

enum dlb_status
dlb_sink_dir_new(struct dlb_sink **out,
	const struct dlb_unpack_options *options, struct dlb_error *err)
{
	static const struct dlb_sink_ops ops = {
		.begin = dir_begin,
		.entry = dir_entry,
		.file_begin = dir_file_begin,
		.file_data = dir_file_data,
		.file_end = dir_file_end,
		.complete = dir_complete,
		.finish = dir_finish,
		.close = dir_close,
	};
	struct dlb_dir_sink *d;

	if (!label_valid(options->label))
		return dlb_fail(err, DLB_USAGE, "the letter has no label");
	d = calloc(1, sizeof(*d));
	if (!d)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	d->base.ops = &ops;
	d->directory = options->directory;
	dlb_printable(d->directory_text, sizeof(d->directory_text),
		options->directory, strlen(options->directory));
	d->overwrite = options->overwrite;
	d->synced_by_caller = options->synced_by_caller;
	d->stage = options->stage;
	d->content_known = options->content_len != UINT64_MAX;
	d->note = options->note;
	d->note_ctx = options->note_ctx;
	snprintf(d->staging_name, sizeof(d->staging_name), ".dlb-partial-%s",
		options->label);
	d->target = -1;
	d->staging = -1;
	d->fd = -1;
	*out = &d->base;
	return DLB_OK;
}
