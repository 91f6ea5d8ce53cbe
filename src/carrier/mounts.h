/*
 * Boxes that come and go: on media that are mounted (the kernel's mount table), and
 * in directories that a person named, whether they exist yet or not.
 *
 * A medium is a mounted file system of a device that people carry or swap; its top
 * directory is looked through, not what lies below, and neither are network file
 * systems, which may not answer, nor the system's own places. A box is known as
 * stick.h knows it: by its name's ending and length. A new one is reported when its
 * directory has been quiet for DLB_MOUNTS_QUIET_MS, or, where others keep it busy,
 * when the box itself has not changed for DLB_MOUNTS_PATIENCE_MS: so a copy is whole
 * first, unless it is a very slow one.
 *
 * A directory that has the lock of a box of single cells (cell_dir.h) in it is a box
 * itself, a synced folder for instance. It is reported again when others have changed
 * what lies there. Every box is, after DLB_MOUNTS_AGAIN_MS: what was sealed or taken
 * here since is to get there. Neither holds on a medium, which may have been said to be
 * free to be pulled.
 *
 * Nothing here opens or writes a box. Looking waits as long as the medium does.
 */
#ifndef DLB_MOUNTS_H
#define DLB_MOUNTS_H

#include "base.h"

#include <poll.h>

#define DLB_MOUNTS_FDS_MAX 2
#define DLB_MOUNTS_DIRS_MAX 64    /* that a person names */
#define DLB_MOUNTS_PLACES_MAX 256 /* those and media */
#define DLB_MOUNTS_QUIET_MS 500
#define DLB_MOUNTS_PATIENCE_MS 5000
#define DLB_MOUNTS_AGAIN_MS (15 * 60000)
#define DLB_MOUNTS_PATH_MAX 4096

struct dlb_mounts;

struct dlb_mounts_config {
	const char *const *dirs; /* copied; absolute paths */
	size_t dirs_n;
	bool media; /* watch the mount table as well */
	/* NULL: the kernel's. A test's is read anew with each step. */
	const char *table;
};

enum dlb_mounts_event_kind {
	DLB_MOUNTS_NONE,
	DLB_MOUNTS_APPEARED, /* also those that are there at the start */
	DLB_MOUNTS_GONE,     /* deleted, unmounted, or replaced by another */
	DLB_MOUNTS_LIMIT, /* more places or boxes than are watched: message */
};

struct dlb_mounts_event {
	enum dlb_mounts_event_kind kind;
	char path
		[DLB_MOUNTS_PATH_MAX]; /* of the box: as it is, not to be printed */
	bool medium; /* on a mounted medium: unmounting it can be advised */
	bool again;  /* APPEARED: it was there all the time */
	struct dlb_error why;
};

enum dlb_status dlb_mounts_new(struct dlb_mounts **out,
	const struct dlb_env *env, const struct dlb_mounts_config *config,
	struct dlb_error *err) DLB_MUST_CHECK;
void dlb_mounts_free(struct dlb_mounts *m);
unsigned dlb_mounts_poll(const struct dlb_mounts *m,
	struct pollfd out[static DLB_MOUNTS_FDS_MAX]);
int64_t dlb_mounts_deadline_ms(const struct dlb_mounts *m);
/* One event at a time: call until it is DLB_MOUNTS_NONE. */
void dlb_mounts_step(struct dlb_mounts *m, struct dlb_mounts_event *event);

/* Of a folder of single cells that was reported. It was met, and so many cells lie
 * there now: */
void dlb_mounts_met(struct dlb_mounts *m, const char *path, size_t objects);
/* It can not be met: what others change there is no reason to report it again. */
void dlb_mounts_leave(struct dlb_mounts *m, const char *path);

#endif
