#include "link_pair.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define STEPS_MAX 2000

static void
connect_tcp(int a[2], int b[2])
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(to);
	int waiting = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(waiting, (struct sockaddr *)&to, len), 0);
	assert_int_equal(listen(waiting, 1), 0);
	assert_int_equal(getsockname(waiting, (struct sockaddr *)&to, &len), 0);
	a[0] = a[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(a[0], (struct sockaddr *)&to, len), 0);
	b[0] = b[1] = accept(waiting, NULL, NULL);
	assert_true(b[0] >= 0);
	close(waiting);
}

void
pair_connect(enum pair_kind kind, int a[2], int b[2])
{
	int there[2], back[2];

	if (kind == PAIR_TCP) {
		connect_tcp(a, b);
		return;
	}
	if (kind == PAIR_SOCKETS) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC,
					 0, there),
			0);
		a[0] = a[1] = there[0];
		b[0] = b[1] = there[1];
		return;
	}
	assert_int_equal(pipe2(there, O_CLOEXEC), 0);
	assert_int_equal(pipe2(back, O_CLOEXEC), 0);
	a[0] = back[0];
	a[1] = there[1];
	b[0] = there[0];
	b[1] = back[1];
}

static struct dlb_link *
open_link(struct pair *p, bool caller, const int fds[2])
{
	struct dlb_link_config config = {.caller = caller,
		.read_fd = fds[0],
		.write_fd = fds[1],
		.name = caller ? "the\033 listener" : "the caller"};
	struct dlb_link *l = NULL;

	assert_int_equal(
		dlb_link_new(&l, &p->env.env, &config, &p->err), DLB_OK);
	return l;
}

static struct pair *
pair_alloc(void)
{
	struct pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	dlb_env_seeded_init(&p->env, 7, DLB_EPOCH_MS);
	return p;
}

struct pair *
pair_new(enum pair_kind kind)
{
	struct pair *p = pair_alloc();
	int a[2], b[2];

	pair_connect(kind, a, b);
	p->a = open_link(p, true, a);
	p->b = open_link(p, false, b);
	return p;
}

void
pair_free(struct pair *p)
{
	dlb_link_free(p->a);
	dlb_link_free(p->b);
	free(p);
}

struct dlb_link *
pair_half(struct pair *p, bool caller, int *other)
{
	int a[2], b[2];

	pair_connect(PAIR_SOCKETS, a, b);
	*other = b[0];
	return open_link(p, caller, a);
}

static void
step(struct pair *p, struct dlb_link *l)
{
	enum dlb_status s = dlb_link_step(l, &p->err);

	if (s != DLB_OK)
		fail_msg("%s", p->err.msg);
}

void
pair_shake(struct pair *p)
{
	for (unsigned i = 0; i < STEPS_MAX; i++) {
		step(p, p->a);
		step(p, p->b);
		if (dlb_link_state(p->a) == DLB_LINK_OPEN
			&& dlb_link_state(p->b) == DLB_LINK_OPEN)
			return;
	}
	fail_msg("no handshake");
}

void
pair_close(struct pair *p)
{
	assert_int_equal(dlb_link_close(p->a, &p->err), DLB_OK);
	assert_int_equal(dlb_link_close(p->b, &p->err), DLB_OK);
	for (unsigned i = 0; i < STEPS_MAX; i++) {
		step(p, p->a);
		step(p, p->b);
		if (dlb_link_state(p->a) != DLB_LINK_CLOSING
			&& dlb_link_state(p->b) != DLB_LINK_CLOSING)
			break;
	}
	assert_int_equal(dlb_link_state(p->a), DLB_LINK_CLOSED);
	assert_int_equal(dlb_link_state(p->b), DLB_LINK_CLOSED);
}

static uint8_t
pattern(size_t i)
{
	return (uint8_t)(i * 2654435761U >> 13);
}

void
pair_move(struct pair *p, struct dlb_link *from, struct dlb_link *to,
	size_t len, size_t piece)
{
	uint8_t *out = malloc(piece), *in = malloc(piece);
	size_t sent = 0, received = 0, n;

	while (received < len) {
		size_t k = len - sent < piece ? len - sent : piece;
		size_t before = sent + received;

		for (size_t i = 0; i < k; i++)
			out[i] = pattern(sent + i);
		if (dlb_link_write(from, out, k, &n, &p->err) != DLB_OK)
			fail_msg("%s", p->err.msg);
		assert_true(n <= k);
		sent += n;
		step(p, from);
		if (dlb_link_read(to, in, piece, &n, &p->err) != DLB_OK)
			fail_msg("%s", p->err.msg);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(in[i], pattern(received + i));
		received += n;
		if (sent + received == before && dlb_link_unsent(from) == 0)
			fail_msg("stuck at %zu of %zu", received, len);
	}
	assert_int_equal(received, len);
	free(out);
	free(in);
}

enum dlb_status
pair_step_until_failed(struct pair *p, struct dlb_link *l)
{
	uint8_t buf[512];
	size_t got;

	for (unsigned i = 0; i < STEPS_MAX; i++) {
		enum dlb_status s = dlb_link_step(l, &p->err);

		if (s == DLB_OK)
			s = dlb_link_read(l, buf, sizeof(buf), &got, &p->err);
		if (s != DLB_OK) {
			assert_int_equal(dlb_link_state(l), DLB_LINK_FAILED);
			return s;
		}
	}
	return DLB_OK;
}
