/*
 * Fuzz target for bulletins: the content of a head cell, and proofs. What is taken says
 * the same when it is written again.
 *
 * No input gets past a signature: the first byte says whether the head is signed here,
 * as an author can who means harm, and whether its sealing is made to fit.
 */
#include "bulletins.h"
#include "manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);          \
			abort();                                               \
		}                                                              \
	} while (0)

#define SIGNED_LEN (DLB_BULLETIN_HEAD_LEN - DLB_SIG_LEN)

static uint8_t sign_pk[32], sign_sk[64];

/* As dlb_bulletin_sign() does, over whatever the bytes are. */
static void
sign(uint8_t head[static DLB_BULLETIN_HEAD_LEN])
{
	uint8_t message[16 + SIGNED_LEN] = "\x0f"
					   "dlb bulletin v1";

	memcpy(head + 48, sign_pk, sizeof(sign_pk));
	memcpy(message + 16, head, SIGNED_LEN);
	dlb_ed25519_sign(head + SIGNED_LEN, message, sizeof(message), sign_sk);
}

static void
check_proof(const uint8_t *data, size_t len)
{
	uint8_t again[DLB_BULLETIN_HEAD_LEN];
	struct dlb_bulletin_content c;
	struct dlb_bulletin b;

	if (dlb_bulletin_read(&b, data, len, NULL) != DLB_OK)
		return;
	dlb_bulletin_sign(again, &b, sign_sk);
	REQUIRE(memcmp(again, data, SIGNED_LEN) == 0);
	if (dlb_bulletin_content(
		    &c, &b, data + sizeof(again), len - sizeof(again), NULL)
		!= DLB_OK)
		return;
	REQUIRE(c.len == b.body_len && strlen(c.title) == b.title_len
		&& strlen(c.name) == b.name_len);
	REQUIRE(dlb_bulletin_describe(&b, c.title, c.name, c.body, c.len, NULL)
		== DLB_OK);
	dlb_bulletin_sign(again, &b, sign_sk);
	REQUIRE(memcmp(again, data, SIGNED_LEN) == 0);
}

/* A stripe whose head holds these bytes; of several cells where `more` is not 0. */
static void
check_head(uint8_t *content, size_t len, unsigned more)
{
	struct dlb_stripe t = {.k = 1, .n = 1};
	struct dlb_bulletin_head h;
	size_t sum = 0;

	t.content_len = t.stripe_len = len + more * 70000ul;
	if (dlb_stripe_layout(&t, 0) != DLB_OK)
		return;
	if (more)
		t.inline_len = (uint32_t)len;
	if (t.inline_len > len)
		return;
	if (dlb_bulletin_open(&h, &t, content, NULL) != DLB_OK)
		return;
	REQUIRE(h.head >= content && h.cores == h.head + DLB_BULLETIN_HEAD_LEN);
	REQUIRE(h.rest == h.cores + (size_t)(t.cells - 1) * DLB_HASH_LEN);
	REQUIRE(h.rest + h.rest_len == content + t.inline_len);
	REQUIRE(h.rest_len >= (size_t)h.b.title_len + h.b.name_len);
	for (size_t i = 0; i < h.rest_len; i++)
		sum += h.rest[i];
	REQUIRE(sum <= 255 * h.rest_len);
}

/* The hash that has to stand in the head, where there is one. */
static void
fit_sealing(uint8_t *content, size_t len, unsigned more)
{
	struct dlb_stripe t = {.k = 1, .n = 1};
	uint8_t *head = memmem(content, len, "DLBB", 4);
	size_t at = head ? (size_t)(head - content) : 0;

	t.content_len = t.stripe_len = len + more * 70000ul;
	if (!head || len - at < DLB_BULLETIN_HEAD_LEN
		|| dlb_stripe_layout(&t, 0) != DLB_OK)
		return;
	if (more)
		t.inline_len = (uint32_t)len;
	dlb_bulletin_sealing(head + 144, &t, content, at,
		head + DLB_BULLETIN_HEAD_LEN, len - at - DLB_BULLETIN_HEAD_LEN);
	sign(head);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t seed[32] = {3};
	uint8_t *copy;
	uint8_t how;

	if (len < 1 || len > 60000)
		return 0;
	dlb_ed25519_keypair(sign_pk, sign_sk, seed);
	how = data[0];
	len--;
	copy = malloc(len + 1);
	REQUIRE(copy);
	memcpy(copy, data + 1, len);
	if ((how & 3) < 2) {
		if ((how & 1) && len >= DLB_BULLETIN_HEAD_LEN)
			sign(copy);
		check_proof(copy, len);
	} else {
		unsigned more = how >> 4 & 3;

		if (how & 1)
			fit_sealing(copy, len, more);
		check_head(copy, len, more);
	}
	free(copy);
	return 0;
}
