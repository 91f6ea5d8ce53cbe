/*
 * expire: letters out whose cells no courier carries any more. Of cover, receipts and
 * sealings that were replaced nothing stays; a letter is shown as expired, and what
 * kept its cells here is let go of.
 */
#include "node_internal.h"

#include <stdlib.h>

struct expiring {
	struct dlb_node *n;
	uint16_t week;
	struct dlb_release release;
	size_t at_once;
	int64_t last;
	enum dlb_status st;
	struct dlb_error *err;
};

/* So many rows go in one change: a home that slept for a year has many. */
#define AT_ONCE 4096

static bool
expire_one(void *ctx, const struct dlb_out_letter *letter)
{
	struct expiring *x = ctx;
	struct dlb_out_letter now = *letter;

	if (letter->expiry_week >= x->week || letter->state == DLB_OUT_EXPIRED
		|| ((letter->state == DLB_OUT_ARRIVED
			    || letter->state == DLB_OUT_RECALLED)
			&& dlb_out_is_seen(letter)))
		return true;
	x->st = dlb_release_out(&x->release, letter->number, x->err);
	if (x->st == DLB_OK && !dlb_out_is_seen(letter)) {
		x->st = dlb_out_delete(x->n->letterbox, letter->number, x->err);
	} else if (x->st == DLB_OK) {
		now.state = DLB_OUT_EXPIRED;
		x->st = dlb_out_update(x->n->letterbox, &now, x->err);
	}
	dlb_wipe(&now, sizeof(now));
	return x->st == DLB_OK && ++x->at_once < AT_ONCE;
}

/* Once a week, as weeks are what expires. */
#define SET_EXPIRED "out.expired.week"

enum dlb_status
dlb_node_expire(struct dlb_node *n, struct dlb_error *err)
{
	struct expiring x = {.n = n,
		.week = n->clock.trusted_week,
		.release = {.n = n},
		.err = err};
	int64_t done = 0, doubt = 0;
	enum dlb_status st;

	/* What a crash left is looked for first. */
	if (dlb_setting_get_int(n->letterbox, DLB_SET_HOLDS, &doubt) == DLB_OK
		&& doubt)
		return DLB_OK;
	if (!x.week
		|| (dlb_setting_get_int(n->letterbox, SET_EXPIRED, &done)
				== DLB_OK
			&& done >= x.week))
		return DLB_OK;
	st = dlb_out_each(n->letterbox, expire_one, &x, err);
	if (st == DLB_OK)
		st = x.st;
	if (st == DLB_OK && x.at_once < AT_ONCE)
		st = dlb_setting_set_int(
			n->letterbox, SET_EXPIRED, x.week, err);
	if (st == DLB_OK)
		st = dlb_release_commit(&x.release, err);
	dlb_release_free(&x.release);
	return st;
}
