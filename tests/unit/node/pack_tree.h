/*
 * For the tests of packing: trees of files made from a seed, compared, packed into
 * memory, unpacked from it.
 */
#ifndef DLB_TEST_PACK_TREE_H
#define DLB_TEST_PACK_TREE_H

#include "pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEST_LABEL "0123456789abcdef"

/* Each test's own directory with `in` and `out` in it. */
struct tree {
	struct dlb_env_seeded env;
	char dir[64];
	struct dlb_error err;
	char notes[4096]; /* of packing and unpacking, one a line */
	uint64_t skipped;
	uint64_t files, bytes; /* of the last unpacking */
	char first_path[4096];
};
int tree_setup(void **state);
int tree_teardown(void **state);
/* A path below t->dir; the last eight stay as they are. */
const char *tree_at(const struct tree *t, const char *name);
void tree_file(const struct tree *t, const char *name, const char *content);
void tree_folder(const struct tree *t, const char *name);
void tree_link(const struct tree *t, const char *name, const char *target);
bool tree_has(const struct tree *t, const char *name);
/* Asserts the content of a file. */
void tree_expect(const struct tree *t, const char *name, const char *content);
/* Asserts that a folder has exactly so many entries. */
void tree_expect_entries(const struct tree *t, const char *name, size_t n);
/* Fills a folder that is there with files, folders and links of odd names. */
void tree_grow(struct tree *t, const char *name, unsigned depth);
/* Asserts that two folders hold the same: names, kinds, modes, times, bytes. */
void tree_same(const struct tree *t, const char *a, const char *b);
/* A note callback for a tree. */
void tree_note(void *t, const char *text);

/* The whole stream of options, patched; read in pieces of random length. */
enum dlb_status tree_pack(
	struct tree *t, struct dlb_buf *out, struct dlb_pack_options *options);
/* The same of one path below t->dir. */
void tree_pack_path(struct tree *t, struct dlb_buf *out, const char *name);
/* To `out`, in pieces of random length; content_len is filled in where 0. */
struct dlb_unpack_options tree_unpack_options(const struct tree *t);
enum dlb_status tree_unpack(struct tree *t, const struct dlb_buf *stream,
	struct dlb_unpack_options options);

/* Become an ordinary user where the tests run as root; undone by true. */
bool tree_drop_root(struct tree *t);
void tree_regain_root(void);

#endif
