/*
 * peer: a meeting with another node over a link. What the engine asks for is done
 * here: cells out of the home satchel and into it, own letters found among what
 * comes, who it is and what that means.
 *
 * An object that never blocks for long: the caller polls, steps, and may have
 * several other things to do. One meeting at a time on a node.
 */
#ifndef DLB_PEER_H
#define DLB_PEER_H

#include "link.h"
#include "node.h"

enum dlb_peer_policy {
	DLB_PEER_ANYONE, /* strangers too */
	DLB_PEER_KNOWN,  /* nodes that are paired with this one */
	DLB_PEER_VETTED, /* of these, the vetted ones */
};

struct dlb_peer_options {
	enum dlb_peer_policy policy;
	bool by_itself; /* nobody asked for this meeting: own cells go seldom */
	bool release_now;  /* all waiting letters as if sent with --now */
	uint64_t limit_ms; /* longer it does not last; 0: no limit */
	/* The box (its id) as which this node meets: those who have its key, and
	 * those whom the policy names. 0: it is none. */
	int64_t as_box;
};

struct dlb_peer_result {
	bool stranger;
	/* The box that it is; empty: none. briefed: it gets what is bound for it, and
	 * nothing else. */
	char box[DLB_BOX_NAME_MAX + 1];
	bool briefed;
	char names
		[256]; /* of the nodes it may be, and boxes it has: "ferry, shelf" */
	uint64_t given, taken; /* cells */
	uint64_t given_own;    /* of these, own new ones with cover */
	uint64_t own_waiting;  /* own cells that wait for another meeting */
	uint64_t refused;      /* came and were not kept */
	uint64_t lacking,
		to_give; /* cells found out to be missing: here, there */
	uint64_t letters_new, letters_refused, letters_complete;
	uint64_t bytes_in, bytes_out; /* on the wire */
	int64_t duration_ms;
	bool settled; /* both sides have been compared whole */
};

struct dlb_peer;

/* Takes the link, which may still be in its handshake. caller: of the link. */
enum dlb_status dlb_peer_new(struct dlb_peer **out, struct dlb_node *n,
	struct dlb_link *link, bool caller,
	const struct dlb_peer_options *options, struct dlb_error *err)
	DLB_MUST_CHECK;
unsigned dlb_peer_poll(
	struct dlb_peer *p, struct pollfd out[static DLB_LINK_FDS_MAX]);
int64_t dlb_peer_deadline_ms(const struct dlb_peer *p);
/* Does what can be done now. *over: it has ended, and all that came is written
 * down; DLB_OK where it ended as it should, DLB_PARTLY where it broke and something
 * had moved (the next meeting goes on), else why. */
enum dlb_status dlb_peer_step(
	struct dlb_peer *p, bool *over, struct dlb_error *err) DLB_MUST_CHECK;
/* So far, or in the end. */
void dlb_peer_result(const struct dlb_peer *p, struct dlb_peer_result *out);
/* Ends it soon: step until it is over. */
void dlb_peer_stop(struct dlb_peer *p);
/* Writes down what came, and lets go of the node, which may be closed and opened
 * again by another process; then goes on with it. What moved meanwhile is noticed. */
enum dlb_status dlb_peer_pause(struct dlb_peer *p, struct dlb_error *err)
	DLB_MUST_CHECK;
void dlb_peer_resume(struct dlb_peer *p, struct dlb_node *n);
/* Closes the link. Harmless on NULL. */
void dlb_peer_free(struct dlb_peer *p);

/* All of it at once, in the foreground: polls and steps until it is over. */
enum dlb_status dlb_peer_run(struct dlb_peer *p,
	const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
