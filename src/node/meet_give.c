/*
 * Giving cells of the home to a box, batch by batch; many batches share a commit: on
 * the other side and durable first, then this side's counters.
 */
#include "meet_internal.h"

#include <stdlib.h>
#include <string.h>

static int
by_number(const void *a, const void *b)
{
	const struct dlb_plan_cell *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

size_t
dlb_meet_keep_here(struct dlb_plan_move *moves, size_t n,
	const struct dlb_plan_cell *cells, size_t cells_n,
	const struct dlb_satchel *home)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		struct dlb_plan_cell key = {.number = moves[i].number};
		const struct dlb_plan_cell *cell =
			bsearch(&key, cells, cells_n, sizeof(key), by_number);
		struct dlb_entry e;

		if (cell && dlb_satchel_entry(home, cell->number, &e)
			&& memcmp(e.name, cell->name, sizeof(e.name)) == 0)
			moves[kept++] = moves[i];
	}
	return kept;
}

static void
fetch_from_home(void *ctx, size_t i, unsigned worker)
{
	struct meet *m = ctx;
	struct dlb_satchel_item *item = &m->items[i];
	uint8_t *cell = dlb_node_cell(m->n, i);

	memset(item, 0, sizeof(*item));
	item->cell = cell;
	item->flags = DLB_SHOWN;
	if (m->moves[i].give == 0)
		item->flags |= DLB_LOOK;
	item->copies = m->moves[i].give;
	m->got[i] = dlb_satchel_get(m->n->satchel, m->moves[i].number, cell,
		item->core, item->name, m->n->aead[worker], true, NULL);
}

static enum dlb_status
give_batch(struct meet *m, struct dlb_plan_move *moves, size_t n,
	struct dlb_error *err)
{
	enum dlb_status st;

	m->moves = moves;
	memset(m->mine, 0, sizeof(m->mine));
	dlb_pool_run(n, fetch_from_home, m);
	n = dlb_meet_keep_sound(m, moves, n);
	st = dlb_satchel_add(m->box, m->items, n, m->week, err);
	if (st != DLB_OK)
		return st;
	for (size_t i = 0; i < n; i++) {
		struct dlb_entry e;

		if (m->items[i].result != DLB_OK
			&& m->items[i].result != DLB_DUPLICATE) {
			m->result->not_given++;
			continue;
		}
		m->moved++;
		if (!dlb_satchel_entry(m->n->satchel, moves[i].number, &e))
			continue;
		if (e.flags & DLB_OWN)
			m->moved_own++;
		m->changes[m->changes_n++] =
			(struct dlb_satchel_change){.number = e.number,
				.flags = dlb_own_given_flags(&m->own, &e),
				.copies = moves[i].keep,
				.searched = e.searched};
	}
	return DLB_OK;
}

static enum dlb_status
settle(struct meet *m, struct dlb_error *err)
{
	return dlb_meet_settle(m, m->box, m->n->satchel, &m->result->given,
		&m->result->given_own, err);
}

enum dlb_status
dlb_meet_give(struct meet *m, struct dlb_plan_move *moves, size_t n,
	struct dlb_error *err)
{
	enum dlb_status st = DLB_OK, last;

	for (size_t at = 0; st == DLB_OK && at < n; at += DLB_MEET_BATCH) {
		size_t part = n - at < DLB_MEET_BATCH ? n - at : DLB_MEET_BATCH;

		st = give_batch(m, moves + at, part, err);
		if (st == DLB_OK && !dlb_meet_step(m, "giving", part))
			st = dlb_meet_interrupted(err);
		if (st == DLB_OK && m->moved >= DLB_COMMIT_CELLS)
			st = settle(m, err);
	}
	/* Also after an interruption: what has moved stays. */
	last = settle(m, st == DLB_OK ? err : NULL);
	return st == DLB_OK ? last : st;
}
