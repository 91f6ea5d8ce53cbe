/*
 * lend: a process that keeps a home open for long (`dlb serve`) lends it to others
 * that need it for a moment: it closes the home, hands over the key, and opens it
 * again when the borrower is gone, however that ended.
 *
 * A socket in the home's own directory, for the same user only (SO_PEERCRED). One
 * borrower at a time; others wait in line. While the lender runs, every program of
 * this user can open the home, as after `dlb unlock`.
 */
#ifndef DLB_LEND_H
#define DLB_LEND_H

#include "crypto.h"

#include <poll.h>

#define DLB_LEND_FILE "socket"
#define DLB_LEND_LINE_MAX 16 /* borrowers that wait */
#define DLB_LEND_FDS_MAX (1 + DLB_LEND_LINE_MAX)

/* ---- the lender ----------------------------------------------------------------- */

struct dlb_lender;

/* The caller holds the home's lock: a socket that is there is an old one's. */
enum dlb_status dlb_lender_new(struct dlb_lender **out, const char *home,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Sends borrowers away, removes the socket. */
void dlb_lender_free(struct dlb_lender *l);
unsigned dlb_lender_poll(
	const struct dlb_lender *l, struct pollfd out[static DLB_LEND_FDS_MAX]);

enum dlb_lend_event {
	DLB_LEND_NONE,
	/* Somebody wants it: write all down, close the home, then give. */
	DLB_LEND_WANTED,
	DLB_LEND_BACK, /* open it again; WANTED may follow at once */
};
/* One event at a time: call until it is NONE. */
enum dlb_lend_event dlb_lender_step(struct dlb_lender *l);
void dlb_lender_give(
	struct dlb_lender *l, const uint8_t key[static DLB_KEY_LEN]);
/* The home can not be closed now, or does not open: the borrower is told so. */
void dlb_lender_refuse(struct dlb_lender *l);

/* ---- the borrower ----------------------------------------------------------------- */

/* Does anybody lend this home? An old socket does not count. */
bool dlb_lender_there(const char *home);
/* Asks for the home, waits at most wait_ms, and fills key, which opens it
 * (DLB_UNLOCK_ROOT). *fd: to be closed once the home is closed, by the end of the
 * process at the latest. DLB_NOT_FOUND without a message where nobody lends it,
 * DLB_BUSY where it did not come in time. */
enum dlb_status dlb_borrow(const char *home, unsigned wait_ms,
	uint8_t key[static DLB_KEY_LEN], int *fd, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
