/*
 * Making a satchel: random bytes all over, then the headers. docs/satchel.md,
 * section 7.
 *
 * Invariants: the headers are written last, and the name comes after them, so what
 * a crash leaves half filled opens with no key, and the next try removes it; the
 * second table is the first under its mask, as it is ever after; on failure no file
 * is left.
 *
 * The random bytes are ChaCha20 under keys that are drawn here and then
 * destroyed: as good as drawn ones, and as fast as the medium.
 */
#include "satchel_internal.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_LEN ((size_t)1 << 20)
#define PIECES_AT_ONCE 32

enum region { FILLING, TABLE_1, SLOTS, TABLE_2, REGIONS };

struct fill {
	struct dlb_file *file;
	const struct dlb_layout *layout;
	const struct dlb_satchel_keys *keys;
	const uint8_t *master;
	struct dlb_worker *workers; /* with buffers of PIECE_LEN */
	enum region region;
	uint64_t at, len; /* of the region */
	uint64_t done;    /* of the region, before this run */
	_Atomic int status;
	struct dlb_error error; /* of who set status */
};

static void
fill_piece(void *ctx, size_t i, unsigned worker)
{
	struct fill *f = ctx;
	struct dlb_worker *w = &f->workers[worker];
	uint64_t offset = f->done + i * PIECE_LEN;
	size_t len = PIECE_LEN;
	uint8_t key[DLB_KEY_LEN];
	/* Both tables have the same bytes, but for the mask. */
	uint8_t which = (uint8_t)(f->region == TABLE_2 ? TABLE_1 : f->region);
	struct dlb_error err;
	enum dlb_status st;
	int ok = DLB_OK;

	if (len > f->len - offset)
		len = (size_t)(f->len - offset);
	dlb_derive(key, sizeof(key), f->master, DLB_KEY_LEN, "dlb satchel fill",
		&which, 1);
	memset(w->buf, 0, len);
	dlb_stream_xor(w->aead, w->buf, key, offset, w->buf, len);
	dlb_wipe(key, sizeof(key));
	if (f->region == TABLE_2)
		dlb_stream_xor(
			w->aead, w->buf, f->keys->mask, offset, w->buf, len);
	st = f->file->ops->write_at(f->file, w->buf, len, f->at + offset, &err);
	if (st != DLB_OK) {
		if (atomic_compare_exchange_strong(&f->status, &ok, (int)st))
			f->error = err;
		return;
	}
	if (f->file->ops->hint_flush)
		f->file->ops->hint_flush(f->file, f->at + offset, len);
}

static enum dlb_status
fill_region(struct fill *f, enum region region, uint64_t at, uint64_t len,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	const uint64_t step = PIECE_LEN * PIECES_AT_ONCE;

	f->region = region;
	f->at = at;
	f->len = len;
	for (f->done = 0; f->done < len; f->done += step) {
		uint64_t left = len - f->done;
		size_t n = PIECES_AT_ONCE;

		if (left < step)
			n = (size_t)((left + PIECE_LEN - 1) / PIECE_LEN);
		dlb_pool_run(n, fill_piece, f);
		if (atomic_load(&f->status) != DLB_OK) {
			if (err)
				*err = f->error;
			return (enum dlb_status)atomic_load(&f->status);
		}
		if (!dlb_progress_step(progress, "filling with random bytes",
			    at + f->done, f->layout->size))
			return dlb_fail(err, DLB_CANCELLED, "interrupted");
	}
	return DLB_OK;
}

static enum dlb_status
fill_all(struct fill *f, bool sparse, const struct dlb_progress *progress,
	struct dlb_error *err)
{
	const struct dlb_layout *l = f->layout;
	uint64_t end = l->table[0] + l->table_len;
	enum dlb_status st;

	st = fill_region(f, TABLE_1, l->table[0], l->table_len, progress, err);
	if (st == DLB_OK)
		st = fill_region(f, FILLING, end, l->slot - end, progress, err);
	if (st == DLB_OK && !sparse)
		st = fill_region(f, SLOTS, l->slot, l->table[1] - l->slot,
			progress, err);
	if (st == DLB_OK)
		st = fill_region(
			f, TABLE_2, l->table[1], l->table_len, progress, err);
	return st;
}

static enum dlb_status
fill_file(struct dlb_file *file, const struct dlb_layout *l,
	const struct dlb_satchel_keys *keys, bool sparse,
	const struct dlb_env *env, const struct dlb_progress *progress,
	struct dlb_error *err)
{
	unsigned n = dlb_pool_width();
	uint8_t master[DLB_KEY_LEN];
	struct fill f = {.file = file,
		.layout = l,
		.keys = keys,
		.master = master,
		.workers = calloc(n, sizeof(*f.workers))};
	enum dlb_status st = f.workers ? DLB_OK : DLB_NO_MEMORY;

	dlb_random(env, master, sizeof(master));
	for (unsigned i = 0; i < n && st == DLB_OK; i++) {
		st = dlb_aead_new(&f.workers[i].aead);
		f.workers[i].buf = malloc(PIECE_LEN);
		if (!f.workers[i].buf)
			st = DLB_NO_MEMORY;
	}
	if (st == DLB_OK)
		st = fill_all(&f, sparse, progress, err);
	else
		dlb_fail(err, st, "out of memory");
	dlb_wipe(master, sizeof(master));
	for (unsigned i = 0; f.workers && i < n; i++) {
		dlb_aead_free(f.workers[i].aead);
		free(f.workers[i].buf);
	}
	free(f.workers);
	return st;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static enum dlb_status
choose_layout(struct dlb_layout *l, const struct dlb_satchel_options *o,
	struct dlb_error *err)
{
	uint32_t slots = o->size ? dlb_satchel_slots_in(o->size) : o->slots;

	if (slots < DLB_SATCHEL_SLOTS_MIN || slots > DLB_SATCHEL_SLOTS_MAX)
		return dlb_fail(err, DLB_USAGE,
			"a satchel has %llu bytes at least and %llu at most",
			(unsigned long long)dlb_satchel_size_of(
				DLB_SATCHEL_SLOTS_MIN),
			(unsigned long long)dlb_satchel_size_of(
				DLB_SATCHEL_SLOTS_MAX));
	if (o->reserve > slots)
		return dlb_fail(err, DLB_USAGE,
			"a reserve of %u is more than its %u slots", o->reserve,
			slots);
	dlb_layout_init(l, slots);
	return DLB_OK;
}

static enum dlb_status
choose_root(uint8_t root[static DLB_KEY_LEN],
	const struct dlb_satchel_options *o, const struct dlb_env *env,
	struct dlb_error *err)
{
	const struct dlb_unlock *u = &o->unlock;

	if (u->kind != DLB_UNLOCK_ROOT) {
		if (o->root)
			memcpy(root, o->root, DLB_KEY_LEN);
		else
			dlb_random(env, root, DLB_KEY_LEN);
		return DLB_OK;
	}
	if (u->len != DLB_KEY_LEN
		|| (o->root && !dlb_equal(o->root, u->secret, DLB_KEY_LEN)))
		return dlb_fail(err, DLB_USAGE,
			"the root key to unlock with is not its root key");
	memcpy(root, u->secret, DLB_KEY_LEN);
	return DLB_OK;
}

static enum dlb_status
check_space(struct dlb_fs *fs, const char *path, const struct dlb_layout *l,
	struct dlb_error *err)
{
	char dir[4096], takes[DLB_SIZE_TEXT_MAX], free[DLB_SIZE_TEXT_MAX];
	uint64_t space = 0;

	if (dlb_path_dir(dir, sizeof(dir), path) != DLB_OK
		|| fs->ops->free_space(fs, dir, &space, NULL) != DLB_OK
		|| space >= l->size)
		return DLB_OK;
	return dlb_fail(err, DLB_NO_SPACE,
		"it would take %s, and %s are free: take a smaller size or "
		"make room",
		dlb_size_text(takes, l->size), dlb_size_text(free, space));
}

static enum dlb_status
write_headers(struct dlb_file *file, const struct dlb_layout *l,
	const struct dlb_super *super, const uint8_t *root,
	const struct dlb_env *env, struct dlb_error *err)
{
	uint8_t raw[DLB_HEADER_LEN];
	enum dlb_status st = DLB_OK;

	for (unsigned i = 0; i < 2 && st == DLB_OK; i++) {
		dlb_header_make(raw, super, i, root, env);
		st = file->ops->write_at(
			file, raw, sizeof(raw), l->header[i], err);
	}
	if (st == DLB_OK)
		st = file->ops->sync(file, err);
	return st;
}

enum dlb_status
dlb_satchel_create(struct dlb_fs *fs, const char *path,
	const struct dlb_satchel_options *options, const struct dlb_env *env,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	struct dlb_satchel_keys *keys = dlb_secret_new(sizeof(*keys));
	struct dlb_file *file = NULL;
	struct dlb_super super;
	struct dlb_layout l;
	enum dlb_status st;

	if (!keys)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	st = choose_layout(&l, options, err);
	if (st == DLB_OK)
		st = dlb_span_clean(fs, path, err);
	if (st == DLB_OK && !options->sparse)
		st = check_space(fs, path, &l, err);
	if (st == DLB_OK)
		st = choose_root(keys->root, options, env, err);
	if (st == DLB_OK)
		st = dlb_super_init(&super, l.slots, options->reserve,
			options->sparse ? DLB_SUPER_SPARSE : 0, keys->root,
			&options->unlock, env, err);
	if (st != DLB_OK)
		dlb_error_prefix(err, "%s", path);
	else
		st = dlb_span_begin(&file, fs, path, l.size,
			options->span_len ? options->span_len : DLB_SPAN_LEN,
			err);
	if (st != DLB_OK)
		goto out;
	dlb_satchel_keys_derive(keys, super.id);
	st = fill_file(file, &l, keys, options->sparse, env, progress, err);
	if (st == DLB_OK)
		st = file->ops->sync(file, err);
	if (st == DLB_OK)
		st = write_headers(file, &l, &super, keys->root, env, err);
	if (st == DLB_OK)
		st = dlb_span_settle(file, err);
	if (st == DLB_OK)
		file->ops->close(file);
	else if (dlb_span_abandon(file, NULL) != DLB_OK)
		dlb_error_prefix(err, "what was made could not be removed");
out:
	dlb_secret_free(keys);
	return st;
}
