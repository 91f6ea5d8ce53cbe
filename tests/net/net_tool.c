/*
 * The carrier from a shell, for the tests over real networks. Each line that it
 * prints is one thing that happened; it ends with its job or when its standard input
 * does.
 *
 *   net_tool listen PORT CALLERS   "listens", then for each caller
 *                                  "got BYTES from ADDRESS" or "lost BYTES: why"
 *   net_tool call WHERE BYTES      "sent BYTES in MS ms, HANDSHAKE ms" or "error: why"
 *   net_tool lan WHAT PORT         WHAT: browse, announce, both; events
 *   net_tool mounts [DIR...]       events
 */
#include "carrier.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536
#define FDS_MAX 64
/* The engine ends a meeting in which nothing moves; here it is the tool. */
#define STALL_MS 2000

static const struct dlb_env *env;

static int64_t
now(void)
{
	return env->monotonic_ms(env->ctx);
}

static uint8_t
pattern(uint64_t i)
{
	return (uint8_t)(i * 2654435761U >> 13);
}

/* Waits for the descriptors or the deadline; ends the program when standard input
 * does. */
static void
wait_for(struct pollfd *fds, unsigned n, int64_t deadline_ms)
{
	int64_t left = deadline_ms - now();
	int timeout = deadline_ms == INT64_MAX ? -1
		: left < 0                     ? 0
		: left > 3600000               ? 3600000
					       : (int)left;
	char c;

	fds[n] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	if (poll(fds, n + 1, timeout) < 0 && errno != EINTR)
		exit(3);
	if (fds[n].revents && read(STDIN_FILENO, &c, 1) == 0)
		exit(0);
}

static void
say(const char *before, const char *text)
{
	printf("%s%s\n", before, text);
	fflush(stdout);
}

static void
hear(struct dlb_link *l, const char *from)
{
	static uint8_t buf[PIECE];
	struct pollfd fds[FDS_MAX];
	struct dlb_error err;
	uint64_t got = 0;
	size_t n;

	while (dlb_link_state(l) == DLB_LINK_OPEN) {
		if (dlb_link_read(l, buf, sizeof(buf), &n, &err) != DLB_OK) {
			printf("lost %llu: %s\n", (unsigned long long)got,
				err.msg);
			return;
		}
		for (size_t i = 0; i < n; i++)
			if (buf[i] != pattern(got + i)) {
				say("", "not what was sent");
				return;
			}
		got += n;
		if (n < sizeof(buf) && dlb_link_state(l) == DLB_LINK_OPEN)
			wait_for(fds, dlb_link_poll(l, true, fds), INT64_MAX);
	}
	if (dlb_link_close(l, &err) != DLB_OK)
		say("close: ", err.msg);
	while (dlb_link_state(l) == DLB_LINK_CLOSING) {
		wait_for(fds, dlb_link_poll(l, true, fds),
			dlb_link_deadline_ms(l));
		(void)!dlb_link_step(l, &err);
	}
	printf("got %llu from %s\n", (unsigned long long)got, from);
}

static int
run_listen(const char *port, const char *callers)
{
	char from[DLB_TCP_WHERE_MAX + 1];
	struct pollfd fds[FDS_MAX];
	struct dlb_listener *l;
	struct dlb_link *link;
	struct dlb_error err;
	int left = atoi(callers);

	if (dlb_listener_new(&l, env, NULL, (uint16_t)atoi(port), &err)
		!= DLB_OK) {
		say("error: ", err.msg);
		return 1;
	}
	say("", "listens");
	while (left > 0) {
		if (dlb_listener_step(l, true, &link, from, &err) != DLB_OK)
			say("error: ", err.msg);
		if (!link) {
			wait_for(fds, dlb_listener_poll(l, true, fds),
				dlb_listener_deadline_ms(l));
			continue;
		}
		hear(link, from);
		fflush(stdout);
		dlb_link_free(link);
		left--;
	}
	dlb_listener_free(l);
	return 0;
}

static int
reach(const char *text, struct dlb_error *err)
{
	struct pollfd fds[FDS_MAX];
	struct dlb_tcp_where where;
	struct dlb_dial *dial;
	enum dlb_status s = dlb_tcp_parse(&where, text, err);
	int fd = -1;

	if (s == DLB_OK)
		s = dlb_dial_new(&dial, env, &where, 3000, err);
	if (s != DLB_OK)
		return -1;
	while ((s = dlb_dial_step(dial, &fd, err)) == DLB_OK && fd < 0)
		wait_for(fds, dlb_dial_poll(dial, fds),
			dlb_dial_deadline_ms(dial));
	dlb_dial_free(dial);
	return fd;
}

static enum dlb_status
speak(struct dlb_link *l, uint64_t len, struct dlb_error *err)
{
	static uint8_t buf[PIECE];
	struct pollfd fds[FDS_MAX];
	int64_t moved = now();
	uint64_t sent = 0;
	enum dlb_status s;
	size_t n;

	while ((s = dlb_link_step(l, err)) == DLB_OK
		&& dlb_link_state(l) == DLB_LINK_HANDSHAKE)
		wait_for(fds, dlb_link_poll(l, true, fds),
			dlb_link_deadline_ms(l));
	while (s == DLB_OK && sent < len) {
		size_t k = len - sent < PIECE ? (size_t)(len - sent) : PIECE;

		for (size_t i = 0; i < k; i++)
			buf[i] = pattern(sent + i);
		s = dlb_link_write(l, buf, k, &n, err);
		sent += n;
		if (n > 0)
			moved = now();
		else if (s == DLB_OK && now() - moved >= STALL_MS)
			s = dlb_fail(err, DLB_IO, "stalled");
		else if (s == DLB_OK)
			wait_for(fds, dlb_link_poll(l, false, fds),
				moved + STALL_MS);
	}
	if (s == DLB_OK)
		s = dlb_link_close(l, err);
	while (s == DLB_OK && dlb_link_state(l) == DLB_LINK_CLOSING) {
		wait_for(fds, dlb_link_poll(l, true, fds),
			dlb_link_deadline_ms(l));
		s = dlb_link_step(l, err);
	}
	return s;
}

static int
run_call(const char *where, const char *bytes)
{
	struct dlb_link_config config = {.caller = true, .name = where};
	uint64_t len = strtoull(bytes, NULL, 10);
	struct dlb_link *l = NULL;
	struct dlb_error err;
	int64_t start;
	int fd = reach(where, &err);

	config.read_fd = config.write_fd = fd;
	if (fd < 0 || dlb_link_new(&l, env, &config, &err) != DLB_OK) {
		say("error: ", err.msg);
		return 1;
	}
	start = now();
	if (speak(l, len, &err) != DLB_OK) {
		say("error: ", err.msg);
		dlb_link_free(l);
		return 1;
	}
	printf("sent %llu in %lld ms, %lld ms\n", (unsigned long long)len,
		(long long)(now() - start),
		(long long)dlb_link_stats(l).handshake_ms);
	dlb_link_free(l);
	return 0;
}

static void
show_lan(const struct dlb_lan_event *e)
{
	static const char *const kinds[] = {
		"none", "found", "lost", "up", "down", "announced", "unheard"};
	char text[DLB_TCP_WHERE_MAX + 1];

	printf("%s", kinds[e->kind]);
	if (e->peer.name[0])
		printf(" %s", e->peer.name);
	for (size_t i = 0; i < e->peer.ways_n; i++) {
		dlb_tcp_text(text, &e->peer.ways[i]);
		printf(" %s", text);
	}
	if (e->kind == DLB_LAN_DOWN || e->kind == DLB_LAN_UNHEARD)
		printf(" %s", e->why.msg);
	putchar('\n');
	fflush(stdout);
}

static int
run_lan(const char *what, const char *port)
{
	bool both = strcmp(what, "both") == 0;
	struct dlb_lan_config config = {
		.browse = both || strcmp(what, "browse") == 0};
	struct pollfd fds[FDS_MAX];
	struct dlb_lan_event e;
	struct dlb_error err;
	struct dlb_lan *l;

	if (both || strcmp(what, "announce") == 0)
		config.announce_port = (uint16_t)atoi(port);
	if (dlb_lan_new(&l, env, &config, &err) != DLB_OK) {
		say("error: ", err.msg);
		return 1;
	}
	for (;;) {
		while (dlb_lan_step(l, &e), e.kind != DLB_LAN_NONE)
			show_lan(&e);
		wait_for(fds, dlb_lan_poll(l, fds), dlb_lan_deadline_ms(l));
	}
}

static int
run_mounts(const char *const *dirs, size_t n)
{
	struct dlb_mounts_config config = {
		.dirs = dirs, .dirs_n = n, .media = true};
	static const char *const kinds[] = {"none", "box", "gone", "limit"};
	static struct dlb_mounts_event e;
	struct pollfd fds[FDS_MAX];
	struct dlb_mounts *m;
	struct dlb_error err;

	if (dlb_mounts_new(&m, env, &config, &err) != DLB_OK) {
		say("error: ", err.msg);
		return 1;
	}
	say("", "watches");
	for (;;) {
		while (dlb_mounts_step(m, &e), e.kind != DLB_MOUNTS_NONE) {
			printf("%s %s%s\n", kinds[e.kind], e.path,
				e.medium ? " medium" : "");
			fflush(stdout);
		}
		wait_for(fds, dlb_mounts_poll(m, fds),
			dlb_mounts_deadline_ms(m));
	}
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	env = dlb_env_system();
	if (strcmp(what, "listen") == 0 && argc == 4)
		return run_listen(argv[2], argv[3]);
	if (strcmp(what, "call") == 0 && argc == 4)
		return run_call(argv[2], argv[3]);
	if (strcmp(what, "lan") == 0 && argc == 4)
		return run_lan(argv[2], argv[3]);
	if (strcmp(what, "mounts") == 0)
		return run_mounts(
			(const char *const *)argv + 2, (size_t)argc - 2);
	fprintf(stderr, "net_tool: listen, call, lan or mounts\n");
	return 2;
}
