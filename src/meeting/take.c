/*
 * Cells that come: each must have been asked for, or promised and not be here; one
 * at a time goes to the caller, who stores it and answers; the answers go back in
 * the order in which the cells came. docs/meeting.md, section 6.
 *
 * Invariants: tail <= answered <= head, head - tail <= window; a ticket is the count
 * of cells that came before.
 */
#include "engine_internal.h"

#include <string.h>

bool
dlb_take_open(const struct dlb_meeting *m)
{
	return m->take.used < m->take.room && m->take.full < DLB_FULL_MAX;
}

bool
dlb_take_want(struct dlb_meeting *m, uint64_t id)
{
	return m->take.wanted.n < DLB_WANTED_MAX
		&& dlb_ids_add(&m->take.wanted, &m->budget, id);
}

static bool
asked_for(struct dlb_meeting *m, uint64_t id)
{
	struct dlb_take *t = &m->take;

	if (t->used >= t->room)
		return false;
	if (dlb_ids_remove(&t->wanted, id))
		return true;
	if (t->promised == 0 || dlb_set_find(&m->set, id) != DLB_SET_NONE)
		return false;
	t->promised--;
	return true;
}

static struct dlb_taking *
taking(const struct dlb_meeting *m, uint64_t ticket)
{
	return &m->take.ring[ticket % m->take.window];
}

/* A cell that nobody asked for is answered at once; a few, and it is over. */
static void
refuse(struct dlb_meeting *m, uint64_t ticket)
{
	taking(m, ticket)->status = DLB_ACK_REFUSED;
	if (++m->stats.unasked >= DLB_UNASKED_MAX)
		dlb_meeting_fail(m, DLB_END_UNASKED);
}

/* Those at the front that have their answer. */
static void
move_answered(struct dlb_meeting *m)
{
	struct dlb_take *t = &m->take;

	while (t->answered < t->head
		&& taking(m, t->answered)->status != DLB_ACK_NONE)
		t->answered++;
}

void
dlb_take_cell(struct dlb_meeting *m, struct dlb_reader *r)
{
	struct dlb_take *t = &m->take;
	uint64_t id = dlb_read_u64(r), ticket = t->head;
	uint8_t copies = dlb_read_u8(r);
	const uint8_t *cell = dlb_read_view(r, DLB_MEETING_CELL_LEN);

	if (m->end_heard) {
		dlb_meeting_fail(m, DLB_END_OUT_OF_TURN);
		return;
	}
	if (t->head - t->tail == t->window) {
		dlb_meeting_fail(m, DLB_END_FLOOD);
		return;
	}
	t->head++;
	*taking(m, ticket) =
		(struct dlb_taking){.id = id, .status = DLB_ACK_NONE};
	if (!asked_for(m, id)) {
		refuse(m, ticket);
		move_answered(m);
		return;
	}
	t->used++;
	t->store_due = true;
	t->store = (struct dlb_meeting_action){.what = DLB_MEETING_STORE,
		.ticket = ticket,
		.cell = cell,
		.copies = copies < DLB_COPIES_MAX ? copies : DLB_COPIES_MAX,
		.look = copies == 0};
}

bool
dlb_meeting_expects(const struct dlb_meeting *m, uint64_t ticket,
	const uint8_t name[static 16])
{
	const struct dlb_take *t = &m->take;

	return ticket >= t->tail && ticket < t->head
		&& taking(m, ticket)->id == dlb_meeting_id(m->id_key, name);
}

static uint8_t
status_of(struct dlb_meeting *m, enum dlb_status status)
{
	switch (status) {
	case DLB_OK:
		m->stats.taken++;
		return DLB_ACK_KEPT;
	case DLB_DUPLICATE:
		m->stats.refused++;
		return DLB_ACK_HERE;
	case DLB_FULL:
	case DLB_NO_SPACE:
		m->stats.refused++;
		return DLB_ACK_FULL;
	default:
		m->stats.refused++;
		return DLB_ACK_REFUSED;
	}
}

void
dlb_meeting_stored(struct dlb_meeting *m, uint64_t ticket,
	const uint8_t name[static 16], enum dlb_status status)
{
	struct dlb_take *t = &m->take;
	struct dlb_taking *k;

	m->moved_ms = m->env->monotonic_ms(m->env->ctx);
	if (ticket < t->answered || ticket >= t->head)
		return;
	k = taking(m, ticket);
	if (k->status != DLB_ACK_NONE)
		return;
	/* What was kept after the end counts, though the other side is not told. */
	k->status = status_of(m, status);
	if (m->state == DLB_STATE_OVER)
		return;
	t->full = k->status == DLB_ACK_KEPT
		? 0
		: t->full + (k->status == DLB_ACK_FULL);
	if (k->status != DLB_ACK_KEPT)
		t->used--;
	/* Another cell than the one that was promised. */
	if (status != DLB_OK && status != DLB_DUPLICATE
		&& k->id != dlb_meeting_id(m->id_key, name)
		&& ++m->stats.unasked >= DLB_UNASKED_MAX)
		dlb_meeting_fail(m, DLB_END_UNASKED);
	move_answered(m);
}

bool
dlb_take_send_ack(struct dlb_meeting *m)
{
	struct dlb_take *t = &m->take;
	struct dlb_writer w;

	if (t->tail == t->answered)
		return false;
	dlb_frame_begin(m, &w);
	for (; t->tail < t->answered; t->tail++)
		dlb_write_u8(&w, taking(m, t->tail)->status);
	dlb_frame_end(m, &w, DLB_FRAME_ACK);
	return true;
}

/* Cells are here that the caller has not answered. */
bool
dlb_take_busy(const struct dlb_meeting *m)
{
	return m->take.store_due || m->take.answered < m->take.head;
}

void
dlb_take_free(struct dlb_meeting *m)
{
	dlb_ids_free(&m->take.wanted, &m->budget);
	dlb_budget_give(&m->budget, m->take.ring, m->take.window,
		sizeof(*m->take.ring));
	m->take.ring = NULL;
}
