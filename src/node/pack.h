/*
 * pack: from files and folders to a letter's content stream, and back, safely.
 * Private to node.
 */
#ifndef DLB_NODE_PACK_H
#define DLB_NODE_PACK_H

#include "base.h"
#include "manifest.h"

/* ---- out: pack.c -------------------------------------------------------------------- */

/* What one letter carries: found by walking the paths once; then read as a stream. */
struct dlb_pack;
struct dlb_pack_options {
	const char *const *paths; /* "-": standard input, only alone */
	size_t paths_n;
	const char *stdin_name;
	int stdin_fd;
	bool compress;
	struct dlb_manifest_fields
		fields; /* message, card, kind; codec is set here */
	/* Told of each thing left out and why (a socket, a link that leads out ...);
	 * may be NULL. */
	void (*note)(void *ctx, const char *text);
	void *note_ctx;
	/* Asked now and then while standard input is silent; false: stop. May be
	 * NULL. */
	bool (*go_on)(void *ctx);
	void *go_on_ctx;
};
/* Walks. DLB_NOT_FOUND etc. for a path that is not there. Paths are kept by their
 * last part ("/a/b/report/" travels as "report/..."); two that would collide are
 * refused, as is a request of which everything had to be left out. */
enum dlb_status dlb_pack_open(struct dlb_pack **out,
	const struct dlb_pack_options *options, uint64_t *skipped,
	struct dlb_error *err) DLB_MUST_CHECK;
void dlb_pack_close(struct dlb_pack *p);
/* The whole content stream's length, or UINT64_MAX while not known (standard input
 * or compression). `files`, `summary` for listing. */
uint64_t dlb_pack_len(const struct dlb_pack *p);
uint32_t dlb_pack_files(const struct dlb_pack *p); /* folders not counted */
uint64_t dlb_pack_files_len(const struct dlb_pack *p);
void dlb_pack_summary(const struct dlb_pack *p, char out[static 256]);
/* The next bytes of the stream; fills all of len but at the end; *got < len is the
 * end. A file that changed its length meanwhile: DLB_FAILED naming it. */
enum dlb_status dlb_pack_read(struct dlb_pack *p, uint8_t *out, size_t len,
	size_t *got, struct dlb_error *err) DLB_MUST_CHECK;
/* After the end: bytes at the start of the stream that changed (the size of
 * standard input in the manifest). offset + *len lies within the first 32 KiB.
 * *len 0: nothing to patch. */
void dlb_pack_patch(const struct dlb_pack *p, uint64_t *offset,
	uint8_t patch[static 16], size_t *len);
/* Lists for --each: every regular file under paths, as paths to open; freed with
 * dlb_pack_list_free. */
enum dlb_status dlb_pack_list(char ***out, size_t *n, const char *const *paths,
	size_t paths_n, void (*note)(void *ctx, const char *text),
	void *note_ctx, uint64_t *skipped, struct dlb_error *err)
	DLB_MUST_CHECK;
void dlb_pack_list_free(char **list, size_t n);

/* ---- in: unpack.c --------------------------------------------------------------------- */

/* Given the content stream piece by piece, checks the manifest, then writes.
 * Files are made in a hidden directory beside their place, with openat and no
 * links followed, and moved there when all is whole; nothing is left on failure. */
struct dlb_unpack;
struct dlb_stage;
struct dlb_unpack_options {
	const char
		*directory; /* made where only its last part is missing; or */
	int fd; /* >= 0: a lone file's bytes, else a pax archive; or */
	struct dlb_buf *text; /* a lone file's bytes are appended; else NULL */
	bool overwrite;
	/* What brings the directory onto the medium is the caller's: after
	 * dlb_unpack_complete of many letters, and again after finish of all. */
	bool synced_by_caller;
	/* Of the same directory, or NULL; outlives the letter. */
	struct dlb_stage *stage;
	bool describe_only;   /* stops once the manifest is parsed */
	uint64_t content_len; /* of the whole stream: bounds what is believed;
			       * UINT64_MAX: not known */
	char label[17]; /* hex, of the letter: the hidden directory's name */
	/* Told where a file got another name than it was sent with; may be NULL. */
	void (*note)(void *ctx, const char *text);
	void *note_ctx;
};
enum dlb_status dlb_unpack_open(struct dlb_unpack **out,
	const struct dlb_unpack_options *options, struct dlb_error *err)
	DLB_MUST_CHECK;
enum dlb_status dlb_unpack_write(struct dlb_unpack *u, const uint8_t *data,
	size_t len, struct dlb_error *err) DLB_MUST_CHECK;
/* NULL until enough was written. Valid until close. */
const struct dlb_manifest *dlb_unpack_manifest(const struct dlb_unpack *u);
/* All was written: checks that the stream is whole; all that is left is to move it
 * into place. Keeps little open. finish does it, too, where it was not done. */
enum dlb_status dlb_unpack_complete(struct dlb_unpack *u, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Moves into place, syncs. files: folders not counted. The outputs may be NULL. */
enum dlb_status dlb_unpack_finish(struct dlb_unpack *u, uint64_t *files,
	uint64_t *bytes, char *first_path, size_t first_path_cap,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Removes what was not finished. */
void dlb_unpack_close(struct dlb_unpack *u);

/* One hidden folder for many letters that go into one directory: a letter that is a
 * lone file is written there and needs no folder of its own, nor anything open until
 * it is finished. target, which stays the caller's and open, is `directory`. */
enum dlb_status dlb_stage_open(struct dlb_stage **out, int target,
	const char *directory, struct dlb_error *err) DLB_MUST_CHECK;
/* Removes the folder. */
void dlb_stage_close(struct dlb_stage *stage);

/* The first line of a message, or names of files, for a list; printable UTF-8. */
void dlb_summary_of(const struct dlb_manifest *m, char out[static 256]);

#endif
