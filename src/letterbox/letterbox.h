/*
 * letterbox: a person's (or a courier's) private state: identity, epoch secrets,
 * correspondents, letters in (inbox.h) and out (outbox.h), boxes, settings. Cards and
 * manifests, the two formats that people exchange through letters, live here too.
 *
 * State is an SQLite database in memory, sealed whole into one file that is
 * replaced at each commit; nothing of it touches a disk in clear. Epoch secrets
 * are wrapped each on its own in a second file (the ring), so that destroying one
 * is one overwrite. Formats: docs/letterbox.md.
 */
#ifndef DLB_LETTERBOX_H
#define DLB_LETTERBOX_H

#include "audit.h"
#include "base.h"
#include "card.h"
#include "cell.h"
#include "crypto.h"
#include "inbox.h"
#include "keys.h"
#include "manifest.h"
#include "outbox.h"

struct dlb_letterbox;

/* ---- life (letterbox.c) -------------------------------------------------------- */

/* Files `letterbox` and `ring` in dir, which exists and is locked by the caller;
 * they are there after the first commit. person: makes an identity and the epoch
 * secrets of a first card; a courier has none. */
enum dlb_status dlb_letterbox_create(struct dlb_letterbox **out,
	struct dlb_fs *fs, const char *dir, const struct dlb_unlock *unlock,
	bool person, const char *name, const struct dlb_env *env,
	struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_letterbox_open(struct dlb_letterbox **out,
	struct dlb_fs *fs, const char *dir, const struct dlb_unlock *unlock,
	const struct dlb_env *env, struct dlb_error *err) DLB_MUST_CHECK;
/* What was not committed is gone. */
void dlb_letterbox_close(struct dlb_letterbox *l);
/* All changes since the last commit, in one step, durable when it returns; does
 * nothing where nothing changed. */
enum dlb_status dlb_letterbox_commit(
	struct dlb_letterbox *l, struct dlb_error *err) DLB_MUST_CHECK;
/* Undoes all changes since the last commit, those of a commit that failed too.
 * Finding and opening keys that were made since are gone: no pointer to them is
 * to be held over this. */
enum dlb_status dlb_letterbox_rollback(
	struct dlb_letterbox *l, struct dlb_error *err) DLB_MUST_CHECK;
/* Another way to open it, from the next commit on. DLB_FULL after 8. */
enum dlb_status dlb_letterbox_add_unlock(struct dlb_letterbox *l,
	const struct dlb_unlock *unlock, struct dlb_error *err) DLB_MUST_CHECK;

/* Does it open without a secret? */
bool dlb_letterbox_is_open_to_all(const struct dlb_letterbox *l);
/* The root key: DLB_UNLOCK_ROOT opens with it. */
void dlb_letterbox_root(
	const struct dlb_letterbox *l, uint8_t out[static DLB_KEY_LEN]);

/* ---- settings (settings.c) ------------------------------------------------------- */

/* Small named values; text at most 1,000 bytes, blobs 4,096. DLB_NOT_FOUND;
 * DLB_MALFORMED for a value of another type or length. */
enum dlb_status dlb_setting_get_text(struct dlb_letterbox *l, const char *key,
	char *out, size_t cap) DLB_MUST_CHECK;
enum dlb_status dlb_setting_set_text(struct dlb_letterbox *l, const char *key,
	const char *value, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_setting_get_int(
	struct dlb_letterbox *l, const char *key, int64_t *out) DLB_MUST_CHECK;
enum dlb_status dlb_setting_set_int(struct dlb_letterbox *l, const char *key,
	int64_t value, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_setting_get_blob(struct dlb_letterbox *l, const char *key,
	uint8_t *out, size_t len) DLB_MUST_CHECK; /* exactly len */
enum dlb_status dlb_setting_set_blob(struct dlb_letterbox *l, const char *key,
	const uint8_t *value, size_t len, struct dlb_error *err) DLB_MUST_CHECK;

/* The clock, against the highest time seen. trusted_week is 0 while the clock is
 * more than 30 days past the highest time seen (until confirmed), or before it by
 * more than a day: nothing is evicted as expired then, nothing destroyed.
 * impossible: it is before the time from which weeks are counted. Such a clock is
 * never believed, nor remembered as seen. */
struct dlb_clock_view {
	int64_t now_ms;
	int64_t highest_ms;
	uint16_t trusted_week;
	bool jumped_ahead;
	bool went_back;
	bool impossible;
};
/* Looks, and raises the highest time seen where the clock is trusted. */
enum dlb_status dlb_clock_look(struct dlb_letterbox *l,
	struct dlb_clock_view *out, struct dlb_error *err) DLB_MUST_CHECK;
/* DLB_CLOCK, saying what is wrong and what to do, where it is not believed. */
enum dlb_status dlb_clock_doubt(const struct dlb_clock_view *clock,
	struct dlb_error *err) DLB_MUST_CHECK;
/* The owner says that the clock is right. DLB_CLOCK where that can not be. */
enum dlb_status dlb_clock_confirm(
	struct dlb_letterbox *l, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- identity and epochs (identity.c, ring.c) -------------------------------------- */

bool dlb_letterbox_is_person(const struct dlb_letterbox *l);
/* A courier's home becomes a person's. */
enum dlb_status dlb_letterbox_make_person(struct dlb_letterbox *l,
	const char *name, struct dlb_error *err) DLB_MUST_CHECK;
/* The secrets; guarded memory owned by l, valid until it closes. */
const struct dlb_identity *dlb_letterbox_identity(
	const struct dlb_letterbox *l);
const struct dlb_identity_secret *dlb_letterbox_secret(
	const struct dlb_letterbox *l);
/* One's own card as of the last issue; the short one has the identity, the finding
 * key of its quarter and the last-resort key. Appends to out. */
enum dlb_status dlb_letterbox_card(struct dlb_letterbox *l, bool is_short,
	struct dlb_buf *out, struct dlb_error *err) DLB_MUST_CHECK;
/* Issues the next card (next serial) when the present one covers less than 11
 * months ahead of now and the clock is trusted; makes the secrets it needs. Not while
 * keys are lost. */
enum dlb_status dlb_letterbox_renew(struct dlb_letterbox *l, bool *renewed,
	struct dlb_error *err) DLB_MUST_CHECK;

/* The finding secrets to try on a cell of this expiry: those of quarters up to the
 * one its sealing week (expiry - 12) lies in, newest first; at most cap. The
 * secrets are 32 bytes each. */
size_t dlb_letterbox_finding(const struct dlb_letterbox *l,
	uint16_t expiry_week, const uint8_t **secrets, size_t cap);
#define DLB_FINDING_MAX 8
/* What dlb_head_open wants; valid while l is open. */
void dlb_letterbox_opener(struct dlb_letterbox *l, struct dlb_opener *out);
/* Keys that should be there and are not: the ring was damaged or is missing.
 * Letters sealed to them do not open until it is put back, or never: keys.h. */
uint32_t dlb_letterbox_lost_keys(const struct dlb_letterbox *l);
/* Goes up by one whenever a finding secret is added. Starts at 1; 0 while keys are
 * lost: what is tried then was not tried with all, and is to be tried again. */
uint16_t dlb_letterbox_generation(const struct dlb_letterbox *l);

/* ---- correspondents (correspondents.c) ----------------------------------------------- */

#define DLB_PERSON_NAME_MAX 64 /* bytes, UTF-8, printable, no '/' */
struct dlb_correspondent {
	int64_t id;
	char name[DLB_PERSON_NAME_MAX + 1];
	struct dlb_identity identity;
	uint64_t serial;
	int64_t added_ms;
	/* A letter of theirs came in: they have our card or got it. Forgotten when
	 * keys are destroyed and no letter of theirs is here. */
	bool heard;
	bool greeted; /* our full card went out to them in a letter */
	bool verified;
	bool receipts; /* asked for, and written, with them; at first so */
};
/* A card that was checked (dlb_card_parse). name NULL: the card's own, cleaned
 * (DLB_EXISTS when someone with another identity has it, in capitals or not), and
 * where it has none a number. Known identity: a newer serial replaces, and a full card a
 * short one of the same serial; anything else, and a short card where the full one
 * still covers the present, leaves all as it is (the name too); out says which
 * correspondent. Letters that came from them as a stranger become theirs. DLB_EXISTS when `name` is
 * another's; DLB_REFUSED for one's own card. */
enum dlb_status dlb_correspondent_add(struct dlb_letterbox *l,
	struct dlb_correspondent *out, const struct dlb_card *card,
	const char *name, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_correspondent_by_name(struct dlb_letterbox *l,
	struct dlb_correspondent *out, const char *name, struct dlb_error *err)
	DLB_MUST_CHECK;
/* A card that rode along with a letter of theirs: kept where it is sound, theirs and
 * better than the one that is held, otherwise nothing changes. Cheap where it is not
 * better. */
enum dlb_status dlb_correspondent_renew(struct dlb_letterbox *l,
	struct dlb_correspondent *c, const uint8_t *card, size_t len,
	struct dlb_error *err) DLB_MUST_CHECK;
/* DLB_NOT_FOUND without a message: a stranger. Fast (called for each letter). */
enum dlb_status dlb_correspondent_by_identity(struct dlb_letterbox *l,
	struct dlb_correspondent *out, const struct dlb_identity *identity)
	DLB_MUST_CHECK;
enum dlb_status dlb_correspondent_by_id(struct dlb_letterbox *l,
	struct dlb_correspondent *out, int64_t id) DLB_MUST_CHECK;
/* Sets those that are true; clears none (a new card of one's own clears greeted). */
enum dlb_status dlb_correspondent_mark(struct dlb_letterbox *l, int64_t id,
	bool heard, bool greeted, struct dlb_error *err) DLB_MUST_CHECK;
/* The fingerprints were compared, or not. */
enum dlb_status dlb_correspondent_verify(struct dlb_letterbox *l, int64_t id,
	bool verified, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_correspondent_receipts(struct dlb_letterbox *l, int64_t id,
	bool receipts, struct dlb_error *err) DLB_MUST_CHECK;
/* DLB_EXISTS when the name is another's. */
enum dlb_status dlb_correspondent_rename(struct dlb_letterbox *l, int64_t id,
	const char *name, struct dlb_error *err) DLB_MUST_CHECK;
/* The card that is held of them: canonical bytes, appended. */
enum dlb_status dlb_correspondent_card(struct dlb_letterbox *l,
	struct dlb_buf *out, int64_t id, struct dlb_error *err) DLB_MUST_CHECK;
/* By name. */
enum dlb_status dlb_correspondent_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_correspondent *c), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* The keys to seal to at this time; shared is filled in `from`, our side. A card
 * with no key for the present month: DLB_CLOCK with what to do, unless last_resort
 * (a short card needs none: it has but that one). One that was issued more than a
 * week ahead: DLB_CLOCK in any case. from->card (our full card, unless they were
 * heard from and greeted) points into memory of l, valid until the next call. */
enum dlb_status dlb_correspondent_seal_keys(struct dlb_letterbox *l, int64_t id,
	int64_t now_ms, bool last_resort, struct dlb_seal_to *to,
	struct dlb_seal_from *from, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- receipts (receipts.c) ----------------------------------------------------------------- */

/* Letters that one receipt answers: as many as fit into its first cell, whatever
 * card rides along. */
#define DLB_RECEIPT_IDS_MAX 2048u

/* A letter is whole here: its sender is to be told, where that was asked for and
 * they are a correspondent with whom receipts are in use. Once for each letter. */
enum dlb_status dlb_receipt_owe(struct dlb_letterbox *l,
	const struct dlb_in_letter *letter, struct dlb_error *err)
	DLB_MUST_CHECK;
/* The head of a letter that is known came by: one that was told of already and was
 * sealed again since is told of again, as the receipt must have been lost. */
enum dlb_status dlb_receipt_again(struct dlb_letterbox *l,
	const struct dlb_in_letter *letter, struct dlb_error *err)
	DLB_MUST_CHECK;
/* The first correspondent above `after` who is owed any, and the ids (16 bytes each,
 * DLB_RECEIPT_IDS_MAX at most; replaced). DLB_NOT_FOUND where there is none. */
enum dlb_status dlb_receipts_owed(struct dlb_letterbox *l, int64_t after,
	int64_t *correspondent, struct dlb_buf *ids, struct dlb_error *err)
	DLB_MUST_CHECK;
/* These are owed no more. */
enum dlb_status dlb_receipts_written(struct dlb_letterbox *l,
	int64_t correspondent, const struct dlb_buf *ids, struct dlb_error *err)
	DLB_MUST_CHECK;
/* A receipt of this correspondent names this letter. DLB_NOT_FOUND without a message
 * where none went to them under that id, or its arrival is known. */
enum dlb_status dlb_out_arrived(struct dlb_letterbox *l, int64_t correspondent,
	const uint8_t letter_id[static DLB_LETTER_ID_LEN], int64_t when_ms,
	int64_t *number, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- boxes (boxes.c) ------------------------------------------------------------------------- */

#define DLB_BOX_NAME_MAX 64
#define DLB_BOX_PLACE_MAX 200 /* bytes of UTF-8, one line */
struct dlb_box {
	int64_t id;
	char name[DLB_BOX_NAME_MAX + 1];
	uint8_t root
		[DLB_KEY_LEN]; /* opens it: from it come satchel and tag key */
	char path[1024];       /* where it was last; may be empty */
	char place[DLB_BOX_PLACE_MAX + 1]; /* in words; may be empty */
};
enum dlb_status dlb_box_save(
	struct dlb_letterbox *l, struct dlb_box *box, struct dlb_error *err)
	DLB_MUST_CHECK; /* id 0: new; DLB_EXISTS for a taken name */
enum dlb_status dlb_box_by_name(struct dlb_letterbox *l, struct dlb_box *out,
	const char *name, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_box_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_box *box), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_box_forget(struct dlb_letterbox *l, const char *name,
	struct dlb_error *err) DLB_MUST_CHECK;
/* A box's name, place and key as a line of text ("dlb-box:..."), and back; white space in
 * it does not matter. */
#define DLB_BOX_TEXT_MAX 768
enum dlb_status dlb_box_to_text(char out[static DLB_BOX_TEXT_MAX],
	const struct dlb_box *box) DLB_MUST_CHECK;
enum dlb_status dlb_box_from_text(struct dlb_box *out, const char *text,
	size_t len, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- the nodes that this one is paired with (known_nodes.c) --------------------------------- */

#define DLB_KNOWN_NODES_MAX 1024
struct dlb_known_node {
	int64_t id;
	char name[DLB_PERSON_NAME_MAX + 1];
	uint8_t secret
		[DLB_KEY_LEN]; /* shared by the two; a meeting's recognition */
	bool vetted;
	int64_t added_ms;
	int64_t met_ms; /* last; 0: never */
};
enum dlb_status dlb_known_node_save(struct dlb_letterbox *l,
	struct dlb_known_node *node, struct dlb_error *err)
	DLB_MUST_CHECK; /* id 0: new; DLB_EXISTS for a taken name or secret */
enum dlb_status dlb_known_node_by_name(struct dlb_letterbox *l,
	struct dlb_known_node *out, const char *name, struct dlb_error *err)
	DLB_MUST_CHECK;
/* By name. fn may change them. */
enum dlb_status dlb_known_node_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_known_node *node), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_known_node_forget(struct dlb_letterbox *l, const char *name,
	struct dlb_error *err) DLB_MUST_CHECK;
/* A fresh secret, and the words that tell it to the other side; and back, on that
 * side. DLB_MALFORMED for a slip. */
#define DLB_PAIR_CODE_MAX 192
void dlb_pair_code_make(char out[static DLB_PAIR_CODE_MAX],
	uint8_t secret[static DLB_KEY_LEN], const struct dlb_env *env);
enum dlb_status dlb_pair_code_read(uint8_t secret[static DLB_KEY_LEN],
	const char *text, size_t len, struct dlb_error *err) DLB_MUST_CHECK;
/* The secret of two people who hold each other's card. DLB_USAGE for a courier. */
enum dlb_status dlb_pair_secret_of(struct dlb_letterbox *l,
	uint8_t secret[static DLB_KEY_LEN], const struct dlb_identity *with,
	struct dlb_error *err) DLB_MUST_CHECK;

#endif
