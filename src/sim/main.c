/*
 * dlb-sim: what the simulators say, as tables. Not installed.
 *
 *   dlb-sim spread [SEED]     delivery by policy, the table of docs/decisions.md
 */
#include "spread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS 3

static bool
run_one(const struct sim_spread *c, const char *copies, uint64_t seed)
{
	struct sim_spread_result sum = {.sent = 0};

	for (unsigned i = 0; i < SEEDS; i++) {
		struct sim_spread_result r;
		struct dlb_error err;

		if (sim_spread_run(&r, c, seed + i, &err) != DLB_OK) {
			fprintf(stderr, "dlb-sim: %s\n", err.msg);
			return false;
		}
		sum.sent += r.sent;
		sum.delivered += r.delivered;
		sum.transfers += r.transfers / SEEDS;
		sum.looks += r.looks / SEEDS;
	}
	printf("| %5u | %3s | %7s | %3s | %5.1f %% | %6.0f | %4.0f %% |\n",
		c->store, c->box_every ? "yes" : "no", copies,
		c->looks ? "yes" : "no", 100.0 * sum.delivered / sum.sent,
		sum.transfers, 100 * sum.looks);
	fflush(stdout);
	return true;
}

static int
spread(uint64_t seed)
{
	static const unsigned stores[] = {256, 1024};
	static const unsigned copies[] = {4, 8, 16, 32, 0};
	struct sim_spread c = {.nodes = 100,
		.meetings = 10,
		.weeks = 24,
		.places = 3,
		.contact = 128,
		.own = 2,
		.letters = 1};

	printf("100 nodes, 10 meetings each in a week, 24 weeks, %u cells each way "
	       "in a meeting,\n%u new ones from each side, seeds %llu to %llu\n\n",
		c.contact, c.own, (unsigned long long)seed,
		(unsigned long long)seed + SEEDS - 1);
	printf("| store | box | copies | look | delivered | transfers a delivery | "
	       "look copies in stores |\n"
	       "| --- | --- | --- | --- | --- | --- | --- |\n");
	for (unsigned s = 0; s < DLB_ARRAY_LEN(stores); s++)
		for (c.box_every = 0; c.box_every <= 5; c.box_every += 5)
			for (unsigned k = 0; k < DLB_ARRAY_LEN(copies); k++)
				for (int looks = 0; looks < (copies[k] ? 2 : 1);
					looks++) {
					char name[32];

					c.store = stores[s];
					c.copies = copies[k];
					c.looks = looks;
					if (copies[k])
						snprintf(name, sizeof(name),
							"%u, %u", copies[k],
							2 * copies[k]);
					else
						snprintf(name, sizeof(name),
							"no end");
					if (!run_one(&c, name, seed))
						return 1;
				}
	return 0;
}

int
main(int argc, char **argv)
{
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

	if (dlb_base_init() != DLB_OK)
		return 1;
	if (argc > 1 && strcmp(argv[1], "spread") == 0)
		return spread(seed);
	fprintf(stderr, "dlb-sim spread [SEED]\n");
	return 2;
}
