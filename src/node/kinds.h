/*
 * kinds: letters that nodes write to each other (manifest.h: receipts, briefings ...),
 * which nobody sees. They are sealed, given, carried and found like any other letter;
 * once one is whole, the handler of its kind gets its content, and the letter is
 * forgotten. Private to node.
 *
 * A new kind: its file here has a function as dlb_kind_handler wants it, kinds.c names
 * that in its table, and dlb_kind_is_quiet (letterbox/manifest.c) says yes to it. Where
 * it says no, such a letter shows in the inbox, its content as a file.
 */
#ifndef DLB_NODE_KINDS_H
#define DLB_NODE_KINDS_H

#include "node_internal.h"

/* Bytes of content: less than the own cells of a meeting, so that no one is asked how
 * it is to go. */
#define DLB_KIND_CONTENT_MAX (2u << 20)

/* ---- out ---------------------------------------------------------------------------- */

struct dlb_kind_out {
	int64_t to;
	uint8_t kind;
	const void *content; /* at most DLB_KIND_CONTENT_MAX */
	size_t len;
	/* Its arrival shows in the row of letters_out (dlb_out_get: arrived_ms); where
	 * receipts are in use with them. The row goes when the letter expires. */
	bool receipt_wanted;
};
/* One letter. Commits, with what the caller changed in the letterbox; on failure all of
 * that is undone. number may be NULL. */
enum dlb_status dlb_kind_send(struct dlb_node *n,
	const struct dlb_kind_out *out, int64_t *number, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Several, all or none: begin (which commits what was changed before it), then add and
 * the caller's own changes to the letterbox, then commit; undo after any failure. */
enum dlb_status dlb_kind_begin(struct dlb_node *n, struct dlb_error *err)
	DLB_MUST_CHECK;
enum dlb_status dlb_kind_add(struct dlb_node *n, const struct dlb_kind_out *out,
	int64_t *number, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_kind_commit(struct dlb_node *n, struct dlb_error *err)
	DLB_MUST_CHECK;
void dlb_kind_undo(struct dlb_node *n);
/* The same as add, of a content that is made already (the manifest with what follows);
 * between begin and commit. */
enum dlb_status dlb_kind_seal(struct dlb_node *n,
	const struct dlb_kind_out *out, const struct dlb_buf *content,
	int64_t *number, struct dlb_error *err) DLB_MUST_CHECK;

/* The cells of a content that is made already, with a card that rides along in `from`,
 * into the satchel, and the letter into the letterbox: all, or nothing but a mark. l:
 * of dlb_sealing_new, its row filled. Between begin and commit. */
enum dlb_status dlb_kind_store(struct dlb_node *n, struct dlb_sealing *l,
	const struct dlb_seal_to *to, const struct dlb_seal_from *from,
	const struct dlb_buf *content, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- in ----------------------------------------------------------------------------- */

enum dlb_kind_verdict {
	DLB_KIND_FORGET, /* nothing stays but what keeps it from coming twice */
	DLB_KIND_SHOW, /* it is a letter in the inbox from now on, with `summary` */
	DLB_KIND_LATER, /* it stays unseen, and is handed over again after the next
			  * meeting */
	DLB_KIND_KEEP, /* it stays unseen, and is not handed over again: it counts
			* as read */
};
struct dlb_kind_in {
	struct dlb_node *n;
	const struct dlb_in_letter *letter; /* from == 0: a stranger's */
	enum dlb_status st; /* not DLB_OK: what follows could not be read */
	const struct dlb_manifest_fields *fields;
	const uint8_t
		*content; /* hostile bytes; at most DLB_KIND_CONTENT_MAX */
	size_t len;
	struct dlb_release *release;   /* what else is let go of with it */
	enum dlb_kind_verdict verdict; /* DLB_KIND_FORGET at first */
	char summary[256];             /* at first what the inbox would show */
};
/* Changes the letterbox as it needs to, and commits nothing: the letter is forgotten in
 * the same commit. Fails only where the letterbox does. Seals nothing: what is to be
 * answered is noted as owed, and written by a function that dlb_node_kinds calls at its
 * end, as receipts are. */
struct dlb_kind_handler {
	uint8_t kind;
	enum dlb_status (*take)(struct dlb_kind_in *in, struct dlb_error *err);
};
/* The content of one that is kept, or shown; `out` is empty at first. */
enum dlb_status dlb_kind_content(struct dlb_node *n,
	const struct dlb_in_letter *letter, struct dlb_buf *out,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- the handlers, and what they owe -------------------------------------------------- */

/* receipts.c */
enum dlb_status dlb_receipt_take(struct dlb_kind_in *in, struct dlb_error *err)
	DLB_MUST_CHECK;
enum dlb_status dlb_receipts_write(struct dlb_node *n, struct dlb_error *err)
	DLB_MUST_CHECK;
/* backups.c */
enum dlb_status dlb_backup_take(struct dlb_kind_in *in, struct dlb_error *err)
	DLB_MUST_CHECK;
/* briefings.c */
enum dlb_status dlb_briefing_take(struct dlb_kind_in *in, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
