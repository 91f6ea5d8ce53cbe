/*
 * What the files of the file system in memory share: crash_image.c (the bytes of
 * files), crash_fs.c (the calls), crash_control.c (what tests do with it).
 */
#ifndef CRASH_FS_INTERNAL_H
#define CRASH_FS_INTERNAL_H

#include "crash_fs.h"

#include <pthread.h>
#include <stdatomic.h>

#define SECTOR 4096
#define FILES_MAX 64
#define PATH_CAP 256

struct sector {
	atomic_uint refs;
	uint8_t bytes[SECTOR];
};

struct image {
	struct sector **sectors; /* NULL: a hole */
	size_t n;
	uint64_t len;
};

/* One unsynced write, or a change of length (data NULL). */
struct change {
	uint64_t offset, len;
	uint8_t *data;
};

struct inode {
	bool used, locked;
	unsigned opened;
	struct image now, durable;
	struct change *unsynced;
	size_t unsynced_n, unsynced_cap;
};

struct name {
	char path[PATH_CAP];
	int inode; /* -1: free */
};

struct names {
	struct name list[FILES_MAX];
};

struct crash_fs {
	struct dlb_fs fs;
	pthread_mutex_t lock;
	uint64_t seed;
	struct inode inodes[FILES_MAX];
	/* names[0] durable; after each unsynced change of names one more. */
	struct names *names;
	size_t names_n;
	uint64_t events, cut_at, syncs, ignore_sync;
	bool cut, read_only, ignore_all;
	unsigned fail_kinds;
	uint64_t fail_in, fail_times;
	enum dlb_status fail_status;
	bool fail_done;
	uint64_t space; /* sectors that can still be taken */
	uint64_t bad_offset, bad_len;
};

void *crash_must(void *p);
uint64_t crash_random(uint64_t *state);

/* ---- the bytes of files (crash_image.c) ------------------------------------------- */

void crash_image_free(struct image *im);
struct image crash_image_share(const struct image *im);
void crash_image_read(
	const struct image *im, uint8_t *out, uint64_t len, uint64_t offset);
/* A sector to write to. */
uint8_t *crash_image_own(struct image *im, size_t sector);
/* Garbage in every sector that the change touches, as far as the file goes. */
void crash_image_garble(
	struct image *im, const struct change *ch, uint64_t *state);
void crash_change_do(struct image *im, const struct change *ch);
/* Does it to `now`, and remembers it. data NULL: a change of length. */
void crash_unsynced_add(
	struct inode *in, const void *data, uint64_t len, uint64_t offset);
void crash_inode_sync(struct inode *in);
void crash_inode_free(struct inode *in);

/* ---- names (crash_fs.c) ---------------------------------------------------------------- */

extern const struct dlb_fs_ops crash_fs_ops;
struct names *crash_names_now(const struct crash_fs *c);
/* A new version of the names, to be changed. */
struct names *crash_names_change(struct crash_fs *c);
void crash_names_sync(struct crash_fs *c);
struct name *crash_name_find(struct names *names, const char *path);
void crash_name_set(struct names *names, const char *path, int inode);
struct inode *crash_inode_new(struct crash_fs *c, int *number);
/* Frees inodes that no name leads to and nobody has open. */
void crash_collect(struct crash_fs *c);

#endif
