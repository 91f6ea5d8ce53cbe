/*
 * Cells that go: what the other side lacks, in the order of the plan, as many at a
 * time as it has a window for; each answered before its counter changes here.
 * docs/meeting.md, section 6.
 *
 * Invariants: slots are filled and sent in the order of the plan; sent_tail <=
 * sent_answered <= sent_head, and sent_head - sent_answered never exceeds the window.
 */
#include "engine_internal.h"

#include <stdlib.h>
#include <string.h>

#define FRAME_LEN (DLB_FRAME_HEAD + DLB_CELL_HEAD + DLB_MEETING_CELL_LEN)

/* ---- the plan ---------------------------------------------------------------------- */

/* What has gone makes room. */
static void
drop_gone_moves(struct dlb_give *g)
{
	g->moves_n -= g->moves_at;
	memmove(g->moves, g->moves + g->moves_at,
		g->moves_n * sizeof(*g->moves));
	g->moves_at = 0;
}

static bool
reserve_moves(struct dlb_meeting *m)
{
	struct dlb_give *g = &m->give;
	size_t cap = g->moves_cap ? 2 * g->moves_cap : 64;
	struct dlb_plan_move *more;

	if (g->moves_at > g->moves_cap / 2)
		drop_gone_moves(g);
	if (g->moves_n < g->moves_cap)
		return true;
	more = dlb_budget_take(&m->budget, cap, sizeof(*more));
	if (!more)
		return false;
	if (g->moves_n)
		memcpy(more, g->moves, g->moves_n * sizeof(*more));
	dlb_budget_give(&m->budget, g->moves, g->moves_cap, sizeof(*g->moves));
	g->moves = more;
	g->moves_cap = cap;
	return true;
}

/* Where there are too many it does not go: the next meeting has it. */
bool
dlb_give_add(struct dlb_meeting *m, uint32_t index)
{
	struct dlb_set_cell *c = &m->set.cells[index];

	c->flags |= DLB_SET_GIVE;
	if (c->copies == 0 || m->give.moves_n - m->give.moves_at >= DLB_GIVE_MAX
		|| !reserve_moves(m))
		return false;
	m->give.moves[m->give.moves_n++].number = index;
	m->stats.to_give++;
	return true;
}

void
dlb_give_plan(struct dlb_meeting *m)
{
	struct dlb_give *g = &m->give;
	size_t n = g->moves_n - g->moves_at;
	struct dlb_plan_move *moves;
	struct dlb_plan_cell *cells;

	if (n == 0)
		return;
	moves = g->moves + g->moves_at;
	cells = dlb_budget_take(&m->budget, n, sizeof(*cells));
	if (!cells) {
		dlb_meeting_fail(m, DLB_END_MEMORY);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct dlb_set_cell *c = &m->set.cells[moves[i].number];

		cells[i].number = moves[i].number;
		cells[i].expiry_week = c->week;
		cells[i].copies = c->copies;
		cells[i].for_peer = (c->flags & DLB_SET_BOX) != 0;
		cells[i].own = (c->flags & DLB_MEETING_OWN) != 0;
	}
	/* None is left out: look copies and expired ones are not in. */
	g->moves_n = g->moves_at
		+ dlb_plan(moves, cells, n, n, 0, NULL, NULL, m->env);
	dlb_budget_give(&m->budget, cells, n, sizeof(*cells));
}

size_t
dlb_give_backlog(const struct dlb_meeting *m)
{
	return dlb_give_open(m) ? m->give.moves_n - m->give.moves_at : 0;
}

bool
dlb_give_open(const struct dlb_meeting *m)
{
	return m->give.kept < m->give.room && m->give.window > 0
		&& m->give.full < DLB_FULL_MAX;
}

/* ---- reading them ------------------------------------------------------------------------ */

static uint32_t
slots_used(const struct dlb_give *g)
{
	return g->slot_head - g->slot_tail;
}

static struct dlb_slot *
slot_at(struct dlb_give *g, uint32_t count)
{
	return &g->slots[count % g->slots_n];
}

/* As many as there is memory for, one at least. */
static bool
make_slots(struct dlb_meeting *m)
{
	struct dlb_give *g = &m->give;
	uint32_t most = g->window < DLB_MEETING_FETCH_MAX
		? g->window
		: DLB_MEETING_FETCH_MAX;

	g->sent = dlb_budget_take(&m->budget, DLB_WINDOW_MAX, sizeof(*g->sent));
	while (g->sent && g->slots_n < most) {
		struct dlb_slot *slot = &g->slots[g->slots_n];

		slot->frame = dlb_budget_take(&m->budget, FRAME_LEN, 1);
		if (!slot->frame)
			break;
		g->slots_n++;
	}
	if (g->slots_n == 0)
		dlb_meeting_fail(m, DLB_END_MEMORY);
	return g->slots_n > 0;
}

/* How many more may be read now. */
static uint32_t
may_fetch(const struct dlb_give *g)
{
	uint32_t used = slots_used(g), n = g->slots_n - used;
	uint32_t unanswered = g->sent_head - g->sent_answered;
	uint64_t going = (uint64_t)g->kept + unanswered + used;

	/* Many at once: they are read in parallel. */
	if (used > 0 && 2 * n < g->slots_n)
		return 0;
	if (n > g->moves_n - g->moves_at)
		n = (uint32_t)(g->moves_n - g->moves_at);
	if (going >= g->room)
		return 0;
	return n < g->room - going ? n : (uint32_t)(g->room - going);
}

bool
dlb_give_fetch(struct dlb_meeting *m, struct dlb_meeting_action *a)
{
	struct dlb_give *g = &m->give;
	uint32_t n;

	if (!dlb_give_backlog(m) || m->end_said)
		return false;
	if (g->slots_n == 0 && !make_slots(m))
		return false;
	n = may_fetch(g);
	if (n == 0)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const struct dlb_plan_move *move = &g->moves[g->moves_at++];
		struct dlb_slot *slot = slot_at(g, g->slot_head++);

		slot->index = move->number;
		slot->give = move->give;
		slot->keep = move->keep;
		slot->state = DLB_SLOT_ASKED;
		g->numbers[i] = m->set.cells[move->number].number;
	}
	a->what = DLB_MEETING_FETCH;
	a->numbers = g->numbers;
	a->numbers_n = n;
	return true;
}

static void
fill_slot(struct dlb_meeting *m, struct dlb_slot *slot, const uint8_t *cell)
{
	struct dlb_writer w;

	dlb_writer_init(&w, slot->frame, FRAME_LEN);
	dlb_write_zeros(&w, DLB_FRAME_HEAD);
	dlb_write_u64(&w, m->set.ids[slot->index]);
	dlb_write_u8(&w, slot->give);
	dlb_write_bytes(&w, cell, DLB_MEETING_CELL_LEN);
	dlb_frame_head(slot->frame, DLB_FRAME_CELL, w.len - DLB_FRAME_HEAD);
	slot->state = DLB_SLOT_READY;
}

/* Slots at the tail whose cell was not there any more. */
static void
drop_gone(struct dlb_give *g)
{
	while (slots_used(g)
		&& slot_at(g, g->slot_tail)->state == DLB_SLOT_GONE)
		slot_at(g, g->slot_tail++)->state = DLB_SLOT_FREE;
}

void
dlb_meeting_fetched(struct dlb_meeting *m, uint32_t number, const uint8_t *cell)
{
	struct dlb_give *g = &m->give;

	m->moved_ms = m->env->monotonic_ms(m->env->ctx);
	for (uint32_t i = g->slot_tail; i != g->slot_head; i++) {
		struct dlb_slot *slot = slot_at(g, i);

		if (slot->state != DLB_SLOT_ASKED
			|| m->set.cells[slot->index].number != number)
			continue;
		if (cell)
			fill_slot(m, slot, cell);
		else
			slot->state = DLB_SLOT_GONE;
		break;
	}
	drop_gone(g);
}

/* ---- sending --------------------------------------------------------------------------------- */

bool
dlb_give_ready(const struct dlb_meeting *m)
{
	const struct dlb_give *g = &m->give;

	return slots_used(g) > 0 && dlb_give_open(m)
		&& g->slots[g->slot_tail % g->slots_n].state == DLB_SLOT_READY
		&& g->sent_head - g->sent_answered < g->window
		&& g->sent_head - g->sent_tail < DLB_WINDOW_MAX;
}

void
dlb_give_send(struct dlb_meeting *m)
{
	struct dlb_give *g = &m->give;
	struct dlb_slot *slot = slot_at(g, g->slot_tail);

	g->sent[g->sent_head++ % DLB_WINDOW_MAX] =
		(struct dlb_given){.index = slot->index,
			.keep = slot->keep,
			.status = DLB_ACK_NONE};
	m->out.data = slot->frame;
	m->out.len = FRAME_LEN;
	m->out.at = 0;
	m->out.slot = slot;
	m->stats.out[DLB_MEETING_CELLS] += FRAME_LEN;
}

/* All of its bytes have gone; it is the oldest. */
void
dlb_give_sent(struct dlb_meeting *m, struct dlb_slot *slot)
{
	slot->state = DLB_SLOT_FREE;
	m->give.slot_tail++;
	drop_gone(&m->give);
}

/* ---- the answers ------------------------------------------------------------------------------- */

void
dlb_give_ack(struct dlb_meeting *m, struct dlb_reader *r)
{
	struct dlb_give *g = &m->give;

	for (size_t n = dlb_reader_left(r); n > 0; n--) {
		uint8_t status = dlb_read_u8(r);

		if (g->sent_head == g->sent_answered) {
			dlb_meeting_fail(m, DLB_END_OUT_OF_TURN);
			return;
		}
		if (status >= DLB_ACKS) {
			dlb_meeting_fail(m, DLB_END_MALFORMED);
			return;
		}
		g->sent[g->sent_answered++ % DLB_WINDOW_MAX].status = status;
		g->kept += status == DLB_ACK_KEPT;
		g->full = status == DLB_ACK_KEPT
			? 0
			: g->full + (status == DLB_ACK_FULL);
	}
}

/* The next of those that are answered. */
bool
dlb_give_given(struct dlb_meeting *m, struct dlb_meeting_action *a)
{
	struct dlb_give *g = &m->give;

	while (g->sent_tail != g->sent_answered) {
		const struct dlb_given *sent =
			&g->sent[g->sent_tail++ % DLB_WINDOW_MAX];
		const struct dlb_set_cell *c = &m->set.cells[sent->index];

		if (sent->status != DLB_ACK_KEPT
			&& sent->status != DLB_ACK_HERE) {
			m->stats.refused_there++;
			continue;
		}
		m->stats.given += sent->status == DLB_ACK_KEPT;
		a->what = DLB_MEETING_GIVEN;
		a->number = c->number;
		/* What was there already has taken no copies. */
		a->keep = sent->status == DLB_ACK_KEPT ? sent->keep : c->copies;
		a->own = (c->flags & DLB_MEETING_OWN) != 0;
		return true;
	}
	return false;
}

/* Nothing more goes, and all that went is answered. */
bool
dlb_give_over(const struct dlb_meeting *m)
{
	const struct dlb_give *g = &m->give;

	return dlb_groups_settled(m) && dlb_give_backlog(m) == 0
		&& (slots_used(g) == 0 || !dlb_give_open(m)) && !m->out.slot
		&& g->sent_head == g->sent_answered;
}

/* Cells were asked for here and are not there yet. */
bool
dlb_give_busy(const struct dlb_meeting *m)
{
	const struct dlb_give *g = &m->give;

	for (uint32_t i = g->slot_tail; i != g->slot_head; i++)
		if (g->slots[i % g->slots_n].state == DLB_SLOT_ASKED)
			return true;
	return false;
}

void
dlb_give_free(struct dlb_meeting *m)
{
	struct dlb_give *g = &m->give;

	for (uint32_t i = 0; i < g->slots_n; i++)
		dlb_budget_give(&m->budget, g->slots[i].frame, FRAME_LEN, 1);
	dlb_budget_give(&m->budget, g->moves, g->moves_cap, sizeof(*g->moves));
	dlb_budget_give(&m->budget, g->sent, DLB_WINDOW_MAX, sizeof(*g->sent));
	memset(g, 0, sizeof(*g));
}
