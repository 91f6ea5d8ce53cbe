/*
 * The life of a meeting with a peer: handshake, meeting, goodbye; bytes between the
 * link and the engine, and what the engine asks for.
 *
 * A cell is durable on the other side before this side's counter changes, and
 * durable here before the other side is told: what breaks in between costs a copy
 * too many, never one too few.
 */
#include "peer_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many rounds a step at most, that the caller gets to do other things. */
#define ROUNDS_MAX 32
/* How often a meeting in the foreground looks whether it shall stop. */
#define SLICE_MS 200

static int64_t
monotonic(const struct dlb_peer *p)
{
	return p->env->monotonic_ms(p->env->ctx);
}

static bool
was_promised(
	void *ctx, uint64_t ticket, const uint8_t name[static DLB_NAME_LEN])
{
	const struct dlb_peer *p = ctx;

	return dlb_meeting_expects(p->engine, ticket, name);
}

static void
tell_stored(void *ctx, uint64_t ticket, const uint8_t name[static DLB_NAME_LEN],
	enum dlb_status st)
{
	struct dlb_peer *p = ctx;

	dlb_meeting_stored(p->engine, ticket, name, st);
}

enum dlb_status
dlb_peer_new(struct dlb_peer **out, struct dlb_node *n, struct dlb_link *link,
	bool caller, const struct dlb_peer_options *options,
	struct dlb_error *err)
{
	struct dlb_peer *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (p) {
		p->fetched =
			malloc((size_t)DLB_MEETING_FETCH_MAX * DLB_CELL_LEN);
		p->bytes = malloc(PEER_READ_LEN);
	}
	if (!p || !p->fetched || !p->bytes) {
		dlb_link_free(link);
		if (p) {
			free(p->fetched);
			free(p->bytes);
		}
		free(p);
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	p->n = n;
	p->env = n->env;
	p->link = link;
	p->caller = caller;
	p->options = *options;
	p->week = n->clock.trusted_week;
	p->began_ms = monotonic(p);
	p->in = (struct dlb_arrivals){.n = n,
		.week = p->week,
		.promised = was_promised,
		.stored = tell_stored,
		.ctx = p};
	*out = p;
	return DLB_OK;
}

void
dlb_peer_free(struct dlb_peer *p)
{
	if (!p)
		return;
	dlb_meeting_free(p->engine);
	dlb_link_free(p->link);
	dlb_arrivals_clear(&p->in);
	dlb_own_free(&p->own);
	free(p->secrets);
	free(p->names);
	free(p->fetched);
	free(p->bytes);
	free(p);
}

/* ---- what is written down ----------------------------------------------------------- */

struct meeting_of {
	struct dlb_peer *p;
	struct dlb_known_node node;
	bool found;
};

static bool
find_known(void *ctx, const struct dlb_known_node *node)
{
	struct meeting_of *m = ctx;

	m->found = node->id == m->p->known;
	if (m->found)
		m->node = *node;
	return !m->found;
}

static enum dlb_status
note_what_was_shown(struct dlb_peer *p, struct dlb_error *err)
{
	struct dlb_last_meeting last = {.when_ms = p->n->clock.now_ms,
		.peer = true,
		.carried = p->names_n,
		.given = p->result.given,
		.given_own = p->result.given_own,
		.taken = p->in.taken};

	snprintf(last.with, sizeof(last.with), "%s%s%s",
		p->known ? "" : "a stranger",
		p->known || !p->result.names[0] ? "" : " who has ",
		p->result.names);
	return dlb_last_meeting_note(p->n, &last, err);
}

/* That the node was met, and that own cells went along. */
static enum dlb_status
note_meeting(struct dlb_peer *p, struct dlb_error *err)
{
	struct meeting_of m = {.p = p};
	enum dlb_status st = DLB_OK;

	if (p->result.given_own > 0)
		st = dlb_own_note(p->n, err);
	if (st == DLB_OK)
		st = note_what_was_shown(p, err);
	if (st == DLB_OK && p->known)
		st = dlb_known_node_each(p->n->letterbox, find_known, &m, err);
	if (st == DLB_OK && m.found) {
		m.node.met_ms = p->n->clock.now_ms;
		st = dlb_known_node_save(p->n->letterbox, &m.node, err);
	}
	dlb_wipe(&m, sizeof(m));
	return st;
}

/* All that came and went is durable, in the satchel and in the letterbox. */
static enum dlb_status
settle(struct dlb_peer *p, struct dlb_error *err)
{
	enum dlb_status st = dlb_arrivals_finish(&p->in, err);

	if (st == DLB_OK)
		st = dlb_peer_write_given(p, err);
	if (st == DLB_OK && p->engine)
		st = note_meeting(p, err);
	return st == DLB_OK ? dlb_meet_write_progress(p->n, err) : st;
}

/* ---- actions -------------------------------------------------------------------------- */

static enum dlb_status
fail_here(struct dlb_peer *p, enum dlb_status st, struct dlb_error *err)
{
	p->failed = st;
	dlb_arrivals_clear(&p->in);
	if (err)
		p->why = *err;
	/* The other side hears that it was not its fault. */
	dlb_meeting_stop(p->engine, false);
	return st;
}

/* *moved: something was done. *full: the link takes no more now. */
static enum dlb_status
act(struct dlb_peer *p, const struct dlb_meeting_action *a, bool *full,
	struct dlb_error *err)
{
	size_t taken = 0;
	enum dlb_status st = DLB_OK;

	switch (a->what) {
	case DLB_MEETING_SEND:
		st = dlb_link_write(p->link, a->data, a->len, &taken, err);
		if (st == DLB_OK && taken > 0)
			dlb_meeting_sent(p->engine, taken);
		*full = st == DLB_OK && taken < a->len;
		/* What broke there, reading will say. */
		if (st != DLB_OK)
			dlb_meeting_closed(p->engine);
		return DLB_OK;
	case DLB_MEETING_FETCH:
		dlb_peer_fetch(p, a->numbers, a->numbers_n);
		return DLB_OK;
	case DLB_MEETING_STORE:
		if (p->in.count == 0)
			p->in_since_ms = monotonic(p);
		dlb_arrivals_add(
			&p->in, a->cell, a->copies, a->look, a->ticket);
		return p->in.count >= PEER_BATCH
			? dlb_arrivals_store(&p->in, err)
			: DLB_OK;
	case DLB_MEETING_GIVEN:
		return dlb_peer_given(p, a, err);
	case DLB_MEETING_PEER:
		return dlb_peer_recognise(p, a->matches, a->matches_n, err);
	default:
		p->end = a->end;
		p->phase = PEER_CLOSING;
		return DLB_OK;
	}
}

static enum dlb_status
act_all(struct dlb_peer *p, bool *moved, struct dlb_error *err)
{
	struct dlb_meeting_action a;
	bool full = false;
	enum dlb_status st = DLB_OK;

	while (st == DLB_OK && !full && p->phase == PEER_MEETING
		&& dlb_meeting_next(p->engine, &a)) {
		st = act(p, &a, &full, err);
		*moved = true;
	}
	return st;
}

/* ---- bytes ------------------------------------------------------------------------------ */

/* Bytes that came go to the engine; *moved where there were any. */
static void
feed(struct dlb_peer *p, bool *moved)
{
	struct dlb_error err = {.status = DLB_OK};
	size_t got = 0;

	if (p->bytes_at == p->bytes_len) {
		enum dlb_status st = dlb_link_read(
			p->link, p->bytes, PEER_READ_LEN, &got, &err);

		p->bytes_at = 0;
		p->bytes_len = st == DLB_OK ? got : 0;
		if (st != DLB_OK
			|| (got == 0
				&& dlb_link_state(p->link) == DLB_LINK_ENDED)) {
			dlb_meeting_closed(p->engine);
			*moved = true;
		}
	}
	if (p->bytes_at < p->bytes_len) {
		size_t took = dlb_meeting_receive(p->engine,
			p->bytes + p->bytes_at, p->bytes_len - p->bytes_at);

		p->bytes_at += took;
		*moved |= took > 0;
	}
}

/* A batch for which nothing more comes is written, so that its answers can go. */
static enum dlb_status
store_late(struct dlb_peer *p, bool *moved, struct dlb_error *err)
{
	if (p->in.count == 0 || monotonic(p) - p->in_since_ms < PEER_BATCH_MS)
		return DLB_OK;
	*moved = true;
	return dlb_arrivals_store(&p->in, err);
}

static enum dlb_status
meet(struct dlb_peer *p, struct dlb_error *err)
{
	bool moved = true;
	enum dlb_status st = DLB_OK;

	if (dlb_meeting_deadline_ms(p->engine) <= monotonic(p))
		dlb_meeting_tick(p->engine);
	for (int i = 0; i < ROUNDS_MAX && moved && st == DLB_OK
		&& p->phase == PEER_MEETING;
		i++) {
		moved = false;
		st = act_all(p, &moved, err);
		if (st == DLB_OK && p->phase == PEER_MEETING)
			feed(p, &moved);
		if (st == DLB_OK && !moved)
			st = store_late(p, &moved, err);
	}
	p->unfinished = moved;
	return st;
}

/* ---- the end ------------------------------------------------------------------------------ */

static enum dlb_status
say_end(struct dlb_peer *p, struct dlb_error *err)
{
	bool some = p->result.given > 0 || p->in.taken > 0;

	if (p->failed != DLB_OK) {
		if (err)
			*err = p->why;
		return p->failed;
	}
	if (p->end == DLB_END_DONE)
		return DLB_OK;
	return dlb_fail(err,
		some ? DLB_PARTLY
			: p->end == DLB_END_STRANGER
				|| p->end == DLB_END_REFUSED
			? DLB_REFUSED
			: p->end == DLB_END_STOPPED ? DLB_CANCELLED
						    : DLB_FAILED,
		"%s", dlb_meeting_end_text(p->end));
}

static void
begin_closing(struct dlb_peer *p)
{
	struct dlb_error err = {.status = DLB_OK};
	enum dlb_status st = settle(p, &err);

	if (st != DLB_OK && p->failed == DLB_OK) {
		p->failed = st;
		p->why = err;
	}
	p->result.duration_ms = monotonic(p) - p->began_ms;
	if (dlb_link_close(p->link, NULL) != DLB_OK)
		p->phase = PEER_OVER;
}

static enum dlb_status
shake_hands(struct dlb_peer *p, struct dlb_error *err)
{
	enum dlb_status st = dlb_link_step(p->link, err);

	if (st == DLB_OK && p->stopping)
		st = dlb_fail(err, DLB_CANCELLED, "interrupted");
	if (st != DLB_OK || dlb_link_state(p->link) == DLB_LINK_HANDSHAKE)
		return st;
	st = dlb_peer_begin(p, err);
	if (st == DLB_OK)
		p->phase = PEER_MEETING;
	return st;
}

enum dlb_status
dlb_peer_step(struct dlb_peer *p, bool *over, struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	*over = false;
	if (p->phase == PEER_HANDSHAKE) {
		st = shake_hands(p, err);
		if (st != DLB_OK) {
			*over = true;
			return st;
		}
	}
	if (p->phase == PEER_MEETING) {
		if (p->stopping)
			dlb_meeting_stop(p->engine, false);
		/* Sends what is buffered; what broke shows when it is read. */
		if (dlb_link_step(p->link, NULL) != DLB_OK)
			dlb_meeting_closed(p->engine);
		st = meet(p, err);
		if (st != DLB_OK)
			fail_here(p, st, err);
		if (p->phase == PEER_CLOSING)
			begin_closing(p);
	}
	if (p->phase == PEER_CLOSING
		&& (dlb_link_step(p->link, NULL) != DLB_OK
			|| dlb_link_state(p->link) == DLB_LINK_CLOSED))
		p->phase = PEER_OVER;
	if (p->phase != PEER_OVER)
		return DLB_OK;
	*over = true;
	return say_end(p, err);
}

void
dlb_peer_stop(struct dlb_peer *p)
{
	p->stopping = true;
}

/* ---- waiting ------------------------------------------------------------------------------- */

unsigned
dlb_peer_poll(struct dlb_peer *p, struct pollfd out[static DLB_LINK_FDS_MAX])
{
	return dlb_link_poll(p->link, p->bytes_at == p->bytes_len, out);
}

int64_t
dlb_peer_deadline_ms(const struct dlb_peer *p)
{
	int64_t at = dlb_link_deadline_ms(p->link), more;

	if (p->stopping && p->phase != PEER_CLOSING)
		return 0;
	if (p->phase == PEER_MEETING) {
		more = dlb_meeting_deadline_ms(p->engine);
		at = more < at ? more : at;
		if (p->in.count > 0 && p->in_since_ms + PEER_BATCH_MS < at)
			at = p->in_since_ms + PEER_BATCH_MS;
		if (p->unfinished)
			return 0;
	}
	return at;
}

void
dlb_peer_result(const struct dlb_peer *p, struct dlb_peer_result *out)
{
	struct dlb_link_stats link = dlb_link_stats(p->link);
	struct dlb_meeting_stats stats;

	*out = p->result;
	out->taken = p->in.taken;
	out->refused = p->in.refused;
	out->letters_new = p->in.letters_new;
	out->letters_refused = p->in.letters_refused;
	out->letters_complete = p->in.letters_complete;
	out->bytes_in = link.in;
	out->bytes_out = link.out;
	if (p->phase <= PEER_MEETING)
		out->duration_ms = monotonic(p) - p->began_ms;
	if (!p->engine)
		return;
	dlb_meeting_stats(p->engine, &stats);
	out->lacking = stats.lacking;
	out->settled = stats.settled;
}

/* ---- pausing -------------------------------------------------------------------------------- */

enum dlb_status
dlb_peer_pause(struct dlb_peer *p, struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	if (p->phase == PEER_MEETING)
		st = settle(p, err);
	p->n = NULL;
	return st;
}

enum dlb_status
dlb_peer_resume(struct dlb_peer *p, struct dlb_node *n, struct dlb_error *err)
{
	(void)err;
	p->n = p->in.n = n;
	p->week = p->in.week = n->clock.trusted_week;
	return DLB_OK;
}

/* ---- in the foreground ------------------------------------------------------------------------ */

static bool
show_progress(const struct dlb_peer *p, const struct dlb_progress *progress)
{
	struct dlb_meeting_stats s = {.given = 0};

	if (p->phase == PEER_HANDSHAKE || !p->engine)
		return dlb_progress_step(progress, "connecting", 0, 0);
	dlb_meeting_stats(p->engine, &s);
	return dlb_progress_step(progress,
		s.settled ? "exchanging" : "comparing",
		(uint64_t)(s.given + s.taken) * DLB_CELL_LEN,
		(uint64_t)(s.to_give + s.lacking) * DLB_CELL_LEN);
}

enum dlb_status
dlb_peer_run(struct dlb_peer *p, const struct dlb_progress *progress,
	struct dlb_error *err)
{
	bool over = false;
	enum dlb_status st;

	for (;;) {
		struct pollfd fds[DLB_LINK_FDS_MAX];
		unsigned fds_n;
		int64_t wait;

		st = dlb_peer_step(p, &over, err);
		if (over)
			return st;
		if (!show_progress(p, progress))
			dlb_peer_stop(p);
		wait = dlb_peer_deadline_ms(p);
		wait = wait == INT64_MAX ? SLICE_MS : wait - monotonic(p);
		wait = wait < 0 ? 0 : wait > SLICE_MS ? SLICE_MS : wait;
		fds_n = dlb_peer_poll(p, fds);
		if (poll(fds, fds_n, (int)wait) < 0 && errno != EINTR)
			return dlb_fail_errno(
				err, errno, "waiting for the link");
	}
}
