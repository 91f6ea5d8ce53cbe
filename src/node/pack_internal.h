/*
 * Between the files of packing: walking what is sent, and folders kept open along
 * a path. pack.h has what the rest of node calls.
 */
#ifndef DLB_NODE_PACK_INTERNAL_H
#define DLB_NODE_PACK_INTERNAL_H

#include "pack.h"

#include <sys/stat.h>
#include <zstd.h>

/* ---- folders along a path (pack_dirs.c) ------------------------------------------ */

/* Paths that come in a manifest's order share most of their folders: those of the
 * path before stay open. No link is followed, at any part. */
struct dlb_dirs {
	int root;   /* the caller's */
	unsigned n; /* folders open below root */
	int fds[DLB_MANIFEST_DEPTH_MAX];
	uint16_t ends[DLB_MANIFEST_DEPTH_MAX]; /* lengths of their paths */
	char path[DLB_MANIFEST_PATH_MAX + 1];  /* of the deepest */
	char name[256];
};
void dlb_dirs_init(struct dlb_dirs *d, int root);
/* The folder (opened with O_PATH) that path lies in, owned by d, and path's last
 * part, valid until the next call; -1 with errno. The path is one of a manifest. */
int dlb_dirs_parent(struct dlb_dirs *d, const char *path, size_t len,
	const char **name) DLB_MUST_CHECK;
void dlb_dirs_close(struct dlb_dirs *d);

/* ---- the walk (pack_walk.c) -------------------------------------------------------- */

/* A path that a person named, and the name it travels under. */
struct dlb_walk_root {
	char *path;
	char name[256];
};
struct dlb_walk_entry {
	const struct dlb_walk_root *root;
	const char *path; /* root->name, then what is below it */
	size_t path_len;
	const struct stat *st;
	const char *target; /* of a link */
	size_t target_len;
};
struct dlb_walk {
	struct dlb_walk_root *roots; /* sorted by name */
	size_t roots_n;
	/* Files, folders and links, in a manifest's order. DLB_REFUSED: it is left
	 * out, with what is below it, for the reason in err. */
	enum dlb_status (*visit)(void *ctx, const struct dlb_walk_entry *e,
		struct dlb_error *err);
	void *ctx;
	void (*note)(void *ctx, const char *text);
	void *note_ctx;
	uint64_t skipped;
	char path[DLB_MANIFEST_PATH_MAX + 1 + 256]; /* where the walk is */
	size_t path_len;
	unsigned depth;
};
/* Fills w->roots from the paths. */
enum dlb_status dlb_walk_init(struct dlb_walk *w, const char *const *paths,
	size_t paths_n, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_walk_run(struct dlb_walk *w, struct dlb_error *err)
	DLB_MUST_CHECK;
void dlb_walk_free(struct dlb_walk *w);

/* ---- the stream (pack.c opens it, pack_read.c reads it) ------------------------------ */

struct dlb_pack {
	struct dlb_walk walk;
	struct dlb_buf manifest; /* with its u32 */
	struct dlb_manifest m;
	uint32_t files; /* folders not counted */
	size_t given;   /* of the manifest */

	bool from_stdin;
	int stdin_fd;
	uint64_t stdin_len; /* read so far */
	bool (*go_on)(void *ctx);
	void *go_on_ctx;
	bool source_done;

	size_t pos; /* in the manifest's list */
	struct dlb_manifest_file file;
	int fd; /* of file; -1: none */
	uint64_t left;
	struct stat st; /* of file, when it was opened */
	size_t root;    /* whose folder is open */
	int root_fd;    /* -1: none */
	struct dlb_dirs dirs;

	ZSTD_CCtx *zstd; /* NULL: not compressed */
	uint8_t *in;     /* what is being compressed */
	size_t in_cap, in_len, in_at;
	bool zstd_done;
};
/* Closes *fd where it is one, and forgets it. */
void dlb_pack_close_fd(int *fd);

#endif
