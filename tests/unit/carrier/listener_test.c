/*
 * Waiting for callers, on the loopback and with the test's clock.
 */
#include "tcp_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define TURNS_MAX 200

struct fixture {
	struct dlb_env_seeded env;
	struct dlb_error err;
	struct dlb_listener *l;
	char from[DLB_TCP_WHERE_MAX + 1];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	dlb_env_seeded_init(&f->env, 1, DLB_EPOCH_MS);
	assert_int_equal(
		dlb_listener_new(&f->l, &f->env.env, NULL, 0, &f->err), DLB_OK);
	assert_true(dlb_listener_port(f->l) != 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	dlb_listener_free(f->l);
	free(f);
	return 0;
}

/* A connection to it; -1 where there is no such family here. */
static int
call_raw(struct fixture *f, const char *host)
{
	struct dlb_tcp_where w = {.port = dlb_listener_port(f->l)};
	struct address a;
	int fd;

	snprintf(w.host, sizeof(w.host), "%s", host);
	assert_true(address_parse(&a, &w));
	fd = socket(a.addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a.addr, a.len) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static struct dlb_link *
turn(struct fixture *f)
{
	struct pollfd fds[DLB_LISTENER_FDS_MAX];
	struct dlb_link *link;

	poll(fds, dlb_listener_poll(f->l, true, fds), 0);
	assert_int_equal(
		dlb_listener_step(f->l, true, &link, f->from, &f->err), DLB_OK);
	return link;
}

/* Calls as a link, until both ends are open. */
static void
meet(struct fixture *f, int fd, struct dlb_link **a, struct dlb_link **b)
{
	struct dlb_link_config config = {
		.caller = true, .read_fd = fd, .write_fd = fd};

	assert_int_equal(
		dlb_link_new(a, &f->env.env, &config, &f->err), DLB_OK);
	*b = NULL;
	for (int i = 0; i < TURNS_MAX && !*b; i++) {
		assert_int_equal(dlb_link_step(*a, &f->err), DLB_OK);
		*b = turn(f);
	}
	assert_non_null(*b);
	assert_int_equal(dlb_link_state(*a), DLB_LINK_OPEN);
	assert_int_equal(dlb_link_state(*b), DLB_LINK_OPEN);
}

static void
test_both_families(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "::1"};
	struct fixture *f = *state;
	struct dlb_link *a, *b;
	size_t n;

	for (size_t i = 0; i < DLB_ARRAY_LEN(hosts); i++) {
		int fd = call_raw(f, hosts[i]);
		char expected[64];

		if (fd < 0 && i > 0)
			continue; /* no IPv6 here */
		meet(f, fd, &a, &b);
		snprintf(expected, sizeof(expected),
			i ? "[%s]:" : "%s:", hosts[i]);
		assert_memory_equal(f->from, expected, strlen(expected));
		assert_int_equal(
			dlb_link_write(a, "hi", 2, &n, &f->err), DLB_OK);
		assert_int_equal(n, 2);
		dlb_link_free(a);
		dlb_link_free(b);
	}
	assert_int_equal(dlb_listener_stats(f->l).half_open, 0);
}

static void
test_port_in_use(void **state)
{
	struct fixture *f = *state;
	struct dlb_listener *other;

	assert_int_equal(dlb_listener_new(&other, &f->env.env, NULL,
				 dlb_listener_port(f->l), &f->err),
		DLB_BUSY);
	assert_null(other);
	assert_int_equal(f->err.sys_errno, EADDRINUSE);
	assert_non_null(strstr(f->err.msg, "choose another"));
}

static void
test_addresses(void **state)
{
	struct fixture *f = *state;
	struct dlb_listener *one;

	/* 192.0.2.0/24 is nobody's (RFC 5737). */
	assert_int_equal(
		dlb_listener_new(&one, &f->env.env, "192.0.2.1", 0, &f->err),
		DLB_USAGE);
	assert_non_null(strstr(f->err.msg, "no address of this machine"));
	assert_int_equal(
		dlb_listener_new(&one, &f->env.env, "a name", 0, &f->err),
		DLB_USAGE);
	assert_int_equal(
		dlb_listener_new(&one, &f->env.env, "127.0.0.1", 0, &f->err),
		DLB_OK);
	dlb_listener_free(one);
}

/* Who talks something else, or hangs up, is nobody's error but theirs. */
static void
test_strange_callers(void **state)
{
	struct fixture *f = *state;
	int one = call_raw(f, "127.0.0.1"), two = call_raw(f, "127.0.0.1");

	assert_int_equal(write(one, "GET / HTTP/1.0\r\n\r\n", 18), 18);
	close(two);
	for (int i = 0; i < 5; i++)
		assert_null(turn(f));
	assert_int_equal(dlb_listener_stats(f->l).accepted, 2);
	assert_int_equal(dlb_listener_stats(f->l).failed, 2);
	assert_int_equal(dlb_listener_stats(f->l).half_open, 0);
	close(one);
}

static void
test_mute_callers(void **state)
{
	struct fixture *f = *state;
	int fd = call_raw(f, "127.0.0.1");

	assert_null(turn(f));
	assert_int_equal(dlb_listener_stats(f->l).half_open, 1);
	assert_int_equal(dlb_listener_deadline_ms(f->l),
		DLB_EPOCH_MS + DLB_LINK_HANDSHAKE_MS);
	f->env.now_ms += DLB_LINK_HANDSHAKE_MS;
	assert_null(turn(f));
	assert_int_equal(dlb_listener_stats(f->l).half_open, 0);
	close(fd);
}

/* Mute callers hold all places: a newcomer waits as long as they may be honest,
 * then it is let in. */
static void
test_full(void **state)
{
	struct fixture *f = *state;
	int mute[DLB_LISTENER_HALF_OPEN + 3], fd;
	struct pollfd fds[DLB_LISTENER_FDS_MAX];
	struct dlb_link *a, *b;

	for (size_t i = 0; i < DLB_ARRAY_LEN(mute); i++)
		mute[i] = call_raw(f, "127.0.0.1");
	assert_null(turn(f));
	assert_int_equal(
		dlb_listener_stats(f->l).accepted, DLB_LISTENER_HALF_OPEN);
	/* The door itself is not polled. */
	assert_int_equal(
		dlb_listener_poll(f->l, true, fds), DLB_LISTENER_HALF_OPEN);
	assert_int_equal(dlb_listener_deadline_ms(f->l),
		DLB_EPOCH_MS + DLB_LISTENER_GRACE_MS);
	f->env.now_ms += DLB_LISTENER_GRACE_MS;
	fd = call_raw(f, "127.0.0.1");
	meet(f, fd, &a, &b);
	assert_int_equal(dlb_listener_stats(f->l).pushed, 4);
	assert_true(
		dlb_listener_stats(f->l).half_open <= DLB_LISTENER_HALF_OPEN);
	dlb_link_free(a);
	dlb_link_free(b);
	for (size_t i = 0; i < DLB_ARRAY_LEN(mute); i++)
		close(mute[i]);
}

/* Who hangs up at once and calls again does not keep a core busy. */
static void
test_rate(void **state)
{
	struct fixture *f = *state;
	struct pollfd fds[DLB_LISTENER_FDS_MAX];

	for (int i = 0; i < DLB_LISTENER_RATE + 5; i++) {
		close(call_raw(f, "127.0.0.1"));
		assert_null(turn(f));
		assert_null(turn(f));
	}
	assert_int_equal(dlb_listener_stats(f->l).accepted, DLB_LISTENER_RATE);
	assert_int_equal(dlb_listener_stats(f->l).half_open, 0);
	assert_int_equal(dlb_listener_poll(f->l, true, fds), 0);
	assert_int_equal(dlb_listener_deadline_ms(f->l), DLB_EPOCH_MS + 1000);
	f->env.now_ms += 1000;
	assert_null(turn(f));
	assert_int_equal(
		dlb_listener_stats(f->l).accepted, DLB_LISTENER_RATE + 5);
}

static void
test_not_accepting(void **state)
{
	struct fixture *f = *state;
	struct pollfd fds[DLB_LISTENER_FDS_MAX];
	int fd = call_raw(f, "127.0.0.1");
	struct dlb_link *link;

	assert_int_equal(dlb_listener_poll(f->l, false, fds), 0);
	assert_int_equal(
		dlb_listener_step(f->l, false, &link, f->from, &f->err),
		DLB_OK);
	assert_int_equal(dlb_listener_stats(f->l).accepted, 0);
	assert_null(turn(f));
	assert_int_equal(dlb_listener_stats(f->l).accepted, 1);
	close(fd);
}

/* Out of descriptors: said once, and tried again later without spinning. */
static void
test_no_descriptors(void **state)
{
	struct fixture *f = *state;
	struct pollfd fds[DLB_LISTENER_FDS_MAX];
	int fd = call_raw(f, "127.0.0.1"), last = dup(fd);
	struct rlimit before, few;
	struct dlb_link *link;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)last + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_not_equal(
		dlb_listener_step(f->l, true, &link, f->from, &f->err), DLB_OK);
	assert_int_equal(f->err.sys_errno, EMFILE);
	assert_int_equal(dlb_listener_poll(f->l, true, fds), 0);
	assert_int_equal(dlb_listener_deadline_ms(f->l), DLB_EPOCH_MS + 1000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	f->env.now_ms += 1000;
	assert_null(turn(f));
	assert_int_equal(dlb_listener_stats(f->l).accepted, 1);
	close(fd);
	close(last);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_both_families),
		TEST(test_port_in_use),
		TEST(test_addresses),
		TEST(test_strange_callers),
		TEST(test_mute_callers),
		TEST(test_full),
		TEST(test_rate),
		TEST(test_not_accepting),
		TEST(test_no_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
