/*
 * seal: turns content into cells that lie in the home satchel, a batch at a time:
 * sealed in parallel, named, written; many batches share what brings them onto the
 * medium. Cells of many small letters share a batch. While one batch is sealed by
 * the other cores, the caller fills the next.
 *
 * What was stored and is not wanted after all is taken back by dlb_sealer_undo; a
 * crash in between leaves cells that no letter knows, which the next opening of
 * the home drops (home.c).
 */
#include "node_internal.h"

#include <stdlib.h>
#include <string.h>

/* Few enough that what is sealed is still in a cache when it is written. */
#define AT_ONCE 64

_Static_assert(AT_ONCE <= DLB_BATCH, "they have the node's room for cells");

struct job {
	struct dlb_sealing *sealing;
	uint32_t index;
	size_t len;
	enum dlb_status st;
};

struct batch {
	struct dlb_sealer *sealer;
	uint8_t *content; /* AT_ONCE places */
	struct job jobs[AT_ONCE];
	size_t n;
	struct dlb_pool_task task;
};

struct dlb_sealer {
	struct dlb_node *n;
	const struct dlb_seal_to *to;
	const struct dlb_seal_from *from;
	uint8_t flags;
	uint8_t *content;
	struct batch batches[2];
	struct batch *filling;
	struct batch *sealing; /* NULL: none is */
	struct dlb_satchel_item items[AT_ONCE];
	size_t added; /* cells that wait for a commit */
	uint32_t *numbers;
	size_t numbers_n, numbers_cap;
};

/* ---- a letter ----------------------------------------------------------------- */

struct dlb_sealing *
dlb_sealing_new(struct dlb_node *n)
{
	struct dlb_sealing *l = calloc(1, sizeof(*l));
	struct dlb_stripe *t;

	if (!l)
		return NULL;
	t = &l->stripe;
	t->mode = DLB_STRIPE_WHOLE;
	t->k = 1;
	t->n = 1;
	dlb_random(n->env, t->letter_id, sizeof(t->letter_id));
	dlb_random(n->env, t->sealing_id, sizeof(t->sealing_id));
	dlb_random(n->env, t->stripe_key, sizeof(t->stripe_key));
	dlb_random(n->env, t->letter_key, sizeof(t->letter_key));
	dlb_random(n->env, t->recall_key, sizeof(t->recall_key));
	t->expiry_week = (uint16_t)(dlb_week_of(n->clock.now_ms)
		+ DLB_CELL_LIFETIME_WEEKS);
	return l;
}

void
dlb_sealing_free(struct dlb_sealing *l)
{
	while (l) {
		struct dlb_sealing *next = l->next;

		dlb_buf_free(&l->head);
		dlb_buf_free(&l->names);
		dlb_wipe(l, sizeof(*l));
		free(l);
		l = next;
	}
}

enum dlb_status
dlb_sealing_note(
	struct dlb_sealing *l, struct dlb_node *n, struct dlb_error *err)
{
	struct dlb_out_letter *row = &l->row;
	enum dlb_status st;

	memcpy(row->letter_id, l->stripe.letter_id, sizeof(row->letter_id));
	memcpy(row->sealing_id, l->stripe.sealing_id, sizeof(row->sealing_id));
	memcpy(row->recall_key, l->stripe.recall_key, sizeof(row->recall_key));
	row->state = DLB_OUT_WAITING;
	row->sealed_ms = n->clock.now_ms;
	row->expiry_week = l->stripe.expiry_week;
	row->content_len = l->stripe.content_len;
	row->cells = l->stripe.cells * l->stripe.n;
	row->need = l->stripe.k;
	row->stripes = l->stripe.n;
	row->threshold = l->stripe.mode == DLB_STRIPE_THRESHOLD;
	st = dlb_out_add(n->letterbox, row, err);
	for (; st == DLB_OK && l; l = l->next)
		st = dlb_out_cells_append(n->letterbox, row->number,
			l->names.data, l->stripe.cells, err);
	return st;
}

/* ---- many cells --------------------------------------------------------------- */

#define CONTENT_LEN ((size_t)AT_ONCE * DLB_BULK_CONTENT_LEN)

enum dlb_status
dlb_sealer_new(struct dlb_sealer **out, struct dlb_node *n,
	const struct dlb_seal_to *to, const struct dlb_seal_from *from,
	uint8_t flags, struct dlb_error *err)
{
	struct dlb_sealer *s = calloc(1, sizeof(*s));

	if (s)
		s->content = malloc(2 * CONTENT_LEN);
	if (!s || !s->content) {
		free(s);
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	s->n = n;
	s->to = to;
	s->from = from;
	s->flags = flags;
	for (size_t i = 0; i < 2; i++) {
		s->batches[i].sealer = s;
		s->batches[i].content = s->content + i * CONTENT_LEN;
	}
	s->filling = &s->batches[0];
	*out = s;
	return DLB_OK;
}

/* What is being sealed is not wanted. */
static void
abandon(struct dlb_sealer *s)
{
	if (s->sealing)
		dlb_pool_end(&s->sealing->task);
	s->sealing = NULL;
	s->batches[0].n = 0;
	s->batches[1].n = 0;
}

void
dlb_sealer_free(struct dlb_sealer *s)
{
	if (!s)
		return;
	abandon(s);
	dlb_wipe(s->content, 2 * CONTENT_LEN);
	free(s->content);
	free(s->numbers);
	free(s);
}

static uint8_t *
content_at(const struct batch *b, size_t i)
{
	return b->content + i * DLB_BULK_CONTENT_LEN;
}

uint8_t *
dlb_sealer_content(struct dlb_sealer *s)
{
	return content_at(s->filling, s->filling->n);
}

static void
seal_one(void *ctx, size_t i, unsigned worker)
{
	struct batch *b = ctx;
	struct dlb_sealer *s = b->sealer;
	struct job *job = &b->jobs[i];
	const struct dlb_stripe *stripe = &job->sealing->stripe;
	struct dlb_satchel_item *item = &s->items[i];
	struct dlb_aead *aead = s->n->aead[worker];
	uint8_t *cell = dlb_node_cell(s->n, i);

	job->st = DLB_OK;
	if (job->index == 0)
		job->st = dlb_head_seal(cell, aead, s->to, s->from, stripe,
			job->sealing->head.data, s->n->env, NULL);
	else
		dlb_bulk_seal(cell, aead, stripe, job->index,
			job->len ? content_at(b, i) : NULL, job->len,
			s->n->env);
	memset(item, 0, sizeof(*item));
	item->cell = cell;
	item->flags = s->flags;
	item->copies = dlb_copies_start(s->n->env);
	item->searched = dlb_letterbox_generation(s->n->letterbox);
	dlb_cell_name(item->core, item->name, cell);
}

static enum dlb_status
remember(struct dlb_sealer *s, uint32_t number)
{
	if (s->numbers_n == s->numbers_cap) {
		size_t cap = s->numbers_cap ? 2 * s->numbers_cap : AT_ONCE;
		uint32_t *p = realloc(s->numbers, cap * sizeof(*p));

		if (!p)
			return DLB_NO_MEMORY;
		s->numbers = p;
		s->numbers_cap = cap;
	}
	s->numbers[s->numbers_n++] = number;
	return DLB_OK;
}

static enum dlb_status
commit(struct dlb_sealer *s, struct dlb_error *err)
{
	s->added = 0;
	return dlb_satchel_commit(s->n->satchel, err);
}

/* Waits for the batch that is being sealed, and writes its cells. */
static enum dlb_status
store(struct dlb_sealer *s, struct dlb_error *err)
{
	struct batch *b = s->sealing;
	enum dlb_status st;

	if (!b)
		return DLB_OK;
	dlb_pool_end(&b->task);
	s->sealing = NULL;
	for (size_t i = 0; i < b->n; i++)
		if (b->jobs[i].st != DLB_OK)
			return dlb_fail(err, b->jobs[i].st,
				"could not seal a cell: a key of the card %s",
				dlb_status_text(b->jobs[i].st));
	st = dlb_satchel_add(
		s->n->satchel, s->items, b->n, s->n->clock.trusted_week, err);
	for (size_t i = 0; i < b->n; i++) {
		struct dlb_sealing *sealing = b->jobs[i].sealing;
		const struct dlb_satchel_item *item = &s->items[i];

		if (st == DLB_OK && item->result != DLB_OK)
			st = dlb_fail(err, item->result,
				"a cell could not be stored in the home satchel: %s",
				dlb_status_text(item->result));
		if (item->result != DLB_OK)
			continue;
		if (remember(s, item->number) != DLB_OK && st == DLB_OK)
			st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		memcpy(sealing->names.data
				+ (size_t)b->jobs[i].index * DLB_NAME_LEN,
			item->name, DLB_NAME_LEN);
		sealing->stored++;
	}
	s->added += b->n;
	b->n = 0;
	return st == DLB_OK && s->added >= DLB_COMMIT_CELLS ? commit(s, err)
							    : st;
}

/* The batch that was filled is sealed, and the other one filled. */
static enum dlb_status
seal(struct dlb_sealer *s, struct dlb_error *err)
{
	struct batch *b = s->filling;
	enum dlb_status st = store(s, err);

	if (st != DLB_OK || b->n == 0)
		return st;
	s->sealing = b;
	s->filling = b == &s->batches[0] ? &s->batches[1] : &s->batches[0];
	dlb_pool_begin(&b->task, b->n, seal_one, b);
	return DLB_OK;
}

enum dlb_status
dlb_sealer_wait(struct dlb_sealer *s, struct dlb_error *err)
{
	return store(s, err);
}

enum dlb_status
dlb_sealer_flush(struct dlb_sealer *s, struct dlb_error *err)
{
	enum dlb_status st = seal(s, err);

	if (st == DLB_OK)
		st = store(s, err);
	return st == DLB_OK ? commit(s, err) : st;
}

enum dlb_status
dlb_sealer_add(struct dlb_sealer *s, struct dlb_sealing *sealing,
	uint32_t index, size_t len, struct dlb_error *err)
{
	size_t want = ((size_t)index + 1) * DLB_NAME_LEN;
	struct dlb_buf *names = &sealing->names;
	struct batch *b = s->filling;

	if (names->len < want) {
		if (dlb_buf_reserve(names,
			    want > 2 * names->len ? want : 2 * names->len)
			!= DLB_OK)
			return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		names->len = want;
	}
	b->jobs[b->n++] = (struct job){sealing, index, len, DLB_OK};
	return b->n == AT_ONCE ? seal(s, err) : DLB_OK;
}

const uint32_t *
dlb_sealer_numbers(const struct dlb_sealer *s, size_t *n)
{
	*n = s->numbers_n;
	return s->numbers;
}

enum dlb_status
dlb_sealer_undo(struct dlb_sealer *s, struct dlb_error *err)
{
	struct dlb_satchel_change *changes;
	enum dlb_status st;

	abandon(s);
	changes = calloc(s->numbers_n + 1, sizeof(*changes));
	if (!changes)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < s->numbers_n; i++)
		changes[i].number = s->numbers[i];
	st = dlb_satchel_update(s->n->satchel, changes, s->numbers_n, err);
	if (st == DLB_OK)
		s->numbers_n = 0;
	free(changes);
	return st;
}
