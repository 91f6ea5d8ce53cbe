/*
 * What the files of the satchel share. docs/satchel.md is the specification;
 * its sections are named beside each part.
 *
 * The arrows between the files: layout and entry know only bytes; header and
 * table know where they lie; index is memory alone; quota decides and writes
 * nothing; create, open, put, get, update and scrub stand on these.
 */
#ifndef DLB_SATCHEL_INTERNAL_H
#define DLB_SATCHEL_INTERNAL_H

#include "satchel.h"

#include "crypto.h"

#include <stdatomic.h>

/* ---- where things lie (layout.c; section 2) ------------------------------------ */

/* What a medium writes whole or garbles whole. */
#define DLB_SECTOR_LEN 4096
#define DLB_HEADER_LEN 4096
#define DLB_ENTRY_LEN 256
#define DLB_SECTOR_ENTRIES (DLB_SECTOR_LEN / DLB_ENTRY_LEN)

struct dlb_layout {
	uint32_t slots;
	uint32_t entries;
	uint64_t header[2];
	uint64_t table[2];
	uint64_t slot; /* of the first; a multiple of 64 KiB */
	uint64_t table_len;
	uint64_t size;
};
/* slots within DLB_SATCHEL_SLOTS_MIN and _MAX. */
void dlb_layout_init(struct dlb_layout *l, uint32_t slots);

/* Where a cell keeps what the satchel must know of it. */
#define DLB_CELL_EXPIRY_AT 2
#define DLB_CELL_BOX_TAG_AT 16
#define DLB_CELL_TOKEN_HASH_AT 32
#define DLB_CELL_HANDLE_AT 64

/* ---- headers (header.c; section 3) ------------------------------------------------ */

#define DLB_SATCHEL_VERSION 1
#define DLB_SUPER_SPARSE 0x0001

/* What both headers say, sealed in each on its own. */
struct dlb_super {
	uint16_t flags;
	uint32_t slots;
	uint32_t entries;
	uint32_t reserve;
	uint8_t used; /* bit i: key slot i of both blocks is in use */
	uint8_t id[32];
	uint8_t keyslots[2][DLB_KEYSLOTS_LEN];
};

/* In guarded memory. */
struct dlb_satchel_keys {
	uint8_t root[DLB_KEY_LEN];
	uint8_t entry[DLB_KEY_LEN]; /* seals the entries */
	uint8_t mask[DLB_KEY_LEN];  /* between the two tables */
};
/* entry and mask from root and the satchel's id. */
void dlb_satchel_keys_derive(
	struct dlb_satchel_keys *keys, const uint8_t id[static 32]);

/* All but root: a fresh id, and key slots with `unlock` in one of them (in none,
 * where it is the root key itself). */
enum dlb_status dlb_super_init(struct dlb_super *super, uint32_t slots,
	uint32_t reserve, uint16_t flags,
	const uint8_t root[static DLB_KEY_LEN], const struct dlb_unlock *unlock,
	const struct dlb_env *env, struct dlb_error *err) DLB_MUST_CHECK;
/* One way more; DLB_FULL when all key slots are in use. */
enum dlb_status dlb_super_add_unlock(struct dlb_super *super,
	const uint8_t root[static DLB_KEY_LEN], const struct dlb_unlock *unlock,
	const struct dlb_env *env, struct dlb_error *err) DLB_MUST_CHECK;
/* The whole header `which` (0, 1). */
void dlb_header_make(uint8_t out[static DLB_HEADER_LEN],
	const struct dlb_super *super, unsigned which,
	const uint8_t root[static DLB_KEY_LEN], const struct dlb_env *env);
/* Finds the root key and the superblock by either header. bad[which]: that header
 * is not as it should be, and is to be written anew. sure: the root key to unlock with
 * is that of this satchel, whatever is damaged. */
enum dlb_status dlb_header_unlock(struct dlb_super *super,
	uint8_t root[static DLB_KEY_LEN], bool bad[static 2],
	struct dlb_file *file, const struct dlb_unlock *unlock, bool sure,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- one entry (entry.c; section 4) --------------------------------------------------- */

#define DLB_ENTRY_PLAIN_LEN (DLB_ENTRY_LEN - DLB_XSEAL_OVERHEAD)
#define DLB_NO_SLOT 0xffffffffu

enum dlb_entry_kind {
	DLB_ENTRY_CELL = 1,
	DLB_ENTRY_TOKEN = 2, /* a recall token, or a refusal without one */
};
struct dlb_entry_plain {
	uint8_t kind;
	uint8_t flags;
	uint8_t copies;
	uint16_t searched;
	uint16_t expiry_week;
	uint16_t arrived_week;
	uint32_t origin;
	uint32_t slot; /* DLB_NO_SLOT for a token */
	uint8_t name[32];
	uint8_t core[32];
	uint8_t handle[32];
	uint8_t box_tag[16];
	uint8_t token_hash[32];
	uint8_t secret[32]; /* the slot's key; of a token, the token itself */
};
/* What is public of a satchel's flags, in the only form there is of them: LOOK
 * only with SHOWN, OWN only with HELD. */
uint8_t dlb_flags_tidy(uint8_t flags);
void dlb_entry_encode(uint8_t out[static DLB_ENTRY_PLAIN_LEN],
	const struct dlb_entry_plain *e);
bool dlb_entry_decode(struct dlb_entry_plain *e,
	const uint8_t in[static DLB_ENTRY_PLAIN_LEN], uint32_t slots);
void dlb_entry_seal(uint8_t out[static DLB_ENTRY_LEN],
	const struct dlb_satchel_keys *keys, uint32_t number,
	const struct dlb_entry_plain *e, const struct dlb_env *env);
enum dlb_entry_state {
	DLB_ENTRY_NONE,     /* random bytes, or damaged: there is no telling */
	DLB_ENTRY_NONSENSE, /* sealed under the key, and not what may be there */
	DLB_ENTRY_GOOD,
};
enum dlb_entry_state dlb_entry_open(struct dlb_entry_plain *e,
	const struct dlb_satchel_keys *keys, uint32_t number,
	const uint8_t in[static DLB_ENTRY_LEN], uint32_t slots);

/* ---- what is in memory (index.c) --------------------------------------------------------- */

/* Beside the public flags. */
#define DLB_REC_CELL 0x10
#define DLB_REC_TOKEN 0x20
#define DLB_REC_PINNED 0x40  /* neither to be evicted nor to be given away */
#define DLB_REC_DROPPED 0x80 /* while opening: to be overwritten */
#define DLB_REC_PUBLIC (DLB_SHOWN | DLB_HELD | DLB_LOOK | DLB_OWN)

/* 60 bytes for each entry. */
struct dlb_record {
	uint8_t name[16];
	uint8_t handle[8]; /* of a token: of the hash of it */
	uint8_t recall[4]; /* of a cell: of its token's hash */
	uint32_t slot;
	uint32_t origin;
	uint16_t expiry_week;
	uint16_t arrived_week;
	uint16_t searched;
	uint8_t flags;
	uint8_t copies;
	uint32_t name_next;
	uint32_t handle_next, handle_prev;
	uint32_t place; /* where order has this entry */
};

/* The entries in three groups, so that one of a group is chosen uniformly. */
enum dlb_group {
	DLB_GROUP_FREE,
	DLB_GROUP_STRANGERS, /* shown cells of origin 0 */
	DLB_GROUP_DEAR,      /* those of them that give way last */
	DLB_GROUP_OTHERS,
	DLB_GROUPS
};

struct dlb_index {
	uint32_t entries;
	struct dlb_record *records;
	uint32_t *by_name, *by_handle; /* heads of the chains */
	unsigned shift;                /* 64 - bits of a chain's number */
	uint64_t seed[8];
	uint32_t *order;          /* a permutation, group by group */
	uint32_t end[DLB_GROUPS]; /* of each group in order */
	uint32_t *free_slots;
	uint32_t free_slots_n;
	_Atomic uint8_t *damaged; /* a bit for each entry */
	uint8_t *dear;            /* the same, once any is; else NULL */
	uint32_t cells, shown, held, tokens;
};

enum dlb_status dlb_index_init(struct dlb_index *ix, const struct dlb_layout *l,
	const struct dlb_env *env) DLB_MUST_CHECK;
void dlb_index_free(struct dlb_index *ix);
/* Fills the record of an entry; it is not in the index yet. */
void dlb_record_set(struct dlb_record *r, const struct dlb_entry_plain *e);
/* All but where it stands in chains and groups. */
void dlb_record_copy(struct dlb_record *r, const struct dlb_record *from);
/* Puts a filled record into the chains, counts and groups. */
void dlb_index_add(struct dlb_index *ix, uint32_t number);
/* Takes it out; its slot, if any, is free again. */
void dlb_index_remove(struct dlb_index *ix, uint32_t number);
/* Of an entry that is in no chain: it is free. */
void dlb_index_forget(struct dlb_index *ix, uint32_t number);
/* New claims for a cell. */
struct dlb_change;
void dlb_index_change(struct dlb_index *ix, const struct dlb_change *c);
bool dlb_index_is_dear(const struct dlb_index *ix, uint32_t number);
/* DLB_NO_MEMORY. */
enum dlb_status dlb_index_set_dear(
	struct dlb_index *ix, uint32_t number, bool dear) DLB_MUST_CHECK;
void dlb_index_pin(struct dlb_index *ix, uint32_t number, bool pinned);
uint32_t dlb_index_group_len(const struct dlb_index *ix, enum dlb_group g);
/* A random one of a group; DLB_NO_ENTRY where it is empty. */
uint32_t dlb_index_pick(const struct dlb_index *ix, enum dlb_group g,
	const struct dlb_env *env);
uint32_t dlb_index_take_slot(struct dlb_index *ix, const struct dlb_env *env);
void dlb_index_give_slot(struct dlb_index *ix, uint32_t slot);
uint32_t dlb_index_find(
	const struct dlb_index *ix, const uint8_t *name, uint8_t kind);
/* The next of kind with these 8 bytes at or after `at` in the chain. */
uint32_t dlb_index_handle_first(
	const struct dlb_index *ix, const uint8_t *handle, uint8_t kind);
uint32_t dlb_index_handle_next(
	const struct dlb_index *ix, uint32_t number, uint8_t kind);
/* True where it was not marked yet. */
bool dlb_index_mark_damaged(struct dlb_index *ix, uint32_t number);

/* ---- an open satchel ---------------------------------------------------------------------- */

/* What each thread of the pool works with. */
struct dlb_worker {
	struct dlb_aead *aead;
	uint8_t *buf; /* DLB_SATCHEL_CELL_LEN */
};

/* What has expired, and look copies past their time, as of a week. */
struct dlb_sweep {
	bool made;
	uint16_t week;
	uint32_t *expired, *looks;
	uint32_t expired_n, looks_n;
};

/* Cells whose slots are written and whose entries are not. */
struct dlb_waiting;
struct dlb_pending {
	struct dlb_waiting *list;
	size_t n, cap;
	uint32_t shown, held; /* claims that they add */
	bool slots;           /* some of them have one that is not synced */
};

struct dlb_satchel {
	struct dlb_file *file;
	const struct dlb_env *env;
	struct dlb_satchel_keys *keys;
	struct dlb_super super;
	struct dlb_layout layout;
	struct dlb_index index;
	struct dlb_sweep sweep;
	struct dlb_pending pending;
	struct dlb_worker *workers;
	unsigned workers_n;
	bool writable;
	/* A write to a table failed: what it holds is known again only after the
	 * next opening, so nothing more is written. */
	bool failed;
	uint32_t mended;
	_Atomic uint32_t damaged;
};

/* Forgets what waits; its places are free again. */
void dlb_pending_drop(struct dlb_satchel *s);
void dlb_pending_free(struct dlb_satchel *s);

/* DLB_OK where writing is possible at all. */
enum dlb_status dlb_satchel_check_writable(
	const struct dlb_satchel *s, struct dlb_error *err) DLB_MUST_CHECK;

bool dlb_cell_is(const uint8_t cell[static DLB_SATCHEL_CELL_LEN],
	const uint8_t core[static 32], const uint8_t name[static 32]);

/* ---- the two tables (table.c; section 5) ------------------------------------------------------ */

/* Reads and xors the mask away, so that both tables read alike. */
enum dlb_status dlb_table_read(struct dlb_satchel *s, unsigned table,
	uint8_t *out, uint32_t first, uint32_t n, struct dlb_aead *aead,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Puts the mask on again in place: data is changed. */
enum dlb_status dlb_table_write(struct dlb_satchel *s, unsigned table,
	uint8_t *data, uint32_t first, uint32_t n, struct dlb_aead *aead,
	struct dlb_error *err) DLB_MUST_CHECK;
/* The entry as the first table has it, else the second. DLB_CORRUPT. */
enum dlb_status dlb_table_entry(struct dlb_satchel *s,
	struct dlb_entry_plain *out, uint32_t number, struct dlb_aead *aead,
	struct dlb_error *err) DLB_MUST_CHECK;

struct dlb_edit {
	uint32_t number;
	uint8_t bytes[DLB_ENTRY_LEN];
};
/* First table, sync, second, sync. Sorts the edits. On failure the satchel takes
 * no more writes. */
enum dlb_status dlb_table_commit(struct dlb_satchel *s, struct dlb_edit *edits,
	size_t n, struct dlb_error *err) DLB_MUST_CHECK;
/* An edit that makes the entry random bytes, or what e says. */
void dlb_edit_erase(
	const struct dlb_satchel *s, struct dlb_edit *edit, uint32_t number);
void dlb_edit_seal(const struct dlb_satchel *s, struct dlb_edit *edit,
	uint32_t number, const struct dlb_entry_plain *e);

/* ---- opening (mend.c) --------------------------------------------------------------------------- */

/* Reads both tables into the index; mends them where writable. */
enum dlb_status dlb_satchel_load(struct dlb_satchel *s, struct dlb_error *err)
	DLB_MUST_CHECK;

/* ---- who gives way to whom (quota.c) --------------------------------------------------------------- */

#define DLB_SATCHEL_LOOK_WEEKS 2

uint32_t dlb_quota_shown_max(const struct dlb_satchel *s);
uint32_t dlb_quota_shown_left(const struct dlb_satchel *s);
uint32_t dlb_quota_held_left(const struct dlb_satchel *s);
/* The cell whose SHOWN claim gives way to a newcomer of this origin, and pins it;
 * DLB_NO_ENTRY where none may. */
uint32_t dlb_quota_victim(
	struct dlb_satchel *s, uint32_t origin, uint16_t now_week);
/* The same to one's own that went out and is shown from now on: of known origins,
 * where there is nobody else's. */
uint32_t dlb_quota_victim_of_own(struct dlb_satchel *s);
void dlb_quota_free(struct dlb_satchel *s);

/* ---- a change of what entries say (change.c) ------------------------------------------------------------ */

/* One entry's new claims; without SHOWN and HELD it goes. */
struct dlb_change {
	uint32_t number;
	uint8_t flags;
	uint8_t copies;
	uint16_t searched;
	uint16_t arrived_week;
	uint32_t origin;
};
/* What it says now. */
struct dlb_change dlb_change_of(const struct dlb_satchel *s, uint32_t number);
/* What a cell is left with that gives way. */
void dlb_change_evict(struct dlb_change *c);
/* Makes edits (room for n) of changes. An entry that can not be read any more is
 * erased: its cell is lost already. */
enum dlb_status dlb_change_edits(struct dlb_satchel *s, struct dlb_edit *edits,
	struct dlb_change *changes, size_t n, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Once they are on the medium: the same in memory. */
void dlb_change_apply(
	struct dlb_satchel *s, const struct dlb_change *changes, size_t n);

#endif
