/*
 * Two descriptors as one stream that never blocks and never raises SIGPIPE: a
 * socket, or one descriptor for each direction (pipes, own stdin and stdout).
 */
#ifndef DLB_CARRIER_ENDS_INTERNAL_H
#define DLB_CARRIER_ENDS_INTERNAL_H

#include "base.h"

struct ends {
	int rd, wr; /* -1: closed */
	bool rd_socket, wr_socket;
	bool borrowed;
	int rd_flags,
		wr_flags; /* as they were, to be put back; -1: unchanged */
};

enum ends_result {
	ENDS_MOVED,
	ENDS_LATER, /* would block */
	ENDS_OVER,  /* end of the stream; writing: nobody reads */
	ENDS_ERROR, /* errno */
};

/* Takes the descriptors over (where not borrowed) whatever happens. DLB_USAGE
 * where one is a terminal. */
enum dlb_status ends_init(struct ends *e, int rd, int wr, bool borrowed,
	struct dlb_error *err) DLB_MUST_CHECK;
void ends_close(struct ends *e);
/* Tells the other end that nothing more is written. */
void ends_close_write(struct ends *e);
enum ends_result ends_read(struct ends *e, void *buf, size_t cap, size_t *got)
	DLB_MUST_CHECK;
enum ends_result ends_write(struct ends *e, const void *data, size_t len,
	size_t *done) DLB_MUST_CHECK;

#endif
