/*
 * Fuzz target for cards. The first byte chooses:
 *   even  the rest is a file that someone gave as a card
 *   odd   the rest is what a card says: how long its lists and its name are, then
 *         changes, (u16 offset, u8 length, bytes) again and again; it is signed
 *         anew, so that what is behind the signature is reached
 *
 * Beyond memory errors: a card that parses is the one that would be written, and the
 * same as pasted mail.
 */
#include "card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define LABEL                                                                  \
	"\x0b"                                                                 \
	"dlb card v1"
#define LABEL_LEN 12
#define NAME_AT 15
#define CAP (LABEL_LEN + 2 * DLB_CARD_LEN_MAX)

#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);          \
			abort();                                               \
		}                                                              \
	} while (0)

static struct {
	uint8_t sign_pk[32], sign_sk[64];
	uint8_t agree[32];
	uint8_t finding[DLB_POINT_LEN];
	uint8_t opening[DLB_XWING_PK_LEN];
} keys;
static bool prepared;

static void
prepare(void)
{
	struct dlb_env_seeded env;
	uint8_t seed[32];

	REQUIRE(dlb_base_init() == DLB_OK);
	dlb_env_seeded_init(&env, 1, 0);
	dlb_random(&env.env, seed, sizeof(seed));
	dlb_ed25519_keypair(keys.sign_pk, keys.sign_sk, seed);
	dlb_x25519_public(keys.agree, seed);
	dlb_xwing_public(keys.opening, seed);
	dlb_scalar_random(seed, &env.env);
	dlb_point_base(keys.finding, seed);
	prepared = true;
}

/* Written again it is the same; where our key signs it, with the same signature. */
static void
check_canonical(const struct dlb_card *card, const uint8_t *bytes, size_t len)
{
	struct dlb_buf again = {0};
	size_t same = len - DLB_SIG_LEN;

	REQUIRE(dlb_card_write(&again, card, keys.sign_sk) == DLB_OK);
	REQUIRE(again.len == len);
	if (memcmp(card->identity.sign, keys.sign_pk, 32) == 0)
		same = len;
	REQUIRE(memcmp(again.data, bytes, same) == 0);
	dlb_buf_free(&again);
}

/* Between two marks nothing but the card counts: quoted twice over it is the same. */
static void
check_pasted(const uint8_t *bytes, size_t len)
{
	struct dlb_buf text = {0}, pasted = {0}, again = {0};
	struct dlb_card card;

	REQUIRE(dlb_card_to_text(&text, bytes, len) == DLB_OK);
	for (size_t i = 0; i < text.len; i++)
		REQUIRE(dlb_buf_append(&pasted,
				text.data[i] == '\n'
					? (const uint8_t *)"\r\n> |"
					: &text.data[i],
				text.data[i] == '\n' ? 5 : 1)
			== DLB_OK);
	REQUIRE(dlb_card_load(&card, &again, pasted.data, pasted.len, NULL)
		== DLB_OK);
	REQUIRE(again.len == len && memcmp(again.data, bytes, len) == 0);
	dlb_buf_free(&text);
	dlb_buf_free(&pasted);
	dlb_buf_free(&again);
}

static void
attack_file(const uint8_t *data, size_t len)
{
	struct dlb_buf bytes = {0};
	struct dlb_card card;
	struct dlb_error err;

	if (dlb_card_load(&card, &bytes, data, len, &err) == DLB_OK) {
		check_canonical(&card, bytes.data, bytes.len);
		check_pasted(bytes.data, bytes.len);
	} else {
		REQUIRE(bytes.len == 0 && card.serial == 0);
	}
	dlb_buf_free(&bytes);
}

/* All but the signature; more keys and a longer name than a card may have, too. */
static size_t
write_body(uint8_t *body, size_t cap, struct dlb_reader *r)
{
	unsigned finding_n = dlb_read_u8(r) % 8u,
		 opening_n = dlb_read_u8(r) % 16u;
	uint8_t name_len = dlb_read_u8(r);
	struct dlb_writer w;

	dlb_writer_init(&w, body, cap);
	dlb_write_bytes(&w, "DLBC\x01", 5);
	dlb_write_u64(&w, 9);
	dlb_write_u16(&w, 100);
	dlb_write_u8(&w, name_len);
	for (unsigned i = 0; i < name_len; i++)
		dlb_write_u8(&w, 'n');
	dlb_write_bytes(&w, keys.sign_pk, sizeof(keys.sign_pk));
	dlb_write_bytes(&w, keys.agree, sizeof(keys.agree));
	dlb_write_u8(&w, (uint8_t)finding_n);
	for (unsigned i = 0; i < finding_n; i++) {
		dlb_write_u16(&w, (uint16_t)(8 + i));
		dlb_write_bytes(&w, keys.finding, sizeof(keys.finding));
	}
	dlb_write_u8(&w, (uint8_t)opening_n);
	for (unsigned i = 0; i < opening_n; i++) {
		dlb_write_u16(&w, (uint16_t)(24 + i));
		dlb_write_bytes(&w, keys.opening, sizeof(keys.opening));
	}
	dlb_write_bytes(&w, keys.opening, sizeof(keys.opening));
	REQUIRE(!w.failed);
	return w.len;
}

static void
attack_signed(const uint8_t *data, size_t len)
{
	static uint8_t message[CAP];
	uint8_t *body = message + LABEL_LEN;
	size_t body_len, key_at;
	struct dlb_reader r;
	struct dlb_card card;
	struct dlb_error err;

	dlb_reader_init(&r, data, len);
	memcpy(message, LABEL, LABEL_LEN);
	memset(body, 0, CAP - LABEL_LEN);
	body_len = write_body(body, CAP - LABEL_LEN, &r);
	/* A little too long or too short. */
	body_len += dlb_read_u8(&r) % 64u;
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
	key_at = NAME_AT + 1u + body[NAME_AT];
	if (key_at + 32 <= body_len)
		memcpy(body + key_at, keys.sign_pk, 32);
	dlb_ed25519_sign(
		body + body_len, message, LABEL_LEN + body_len, keys.sign_sk);
	if (dlb_card_parse(&card, body, body_len + DLB_SIG_LEN, &err) == DLB_OK)
		check_canonical(&card, body, body_len + DLB_SIG_LEN);
	else
		REQUIRE(card.serial == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!prepared)
		prepare();
	if (len == 0)
		return 0;
	if (data[0] % 2 == 0)
		attack_file(data + 1, len - 1);
	else
		attack_signed(data + 1, len - 1);
	return 0;
}
