/*
 * backups: what one leaves with others of one's letterbox, what one keeps for others,
 * and having a letterbox again.
 */
#ifndef DLB_NODE_BACKUPS_H
#define DLB_NODE_BACKUPS_H

#include "backup.h"
#include "node.h"

/* ---- one's own (backups.c) ----------------------------------------------------------- */

struct dlb_backup_order {
	const int64_t *holders; /* correspondents, each once */
	size_t holders_n;
	unsigned need; /* of them to have it again */
	bool no_boxes; /* boxes stay out */
};
struct dlb_backup_result {
	struct dlb_backup_counts left_out; /* what had no room */
	uint64_t cells;                    /* of all letters */
	uint64_t share_len;
};
/* A letter to each holder, all or none; nothing leaves this home before a meeting.
 * DLB_USAGE, saying what to do, for what can not be. */
enum dlb_status dlb_node_backup(struct dlb_node *n,
	const struct dlb_backup_order *order, struct dlb_backup_result *result,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- those of others (kept_shares.c) ------------------------------------------------- */

struct dlb_kept_share {
	int64_t number; /* of the letter that brought it */
	int64_t from;   /* correspondent; 0: a stranger */
	struct dlb_identity sender;
	bool given;   /* somebody hands it to us, for us to restore */
	bool seen;    /* it is a letter in the inbox, too */
	bool damaged; /* what follows is not known */
	uint8_t backup_id[DLB_BACKUP_ID_BYTES];
	int64_t made_ms; /* the backup, by its owner's clock */
	uint8_t need;
	int64_t came_ms;
};
/* By number. fn may change letters. */
enum dlb_status dlb_node_kept_shares(struct dlb_node *n,
	bool (*fn)(void *ctx, const struct dlb_kept_share *share), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Hands all that is kept for `owner` to `to`, who restores: a letter each. *n_out: how
 * many. DLB_NOT_FOUND where none is kept. */
enum dlb_status dlb_node_give_shares(struct dlb_node *n, int64_t owner,
	int64_t to, unsigned *n_out, struct dlb_error *err) DLB_MUST_CHECK;
/* The same as bytes for a file, of the share that this letter brought. Appends. */
enum dlb_status dlb_node_share_bytes(struct dlb_node *n,
	const struct dlb_kept_share *share, struct dlb_buf *out,
	struct dlb_error *err) DLB_MUST_CHECK;
/* What is kept for them goes. DLB_NOT_FOUND where nothing is. Commits. */
enum dlb_status dlb_node_forget_shares(struct dlb_node *n, int64_t owner,
	unsigned *n_out, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- having it again (restoring.c) ------------------------------------------------------ */

/* Shares as they are brought together. */
struct dlb_restoring;
#define DLB_RESTORING_MAX 512 /* shares at once */
#define DLB_RESTORING_FILE_MAX (4u << 20)
enum dlb_status dlb_restoring_new(
	struct dlb_restoring **out, struct dlb_error *err) DLB_MUST_CHECK;
void dlb_restoring_free(struct dlb_restoring *r);
/* label: whose it is, or the file's name, for messages. DLB_MALFORMED, DLB_FORGED
 * (altered), DLB_UNSUPPORTED: it is not taken. */
enum dlb_status dlb_restoring_add(struct dlb_restoring *r, const char *label,
	const uint8_t *data, size_t len, struct dlb_error *err) DLB_MUST_CHECK;
/* Those that were handed to the home; note: told of each that is of no use, and why. */
enum dlb_status dlb_restoring_add_home(struct dlb_restoring *r,
	struct dlb_node *n, void (*note)(void *ctx, const char *text),
	void *note_ctx, struct dlb_error *err) DLB_MUST_CHECK;

enum dlb_restoring_part {
	DLB_RESTORING_USED,
	DLB_RESTORING_SPARE, /* not needed */
	DLB_RESTORING_TWICE, /* the same as another one */
	DLB_RESTORING_OTHER, /* of another backup */
	DLB_RESTORING_FALSE, /* fits others, and together they give no backup */
	DLB_RESTORING_RIVAL, /* of a whole backup of another person */
};
struct dlb_restoring_info {
	int64_t made_ms;
	uint8_t need;
	unsigned missing; /* 0: they suffice, and what follows is known */
	struct dlb_backup_info backup;
	uint64_t newest_serial; /* of the owner's cards that holders know */
	uint16_t last_month;    /* that any of them has a key for */
	struct dlb_backup_info
		rival;         /* what else is whole, of another identity */
	int64_t rival_made_ms; /* 0: nothing is */
};
/* DLB_PARTLY where more are needed: info says how many. DLB_REFUSED where there are
 * whole backups of two identities: info has both. */
enum dlb_status dlb_restoring_join(struct dlb_restoring *r,
	struct dlb_restoring_info *info, struct dlb_error *err) DLB_MUST_CHECK;
/* Are all shares here of this backup, and is there one? */
bool dlb_restoring_is_of(const struct dlb_restoring *r,
	const uint8_t backup_id[static DLB_BACKUP_ID_BYTES]);
/* Correspondents are to be told, then (dlb_node_tell_restored). */
void dlb_restoring_set_tell(struct dlb_restoring *r, bool tell);
size_t dlb_restoring_count(const struct dlb_restoring *r);
const char *dlb_restoring_label(
	const struct dlb_restoring *r, size_t i, enum dlb_restoring_part *part);
/* Into a home that waits, or a courier's, in one step; shares that were handed to it
 * go. Commits. After dlb_restoring_join. A new home: dlb_home_options.restoring. Either
 * leaves a note of what is to be done then. */
enum dlb_status dlb_node_restore(struct dlb_node *n, struct dlb_restoring *r,
	struct dlb_restored *out, struct dlb_error *err) DLB_MUST_CHECK;
/* The same, uncommitted, into a letterbox alone, note included. */
enum dlb_status dlb_restoring_apply(struct dlb_restoring *r,
	struct dlb_letterbox *l, struct dlb_restored *out,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- what is done then (restored.c) ------------------------------------------------------ */

/* A letter with this text to each correspondent who has had none, where the note says that
 * they are to be told; from where it was cut short on, and to nobody twice. said: told of
 * each who can not be written to, and why. *note is what is known then. Commits. */
enum dlb_status dlb_node_tell_restored(struct dlb_node *n, const char *text,
	struct dlb_restore_note *note,
	void (*said)(void *ctx, const char *text), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Looks for bulletins of those who are followed, where the note says that it was not done.
 * Commits. */
enum dlb_status dlb_node_restored_look(
	struct dlb_node *n, struct dlb_error *err) DLB_MUST_CHECK;
/* The card's file is written. Commits. */
enum dlb_status dlb_node_restored_card(
	struct dlb_node *n, struct dlb_error *err) DLB_MUST_CHECK;
/* They are to be told after all: of a letterbox whose note does not say so. Commits. */
enum dlb_status dlb_node_restored_tell(
	struct dlb_node *n, struct dlb_error *err) DLB_MUST_CHECK;

#endif
