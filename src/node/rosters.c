/*
 * Rosters that go and come as bulletins. One's own is signed in the transaction of its
 * posting, so that none counts as published that is not on its way. Others' are held where they are signed by the author whose bulletin
 * it is, and newer than what is held. Whether their word counts is the owner's to say.
 */
#include "rosters.h"

#include "following.h"
#include "kinds.h"
#include "roster.h"

#include <string.h>

enum dlb_status
dlb_node_roster_publish(struct dlb_node *n, struct dlb_error *err)
{
	struct dlb_bulletin_out out = {
		.kind = DLB_KIND_ROSTER, .title = "roster", .name = ""};
	struct dlb_buf bytes = {0};
	enum dlb_status st = dlb_bulletin_begin(n, err);

	if (st != DLB_OK)
		return st;
	st = dlb_own_roster_sign(n->letterbox, &bytes, err);
	if (st == DLB_OK)
		st = dlb_own_roster_sent(n->letterbox, err);
	if (st != DLB_OK) {
		dlb_kind_undo(n);
	} else {
		out.body = bytes.data;
		out.len = bytes.len;
		st = dlb_bulletin_post(n, &out, NULL, err);
	}
	dlb_buf_free(&bytes);
	return st;
}

static bool
is_theirs(const struct dlb_bulletin_in *in)
{
	struct dlb_roster r;
	bool same;

	if (dlb_roster_parse(&r, in->content.body, in->content.len, NULL)
		!= DLB_OK)
		return false;
	same = memcmp(&r.author, &in->author.identity, sizeof(r.author)) == 0;
	dlb_roster_free(&r);
	return same;
}

enum dlb_status
dlb_roster_bulletin(const struct dlb_bulletin_in *in, struct dlb_error *err)
{
	enum dlb_status st;

	if (!is_theirs(in))
		return DLB_OK;
	st = dlb_roster_take(dlb_node_letterbox(in->n), NULL, in->content.body,
		in->content.len, true, in->author.name, err);
	switch (st) {
	case DLB_DUPLICATE:
	case DLB_EXPIRED:
	case DLB_CLOCK:
	case DLB_REFUSED:
	case DLB_LIMIT:
		return DLB_OK;
	default:
		return st;
	}
}
