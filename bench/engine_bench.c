/*
 * Two meeting engines in memory, 1,000,000 cells on each side, until both know what
 * to send: bytes in both directions, seconds of a processor on either side, round
 * trips.
 *
 *	engine_bench [cells] [rounds]        (1000000 and 3)
 *
 * Names bytes_D, cpu_D (of the side that has more to do), wall_D (of both one after
 * the other), trips_D, memory_D for D cells that only one of them has (half on each
 * side).
 */
#include "common.h"
#include "engine.h"

#include <string.h>

#define WEEKS 12
#define FIRST_WEEK 100

struct side {
	struct dlb_meeting *m;
	struct dlb_meeting_cell *cells;
	double cpu;
};

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
make_cells(struct side *sides, size_t n, size_t differ)
{
	const struct dlb_env *env = dlb_env_system();

	for (size_t i = 0; i < n; i++) {
		struct dlb_meeting_cell *c = &sides[0].cells[i];

		memset(c, 0, sizeof(*c));
		dlb_random(env, c->name, sizeof(c->name));
		c->number = (uint32_t)i;
		c->copies = 4;
		c->expiry_week =
			(uint16_t)(FIRST_WEEK + dlb_random_below(env, WEEKS));
		sides[1].cells[i] = *c;
		if (i < differ / 2)
			dlb_random(
				env, sides[1].cells[i].name, sizeof(c->name));
	}
}

static void
start(struct side *s, bool caller, size_t n, const uint8_t exporter[32])
{
	struct dlb_meeting_config c = {.caller = caller,
		.cells = s->cells,
		.cells_n = n,
		.room = UINT32_MAX,
		.window = 64,
		.now_week = FIRST_WEEK,
		.env = dlb_env_system()};
	struct dlb_error err;
	double before = cpu();

	memcpy(c.exporter, exporter, 32);
	need(dlb_meeting_new(&s->m, &c, &err) == DLB_OK, "a meeting", err.msg);
	s->cpu = cpu() - before;
}

/* All that one has to say goes to the other; nothing is answered to FETCH. */
static bool
pass(struct side *from, struct side *to)
{
	struct dlb_meeting_action a, b;
	double before = cpu(), between;
	bool any = dlb_meeting_next(from->m, &a);
	size_t used = 0;

	from->cpu += cpu() - before;
	if (!any)
		return false;
	need(a.what != DLB_MEETING_FAILED, "the meeting",
		dlb_meeting_end_text(a.end));
	if (a.what == DLB_MEETING_DONE)
		return false;
	if (a.what != DLB_MEETING_SEND)
		return true;
	between = cpu();
	while (used < a.len) {
		used += dlb_meeting_receive(to->m, a.data + used, a.len - used);
		/* The rest waits until it has been told who it is. */
		if (used < a.len)
			need(dlb_meeting_next(to->m, &b)
					&& b.what == DLB_MEETING_PEER,
				"the meeting", "bytes are left");
	}
	to->cpu += cpu() - between;
	dlb_meeting_sent(from->m, a.len);
	return true;
}

static uint64_t
bytes_of(const struct dlb_meeting_stats *s)
{
	return s->out[DLB_MEETING_CONTROL] + s->out[DLB_MEETING_SYMBOLS];
}

static void
named(const char *what, size_t differ, double value)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%zu", what, differ);
	figure(name, value);
}

static void
meet(struct side *sides, size_t n, size_t differ)
{
	struct dlb_meeting_stats s[2];
	uint8_t exporter[32];
	double begin = now();
	bool any = true;

	dlb_random(dlb_env_system(), exporter, sizeof(exporter));
	for (int i = 0; i < 2; i++)
		start(&sides[i], i == 0, n, exporter);
	while (any) {
		any = pass(&sides[0], &sides[1]);
		any |= pass(&sides[1], &sides[0]);
	}
	for (int i = 0; i < 2; i++) {
		dlb_meeting_stats(sides[i].m, &s[i]);
		need(s[i].settled && s[i].lacking == differ / 2
				&& s[i].to_give == differ / 2,
			"comparing", "not all was found");
	}
	named("bytes", differ, (double)(bytes_of(&s[0]) + bytes_of(&s[1])));
	named("cpu", differ,
		sides[0].cpu > sides[1].cpu ? sides[0].cpu : sides[1].cpu);
	named("wall", differ, now() - begin);
	named("trips", differ, s[0].round_trips);
	named("memory", differ, (double)s[1].memory_peak);
	for (int i = 0; i < 2; i++)
		dlb_meeting_free(sides[i].m);
}

int
main(int argc, char **argv)
{
	static const size_t differs[] = {0, 10, 1000, 100000};
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 3;
	struct side sides[2];

	need(n >= differs[3] && dlb_base_init() == DLB_OK, "usage",
		"engine_bench [cells, at least 100000] [rounds]");
	for (int i = 0; i < 2; i++) {
		sides[i].cells = calloc(n, sizeof(*sides[i].cells));
		need(sides[i].cells != NULL, "memory", "not enough");
	}
	for (unsigned r = 0; r < rounds; r++)
		for (size_t i = 0; i < DLB_ARRAY_LEN(differs); i++) {
			make_cells(sides, n, differs[i]);
			meet(sides, n, differs[i]);
		}
	free(sides[0].cells);
	free(sides[1].cells);
	return 0;
}
