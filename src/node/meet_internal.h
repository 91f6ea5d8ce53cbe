/*
 * A meeting at work: shared by meet.c (plans, the order of things), meet_own.c,
 * meet_give.c and meet_take.c.
 */
#ifndef DLB_NODE_MEET_INTERNAL_H
#define DLB_NODE_MEET_INTERNAL_H

#include "node_internal.h"

struct meet {
	struct dlb_node *n;
	struct dlb_satchel *box;
	const struct dlb_meet_options *options;
	struct dlb_meet_result *result;
	const struct dlb_progress *progress;
	struct dlb_wanted *wanted;
	uint16_t week; /* 0: the clock is not trusted */
	/* the batch at work */
	const struct dlb_plan_move *moves;
	struct dlb_satchel_item items[DLB_BATCH];
	enum dlb_status got[DLB_BATCH];
	size_t token[DLB_BATCH];
	bool mine[DLB_BATCH];
	struct dlb_satchel_change changes[DLB_BATCH];
	uint64_t done, total;
	size_t carry; /* how many more cells may come in to be carried on */
	bool *keep;   /* beyond that: which ones may be own */
};

/* Counts `more` cells as done; false: the user wants to stop. */
bool dlb_meet_step(struct meet *m, const char *what, size_t more);
enum dlb_status dlb_meet_interrupted(struct dlb_error *err);
/* Moves those of a batch that could be read (m->got) to the front, items and moves
 * alike, and counts the others; returns how many are left. */
size_t dlb_meet_keep_sound(
	struct meet *m, struct dlb_plan_move *moves, size_t n);

/* The moves of own new cells: all that are sent now, others up to the constant
 * number, cover for the rest. *moves is malloc'ed. */
enum dlb_status dlb_meet_plan_own(struct meet *m, struct dlb_plan_move **moves,
	size_t *moves_n, struct dlb_error *err) DLB_MUST_CHECK;
/* Writes down how far letters are, after their cells moved. */
enum dlb_status dlb_meet_write_progress(
	struct dlb_node *n, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_meet_give(struct meet *m, struct dlb_plan_move *moves,
	size_t n, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_meet_take(struct meet *m, struct dlb_plan_move *moves,
	size_t n, struct dlb_error *err) DLB_MUST_CHECK;

#endif
