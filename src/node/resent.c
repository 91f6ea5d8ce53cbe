/*
 * resent: letters that came sealed twice, because their sender heard nothing of the
 * first sealing. Both are collected; the one that is whole first is the letter, and
 * of the other nothing stays.
 */
#include "node_internal.h"

struct merging {
	struct dlb_node *n;
	struct dlb_release release;
	uint64_t *letters_complete;
	bool any;
	enum dlb_status st;
	struct dlb_error *err;
};

static enum dlb_status
take_over(struct merging *m, const struct dlb_in_letter *again,
	const struct dlb_in_letter *of)
{
	struct dlb_letterbox *l = m->n->letterbox;
	struct dlb_in_letter whole = *again;
	enum dlb_status st = dlb_release_in(&m->release, of);

	whole.number = of->number;
	whole.again_of = 0;
	if (st == DLB_OK)
		st = dlb_in_take_over(l, again, m->err);
	if (st == DLB_OK)
		st = dlb_receipt_owe(l, &whole, m->err);
	m->any = true;
	++*m->letters_complete;
	dlb_wipe(&whole, sizeof(whole));
	return st;
}

/* Those that are whole, of letters that are not. */
static bool
look_at_whole(void *ctx, const struct dlb_in_letter *again)
{
	struct merging *m = ctx;
	struct dlb_in_letter of;

	if (again->state == DLB_IN_PARTLY)
		return true;
	m->st = dlb_in_get(m->n->letterbox, &of, again->again_of, m->err);
	if (m->st == DLB_OK && of.state == DLB_IN_PARTLY)
		m->st = take_over(m, again, &of);
	else if (m->st == DLB_NOT_FOUND)
		m->st = DLB_OK;
	dlb_wipe(&of, sizeof(of));
	return m->st == DLB_OK;
}

/* Those of letters that are whole by now, or deleted. */
static bool
look_at_needless(void *ctx, const struct dlb_in_letter *again)
{
	struct merging *m = ctx;
	struct dlb_in_letter of;
	enum dlb_status st =
		dlb_in_get(m->n->letterbox, &of, again->again_of, m->err);
	bool needed = st == DLB_OK && of.state == DLB_IN_PARTLY;

	dlb_wipe(&of, sizeof(of));
	/* Only what is known to be needless goes. */
	if (st != DLB_OK && st != DLB_NOT_FOUND)
		m->st = st;
	if (needed || m->st != DLB_OK)
		return m->st == DLB_OK;
	m->any = true;
	m->st = dlb_release_in(&m->release, again);
	if (m->st == DLB_OK)
		m->st = dlb_in_drop(m->n->letterbox, again, m->err);
	return m->st == DLB_OK;
}

enum dlb_status
dlb_node_resent(
	struct dlb_node *n, uint64_t *letters_complete, struct dlb_error *err)
{
	struct merging m = {.n = n,
		.release = {.n = n},
		.letters_complete = letters_complete,
		.err = err};
	enum dlb_status st = dlb_in_again(n->letterbox, look_at_whole, &m, err);

	if (st == DLB_OK && m.st == DLB_OK)
		st = dlb_in_again(n->letterbox, look_at_needless, &m, err);
	if (st == DLB_OK)
		st = m.st;
	if (st == DLB_OK && m.any)
		st = dlb_release_commit(&m.release, err);
	dlb_release_free(&m.release);
	return st;
}
