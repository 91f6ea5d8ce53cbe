/*
 * delete: the end of a letter, in or out, or of what kept its cells here: they lose
 * their hold.
 */
#include "node_internal.h"

#include <stdlib.h>

enum dlb_status
dlb_release_note(struct dlb_release *r, const struct dlb_entry *e)
{
	if (r->len == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : DLB_BATCH;
		struct dlb_satchel_change *p =
			realloc(r->changes, cap * sizeof(*p));

		if (!p)
			return DLB_NO_MEMORY;
		r->changes = p;
		r->cap = cap;
	}
	r->changes[r->len++] = (struct dlb_satchel_change){.number = e->number,
		.flags = e->flags,
		.copies = e->copies,
		.searched = e->searched};
	return DLB_OK;
}

static enum dlb_status
release_entry(struct dlb_release *r, uint32_t number)
{
	struct dlb_entry e;

	if (number == DLB_NO_ENTRY
		|| !dlb_satchel_entry(r->n->satchel, number, &e)
		|| !(e.flags & DLB_HELD))
		return DLB_OK;
	e.flags &= (uint8_t) ~(DLB_HELD | DLB_OWN);
	return dlb_release_note(r, &e);
}

enum dlb_status
dlb_release_stripe(struct dlb_release *r, const struct dlb_in_letter *letter)
{
	enum dlb_status st = release_entry(
		r, dlb_satchel_find(r->n->satchel, letter->head_name));
	uint32_t cells = dlb_node_held_cells(r->n, letter);

	for (uint32_t i = 1; st == DLB_OK && i < cells; i++) {
		uint8_t handle[DLB_HANDLE_LEN];
		uint32_t number = DLB_NO_ENTRY;

		dlb_stripe_handle(handle, letter->stripe.stripe_key, i);
		while (st == DLB_OK
			&& (number = dlb_satchel_find_handle(
				    r->n->satchel, handle, number))
				!= DLB_NO_ENTRY)
			st = release_entry(r, number);
	}
	return st;
}

struct releasing {
	struct dlb_release *r;
	enum dlb_status st;
};

static bool
release_other(void *ctx, const struct dlb_in_letter *stripe)
{
	struct releasing *a = ctx;

	a->st = dlb_release_stripe(a->r, stripe);
	return a->st == DLB_OK;
}

enum dlb_status
dlb_release_in(struct dlb_release *r, const struct dlb_in_letter *letter)
{
	struct releasing a = {r, dlb_release_stripe(r, letter)};
	enum dlb_status st = a.st;

	if (st == DLB_OK && letter->stripe.n > 1 && !letter->stripe_of)
		st = dlb_in_stripes(r->n->letterbox, letter->number,
			release_other, &a, NULL);
	return st == DLB_OK ? a.st : st;
}

enum dlb_status
dlb_release_out(struct dlb_release *r, int64_t number, struct dlb_error *err)
{
	struct dlb_buf names = {0};
	enum dlb_status st =
		dlb_out_cells(r->n->letterbox, number, &names, err);

	for (size_t i = 0; st == DLB_OK && i + DLB_NAME_LEN <= names.len;
		i += DLB_NAME_LEN)
		st = release_entry(
			r, dlb_satchel_find(r->n->satchel, names.data + i));
	dlb_buf_free(&names);
	return st;
}

/* The letterbox forgets first: a crash in between leaves orphans, and never a
 * letter without its cells. */
enum dlb_status
dlb_release_commit(struct dlb_release *r, struct dlb_error *err)
{
	struct dlb_node *n = r->n;
	enum dlb_status st = dlb_node_doubt_holds(n, true, err);

	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	if (st == DLB_OK)
		st = dlb_satchel_update(n->satchel, r->changes, r->len, err);
	if (st == DLB_OK)
		st = dlb_node_doubt_holds(n, false, err);
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}

void
dlb_release_free(struct dlb_release *r)
{
	free(r->changes);
	r->changes = NULL;
	r->len = r->cap = 0;
}

enum dlb_status
dlb_node_delete(struct dlb_node *n, int64_t number, struct dlb_error *err)
{
	struct dlb_in_letter *in = calloc(1, sizeof(*in));
	struct dlb_out_letter out;
	struct dlb_release r = {.n = n};
	enum dlb_status st;

	if (!in)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (dlb_in_get(n->letterbox, in, number, NULL) == DLB_OK
		&& in->state != DLB_IN_DELETED) {
		st = dlb_release_in(&r, in);
		if (st == DLB_OK)
			st = dlb_in_delete(n->letterbox, number, err);
	} else if (dlb_out_get(n->letterbox, &out, number, NULL) == DLB_OK
		&& out.to != 0) {
		st = dlb_release_out(&r, number, err);
		if (st == DLB_OK)
			st = dlb_out_delete(n->letterbox, number, err);
	} else {
		st = dlb_fail(err, DLB_NOT_FOUND,
			"there is no letter %lld here; see: dlb inbox, dlb outbox",
			(long long)number);
	}
	if (st == DLB_OK)
		st = dlb_release_commit(&r, err);
	dlb_release_free(&r);
	dlb_wipe(in, sizeof(*in));
	free(in);
	return st;
}
