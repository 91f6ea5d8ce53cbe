/*
 * The module's functions as lines: reads "function hex hex ..." ("-" is empty),
 * writes the result in hex, or "no" where the function refuses. For oracle.mjs,
 * which compares them with other implementations; not a test by itself.
 */
#include "aead_internal.h"
#include "crypto.h"
#include "mlkem_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_MAX 6
#define OUT_MAX (1 << 20)

struct arg {
	uint8_t *data;
	size_t len;
};

static struct dlb_aead *aead;
static uint8_t out[OUT_MAX];

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "crypto_tool: %s\n", what);
	exit(2);
}

/* The argument, which must have this length. */
static const uint8_t *
exactly(const struct arg *a, size_t len)
{
	if (a->len != len)
		die("an argument of another length");
	return a->data;
}

/* A number, big-endian. */
static uint64_t
number(const struct arg *a)
{
	uint64_t v = 0;

	for (size_t i = 0; i < a->len; i++)
		v = v << 8 | a->data[i];
	return v;
}

/* Each returns the length of what it put into out, -1 for a refusal. */
static long
do_sha256(const struct arg *a)
{
	dlb_sha256(out, a[0].data, a[0].len);
	return 32;
}

static long
do_hash(const struct arg *a)
{
	struct dlb_hash h;

	dlb_hash_init(&h);
	dlb_hash_update(&h, a[0].data, a[0].len);
	dlb_hash_final(&h, out);
	return 32;
}

static long
do_derive(const struct arg *a)
{
	size_t len = number(&a[0]);
	char label[256] = "";

	memcpy(label, a[2].data, a[2].len);
	dlb_derive(out, len, a[1].data, a[1].len, label, a[3].data, a[3].len);
	return (long)len;
}

static long
do_aead_seal(const struct arg *a)
{
	aead_seal(aead, out, exactly(&a[0], 32), exactly(&a[1], 12), a[2].data,
		a[2].len, a[3].data, a[3].len);
	return (long)a[3].len + DLB_TAG_LEN;
}

static long
do_aead_open(const struct arg *a)
{
	if (aead_open(aead, out, exactly(&a[0], 32), exactly(&a[1], 12),
		    a[2].data, a[2].len, a[3].data, a[3].len)
		!= DLB_OK)
		return -1;
	return (long)a[3].len - DLB_TAG_LEN;
}

static long
do_stream(const struct arg *a)
{
	dlb_stream_xor(aead, out, exactly(&a[0], 32), number(&a[1]), a[2].data,
		a[2].len);
	return (long)a[2].len;
}

static long
do_xseal(const struct arg *a)
{
	dlb_xseal(out, exactly(&a[0], 32), exactly(&a[1], DLB_XNONCE_LEN),
		a[2].data, a[2].len, a[3].data, a[3].len);
	return (long)a[3].len + DLB_XSEAL_OVERHEAD;
}

static long
do_xopen(const struct arg *a)
{
	if (dlb_xopen(out, exactly(&a[0], 32), a[1].data, a[1].len, a[2].data,
		    a[2].len)
		!= DLB_OK)
		return -1;
	return (long)a[2].len - DLB_XSEAL_OVERHEAD;
}

static long
do_point_valid(const struct arg *a)
{
	return dlb_point_valid(exactly(&a[0], 32)) ? 0 : -1;
}

static long
do_point_base(const struct arg *a)
{
	dlb_point_base(out, exactly(&a[0], 32));
	return 32;
}

static long
do_point_mul(const struct arg *a)
{
	if (dlb_point_mul(out, exactly(&a[0], 32), exactly(&a[1], 32))
		!= DLB_OK)
		return -1;
	return 32;
}

static long
do_point_from_uniform(const struct arg *a)
{
	dlb_point_from_uniform(out, exactly(&a[0], 64));
	return 32;
}

static long
do_scalar_from_wide(const struct arg *a)
{
	dlb_scalar_from_wide(out, exactly(&a[0], 64));
	return 32;
}

static long
do_x25519(const struct arg *a)
{
	if (dlb_x25519(out, exactly(&a[0], 32), exactly(&a[1], 32)) != DLB_OK)
		return -1;
	return 32;
}

static long
do_x25519_public(const struct arg *a)
{
	dlb_x25519_public(out, exactly(&a[0], 32));
	return 32;
}

/* Public key, signature. */
static long
do_ed25519_sign(const struct arg *a)
{
	uint8_t sk[64];

	dlb_ed25519_keypair(out, sk, exactly(&a[0], 32));
	dlb_ed25519_sign(out + 32, a[1].data, a[1].len, sk);
	return 96;
}

static long
do_ed25519_verify(const struct arg *a)
{
	if (a[1].len != DLB_SIG_LEN)
		return -1;
	return dlb_ed25519_verify(
		       a[1].data, a[2].data, a[2].len, exactly(&a[0], 32))
		? 0
		: -1;
}

static long
do_mlkem_keypair(const struct arg *a)
{
	mlkem_keypair(out, out + MLKEM_PK_LEN, exactly(&a[0], 64));
	return MLKEM_PK_LEN + MLKEM_SK_LEN;
}

static long
do_mlkem_encaps(const struct arg *a)
{
	if (a[0].len != MLKEM_PK_LEN || !mlkem_pk_valid(a[0].data))
		return -1;
	mlkem_encaps(out, out + MLKEM_CT_LEN, a[0].data, exactly(&a[1], 32));
	return MLKEM_CT_LEN + 32;
}

/* From the seed d || z. */
static long
do_mlkem_decaps(const struct arg *a)
{
	static uint8_t pk[MLKEM_PK_LEN], sk[MLKEM_SK_LEN];

	if (a[1].len != MLKEM_CT_LEN)
		return -1;
	mlkem_keypair(pk, sk, exactly(&a[0], 64));
	mlkem_decaps(out, a[1].data, sk);
	return 32;
}

static long
do_xwing_public(const struct arg *a)
{
	dlb_xwing_public(out, exactly(&a[0], 32));
	return DLB_XWING_PK_LEN;
}

/* Ciphertext, secret. */
static long
do_xwing_encaps(const struct arg *a)
{
	if (dlb_xwing_encaps(out, out + DLB_XWING_CT_LEN,
		    exactly(&a[0], DLB_XWING_PK_LEN), exactly(&a[1], 64))
		!= DLB_OK)
		return -1;
	return DLB_XWING_CT_LEN + 32;
}

static long
do_xwing_decaps(const struct arg *a)
{
	dlb_xwing_decaps(
		out, exactly(&a[0], DLB_XWING_CT_LEN), exactly(&a[1], 32));
	return 32;
}

/* Seed of the randomness, kind, secret, root key; Argon2id at the tests' cost. */
static long
do_keyslots_create(const struct arg *a)
{
	struct dlb_unlock unlock = {
		(enum dlb_unlock_kind)number(&a[1]), a[2].data, a[2].len};
	struct dlb_env_seeded env;

	dlb_env_seeded_init(&env, number(&a[0]), 0);
	if (dlb_keyslots_create(
		    out, exactly(&a[3], 32), &unlock, &env.env, NULL)
		!= DLB_OK)
		return -1;
	return DLB_KEYSLOTS_LEN;
}

static const struct {
	const char *name;
	size_t args;
	long (*fn)(const struct arg *args);
} functions[] = {
	{"sha256", 1, do_sha256},
	{"hash", 1, do_hash},
	{"derive", 4, do_derive},
	{"aead_seal", 4, do_aead_seal},
	{"aead_open", 4, do_aead_open},
	{"stream", 3, do_stream},
	{"xseal", 4, do_xseal},
	{"xopen", 3, do_xopen},
	{"point_valid", 1, do_point_valid},
	{"point_base", 1, do_point_base},
	{"point_mul", 2, do_point_mul},
	{"point_from_uniform", 1, do_point_from_uniform},
	{"scalar_from_wide", 1, do_scalar_from_wide},
	{"x25519", 2, do_x25519},
	{"x25519_public", 1, do_x25519_public},
	{"ed25519_sign", 2, do_ed25519_sign},
	{"ed25519_verify", 3, do_ed25519_verify},
	{"mlkem_keypair", 1, do_mlkem_keypair},
	{"mlkem_encaps", 2, do_mlkem_encaps},
	{"mlkem_decaps", 2, do_mlkem_decaps},
	{"xwing_public", 1, do_xwing_public},
	{"xwing_encaps", 2, do_xwing_encaps},
	{"xwing_decaps", 2, do_xwing_decaps},
	{"keyslots_create", 4, do_keyslots_create},
};

static void
parse_arg(struct arg *a, const char *hex)
{
	a->len = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
	a->data = malloc(a->len + 1);
	if (!a->data
		|| (a->len > 0 && dlb_unhex(a->data, a->len, hex) != DLB_OK))
		die("an argument that is not hex");
}

static void
do_line(char *line)
{
	struct arg args[ARGS_MAX];
	char *save, *name = strtok_r(line, " \n", &save), *word;
	size_t n = 0;

	while (n < ARGS_MAX && (word = strtok_r(NULL, " \n", &save)))
		parse_arg(&args[n++], word);
	for (size_t i = 0; name && i < DLB_ARRAY_LEN(functions); i++) {
		if (strcmp(functions[i].name, name) != 0)
			continue;
		if (functions[i].args != n)
			die("a wrong number of arguments");
		long len = functions[i].fn(args);
		static char hex[2 * OUT_MAX + 1];

		dlb_hex(hex, out, len < 0 ? 0 : (size_t)len);
		puts(len < 0 ? "no" : len == 0 ? "-" : hex);
		while (n > 0)
			free(args[--n].data);
		return;
	}
	die("a function that is not known");
}

int
main(void)
{
	char *line = NULL;
	size_t cap = 0;

	if (dlb_base_init() != DLB_OK || dlb_aead_new(&aead) != DLB_OK)
		die("can not start");
	dlb_keyslots_set_test_cost();
	while (getline(&line, &cap, stdin) >= 0)
		do_line(line);
	free(line);
	dlb_aead_free(aead);
	return 0;
}
