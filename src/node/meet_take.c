/*
 * Taking cells from a box. Heads are looked for first, over all that is new here,
 * whether there is room to carry it or not; so that the cells that belong to them
 * are known when they come, and get their hold.
 */
#include "meet_internal.h"
#include "recall.h"

#include <stdlib.h>
#include <string.h>

/* Cells that are tried before what belongs to their letters is looked for: many
 * parts make less work of a large letter, but each costs some. */
#define TRIAL_PARTS 64
#define TRIAL_PART_MIN 256

static int
by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* 0: to be tried again by a later meeting. */
static uint16_t
searched(const struct meet *m, uint32_t number)
{
	/* Any thread: the database is for the one that began the meeting. */
	if (!m->wanted
		|| (m->refused_n > 0
			&& bsearch(&number, m->refused, m->refused_n,
				sizeof(number), by_number)))
		return 0;
	return dlb_letterbox_generation(m->n->letterbox);
}

static void
fetch_from_box(void *ctx, size_t i, unsigned worker)
{
	struct meet *m = ctx;
	struct dlb_satchel_item *item = &m->items[i];
	uint8_t *cell = dlb_node_cell(m->n, i);
	struct dlb_waybill waybill;

	memset(item, 0, sizeof(*item));
	m->mine[i] = m->dear[i] = false;
	item->cell = cell;
	item->flags = DLB_SHOWN;
	if (m->moves[i].give == 0)
		item->flags |= DLB_LOOK;
	item->copies = m->moves[i].give;
	item->searched = searched(m, m->moves[i].number);
	m->got[i] = dlb_satchel_get(m->box, m->moves[i].number, cell,
		item->core, item->name, m->n->aead[worker], true, NULL);
	if (m->got[i] == DLB_OK)
		m->got[i] = dlb_cell_check(&waybill, cell, NULL);
	/* As one that gave way: it was called back. */
	if (m->got[i] == DLB_OK
		&& dlb_satchel_refuses(m->n->satchel, item->name,
			waybill.token_hash, m->week, m->n->aead[worker]))
		m->got[i] = DLB_NOT_FOUND;
	/* dlb_cell_check() filled it; cppcheck does not follow got[]. */
	if (m->got[i] == DLB_OK && m->week)
		/* cppcheck-suppress uninitStructMember */
		m->got[i] = dlb_cell_check_expiry(waybill.expiry_week, m->week);
	/* cppcheck-suppress uninitStructMember */
	m->dear[i] = m->got[i] == DLB_OK
		&& dlb_trips_has_tag(&m->trips, item->core, waybill.box_tag);
	if (m->got[i] == DLB_OK && m->wanted)
		m->mine[i] = dlb_wanted_check(m->wanted, cell, item->name,
			m->n->aead[worker], &m->token[i]);
}

static enum dlb_status
take_batch(struct meet *m, struct dlb_plan_move *moves, size_t n,
	struct dlb_error *err)
{
	uint32_t room_held = dlb_satchel_room_held(m->n->satchel);
	enum dlb_status st;

	m->moves = moves;
	dlb_pool_run(n, fetch_from_box, m);
	n = dlb_meet_keep_sound(m, moves, n);
	for (size_t i = 0; i < n; i++) {
		if (m->mine[i] && room_held
			&& dlb_wanted_take(m->wanted, m->token[i])) {
			m->items[i].flags |= DLB_HELD;
			room_held--;
		}
		if (m->carry > 0)
			m->carry--;
		else
			m->items[i].flags &= (uint8_t) ~(DLB_SHOWN | DLB_LOOK);
		m->got[i] = m->items[i].flags ? DLB_OK : DLB_FULL;
	}
	n = dlb_meet_keep_sound(m, moves, n);
	st = dlb_satchel_add(m->n->satchel, m->items, n, m->week, err);
	if (st != DLB_OK)
		return st;
	for (size_t i = 0; i < n; i++) {
		struct dlb_entry e;

		if (m->items[i].result != DLB_OK
			&& m->items[i].result != DLB_DUPLICATE) {
			m->result->not_taken++;
			continue;
		}
		if (m->dear[i] && m->items[i].number != DLB_NO_ENTRY)
			st = dlb_satchel_dear(
				m->n->satchel, m->items[i].number, err);
		if (st != DLB_OK)
			return st;
		m->moved++;
		if (m->result->box_read_only
			|| !dlb_satchel_entry(m->box, moves[i].number, &e))
			continue;
		m->changes[m->changes_n++] =
			(struct dlb_satchel_change){.number = e.number,
				.flags = e.flags,
				.copies = moves[i].keep,
				.searched = e.searched};
	}
	return DLB_OK;
}

static enum dlb_status
settle(struct meet *m, struct dlb_error *err)
{
	return dlb_meet_settle(
		m, m->n->satchel, m->box, &m->result->taken, NULL, err);
}

static enum dlb_status
note_refused(struct meet *m, const struct dlb_hit *hits, size_t hits_n,
	struct dlb_error *err)
{
	uint32_t *p = realloc(
		m->refused, (m->refused_n + hits_n + 1) * sizeof(*m->refused));

	if (!p)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	m->refused = p;
	for (size_t i = 0; i < hits_n; i++)
		if (hits[i].refused)
			m->refused[m->refused_n++] = hits[i].number;
	return DLB_OK;
}

static enum dlb_status
find_part(struct meet *m, const uint32_t *numbers, size_t n,
	struct dlb_error *err)
{
	struct dlb_hit *hits = NULL;
	size_t hits_n = 0;
	enum dlb_status st = dlb_node_trial(
		m->n, m->box, numbers, n, m->wanted, &hits, &hits_n, NULL, err);

	if (st == DLB_OK)
		st = dlb_wanted_add_hits(m->wanted, m->box, hits, hits_n,
			&m->result->letters_new, &m->result->letters_refused,
			err);
	if (st == DLB_OK)
		st = note_refused(m, hits, hits_n, err);
	free(hits);
	return st;
}

/* Heads first, by trial over all that is new here; so the cells that belong to
 * them are known when they come. Part by part, so that those of a large letter need
 * no trial once its head is found. */
static enum dlb_status
find_in_box(struct meet *m, const struct dlb_plan_move *moves, size_t n,
	struct dlb_error *err)
{
	uint32_t *numbers = calloc(n + 1, sizeof(*numbers));
	size_t step = n / TRIAL_PARTS < TRIAL_PART_MIN ? TRIAL_PART_MIN
						       : n / TRIAL_PARTS;
	enum dlb_status st = DLB_OK;

	if (!numbers)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < n; i++)
		numbers[i] = moves[i].number;
	for (size_t at = 0; st == DLB_OK && at < n; at += step) {
		size_t part = n - at < step ? n - at : step;

		st = find_part(m, numbers + at, part, err);
		if (st == DLB_OK
			&& !dlb_progress_step(
				m->progress, "searching", at + part, n))
			st = dlb_fail(err, DLB_CANCELLED,
				"interrupted; what was done is kept");
	}
	free(numbers);
	if (m->refused_n > 0)
		qsort(m->refused, m->refused_n, sizeof(*m->refused), by_number);
	return st == DLB_OK ? dlb_letterbox_commit(m->n->letterbox, err) : st;
}

static enum dlb_status
find_own(struct meet *m, const struct dlb_plan_move *moves, size_t n,
	struct dlb_error *err)
{
	enum dlb_status st;

	if (!dlb_node_looks(m->n))
		return DLB_OK;
	st = dlb_wanted_new(&m->wanted, m->n, err);
	if (st == DLB_OK)
		st = dlb_wanted_search_home(m->wanted, &m->result->letters_new,
			&m->result->letters_refused, m->progress, err);
	if (st == DLB_OK)
		st = find_in_box(m, moves, n, err);
	/* Before newcomers push out what came earlier, unrecognised. */
	return st == DLB_OK ? dlb_wanted_hold(m->wanted, err) : st;
}

static void
may_be_own(void *ctx, size_t i, unsigned worker)
{
	struct meet *m = ctx;
	uint8_t prefix[DLB_PEEK_LEN];

	m->keep[i] = dlb_satchel_peek(m->box, m->moves[i].number, prefix,
			     sizeof(prefix), m->n->aead[worker], NULL)
			== DLB_OK
		&& dlb_wanted_may_be(m->wanted, prefix + DLB_WAYBILL_LEN);
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

enum dlb_status
dlb_meet_take(struct meet *m, struct dlb_plan_move *moves, size_t n,
	struct dlb_error *err)
{
	enum dlb_status st = find_own(m, moves, n, err), last;

	if (st == DLB_OK)
		st = drop_beyond_room(m, moves, &n, err);
	for (size_t at = 0; st == DLB_OK && at < n; at += DLB_MEET_BATCH) {
		size_t part = n - at < DLB_MEET_BATCH ? n - at : DLB_MEET_BATCH;

		st = take_batch(m, moves + at, part, err);
		if (st == DLB_OK && !dlb_meet_step(m, "taking", part))
			st = dlb_meet_interrupted(err);
		if (st == DLB_OK && m->moved >= DLB_COMMIT_CELLS)
			st = settle(m, err);
	}
	/* Also after an interruption: what came is written down. */
	last = settle(m, st == DLB_OK ? err : NULL);
	if (st == DLB_OK)
		st = last;
	if (m->wanted) {
		last = dlb_wanted_finish(m->wanted,
			&m->result->letters_complete,
			st == DLB_OK ? err : NULL);
		if (st == DLB_OK)
			st = last;
	}
	return st;
}
