/*
 * How fast one letter is sealed into cells and opened again, beside OpenSSL's
 * ChaCha20-Poly1305 alone over the same buffers with as many threads; and how
 * many cells a second are searched for one's own.
 *
 *	cell_bench [MiB] [rounds]        (256 and 3)
 *
 * One line of JSON for each number of threads. Of the rounds, which take turns so
 * that other work on the machine hits all alike, the best counts.
 */
#include "cell.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORKERS_MAX 64

struct bench {
	const struct dlb_env *env;
	struct dlb_stripe stripe;
	uint8_t *content; /* the letter; opening writes it again */
	uint8_t *cells;
	struct dlb_aead *aead[WORKERS_MAX];
	EVP_CIPHER_CTX *raw[WORKERS_MAX];
	uint8_t finding_secret[DLB_SCALAR_LEN];
	struct dlb_identity reader;
	unsigned long found;
};

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "cell_bench: %s failed\n", what);
	exit(1);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Each of these does cell i + 1. */
static void
seal_one(void *ctx, size_t i, unsigned worker)
{
	struct bench *b = ctx;
	uint64_t offset;
	size_t len;

	dlb_stripe_range(&b->stripe, (uint32_t)i + 1, &offset, &len);
	dlb_bulk_seal(b->cells + i * DLB_CELL_LEN, b->aead[worker], &b->stripe,
		(uint32_t)i + 1, b->content + offset, len, b->env);
}

static void
open_one(void *ctx, size_t i, unsigned worker)
{
	struct bench *b = ctx;
	size_t len;

	need(dlb_bulk_open(b->content + b->stripe.inline_len
			     + i * DLB_BULK_CONTENT_LEN,
		     &len, b->aead[worker], b->cells + i * DLB_CELL_LEN,
		     &b->stripe, (uint32_t)i + 1)
			== DLB_OK,
		"opening a cell");
}

static const uint8_t raw_key[32], raw_iv[12];

static void
raw_seal_one(void *ctx, size_t i, unsigned worker)
{
	struct bench *b = ctx;
	EVP_CIPHER_CTX *c = b->raw[worker];
	uint8_t *out = b->cells + i * DLB_CELL_LEN;
	const uint8_t *in =
		b->content + b->stripe.inline_len + i * DLB_BULK_CONTENT_LEN;
	int n;

	need(EVP_EncryptInit_ex(c, NULL, NULL, raw_key, raw_iv) == 1
			&& EVP_EncryptUpdate(
				   c, out, &n, in, DLB_BULK_CONTENT_LEN)
				== 1
			&& EVP_EncryptFinal_ex(c, out + n, &n) == 1
			&& EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16,
				   out + DLB_BULK_CONTENT_LEN)
				== 1,
		"OpenSSL's sealing");
}

static void
raw_open_one(void *ctx, size_t i, unsigned worker)
{
	struct bench *b = ctx;
	EVP_CIPHER_CTX *c = b->raw[worker];
	uint8_t *in = b->cells + i * DLB_CELL_LEN;
	uint8_t *out =
		b->content + b->stripe.inline_len + i * DLB_BULK_CONTENT_LEN;
	int n;

	need(EVP_DecryptInit_ex(c, NULL, NULL, raw_key, raw_iv) == 1
			&& EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16,
				   in + DLB_BULK_CONTENT_LEN)
				== 1
			&& EVP_DecryptUpdate(
				   c, out, &n, in, DLB_BULK_CONTENT_LEN)
				== 1
			&& EVP_DecryptFinal_ex(c, out + n, &n) == 1,
		"OpenSSL's opening");
}

static void
find_one(void *ctx, size_t i, unsigned worker)
{
	struct bench *b = ctx;
	uint8_t shared[DLB_POINT_LEN];

	(void)worker;
	if (dlb_find(shared, b->cells + i * DLB_CELL_LEN, b->finding_secret,
		    &b->reader)
		== DLB_OK)
		__atomic_fetch_add(&b->found, 1, __ATOMIC_RELAXED);
}

static void
name_one(void *ctx, size_t i, unsigned worker)
{
	struct bench *b = ctx;
	uint8_t core[DLB_HASH_LEN], name[DLB_NAME_LEN];

	(void)worker;
	dlb_cell_name(core, name, b->cells + i * DLB_CELL_LEN);
}

static const struct {
	const char *name;
	dlb_pool_fn fn;
} works[] = {
	{"raw_seal", raw_seal_one},
	{"raw_open", raw_open_one},
	{"seal", seal_one},
	{"open", open_one},
	{"find", find_one},
	{"name", name_one},
};
enum { RAW_SEAL, RAW_OPEN, SEAL, OPEN, FIND, NAME, WORKS };

/* Seconds, of one round. */
static double
run(struct bench *b, dlb_pool_fn fn, size_t n, bool threads)
{
	double start = now();

	if (threads)
		dlb_pool_run(n, fn, b);
	else
		for (size_t i = 0; i < n; i++)
			fn(b, i, 0);
	return now() - start;
}

static void
measure(struct bench *b, size_t n, int rounds, bool threads)
{
	double best[WORKS], mb = (double)n * DLB_BULK_CONTENT_LEN / 1e6;

	for (int r = 0; r < rounds; r++)
		for (int w = 0; w < WORKS; w++) {
			double t = run(b, works[w].fn, n, threads);

			if (r == 0 || t < best[w])
				best[w] = t;
		}
	printf("{\"bench\":\"cell\",\"threads\":%u,\"cells\":%zu",
		threads ? dlb_pool_width() : 1, n);
	for (int w = RAW_SEAL; w <= OPEN; w++)
		printf(",\"%s_mb_s\":%.0f", works[w].name, mb / best[w]);
	printf(",\"seal_ratio\":%.3f,\"open_ratio\":%.3f,"
	       "\"seal_open_ratio\":%.3f,\"find_per_s\":%.0f,"
	       "\"name_per_s\":%.0f}\n",
		best[RAW_SEAL] / best[SEAL], best[RAW_OPEN] / best[OPEN],
		(best[RAW_SEAL] + best[RAW_OPEN]) / (best[SEAL] + best[OPEN]),
		(double)n / best[FIND], (double)n / best[NAME]);
	fflush(stdout);
}

static void
prepare(struct bench *b, uint64_t len)
{
	need(dlb_base_init() == DLB_OK, "the start");
	b->env = dlb_env_system();
	b->stripe.k = b->stripe.n = 1;
	b->stripe.content_len = b->stripe.stripe_len = len;
	b->stripe.expiry_week = 100;
	dlb_random(b->env, b->stripe.stripe_key, DLB_KEY_LEN);
	dlb_random(b->env, b->stripe.letter_key, DLB_KEY_LEN);
	dlb_random(b->env, b->stripe.recall_key, DLB_KEY_LEN);
	dlb_scalar_random(b->finding_secret, b->env);
	need(dlb_stripe_layout(&b->stripe, 0) == DLB_OK, "the layout");
	/* Opening writes whole cells, padding too. */
	b->content = malloc((size_t)b->stripe.cells * DLB_CELL_LEN);
	b->cells = malloc((size_t)b->stripe.cells * DLB_CELL_LEN);
	need(b->content && b->cells, "memory");
	dlb_random(b->env, b->content, (size_t)len);
	memset(b->content + len, 0,
		(size_t)b->stripe.cells * DLB_CELL_LEN - (size_t)len);
	memset(b->cells, 0, (size_t)b->stripe.cells * DLB_CELL_LEN);
	for (unsigned i = 0; i < dlb_pool_width() && i < WORKERS_MAX; i++) {
		need(dlb_aead_new(&b->aead[i]) == DLB_OK, "OpenSSL");
		b->raw[i] = EVP_CIPHER_CTX_new();
		need(b->raw[i]
				&& EVP_CipherInit_ex(b->raw[i],
					   EVP_chacha20_poly1305(), NULL, NULL,
					   NULL, 1)
					== 1,
			"OpenSSL");
	}
}

int
main(int argc, char **argv)
{
	static struct bench b;
	uint64_t mib = argc > 1 ? strtoull(argv[1], NULL, 10) : 256;
	int rounds = argc > 2 ? atoi(argv[2]) : 3;

	need(mib >= 1 && mib <= 16384 && rounds >= 1, "reading the arguments");
	dlb_pool_limit(0);
	need(dlb_pool_width() <= WORKERS_MAX, "using so many cores");
	prepare(&b, mib << 20);
	measure(&b, b.stripe.cells - 1, rounds, false);
	measure(&b, b.stripe.cells - 1, rounds, true);
	need(b.found == 0, "finding nothing");
	for (unsigned i = 0; i < dlb_pool_width(); i++) {
		dlb_aead_free(b.aead[i]);
		EVP_CIPHER_CTX_free(b.raw[i]);
	}
	free(b.content);
	free(b.cells);
	return 0;
}
