/*
 * The bytes of files. A file is a list of sectors, each shared by all the
 * versions it is the same in and copied when one writes to it: so a clone costs
 * little, and thousands of cuts can be tried.
 *
 * Invariant: `now` is `durable` with all of `unsynced` done in order.
 */
#include "crash_fs_internal.h"

#include <stdlib.h>
#include <string.h>

void *
crash_must(void *p)
{
	if (!p)
		abort();
	return p;
}

uint64_t
crash_random(uint64_t *state)
{
	/* splitmix64 */
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void
sector_drop(struct sector *s)
{
	if (s && atomic_fetch_sub(&s->refs, 1) == 1)
		free(s);
}

void
crash_image_free(struct image *im)
{
	for (size_t i = 0; i < im->n; i++)
		sector_drop(im->sectors[i]);
	free(im->sectors);
	memset(im, 0, sizeof(*im));
}

struct image
crash_image_share(const struct image *im)
{
	struct image out = *im;

	out.sectors = crash_must(malloc((im->n + 1) * sizeof(*out.sectors)));
	for (size_t i = 0; i < im->n; i++) {
		out.sectors[i] = im->sectors[i];
		if (out.sectors[i])
			atomic_fetch_add(&out.sectors[i]->refs, 1);
	}
	return out;
}

/* A sector to write to. */
uint8_t *
crash_image_own(struct image *im, size_t i)
{
	struct sector *old = im->sectors[i], *s;

	if (old && atomic_load(&old->refs) == 1)
		return old->bytes;
	s = crash_must(calloc(1, sizeof(*s)));
	atomic_store(&s->refs, 1);
	if (old)
		memcpy(s->bytes, old->bytes, SECTOR);
	sector_drop(old);
	im->sectors[i] = s;
	return s->bytes;
}

static void
image_resize(struct image *im, uint64_t len)
{
	size_t n = (size_t)((len + SECTOR - 1) / SECTOR);

	for (size_t i = n; i < im->n; i++)
		sector_drop(im->sectors[i]);
	if (n > im->n) {
		im->sectors = crash_must(
			realloc(im->sectors, n * sizeof(*im->sectors)));
		memset(im->sectors + im->n, 0,
			(n - im->n) * sizeof(*im->sectors));
	}
	im->n = n;
	/* What lies behind the end is zeros when the file grows again. */
	if (len < im->len && len % SECTOR && im->sectors[n - 1])
		memset(crash_image_own(im, n - 1) + len % SECTOR, 0,
			SECTOR - len % SECTOR);
	im->len = len;
}

static void
image_write(
	struct image *im, const uint8_t *data, uint64_t len, uint64_t offset)
{
	if (offset + len > im->len)
		image_resize(im, offset + len);
	while (len > 0) {
		size_t at = offset % SECTOR, part = SECTOR - at;

		if (part > len)
			part = (size_t)len;
		memcpy(crash_image_own(im, (size_t)(offset / SECTOR)) + at,
			data, part);
		data += part;
		offset += part;
		len -= part;
	}
}

void
crash_image_read(
	const struct image *im, uint8_t *out, uint64_t len, uint64_t offset)
{
	while (len > 0) {
		size_t at = offset % SECTOR, part = SECTOR - at;
		const struct sector *s = im->sectors[offset / SECTOR];

		if (part > len)
			part = (size_t)len;
		if (s)
			memcpy(out, s->bytes + at, part);
		else
			memset(out, 0, part);
		out += part;
		offset += part;
		len -= part;
	}
}

/* Garbage in every sector that the change touches, as far as the file goes. */
void
crash_image_garble(struct image *im, const struct change *ch, uint64_t *state)
{
	size_t end = (size_t)((ch->offset + ch->len + SECTOR - 1) / SECTOR);

	for (size_t i = (size_t)(ch->offset / SECTOR); i < end && i < im->n;
		i++) {
		uint8_t *p = crash_image_own(im, i);
		size_t len = SECTOR;

		if ((uint64_t)(i + 1) * SECTOR > im->len)
			len = (size_t)(im->len - (uint64_t)i * SECTOR);
		for (size_t k = 0; k < len; k++)
			p[k] = (uint8_t)crash_random(state);
	}
}

void
crash_change_do(struct image *im, const struct change *ch)
{
	if (ch->data)
		image_write(im, ch->data, ch->len, ch->offset);
	else
		image_resize(im, ch->len);
}

/* ---- inodes ---------------------------------------------------------------------- */

static void
unsynced_clear(struct inode *in)
{
	for (size_t i = 0; i < in->unsynced_n; i++)
		free(in->unsynced[i].data);
	free(in->unsynced);
	in->unsynced = NULL;
	in->unsynced_n = in->unsynced_cap = 0;
}

void
crash_unsynced_add(
	struct inode *in, const void *data, uint64_t len, uint64_t offset)
{
	struct change *ch;

	if (in->unsynced_n == in->unsynced_cap) {
		in->unsynced_cap = in->unsynced_cap * 2 + 8;
		in->unsynced = crash_must(realloc(in->unsynced,
			in->unsynced_cap * sizeof(*in->unsynced)));
	}
	ch = &in->unsynced[in->unsynced_n++];
	ch->offset = offset;
	ch->len = len;
	ch->data = NULL;
	if (data) {
		ch->data = crash_must(malloc(len + 1));
		memcpy(ch->data, data, len);
	}
	crash_change_do(&in->now, ch);
}

void
crash_inode_sync(struct inode *in)
{
	unsynced_clear(in);
	crash_image_free(&in->durable);
	in->durable = crash_image_share(&in->now);
}

void
crash_inode_free(struct inode *in)
{
	unsynced_clear(in);
	crash_image_free(&in->now);
	crash_image_free(&in->durable);
	memset(in, 0, sizeof(*in));
}
