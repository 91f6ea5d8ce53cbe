/*
 * Calling hosts on the loopback, with a resolver and a clock of the test's.
 */
#include "tcp_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WAITS_MAX 100

struct fixture {
	struct dlb_env_seeded env;
	struct dlb_error err;
	struct dlb_dial *dial;
	int waiting;   /* a socket that listens */
	uint16_t port; /* its */
	int full;      /* one whose queue is full: callers hear nothing */
	int fillers[8];
	uint16_t full_port;
	uint16_t shut_port; /* nobody listens there */
};

static int
listen_on(uint16_t *port, int backlog)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	if (backlog >= 0)
		assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static struct dlb_tcp_where
where_of(const char *host, uint16_t port)
{
	struct dlb_tcp_where w = {.port = port};

	snprintf(w.host, sizeof(w.host), "%s", host);
	return w;
}

static void
fill(struct fixture *f)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(f->full_port)};

	for (size_t i = 0; i < DLB_ARRAY_LEN(f->fillers); i++) {
		f->fillers[i] = socket(
			AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)!connect(f->fillers[i], (struct sockaddr *)&a, sizeof(a));
	}
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int shut;

	dlb_env_seeded_init(&f->env, 1, DLB_EPOCH_MS);
	f->waiting = listen_on(&f->port, 5);
	f->full = listen_on(&f->full_port, 0);
	fill(f);
	shut = listen_on(&f->shut_port, -1);
	close(shut);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	dlb_dial_free(f->dial);
	close(f->waiting);
	close(f->full);
	for (size_t i = 0; i < DLB_ARRAY_LEN(f->fillers); i++)
		close(f->fillers[i]);
	free(f);
	return 0;
}

/* Goes on until there is an end, waiting for real where there is something to
 * wait for; the clock stands. */
static enum dlb_status
run(struct fixture *f, int *fd)
{
	struct pollfd fds[DLB_DIAL_FDS_MAX];

	for (int i = 0; i < WAITS_MAX; i++) {
		enum dlb_status s = dlb_dial_step(f->dial, fd, &f->err);

		if (s != DLB_OK || *fd >= 0)
			return s;
		poll(fds, dlb_dial_poll(f->dial, fds), 100);
	}
	fail_msg("no end");
	return DLB_FAILED;
}

static void
test_address(void **state)
{
	struct fixture *f = *state;
	struct dlb_tcp_where w = where_of("127.0.0.1", f->port);
	int fd, there;

	assert_int_equal(
		dlb_dial_new(&f->dial, &f->env.env, &w, 0, &f->err), DLB_OK);
	assert_int_equal(run(f, &fd), DLB_OK);
	there = accept(f->waiting, NULL, NULL);
	assert_true(there >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	close(there);
}

static void
test_shut(void **state)
{
	struct fixture *f = *state;
	struct dlb_tcp_where w = where_of("127.0.0.1", f->shut_port);
	char port[32];
	int fd;

	assert_int_equal(
		dlb_dial_new(&f->dial, &f->env.env, &w, 0, &f->err), DLB_OK);
	assert_int_equal(run(f, &fd), DLB_IO);
	assert_int_equal(f->err.sys_errno, ECONNREFUSED);
	assert_non_null(strstr(f->err.msg, "dlb serve"));
	snprintf(port, sizeof(port), "port %u", f->shut_port);
	assert_non_null(strstr(f->err.msg, port));
}

static void
test_silence(void **state)
{
	struct fixture *f = *state;
	struct dlb_tcp_where w = where_of("127.0.0.1", f->full_port);
	int fd;

	assert_int_equal(
		dlb_dial_new(&f->dial, &f->env.env, &w, 5000, &f->err), DLB_OK);
	assert_int_equal(dlb_dial_step(f->dial, &fd, &f->err), DLB_OK);
	assert_int_equal(dlb_dial_deadline_ms(f->dial), DLB_EPOCH_MS + 5000);
	f->env.now_ms += 4999;
	assert_int_equal(dlb_dial_step(f->dial, &fd, &f->err), DLB_OK);
	assert_int_equal(fd, -1);
	f->env.now_ms += 1;
	assert_int_equal(dlb_dial_step(f->dial, &fd, &f->err), DLB_IO);
	assert_int_equal(f->err.sys_errno, ETIMEDOUT);
	assert_non_null(strstr(f->err.msg, "within 5 s"));
}

/* The second address is called while the first is silent, but not at once. */
static void
test_beside(void **state)
{
	struct fixture *f = *state;
	struct dlb_tcp_where w[] = {where_of("127.0.0.1", f->full_port),
		where_of("127.0.0.1", f->port)};
	struct pollfd fds[DLB_DIAL_FDS_MAX];
	int fd;

	assert_int_equal(
		dlb_dial_new_list(&f->dial, &f->env.env, w, 2, 0, &f->err),
		DLB_OK);
	assert_int_equal(dlb_dial_step(f->dial, &fd, &f->err), DLB_OK);
	assert_int_equal(dlb_dial_poll(f->dial, fds), 1);
	assert_int_equal(
		dlb_dial_deadline_ms(f->dial), DLB_EPOCH_MS + DIAL_STAGGER_MS);
	f->env.now_ms += DIAL_STAGGER_MS;
	assert_int_equal(run(f, &fd), DLB_OK);
	assert_true(fd >= 0);
	close(fd);
}

/* Where the first says no, the next is called at once. */
static void
test_next_at_once(void **state)
{
	struct fixture *f = *state;
	struct dlb_tcp_where w[] = {where_of("127.0.0.1", f->shut_port),
		where_of("nonsense", 1), where_of("127.0.0.1", f->port)};
	int fd;

	assert_int_equal(
		dlb_dial_new_list(&f->dial, &f->env.env, w, 3, 0, &f->err),
		DLB_OK);
	assert_int_equal(run(f, &fd), DLB_OK);
	assert_true(fd >= 0);
	close(fd);
}

static void
test_no_address(void **state)
{
	struct fixture *f = *state;
	struct dlb_tcp_where w = where_of("nonsense", 1);

	assert_int_equal(
		dlb_dial_new_list(&f->dial, &f->env.env, &w, 1, 0, &f->err),
		DLB_USAGE);
	assert_int_equal(
		dlb_dial_new_list(&f->dial, &f->env.env, &w, 0, 0, &f->err),
		DLB_USAGE);
	assert_null(f->dial);
	w = where_of("fe80::1%nosuchthing0", 1);
	assert_int_equal(
		dlb_dial_new(&f->dial, &f->env.env, &w, 0, &f->err), DLB_USAGE);
	assert_non_null(strstr(f->err.msg, "interface"));
}

/* A resolver that knows three names, and holds the fourth until it is let go. */
static struct sockaddr_in known_addr;
static struct addrinfo known = {.ai_family = AF_INET,
	.ai_addrlen = sizeof(known_addr),
	.ai_addr = (struct sockaddr *)&known_addr};
static int held[2];

static int
fake_get(const char *host, const char *port, const struct addrinfo *hints,
	struct addrinfo **out)
{
	char c;

	assert_int_equal(hints->ai_socktype, SOCK_STREAM);
	*out = &known;
	if (strcmp(host, "absent") == 0)
		return EAI_NONAME;
	if (strcmp(host, "offline") == 0)
		return EAI_AGAIN;
	if (strcmp(host, "held") == 0)
		(void)!read(held[0], &c, 1);
	known_addr.sin_family = AF_INET;
	known_addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	known_addr.sin_port = htons((uint16_t)atoi(port));
	return 0;
}

static void
fake_free(struct addrinfo *list)
{
	assert_ptr_equal(list, &known);
}

static const struct resolver fake = {fake_get, fake_free};

static void
test_name(void **state)
{
	struct fixture *f = *state;
	struct dlb_tcp_where w = where_of("here", f->port);
	int fd;

	assert_int_equal(
		dial_new_with(&f->dial, &f->env.env, &w, 0, &fake, &f->err),
		DLB_OK);
	assert_int_equal(run(f, &fd), DLB_OK);
	assert_true(fd >= 0);
	close(fd);
}

static void
test_no_such_name(void **state)
{
	struct fixture *f = *state;
	struct dlb_tcp_where w = where_of("absent", 1);
	int fd;

	assert_int_equal(
		dial_new_with(&f->dial, &f->env.env, &w, 0, &fake, &f->err),
		DLB_OK);
	assert_int_equal(run(f, &fd), DLB_NOT_FOUND);
	assert_non_null(strstr(f->err.msg, "no host is called absent"));
	dlb_dial_free(f->dial);
	w = where_of("offline", 1);
	assert_int_equal(
		dial_new_with(&f->dial, &f->env.env, &w, 0, &fake, &f->err),
		DLB_OK);
	assert_int_equal(run(f, &fd), DLB_IO);
	assert_non_null(strstr(f->err.msg, "on a network"));
}

/* Nobody waits for a resolver that waits. */
static void
test_slow_resolver(void **state)
{
	struct fixture *f = *state;
	struct dlb_tcp_where w = where_of("held", 1);
	int fd;

	assert_int_equal(pipe2(held, O_CLOEXEC), 0);
	assert_int_equal(
		dial_new_with(&f->dial, &f->env.env, &w, 1000, &fake, &f->err),
		DLB_OK);
	assert_int_equal(dlb_dial_step(f->dial, &fd, &f->err), DLB_OK);
	assert_int_equal(dlb_dial_deadline_ms(f->dial), DLB_EPOCH_MS + 1000);
	f->env.now_ms += 1000;
	assert_int_equal(dlb_dial_step(f->dial, &fd, &f->err), DLB_IO);
	assert_int_equal(fd, -1);
	dlb_dial_free(f->dial);
	f->dial = NULL;
	assert_int_equal(write(held[1], "x", 1), 1);
	close(held[1]);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_address),
		TEST(test_shut),
		TEST(test_silence),
		TEST(test_beside),
		TEST(test_next_at_once),
		TEST(test_no_address),
		TEST(test_name),
		TEST(test_no_such_name),
		TEST(test_slow_resolver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
