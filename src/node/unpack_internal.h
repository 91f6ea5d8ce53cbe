/*
 * Between the files of unpacking: unpack.c reads the stream and drives a sink, which
 * writes into a directory (unpack_dir.c, unpack_place.c), to a descriptor
 * (archive.c) or into memory (read_show.c).
 */
#ifndef DLB_NODE_UNPACK_INTERNAL_H
#define DLB_NODE_UNPACK_INTERNAL_H

#include "pack_internal.h"

#include <stdatomic.h>

/* The manifest was parsed: everything in it is as manifest.h promises. Calls come in
 * its order; after one has failed only close is called. */
struct dlb_sink {
	const struct dlb_sink_ops *ops;
};
struct dlb_sink_ops {
	/* Before a byte is written: may it be? m stays until close. */
	enum dlb_status (*begin)(struct dlb_sink *s,
		const struct dlb_manifest *m, struct dlb_error *err);
	/* A folder or a link. */
	enum dlb_status (*entry)(struct dlb_sink *s,
		const struct dlb_manifest_file *f, struct dlb_error *err);
	/* A regular file: f->size bytes of data come between the two. */
	enum dlb_status (*file_begin)(struct dlb_sink *s,
		const struct dlb_manifest_file *f, struct dlb_error *err);
	enum dlb_status (*file_data)(struct dlb_sink *s, const uint8_t *data,
		size_t len, struct dlb_error *err);
	enum dlb_status (*file_end)(struct dlb_sink *s, struct dlb_error *err);
	/* All came. */
	enum dlb_status (*complete)(struct dlb_sink *s, struct dlb_error *err);
	/* After it. first_path may be NULL. */
	enum dlb_status (*finish)(struct dlb_sink *s, char *first_path,
		size_t first_path_cap, struct dlb_error *err);
	/* Undoes what was not finished; frees s. */
	void (*close)(struct dlb_sink *s);
};

enum dlb_status dlb_sink_dir_new(struct dlb_sink **out,
	const struct dlb_unpack_options *options, struct dlb_error *err)
	DLB_MUST_CHECK;
enum dlb_status dlb_sink_fd_new(
	struct dlb_sink **out, int fd, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_sink_text_new(struct dlb_sink **out, struct dlb_buf *text,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- archives (archive_pax.c) --------------------------------------------------------- */

#define DLB_PAX_BLOCK 512
/* Appends what stands before f's bytes. */
enum dlb_status dlb_pax_header(
	struct dlb_buf *out, const struct dlb_manifest_file *f) DLB_MUST_CHECK;
/* Appends what makes len bytes whole blocks. */
enum dlb_status dlb_pax_pad(struct dlb_buf *out, uint64_t len) DLB_MUST_CHECK;
enum dlb_status dlb_pax_end(struct dlb_buf *out) DLB_MUST_CHECK;

/* ---- the directory sink's parts ------------------------------------------------------ */

/* Everything is written into a staging folder in the target, which is ours alone
 * (0700), and moved from there at the end. */
struct dlb_dir_sink {
	struct dlb_sink base;
	struct dlb_stage
		*stage;     /* whose target is not ours to close; or NULL */
	bool lone;          /* a file alone, written into the stage's folder */
	char lone_name[16]; /* there; empty: not made */
	const struct dlb_manifest *m;
	const char *directory;    /* the caller's */
	char directory_text[256]; /* printable */
	bool overwrite;
	bool made_target; /* and removes it where nothing comes of it */
	bool finished;
	bool content_known; /* how long the stream is */
	bool sizes_hold; /* of the files: the stream is as long as they say */
	bool few;        /* files: synced one by one */
	bool synced_by_caller;
	char staging_name[32];
	int target;           /* -1: not there yet */
	int staging;          /* -1: none; holds its lock */
	struct dlb_dirs dirs; /* in staging */
	void (*note)(void *ctx, const char *text);
	void *note_ctx;

	/* The file being written. */
	int fd;
	struct dlb_manifest_file file;
	uint64_t written;
	uint64_t flushed; /* of that, handed to the disk */
};

/* The folder of many letters; its sink is never written to. */
struct dlb_stage {
	struct dlb_dir_sink in;
	atomic_uint names; /* that were given away in it */
};

/* A name as it is here: control characters become '_'. out is terminated; false
 * where nothing changed. */
bool dlb_local_path(char out[static DLB_MANIFEST_PATH_MAX + 1],
	const char *path, size_t len);
/* Fills err for f, by its name. */
enum dlb_status dlb_dir_sink_fail(const struct dlb_dir_sink *d,
	const struct dlb_manifest_file *f, int sys_errno,
	struct dlb_error *err);
/* Opens the target, or makes it. */
enum dlb_status dlb_stage_target(struct dlb_dir_sink *d, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Is there room for all files? */
enum dlb_status dlb_stage_space(
	const struct dlb_dir_sink *d, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_stage_fail_space(
	const struct dlb_dir_sink *d, struct dlb_error *err);
enum dlb_status dlb_stage_make(struct dlb_dir_sink *d, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Is a name in the way? Nothing is written yet. */
enum dlb_status dlb_place_check(struct dlb_dir_sink *d, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Moves what is in staging into the target; what was not there before either comes
 * whole or not at all. */
enum dlb_status dlb_place_all(struct dlb_dir_sink *d, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Mode and time of a folder, as sent; sync: brings it onto the medium. */
void dlb_dir_metadata(
	int at, const char *name, const struct dlb_manifest_file *f, bool sync);
bool dlb_file_lies_in(
	const struct dlb_manifest_file *f, const struct dlb_manifest_file *dir);
/* A folder and all in it; follows no links. Whatever can not be removed stays. */
void dlb_remove_tree(int at, const char *name);

#endif
