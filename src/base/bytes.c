/*
 * Bytes in and out: the one bounded reader, the one bounded writer, and a
 * buffer that grows.
 *
 * Invariants: a reader's p never passes its end; a writer's len never passes
 * its cap; lengths are compared with what is left before any is added.
 */
#include "bytes.h"

#include "secret.h"

#include <stdlib.h>
#include <string.h>

void
dlb_reader_init(struct dlb_reader *r, const void *data, size_t len)
{
	static const uint8_t none;

	/* Arithmetic on NULL is not defined, not even of 0. */
	r->p = data ? data : &none;
	r->end = r->p + (data ? len : 0);
	r->failed = !data && len > 0;
}

size_t
dlb_reader_left(const struct dlb_reader *r)
{
	return r->failed ? 0 : (size_t)(r->end - r->p);
}

const uint8_t *
dlb_read_view(struct dlb_reader *r, size_t len)
{
	const uint8_t *p = r->p;

	if (r->failed || len > (size_t)(r->end - r->p)) {
		r->failed = true;
		return NULL;
	}
	r->p += len;
	return p;
}

static uint64_t
read_int(struct dlb_reader *r, size_t len)
{
	const uint8_t *p = dlb_read_view(r, len);
	uint64_t v = 0;

	for (size_t i = 0; p && i < len; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t
dlb_read_u8(struct dlb_reader *r)
{
	return (uint8_t)read_int(r, 1);
}

uint16_t
dlb_read_u16(struct dlb_reader *r)
{
	return (uint16_t)read_int(r, 2);
}

uint32_t
dlb_read_u32(struct dlb_reader *r)
{
	return (uint32_t)read_int(r, 4);
}

uint64_t
dlb_read_u64(struct dlb_reader *r)
{
	return read_int(r, 8);
}

void
dlb_read_bytes(struct dlb_reader *r, void *out, size_t len)
{
	const uint8_t *p = dlb_read_view(r, len);

	if (len == 0)
		return;
	if (p)
		memcpy(out, p, len);
	else
		memset(out, 0, len);
}

void
dlb_read_zeros(struct dlb_reader *r, size_t len)
{
	const uint8_t *p = dlb_read_view(r, len);
	uint8_t any = 0;

	for (size_t i = 0; p && i < len; i++)
		any |= p[i];
	if (any)
		r->failed = true;
}

bool
dlb_reader_done(const struct dlb_reader *r)
{
	return !r->failed && r->p == r->end;
}

void
dlb_writer_init(struct dlb_writer *w, void *buf, size_t cap)
{
	w->buf = buf;
	w->cap = cap;
	w->len = 0;
	w->failed = false;
}

/* Room for len bytes, NULL where there is none. */
static uint8_t *
write_room(struct dlb_writer *w, size_t len)
{
	uint8_t *p;

	if (w->failed || len > w->cap - w->len) {
		w->failed = true;
		return NULL;
	}
	if (len == 0)
		return NULL;
	p = w->buf + w->len;
	w->len += len;
	return p;
}

static void
write_int(struct dlb_writer *w, uint64_t v, size_t len)
{
	uint8_t *p = write_room(w, len);

	for (size_t i = len; p && i > 0; i--, v >>= 8)
		p[i - 1] = (uint8_t)v;
}

void
dlb_write_u8(struct dlb_writer *w, uint8_t v)
{
	write_int(w, v, 1);
}

void
dlb_write_u16(struct dlb_writer *w, uint16_t v)
{
	write_int(w, v, 2);
}

void
dlb_write_u32(struct dlb_writer *w, uint32_t v)
{
	write_int(w, v, 4);
}

void
dlb_write_u64(struct dlb_writer *w, uint64_t v)
{
	write_int(w, v, 8);
}

void
dlb_write_bytes(struct dlb_writer *w, const void *data, size_t len)
{
	uint8_t *p = write_room(w, len);

	if (p)
		memcpy(p, data, len);
}

void
dlb_write_zeros(struct dlb_writer *w, size_t len)
{
	uint8_t *p = write_room(w, len);

	if (p)
		memset(p, 0, len);
}

enum dlb_status
dlb_buf_reserve(struct dlb_buf *b, size_t cap)
{
	uint8_t *data;

	if (cap <= b->cap)
		return DLB_OK;
	/* Not realloc: it leaves a copy of what may be secret behind. */
	data = malloc(cap);
	if (!data)
		return DLB_NO_MEMORY;
	if (b->len)
		memcpy(data, b->data, b->len);
	if (b->data) {
		dlb_wipe(b->data, b->cap);
		free(b->data);
	}
	b->data = data;
	b->cap = cap;
	return DLB_OK;
}

enum dlb_status
dlb_buf_append(struct dlb_buf *b, const void *data, size_t len)
{
	if (len == 0)
		return DLB_OK;
	if (len > b->cap - b->len) {
		size_t cap = b->cap < 128 ? 256 : b->cap;

		if (len > SIZE_MAX / 2 - b->len)
			return DLB_NO_MEMORY;
		while (cap < b->len + len)
			cap *= 2;
		if (dlb_buf_reserve(b, cap) != DLB_OK)
			return DLB_NO_MEMORY;
	}
	memcpy(b->data + b->len, data, len);
	b->len += len;
	return DLB_OK;
}

void
dlb_buf_free(struct dlb_buf *b)
{
	if (b->data) {
		dlb_wipe(b->data, b->cap);
		free(b->data);
	}
	memset(b, 0, sizeof(*b));
}
