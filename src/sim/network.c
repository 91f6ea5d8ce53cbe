/*
 * The network of a seed: its homes, and what happens to them.
 */
#include "network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 2026-05-20 */
#define BEGIN_MS 1779271200000LL
/* Room for all the cover that a run makes, so that nothing has to give way. */
#define HOME_LEN (192ULL << 20)
#define STEPS 7

static const struct dlb_unlock open_to_all = {.kind = DLB_UNLOCK_OPEN};

static uint32_t
below(struct sim_network *w, uint32_t bound)
{
	return dlb_random_below(&w->clock.env, bound);
}

/* ---- homes -------------------------------------------------------------------------- */

static enum dlb_status
open_home(struct sim_network *w, unsigned i)
{
	struct sim_home *h = &w->homes[i];

	if (h->n)
		return DLB_OK;
	return dlb_node_open_on(&h->n, crash_fs_fs(h->disk), h->path,
		&open_to_all, 0, &w->clock.env, &w->err);
}

static void
close_home(struct sim_network *w, unsigned i)
{
	dlb_node_close(w->homes[i].n);
	w->homes[i].n = NULL;
}

static enum dlb_status
make_home(struct sim_network *w, unsigned i, bool person)
{
	struct sim_home *h = &w->homes[i];
	struct dlb_home_options o = {.name = h->name,
		.courier = !person,
		.size = HOME_LEN,
		.sparse = true,
		.spread = DLB_SPREAD_NOW,
		.unlock = open_to_all};

	h->person = person;
	snprintf(h->name, sizeof(h->name), "home%u", i);
	snprintf(h->path, sizeof(h->path), "%s/%s", w->dir, h->name);
	h->disk = crash_fs_new(w->seed * SIM_HOMES_MAX + i);
	return dlb_node_create_on(&h->n, crash_fs_fs(h->disk), h->path, &o,
		&w->clock.env, NULL, &w->err);
}

static enum dlb_status
introduce(struct sim_network *w, unsigned who, unsigned whom)
{
	struct dlb_card *card = calloc(1, sizeof(*card));
	struct dlb_correspondent c;
	struct dlb_buf bytes = {0};
	enum dlb_status st;

	if (!card)
		return dlb_fail(&w->err, DLB_NO_MEMORY, "out of memory");
	st = dlb_letterbox_card(
		w->homes[whom].n->letterbox, false, &bytes, &w->err);
	if (st == DLB_OK)
		st = dlb_card_parse(card, bytes.data, bytes.len, &w->err);
	if (st == DLB_OK)
		st = dlb_correspondent_add(w->homes[who].n->letterbox, &c, card,
			w->homes[whom].name, &w->err);
	if (st == DLB_OK)
		w->homes[who].knows[whom] = c.id;
	dlb_buf_free(&bytes);
	free(card);
	return st;
}

static enum dlb_status
introduce_all(struct sim_network *w)
{
	enum dlb_status st = DLB_OK;

	for (unsigned i = 0; i < w->homes_n; i++)
		for (unsigned k = 0; k < w->homes_n && st == DLB_OK; k++)
			if (i != k && w->homes[i].person && w->homes[k].person)
				st = introduce(w, i, k);
	for (unsigned i = 0; i < w->homes_n && st == DLB_OK; i++) {
		st = dlb_letterbox_commit(w->homes[i].n->letterbox, &w->err);
		close_home(w, i);
		crash_fs_power_on(w->homes[i].disk, CRASH_ALL, 0);
	}
	return st;
}

enum dlb_status
sim_network_make(struct sim_network *w, uint64_t seed, const char *dir)
{
	enum dlb_status st = DLB_OK;

	memset(w, 0, sizeof(*w));
	w->seed = seed;
	dlb_env_seeded_init(&w->clock, seed, BEGIN_MS);
	snprintf(w->dir, sizeof(w->dir), "%s/dlb-sim-XXXXXX", dir);
	if (!mkdtemp(w->dir))
		return dlb_fail(&w->err, DLB_IO, "can not make %s", w->dir);
	w->homes_n = 2 + below(w, 3);
	for (unsigned i = 0; i < w->homes_n && st == DLB_OK; i++)
		st = make_home(w, i, i < 2 || i + 1 < w->homes_n);
	return st == DLB_OK ? introduce_all(w) : st;
}

void
sim_network_free(struct sim_network *w)
{
	for (unsigned i = 0; i < w->homes_n; i++) {
		close_home(w, i);
		if (w->homes[i].disk)
			crash_fs_free(w->homes[i].disk);
		rmdir(w->homes[i].path);
	}
	rmdir(w->dir);
}

/* ---- power ----------------------------------------------------------------------------- */

/* Where the power went: it comes back, and what was not synced has its fate. */
static void
power_on(struct sim_network *w, unsigned i)
{
	static const enum crash_fate fates[] = {
		CRASH_ALL, CRASH_NONE, CRASH_SEEDED, CRASH_GARBLE_ONE};
	struct sim_home *h = &w->homes[i];
	size_t unsynced = crash_fs_unsynced(h->disk);

	close_home(w, i);
	if (!crash_fs_is_cut(h->disk)) {
		crash_fs_cut_at(h->disk, UINT64_MAX);
		return;
	}
	w->outages++;
	crash_fs_power_on(h->disk, fates[below(w, DLB_ARRAY_LEN(fates))],
		unsynced ? below(w, (uint32_t)unsynced) : 0);
}

static void
threaten(struct sim_network *w, unsigned i, unsigned among)
{
	if (below(w, 4) == 0)
		crash_fs_cut_at(w->homes[i].disk,
			crash_fs_events(w->homes[i].disk) + below(w, among));
}

/* ---- steps ----------------------------------------------------------------------------- */

static enum dlb_status
check(struct sim_network *w, unsigned i)
{
	enum dlb_status st = open_home(w, i);

	if (st == DLB_OK)
		st = sim_check_home(w, i);
	close_home(w, i);
	return st;
}

static enum dlb_status
send_letter(struct sim_network *w)
{
	struct sim_letter *l = &w->letters[w->letters_n];
	struct dlb_send_options o = {.stdin_fd = -1};
	struct dlb_send_result r;
	enum dlb_status st;

	if (w->letters_n == SIM_LETTERS_MAX)
		return DLB_OK;
	do {
		l->from = below(w, w->homes_n);
		l->to = below(w, w->homes_n);
	} while (l->from == l->to || !w->homes[l->from].person
		|| !w->homes[l->to].person);
	snprintf(l->message, sizeof(l->message), SIM_MARK ", %u", w->letters_n);
	o.message = l->message;
	o.message_len = strlen(l->message);
	w->letters_n++;
	threaten(w, l->from, 60);
	st = open_home(w, l->from);
	if (st == DLB_OK)
		st = dlb_node_send(w->homes[l->from].n,
			w->homes[l->from].knows[l->to], &o, &r, NULL, NULL,
			NULL, &w->err);
	l->acknowledged = st == DLB_OK;
	power_on(w, l->from);
	return check(w, l->from);
}

static void
draw_wire(struct sim_network *w, struct sim_wire *wire)
{
	static const int64_t delays[] = {0, 1, 25, 500};
	static const uint64_t rates[] = {0, 12500000, 1250000, 125000};

	*wire = (struct sim_wire){
		.delay_ms = delays[below(w, DLB_ARRAY_LEN(delays))],
		.rate = rates[below(w, DLB_ARRAY_LEN(rates))],
		.cut_after = UINT64_MAX};
	if (below(w, 2))
		wire->cut_after =
			below(w, 2) ? below(w, 3000) : below(w, 9 << 20);
	if (below(w, 4) == 0)
		wire->fault = (enum sim_fault)below(w, SIM_FAULTS);
}

static enum dlb_status
meet(struct sim_network *w, unsigned a, unsigned b, const struct sim_wire *wire)
{
	struct sim_side side[2] = {{.n = NULL}};
	enum dlb_status st = open_home(w, a);

	if (st == DLB_OK)
		st = open_home(w, b);
	side[0].n = w->homes[a].n;
	side[1].n = w->homes[b].n;
	if (st == DLB_OK)
		st = sim_wire_meet(side, wire, &w->clock, &w->err);
	if (st != DLB_OK)
		return st;
	w->meetings++;
	w->cut += wire->cut_after != UINT64_MAX;
	w->faults += wire->fault != SIM_HONEST;
	w->partly += side[0].st == DLB_PARTLY || side[1].st == DLB_PARTLY;
	st = sim_check_side(w, &side[0]);
	if (st == DLB_OK)
		st = sim_check_side(w, &side[1]);
	/* With nothing in the way it has to go well. */
	for (int i = 0; i < 2 && st == DLB_OK; i++)
		if (wire->cut_after == UINT64_MAX && wire->fault == SIM_HONEST
			&& side[i].st != DLB_OK
			&& !crash_fs_is_cut(w->homes[a].disk)
			&& !crash_fs_is_cut(w->homes[b].disk)) {
			w->err = side[i].err;
			dlb_error_prefix(&w->err,
				"a meeting with nothing in "
				"the way");
			st = DLB_CORRUPT;
		}
	return st;
}

static enum dlb_status
meeting_step(struct sim_network *w)
{
	unsigned a = below(w, w->homes_n), b = below(w, w->homes_n);
	struct sim_wire wire;
	enum dlb_status st;

	if (a == b)
		return DLB_OK;
	draw_wire(w, &wire);
	threaten(w, a, 120);
	threaten(w, b, 120);
	st = meet(w, a, b, &wire);
	/* A home that did not open, for the power went, is no fault. */
	if (crash_fs_is_cut(w->homes[a].disk)
		|| crash_fs_is_cut(w->homes[b].disk))
		st = st == DLB_CORRUPT ? st : DLB_OK;
	power_on(w, a);
	power_on(w, b);
	if (st == DLB_OK)
		st = check(w, a);
	return st == DLB_OK ? check(w, b) : st;
}

/* Everybody meets everybody, with nothing in the way. */
static enum dlb_status
make_good(struct sim_network *w)
{
	const struct sim_wire wire = {.cut_after = UINT64_MAX};
	enum dlb_status st = DLB_OK;

	for (unsigned a = 0; a < w->homes_n && st == DLB_OK; a++)
		for (unsigned b = a + 1; b < w->homes_n && st == DLB_OK; b++)
			st = meet(w, a, b, &wire);
	for (unsigned i = 0; i < w->homes_n && st == DLB_OK; i++) {
		st = open_home(w, i);
		if (st == DLB_OK)
			st = sim_check_home(w, i);
	}
	return st == DLB_OK ? sim_check_end(w) : st;
}

enum dlb_status
sim_network_run(struct sim_network *w)
{
	enum dlb_status st = send_letter(w);

	for (int i = 0; i < STEPS && st == DLB_OK; i++) {
		w->clock.now_ms += 1000 * (1 + (int64_t)below(w, 86400));
		st = below(w, 4) ? meeting_step(w) : send_letter(w);
	}
	return st == DLB_OK ? make_good(w) : st;
}
