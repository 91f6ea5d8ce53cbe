/*
 * The ring: the secrets of epochs, each sealed on its own, outside the database.
 * docs/letterbox.md.
 *
 * A record is 4,096 bytes, so that it has a sector to itself: it is written in
 * place, and a sector that is torn by that costs no other. The file is never
 * replaced by a new one: the old one's blocks would keep, in the file system's free
 * space, the secrets that are destroyed later in the new one. An unused record is
 * random, as a used one looks. Which records count is for the database to say: what
 * it does not name is as good as unused.
 */
#include "state_internal.h"

#include <string.h>

#define SALT_LEN 32
#define PLAIN_LEN (DLB_RING_RECORD_LEN - DLB_XSEAL_OVERHEAD)
#define CHUNK_LEN (DLB_RING_RECORDS * DLB_RING_RECORD_LEN)
#define FILE_LEN_MAX ((size_t)DLB_RING_RECORDS_MAX * DLB_RING_RECORD_LEN)

static void
mark(struct dlb_ring *ring, uint32_t record)
{
	ring->unsaved[record / 8] |= (uint8_t)(1u << record % 8);
	ring->changed = true;
}

void
dlb_ring_leave(struct dlb_ring *ring)
{
	memset(ring->unsaved, 0, sizeof(ring->unsaved));
	ring->changed = false;
}

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
	for (uint32_t i = 0; i < DLB_RING_RECORDS; i++)
		mark(ring, dlb_ring_records(ring) + i);
	b->len += CHUNK_LEN;
	return DLB_OK;
}

enum dlb_status
dlb_ring_create(
	struct dlb_ring *ring, const struct dlb_env *env, struct dlb_error *err)
{
	dlb_buf_free(&ring->bytes);
	dlb_ring_leave(ring);
	return dlb_ring_grow(ring, env, err);
}

enum dlb_status
dlb_ring_load(struct dlb_ring *ring, struct dlb_fs *fs, const char *path,
	struct dlb_error *err)
{
	enum dlb_status s;

	dlb_ring_leave(ring);
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

static enum dlb_status
write_unsaved(
	const struct dlb_ring *ring, struct dlb_file *f, struct dlb_error *err)
{
	uint32_t n = dlb_ring_records(ring);
	enum dlb_status s = DLB_OK;

	for (uint32_t i = 0; s == DLB_OK && i < n; i++) {
		size_t at = (size_t)i * DLB_RING_RECORD_LEN;

		if (ring->unsaved[i / 8] & 1u << i % 8)
			s = f->ops->write_at(f, ring->bytes.data + at,
				DLB_RING_RECORD_LEN, at, err);
	}
	return s == DLB_OK ? f->ops->sync(f, err) : s;
}

enum dlb_status
dlb_ring_save(struct dlb_ring *ring, struct dlb_fs *fs, const char *path,
	struct dlb_error *err)
{
	struct dlb_file *f = NULL;
	enum dlb_status s;

	s = fs->ops->stat(fs, path, NULL, NULL, err);
	if (s == DLB_NOT_FOUND) {
		s = dlb_file_replace(
			fs, path, ring->bytes.data, ring->bytes.len, err);
	} else if (s == DLB_OK) {
		s = fs->ops->open(fs, &f, path, DLB_OPEN_WRITE, false, err);
		if (s == DLB_OK)
			s = write_unsaved(ring, f, err);
		if (f)
			f->ops->close(f);
	}
	if (s == DLB_OK)
		dlb_ring_leave(ring);
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
	mark(ring, epoch->record);
	dlb_wipe(key, sizeof(key));
	dlb_wipe(plain, sizeof(plain));
}

/* What the record says it holds; false where it holds nothing. */
static bool
open_record(const struct dlb_ring *ring, struct dlb_epoch *out,
	const uint8_t root[static DLB_KEY_LEN], const uint8_t salt[static 32])
{
	uint8_t plain[PLAIN_LEN], ad[SALT_LEN + 4], key[DLB_KEY_LEN];
	struct dlb_reader r;
	bool ok;

	if (out->record >= dlb_ring_records(ring))
		return false;
	record_ad(ad, out->record, salt);
	ring_key(key, root, salt);
	ok = dlb_xopen(plain, key, ad, sizeof(ad),
		     ring->bytes.data
			     + (size_t)out->record * DLB_RING_RECORD_LEN,
		     DLB_RING_RECORD_LEN)
		== DLB_OK;
	dlb_wipe(key, sizeof(key));
	if (!ok)
		return false;
	dlb_reader_init(&r, plain, sizeof(plain));
	out->kind = dlb_read_u8(&r);
	out->id = dlb_read_u32(&r);
	dlb_read_bytes(&r, out->seed, sizeof(out->seed));
	dlb_wipe(plain, sizeof(plain));
	return true;
}

bool
dlb_ring_get(const struct dlb_ring *ring, struct dlb_epoch *epoch,
	const uint8_t root[static DLB_KEY_LEN], const uint8_t salt[static 32])
{
	struct dlb_epoch there = {.record = epoch->record};
	bool ok = open_record(ring, &there, root, salt)
		&& there.kind == epoch->kind && there.id == epoch->id;

	if (ok)
		memcpy(epoch->seed, there.seed, sizeof(epoch->seed));
	dlb_wipe(&there, sizeof(there));
	return ok;
}

void
dlb_ring_destroy(struct dlb_ring *ring, const struct dlb_epoch *epoch,
	const uint8_t root[static DLB_KEY_LEN], const uint8_t salt[static 32],
	const struct dlb_env *env)
{
	struct dlb_epoch there = {.record = epoch->record};
	bool others = open_record(ring, &there, root, salt)
		&& (there.kind != epoch->kind || there.id != epoch->id);

	dlb_wipe(&there, sizeof(there));
	if (others || epoch->record >= dlb_ring_records(ring))
		return;
	dlb_random(env,
		ring->bytes.data + (size_t)epoch->record * DLB_RING_RECORD_LEN,
		DLB_RING_RECORD_LEN);
	mark(ring, epoch->record);
}
