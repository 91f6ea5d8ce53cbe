/*
 * Files as a table of functions, so that tests can put memory, a full disk or a
 * power cut in the place of the disk; files split into spans; small whole files.
 */
#ifndef DLB_FILE_H
#define DLB_FILE_H

#include "bytes.h"
#include "status.h"

/* A file that is read and written at offsets. One object, one owner; read_at
 * and write_at may be called by several threads at once for ranges that do not
 * overlap. Every function returns DLB_OK or fills err. */
struct dlb_file {
	const struct dlb_file_ops *ops;
};

struct dlb_file_ops {
	/* All len bytes or an error (DLB_CORRUPT when the file is shorter). */
	enum dlb_status (*read_at)(struct dlb_file *f, void *out, size_t len,
		uint64_t offset, struct dlb_error *err);
	enum dlb_status (*write_at)(struct dlb_file *f, const void *data,
		size_t len, uint64_t offset, struct dlb_error *err);
	/* What was written before is on the medium when this returns. Once it
	 * has failed it fails for good: the kernel may have dropped the data. */
	enum dlb_status (*sync)(struct dlb_file *f, struct dlb_error *err);
	enum dlb_status (*size)(
		struct dlb_file *f, uint64_t *out, struct dlb_error *err);
	/* Grows or cuts; what is new reads as zeros, and takes no space where the
	 * medium can do that. */
	enum dlb_status (*resize)(
		struct dlb_file *f, uint64_t len, struct dlb_error *err);
	/* Asks the kernel to start writing back / to read ahead; may be NULL. */
	void (*hint_flush)(struct dlb_file *f, uint64_t offset, uint64_t len);
	void (*hint_read)(struct dlb_file *f, uint64_t offset, uint64_t len);
	/* Frees f; f may be NULL for none of these. */
	void (*close)(struct dlb_file *f);
};

enum dlb_open_mode {
	DLB_OPEN_READ,
	DLB_OPEN_WRITE,  /* must exist */
	DLB_OPEN_CREATE, /* must not exist; mode 0600 */
};

/* Where files live: the disk, or a test's memory. Paths are of the process. */
struct dlb_fs {
	const struct dlb_fs_ops *ops;
};

struct dlb_fs_ops {
	/* lock: an exclusive advisory lock for the life of the object; DLB_BUSY
	 * where another holds it. Never follows a link at the last component;
	 * plain files only. */
	enum dlb_status (*open)(struct dlb_fs *fs, struct dlb_file **out,
		const char *path, enum dlb_open_mode mode, bool lock,
		struct dlb_error *err);
	enum dlb_status (*remove)(
		struct dlb_fs *fs, const char *path, struct dlb_error *err);
	/* Replaces `to`; the directory is synced. */
	enum dlb_status (*rename)(struct dlb_fs *fs, const char *from,
		const char *to, struct dlb_error *err);
	/* DLB_NOT_FOUND without a message where there is none. size, is_dir may
	 * be NULL. */
	enum dlb_status (*stat)(struct dlb_fs *fs, const char *path,
		uint64_t *size, bool *is_dir, struct dlb_error *err);
	/* Makes what was created or removed in this directory durable. */
	enum dlb_status (*sync_dir)(
		struct dlb_fs *fs, const char *dir, struct dlb_error *err);
	enum dlb_status (*free_space)(struct dlb_fs *fs, const char *dir,
		uint64_t *out, struct dlb_error *err);
};

struct dlb_fs *dlb_fs_posix(void); /* static */

/* The directory that path is in ("." where it names none), cut at its last
 * component; DLB_LIMIT where out is too small. */
enum dlb_status dlb_path_dir(char *out, size_t out_cap, const char *path)
	DLB_MUST_CHECK;

/* Files below this length each, for FAT. A multiple of 64 KiB. */
#define DLB_SPAN_LEN 0xffff0000ULL
#define DLB_SPANS_MAX 4096
/* Several files as one: path, path.1, path.2, ... each of span_len but the
 * last (tests pass a small one). Opens as many as there are; creates as many as
 * total_len needs, and removes them again where that fails. Writable ones hold
 * the lock of the first file. resize adds and removes files; it is not to run
 * beside other calls. A set that no create or resize makes is DLB_MALFORMED. */
enum dlb_status dlb_span_open(struct dlb_file **out, struct dlb_fs *fs,
	const char *path, bool writable, uint64_t span_len,
	struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_span_create(struct dlb_file **out, struct dlb_fs *fs,
	const char *path, uint64_t total_len, uint64_t span_len,
	struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_span_remove(struct dlb_fs *fs, const char *path,
	struct dlb_error *err) DLB_MUST_CHECK;
/* The same as create, for what takes a while to fill: until settle gives it its
 * name, the first file is called path.new, and what a crash leaves is no set; clean
 * and the next begin remove it. DLB_BUSY where another process is at it. What is
 * not to be settled is abandoned: all its files go, and f. */
enum dlb_status dlb_span_begin(struct dlb_file **out, struct dlb_fs *fs,
	const char *path, uint64_t total_len, uint64_t span_len,
	struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_span_clean(struct dlb_fs *fs, const char *path,
	struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_span_settle(struct dlb_file *f, struct dlb_error *err)
	DLB_MUST_CHECK;
enum dlb_status dlb_span_abandon(struct dlb_file *f, struct dlb_error *err)
	DLB_MUST_CHECK;

/* A whole small file at once: at most max bytes, else DLB_LIMIT. Replaces what
 * out held; out is empty on failure. */
enum dlb_status dlb_file_load(struct dlb_buf *out, struct dlb_fs *fs,
	const char *path, size_t max, struct dlb_error *err) DLB_MUST_CHECK;
/* Writes path.new, syncs, renames, syncs the directory; removes path.new where
 * that fails. Mode 0600. */
enum dlb_status dlb_file_replace(struct dlb_fs *fs, const char *path,
	const void *data, size_t len, struct dlb_error *err) DLB_MUST_CHECK;

#endif
