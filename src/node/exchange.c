/*
 * The life of an exchange, and what the engine asks for.
 *
 * A cell is durable on the other side before this side's counter changes, and
 * durable here before the other side is told: what breaks in between costs a copy
 * too many, never one too few.
 */
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t
monotonic(const struct dlb_exchange *x)
{
	return x->env->monotonic_ms(x->env->ctx);
}

static bool
was_promised(
	void *ctx, uint64_t ticket, const uint8_t name[static DLB_NAME_LEN])
{
	const struct dlb_exchange *x = ctx;

	return dlb_meeting_expects(x->engine, ticket, name);
}

static void
tell_stored(void *ctx, uint64_t ticket, const uint8_t name[static DLB_NAME_LEN],
	enum dlb_status st)
{
	struct dlb_exchange *x = ctx;

	dlb_meeting_stored(x->engine, ticket, name, st);
}

enum dlb_status
dlb_exchange_new(struct dlb_exchange **out, struct dlb_node *n, bool caller,
	const uint8_t exporter[static 32],
	const struct dlb_peer_options *options, struct dlb_error *err)
{
	struct dlb_exchange *x = calloc(1, sizeof(*x));
	enum dlb_status st;

	*out = NULL;
	if (!x)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	x->n = n;
	x->env = n->env;
	x->caller = caller;
	x->options = *options;
	x->week = n->clock.trusted_week;
	x->in = (struct dlb_arrivals){.n = n,
		.week = x->week,
		.promised = was_promised,
		.stored = tell_stored,
		.trips = &x->trips,
		.ctx = x};
	x->fetched = malloc((size_t)DLB_MEETING_FETCH_MAX * DLB_CELL_LEN);
	st = x->fetched ? dlb_exchange_begin(x, exporter, err)
			: dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (st == DLB_OK)
		st = dlb_arrivals_begin(&x->in, err);
	if (st != DLB_OK) {
		dlb_exchange_free(x);
		return st;
	}
	*out = x;
	return DLB_OK;
}

void
dlb_exchange_free(struct dlb_exchange *x)
{
	if (!x)
		return;
	dlb_meeting_free(x->engine);
	dlb_arrivals_clear(&x->in);
	dlb_own_free(&x->own);
	dlb_trips_free(&x->trips);
	dlb_exchange_forget_tags(x);
	dlb_exchange_forget_keys(x);
	free(x->secrets);
	free(x->names);
	free(x->fetched);
	free(x);
}

/* ---- what is written down ----------------------------------------------------------- */

struct meeting_of {
	struct dlb_exchange *x;
	struct dlb_known_node node;
	bool found;
};

static bool
find_known(void *ctx, const struct dlb_known_node *node)
{
	struct meeting_of *m = ctx;

	m->found = node->id == m->x->known;
	if (m->found)
		m->node = *node;
	return !m->found;
}

static enum dlb_status
note_what_was_shown(struct dlb_exchange *x, struct dlb_error *err)
{
	struct dlb_last_meeting last = {.when_ms = x->n->clock.now_ms,
		.peer = true,
		.carried = x->names_n,
		.given = x->result.given,
		.given_own = x->result.given_own,
		.taken = x->in.taken};

	if (x->result.box[0] && !x->known)
		snprintf(last.with, sizeof(last.with), "box %s", x->result.box);
	else
		snprintf(last.with, sizeof(last.with), "%s%s%s",
			x->known ? "" : "a stranger",
			x->known || !x->result.names[0] ? "" : " who has ",
			x->result.names);
	return dlb_last_meeting_note(x->n, &last, err);
}

/* Once, and again what moved since, where it was settled in the middle. Of a stranger
 * with whom nothing moved nothing: who only knocks is not to fill the log. */
static enum dlb_status
note_in_log(struct dlb_exchange *x, const char *name, struct dlb_error *err)
{
	const uint64_t now[4] = {x->result.given, x->result.given_own,
		x->in.taken, x->recalls_heard};
	uint64_t since[4], moved = 0;

	for (size_t i = 0; i < DLB_ARRAY_LEN(now); i++) {
		since[i] = now[i] - x->logged_counts[i];
		moved += i < 3 ? since[i] : 0;
	}
	if (moved == 0 && (x->logged || !x->known))
		return DLB_OK;
	x->logged = true;
	memcpy(x->logged_counts, now, sizeof(now));
	if (!x->known)
		return dlb_audit_note_stranger(x->n->letterbox, since, err);
	return dlb_audit_note(x->n->letterbox, DLB_AUDIT_MET_NODE, since,
		DLB_ARRAY_LEN(since), name, err);
}

/* That the node was met, and that own cells went along. */
static enum dlb_status
note_meeting(struct dlb_exchange *x, struct dlb_error *err)
{
	struct meeting_of m = {.x = x};
	enum dlb_status st = DLB_OK;

	if (x->result.given_own > 0)
		st = dlb_own_note(x->n, err);
	if (st == DLB_OK)
		st = note_what_was_shown(x, err);
	if (st == DLB_OK && x->known)
		st = dlb_known_node_each(x->n->letterbox, find_known, &m, err);
	if (st == DLB_OK && m.found) {
		m.node.met_ms = x->n->clock.now_ms;
		st = dlb_known_node_save(x->n->letterbox, &m.node, err);
	}
	if (st == DLB_OK)
		st = note_in_log(x, m.found ? m.node.name : NULL, err);
	dlb_wipe(&m, sizeof(m));
	return st;
}

enum dlb_status
dlb_exchange_settle(struct dlb_exchange *x, struct dlb_error *err)
{
	enum dlb_status st = dlb_arrivals_finish(&x->in, err);

	if (st == DLB_OK)
		st = dlb_exchange_write_given(x, err);
	if (st == DLB_OK)
		st = note_meeting(x, err);
	return st == DLB_OK ? dlb_meet_write_progress(x->n, &x->courier, err)
			    : st;
}

/* ---- actions -------------------------------------------------------------------------- */

/* What came before them is stored first, and what went is written down: changes name
 * entries, and those of cells that go are others' then. */
static enum dlb_status
hear_tokens(struct dlb_exchange *x, const struct dlb_meeting_action *a,
	struct dlb_error *err)
{
	enum dlb_status st = dlb_arrivals_store(&x->in, err);

	if (st == DLB_OK)
		st = dlb_exchange_write_given(x, err);
	x->recalls_heard += a->tokens_n;
	return st == DLB_OK ? dlb_recall_heard(x->n, a->data, a->tokens_n, err)
			    : st;
}

static enum dlb_status
act(struct dlb_exchange *x, const struct dlb_meeting_action *a,
	struct dlb_error *err)
{
	switch (a->what) {
	case DLB_MEETING_FETCH:
		dlb_exchange_fetch(x, a->numbers, a->numbers_n);
		return DLB_OK;
	case DLB_MEETING_STORE:
		if (x->in.count == 0)
			x->in_since_ms = monotonic(x);
		dlb_arrivals_add(
			&x->in, a->cell, a->copies, a->look, a->ticket);
		return x->in.count >= EXCHANGE_BATCH
			? dlb_arrivals_store(&x->in, err)
			: DLB_OK;
	case DLB_MEETING_GIVEN:
		return dlb_exchange_given(x, a, err);
	case DLB_MEETING_TOKENS:
		return hear_tokens(x, a, err);
	case DLB_MEETING_PEER:
		return dlb_exchange_recognise(x, a->matches, a->matches_n, err);
	default:
		x->end = a->end;
		x->over = true;
		return DLB_OK;
	}
}

/* A batch for which nothing more comes is written, so that its answers can go. */
static bool
store_late(struct dlb_exchange *x, enum dlb_status *st, struct dlb_error *err)
{
	if (x->over || x->in.count == 0
		|| monotonic(x) - x->in_since_ms < EXCHANGE_BATCH_MS)
		return false;
	*st = dlb_arrivals_store(&x->in, err);
	return true;
}

static void
fail_here(
	struct dlb_exchange *x, enum dlb_status st, const struct dlb_error *err)
{
	if (x->failed == DLB_OK) {
		x->failed = st;
		x->why = *err;
	}
	dlb_arrivals_clear(&x->in);
	/* The other side hears that it was not its fault. */
	dlb_meeting_stop(x->engine, false);
}

bool
dlb_exchange_work(struct dlb_exchange *x, const uint8_t **bytes, size_t *len)
{
	struct dlb_error err = {.status = DLB_OK};
	struct dlb_meeting_action a;
	enum dlb_status st = DLB_OK;
	bool more = true;

	if (dlb_meeting_deadline_ms(x->engine) <= monotonic(x))
		dlb_meeting_tick(x->engine);
	/* First: where the other side does not read, there is always something that
	 * is to go, and its own cells must not wait for that. */
	if (store_late(x, &st, &err) && st != DLB_OK)
		fail_here(x, st, &err);
	while (more && !x->over) {
		st = DLB_OK;
		more = dlb_meeting_next(x->engine, &a);
		if (more && a.what == DLB_MEETING_SEND) {
			*bytes = a.data;
			*len = a.len;
			return true;
		}
		if (more)
			st = act(x, &a, &err);
		else
			more = store_late(x, &st, &err);
		if (st != DLB_OK)
			fail_here(x, st, &err);
	}
	return false;
}

void
dlb_exchange_sent(struct dlb_exchange *x, size_t n)
{
	dlb_meeting_sent(x->engine, n);
}

size_t
dlb_exchange_receive(struct dlb_exchange *x, const uint8_t *bytes, size_t len)
{
	return dlb_meeting_receive(x->engine, bytes, len);
}

void
dlb_exchange_closed(struct dlb_exchange *x)
{
	dlb_meeting_closed(x->engine);
}

int64_t
dlb_exchange_deadline_ms(const struct dlb_exchange *x)
{
	int64_t at = dlb_meeting_deadline_ms(x->engine);

	if (x->in.count > 0 && x->in_since_ms + EXCHANGE_BATCH_MS < at)
		at = x->in_since_ms + EXCHANGE_BATCH_MS;
	return at;
}

void
dlb_exchange_stop(struct dlb_exchange *x)
{
	dlb_meeting_stop(x->engine, false);
}

/* ---- the end --------------------------------------------------------------------------- */

bool
dlb_exchange_over(const struct dlb_exchange *x)
{
	return x->over;
}

static enum dlb_status
status_of(const struct dlb_exchange *x)
{
	if (x->result.given > 0 || x->in.taken > 0)
		return DLB_PARTLY;
	switch (x->end) {
	case DLB_END_STRANGER:
	case DLB_END_REFUSED:
		return DLB_REFUSED;
	case DLB_END_STOPPED:
		return DLB_CANCELLED;
	default:
		return DLB_FAILED;
	}
}

enum dlb_status
dlb_exchange_end(const struct dlb_exchange *x, struct dlb_error *err)
{
	if (x->failed != DLB_OK) {
		if (err)
			*err = x->why;
		return x->failed;
	}
	if (x->end == DLB_END_DONE)
		return DLB_OK;
	if (x->end == DLB_END_STRANGER && x->options.as_box)
		return dlb_fail(err, status_of(x),
			"the other side has not the key of this box: share it (dlb "
			"box share), or brief them (dlb brief)");
	return dlb_fail(err, status_of(x), "%s", dlb_meeting_end_text(x->end));
}

void
dlb_exchange_result(const struct dlb_exchange *x, struct dlb_peer_result *out)
{
	struct dlb_meeting_stats stats;

	*out = x->result;
	out->taken = x->in.taken;
	out->refused = x->in.refused;
	out->letters_new = x->in.letters_new;
	out->letters_refused = x->in.letters_refused;
	out->letters_complete = x->in.letters_complete;
	dlb_meeting_stats(x->engine, &stats);
	out->lacking = stats.lacking;
	out->to_give = stats.to_give;
	out->settled = stats.settled;
}

/* ---- pausing -------------------------------------------------------------------------- */

enum dlb_status
dlb_exchange_pause(struct dlb_exchange *x, struct dlb_error *err)
{
	enum dlb_status st = x->over ? DLB_OK : dlb_exchange_settle(x, err);

	x->n = NULL;
	return st;
}

void
dlb_exchange_resume(struct dlb_exchange *x, struct dlb_node *n)
{
	x->n = x->in.n = n;
	x->own_stale = true;
	x->week = x->in.week = n->clock.trusted_week;
}
