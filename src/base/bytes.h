/*
 * Bytes in and out, bounded; all integers big-endian. Whatever comes from a
 * disk, a peer or a person is parsed with these.
 */
#ifndef DLB_BYTES_H
#define DLB_BYTES_H

#include "status.h"

/* Reads what it is given and no more; after the first short read every later
 * one yields zeros / NULL and `failed` stays set: check once, at the end. */
struct dlb_reader {
	const uint8_t *p;
	const uint8_t *end;
	bool failed;
};

void dlb_reader_init(struct dlb_reader *r, const void *data, size_t len);
/* 0 once a read has failed. */
size_t dlb_reader_left(const struct dlb_reader *r);
uint8_t dlb_read_u8(struct dlb_reader *r);
uint16_t dlb_read_u16(struct dlb_reader *r);
uint32_t dlb_read_u32(struct dlb_reader *r);
uint64_t dlb_read_u64(struct dlb_reader *r);
/* Copies len bytes to out; only zeros where there are not so many. */
void dlb_read_bytes(struct dlb_reader *r, void *out, size_t len);
/* A pointer into the input, NULL where there are not so many. */
const uint8_t *dlb_read_view(struct dlb_reader *r, size_t len);
/* Skips len bytes that must all be zero; fails where one is not. */
void dlb_read_zeros(struct dlb_reader *r, size_t len);
/* Nothing failed and nothing is left over. */
bool dlb_reader_done(const struct dlb_reader *r);

/* Writes into what the caller owns, never past cap; sticky as the reader. */
struct dlb_writer {
	uint8_t *buf;
	size_t cap;
	size_t len;
	bool failed;
};

void dlb_writer_init(struct dlb_writer *w, void *buf, size_t cap);
void dlb_write_u8(struct dlb_writer *w, uint8_t v);
void dlb_write_u16(struct dlb_writer *w, uint16_t v);
void dlb_write_u32(struct dlb_writer *w, uint32_t v);
void dlb_write_u64(struct dlb_writer *w, uint64_t v);
void dlb_write_bytes(struct dlb_writer *w, const void *data, size_t len);
void dlb_write_zeros(struct dlb_writer *w, size_t len);

/* A byte buffer that grows and is wiped when freed; `data` is owned by it. All
 * zero is an empty one. On failure it stays as it was. */
struct dlb_buf {
	uint8_t *data;
	size_t len;
	size_t cap;
};

enum dlb_status dlb_buf_reserve(struct dlb_buf *b, size_t cap) DLB_MUST_CHECK;
/* data must not point into b. */
enum dlb_status dlb_buf_append(struct dlb_buf *b, const void *data, size_t len)
	DLB_MUST_CHECK;
void dlb_buf_free(struct dlb_buf *b);

#endif
