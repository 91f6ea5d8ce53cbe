/*
 * Bytes through a link over loopback TCP: one process sends, the other receives, as
 * `openssl s_client` and `s_server` would.
 *
 *   link_bench MEGABYTES [tcp|socketpair|pipe]
 *
 * Prints "link SECONDS", from the first byte of the handshake to the goodbye.
 */
#include "carrier.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PIECE (64 * 1024)

static void
check(enum dlb_status s, const struct dlb_error *err)
{
	if (s == DLB_OK)
		return;
	fprintf(stderr, "link_bench: %s\n", err->msg);
	exit(1);
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* rd, wr of both ends. */
static void
connect_ends(const char *how, int a[2], int b[2])
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(to);
	int waiting, pair[2], back[2];

	if (strcmp(how, "socketpair") == 0) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
			die("socketpair");
		a[0] = a[1] = pair[0];
		b[0] = b[1] = pair[1];
		return;
	}
	if (strcmp(how, "pipe") == 0) {
		if (pipe(pair) != 0 || pipe(back) != 0)
			die("pipe");
		a[0] = back[0];
		a[1] = pair[1];
		b[0] = pair[0];
		b[1] = back[1];
		return;
	}
	waiting = socket(AF_INET, SOCK_STREAM, 0);
	if (waiting < 0 || bind(waiting, (struct sockaddr *)&to, len) != 0
		|| listen(waiting, 1) != 0
		|| getsockname(waiting, (struct sockaddr *)&to, &len) != 0)
		die("listen");
	a[0] = a[1] = socket(AF_INET, SOCK_STREAM, 0);
	if (a[0] < 0 || connect(a[0], (struct sockaddr *)&to, len) != 0)
		die("connect");
	b[0] = b[1] = accept(waiting, NULL, NULL);
	if (b[0] < 0)
		die("accept");
	close(waiting);
}

static struct dlb_link *
open_link(bool caller, const int fds[2])
{
	struct dlb_link_config config = {
		.caller = caller, .read_fd = fds[0], .write_fd = fds[1]};
	struct dlb_link *l;
	struct dlb_error err;

	check(dlb_link_new(&l, dlb_env_system(), &config, &err), &err);
	return l;
}

static void
wait_for(const struct dlb_link *l, bool want_read)
{
	struct pollfd fds[DLB_LINK_FDS_MAX];

	poll(fds, dlb_link_poll(l, want_read, fds), 10000);
}

static void
shake_hands(struct dlb_link *l)
{
	struct dlb_error err;

	while (check(dlb_link_step(l, &err), &err),
		dlb_link_state(l) == DLB_LINK_HANDSHAKE)
		wait_for(l, true);
}

static void
send_all(struct dlb_link *l, uint64_t len)
{
	static uint8_t piece[PIECE];
	struct dlb_error err;
	size_t at = 0, n;

	while (len > 0) {
		check(dlb_link_write(l, piece + at, PIECE - at, &n, &err),
			&err);
		at = (at + n) % PIECE;
		len -= n < len ? n : len;
		if (n == 0)
			wait_for(l, false);
	}
	check(dlb_link_close(l, &err), &err);
	while (dlb_link_state(l) == DLB_LINK_CLOSING) {
		wait_for(l, true);
		check(dlb_link_step(l, &err), &err);
	}
}

static void
receive_all(struct dlb_link *l)
{
	static uint8_t piece[PIECE];
	struct dlb_error err;
	size_t n;

	while (dlb_link_state(l) == DLB_LINK_OPEN) {
		check(dlb_link_read(l, piece, PIECE, &n, &err), &err);
		if (n < PIECE && dlb_link_state(l) == DLB_LINK_OPEN)
			wait_for(l, true);
	}
	check(dlb_link_close(l, &err), &err);
	while (dlb_link_state(l) == DLB_LINK_CLOSING) {
		wait_for(l, true);
		check(dlb_link_step(l, &err), &err);
	}
}

int
main(int argc, char **argv)
{
	uint64_t len =
		(argc > 1 ? strtoull(argv[1], NULL, 10) : 2000) * 1000000;
	const char *how = argc > 2 ? argv[2] : "tcp";
	struct timespec start, end;
	struct dlb_link *l;
	int a[2], b[2], status;
	pid_t child;

	connect_ends(how, a, b);
	child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		close(a[0]);
		if (a[1] != a[0])
			close(a[1]);
		l = open_link(false, b);
		shake_hands(l);
		receive_all(l);
		dlb_link_free(l);
		return 0;
	}
	close(b[0]);
	if (b[1] != b[0])
		close(b[1]);
	clock_gettime(CLOCK_MONOTONIC, &start);
	l = open_link(true, a);
	shake_hands(l);
	send_all(l, len);
	clock_gettime(CLOCK_MONOTONIC, &end);
	fprintf(stderr, "%s %s\n", how, dlb_link_stats(l).cipher);
	printf("link %.6f\n",
		(double)(end.tv_sec - start.tv_sec)
			+ (double)(end.tv_nsec - start.tv_nsec) / 1e9);
	dlb_link_free(l);
	return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}
