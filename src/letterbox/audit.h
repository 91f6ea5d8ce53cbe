/*
 * audit: what this node did, written down so that it can be shown that nothing of it
 * was changed since: records, each with a hash over itself and the hash before it.
 * docs/letterbox.md, "The log".
 *
 * It says no more than who met the node has seen, and names no correspondent: nothing of
 * letters, of cover, of what was found. A record that concerns a paired node or a box has
 * a commitment to its name; the name itself is beside it, and goes out only when asked for.
 * A name that a correspondent has too, or nearly, is not written, and struck out once one
 * has it; so is one that nothing here has any more.
 *
 * The chain proves that what stands before a head that somebody has written down is what
 * stood there then. Who owns the log can write another one, with other heads.
 */
#ifndef DLB_AUDIT_H
#define DLB_AUDIT_H

#include "base.h"
#include "crypto.h"

struct dlb_letterbox;

/* Numbers are of the format and are never given anew. */
enum dlb_audit_event {
	DLB_AUDIT_BEGUN = 1,
	DLB_AUDIT_STOPPED = 2, /* the owner told it to say nothing more */
	DLB_AUDIT_RESUMED = 3,
	DLB_AUDIT_MET_BOX =
		4, /* given, own ones among them, taken, recalls heard */
	DLB_AUDIT_MET_FOLDER = 5, /* the same */
	DLB_AUDIT_MET_NODE = 6,   /* the same */
	DLB_AUDIT_PAIRED = 7,
	DLB_AUDIT_FORGOTTEN =
		8, /* a pairing that was ended; without its name */
	DLB_AUDIT_VETTED = 9,
	DLB_AUDIT_UNVETTED = 10,
	DLB_AUDIT_KEYS_DESTROYED = 11, /* how many */
	DLB_AUDIT_KEYS_GIVEN_UP = 12,  /* how many the ring had lost */
	DLB_AUDIT_CLOCK_CONFIRMED = 13,
	DLB_AUDIT_SATCHEL_ANEW = 14,  /* bytes */
	DLB_AUDIT_ROSTER_SIGNED = 15, /* its number, entries */
	DLB_AUDIT_ROSTER_TAKEN =
		16, /* of another: its number, vouched, revoked */
	DLB_AUDIT_ROSTER_TRUSTED = 17, /* an author; nobody is named */
	DLB_AUDIT_ROSTER_UNTRUSTED = 18,
	/* How many meetings with strangers there were, and what as of one node, summed
	 * up. */
	DLB_AUDIT_MET_STRANGERS = 19,
};

#define DLB_AUDIT_VALUES_MAX 8
#define DLB_AUDIT_NAME_MAX 255
#define DLB_AUDIT_SALT_LEN 16
#define DLB_AUDIT_RECORD_MAX                                                   \
	(8 + 8 + 2 + 1 + 8 * DLB_AUDIT_VALUES_MAX + DLB_HASH_LEN)
/* Older ones are folded into the hash that the log begins with. */
#define DLB_AUDIT_RECORDS_MAX 2048
#define DLB_AUDIT_KEEP_DAYS_DEFAULT 90
#define DLB_AUDIT_KEEP_DAYS_MIN 1
#define DLB_AUDIT_KEEP_DAYS_MAX 3650

struct dlb_audit_record {
	uint64_t number; /* from 1 on */
	int64_t when_ms; /* as the clock had it; whole seconds */
	unsigned event;  /* of a later version, perhaps */
	size_t values_n;
	uint64_t values[DLB_AUDIT_VALUES_MAX];
	uint8_t commitment
		[DLB_HASH_LEN]; /* to the name; to an empty one, too */
	uint8_t hash[DLB_HASH_LEN];
	/* What was committed to, where it is told. */
	bool named;
	char name[DLB_AUDIT_NAME_MAX + 1];
};

/* A place in the chain: how many records, and the hash of the last of them. */
struct dlb_audit_head {
	uint64_t number;
	uint8_t hash[DLB_HASH_LEN];
};
/* "NUMBER:HASH", to be written down. */
#define DLB_AUDIT_HEAD_TEXT (20 + 1 + 2 * DLB_HASH_LEN + 1)
void dlb_audit_head_text(char out[static DLB_AUDIT_HEAD_TEXT],
	const struct dlb_audit_head *head);
enum dlb_status dlb_audit_head_read(struct dlb_audit_head *out,
	const char *text, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- the log of a letterbox (audit.c) ------------------------------------------------- */

/* Appends; name may be NULL. Does nothing where the log is off. Uncommitted. */
enum dlb_status dlb_audit_note(struct dlb_letterbox *l,
	enum dlb_audit_event event, const uint64_t *values, size_t values_n,
	const char *name, struct dlb_error *err) DLB_MUST_CHECK;
/* A meeting with a stranger: given, own, taken, recalls heard. These are summed up for an
 * hour and written then, or with the next flush: who comes again and again is not to fold
 * all the rest away. Uncommitted. */
#define DLB_AUDIT_STRANGER_VALUES 4
enum dlb_status dlb_audit_note_stranger(struct dlb_letterbox *l,
	const uint64_t values[static DLB_AUDIT_STRANGER_VALUES],
	struct dlb_error *err) DLB_MUST_CHECK;
/* What waits to be written. Uncommitted. */
enum dlb_status dlb_audit_flush(struct dlb_letterbox *l, struct dlb_error *err)
	DLB_MUST_CHECK;
/* The name is struck out of all records; their commitments stay. Uncommitted. */
enum dlb_status dlb_audit_strike(struct dlb_letterbox *l, const char *name,
	struct dlb_error *err) DLB_MUST_CHECK;
/* So are all that people could take for this one, a correspondent's. Uncommitted. */
enum dlb_status dlb_audit_strike_person(struct dlb_letterbox *l,
	const char *name, struct dlb_error *err) DLB_MUST_CHECK;
/* So are those that nothing here has any more: of nodes and boxes that were forgotten, of
 * trips that are over. Uncommitted. */
enum dlb_status dlb_audit_strike_gone(
	struct dlb_letterbox *l, struct dlb_error *err) DLB_MUST_CHECK;
bool dlb_audit_is_on(struct dlb_letterbox *l);
/* Off: nothing more is written; what there is stays, unless it is to be erased. */
enum dlb_status dlb_audit_set(struct dlb_letterbox *l, bool on, bool erase,
	struct dlb_error *err) DLB_MUST_CHECK;
uint32_t dlb_audit_keep_days(struct dlb_letterbox *l);
/* DLB_USAGE outside of the limits above. */
enum dlb_status dlb_audit_set_keep_days(struct dlb_letterbox *l, uint32_t days,
	struct dlb_error *err) DLB_MUST_CHECK;
/* How many records there are. */
uint32_t dlb_audit_count(struct dlb_letterbox *l);

/* ---- as a file (audit_file.c) ----------------------------------------------------------- */

#define DLB_AUDIT_FILE_MAX (2u << 20)
/* All of it as it stands, checked or not; names: those that are not struck out. Appends. */
enum dlb_status dlb_audit_export(struct dlb_letterbox *l, bool names,
	struct dlb_buf *out, struct dlb_error *err) DLB_MUST_CHECK;

struct dlb_audit_check {
	struct dlb_audit_head base; /* what was before it */
	struct dlb_audit_head last; /* of what is sound, from the start on */
	uint64_t records;           /* of these, in the file */
	/* A head that the caller knows: is it one of these? */
	const struct dlb_audit_head *known;
	bool known_found;
};
/* Reads an export, and tells fn (may be NULL) of each record up to the first one that is
 * not sound; what comes after it is not looked at: DLB_CORRUPT, which says which one it
 * is. DLB_MALFORMED where it is no export. */
enum dlb_status dlb_audit_check(struct dlb_audit_check *out,
	const uint8_t *data, size_t len,
	bool (*fn)(void *ctx, const struct dlb_audit_record *record), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;

#endif
