/*
 * Sealing a letter that is split: its content goes block by block through the erasure
 * code, and each column into the cell of its stripe. docs/cell.md, section 11.
 *
 * Invariants: memory is that of two blocks; the first block is kept until the end,
 * as the size of standard input is written into it then; the heads of a threshold are
 * sealed last, when no thread reads the letter key any more that their share replaces.
 */
#include "send_internal.h"
#include "share.h"

#include <stdlib.h>
#include <string.h>

struct splitting {
	struct dlb_sending *s;
	struct dlb_sealing *stripes[DLB_STRIPES_MAX];
	unsigned k, n;
	bool threshold, counted;
	uint64_t room; /* cells, before the first */
	struct dlb_code *code;
	struct dlb_digest digest;
	uint8_t *buffer; /* of all that follows */
	size_t buffer_len;
	uint8_t *first, *block, *parity; /* k, k, n - k columns */
	size_t first_len;
	uint64_t content_len;
	uint32_t next; /* index of the next cells */
};

/* ---- begin and end ------------------------------------------------------------------ */

static enum dlb_status
add_stripes(struct splitting *p, struct dlb_sealing *first)
{
	struct dlb_stripe *t = &first->stripe;

	t->mode = p->threshold ? DLB_STRIPE_THRESHOLD : DLB_STRIPE_WHOLE;
	t->k = (uint8_t)p->k;
	t->n = (uint8_t)p->n;
	p->stripes[0] = first;
	for (unsigned i = 1; i < p->n; i++) {
		struct dlb_sealing *l = dlb_sealing_new(p->s->n);
		uint8_t stripe_key[DLB_KEY_LEN];

		if (!l)
			return DLB_NO_MEMORY;
		memcpy(stripe_key, l->stripe.stripe_key, DLB_KEY_LEN);
		l->stripe = *t;
		memcpy(l->stripe.stripe_key, stripe_key, DLB_KEY_LEN);
		l->stripe.number = (uint8_t)i;
		p->stripes[i] = p->stripes[i - 1]->next = l;
		dlb_wipe(stripe_key, sizeof(stripe_key));
	}
	return DLB_OK;
}

static enum dlb_status
begin(struct splitting *p, struct dlb_sealing *first, struct dlb_error *err)
{
	p->buffer_len = (size_t)(p->k + p->n) * DLB_BULK_CONTENT_LEN;
	p->buffer = malloc(p->buffer_len);
	if (!p->buffer || add_stripes(p, first) != DLB_OK)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	p->first = p->buffer;
	p->block = p->first + (size_t)p->k * DLB_BULK_CONTENT_LEN;
	p->parity = p->block + (size_t)p->k * DLB_BULK_CONTENT_LEN;
	dlb_digest_init(&p->digest, p->k);
	return dlb_code_new(&p->code, p->k, p->n, err);
}

static void
end(struct splitting *p)
{
	dlb_code_free(p->code);
	if (p->buffer)
		dlb_wipe(p->buffer, p->buffer_len);
	free(p->buffer);
	dlb_wipe(p, sizeof(*p));
}

static enum dlb_status
set_layout(struct splitting *p, uint64_t len, struct dlb_error *err)
{
	for (unsigned i = 0; i < p->n; i++) {
		struct dlb_stripe *t = &p->stripes[i]->stripe;

		t->content_len = len;
		t->stripe_len = len / p->k + (len % p->k > 0);
		if (dlb_stripe_layout(t, p->s->from.card_len) != DLB_OK
			|| (uint64_t)t->cells * p->n >= DLB_CELLS_MAX)
			return dlb_fail(err, DLB_LIMIT,
				"in %u stripes this is beyond what this program "
				"can carry (1 TiB of cells); split it",
				p->n);
	}
	return DLB_OK;
}

/* ---- blocks -------------------------------------------------------------------------- */

static enum dlb_status
add_column(struct splitting *p, unsigned stripe, uint32_t index,
	const uint8_t *column, size_t width, struct dlb_error *err)
{
	struct dlb_sealing *l = p->stripes[stripe];

	if (index == 0)
		return width == 0
				|| dlb_buf_append(&l->head, column, width)
					== DLB_OK
			? DLB_OK
			: dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	memcpy(dlb_sealer_content(p->s->sealer), column, width);
	return dlb_sealer_add(p->s->sealer, l, index, width, err);
}

/* len bytes of content, in a buffer with room for k columns. */
static enum dlb_status
add_block(struct splitting *p, uint32_t index, uint8_t *content, size_t len,
	struct dlb_error *err)
{
	size_t width = len / p->k + (len % p->k > 0);
	uint8_t *columns[DLB_STRIPES_MAX];
	enum dlb_status st = DLB_OK;

	memset(content + len, 0, width * p->k - len);
	for (unsigned i = 0; i < p->n; i++)
		columns[i] = i < p->k ? content + i * width
				      : p->parity + (i - p->k) * width;
	dlb_code_parity(p->code, columns + p->k,
		(const uint8_t *const *)columns, width);
	for (unsigned i = 0; st == DLB_OK && i < p->n; i++)
		st = add_column(p, i, index, columns[i], width, err);
	return st;
}

/* Before cells are made of it. */
static enum dlb_status
may_go_on(struct splitting *p, struct dlb_error *err)
{
	uint64_t cells = (uint64_t)p->n * (p->next + 1);

	if (p->counted)
		return p->next < p->stripes[0]->stripe.cells
			? DLB_OK
			: dlb_fail(err, DLB_LIMIT,
				"a file grew while it was read; send it again");
	if (cells >= DLB_CELLS_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"this is beyond what this program can carry (1 TiB of "
			"cells); split it");
	if (cells > p->room)
		return dlb_sending_room(p->s, cells, err);
	return cells > DLB_MEETING_OWN_CELLS
		? dlb_sending_decide(p->s, cells, err)
		: DLB_OK;
}

static enum dlb_status
add_blocks(struct splitting *p, struct dlb_pack *pack, struct dlb_error *err)
{
	size_t all = (size_t)p->k * DLB_BULK_CONTENT_LEN, got;
	enum dlb_status st;

	do {
		st = dlb_pack_read(pack, p->block, all, &got, err);
		if (st != DLB_OK || got == 0)
			return st;
		p->content_len += got;
		st = may_go_on(p, err);
		if (st != DLB_OK)
			return st;
		if (p->threshold)
			dlb_hash_update(&p->digest.rest, p->block, got);
		st = add_block(p, p->next++, p->block, got, err);
		if (st != DLB_OK)
			return st;
		if (!dlb_sending_step(p->s, got))
			return dlb_fail(err, DLB_CANCELLED,
				"interrupted; nothing was sent, nothing is left");
	} while (got == all);
	return DLB_OK;
}

/* What the heads have room for, or of a threshold, the first bulk cells. */
static enum dlb_status
read_first(struct splitting *p, struct dlb_pack *pack, struct dlb_error *err)
{
	struct dlb_stripe full = p->stripes[0]->stripe;
	size_t width;
	enum dlb_status st;

	full.content_len = (uint64_t)p->k * DLB_CELL_LEN;
	full.stripe_len = DLB_CELL_LEN;
	st = dlb_stripe_layout(&full, p->s->from.card_len);
	width = p->threshold ? DLB_BULK_CONTENT_LEN : full.inline_len;
	dlb_wipe(&full, sizeof(full));
	if (st != DLB_OK)
		return dlb_fail(err, st, "the card is too long");
	p->next = p->threshold ? 2 : 1;
	st = dlb_pack_read(pack, p->first, width * p->k, &p->first_len, err);
	p->content_len = p->first_len;
	if (st == DLB_OK && !dlb_sending_step(p->s, p->first_len))
		st = dlb_fail(err, DLB_CANCELLED,
			"interrupted; nothing was sent, nothing is left");
	return st;
}

static enum dlb_status
add_first(struct splitting *p, struct dlb_pack *pack, struct dlb_error *err)
{
	uint64_t patch_at;
	uint8_t patch[16];
	size_t patch_len;

	dlb_pack_patch(pack, &patch_at, patch, &patch_len);
	if (patch_len && patch_at + patch_len <= p->first_len)
		memcpy(p->first + patch_at, patch, patch_len);
	if (p->threshold)
		dlb_digest_update(&p->digest, p->first, p->first_len);
	return add_block(p, p->threshold, p->first, p->first_len, err);
}

static enum dlb_status
add_padding(struct splitting *p, struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	for (; st == DLB_OK && p->next < p->stripes[0]->stripe.cells; p->next++)
		for (unsigned i = 0; st == DLB_OK && i < p->n; i++)
			st = dlb_sealer_add(
				p->s->sealer, p->stripes[i], p->next, 0, err);
	return st;
}

/* ---- heads ---------------------------------------------------------------------------- */

/* Each bulk cell is sealed: the share takes the place of the key. */
static enum dlb_status
share_key(struct splitting *p, struct dlb_error *err)
{
	const struct dlb_stripe *t = &p->stripes[0]->stripe;
	uint8_t shares[DLB_STRIPES_MAX][DLB_KEY_LEN], content[DLB_HASH_LEN],
		commitment[DLB_HASH_LEN];
	enum dlb_status st = dlb_sealer_flush(p->s->sealer, err);

	if (st != DLB_OK)
		return st;
	dlb_digest_final(&p->digest, content);
	dlb_commit(commitment, t, t->letter_key, content);
	dlb_shares_make(shares, p->k, p->n, t->letter_key, p->s->n->env);
	for (unsigned i = 0; i < p->n; i++) {
		struct dlb_stripe *to = &p->stripes[i]->stripe;

		memcpy(to->letter_key, shares[i], DLB_KEY_LEN);
		memcpy(to->commitment, commitment, DLB_HASH_LEN);
	}
	dlb_wipe(shares, sizeof(shares));
	return DLB_OK;
}

static enum dlb_status
add_heads(struct splitting *p, struct dlb_error *err)
{
	enum dlb_status st = p->threshold ? share_key(p, err) : DLB_OK;

	for (unsigned i = 0; st == DLB_OK && i < p->n; i++) {
		struct dlb_sealing *l = p->stripes[i];

		l->whole = true;
		st = dlb_sealer_add(p->s->sealer, l, 0, l->head.len, err);
	}
	return st;
}

/* ---- the letter ------------------------------------------------------------------------ */

static enum dlb_status
seal(struct splitting *p, struct dlb_pack *pack, struct dlb_error *err)
{
	uint64_t known = dlb_pack_len(pack), cells = p->n;
	enum dlb_status st = DLB_OK;

	p->counted = known != UINT64_MAX;
	p->room = dlb_satchel_room_held(p->s->n->satchel);
	if (p->counted)
		st = set_layout(p, known, err);
	if (p->counted)
		cells *= p->stripes[0]->stripe.cells;
	/* Nobody is asked how what does not fit should go. */
	if (st == DLB_OK)
		st = dlb_sending_room(p->s, cells, err);
	if (st == DLB_OK && p->counted)
		st = dlb_sending_decide(p->s, cells, err);
	if (st == DLB_OK)
		st = read_first(p, pack, err);
	if (st == DLB_OK)
		st = add_blocks(p, pack, err);
	if (st != DLB_OK)
		return st;
	if (p->counted && p->content_len != known)
		return dlb_fail(err, DLB_FAILED,
			"a file became shorter while it was read; send it again");
	/* Of which other threads read nothing then. */
	st = dlb_sealer_wait(p->s->sealer, err);
	if (st == DLB_OK && !p->counted)
		st = set_layout(p, p->content_len, err);
	if (st == DLB_OK && !p->counted)
		st = dlb_sending_decide(p->s,
			(uint64_t)p->n * p->stripes[0]->stripe.cells, err);
	if (st == DLB_OK)
		st = add_first(p, pack, err);
	if (st == DLB_OK)
		st = add_padding(p, err);
	return st == DLB_OK ? add_heads(p, err) : st;
}

enum dlb_status
dlb_send_stripes(struct dlb_sending *s, struct dlb_sealing *first,
	struct dlb_pack *pack, struct dlb_error *err)
{
	struct splitting *p = calloc(1, sizeof(*p));
	enum dlb_status st;

	if (!p)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	p->s = s;
	p->k = s->options->need;
	p->n = s->options->of;
	p->threshold = s->options->threshold;
	st = begin(p, first, err);
	if (st == DLB_OK)
		st = seal(p, pack, err);
	end(p);
	free(p);
	return st;
}
