/*
 * orphans: cells that are held and that no letter knows. Sealing and deleting leave
 * them when they are cut short: the satchel and the letterbox are two files, and one
 * is written before the other. A mark in the letterbox says that there may be some.
 */
#include "node_internal.h"

#include <stdlib.h>

struct known_cells {
	struct dlb_node *n;
	uint8_t *mark; /* a bit an entry: a letter knows this cell */
	uint32_t entries;
	struct dlb_error *err;
	enum dlb_status st;
};

static void
mark_entry(struct known_cells *k, uint32_t number)
{
	if (number < k->entries)
		k->mark[number / 8] |= (uint8_t)(1u << (number % 8));
}

static bool
mark_out(void *ctx, const struct dlb_out_letter *letter)
{
	struct known_cells *k = ctx;
	struct dlb_buf names = {0};

	k->st = dlb_out_cells(k->n->letterbox, letter->number, &names, k->err);
	for (size_t i = 0; k->st == DLB_OK && i + DLB_NAME_LEN <= names.len;
		i += DLB_NAME_LEN)
		mark_entry(k, dlb_satchel_find(k->n->satchel, names.data + i));
	dlb_buf_free(&names);
	return k->st == DLB_OK;
}

static bool
mark_in(void *ctx, const struct dlb_in_letter *letter)
{
	struct known_cells *k = ctx;
	uint32_t cells = dlb_node_held_cells(k->n, letter);

	mark_entry(k, dlb_satchel_find(k->n->satchel, letter->head_name));
	for (uint32_t i = 1; i < cells; i++) {
		uint8_t handle[DLB_HANDLE_LEN];
		uint32_t number = DLB_NO_ENTRY;

		dlb_stripe_handle(handle, letter->stripe.stripe_key, i);
		while ((number = dlb_satchel_find_handle(
				k->n->satchel, handle, number))
			!= DLB_NO_ENTRY)
			mark_entry(k, number);
	}
	return true;
}

/* A letter that is larger than the reserve holds nothing but its head. */
uint32_t
dlb_node_held_cells(
	const struct dlb_node *n, const struct dlb_in_letter *letter)
{
	struct dlb_satchel_info info;

	dlb_satchel_info(n->satchel, &info);
	return letter->stripe.cells > info.reserve ? 1 : letter->stripe.cells;
}

static enum dlb_status
drop_unmarked(
	struct dlb_node *n, const struct known_cells *k, struct dlb_error *err)
{
	struct dlb_satchel_change *changes;
	struct dlb_satchel_info info;
	struct dlb_entry e;
	size_t changes_n = 0;
	enum dlb_status st;

	dlb_satchel_info(n->satchel, &info);
	changes = calloc((size_t)info.held + 1, sizeof(*changes));
	if (!changes)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (uint32_t at = 0; changes_n < info.held
		&& dlb_satchel_next(n->satchel, at, DLB_HELD, &e);
		at = e.number + 1)
		if (!(k->mark[e.number / 8] & (1u << (e.number % 8))))
			changes[changes_n++] =
				(struct dlb_satchel_change){.number = e.number,
					.flags = (uint8_t)(e.flags
						& ~(DLB_HELD | DLB_OWN)),
					.copies = e.copies,
					.searched = e.searched};
	st = dlb_satchel_update(n->satchel, changes, changes_n, err);
	free(changes);
	return st;
}

enum dlb_status
dlb_node_drop_orphans(struct dlb_node *n, struct dlb_error *err)
{
	struct known_cells k = {.n = n, .err = err, .st = DLB_OK};
	struct dlb_satchel_info info;
	enum dlb_status st;

	dlb_satchel_info(n->satchel, &info);
	k.entries = info.entries;
	k.mark = calloc(1, (size_t)info.entries / 8 + 1);
	if (!k.mark)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	st = dlb_out_each(n->letterbox, mark_out, &k, err);
	if (st == DLB_OK)
		st = k.st;
	if (st == DLB_OK)
		st = dlb_in_each(n->letterbox, mark_in, &k, err);
	if (st == DLB_OK)
		st = drop_unmarked(n, &k, err);
	if (st == DLB_OK)
		st = dlb_node_doubt_holds(n, false, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	free(k.mark);
	return st;
}

enum dlb_status
dlb_node_doubt_holds(struct dlb_node *n, bool doubt, struct dlb_error *err)
{
	return dlb_setting_set_int(n->letterbox, DLB_SET_HOLDS, doubt, err);
}
