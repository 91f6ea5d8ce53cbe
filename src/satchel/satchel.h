/*
 * satchel: the store. A fixed number of slots for cells in a file (or a set of
 * files) that looks like random bytes to who has no key of it. Specified in
 * docs/satchel.md. Knows nothing of letters; cells are DLB_SATCHEL_CELL_LEN bytes
 * with a waybill that the caller has checked.
 *
 * Two claims on a cell, each a bit of its entry:
 *   SHOWN  it is part of what this node carries: offered, counted, evicted. The
 *          set of shown cells, and the room for them (slots - reserve), never
 *          depend on a letterbox.
 *   HELD   the letterbox needs it: an own letter not collected yet, a letter that
 *          came in and was not deleted. Held cells live in a reserve of fixed
 *          size and are never evicted.
 * A cell may have both and has one slot; without either it is gone.
 *
 * Whatever a call acknowledged survives a crash, a yanked stick and a torn 4 KiB
 * sector. One object, one owner; reading may happen from several threads.
 */
#ifndef DLB_SATCHEL_H
#define DLB_SATCHEL_H

#include "base.h"
#include "crypto.h"

#define DLB_SATCHEL_CELL_LEN 65536
#define DLB_SATCHEL_SLOTS_MIN 16
#define DLB_SATCHEL_SLOTS_MAX 0x10000000u

struct dlb_satchel;

#define DLB_SHOWN 0x01
#define DLB_HELD 0x02
#define DLB_LOOK 0x04 /* a look copy: counter 0, kept a short while */
#define DLB_OWN 0x08  /* sealed here and not shown yet; only with DLB_HELD */

/* ---- life (create.c, open.c) ----------------------------------------------------- */

struct dlb_satchel_options {
	uint64_t size;     /* bytes of all files together; or */
	uint32_t slots;    /* exact number, where size is 0 */
	uint32_t reserve;  /* slots of these for DLB_HELD */
	bool sparse;       /* do not fill with random bytes */
	uint64_t span_len; /* 0: DLB_SPAN_LEN */
	struct dlb_unlock unlock;
	const uint8_t *root; /* the root key to use; NULL: a fresh one */
};
/* How many files' bytes that many slots take, and the other way round. */
uint64_t dlb_satchel_size_of(uint32_t slots);
uint32_t dlb_satchel_slots_in(uint64_t size);

/* Makes and fills the file(s); on failure or interruption none is left. The fresh
 * satchel is not opened. */
enum dlb_status dlb_satchel_create(struct dlb_fs *fs, const char *path,
	const struct dlb_satchel_options *options, const struct dlb_env *env,
	const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;

/* Locks, opens, mends what a crash left between the two tables (when writable).
 * DLB_WRONG_KEY, DLB_CORRUPT (truncated), DLB_BUSY. */
enum dlb_status dlb_satchel_open(struct dlb_satchel **out, struct dlb_fs *fs,
	const char *path, const struct dlb_unlock *unlock, bool writable,
	uint64_t span_len, const struct dlb_env *env, struct dlb_error *err)
	DLB_MUST_CHECK;
/* The same, where the root key is that of this satchel, and yet does not open it: a
 * second header is looked for everywhere, which may take seconds. */
enum dlb_status dlb_satchel_open_damaged(struct dlb_satchel **out,
	struct dlb_fs *fs, const char *path, const struct dlb_unlock *unlock,
	bool writable, uint64_t span_len, const struct dlb_env *env,
	struct dlb_error *err) DLB_MUST_CHECK;
void dlb_satchel_close(struct dlb_satchel *s);

/* The root key, and what comes from it: the tag key of a box, and the key by which
 * two nodes that hold it recognise each other at a meeting. */
void dlb_satchel_root(const struct dlb_satchel *s, uint8_t out[static 32]);
void dlb_box_tag_key(uint8_t out[static 32], const uint8_t root[static 32]);
void dlb_box_meeting_key(uint8_t out[static 32], const uint8_t root[static 32]);
/* One way more to unlock; DLB_FULL when there are DLB_KEYSLOTS. */
enum dlb_status dlb_satchel_add_unlock(struct dlb_satchel *s,
	const struct dlb_unlock *unlock, struct dlb_error *err) DLB_MUST_CHECK;

struct dlb_satchel_info {
	uint32_t slots, reserve;
	uint32_t shown, held; /* cells; one with both claims counts in each */
	uint32_t used;        /* slots taken */
	uint32_t entries;     /* of a table */
	uint32_t tokens;      /* entries that hold a token or a refusal */
	uint32_t mended;      /* entries that the opening mended */
	uint32_t damaged;     /* cells found damaged since opening */
	uint64_t size;
};
void dlb_satchel_info(
	const struct dlb_satchel *s, struct dlb_satchel_info *out);

/* ---- the index (index.c): in memory, no reading -------------------------------------- */

/* Entries are named by their number, stable while the satchel is open. */
#define DLB_NO_ENTRY 0xffffffffu
struct dlb_entry {
	uint32_t number;
	uint8_t name[16]; /* the first half of the cell's name */
	uint16_t expiry_week;
	uint16_t arrived_week;
	uint16_t searched; /* finding keys it was tried with; 0: none yet */
	uint8_t flags;
	uint8_t copies;
	uint32_t origin; /* quota label of who put it in; 0 strangers */
};
/* The next entry of a cell at or after `from` that has any of `flags`; false at
 * the end. Iterate with from = out->number + 1. */
bool dlb_satchel_next(const struct dlb_satchel *s, uint32_t from, uint8_t flags,
	struct dlb_entry *out);
bool dlb_satchel_entry(
	const struct dlb_satchel *s, uint32_t number, struct dlb_entry *out);
/* By name (16 or more bytes are compared: pass all 32); DLB_NO_ENTRY if none. */
uint32_t dlb_satchel_find(
	const struct dlb_satchel *s, const uint8_t name[static 32]);
/* By handle, of which there may be any number of cells: the first, where `after` is
 * DLB_NO_ENTRY, or the one after; DLB_NO_ENTRY at the end. Compares 8 bytes: the
 * caller verifies what it reads. */
uint32_t dlb_satchel_find_handle(const struct dlb_satchel *s,
	const uint8_t handle[static 32], uint32_t after);

/* ---- cells in and out (put.c, get.c) ---------------------------------------------------- */

struct dlb_satchel_item {
	const uint8_t *cell; /* 65,536 bytes, checked by the caller */
	uint8_t core[32]; /* of that cell, computed and checked by the caller */
	uint8_t name[32];
	uint8_t flags; /* claims to add */
	uint8_t copies;
	uint16_t searched;
	uint16_t arrived_week; /* 0: the week of the put */
	uint32_t origin;
	enum dlb_status result; /* out: OK, DUPLICATE (claims were added), FULL,
	                         * REFUSED (a token says so) */
	uint32_t number;        /* out: its entry */
};
/* Writes cells, which are there only after the next commit: until then they are
 * found by none of the functions here, and their room is taken. Many calls may share
 * a commit. The result of an item says what will be of it, its number where. On
 * failure none of these items is written, and what was added before still waits.
 * `now_week` is what decides expiry; pass 0 to evict nothing as expired (a clock that
 * is not trusted). Where something has to be evicted that is done, and durable, when
 * it returns. */
enum dlb_status dlb_satchel_add(struct dlb_satchel *s,
	struct dlb_satchel_item *items, size_t n, uint16_t now_week,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Three syncs. When it returns OK, every item that was added with result OK or
 * DUPLICATE is durable; on failure those of earlier commits stay sound, and of these
 * none is half there. Closing a satchel does not commit. */
enum dlb_status dlb_satchel_commit(struct dlb_satchel *s, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Both, and what was added before with it. */
enum dlb_status dlb_satchel_put(struct dlb_satchel *s,
	struct dlb_satchel_item *items, size_t n, uint16_t now_week,
	struct dlb_error *err) DLB_MUST_CHECK;
/* The number of shown cells a put of this origin could add now. */
uint32_t dlb_satchel_room(
	const struct dlb_satchel *s, uint32_t origin, uint16_t now_week);
/* This cell gives way after all others that may, as long as such ones have no more than
 * a part of all room: others say which they are. Or none does. In memory alone, until it
 * goes. */
#define DLB_SATCHEL_DEAR_PART 2
enum dlb_status dlb_satchel_dear(struct dlb_satchel *s, uint32_t number,
	struct dlb_error *err) DLB_MUST_CHECK;
void dlb_satchel_dear_none(struct dlb_satchel *s);
/* Held cells that could be added now. */
uint32_t dlb_satchel_room_held(const struct dlb_satchel *s);

/* Reads a cell. verify: computes the name and compares it (DLB_CORRUPT, and the
 * cell is counted as damaged). core and name get 32 bytes each; either may be
 * NULL. Any thread, but not beside a put, update or scrub. */
enum dlb_status dlb_satchel_get(struct dlb_satchel *s, uint32_t number,
	uint8_t cell[static DLB_SATCHEL_CELL_LEN], uint8_t *core, uint8_t *name,
	struct dlb_aead *aead, bool verify, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Only the first len bytes (a multiple of 64), not verified: for trials. */
enum dlb_status dlb_satchel_peek(struct dlb_satchel *s, uint32_t number,
	uint8_t *out, size_t len, struct dlb_aead *aead, struct dlb_error *err)
	DLB_MUST_CHECK;

/* What the table says of a cell, without reading the cell. Any thread. */
struct dlb_entry_details {
	uint8_t name[32];
	uint8_t core[32];
	uint8_t handle[32];
	uint8_t box_tag[16];
	uint8_t token_hash[32];
};
enum dlb_status dlb_satchel_details(struct dlb_satchel *s, uint32_t number,
	struct dlb_entry_details *out, struct dlb_aead *aead,
	struct dlb_error *err) DLB_MUST_CHECK;

/* A change of many entries at once, durable when it returns; commits what was added.
 * A cell left without SHOWN and HELD is removed, and its key destroyed. */
struct dlb_satchel_change {
	uint32_t number;
	uint8_t flags; /* the new ones */
	uint8_t copies;
	uint16_t searched;
};
enum dlb_status dlb_satchel_update(struct dlb_satchel *s,
	const struct dlb_satchel_change *changes, size_t n,
	struct dlb_error *err) DLB_MUST_CHECK;

/* Into `to`, which is empty and has room for all, what `from` holds, as it is there: all
 * that entries say but number and slot, tokens too. Durable when it returns. Cells that
 * are damaged stay out, and are counted. (copy.c) */
enum dlb_status dlb_satchel_copy(struct dlb_satchel *to,
	struct dlb_satchel *from, uint32_t *damaged,
	const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;

/* Reads every cell and drops what does not hold its name; the other table's entry
 * is tried first. For doctor. */
enum dlb_status dlb_satchel_scrub(struct dlb_satchel *s, uint32_t *dropped,
	const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
