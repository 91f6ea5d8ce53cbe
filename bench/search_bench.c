/*
 * How many cells of a satchel are searched for one's own, beside one bare scalar
 * multiplication a cell with as many threads.
 *
 *	search_bench DIR [cells] [rounds]       (8192, 3)
 *
 * The satchel is a home's own, filled with cells that are none of its reader's, as
 * a courier's stick would be. What is written to DIR is removed again.
 */
#include "common.h"
#include "finding.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define BATCH 256

struct bench {
	struct dlb_node *node;
	uint8_t *cells; /* of a batch */
	uint8_t (*handles)[DLB_HANDLE_LEN];
	uint8_t scalar[DLB_SCALAR_LEN];
	uint32_t *numbers;
	size_t n;
	_Atomic unsigned long failed;
};

static struct dlb_error err;

static void
check(enum dlb_status st, const char *what)
{
	need(st == DLB_OK, what, err.msg);
}

static void
make_home(struct bench *b, const char *dir)
{
	static const uint8_t key[32] = "measure";
	struct dlb_home_options o = {.name = "reader",
		.size = dlb_satchel_size_of((uint32_t)(2 * b->n + 64)),
		.sparse = true,
		.unlock = {DLB_UNLOCK_KEYFILE, key, sizeof(key)}};

	check(dlb_node_create(&b->node, dir, &o, dlb_env_system(), NULL, &err),
		"making a home");
}

/* The cells of a letter to somebody else, without its head. */
static void
fill(struct bench *b)
{
	const struct dlb_env *env = dlb_env_system();
	struct dlb_satchel_item items[BATCH] = {0};
	struct dlb_stripe stripe = {.k = 1, .n = 1};
	uint16_t week = b->node->clock.trusted_week;

	dlb_random(env, stripe.stripe_key, sizeof(stripe.stripe_key));
	dlb_random(env, stripe.letter_key, sizeof(stripe.letter_key));
	stripe.expiry_week = (uint16_t)(week + DLB_CELL_LIFETIME_WEEKS);
	stripe.content_len = stripe.stripe_len =
		b->n * (uint64_t)DLB_BULK_CONTENT_LEN;
	check(dlb_stripe_layout(&stripe, 0), "the layout");
	for (size_t at = 0; at < b->n; at += BATCH) {
		for (size_t i = 0; i < BATCH; i++) {
			uint8_t *cell = b->cells + i * DLB_CELL_LEN;

			dlb_bulk_seal(cell, b->node->aead[0], &stripe,
				(uint32_t)(at + i + 1), NULL, 0, env);
			memcpy(b->handles[at + i], cell + DLB_WAYBILL_LEN,
				DLB_HANDLE_LEN);
			items[i] = (struct dlb_satchel_item){
				.cell = cell, .flags = DLB_SHOWN};
			dlb_cell_name(items[i].core, items[i].name, cell);
		}
		check(dlb_satchel_put(
			      b->node->satchel, items, BATCH, week, &err),
			"putting cells");
		for (size_t i = 0; i < BATCH; i++) {
			need(items[i].result == DLB_OK, "putting cells",
				"no room");
			b->numbers[at + i] = items[i].number;
		}
	}
}

static void
bare(void *ctx, size_t i, unsigned worker)
{
	struct bench *b = ctx;
	uint8_t out[DLB_POINT_LEN];

	(void)worker;
	if (crypto_scalarmult_ristretto255(out, b->scalar, b->handles[i]) != 0)
		b->failed++;
}

static void
search(struct bench *b)
{
	struct dlb_hit *hits;
	size_t hits_n;

	check(dlb_node_trial(b->node, b->node->satchel, b->numbers, b->n, NULL,
		      &hits, &hits_n, NULL, &err),
		"searching");
	need(hits_n == 0, "searching", "a stranger's cell was found");
	free(hits);
}

static void
remove_home(const char *dir)
{
	static const char *const names[] = {
		"letterbox", "ring", "satchel", "lock"};
	char path[4096];

	for (size_t i = 0; i < DLB_ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

int
main(int argc, char **argv)
{
	static struct bench b;
	unsigned rounds = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 3;
	char dir[3072];

	b.n = argc > 2 ? strtoul(argv[2], NULL, 10) : 8192;
	need(argc >= 2 && b.n >= BATCH && b.n % BATCH == 0
			&& dlb_base_init() == DLB_OK,
		"usage",
		"search_bench DIR [cells, a multiple of 256] [rounds]");
	need(snprintf(dir, sizeof(dir), "%s/search.home", argv[1])
			< (int)sizeof(dir),
		"usage", "too long a path");
	b.cells = malloc((size_t)BATCH * DLB_CELL_LEN);
	b.handles = malloc(b.n * sizeof(*b.handles));
	b.numbers = malloc(b.n * sizeof(*b.numbers));
	need(b.cells && b.handles && b.numbers, "memory", "not enough");
	dlb_scalar_random(b.scalar, dlb_env_system());
	make_home(&b, dir);
	fill(&b);
	for (unsigned r = 0; r < rounds; r++) {
		double start = now();

		dlb_pool_run(b.n, bare, &b);
		figure("scalarmult", now() - start);
		start = now();
		search(&b);
		figure("search", now() - start);
	}
	need(b.failed == 0, "libsodium", "refused a handle");
	figure("threads", dlb_pool_width());
	dlb_node_close(b.node);
	remove_home(dir);
	free(b.cells);
	free(b.handles);
	free(b.numbers);
	return 0;
}
