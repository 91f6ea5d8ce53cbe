/*
 * The machine: states, turns, time, the end. docs/meeting.md has the table.
 *
 * Whatever is to be said is state, never a queue: frames are made when the last ones
 * have gone, so a peer that does not read costs nothing. Answers go before all else;
 * then what is told of the set and cells take turns, so that neither waits for the
 * other on a slow link.
 */
#include "engine_internal.h"

#include <assert.h>
#include <string.h>

static int64_t
now_of(const struct dlb_meeting *m)
{
	return m->env->monotonic_ms(m->env->ctx);
}

/* ---- beginning ------------------------------------------------------------------- */

static enum dlb_status
check_config(const struct dlb_meeting_config *c, struct dlb_error *err)
{
	size_t boxes = 0;

	for (size_t i = 0; i < c->secrets_n; i++)
		boxes += c->secrets[i].box;
	if (c->window > DLB_WINDOW_MAX || !c->env
		|| c->tokens_n > DLB_MEETING_TOKENS_MAX || boxes > DLB_BOXES_MAX
		|| c->secrets_n > UINT16_MAX)
		return dlb_fail(err, DLB_USAGE,
			"a meeting can not be set up like this");
	if (c->cells_n > DLB_CELLS_N_MAX || c->more_n > DLB_CELLS_N_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"%zu cells are more than a meeting can be about",
			c->cells_n);
	return DLB_OK;
}

static void
set_up(struct dlb_meeting *m, const struct dlb_meeting_config *c)
{
	m->env = c->env;
	m->caller = c->caller;
	m->known_only = c->known_only;
	m->now_week = m->from = c->now_week;
	m->stall_ms = c->stall_ms ? c->stall_ms : DLB_MEETING_STALL_MS;
	m->take.room = c->room;
	m->take.window = c->window ? c->window : DLB_MEETING_WINDOW;
	m->hello_due = c->caller;
	m->start_ms = m->moved_ms = m->sent_ms = now_of(m);
	m->limit_at_ms = c->limit_ms && c->limit_ms < INT64_MAX / 2
		? m->start_ms + (int64_t)c->limit_ms
		: INT64_MAX;
	dlb_derive(m->id_key, sizeof(m->id_key), c->exporter,
		sizeof(c->exporter), "dlb meeting ids", NULL, 0);
	dlb_derive(m->symbol_key, sizeof(m->symbol_key), c->exporter,
		sizeof(c->exporter), "dlb meeting symbols", NULL, 0);
	dlb_random(m->env, &m->take.wanted.key, sizeof(m->take.wanted.key));
	m->take.wanted.key |= 1;
}

static enum dlb_status
take_memory(struct dlb_meeting *m, const struct dlb_meeting_config *c)
{
	m->in.payload = dlb_budget_take(
		&m->budget, DLB_CELL_HEAD + DLB_MEETING_CELL_LEN, 1);
	m->take.ring = dlb_budget_take(
		&m->budget, m->take.window, sizeof(*m->take.ring));
	if (!m->in.payload || !m->take.ring)
		return DLB_NO_MEMORY;
	if (dlb_tokens_init(m, c) != DLB_OK
		|| dlb_greeting_init(m, c) != DLB_OK)
		return DLB_NO_MEMORY;
	return dlb_set_fill(&m->set, &m->budget, c, m->id_key);
}

enum dlb_status
dlb_meeting_new(struct dlb_meeting **out,
	const struct dlb_meeting_config *config, struct dlb_error *err)
{
	struct dlb_budget budget = {
		.limit = config->budget ? config->budget : SIZE_MAX};
	enum dlb_status st = check_config(config, err);
	struct dlb_meeting *m;

	*out = NULL;
	if (st != DLB_OK)
		return st;
	m = dlb_budget_take(&budget, 1, sizeof(*m));
	if (m) {
		m->budget = budget;
		set_up(m, config);
		st = take_memory(m, config);
	}
	if (m && st == DLB_OK) {
		*out = m;
		return DLB_OK;
	}
	dlb_meeting_free(m);
	if (!config->budget)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	return dlb_fail(err, DLB_LIMIT,
		"%zu cells do not fit into the %zu bytes that a meeting may "
		"use; allow it more",
		config->cells_n, config->budget);
}

void
dlb_meeting_free(struct dlb_meeting *m)
{
	struct dlb_budget budget;

	if (!m)
		return;
	dlb_give_free(m);
	dlb_groups_free(m);
	dlb_take_free(m);
	dlb_tokens_free(m);
	dlb_set_free(&m->set, &m->budget);
	dlb_greeting_free(m);
	dlb_budget_give(&m->budget, m->in.payload,
		DLB_CELL_HEAD + DLB_MEETING_CELL_LEN, 1);
	budget = m->budget;
	dlb_wipe(m, sizeof(*m));
	dlb_budget_give(&budget, m, 1, sizeof(*m));
}

/* ---- the end -------------------------------------------------------------------------- */

static uint8_t
bye_of(enum dlb_meeting_end end)
{
	switch (end) {
	case DLB_END_DONE:
		return DLB_BYE_DONE;
	case DLB_END_STOPPED:
	case DLB_END_TOO_LONG:
	case DLB_END_MEMORY:
		return DLB_BYE_STOPPED;
	case DLB_END_VERSION:
		return DLB_BYE_VERSION;
	case DLB_END_STRANGER:
		return DLB_BYE_REFUSED;
	default:
		return DLB_BYE_FAULT;
	}
}

/* What was begun is finished, so that the other side can read on to the BYE. */
static void
end_with(struct dlb_meeting *m, enum dlb_meeting_end end, bool say)
{
	if (m->state == DLB_STATE_OVER)
		return;
	m->state = DLB_STATE_OVER;
	m->end = end;
	m->over_ms = now_of(m);
	m->bye_due = say;
	m->bye = bye_of(end);
	if (!say || m->out.at == 0) {
		m->out.data = NULL;
		m->out.slot = NULL;
	}
}

void
dlb_meeting_fail(struct dlb_meeting *m, enum dlb_meeting_end end)
{
	end_with(m, end, true);
}

void
dlb_meeting_stop(struct dlb_meeting *m, bool refuse)
{
	end_with(m, refuse ? DLB_END_STRANGER : DLB_END_STOPPED, true);
}

void
dlb_meeting_closed(struct dlb_meeting *m)
{
	/* Only the caller's BYE was still to come. */
	end_with(m, m->end_said && m->end_heard ? DLB_END_DONE : DLB_END_CLOSED,
		false);
	m->gone = true;
}

void
dlb_meeting_bye(struct dlb_meeting *m, struct dlb_reader *r)
{
	uint8_t bye = dlb_read_u8(r);
	enum dlb_meeting_end end;

	m->their_min = dlb_read_u8(r);
	m->their_max = dlb_read_u8(r);
	switch (bye) {
	case DLB_BYE_DONE:
		end = m->end_said && m->end_heard && !m->caller
			? DLB_END_DONE
			: DLB_END_OUT_OF_TURN;
		break;
	case DLB_BYE_STOPPED:
		end = DLB_END_STOPPED_THERE;
		break;
	case DLB_BYE_VERSION:
		end = DLB_END_VERSION;
		break;
	case DLB_BYE_REFUSED:
		end = DLB_END_REFUSED;
		break;
	default:
		end = DLB_END_BLAMED;
	}
	end_with(m, end, false);
}

/* ---- hearing ----------------------------------------------------------------------------- */

static bool
cells_moved(const struct dlb_meeting *m)
{
	return m->stats.in[DLB_MEETING_CELLS]
		|| m->stats.out[DLB_MEETING_CELLS];
}

void
dlb_meeting_heard(struct dlb_meeting *m, enum dlb_frame type)
{
	m->moved_ms = now_of(m);
	m->moved = 0;
	if (type == DLB_FRAME_PING)
		return;
	m->pings = 0;
	if (m->asked && !cells_moved(m))
		m->stats.round_trips++;
	m->asked = false;
}

void
dlb_meeting_ping(struct dlb_meeting *m, struct dlb_reader *r)
{
	(void)r;
	if (++m->pings > DLB_PINGS_MAX)
		dlb_meeting_fail(m, DLB_END_FLOOD);
}

void
dlb_meeting_heard_end(struct dlb_meeting *m, struct dlb_reader *r)
{
	(void)r;
	if (m->end_heard || !dlb_groups_settled(m)) {
		dlb_meeting_fail(m, DLB_END_OUT_OF_TURN);
		return;
	}
	m->end_heard = true;
}

/* So few bytes in so long are as good as none. */
static void
count_moved(struct dlb_meeting *m, size_t n)
{
	m->moved += n;
	if (m->moved < DLB_SLOWEST)
		return;
	m->moved = 0;
	m->moved_ms = now_of(m);
}

size_t
dlb_meeting_receive(struct dlb_meeting *m, const uint8_t *bytes, size_t len)
{
	size_t used = dlb_frames_receive(m, bytes, len);

	count_moved(m, used);
	return used;
}

/* ---- saying ------------------------------------------------------------------------------ */

static void
say(struct dlb_meeting *m, enum dlb_frame type)
{
	struct dlb_writer w;

	dlb_frame_begin(m, &w);
	dlb_frame_end(m, &w, type);
}

static bool
say_bye(struct dlb_meeting *m)
{
	struct dlb_writer w;

	if (!m->bye_due)
		return false;
	m->bye_due = false;
	dlb_frame_begin(m, &w);
	dlb_write_u8(&w, m->bye);
	dlb_write_u8(&w, DLB_MEETING_VERSION_MIN);
	dlb_write_u8(&w, DLB_MEETING_VERSION);
	dlb_frame_end(m, &w, DLB_FRAME_BYE);
	return true;
}

static bool
say_greeting(struct dlb_meeting *m)
{
	if (m->hello_due) {
		m->hello_due = false;
		dlb_greeting_send_hello(m);
	} else if (m->welcome_due) {
		m->welcome_due = false;
		dlb_greeting_send_welcome(m);
	} else if (m->summary_due) {
		m->summary_due = false;
		dlb_summary_send(m);
	} else {
		return false;
	}
	return true;
}

/* What is told of the set, and cells, take turns. */
static bool
tell_in_turn(struct dlb_meeting *m)
{
	if ((dlb_give_ready(m) && !m->cell_last) || !dlb_groups_tell(m))
		return false;
	m->cell_last = false;
	return true;
}

/* Nothing is left to give: says so; and goodbye, if the other has as well. */
static bool
say_end(struct dlb_meeting *m)
{
	if (!m->end_said && dlb_give_over(m)) {
		m->end_said = true;
		say(m, DLB_FRAME_END);
		return true;
	}
	if (m->caller && m->end_said && m->end_heard)
		end_with(m, DLB_END_DONE, true);
	return false;
}

/* Makes the next small frame, if there is any to say. */
static bool
say_next(struct dlb_meeting *m)
{
	if (m->state != DLB_STATE_OVER && say_greeting(m))
		return true;
	if (m->state == DLB_STATE_EXCHANGE
		&& (dlb_take_send_ack(m) || dlb_answer_send(m)
			|| dlb_groups_send_last(m) || tell_in_turn(m)
			|| dlb_tokens_send(m) || say_end(m)))
		return true;
	if (m->state == DLB_STATE_OVER)
		return say_bye(m);
	if (!m->ping_due)
		return false;
	m->ping_due = false;
	say(m, DLB_FRAME_PING);
	return true;
}

/* Puts what there is to say into the outlet: small frames together, or a cell. */
static void
fill(struct dlb_meeting *m)
{
	m->out.made = 0;
	while (dlb_frame_fits(m) && say_next(m))
		;
	if (m->out.made > 0) {
		m->out.data = m->out.buf;
		m->out.len = m->out.made;
		m->out.at = 0;
	} else if (m->state == DLB_STATE_EXCHANGE && dlb_give_ready(m)) {
		m->cell_last = true;
		dlb_give_send(m);
	}
}

static bool
next_send(struct dlb_meeting *m, struct dlb_meeting_action *a)
{
	if (m->gone)
		return false;
	if (!m->out.data) {
		fill(m);
		if (!m->out.data)
			return false;
		m->asked = true;
	}
	a->what = DLB_MEETING_SEND;
	a->data = m->out.data + m->out.at;
	a->len = m->out.len - m->out.at;
	return true;
}

void
dlb_meeting_sent(struct dlb_meeting *m, size_t n)
{
	struct dlb_slot *slot = m->out.slot;

	assert(m->out.data ? n <= m->out.len - m->out.at : n == 0);
	if (!m->out.data || n == 0)
		return;
	count_moved(m, n);
	m->out.at += n;
	if (m->out.at < m->out.len)
		return;
	m->sent_ms = now_of(m);
	m->out.data = NULL;
	m->out.slot = NULL;
	if (slot)
		dlb_give_sent(m, slot);
}

/* ---- what to do --------------------------------------------------------------------------- */

static bool
next_peer(struct dlb_meeting *m, struct dlb_meeting_action *a)
{
	if (!m->peer_due)
		return false;
	m->peer_due = false;
	a->what = DLB_MEETING_PEER;
	a->matches = m->greeting.matches;
	a->matches_n = m->greeting.matches_n;
	return true;
}

void
dlb_meeting_add(
	struct dlb_meeting *m, const struct dlb_meeting_cell *cells, size_t n)
{
	assert(m->here.weeks_n == 0 && !m->peer_due);
	for (size_t i = 0; i < n; i++)
		if (!m->now_week || cells[i].expiry_week >= m->now_week)
			dlb_set_add(&m->set, &cells[i], m->id_key,
				dlb_greeting_box(m, cells[i].box));
	dlb_greeting_mark_boxes(m);
}

bool
dlb_meeting_next(struct dlb_meeting *m, struct dlb_meeting_action *a)
{
	memset(a, 0, sizeof(*a));
	if (next_peer(m, a))
		return true;
	if (m->take.store_due && m->state != DLB_STATE_OVER) {
		m->take.store_due = false;
		*a = m->take.store;
		return true;
	}
	if (dlb_tokens_next(m, a) || dlb_give_given(m, a))
		return true;
	if (m->state == DLB_STATE_EXCHANGE && dlb_give_fetch(m, a))
		return true;
	if (next_send(m, a))
		return true;
	if (m->state != DLB_STATE_OVER)
		return false;
	a->what =
		m->end == DLB_END_DONE ? DLB_MEETING_DONE : DLB_MEETING_FAILED;
	a->end = m->end;
	a->their_min = m->their_min;
	a->their_max = m->their_max;
	return true;
}

/* ---- time ------------------------------------------------------------------------------------- */

/* The caller has not answered: nobody else is to blame. */
static bool
busy(const struct dlb_meeting *m)
{
	return dlb_give_busy(m) || dlb_take_busy(m);
}

int64_t
dlb_meeting_deadline_ms(const struct dlb_meeting *m)
{
	int64_t at;

	if (m->state == DLB_STATE_OVER)
		return m->gone ? INT64_MAX : m->over_ms + DLB_LINGER_MS;
	at = busy(m) ? (m->sent_ms > m->moved_ms ? m->sent_ms : m->moved_ms)
			+ DLB_PING_MS
		     : m->moved_ms + m->stall_ms;
	return at < m->limit_at_ms ? at : m->limit_at_ms;
}

void
dlb_meeting_tick(struct dlb_meeting *m)
{
	int64_t now = now_of(m);

	if (m->state == DLB_STATE_OVER) {
		if (now - m->over_ms >= DLB_LINGER_MS)
			m->gone = true;
	} else if (now >= m->limit_at_ms) {
		dlb_meeting_fail(m, DLB_END_TOO_LONG);
	} else if (!busy(m)) {
		if (now - m->moved_ms >= m->stall_ms)
			dlb_meeting_fail(m, DLB_END_STALLED);
	} else if (now >= dlb_meeting_deadline_ms(m)) {
		m->ping_due = m->state != DLB_STATE_GREETING;
		m->sent_ms = now;
	}
}

void
dlb_meeting_stats(const struct dlb_meeting *m, struct dlb_meeting_stats *stats)
{
	*stats = m->stats;
	stats->settled = dlb_groups_settled(m);
	stats->memory = m->budget.used;
	stats->memory_peak = m->budget.peak;
}
