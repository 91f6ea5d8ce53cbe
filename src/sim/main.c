/*
 * dlb-sim: what the simulators say, as tables. Not installed.
 *
 *   dlb-sim spread [SEED]     delivery by policy, the table of docs/decisions.md
 *   dlb-sim tokens [SEED]     what those who pool make of tokens, the same page
 *   dlb-sim lost [SEED [N]]   delivery where couriers are lost or bad: docs/bench.md
 *   dlb-sim pool [SEED [N]]   what couriers who pool all they see find out
 */
#include "pool_table.h"
#include "spread.h"
#include "tokens.h"

#include <math.h>
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

static void
add_guess(struct sim_guess *sum, const struct sim_guess *g)
{
	sum->tries += g->tries;
	sum->right += g->right;
	sum->chance += g->chance;
	sum->variance += g->variance;
}

static void
print_guess(const struct sim_guess *g)
{
	printf("%5.1f %% of %5.0f (%4.1f, %+5.1f) | ",
		g->tries > 0 ? 100 * g->right / g->tries : 0, g->tries,
		g->tries > 0 ? 100 * g->chance / g->tries : 0,
		g->variance > 0 ? (g->right - g->chance) / sqrt(g->variance)
				: 0);
}

static bool
tokens_row(const struct sim_tokens *c, const char *rule, uint64_t seed)
{
	struct sim_tokens_result sum = {.sent = 0};

	for (unsigned i = 0; i < SEEDS; i++) {
		struct sim_tokens_result r;
		struct dlb_error err;

		if (sim_tokens_run(&r, c, seed + i, &err) != DLB_OK) {
			fprintf(stderr, "dlb-sim: %s\n", err.msg);
			return false;
		}
		sum.sent += r.sent;
		sum.delivered += r.delivered;
		sum.answered += r.answered;
		add_guess(&sum.first, &r.first);
		add_guess(&sum.first_other, &r.first_other);
		sum.linked.auc += r.linked.auc / SEEDS;
		sum.cover.auc += r.cover.auc / SEEDS;
		sum.real_unseen += r.real_unseen / SEEDS;
		sum.real_all += r.real_all / SEEDS;
		sum.back_real += r.back_real / SEEDS;
		sum.back_cover += r.back_cover / SEEDS;
	}
	printf("| %-9s | %3u | %2.0f, %2.0f %% | %2.0f, %2.0f %% | ", rule,
		c->pooling, 100.0 * sum.delivered / sum.sent,
		100.0 * sum.answered / sum.sent, 100 * sum.back_real,
		100 * sum.back_cover);
	print_guess(&sum.first);
	print_guess(&sum.first_other);
	printf("%.3f | %.3f | %4.1f, %4.1f %% |\n", sum.linked.auc,
		sum.cover.auc, 100 * sum.real_unseen, 100 * sum.real_all);
	fflush(stdout);
	return true;
}

static int
tokens(uint64_t seed)
{
	static const char *const rules[] = {
		"none", "shipped", "at once", "by reader"};
	static const unsigned pooling[] = {5, 10, 50};
	struct sim_tokens c = {.nodes = 100,
		.meetings = 10,
		.weeks = 30,
		.store = 1024,
		.contact = 256,
		.own = 2,
		.shown = 64,
		.letters = 1,
		.size = 4};

	printf("100 nodes, 10 meetings each in a week, 30 weeks; %u new cells and "
	       "tokens of each in a meeting,\nletters of 1 to %u cells, seeds "
	       "%llu to %llu\n\n",
		c.own, c.size, (unsigned long long)seed,
		(unsigned long long)seed + SEEDS - 1);
	printf("| rule | pool | delivered, answered | called back: real, cover | "
	       "reader: first (chance, sigma) | first other | linked | cover | "
	       "real of unseen, of all |\n"
	       "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
	for (unsigned k = 0; k < DLB_ARRAY_LEN(pooling); k++)
		for (unsigned rule = k > 0; rule < DLB_ARRAY_LEN(rules);
			rule++) {
			c.pooling = pooling[k];
			c.rule = (enum sim_tokens_rule)rule;
			if (!tokens_row(&c, rules[rule], seed))
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
	if (argc > 1 && strcmp(argv[1], "tokens") == 0)
		return tokens(seed);
	if (argc > 1
		&& (strcmp(argv[1], "pool") == 0
			|| strcmp(argv[1], "lost") == 0))
		return sim_pool_tables(seed,
			argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 10,
			argv[1][0] == 'l');
	fprintf(stderr,
		"dlb-sim spread [SEED]\ndlb-sim tokens [SEED]\ndlb-sim lost [SEED [N]]\n"
		"dlb-sim pool [SEED [N]]\n");
	return 2;
}
