/*
 * The ring: the secrets of epochs, each sealed on its own, outside the database.
 * docs/letterbox.md.
 *
 * A record is 4,096 bytes, so that it has a sector to itself: one is destroyed by
 * overwriting it in place, and a sector that is torn by that costs no other. To
 * add secrets the whole file is replaced. An unused record is random, as a used
 * one looks. Which records count is for the database to say: what it does not
 * name is as good as unused.
 */
#include "state_internal.h"

#include <string.h>

#define SALT_LEN 32
#define PLAIN_LEN (DLB_RING_RECORD_LEN - DLB_XSEAL_OVERHEAD)
#define CHUNK_LEN (DLB_RING_RECORDS * DLB_RING_RECORD_LEN)
#define FILE_LEN_MAX ((size_t)DLB_RING_RECORDS_MAX * DLB_RING_RECORD_LEN)

enum dlb_status
dlb_ring_grow(
	struct dlb_ring *ring, const struct dlb_env *env, struct dlb_error *err)
{
	struct dlb_buf *b = &ring->bytes;

	if (b->len > FILE_LEN_MAX - CHUNK_LEN)
		return dlb_fail(err, DLB_LIMIT,
			"the ring holds as many secrets as it can");
	if (dlb_buf_reserve(b, b->len + CHUNK_LEN) != DLB_OK)
		return dlb_fail(
			err, DLB_NO_MEMORY, "out of memory for the ring");
	dlb_random(env, b->data + b->len, CHUNK_LEN);
	b->len += CHUNK_LEN;
	ring->changed = true;
	return DLB_OK;
}

enum dlb_status
dlb_ring_create(
	struct dlb_ring *ring, const struct dlb_env *env, struct dlb_error *err)
{
	dlb_buf_free(&ring->bytes);
	return dlb_ring_grow(ring, env, err);
}

enum dlb_status
dlb_ring_load(struct dlb_ring *ring, struct dlb_fs *fs, const char *path,
	struct dlb_error *err)
{
	enum dlb_status s;

	ring->changed = false;
	dlb_buf_free(&ring->bytes);
	s = fs->ops->stat(fs, path, NULL, NULL, err);
	if (s == DLB_NOT_FOUND)
		return DLB_OK;
	if (s == DLB_OK)
		s = dlb_file_load(&ring->bytes, fs, path, FILE_LEN_MAX, err);
	/* What a cut file has lost is lost; the rest is not. */
	if (s == DLB_OK)
		ring->bytes.len -= ring->bytes.len % DLB_RING_RECORD_LEN;
	return s;
}

enum dlb_status
dlb_ring_save(struct dlb_ring *ring, struct dlb_fs *fs, const char *path,
	struct dlb_error *err)
{
	enum dlb_status s;

	s = dlb_file_replace(fs, path, ring->bytes.data, ring->bytes.len, err);
	if (s == DLB_OK)
		ring->changed = false;
	return s;
}

uint32_t
dlb_ring_records(const struct dlb_ring *ring)
{
	return (uint32_t)(ring->bytes.len / DLB_RING_RECORD_LEN);
}

static void
record_ad(uint8_t ad[static SALT_LEN + 4], uint32_t record, const uint8_t *salt)
{
	struct dlb_writer w;

	dlb_writer_init(&w, ad, SALT_LEN + 4);
	dlb_write_bytes(&w, salt, SALT_LEN);
	dlb_write_u32(&w, record);
}

static void
ring_key(uint8_t out[static DLB_KEY_LEN],
	const uint8_t root[static DLB_KEY_LEN], const uint8_t salt[static 32])
{
	dlb_derive(out, DLB_KEY_LEN, root, DLB_KEY_LEN, "dlb letterbox ring",
		salt, SALT_LEN);
}

void
dlb_ring_put(struct dlb_ring *ring, const struct dlb_epoch *epoch,
	const uint8_t root[static DLB_KEY_LEN], const uint8_t salt[static 32],
	const struct dlb_env *env)
{
	uint8_t plain[PLAIN_LEN], ad[SALT_LEN + 4], key[DLB_KEY_LEN];
	uint8_t nonce[DLB_XNONCE_LEN];
	struct dlb_writer w;

	dlb_writer_init(&w, plain, sizeof(plain));
	dlb_write_u8(&w, (uint8_t)epoch->kind);
	dlb_write_u32(&w, epoch->id);
	dlb_write_bytes(&w, epoch->seed, sizeof(epoch->seed));
	dlb_write_zeros(&w, sizeof(plain) - w.len);
	record_ad(ad, epoch->record, salt);
	ring_key(key, root, salt);
	dlb_random(env, nonce, sizeof(nonce));
	dlb_xseal(
		ring->bytes.data + (size_t)epoch->record * DLB_RING_RECORD_LEN,
		key, nonce, ad, sizeof(ad), plain, sizeof(plain));
	ring->changed = true;
	dlb_wipe(key, sizeof(key));
	dlb_wipe(plain, sizeof(plain));
}

bool
dlb_ring_get(const struct dlb_ring *ring, struct dlb_epoch *epoch,
	const uint8_t root[static DLB_KEY_LEN], const uint8_t salt[static 32])
{
	uint8_t plain[PLAIN_LEN], ad[SALT_LEN + 4], key[DLB_KEY_LEN];
	struct dlb_reader r;
	bool ok;

	if (epoch->record >= dlb_ring_records(ring))
		return false;
	record_ad(ad, epoch->record, salt);
	ring_key(key, root, salt);
	ok = dlb_xopen(plain, key, ad, sizeof(ad),
		     ring->bytes.data
			     + (size_t)epoch->record * DLB_RING_RECORD_LEN,
		     DLB_RING_RECORD_LEN)
		== DLB_OK;
	dlb_wipe(key, sizeof(key));
	if (!ok)
		return false;
	dlb_reader_init(&r, plain, sizeof(plain));
	ok = dlb_read_u8(&r) == epoch->kind && dlb_read_u32(&r) == epoch->id;
	dlb_read_bytes(&r, epoch->seed, sizeof(epoch->seed));
	dlb_wipe(plain, sizeof(plain));
	return ok;
}
