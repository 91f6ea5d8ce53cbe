/*
 * What it takes that two ends with as many ids each know what the other lacks: bytes
 * in both directions, and the processor's time of each end.
 *
 *	reconcile_bench [ids] [rounds]        (1,000,000 and 5)
 *
 * For 10, 1,000 and 100,000 differences, half of them on either side, a line for each
 * figure and round:
 *
 *	bytes_N      count and counters (2 bytes each) of both ends, symbols, requests
 *	             for more, the ids that the hearer lacks; no frames around them
 *	waits_N      times that the hearer asked for more
 *	teller_N     seconds of the processor, all cores: counters, symbols
 *	hearer_N     the same: counters, own symbols, peeling, what was found
 * and
 *	symbols_N, symbols_N_p99   needed for each difference: mean, 99 of 100 draws
 *
 * Ids are made and sorted before (ids_cpu: a million SipHash of 16 bytes), as both are
 * needed for whatever way to compare.
 */
#include "common.h"
#include "reconcile.h"

#include "crypto.h"

#include <string.h>

static struct dlb_env_seeded env;

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int
compare_sizes(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

static void *
room(size_t n, size_t size)
{
	void *p = calloc(n > 0 ? n : 1, size);

	need(p, "memory", "there is not enough");
	return p;
}

/* Both of n ids, of which `only` are the one's alone. */
struct pair {
	uint8_t key[DLB_RECON_KEY_LEN];
	uint64_t *a, *b;
	size_t n, only;
};

static void
draw(struct pair *p, size_t n, size_t only)
{
	p->n = n;
	p->only = only;
	p->a = room(n, sizeof(*p->a));
	p->b = room(n, sizeof(*p->b));
	dlb_random(&env.env, p->key, sizeof(p->key));
	dlb_random(&env.env, p->a, n * sizeof(*p->a));
	memcpy(p->b, p->a, n * sizeof(*p->a));
	dlb_random(&env.env, p->b, only * sizeof(*p->b));
	qsort(p->a, n, sizeof(*p->a), compare_ids);
	qsort(p->b, n, sizeof(*p->b), compare_ids);
}

static void
drop(struct pair *p)
{
	free(p->a);
	free(p->b);
}

static void
good(enum dlb_status status, const char *what)
{
	need(status == DLB_OK, what, dlb_status_text(status));
}

/* ---- the whole course -------------------------------------------------------------- */

struct course {
	size_t bytes, waits;
	double teller, hearer;
};

/* The next symbols of the teller's, up to `to`. */
static uint8_t *
tell(struct dlb_recon_set *s, size_t from, size_t to)
{
	size_t len = (to - from) * DLB_RECON_SYMBOL_LEN;
	uint8_t *told = room(len, 1);
	struct dlb_writer w;

	good(dlb_recon_grow(s, to), "making symbols");
	dlb_writer_init(&w, told, len);
	dlb_recon_write(s, &w, from, to - from);
	return told;
}

static struct course
reconcile(const struct pair *p)
{
	int32_t a[DLB_RECON_COUNTERS] = {0}, b[DLB_RECON_COUNTERS] = {0};
	struct dlb_recon_set teller, hearer;
	struct dlb_recon_decoder d;
	struct course c = {0};
	size_t from = 0, to;
	double at = cpu();

	dlb_recon_count(a, p->a, p->n);
	good(dlb_recon_set_init(&teller, p->key, p->a, p->n), "a set");
	c.teller += cpu() - at;
	at = cpu();
	dlb_recon_count(b, p->b, p->n);
	good(dlb_recon_set_init(&hearer, p->key, p->b, p->n), "a set");
	dlb_recon_decoder_init(&d, &hearer, DLB_RECON_SYMBOLS_MAX, p->n);
	c.hearer += cpu() - at;
	c.bytes = 2 * (4 + 2 * DLB_RECON_COUNTERS);
	to = dlb_recon_first(dlb_recon_differ(a, b));
	for (;;) {
		uint8_t *told;

		at = cpu();
		told = tell(&teller, from, to);
		c.teller += cpu() - at;
		c.bytes += (to - from) * DLB_RECON_SYMBOL_LEN;
		at = cpu();
		good(dlb_recon_grow(&hearer, to), "making symbols");
		good(dlb_recon_add(&d, told, to - from), "hearing symbols");
		free(told);
		from = to;
		to = dlb_recon_done(&d) ? 0 : dlb_recon_more(&d);
		c.hearer += cpu() - at;
		if (to == 0)
			break;
		c.bytes += 4;
		c.waits++;
	}
	need(dlb_recon_theirs_n(&d) == p->only
			&& dlb_recon_ours_n(&d) == p->only,
		"reconciling", "something else was found");
	c.bytes += 4 + p->only * sizeof(uint64_t);
	dlb_recon_decoder_free(&d);
	dlb_recon_set_free(&hearer);
	dlb_recon_set_free(&teller);
	return c;
}

static void
named(const char *name, size_t differ, double value)
{
	char text[64];

	snprintf(text, sizeof(text), "%s_%zu", name, differ);
	figure(text, value);
}

static void
courses(size_t n, size_t differ)
{
	struct course c;
	struct pair p;

	draw(&p, n, differ / 2);
	c = reconcile(&p);
	drop(&p);
	named("bytes", differ, (double)c.bytes);
	named("waits", differ, (double)c.waits);
	named("teller", differ, c.teller);
	named("hearer", differ, c.hearer);
}

/* ---- how many symbols it takes ----------------------------------------------------- */

static size_t
least_symbols(size_t differ, size_t step)
{
	struct dlb_recon_set teller, hearer;
	struct dlb_recon_decoder d;
	size_t n = 0, most = 4 * differ + 400;
	uint8_t *told;
	struct pair p;

	draw(&p, differ / 2, differ / 2);
	good(dlb_recon_set_init(&teller, p.key, p.a, p.n), "a set");
	good(dlb_recon_set_init(&hearer, p.key, p.b, p.n), "a set");
	dlb_recon_decoder_init(&d, &hearer, most, p.n);
	told = tell(&teller, 0, most);
	for (; n < most && !dlb_recon_done(&d); n += step)
		good(dlb_recon_add(&d, told + n * DLB_RECON_SYMBOL_LEN, step),
			"hearing symbols");
	need(dlb_recon_done(&d), "reconciling", "it does not end");
	free(told);
	dlb_recon_decoder_free(&d);
	dlb_recon_set_free(&hearer);
	dlb_recon_set_free(&teller);
	drop(&p);
	return n;
}

static void
symbols(size_t differ, size_t draws)
{
	size_t *taken = room(draws, sizeof(*taken)), sum = 0;

	for (size_t i = 0; i < draws; i++) {
		taken[i] = least_symbols(differ, differ / 1000 + 1);
		sum += taken[i];
	}
	qsort(taken, draws, sizeof(*taken), compare_sizes);
	named("symbols", differ, (double)sum / (double)draws / (double)differ);
	named("symbols_p99", differ,
		(double)taken[draws * 99 / 100] / (double)differ);
	free(taken);
}

static void
ids(size_t n)
{
	uint8_t(*names)[16] = room(n, sizeof(*names));
	uint64_t *out = room(n, sizeof(*out));
	uint8_t key[DLB_RECON_KEY_LEN];
	double at;

	dlb_random(&env.env, names, n * sizeof(*names));
	dlb_random(&env.env, key, sizeof(key));
	at = cpu();
	for (size_t i = 0; i < n; i++)
		out[i] = dlb_siphash(key, names[i], sizeof(*names));
	figure("ids_cpu", cpu() - at);
	free(out);
	free(names);
}

int
main(int argc, char **argv)
{
	static const struct {
		size_t differ, draws;
	} cases[] = {{10, 10000}, {1000, 200}, {100000, 5}};
	size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	size_t rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : 5;

	need(dlb_base_init() == DLB_OK, "the start", "it failed");
	need(n >= 50000 && n <= DLB_RECON_IDS_MAX && rounds > 0,
		"reading the arguments", "50,000 ids at least");
	dlb_pool_limit(0);
	dlb_env_seeded_init(&env, 1, DLB_EPOCH_MS);
	for (size_t r = 0; r < rounds; r++) {
		ids(n);
		for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++)
			courses(n, cases[i].differ);
	}
	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++)
		symbols(cases[i].differ, cases[i].draws);
	return 0;
}
