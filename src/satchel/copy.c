/*
 * All that one satchel holds into another one, which has room for it. Tokens come last:
 * while they count, cells are refused that lie in the old one all the same.
 */
#include "satchel_internal.h"

#include <stdlib.h>
#include <string.h>

#define AT_ONCE 256
/* Cells that share the syncs: 64 MiB. */
#define COMMIT_CELLS 1024

struct copying {
	struct dlb_satchel *to, *from;
	uint8_t *cells; /* AT_ONCE of them */
	size_t n;
	uint32_t numbers[AT_ONCE];
	struct dlb_satchel_item items[AT_ONCE];
	enum dlb_status read[AT_ONCE];
	struct dlb_error errors[AT_ONCE];
	uint32_t uncommitted;
};

static void
read_one(void *ctx, size_t i, unsigned worker)
{
	struct copying *c = ctx;
	const struct dlb_record *r = &c->from->index.records[c->numbers[i]];
	struct dlb_satchel_item *item = &c->items[i];
	uint8_t *cell = c->cells + i * DLB_SATCHEL_CELL_LEN;

	memset(item, 0, sizeof(*item));
	item->cell = cell;
	item->flags = r->flags & DLB_REC_PUBLIC;
	item->copies = r->copies;
	item->searched = r->searched;
	item->arrived_week = r->arrived_week;
	item->origin = r->origin;
	c->read[i] = dlb_satchel_get(c->from, c->numbers[i], cell, item->core,
		item->name, c->from->workers[worker].aead, true, &c->errors[i]);
}

/* Without those that are damaged. */
static enum dlb_status
keep_sound(struct copying *c, uint32_t *damaged, struct dlb_error *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (c->read[i] == DLB_OK) {
			c->items[kept++] = c->items[i];
		} else if (c->read[i] == DLB_CORRUPT) {
			++*damaged;
		} else {
			if (err)
				*err = c->errors[i];
			return c->read[i];
		}
	}
	c->n = kept;
	return DLB_OK;
}

static enum dlb_status
copy_some(struct copying *c, uint32_t *damaged, struct dlb_error *err)
{
	enum dlb_status st;

	dlb_pool_run(c->n, read_one, c);
	st = keep_sound(c, damaged, err);
	if (st == DLB_OK)
		st = dlb_satchel_add(c->to, c->items, c->n, 0, err);
	for (size_t i = 0; st == DLB_OK && i < c->n; i++)
		if (c->items[i].result != DLB_OK)
			st = dlb_fail(err, DLB_FULL,
				"a cell found no room in the new satchel");
	c->uncommitted += (uint32_t)c->n;
	if (st == DLB_OK && c->uncommitted >= COMMIT_CELLS) {
		st = dlb_satchel_commit(c->to, err);
		c->uncommitted = 0;
	}
	return st;
}

static enum dlb_status
copy_cells(struct copying *c, uint32_t *damaged,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	uint64_t done = 0, total = c->from->index.cells;
	enum dlb_status st = DLB_OK;
	struct dlb_entry e;
	uint32_t at = 0;

	do {
		for (c->n = 0; c->n < AT_ONCE
			&& dlb_satchel_next(
				c->from, at, DLB_SHOWN | DLB_HELD, &e);
			at = e.number + 1)
			c->numbers[c->n++] = e.number;
		if (c->n == 0)
			break;
		done += c->n;
		st = copy_some(c, damaged, err);
		if (st == DLB_OK
			&& !dlb_progress_step(progress, "carrying cells over",
				done * DLB_SATCHEL_CELL_LEN,
				total * DLB_SATCHEL_CELL_LEN))
			st = dlb_fail(err, DLB_CANCELLED, "interrupted");
	} while (st == DLB_OK);
	return st == DLB_OK ? dlb_satchel_commit(c->to, err) : st;
}

struct tokens {
	size_t n;
	struct dlb_edit edits[AT_ONCE];
	struct dlb_entry_plain entries[AT_ONCE];
	uint32_t places[AT_ONCE];
};

static enum dlb_status
add_token(struct tokens *t, struct copying *c, uint32_t number,
	struct dlb_error *err)
{
	struct dlb_entry_plain *e = &t->entries[t->n];
	uint32_t place;
	enum dlb_status st = dlb_table_entry(
		c->from, e, number, c->from->workers[0].aead, err);

	if (st != DLB_OK)
		return st == DLB_CORRUPT ? DLB_OK : st;
	place = dlb_index_pick(&c->to->index, DLB_GROUP_FREE, c->to->env);
	if (place == DLB_NO_ENTRY)
		return DLB_OK;
	dlb_index_pin(&c->to->index, place, true);
	dlb_edit_seal(c->to, &t->edits[t->n], place, e);
	t->places[t->n++] = place;
	return DLB_OK;
}

static enum dlb_status
commit_tokens(struct tokens *t, struct copying *c, struct dlb_error *err)
{
	struct dlb_index *ix = &c->to->index;
	enum dlb_status st = dlb_table_commit(c->to, t->edits, t->n, err);

	for (size_t i = 0; st == DLB_OK && i < t->n; i++) {
		dlb_record_set(&ix->records[t->places[i]], &t->entries[i]);
		dlb_index_add(ix, t->places[i]);
	}
	t->n = 0;
	return st;
}

/* As many as there may be. */
static enum dlb_status
copy_tokens(struct copying *c, struct dlb_error *err)
{
	const struct dlb_index *ix = &c->from->index;
	uint32_t left = c->to->layout.entries - c->to->layout.slots;
	struct tokens *t = calloc(1, sizeof(*t));
	enum dlb_status st = DLB_OK;

	if (!t)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (uint32_t i = 0; st == DLB_OK && left > 0 && i < ix->entries; i++) {
		if (!(ix->records[i].flags & DLB_REC_TOKEN))
			continue;
		left--;
		st = add_token(t, c, i, err);
		if (st == DLB_OK && t->n == AT_ONCE)
			st = commit_tokens(t, c, err);
	}
	if (st == DLB_OK && t->n > 0)
		st = commit_tokens(t, c, err);
	dlb_wipe(t, sizeof(*t));
	free(t);
	return st;
}

enum dlb_status
dlb_satchel_copy(struct dlb_satchel *to, struct dlb_satchel *from,
	uint32_t *damaged, const struct dlb_progress *progress,
	struct dlb_error *err)
{
	struct copying *c = calloc(1, sizeof(*c));
	enum dlb_status st = dlb_satchel_commit(from, err);

	*damaged = 0;
	if (st != DLB_OK)
		goto out;
	if (c)
		c->cells = malloc((size_t)AT_ONCE * DLB_SATCHEL_CELL_LEN);
	if (!c || !c->cells) {
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		goto out;
	}
	c->to = to;
	c->from = from;
	st = copy_cells(c, damaged, progress, err);
	if (st == DLB_OK)
		st = copy_tokens(c, err);
out:
	if (c)
		free(c->cells);
	free(c);
	return st;
}
