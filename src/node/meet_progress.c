/*
 * How far the letters are that wait: written down after their cells moved. Cover
 * and receipts that are shown need no hold any more; cover has one yet where it was
 * given in a meeting that broke, and came back from the box.
 */
#include "meet_internal.h"
#include "roster.h"
#include "share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct progress_out {
	struct dlb_node *n;
	char courier[DLB_COURIER_NAME_MAX];
	uint32_t stripe_own[DLB_STRIPES_MAX]; /* of one letter: not given yet */
	uint32_t stripe_took[DLB_STRIPES_MAX]; /* and written down */
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

bool
dlb_courier_is_stranger(const char *name)
{
	return strncmp(name, DLB_COURIER_STRANGER,
		       sizeof(DLB_COURIER_STRANGER) - 1)
		== 0;
}

struct counts {
	size_t known, vetted, both; /* both: paired, and vouched for */
	struct dlb_vouched *vouched;
	size_t vouched_n;
};

/* By hand, or by a roster, which may also speak against them. */
static bool
count_node(void *ctx, const struct dlb_known_node *node)
{
	struct counts *c = ctx;
	const struct dlb_vouched *v =
		dlb_vouched_find(c->vouched, c->vouched_n, node->secret);

	c->known++;
	c->both += v && v->vouched && !v->revoked;
	c->vetted += node->vetted && (!v || (!v->vouched && !v->revoked));
	return true;
}

static bool
count_box(void *ctx, const struct dlb_box *box)
{
	struct counts *c = ctx;

	c->known += box->name[0] != '\0';
	return true;
}

enum dlb_status
dlb_node_couriers(struct dlb_node *n, size_t *known, size_t *vetted,
	struct dlb_error *err)
{
	struct counts c = {.known = 0};
	enum dlb_status st =
		dlb_vouched_list(n->letterbox, &c.vouched, &c.vouched_n, err);

	if (st == DLB_OK)
		st = dlb_known_node_each(n->letterbox, count_node, &c, err);
	for (size_t i = 0; st == DLB_OK && i < c.vouched_n; i++)
		if (c.vouched[i].vouched && !c.vouched[i].revoked) {
			c.vetted++;
			c.known++;
		}
	c.known -= c.both;
	dlb_vouched_free(c.vouched, c.vouched_n);
	c.vouched = NULL;
	c.vouched_n = 0;
	if (st == DLB_OK)
		st = dlb_box_each(n->letterbox, count_box, &c, err);
	*known = c.known;
	*vetted = c.vetted;
	return st;
}

static bool
sum_taken(void *ctx, const struct dlb_out_taken *taken)
{
	struct progress_out *p = ctx;

	if (taken->stripe < DLB_STRIPES_MAX)
		p->stripe_took[taken->stripe] += taken->cells;
	return true;
}

/* What of each stripe is out, less what is known of already, went to this courier. */
static enum dlb_status
write_taken(struct progress_out *p, const struct dlb_out_letter *letter)
{
	struct dlb_letterbox *l = p->n->letterbox;
	uint32_t each = letter->cells / letter->stripes;
	enum dlb_status st;

	memset(p->stripe_took, 0, sizeof(p->stripe_took));
	st = dlb_out_given(l, letter->number, sum_taken, p, p->err);
	for (unsigned i = 0; st == DLB_OK && i < letter->stripes; i++) {
		struct dlb_out_taken taken = {.letter = letter->number,
			.stripe = (uint8_t)i,
			.last_ms = p->n->clock.now_ms};
		uint32_t out = each - p->stripe_own[i];

		if (out <= p->stripe_took[i])
			continue;
		taken.cells = out - p->stripe_took[i];
		snprintf(
			taken.courier, sizeof(taken.courier), "%s", p->courier);
		st = dlb_out_took(l, &taken, p->err);
	}
	return st;
}

static bool
count_shown(void *ctx, const struct dlb_out_letter *letter)
{
	struct progress_out *p = ctx;
	struct dlb_buf names = {0};
	struct dlb_out_letter now = *letter;
	uint32_t each = letter->cells / letter->stripes, at = 0;

	if (letter->state != DLB_OUT_WAITING)
		return true;
	p->st = dlb_out_cells(p->n->letterbox, letter->number, &names, p->err);
	now.shown = now.cells;
	memset(p->stripe_own, 0, sizeof(p->stripe_own));
	for (size_t i = 0; p->st == DLB_OK && i + DLB_NAME_LEN <= names.len;
		i += DLB_NAME_LEN, at++) {
		uint32_t number =
			dlb_satchel_find(p->n->satchel, names.data + i);
		struct dlb_entry e;

		if (number == DLB_NO_ENTRY
			|| !dlb_satchel_entry(p->n->satchel, number, &e))
			continue;
		if (e.flags & DLB_OWN) {
			now.shown--;
			if (each && at / each < letter->stripes)
				p->stripe_own[at / each]++;
		} else if (!dlb_out_is_seen(letter) && (e.flags & DLB_HELD)) {
			let_go(p, &e);
		}
	}
	dlb_buf_free(&names);
	if (p->st != DLB_OK || now.shown == letter->shown)
		return p->st == DLB_OK;
	if (now.shown == now.cells)
		now.state = DLB_OUT_SHOWN;
	if (now.shown > letter->shown && dlb_out_is_seen(letter))
		p->st = write_taken(p, letter);
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
dlb_meet_write_progress(struct dlb_node *n, const struct dlb_courier *courier,
	struct dlb_error *err)
{
	struct progress_out p = {.n = n, .err = err, .st = DLB_OK};
	struct dlb_satchel_info info;
	enum dlb_status st;

	if (courier->name[0])
		snprintf(p.courier, sizeof(p.courier), "%s", courier->name);
	else
		dlb_courier_draw(p.courier, n);
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
