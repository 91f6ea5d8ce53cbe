/*
 * content: the bytes of a letter that came in, in their order, out of the cells
 * that the home satchel holds. A cell is verified before a byte of it is used.
 */
#include "node_internal.h"

#include <stdlib.h>
#include <string.h>

struct piece {
	enum dlb_status st;
	size_t len;
};

struct reading {
	struct dlb_node *n;
	const struct dlb_stripe *stripe;
	uint32_t first; /* index of the batch's first cell */
	uint8_t *plain; /* DLB_BATCH places */
	struct piece pieces[DLB_BATCH];
};

/* Any cell with the handle may be it: the one that opens is. */
static void
open_piece(void *ctx, size_t i, unsigned worker)
{
	struct reading *r = ctx;
	struct dlb_node *n = r->n;
	uint32_t index = r->first + (uint32_t)i, number = DLB_NO_ENTRY;
	uint8_t handle[DLB_HANDLE_LEN];
	uint8_t *cell = dlb_node_cell(n, i);

	r->pieces[i].st = DLB_NOT_FOUND;
	dlb_stripe_handle(handle, r->stripe->stripe_key, index);
	while ((number = dlb_satchel_find_handle(
			n->satchel, handle, number)) != DLB_NO_ENTRY)
		if (dlb_satchel_get(n->satchel, number, cell, NULL, NULL,
			    n->aead[worker], false, NULL) == DLB_OK &&
			dlb_bulk_open(r->plain + i * DLB_BULK_CONTENT_LEN,
				&r->pieces[i].len, n->aead[worker], cell,
				r->stripe, index) == DLB_OK) {
			r->pieces[i].st = DLB_OK;
			return;
		}
}

const uint8_t *
dlb_node_head_cell(struct dlb_node *n, const struct dlb_in_letter *letter)
{
	uint32_t number = dlb_satchel_find(n->satchel, letter->head_name);
	uint8_t *cell = dlb_node_cell(n, 0);

	if (number == DLB_NO_ENTRY ||
		dlb_satchel_get(n->satchel, number, cell, NULL, NULL, n->aead[0],
			false, NULL) != DLB_OK)
		return NULL;
	return cell;
}

static enum dlb_status
reopen_head(struct dlb_node *n, const struct dlb_in_letter *letter,
	struct dlb_opened *head, struct dlb_error *err)
{
	const uint8_t *cell = dlb_node_head_cell(n, letter);

	if (!cell ||
		dlb_head_reopen(head, n->aead[0], cell, letter->box3_key,
			letter->box3_offset, letter->transcript, NULL) != DLB_OK)
		return dlb_fail(err, DLB_PARTLY,
			"the first cell of letter %lld is not here whole any more; "
			"meet a stick that carries it",
			(long long)letter->number);
	return DLB_OK;
}

static enum dlb_status
missing(const struct dlb_in_letter *letter, uint32_t at, struct dlb_error *err)
{
	return dlb_fail(err, DLB_PARTLY,
		"letter %lld is not whole: %u of %u cells are here, cell %u is "
		"missing; meet more boxes (dlb meet) and read it again",
		(long long)letter->number, letter->have, letter->stripe.cells, at);
}

enum dlb_status
dlb_node_content(struct dlb_node *n, const struct dlb_in_letter *letter,
	bool (*fn)(void *ctx, const uint8_t *data, size_t len,
		struct dlb_error *err),
	void *ctx, const struct dlb_progress *progress, struct dlb_error *err)
{
	struct reading *r = calloc(1, sizeof(*r));
	struct dlb_opened *head = calloc(1, sizeof(*head));
	uint64_t left = letter->stripe.stripe_len;
	enum dlb_status st = DLB_OK;

	if (r)
		r->plain = malloc((size_t)DLB_BATCH * DLB_BULK_CONTENT_LEN);
	if (!r || !head || !r->plain) {
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		goto out;
	}
	st = reopen_head(n, letter, head, err);
	if (st != DLB_OK)
		goto out;
	r->n = n;
	r->stripe = &head->stripe;
	left -= head->stripe.inline_len;
	if (!fn(ctx, head->content, head->stripe.inline_len, err))
		goto out;
	for (r->first = 1; left > 0; r->first += DLB_BATCH) {
		uint64_t cells = (left + DLB_BULK_CONTENT_LEN - 1) /
			DLB_BULK_CONTENT_LEN;
		size_t part = cells < DLB_BATCH ? (size_t)cells : DLB_BATCH;

		dlb_pool_run(part, open_piece, r);
		for (size_t i = 0; i < part; i++) {
			if (r->pieces[i].st != DLB_OK || r->pieces[i].len > left) {
				st = missing(letter, r->first + (uint32_t)i, err);
				goto out;
			}
			left -= r->pieces[i].len;
			if (!fn(ctx, r->plain + i * DLB_BULK_CONTENT_LEN,
				    r->pieces[i].len, err))
				goto out;
		}
		if (!dlb_progress_step(progress, "opening",
			    letter->stripe.stripe_len - left,
			    letter->stripe.stripe_len)) {
			st = dlb_fail(err, DLB_CANCELLED,
				"interrupted; nothing was written");
			goto out;
		}
	}
out:
	if (r && r->plain)
		dlb_wipe(r->plain, (size_t)DLB_BATCH * DLB_BULK_CONTENT_LEN);
	if (r)
		free(r->plain);
	if (head)
		dlb_wipe(head, sizeof(*head));
	free(head);
	free(r);
	return st;
}
