/*
 * A meeting with a peer at work: shared by peer.c (its life, the link), peer_begin.c
 * (what the engine is given, who it is) and peer_out.c (cells that go).
 */
#ifndef DLB_NODE_PEER_INTERNAL_H
#define DLB_NODE_PEER_INTERNAL_H

#include "arrivals.h"
#include "engine.h"
#include "meet_internal.h"
#include "peer.h"

/* Cells on their way to us and not durable yet: the batch that is being written, and
 * as many that come meanwhile. */
#define PEER_WINDOW DLB_BATCH
#define PEER_BATCH (DLB_BATCH / 2)
/* So long a batch waits for company when nothing comes. */
#define PEER_BATCH_MS 20
#define PEER_READ_LEN (256 * 1024)
/* Bytes for the engine; at a million cells it needs some tens of MiB. */
#define PEER_BUDGET (256u << 20)

/* Which cell an entry was, when the meeting began. */
struct peer_name {
	uint32_t number;
	uint8_t name[16];
};

struct peer_secret {
	bool box;
	int64_t id; /* of the known node */
	char name[DLB_PERSON_NAME_MAX + 1];
};

enum peer_phase {
	PEER_HANDSHAKE,
	PEER_MEETING,
	PEER_CLOSING, /* the engine is done, the link says goodbye */
	PEER_OVER,
};

struct dlb_peer {
	struct dlb_node *n; /* NULL while it pauses */
	const struct dlb_env *env;
	struct dlb_link *link;
	struct dlb_meeting *engine;
	struct dlb_peer_options options;
	struct dlb_peer_result result;
	enum peer_phase phase;
	bool caller, stopping;
	bool unfinished; /* the last step ended before everything was done */
	int64_t began_ms;
	uint16_t week; /* 0: the clock is not trusted */
	/* who it is */
	struct peer_secret *secrets; /* by ref - 1 */
	size_t secrets_n;
	int64_t known; /* the node that it is; 0: a stranger */
	/* what was here */
	struct peer_name *names; /* by number */
	size_t names_n;
	struct dlb_own_cells own;
	/* in */
	struct dlb_arrivals in;
	int64_t in_since_ms; /* the first of the batch came */
	/* out */
	struct dlb_satchel_change given[DLB_BATCH];
	size_t given_n;
	uint8_t *fetched; /* DLB_MEETING_FETCH_MAX cells */
	/* bytes that came and the engine has not taken */
	uint8_t *bytes;
	size_t bytes_at, bytes_len;
	enum dlb_meeting_end end;
	enum dlb_status failed; /* of a disk, or the link */
	struct dlb_error why;
};

/* ---- peer_begin.c ------------------------------------------------------------------- */

/* Makes the engine; the link is open. */
enum dlb_status dlb_peer_begin(struct dlb_peer *p, struct dlb_error *err)
	DLB_MUST_CHECK;
enum dlb_status dlb_peer_recognise(struct dlb_peer *p,
	const struct dlb_meeting_match *matches, size_t n,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Is the entry still the cell it was when the meeting began? */
bool dlb_peer_entry(
	const struct dlb_peer *p, uint32_t number, struct dlb_entry *out);

/* ---- peer_out.c ----------------------------------------------------------------------- */

void dlb_peer_fetch(struct dlb_peer *p, const uint32_t *numbers, size_t n);
enum dlb_status dlb_peer_given(struct dlb_peer *p,
	const struct dlb_meeting_action *action, struct dlb_error *err)
	DLB_MUST_CHECK;
enum dlb_status dlb_peer_write_given(struct dlb_peer *p, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
