/*
 * See crash_fs.h: what tests do with it. Cutting the power, other failures, the
 * bytes themselves.
 */
#include "crash_fs_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct crash_fs *
bare_new(uint64_t seed)
{
	struct crash_fs *c = crash_must(calloc(1, sizeof(*c)));

	c->fs.ops = &crash_fs_ops;
	pthread_mutex_init(&c->lock, NULL);
	c->seed = seed;
	c->cut_at = c->ignore_sync = UINT64_MAX;
	c->space = UINT64_MAX;
	return c;
}

struct crash_fs *
crash_fs_new(uint64_t seed)
{
	struct crash_fs *c = bare_new(seed);

	c->names = crash_must(calloc(1, sizeof(*c->names)));
	c->names_n = 1;
	for (size_t i = 0; i < FILES_MAX; i++)
		c->names[0].list[i].inode = -1;
	return c;
}

void
crash_fs_free(struct crash_fs *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < FILES_MAX; i++)
		crash_inode_free(&c->inodes[i]);
	free(c->names);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

struct dlb_fs *
crash_fs_fs(struct crash_fs *c)
{
	return &c->fs;
}

struct crash_fs *
crash_fs_clone(const struct crash_fs *from)
{
	struct crash_fs *c = bare_new(from->seed);

	c->names_n = from->names_n;
	c->names = crash_must(malloc(c->names_n * sizeof(*c->names)));
	memcpy(c->names, from->names, c->names_n * sizeof(*c->names));
	for (size_t i = 0; i < FILES_MAX; i++) {
		const struct inode *in = &from->inodes[i];
		struct inode *to = &c->inodes[i];

		if (!in->used)
			continue;
		to->used = true;
		to->durable = crash_image_share(&in->durable);
		to->now = crash_image_share(&in->durable);
		for (size_t k = 0; k < in->unsynced_n; k++)
			crash_unsynced_add(to, in->unsynced[k].data,
				in->unsynced[k].len, in->unsynced[k].offset);
	}
	return c;
}

uint64_t
crash_fs_events(const struct crash_fs *c)
{
	return c->events;
}

void
crash_fs_cut_at(struct crash_fs *c, uint64_t k)
{
	c->cut_at = k;
}

bool
crash_fs_is_cut(const struct crash_fs *c)
{
	return c->cut;
}

size_t
crash_fs_unsynced(const struct crash_fs *c)
{
	size_t n = 0;

	for (size_t i = 0; i < FILES_MAX; i++)
		n += c->inodes[i].unsynced_n;
	return n;
}

enum one_fate { APPLIED, DROPPED, GARBLED };

static enum one_fate
fate_of(enum crash_fate fate, uint64_t number, uint64_t i, uint64_t *state)
{
	switch (fate) {
	case CRASH_ALL:
		return APPLIED;
	case CRASH_NONE:
		return DROPPED;
	case CRASH_SEEDED:
		return (enum one_fate)(crash_random(state) % 3);
	case CRASH_GARBLE_ONE:
		return i == number ? GARBLED : APPLIED;
	case CRASH_DROP_ONE:
		return i == number ? DROPPED : APPLIED;
	case CRASH_ONLY_ONE:
		return i == number ? APPLIED : DROPPED;
	}
	abort();
}

static void
settle(struct inode *in, enum crash_fate fate, uint64_t number, uint64_t *i,
	uint64_t *state)
{
	crash_image_free(&in->now);
	in->now = crash_image_share(&in->durable);
	for (size_t k = 0; k < in->unsynced_n; k++) {
		struct change *ch = &in->unsynced[k];
		enum one_fate f = fate_of(fate, number, (*i)++, state);

		if (f == GARBLED && ch->data)
			crash_image_garble(&in->now, ch, state);
		else if (f == APPLIED)
			crash_change_do(&in->now, ch);
	}
	crash_inode_sync(in);
	in->locked = false;
}

void
crash_fs_power_on(struct crash_fs *c, enum crash_fate fate, uint64_t number)
{
	uint64_t state = c->seed ^ (number + 1) * 0x2545f4914f6cdd1d, i = 0;
	size_t names = c->names_n - 1;

	for (size_t k = 0; k < FILES_MAX; k++)
		if (c->inodes[k].used)
			settle(&c->inodes[k], fate, number, &i, &state);
	if (fate == CRASH_NONE || fate == CRASH_ONLY_ONE)
		names = 0;
	else if (fate == CRASH_SEEDED)
		names = (size_t)(crash_random(&state) % (names + 1));
	c->names[0] = c->names[names];
	c->names_n = 1;
	crash_collect(c);
	c->events = c->syncs = 0;
	c->cut = false;
	c->cut_at = UINT64_MAX;
}

void
crash_fs_fail(struct crash_fs *c, unsigned kinds, uint64_t n, uint64_t times,
	enum dlb_status status)
{
	c->fail_kinds = kinds;
	c->fail_in = n;
	c->fail_times = times;
	c->fail_status = status;
	c->fail_done = false;
}

bool
crash_fs_failed(const struct crash_fs *c)
{
	return c->fail_done;
}

void
crash_fs_space(struct crash_fs *c, uint64_t bytes)
{
	c->space = bytes / SECTOR;
}

void
crash_fs_read_only(struct crash_fs *c, bool on)
{
	c->read_only = on;
}

void
crash_fs_bad_range(struct crash_fs *c, uint64_t offset, uint64_t len)
{
	c->bad_offset = offset;
	c->bad_len = len;
}

void
crash_fs_ignore_sync(struct crash_fs *c, uint64_t n)
{
	c->ignore_sync = n;
}

void
crash_fs_ignore_syncs(struct crash_fs *c)
{
	c->ignore_all = true;
}

uint64_t
crash_fs_syncs(const struct crash_fs *c)
{
	return c->syncs;
}

/* ---- straight at the bytes ------------------------------------------------------------------------- */

uint8_t *
crash_fs_get(const struct crash_fs *c, const char *path, size_t *len)
{
	struct name *name = crash_name_find(crash_names_now(c), path);
	const struct image *im;
	uint8_t *out;

	if (!name)
		return NULL;
	im = &c->inodes[name->inode].now;
	out = crash_must(malloc((size_t)im->len + 1));
	crash_image_read(im, out, im->len, 0);
	*len = (size_t)im->len;
	return out;
}

void
crash_fs_put(struct crash_fs *c, const char *path, const void *data, size_t len)
{
	struct name *name = crash_name_find(crash_names_now(c), path);
	struct inode *in;
	int number;

	if (!name) {
		in = crash_inode_new(c, &number);
		crash_name_set(crash_names_change(c), path, number);
		crash_names_sync(c);
	} else {
		in = &c->inodes[name->inode];
	}
	crash_unsynced_add(in, NULL, 0, 0);
	crash_unsynced_add(in, data, len, 0);
	crash_inode_sync(in);
}

void
crash_fs_flip(
	struct crash_fs *c, const char *path, uint64_t offset, uint8_t mask)
{
	struct name *name = crash_name_find(crash_names_now(c), path);
	struct inode *in;

	assert(name);
	in = &c->inodes[name->inode];
	assert(offset < in->now.len);
	crash_image_own(&in->now, (size_t)(offset / SECTOR))[offset % SECTOR] ^=
		mask;
	crash_inode_sync(in);
}
