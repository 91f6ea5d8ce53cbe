/*
 * Rosters that come as bulletins: held where they are signed by the author whose bulletin
 * it is, and newer than what is held. Whether their word counts is the owner's to say.
 */
#include "rosters.h"

#include "roster.h"

#include <string.h>

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
	case DLB_REFUSED:
	case DLB_LIMIT:
		return DLB_OK;
	default:
		return st;
	}
}
