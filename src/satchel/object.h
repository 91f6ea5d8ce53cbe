/*
 * object: a cell on its own, as it lies in a box that is a directory (or, later, a
 * bucket): one file a cell, all of one length, sealed under the box's key and called
 * by a keyed hash. docs/satchel.md, "A box of single cells".
 *
 * Who has not the key sees how many there are and when each came, and not which
 * cells; one who holds a cell can not tell whether it is there. An object is written
 * once and never changed: two that are synced never disagree.
 */
#ifndef DLB_OBJECT_H
#define DLB_OBJECT_H

#include "base.h"
#include "crypto.h"

#define DLB_OBJECT_CELL_LEN 65536
/* nonce (24) || sealed (version, copies, zeros: 32; the cell) || tag (16) */
#define DLB_OBJECT_LEN (DLB_XSEAL_OVERHEAD + 32 + DLB_OBJECT_CELL_LEN)
#define DLB_OBJECT_NAME_MAX 33 /* 32 hexadecimal digits, and the end */

/* What opens the box: beside the objects, DLB_OBJECT_LOCK_LEN bytes that look random:
 * key slots, and how many objects there may be, sealed under the root key. */
#define DLB_OBJECT_LOCK_LEN (DLB_KEYSLOTS_LEN + DLB_XSEAL_OVERHEAD + 8)
enum dlb_status dlb_object_lock_make(uint8_t out[static DLB_OBJECT_LOCK_LEN],
	const uint8_t root[static DLB_KEY_LEN], uint64_t cells_max,
	const struct dlb_unlock *unlock, const struct dlb_env *env,
	struct dlb_error *err) DLB_MUST_CHECK;
/* DLB_WRONG_KEY; also with DLB_UNLOCK_ROOT. */
enum dlb_status dlb_object_lock_open(uint8_t root[static DLB_KEY_LEN],
	uint64_t *cells_max, const uint8_t lock[static DLB_OBJECT_LOCK_LEN],
	const struct dlb_unlock *unlock, struct dlb_error *err) DLB_MUST_CHECK;

struct dlb_object_keys {
	uint8_t name[DLB_KEY_LEN];
	uint8_t seal[DLB_KEY_LEN];
};
void dlb_object_keys(
	struct dlb_object_keys *out, const uint8_t root[static DLB_KEY_LEN]);
/* cell_name: 16 bytes, the first half of the cell's name. */
void dlb_object_name(char out[static DLB_OBJECT_NAME_MAX],
	const struct dlb_object_keys *keys, const uint8_t cell_name[static 16]);
void dlb_object_seal(uint8_t out[static DLB_OBJECT_LEN],
	const struct dlb_object_keys *keys, const char *name,
	const uint8_t cell[static DLB_OBJECT_CELL_LEN], uint8_t copies,
	const struct dlb_env *env);
/* bytes is used up: the cell lies in it then. DLB_FORGED, DLB_UNSUPPORTED. */
enum dlb_status dlb_object_open(const uint8_t **cell, uint8_t *copies,
	const struct dlb_object_keys *keys, const char *name,
	uint8_t bytes[static DLB_OBJECT_LEN]) DLB_MUST_CHECK;

#endif
