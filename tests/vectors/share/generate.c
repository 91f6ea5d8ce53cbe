/*
 * Writes the vectors of docs/cell.md, section 11 (share_vectors > v1.txt). Made once
 * for a version of the format, and read ever after.
 */
#include "share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEN 7

static void
put(const char *word, const uint8_t *data, size_t len)
{
	printf("%s ", word);
	for (size_t i = 0; i < len; i++)
		printf("%02x", data[i]);
	printf("\n");
}

static int
put_code(unsigned k, unsigned n)
{
	uint8_t columns[DLB_STRIPES_MAX][LEN], *all[DLB_STRIPES_MAX];
	struct dlb_code *code;

	if (dlb_code_new(&code, k, n, NULL) != DLB_OK)
		return 1;
	for (unsigned i = 0; i < n; i++) {
		all[i] = columns[i];
		for (unsigned at = 0; at < LEN; at++) {
			unsigned byte = i * LEN + at;

			columns[i][at] = (uint8_t)(131 * byte + byte / 256);
		}
	}
	dlb_code_parity(code, all + k, (const uint8_t *const *)all, LEN);
	dlb_code_free(code);
	printf("code %u %u\n", k, n);
	for (unsigned i = k; i < n; i++)
		put("parity", columns[i], LEN);
	return 0;
}

static void
put_shares(unsigned k, unsigned n, const struct dlb_env *env)
{
	uint8_t key[DLB_KEY_LEN], shares[DLB_STRIPES_MAX][DLB_KEY_LEN];

	dlb_random(env, key, sizeof(key));
	dlb_shares_make(shares, k, n, key, env);
	printf("shares %u %u\n", k, n);
	put("key", key, sizeof(key));
	for (unsigned i = 0; i < n; i++)
		put("share", shares[i], DLB_KEY_LEN);
}

static void
put_commitment(unsigned k, unsigned n, const struct dlb_env *env)
{
	struct dlb_stripe stripe = {.mode = DLB_STRIPE_THRESHOLD,
		.k = (uint8_t)k,
		.n = (uint8_t)n,
		.content_len = 200000};
	uint8_t key[DLB_KEY_LEN], content[200000], hash[DLB_HASH_LEN],
		out[DLB_HASH_LEN];
	struct dlb_digest d;

	for (unsigned i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(131 * i + i / 256);
	dlb_random(env, key, sizeof(key));
	dlb_random(env, stripe.sealing_id, sizeof(stripe.sealing_id));
	dlb_digest_init(&d, k);
	dlb_digest_update(&d, content, sizeof(content));
	dlb_digest_final(&d, hash);
	dlb_commit(out, &stripe, key, hash);
	printf("commitment %u %u\n", k, n);
	put("key", key, sizeof(key));
	put("sealing", stripe.sealing_id, sizeof(stripe.sealing_id));
	put("is", out, sizeof(out));
}

int
main(void)
{
	struct dlb_env_seeded env;

	dlb_env_seeded_init(&env, 2026, 0);
	if (put_code(3, 5) || put_code(1, 3) || put_code(10, 14)
		|| put_code(40, 41))
		return 1;
	put_shares(2, 2, &env.env);
	put_shares(3, 5, &env.env);
	put_shares(7, 9, &env.env);
	put_commitment(3, 5, &env.env);
	return 0;
}
