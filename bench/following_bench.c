/*
 * What following many authors costs: computing the handles that their bulletins can
 * have, keeping them, and asking of each cell whether it has one; beside one scalar
 * multiplication a cell, which is what a trial for a single author would cost.
 *
 *	following_bench DIR [authors] [cells] [rounds]       (1000, 8192, 3)
 *
 * What is written to DIR is removed again.
 */
#include "common.h"
#include "following.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

struct bench {
	struct dlb_node *node;
	struct dlb_following *f;
	uint8_t (*prefixes)[DLB_TRIAL_LEN];
	uint8_t scalar[DLB_SCALAR_LEN];
	size_t n;
	_Atomic unsigned long found;
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
		.size = dlb_satchel_size_of(1024),
		.sparse = true,
		.unlock = {DLB_UNLOCK_KEYFILE, key, sizeof(key)}};

	check(dlb_node_create(&b->node, dir, &o, dlb_env_system(), NULL, &err),
		"making a home");
}

/* Cards that say no more than is looked at here. */
static void
add_authors(struct bench *b, size_t authors)
{
	struct dlb_card *card = calloc(1, sizeof(*card));
	uint8_t key[DLB_KEY_LEN];

	need(card != NULL, "memory", "not enough");
	for (size_t i = 0; i < authors; i++) {
		struct dlb_author a;

		card->serial = 1;
		snprintf(card->name, sizeof(card->name), "author %zu", i);
		dlb_random(dlb_env_system(), &card->identity,
			sizeof(card->identity));
		dlb_random(dlb_env_system(), key, sizeof(key));
		dlb_card_set_bulletin_key(card, key);
		check(dlb_author_add(dlb_node_letterbox(b->node), &a, card,
			      NULL, &err),
			"following");
	}
	free(card);
}

static double
load(struct bench *b)
{
	double start;

	dlb_following_free(b->f);
	start = now();
	check(dlb_following_new(&b->f, b->node, &err), "the handles");
	return now() - start;
}

static void
ask(void *ctx, size_t i, unsigned worker)
{
	struct bench *b = ctx;
	struct dlb_hit hit = {.number = 0};

	(void)worker;
	b->found += dlb_following_try(b->f, b->prefixes[i], &hit);
}

static void
bare(void *ctx, size_t i, unsigned worker)
{
	struct bench *b = ctx;
	uint8_t out[DLB_POINT_LEN];

	(void)worker;
	b->found += crypto_scalarmult_ristretto255(
			    out, b->scalar, b->prefixes[i] + DLB_WAYBILL_LEN)
		!= 0;
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
	size_t authors = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;
	unsigned rounds = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 3;
	char dir[3072];
	double start;

	b.n = argc > 3 ? strtoul(argv[3], NULL, 10) : 8192;
	need(argc >= 2 && authors > 0 && b.n > 0 && dlb_base_init() == DLB_OK,
		"usage", "following_bench DIR [authors] [cells] [rounds]");
	need(snprintf(dir, sizeof(dir), "%s/following.home", argv[1])
			< (int)sizeof(dir),
		"usage", "too long a path");
	b.prefixes = calloc(b.n, sizeof(*b.prefixes));
	need(b.prefixes != NULL, "memory", "not enough");
	dlb_scalar_random(b.scalar, dlb_env_system());
	for (size_t i = 0; i < b.n; i++) {
		uint8_t uniform[64];

		dlb_random(dlb_env_system(), uniform, sizeof(uniform));
		b.prefixes[i][0] = 1;
		dlb_point_from_uniform(
			b.prefixes[i] + DLB_WAYBILL_LEN, uniform);
	}
	make_home(&b, dir);
	add_authors(&b, authors);
	figure("follow", load(&b) / (double)authors);
	for (unsigned r = 0; r < rounds; r++) {
		start = now();
		check(dlb_letterbox_commit(b.node->letterbox, &err), "saving");
		if (r == 0)
			figure("save", now() - start);
		figure("load", load(&b));
		b.node->clock.now_ms += DLB_DAY_MS;
		figure("day", load(&b));
		start = now();
		dlb_pool_run(b.n, bare, &b);
		figure("scalarmult", now() - start);
		start = now();
		dlb_pool_run(b.n, ask, &b);
		figure("ask", now() - start);
	}
	need(b.found == 0, "the cells", "one was of an author, or no element");
	figure("threads", dlb_pool_width());
	dlb_following_free(b.f);
	dlb_node_close(b.node);
	remove_home(dir);
	free(b.prefixes);
	return 0;
}
