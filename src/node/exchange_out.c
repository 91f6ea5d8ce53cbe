/*
 * Cells that go to the other side: read in parallel and not verified, as the other side
 * verifies them; and what is left here once they are durable there.
 */
#include "exchange.h"

#include <string.h>

struct fetching {
	struct dlb_exchange *x;
	const uint32_t *numbers;
	bool there[DLB_MEETING_FETCH_MAX];
};

static void
fetch_one(void *ctx, size_t i, unsigned worker)
{
	struct fetching *f = ctx;
	struct dlb_node *n = f->x->n;
	struct dlb_entry e;

	f->there[i] = dlb_exchange_entry(f->x, f->numbers[i], &e)
		&& dlb_satchel_get(n->satchel, f->numbers[i],
			   f->x->fetched + i * DLB_CELL_LEN, NULL, NULL,
			   n->aead[worker], false, NULL)
			== DLB_OK;
}

void
dlb_exchange_fetch(struct dlb_exchange *x, const uint32_t *numbers, size_t n)
{
	struct fetching f = {.x = x, .numbers = numbers};

	dlb_pool_run(n, fetch_one, &f);
	for (size_t i = 0; i < n; i++)
		dlb_meeting_fetched(x->engine, numbers[i],
			f.there[i] ? x->fetched + i * DLB_CELL_LEN : NULL);
}

static uint8_t
given_flags(const struct dlb_exchange *x, const struct dlb_entry *e)
{
	return e->flags & DLB_OWN ? dlb_own_given_flags(&x->own, e) : e->flags;
}

/* What came since may have taken the place of a cell that was given, or it is held by
 * now: it counts how the entry is, not how it was. */
static void
look_again(struct dlb_exchange *x)
{
	size_t n = 0;

	for (size_t i = 0; i < x->given_n; i++) {
		struct dlb_satchel_change change = x->given[i];
		struct dlb_entry e;

		if (!dlb_exchange_entry(x, change.number, &e))
			continue;
		change.flags = given_flags(x, &e);
		change.searched = e.searched;
		x->given[n++] = change;
	}
	x->given_n = n;
}

enum dlb_status
dlb_exchange_write_given(struct dlb_exchange *x, struct dlb_error *err)
{
	enum dlb_status st;

	look_again(x);
	st = dlb_satchel_update(x->n->satchel, x->given, x->given_n, err);

	if (st == DLB_OK)
		x->given_n = 0;
	return st;
}

enum dlb_status
dlb_exchange_given(struct dlb_exchange *x,
	const struct dlb_meeting_action *action, struct dlb_error *err)
{
	struct dlb_entry e;

	x->result.given++;
	if (action->own)
		x->result.given_own++;
	if (!dlb_exchange_entry(x, action->number, &e))
		return DLB_OK;
	x->given[x->given_n++] = (struct dlb_satchel_change){.number = e.number,
		.flags = given_flags(x, &e),
		.copies = action->keep,
		.searched = e.searched};
	return x->given_n == DLB_ARRAY_LEN(x->given)
		? dlb_exchange_write_given(x, err)
		: DLB_OK;
}
