/*
 * How far the letters are that wait: written down after their cells moved. Cover
 * and receipts that are shown need no hold any more; cover has one yet where it was
 * given in a meeting that broke, and came back from the box.
 */
#include "meet_internal.h"

#include <stdio.h>
#include <stdlib.h>

struct progress_out {
	struct dlb_node *n;
	char courier[DLB_COURIER_NAME_MAX];
	struct dlb_error *err;
	enum dlb_status st;
	struct dlb_out_letter *changed;
	size_t changed_n, cap;
	struct dlb_satchel_change *let_go; /* room for all that is held */
	size_t let_go_n, let_go_cap;
};

static void
let_go(struct progress_out *p, const struct dlb_entry *e)
{
	if (p->let_go_n < p->let_go_cap)
		p->let_go[p->let_go_n++] =
			(struct dlb_satchel_change){.number = e->number,
				.flags = (uint8_t)(e->flags & ~DLB_HELD),
				.copies = e->copies,
				.searched = e->searched};
}

static bool
count_shown(void *ctx, const struct dlb_out_letter *letter)
{
	struct progress_out *p = ctx;
	struct dlb_buf names = {0};
	struct dlb_out_letter now = *letter;

	if (letter->state != DLB_OUT_WAITING)
		return true;
	p->st = dlb_out_cells(p->n->letterbox, letter->number, &names, p->err);
	now.shown = now.cells;
	for (size_t i = 0; p->st == DLB_OK && i + DLB_NAME_LEN <= names.len;
		i += DLB_NAME_LEN) {
		uint32_t number =
			dlb_satchel_find(p->n->satchel, names.data + i);
		struct dlb_entry e;

		if (number == DLB_NO_ENTRY
			|| !dlb_satchel_entry(p->n->satchel, number, &e))
			continue;
		if (e.flags & DLB_OWN)
			now.shown--;
		else if (!dlb_out_is_seen(letter) && (e.flags & DLB_HELD))
			let_go(p, &e);
	}
	dlb_buf_free(&names);
	if (p->st != DLB_OK || now.shown == letter->shown)
		return p->st == DLB_OK;
	if (now.shown == now.cells)
		now.state = DLB_OUT_SHOWN;
	if (now.shown > letter->shown && dlb_out_is_seen(letter))
		p->st = dlb_out_took(p->n->letterbox, letter->number,
			p->courier, now.shown - letter->shown, p->err);
	if (p->st != DLB_OK)
		return false;
	if (p->changed_n == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 64;
		struct dlb_out_letter *q =
			realloc(p->changed, cap * sizeof(*q));

		if (!q) {
			p->st = dlb_fail(
				p->err, DLB_NO_MEMORY, "out of memory");
			return false;
		}
		p->changed = q;
		p->cap = cap;
	}
	p->changed[p->changed_n++] = now;
	return true;
}

enum dlb_status
dlb_meet_write_progress(
	struct dlb_node *n, const char *courier, struct dlb_error *err)
{
	struct progress_out p = {.n = n, .err = err, .st = DLB_OK};
	struct dlb_satchel_info info;
	enum dlb_status st;

	if (courier[0]) {
		snprintf(p.courier, sizeof(p.courier), "%s", courier);
	} else {
		uint8_t some[8];
		char hex[2 * sizeof(some) + 1];

		dlb_random(n->env, some, sizeof(some));
		dlb_hex(hex, some, sizeof(some));
		snprintf(p.courier, sizeof(p.courier), "met %s", hex);
	}
	dlb_satchel_info(n->satchel, &info);
	p.let_go_cap = info.held;
	p.let_go = calloc((size_t)info.held + 1, sizeof(*p.let_go));
	st = p.let_go ? dlb_out_each(n->letterbox, count_shown, &p, err)
		      : dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (st == DLB_OK)
		st = p.st;
	/* While the rows still lead to these cells. */
	if (st == DLB_OK)
		st = dlb_satchel_update(n->satchel, p.let_go, p.let_go_n, err);
	for (size_t i = 0; st == DLB_OK && i < p.changed_n; i++)
		st = dlb_out_update(n->letterbox, &p.changed[i], err);
	if (p.changed)
		dlb_wipe(p.changed, p.changed_n * sizeof(*p.changed));
	free(p.changed);
	free(p.let_go);
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}
