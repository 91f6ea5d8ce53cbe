/*
 * content of a letter that is split: block by block, each of the cells of one index
 * of any stripes of which enough are here. docs/cell.md, section 11.
 *
 * Invariants: memory is that of PIECES cells, or of one block; a cell is verified
 * before a byte of it is used, and a threshold's content before it counts as whole.
 */
#include "node_internal.h"
#include "share.h"

#include <stdlib.h>
#include <string.h>

#define PIECES 64

struct split_reading {
	struct dlb_node *n;
	const struct dlb_in_letter *letter;
	const struct dlb_stripe *stripe; /* of any: the layout */
	struct dlb_stripe_set set;
	struct dlb_code *code;
	struct dlb_digest digest;
	unsigned k;
	uint32_t first, blocks; /* that are opened at once */
	uint8_t *columns;       /* k of each block */
	uint8_t *got;  /* numbers of the rows they are from; 0xff: none */
	uint8_t *data; /* k columns */
	size_t columns_len, data_len;
	bool (*fn)(void *ctx, const uint8_t *data, size_t len,
		struct dlb_error *err);
	void *ctx;
	bool stopped; /* fn wants no more */
};

#define NO_ROW 0xff

static bool
open_head(struct split_reading *r, size_t row, uint8_t *out, unsigned worker)
{
	const struct dlb_in_letter *l = &r->set.rows[row];
	const uint8_t *cell = dlb_node_head_cell(r->n, l, worker);
	struct dlb_opened *o = cell ? calloc(1, sizeof(*o)) : NULL;
	bool good = o
		&& dlb_head_reopen(o, r->n->aead[worker], cell, l->box3_key,
			   l->box3_offset, l->transcript, NULL)
			== DLB_OK;

	if (good && o->stripe.inline_len)
		memcpy(out, o->content, o->stripe.inline_len);
	if (o)
		dlb_wipe(o, sizeof(*o));
	free(o);
	return good;
}

static bool
open_bulk(struct split_reading *r, size_t row, uint32_t index, uint8_t *out,
	unsigned worker)
{
	const struct dlb_stripe *stripe = &r->set.rows[row].stripe;
	struct dlb_satchel *home = r->n->satchel;
	uint32_t number = DLB_NO_ENTRY;
	uint8_t handle[DLB_HANDLE_LEN];
	uint8_t *cell = dlb_node_scratch(r->n, worker);
	size_t len;

	dlb_stripe_handle(handle, stripe->stripe_key, index);
	while ((number = dlb_satchel_find_handle(home, handle, number))
		!= DLB_NO_ENTRY)
		if (dlb_satchel_get(home, number, cell, NULL, NULL,
			    r->n->aead[worker], false, NULL)
				== DLB_OK
			&& dlb_bulk_open(out, &len, r->n->aead[worker], cell,
				   stripe, index)
				== DLB_OK)
			return true;
	return false;
}

static uint8_t *
column_at(const struct split_reading *r, size_t i)
{
	return r->columns + i * DLB_BULK_CONTENT_LEN;
}

static bool
open_row(struct split_reading *r, size_t row, size_t i, unsigned worker)
{
	uint32_t index = r->first + (uint32_t)(i / r->k);
	uint8_t *out = column_at(r, i);

	return index == 0 ? open_head(r, row, out, worker)
			  : open_bulk(r, row, index, out, worker);
}

/* Of the first k rows. */
static void
open_column(void *ctx, size_t i, unsigned worker)
{
	struct split_reading *r = ctx;
	size_t row = i % r->k;

	r->got[i] = open_row(r, row, i, worker) ? (uint8_t)row : NO_ROW;
}

/* Other rows in the place of those that did not open. */
static bool
fill_up(struct split_reading *r, size_t block)
{
	size_t at = block * r->k, row = r->k;

	for (size_t i = at; i < at + r->k; i++)
		for (; r->got[i] == NO_ROW; row++) {
			if (row == r->set.n)
				return false;
			if (open_row(r, row, i, 0))
				r->got[i] = (uint8_t)row;
		}
	return true;
}

/* Rows are in order of their numbers, columns have to be. */
static void
order(const struct split_reading *r, size_t block, uint8_t *numbers,
	const uint8_t **columns)
{
	for (unsigned i = 0; i < r->k; i++) {
		uint8_t row = r->got[block * r->k + i];
		unsigned at = i;

		for (; at > 0 && numbers[at - 1] > row; at--) {
			numbers[at] = numbers[at - 1];
			columns[at] = columns[at - 1];
		}
		numbers[at] = row;
		columns[at] = column_at(r, block * r->k + i);
	}
	for (unsigned i = 0; i < r->k; i++)
		numbers[i] = r->set.rows[numbers[i]].stripe.number;
}

static enum dlb_status
missing(const struct split_reading *r, uint32_t index, struct dlb_error *err)
{
	return dlb_fail(err, DLB_PARTLY,
		"letter %lld is not whole: fewer than %u of its stripes have "
		"cell %u; meet more boxes (dlb meet) and read it again",
		(long long)r->letter->number, r->k, index);
}

static enum dlb_status
take_block(struct split_reading *r, size_t block, struct dlb_error *err)
{
	const uint8_t *columns[DLB_STRIPES_MAX];
	uint8_t numbers[DLB_STRIPES_MAX], *data[DLB_STRIPES_MAX];
	uint32_t index = r->first + (uint32_t)block;
	uint64_t offset;
	size_t len, width;
	enum dlb_status st;

	if (!fill_up(r, block))
		return missing(r, index, err);
	dlb_block_range(r->stripe, index, &offset, &len, &width);
	order(r, block, numbers, columns);
	for (unsigned i = 0; i < r->k; i++)
		data[i] = r->data + i * width;
	st = dlb_code_data(r->code, data, numbers, columns, width);
	if (st != DLB_OK)
		return dlb_fail(err, st,
			"the stripes of letter %lld do not fit together",
			(long long)r->letter->number);
	if (r->stripe->mode == DLB_STRIPE_THRESHOLD)
		dlb_digest_update(&r->digest, r->data, len);
	r->stopped = len > 0 && !r->fn(r->ctx, r->data, len, err);
	return DLB_OK;
}

static enum dlb_status
check_content(struct split_reading *r, struct dlb_error *err)
{
	uint8_t content[DLB_HASH_LEN];

	if (r->stripe->mode != DLB_STRIPE_THRESHOLD || r->stopped)
		return DLB_OK;
	dlb_digest_final(&r->digest, content);
	return dlb_content_fits(r->stripe, r->stripe->letter_key, content)
		? DLB_OK
		: dlb_fail(err, DLB_FORGED,
			"letter %lld is not what its stripes commit to: ask its "
			"sender to send it again",
			(long long)r->letter->number);
}

/* The blocks that have content: the cells behind them are padding. */
static uint32_t
count_blocks(const struct dlb_stripe *s)
{
	uint64_t left = s->stripe_len - s->inline_len;

	return 1
		+ (uint32_t)((left + DLB_BULK_CONTENT_LEN - 1)
			/ DLB_BULK_CONTENT_LEN);
}

static enum dlb_status
read_blocks(struct split_reading *r, const struct dlb_progress *progress,
	struct dlb_error *err)
{
	uint32_t end = count_blocks(r->stripe);
	uint32_t most = r->k < PIECES ? PIECES / r->k : 1;
	enum dlb_status st = DLB_OK;

	for (; st == DLB_OK && r->first < end && !r->stopped;
		r->first += r->blocks) {
		r->blocks = end - r->first < most ? end - r->first : most;
		dlb_pool_run((size_t)r->blocks * r->k, open_column, r);
		for (size_t i = 0; st == DLB_OK && i < r->blocks && !r->stopped;
			i++)
			st = take_block(r, i, err);
		if (st == DLB_OK
			&& !dlb_progress_step(
				progress, "opening", r->first + r->blocks, end))
			st = dlb_fail(err, DLB_CANCELLED,
				"interrupted; nothing was written");
	}
	return st == DLB_OK ? check_content(r, err) : st;
}

static enum dlb_status
prepare(struct split_reading *r, struct dlb_error *err)
{
	size_t pieces = r->k < PIECES ? PIECES : r->k;
	enum dlb_status st = dlb_stripes_load(&r->set, r->n, r->letter, err);

	if (st != DLB_OK)
		return st;
	if (r->set.n < r->k)
		return missing(r, 0, err);
	if (!r->set.keyed)
		return dlb_fail(err, DLB_FORGED,
			"the shares of the key of letter %lld do not fit "
			"together: ask its sender to send it again",
			(long long)r->letter->number);
	r->stripe = &r->set.rows[0].stripe;
	dlb_digest_init(&r->digest, r->k);
	r->columns_len = pieces * DLB_BULK_CONTENT_LEN;
	r->data_len = (size_t)r->k * DLB_BULK_CONTENT_LEN;
	r->columns = malloc(r->columns_len);
	r->data = malloc(r->data_len);
	r->got = malloc(pieces);
	if (!r->columns || !r->data || !r->got)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	return dlb_code_new(&r->code, r->k, r->stripe->n, err);
}

enum dlb_status
dlb_node_content_stripes(struct dlb_node *n, const struct dlb_in_letter *letter,
	bool (*fn)(void *ctx, const uint8_t *data, size_t len,
		struct dlb_error *err),
	void *ctx, const struct dlb_progress *progress, struct dlb_error *err)
{
	struct split_reading r = {.n = n,
		.letter = letter,
		.k = letter->stripe.k,
		.fn = fn,
		.ctx = ctx};
	enum dlb_status st = prepare(&r, err);

	if (st == DLB_OK)
		st = read_blocks(&r, progress, err);
	if (r.columns)
		dlb_wipe(r.columns, r.columns_len);
	if (r.data)
		dlb_wipe(r.data, r.data_len);
	free(r.columns);
	free(r.data);
	free(r.got);
	dlb_code_free(r.code);
	dlb_stripes_free(&r.set);
	dlb_wipe(&r.digest, sizeof(r.digest));
	return st;
}
