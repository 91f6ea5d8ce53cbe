/*
 * Published test vectors: records of "name = hex" lines (a lone "-" is empty),
 * parted by empty lines, with "#" comments that say where they are from.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include "base.h"

#define VECTORS_FIELDS_MAX 8

struct vectors {
	struct dlb_buf file;
	const char *at;
	size_t n; /* fields of the record */
	struct {
		char name[16];
		uint8_t *data;
		size_t len;
	} fields[VECTORS_FIELDS_MAX];
};

/* A file of tests/vectors/official; stops the test where it is not there. */
void vectors_open(struct vectors *v, const char *name);
/* The next record; false at the end. What the last had is freed. */
bool vectors_next(struct vectors *v);
bool vectors_has(const struct vectors *v, const char *name);
/* A field, which must be there; len NULL: not asked for. */
const uint8_t *vectors_get(
	const struct vectors *v, const char *name, size_t *len);
/* A field that must have this length. */
const uint8_t *vectors_get_len(
	const struct vectors *v, const char *name, size_t len);
/* A field as a big-endian number. */
uint64_t vectors_number(const struct vectors *v, const char *name);
void vectors_close(struct vectors *v);

#endif
