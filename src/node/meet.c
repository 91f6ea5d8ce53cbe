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
#include "cell_dir.h"
#include "meet_internal.h"
#include "recall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A meeting replaces at most this part of a full satchel with newcomers, so that
 * two full ones do not wash each other out. */
#define CHURN_PART 8

/* ---- plans ------------------------------------------------------------------------ */

/* What a token speaks against there would not be taken. */
static bool
has_cell(void *ctx, const uint8_t name[static 16])
{
	uint8_t full[DLB_NAME_LEN] = {0};

	memcpy(full, name, 16);
	return dlb_satchel_find(ctx, full) != DLB_NO_ENTRY
		|| dlb_satchel_refuses(ctx, name, NULL, 0, NULL);
}

static bool
shown_at_home(void *ctx, const uint8_t name[static 16])
{
	uint8_t full[DLB_NAME_LEN] = {0};
	struct dlb_entry e;
	uint32_t number;

	memcpy(full, name, 16);
	number = dlb_satchel_find(ctx, full);
	return (number != DLB_NO_ENTRY && dlb_satchel_entry(ctx, number, &e)
		       && (e.flags & DLB_SHOWN))
		|| dlb_satchel_refuses(ctx, name, NULL, 0, NULL);
}

size_t
dlb_meet_room(const struct dlb_satchel *s, uint16_t week)
{
	struct dlb_satchel_info info;
	uint64_t places, open, most = dlb_satchel_room(s, 0, week);

	dlb_satchel_info(s, &info);
	places = info.slots - info.reserve;
	open = info.shown < places ? places - info.shown : 0;
	open += places / CHURN_PART;
	return (size_t)(open < most ? open : most);
}

/* What is bound for this box is for the peer; what is bound for a box of a trip goes
 * along before others. `from` is the box: what it holds for itself is of neither sort.
 * Both sides are told apart by the boxes' keys alone. */
static void
match_tags(struct meet *m, struct dlb_satchel *from, struct dlb_shown *shown,
	size_t n)
{
	const struct dlb_trip_box *served;
	struct dlb_tag_key key = {.ref = 1};
	uint8_t root[DLB_KEY_LEN];

	dlb_satchel_root(m->box, root);
	served = dlb_trips_find(&m->trips, root);
	if (from != m->box) {
		dlb_box_tag_key(key.key, root);
		dlb_node_match_tags(m->n, from, &key, 1, shown, n);
	} else {
		dlb_node_match_tags(
			m->n, from, m->trips.tags, m->trips.tags_n, shown, n);
		for (size_t i = 0; served && i < n; i++)
			if (shown[i].box == served->tag + 1)
				shown[i].box = 0;
	}
	dlb_wipe(root, sizeof(root));
	dlb_wipe(&key, sizeof(key));
}

static enum dlb_status
list_shown(struct meet *m, struct dlb_satchel *from,
	struct dlb_plan_cell **cells, size_t *n, struct dlb_error *err)
{
	struct dlb_shown *shown = NULL;
	size_t kept = 0;
	enum dlb_status st = dlb_node_list_shown(from, 0, &shown, n, err);

	if (st == DLB_OK)
		match_tags(m, from, shown, *n);
	*cells = st == DLB_OK ? calloc(*n + 1, sizeof(**cells)) : NULL;
	if (st == DLB_OK && !*cells)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; st == DLB_OK && i < *n; i++) {
		const struct dlb_entry *e = &shown[i].entry;
		struct dlb_plan_cell *c = &(*cells)[kept];

		if (m->briefed && from != m->box && shown[i].box == 0)
			continue;
		kept++;
		c->number = e->number;
		memcpy(c->name, e->name, sizeof(c->name));
		c->expiry_week = e->expiry_week;
		c->copies =
			e->copies > DLB_COPIES_MAX ? DLB_COPIES_MAX : e->copies;
		c->for_peer = shown[i].box != 0;
	}
	*n = kept;
	free(shown);
	return st;
}

struct plan {
	struct dlb_plan_cell *cells; /* it was made from, by number */
	size_t cells_n;
	struct dlb_plan_move *moves;
	size_t n;
};

static enum dlb_status
make_plan(struct plan *p, struct meet *m, struct dlb_satchel *from,
	struct dlb_satchel *to, size_t room, struct dlb_error *err)
{
	enum dlb_status st = list_shown(m, from, &p->cells, &p->cells_n, err);

	if (st != DLB_OK)
		return st;
	p->moves = calloc(p->cells_n + 1, sizeof(*p->moves));
	if (!p->moves)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	p->n = dlb_plan(p->moves, p->cells, p->cells_n, room, m->week,
		to == m->n->satchel ? shown_at_home : has_cell, to, m->n->env);
	return DLB_OK;
}

static void
free_plan(struct plan *p)
{
	free(p->cells);
	free(p->moves);
}

bool
dlb_meet_step(struct meet *m, const char *what, size_t more)
{
	m->done += more;
	return dlb_progress_step(m->progress, what, m->done * DLB_CELL_LEN,
		m->total * DLB_CELL_LEN);
}

enum dlb_status
dlb_meet_interrupted(struct dlb_error *err)
{
	return dlb_fail(err, DLB_CANCELLED,
		"interrupted; what had moved is kept, the next meeting goes on");
}

/* ---- batches -------------------------------------------------------------------- */

/* Moves those that could be read to the front; items and moves stay together.
 * moves is the caller's and may be reordered. */
size_t
dlb_meet_keep_sound(struct meet *m, struct dlb_plan_move *moves, size_t n)
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
			m->dear[kept] = m->dear[i];
		}
		kept++;
	}
	return kept;
}

enum dlb_status
dlb_meet_settle(struct meet *m, struct dlb_satchel *to,
	struct dlb_satchel *from, uint64_t *count, uint64_t *count_own,
	struct dlb_error *err)
{
	size_t moved = m->moved, own = m->moved_own, n = m->changes_n;
	enum dlb_status st = dlb_satchel_commit(to, err);

	m->moved = 0;
	m->moved_own = 0;
	m->changes_n = 0;
	if (st != DLB_OK)
		return st;
	*count += moved;
	if (count_own)
		*count_own += own;
	return dlb_satchel_update(from, m->changes, n, err);
}

/* ---- own new cells ------------------------------------------------------------------------------ */

static enum dlb_status
plan_own(struct meet *m, struct dlb_plan_move **moves, size_t *moves_n,
	struct dlb_error *err)
{
	struct dlb_courier courier = dlb_meet_courier(m->result->box_name);
	uint8_t root[DLB_KEY_LEN], key[DLB_KEY_LEN];
	enum dlb_status st = DLB_OK;

	dlb_satchel_root(m->box, root);
	dlb_box_tag_key(key, root);
	dlb_wipe(root, sizeof(root));
	courier.tag_key = key;
	if (!m->briefed && dlb_own_allowed(m->n, m->options->by_itself))
		st = dlb_own_collect(
			&m->own, m->n, m->options->release_now, m->week, err);
	if (st == DLB_OK)
		st = dlb_own_choose(&m->own, &courier, err);
	dlb_wipe(key, sizeof(key));
	if (st != DLB_OK)
		return st;
	*moves = calloc(m->own.n + 1, sizeof(**moves));
	if (!*moves)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < m->own.n; i++) {
		uint8_t start = dlb_copies_start(m->n->env);

		(*moves)[i] =
			(struct dlb_plan_move){.number = m->own.numbers[i],
				.give = start / 2,
				.keep = start - start / 2};
	}
	*moves_n = m->own.n;
	m->result->own_waiting = m->own.waiting;
	return DLB_OK;
}

/* ---- the meeting --------------------------------------------------------------------------------- */

static enum dlb_status
note_what_was_shown(struct meet *m, struct dlb_error *err)
{
	struct dlb_last_meeting last = {.when_ms = m->n->clock.now_ms,
		.given = m->result->given,
		.given_own = m->result->given_own,
		.taken = m->result->taken};
	const uint64_t counts[] = {
		last.given, last.given_own, last.taken, m->recalls_heard};
	enum dlb_status st;

	snprintf(last.with, sizeof(last.with), "%s%.*s",
		m->result->box_name[0] ? "box " : "",
		(int)sizeof(last.with) - 8,
		m->result->box_name[0] ? m->result->box_name
				       : m->result->box_path);
	st = dlb_last_meeting_note(m->n, &last, err);
	return st == DLB_OK ? dlb_audit_note(m->n->letterbox, DLB_AUDIT_MET_BOX,
		       counts, DLB_ARRAY_LEN(counts), m->result->box_name, err)
			    : st;
}

/* Those of letters before cover; how many they are. */
static size_t
real_first(struct meet *m, struct dlb_plan_move *own, size_t own_n)
{
	size_t real = 0;

	for (size_t i = 0; i < own_n; i++) {
		struct dlb_plan_move move = own[i];

		if (dlb_own_is_cover(&m->own, move.number))
			continue;
		own[i] = own[real];
		own[real++] = move;
	}
	return real;
}

/* Own new cells fill a box, and replace others no more than the rest of a meeting
 * does: a letter that does not fit would push itself out. How many go depends on the
 * box alone, where none are sent with --now. */
static void
limit_own(struct meet *m, struct dlb_plan_move *own, size_t *own_n,
	uint64_t open, size_t room)
{
	size_t most = open >= DLB_MEETING_OWN_CELLS ? (size_t)open : room, real;

	if (*own_n <= most)
		return;
	real = real_first(m, own, *own_n);
	m->result->own_no_room = real > most ? real - most : 0;
	m->result->own_waiting += m->result->own_no_room;
	*own_n = most;
}

static uint64_t
open_places(const struct dlb_satchel *s)
{
	struct dlb_satchel_info info;

	dlb_satchel_info(s, &info);
	return info.slots - info.used;
}

struct dlb_courier
dlb_meet_courier(const char *box_name)
{
	struct dlb_courier c = {.vetted = false};

	snprintf(c.name, sizeof(c.name), "%s%s", box_name[0] ? "box " : "",
		box_name);
	return c;
}

/* As what this home knows the box. */
static enum dlb_status
look_up(struct meet *m, struct dlb_error *err)
{
	const struct dlb_trip_box *served;
	uint8_t root[DLB_KEY_LEN];
	enum dlb_status st = dlb_trips_load(&m->trips, m->n, err);

	if (st == DLB_OK)
		st = dlb_trips_hold_dear(&m->trips, m->n, err);
	if (st != DLB_OK)
		return st;
	dlb_satchel_root(m->box, root);
	served = dlb_trips_find(&m->trips, root);
	dlb_wipe(root, sizeof(root));
	m->briefed = served && !served->owned;
	m->result->briefed = m->briefed;
	if (m->briefed)
		memcpy(m->result->box_name, served->box.name,
			sizeof(m->result->box_name));
	return DLB_OK;
}

static enum dlb_status
exchange(struct meet *m, struct dlb_error *err)
{
	struct dlb_plan_move *own = NULL;
	struct plan out = {0}, in = {0};
	size_t own_n = 0, room;
	uint64_t open, left;
	bool gives = !m->result->box_read_only && !m->options->collect_only;
	enum dlb_status st = dlb_recall_with_box(m->n, m->box, gives,
		dlb_own_allowed(m->n, m->options->by_itself), &m->recalls_heard,
		err);

	if (st != DLB_OK)
		return st;
	open = open_places(m->box);
	/* Both plans before either is carried out: nothing goes to and fro. */
	m->carry = dlb_meet_room(m->n->satchel, m->week);
	st = make_plan(&in, m, m->box, m->n->satchel, SIZE_MAX, err);
	room = dlb_meet_room(m->box, m->week);
	if (st == DLB_OK && gives)
		st = make_plan(&out, m, m->n->satchel, m->box, room, err);
	m->total = out.n + in.n;
	/* Taking first: what is given may push out what was there. */
	if (st == DLB_OK)
		st = dlb_meet_take(m, in.moves, in.n, err);
	/* Only now: cover may be shown at once, and would be in that plan too. */
	if (st == DLB_OK && gives)
		st = plan_own(m, &own, &own_n, err);
	limit_own(m, own, &own_n, open, room);
	out.n = dlb_meet_keep_here(
		out.moves, out.n, out.cells, out.cells_n, m->n->satchel);
	if (out.n > room - (own_n < room ? own_n : room))
		out.n = room - (own_n < room ? own_n : room);
	m->total = own_n + out.n + in.n;
	if (st == DLB_OK)
		st = dlb_meet_give(m, own, own_n, err);
	if (st == DLB_OK && m->result->given_own > 0)
		st = dlb_own_note(m->n, err);
	if (st == DLB_OK)
		st = dlb_meet_give(m, out.moves, out.n, err);
	left = open_places(m->box) + m->result->given;
	m->result->displaced = left > open ? left - open : 0;
	if (st == DLB_OK)
		st = note_what_was_shown(m, err);
	if (gives) {
		struct dlb_courier courier =
			dlb_meet_courier(m->result->box_name);
		enum dlb_status wrote = dlb_meet_write_progress(
			m->n, &courier, st == DLB_OK ? err : NULL);

		if (st == DLB_OK)
			st = wrote;
	}
	free(own);
	free_plan(&out);
	free_plan(&in);
	return st;
}

enum dlb_status
dlb_node_meet(struct dlb_node *n, const struct dlb_meet_options *options,
	struct dlb_meet_result *result, const struct dlb_progress *progress,
	struct dlb_error *err)
{
	struct meet *m = calloc(1, sizeof(*m));
	struct dlb_seen_weeks seen = {{0}};
	struct dlb_stick stick = {.path = ""};
	char dir[4096];
	enum dlb_status st;

	memset(result, 0, sizeof(*result));
	if (!m)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (dlb_cell_dir_is(dir, sizeof(dir), options->where)) {
		free(m);
		return dlb_meet_dir(n, dir, options, result, progress, err);
	}
	m->n = n;
	m->options = options;
	m->result = result;
	m->progress = progress;
	m->week = n->clock.trusted_week;
	st = dlb_stick_locate(&stick, n->fs, options->where, err);
	if (st == DLB_OK)
		st = dlb_stick_require(&stick, err);
	if (st == DLB_NOT_FOUND)
		dlb_node_box_missing(
			n, stick.path[0] ? stick.path : options->where, err);
	if (st != DLB_OK)
		goto out;
	memcpy(result->box_path, stick.path, sizeof(stick.path));
	result->box_read_only = stick.read_only;
	st = dlb_node_box_open(n, &m->box, stick.path, options->unlock,
		!stick.read_only, result->box_name, err);
	if (st == DLB_OK) {
		dlb_seen_add_all(&seen, m->box);
		st = look_up(m, err);
		if (st == DLB_OK)
			st = exchange(m, err);
	}
	if (st == DLB_OK)
		st = dlb_seen_note(n, &seen, err);
	if (m->box) {
		dlb_satchel_info(m->box, &result->box);
		dlb_satchel_close(m->box);
	}
out:
	dlb_wanted_free(m->wanted);
	dlb_own_free(&m->own);
	dlb_trips_free(&m->trips);
	free(m->refused);
	free(m);
	return st;
}
