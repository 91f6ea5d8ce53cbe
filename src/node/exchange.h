/*
 * exchange: a meeting's engine at work on a home. It is given the bytes that came and
 * says which are to go; all else that the engine asks for is done here: cells out of
 * the satchel and into it, own letters found, who it is and what that means.
 *
 * Knows no link: peer.c has a real one, the simulator another.
 *
 * exchange.c is its life, exchange_begin.c what the engine is given and who it turns
 * out to be, exchange_out.c the cells that go; those that come: arrivals.c.
 */
#ifndef DLB_NODE_EXCHANGE_H
#define DLB_NODE_EXCHANGE_H

#include "arrivals.h"
#include "engine.h"
#include "meet_internal.h"
#include "peer.h"
#include "trips.h"

/* Cells on their way to us and not durable yet: the batch that is being written, and
 * as many that come meanwhile. */
#define EXCHANGE_WINDOW DLB_BATCH
#define EXCHANGE_BATCH (DLB_BATCH / 2)
/* So long a batch waits for company when nothing comes. */
#define EXCHANGE_BATCH_MS 20
/* Bytes for the engine; at a million cells it needs some tens of MiB. */
#define EXCHANGE_BUDGET (256u << 20)

/* Which cell an entry was, when the meeting began. */
struct exchange_name {
	uint32_t number;
	uint8_t name[16];
};

struct exchange_secret {
	enum {
		EXCHANGE_NODE,
		EXCHANGE_BOX_KEY, /* whoever has the key of a box */
		EXCHANGE_BOX,     /* the box itself */
		EXCHANGE_VISITOR, /* who has the key of the box that we are */
	} what;
	bool briefed; /* known by a briefing alone */
	bool dear;    /* its cells give way last */
	int64_t id;   /* of the known node; below 0, of one that a roster has */
	bool vetted;
	uint32_t tag;             /* ref of the tags of the box */
	uint8_t key[DLB_KEY_LEN]; /* wiped as soon as it is known who it is */
	char name[2 * DLB_PERSON_NAME_MAX + 4];
};

struct dlb_exchange {
	struct dlb_node *n; /* NULL while it pauses */
	const struct dlb_env *env;
	struct dlb_meeting *engine;
	struct dlb_peer_options options;
	struct dlb_peer_result result;
	bool caller;
	uint16_t week; /* 0: the clock is not trusted */
	/* who it is */
	struct exchange_secret *secrets; /* by ref - 1 */
	size_t secrets_n;
	struct dlb_trips trips; /* whose cells are dear as they come */
	int64_t known;          /* the node that it is; 0: a stranger */
	bool vetted; /* and is trusted to carry, by hand or by a roster */
	struct dlb_courier courier;
	/* for own cells, until it is known who it is; wiped then */
	struct dlb_tag_key *tags;
	size_t tags_n;
	/* what was here */
	struct exchange_name
		*names; /* what is shown by number, then own ones */
	size_t names_n, names_shown;
	struct dlb_own_cells own;
	size_t own_most;
	bool own_stale; /* it paused since that was listed */
	/* in */
	struct dlb_arrivals in;
	int64_t in_since_ms; /* the first of the batch came */
	uint64_t recalls_heard;
	bool logged;
	uint64_t logged_counts[4];
	/* out */
	struct dlb_satchel_change given[DLB_BATCH];
	size_t given_n;
	uint8_t *fetched; /* DLB_MEETING_FETCH_MAX cells */
	/* the end */
	bool over;
	enum dlb_meeting_end end;
	enum dlb_status failed; /* here: a disk, memory */
	struct dlb_error why;
};

/* exporter: of the channel, 32 bytes. */
enum dlb_status dlb_exchange_new(struct dlb_exchange **out, struct dlb_node *n,
	bool caller, const uint8_t exporter[static 32],
	const struct dlb_peer_options *options, struct dlb_error *err)
	DLB_MUST_CHECK;
void dlb_exchange_free(struct dlb_exchange *x);
/* Bytes that came; returns how many were taken. A failure here ends the meeting and
 * is told by _end. */
size_t dlb_exchange_receive(
	struct dlb_exchange *x, const uint8_t *bytes, size_t len);
void dlb_exchange_closed(struct dlb_exchange *x);
/* Does all there is to do; true: these bytes are to go, tell with _sent how many did.
 * false: nothing to do but to wait, or it is over. */
bool dlb_exchange_work(
	struct dlb_exchange *x, const uint8_t **bytes, size_t *len);
void dlb_exchange_sent(struct dlb_exchange *x, size_t n);
/* When to call _work again, though nothing came. */
int64_t dlb_exchange_deadline_ms(const struct dlb_exchange *x);
void dlb_exchange_stop(struct dlb_exchange *x);
bool dlb_exchange_over(const struct dlb_exchange *x);
/* All that came and went is durable, in the satchel and in the letterbox. */
enum dlb_status dlb_exchange_settle(
	struct dlb_exchange *x, struct dlb_error *err) DLB_MUST_CHECK;
/* How it ended; see dlb_peer_step. */
enum dlb_status dlb_exchange_end(
	const struct dlb_exchange *x, struct dlb_error *err) DLB_MUST_CHECK;
/* All but the link's part. */
void dlb_exchange_result(
	const struct dlb_exchange *x, struct dlb_peer_result *out);
enum dlb_status dlb_exchange_pause(
	struct dlb_exchange *x, struct dlb_error *err) DLB_MUST_CHECK;
void dlb_exchange_resume(struct dlb_exchange *x, struct dlb_node *n);

/* ---- exchange_begin.c ---------------------------------------------------------------- */

/* Makes the engine. */
enum dlb_status dlb_exchange_begin(struct dlb_exchange *x,
	const uint8_t exporter[static 32], struct dlb_error *err)
	DLB_MUST_CHECK;
enum dlb_status dlb_exchange_recognise(struct dlb_exchange *x,
	const struct dlb_meeting_match *matches, size_t n,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Of nodes and boxes. */
void dlb_exchange_forget_keys(struct dlb_exchange *x);
/* Of what waits here. */
void dlb_exchange_forget_tags(struct dlb_exchange *x);
/* Is the entry still the cell it was when the meeting began? */
bool dlb_exchange_entry(
	const struct dlb_exchange *x, uint32_t number, struct dlb_entry *out);

/* ---- exchange_out.c ------------------------------------------------------------------- */

void dlb_exchange_fetch(
	struct dlb_exchange *x, const uint32_t *numbers, size_t n);
enum dlb_status dlb_exchange_given(struct dlb_exchange *x,
	const struct dlb_meeting_action *action, struct dlb_error *err)
	DLB_MUST_CHECK;
enum dlb_status dlb_exchange_write_given(
	struct dlb_exchange *x, struct dlb_error *err) DLB_MUST_CHECK;

#endif
