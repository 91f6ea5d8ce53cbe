/*
 * share: how a letter is divided into n stripes of which any k suffice: the blocks
 * of its content and the erasure code over them, the shares of its key, and what
 * commits a threshold's heads to key and content. docs/cell.md, section 11.
 *
 * Pure: bytes in, bytes out. How cells are sealed is the cell's matter.
 */
#ifndef DLB_SHARE_H
#define DLB_SHARE_H

#include "base.h"
#include "cell.h"
#include "crypto.h"

#define DLB_STRIPES_MAX 255

/* ---- blocks (code.c) ----------------------------------------------------------- */

/* The bytes of the letter's content that the cells of this index, one of each
 * stripe, stand for: index 0 is what the heads carry. *width is the length of each
 * column, at most DLB_BULK_CONTENT_LEN; *len <= k * *width of the content fill the
 * first k columns, one after the other, and zeros what is left. */
void dlb_block_range(const struct dlb_stripe *stripe, uint32_t index,
	uint64_t *offset, size_t *len, size_t *width);

/* A systematic erasure code over columns of bytes (ISA-L): columns 0 to k-1 are the
 * data, k to n-1 parity. For one thread at a time. */
struct dlb_code;
/* 1 <= k <= n <= DLB_STRIPES_MAX, else DLB_USAGE. */
enum dlb_status dlb_code_new(struct dlb_code **out, unsigned k, unsigned n,
	struct dlb_error *err) DLB_MUST_CHECK;
void dlb_code_free(struct dlb_code *c);
/* parity: n - k columns, from k columns of data; all of `len` bytes, at most
 * DLB_BULK_CONTENT_LEN. */
void dlb_code_parity(struct dlb_code *c, uint8_t *const *parity,
	const uint8_t *const *data, size_t len);
/* The k columns of data, from any k columns: columns[i] is that of number
 * numbers[i]; the numbers ascend, and are below n (else DLB_MALFORMED). A column of
 * data that is given is copied. What `data` points to overlaps no column. */
enum dlb_status dlb_code_data(struct dlb_code *c, uint8_t *const *data,
	const uint8_t *numbers, const uint8_t *const *columns, size_t len)
	DLB_MUST_CHECK;

/* ---- shares of a key (shares.c) --------------------------------------------------- */

/* Shamir's secret sharing over GF(2^8), each byte on its own; takes the same steps
 * whatever the key is. n shares, of which any k tell the key and fewer nothing.
 * 1 <= k <= n <= DLB_STRIPES_MAX. */
void dlb_shares_make(uint8_t (*shares)[DLB_KEY_LEN], unsigned k, unsigned n,
	const uint8_t key[static DLB_KEY_LEN], const struct dlb_env *env);
/* From k shares and the numbers they were made under (0 to n-1), in any order.
 * DLB_MALFORMED where one is given twice, or there are none. Nothing says whether
 * the shares were of one key: see dlb_key_fits. */
enum dlb_status dlb_shares_join(uint8_t key[static DLB_KEY_LEN],
	const uint8_t *numbers, const uint8_t (*shares)[DLB_KEY_LEN],
	unsigned k) DLB_MUST_CHECK;

/* ---- what a threshold commits to (commitment.c) ------------------------------------ */

/* The digest of a letter's content: a hash of two, of its first block of cells (k
 * columns of DLB_BULK_CONTENT_LEN) and of what follows, so that who writes the content
 * may change its start at the end. */
struct dlb_digest {
	struct dlb_hash first, rest;
	uint64_t left; /* of the first block */
};
void dlb_digest_init(struct dlb_digest *d, unsigned k);
/* In their order; or what follows the first block alone to `rest`, before it. */
void dlb_digest_update(struct dlb_digest *d, const uint8_t *data, size_t len);
void dlb_digest_final(struct dlb_digest *d, uint8_t out[static DLB_HASH_LEN]);
/* Of the letter key, the content (whose digest `content` is), and what the stripe
 * says of its sealing: id, k, n, content_len. */
void dlb_commit(uint8_t out[static DLB_HASH_LEN],
	const struct dlb_stripe *stripe, const uint8_t key[static DLB_KEY_LEN],
	const uint8_t content[static DLB_HASH_LEN]);
/* Is that the letter key of stripe->commitment? Asked before it opens anything. */
bool dlb_key_fits(
	const struct dlb_stripe *stripe, const uint8_t key[static DLB_KEY_LEN]);
/* Are those key and content? Asked before any of it is handed on. */
bool dlb_content_fits(const struct dlb_stripe *stripe,
	const uint8_t key[static DLB_KEY_LEN],
	const uint8_t content[static DLB_HASH_LEN]);

#endif
