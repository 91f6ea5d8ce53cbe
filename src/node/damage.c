/*
 * damage: which letters cells are missing of, after damaged ones were dropped. A
 * letter that came in waits for them again; one that goes out has lost them for
 * good, as their keys are not kept.
 */
#include "node_internal.h"

#include <stdlib.h>
#include <string.h>

static bool
is_held(const struct dlb_node *n, uint32_t number, uint8_t flag)
{
	struct dlb_entry e;

	return number != DLB_NO_ENTRY
		&& dlb_satchel_entry(n->satchel, number, &e)
		&& (e.flags & flag);
}

static bool
handle_is_held(
	struct dlb_node *n, const struct dlb_stripe *stripe, uint32_t index)
{
	uint8_t handle[DLB_HANDLE_LEN];
	uint32_t number = DLB_NO_ENTRY;

	dlb_stripe_handle(handle, stripe->stripe_key, index);
	while ((number = dlb_satchel_find_handle(n->satchel, handle, number))
		!= DLB_NO_ENTRY)
		if (is_held(n, number, DLB_HELD))
			return true;
	return false;
}

struct looking {
	struct dlb_node *n;
	struct dlb_release release;
	struct dlb_damage *out;
	struct dlb_error *err;
	enum dlb_status st;
};

static uint32_t
count_held(struct dlb_node *n, const struct dlb_in_letter *letter)
{
	uint32_t have = is_held(
		n, dlb_satchel_find(n->satchel, letter->head_name), DLB_HELD);

	for (uint32_t i = 1; i < letter->stripe.cells; i++)
		have += handle_is_held(n, &letter->stripe, i);
	return have;
}

/* One that is split needs no more than some of its stripes. */
static void
look_at_stripes(struct looking *r, const struct dlb_in_letter *letter)
{
	struct dlb_stripe_set set;
	unsigned whole = 0;

	r->st = dlb_stripes_load(&set, r->n, letter, r->err);
	for (size_t i = 0; r->st == DLB_OK && i < set.n; i++) {
		set.rows[i].have = count_held(r->n, &set.rows[i]);
		whole += set.rows[i].have == set.rows[i].stripe.cells;
	}
	if (r->st == DLB_OK && whole < letter->stripe.k) {
		if (letter->state != DLB_IN_PARTLY && r->out->in++ == 0)
			r->out->in_first = letter->number;
		r->st = dlb_stripes_wait(r->n, &set, r->err);
	}
	dlb_stripes_free(&set);
}

/* One that was kept for somebody: its cells do not come again, and nothing of it is to
 * look as if it were kept. */
static void
lose_share(struct looking *r, const struct dlb_in_letter *letter)
{
	r->st = dlb_release_in(&r->release, letter);
	if (r->st == DLB_OK)
		r->st = dlb_in_delete(r->n->letterbox, letter->number, r->err);
	r->out->shares++;
}

static bool
look_at_in(void *ctx, const struct dlb_in_letter *letter)
{
	struct looking *r = ctx;
	struct dlb_in_letter now = *letter;
	bool partly = letter->state == DLB_IN_PARTLY;
	uint32_t cells = letter->stripe.cells;

	if (letter->state != DLB_IN_UNREAD && letter->state != DLB_IN_READ
		&& !partly)
		goto out;
	if (letter->stripe.n > 1) {
		if (letter->stripe_of == 0)
			look_at_stripes(r, letter);
		goto out;
	}
	now.have = count_held(r->n, letter);
	if (now.have >= (partly ? letter->have : cells))
		goto out;
	if (!partly && letter->kind == DLB_KIND_BACKUP_SHARE
		&& !dlb_in_is_seen(letter)) {
		lose_share(r, letter);
		goto out;
	}
	now.state = DLB_IN_PARTLY;
	if (!partly && r->out->in++ == 0)
		r->out->in_first = letter->number;
	r->st = dlb_in_update(r->n->letterbox, &now, r->err);
out:
	dlb_wipe(&now, sizeof(now));
	return r->st == DLB_OK;
}

/* What no meeting has given yet and is not here any more. How many were given may
 * not have been written down: a meeting can break before it gets to that. */
static bool
look_at_out(void *ctx, const struct dlb_out_letter *letter)
{
	struct looking *r = ctx;
	struct dlb_buf names = {0};
	uint32_t waiting = 0, given = 0;

	if (!dlb_out_is_seen(letter) || letter->state != DLB_OUT_WAITING)
		return true;
	r->st = dlb_out_cells(r->n->letterbox, letter->number, &names, r->err);
	for (size_t i = 0; r->st == DLB_OK && i + DLB_NAME_LEN <= names.len;
		i += DLB_NAME_LEN) {
		uint32_t number =
			dlb_satchel_find(r->n->satchel, names.data + i);
		bool own = is_held(r->n, number, DLB_OWN);

		waiting += own;
		given += !own && is_held(r->n, number, DLB_HELD);
	}
	dlb_buf_free(&names);
	if (given < letter->shown)
		given = letter->shown;
	if (r->st == DLB_OK && waiting + given < letter->cells
		&& r->out->out++ == 0)
		r->out->out_first = letter->number;
	return r->st == DLB_OK;
}

enum dlb_status
dlb_node_damage(
	struct dlb_node *n, struct dlb_damage *out, struct dlb_error *err)
{
	struct looking r = {.n = n,
		.out = out,
		.err = err,
		.release = {.n = n},
		.st = DLB_OK};
	enum dlb_status st;

	memset(out, 0, sizeof(*out));
	st = dlb_in_each(n->letterbox, look_at_in, &r, err);
	if (st == DLB_OK && r.st == DLB_OK)
		st = dlb_out_each(n->letterbox, look_at_out, &r, err);
	if (st == DLB_OK)
		st = r.st;
	if (st == DLB_OK)
		st = r.release.len > 0
			? dlb_release_commit(&r.release, err)
			: dlb_letterbox_commit(n->letterbox, err);
	dlb_release_free(&r.release);
	return st;
}
