/*
 * The inside of mounts.h. mounts.c: which places there are, and when each is looked
 * at. mounts_place.c: what is in one. mounts_cells.c: one that is a box itself.
 */
#ifndef DLB_CARRIER_MOUNTS_INTERNAL_H
#define DLB_CARRIER_MOUNTS_INTERNAL_H

#include "mountinfo_internal.h"
#include "mounts.h"
#include "stick_internal.h"

#include <limits.h>
#include <time.h>

/* Of a table, in bytes; of a directory, in entries. Others are not looked at. */
#define TABLE_MAX (4u << 20)
#define ENTRIES_MAX 65536
#define BOXES_MAX DLB_STICK_BOXES_MAX

struct box {
	char name[NAME_MAX + 1];
	off_t len;
	struct timespec changed;
	bool present;  /* found by the last look */
	bool replaced; /* what is found under this name is another */
	bool steady; /* as it was at the look before, or nothing happens there */
	bool reported; /* as there */
	int64_t told_ms;
};

/* A folder of single cells, of which its place is one. */
struct cells {
	bool present;   /* its lock is there */
	bool reported;  /* as there */
	bool due;       /* is to be told of */
	bool gone;      /* that it went is to be told of */
	bool left;      /* by the caller's wish: changes are not told of */
	size_t objects; /* at the last look */
	size_t met;     /* after the last meeting */
	int64_t told_ms, looked_ms;
	struct timespec changed; /* the directory, at the last look */
};
struct cells_seen {
	bool lock;
	size_t objects;
};

/* A directory that is watched, whether it exists or not. */
struct place {
	char *path;
	bool named;  /* by a person */
	bool medium; /* the top of a mounted medium */
	bool listed; /* in the table, while that is gone through */
	uint32_t mount_id, major, minor;
	int wd;      /* of inotify; -1: none */
	bool itself; /* wd is of the place, not of a directory above it */
	bool dirty;
	int64_t first_ms, last_ms; /* of what happened since the last look */
	struct box *boxes;
	size_t boxes_n, boxes_cap;
	struct cells cells;
};

struct dlb_mounts {
	const struct dlb_env *env;
	char *table; /* a test's */
	bool media;
	/* Two views of the table: each wakes once for a change, one the caller's
	 * poll, the other the look that follows. -1: none */
	int table_poll, table_look;
	char *seen; /* the table, as it was */
	size_t seen_len;
	int inotify;
	struct place *places;
	size_t places_n;
	bool limited; /* said once */
	bool limit_waits;
	struct dlb_error limit;
};

int64_t mounts_now(const struct dlb_mounts *m);
/* Something is more than is watched: told once. */
void mounts_limit(struct dlb_mounts *m, const char *what, const char *path);
void place_touch(struct dlb_mounts *m, struct place *p);
/* Looks into the directory and notes what changed. */
void place_look(struct dlb_mounts *m, struct place *p);
/* All that was there is no more: another medium, or none. */
void place_emptied(struct place *p);
/* The same of one name. */
void place_replaced(struct place *p, const char *name);
/* The next thing to tell; false: nothing. */
bool place_event(
	struct dlb_mounts *m, struct place *p, struct dlb_mounts_event *event);
/* When one that is there is to be told of again. */
int64_t place_again_ms(const struct place *p);
/* A stick was said to be free to be pulled: it is not met again by surprise. */
bool place_is_met_once(const struct place *p);
void place_free(struct place *p);

/* An entry of the directory, while it is looked through. */
void cells_entry(struct cells_seen *seen, int dir, const char *name);
/* Is what happens to a file of this name worth a look? */
bool cells_concern(const char *name);
void cells_looked(
	struct dlb_mounts *m, struct place *p, const struct cells_seen *seen);
/* It is no more, or another now. */
void cells_gone(struct place *p);
/* When to call cells_poll. */
int64_t cells_due_ms(const struct place *p);
void cells_poll(struct dlb_mounts *m, struct place *p);
bool cells_event(
	struct dlb_mounts *m, struct place *p, struct dlb_mounts_event *event);

#endif
