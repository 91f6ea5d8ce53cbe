/*
 * A file system in memory whose power can be cut at every call: for the tests of
 * whatever writes files through struct dlb_fs.
 *
 * What is not synced is not on the medium. When the power comes back, each write
 * since the last sync of its file is there, or not, or has left garbage in every
 * 4 KiB sector that it touched; of what was created, removed and renamed since
 * the directory was synced, the first so many are there.
 *
 *	c = crash_fs_new(seed);
 *	crash_fs_cut_at(c, 17);
 *	... work on crash_fs_fs(c), until it fails ...
 *	after = crash_fs_clone(c);
 *	crash_fs_power_on(after, CRASH_GARBLE_ONE, 3);
 *	... open what there is, check it ...
 *
 * An event is a write, a sync, a change of length, of a name, a sync of a
 * directory. Events count from 0. Calls of several threads are taken one by one;
 * for the same events each time, dlb_pool_limit(1).
 *
 * Directories are there as soon as a file is in them.
 */
#ifndef CRASH_FS_H
#define CRASH_FS_H

#include "base.h"

struct crash_fs;

/* Aborts where there is no memory, as all of this does. */
struct crash_fs *crash_fs_new(uint64_t seed);
void crash_fs_free(struct crash_fs *c);
struct dlb_fs *crash_fs_fs(struct crash_fs *c);
/* The files and what is unsynced; no open file, no failure that was asked for. */
struct crash_fs *crash_fs_clone(const struct crash_fs *c);

/* ---- cutting the power ------------------------------------------------------------ */

uint64_t crash_fs_events(const struct crash_fs *c);
/* Event k and all later calls fail with DLB_IO; where it is a write or a name, it
 * is among the unsynced ones. UINT64_MAX: never. */
void crash_fs_cut_at(struct crash_fs *c, uint64_t k);
bool crash_fs_is_cut(const struct crash_fs *c);
/* How many writes are unsynced. */
size_t crash_fs_unsynced(const struct crash_fs *c);

enum crash_fate {
	CRASH_ALL,        /* everything arrived */
	CRASH_NONE,       /* nothing did */
	CRASH_SEEDED,     /* each its own fate, from the number given */
	CRASH_GARBLE_ONE, /* all arrived, the one of that number as garbage */
	CRASH_DROP_ONE,   /* all but the one of that number */
	CRASH_ONLY_ONE,   /* none but the one of that number */
};
/* Decides what was not synced, forgets locks; events count from 0 again. */
void crash_fs_power_on(
	struct crash_fs *c, enum crash_fate fate, uint64_t number);

/* ---- other failures ------------------------------------------------------------------ */

#define CRASH_READ 0x01
#define CRASH_WRITE 0x02
#define CRASH_SYNC 0x04
#define CRASH_OPEN 0x08
#define CRASH_NAME 0x10 /* resize, remove, rename, sync_dir */
#define CRASH_ANY 0x1f
/* From the n-th call from now on (0: the next) of these kinds, `times` calls fail
 * with status. */
void crash_fs_fail(struct crash_fs *c, unsigned kinds, uint64_t n,
	uint64_t times, enum dlb_status status);
/* True where the failure has come about. */
bool crash_fs_failed(const struct crash_fs *c);
/* So many bytes more can be taken (in sectors; a hole takes none). */
void crash_fs_space(struct crash_fs *c, uint64_t bytes);
void crash_fs_read_only(struct crash_fs *c, bool on);
/* Reading any of these bytes fails with DLB_IO. One range at a time. */
void crash_fs_bad_range(struct crash_fs *c, uint64_t offset, uint64_t len);
/* The n-th sync of a file (0: the first) since the power came on says that it
 * was done and does nothing: a broken medium, or a program that forgot it. */
void crash_fs_ignore_sync(struct crash_fs *c, uint64_t n);
/* All of them. */
void crash_fs_ignore_syncs(struct crash_fs *c);
uint64_t crash_fs_syncs(const struct crash_fs *c);

/* ---- straight at the bytes ---------------------------------------------------------------- */

/* A file as it is now, for the caller to free; NULL where there is none. */
uint8_t *crash_fs_get(const struct crash_fs *c, const char *path, size_t *len);
/* Makes or replaces a file, durably. */
void crash_fs_put(
	struct crash_fs *c, const char *path, const void *data, size_t len);
/* Changes one byte of a file, durably. */
void crash_fs_flip(
	struct crash_fs *c, const char *path, uint64_t offset, uint8_t mask);

#endif
