/*
 * How fast one letter is sealed into cells and opened again, handles included,
 * beside OpenSSL's ChaCha20-Poly1305 alone over the same buffers with as many
 * threads; how fast cells are named; and how long the erasure code takes over the
 * content, 3 of 5, on the one thread that it has when a letter is sent.
 *
 *	cell_bench [MiB] [rounds] [threads]        (256, 3, one a core)
 *
 * The works take turns, so that what else the machine does hits all alike.
 */
#include "cell.h"
#include "common.h"
#include "share.h"

#include <openssl/evp.h>
#include <string.h>

#define WORKERS_MAX 64

struct bench {
	const struct dlb_env *env;
	struct dlb_stripe stripe;
	uint8_t *content; /* the letter; opening writes it again */
	uint8_t *cells;
	struct dlb_aead *aead[WORKERS_MAX];
	EVP_CIPHER_CTX *raw[WORKERS_MAX];
};

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
		"opening a cell", "failed");
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
		"OpenSSL's sealing", "failed");
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
		"OpenSSL's opening", "failed");
}

static void
name_one(void *ctx, size_t i, unsigned worker)
{
	struct bench *b = ctx;
	uint8_t core[DLB_HASH_LEN], name[DLB_NAME_LEN];

	(void)worker;
	dlb_cell_name(core, name, b->cells + i * DLB_CELL_LEN);
}

/* In this order: what the raw ones leave in the buffers is no cell. */
static const struct {
	const char *name;
	dlb_pool_fn fn;
} works[] = {
	{"raw_seal", raw_seal_one},
	{"raw_open", raw_open_one},
	{"seal", seal_one},
	{"name", name_one},
	{"open", open_one},
};
enum { RAW_SEAL, RAW_OPEN, SEAL, NAME, OPEN, WORKS };

#define NEED 3
#define OF 5

static double
code_all(const struct bench *b)
{
	static uint8_t parity[OF - NEED][DLB_BULK_CONTENT_LEN];
	size_t blocks = b->stripe.content_len / (NEED * DLB_BULK_CONTENT_LEN);
	uint8_t *to[OF - NEED] = {parity[0], parity[1]};
	const uint8_t *from[NEED], *at = b->content;
	struct dlb_code *code;
	double start;

	need(dlb_code_new(&code, NEED, OF, NULL) == DLB_OK, "the code",
		"failed");
	start = now();
	for (size_t i = 0; i < blocks; i++) {
		for (size_t k = 0; k < NEED; k++, at += DLB_BULK_CONTENT_LEN)
			from[k] = at;
		dlb_code_parity(code, to, from, DLB_BULK_CONTENT_LEN);
	}
	start = now() - start;
	dlb_code_free(code);
	return start;
}

static void
measure(struct bench *b, int rounds)
{
	for (int r = 0; r < rounds; r++) {
		double took[WORKS];

		for (int w = 0; w < WORKS; w++) {
			double start = now();

			dlb_pool_run(b->stripe.cells - 1, works[w].fn, b);
			took[w] = now() - start;
			figure(works[w].name, took[w]);
		}
		figure("raw_both", took[RAW_SEAL] + took[RAW_OPEN]);
		figure("both", took[SEAL] + took[OPEN]);
		figure("code", code_all(b));
		figure("seal_name", took[SEAL] + took[NAME]);
	}
}

static void
prepare(struct bench *b, uint64_t len)
{
	need(dlb_base_init() == DLB_OK, "the start", "failed");
	b->env = dlb_env_system();
	b->stripe.k = b->stripe.n = 1;
	b->stripe.content_len = b->stripe.stripe_len = len;
	b->stripe.expiry_week = 100;
	dlb_random(b->env, b->stripe.stripe_key, DLB_KEY_LEN);
	dlb_random(b->env, b->stripe.letter_key, DLB_KEY_LEN);
	dlb_random(b->env, b->stripe.recall_key, DLB_KEY_LEN);
	need(dlb_stripe_layout(&b->stripe, 0) == DLB_OK, "the layout",
		"failed");
	/* Opening writes whole cells, padding too. */
	b->content = malloc((size_t)b->stripe.cells * DLB_CELL_LEN);
	b->cells = malloc((size_t)b->stripe.cells * DLB_CELL_LEN);
	need(b->content && b->cells, "memory", "failed");
	dlb_random(b->env, b->content, (size_t)len);
	memset(b->content + len, 0,
		(size_t)b->stripe.cells * DLB_CELL_LEN - (size_t)len);
	memset(b->cells, 0, (size_t)b->stripe.cells * DLB_CELL_LEN);
	for (unsigned i = 0; i < dlb_pool_width() && i < WORKERS_MAX; i++) {
		need(dlb_aead_new(&b->aead[i]) == DLB_OK, "OpenSSL", "failed");
		b->raw[i] = EVP_CIPHER_CTX_new();
		need(b->raw[i]
				&& EVP_CipherInit_ex(b->raw[i],
					   EVP_chacha20_poly1305(), NULL, NULL,
					   NULL, 1)
					== 1,
			"OpenSSL", "failed");
	}
}

int
main(int argc, char **argv)
{
	static struct bench b;
	uint64_t mib = argc > 1 ? strtoull(argv[1], NULL, 10) : 256;
	int rounds = argc > 2 ? atoi(argv[2]) : 3;

	need(mib >= 1 && mib <= 16384 && rounds >= 1, "usage",
		"cell_bench [MiB] [rounds] [threads]");
	dlb_pool_limit(argc > 3 ? (unsigned)atoi(argv[3]) : 0);
	need(dlb_pool_width() <= WORKERS_MAX, "threads", "too many");
	prepare(&b, mib << 20);
	measure(&b, rounds);
	for (unsigned i = 0; i < dlb_pool_width(); i++) {
		dlb_aead_free(b.aead[i]);
		EVP_CIPHER_CTX_free(b.raw[i]);
	}
	free(b.content);
	free(b.cells);
	return 0;
}
