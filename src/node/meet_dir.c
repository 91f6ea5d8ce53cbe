/*
 * Meeting a directory of single cells (a synced folder): what lies there and is not
 * carried here is taken, what is carried here and does not lie there is given.
 *
 * An object is never changed, so that two machines that sync the folder never disagree;
 * a copy's counter can therefore not be split there: who takes a cell gets one copy,
 * and this side's counter is halved once, by giving. What has expired is removed by
 * whoever comes by with a clock that is trusted.
 */
#include "arrivals.h"
#include "cell_dir.h"
#include "meet_internal.h"
#include "object.h"
#include "recall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dir_meet {
	struct dlb_node *n;
	const struct dlb_meet_options *options;
	struct dlb_meet_result *result;
	const struct dlb_progress *progress;
	const char *dir;
	uint16_t week;
	uint64_t cells_max;
	struct dlb_object_keys keys;
	uint8_t tag_key[DLB_KEY_LEN];
	char *there; /* objects, ascending */
	size_t there_n, there_now;
	struct dlb_arrivals in;
	struct dlb_own_cells own;
	struct dlb_trips trips;
	bool briefed; /* what is bound for it goes there, and nothing else */
	uint64_t done, total;
	uint8_t bytes[DLB_OBJECT_LEN];
};

static bool
lies_there(void *ctx, const uint8_t name[static 16])
{
	const struct dir_meet *m = ctx;
	char object[DLB_OBJECT_NAME_MAX];

	dlb_object_name(object, &m->keys, name);
	return m->there_n > 0
		&& bsearch(object, m->there, m->there_n, DLB_CELL_DIR_NAME,
			(int (*)(const void *, const void *))strcmp);
}

static enum dlb_status
step(struct dir_meet *m, const char *what, struct dlb_error *err)
{
	m->done++;
	if (m->done % 16
		|| dlb_progress_step(m->progress, what, m->done * DLB_CELL_LEN,
			m->total * DLB_CELL_LEN))
		return DLB_OK;
	return dlb_meet_interrupted(err);
}

static void
object_path(char out[static 4200], const struct dir_meet *m, const char *name)
{
	snprintf(out, 4200, "%s/%s", m->dir, name);
}

/* ---- taking ----------------------------------------------------------------------------- */

static bool
any_is_promised(void *ctx, uint64_t ticket, const uint8_t *name)
{
	(void)ctx;
	(void)ticket;
	(void)name;
	return true;
}

static void
remove_object(struct dir_meet *m, const char *name)
{
	char path[4200];

	object_path(path, m, name);
	if (!m->result->box_read_only
		&& m->n->fs->ops->remove(m->n->fs, path, NULL) == DLB_OK)
		m->there_now--;
}

/* One object, where it is sound and has not expired, into the batch. */
static enum dlb_status
take_one(struct dir_meet *m, const char *name, struct dlb_error *err)
{
	struct dlb_buf bytes = {0};
	struct dlb_waybill waybill;
	const uint8_t *cell;
	char path[4200];
	uint8_t copies;
	enum dlb_status st;

	object_path(path, m, name);
	st = dlb_file_load(&bytes, m->n->fs, path, DLB_OBJECT_LEN, NULL);
	/* Gone, or being written: the next meeting sees it. */
	if (st == DLB_OK && bytes.len == DLB_OBJECT_LEN) {
		memcpy(m->bytes, bytes.data, DLB_OBJECT_LEN);
		st = dlb_object_open(&cell, &copies, &m->keys, name, m->bytes);
		if (st == DLB_OK)
			st = dlb_cell_check(&waybill, cell, NULL);
		if (st != DLB_OK)
			m->result->refused++;
		else if (m->week && waybill.expiry_week < m->week)
			remove_object(m, name);
		else
			dlb_arrivals_add(&m->in, cell, 1, false, 0);
	}
	dlb_buf_free(&bytes);
	return m->in.count < DLB_BATCH ? DLB_OK
				       : dlb_arrivals_store(&m->in, err);
}

/* Indexes of the objects that are not carried here; *n of them, in random order. */
static enum dlb_status
list_new(struct dir_meet *m, const struct dlb_shown *shown, size_t shown_n,
	uint32_t **list, size_t *n, struct dlb_error *err)
{
	uint8_t *here = calloc(m->there_n + 1, 1);

	*n = 0;
	*list = calloc(m->there_n + 1, sizeof(**list));
	if (!here || !*list) {
		free(here);
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	for (size_t i = 0; i < shown_n && m->there_n > 0; i++) {
		char object[DLB_OBJECT_NAME_MAX];
		const char *at;

		dlb_object_name(object, &m->keys, shown[i].entry.name);
		at = bsearch(object, m->there, m->there_n, DLB_CELL_DIR_NAME,
			(int (*)(const void *, const void *))strcmp);
		if (!at)
			continue;
		here[(size_t)(at - m->there) / DLB_CELL_DIR_NAME] = 1;
		if (m->week && shown[i].entry.expiry_week < m->week)
			remove_object(m, object);
	}
	for (size_t i = 0; i < m->there_n; i++)
		if (!here[i]) {
			size_t k =
				dlb_random_below(m->n->env, (uint32_t)*n + 1);

			(*list)[*n] = (*list)[k];
			(*list)[k] = (uint32_t)i;
			++*n;
		}
	free(here);
	return DLB_OK;
}

static enum dlb_status
take(struct dir_meet *m, const struct dlb_shown *shown, size_t shown_n,
	struct dlb_error *err)
{
	size_t n = 0, room = dlb_meet_room(m->n->satchel, m->week);
	uint32_t *list = NULL;
	enum dlb_status st = list_new(m, shown, shown_n, &list, &n, err), end;

	if (st == DLB_OK)
		st = dlb_arrivals_begin(&m->in, err);
	if (n > room) {
		m->result->not_taken += n - room;
		n = room;
	}
	m->total += n;
	for (size_t i = 0; st == DLB_OK && i < n; i++) {
		st = take_one(
			m, m->there + (size_t)list[i] * DLB_CELL_DIR_NAME, err);
		if (st == DLB_OK)
			st = step(m, "taking", err);
	}
	free(list);
	/* Also after an interruption: what came is written down. */
	end = dlb_arrivals_finish(&m->in, st == DLB_OK ? err : NULL);
	m->result->taken = m->in.taken;
	m->result->refused += m->in.refused;
	m->result->letters_new = m->in.letters_new;
	m->result->letters_refused = m->in.letters_refused;
	m->result->letters_complete = m->in.letters_complete;
	return st == DLB_OK ? end : st;
}

/* ---- giving ----------------------------------------------------------------------------- */

static enum dlb_status
give_one(struct dir_meet *m, const struct dlb_plan_move *move,
	struct dlb_error *err)
{
	char object[DLB_OBJECT_NAME_MAX], path[4200];
	struct dlb_entry e;
	uint8_t *cell = dlb_node_cell(m->n, 0);
	struct dlb_satchel_change change;
	enum dlb_status st;

	if (!dlb_satchel_entry(m->n->satchel, move->number, &e)
		|| dlb_satchel_get(m->n->satchel, move->number, cell, NULL,
			   NULL, m->n->aead[0], true, NULL)
			!= DLB_OK)
		return DLB_OK;
	dlb_object_name(object, &m->keys, e.name);
	dlb_object_seal(m->bytes, &m->keys, object, cell,
		move->give ? move->give : 1, m->n->env);
	object_path(path, m, object);
	st = dlb_file_replace(m->n->fs, path, m->bytes, sizeof(m->bytes), err);
	if (st != DLB_OK)
		return st;
	m->there_now++;
	m->result->given++;
	m->result->given_own += (e.flags & DLB_OWN) != 0;
	change = (struct dlb_satchel_change){.number = e.number,
		.flags = dlb_own_given_flags(&m->own, &e),
		.copies = move->keep,
		.searched = e.searched};
	return dlb_satchel_update(m->n->satchel, &change, 1, err);
}

static enum dlb_status
give_all(struct dir_meet *m, const struct dlb_plan_move *moves, size_t n,
	struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	for (size_t i = 0; st == DLB_OK && i < n; i++) {
		if (m->there_now >= m->cells_max) {
			m->result->not_given += n - i;
			break;
		}
		st = give_one(m, &moves[i], err);
		if (st == DLB_OK)
			st = step(m, "giving", err);
	}
	return st;
}

static enum dlb_status
plan(struct dir_meet *m, const struct dlb_shown *shown, size_t shown_n,
	struct dlb_plan_cell **from, size_t *from_n,
	struct dlb_plan_move **moves, size_t *moves_n, struct dlb_error *err)
{
	struct dlb_plan_cell *cells = calloc(shown_n + 1, sizeof(*cells));
	size_t n = 0;

	*from = cells;
	*moves = calloc(shown_n + 1, sizeof(**moves));
	if (!cells || !*moves)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < shown_n; i++) {
		const struct dlb_entry *e = &shown[i].entry;

		if (m->briefed && shown[i].box == 0)
			continue;
		cells[n].number = e->number;
		memcpy(cells[n].name, e->name, sizeof(cells[n].name));
		cells[n].expiry_week = e->expiry_week;
		cells[n].copies =
			e->copies > DLB_COPIES_MAX ? DLB_COPIES_MAX : e->copies;
		cells[n++].for_peer = shown[i].box != 0;
	}
	*from_n = n;
	*moves_n = dlb_plan(
		*moves, cells, n, SIZE_MAX, m->week, lies_there, m, m->n->env);
	return DLB_OK;
}

static enum dlb_status
give_own(struct dir_meet *m, struct dlb_error *err)
{
	struct dlb_courier courier = dlb_meet_courier(m->result->box_name);
	struct dlb_plan_move *moves;
	uint64_t before = m->result->given;
	enum dlb_status st = DLB_OK;

	courier.tag_key = m->tag_key;
	if (!m->briefed && dlb_own_allowed(m->n, m->options->by_itself))
		st = dlb_own_collect(
			&m->own, m->n, m->options->release_now, m->week, err);
	if (st == DLB_OK)
		st = dlb_own_choose(&m->own, &courier, err);
	if (st != DLB_OK)
		return st;
	moves = calloc(m->own.n + 1, sizeof(*moves));
	if (!moves)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < m->own.n; i++) {
		uint8_t start = dlb_copies_start(m->n->env);

		moves[i] = (struct dlb_plan_move){.number = m->own.numbers[i],
			.give = start / 2,
			.keep = start - start / 2};
	}
	m->result->own_waiting = m->own.waiting;
	m->total += m->own.n;
	st = give_all(m, moves, m->own.n, err);
	for (size_t i = m->result->given - before; i < m->own.n; i++)
		m->result->own_waiting +=
			!dlb_own_is_cover(&m->own, moves[i].number);
	free(moves);
	if (st == DLB_OK && m->result->given_own > 0)
		st = dlb_own_note(m->n, err);
	return st;
}

/* ---- what was called back ----------------------------------------------------------------- */

/* Objects of cells that a token kept here speaks against. None is kept there, as an object
 * is a cell: who has the token removes the cell again, should somebody bring it. */
static enum dlb_status
remove_recalled(struct dir_meet *m, bool gives, struct dlb_error *err)
{
	struct dlb_satchel_token *list = NULL;
	size_t n = 0, before = m->there_now;
	enum dlb_status st = DLB_OK;

	if (!gives)
		return DLB_OK;
	if (dlb_own_allowed(m->n, m->options->by_itself)) {
		st = dlb_recall_release(m->n, &list, &n, err);
		free(list);
		list = NULL;
	}
	if (st == DLB_OK)
		st = dlb_satchel_tokens(m->n->satchel, &list, &n, m->week, err);
	for (size_t i = 0; st == DLB_OK && i < n; i++) {
		char object[DLB_OBJECT_NAME_MAX];

		if (!lies_there(m, list[i].name))
			continue;
		dlb_object_name(object, &m->keys, list[i].name);
		remove_object(m, object);
	}
	if (list)
		dlb_wipe(list, n * sizeof(*list));
	free(list);
	if (st != DLB_OK || m->there_now == before)
		return st;
	free(m->there);
	m->there = NULL;
	st = dlb_cell_dir_list(
		&m->there, &m->there_n, m->dir, DLB_OBJECT_LEN, err);
	m->there_now = m->there_n;
	return st;
}

/* ---- the meeting -------------------------------------------------------------------------- */

static enum dlb_status
exchange(struct dir_meet *m, struct dlb_error *err)
{
	struct dlb_tag_key key = {.ref = 1};
	struct dlb_plan_cell *from = NULL;
	struct dlb_plan_move *moves = NULL;
	struct dlb_shown *shown = NULL;
	size_t shown_n = 0, from_n = 0, moves_n = 0;
	bool gives = !m->result->box_read_only && !m->options->collect_only;
	enum dlb_status st;

	st = dlb_cell_dir_list(
		&m->there, &m->there_n, m->dir, DLB_OBJECT_LEN, err);
	m->there_now = m->there_n;
	if (st == DLB_OK)
		st = remove_recalled(m, gives, err);
	if (st == DLB_OK)
		st = dlb_node_list_shown(
			m->n->satchel, 0, &shown, &shown_n, err);
	if (st == DLB_OK) {
		memcpy(key.key, m->tag_key, sizeof(key.key));
		dlb_node_match_tags(
			m->n, m->n->satchel, &key, 1, shown, shown_n);
	}
	/* Both plans before either is carried out. */
	if (st == DLB_OK && gives)
		st = plan(m, shown, shown_n, &from, &from_n, &moves, &moves_n,
			err);
	m->total += moves_n;
	if (st == DLB_OK)
		st = take(m, shown, shown_n, err);
	if (st == DLB_OK && gives)
		st = give_own(m, err);
	moves_n =
		dlb_meet_keep_here(moves, moves_n, from, from_n, m->n->satchel);
	if (st == DLB_OK && gives)
		st = give_all(m, moves, moves_n, err);
	free(from);
	free(moves);
	free(shown);
	dlb_wipe(&key, sizeof(key));
	return st;
}

static enum dlb_status
write_down(struct dir_meet *m, struct dlb_error *err)
{
	struct dlb_last_meeting last = {.when_ms = m->n->clock.now_ms,
		.given = m->result->given,
		.given_own = m->result->given_own,
		.taken = m->result->taken};
	struct dlb_courier courier = dlb_meet_courier(m->result->box_name);
	enum dlb_status st;

	snprintf(last.with, sizeof(last.with), "%s%.*s",
		m->result->box_name[0] ? "box " : "",
		(int)sizeof(last.with) - 8,
		m->result->box_name[0] ? m->result->box_name : m->dir);
	st = dlb_last_meeting_note(m->n, &last, err);
	if (st == DLB_OK)
		st = dlb_audit_note(m->n->letterbox, DLB_AUDIT_MET_FOLDER,
			(const uint64_t[]){
				last.given, last.given_own, last.taken, 0},
			4, m->result->box_name, err);
	return st == DLB_OK ? dlb_meet_write_progress(m->n, &courier, err) : st;
}

/* As what this home knows the box. */
static enum dlb_status
look_up(struct dir_meet *m, const uint8_t root[static DLB_KEY_LEN],
	struct dlb_error *err)
{
	const struct dlb_trip_box *served;
	enum dlb_status st = dlb_trips_load(&m->trips, m->n, err);

	if (st == DLB_OK)
		st = dlb_trips_hold_dear(&m->trips, m->n, err);
	if (st != DLB_OK)
		return st;
	served = dlb_trips_find(&m->trips, root);
	m->briefed = served && !served->owned;
	m->result->briefed = m->briefed;
	m->in.trips = &m->trips;
	if (m->briefed)
		memcpy(m->result->box_name, served->box.name,
			sizeof(m->result->box_name));
	return DLB_OK;
}

enum dlb_status
dlb_meet_dir(struct dlb_node *n, const char *dir,
	const struct dlb_meet_options *options, struct dlb_meet_result *result,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	struct dir_meet *m = calloc(1, sizeof(*m));
	uint8_t root[DLB_KEY_LEN];
	enum dlb_status st, wrote;

	if (!m)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	m->n = n;
	m->options = options;
	m->result = result;
	m->progress = progress;
	m->dir = dir;
	m->week = n->clock.trusted_week;
	m->in.n = n;
	m->in.week = m->week;
	m->in.promised = any_is_promised;
	snprintf(result->box_path, sizeof(result->box_path), "%s", dir);
	result->box_read_only = !dlb_cell_dir_writable(dir);
	st = dlb_node_dir_open(n, root, &m->cells_max, dir, options->unlock,
		result->box_name, err);
	if (st == DLB_OK) {
		dlb_object_keys(&m->keys, root);
		dlb_box_tag_key(m->tag_key, root);
		st = look_up(m, root, err);
		if (st == DLB_OK)
			st = exchange(m, err);
		result->objects = m->there_now;
		wrote = write_down(m, st == DLB_OK ? err : NULL);
		if (st == DLB_OK)
			st = wrote;
	}
	dlb_wipe(root, sizeof(root));
	dlb_arrivals_clear(&m->in);
	dlb_own_free(&m->own);
	dlb_trips_free(&m->trips);
	free(m->there);
	dlb_wipe(m, sizeof(*m));
	free(m);
	return st;
}
