/*
 * The tables of dlb-sim lost and dlb-sim pool.
 */
#include "pool_table.h"

#include "pooling.h"

#include <math.h>
#include <stdio.h>

#define SEEDS_MAX 64

struct column {
	double of[SEEDS_MAX];
	unsigned n;
};

/* The mean, and twice its standard error. */
static void
print_column(const struct column *c)
{
	double mean = 0, sum = 0;

	for (unsigned i = 0; i < c->n; i++)
		mean += c->of[i] / c->n;
	for (unsigned i = 0; i < c->n; i++)
		sum += (c->of[i] - mean) * (c->of[i] - mean);
	printf(" %.3f ± %.3f |", mean,
		c->n > 1 ? 2 * sqrt(sum / (c->n - 1) / c->n) : 0);
}

static bool
run(struct sim_pool_result *r, const struct sim_pool *c, uint64_t seed)
{
	struct dlb_error err;

	if (sim_pool_run(r, c, seed, &err) == DLB_OK)
		return true;
	fprintf(stderr, "dlb-sim: %s\n", err.msg);
	return false;
}

static const struct sim_pool common = {.nodes = 100,
	.meetings = 10,
	.weeks = 20,
	.store = 512,
	.contact = 128,
	.own = 2,
	.letters = 0.5};

static bool
delivery(uint64_t seed, unsigned seeds)
{
	static const char *const kinds[] = {"honest", "lost for good",
		"drop all", "hoard", "give without counting"};
	static const struct {
		const char *name;
		unsigned need, of;
		bool stripes;
	} ways[] = {{"three cells, all needed", 3, 3, false},
		{"3 of 5, as they come", 3, 5, false},
		{"3 of 5, a courier each", 3, 5, true}};

	printf("| 20 of 100 couriers | a letter is | delivered |\n"
	       "| --- | --- | --- |\n");
	for (unsigned k = 0; k < DLB_ARRAY_LEN(kinds); k++)
		for (unsigned i = 0; i < DLB_ARRAY_LEN(ways); i++) {
			struct sim_pool c = common;
			struct column share = {.n = seeds};

			c.kind = (enum sim_pool_kind)k;
			c.bad = k ? 20 : 0;
			c.need = ways[i].need;
			c.of = ways[i].of;
			c.stripes = ways[i].stripes;
			for (unsigned s = 0; s < seeds; s++) {
				struct sim_pool_result r;

				if (!run(&r, &c, seed + s))
					return false;
				share.of[s] = (double)r.delivered / r.sent;
			}
			printf("| %s | %s |", kinds[k], ways[i].name);
			print_column(&share);
			printf("\n");
			fflush(stdout);
		}
	return true;
}

static bool
guesses(uint64_t seed, unsigned seeds)
{
	static const unsigned pooling[] = {5, 10};
	static const char *const leaks[] = {"this program", "no cover",
		"a reader keeps nothing", "letters with more copies",
		"letters stay together"};

	printf("| | pool | sender | reader: bait | reader: answer | linked | "
	       "cover: counter | cover: hands |\n"
	       "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
	for (unsigned k = 0; k < DLB_ARRAY_LEN(leaks); k++)
		for (unsigned p = k > 0; p < DLB_ARRAY_LEN(pooling); p++) {
			struct sim_pool c = common;
			struct column of[6];

			c.need = 3;
			c.of = 5;
			c.pooling = pooling[p];
			c.baits = 10;
			c.leak = (enum sim_pool_leak)k;
			for (unsigned s = 0; s < seeds; s++) {
				struct sim_pool_result r;

				if (!run(&r, &c, seed + s))
					return false;
				of[0].of[s] = r.sender.auc;
				of[1].of[s] = r.reader.auc;
				of[2].of[s] = r.answer.auc;
				of[3].of[s] = r.linked.auc;
				of[4].of[s] = r.counter.auc;
				of[5].of[s] = r.cover.auc;
			}
			printf("| %s | %u |", leaks[k], pooling[p]);
			for (unsigned i = 0; i < 6; i++) {
				of[i].n = seeds;
				print_column(&of[i]);
			}
			printf("\n");
			fflush(stdout);
		}
	return true;
}

int
sim_pool_tables(uint64_t seed, unsigned seeds, bool lost)
{
	if (seeds == 0 || seeds > SEEDS_MAX)
		seeds = SEEDS_MAX;
	printf("%u nodes, %u meetings each in a week, %u weeks, %u cells each way "
	       "in a meeting,\n%u new ones from each side, stores of %u, seeds "
	       "%llu to %llu; ± twice the standard error\n\n",
		common.nodes, common.meetings, common.weeks, common.contact,
		common.own, common.store, (unsigned long long)seed,
		(unsigned long long)seed + seeds - 1);
	return (lost ? delivery(seed, seeds) : guesses(seed, seeds)) ? 0 : 1;
}
