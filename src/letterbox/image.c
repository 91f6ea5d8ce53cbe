/*
 * The letterbox file: the database's image, sealed whole. docs/letterbox.md.
 *
 *   key slots (608) || sealed header (104) || sealed image, padded
 *
 * No byte of it is clear, and its length says little: the image is padded (Padmé,
 * never below IMAGE_LEN_MIN, so that a courier's is as long as a person's). Each
 * commit draws a fresh key for the image, which stands in the header. The header
 * is bound to the slots' salt, and the image to the header's numbers.
 */
#include "state_internal.h"

#include <stdlib.h>
#include <string.h>

#define VERSION 1
#define SALT_LEN 32
#define HEADER_LEN 64
#define HEADER_SEALED_LEN (HEADER_LEN + DLB_XSEAL_OVERHEAD)
#define IMAGE_AT (DLB_KEYSLOTS_LEN + HEADER_SEALED_LEN)
#define IMAGE_LEN_MIN (256u << 10)
/* Of the file: the database's limit, what Padmé adds at most (an eighth), and
 * the rest. */
#define FILE_LEN_MAX (DLB_DB_LEN_MAX + DLB_DB_LEN_MAX / 8 + (1 << 20))

struct header {
	uint16_t version;
	uint64_t commits;
	uint64_t len; /* of the image without padding */
	uint8_t key[DLB_KEY_LEN];
};

static void
header_key(uint8_t out[static DLB_KEY_LEN], const struct dlb_letterbox *l)
{
	dlb_derive(out, DLB_KEY_LEN, l->keys->root, DLB_KEY_LEN,
		"dlb letterbox header", l->slots, SALT_LEN);
}

static size_t
image_ad(uint8_t ad[static SALT_LEN + 18], const struct dlb_letterbox *l,
	const struct header *h)
{
	struct dlb_writer w;

	dlb_writer_init(&w, ad, SALT_LEN + 18);
	dlb_write_bytes(&w, l->slots, SALT_LEN);
	dlb_write_u16(&w, h->version);
	dlb_write_u64(&w, h->commits);
	dlb_write_u64(&w, h->len);
	return w.len;
}

static void
seal_header(uint8_t *out, const struct dlb_letterbox *l, const struct header *h)
{
	uint8_t plain[HEADER_LEN], key[DLB_KEY_LEN], nonce[DLB_XNONCE_LEN];
	struct dlb_writer w;

	dlb_writer_init(&w, plain, sizeof(plain));
	dlb_write_u16(&w, h->version);
	dlb_write_u64(&w, h->commits);
	dlb_write_u64(&w, h->len);
	dlb_write_bytes(&w, h->key, sizeof(h->key));
	dlb_write_zeros(&w, sizeof(plain) - w.len);
	header_key(key, l);
	dlb_random(l->env, nonce, sizeof(nonce));
	dlb_xseal(out, key, nonce, l->slots, SALT_LEN, plain, sizeof(plain));
	dlb_wipe(key, sizeof(key));
	dlb_wipe(plain, sizeof(plain));
}

/* DLB_MALFORMED for anything that is not a header. */
static enum dlb_status
open_header(struct header *h, const struct dlb_letterbox *l, const uint8_t *in)
{
	uint8_t plain[HEADER_LEN], key[DLB_KEY_LEN];
	struct dlb_reader r;
	enum dlb_status s;

	header_key(key, l);
	s = dlb_xopen(plain, key, l->slots, SALT_LEN, in, HEADER_SEALED_LEN);
	dlb_wipe(key, sizeof(key));
	dlb_reader_init(&r, plain, sizeof(plain));
	h->version = dlb_read_u16(&r);
	h->commits = dlb_read_u64(&r);
	h->len = dlb_read_u64(&r);
	dlb_read_bytes(&r, h->key, sizeof(h->key));
	if (h->version == VERSION)
		dlb_read_zeros(&r, dlb_reader_left(&r));
	if (s != DLB_OK || r.failed)
		s = DLB_MALFORMED;
	dlb_wipe(plain, sizeof(plain));
	return s;
}

enum dlb_status
dlb_image_save(struct dlb_letterbox *l, struct dlb_error *err)
{
	struct header h = {.version = VERSION, .commits = l->commits + 1};
	uint8_t ad[SALT_LEN + 18], *file = NULL;
	size_t len, padded, file_len;
	const void *image = dlb_db_image(&l->db, &len);
	enum dlb_status s;

	if (!image)
		return dlb_fail(err, DLB_FAILED,
			"the letterbox's database has no image");
	h.len = len;
	padded = dlb_padme(len);
	if (padded < IMAGE_LEN_MIN)
		padded = IMAGE_LEN_MIN;
	file_len = IMAGE_AT + padded + DLB_TAG_LEN;
	file = malloc(file_len);
	if (!file)
		return dlb_fail(err, DLB_NO_MEMORY,
			"out of memory to save the letterbox (%zu MiB)",
			file_len >> 20);
	dlb_random(l->env, h.key, sizeof(h.key));
	memcpy(file, l->slots, DLB_KEYSLOTS_LEN);
	seal_header(file + DLB_KEYSLOTS_LEN, l, &h);
	memcpy(file + IMAGE_AT, image, len);
	memset(file + IMAGE_AT + len, 0, padded - len);
	dlb_aead_seal(l->aead, file + IMAGE_AT, h.key, ad, image_ad(ad, l, &h),
		file + IMAGE_AT, padded);
	s = dlb_file_replace(l->fs, l->file, file, file_len, err);
	if (s == DLB_OK)
		l->commits = h.commits;
	dlb_wipe(&h, sizeof(h));
	free(file);
	return s;
}

static enum dlb_status
fail_damaged(struct dlb_error *err, const struct dlb_letterbox *l)
{
	return dlb_fail(err, DLB_CORRUPT,
		"%s is damaged: restore it from a backup", l->file);
}

/* Slots and header; *file_len is checked to hold them and the image. */
static enum dlb_status
load_header(struct dlb_letterbox *l, struct header *h, struct dlb_file *f,
	uint64_t *file_len, const struct dlb_unlock *unlock,
	struct dlb_error *err)
{
	uint8_t start[IMAGE_AT];
	enum dlb_status s;

	s = f->ops->size(f, file_len, err);
	if (s != DLB_OK)
		return s;
	if (*file_len < IMAGE_AT + IMAGE_LEN_MIN + DLB_TAG_LEN
		|| *file_len > FILE_LEN_MAX)
		return fail_damaged(err, l);
	s = f->ops->read_at(f, start, sizeof(start), 0, err);
	if (s != DLB_OK)
		return s;
	if (unlock) {
		memcpy(l->slots, start, DLB_KEYSLOTS_LEN);
		if (unlock->kind == DLB_UNLOCK_ROOT) {
			if (unlock->len != DLB_KEY_LEN)
				return dlb_fail(err, DLB_USAGE,
					"a root key has %d bytes", DLB_KEY_LEN);
			memcpy(l->keys->root, unlock->secret, DLB_KEY_LEN);
		} else {
			s = dlb_keyslots_open(
				l->keys->root, l->slots, unlock, err);
		}
	} else if (memcmp(l->slots, start, SALT_LEN) != 0) {
		return fail_damaged(err, l);
	}
	if (s != DLB_OK)
		return s;
	s = open_header(h, l, start + DLB_KEYSLOTS_LEN);
	if (s != DLB_OK && unlock && unlock->kind == DLB_UNLOCK_ROOT)
		return dlb_fail(err, DLB_WRONG_KEY,
			"%s is damaged, or this is not its key", l->file);
	if (s != DLB_OK)
		return fail_damaged(err, l);
	if (h->version != VERSION)
		return dlb_fail(err, DLB_UNSUPPORTED,
			"%s was written by a newer version of this program: "
			"use that one",
			l->file);
	if (h->len > *file_len - IMAGE_AT - DLB_TAG_LEN)
		return fail_damaged(err, l);
	return DLB_OK;
}

static enum dlb_status
load_image(struct dlb_letterbox *l, struct dlb_db *db, const struct header *h,
	struct dlb_file *f, uint64_t file_len, struct dlb_error *err)
{
	size_t sealed = (size_t)file_len - IMAGE_AT;
	uint8_t ad[SALT_LEN + 18], *image = dlb_db_alloc(sealed);
	enum dlb_status s;

	if (!image)
		return dlb_fail(err, DLB_NO_MEMORY,
			"out of memory to open the letterbox (%zu MiB)",
			sealed >> 20);
	s = f->ops->read_at(f, image, sealed, IMAGE_AT, err);
	if (s == DLB_OK
		&& dlb_aead_open(l->aead, image, h->key, ad, image_ad(ad, l, h),
			   image, sealed)
			!= DLB_OK)
		s = fail_damaged(err, l);
	if (s != DLB_OK) {
		dlb_db_unalloc(image);
		return s;
	}
	return dlb_db_load(db, image, (size_t)h->len, sealed, err);
}

enum dlb_status
dlb_image_load(struct dlb_letterbox *l, struct dlb_db *db,
	const struct dlb_unlock *unlock, struct dlb_error *err)
{
	struct dlb_file *f = NULL;
	struct header h = {0};
	uint64_t file_len = 0;
	enum dlb_status s;

	memset(db, 0, sizeof(*db));
	s = l->fs->ops->open(l->fs, &f, l->file, DLB_OPEN_READ, false, err);
	if (s != DLB_OK)
		return s;
	s = load_header(l, &h, f, &file_len, unlock, err);
	if (s == DLB_OK)
		s = load_image(l, db, &h, f, file_len, err);
	if (s == DLB_OK)
		l->commits = h.commits;
	dlb_wipe(&h, sizeof(h));
	f->ops->close(f);
	return s;
}
