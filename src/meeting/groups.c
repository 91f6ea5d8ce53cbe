/*
 * A part of the two sets is compared: one side tells, the other answers what it
 * lacks and how much it will give. The caller opens groups, a few at a time and
 * without waiting, in the order of their value. docs/meeting.md, section 5.
 *
 * Invariants: the groups of a meeting do not overlap, so that all of them together
 * cost one pass over the set; a group's number is its place in the order, and its
 * slot that number modulo DLB_GROUPS_OPEN; who answers has closed the group once
 * its last WANT is said, who tells once it is heard.
 */
#include "engine_internal.h"

#include <string.h>

static bool
in_group(const struct dlb_meeting *m, const struct dlb_group *g, uint32_t i)
{
	const struct dlb_set_cell *c = &m->set.cells[i];

	return c->week >= g->range.from && c->week <= g->range.to &&
		c->week >= m->from &&
		((c->flags & DLB_SET_BOX) != 0) == g->range.box;
}

static bool
has_prefix(const struct dlb_group *g, uint64_t id)
{
	return g->range.bits == 0 || id >> (64 - g->range.bits) == g->prefix;
}

static void
set_bounds(struct dlb_meeting *m, struct dlb_group *g)
{
	unsigned bits = g->range.bits;

	g->begin = 0;
	g->end = m->set.n;
	if (bits == 0)
		return;
	g->begin = dlb_set_lower(&m->set, (uint64_t)g->prefix << (64 - bits));
	if ((uint32_t)g->prefix + 1 < 1u << bits)
		g->end = dlb_set_lower(
			&m->set, ((uint64_t)g->prefix + 1) << (64 - bits));
}

static void
close_group(struct dlb_meeting *m, struct dlb_group *g)
{
	dlb_budget_give(&m->budget, g->lacks, g->lacks_cap, sizeof(*g->lacks));
	memset(g, 0, sizeof(*g));
}

/* The open group of that number; otherwise the other side speaks out of turn. */
static struct dlb_group *
group_of(struct dlb_meeting *m, uint16_t number, bool teller)
{
	struct dlb_group *g = &m->groups.open[number % DLB_GROUPS_OPEN];

	if (g->state != DLB_GROUP_CLOSED && g->number == number &&
		g->teller == teller)
		return g;
	dlb_meeting_fail(m, DLB_END_OUT_OF_TURN);
	return NULL;
}

/* ---- opening --------------------------------------------------------------------------- */

void
dlb_groups_start(struct dlb_meeting *m)
{
	struct dlb_groups *gs = &m->groups;
	bool box = false;

	for (size_t i = 0; i < m->greeting.matches_n; i++)
		box |= m->greeting.matches[i].box;
	gs->ranges_n = dlb_cut(gs->ranges, &m->here, &m->there, m->from, box);
}

static void
start_telling(struct dlb_meeting *m, struct dlb_group *g)
{
	g->at = g->begin;
	g->left = 0;
	for (uint32_t i = g->begin; i < g->end; i++)
		g->left += in_group(m, g, i);
	g->state = DLB_GROUP_TELLING;
}

/* What both know and has not gone is enough, or there is no use in more. */
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

	if (gs->range == gs->ranges_n || g->state != DLB_GROUP_CLOSED ||
		far_ahead(m))
		return NULL;
	g->range = *range;
	g->number = gs->next++;
	g->prefix = (uint16_t)gs->prefix;
	g->teller = range->kind != DLB_GROUP_ASK;
	g->state = DLB_GROUP_OPENING;
	set_bounds(m, g);
	if (++gs->prefix >> range->bits) {
		gs->prefix = 0;
		gs->range++;
	}
	return g;
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
	dlb_frame_end(m, &w, DLB_FRAME_GROUP);
	m->stats.groups++;
	if (g->teller)
		start_telling(m, g);
	else
		g->state = DLB_GROUP_HEARING;
}

/* No more are opened: none is left, or nothing more can move. */
static bool
last_due(const struct dlb_meeting *m)
{
	const struct dlb_groups *gs = &m->groups;

	return m->caller && !gs->last_said &&
		(gs->range == gs->ranges_n || gs->next == DLB_GROUPS_MAX ||
			(!dlb_give_open(m) && !dlb_take_open(m)));
}

/* ---- the listener hears of one -------------------------------------------------------------- */

/* Behind all that came: so no cell is gone through twice. */
static bool
in_order(const struct dlb_groups *gs, const struct dlb_range *r,
	uint32_t prefix)
{
	const struct dlb_range *last = &gs->last;

	if (!gs->any)
		return true;
	if (r->box == last->box && r->from == last->from && r->to == last->to)
		return r->bits == last->bits && prefix > gs->last_prefix;
	return !r->box && (last->box || r->to < last->from);
}

void
dlb_groups_group(struct dlb_meeting *m, struct dlb_reader *r)
{
	struct dlb_groups *gs = &m->groups;
	struct dlb_group *g = &gs->open[gs->next % DLB_GROUPS_OPEN];
	uint8_t kind = dlb_read_u8(r), box = dlb_read_u8(r);
	struct dlb_range range = {.box = box == 1};
	uint16_t prefix;

	range.from = dlb_read_u16(r);
	range.to = dlb_read_u16(r);
	range.bits = dlb_read_u8(r);
	prefix = dlb_read_u16(r);
	range.kind = kind;
	if (kind >= DLB_GROUP_KINDS || box > 1 || range.from > range.to ||
		range.bits > DLB_PREFIX_BITS_MAX ||
		(uint32_t)prefix >> range.bits) {
		dlb_meeting_fail(m, DLB_END_MALFORMED);
		return;
	}
	if (gs->last_said || !in_order(gs, &range, prefix)) {
		dlb_meeting_fail(m, DLB_END_OUT_OF_TURN);
		return;
	}
	if (g->state != DLB_GROUP_CLOSED || gs->next == DLB_GROUPS_MAX) {
		dlb_meeting_fail(m, DLB_END_FLOOD);
		return;
	}
	gs->any = true;
	gs->last = range;
	gs->last_prefix = prefix;
	g->range = range;
	g->prefix = prefix;
	g->number = gs->next++;
	g->teller = kind == DLB_GROUP_ASK;
	set_bounds(m, g);
	m->stats.groups++;
	if (g->teller)
		start_telling(m, g);
	else
		g->state = DLB_GROUP_HEARING;
}

void
dlb_groups_last(struct dlb_meeting *m, struct dlb_reader *r)
{
	(void)r;
	if (m->groups.last_said)
		dlb_meeting_fail(m, DLB_END_OUT_OF_TURN);
	m->groups.last_said = true;
}

/* ---- telling --------------------------------------------------------------------------------- */

static void
send_ids(struct dlb_meeting *m, struct dlb_group *g)
{
	uint32_t n = g->left < DLB_IDS_A_FRAME ? g->left : DLB_IDS_A_FRAME;
	struct dlb_writer w;

	g->left -= n;
	dlb_frame_begin(m, &w);
	dlb_write_u16(&w, g->number);
	dlb_write_u32(&w, g->left);
	for (; n > 0; g->at++) {
		if (!in_group(m, g, g->at))
			continue;
		dlb_write_u64(&w, m->set.ids[g->at]);
		n--;
	}
	dlb_frame_end(m, &w, DLB_FRAME_IDS);
	if (g->left == 0)
		g->state = DLB_GROUP_WAITING;
}

/* ---- hearing ---------------------------------------------------------------------------------- */

static bool
add_lack(struct dlb_meeting *m, struct dlb_group *g, uint64_t id)
{
	if (g->lacks_n == g->lacks_cap) {
		uint32_t cap = g->lacks_cap ? 2 * g->lacks_cap : 64;
		uint64_t *more =
			dlb_budget_take(&m->budget, cap, sizeof(*more));

		if (!more)
			return false;
		if (g->lacks_n)
			memcpy(more, g->lacks, g->lacks_n * sizeof(*more));
		dlb_budget_give(&m->budget, g->lacks, g->lacks_cap,
			sizeof(*g->lacks));
		g->lacks = more;
		g->lacks_cap = cap;
	}
	g->lacks[g->lacks_n++] = id;
	return true;
}

/* An id that the other side has. What there is no memory for is not asked for: the
 * next meeting has it. */
static void
hear_id(struct dlb_meeting *m, struct dlb_group *g, uint64_t id)
{
	uint32_t i = dlb_set_find(&m->set, id);

	if (i != DLB_SET_NONE) {
		m->set.cells[i].flags |= DLB_SET_TOLD;
		return;
	}
	m->stats.lacking++;
	if (dlb_take_open(m) && dlb_take_want(m, id) && !add_lack(m, g, id))
		dlb_ids_remove(&m->take.wanted, id);
}

/* All is told: what has not been is lacking there. */
static void
answer_ids(struct dlb_meeting *m, struct dlb_group *g)
{
	for (uint32_t i = g->begin; i < g->end; i++)
		if (in_group(m, g, i) &&
			!(m->set.cells[i].flags & DLB_SET_TOLD))
			g->gives += dlb_give_add(m, i);
	dlb_give_plan(m);
	g->at = 0;
	g->state = DLB_GROUP_ANSWERING;
}

void
dlb_groups_ids(struct dlb_meeting *m, struct dlb_reader *r)
{
	struct dlb_group *g = group_of(m, dlb_read_u16(r), false);
	uint32_t left = dlb_read_u32(r), n = (uint32_t)(dlb_reader_left(r) / 8);

	if (!g)
		return;
	if (g->state != DLB_GROUP_HEARING ||
		g->range.kind == DLB_GROUP_SYMBOLS) {
		dlb_meeting_fail(m, DLB_END_OUT_OF_TURN);
		return;
	}
	/* Each frame but the last says something, and all add up. */
	if ((n == 0 && left > 0) || (g->at && g->left != (uint64_t)left + n) ||
		left > DLB_CELLS_N_MAX) {
		dlb_meeting_fail(m, DLB_END_LIED);
		return;
	}
	g->at = 1;
	g->left = left;
	for (; n > 0; n--) {
		uint64_t id = dlb_read_u64(r);

		if (!has_prefix(g, id)) {
			dlb_meeting_fail(m, DLB_END_LIED);
			return;
		}
		hear_id(m, g, id);
	}
	if (left == 0)
		answer_ids(m, g);
}

void
dlb_groups_symbols(struct dlb_meeting *m, struct dlb_reader *r)
{
	(void)r;
	dlb_meeting_fail(m, DLB_END_OUT_OF_TURN);
}

void
dlb_groups_more(struct dlb_meeting *m, struct dlb_reader *r)
{
	(void)r;
	dlb_meeting_fail(m, DLB_END_OUT_OF_TURN);
}

/* ---- the answer ---------------------------------------------------------------------------------- */

static void
send_want(struct dlb_meeting *m, struct dlb_group *g)
{
	uint32_t n = g->lacks_n - g->at;
	bool last = n <= DLB_IDS_A_FRAME;
	struct dlb_writer w;

	if (!last)
		n = DLB_IDS_A_FRAME;
	dlb_frame_begin(m, &w);
	dlb_write_u16(&w, g->number);
	dlb_write_u8(&w, last);
	dlb_write_u32(&w, last ? g->gives : 0);
	for (; n > 0; n--)
		dlb_write_u64(&w, g->lacks[g->at++]);
	dlb_frame_end(m, &w, DLB_FRAME_WANT);
	if (last)
		close_group(m, g);
}

/* A wanted id must be one that this side has told, once. */
static bool
wanted_here(struct dlb_meeting *m, const struct dlb_group *g, uint64_t id)
{
	uint32_t i = dlb_set_find(&m->set, id);

	if (i == DLB_SET_NONE || i < g->begin || i >= g->end ||
		!in_group(m, g, i) || (m->set.cells[i].flags & DLB_SET_GIVE))
		return false;
	dlb_give_add(m, i);
	return true;
}

/* More can not be given than the summary said to be there. */
static bool
credible(const struct dlb_meeting *m, uint32_t gives)
{
	uint64_t there = 0;

	if (!m->caller)
		return gives <= DLB_CELLS_N_MAX - m->take.promised;
	for (size_t i = 0; i < m->there.weeks_n; i++)
		there += m->there.weeks[i].count;
	return (uint64_t)m->take.promised + gives <= there;
}

void
dlb_groups_want(struct dlb_meeting *m, struct dlb_reader *r)
{
	struct dlb_group *g = group_of(m, dlb_read_u16(r), true);
	uint8_t last = dlb_read_u8(r);
	uint32_t gives = dlb_read_u32(r);
	size_t n = dlb_reader_left(r) / 8;

	if (!g)
		return;
	if (last > 1 || (!last && (n == 0 || gives))) {
		dlb_meeting_fail(m, DLB_END_MALFORMED);
		return;
	}
	if (g->state != DLB_GROUP_WAITING) {
		dlb_meeting_fail(m, DLB_END_OUT_OF_TURN);
		return;
	}
	for (; n > 0; n--)
		if (!wanted_here(m, g, dlb_read_u64(r))) {
			dlb_meeting_fail(m, DLB_END_LIED);
			return;
		}
	if (!last)
		return;
	if (!credible(m, gives)) {
		dlb_meeting_fail(m, DLB_END_LIED);
		return;
	}
	m->take.promised += gives;
	m->stats.lacking += gives;
	dlb_give_plan(m);
	close_group(m, g);
}

/* ---- whose turn ------------------------------------------------------------------------------------- */

static bool
send_telling(struct dlb_meeting *m)
{
	struct dlb_groups *gs = &m->groups;
	struct dlb_group *g;

	/* The oldest first. */
	for (uint32_t k = 0; k < DLB_GROUPS_OPEN; k++) {
		g = &gs->open[(gs->next + k) % DLB_GROUPS_OPEN];
		if (g->state == DLB_GROUP_TELLING) {
			send_ids(m, g);
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
dlb_groups_send(struct dlb_meeting *m, bool telling)
{
	struct dlb_writer w;

	if (telling)
		return send_telling(m);
	for (uint32_t k = 0; k < DLB_GROUPS_OPEN; k++) {
		struct dlb_group *g = &m->groups.open[(m->groups.next + k) %
			DLB_GROUPS_OPEN];

		if (g->state == DLB_GROUP_ANSWERING) {
			send_want(m, g);
			return true;
		}
	}
	if (!last_due(m))
		return false;
	m->groups.last_said = true;
	dlb_frame_begin(m, &w);
	dlb_frame_end(m, &w, DLB_FRAME_LAST);
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
		close_group(m, &m->groups.open[i]);
}
