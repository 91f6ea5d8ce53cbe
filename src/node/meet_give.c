/*
 * Giving cells of the home to a box, batch by batch: on the other side and durable
 * first, then this side's counters.
 */
#include "meet_internal.h"

#include <string.h>

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
	size_t changes_n = 0;
	enum dlb_status st;

	m->moves = moves;
	memset(m->mine, 0, sizeof(m->mine));
	dlb_pool_run(n, fetch_from_home, m);
	n = dlb_meet_keep_sound(m, moves, n);
	st = dlb_satchel_put(m->box, m->items, n, m->week, err);
	if (st != DLB_OK)
		return st;
	for (size_t i = 0; i < n; i++) {
		struct dlb_entry e;

		if (m->items[i].result != DLB_OK &&
			m->items[i].result != DLB_DUPLICATE) {
			m->result->not_given++;
			continue;
		}
		m->result->given++;
		if (!dlb_satchel_entry(m->n->satchel, moves[i].number, &e))
			continue;
		if (e.flags & DLB_OWN)
			m->result->given_own++;
		m->changes[changes_n++] = (struct dlb_satchel_change){
			.number = e.number,
			.flags = dlb_own_given_flags(&m->own, &e),
			.copies = moves[i].keep,
			.searched = e.searched};
	}
	return dlb_satchel_update(m->n->satchel, m->changes, changes_n, err);
}

enum dlb_status
dlb_meet_give(struct meet *m, struct dlb_plan_move *moves, size_t n,
	struct dlb_error *err)
{
	for (size_t at = 0; at < n; at += DLB_BATCH) {
		size_t part = n - at < DLB_BATCH ? n - at : DLB_BATCH;
		enum dlb_status st = give_batch(m, moves + at, part, err);

		if (st != DLB_OK)
			return st;
		if (!dlb_meet_step(m, "giving", part))
			return dlb_meet_interrupted(err);
	}
	return DLB_OK;
}
