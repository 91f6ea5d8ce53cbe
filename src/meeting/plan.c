/*
 * What one satchel gives another: which cells, in which order, with how many
 * copies (binary Spray and Wait: Spyropoulos et al., WDTN 2005).
 *
 * Invariants: what a move gives and what it leaves add up to what the giver had,
 * but for a look copy (0) and for the last copy of a box's cell, which the box
 * gets and the giver keeps; the order depends only on class and randomness, never
 * on a cell's number or arrival.
 */
#include "meeting.h"

#include <stdlib.h>

uint8_t
dlb_copies_start(const struct dlb_env *env)
{
	return dlb_random_below(env, 2) ? DLB_COPIES_MAX : DLB_COPIES_MAX / 2;
}

void
dlb_plan_own(size_t waiting, size_t *real, size_t *cover)
{
	*real = waiting < DLB_MEETING_OWN_CELLS ? waiting
						: DLB_MEETING_OWN_CELLS;
	*cover = DLB_MEETING_OWN_CELLS - *real;
}

static void
split_copies(struct dlb_plan_move *move, const struct dlb_plan_cell *cell)
{
	uint8_t copies =
		cell->copies < DLB_COPIES_MAX ? cell->copies : DLB_COPIES_MAX;

	move->give = copies / 2;
	move->keep = (uint8_t)(copies - move->give);
	/* A box is where its cells are bound for: a look copy, which goes after a
	 * while, would not do. */
	if (cell->for_peer && move->give == 0)
		move->give = 1;
}

static int
compare_class(const struct dlb_plan_cell *x, const struct dlb_plan_cell *y)
{
	if (x->own != y->own)
		return x->own ? -1 : 1;
	if (x->for_peer != y->for_peer)
		return x->for_peer ? -1 : 1;
	if (x->expiry_week != y->expiry_week)
		return x->expiry_week > y->expiry_week ? -1 : 1;
	return 0;
}

/* While the moves are put in order, their `number` is the index into cells. */
static int
compare_moves(const void *a, const void *b, void *ctx)
{
	const struct dlb_plan_cell *cells = ctx;
	const struct dlb_plan_move *x = a, *y = b;

	return compare_class(&cells[x->number], &cells[y->number]);
}

static void
shuffle(struct dlb_plan_move *moves, size_t n, const struct dlb_env *env)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = dlb_random_below(env, (uint32_t)i);
		struct dlb_plan_move t = moves[j];

		moves[j] = moves[i - 1];
		moves[i - 1] = t;
	}
}

static void
order(struct dlb_plan_move *moves, size_t n, const struct dlb_plan_cell *cells,
	const struct dlb_env *env)
{
	size_t start = 0;

	qsort_r(moves, n, sizeof(*moves), compare_moves, (void *)cells);
	for (size_t i = 1; i <= n; i++) {
		if (i < n
			&& compare_class(&cells[moves[start].number],
				   &cells[moves[i].number])
				== 0)
			continue;
		shuffle(moves + start, i - start, env);
		start = i;
	}
}

size_t
dlb_plan(struct dlb_plan_move *moves, const struct dlb_plan_cell *cells,
	size_t n, size_t room, uint16_t now_week,
	bool (*has)(void *ctx, const uint8_t name[static 16]), void *ctx,
	const struct dlb_env *env)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		const struct dlb_plan_cell *cell = &cells[i];

		if (cell->copies == 0)
			continue;
		if (now_week && cell->expiry_week < now_week)
			continue;
		if (has && has(ctx, cell->name))
			continue;
		moves[count].number = (uint32_t)i;
		split_copies(&moves[count], cell);
		count++;
	}
	if (count > 0)
		order(moves, count, cells, env);
	if (count > room)
		count = room;
	for (size_t i = 0; i < count; i++)
		moves[i].number = cells[moves[i].number].number;
	return count;
}
