/*
 * struct dlb_letterbox, and what its files do for each other: the image (the
 * letterbox file), the ring, the epochs in memory, one's own values.
 */
#ifndef DLB_STATE_INTERNAL_H
#define DLB_STATE_INTERNAL_H

#include "db_internal.h"
#include "letterbox.h"
#include "letterbox_internal.h"

#include <pthread.h>

#define DLB_STATE_PATH_MAX 4096

/* In guarded memory. */
struct dlb_state_keys {
	uint8_t root[DLB_KEY_LEN];
	struct dlb_identity_secret identity;
	uint8_t shared[32]; /* with the correspondent shared_with */
};

/* ---- the ring (ring.c) ------------------------------------------------------------- */

#define DLB_RING_RECORD_LEN 4096
#define DLB_RING_RECORDS 96        /* a ring has a multiple of these, */
#define DLB_RING_RECORDS_MAX 16384 /* at most so many */

struct dlb_ring {
	struct dlb_buf bytes; /* as in the file, sealed, but for: */
	bool changed;
	uint8_t unsaved[DLB_RING_RECORDS_MAX / 8]; /* a bit a record */
};

/* ---- epochs (epochs.c) --------------------------------------------------------------- */

/* In guarded memory, one by one: what points at them stays. */
struct dlb_epoch {
	uint32_t kind;
	uint32_t id;
	uint32_t record;
	uint8_t seed[32];
	/* DLB_XWING_EXPANDED_LEN; made when first asked for; under the lock */
	uint8_t *expanded;
};
struct dlb_epochs {
	pthread_mutex_t lock;
	struct dlb_epoch **list; /* ascending by kind, then id */
	size_t n, cap;
	uint32_t
		lost; /* the database names them, the ring does not hold them */
	bool changed; /* since the last commit */
};

struct dlb_letterbox {
	struct dlb_fs *fs;
	const struct dlb_env *env;
	char file[DLB_STATE_PATH_MAX];
	char ring_file[DLB_STATE_PATH_MAX];
	uint8_t slots[DLB_KEYSLOTS_LEN];
	uint8_t slots_saved[DLB_KEYSLOTS_LEN]; /* as in the file */
	uint64_t commits;                      /* the number of the file's */
	struct dlb_state_keys *keys;
	struct dlb_aead *aead;
	struct dlb_db db;
	bool unsaved; /* the database has committed what the file does not hold */
	struct dlb_ring ring;
	struct dlb_epochs epochs;
	bool is_person;
	struct dlb_identity identity;
	uint16_t generation;
	struct dlb_buf card; /* one's own, full */
	int64_t shared_with;
	int64_t next_number, next_number_saved;
	int64_t highest_ms; /* 0: never looked */
	int64_t highest_saved_ms;
};

/* ---- the letterbox file (image.c) ----------------------------------------------------- */

enum dlb_status dlb_image_save(struct dlb_letterbox *l, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Slots and root key; unlock NULL: the root key is there already, and the slots
 * are to be the same. */
enum dlb_status dlb_image_load(struct dlb_letterbox *l, struct dlb_db *db,
	const struct dlb_unlock *unlock, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- the ring --------------------------------------------------------------------------- */

/* All random. */
enum dlb_status dlb_ring_create(struct dlb_ring *ring,
	const struct dlb_env *env, struct dlb_error *err) DLB_MUST_CHECK;
/* A file that is not there leaves the ring empty. */
enum dlb_status dlb_ring_load(struct dlb_ring *ring, struct dlb_fs *fs,
	const char *path, struct dlb_error *err) DLB_MUST_CHECK;
/* What has changed, in place and synced; a file that is not there is made. */
enum dlb_status dlb_ring_save(struct dlb_ring *ring, struct dlb_fs *fs,
	const char *path, struct dlb_error *err) DLB_MUST_CHECK;
uint32_t dlb_ring_records(const struct dlb_ring *ring);
/* Makes room for more, as many again as a new one has. */
enum dlb_status dlb_ring_grow(struct dlb_ring *ring, const struct dlb_env *env,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Into record epoch->record. */
void dlb_ring_put(struct dlb_ring *ring, const struct dlb_epoch *epoch,
	const uint8_t root[static DLB_KEY_LEN], const uint8_t salt[static 32],
	const struct dlb_env *env);
/* Fills the seed of the epoch that epoch->record should hold; false where that
 * record holds something else, or nothing. */
bool dlb_ring_get(const struct dlb_ring *ring, struct dlb_epoch *epoch,
	const uint8_t root[static DLB_KEY_LEN], const uint8_t salt[static 32]);
/* Random bytes in the place of epoch->record, unless it holds another secret. */
void dlb_ring_destroy(struct dlb_ring *ring, const struct dlb_epoch *epoch,
	const uint8_t root[static DLB_KEY_LEN], const uint8_t salt[static 32],
	const struct dlb_env *env);
/* What has changed is not to be saved. */
void dlb_ring_leave(struct dlb_ring *ring);

/* ---- epochs ------------------------------------------------------------------------------- */

/* Those that the database names, out of the ring; in place of those there. */
enum dlb_status dlb_epochs_load(struct dlb_letterbox *l, struct dlb_error *err)
	DLB_MUST_CHECK;
void dlb_epochs_free(struct dlb_epochs *epochs);
/* NULL where it is not there. */
struct dlb_epoch *dlb_epochs_find(
	struct dlb_epochs *epochs, uint32_t kind, uint32_t id);
/* The one that is there, or a fresh one, in the ring and the database. */
enum dlb_status dlb_epochs_make(struct dlb_letterbox *l, struct dlb_epoch **out,
	uint32_t kind, uint32_t id, struct dlb_error *err) DLB_MUST_CHECK;

/* Wipes it, in memory. */
void dlb_epochs_remove(struct dlb_epochs *epochs, uint32_t kind, uint32_t id);

/* ---- with keys goes (keys.c) what is left of letters --------------------------------------- */

/* Deleted letters whose key is gone (inbox_delete.c). */
enum dlb_status dlb_in_forget(struct dlb_letterbox *l, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Receipts that are owed for letters that are not known any more, and those that were
 * written and have expired by that week (receipts.c). */
enum dlb_status dlb_receipts_forget(struct dlb_letterbox *l, uint16_t week,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Who was heard from, where no letter of theirs is here (correspondents.c). */
enum dlb_status dlb_correspondents_forget(
	struct dlb_letterbox *l, struct dlb_error *err) DLB_MUST_CHECK;
/* The next number is the one after the highest that is there (letterbox.c). */
enum dlb_status dlb_number_lower(struct dlb_letterbox *l, struct dlb_error *err)
	DLB_MUST_CHECK;

/* ---- one's own values (settings.c): kept beside the settings ------------------------------- */

enum dlb_status dlb_own_get_int(
	struct dlb_letterbox *l, const char *key, int64_t *out) DLB_MUST_CHECK;
enum dlb_status dlb_own_set_int(struct dlb_letterbox *l, const char *key,
	int64_t v, struct dlb_error *err) DLB_MUST_CHECK;
/* Exactly len bytes. */
enum dlb_status dlb_own_get_blob(struct dlb_letterbox *l, const char *key,
	void *out, size_t len) DLB_MUST_CHECK;
/* Appends. */
enum dlb_status dlb_own_get_buf(struct dlb_letterbox *l, const char *key,
	struct dlb_buf *out) DLB_MUST_CHECK;
enum dlb_status dlb_own_set_blob(struct dlb_letterbox *l, const char *key,
	const void *v, size_t len, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- what is kept in memory of the database (identity.c, clock.c) --------------------------- */

/* After the database was opened or rolled back. */
enum dlb_status dlb_identity_load(
	struct dlb_letterbox *l, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_clock_load(struct dlb_letterbox *l, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Before a commit that has other reasons. */
enum dlb_status dlb_clock_save(struct dlb_letterbox *l, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Makes identity, epochs and the first card. */
enum dlb_status dlb_identity_make(struct dlb_letterbox *l, const char *name,
	struct dlb_error *err) DLB_MUST_CHECK;
/* For a letterbox that has none yet. */
enum dlb_status dlb_slots_create(struct dlb_letterbox *l,
	const struct dlb_unlock *unlock, struct dlb_error *err) DLB_MUST_CHECK;
#define DLB_OWN_NEXT_NUMBER "next number"
/* 24 bits are left beside it in the key of out_cells. */
#define DLB_NUMBER_MAX (1LL << 38)
/* From here on, those that nobody sees: of cover and receipts. */
#define DLB_NUMBER_UNSEEN (1LL << 37)
/* Receipts for all whole letters of who became a correspondent. */
enum dlb_status dlb_receipts_owe_all(struct dlb_letterbox *l,
	int64_t correspondent, struct dlb_error *err) DLB_MUST_CHECK;
/* The next number for a letter. */
enum dlb_status dlb_number_next(struct dlb_letterbox *l, int64_t *out,
	struct dlb_error *err) DLB_MUST_CHECK;
/* The next that nobody sees: those of letters would otherwise skip with each meeting. */
enum dlb_status dlb_number_unseen(struct dlb_letterbox *l, int64_t *out,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- letters out (outbox.c) -------------------------------------------------------- */

#define DLB_OUT_COLUMNS                                                         \
	"number, correspondent, letter_id, sealing_id, recall_key, state, now," \
	" sealed_ms, expiry_week, content_len, files, cells, shown, summary,"   \
	" kind, receipt, arrived_ms, again_ms, recalled_ms, need, stripes, threshold"
extern const struct dlb_row dlb_out_row;

#endif
