/*
 * Homes for the meetings that are measured, and the meeting in which nothing is to
 * be exchanged.
 *
 *	meeting_bench carrier HOME CELLS    a courier's home that carries so many
 *	meeting_bench equals DIR CELLS      DIR/a and DIR/b, which hold the same ones
 *	meeting_bench meet DIR              DIR/a meets DIR/b, a process each
 *
 * The homes have no lock. meet is the meeting of two that met before not long ago, by
 * themselves: own new cells do not go again so soon, and every byte is for finding out
 * that nothing is lacking. Prints equal_s (from connecting to the end of it, both homes
 * being open), equal_cpu (of it, what the caller's process worked) and equal_bytes (of
 * TCP's stream, both ways).
 */
#include "carrier.h"
#include "common.h"
#include "contact.h"
#include "entries.h"
#include "meet_internal.h"
#include "peer.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct dlb_error err;
static const struct dlb_unlock open_to_all = {.kind = DLB_UNLOCK_OPEN};

static void
check(enum dlb_status st, const char *what)
{
	need(st == DLB_OK, what, err.msg);
}

static struct dlb_node *
make_home(const char *dir, uint64_t cells)
{
	/* Half of the slots are for letters, and some are for what comes. */
	struct dlb_home_options o = {.courier = true,
		.size = dlb_satchel_size_of(
			(uint32_t)(2 * (cells + cells / 8) + 2048)),
		.sparse = true,
		.unlock = open_to_all};
	struct dlb_node *n;

	check(dlb_node_create(&n, dir, &o, dlb_env_system(), NULL, &err), dir);
	return n;
}

static void
make_carrier(const char *dir, uint32_t cells)
{
	struct dlb_node *n = make_home(dir, cells);

	check(sim_carry(n, cells, &err), "putting cells");
	dlb_node_close(n);
}

/* ---- equals --------------------------------------------------------------------------- */

static void
make_equals(const char *dir, uint32_t cells)
{
	char path[2][3072];

	for (int i = 0; i < 2; i++) {
		struct dlb_node *n;

		snprintf(path[i], sizeof(path[i]), "%s/%c", dir, 'a' + i);
		n = make_home(path[i], cells);
		fill_entries(n->satchel, cells,
			(uint16_t)(n->clock.trusted_week + 8), 1);
		dlb_node_close(n);
	}
}

static void
connect_ends(int out[2])
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(to);
	int waiting = socket(AF_INET, SOCK_STREAM, 0);

	out[0] = socket(AF_INET, SOCK_STREAM, 0);
	need(waiting >= 0 && out[0] >= 0
			&& bind(waiting, (struct sockaddr *)&to, len) == 0
			&& listen(waiting, 1) == 0
			&& getsockname(waiting, (struct sockaddr *)&to, &len)
				== 0
			&& connect(out[0], (struct sockaddr *)&to, len) == 0,
		"connecting", "no loopback");
	out[1] = accept(waiting, NULL, NULL);
	need(out[1] >= 0, "connecting", "no loopback");
	close(waiting);
}

static struct dlb_node *
open_home(const char *dir, bool caller)
{
	struct dlb_node *n;
	char path[3072];

	snprintf(path, sizeof(path), "%s/%c", dir, caller ? 'a' : 'b');
	check(dlb_node_open(&n, path, &open_to_all, 0, dlb_env_system(), &err),
		path);
	check(dlb_own_note(n, &err), "the last meeting");
	return n;
}

static void
meet(struct dlb_node *n, bool caller, int fd, struct dlb_peer_result *r)
{
	struct dlb_peer_options o = {
		.policy = DLB_PEER_ANYONE, .by_itself = true};
	struct dlb_link_config config = {
		.caller = caller, .read_fd = fd, .write_fd = fd};
	struct dlb_link *link;
	struct dlb_peer *p;

	check(dlb_link_new(&link, n->env, &config, &err), "a link");
	check(dlb_peer_new(&p, n, link, caller, &o, &err), "a meeting");
	check(dlb_peer_run(p, NULL, &err), "the meeting");
	dlb_peer_result(p, r);
	dlb_peer_free(p);
	need(r->settled && r->given == 0 && r->taken == 0, "the meeting",
		"something was exchanged");
}

static double
worked(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
meet_equals(const char *dir)
{
	int ends[2], ready[2], status;
	struct dlb_peer_result r;
	struct dlb_node *n;
	pid_t child;
	char byte = 0;
	double start, cpu;

	connect_ends(ends);
	need(pipe(ready) == 0, "a pipe", "none");
	/* Before either has threads. */
	child = fork();
	need(child >= 0, "a process", "none");
	close(ends[child == 0 ? 0 : 1]);
	n = open_home(dir, child != 0);
	if (child == 0) {
		need(write(ready[1], &byte, 1) == 1, "a pipe", "none");
		meet(n, false, ends[1], &r);
		dlb_node_close(n);
		return 0;
	}
	need(read(ready[0], &byte, 1) == 1, "the other end", "did not open");
	start = now();
	cpu = worked();
	meet(n, true, ends[0], &r);
	figure("equal_s", now() - start);
	figure("equal_cpu", worked() - cpu);
	figure("equal_bytes", (double)(r.bytes_in + r.bytes_out));
	dlb_node_close(n);
	return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	uint64_t cells = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;

	need(argc >= 3 && dlb_base_init() == DLB_OK, "usage",
		"meeting_bench carrier HOME CELLS | equals DIR CELLS | meet "
		"DIR");
	if (strcmp(argv[1], "meet") == 0)
		return meet_equals(argv[2]);
	need(cells > 0 && cells < (1u << 28), "usage", "so many cells");
	if (strcmp(argv[1], "carrier") == 0)
		make_carrier(argv[2], (uint32_t)cells);
	else
		make_equals(argv[2], (uint32_t)cells);
	return 0;
}
