/*
 * A cell on its own. docs/satchel.md, "A box of single cells".
 */
#include "object.h"

#include <string.h>

#define VERSION 1
#define HEAD_LEN 32
#define LOCK_LABEL "dlb object lock"

/* ---- the lock ------------------------------------------------------------------------ */

static void
lock_key(
	uint8_t out[static DLB_KEY_LEN], const uint8_t root[static DLB_KEY_LEN])
{
	dlb_derive(out, DLB_KEY_LEN, root, DLB_KEY_LEN, LOCK_LABEL, NULL, 0);
}

enum dlb_status
dlb_object_lock_make(uint8_t out[static DLB_OBJECT_LOCK_LEN],
	const uint8_t root[static DLB_KEY_LEN], uint64_t cells_max,
	const struct dlb_unlock *unlock, const struct dlb_env *env,
	struct dlb_error *err)
{
	uint8_t key[DLB_KEY_LEN], nonce[DLB_XNONCE_LEN], bytes[8];
	struct dlb_writer w;
	enum dlb_status st = dlb_keyslots_create(out, root, unlock, env, err);

	if (st != DLB_OK)
		return st;
	dlb_writer_init(&w, bytes, sizeof(bytes));
	dlb_write_u64(&w, cells_max);
	lock_key(key, root);
	dlb_random(env, nonce, sizeof(nonce));
	dlb_xseal(out + DLB_KEYSLOTS_LEN, key, nonce, out, DLB_KEYSLOTS_LEN,
		bytes, sizeof(bytes));
	dlb_wipe(key, sizeof(key));
	return DLB_OK;
}

enum dlb_status
dlb_object_lock_open(uint8_t root[static DLB_KEY_LEN], uint64_t *cells_max,
	const uint8_t lock[static DLB_OBJECT_LOCK_LEN],
	const struct dlb_unlock *unlock, struct dlb_error *err)
{
	uint8_t key[DLB_KEY_LEN], bytes[8];
	struct dlb_reader r;
	enum dlb_status st = DLB_OK;

	*cells_max = 0;
	if (unlock->kind == DLB_UNLOCK_ROOT && unlock->len == DLB_KEY_LEN)
		memcpy(root, unlock->secret, DLB_KEY_LEN);
	else
		st = dlb_keyslots_open(root, lock, unlock, err);
	if (st != DLB_OK)
		return st;
	lock_key(key, root);
	st = dlb_xopen(bytes, key, lock, DLB_KEYSLOTS_LEN,
		lock + DLB_KEYSLOTS_LEN,
		DLB_OBJECT_LOCK_LEN - DLB_KEYSLOTS_LEN);
	dlb_wipe(key, sizeof(key));
	if (st != DLB_OK) {
		dlb_wipe(root, DLB_KEY_LEN);
		return DLB_WRONG_KEY;
	}
	dlb_reader_init(&r, bytes, sizeof(bytes));
	*cells_max = dlb_read_u64(&r);
	return DLB_OK;
}

/* ---- objects ---------------------------------------------------------------------------- */

void
dlb_object_keys(
	struct dlb_object_keys *out, const uint8_t root[static DLB_KEY_LEN])
{
	dlb_derive(out->name, DLB_KEY_LEN, root, DLB_KEY_LEN, "dlb object name",
		NULL, 0);
	dlb_derive(out->seal, DLB_KEY_LEN, root, DLB_KEY_LEN, "dlb object seal",
		NULL, 0);
}

void
dlb_object_name(char out[static DLB_OBJECT_NAME_MAX],
	const struct dlb_object_keys *keys, const uint8_t cell_name[static 16])
{
	uint8_t hash[16];

	dlb_derive(hash, sizeof(hash), keys->name, DLB_KEY_LEN, "dlb object",
		cell_name, 16);
	dlb_hex(out, hash, sizeof(hash));
}

void
dlb_object_seal(uint8_t out[static DLB_OBJECT_LEN],
	const struct dlb_object_keys *keys, const char *name,
	const uint8_t cell[static DLB_OBJECT_CELL_LEN], uint8_t copies,
	const struct dlb_env *env)
{
	uint8_t nonce[DLB_XNONCE_LEN];
	uint8_t *plain = out + DLB_XNONCE_LEN;

	memset(plain, 0, HEAD_LEN);
	plain[0] = VERSION;
	plain[1] = copies;
	memcpy(plain + HEAD_LEN, cell, DLB_OBJECT_CELL_LEN);
	dlb_random(env, nonce, sizeof(nonce));
	dlb_xseal(out, keys->seal, nonce, name, strlen(name), plain,
		HEAD_LEN + DLB_OBJECT_CELL_LEN);
}

enum dlb_status
dlb_object_open(const uint8_t **cell, uint8_t *copies,
	const struct dlb_object_keys *keys, const char *name,
	uint8_t bytes[static DLB_OBJECT_LEN])
{
	struct dlb_reader r;
	uint8_t version;
	enum dlb_status st = dlb_xopen(bytes + DLB_XNONCE_LEN, keys->seal, name,
		strlen(name), bytes, DLB_OBJECT_LEN);

	*cell = NULL;
	*copies = 0;
	if (st != DLB_OK)
		return st;
	dlb_reader_init(&r, bytes + DLB_XNONCE_LEN, HEAD_LEN);
	version = dlb_read_u8(&r);
	*copies = dlb_read_u8(&r);
	dlb_read_zeros(&r, HEAD_LEN - 2);
	if (version != VERSION)
		return DLB_UNSUPPORTED;
	if (!dlb_reader_done(&r))
		return DLB_FORGED;
	*cell = bytes + DLB_XNONCE_LEN + HEAD_LEN;
	return DLB_OK;
}
