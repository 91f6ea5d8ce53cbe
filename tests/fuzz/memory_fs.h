/*
 * Files in memory, for fuzz targets of what keeps state in files: nothing is
 * synced, nothing fails but a read past the end or of a sector that was spoilt.
 */
#ifndef MEMORY_FS_H
#define MEMORY_FS_H

#include "base.h"

struct memory_file {
	char path[256]; /* empty: there is none here */
	uint8_t *data;
	size_t len, cap;
	size_t spoilt[4]; /* offsets of sectors, + 1 */
};

struct dlb_fs *memory_fs(void); /* static */
/* The file, made or overwritten; aborts where there are too many. Its bytes may be
 * changed at will. */
struct memory_file *memory_put(const char *path, const void *data, size_t len);
/* The 4,096 bytes from here on can not be read until one of them is written, or the
 * file is put anew. */
void memory_spoil(struct memory_file *m, size_t offset);
/* Grows with zeros, or cuts. */
void memory_resize(struct memory_file *m, size_t len);
/* NULL where there is none. */
struct memory_file *memory_find(const char *path);
void memory_remove(const char *path);

#endif
