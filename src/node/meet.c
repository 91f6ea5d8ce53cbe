/*
 * meet: two satchels, the home's and a box's, exchange cells.
 *
 * What is given, asked for, kept and ordered is the plan's to say and does not look
 * at the letterbox, but for the constant number of own new cells, filled up with
 * cover. Own letters are found among what the box holds by trial, whether or not
 * the cells fit in here; those found get a hold in the reserve.
 *
 * A cell is on the other side, durable, before this side's counter changes: what
 * breaks in between costs a copy too many, never one too few.
 */
#include "node_internal.h"

#include <stdlib.h>
#include <string.h>

/* A meeting replaces at most this part of a full satchel with newcomers, so that
 * two full ones do not wash each other out. */
#define CHURN_PART 8

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

/* ---- plans ------------------------------------------------------------------------ */

static bool
has_cell(void *ctx, const uint8_t name[static 16])
{
	uint8_t full[DLB_NAME_LEN] = {0};

	memcpy(full, name, 16);
	return dlb_satchel_find(ctx, full) != DLB_NO_ENTRY;
}

static bool
shown_at_home(void *ctx, const uint8_t name[static 16])
{
	uint8_t full[DLB_NAME_LEN] = {0};
	struct dlb_entry e;
	uint32_t number;

	memcpy(full, name, 16);
	number = dlb_satchel_find(ctx, full);
	return number != DLB_NO_ENTRY && dlb_satchel_entry(ctx, number, &e) &&
		(e.flags & DLB_SHOWN);
}

/* Free places, and those that newcomers may replace in one meeting. */
static size_t
room_in(const struct dlb_satchel *s, uint16_t week)
{
	struct dlb_satchel_info info;
	uint64_t places, open, most = dlb_satchel_room(s, 0, week);

	dlb_satchel_info(s, &info);
	places = info.slots - info.reserve;
	open = info.shown < places ? places - info.shown : 0;
	open += places / CHURN_PART;
	return (size_t)(open < most ? open : most);
}

static enum dlb_status
list_shown(const struct dlb_satchel *s, struct dlb_plan_cell **cells, size_t *n,
	struct dlb_error *err)
{
	struct dlb_satchel_info info;
	struct dlb_entry e;

	dlb_satchel_info(s, &info);
	*n = 0;
	*cells = calloc((size_t)info.shown + 1, sizeof(**cells));
	if (!*cells)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (uint32_t at = 0;
		*n < info.shown && dlb_satchel_next(s, at, DLB_SHOWN, &e);
		at = e.number + 1) {
		struct dlb_plan_cell *c = &(*cells)[(*n)++];

		c->number = e.number;
		memcpy(c->name, e.name, sizeof(c->name));
		c->expiry_week = e.expiry_week;
		c->copies = e.copies > DLB_COPIES_MAX ? DLB_COPIES_MAX : e.copies;
		c->for_peer = false;
	}
	return DLB_OK;
}

static enum dlb_status
plan_moves(struct meet *m, struct dlb_satchel *from, struct dlb_satchel *to,
	size_t room, struct dlb_plan_move **moves, size_t *moves_n,
	struct dlb_error *err)
{
	struct dlb_plan_cell *cells = NULL;
	size_t n = 0;
	enum dlb_status st = list_shown(from, &cells, &n, err);

	*moves = NULL;
	*moves_n = 0;
	if (st != DLB_OK)
		return st;
	*moves = calloc(n + 1, sizeof(**moves));
	if (!*moves)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	else
		*moves_n = dlb_plan(*moves, cells, n, room, m->week,
			to == m->n->satchel ? shown_at_home : has_cell, to,
			m->n->env);
	free(cells);
	return st;
}

static bool
meet_step(struct meet *m, const char *what, size_t more)
{
	m->done += more;
	return dlb_progress_step(m->progress, what, m->done * DLB_CELL_LEN,
		m->total * DLB_CELL_LEN);
}

static enum dlb_status
interrupted(struct dlb_error *err)
{
	return dlb_fail(err, DLB_CANCELLED,
		"interrupted; what had moved is kept, the next meeting goes on");
}

/* ---- giving ------------------------------------------------------------------------- */

static void
fetch_from_home(void *ctx, size_t i, unsigned worker)
{
	struct meet *m = ctx;
	struct dlb_satchel_item *item = &m->items[i];
	uint8_t *cell = dlb_node_cell(m->n, i);

	memset(item, 0, sizeof(*item));
	item->cell = cell;
	item->flags = DLB_SHOWN;
	if (m->moves[i].give == 0)
		item->flags |= DLB_LOOK;
	item->copies = m->moves[i].give;
	m->got[i] = dlb_satchel_get(m->n->satchel, m->moves[i].number, cell,
		item->core, item->name, m->n->aead[worker], true, NULL);
}

/* Moves those that could be read to the front; items and moves stay together.
 * moves is the caller's and may be reordered. */
static size_t
keep_sound(struct meet *m, struct dlb_plan_move *moves, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (m->got[i] != DLB_OK) {
			if (m->got[i] == DLB_FULL)
				m->result->not_taken++;
			else if (m->got[i] != DLB_NOT_FOUND) /* gave way */
				m->result->refused++;
			continue;
		}
		if (kept != i) {
			m->items[kept] = m->items[i];
			moves[kept] = moves[i];
			m->token[kept] = m->token[i];
			m->mine[kept] = m->mine[i];
		}
		kept++;
	}
	return kept;
}

static enum dlb_status
give_batch(struct meet *m, struct dlb_plan_move *moves, size_t n,
	struct dlb_error *err)
{
	size_t changes_n = 0;
	enum dlb_status st;

	m->moves = moves;
	memset(m->mine, 0, sizeof(m->mine));
	dlb_pool_run(n, fetch_from_home, m);
	n = keep_sound(m, moves, n);
	st = dlb_satchel_put(m->box, m->items, n, m->week, err);
	if (st != DLB_OK)
		return st;
	for (size_t i = 0; i < n; i++) {
		struct dlb_entry e;

		if (m->items[i].result != DLB_OK &&
			m->items[i].result != DLB_DUPLICATE) {
			m->result->not_given++;
			continue;
		}
		m->result->given++;
		if (!dlb_satchel_entry(m->n->satchel, moves[i].number, &e))
			continue;
		if (e.flags & DLB_OWN)
			m->result->given_own++;
		m->changes[changes_n++] = (struct dlb_satchel_change){
			.number = e.number,
			.flags = (uint8_t)((e.flags & ~DLB_OWN) | DLB_SHOWN),
			.copies = moves[i].keep,
			.searched = e.searched};
	}
	return dlb_satchel_update(m->n->satchel, m->changes, changes_n, err);
}

static enum dlb_status
give(struct meet *m, struct dlb_plan_move *moves, size_t n,
	struct dlb_error *err)
{
	for (size_t at = 0; at < n; at += DLB_BATCH) {
		size_t part = n - at < DLB_BATCH ? n - at : DLB_BATCH;
		enum dlb_status st = give_batch(m, moves + at, part, err);

		if (st != DLB_OK)
			return st;
		if (!meet_step(m, "giving", part))
			return interrupted(err);
	}
	return DLB_OK;
}

/* ---- own new cells, and cover ------------------------------------------------------------ */

struct own_list {
	struct meet *m;
	struct dlb_plan_move *moves; /* all waiting: those for now first */
	size_t now_n, spread_n, cap;
	uint32_t *spread;
	struct dlb_error *err;
	enum dlb_status st;
};

static bool
collect_own(void *ctx, const struct dlb_out_letter *letter)
{
	struct own_list *o = ctx;
	struct dlb_satchel *home = o->m->n->satchel;
	bool now = letter->now || o->m->options->release_now;
	struct dlb_buf names = {0};

	if (letter->state != DLB_OUT_WAITING ||
		(o->m->week && letter->expiry_week < o->m->week))
		return true;
	o->st = dlb_out_cells(o->m->n->letterbox, letter->number, &names, o->err);
	for (size_t i = 0; o->st == DLB_OK && i + DLB_NAME_LEN <= names.len;
		i += DLB_NAME_LEN) {
		uint32_t number = dlb_satchel_find(home, names.data + i);
		struct dlb_entry e;

		if (number == DLB_NO_ENTRY || !dlb_satchel_entry(home, number, &e) ||
			!(e.flags & DLB_OWN) || o->now_n + o->spread_n >= o->cap)
			continue;
		if (now)
			o->moves[o->now_n++].number = number;
		else
			o->spread[o->spread_n++] = number;
	}
	dlb_buf_free(&names);
	return o->st == DLB_OK;
}

/* Cover goes the way of own cells: stored here, shown at once. Its recall key is
 * kept as a letter's to nobody. */
static enum dlb_status
make_cover(struct meet *m, size_t count, struct dlb_plan_move *moves,
	size_t *moves_n, struct dlb_error *err)
{
	static const uint8_t zeros[DLB_CELL_LEN];
	struct dlb_sealing sealing = {0};
	struct dlb_sealer *sealer = NULL;
	struct dlb_seal_from from = {0};
	struct dlb_seal_to to;
	const uint32_t *numbers;
	size_t numbers_n;
	enum dlb_status st;

	st = dlb_cover_init(&to, &from, &sealing.stripe, (uint32_t)count,
		(uint16_t)(dlb_week_of(m->n->clock.now_ms) +
			DLB_CELL_LIFETIME_WEEKS),
		m->n->env);
	if (st == DLB_OK)
		st = dlb_buf_append(&sealing.head, zeros, sizeof(zeros));
	if (st == DLB_OK)
		st = dlb_sealer_new(
			&sealer, m->n, &to, &from, DLB_SHOWN, err);
	for (uint32_t i = 0; st == DLB_OK && i < count; i++) {
		if (i > 0)
			memset(dlb_sealer_content(sealer), 0,
				DLB_BULK_CONTENT_LEN);
		st = dlb_sealer_add(
			sealer, &sealing, i, i ? DLB_BULK_CONTENT_LEN : 0, err);
	}
	if (st == DLB_OK)
		st = dlb_sealer_flush(sealer, err);
	if (st == DLB_OK) {
		numbers = dlb_sealer_numbers(sealer, &numbers_n);
		for (size_t i = 0; i < numbers_n; i++)
			moves[(*moves_n)++].number = numbers[i];
		memcpy(sealing.row.recall_key, sealing.stripe.recall_key,
			sizeof(sealing.row.recall_key));
		dlb_random(m->n->env, sealing.row.letter_id,
			sizeof(sealing.row.letter_id));
		sealing.row.state = DLB_OUT_SHOWN;
		sealing.row.sealed_ms = m->n->clock.now_ms;
		sealing.row.expiry_week = sealing.stripe.expiry_week;
		sealing.row.cells = (uint32_t)count;
		sealing.row.shown = (uint32_t)count;
		st = dlb_out_add(m->n->letterbox, &sealing.row, err);
	}
	if (st == DLB_OK)
		st = dlb_out_cells_append(m->n->letterbox, sealing.row.number,
			sealing.names.data, count, err);
	dlb_buf_free(&sealing.head);
	dlb_buf_free(&sealing.names);
	dlb_sealer_free(sealer);
	dlb_wipe(&sealing, sizeof(sealing));
	return st;
}

static void
shuffle(struct dlb_plan_move *moves, size_t n, const struct dlb_env *env)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = dlb_random_below(env, (uint32_t)i);
		struct dlb_plan_move t = moves[i - 1];

		moves[i - 1] = moves[k];
		moves[k] = t;
	}
}

/* The moves of own new cells: all that are sent now, others up to the constant
 * number, cover for the rest. */
static enum dlb_status
plan_own(struct meet *m, struct dlb_plan_move **moves, size_t *moves_n,
	struct dlb_error *err)
{
	struct own_list o = {.m = m, .err = err, .st = DLB_OK};
	size_t real, cover;
	struct dlb_satchel_info info;
	enum dlb_status st;

	*moves = NULL;
	*moves_n = 0;
	dlb_satchel_info(m->n->satchel, &info);
	o.cap = info.held;
	o.moves = calloc(
		(size_t)info.held + 2 * DLB_MEETING_OWN_CELLS, sizeof(*o.moves));
	o.spread = calloc((size_t)info.held + 1, sizeof(*o.spread));
	if (!o.moves || !o.spread) {
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		goto out;
	}
	st = dlb_out_each(m->n->letterbox, collect_own, &o, err);
	if (st == DLB_OK)
		st = o.st;
	if (st != DLB_OK)
		goto out;
	dlb_plan_own(o.now_n + o.spread_n, &real, &cover);
	*moves_n = o.now_n;
	for (size_t i = 0; *moves_n < real && i < o.spread_n; i++)
		o.moves[(*moves_n)++].number = o.spread[i];
	m->result->own_waiting = o.now_n + o.spread_n - *moves_n;
	if (cover && m->week)
		st = make_cover(m, cover, o.moves, moves_n, err);
	for (size_t i = 0; i < *moves_n; i++) {
		uint8_t start = dlb_copies_start(m->n->env);

		o.moves[i].give = start / 2;
		o.moves[i].keep = start - start / 2;
	}
	shuffle(o.moves, *moves_n, m->n->env);
out:
	free(o.spread);
	if (st == DLB_OK)
		*moves = o.moves;
	else
		free(o.moves);
	return st;
}

/* How far the letters are that wait: written down after their cells moved. */
struct progress_out {
	struct dlb_node *n;
	struct dlb_error *err;
	enum dlb_status st;
	struct dlb_out_letter *changed;
	size_t changed_n, cap;
};

static bool
count_shown(void *ctx, const struct dlb_out_letter *letter)
{
	struct progress_out *p = ctx;
	struct dlb_buf names = {0};
	struct dlb_out_letter now = *letter;

	if (letter->state != DLB_OUT_WAITING)
		return true;
	p->st = dlb_out_cells(p->n->letterbox, letter->number, &names, p->err);
	now.shown = now.cells;
	for (size_t i = 0; p->st == DLB_OK && i + DLB_NAME_LEN <= names.len;
		i += DLB_NAME_LEN) {
		uint32_t number =
			dlb_satchel_find(p->n->satchel, names.data + i);
		struct dlb_entry e;

		if (number != DLB_NO_ENTRY &&
			dlb_satchel_entry(p->n->satchel, number, &e) &&
			(e.flags & DLB_OWN))
			now.shown--;
	}
	dlb_buf_free(&names);
	if (p->st != DLB_OK || now.shown == letter->shown)
		return p->st == DLB_OK;
	if (now.shown == now.cells)
		now.state = DLB_OUT_SHOWN;
	if (p->changed_n == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 64;
		struct dlb_out_letter *q = realloc(p->changed, cap * sizeof(*q));

		if (!q) {
			p->st = dlb_fail(p->err, DLB_NO_MEMORY, "out of memory");
			return false;
		}
		p->changed = q;
		p->cap = cap;
	}
	p->changed[p->changed_n++] = now;
	return true;
}

static enum dlb_status
write_progress(struct dlb_node *n, struct dlb_error *err)
{
	struct progress_out p = {.n = n, .err = err, .st = DLB_OK};
	enum dlb_status st = dlb_out_each(n->letterbox, count_shown, &p, err);

	if (st == DLB_OK)
		st = p.st;
	for (size_t i = 0; st == DLB_OK && i < p.changed_n; i++)
		st = dlb_out_update(n->letterbox, &p.changed[i], err);
	if (p.changed)
		dlb_wipe(p.changed, p.changed_n * sizeof(*p.changed));
	free(p.changed);
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}

/* ---- taking --------------------------------------------------------------------------------- */

static void
fetch_from_box(void *ctx, size_t i, unsigned worker)
{
	struct meet *m = ctx;
	struct dlb_satchel_item *item = &m->items[i];
	uint8_t *cell = dlb_node_cell(m->n, i);
	struct dlb_waybill waybill;

	memset(item, 0, sizeof(*item));
	m->mine[i] = false;
	item->cell = cell;
	item->flags = DLB_SHOWN;
	if (m->moves[i].give == 0)
		item->flags |= DLB_LOOK;
	item->copies = m->moves[i].give;
	item->searched = dlb_letterbox_is_person(m->n->letterbox)
		? dlb_letterbox_generation(m->n->letterbox)
		: 0;
	m->got[i] = dlb_satchel_get(m->box, m->moves[i].number, cell, item->core,
		item->name, m->n->aead[worker], true, NULL);
	if (m->got[i] == DLB_OK)
		m->got[i] = dlb_cell_check(&waybill, cell, NULL);
	if (m->got[i] == DLB_OK && m->week)
		m->got[i] = dlb_cell_check_expiry(waybill.expiry_week, m->week);
	if (m->got[i] == DLB_OK && m->wanted)
		m->mine[i] = dlb_wanted_check(m->wanted, cell, item->name,
			m->n->aead[worker], &m->token[i]);
}

static enum dlb_status
take_batch(struct meet *m, struct dlb_plan_move *moves, size_t n,
	struct dlb_error *err)
{
	uint32_t room_held = dlb_satchel_room_held(m->n->satchel);
	size_t changes_n = 0;
	enum dlb_status st;

	m->moves = moves;
	dlb_pool_run(n, fetch_from_box, m);
	n = keep_sound(m, moves, n);
	for (size_t i = 0; i < n; i++) {
		if (m->mine[i] && room_held &&
			dlb_wanted_take(m->wanted, m->token[i])) {
			m->items[i].flags |= DLB_HELD;
			room_held--;
		}
		if (m->carry > 0)
			m->carry--;
		else
			m->items[i].flags &= (uint8_t)~(DLB_SHOWN | DLB_LOOK);
		m->got[i] = m->items[i].flags ? DLB_OK : DLB_FULL;
	}
	n = keep_sound(m, moves, n);
	st = dlb_satchel_put(m->n->satchel, m->items, n, m->week, err);
	if (st != DLB_OK)
		return st;
	for (size_t i = 0; i < n; i++) {
		struct dlb_entry e;

		if (m->items[i].result != DLB_OK &&
			m->items[i].result != DLB_DUPLICATE) {
			m->result->not_taken++;
			continue;
		}
		m->result->taken++;
		if (m->result->box_read_only ||
			!dlb_satchel_entry(m->box, moves[i].number, &e))
			continue;
		m->changes[changes_n++] = (struct dlb_satchel_change){
			.number = e.number,
			.flags = e.flags,
			.copies = moves[i].keep,
			.searched = e.searched};
	}
	return dlb_satchel_update(m->box, m->changes, changes_n, err);
}

/* Heads first, by trial over all that is new here; so the cells that belong to
 * them are known when they come. */
static enum dlb_status
find_own(struct meet *m, const struct dlb_plan_move *moves, size_t n,
	struct dlb_error *err)
{
	uint32_t *numbers;
	struct dlb_hit *hits = NULL;
	size_t hits_n = 0;
	enum dlb_status st;

	if (!dlb_letterbox_is_person(m->n->letterbox))
		return DLB_OK;
	numbers = calloc(n + 1, sizeof(*numbers));
	if (!numbers)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < n; i++)
		numbers[i] = moves[i].number;
	st = dlb_node_trial(
		m->n, m->box, numbers, n, &hits, &hits_n, m->progress, err);
	if (st == DLB_OK)
		st = dlb_wanted_new(&m->wanted, m->n, err);
	if (st == DLB_OK)
		st = dlb_wanted_add_hits(m->wanted, m->box, hits, hits_n,
			&m->result->letters_new, &m->result->letters_refused,
			err);
	/* Before newcomers push out what came earlier, unrecognised. */
	if (st == DLB_OK)
		st = dlb_wanted_hold(m->wanted, err);
	free(hits);
	free(numbers);
	return st;
}

static void
may_be_own(void *ctx, size_t i, unsigned worker)
{
	struct meet *m = ctx;
	uint8_t prefix[DLB_PEEK_LEN];

	m->keep[i] = dlb_satchel_peek(m->box, m->moves[i].number, prefix,
			     sizeof(prefix), m->n->aead[worker], NULL) == DLB_OK &&
		dlb_wanted_may_be(m->wanted, prefix + DLB_WAYBILL_LEN);
}

/* Of what there is no room to carry, only the own ones are read. */
static enum dlb_status
drop_beyond_room(struct meet *m, struct dlb_plan_move *moves, size_t *n,
	struct dlb_error *err)
{
	size_t beyond, kept = m->carry;

	if (*n <= m->carry)
		return DLB_OK;
	beyond = *n - m->carry;
	m->keep = calloc(beyond, sizeof(*m->keep));
	if (!m->keep)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	m->moves = moves + m->carry;
	if (m->wanted)
		dlb_pool_run(beyond, may_be_own, m);
	for (size_t i = 0; i < beyond; i++)
		if (m->keep[i])
			moves[kept++] = moves[m->carry + i];
	m->result->not_taken += *n - kept;
	*n = kept;
	free(m->keep);
	m->keep = NULL;
	return DLB_OK;
}

static enum dlb_status
take(struct meet *m, struct dlb_plan_move *moves, size_t n,
	struct dlb_error *err)
{
	enum dlb_status st = find_own(m, moves, n, err), finish;

	if (st == DLB_OK)
		st = drop_beyond_room(m, moves, &n, err);
	for (size_t at = 0; st == DLB_OK && at < n; at += DLB_BATCH) {
		size_t part = n - at < DLB_BATCH ? n - at : DLB_BATCH;

		st = take_batch(m, moves + at, part, err);
		if (st == DLB_OK && !meet_step(m, "taking", part))
			st = interrupted(err);
	}
	/* Also after an interruption: what came is written down. */
	if (m->wanted) {
		finish = dlb_wanted_finish(m->wanted,
			&m->result->letters_complete, st == DLB_OK ? err : NULL);
		if (st == DLB_OK)
			st = finish;
	}
	return st;
}

/* ---- the meeting --------------------------------------------------------------------------------- */

static enum dlb_status
exchange(struct meet *m, struct dlb_error *err)
{
	struct dlb_plan_move *own = NULL, *out = NULL, *in = NULL;
	size_t own_n = 0, out_n = 0, in_n = 0, room;
	bool gives = !m->result->box_read_only && !m->options->collect_only;
	enum dlb_status st;

	/* Both plans before either is carried out: nothing goes to and fro. */
	m->carry = room_in(m->n->satchel, m->week);
	st = plan_moves(m, m->box, m->n->satchel, SIZE_MAX, &in, &in_n, err);
	room = room_in(m->box, m->week);
	if (st == DLB_OK && gives)
		st = plan_moves(
			m, m->n->satchel, m->box, room, &out, &out_n, err);
	m->total = own_n + out_n + in_n;
	/* Taking first: what is given may push out what was there. */
	if (st == DLB_OK)
		st = take(m, in, in_n, err);
	/* Only now: cover is shown at once, and would be in that plan too. */
	if (st == DLB_OK && gives)
		st = plan_own(m, &own, &own_n, err);
	if (out_n > room - (own_n < room ? own_n : room))
		out_n = room - (own_n < room ? own_n : room);
	m->total = own_n + out_n + in_n;
	if (st == DLB_OK)
		st = give(m, own, own_n, err);
	if (st == DLB_OK)
		st = give(m, out, out_n, err);
	if (gives) {
		enum dlb_status wrote =
			write_progress(m->n, st == DLB_OK ? err : NULL);

		if (st == DLB_OK)
			st = wrote;
	}
	free(own);
	free(out);
	free(in);
	return st;
}

enum dlb_status
dlb_node_meet(struct dlb_node *n, const struct dlb_meet_options *options,
	struct dlb_meet_result *result, const struct dlb_progress *progress,
	struct dlb_error *err)
{
	struct meet *m = calloc(1, sizeof(*m));
	struct dlb_stick stick;
	enum dlb_status st;

	memset(result, 0, sizeof(*result));
	if (!m)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	m->n = n;
	m->options = options;
	m->result = result;
	m->progress = progress;
	m->week = n->clock.trusted_week;
	st = dlb_stick_locate(&stick, n->fs, options->where, err);
	if (st == DLB_OK)
		st = dlb_stick_require(&stick, err);
	if (st != DLB_OK)
		goto out;
	memcpy(result->box_path, stick.path, sizeof(stick.path));
	result->box_read_only = stick.read_only;
	st = dlb_node_box_open(n, &m->box, stick.path, options->unlock,
		!stick.read_only, result->box_name, err);
	if (st == DLB_OK)
		st = exchange(m, err);
	if (m->box) {
		dlb_satchel_info(m->box, &result->box);
		dlb_satchel_close(m->box);
	}
out:
	dlb_wanted_free(m->wanted);
	free(m);
	return st;
}
