/*
 * letterbox: a person's (or a courier's) private state: identity, epoch secrets,
 * correspondents, letters in and out, boxes, settings. Cards and manifests, the
 * two formats that people exchange through letters, live here too.
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
#include "keys.h"
#include "manifest.h"

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

/* ---- letters out (outbox.c) -------------------------------------------------------------- */

/* Letters in and out share one row of numbers. Each is given once; when keys are
 * destroyed, those above the highest that is still there may be given again: how
 * many there were is nobody's business then. Cover and receipts, which nobody sees,
 * have a row of their own. */
enum dlb_out_state {
	DLB_OUT_SEALING, /* cells are being written; a crash ends here */
	DLB_OUT_WAITING, /* all cells are held; not all have been shown */
	DLB_OUT_SHOWN,   /* every cell has been given to a meeting */
	DLB_OUT_ARRIVED, /* a receipt came */
	DLB_OUT_EXPIRED,
	DLB_OUT_REPLACED, /* it was sealed again; its tokens are still needed */
	DLB_OUT_RECALLED, /* its sender called it back */
};
#define DLB_TO_FOLLOWERS (-1)
struct dlb_out_letter {
	int64_t number;
	int64_t to; /* correspondent; 0: cover; or DLB_TO_FOLLOWERS: a bulletin */
	uint8_t kind; /* enum dlb_manifest_kind; of cover DLB_KIND_LETTER */
	bool receipt_wanted;
	int64_t arrived_ms;  /* of its receipt; 0: none came */
	int64_t recalled_ms; /* 0: it was not */
	int64_t again_ms; /* sent again when none came in so long; 0: not by itself */
	uint8_t letter_id[DLB_LETTER_ID_LEN];
	uint8_t sealing_id[DLB_LETTER_ID_LEN];
	uint8_t recall_key[DLB_KEY_LEN];
	enum dlb_out_state state;
	bool now; /* --now: all cells at the next meeting */
	int64_t sealed_ms;
	uint16_t expiry_week;
	uint64_t content_len;
	uint32_t files;
	/* Of how many stripes how many suffice: 1 of 1 for one that is not split
	 * (what dlb_out_add takes two zeros for). Each has cells / stripes cells,
	 * and they are in order of their number. */
	uint8_t need, stripes;
	bool threshold;    /* so many are needed for the key, too */
	uint32_t cells;    /* of all stripes */
	uint32_t shown;    /* cells given to a meeting at least once */
	char summary[256]; /* first line of the message, or file names; UTF-8 */
};
/* A letter that a person wrote: neither cover nor of another kind, nor what was
 * replaced. */
bool dlb_out_is_seen(const struct dlb_out_letter *letter);
enum dlb_status dlb_out_add(struct dlb_letterbox *l,
	struct dlb_out_letter *letter, struct dlb_error *err)
	DLB_MUST_CHECK; /* sets number, where it is 0 */
enum dlb_status dlb_out_update(struct dlb_letterbox *l,
	const struct dlb_out_letter *letter, struct dlb_error *err)
	DLB_MUST_CHECK; /* all but to, kind, ids, recall key, times */
enum dlb_status dlb_out_get(struct dlb_letterbox *l, struct dlb_out_letter *out,
	int64_t number, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_out_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_out_letter *letter), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_out_delete(struct dlb_letterbox *l, int64_t number,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Cells that nobody had before, and who took them (the caller's name for a courier). */
#define DLB_OUT_COURIER_MAX 96
struct dlb_out_taken {
	int64_t letter;
	uint8_t stripe; /* of a letter from before that was written down: */
#define DLB_OUT_STRIPE_UNKNOWN 255
	char courier[DLB_OUT_COURIER_MAX];
	uint32_t cells;
	int64_t last_ms;
};
/* So many more cells. */
enum dlb_status dlb_out_took(struct dlb_letterbox *l,
	const struct dlb_out_taken *taken, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Courier by courier. */
enum dlb_status dlb_out_given(struct dlb_letterbox *l, int64_t number,
	bool (*fn)(void *ctx, const struct dlb_out_taken *taken), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* The letter is about to be sealed again: what there is of it goes out of the way, and
 * its number is free for dlb_out_add. */
enum dlb_status dlb_out_replace(struct dlb_letterbox *l, int64_t number,
	struct dlb_error *err) DLB_MUST_CHECK;
/* How it is to be made again (the caller's bytes; what out held is replaced). Empty
 * where that was not kept. */
enum dlb_status dlb_out_set_recipe(struct dlb_letterbox *l, int64_t number,
	const struct dlb_buf *recipe, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_out_recipe(struct dlb_letterbox *l, int64_t number,
	struct dlb_buf *out, struct dlb_error *err) DLB_MUST_CHECK;
/* The names of a letter's cells, 32 bytes each, in order of their index. They
 * are appended batch by batch while sealing (a batch is a row: make it large), and
 * read as one; what `names` held is replaced. */
enum dlb_status dlb_out_cells_append(struct dlb_letterbox *l, int64_t number,
	const uint8_t *names, size_t n, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_out_cells(struct dlb_letterbox *l, int64_t number,
	struct dlb_buf *names, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- calling them back (recalls.c) ------------------------------------------------------ */

/* Its sender wants it back: all sealings of it. again and recipe are forgotten. */
enum dlb_status dlb_out_recall(struct dlb_letterbox *l, int64_t number,
	int64_t when_ms, struct dlb_error *err) DLB_MUST_CHECK;
/* What has tokens that may be released and were not: cover, what has arrived, what was
 * recalled, replaced sealings included; not what expired before that week. fn may change
 * letters. */
enum dlb_status dlb_out_recallable(struct dlb_letterbox *l, uint16_t week,
	bool (*fn)(void *ctx, const struct dlb_out_letter *letter), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* All sealings of one letter. fn may change letters. */
enum dlb_status dlb_out_sealings(struct dlb_letterbox *l,
	const struct dlb_out_letter *of,
	bool (*fn)(void *ctx, const struct dlb_out_letter *letter), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Bit i % 8 of byte i / 8: the token of cell i was released, or none is needed. As many
 * bits as the letter has cells (what `bits` held is replaced). */
enum dlb_status dlb_out_released(struct dlb_letterbox *l,
	const struct dlb_out_letter *letter, struct dlb_buf *bits,
	struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_out_set_released(struct dlb_letterbox *l,
	const struct dlb_out_letter *letter, const struct dlb_buf *bits,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- letters in (inbox.c) ------------------------------------------------------------------ */

enum dlb_in_state {
	DLB_IN_PARTLY, /* cells are missing */
	DLB_IN_UNREAD,
	DLB_IN_READ,
	DLB_IN_DELETED, /* only its id is kept, so that it never comes twice */
};
struct dlb_in_letter {
	int64_t number;
	/* Correspondent; 0: a stranger; -id: the author of a bulletin (bulletins.h). */
	int64_t from;
	struct dlb_identity sender;
	uint8_t head_name[DLB_NAME_LEN];
	struct dlb_stripe
		stripe; /* expiry_week filled; recall_key, tag_key not */
	int64_t arrived_ms;
	enum dlb_in_state state;
	uint32_t have; /* cells here, the head included */
	/* Not 0: another sealing of that letter, which was not whole when it came.
	 * Nobody sees it. */
	int64_t again_of;
	/* Not 0: another stripe of that sealing. Nobody sees it. Its state is that
	 * of the stripe alone, and `have` is of one stripe in any case. */
	int64_t stripe_of;
	uint8_t whole; /* stripes that are here whole, of stripe.n; if that is > 1 */
	/* Of a kind that nobody sees, but this one is to be. */
	bool shown;
	bool described; /* the manifest was read: the next five are known */
	uint8_t kind;   /* enum dlb_manifest_kind */
	bool receipt_wanted;
	uint32_t files;
	uint64_t files_len;
	char summary[256];
	/* for dlb_head_reopen */
	uint8_t box3_key[DLB_KEY_LEN];
	uint32_t box3_offset;
	uint8_t transcript[DLB_HASH_LEN];
	uint32_t
		opening_id; /* the key it was sealed to; not of earlier letters */
	/* for dlb_head_card; of a stranger's letter that brought their card */
	bool has_card;
	struct dlb_card_key card_key;
};
/* For people, as a letter: neither of a kind that nobody sees, nor a bulletin (which have
 * a list of their own), nor another sealing nor another stripe. */
bool dlb_in_is_seen(const struct dlb_in_letter *letter);
/* DLB_DUPLICATE where this letter id of this sender is known in any state (number
 * is then set to it), but for another sealing of one that is not whole: whichever is
 * whole first counts (again_of is set), or another stripe of a sealing that is not
 * whole and says the same of itself (stripe_of is set). */
#define DLB_IN_AGAIN_MAX 4 /* other sealings of a letter */
enum dlb_status dlb_in_add(struct dlb_letterbox *l,
	struct dlb_in_letter *letter, struct dlb_error *err) DLB_MUST_CHECK;
/* Is this letter id of this sender known in any state? */
bool dlb_in_seen(struct dlb_letterbox *l, const struct dlb_in_letter *letter);
enum dlb_status dlb_in_update(struct dlb_letterbox *l,
	const struct dlb_in_letter *letter, struct dlb_error *err)
	DLB_MUST_CHECK; /* state, have, whole, described and what it covers */
/* Of a deleted one only number and state are filled. */
enum dlb_status dlb_in_get(struct dlb_letterbox *l, struct dlb_in_letter *out,
	int64_t number, struct dlb_error *err) DLB_MUST_CHECK;
/* By number; deleted ones are left out. fn may change letters. */
enum dlb_status dlb_in_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Wipes all but the ids, and for which week a receipt was owed last; these too where
 * the key that it was sealed to is gone: it can not come again. */
enum dlb_status dlb_in_delete(struct dlb_letterbox *l, int64_t number,
	struct dlb_error *err) DLB_MUST_CHECK;

/* Those of kinds other than letters, whole or not. fn may change letters. */
enum dlb_status dlb_in_kinds(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* One of a kind that nobody sees is a letter of the inbox from now on; its number may
 * change. */
enum dlb_status dlb_in_show(struct dlb_letterbox *l, int64_t number,
	const char *summary, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- letters that were sealed again (inbox_again.c) ------------------------------------------ */

/* The other sealings. fn may change letters. */
enum dlb_status dlb_in_again(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* One that is whole takes the place of the letter that it is of. */
enum dlb_status dlb_in_take_over(struct dlb_letterbox *l,
	const struct dlb_in_letter *again, struct dlb_error *err)
	DLB_MUST_CHECK;
/* One that is needed no more, or another stripe: nothing stays of it. */
enum dlb_status dlb_in_drop(struct dlb_letterbox *l,
	const struct dlb_in_letter *again, struct dlb_error *err)
	DLB_MUST_CHECK;

/* ---- letters that are split (inbox_stripes.c) ------------------------------------------------ */

/* The sealings that are split and not whole. fn may change letters. */
enum dlb_status dlb_in_split(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_in_letter *letter), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* The other stripes of one. fn may change letters. */
enum dlb_status dlb_in_stripes(struct dlb_letterbox *l, int64_t number,
	bool (*fn)(void *ctx, const struct dlb_in_letter *stripe), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* One of them takes the place of the stripe that stands for the sealing, of which
 * nothing stays. */
enum dlb_status dlb_in_stripe_first(struct dlb_letterbox *l,
	const struct dlb_in_letter *stripe, struct dlb_error *err)
	DLB_MUST_CHECK;

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
