/*
 * rosters: those that come as bulletins of authors who are followed (letterbox/roster.h).
 */
#ifndef DLB_NODE_ROSTERS_H
#define DLB_NODE_ROSTERS_H

#include "node_bulletins.h"

/* A dlb_bulletin_handler. */
enum dlb_status dlb_roster_bulletin(
	const struct dlb_bulletin_in *in, struct dlb_error *err) DLB_MUST_CHECK;

#endif
