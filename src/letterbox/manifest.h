/*
 * manifest: how a letter's content begins: what it is and which files follow.
 * The content stream is u32 length of the manifest || manifest || data, where data
 * is all files' bytes one after the other, through the codec. docs/letterbox.md.
 */
#ifndef DLB_MANIFEST_H
#define DLB_MANIFEST_H

#include "base.h"

enum dlb_manifest_kind {
	DLB_KIND_LETTER = 1,
	DLB_KIND_RECEIPT = 2,
	DLB_KIND_CARD = 3,
	DLB_KIND_BRIEFING = 4,
	DLB_KIND_ROSTER = 5,
	DLB_KIND_BACKUP_SHARE = 6,
	DLB_KIND_BULLETIN = 7,
};
/* Letters that nodes write to each other: nobody sees them (node/kinds.h). */
bool dlb_kind_is_quiet(uint8_t kind);
enum dlb_codec { DLB_CODEC_NONE = 0, DLB_CODEC_ZSTD = 1 };

#define DLB_MANIFEST_LEN_MAX (256u << 20)
#define DLB_MANIFEST_FILES_MAX 1000000u
#define DLB_MANIFEST_PATH_MAX 4095 /* whole path; each part at most 255 */
#define DLB_MANIFEST_DEPTH_MAX 128
#define DLB_MANIFEST_RECEIVED_MAX 65536u
#define DLB_MESSAGE_LEN_MAX (64u << 10) /* a longer one is a file */
#define DLB_FILES_LEN_MAX (1ULL << 50)
/* Where, within a file's entry, its u64 size stands: a writer that learns the
 * size of a lone file only at its end patches it there (m.files points at the
 * first entry). */
#define DLB_MANIFEST_SIZE_OFFSET 15

enum dlb_file_type {
	DLB_FILE_REGULAR = 1,
	DLB_FILE_DIR = 2,
	DLB_FILE_LINK = 3
};

/* One file. Paths are relative, '/' between parts, UTF-8 not required but no NUL,
 * no empty part, no '.' or '..'. Whoever shows one uses dlb_printable. A link's
 * target is relative, has '..' only at its start, and not more of them than the
 * link lies deep: so no chain of links leads out of the letter. */
struct dlb_manifest_file {
	uint8_t type;
	uint16_t mode;   /* permission bits only, 0777 */
	int64_t mtime_s; /* clamped by the writer to [0, 2^40) */
	uint32_t mtime_ns;
	uint64_t size;    /* regular only */
	const char *path; /* not terminated */
	uint16_t path_len;
	const char *target; /* links only; may not lead out of the letter */
	uint16_t target_len;
};

/* Writing: begin, files one by one, end. Memory owned by the writer's buf, which
 * is empty at first and left alone in between. */
struct dlb_manifest_fields {
	uint8_t kind;
	uint8_t codec;
	bool receipt_wanted;
	bool has_in_reply_to;
	uint8_t in_reply_to[16];
	const char *message; /* UTF-8 */
	size_t message_len;
	const uint8_t
		*card; /* a newer or fuller card of the sender; may be NULL;
			      * canonical bytes, not checked here */
	size_t card_len;
	const uint8_t
		*received; /* of a receipt, and only there: ids of letters */
	size_t received_n; /* 16 bytes each */
};
/* DLB_LIMIT, or DLB_MALFORMED (a message that is not UTF-8 or has a NUL). */
enum dlb_status dlb_manifest_begin(struct dlb_buf *out,
	const struct dlb_manifest_fields *fields) DLB_MUST_CHECK;
/* DLB_REFUSED with the reason for what may not travel. Files come in the order of
 * dlb_manifest_order, each directory as an entry of its own before what it holds.
 * The mode is cut to 0777 (0 for a link), the time clamped. */
enum dlb_status dlb_manifest_add(struct dlb_buf *out,
	const struct dlb_manifest_file *file, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Negative, 0, positive. Part by part, as bytes: the order of a walk that takes
 * each directory's names sorted by strcmp, the directory itself first. */
int dlb_manifest_order(
	const char *a, size_t a_len, const char *b, size_t b_len);
/* Completes lengths and counts; out is then the manifest with its u32 before it.
 * DLB_LIMIT where the files are too large together. */
enum dlb_status dlb_manifest_end(struct dlb_buf *out) DLB_MUST_CHECK;

/* Reading: parse checks everything (each path, each parent, duplicates, order, sums
 * without overflow, links that lead out, fields not known). Keeps `data`, which must
 * outlive it. Unknown fields with an odd number are passed over, with an even one
 * the letter is DLB_UNSUPPORTED. */
struct dlb_manifest {
	struct dlb_manifest_fields fields;
	uint32_t files_n;
	uint64_t files_len;   /* sum of sizes */
	const uint8_t *files; /* the list, for dlb_manifest_next */
	size_t files_bytes;
};
/* len: of the manifest without its leading u32. */
enum dlb_status dlb_manifest_parse(struct dlb_manifest *out,
	const uint8_t *data, size_t len, struct dlb_error *err) DLB_MUST_CHECK;
/* One pass over the files; *pos starts at 0. false at the end. */
bool dlb_manifest_next(const struct dlb_manifest *m, size_t *pos,
	struct dlb_manifest_file *out);

#endif
