/*
 * recount: what there is of a letter that could not be read whole. A cell that is
 * held and damaged is let go of, so that the next meeting can bring it again.
 */
#include "node_internal.h"

#include <stdlib.h>

struct recount {
	struct dlb_node *n;
	const struct dlb_in_letter *letter;
	struct dlb_satchel_change *damaged;
	size_t damaged_n, cap;
	uint32_t have;
};

static enum dlb_status
get(struct recount *r, uint32_t number, bool verify)
{
	struct dlb_node *n = r->n;

	return dlb_satchel_get(n->satchel, number, dlb_node_cell(n, 0), NULL,
		NULL, n->aead[0], verify, NULL);
}

/* Of no use to the letter: noted where it is not what its name says. */
static enum dlb_status
note_damaged(struct recount *r, uint32_t number)
{
	if (get(r, number, true) != DLB_CORRUPT)
		return DLB_OK;
	if (r->damaged_n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 64;
		struct dlb_satchel_change *p =
			realloc(r->damaged, cap * sizeof(*p));

		if (!p)
			return DLB_NO_MEMORY;
		r->damaged = p;
		r->cap = cap;
	}
	r->damaged[r->damaged_n++] =
		(struct dlb_satchel_change){.number = number};
	return DLB_OK;
}

static enum dlb_status
look_at_head(struct recount *r)
{
	uint32_t number = dlb_satchel_find(r->n->satchel, r->letter->head_name);

	if (number == DLB_NO_ENTRY)
		return DLB_OK;
	if (get(r, number, true) != DLB_OK)
		return note_damaged(r, number);
	r->have++;
	return DLB_OK;
}

static enum dlb_status
look_at_bulk(struct recount *r, uint32_t index)
{
	struct dlb_node *n = r->n;
	uint8_t handle[DLB_HANDLE_LEN], plain[DLB_BULK_CONTENT_LEN];
	uint32_t number = DLB_NO_ENTRY;
	enum dlb_status st = DLB_OK;
	bool here = false;
	size_t len;

	dlb_stripe_handle(handle, r->letter->stripe.stripe_key, index);
	while (st == DLB_OK && !here
		&& (number = dlb_satchel_find_handle(
			    n->satchel, handle, number))
			!= DLB_NO_ENTRY) {
		here = get(r, number, false) == DLB_OK
			&& dlb_bulk_open(plain, &len, n->aead[0],
				   dlb_node_cell(n, 0), &r->letter->stripe,
				   index)
				== DLB_OK;
		if (!here)
			st = note_damaged(r, number);
	}
	dlb_wipe(plain, sizeof(plain));
	r->have += here;
	return st;
}

/* letter->have of one stripe, and its damaged cells go. */
static enum dlb_status
count_stripe(
	struct dlb_node *n, struct dlb_in_letter *letter, struct dlb_error *err)
{
	struct recount r = {.n = n, .letter = letter};
	uint32_t cells = dlb_node_held_cells(n, letter);
	enum dlb_status st = look_at_head(&r);

	for (uint32_t i = 1; st == DLB_OK && i < cells; i++)
		st = look_at_bulk(&r, i);
	if (st != DLB_OK)
		st = dlb_fail(err, st, "out of memory");
	if (st == DLB_OK)
		st = dlb_satchel_update(
			n->satchel, r.damaged, r.damaged_n, err);
	free(r.damaged);
	letter->have = r.have;
	return st;
}

static enum dlb_status
recount_stripes(
	struct dlb_node *n, struct dlb_in_letter *letter, struct dlb_error *err)
{
	struct dlb_stripe_set set;
	enum dlb_status st = dlb_stripes_load(&set, n, letter, err);

	for (size_t i = 0; st == DLB_OK && i < set.n; i++)
		st = count_stripe(n, &set.rows[i], err);
	if (st == DLB_OK)
		st = dlb_stripes_wait(n, &set, err);
	dlb_stripes_free(&set);
	return st == DLB_OK
		? dlb_in_get(n->letterbox, letter, letter->number, err)
		: st;
}

enum dlb_status
dlb_node_recount(
	struct dlb_node *n, struct dlb_in_letter *letter, struct dlb_error *err)
{
	enum dlb_status st;

	if (letter->stripe.n > 1) {
		st = recount_stripes(n, letter, err);
		return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err)
				    : st;
	}
	st = count_stripe(n, letter, err);
	if (st != DLB_OK)
		return st;
	letter->state = DLB_IN_PARTLY;
	st = dlb_in_update(n->letterbox, letter, err);
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}
