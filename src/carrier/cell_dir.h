/*
 * A directory as a box of single cells: where its lock lies, and which objects are in
 * it. Files of other names are not looked at; a folder that is synced between machines
 * holds such.
 */
#ifndef DLB_CELL_DIR_H
#define DLB_CELL_DIR_H

#include "base.h"

#define DLB_CELL_DIR_LOCK "cells.lock"
#define DLB_CELL_DIR_MAX 1000000u /* objects that are looked at */
#define DLB_CELL_DIR_NAME 33      /* 32 hexadecimal digits, and the end */

/* Is `where` such a box: a directory with a lock in it, or the lock's path? *dir gets
 * the directory. */
bool dlb_cell_dir_is(char *dir, size_t cap, const char *where);
/* Is a file of this name an object? */
bool dlb_cell_dir_is_name(const char *name);
/* All objects, ascending; *names is malloc'ed, DLB_CELL_DIR_NAME bytes each. Those of
 * another length than len (being written, being synced) are left out. */
enum dlb_status dlb_cell_dir_list(char **names, size_t *n, const char *dir,
	uint64_t len, struct dlb_error *err) DLB_MUST_CHECK;
/* Can something be written there? */
bool dlb_cell_dir_writable(const char *dir);

#endif
