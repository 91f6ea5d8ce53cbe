/*
 * seal: turns content into cells that lie in the home satchel, a batch at a time:
 * sealed in parallel, named, stored with three syncs. Cells of many small letters
 * share a batch.
 *
 * What was stored and is not wanted after all is taken back by dlb_sealer_undo; a
 * crash in between leaves cells that no letter knows, which the next opening of
 * the home drops (home.c).
 */
#include "node_internal.h"

#include <stdlib.h>
#include <string.h>

struct job {
	struct dlb_sealing *sealing;
	uint32_t index;
	size_t len;
	enum dlb_status st;
};

struct dlb_sealer {
	struct dlb_node *n;
	const struct dlb_seal_to *to;
	const struct dlb_seal_from *from;
	uint8_t flags;
	uint8_t *content; /* DLB_BATCH places */
	struct job jobs[DLB_BATCH];
	struct dlb_satchel_item items[DLB_BATCH];
	size_t jobs_n;
	uint32_t *numbers;
	size_t numbers_n, numbers_cap;
	struct dlb_error err; /* of the first job that failed */
};

enum dlb_status
dlb_sealer_new(struct dlb_sealer **out, struct dlb_node *n,
	const struct dlb_seal_to *to, const struct dlb_seal_from *from,
	uint8_t flags, struct dlb_error *err)
{
	struct dlb_sealer *s = calloc(1, sizeof(*s));

	if (s)
		s->content = malloc((size_t)DLB_BATCH * DLB_BULK_CONTENT_LEN);
	if (!s || !s->content) {
		free(s);
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	s->n = n;
	s->to = to;
	s->from = from;
	s->flags = flags;
	*out = s;
	return DLB_OK;
}

void
dlb_sealer_free(struct dlb_sealer *s)
{
	if (!s)
		return;
	dlb_wipe(s->content, (size_t)DLB_BATCH * DLB_BULK_CONTENT_LEN);
	free(s->content);
	free(s->numbers);
	free(s);
}

static uint8_t *
content_at(struct dlb_sealer *s, size_t i)
{
	return s->content + i * DLB_BULK_CONTENT_LEN;
}

uint8_t *
dlb_sealer_content(struct dlb_sealer *s)
{
	return content_at(s, s->jobs_n);
}

static void
seal_one(void *ctx, size_t i, unsigned worker)
{
	struct dlb_sealer *s = ctx;
	struct job *job = &s->jobs[i];
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
			job->len ? content_at(s, i) : NULL, job->len, s->n->env);
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
		size_t cap = s->numbers_cap ? 2 * s->numbers_cap : DLB_BATCH;
		uint32_t *p = realloc(s->numbers, cap * sizeof(*p));

		if (!p)
			return DLB_NO_MEMORY;
		s->numbers = p;
		s->numbers_cap = cap;
	}
	s->numbers[s->numbers_n++] = number;
	return DLB_OK;
}

enum dlb_status
dlb_sealer_flush(struct dlb_sealer *s, struct dlb_error *err)
{
	size_t jobs_n = s->jobs_n;
	enum dlb_status st;

	if (jobs_n == 0)
		return DLB_OK;
	s->jobs_n = 0;
	dlb_pool_run(jobs_n, seal_one, s);
	for (size_t i = 0; i < jobs_n; i++)
		if (s->jobs[i].st != DLB_OK)
			return dlb_fail(err, s->jobs[i].st,
				"could not seal a cell: a key of the card %s",
				dlb_status_text(s->jobs[i].st));
	st = dlb_satchel_put(
		s->n->satchel, s->items, jobs_n, s->n->clock.trusted_week, err);
	for (size_t i = 0; i < jobs_n; i++) {
		struct dlb_sealing *sealing = s->jobs[i].sealing;
		const struct dlb_satchel_item *item = &s->items[i];

		if (st == DLB_OK && item->result != DLB_OK)
			st = dlb_fail(err, item->result,
				"a cell could not be stored in the home satchel: %s",
				dlb_status_text(item->result));
		if (item->result != DLB_OK)
			continue;
		if (remember(s, item->number) != DLB_OK && st == DLB_OK)
			st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		memcpy(sealing->names.data +
				(size_t)s->jobs[i].index * DLB_NAME_LEN,
			item->name, DLB_NAME_LEN);
		sealing->stored++;
	}
	return st;
}

enum dlb_status
dlb_sealer_add(struct dlb_sealer *s, struct dlb_sealing *sealing,
	uint32_t index, size_t len, struct dlb_error *err)
{
	size_t want = ((size_t)index + 1) * DLB_NAME_LEN;
	struct dlb_buf *names = &sealing->names;

	if (names->len < want) {
		if (dlb_buf_reserve(names, want > 2 * names->len
				    ? want
				    : 2 * names->len) != DLB_OK)
			return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		names->len = want;
	}
	s->jobs[s->jobs_n++] = (struct job){sealing, index, len, DLB_OK};
	return s->jobs_n == DLB_BATCH ? dlb_sealer_flush(s, err) : DLB_OK;
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
