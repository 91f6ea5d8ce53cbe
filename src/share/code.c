/*
 * The blocks of a letter's content, and the erasure code over their columns.
 * docs/cell.md, sections 11.1 and 11.2.
 *
 * Invariants: a block is what the cells of one index carry, so that memory does not
 * grow with the letter; the matrix is Cauchy's, of which every square part has an
 * inverse.
 */
#include "share.h"

#include <isa-l/erasure_code.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_LEN 32 /* of ISA-L, for one factor */

struct dlb_code {
	unsigned k, n;
	uint8_t *matrix; /* n rows of k */
	uint8_t *parity; /* tables of its last n - k rows */
	uint8_t *data;   /* tables of rows that give data back, k at most */
	uint8_t *chosen, *inverse;        /* k rows of k each */
	uint8_t numbers[DLB_STRIPES_MAX]; /* that `data` was made for */
	bool known;
};

void
dlb_block_range(const struct dlb_stripe *stripe, uint32_t index,
	uint64_t *offset, size_t *len, size_t *width)
{
	uint64_t at = 0, all;

	*width = stripe->inline_len;
	if (index > 0)
		dlb_stripe_range(stripe, index, &at, width);
	*offset = at * stripe->k;
	if (*offset > stripe->content_len)
		*offset = stripe->content_len;
	all = (uint64_t)*width * stripe->k;
	*len = (size_t)(all < stripe->content_len - *offset
			? all
			: stripe->content_len - *offset);
}

enum dlb_status
dlb_code_new(
	struct dlb_code **out, unsigned k, unsigned n, struct dlb_error *err)
{
	struct dlb_code *c;

	if (k < 1 || k > n || n > DLB_STRIPES_MAX)
		return dlb_fail(err, DLB_USAGE,
			"any %u of %u stripes can not be: 1 to %u of at most %d",
			k, n, n, DLB_STRIPES_MAX);
	c = calloc(1, sizeof(*c));
	if (!c)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	c->k = k;
	c->n = n;
	c->matrix = malloc((size_t)n * k);
	c->parity = malloc((size_t)(n - k) * k * TABLE_LEN + 1);
	c->data = malloc((size_t)k * k * TABLE_LEN);
	c->chosen = malloc((size_t)k * k);
	c->inverse = malloc((size_t)k * k);
	if (!c->matrix || !c->parity || !c->data || !c->chosen || !c->inverse) {
		dlb_code_free(c);
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	gf_gen_cauchy1_matrix(c->matrix, (int)n, (int)k);
	if (n > k)
		ec_init_tables((int)k, (int)(n - k), c->matrix + (size_t)k * k,
			c->parity);
	*out = c;
	return DLB_OK;
}

void
dlb_code_free(struct dlb_code *c)
{
	if (!c)
		return;
	free(c->matrix);
	free(c->parity);
	free(c->data);
	free(c->chosen);
	free(c->inverse);
	free(c);
}

/* ISA-L takes what it only reads as if it could be written. */
static void
multiply(unsigned k, unsigned rows, uint8_t *tables, uint8_t *const *out,
	const uint8_t *const *in, size_t len)
{
	uint8_t *from[DLB_STRIPES_MAX], *to[DLB_STRIPES_MAX];

	for (unsigned i = 0; i < k; i++)
		memcpy(&from[i], &in[i], sizeof(from[i]));
	for (unsigned i = 0; i < rows; i++)
		to[i] = out[i];
	ec_encode_data((int)len, (int)k, (int)rows, tables, from, to);
}

void
dlb_code_parity(struct dlb_code *c, uint8_t *const *parity,
	const uint8_t *const *data, size_t len)
{
	if (c->n > c->k && len > 0)
		multiply(c->k, c->n - c->k, c->parity, parity, data, len);
}

/* Tables for the data that is not among the columns of these numbers. */
static enum dlb_status
prepare(struct dlb_code *c, const uint8_t *numbers)
{
	unsigned k = c->k, rows = 0;

	if (c->known && memcmp(c->numbers, numbers, k) == 0)
		return DLB_OK;
	c->known = false;
	for (unsigned i = 0; i < k; i++) {
		if (numbers[i] >= c->n
			|| (i > 0 && numbers[i] <= numbers[i - 1]))
			return DLB_MALFORMED;
		memcpy(c->chosen + (size_t)i * k,
			c->matrix + (size_t)numbers[i] * k, k);
	}
	if (gf_invert_matrix(c->chosen, c->inverse, (int)k) != 0)
		return DLB_FAILED;
	/* `chosen` was used up: its place takes the rows that are needed. */
	for (unsigned i = 0, at = 0; i < k; i++) {
		while (at < k && numbers[at] < i)
			at++;
		if (at < k && numbers[at] == i)
			continue;
		memcpy(c->chosen + (size_t)rows++ * k,
			c->inverse + (size_t)i * k, k);
	}
	if (rows > 0)
		ec_init_tables((int)k, (int)rows, c->chosen, c->data);
	memcpy(c->numbers, numbers, k);
	c->known = true;
	return DLB_OK;
}

enum dlb_status
dlb_code_data(struct dlb_code *c, uint8_t *const *data, const uint8_t *numbers,
	const uint8_t *const *columns, size_t len)
{
	uint8_t *missing[DLB_STRIPES_MAX];
	unsigned rows = 0;
	enum dlb_status st = prepare(c, numbers);

	if (st != DLB_OK || len == 0)
		return st;
	for (unsigned i = 0, at = 0; i < c->k; i++) {
		while (at < c->k && numbers[at] < i)
			at++;
		if (at < c->k && numbers[at] == i)
			memcpy(data[i], columns[at], len);
		else
			missing[rows++] = data[i];
	}
	if (rows > 0)
		multiply(c->k, rows, c->data, missing, columns, len);
	return DLB_OK;
}
