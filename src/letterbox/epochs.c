/*
 * The secrets of epochs in memory: which are there, which to try on a cell, and
 * the opening keys, expanded when they are first asked for.
 *
 * The list is ascending by kind and id, and changes only when secrets are made,
 * undone or destroyed, in the owner's thread, while no other asks.
 */
#include "state_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- the list ------------------------------------------------------------------------- */

static void
epoch_free(struct dlb_epoch *e)
{
	if (e->expanded)
		dlb_secret_free(e->expanded);
	dlb_secret_free(e);
}

void
dlb_epochs_free(struct dlb_epochs *epochs)
{
	for (size_t i = 0; i < epochs->n; i++)
		epoch_free(epochs->list[i]);
	free(epochs->list);
	epochs->list = NULL;
	epochs->n = epochs->cap = 0;
}

/* Where the first stands that is not before (kind, id). */
static size_t
place_of(const struct dlb_epochs *epochs, uint32_t kind, uint32_t id)
{
	size_t low = 0, high = epochs->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct dlb_epoch *e = epochs->list[mid];

		if (e->kind < kind || (e->kind == kind && e->id < id))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct dlb_epoch *
dlb_epochs_find(struct dlb_epochs *epochs, uint32_t kind, uint32_t id)
{
	size_t at = place_of(epochs, kind, id);

	if (at == epochs->n || epochs->list[at]->kind != kind
		|| epochs->list[at]->id != id)
		return NULL;
	return epochs->list[at];
}

void
dlb_epochs_remove(struct dlb_epochs *epochs, uint32_t kind, uint32_t id)
{
	size_t at = place_of(epochs, kind, id);

	if (!dlb_epochs_find(epochs, kind, id))
		return;
	epoch_free(epochs->list[at]);
	epochs->n--;
	memmove(epochs->list + at, epochs->list + at + 1,
		(epochs->n - at) * sizeof(*epochs->list));
}

/* Takes e also on failure. */
static enum dlb_status
insert(struct dlb_epochs *epochs, struct dlb_epoch *e)
{
	size_t at = place_of(epochs, e->kind, e->id);

	if (epochs->n == epochs->cap) {
		size_t cap = epochs->cap ? 2 * epochs->cap : 64;
		struct dlb_epoch **list =
			reallocarray(epochs->list, cap, sizeof(*list));

		if (!list) {
			epoch_free(e);
			return DLB_NO_MEMORY;
		}
		epochs->list = list;
		epochs->cap = cap;
	}
	memmove(epochs->list + at + 1, epochs->list + at,
		(epochs->n - at) * sizeof(*epochs->list));
	epochs->list[at] = e;
	epochs->n++;
	return DLB_OK;
}

static enum dlb_status
no_memory(struct dlb_error *err)
{
	return dlb_fail(err, DLB_NO_MEMORY, "out of memory for keys");
}

enum dlb_status
dlb_epochs_load(struct dlb_letterbox *l, struct dlb_error *err)
{
	static const char sql[] = "SELECT kind, id, record FROM epochs";
	struct dlb_epochs *epochs = &l->epochs;
	enum dlb_status s = DLB_OK, ended;
	struct dlb_query q;

	dlb_epochs_free(epochs);
	epochs->lost = 0;
	epochs->changed = false;
	dlb_query(&q, &l->db, sql);
	while (s == DLB_OK && dlb_query_row(&q)) {
		struct dlb_epoch *e = dlb_secret_new(sizeof(*e));

		if (!e) {
			s = no_memory(err);
			break;
		}
		e->kind = (uint32_t)dlb_query_get_int(&q);
		e->id = (uint32_t)dlb_query_get_int(&q);
		e->record = (uint32_t)dlb_query_get_int(&q);
		if (dlb_ring_get(&l->ring, e, l->keys->root, l->slots)) {
			if (insert(epochs, e) != DLB_OK)
				s = no_memory(err);
		} else {
			epochs->lost++;
			epoch_free(e);
		}
	}
	ended = dlb_query_end(&q, s == DLB_OK ? err : NULL);
	return s == DLB_OK ? ended : s;
}

/* ---- making ------------------------------------------------------------------------------ */

/* A record that the database does not name, nor has condemned. */
static enum dlb_status
free_record(struct dlb_letterbox *l, uint32_t *out, struct dlb_error *err)
{
	static const char sql[] =
		"SELECT 1 FROM epochs WHERE record = ?1"
		" UNION ALL SELECT 1 FROM condemned WHERE record = ?1";
	uint32_t n = dlb_ring_records(&l->ring), start;
	enum dlb_status s;

	/* From a random place, so that a record's does not tell its age. */
	start = n ? dlb_random_below(l->env, n) : 0;
	for (uint32_t i = 0; i < n; i++) {
		struct dlb_query q;
		bool used;

		*out = (start + i) % n;
		dlb_query(&q, &l->db, sql);
		dlb_query_int(&q, *out);
		used = dlb_query_row(&q);
		s = dlb_query_end(&q, err);
		if (s != DLB_OK || !used)
			return s;
	}
	*out = n;
	return dlb_ring_grow(&l->ring, l->env, err);
}

static enum dlb_status
record_epoch(struct dlb_letterbox *l, const struct dlb_epoch *e,
	struct dlb_error *err)
{
	static const char sql[] =
		"INSERT INTO epochs (kind, id, record, begun)"
		" VALUES (?1, ?2, ?3, ?4) ON CONFLICT (kind, id) DO UPDATE"
		" SET record = excluded.record, begun = excluded.begun,"
		" ended = 0";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, e->kind);
	dlb_query_int(&q, e->id);
	dlb_query_int(&q, e->record);
	dlb_query_int(&q, dlb_now_ms(l->env) / DLB_DAY_MS);
	return dlb_query_run(&q, err);
}

enum dlb_status
dlb_epochs_make(struct dlb_letterbox *l, struct dlb_epoch **out, uint32_t kind,
	uint32_t id, struct dlb_error *err)
{
	struct dlb_epoch *e = dlb_epochs_find(&l->epochs, kind, id);
	enum dlb_status s;

	*out = e;
	if (e)
		return DLB_OK;
	e = dlb_secret_new(sizeof(*e));
	if (!e)
		return no_memory(err);
	e->kind = kind;
	e->id = id;
	if (kind == DLB_EPOCH_FINDING)
		dlb_scalar_random(e->seed, l->env);
	else
		dlb_random(l->env, e->seed, sizeof(e->seed));
	s = free_record(l, &e->record, err);
	if (s == DLB_OK)
		s = record_epoch(l, e, err);
	if (s != DLB_OK) {
		epoch_free(e);
		return s;
	}
	dlb_ring_put(&l->ring, e, l->keys->root, l->slots, l->env);
	l->epochs.changed = true;
	if (insert(&l->epochs, e) != DLB_OK)
		return no_memory(err);
	*out = e;
	return DLB_OK;
}

/* ---- what readers ask -------------------------------------------------------------------- */

/* A sender takes, of a card's finding keys, that of the latest quarter that is not
 * after the one in which the week of the sealing began (correspondents_seal.c); so
 * the reader, who does not know which card the sender had, tries this one and
 * those before. */
size_t
dlb_letterbox_finding(const struct dlb_letterbox *l, uint16_t expiry_week,
	const uint8_t **secrets, size_t cap)
{
	const struct dlb_epochs *epochs = &l->epochs;
	uint16_t week = expiry_week < DLB_CELL_LIFETIME_WEEKS
		? 0
		: (uint16_t)(expiry_week - DLB_CELL_LIFETIME_WEEKS);
	uint32_t quarter = dlb_quarter_of(dlb_week_start_ms(week));
	size_t at = place_of(epochs, DLB_EPOCH_FINDING, quarter + 1), n = 0;

	while (at > 0 && n < cap)
		secrets[n++] = epochs->list[--at]->seed;
	if (n == 0 && cap > 0 && epochs->n > 0
		&& epochs->list[0]->kind == DLB_EPOCH_FINDING)
		secrets[n++] = epochs->list[0]->seed;
	return n;
}

static const uint8_t *
opening(void *ctx, uint32_t opening_id)
{
	struct dlb_epochs *epochs = ctx;
	const uint8_t *expanded = NULL;
	struct dlb_epoch *e;

	if (opening_id & DLB_OPENING_LAST_RESORT)
		e = dlb_epochs_find(epochs, DLB_EPOCH_LAST_RESORT,
			opening_id & ~DLB_OPENING_LAST_RESORT);
	else
		e = dlb_epochs_find(epochs, DLB_EPOCH_OPENING, opening_id);
	if (!e)
		return NULL;
	pthread_mutex_lock(&epochs->lock);
	if (!e->expanded) {
		e->expanded = dlb_secret_new(DLB_XWING_EXPANDED_LEN);
		if (e->expanded)
			dlb_xwing_expand(e->expanded, e->seed);
	}
	expanded = e->expanded;
	pthread_mutex_unlock(&epochs->lock);
	return expanded;
}

void
dlb_letterbox_opener(struct dlb_letterbox *l, struct dlb_opener *out)
{
	memset(out, 0, sizeof(*out));
	out->ctx = &l->epochs;
	out->reader = l->identity;
	out->agree_secret = l->keys->identity.agree;
	out->opening = opening;
}

uint32_t
dlb_letterbox_lost_keys(const struct dlb_letterbox *l)
{
	return l->epochs.lost;
}
