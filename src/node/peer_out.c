/*
 * Cells that go to a peer: read in parallel and not verified, as the other side
 * verifies them; and what is left here once they are durable there.
 */
#include "peer_internal.h"

#include <string.h>

struct fetching {
	struct dlb_peer *p;
	const uint32_t *numbers;
	bool there[DLB_MEETING_FETCH_MAX];
};

static void
fetch_one(void *ctx, size_t i, unsigned worker)
{
	struct fetching *f = ctx;
	struct dlb_node *n = f->p->n;
	struct dlb_entry e;

	f->there[i] = dlb_peer_entry(f->p, f->numbers[i], &e)
		&& dlb_satchel_get(n->satchel, f->numbers[i],
			   f->p->fetched + i * DLB_CELL_LEN, NULL, NULL,
			   n->aead[worker], false, NULL)
			== DLB_OK;
}

void
dlb_peer_fetch(struct dlb_peer *p, const uint32_t *numbers, size_t n)
{
	struct fetching f = {.p = p, .numbers = numbers};

	dlb_pool_run(n, fetch_one, &f);
	for (size_t i = 0; i < n; i++)
		dlb_meeting_fetched(p->engine, numbers[i],
			f.there[i] ? p->fetched + i * DLB_CELL_LEN : NULL);
}

enum dlb_status
dlb_peer_write_given(struct dlb_peer *p, struct dlb_error *err)
{
	enum dlb_status st =
		dlb_satchel_update(p->n->satchel, p->given, p->given_n, err);

	if (st == DLB_OK)
		p->given_n = 0;
	return st;
}

enum dlb_status
dlb_peer_given(struct dlb_peer *p, const struct dlb_meeting_action *action,
	struct dlb_error *err)
{
	struct dlb_entry e;

	p->result.given++;
	if (action->own)
		p->result.given_own++;
	if (!dlb_peer_entry(p, action->number, &e))
		return DLB_OK;
	p->given[p->given_n++] = (struct dlb_satchel_change){.number = e.number,
		.flags = e.flags & DLB_OWN ? dlb_own_given_flags(&p->own, &e)
					   : e.flags,
		.copies = action->keep,
		.searched = e.searched};
	return p->given_n == DLB_ARRAY_LEN(p->given)
		? dlb_peer_write_given(p, err)
		: DLB_OK;
}
