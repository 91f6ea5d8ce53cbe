/*
 * Backups within the module.
 */
#ifndef DLB_BACKUP_INTERNAL_H
#define DLB_BACKUP_INTERNAL_H

#include "backup.h"
#include "card_internal.h"
#include "state_internal.h"

#define DLB_BACKUP_PEOPLE_MAX 4096

#define DLB_BACKUP_VERIFIED 0x1
#define DLB_BACKUP_NO_RECEIPTS 0x2

struct dlb_backup_person {
	char name[DLB_NAME_TEXT_MAX + 1];
	uint8_t flags;
	const uint8_t *card;
	size_t card_len;
};
/* Up to the people, info->people of them, then a u16 and so many boxes. secret: sign
 * seed, agreement secret. */
enum dlb_status dlb_backup_begin(struct dlb_reader *r,
	struct dlb_backup_info *info, uint8_t secret[static 64],
	const uint8_t *content, size_t len, struct dlb_error *err)
	DLB_MUST_CHECK;
bool dlb_backup_read_person(
	struct dlb_reader *r, struct dlb_backup_person *out);
bool dlb_backup_read_box(struct dlb_reader *r, struct dlb_box *out);

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
