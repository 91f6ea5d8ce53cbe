/*
 * arrivals: see arrivals.c.
 */
#ifndef DLB_NODE_ARRIVALS_H
#define DLB_NODE_ARRIVALS_H

#include "finding.h"
#include "trips.h"

struct dlb_arrival {
	uint64_t ticket;
	enum dlb_status st;
	uint16_t expiry_week; /* 0: it is no cell */
	bool mine; /* wanted by a letter; token is dlb_wanted_take's */
	size_t token;
	bool hit;      /* a head for the reader here, or of a bulletin */
	bool dear;     /* bound for a box of a trip */
	bool recalled; /* a token speaks against it */
	struct dlb_hit head;
};

/* The caller fills the first part; all zero otherwise. The batch lies in the node's
 * memory for cells, which nothing else is to use meanwhile. */
struct dlb_arrivals {
	struct dlb_node *n;
	uint16_t week; /* 0: the clock is not trusted */
	uint32_t origin;
	/* Is this the cell that was meant? From several threads. */
	bool (*promised)(void *ctx, uint64_t ticket,
		const uint8_t name[static DLB_NAME_LEN]);
	/* DLB_OK and DLB_DUPLICATE: durable. May be NULL. */
	void (*stored)(void *ctx, uint64_t ticket,
		const uint8_t name[static DLB_NAME_LEN], enum dlb_status st);
	void *ctx;
	/* Whose cells give way last; may be NULL. */
	const struct dlb_trips *trips;

	uint64_t taken, refused;
	uint64_t letters_new, letters_refused, letters_complete;
	size_t count; /* of the batch; at most DLB_BATCH */
	struct dlb_wanted *wanted;
	struct dlb_seen_weeks seen;
	struct dlb_satchel_item items[DLB_BATCH];
	struct dlb_arrival each[DLB_BATCH];
};

/* Looks for what came before and was not recognised: a crash took the moment. */
enum dlb_status dlb_arrivals_begin(
	struct dlb_arrivals *a, struct dlb_error *err) DLB_MUST_CHECK;
/* There must be room in the batch. */
void dlb_arrivals_add(struct dlb_arrivals *a,
	const uint8_t cell[static DLB_CELL_LEN], uint8_t copies, bool look,
	uint64_t ticket);
enum dlb_status dlb_arrivals_store(
	struct dlb_arrivals *a, struct dlb_error *err) DLB_MUST_CHECK;
/* Stores what is left, and writes to the letterbox how far each letter is. It may be
 * gone on with afterwards. */
enum dlb_status dlb_arrivals_finish(
	struct dlb_arrivals *a, struct dlb_error *err) DLB_MUST_CHECK;
/* What was not stored is dropped; the counts stay. */
void dlb_arrivals_clear(struct dlb_arrivals *a);

#endif
