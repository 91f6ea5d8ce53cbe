/*
 * Fuzz target for rosters. The first byte chooses:
 *   even  the rest is a file that someone gave as a roster
 *   odd   the rest is what its author signs: how many entries, then changes, (u16 offset,
 *         u8 length, bytes) again and again; it is signed anew, so that what is behind the
 *         signature is reached
 *
 * Beyond memory errors: a roster that parses is the one that would be written.
 */
#include "crypto.h"
#include "roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define LABEL                                                                  \
	"\x0d"                                                                 \
	"dlb roster v1"
#define LABEL_LEN 14
#define AUTHOR_AT 23
#define CAP 8192

#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);          \
			abort();                                               \
		}                                                              \
	} while (0)

static uint8_t sign_pk[32], sign_sk[64];
static bool prepared;

static void
prepare(void)
{
	static const uint8_t seed[32] = {1};

	REQUIRE(dlb_base_init() == DLB_OK);
	dlb_ed25519_keypair(sign_pk, sign_sk, seed);
	prepared = true;
}

static void
attack(const uint8_t *bytes, size_t len)
{
	struct dlb_buf again = {0};
	struct dlb_roster r;
	struct dlb_error err;
	size_t same = len - DLB_SIG_LEN;

	if (dlb_roster_parse(&r, bytes, len, &err) != DLB_OK) {
		REQUIRE(!r.entries && r.number == 0);
		return;
	}
	REQUIRE(dlb_roster_write(&again, &r, sign_sk) == DLB_OK);
	REQUIRE(again.len == len);
	if (memcmp(r.author.sign, sign_pk, 32) == 0)
		same = len;
	REQUIRE(memcmp(again.data, bytes, same) == 0);
	dlb_buf_free(&again);
	dlb_roster_free(&r);
}

static void
write_body(struct dlb_writer *w, unsigned entries)
{
	dlb_write_bytes(w, "DLBR\x01", 5);
	dlb_write_u64(w, 9);
	dlb_write_u64(w, 1700000000);
	dlb_write_u16(w, 180);
	dlb_write_bytes(w, sign_pk, 32);
	dlb_write_bytes(w, sign_pk, 32);
	dlb_write_u16(w, (uint16_t)entries);
	for (unsigned i = 0; i < entries; i++) {
		for (unsigned k = 0; k < 64; k++)
			dlb_write_u8(w, (uint8_t)(i + 1));
		dlb_write_u8(w, i % 2);
		dlb_write_u8(w, 3);
		dlb_write_bytes(w, "van", 3);
	}
}

static void
attack_signed(const uint8_t *data, size_t len)
{
	static uint8_t message[CAP];
	uint8_t *body = message + LABEL_LEN;
	struct dlb_reader r;
	struct dlb_writer w;
	size_t body_len;

	dlb_reader_init(&r, data, len);
	memcpy(message, LABEL, LABEL_LEN);
	dlb_writer_init(&w, body, CAP / 2);
	write_body(&w, dlb_read_u8(&r) % 32u);
	REQUIRE(!w.failed);
	/* A little too long or too short. */
	body_len = w.len + dlb_read_u8(&r) % 64u;
	body_len -= dlb_read_u8(&r) % 64u;
	while (dlb_reader_left(&r) > 3) {
		size_t at = dlb_read_u16(&r) % body_len, n = dlb_read_u8(&r);

		if (n > dlb_reader_left(&r))
			n = dlb_reader_left(&r);
		if (n > body_len - at)
			n = body_len - at;
		dlb_read_bytes(&r, body + at, n);
	}
	/* Whatever else was changed, the key is one that we can sign with. */
	if (AUTHOR_AT + 32 <= body_len)
		memcpy(body + AUTHOR_AT, sign_pk, 32);
	dlb_ed25519_sign(
		body + body_len, message, LABEL_LEN + body_len, sign_sk);
	attack(body, body_len + DLB_SIG_LEN);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!prepared)
		prepare();
	if (len == 0)
		return 0;
	if (data[0] % 2 == 0)
		attack(data + 1, len - 1);
	else
		attack_signed(data + 1, len - 1);
	return 0;
}
