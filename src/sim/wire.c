/*
 * The simulated link: for each way a line of packets, each with the time at which it
 * is there. A side may be ahead of the wire by a socket's buffer, as in life.
 */
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define BUFFERED (256 * 1024)
#define PACKET_MAX 16384
#define PACKETS_MAX 4096
/* No meeting needs so many steps; one that does is a bug, and ends. */
#define STEPS_MAX 2000000

struct packet {
	int64_t at_us;
	size_t len, taken;
	uint8_t *bytes;
};

struct way {
	struct packet *line; /* a ring */
	size_t first, n;
	int64_t free_us; /* when the wire has sent what it was given */
	uint64_t sent;
};

struct meeting {
	const struct sim_wire *wire;
	struct dlb_env_seeded *clock;
	int64_t now_us, began_us;
	struct sim_side *side;
	struct dlb_exchange *x[2];
	struct way way[2]; /* from this side */
	bool cut, dead[2]; /* dead: has been told that the link is gone */
	uint64_t total;
};

static void
set_time(struct meeting *m, int64_t us)
{
	m->now_us = us;
	m->clock->now_ms = us / 1000;
}

/* ---- what a side does that it should not -------------------------------------------- */

#define FAULT_AFTER 700

static size_t
spoil(struct meeting *m, uint8_t *bytes, size_t len)
{
	const struct dlb_env *env = &m->clock->env;
	struct way *w = &m->way[1];

	switch (m->wire->fault) {
	case SIM_GARBLE:
		if (w->sent > FAULT_AFTER && dlb_random_below(env, 8) == 0)
			bytes[dlb_random_below(env, (uint32_t)len)] ^=
				(uint8_t)(1 + dlb_random_below(env, 255));
		return len;
	case SIM_SILENT:
		return w->sent > FAULT_AFTER ? 0 : len;
	case SIM_FLOOD:
		if (w->sent > FAULT_AFTER)
			dlb_random(env, bytes, len);
		return len;
	default:
		return len;
	}
}

/* ---- packets -------------------------------------------------------------------------- */

static bool
push(struct meeting *m, int from, const uint8_t *bytes, size_t len)
{
	struct way *w = &m->way[from];
	struct packet *p = &w->line[(w->first + w->n) % PACKETS_MAX];

	p->bytes = malloc(len);
	if (!p->bytes)
		return false;
	memcpy(p->bytes, bytes, len);
	p->taken = 0;
	p->len = from == 1 ? spoil(m, p->bytes, len) : len;
	if (w->free_us < m->now_us)
		w->free_us = m->now_us;
	if (m->wire->rate)
		w->free_us += (int64_t)(len * 1000000 / m->wire->rate);
	p->at_us = w->free_us + m->wire->delay_ms * 1000;
	w->n++;
	w->sent += len;
	m->total += len;
	/* The last bytes before the cut are there, those after it are not. */
	if (m->total > m->wire->cut_after && !m->cut) {
		uint64_t beyond = m->total - m->wire->cut_after;

		p->len = beyond >= p->len ? 0 : p->len - (size_t)beyond;
		m->cut = true;
	}
	return true;
}

static bool
is_full(const struct meeting *m, int from)
{
	const struct way *w = &m->way[from];

	if (w->n >= PACKETS_MAX - 2)
		return true;
	if (!m->wire->rate || w->free_us <= m->now_us)
		return false;
	return (uint64_t)(w->free_us - m->now_us) * m->wire->rate / 1000000
		> BUFFERED;
}

/* Everything that a side has to say, as far as the wire takes it. */
static bool
talk(struct meeting *m, int side)
{
	const uint8_t *bytes;
	size_t len;
	bool moved = false;

	while (!m->dead[side] && !is_full(m, side)
		&& dlb_exchange_work(m->x[side], &bytes, &len)) {
		if (len > PACKET_MAX)
			len = PACKET_MAX;
		if (m->cut) {
			dlb_exchange_closed(m->x[side]);
			m->dead[side] = true;
			continue;
		}
		if (!push(m, side, bytes, len))
			break;
		if (side == 1 && m->wire->fault == SIM_REPEAT
			&& dlb_random_below(&m->clock->env, 16) == 0
			&& !push(m, side, bytes, len))
			break;
		dlb_exchange_sent(m->x[side], len);
		moved = true;
	}
	/* Also one that has nothing to send works on. */
	if (m->dead[side])
		while (dlb_exchange_work(m->x[side], &bytes, &len))
			dlb_exchange_sent(m->x[side], len);
	return moved;
}

static bool
listen_to(struct meeting *m, int from)
{
	struct way *w = &m->way[from];
	struct dlb_exchange *x = m->x[!from];
	bool moved = false;

	while (w->n > 0 && w->line[w->first].at_us <= m->now_us) {
		struct packet *p = &w->line[w->first];
		size_t took = dlb_exchange_over(x)
			? p->len - p->taken
			: dlb_exchange_receive(
				x, p->bytes + p->taken, p->len - p->taken);

		p->taken += took;
		moved |= took > 0;
		if (p->taken < p->len)
			return moved; /* it works first */
		free(p->bytes);
		w->first = (w->first + 1) % PACKETS_MAX;
		w->n--;
		moved = true;
		if (m->side[!from].first_cell_ms < 0) {
			struct dlb_meeting_stats s;

			dlb_meeting_stats(x->engine, &s);
			if (s.in[DLB_MEETING_CELLS] > 0)
				m->side[!from].first_cell_ms =
					(m->now_us - m->began_us) / 1000;
		}
	}
	/* What was on its way has come: now the cut is felt. */
	if (w->n == 0 && !m->dead[!from]
		&& (m->cut || dlb_exchange_over(m->x[from]))) {
		dlb_exchange_closed(x);
		m->dead[!from] = true;
		moved = true;
	}
	return moved;
}

/* ---- time ------------------------------------------------------------------------------ */

static int64_t
next_event_us(const struct meeting *m)
{
	int64_t at = INT64_MAX;

	for (int i = 0; i < 2; i++) {
		const struct way *w = &m->way[i];
		int64_t due;

		if (w->n > 0 && w->line[w->first].at_us < at)
			at = w->line[w->first].at_us;
		if (dlb_exchange_over(m->x[i]))
			continue;
		if (is_full(m, i) && w->free_us < at)
			at = w->free_us;
		due = dlb_exchange_deadline_ms(m->x[i]);
		if (due < at / 1000)
			at = due * 1000;
	}
	return at;
}

static void
run(struct meeting *m)
{
	for (int step = 0; step < STEPS_MAX; step++) {
		bool moved = false;
		int64_t at;

		for (int i = 0; i < 2; i++) {
			moved |= talk(m, i);
			moved |= listen_to(m, i);
		}
		if (dlb_exchange_over(m->x[0]) && dlb_exchange_over(m->x[1]))
			return;
		if (m->wire->limit_ms
			&& m->now_us - m->began_us >= m->wire->limit_ms * 1000)
			m->cut = true;
		if (moved)
			continue;
		at = next_event_us(m);
		if (at == INT64_MAX)
			m->cut = true;
		else
			set_time(m, at > m->now_us ? at : m->now_us + 1000);
	}
}

static void
clear(struct meeting *m)
{
	for (int i = 0; i < 2; i++) {
		struct way *w = &m->way[i];

		for (; w->line && w->n > 0; w->n--) {
			free(w->line[w->first].bytes);
			w->first = (w->first + 1) % PACKETS_MAX;
		}
		free(w->line);
		dlb_exchange_free(m->x[i]);
	}
}

enum dlb_status
sim_wire_meet(struct sim_side side[static 2], const struct sim_wire *wire,
	struct dlb_env_seeded *clock, struct dlb_error *err)
{
	struct meeting m = {.wire = wire, .clock = clock, .side = side};
	uint8_t exporter[32];
	enum dlb_status st = DLB_OK;

	set_time(&m, clock->now_ms * 1000);
	m.began_us = m.now_us;
	dlb_random(&clock->env, exporter, sizeof(exporter));
	for (int i = 0; st == DLB_OK && i < 2; i++) {
		side[i].first_cell_ms = -1;
		m.way[i].line = calloc(PACKETS_MAX, sizeof(struct packet));
		st = m.way[i].line
			? dlb_exchange_new(&m.x[i], side[i].n, i == 0, exporter,
				&side[i].options, err)
			: dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	if (st == DLB_OK)
		run(&m);
	for (int i = 0; st == DLB_OK && i < 2; i++) {
		struct sim_side *s = &side[i];
		enum dlb_status settled = dlb_exchange_settle(m.x[i], &s->err);

		dlb_exchange_result(m.x[i], &s->result);
		dlb_meeting_stats(m.x[i]->engine, &s->stats);
		s->st = settled == DLB_OK ? dlb_exchange_end(m.x[i], &s->err)
					  : settled;
	}
	clear(&m);
	return st;
}
