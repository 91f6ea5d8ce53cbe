/*
 * Between the files of a node that serves: serve.c has the loop, which steps what the
 * others have.
 */
#ifndef DLB_SERVE_INTERNAL_H
#define DLB_SERVE_INTERNAL_H

#include "callees.h"
#include "lend.h"
#include "mounts.h"
#include "node_internal.h"
#include "serve.h"
#include "tcp.h"
#include "waiting.h"

#include <sys/stat.h>

struct dlb_serve {
	struct dlb_node *n; /* NULL while it is lent */
	const struct dlb_env *env;
	char home[3072];
	uint8_t *key; /* opens the home; in guarded memory */
	const struct dlb_serve_config *config;
	void (*on)(void *ctx, const struct dlb_serve_event *event);
	bool (*stop)(void *ctx);
	void *ctx;
	struct dlb_lender *lender;
	struct dlb_listener *listener;
	struct dlb_lan *lan;
	struct dlb_mounts *mounts;
	bool lent; /* a borrower has it; else, where n is NULL, it did not open */
	struct stat home_is; /* as it was opened */
	bool clock_doubted;  /* was told */
	int64_t reopen_ms;
	struct dlb_callees callees;
	char calling[DLB_LAN_NAME_MAX
		+ 1]; /* whom we dial, or met by calling */
	struct dlb_dial *dial;
	struct dlb_peer *peer;
	char where[DLB_TCP_WHERE_MAX + 1]; /* of the peer */
	struct dlb_waiting boxes;
};

/* ---- telling (serve_tell.c) -------------------------------------------------------------- */

void dlb_serve_tell(struct dlb_serve *s, struct dlb_serve_event event);
void dlb_serve_tell_failed(
	struct dlb_serve *s, const char *where, const struct dlb_error *why);
int64_t dlb_serve_now_ms(const struct dlb_serve *s);

/* ---- the home, lent and back (serve_home.c) ------------------------------------------------ */

void dlb_serve_step_lender(struct dlb_serve *s);
/* Before a meeting: what came into a home that was taken away would be lost with it. */
enum dlb_status dlb_serve_look_around(
	struct dlb_serve *s, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- other nodes (serve_peer.c, serve_call.c) ------------------------------------------------- */

void dlb_serve_begin_peer(
	struct dlb_serve *s, struct dlb_link *link, bool caller);
void dlb_serve_step_peer(struct dlb_serve *s);
/* Lets a meeting that is under way write down what came, and ends it. */
void dlb_serve_end_peer(struct dlb_serve *s);
/* Whom we dialled was met, or not. */
void dlb_serve_end_call(struct dlb_serve *s, bool met);
void dlb_serve_step_listener(struct dlb_serve *s);
void dlb_serve_begin_call(struct dlb_serve *s);
void dlb_serve_step_dial(struct dlb_serve *s);
void dlb_serve_step_lan(struct dlb_serve *s);

/* ---- boxes (serve_boxes.c) -------------------------------------------------------------------- */

void dlb_serve_step_mounts(struct dlb_serve *s);
/* Takes the box's path. */
void dlb_serve_meet_box(struct dlb_serve *s, struct dlb_waiting_box *box);

#endif
