/*
 * content: the bytes of a letter that came in, in their order, out of the cells
 * that the home satchel holds. A cell is verified before a byte of it is used.
 */
#include "node_internal.h"

#include <stdlib.h>
#include <string.h>

/* Cells that are opened while those before them are taken: few enough that what
 * was opened is still in a cache when it is. */
#define PIECES 64

struct piece {
	enum dlb_status st;
	size_t len;
};

/* Some cells of the letter, opened or being opened. */
struct pieces {
	struct dlb_node *n;
	const struct dlb_stripe *stripe;
	uint32_t first; /* index of the first cell */
	size_t count;
	uint8_t *plain; /* a place for each */
	struct piece piece[PIECES];
	struct dlb_pool_task task;
};

struct reading {
	struct dlb_node *n;
	const struct dlb_in_letter *letter;
	struct dlb_opened head;
	/* One of the two is opened while the other is taken. */
	struct pieces pieces[2];
	uint8_t *plain;
	size_t plain_len;
	uint32_t next; /* cell to be opened */
	uint32_t end;  /* after the last with content */
};

/* Any cell with the handle may be it: the one that opens is. */
static void
open_piece(void *ctx, size_t i, unsigned worker)
{
	struct pieces *p = ctx;
	struct dlb_node *n = p->n;
	uint32_t index = p->first + (uint32_t)i, number = DLB_NO_ENTRY;
	uint8_t handle[DLB_HANDLE_LEN];
	uint8_t *cell = dlb_node_scratch(n, worker);

	p->piece[i].st = DLB_NOT_FOUND;
	dlb_stripe_handle(handle, p->stripe->stripe_key, index);
	while ((number = dlb_satchel_find_handle(n->satchel, handle, number))
		!= DLB_NO_ENTRY)
		if (dlb_satchel_get(n->satchel, number, cell, NULL, NULL,
			    n->aead[worker], false, NULL)
				== DLB_OK
			&& dlb_bulk_open(p->plain + i * DLB_BULK_CONTENT_LEN,
				   &p->piece[i].len, n->aead[worker], cell,
				   p->stripe, index)
				== DLB_OK) {
			p->piece[i].st = DLB_OK;
			return;
		}
}

const uint8_t *
dlb_node_head_cell(
	struct dlb_node *n, const struct dlb_in_letter *letter, unsigned worker)
{
	uint32_t number = dlb_satchel_find(n->satchel, letter->head_name);
	uint8_t *cell = dlb_node_scratch(n, worker);

	if (number == DLB_NO_ENTRY
		|| dlb_satchel_get(n->satchel, number, cell, NULL, NULL,
			   n->aead[worker], false, NULL)
			!= DLB_OK)
		return NULL;
	return cell;
}

static enum dlb_status
reopen_head(struct reading *r, unsigned worker, struct dlb_error *err)
{
	const struct dlb_in_letter *letter = r->letter;
	const uint8_t *cell = dlb_node_head_cell(r->n, letter, worker);

	if (!cell
		|| dlb_head_reopen(&r->head, r->n->aead[worker], cell,
			   letter->box3_key, letter->box3_offset,
			   letter->transcript, NULL)
			!= DLB_OK)
		return dlb_fail(err, DLB_PARTLY,
			"the first cell of letter %lld is not here whole any more; "
			"meet a stick that carries it",
			(long long)letter->number);
	return DLB_OK;
}

/* Room for what the letter has, if that is little. */
static enum dlb_status
prepare(struct reading *r, uint64_t len, struct dlb_error *err)
{
	uint64_t cells =
		(len + DLB_BULK_CONTENT_LEN - 1) / DLB_BULK_CONTENT_LEN;
	size_t most = cells < PIECES ? (size_t)cells : PIECES;
	size_t turns = cells > PIECES ? 2 : 1;

	r->next = 1;
	r->end = (uint32_t)cells + 1;
	r->plain_len = most * turns * DLB_BULK_CONTENT_LEN;
	if (cells == 0)
		return DLB_OK;
	r->plain = malloc(r->plain_len);
	if (!r->plain)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < turns; i++)
		r->pieces[i] = (struct pieces){.n = r->n,
			.stripe = &r->head.stripe,
			.plain = r->plain + i * most * DLB_BULK_CONTENT_LEN};
	return DLB_OK;
}

static void
begin_pieces(struct reading *r, struct pieces *p)
{
	uint32_t left = r->end - r->next;

	p->first = r->next;
	p->count = left < PIECES ? left : PIECES;
	r->next += (uint32_t)p->count;
	dlb_pool_begin(&p->task, p->count, open_piece, p);
}

static enum dlb_status
missing(const struct dlb_in_letter *letter, uint32_t at, struct dlb_error *err)
{
	return dlb_fail(err, DLB_PARTLY,
		"letter %lld is not whole: %u of %u cells are here, cell %u is "
		"missing; meet more boxes (dlb meet) and read it again",
		(long long)letter->number, letter->have, letter->stripe.cells,
		at);
}

struct taker {
	bool (*fn)(void *ctx, const uint8_t *data, size_t len,
		struct dlb_error *err);
	void *ctx;
	bool stopped; /* fn wants no more */
};

static enum dlb_status
take_pieces(struct reading *r, const struct pieces *p, uint64_t *left,
	struct taker *taker, struct dlb_error *err)
{
	for (size_t i = 0; i < p->count && !taker->stopped; i++) {
		const struct piece *piece = &p->piece[i];

		if (piece->st != DLB_OK || piece->len > *left)
			return missing(r->letter, p->first + (uint32_t)i, err);
		*left -= piece->len;
		taker->stopped = !taker->fn(taker->ctx,
			p->plain + i * DLB_BULK_CONTENT_LEN, piece->len, err);
	}
	return DLB_OK;
}

static enum dlb_status
take_all(struct reading *r, uint64_t left, struct taker *taker,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	uint64_t total = r->letter->stripe.stripe_len;
	struct pieces *p = &r->pieces[0], *ahead = &r->pieces[1], *t;
	enum dlb_status st = DLB_OK;

	begin_pieces(r, p);
	while (st == DLB_OK && p->count > 0 && !taker->stopped) {
		dlb_pool_end(&p->task);
		ahead->count = 0;
		if (r->next < r->end)
			begin_pieces(r, ahead);
		st = take_pieces(r, p, &left, taker, err);
		if (st == DLB_OK
			&& !dlb_progress_step(
				progress, "opening", total - left, total))
			st = dlb_fail(err, DLB_CANCELLED,
				"interrupted; nothing was written");
		t = p;
		p = ahead;
		ahead = t;
	}
	if (p->count > 0)
		dlb_pool_end(&p->task);
	/* Cells that hold less than they could. */
	if (st == DLB_OK && left > 0 && !taker->stopped)
		st = missing(r->letter, r->end, err);
	return st;
}

enum dlb_status
dlb_node_content(struct dlb_node *n, const struct dlb_in_letter *letter,
	unsigned worker,
	bool (*fn)(void *ctx, const uint8_t *data, size_t len,
		struct dlb_error *err),
	void *ctx, const struct dlb_progress *progress, struct dlb_error *err)
{
	struct reading *r = calloc(1, sizeof(*r));
	struct taker taker = {.fn = fn, .ctx = ctx};
	uint64_t left;
	enum dlb_status st;

	if (letter->stripe.n > 1) {
		free(r);
		return dlb_node_content_stripes(
			n, letter, fn, ctx, progress, err);
	}
	if (!r)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	r->n = n;
	r->letter = letter;
	st = reopen_head(r, worker, err);
	if (st != DLB_OK)
		goto out;
	left = letter->stripe.stripe_len - r->head.stripe.inline_len;
	st = prepare(r, left, err);
	if (st != DLB_OK)
		goto out;
	taker.stopped =
		!fn(ctx, r->head.content, r->head.stripe.inline_len, err);
	if (left > 0 && !taker.stopped)
		st = take_all(r, left, &taker, progress, err);
out:
	if (r->plain)
		dlb_wipe(r->plain, r->plain_len);
	free(r->plain);
	dlb_wipe(r, sizeof(*r));
	free(r);
	return st;
}
