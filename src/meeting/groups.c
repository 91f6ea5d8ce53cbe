/*
 * A part of the two sets is compared: one side tells, the other answers (answer.c)
 * what it lacks and how much it will give. The caller opens groups, a few at a time
 * and without waiting, in the order of their value. docs/meeting.md, section 5.
 *
 * Invariants: the groups of a meeting do not overlap, so that all of them together
 * cost one pass over the set; a group's number is its place in the order, and its
 * slot that number modulo DLB_GROUPS_OPEN; who answers has closed the group once
 * its last WANT is said, who tells once it is heard.
 */
#include "engine_internal.h"

#include <string.h>

bool
dlb_group_has(
	const struct dlb_meeting *m, const struct dlb_group *g, uint32_t index)
{
	const struct dlb_set_cell *c = &m->set.cells[index];

	return c->week >= g->range.from && c->week <= g->range.to
		&& c->week >= m->from
		&& ((c->flags & DLB_SET_BOX) != 0) == g->range.box;
}

/* Which part of the set it lies in, how many cells of that are in it. */
static void
set_bounds(struct dlb_meeting *m, struct dlb_group *g)
{
	unsigned bits = g->range.bits;

	g->begin = 0;
	g->end = m->set.n;
	if (bits > 0) {
		g->begin = dlb_set_lower(
			&m->set, (uint64_t)g->prefix << (64 - bits));
		if ((uint32_t)g->prefix + 1 < 1u << bits)
			g->end = dlb_set_lower(&m->set,
				((uint64_t)g->prefix + 1) << (64 - bits));
	}
	g->n = 0;
	for (uint32_t i = g->begin; i < g->end; i++)
		g->n += dlb_group_has(m, g, i);
}

void
dlb_group_close(struct dlb_meeting *m, struct dlb_group *g)
{
	dlb_symbols_close(m, g);
	dlb_budget_give(&m->budget, g->lacks, g->lacks_cap, sizeof(*g->lacks));
	memset(g, 0, sizeof(*g));
}

struct dlb_group *
dlb_group_of(struct dlb_meeting *m, uint16_t number, bool teller)
{
	struct dlb_group *g = &m->groups.open[number % DLB_GROUPS_OPEN];

	if (g->state != DLB_GROUP_CLOSED && g->number == number
		&& g->teller == teller)
		return g;
	dlb_meeting_fail(m, DLB_END_OUT_OF_TURN);
	return NULL;
}

void
dlb_group_start_telling(struct dlb_meeting *m, struct dlb_group *g)
{
	g->state = DLB_GROUP_TELLING;
	if (g->range.kind != DLB_GROUP_SYMBOLS) {
		g->at = g->begin;
		g->left = g->n;
		return;
	}
	g->at = 0;
	g->left = (uint32_t)dlb_recon_first(g->range.expected);
	if (g->left > DLB_SYMBOLS_MAX)
		g->left = DLB_SYMBOLS_MAX;
	if (!dlb_symbols_open(m, g, 0, false)
		|| !dlb_symbols_grow(m, g, g->left))
		dlb_meeting_fail(m, DLB_END_MEMORY);
}

/* ---- opening ----------------------------------------------------------------------- */

void
dlb_groups_start(struct dlb_meeting *m)
{
	struct dlb_groups *gs = &m->groups;
	bool box = false;

	for (size_t i = 0; i < m->greeting.matches_n; i++)
		box |= m->greeting.matches[i].box;
	gs->ranges_n = dlb_cut(gs->ranges, &m->here, &m->there, m->from, box);
}

/* What both know and has not gone is enough for now. */
static bool
far_ahead(const struct dlb_meeting *m)
{
	size_t come = dlb_take_open(m)
		? (size_t)m->take.promised + m->take.wanted.n
		: 0;

	return come >= DLB_AHEAD_MAX || dlb_give_backlog(m) >= DLB_AHEAD_MAX;
}

static struct dlb_group *
next_group(struct dlb_meeting *m)
{
	struct dlb_groups *gs = &m->groups;
	struct dlb_group *g = &gs->open[gs->next % DLB_GROUPS_OPEN];
	const struct dlb_range *range = &gs->ranges[gs->range];

	if (gs->range == gs->ranges_n || gs->next == DLB_GROUPS_MAX
		|| g->state != DLB_GROUP_CLOSED || far_ahead(m))
		return NULL;
	g->range = *range;
	g->number = gs->next++;
	g->prefix = (uint16_t)gs->prefix;
	/* Its estimates are far off: symbols do not do. */
	if (gs->giveups && range->kind == DLB_GROUP_SYMBOLS)
		g->range.kind = DLB_GROUP_IDS;
	g->teller = range->kind != DLB_GROUP_ASK;
	g->state = DLB_GROUP_OPENING;
	set_bounds(m, g);
	if (++gs->prefix >> range->bits) {
		gs->prefix = 0;
		gs->range++;
	}
	return g;
}

/* Who tells says so; who hears does. */
static void
opened(struct dlb_meeting *m, struct dlb_group *g)
{
	m->stats.groups++;
	if (g->teller)
		dlb_group_start_telling(m, g);
	else
		g->state = DLB_GROUP_HEARING;
}

static void
send_group(struct dlb_meeting *m, struct dlb_group *g)
{
	struct dlb_writer w;

	dlb_frame_begin(m, &w);
	dlb_write_u8(&w, (uint8_t)g->range.kind);
	dlb_write_u8(&w, g->range.box);
	dlb_write_u16(&w, g->range.from);
	dlb_write_u16(&w, g->range.to);
	dlb_write_u8(&w, g->range.bits);
	dlb_write_u16(&w, g->prefix);
	dlb_write_u32(&w, g->teller ? g->n : 0);
	dlb_frame_end(m, &w, DLB_FRAME_GROUP);
	opened(m, g);
}

/* No more are opened: none is left, or nothing more can move. */
static bool
last_due(const struct dlb_meeting *m)
{
	const struct dlb_groups *gs = &m->groups;

	return m->caller && !gs->last_said
		&& (gs->range == gs->ranges_n || gs->next == DLB_GROUPS_MAX
			|| (!dlb_give_open(m) && !dlb_take_open(m)));
}

bool
dlb_groups_send_last(struct dlb_meeting *m)
{
	struct dlb_writer w;

	if (!last_due(m))
		return false;
	m->groups.last_said = true;
	dlb_frame_begin(m, &w);
	dlb_frame_end(m, &w, DLB_FRAME_LAST);
	return true;
}

/* ---- the listener hears of one ---------------------------------------------------------- */

static bool
same_range(const struct dlb_range *a, const struct dlb_range *b)
{
	return a->box == b->box && a->from == b->from && a->to == b->to;
}

/* Behind all that came: so no cell is in two groups. */
static bool
in_order(
	const struct dlb_groups *gs, const struct dlb_range *r, uint32_t prefix)
{
	const struct dlb_range *last = &gs->last;

	if (gs->ranges_heard == 0)
		return true;
	if (same_range(r, last))
		return r->bits == last->bits && prefix > gs->last_prefix;
	return !r->box && (last->box || r->to < last->from);
}

/* false: it can not be a group. */
static bool
read_group(struct dlb_group *g, struct dlb_reader *r)
{
	uint8_t kind = dlb_read_u8(r), box = dlb_read_u8(r);

	g->range.from = dlb_read_u16(r);
	g->range.to = dlb_read_u16(r);
	g->range.bits = dlb_read_u8(r);
	g->prefix = dlb_read_u16(r);
	g->there = dlb_read_u32(r);
	if (kind >= DLB_GROUP_KINDS || box > 1 || g->range.from > g->range.to
		|| g->range.bits > DLB_PREFIX_BITS_MAX
		|| (uint32_t)g->prefix >> g->range.bits
		|| g->there > DLB_CELLS_N_MAX
		|| (kind == DLB_GROUP_ASK && g->there > 0))
		return false;
	g->range.kind = kind;
	g->range.box = box == 1;
	g->teller = kind == DLB_GROUP_ASK;
	return true;
}

void
dlb_groups_group(struct dlb_meeting *m, struct dlb_reader *r)
{
	struct dlb_groups *gs = &m->groups;
	struct dlb_group *g = &gs->open[gs->next % DLB_GROUPS_OPEN];
	struct dlb_group new = {.number = gs->next};

	if (!read_group(&new, r)) {
		dlb_meeting_fail(m, DLB_END_MALFORMED);
		return;
	}
	if (gs->last_said || !in_order(gs, &new.range, new.prefix)) {
		dlb_meeting_fail(m, DLB_END_OUT_OF_TURN);
		return;
	}
	/* A new range costs a pass over the set, a further group of it a part. */
	if (gs->ranges_heard == 0 || !same_range(&new.range, &gs->last))
		gs->ranges_heard++;
	if (g->state != DLB_GROUP_CLOSED || gs->next == DLB_GROUPS_MAX
		|| gs->ranges_heard > DLB_RANGES_MAX) {
		dlb_meeting_fail(m, DLB_END_FLOOD);
		return;
	}
	gs->next++;
	gs->last = new.range;
	gs->last_prefix = new.prefix;
	set_bounds(m, &new);
	*g = new;
	opened(m, g);
}

void
dlb_groups_last(struct dlb_meeting *m, struct dlb_reader *r)
{
	(void)r;
	if (m->groups.last_said)
		dlb_meeting_fail(m, DLB_END_OUT_OF_TURN);
	m->groups.last_said = true;
}

/* ---- telling ------------------------------------------------------------------------------ */

static void
tell_ids(struct dlb_meeting *m, struct dlb_group *g)
{
	uint32_t n = g->left < DLB_IDS_A_FRAME ? g->left : DLB_IDS_A_FRAME;
	struct dlb_writer w;

	g->left -= n;
	dlb_frame_begin(m, &w);
	dlb_write_u16(&w, g->number);
	dlb_write_u32(&w, g->left);
	for (; n > 0; g->at++) {
		if (!dlb_group_has(m, g, g->at))
			continue;
		dlb_write_u64(&w, m->set.ids[g->at]);
		n--;
	}
	dlb_frame_end(m, &w, DLB_FRAME_IDS);
}

static void
tell_symbols(struct dlb_meeting *m, struct dlb_group *g)
{
	uint32_t n =
		g->left < DLB_SYMBOLS_A_FRAME ? g->left : DLB_SYMBOLS_A_FRAME;
	struct dlb_writer w;

	g->left -= n;
	dlb_frame_begin(m, &w);
	dlb_write_u16(&w, g->number);
	dlb_write_u32(&w, g->left);
	dlb_recon_write(&g->symbols.set, &w, g->at, n);
	g->at += n;
	dlb_frame_end(m, &w, DLB_FRAME_SYMBOLS);
}

static void
tell(struct dlb_meeting *m, struct dlb_group *g)
{
	if (g->range.kind == DLB_GROUP_SYMBOLS)
		tell_symbols(m, g);
	else
		tell_ids(m, g);
	if (g->left == 0)
		g->state = DLB_GROUP_WAITING;
}

bool
dlb_groups_tell(struct dlb_meeting *m)
{
	struct dlb_groups *gs = &m->groups;
	struct dlb_group *g;

	/* The oldest first. */
	for (uint32_t k = 0; k < DLB_GROUPS_OPEN; k++) {
		g = &gs->open[(gs->next + k) % DLB_GROUPS_OPEN];
		if (g->state == DLB_GROUP_TELLING) {
			tell(m, g);
			return true;
		}
	}
	g = m->caller && !gs->last_said ? next_group(m) : NULL;
	if (!g)
		return false;
	send_group(m, g);
	return true;
}

bool
dlb_groups_settled(const struct dlb_meeting *m)
{
	for (size_t i = 0; i < DLB_GROUPS_OPEN; i++)
		if (m->groups.open[i].state != DLB_GROUP_CLOSED)
			return false;
	return m->groups.last_said;
}

void
dlb_groups_free(struct dlb_meeting *m)
{
	for (size_t i = 0; i < DLB_GROUPS_OPEN; i++)
		dlb_group_close(m, &m->groups.open[i]);
}
