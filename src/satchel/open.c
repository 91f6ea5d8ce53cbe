/*
 * Opening and closing. docs/satchel.md, section 6.
 *
 * Invariant: for reading only, nothing is written and nothing locked.
 */
#include "satchel_internal.h"

#include <stdlib.h>
#include <string.h>

void
dlb_box_tag_key(uint8_t out[static 32], const uint8_t root[static 32])
{
	dlb_derive(out, 32, root, 32, "dlb box tag key", NULL, 0);
}

void
dlb_box_meeting_key(uint8_t out[static 32], const uint8_t root[static 32])
{
	dlb_derive(out, 32, root, 32, "dlb box meeting key", NULL, 0);
}

void
dlb_satchel_root(const struct dlb_satchel *s, uint8_t out[static 32])
{
	memcpy(out, s->keys->root, DLB_KEY_LEN);
}

enum dlb_status
dlb_satchel_check_writable(const struct dlb_satchel *s, struct dlb_error *err)
{
	if (!s->writable)
		return dlb_fail(
			err, DLB_READ_ONLY, "it is open for reading only");
	if (s->failed)
		return dlb_fail(err, DLB_IO,
			"an earlier write to it failed: close it and open it "
			"again");
	return DLB_OK;
}

static enum dlb_status
write_header(struct dlb_satchel *s, const struct dlb_super *super,
	unsigned which, struct dlb_error *err)
{
	uint8_t raw[DLB_HEADER_LEN];
	enum dlb_status st;

	dlb_header_make(raw, super, which, s->keys->root, s->env);
	st = s->file->ops->write_at(
		s->file, raw, sizeof(raw), s->layout.header[which], err);
	if (st == DLB_OK)
		st = s->file->ops->sync(s->file, err);
	return st;
}

/* The one is written only when the other is whole on the medium: as neither is
 * known to be while the other is bad, one at a time, the first first. */
static enum dlb_status
mend_headers(
	struct dlb_satchel *s, const bool bad[static 2], struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	for (unsigned i = 0; i < 2; i++) {
		if (!bad[i] || st != DLB_OK)
			continue;
		st = write_header(s, &s->super, i, err);
		s->mended++;
	}
	return st;
}

enum dlb_status
dlb_satchel_add_unlock(struct dlb_satchel *s, const struct dlb_unlock *unlock,
	struct dlb_error *err)
{
	struct dlb_super next = s->super;
	enum dlb_status st = dlb_satchel_check_writable(s, err);

	if (st == DLB_OK)
		st = dlb_super_add_unlock(
			&next, s->keys->root, unlock, s->env, err);
	for (unsigned i = 0; i < 2 && st == DLB_OK; i++)
		st = write_header(s, &next, i, err);
	if (st == DLB_OK)
		s->super = next;
	return st;
}

static enum dlb_status
workers_new(struct dlb_satchel *s)
{
	unsigned n = dlb_pool_width();

	s->workers = calloc(n, sizeof(*s->workers));
	if (!s->workers)
		return DLB_NO_MEMORY;
	s->workers_n = n;
	for (unsigned i = 0; i < n; i++) {
		enum dlb_status st = dlb_aead_new(&s->workers[i].aead);

		if (st != DLB_OK)
			return st;
		s->workers[i].buf = malloc(DLB_SATCHEL_CELL_LEN);
		if (!s->workers[i].buf)
			return DLB_NO_MEMORY;
	}
	return DLB_OK;
}

static enum dlb_status
satchel_new(struct dlb_satchel **out, const struct dlb_env *env, bool writable,
	struct dlb_error *err)
{
	struct dlb_satchel *s = calloc(1, sizeof(*s));

	*out = s;
	if (s) {
		s->env = env;
		s->writable = writable;
		s->keys = dlb_secret_new(sizeof(*s->keys));
	}
	if (!s || !s->keys || workers_new(s) != DLB_OK)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	return DLB_OK;
}

static enum dlb_status
check_size(struct dlb_satchel *s, struct dlb_error *err)
{
	uint64_t size = 0;
	enum dlb_status st = s->file->ops->size(s->file, &size, err);

	if (st == DLB_OK && size < s->layout.size)
		st = dlb_fail(err, DLB_CORRUPT,
			"it was cut off: %llu of its %llu bytes are there; "
			"bring the rest back (of several files, all), or make a "
			"new one",
			(unsigned long long)size,
			(unsigned long long)s->layout.size);
	return st;
}

/* What the file says of itself; then the tables. */
static enum dlb_status
read_all(struct dlb_satchel *s, const struct dlb_unlock *unlock, bool sure,
	struct dlb_error *err)
{
	bool bad[2];
	enum dlb_status st = dlb_header_unlock(
		&s->super, s->keys->root, bad, s->file, unlock, sure, err);

	if (st != DLB_OK)
		return st;
	dlb_layout_init(&s->layout, s->super.slots);
	dlb_satchel_keys_derive(s->keys, s->super.id);
	st = check_size(s, err);
	if (st == DLB_OK
		&& dlb_index_init(&s->index, &s->layout, s->env) != DLB_OK)
		st = dlb_fail(err, DLB_NO_MEMORY,
			"out of memory for a satchel of %u cells",
			s->layout.slots);
	if (st == DLB_OK)
		st = dlb_satchel_load(s, err);
	if (st == DLB_OK && s->writable)
		st = mend_headers(s, bad, err);
	return st;
}

static enum dlb_status
open_any(struct dlb_satchel **out, struct dlb_fs *fs, const char *path,
	const struct dlb_unlock *unlock, bool sure, bool writable,
	uint64_t span_len, const struct dlb_env *env, struct dlb_error *err)
{
	struct dlb_satchel *s;
	enum dlb_status st;

	*out = NULL;
	st = satchel_new(&s, env, writable, err);
	if (st == DLB_OK)
		st = dlb_span_open(&s->file, fs, path, writable,
			span_len ? span_len : DLB_SPAN_LEN, err);
	if (st == DLB_OK) {
		st = read_all(s, unlock, sure, err);
		if (st != DLB_OK)
			dlb_error_prefix(err, "%s", path);
	} else if (st == DLB_MALFORMED) {
		/* A part of several, not the last, is too short. */
		st = DLB_CORRUPT;
		if (err)
			err->status = st;
	}
	if (st != DLB_OK) {
		dlb_satchel_close(s);
		return st;
	}
	dlb_error_clear(err);
	*out = s;
	return DLB_OK;
}

enum dlb_status
dlb_satchel_open(struct dlb_satchel **out, struct dlb_fs *fs, const char *path,
	const struct dlb_unlock *unlock, bool writable, uint64_t span_len,
	const struct dlb_env *env, struct dlb_error *err)
{
	return open_any(
		out, fs, path, unlock, false, writable, span_len, env, err);
}

enum dlb_status
dlb_satchel_open_damaged(struct dlb_satchel **out, struct dlb_fs *fs,
	const char *path, const struct dlb_unlock *unlock, bool writable,
	uint64_t span_len, const struct dlb_env *env, struct dlb_error *err)
{
	return open_any(
		out, fs, path, unlock, true, writable, span_len, env, err);
}

void
dlb_satchel_close(struct dlb_satchel *s)
{
	if (!s)
		return;
	if (s->file)
		s->file->ops->close(s->file);
	for (unsigned i = 0; i < s->workers_n; i++) {
		dlb_aead_free(s->workers[i].aead);
		free(s->workers[i].buf);
	}
	free(s->workers);
	dlb_quota_free(s);
	dlb_pending_free(s);
	dlb_index_free(&s->index);
	dlb_secret_free(s->keys);
	free(s);
}
