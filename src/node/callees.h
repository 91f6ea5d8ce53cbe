/*
 * callees: which nodes of the local network are called, and when. Pure: time and
 * randomness come in, decisions go out.
 *
 * Two that find each other would call at the same time: the one whose announced name
 * is the smaller calls soon, the other only after it has had its chance. Who announces
 * and has no name yet knows neither, and waits for it. Who was met is left alone for a
 * while, even if it is found only afterwards; who did not answer for longer each time.
 */
#ifndef DLB_CALLEES_H
#define DLB_CALLEES_H

#include "lan.h"

#define DLB_CALLEES_MAX DLB_LAN_PEERS_MAX
#define DLB_CALLERS_MAX 16
#define DLB_CALL_SOON_MS 2000          /* at random within it */
#define DLB_CALL_TURN_MS 15000         /* until it is our turn */
#define DLB_CALL_AGAIN_MS (15 * 60000) /* after a meeting */
#define DLB_CALL_FOUND_MS 60000        /* in which who called is found */
#define DLB_CALL_RETRY_MS 60000        /* after a failure, doubled each time */
#define DLB_CALL_RETRY_MAX_MS (60 * 60000)

struct dlb_callee {
	struct dlb_lan_peer peer;
	bool there; /* on the network; else kept so that it is not called too soon */
	bool undecided; /* found before our own name was known */
	int64_t next_ms;
	unsigned failures;
};
/* Who called and was met. */
struct dlb_caller {
	char host[DLB_TCP_HOST_MAX + 1];
	int64_t until_ms;
};
struct dlb_callees {
	struct dlb_callee list[DLB_CALLEES_MAX];
	size_t n;
	struct dlb_caller callers[DLB_CALLERS_MAX]; /* the oldest gives way */
	bool announces;
	char own_name[DLB_LAN_NAME_MAX
		+ 1]; /* empty: not announced, or not yet */
};

void dlb_callees_found(struct dlb_callees *c, const struct dlb_lan_peer *peer,
	const struct dlb_env *env);
/* We are announced under this name from now on. */
void dlb_callees_announced(
	struct dlb_callees *c, const char *name, const struct dlb_env *env);
void dlb_callees_lost(struct dlb_callees *c, const char *name);
/* The one that is due; NULL: none. */
struct dlb_callee *dlb_callees_due(struct dlb_callees *c, int64_t now_ms);
/* When the next one is due; INT64_MAX: never. */
int64_t dlb_callees_deadline_ms(const struct dlb_callees *c);
void dlb_callees_called(
	struct dlb_callee *callee, bool met, const struct dlb_env *env);
/* Somebody called from this host and was met. */
void dlb_callees_met_host(
	struct dlb_callees *c, const char *host, const struct dlb_env *env);

#endif
