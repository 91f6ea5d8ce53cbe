/*
 * backup: what a letterbox leaves with others so that its owner can have it again:
 * who they are and whom they know, and nothing that opens or finds a letter.
 * docs/letterbox.md, "What a backup holds".
 *
 * How it is sealed and divided is not known here (share/backup_share.h).
 */
#ifndef DLB_BACKUP_H
#define DLB_BACKUP_H

#include "base.h"
#include "letterbox.h"

/* ---- what is in it (backup.c, backup_read.c) ------------------------------------------ */

/* Of what there are so many. */
struct dlb_backup_counts {
	uint32_t people, boxes, authors, rosters; /* of others */
	uint32_t own_rosters;                     /* 0 or 1 */
};
struct dlb_backup_options {
	const int64_t
		*first; /* correspondents whose cards are not to be missing */
	size_t first_n;
	bool no_boxes; /* boxes' names, places and keys stay out */
	size_t cap;    /* bytes at most */
};
/* Appends. *left_out: what had no room. DLB_REFUSED for a courier; DLB_LIMIT where not
 * even the first ones fit. */
enum dlb_status dlb_backup_content(struct dlb_letterbox *l, struct dlb_buf *out,
	const struct dlb_backup_options *options,
	struct dlb_backup_counts *left_out, struct dlb_error *err)
	DLB_MUST_CHECK;

struct dlb_backup_info {
	char name[DLB_PERSON_NAME_MAX + 1];
	struct dlb_identity identity;
	uint64_t serial;     /* of the card of then */
	uint16_t last_month; /* that it has a key for */
	struct dlb_backup_counts counts;
	uint32_t unknown; /* of kinds that a newer program has */
};
/* Every check of its form. DLB_MALFORMED, DLB_UNSUPPORTED. */
enum dlb_status dlb_backup_look(struct dlb_backup_info *out,
	const uint8_t *content, size_t len, struct dlb_error *err)
	DLB_MUST_CHECK;

/* ---- having it again (restore.c) ------------------------------------------------------ */

/* A home that was made to wait for shares: a person's, under an identity for that
 * time. */
bool dlb_letterbox_waits(struct dlb_letterbox *l);
enum dlb_status dlb_letterbox_set_waits(struct dlb_letterbox *l, bool waits,
	struct dlb_error *err) DLB_MUST_CHECK;

struct dlb_restored {
	uint64_t serial;                 /* of the new card */
	struct dlb_backup_counts counts; /* what came back */
	uint32_t refused; /* what is not sound, or had no place */
	uint32_t unknown; /* of kinds that a newer program has */
};
/* Makes l, which has no identity, or waits, that person's again: identity, name,
 * correspondents, boxes, followed authors and rosters as they were, and a card with fresh
 * keys and a serial above `above`, that of the backup, and the seconds since 1970; rosters
 * that it signs have numbers above these seconds. Its other letters stay; of an
 * identity that it waited with nothing stays but those. DLB_EXISTS for a person's;
 * DLB_CLOCK where it is not believed, or is before made_s. Uncommitted; to be rolled
 * back on failure. */
enum dlb_status dlb_letterbox_restore(struct dlb_letterbox *l,
	struct dlb_restored *out, const uint8_t *content, size_t len,
	int64_t made_s, uint64_t above, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- what is left to do then (restore_note.c) ------------------------------------------- */

#define DLB_BACKUP_ID_BYTES 16
/* Written in the commit that makes the letterbox its owner's, and kept: so that who was cut
 * short can go on, and who does it again knows that it was done. */
struct dlb_restore_note {
	uint8_t backup_id[DLB_BACKUP_ID_BYTES];
	int64_t made_s;      /* the backup */
	uint16_t last_month; /* that a card of before has a key for */
	struct dlb_restored restored;
	bool look;    /* bulletins may lie here that were not looked for */
	bool card;    /* the card's file is to be written */
	bool tell;    /* correspondents are to be told */
	int64_t told; /* those up to this number have been, or can not be */
	int64_t from; /* letters out from this number on are of the telling; 0: none */
	uint32_t told_n, failed_n; /* people */
};
/* DLB_NOT_FOUND without a message where it was not restored. */
enum dlb_status dlb_restore_note_get(struct dlb_letterbox *l,
	struct dlb_restore_note *out, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_restore_note_set(struct dlb_letterbox *l,
	const struct dlb_restore_note *note, struct dlb_error *err)
	DLB_MUST_CHECK;

/* ---- who keeps shares of one's own (backup_holders.c) ---------------------------------- */

struct dlb_backup_holder {
	int64_t correspondent;
	uint8_t letter_id[DLB_LETTER_ID_LEN];
	int64_t arrived_ms; /* a receipt came; 0: none */
};
/* The last backup. */
struct dlb_backup_note {
	uint8_t id[DLB_BACKUP_ID_BYTES];
	int64_t made_s;
	/* When the last one was made that enough holders acknowledged; 0: none */
	int64_t settled_s;
	uint8_t need, n;
	bool counted; /* what it holds is known: */
	bool no_boxes;
	struct dlb_backup_counts held;
	struct dlb_backup_holder holders[255];
};
/* DLB_NOT_FOUND without a message where none was made. */
enum dlb_status dlb_backup_note_get(struct dlb_letterbox *l,
	struct dlb_backup_note *out, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_backup_note_set(struct dlb_letterbox *l,
	const struct dlb_backup_note *note, struct dlb_error *err)
	DLB_MUST_CHECK;
/* How many things have come since then that would be in another one. DLB_NOT_FOUND, without
 * a message, where that is not known. */
enum dlb_status dlb_backup_note_new(struct dlb_letterbox *l,
	const struct dlb_backup_note *note, struct dlb_backup_counts *out,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Notes receipts that came (uncommitted). */
enum dlb_status dlb_backup_note_renew(
	struct dlb_letterbox *l, struct dlb_error *err) DLB_MUST_CHECK;
unsigned dlb_backup_note_arrived(const struct dlb_backup_note *note);

#endif
