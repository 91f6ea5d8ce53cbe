/*
 * Sticks and directories: where on a mounted medium the box lies, and what the
 * medium allows.
 */
#ifndef DLB_STICK_H
#define DLB_STICK_H

#include "base.h"

/* The name of a box that is made without one, and what marks a file as a box
 * when a directory is given: the ending, and a length that a satchel could have. */
#define DLB_STICK_BOX_NAME "box.dlb"
#define DLB_STICK_BOX_SUFFIX ".dlb"
#define DLB_STICK_BOXES_MAX 64
/* No satchel is shorter: 16 cells. */
#define DLB_STICK_BOX_LEN_MIN (16ULL * 65536)

struct dlb_stick {
	char path[4096]; /* of the box's first file */
	bool exists; /* false: there is none yet, path is where it would be */
	bool read_only; /* the medium or the file */
	uint64_t free;  /* bytes, on the medium */
	uint64_t size;  /* of the box, all its files, where it exists */
};

/* `where` is a box's path or the directory it lies in. Also OK, with exists false,
 * for a directory without a box and for a path ending in .dlb in a directory that
 * is there. DLB_NOT_FOUND where there is neither; DLB_USAGE where a directory has
 * several boxes (all named in err). Files of a directory are found on the disk,
 * whatever fs is. */
enum dlb_status dlb_stick_locate(struct dlb_stick *out, struct dlb_fs *fs,
	const char *where, struct dlb_error *err) DLB_MUST_CHECK;
/* For who needs a box: DLB_NOT_FOUND, saying how to make one, where there is
 * none. */
enum dlb_status dlb_stick_require(
	const struct dlb_stick *stick, struct dlb_error *err) DLB_MUST_CHECK;

#endif
