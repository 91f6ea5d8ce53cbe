#include "pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STEPS_MAX 20000000

void
pair_name(uint8_t name[static 16], uint32_t which)
{
	uint8_t hash[32];

	dlb_sha256(hash, &which, sizeof(which));
	memcpy(name, hash, 16);
}

void
pair_init(struct pair *p, uint64_t seed)
{
	memset(p, 0, sizeof(*p));
	dlb_env_seeded_init(&p->env, seed, DLB_EPOCH_MS);
	p->chunk_max = 4096;
	p->cut_at = UINT64_MAX;
	for (int i = 0; i < 2; i++) {
		struct dlb_meeting_config *c = &p->side[i].config;

		c->caller = i == 0;
		memset(c->exporter, (int)seed | 1, sizeof(c->exporter));
		c->room = UINT32_MAX;
		c->window = 16;
		c->env = &p->env.env;
	}
}

static void
side_clear(struct pair_side *s)
{
	dlb_meeting_free(s->m);
	free(s->pending);
	free(s->bytes);
	free(s->pieces);
	s->m = NULL;
	s->pending = NULL;
	s->bytes = NULL;
	s->pieces = NULL;
	s->pending_n = s->asked_n = 0;
	s->bytes_n = s->bytes_at = s->bytes_cap = 0;
	s->pieces_n = s->pieces_at = s->pieces_cap = 0;
}

void
pair_free(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		side_clear(&p->side[i]);
		free(p->side[i].store.cells);
	}
	memset(p, 0, sizeof(*p));
}

/* ---- the stores ---------------------------------------------------------------------- */

static struct pair_cell *
store_add(struct pair_store *s)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 64;
		s->cells = realloc(s->cells, s->cap * sizeof(*s->cells));
		assert_non_null(s->cells);
	}
	memset(&s->cells[s->n], 0, sizeof(s->cells[s->n]));
	s->cells[s->n].c.number = (uint32_t)s->n;
	return &s->cells[s->n++];
}

struct pair_cell *
pair_add(
	struct pair *p, int side, uint32_t which, uint16_t week, uint8_t copies)
{
	struct pair_cell *c = store_add(&p->side[side].store);

	pair_name(c->c.name, which);
	c->c.expiry_week = week;
	c->c.copies = copies;
	return c;
}

struct pair_cell *
pair_find(struct pair *p, int side, const uint8_t name[16])
{
	struct pair_store *s = &p->side[side].store;

	for (size_t i = 0; i < s->n; i++)
		if (memcmp(s->cells[i].c.name, name, 16) == 0)
			return &s->cells[i];
	return NULL;
}

static void
make_cell(uint8_t cell[static DLB_MEETING_CELL_LEN], const struct pair_cell *c)
{
	memset(cell, c->c.name[0], DLB_MEETING_CELL_LEN);
	memcpy(cell, c->c.name, 16);
	cell[16] = (uint8_t)(c->c.expiry_week >> 8);
	cell[17] = (uint8_t)c->c.expiry_week;
}

/* ---- the link -------------------------------------------------------------------------- */

static void
put_bytes(struct pair *p, struct pair_side *to, const uint8_t *data, size_t n)
{
	if (to->bytes_at == to->bytes_n) {
		to->bytes_at = to->bytes_n = 0;
		to->pieces_at = to->pieces_n = 0;
	}
	if (to->bytes_n + n > to->bytes_cap) {
		to->bytes_cap = 2 * (to->bytes_n + n);
		to->bytes = realloc(to->bytes, to->bytes_cap);
		assert_non_null(to->bytes);
	}
	memcpy(to->bytes + to->bytes_n, data, n);
	to->bytes_n += n;
	if (to->pieces_n == to->pieces_cap) {
		to->pieces_cap = to->pieces_cap ? 2 * to->pieces_cap : 64;
		to->pieces = realloc(
			to->pieces, to->pieces_cap * sizeof(*to->pieces));
		assert_non_null(to->pieces);
	}
	to->pieces[to->pieces_n++] =
		(struct pair_piece){to->bytes_n, p->env.now_ms + p->delay_ms};
}

static size_t
chunk(struct pair *p, size_t most)
{
	size_t max = p->chunk_max && p->chunk_max < most ? p->chunk_max : most;

	return p->chunk_max ? 1 + dlb_random_below(&p->env.env, (uint32_t)max)
			    : most;
}

static void
cut(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		struct pair_side *s = &p->side[i];

		s->bytes_at = s->bytes_n;
		s->pieces_at = s->pieces_n;
		if (!s->gone)
			dlb_meeting_closed(s->m);
		s->gone = true;
	}
}

static bool
deliver(struct pair *p, struct pair_side *s)
{
	size_t n, used;

	if (s->gone || s->pieces_at == s->pieces_n
		|| s->pieces[s->pieces_at].at_ms > p->env.now_ms)
		return false;
	n = chunk(p, s->pieces[s->pieces_at].end - s->bytes_at);
	if (n > p->cut_at - p->received)
		n = (size_t)(p->cut_at - p->received);
	if (p->came)
		p->came(p, s->bytes + s->bytes_at, n);
	used = dlb_meeting_receive(s->m, s->bytes + s->bytes_at, n);
	assert_true(used <= n);
	s->bytes_at += used;
	s->received += used;
	p->received += used;
	if (s->bytes_at == s->pieces[s->pieces_at].end)
		s->pieces_at++;
	if (p->received == p->cut_at) {
		cut(p);
		return true;
	}
	return used > 0;
}

/* ---- answers ----------------------------------------------------------------------------- */

static bool
answer_fetch(struct pair *p, struct pair_side *s)
{
	static uint8_t cell[DLB_MEETING_CELL_LEN];
	size_t k;

	if (s->asked_n == 0 || s->hold)
		return false;
	k = dlb_random_below(&p->env.env, (uint32_t)s->asked_n);
	assert_true(s->asked[k] < s->store.n);
	make_cell(cell, &s->store.cells[s->asked[k]]);
	s->store.cells[s->asked[k]].times_given++;
	dlb_meeting_fetched(s->m, s->asked[k], cell);
	s->fetched++;
	s->asked[k] = s->asked[--s->asked_n];
	return true;
}

static enum dlb_status
keep(struct pair *p, int side, const struct pair_pending *w)
{
	struct pair_side *s = &p->side[side];
	struct pair_cell *c;

	s->stored++;
	if (s->damage && s->stored % s->damage == 0)
		return DLB_CORRUPT;
	if (!dlb_meeting_expects(s->m, w->ticket, w->cell))
		return DLB_REFUSED;
	if (s->full_after && s->stored > s->full_after)
		return DLB_FULL;
	c = pair_find(p, side, w->cell);
	if (c) {
		c->times_came++;
		return DLB_DUPLICATE;
	}
	c = store_add(&s->store);
	memcpy(c->c.name, w->cell, 16);
	c->c.expiry_week = (uint16_t)(w->cell[16] << 8 | w->cell[17]);
	c->c.copies = w->copies;
	c->came = true;
	c->times_came = 1;
	assert_int_equal(w->look, w->copies == 0);
	if (p->first_cell_ms == 0)
		p->first_cell_ms = p->env.now_ms;
	return DLB_OK;
}

/* All that wait, or some: those in front. */
static bool
answer_store(struct pair *p, int side)
{
	struct pair_side *s = &p->side[side];
	size_t n = s->pending_n;

	if (n == 0)
		return false;
	n = 1 + dlb_random_below(&p->env.env, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		struct pair_pending *w = &s->pending[i];

		dlb_meeting_stored(s->m, w->ticket, w->cell, keep(p, side, w));
	}
	s->pending_n -= n;
	memmove(s->pending, s->pending + n, s->pending_n * sizeof(*s->pending));
	return true;
}

/* ---- actions ------------------------------------------------------------------------------- */

static void
do_given(struct pair_side *s, const struct dlb_meeting_action *a)
{
	struct pair_cell *c = &s->store.cells[a->number];

	assert_true(a->number < s->store.n);
	assert_int_equal(a->own, (c->c.flags & DLB_MEETING_OWN) != 0);
	assert_true(a->keep <= c->c.copies);
	c->c.copies = a->keep;
	c->c.flags = 0;
}

static bool
act(struct pair *p, int side)
{
	struct pair_side *s = &p->side[side];
	struct dlb_meeting_action a;

	if (s->over || !dlb_meeting_next(s->m, &a))
		return false;
	switch (a.what) {
	case DLB_MEETING_SEND: {
		size_t n = chunk(p, a.len);
		uint8_t *copy;

		assert_true(a.len > 0);
		if (s->gone)
			return false;
		copy = malloc(n);
		assert_non_null(copy);
		memcpy(copy, a.data, n);
		if (p->mutate)
			p->mutate(p, side, copy, n);
		put_bytes(p, &p->side[!side], copy, n);
		free(copy);
		dlb_meeting_sent(s->m, n);
		break;
	}
	case DLB_MEETING_FETCH:
		assert_true(s->asked_n + a.numbers_n <= DLB_MEETING_FETCH_MAX);
		memcpy(s->asked + s->asked_n, a.numbers,
			a.numbers_n * sizeof(*a.numbers));
		s->asked_n += a.numbers_n;
		break;
	case DLB_MEETING_STORE:
		assert_true(s->pending_n < s->config.window);
		s->pending[s->pending_n] = (struct pair_pending){
			.ticket = a.ticket, .copies = a.copies, .look = a.look};
		memcpy(s->pending[s->pending_n++].cell, a.cell, 32);
		for (size_t i = 18; i < DLB_MEETING_CELL_LEN; i += 1111)
			assert_int_equal(a.cell[i], a.cell[0]);
		break;
	case DLB_MEETING_GIVEN:
		do_given(s, &a);
		break;
	case DLB_MEETING_PEER:
		assert_false(s->peer_seen);
		s->peer_seen = true;
		s->matches_n = a.matches_n;
		memcpy(s->matches, a.matches, a.matches_n * sizeof(*a.matches));
		break;
	case DLB_MEETING_TOKENS:
		s->tokens_seen++;
		s->tokens_n = a.tokens_n;
		memcpy(s->tokens, a.data, 32 * a.tokens_n);
		break;
	case DLB_MEETING_DONE:
	case DLB_MEETING_FAILED:
		assert_int_equal(
			a.what == DLB_MEETING_DONE, a.end == DLB_END_DONE);
		assert_int_not_equal(a.end, DLB_END_NOT_YET);
		s->over = true;
		s->end = a.end;
		break;
	}
	return true;
}

/* ---- time ------------------------------------------------------------------------------------ */

static bool
pass_time(struct pair *p)
{
	int64_t at = INT64_MAX;

	for (int i = 0; i < 2; i++) {
		struct pair_side *s = &p->side[i];
		int64_t due = dlb_meeting_deadline_ms(s->m);

		if (s->over)
			continue;
		if (!s->gone && s->pieces_at < s->pieces_n
			&& s->pieces[s->pieces_at].at_ms < due)
			due = s->pieces[s->pieces_at].at_ms;
		at = due < at ? due : at;
	}
	if (at == INT64_MAX)
		return false;
	if (at > p->env.now_ms)
		p->env.now_ms = at;
	for (int i = 0; i < 2; i++)
		if (!p->side[i].over)
			dlb_meeting_tick(p->side[i].m);
	return true;
}

static void
note_settled(struct pair *p)
{
	struct dlb_meeting_stats s[2];

	if (p->settled_ms)
		return;
	for (int i = 0; i < 2; i++)
		dlb_meeting_stats(p->side[i].m, &s[i]);
	if (!s[0].settled || !s[1].settled)
		return;
	p->settled_ms = p->env.now_ms;
	for (int i = 0; i < 2; i++)
		p->settled_bytes += s[i].out[DLB_MEETING_CONTROL]
			+ s[i].out[DLB_MEETING_SYMBOLS];
}

bool
pair_step(struct pair *p)
{
	int first = (int)dlb_random_below(&p->env.env, 2);
	bool any = false, rested = false;

	for (int k = 0; k < 2; k++) {
		int i = first ^ k;
		struct pair_side *s = &p->side[i];

		any |= deliver(p, s);
		any |= act(p, i);
		/* Sometimes at once, sometimes after other things. */
		if (!s->slow && dlb_random_below(&p->env.env, 3) == 0) {
			any |= answer_fetch(p, s);
			any |= answer_store(p, i);
		}
	}
	note_settled(p);
	if (p->side[0].over && p->side[1].over)
		return false;
	/* Who is over closes; the other still hears what was said. */
	for (int i = 0; i < 2 && !any; i++)
		if (p->side[!i].over && !p->side[i].over && !p->side[i].gone
			&& p->side[i].pieces_at == p->side[i].pieces_n) {
			dlb_meeting_closed(p->side[i].m);
			p->side[i].gone = true;
			any = true;
		}
	for (int i = 0; i < 2 && !any; i++) {
		rested |= answer_fetch(p, &p->side[i]);
		rested |= answer_store(p, i);
	}
	return any || rested || pass_time(p);
}

/* DLB_LIMIT where the budget is too small. */
static enum dlb_status
make_engine(struct pair_side *s)
{
	struct dlb_meeting_cell *cells = calloc(s->store.n + 1, sizeof(*cells));
	struct dlb_error err;
	enum dlb_status st;

	assert_non_null(cells);
	for (size_t k = 0; k < s->store.n; k++)
		cells[k] = s->store.cells[k].c;
	s->config.cells = cells;
	s->config.cells_n = s->store.n;
	st = dlb_meeting_new(&s->m, &s->config, &err);
	free(cells);
	s->config.cells = NULL;
	assert_true(st == DLB_OK || (st == DLB_LIMIT && !s->m));
	return st;
}

bool
pair_can_start(struct pair *p)
{
	bool can = true;

	for (int i = 0; i < 2; i++) {
		can &= make_engine(&p->side[i]) == DLB_OK;
		dlb_meeting_free(p->side[i].m);
		p->side[i].m = NULL;
	}
	return can;
}

void
pair_start(struct pair *p)
{
	p->received = 0;
	p->first_cell_ms = p->settled_ms = 0;
	p->settled_bytes = 0;
	for (int i = 0; i < 2; i++) {
		struct pair_side *s = &p->side[i];

		s->over = s->gone = s->peer_seen = false;
		s->end = DLB_END_NOT_YET;
		s->received = 0;
		s->pending = calloc(s->config.window, sizeof(*s->pending));
		assert_non_null(s->pending);
		assert_int_equal(make_engine(s), DLB_OK);
	}
}

void
pair_end(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		dlb_meeting_stats(p->side[i].m, &p->side[i].stats);
		side_clear(&p->side[i]);
	}
	/* Another channel next time. */
	for (int i = 0; i < 2; i++)
		p->side[i].config.exporter[31]++;
}

void
pair_meet(struct pair *p)
{
	unsigned steps = 0;

	pair_start(p);
	while (pair_step(p))
		assert_true(++steps < STEPS_MAX);
	assert_true(p->side[0].over && p->side[1].over);
	pair_end(p);
}

/* ---- what tests share ------------------------------------------------------------------------ */

void
pair_fill(struct pair *p, uint32_t both, uint32_t only0, uint32_t only1)
{
	for (uint32_t i = 0; i < both + only0 + only1; i++) {
		uint16_t week = (uint16_t)(PAIR_WEEK + i % 12);
		uint8_t copies = (uint8_t)(1 + i % 32);

		if (i < both + only0)
			pair_add(p, 0, i, week, copies);
		if (i < both || i >= both + only0)
			pair_add(p, 1, i, week, copies);
	}
}

void
pair_assert_done(const struct pair *p)
{
	assert_int_equal(p->side[0].end, DLB_END_DONE);
	assert_int_equal(p->side[1].end, DLB_END_DONE);
	assert_true(p->side[0].stats.settled && p->side[1].stats.settled);
}

void
pair_assert_same(struct pair *p, uint32_t all)
{
	for (int i = 0; i < 2; i++) {
		assert_int_equal(p->side[i].store.n, all);
		for (size_t k = 0; k < all; k++) {
			const struct pair_cell *c = &p->side[i].store.cells[k];

			assert_true(c->times_came <= 1);
			assert_true(c->times_given <= 1);
		}
	}
}
