/*
 * Backups within the module: the things that one holds, one after the other.
 * docs/letterbox.md, "What a backup holds".
 */
#ifndef DLB_BACKUP_INTERNAL_H
#define DLB_BACKUP_INTERNAL_H

#include "backup.h"
#include "bulletins.h"
#include "card_internal.h"
#include "roster_internal.h"
#include "state_internal.h"

/* Of each kind, and of what is of no known kind. */
#define DLB_BACKUP_ITEMS_MAX 4096

enum dlb_backup_kind {
	DLB_BACKUP_END = 0,
	DLB_BACKUP_PERSON = 1,
	DLB_BACKUP_BOX = 2,
	DLB_BACKUP_AUTHOR = 3,
	DLB_BACKUP_ROSTER = 4,
	DLB_BACKUP_OWN_ROSTER = 5,
	DLB_BACKUP_UNKNOWN = 256, /* of a newer program */
};

#define DLB_BACKUP_VERIFIED 0x1
#define DLB_BACKUP_NO_RECEIPTS 0x2
#define DLB_BACKUP_TRUSTED 0x1

/* Views point into the content. */
struct dlb_backup_item {
	enum dlb_backup_kind kind;
	char name[DLB_NAME_TEXT_MAX + 1]; /* of all but one's own roster */
	uint8_t flags;                    /* of a person, of a roster */
	const uint8_t
		*bytes; /* a person's card; a roster, or none; one's own */
	size_t len;
	struct dlb_box box;           /* name, root key, place */
	struct dlb_identity identity; /* of an author, of a roster's author */
	uint64_t number; /* serial of an author's card; number of a roster */
	uint8_t key[DLB_KEY_LEN]; /* bulletin key of an author */
	int64_t sent_ms;          /* one's own roster that went out last, and */
	uint64_t sent;            /* its number; 0: none */
	bool changed;             /* what follows is not what was signed last */
	const uint8_t *entries;   /* u16, and so many as a roster has them */
	size_t entries_len;
};

struct dlb_backup_walk {
	struct dlb_reader r;
	uint8_t version;
	uint8_t phase; /* of version 1: 0 people, 1 boxes */
	uint16_t left; /* of these */
};
/* Up to the first item; secret: sign seed, agreement secret. Of info what is said of
 * oneself. */
enum dlb_status dlb_backup_begin(struct dlb_backup_walk *w,
	struct dlb_backup_info *info, uint8_t secret[static 64],
	const uint8_t *content, size_t len, struct dlb_error *err)
	DLB_MUST_CHECK;
/* The next item, of kind DLB_BACKUP_END after the last; false where there is none as
 * there should be. */
bool dlb_backup_next(struct dlb_backup_walk *w, struct dlb_backup_item *out)
	DLB_MUST_CHECK;
/* Wiped: boxes have keys. */
void dlb_backup_item_clear(struct dlb_backup_item *item);

/* ---- what restore.c takes them for (restore_items.c) --------------------------------- */

/* All of them into a letterbox that is its owner's again. */
enum dlb_status dlb_restore_items(struct dlb_letterbox *l,
	struct dlb_backup_walk *w, struct dlb_restored *out,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- elsewhere in the module ----------------------------------------------------------- */

/* In place of an identity that is there: that of a backup, and a card of the next
 * serial after `serial` (identity.c). */
enum dlb_status dlb_identity_restore(struct dlb_letterbox *l,
	const uint8_t secret[static 64], const char *name, uint64_t serial,
	struct dlb_error *err) DLB_MUST_CHECK;
/* All secrets of epochs serve no more (uncommitted); the next dlb_keys_destroy
 * overwrites them (keys.c). */
enum dlb_status dlb_keys_condemn_all(
	struct dlb_letterbox *l, struct dlb_error *err) DLB_MUST_CHECK;

#endif
