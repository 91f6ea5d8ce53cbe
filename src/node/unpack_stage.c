/*
 * Where a letter's files are written: the target directory, and the hidden staging
 * folder in it; and what is said when that can not be.
 *
 * Invariants: staging is made new, and ours: what a crash left of an earlier one is
 * removed first, but not one that another process holds the lock of.
 */
#include "unpack_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static void
size_text(char out[static 32], uint64_t n)
{
	static const char units[][4] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	size_t unit = 0;
	uint64_t tenths = n * 10;

	if (n > UINT64_MAX / 16)
		tenths = UINT64_MAX;
	while (tenths >= 10240 && unit + 1 < DLB_ARRAY_LEN(units)) {
		tenths = tenths / 1024 + (tenths % 1024 != 0);
		unit++;
	}
	if (unit == 0)
		snprintf(out, 32, "%llu B", (unsigned long long)(tenths / 10));
	else
		snprintf(out, 32, "%llu.%llu %s",
			(unsigned long long)(tenths / 10),
			(unsigned long long)(tenths % 10), units[unit]);
}

enum dlb_status
dlb_stage_fail_space(const struct dlb_dir_sink *d, struct dlb_error *err)
{
	char need[32], have[32] = "less";
	struct statvfs st;

	size_text(need, d->m->files_len);
	if (d->target >= 0 && fstatvfs(d->target, &st) == 0)
		size_text(have, (uint64_t)st.f_bavail * st.f_frsize);
	return dlb_fail(err, DLB_NO_SPACE,
		"the letter's files need %s, and in \"%s\" %s is free: make "
		"room, or name another directory with -o",
		need, d->directory_text, have);
}

/* A name or a kind of file that the medium can not hold, or a medium that fails. */
static enum dlb_status
fail_write(const struct dlb_dir_sink *d, const char *name, bool link,
	int sys_errno, struct dlb_error *err)
{
	bool no_links = link
		&& (sys_errno == EPERM || sys_errno == ENOSYS
			|| sys_errno == ENOTSUP);
	struct dlb_error why = {0};
	char dir[64];
	enum dlb_status s;

	dlb_printable(dir, sizeof(dir), d->directory, strlen(d->directory));
	if (no_links)
		s = dlb_fail(&why, DLB_REFUSED,
			"\"%s\" is a link, and there can be none in \"%s\"",
			name, dir);
	else
		s = dlb_fail_errno(&why, sys_errno,
			"can not write \"%s\" into \"%s\"", name, dir);
	s = dlb_fail(err, s,
		"%s; name another directory with -o, or take all as an archive: "
		"dlb read N >FILE.tar",
		why.msg);
	if (err)
		err->sys_errno = why.sys_errno;
	/* A status, which points nowhere. */
	/* cppcheck-suppress returnDanglingLifetime */
	return s;
}

enum dlb_status
dlb_dir_sink_fail(const struct dlb_dir_sink *d,
	const struct dlb_manifest_file *f, int sys_errno, struct dlb_error *err)
{
	char name[80];

	if (sys_errno == ENOSPC || sys_errno == EDQUOT)
		return dlb_stage_fail_space(d, err);
	dlb_printable(name, sizeof(name), f->path, f->path_len);
	if (sys_errno == EEXIST)
		return dlb_fail(err, DLB_REFUSED,
			"two names of the letter are one in \"%s\": \"%s\"; take "
			"all as an archive: dlb read N >FILE.tar",
			d->directory_text, name);
	if (sys_errno == EFBIG)
		return dlb_fail(err, DLB_NO_SPACE,
			"\"%s\" is too large a file for where \"%s\" lies: name "
			"another directory with -o",
			name, d->directory_text);
	return fail_write(d, name, f->type == DLB_FILE_LINK, sys_errno, err);
}

/* ---- the staging folder --------------------------------------------------------------- */

static enum dlb_status
fail_target(const struct dlb_dir_sink *d, int sys_errno, struct dlb_error *err)
{
	if (sys_errno == EACCES || sys_errno == EPERM || sys_errno == EROFS)
		return dlb_fail(err, DLB_READ_ONLY,
			"nothing can be written into \"%s\": name another "
			"directory with -o",
			d->directory_text);
	return dlb_fail_errno(
		err, sys_errno, "can not write into \"%s\"", d->directory_text);
}

enum dlb_status
dlb_stage_target(struct dlb_dir_sink *d, struct dlb_error *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

	if (d->stage) {
		d->target = d->stage->in.target;
		return DLB_OK;
	}
	d->target = open(d->directory, flags);
	if (d->target < 0 && errno == ENOENT) {
		if (mkdir(d->directory, 0777) != 0)
			return fail_target(d, errno, err);
		d->made_target = true;
		d->target = open(d->directory, flags);
	}
	if (d->target < 0)
		return fail_target(d, errno, err);
	return DLB_OK;
}

/* What a crash left of an earlier try goes first; but not what another process is
 * writing at this moment. */
static enum dlb_status
remove_leftover(struct dlb_dir_sink *d, struct dlb_error *err)
{
	int fd = openat(d->target, d->staging_name,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool busy = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0
		&& errno == EWOULDBLOCK;

	if (!busy && (fd >= 0 || errno != ENOENT))
		dlb_remove_tree(d->target, d->staging_name);
	if (fd >= 0)
		close(fd);
	if (busy)
		return dlb_fail(err, DLB_BUSY,
			"this letter is being written into \"%s\" already",
			d->directory_text);
	return DLB_OK;
}

enum dlb_status
dlb_stage_make(struct dlb_dir_sink *d, struct dlb_error *err)
{
	struct stat st, target;
	enum dlb_status s = remove_leftover(d, err);

	if (s != DLB_OK)
		return s;
	if (mkdirat(d->target, d->staging_name, 0700) != 0)
		return fail_target(d, errno, err);
	d->staging = openat(d->target, d->staging_name,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (d->staging < 0 || fstat(d->staging, &st) != 0
		|| fstat(d->target, &target) != 0)
		return fail_target(d, errno, err);
	/* Somebody put a folder of their own in its place; a medium without
	 * owners (FAT) shows one and the same for all. */
	if (st.st_uid != geteuid() && st.st_uid != target.st_uid)
		return dlb_fail(err, DLB_REFUSED,
			"somebody else meddles in \"%s\": name another "
			"directory with -o",
			d->directory_text);
	(void)flock(d->staging, LOCK_EX | LOCK_NB);
	dlb_dirs_init(&d->dirs, d->staging);
	return DLB_OK;
}

/* ---- one folder for many letters ------------------------------------------------------ */

/* A letter's label is hex: no letter's own folder is called that. */
#define SHARED_NAME ".dlb-partial-all"

enum dlb_status
dlb_stage_open(struct dlb_stage **out, int target, const char *directory,
	struct dlb_error *err)
{
	struct dlb_stage *stage = calloc(1, sizeof(*stage));
	struct dlb_dir_sink *d;
	enum dlb_status s;

	*out = NULL;
	if (!stage)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	d = &stage->in;
	d->directory = directory;
	dlb_printable(d->directory_text, sizeof(d->directory_text), directory,
		strlen(directory));
	snprintf(d->staging_name, sizeof(d->staging_name), SHARED_NAME);
	d->target = target;
	d->staging = -1;
	s = dlb_stage_make(d, err);
	if (s != DLB_OK) {
		if (d->staging >= 0)
			close(d->staging);
		free(stage);
		return s;
	}
	*out = stage;
	return DLB_OK;
}

void
dlb_stage_close(struct dlb_stage *stage)
{
	if (!stage)
		return;
	dlb_remove_tree(stage->in.target, stage->in.staging_name);
	close(stage->in.staging);
	free(stage);
}

enum dlb_status
dlb_stage_space(const struct dlb_dir_sink *d, struct dlb_error *err)
{
	struct statvfs st;
	uint64_t free;

	/* Where there is no count of blocks, the write will tell. */
	if (fstatvfs(d->target, &st) != 0 || st.f_blocks == 0)
		return DLB_OK;
	if (__builtin_mul_overflow(
		    (uint64_t)st.f_bavail, (uint64_t)st.f_frsize, &free))
		return DLB_OK;
	return d->m->files_len > free ? dlb_stage_fail_space(d, err) : DLB_OK;
}
