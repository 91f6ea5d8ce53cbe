/*
 * Between the files of sending: send.c, which sees to all of it, and send_stripes.c,
 * which seals a letter that is split.
 */
#ifndef DLB_NODE_SEND_INTERNAL_H
#define DLB_NODE_SEND_INTERNAL_H

#include "node_internal.h"
#include "pack.h"

struct dlb_sending {
	struct dlb_node *n;
	const struct dlb_send_options *options;
	struct dlb_send_result *result;
	const struct dlb_progress *progress;
	struct dlb_sealer *sealer;
	struct dlb_seal_to to;
	struct dlb_seal_from from;
	int64_t correspondent;
	void (*note)(void *ctx, const char *text);
	void *note_ctx;
	uint64_t total,
		done; /* content bytes, for progress; total 0: not known */
	bool decided, now;
	bool receipt;               /* wanted */
	struct dlb_out_letter old;  /* that is sealed again */
	struct dlb_release release; /* of its cells */
	struct dlb_sealing **open;  /* letters whose cells are not all stored */
	size_t open_n, open_cap;
	/* Of the first letter that the letterbox was told of; all zero: none. */
	uint8_t first_sealing[DLB_LETTER_ID_LEN];
};

/* The user's answer where more goes out than a meeting's constant number. */
enum dlb_status dlb_sending_decide(struct dlb_sending *s, uint64_t cells,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Is there room for so many cells? */
enum dlb_status dlb_sending_room(struct dlb_sending *s, uint64_t cells,
	struct dlb_error *err) DLB_MUST_CHECK;
/* So many more bytes of content are sealed; false: it is to stop. */
bool dlb_sending_step(struct dlb_sending *s, uint64_t more);

/* Makes a letter of `first`, which is filled but for its layout, its stripe and those
 * of the chain behind it: all of its cells from the pack. */
enum dlb_status dlb_send_stripes(struct dlb_sending *s,
	struct dlb_sealing *first, struct dlb_pack *pack, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
