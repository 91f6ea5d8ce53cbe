/*
 * Who was found, however many say they are, and the table of functions by which
 * Avahi's library waits. What the daemon does is tested over a real network
 * (tests/net/lan_test.sh).
 */
#include "lan_internal.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

static struct dlb_tcp_where
where_of(const char *host)
{
	struct dlb_tcp_where w = {.port = 7};

	snprintf(w.host, sizeof(w.host), "%s", host);
	return w;
}

static void
resolve(struct lan_peers *p, const char *name, int interface, const char *host)
{
	struct dlb_tcp_where w = where_of(host);
	struct way *way = peers_add(p, name, interface, AVAHI_PROTO_INET);

	assert_non_null(way);
	peers_resolved(p, way, &w);
}

static enum dlb_lan_event_kind
next(struct lan_peers *p, struct dlb_lan_event *e)
{
	*e = (struct dlb_lan_event){.kind = DLB_LAN_NONE};
	(void)peers_event(p, e);
	return e->kind;
}

static void
test_ways(void **state)
{
	struct lan_peers p = {0};
	struct dlb_lan_event e;
	struct way *way;

	(void)state;
	/* Nothing is told before there is a way. */
	way = peers_add(&p, "one", 1, AVAHI_PROTO_INET);
	assert_int_equal(next(&p, &e), DLB_LAN_NONE);
	assert_ptr_equal(peers_find(&p, "one", 1, AVAHI_PROTO_INET), way);
	assert_null(peers_find(&p, "one", 1, AVAHI_PROTO_INET6));
	assert_null(peers_find(&p, "one", 2, AVAHI_PROTO_INET));
	resolve(&p, "one", 2, "10.0.0.2");
	assert_int_equal(next(&p, &e), DLB_LAN_FOUND);
	assert_string_equal(e.peer.name, "one");
	assert_int_equal(e.peer.ways_n, 1);
	assert_string_equal(e.peer.ways[0].host, "10.0.0.2");
	assert_int_equal(next(&p, &e), DLB_LAN_NONE);
	/* Another way is no news; the last one going is. */
	resolve(&p, "one", 3, "10.0.0.3");
	assert_int_equal(next(&p, &e), DLB_LAN_NONE);
	peers_remove(&p, "one", 2, AVAHI_PROTO_INET);
	assert_int_equal(next(&p, &e), DLB_LAN_NONE);
	assert_int_equal(p.list[0]->seen.ways_n, 1);
	assert_string_equal(p.list[0]->seen.ways[0].host, "10.0.0.3");
	peers_remove(&p, "one", 3, AVAHI_PROTO_INET);
	assert_int_equal(next(&p, &e), DLB_LAN_LOST);
	assert_string_equal(e.peer.name, "one");
	/* The one that never answered goes without a word. */
	peers_remove(&p, "one", 1, AVAHI_PROTO_INET);
	assert_int_equal(next(&p, &e), DLB_LAN_NONE);
	assert_int_equal(p.n, 0);
	peers_remove(&p, "none", 1, AVAHI_PROTO_INET);
	peers_free(&p);
}

static void
test_many(void **state)
{
	struct lan_peers p = {0};
	struct dlb_lan_event e;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < DLB_LAN_PEERS_MAX + 10; i++) {
		snprintf(name, sizeof(name), "peer %u", i);
		for (int j = 0; j < DLB_LAN_WAYS_MAX + 2; j++) {
			bool room =
				i < DLB_LAN_PEERS_MAX && j < DLB_LAN_WAYS_MAX;
			struct way *w =
				peers_add(&p, name, j, AVAHI_PROTO_INET);

			assert_int_equal(w != NULL, room);
			if (w)
				peers_resolved(&p, w,
					&(struct dlb_tcp_where){.port = 1});
		}
	}
	for (unsigned i = 0; i < DLB_LAN_PEERS_MAX; i++)
		assert_int_equal(next(&p, &e), DLB_LAN_FOUND);
	assert_int_equal(next(&p, &e), DLB_LAN_NONE);
	peers_forget(&p, true);
	for (unsigned i = 0; i < DLB_LAN_PEERS_MAX; i++)
		assert_int_equal(next(&p, &e), DLB_LAN_LOST);
	assert_int_equal(next(&p, &e), DLB_LAN_NONE);
	assert_int_equal(p.n, 0);
	peers_free(&p);
}

static void
test_names(void **state)
{
	struct lan_peers p = {0};
	char longest[DLB_LAN_NAME_MAX + 2];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(peers_add(&p, longest, 1, AVAHI_PROTO_INET));
	longest[DLB_LAN_NAME_MAX] = '\0';
	assert_non_null(peers_add(&p, longest, 1, AVAHI_PROTO_INET));
	assert_non_null(peers_add(&p, "a\033[2J\n", 1, AVAHI_PROTO_INET));
	assert_string_equal(p.list[1]->seen.name, "a?[2J?");
	peers_free(&p);
}

/* ---- where --------------------------------------------------------------------- */

static bool
fits(const char *text, uint16_t port, struct dlb_tcp_where *out)
{
	/* Interface 1 is the loopback everywhere: it has a name. */
	struct own_address own[] = {{.interface = 1, .mask = htonl(0xffffff00)},
		{.interface = 2, .mask = htonl(0xffff0000)}, {.interface = 1}};
	AvahiAddress a;

	avahi_address_parse("10.0.0.7", AVAHI_PROTO_INET, &own[0].address);
	avahi_address_parse("10.2.0.7", AVAHI_PROTO_INET, &own[1].address);
	avahi_address_parse("fe80::7", AVAHI_PROTO_INET6, &own[2].address);
	assert_non_null(avahi_address_parse(text, AVAHI_PROTO_UNSPEC, &a));
	return lan_where(out, 1, &a, port, own, DLB_ARRAY_LEN(own));
}

static void
test_neighbours(void **state)
{
	static const char *const others[] = {"10.0.1.8", "10.2.0.8",
		"127.0.0.1", "0.0.0.0", "224.0.0.251", "255.255.255.255",
		"10.0.0.7", "10.0.0.0", "10.0.0.255", "192.0.2.1", "::1",
		"::", "2001:db8::1", "fd00::1", "ff02::fb", "::ffff:10.0.0.8",
		"fe80::7", "fec0::1"};
	struct dlb_tcp_where w;

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(others); i++)
		if (fits(others[i], 29486, &w))
			fail_msg("called: %s", others[i]);
	assert_true(fits("10.0.0.8", 29486, &w));
	assert_string_equal(w.host, "10.0.0.8");
	assert_int_equal(w.port, 29486);
	assert_true(fits("fe80::8", 1024, &w));
	assert_string_equal(w.host, "fe80::8%lo");
	assert_false(fits("10.0.0.8", 1023, &w));
	assert_false(fits("10.0.0.8", 0, &w));
}

/* ---- waiting ------------------------------------------------------------------- */

struct seen {
	struct lan_poll *p;
	AvahiWatch *watch, *other;
	AvahiTimeout *timeout;
	int watched, timed;
	AvahiWatchEvent events;
};

static void
on_watch(AvahiWatch *w, int fd, AvahiWatchEvent events, void *arg)
{
	struct seen *s = arg;

	(void)fd;
	s->watched++;
	s->events = events;
	assert_int_equal(s->p->api.watch_get_events(w), events);
	/* As a callback may: frees itself and another, makes a new one. */
	s->p->api.watch_free(w);
	if (s->other)
		s->p->api.watch_free(s->other);
	s->other = NULL;
	s->watch = s->p->api.watch_new(&s->p->api, fd, 0, on_watch, s);
}

static void
on_timeout(AvahiTimeout *t, void *arg)
{
	struct seen *s = arg;

	assert_ptr_equal(t, s->timeout);
	s->timed++;
}

static void
test_watches(void **state)
{
	struct dlb_env_seeded env;
	struct pollfd fds[4];
	struct lan_poll p;
	struct seen s = {.p = &p};
	int ends[2];

	(void)state;
	dlb_env_seeded_init(&env, 1, 0);
	lan_poll_init(&p, &env.env);
	assert_int_equal(pipe(ends), 0);
	s.watch =
		p.api.watch_new(&p.api, ends[0], AVAHI_WATCH_IN, on_watch, &s);
	s.other = p.api.watch_new(&p.api, ends[0], 0, on_watch, &s);
	/* One entry a descriptor, and none for what waits for nothing. */
	assert_int_equal(lan_poll_fds(&p, fds, 4), 1);
	assert_int_equal(fds[0].events, POLLIN);
	p.api.watch_update(s.other, AVAHI_WATCH_OUT);
	assert_int_equal(lan_poll_fds(&p, fds, 4), 1);
	assert_int_equal(fds[0].events, POLLIN | POLLOUT);
	assert_int_equal(lan_poll_fds(&p, fds, 0), 0);
	lan_poll_dispatch(&p);
	assert_int_equal(s.watched, 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	lan_poll_dispatch(&p);
	assert_int_equal(s.watched, 1);
	assert_int_equal(s.events, AVAHI_WATCH_IN);
	assert_int_equal(lan_poll_fds(&p, fds, 4), 0);
	lan_poll_dispatch(&p);
	assert_int_equal(s.watched, 1);
	close(ends[0]);
	close(ends[1]);
	lan_poll_clear(&p);
}

/* Avahi names wall-clock times; the distance is kept on the caller's clock. */
static void
test_timeouts(void **state)
{
	struct dlb_env_seeded env;
	struct timeval at;
	struct lan_poll p;
	struct seen s = {.p = &p};
	int64_t due;

	(void)state;
	dlb_env_seeded_init(&env, 1, 1000);
	lan_poll_init(&p, &env.env);
	assert_int_equal(lan_poll_deadline_ms(&p), INT64_MAX);
	gettimeofday(&at, NULL);
	at.tv_sec += 100;
	s.timeout = p.api.timeout_new(&p.api, &at, on_timeout, &s);
	due = lan_poll_deadline_ms(&p);
	assert_in_range(due, 1000 + 90000, 1000 + 100000);
	env.now_ms = due - 1;
	lan_poll_dispatch(&p);
	assert_int_equal(s.timed, 0);
	env.now_ms = due;
	lan_poll_dispatch(&p);
	assert_int_equal(s.timed, 1);
	/* Once, until it is set again; one in the past is due now. */
	lan_poll_dispatch(&p);
	assert_int_equal(s.timed, 1);
	at.tv_sec -= 200;
	p.api.timeout_update(s.timeout, &at);
	lan_poll_dispatch(&p);
	assert_int_equal(s.timed, 2);
	p.api.timeout_update(s.timeout, NULL);
	assert_int_equal(lan_poll_deadline_ms(&p), INT64_MAX);
	p.api.timeout_free(s.timeout);
	lan_poll_dispatch(&p);
	assert_null(p.timeouts);
	lan_poll_clear(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_watches),
		cmocka_unit_test(test_timeouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
