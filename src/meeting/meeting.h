/*
 * meeting: what two satchels give each other. Pure: lists in, decisions out; no
 * file, no clock of its own. Here the plan, which sticks use and the engine
 * (engine.h) alike; it never sees a letterbox.
 */
#ifndef DLB_MEETING_H
#define DLB_MEETING_H

#include "base.h"

/* How many own new cells a node adds to each meeting, cover filling up. */
#define DLB_MEETING_OWN_CELLS 64
/* Own cells start with a counter from {64, 128}; couriers clamp to this. Chosen by
 * simulation: docs/decisions.md. */
#define DLB_COPIES_MAX 128
/* How many weeks a look copy is kept. */
#define DLB_LOOK_WEEKS 2

uint8_t dlb_copies_start(const struct dlb_env *env);

/* What the plan sees of a cell. */
struct dlb_plan_cell {
	uint32_t number;
	uint8_t name[16];
	uint16_t expiry_week;
	uint8_t copies; /* 0: a look copy, never passed on */
	bool for_peer; /* carries the tag of a box whose key the peer has shown */
	bool own; /* one of the constant number of own new ones of a meeting */
};

struct dlb_plan_move {
	uint32_t number; /* of the giver's cell */
	uint8_t give;    /* the copy's counter; 0 a look copy */
	uint8_t keep;    /* what the giver is left with */
};

/* One direction. Leaves out what has expired (now_week 0: nothing has), what
 * `has` says is there, look copies; orders by class (own first, then for_peer,
 * then the later expiry first), at random within a class; at most `room` moves.
 * moves has room for n; returns how many were written. */
size_t dlb_plan(struct dlb_plan_move *moves, const struct dlb_plan_cell *cells,
	size_t n, size_t room, uint16_t now_week,
	bool (*has)(void *ctx, const uint8_t name[static 16]), void *ctx,
	const struct dlb_env *env);

/* How many of `waiting` own cells a meeting takes, and how much cover. */
void dlb_plan_own(size_t waiting, size_t *real, size_t *cover);

#endif
