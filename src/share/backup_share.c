/*
 * Backups in shares. docs/letterbox.md, "The share of a backup".
 *
 * Invariants: shares combine only where their common parts are the same, byte for
 * byte, and what they give is what these commit to. A share is checked by itself, as
 * the common part has a check of each; so who altered one is known even when no
 * others are there. Shares are made for all 255 numbers, and holders get some by
 * chance: none tells how many there are.
 */
#include "backup_share.h"

#include <string.h>

#define MAGIC "DLBK"
#define VERSION 1
#define SHARES 255
/* The common part up to the commitment. */
#define COMMITTED_LEN (DLB_BACKUP_COMMON_LEN - DLB_HASH_LEN)
#define CHECKS_AT (DLB_BACKUP_ID_LEN + 8 + 8 + 1)

/* ---- keys ------------------------------------------------------------------------------ */

static void
check_share(uint8_t out[static DLB_BACKUP_CHECK_LEN],
	const uint8_t id[static DLB_BACKUP_ID_LEN], uint8_t number,
	const uint8_t share[static DLB_KEY_LEN])
{
	uint8_t data[DLB_BACKUP_ID_LEN + 1];

	memcpy(data, id, DLB_BACKUP_ID_LEN);
	data[DLB_BACKUP_ID_LEN] = number;
	dlb_derive(out, DLB_BACKUP_CHECK_LEN, share, DLB_KEY_LEN,
		"dlb backup share", data, sizeof(data));
}

/* Over all of the common part but itself. */
static void
commit(uint8_t out[static DLB_HASH_LEN], const uint8_t key[static DLB_KEY_LEN],
	const uint8_t *common, size_t len)
{
	uint8_t digest[DLB_HASH_LEN];
	struct dlb_hash h;

	dlb_hash_init(&h);
	dlb_hash_update(&h, common, COMMITTED_LEN);
	dlb_hash_update(&h, common + DLB_BACKUP_COMMON_LEN,
		len - DLB_BACKUP_COMMON_LEN);
	dlb_hash_final(&h, digest);
	dlb_derive(out, DLB_HASH_LEN, key, DLB_KEY_LEN, "dlb backup commitment",
		digest, sizeof(digest));
}

static void
seal_key(uint8_t out[static DLB_KEY_LEN], const uint8_t key[static DLB_KEY_LEN],
	const uint8_t id[static DLB_BACKUP_ID_LEN])
{
	dlb_derive(out, DLB_KEY_LEN, key, DLB_KEY_LEN, "dlb backup seal", id,
		DLB_BACKUP_ID_LEN);
}

/* ---- making ------------------------------------------------------------------------ */

static size_t
padded(size_t len)
{
	size_t to = DLB_BACKUP_CONTENT_MIN;

	while (to < len && to < DLB_BACKUP_CONTENT_MAX)
		to *= 2;
	return to < DLB_BACKUP_CONTENT_MAX ? to : DLB_BACKUP_CONTENT_MAX;
}

static bool
is_padded(size_t len)
{
	return len >= DLB_BACKUP_CONTENT_MIN && len <= DLB_BACKUP_CONTENT_MAX
		&& padded(len) == len;
}

static enum dlb_status
check_what(const struct dlb_backup_what *what, struct dlb_error *err)
{
	if (what->n > DLB_BACKUP_HOLDERS_MAX)
		return dlb_fail(err, DLB_USAGE,
			"%u are too many for one backup: at most %d keep shares "
			"of it",
			what->n, DLB_BACKUP_HOLDERS_MAX);
	if (what->need < DLB_BACKUP_NEED_MIN)
		return dlb_fail(err, DLB_USAGE,
			"with --need %u each of them alone could write in your "
			"name: need %d of them at least",
			what->need, DLB_BACKUP_NEED_MIN);
	if (what->need > what->n)
		return dlb_fail(err, DLB_USAGE,
			"of %u people %u can not be needed: name more, or need "
			"fewer",
			what->n, what->need);
	if (what->len > DLB_BACKUP_CONTENT_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"%zu bytes are more than a backup can hold (%u)",
			what->len, DLB_BACKUP_CONTENT_MAX);
	return DLB_OK;
}

/* The numbers that holders get, each once. */
static void
draw_numbers(struct dlb_backup *b, const struct dlb_env *env)
{
	uint8_t all[SHARES];

	for (unsigned i = 0; i < SHARES; i++)
		all[i] = (uint8_t)i;
	for (unsigned i = 0; i < b->n; i++) {
		unsigned at = i + dlb_random_below(env, SHARES - i);

		b->numbers[i] = all[at];
		all[at] = all[i];
	}
}

static enum dlb_status
write_common(struct dlb_backup *b, const struct dlb_backup_what *what,
	const uint8_t key[static DLB_KEY_LEN],
	const uint8_t (*shares)[DLB_KEY_LEN], const struct dlb_env *env)
{
	size_t plain_len = padded(what->len),
	       len = DLB_BACKUP_COMMON_LEN + plain_len + DLB_XSEAL_OVERHEAD;
	uint8_t sealing[DLB_KEY_LEN], nonce[DLB_XNONCE_LEN], *p;
	struct dlb_buf plain = {0};
	struct dlb_writer w;
	enum dlb_status st = dlb_buf_reserve(&plain, plain_len);

	if (st == DLB_OK)
		st = dlb_buf_reserve(&b->common, len);
	if (st != DLB_OK)
		goto out;
	if (what->len > 0)
		memcpy(plain.data, what->content, what->len);
	memset(plain.data + what->len, 0, plain_len - what->len);
	plain.len = plain_len;
	p = b->common.data;
	dlb_writer_init(&w, p, COMMITTED_LEN);
	dlb_write_bytes(&w, b->id, sizeof(b->id));
	dlb_write_u64(&w, (uint64_t)what->made_s);
	dlb_write_u64(&w, (uint64_t)what->keep_from_s);
	dlb_write_u8(&w, (uint8_t)what->need);
	for (unsigned i = 0; i < SHARES; i++)
		check_share(p + CHECKS_AT + i * DLB_BACKUP_CHECK_LEN, b->id,
			(uint8_t)i, shares[i]);
	seal_key(sealing, key, b->id);
	dlb_random(env, nonce, sizeof(nonce));
	dlb_xseal(p + DLB_BACKUP_COMMON_LEN, sealing, nonce, p, COMMITTED_LEN,
		plain.data, plain_len);
	commit(p + COMMITTED_LEN, key, p, len);
	b->common.len = len;
	dlb_wipe(sealing, sizeof(sealing));
out:
	dlb_buf_free(&plain);
	return st;
}

enum dlb_status
dlb_backup_make(struct dlb_backup *out, const struct dlb_backup_what *what,
	const struct dlb_env *env, struct dlb_error *err)
{
	uint8_t key[DLB_KEY_LEN], shares[SHARES][DLB_KEY_LEN];
	enum dlb_status st = check_what(what, err);

	if (st != DLB_OK)
		return st;
	dlb_random(env, key, sizeof(key));
	dlb_random(env, out->id, sizeof(out->id));
	out->n = what->n;
	dlb_shares_make(shares, what->need, SHARES, key, env);
	draw_numbers(out, env);
	for (unsigned i = 0; i < out->n; i++)
		memcpy(out->shares[i], shares[out->numbers[i]], DLB_KEY_LEN);
	st = write_common(
		out, what, key, (const uint8_t(*)[DLB_KEY_LEN])shares, env);
	dlb_wipe(key, sizeof(key));
	dlb_wipe(shares, sizeof(shares));
	if (st != DLB_OK) {
		dlb_backup_free(out);
		return dlb_fail(err, st, "out of memory for a backup");
	}
	return DLB_OK;
}

void
dlb_backup_free(struct dlb_backup *b)
{
	dlb_buf_free(&b->common);
	dlb_wipe(b, sizeof(*b));
}

static enum dlb_status
write_share(struct dlb_buf *out, enum dlb_backup_use use, uint8_t number,
	const uint8_t share[static DLB_KEY_LEN], const uint8_t *card,
	size_t card_len, const uint8_t *common, size_t common_len)
{
	size_t len = 4 + 1 + 1 + 1 + DLB_KEY_LEN + 2 + card_len + common_len;
	struct dlb_writer w;
	enum dlb_status st;

	if (card_len > DLB_BACKUP_CARD_MAX)
		return DLB_LIMIT;
	st = dlb_buf_reserve(out, out->len + len);
	if (st != DLB_OK)
		return st;
	dlb_writer_init(&w, out->data + out->len, len);
	dlb_write_bytes(&w, MAGIC, 4);
	dlb_write_u8(&w, VERSION);
	dlb_write_u8(&w, (uint8_t)use);
	dlb_write_u8(&w, number);
	dlb_write_bytes(&w, share, DLB_KEY_LEN);
	dlb_write_u16(&w, (uint16_t)card_len);
	if (card_len > 0)
		dlb_write_bytes(&w, card, card_len);
	dlb_write_bytes(&w, common, common_len);
	out->len += w.len;
	return DLB_OK;
}

enum dlb_status
dlb_backup_write(struct dlb_buf *out, const struct dlb_backup *b, unsigned i)
{
	return write_share(out, DLB_BACKUP_KEEP, b->numbers[i], b->shares[i],
		NULL, 0, b->common.data, b->common.len);
}

/* ---- one share ----------------------------------------------------------------------- */

static bool
read_common(struct dlb_backup_share *out)
{
	struct dlb_reader r;
	uint64_t made, keep_from;

	dlb_reader_init(&r, out->common, out->common_len);
	dlb_read_bytes(&r, out->id, sizeof(out->id));
	made = dlb_read_u64(&r);
	keep_from = dlb_read_u64(&r);
	out->need = dlb_read_u8(&r);
	if (r.failed || made > INT64_MAX / 1000 || keep_from > made
		|| out->need < DLB_BACKUP_NEED_MIN)
		return false;
	out->made_s = (int64_t)made;
	out->keep_from_s = (int64_t)keep_from;
	return out->common_len >= DLB_BACKUP_COMMON_LEN + DLB_XSEAL_OVERHEAD
		&& is_padded(out->common_len - DLB_BACKUP_COMMON_LEN
			- DLB_XSEAL_OVERHEAD);
}

/* The card is its holder's, not its owner's, to add. */
static bool
read_share(struct dlb_backup_share *out, struct dlb_reader *r)
{
	uint8_t use = dlb_read_u8(r);

	out->number = dlb_read_u8(r);
	dlb_read_bytes(r, out->share, sizeof(out->share));
	out->card_len = dlb_read_u16(r);
	if (r->failed || out->card_len > DLB_BACKUP_CARD_MAX
		|| (use != DLB_BACKUP_KEEP && use != DLB_BACKUP_GIVEN)
		|| (use == DLB_BACKUP_KEEP && out->card_len > 0)
		|| out->number >= SHARES)
		return false;
	out->use = (enum dlb_backup_use)use;
	out->card = dlb_read_view(r, out->card_len);
	out->common_len = dlb_reader_left(r);
	out->common = dlb_read_view(r, out->common_len);
	return dlb_reader_done(r) && read_common(out);
}

enum dlb_status
dlb_backup_share_parse(struct dlb_backup_share *out, const uint8_t *data,
	size_t len, struct dlb_error *err)
{
	uint8_t check[DLB_BACKUP_CHECK_LEN], magic[4], version;
	struct dlb_reader r;
	struct dlb_hash h;

	memset(out, 0, sizeof(*out));
	dlb_reader_init(&r, data, len);
	dlb_read_bytes(&r, magic, sizeof(magic));
	version = dlb_read_u8(&r);
	if (r.failed || memcmp(magic, MAGIC, sizeof(magic)) != 0)
		return dlb_fail(err, DLB_MALFORMED, "not a share of a backup");
	if (version != VERSION)
		return dlb_fail(err, DLB_UNSUPPORTED,
			"a share of a backup of a newer program: use that one");
	if (len > DLB_BACKUP_SHARE_LEN_MAX || !read_share(out, &r)) {
		dlb_wipe(out, sizeof(*out));
		return dlb_fail(err, DLB_MALFORMED,
			"a share of a backup that is damaged: ask its holder for "
			"it again");
	}
	check_share(check, out->id, out->number, out->share);
	if (!dlb_equal(check,
		    out->common + CHECKS_AT
			    + (size_t)out->number * DLB_BACKUP_CHECK_LEN,
		    sizeof(check))) {
		dlb_wipe(out, sizeof(*out));
		return dlb_fail(err, DLB_FORGED,
			"a share of a backup that was altered: it is not what its "
			"owner made");
	}
	dlb_hash_init(&h);
	dlb_hash_update(&h, out->common, out->common_len);
	dlb_hash_final(&h, out->digest);
	return DLB_OK;
}

enum dlb_status
dlb_backup_share_give(struct dlb_buf *out, const struct dlb_backup_share *share,
	const uint8_t *card, size_t card_len)
{
	return write_share(out, DLB_BACKUP_GIVEN, share->number, share->share,
		card, card_len, share->common, share->common_len);
}

/* ---- joining --------------------------------------------------------------------------- */

static bool
same_backup(const struct dlb_backup_share *a, const struct dlb_backup_share *b)
{
	return memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

/* What each is to the backup of `of`; how many different ones there are. */
static unsigned
sort_parts(enum dlb_backup_part *parts, const struct dlb_backup_share *shares,
	size_t n, size_t of)
{
	bool seen[SHARES] = {false};
	unsigned count = 0;

	for (size_t i = 0; i < n; i++) {
		if (!same_backup(&shares[i], &shares[of])) {
			parts[i] = DLB_BACKUP_OTHER;
		} else if (seen[shares[i].number]) {
			parts[i] = DLB_BACKUP_TWICE;
		} else {
			seen[shares[i].number] = true;
			parts[i] = count < shares[of].need ? DLB_BACKUP_USED
							   : DLB_BACKUP_SPARE;
			count++;
		}
	}
	return count;
}

/* Is a backup with so many shares better to have than another one? */
static bool
is_better(const struct dlb_backup_share *a, unsigned a_n,
	const struct dlb_backup_share *b, unsigned b_n)
{
	bool a_whole = a_n >= a->need, b_whole = b_n >= b->need;

	if (a_whole != b_whole)
		return a_whole;
	if (!a_whole && a_n != b_n)
		return a_n > b_n;
	return a->made_s > b->made_s;
}

static enum dlb_status
open_sealed(struct dlb_buf *content, const struct dlb_backup_share *of,
	const uint8_t key[static DLB_KEY_LEN])
{
	const uint8_t *sealed = of->common + DLB_BACKUP_COMMON_LEN;
	size_t len = of->common_len - DLB_BACKUP_COMMON_LEN;
	uint8_t commitment[DLB_HASH_LEN], sealing[DLB_KEY_LEN];
	enum dlb_status st;

	commit(commitment, key, of->common, of->common_len);
	if (!dlb_equal(commitment, of->common + COMMITTED_LEN, DLB_HASH_LEN))
		return DLB_FORGED;
	st = dlb_buf_reserve(content, len - DLB_XSEAL_OVERHEAD);
	if (st != DLB_OK)
		return st;
	seal_key(sealing, key, of->id);
	st = dlb_xopen(
		content->data, sealing, of->common, COMMITTED_LEN, sealed, len);
	if (st == DLB_OK)
		content->len = len - DLB_XSEAL_OVERHEAD;
	dlb_wipe(sealing, sizeof(sealing));
	return st;
}

static enum dlb_status
join_parts(struct dlb_buf *content, const enum dlb_backup_part *parts,
	const struct dlb_backup_share *shares, size_t n, size_t of)
{
	uint8_t some[DLB_STRIPES_MAX][DLB_KEY_LEN], numbers[DLB_STRIPES_MAX];
	uint8_t key[DLB_KEY_LEN];
	unsigned count = 0;
	enum dlb_status st;

	for (size_t i = 0; i < n && count < shares[of].need; i++) {
		if (parts[i] != DLB_BACKUP_USED)
			continue;
		numbers[count] = shares[i].number;
		memcpy(some[count++], shares[i].share, DLB_KEY_LEN);
	}
	st = dlb_shares_join(
		key, numbers, (const uint8_t(*)[DLB_KEY_LEN])some, count);
	if (st == DLB_OK)
		st = open_sealed(content, &shares[of], key);
	dlb_wipe(key, sizeof(key));
	dlb_wipe(some, sizeof(some));
	return st;
}

enum dlb_status
dlb_backup_join(struct dlb_buf *content, enum dlb_backup_part *parts,
	size_t *which, unsigned *missing, const struct dlb_backup_share *shares,
	size_t n, struct dlb_error *err)
{
	unsigned count = 0;
	enum dlb_status st;

	*which = 0;
	*missing = 0;
	if (n == 0)
		return dlb_fail(
			err, DLB_PARTLY, "there is no share of a backup");
	for (size_t i = 0; i < n; i++) {
		unsigned of_i = sort_parts(parts, shares, n, i);

		if (i == 0
			|| is_better(
				&shares[i], of_i, &shares[*which], count)) {
			*which = i;
			count = of_i;
		}
	}
	count = sort_parts(parts, shares, n, *which);
	if (count < shares[*which].need) {
		*missing = shares[*which].need - count;
		return dlb_fail(err, DLB_PARTLY,
			"%u of the %u shares that are needed are here", count,
			shares[*which].need);
	}
	st = join_parts(content, parts, shares, n, *which);
	if (st == DLB_NO_MEMORY)
		return dlb_fail(err, st, "out of memory for a backup");
	if (st != DLB_OK)
		return dlb_fail(err, DLB_FORGED,
			"these shares fit together but do not give a backup: who "
			"made them did not make one; try without one of them after "
			"the other");
	return DLB_OK;
}
