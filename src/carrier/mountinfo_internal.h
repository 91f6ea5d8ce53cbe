/*
 * The kernel's mount table, as text (proc(5), /proc/PID/mountinfo). Mount points
 * and sources are names that whoever may mount can choose.
 */
#ifndef DLB_CARRIER_MOUNTINFO_INTERNAL_H
#define DLB_CARRIER_MOUNTINFO_INTERNAL_H

#include "base.h"

#define MOUNTINFO_PATH_MAX 4096
#define MOUNTINFO_TYPE_MAX 64

struct mount_entry {
	uint32_t id;
	uint32_t major, minor;
	bool whole; /* the file system's own root, not a part of it */
	char point[MOUNTINFO_PATH_MAX];
	char type[MOUNTINFO_TYPE_MAX];
};

/* One line, without its end. False where it is not in the form, or too long. */
bool mountinfo_parse(struct mount_entry *out, const char *line, size_t len);
/* The last line of text, by which *len gets shorter; false where there is none. */
bool mountinfo_last(
	const char *text, size_t *len, const char **line, size_t *line_len);
/* A file system that people carry or swap, at a place where such are mounted: of a
 * type that is on devices and does not wait for a network. */
bool mountinfo_is_medium(const struct mount_entry *e);

#endif
