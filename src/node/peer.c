/*
 * A meeting over a link: handshake, meeting, goodbye; bytes between the link and the
 * exchange.
 */
#include "exchange.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* So many rounds a step at most, that the caller gets to do other things. */
#define ROUNDS_MAX 32
#define READ_LEN (256 * 1024)
/* How often a meeting in the foreground looks whether it shall stop. */
#define SLICE_MS 200

enum peer_phase {
	PEER_HANDSHAKE,
	PEER_MEETING,
	PEER_CLOSING, /* the exchange is over, the link says goodbye */
	PEER_OVER,
};

struct dlb_peer {
	struct dlb_node *n; /* NULL while it pauses */
	const struct dlb_env *env;
	struct dlb_link *link;
	struct dlb_exchange *exchange; /* NULL before the link is open */
	struct dlb_peer_options options;
	bool caller, stopping;
	bool unfinished; /* the last step ended before everything was done */
	enum peer_phase phase;
	int64_t began_ms, duration_ms;
	enum dlb_status failed; /* writing down, at the end */
	struct dlb_error why;
	/* bytes that came and the exchange has not taken */
	size_t bytes_at, bytes_len;
	uint8_t bytes[READ_LEN];
};

static int64_t
monotonic(const struct dlb_peer *p)
{
	return p->env->monotonic_ms(p->env->ctx);
}

enum dlb_status
dlb_peer_new(struct dlb_peer **out, struct dlb_node *n, struct dlb_link *link,
	bool caller, const struct dlb_peer_options *options,
	struct dlb_error *err)
{
	struct dlb_peer *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (!p) {
		dlb_link_free(link);
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	p->n = n;
	p->env = n->env;
	p->link = link;
	p->caller = caller;
	p->options = *options;
	p->began_ms = monotonic(p);
	*out = p;
	return DLB_OK;
}

void
dlb_peer_free(struct dlb_peer *p)
{
	if (!p)
		return;
	dlb_exchange_free(p->exchange);
	dlb_link_free(p->link);
	free(p);
}

/* ---- bytes ------------------------------------------------------------------------------ */

/* What is to go goes, as far as the link takes it. */
static void
send_out(struct dlb_peer *p, bool *moved)
{
	const uint8_t *bytes;
	size_t len, taken = 1;

	while (taken > 0 && dlb_exchange_work(p->exchange, &bytes, &len)) {
		if (dlb_link_write(p->link, bytes, len, &taken, NULL)
			!= DLB_OK) {
			dlb_exchange_closed(p->exchange);
			taken = 1;
			continue;
		}
		dlb_exchange_sent(p->exchange, taken);
		*moved |= taken > 0;
	}
}

/* What came goes to the exchange. */
static void
take_in(struct dlb_peer *p, bool *moved)
{
	size_t got = 0;

	if (p->bytes_at == p->bytes_len) {
		enum dlb_status st =
			dlb_link_read(p->link, p->bytes, READ_LEN, &got, NULL);

		p->bytes_at = 0;
		p->bytes_len = st == DLB_OK ? got : 0;
		if (st != DLB_OK
			|| (got == 0
				&& dlb_link_state(p->link) == DLB_LINK_ENDED)) {
			dlb_exchange_closed(p->exchange);
			*moved = true;
		}
	}
	if (p->bytes_at < p->bytes_len) {
		size_t took = dlb_exchange_receive(p->exchange,
			p->bytes + p->bytes_at, p->bytes_len - p->bytes_at);

		p->bytes_at += took;
		*moved |= took > 0;
	}
}

static void
meet(struct dlb_peer *p)
{
	bool moved = true;

	/* Sends what is buffered. */
	if (dlb_link_step(p->link, NULL) != DLB_OK)
		dlb_exchange_closed(p->exchange);
	for (int i = 0; i < ROUNDS_MAX && moved; i++) {
		moved = false;
		send_out(p, &moved);
		if (dlb_exchange_over(p->exchange))
			return;
		take_in(p, &moved);
	}
	p->unfinished = moved;
}

/* ---- phases --------------------------------------------------------------------------------- */

static enum dlb_status
shake_hands(struct dlb_peer *p, struct dlb_error *err)
{
	uint8_t exporter[DLB_LINK_EXPORTER_LEN];
	enum dlb_status st = dlb_link_step(p->link, err);

	if (st == DLB_OK && p->stopping)
		st = dlb_fail(err, DLB_CANCELLED, "interrupted");
	if (st != DLB_OK || dlb_link_state(p->link) == DLB_LINK_HANDSHAKE)
		return st;
	st = dlb_link_exporter(p->link, exporter, err);
	if (st == DLB_OK)
		st = dlb_exchange_new(&p->exchange, p->n, p->caller, exporter,
			&p->options, err);
	dlb_wipe(exporter, sizeof(exporter));
	if (st == DLB_OK)
		p->phase = PEER_MEETING;
	return st;
}

static void
begin_closing(struct dlb_peer *p)
{
	p->failed = dlb_exchange_settle(p->exchange, &p->why);
	p->duration_ms = monotonic(p) - p->began_ms;
	p->phase = dlb_link_close(p->link, NULL) == DLB_OK ? PEER_CLOSING
							   : PEER_OVER;
}

enum dlb_status
dlb_peer_step(struct dlb_peer *p, bool *over, struct dlb_error *err)
{
	enum dlb_status st;

	*over = false;
	if (p->phase == PEER_HANDSHAKE) {
		st = shake_hands(p, err);
		*over = st != DLB_OK;
		if (st != DLB_OK)
			return st;
	}
	if (p->phase == PEER_MEETING) {
		if (p->stopping)
			dlb_exchange_stop(p->exchange);
		meet(p);
		if (dlb_exchange_over(p->exchange))
			begin_closing(p);
	}
	if (p->phase == PEER_CLOSING
		&& (dlb_link_step(p->link, NULL) != DLB_OK
			|| dlb_link_state(p->link) == DLB_LINK_CLOSED))
		p->phase = PEER_OVER;
	if (p->phase != PEER_OVER)
		return DLB_OK;
	*over = true;
	st = dlb_exchange_end(p->exchange, err);
	if (st == DLB_OK && p->failed != DLB_OK) {
		if (err)
			*err = p->why;
		st = p->failed;
	}
	return st;
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

	if (p->phase == PEER_HANDSHAKE && p->stopping)
		return 0;
	if (p->phase != PEER_MEETING)
		return at;
	more = dlb_exchange_deadline_ms(p->exchange);
	return p->unfinished || p->stopping ? 0 : more < at ? more : at;
}

void
dlb_peer_result(const struct dlb_peer *p, struct dlb_peer_result *out)
{
	struct dlb_link_stats link = dlb_link_stats(p->link);

	memset(out, 0, sizeof(*out));
	if (p->exchange)
		dlb_exchange_result(p->exchange, out);
	out->bytes_in = link.in;
	out->bytes_out = link.out;
	out->duration_ms = p->phase > PEER_MEETING ? p->duration_ms
						   : monotonic(p) - p->began_ms;
}

/* ---- pausing -------------------------------------------------------------------------------- */

enum dlb_status
dlb_peer_pause(struct dlb_peer *p, struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	if (p->phase == PEER_MEETING)
		st = dlb_exchange_pause(p->exchange, err);
	p->n = NULL;
	return st;
}

void
dlb_peer_resume(struct dlb_peer *p, struct dlb_node *n)
{
	p->n = n;
	if (p->phase == PEER_MEETING)
		dlb_exchange_resume(p->exchange, n);
}

/* ---- in the foreground ------------------------------------------------------------------------ */

static bool
show_progress(const struct dlb_peer *p, const struct dlb_progress *progress)
{
	struct dlb_peer_result r;

	if (p->phase == PEER_HANDSHAKE)
		return dlb_progress_step(progress, "connecting", 0, 0);
	dlb_peer_result(p, &r);
	return dlb_progress_step(progress,
		r.settled ? "exchanging" : "comparing",
		(r.given + r.taken) * DLB_CELL_LEN,
		(r.to_give + r.lacking) * DLB_CELL_LEN);
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
