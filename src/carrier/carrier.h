/*
 * carrier: the medium of a meeting; moves opaque bytes. Here sticks and
 * directories: where on a mounted medium the box lies, and what the medium allows.
 */
#ifndef DLB_CARRIER_H
#define DLB_CARRIER_H

#include "base.h"

/* The name of a box that is made without one, and what marks a file as a box
 * when a directory is given: the ending, and a length that a satchel can have. */
#define DLB_STICK_BOX_NAME "box.dlb"
#define DLB_STICK_BOX_SUFFIX ".dlb"
#define DLB_STICK_BOXES_MAX 64

struct dlb_stick {
	char path[4096];  /* of the box's first file */
	bool exists;      /* false: there is none yet, path is where it would be */
	bool read_only;   /* the medium or the file */
	uint64_t free;    /* bytes, on the medium */
	uint64_t size;    /* of the box, where it exists */
};

/* `where` is a box's path or the directory it lies in. DLB_NOT_FOUND where there
 * is neither; DLB_USAGE where a directory has several boxes (all named in err). */
enum dlb_status dlb_stick_locate(struct dlb_stick *out, struct dlb_fs *fs,
	const char *where, struct dlb_error *err) DLB_MUST_CHECK;

#endif
