/*
 * The disk, with one call that fails: the fail_at-th of those that can change or
 * tell something (0: none). With `for_good` all later calls fail as well, which
 * is what a stick that was pulled looks like.
 */
#ifndef FAULTY_FS_H
#define FAULTY_FS_H

#include "base.h"

struct faulty_fs {
	struct dlb_fs fs;
	unsigned calls;
	unsigned fail_at;
	bool for_good;
	unsigned open_files;
	unsigned dir_syncs;
	unsigned syncs;
};

void faulty_fs_init(struct faulty_fs *fs, unsigned fail_at, bool for_good);

#endif
