/* See faulty_fs.h. */
#include "faulty_fs.h"

#include <stdlib.h>

struct faulty_file {
	struct dlb_file base;
	struct dlb_file *real;
	struct faulty_fs *fs;
};

static struct faulty_fs *
fs_of(struct dlb_fs *fs)
{
	return (struct faulty_fs *)fs;
}

static bool
fails(struct faulty_fs *fs)
{
	fs->calls++;
	return fs->fail_at > 0
		&& (fs->for_good ? fs->calls >= fs->fail_at
				 : fs->calls == fs->fail_at);
}

#define FAIL_IF_DUE(fs)                                                        \
	if (fails(fs))                                                         \
	return dlb_fail(err, DLB_IO, "as the test wants it")

static enum dlb_status
read_at(struct dlb_file *f, void *out, size_t len, uint64_t offset,
	struct dlb_error *err)
{
	struct faulty_file *ff = (struct faulty_file *)f;

	FAIL_IF_DUE(ff->fs);
	return ff->real->ops->read_at(ff->real, out, len, offset, err);
}

static enum dlb_status
write_at(struct dlb_file *f, const void *data, size_t len, uint64_t offset,
	struct dlb_error *err)
{
	struct faulty_file *ff = (struct faulty_file *)f;

	FAIL_IF_DUE(ff->fs);
	return ff->real->ops->write_at(ff->real, data, len, offset, err);
}

static enum dlb_status
sync_file(struct dlb_file *f, struct dlb_error *err)
{
	struct faulty_file *ff = (struct faulty_file *)f;

	ff->fs->syncs++;
	FAIL_IF_DUE(ff->fs);
	return ff->real->ops->sync(ff->real, err);
}

static enum dlb_status
size(struct dlb_file *f, uint64_t *out, struct dlb_error *err)
{
	struct faulty_file *ff = (struct faulty_file *)f;

	FAIL_IF_DUE(ff->fs);
	return ff->real->ops->size(ff->real, out, err);
}

static enum dlb_status
resize(struct dlb_file *f, uint64_t len, struct dlb_error *err)
{
	struct faulty_file *ff = (struct faulty_file *)f;

	FAIL_IF_DUE(ff->fs);
	return ff->real->ops->resize(ff->real, len, err);
}

static void
close_file(struct dlb_file *f)
{
	struct faulty_file *ff = (struct faulty_file *)f;

	if (!f)
		return;
	ff->fs->open_files--;
	ff->real->ops->close(ff->real);
	free(ff);
}

/* No hints: they may be absent. */
static const struct dlb_file_ops file_ops = {
	.read_at = read_at,
	.write_at = write_at,
	.sync = sync_file,
	.size = size,
	.resize = resize,
	.close = close_file,
};

static enum dlb_status
open_file(struct dlb_fs *fs, struct dlb_file **out, const char *path,
	enum dlb_open_mode mode, bool lock, struct dlb_error *err)
{
	struct dlb_fs *real = dlb_fs_posix();
	struct faulty_file *ff;
	enum dlb_status s;

	*out = NULL;
	FAIL_IF_DUE(fs_of(fs));
	ff = calloc(1, sizeof(*ff));
	if (!ff)
		return DLB_NO_MEMORY;
	s = real->ops->open(real, &ff->real, path, mode, lock, err);
	if (s != DLB_OK) {
		free(ff);
		return s;
	}
	ff->base.ops = &file_ops;
	ff->fs = fs_of(fs);
	ff->fs->open_files++;
	*out = &ff->base;
	return DLB_OK;
}

static enum dlb_status
remove_file(struct dlb_fs *fs, const char *path, struct dlb_error *err)
{
	struct dlb_fs *real = dlb_fs_posix();

	FAIL_IF_DUE(fs_of(fs));
	return real->ops->remove(real, path, err);
}

static enum dlb_status
rename_file(struct dlb_fs *fs, const char *from, const char *to,
	struct dlb_error *err)
{
	struct dlb_fs *real = dlb_fs_posix();

	FAIL_IF_DUE(fs_of(fs));
	return real->ops->rename(real, from, to, err);
}

static enum dlb_status
stat_file(struct dlb_fs *fs, const char *path, uint64_t *len, bool *is_dir,
	struct dlb_error *err)
{
	struct dlb_fs *real = dlb_fs_posix();

	FAIL_IF_DUE(fs_of(fs));
	return real->ops->stat(real, path, len, is_dir, err);
}

static enum dlb_status
sync_dir(struct dlb_fs *fs, const char *dir, struct dlb_error *err)
{
	struct dlb_fs *real = dlb_fs_posix();

	fs_of(fs)->dir_syncs++;
	FAIL_IF_DUE(fs_of(fs));
	return real->ops->sync_dir(real, dir, err);
}

void
faulty_fs_init(struct faulty_fs *fs, unsigned fail_at, bool for_good)
{
	static const struct dlb_fs_ops ops = {
		.open = open_file,
		.remove = remove_file,
		.rename = rename_file,
		.stat = stat_file,
		.sync_dir = sync_dir,
	};

	*fs = (struct faulty_fs){
		.fs = {&ops}, .fail_at = fail_at, .for_good = for_good};
}
