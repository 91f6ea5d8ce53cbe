/*
 * What audit.c, which writes the log, and audit_file.c, which reads it, share.
 */
#ifndef DLB_AUDIT_INTERNAL_H
#define DLB_AUDIT_INTERNAL_H

#include "audit.h"
#include "state_internal.h"

/* Where the chain begins and ends. */
struct dlb_audit_ends {
	struct dlb_audit_head base, head;
};
/* DLB_NOT_FOUND where there is no log yet. */
enum dlb_status dlb_audit_ends_read(
	struct dlb_letterbox *l, struct dlb_audit_ends *out) DLB_MUST_CHECK;

/* All that is hashed of a record; returns its length. */
size_t dlb_audit_encode(uint8_t out[static DLB_AUDIT_RECORD_MAX],
	const struct dlb_audit_record *record);
/* DLB_MALFORMED for anything but what encode gives; hash and name are not touched. */
enum dlb_status dlb_audit_decode(struct dlb_audit_record *out,
	const uint8_t *bytes, size_t len) DLB_MUST_CHECK;
/* Of a record, with the hash of the one before it. */
void dlb_audit_chain(uint8_t out[static DLB_HASH_LEN],
	const uint8_t before[static DLB_HASH_LEN], const uint8_t *bytes,
	size_t len);
void dlb_audit_commit_name(uint8_t out[static DLB_HASH_LEN],
	const uint8_t salt[static DLB_AUDIT_SALT_LEN], const char *name);

#endif
