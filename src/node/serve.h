/*
 * serve: a node that meets by itself whoever it finds: callers, nodes of the local
 * network, boxes on media and in directories. One meeting at a time; the home is lent
 * (lend.h) to who needs it in between.
 *
 * Goes on whatever happens to one meeting, one medium, one network.
 */
#ifndef DLB_SERVE_H
#define DLB_SERVE_H

#include "peer.h"

#define DLB_SERVE_DIRS_MAX 32

struct dlb_serve_config {
	bool listen;
	const char *address;     /* NULL: all of this machine's */
	uint16_t port;           /* 0: DLB_TCP_PORT */
	bool browse, announce;   /* on the local network */
	bool media;              /* boxes on media that are mounted */
	const char *const *dirs; /* and in these directories; absolute */
	size_t dirs_n;
	enum dlb_peer_policy policy;
	int64_t as_box;    /* see dlb_peer_options */
	uint64_t limit_ms; /* of a meeting; 0: none */
};

enum dlb_serve_what {
	DLB_SERVE_READY, /* where: what it listens on, or "" */
	DLB_SERVE_FOUND, /* who: on the local network */
	DLB_SERVE_LOST,
	DLB_SERVE_ANNOUNCED,   /* who: the name we have today */
	DLB_SERVE_MEETING,     /* one begins; where */
	DLB_SERVE_MET,         /* peer; where; why: where it ended early */
	DLB_SERVE_BOX_MEETING, /* one begins; where: the box */
	DLB_SERVE_BOX_MET,     /* box; medium: it may be pulled */
	DLB_SERVE_FAILED,      /* why; where: with whom or what; goes on */
	DLB_SERVE_LENT,
	DLB_SERVE_BACK,
};
struct dlb_serve_event {
	enum dlb_serve_what what;
	const char *who, *where;
	const struct dlb_peer_result *peer;
	const struct dlb_meet_result *box;
	uint64_t unread_bulletins; /* after a meeting */
	bool medium;
	const struct dlb_error *why; /* NULL: nothing went wrong */
};

/* Takes the node and closes it at the end. Runs until stop says so. on: told of what
 * happens, and not to take long. Returns DLB_OK when stopped. */
enum dlb_status dlb_serve_run(struct dlb_node *n,
	const struct dlb_serve_config *config,
	void (*on)(void *ctx, const struct dlb_serve_event *event),
	bool (*stop)(void *ctx), void *ctx, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
