/*
 * Peeling: the symbols of one set less those of another are the symbols of what
 * differs; one that holds a single id gives it away, the id is taken from all others
 * that it is part of, and so on until all are zero.
 *
 * A symbol holds the single id x if x, the sum of ids, has the sum of checks as its
 * check and is part of this symbol. Which end has x is not said: it is ours if it is
 * in our set. So whatever comes, theirs is never an id of ours, ours never one that
 * is not; and there are no counts to lie about.
 *
 * A symbol that has become zero has none but ids that were found, so it is closed:
 * nothing can be taken from it any more. Where that would happen, the symbols are
 * those of no set. Each id found closes the symbol it was found in, therefore:
 * not more ids than symbols are found, none twice, and peeling ends.
 *
 * Invariants: symbols [0, heard) of the set's are differences, with all that was
 * found taken out; a symbol that is not closed and was touched since it was looked at
 * is in the queue, once; `open` of them are not closed; each id found waits for the
 * first of its symbols that was not heard yet, in the list of that symbol or, from
 * cap on, in `beyond`. So a batch costs what is in it, however much was found.
 */
#include "reconcile_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Own symbols are made so many ahead of those that came, at most: a peer can not
 * have many made with few bytes. */
#define AHEAD_MIN 128
#define AHEAD_FACTOR 4

void
dlb_recon_decoder_init(struct dlb_recon_decoder *d, struct dlb_recon_set *s,
	size_t limit, size_t peer_n)
{
	memset(d, 0, sizeof(*d));
	d->set = s;
	d->limit =
		limit < DLB_RECON_SYMBOLS_MAX ? limit : DLB_RECON_SYMBOLS_MAX;
	d->peer_n = peer_n;
}

void
dlb_recon_decoder_free(struct dlb_recon_decoder *d)
{
	free(d->queue);
	free(d->waiting);
	free(d->found);
	memset(d, 0, sizeof(*d));
}

size_t
dlb_recon_memory(size_t n, size_t symbols, bool decoder)
{
	size_t a_symbol = sizeof(struct dlb_recon_symbol);

	if (decoder)
		a_symbol +=
			2 * sizeof(uint32_t) + sizeof(struct dlb_recon_found);
	return n * sizeof(uint32_t) + symbols * a_symbol;
}

/* Puts what was found, number k, where it waits for its next symbol. */
static void
wait_for(struct dlb_recon_decoder *d, uint32_t k)
{
	struct dlb_recon_found *f = &d->found[k];
	uint32_t *list = f->next < d->cap ? &d->waiting[f->next] : &d->beyond;

	f->link = *list;
	*list = k + 1;
}

static enum dlb_status
set_cap(struct dlb_recon_decoder *d, size_t cap)
{
	uint32_t *queue, *waiting, k;
	struct dlb_recon_found *found;

	queue = realloc(d->queue, cap * sizeof(*queue));
	if (!queue)
		return DLB_NO_MEMORY;
	d->queue = queue;
	waiting = realloc(d->waiting, cap * sizeof(*waiting));
	if (!waiting)
		return DLB_NO_MEMORY;
	d->waiting = waiting;
	found = realloc(d->found, cap * sizeof(*found));
	if (!found)
		return DLB_NO_MEMORY;
	d->found = found;
	memset(waiting + d->cap, 0, (cap - d->cap) * sizeof(*waiting));
	d->cap = cap;
	k = d->beyond;
	d->beyond = 0;
	while (k > 0) {
		uint32_t after = found[k - 1].link;

		wait_for(d, k - 1);
		k = after;
	}
	return DLB_OK;
}

/* Room for what `heard` symbols can bring: nothing is allocated while peeling. */
static enum dlb_status
reserve(struct dlb_recon_decoder *d, size_t heard)
{
	size_t cap = d->heard * AHEAD_FACTOR;
	enum dlb_status status = DLB_OK;

	if (cap < AHEAD_MIN)
		cap = AHEAD_MIN;
	if (cap < heard)
		cap = heard;
	if (cap > d->limit)
		cap = d->limit;
	if (heard > d->cap)
		status = set_cap(d, cap);
	if (status == DLB_OK && heard > d->set->made)
		status = dlb_recon_grow(d->set, cap);
	return status;
}

static void
enqueue(struct dlb_recon_decoder *d, uint32_t i)
{
	struct dlb_recon_symbol *symbol = &d->set->symbols[i];
	size_t at = d->queue_at + d->queue_n;

	if (symbol->state & DLB_RECON_QUEUED)
		return;
	symbol->state |= DLB_RECON_QUEUED;
	d->queue[at < d->cap ? at : at - d->cap] = i;
	d->queue_n++;
}

static uint32_t
dequeue(struct dlb_recon_decoder *d)
{
	uint32_t i = d->queue[d->queue_at];

	d->queue_at = d->queue_at + 1 < d->cap ? d->queue_at + 1 : 0;
	d->queue_n--;
	d->set->symbols[i].state &= ~(uint32_t)DLB_RECON_QUEUED;
	return i;
}

/* Out of all symbols heard from its next on. */
static enum dlb_status
take_out(struct dlb_recon_decoder *d, struct dlb_recon_found *f, uint64_t hash)
{
	for (; f->next < d->heard; f->next = dlb_recon_next(hash, f->next)) {
		struct dlb_recon_symbol *symbol = &d->set->symbols[f->next];

		if (dlb_recon_closed(symbol))
			return DLB_FORGED;
		symbol->ids ^= f->id;
		symbol->checks ^= (uint32_t)hash;
		enqueue(d, f->next);
	}
	return DLB_OK;
}

static bool
is_part_of(uint64_t hash, uint32_t i)
{
	uint32_t at = 0;

	while (at < i)
		at = dlb_recon_next(hash, at);
	return at == i;
}

static uint32_t
find(const struct dlb_recon_set *s, uint64_t id)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->n && s->ids[low] == id ? (uint32_t)low
					       : DLB_RECON_THEIRS;
}

static void
close_symbol(struct dlb_recon_decoder *d, struct dlb_recon_symbol *symbol)
{
	symbol->state |= DLB_RECON_CLOSED;
	d->open--;
}

static enum dlb_status
look_at(struct dlb_recon_decoder *d, uint32_t i)
{
	struct dlb_recon_symbol *symbol = &d->set->symbols[i];
	struct dlb_recon_found found = {.id = symbol->ids};
	enum dlb_status status;
	uint64_t hash;

	if (dlb_recon_closed(symbol))
		return DLB_OK;
	if (symbol->ids == 0 && symbol->checks == 0) {
		close_symbol(d, symbol);
		return DLB_OK;
	}
	hash = dlb_recon_hash(d->set, found.id);
	if ((uint32_t)hash != symbol->checks || !is_part_of(hash, i))
		return DLB_OK;
	status = take_out(d, &found, hash);
	if (status != DLB_OK)
		return status;
	close_symbol(d, symbol);
	d->found[d->found_n] = found;
	wait_for(d, (uint32_t)d->found_n++);
	return DLB_OK;
}

/* Theirs first, each kind ascending. */
static int
compare_found(const void *a, const void *b)
{
	const struct dlb_recon_found *x = a, *y = b;
	bool x_theirs = x->at == DLB_RECON_THEIRS;
	bool y_theirs = y->at == DLB_RECON_THEIRS;

	if (x_theirs != y_theirs)
		return x_theirs ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static enum dlb_status
finish(struct dlb_recon_decoder *d)
{
	size_t ours_n;

	for (size_t k = 0; k < d->found_n; k++) {
		d->found[k].at = find(d->set, d->found[k].id);
		d->theirs_n += d->found[k].at == DLB_RECON_THEIRS;
	}
	ours_n = d->found_n - d->theirs_n;
	if (d->peer_n != DLB_RECON_UNKNOWN
		&& d->set->n - ours_n + d->theirs_n != d->peer_n)
		return DLB_FORGED;
	if (d->found_n > 0)
		qsort(d->found, d->found_n, sizeof(*d->found), compare_found);
	d->done = true;
	return DLB_OK;
}

/* Symbols [heard, heard + n) become differences, without what was found. */
static enum dlb_status
hear(struct dlb_recon_decoder *d, const uint8_t *bytes, size_t n)
{
	size_t from = d->heard;
	struct dlb_reader r;

	dlb_reader_init(&r, bytes, n * DLB_RECON_SYMBOL_LEN);
	d->heard += n;
	d->open += n;
	for (size_t i = from; i < d->heard; i++) {
		d->set->symbols[i].ids ^= dlb_read_u64(&r);
		d->set->symbols[i].checks ^= dlb_read_u32(&r);
		enqueue(d, (uint32_t)i);
	}
	for (size_t i = from; i < d->heard; i++) {
		uint32_t k = d->waiting[i];

		while (k > 0) {
			struct dlb_recon_found *f = &d->found[k - 1];
			uint32_t after = f->link;
			enum dlb_status status =
				take_out(d, f, dlb_recon_hash(d->set, f->id));

			if (status != DLB_OK)
				return status;
			wait_for(d, k - 1);
			k = after;
		}
	}
	return DLB_OK;
}

static enum dlb_status
add(struct dlb_recon_decoder *d, const uint8_t *symbols, size_t n)
{
	enum dlb_status status;

	if (n > d->limit - d->heard)
		return DLB_LIMIT;
	if (d->done || n == 0) {
		d->heard += n;
		return DLB_OK;
	}
	status = reserve(d, d->heard + n);
	if (status == DLB_OK)
		status = hear(d, symbols, n);
	while (status == DLB_OK && d->queue_n > 0)
		status = look_at(d, dequeue(d));
	if (status == DLB_OK && d->open == 0)
		status = finish(d);
	return status;
}

enum dlb_status
dlb_recon_add(struct dlb_recon_decoder *d, const uint8_t *symbols, size_t n)
{
	if (d->failed != DLB_OK)
		return d->failed;
	d->failed = add(d, symbols, n);
	if (d->failed != DLB_OK)
		d->done = false;
	return d->failed;
}

bool
dlb_recon_done(const struct dlb_recon_decoder *d)
{
	return d->done;
}

size_t
dlb_recon_theirs_n(const struct dlb_recon_decoder *d)
{
	return d->done ? d->theirs_n : 0;
}

uint64_t
dlb_recon_theirs(const struct dlb_recon_decoder *d, size_t i)
{
	assert(i < dlb_recon_theirs_n(d));
	return d->found[i].id;
}

size_t
dlb_recon_ours_n(const struct dlb_recon_decoder *d)
{
	return d->done ? d->found_n - d->theirs_n : 0;
}

uint32_t
dlb_recon_ours(const struct dlb_recon_decoder *d, size_t i)
{
	assert(i < dlb_recon_ours_n(d));
	return d->found[d->theirs_n + i].at;
}
