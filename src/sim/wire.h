/*
 * wire: a meeting of two homes over a simulated link: the shipping exchange on each
 * side, bytes that take their time, a cut wherever it is asked for, and a side that
 * does not keep to the protocol.
 */
#ifndef DLB_SIM_WIRE_H
#define DLB_SIM_WIRE_H

#include "exchange.h"

enum sim_fault {
	SIM_HONEST,
	SIM_GARBLE, /* a byte in some of what it sends is another one */
	SIM_SILENT, /* after a while it says nothing more, and does not hang up */
	SIM_FLOOD,  /* after a while it sends random bytes without end */
	SIM_REPEAT, /* it sends some of its bytes twice */
	SIM_FAULTS
};

struct sim_wire {
	int64_t delay_ms; /* one way */
	uint64_t rate;    /* bytes a second, each way; 0: no limit */
	/* After so many bytes of both ways it is cut; UINT64_MAX: never. */
	uint64_t cut_after;
	enum sim_fault fault; /* of the second side */
	int64_t limit_ms;     /* the link is gone after that; 0: never */
};

struct sim_side {
	struct dlb_node *n;
	struct dlb_peer_options options;
	/* out */
	struct dlb_peer_result result;
	enum dlb_status st;
	struct dlb_error err;
	struct dlb_meeting_stats stats;
	int64_t first_cell_ms; /* after the start, at this side; -1: none came */
};

/* Runs it to its end; both nodes have `clock` as their env, which moves on. The first
 * side is the caller. DLB_OK however the meeting ended: the sides say that. */
enum dlb_status sim_wire_meet(struct sim_side side[static 2],
	const struct sim_wire *wire, struct dlb_env_seeded *clock,
	struct dlb_error *err) DLB_MUST_CHECK;

#endif
