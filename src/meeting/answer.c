/*
 * What is told of a group is heard, and answered: MORE while it does not do, WANT
 * with the ids that are lacking here and how many cells will be given. And how that
 * answer is heard by who told. docs/meeting.md, section 5.
 *
 * Whatever is told, no more is remembered than there is memory for: what is not
 * asked for now is found again by the next meeting.
 */
#include "engine_internal.h"

#include <string.h>

static bool
has_prefix(const struct dlb_group *g, uint64_t id)
{
	return g->range.bits == 0 || id >> (64 - g->range.bits) == g->prefix;
}

/* ---- what is lacking -------------------------------------------------------------- */

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
		dlb_budget_give(
			&m->budget, g->lacks, g->lacks_cap, sizeof(*g->lacks));
		g->lacks = more;
		g->lacks_cap = cap;
	}
	g->lacks[g->lacks_n++] = id;
	return true;
}

/* The other side has it: in the group, says it, but here it may be in another one,
 * or in none. */
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

static void
start_answer(struct dlb_meeting *m, struct dlb_group *g)
{
	dlb_give_plan(m);
	g->at = 0;
	g->more = UINT32_MAX;
	g->state = DLB_GROUP_ANSWERING;
}

/* The other side tells the right way, and all its frames add up: each but the last
 * of a go says something. */
static bool
goes_on(struct dlb_meeting *m, struct dlb_group *g, bool symbols, uint32_t n,
	uint32_t left)
{
	if (g->state != DLB_GROUP_HEARING
		|| (g->range.kind == DLB_GROUP_SYMBOLS) != symbols)
		dlb_meeting_fail(m, DLB_END_OUT_OF_TURN);
	else if ((n == 0 && (left > 0 || symbols)) || left > DLB_CELLS_N_MAX
		|| (g->at > 0 && g->left != (uint64_t)left + n))
		dlb_meeting_fail(m, DLB_END_LIED);
	else
		return true;
	return false;
}

/* ---- ids ------------------------------------------------------------------------------ */

/* All is told: what has not been is lacking there. */
static void
heard_ids(struct dlb_meeting *m, struct dlb_group *g)
{
	for (uint32_t i = g->begin; i < g->end; i++)
		if (dlb_group_has(m, g, i)
			&& !(m->set.cells[i].flags & DLB_SET_TOLD))
			g->gives += dlb_give_add(m, i);
	start_answer(m, g);
}

void
dlb_answer_ids(struct dlb_meeting *m, struct dlb_reader *r)
{
	struct dlb_group *g = dlb_group_of(m, dlb_read_u16(r), false);
	uint32_t left = dlb_read_u32(r), n = (uint32_t)(dlb_reader_left(r) / 8);

	if (!g || !goes_on(m, g, false, n, left))
		return;
	/* The caller has said how many its ids are. */
	if (g->at == 0 && !m->caller && g->there != (uint64_t)left + n) {
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
		heard_ids(m, g);
}

/* ---- symbols -------------------------------------------------------------------------------- */

static void
found(struct dlb_meeting *m, struct dlb_group *g)
{
	const struct dlb_recon_decoder *d = &g->symbols.decoder;
	size_t ours = dlb_recon_ours_n(d), theirs = dlb_recon_theirs_n(d);

	for (size_t i = 0; i < theirs; i++) {
		uint64_t id = dlb_recon_theirs(d, i);

		if (!has_prefix(g, id)) {
			dlb_meeting_fail(m, DLB_END_LIED);
			return;
		}
		hear_id(m, g, id);
	}
	for (size_t i = 0; i < ours; i++)
		g->gives += dlb_give_add(m,
			dlb_set_find(
				&m->set, g->symbols.ids[dlb_recon_ours(d, i)]));
	dlb_symbols_close(m, g);
	start_answer(m, g);
}

/* A go is over and did not do: more, or, where that would be too many, the ids. */
static void
ask_more(struct dlb_meeting *m, struct dlb_group *g)
{
	g->more = (uint32_t)dlb_recon_more(&g->symbols.decoder);
	g->state = DLB_GROUP_ANSWERING;
	if (g->more > 0)
		return;
	if (++m->groups.giveups > DLB_GIVEUPS_MAX) {
		dlb_meeting_fail(m, DLB_END_LIED);
		return;
	}
	dlb_symbols_close(m, g);
	g->range.kind = DLB_GROUP_IDS;
}

static void
hear_symbols(struct dlb_meeting *m, struct dlb_group *g, const uint8_t *symbols,
	uint32_t n)
{
	enum dlb_status st = DLB_OK;

	if (!g->symbols.hears && !dlb_symbols_open(m, g, g->there, true))
		st = DLB_NO_MEMORY;
	if (st == DLB_OK)
		st = dlb_symbols_hear(m, g, symbols, n, g->left);
	if (st != DLB_OK) {
		dlb_meeting_fail(
			m, st == DLB_NO_MEMORY ? DLB_END_MEMORY : DLB_END_LIED);
		return;
	}
	if (g->left > 0)
		return;
	g->at = 0;
	if (dlb_recon_done(&g->symbols.decoder))
		found(m, g);
	else
		ask_more(m, g);
}

void
dlb_answer_symbols(struct dlb_meeting *m, struct dlb_reader *r)
{
	struct dlb_group *g = dlb_group_of(m, dlb_read_u16(r), false);
	uint32_t left = dlb_read_u32(r);
	uint32_t n = (uint32_t)(dlb_reader_left(r) / DLB_RECON_SYMBOL_LEN);
	const uint8_t *symbols = dlb_read_view(r, n * DLB_RECON_SYMBOL_LEN);

	if (!g || !goes_on(m, g, true, n, left))
		return;
	/* A go that was asked for is as long as that; the first is the caller's. */
	if ((uint64_t)g->symbols.decoder.heard + n + left > DLB_SYMBOLS_MAX
		|| (g->more
			&& g->symbols.decoder.heard + n + left != g->more)) {
		dlb_meeting_fail(m, DLB_END_LIED);
		return;
	}
	g->at = 1;
	g->left = left;
	hear_symbols(m, g, symbols, n);
}

/* ---- the answer -------------------------------------------------------------------------------- */

static void
send_more(struct dlb_meeting *m, struct dlb_group *g)
{
	struct dlb_writer w;

	dlb_frame_begin(m, &w);
	dlb_write_u16(&w, g->number);
	dlb_write_u32(&w, g->more);
	dlb_frame_end(m, &w, DLB_FRAME_MORE);
	g->at = 0;
	g->state = DLB_GROUP_HEARING;
}

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
		dlb_group_close(m, g);
}

bool
dlb_answer_send(struct dlb_meeting *m)
{
	for (uint32_t k = 0; k < DLB_GROUPS_OPEN; k++) {
		struct dlb_group *g =
			&m->groups.open[(m->groups.next + k) % DLB_GROUPS_OPEN];

		if (g->state != DLB_GROUP_ANSWERING)
			continue;
		if (g->more == UINT32_MAX)
			send_want(m, g);
		else
			send_more(m, g);
		return true;
	}
	return false;
}

/* ---- who told hears the answer ---------------------------------------------------------------------- */

void
dlb_answer_more(struct dlb_meeting *m, struct dlb_reader *r)
{
	struct dlb_group *g = dlb_group_of(m, dlb_read_u16(r), true);
	uint32_t more = dlb_read_u32(r);

	if (!g)
		return;
	if (g->state != DLB_GROUP_WAITING
		|| g->range.kind != DLB_GROUP_SYMBOLS) {
		dlb_meeting_fail(m, DLB_END_OUT_OF_TURN);
		return;
	}
	if (more == 0) {
		if (++m->groups.giveups > DLB_GIVEUPS_MAX) {
			dlb_meeting_fail(m, DLB_END_LIED);
			return;
		}
		dlb_symbols_close(m, g);
		g->range.kind = DLB_GROUP_IDS;
		dlb_group_start_telling(m, g);
		return;
	}
	if (!dlb_recon_more_is_fair(g->at, more) || more > DLB_SYMBOLS_MAX) {
		dlb_meeting_fail(m, DLB_END_LIED);
		return;
	}
	g->left = more - g->at;
	g->state = DLB_GROUP_TELLING;
	if (!dlb_symbols_grow(m, g, more))
		dlb_meeting_fail(m, DLB_END_MEMORY);
}

/* A wanted id must be one that this side has told, once. */
static bool
wanted_here(struct dlb_meeting *m, const struct dlb_group *g, uint64_t id)
{
	uint32_t i = dlb_set_find(&m->set, id);

	if (i == DLB_SET_NONE || i < g->begin || i >= g->end
		|| !dlb_group_has(m, g, i)
		|| (m->set.cells[i].flags & DLB_SET_GIVE))
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
		return gives <= DLB_CELLS_N_MAX
			&& m->take.promised <= DLB_CELLS_N_MAX;
	for (size_t i = 0; i < m->there.weeks_n; i++)
		there += m->there.weeks[i].count;
	return (uint64_t)m->take.promised + gives <= there;
}

void
dlb_answer_want(struct dlb_meeting *m, struct dlb_reader *r)
{
	struct dlb_group *g = dlb_group_of(m, dlb_read_u16(r), true);
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
	dlb_group_close(m, g);
}
