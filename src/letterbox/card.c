/*
 * Cards: canonical bytes, their checks, and the signature. docs/letterbox.md.
 *
 * There is one form for what a card says: a card that parses is the card that
 * would be written. Lists ascend, points and keys are of their groups, names
 * show as they are. The signature (Ed25519, by the key that the card names) is
 * over u8(strlen(label)) || label || all bytes before it.
 */
#include "card.h"

#include "card_internal.h"
#include "letterbox_internal.h"

#include <string.h>

#define VERSION 1
#define VERSION_FIELDS 2 /* the same, with fields behind the last key */
#define LABEL "dlb card v1"

static const uint8_t magic[DLB_CARD_MAGIC_LEN] = DLB_CARD_MAGIC;

uint32_t
dlb_card_last_resort_id(const struct dlb_card *card)
{
	return DLB_OPENING_LAST_RESORT | (uint32_t)(card->serial & 0x7fffffff);
}

bool
dlb_card_is_ahead(const struct dlb_card *card, int64_t now_ms)
{
	return dlb_week_of(now_ms) + 1 < card->issued_week;
}

/* ---- keys --------------------------------------------------------------------------- */

/* FIPS 203's check of the encapsulation key, which the encapsulation makes; what
 * comes out of it is for nobody. */
static bool
opening_key_valid(const uint8_t key[static DLB_XWING_PK_LEN])
{
	static const uint8_t eseed[DLB_XWING_ESEED_LEN];
	uint8_t ct[DLB_XWING_CT_LEN], ss[32];

	return dlb_xwing_encaps(ct, ss, key, eseed) == DLB_OK;
}

/* Of the curve's 2^255 - 19 numbers the one form below the prime, and of no small
 * order. X25519 would take others for the same key, so that one person could be
 * two identities. */
static bool
agree_key_valid(const uint8_t key[static 32])
{
	static const uint8_t any[32] = {1};
	uint8_t out[32];
	bool below = (key[31] & 0x7f) != 0x7f || key[0] < 0xed;

	if (key[31] & 0x80)
		return false;
	for (size_t i = 1; !below && i < 31; i++)
		below = key[i] != 0xff;
	return below && dlb_x25519(out, any, key) == DLB_OK;
}

static enum dlb_status
check_keys(const struct dlb_card *card, struct dlb_error *err)
{
	bool ok = agree_key_valid(card->identity.agree)
		&& opening_key_valid(card->last_resort);

	for (size_t i = 0; ok && i < card->finding_n; i++)
		ok = dlb_point_valid(card->finding[i].key);
	for (size_t i = 0; ok && i < card->opening_n; i++)
		ok = opening_key_valid(card->opening[i].key);
	if (!ok)
		return dlb_fail(err, DLB_MALFORMED,
			"the card holds a key that is not one");
	return DLB_OK;
}

/* ---- fields ---------------------------------------------------------------------------- */

/* u16 number || u16 length || value, ascending. */
#define FIELD_BULLETIN_KEY 1

/* The next; false at the end, or where it is cut short (then r has failed). */
static bool
next_field(struct dlb_reader *r, uint16_t *number, const uint8_t **value,
	size_t *len)
{
	if (r->failed || dlb_reader_left(r) == 0)
		return false;
	*number = dlb_read_u16(r);
	*len = dlb_read_u16(r);
	*value = dlb_read_view(r, *len);
	return !r->failed;
}

/* DLB_UNSUPPORTED for one that is not known and whose number is even. */
static enum dlb_status
check_fields(const struct dlb_card *card)
{
	const uint8_t *value;
	uint16_t number, last = 0;
	struct dlb_reader r;
	bool known = true;
	size_t len;

	dlb_reader_init(&r, card->fields, card->fields_len);
	while (next_field(&r, &number, &value, &len)) {
		if (number <= last
			|| (number == FIELD_BULLETIN_KEY && len != DLB_KEY_LEN))
			return DLB_MALFORMED;
		known = known && number % 2 != 0;
		last = number;
	}
	if (r.failed)
		return DLB_MALFORMED;
	return known ? DLB_OK : DLB_UNSUPPORTED;
}

const uint8_t *
dlb_card_bulletin_key(const struct dlb_card *card)
{
	const uint8_t *value;
	struct dlb_reader r;
	uint16_t number;
	size_t len;

	dlb_reader_init(&r, card->fields, card->fields_len);
	while (next_field(&r, &number, &value, &len))
		if (number == FIELD_BULLETIN_KEY && len == DLB_KEY_LEN)
			return value;
	return NULL;
}

void
dlb_card_set_bulletin_key(
	struct dlb_card *card, const uint8_t key[static DLB_KEY_LEN])
{
	struct dlb_writer w;

	dlb_writer_init(&w, card->fields, sizeof(card->fields));
	dlb_write_u16(&w, FIELD_BULLETIN_KEY);
	dlb_write_u16(&w, DLB_KEY_LEN);
	dlb_write_bytes(&w, key, DLB_KEY_LEN);
	card->fields_len = (uint16_t)w.len;
}

/* ---- form ----------------------------------------------------------------------------- */

static bool
form_valid(const struct dlb_card *card)
{
	size_t name_len = strnlen(card->name, sizeof(card->name));

	if (card->serial == 0 || name_len > DLB_CARD_NAME_MAX
		|| !dlb_text_printable(card->name, name_len)
		|| card->finding_n == 0
		|| card->finding_n > DLB_CARD_FINDING_MAX
		|| card->opening_n > DLB_CARD_OPENING_MAX
		|| card->fields_len > DLB_CARD_FIELDS_MAX
		|| check_fields(card) == DLB_MALFORMED)
		return false;
	for (size_t i = 1; i < card->finding_n; i++)
		if (card->finding[i].quarter <= card->finding[i - 1].quarter)
			return false;
	for (size_t i = 1; i < card->opening_n; i++)
		if (card->opening[i].month <= card->opening[i - 1].month)
			return false;
	return true;
}

/* All but the signature. */
static void
write_body(struct dlb_writer *w, const struct dlb_card *card)
{
	size_t name_len = strlen(card->name);

	dlb_write_bytes(w, magic, sizeof(magic));
	dlb_write_u8(w, card->fields_len > 0 ? VERSION_FIELDS : VERSION);
	dlb_write_u64(w, card->serial);
	dlb_write_u16(w, card->issued_week);
	dlb_write_u8(w, (uint8_t)name_len);
	dlb_write_bytes(w, card->name, name_len);
	dlb_write_bytes(w, card->identity.sign, sizeof(card->identity.sign));
	dlb_write_bytes(w, card->identity.agree, sizeof(card->identity.agree));
	dlb_write_u8(w, card->finding_n);
	for (size_t i = 0; i < card->finding_n; i++) {
		dlb_write_u16(w, card->finding[i].quarter);
		dlb_write_bytes(w, card->finding[i].key, DLB_POINT_LEN);
	}
	dlb_write_u8(w, card->opening_n);
	for (size_t i = 0; i < card->opening_n; i++) {
		dlb_write_u16(w, card->opening[i].month);
		dlb_write_bytes(w, card->opening[i].key, DLB_XWING_PK_LEN);
	}
	dlb_write_bytes(w, card->last_resort, DLB_XWING_PK_LEN);
	if (card->fields_len > 0) {
		dlb_write_u16(w, card->fields_len);
		dlb_write_bytes(w, card->fields, card->fields_len);
	}
}

/* A card without any is one of the first version: each has one form. */
static void
read_fields(struct dlb_reader *r, struct dlb_card *card)
{
	card->fields_len = dlb_read_u16(r);
	if (card->fields_len == 0 || card->fields_len > DLB_CARD_FIELDS_MAX) {
		card->fields_len = 0;
		r->failed = true;
	}
	dlb_read_bytes(r, card->fields, card->fields_len);
}

static void
read_body(struct dlb_reader *r, struct dlb_card *card)
{
	size_t name_len;

	card->serial = dlb_read_u64(r);
	card->issued_week = dlb_read_u16(r);
	name_len = dlb_read_u8(r);
	if (name_len > DLB_CARD_NAME_MAX) {
		r->failed = true;
		return;
	}
	dlb_read_bytes(r, card->name, name_len);
	if (memchr(card->name, '\0', name_len))
		r->failed = true;
	dlb_read_bytes(r, card->identity.sign, sizeof(card->identity.sign));
	dlb_read_bytes(r, card->identity.agree, sizeof(card->identity.agree));
	card->finding_n = dlb_read_u8(r);
	for (size_t i = 0; i < card->finding_n && i < DLB_CARD_FINDING_MAX;
		i++) {
		card->finding[i].quarter = dlb_read_u16(r);
		dlb_read_bytes(r, card->finding[i].key, DLB_POINT_LEN);
	}
	card->opening_n = dlb_read_u8(r);
	for (size_t i = 0; i < card->opening_n && i < DLB_CARD_OPENING_MAX;
		i++) {
		card->opening[i].month = dlb_read_u16(r);
		dlb_read_bytes(r, card->opening[i].key, DLB_XWING_PK_LEN);
	}
	dlb_read_bytes(r, card->last_resort, DLB_XWING_PK_LEN);
}

enum dlb_status
dlb_card_decode(struct dlb_card *out, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	struct dlb_reader r;
	const uint8_t *start;
	uint8_t version;

	memset(out, 0, sizeof(*out));
	dlb_reader_init(&r, data, len);
	start = dlb_read_view(&r, sizeof(magic));
	version = dlb_read_u8(&r);
	if (r.failed || memcmp(start, magic, sizeof(magic)) != 0)
		return dlb_fail(err, DLB_MALFORMED, "this is not a card");
	if (version != VERSION && version != VERSION_FIELDS)
		return dlb_fail(err, DLB_UNSUPPORTED,
			"the card is of version %u, which this program does "
			"not know: a newer version may",
			version);
	read_body(&r, out);
	if (version == VERSION_FIELDS)
		read_fields(&r, out);
	dlb_read_bytes(&r, out->signature, DLB_SIG_LEN);
	if (!dlb_reader_done(&r) || !form_valid(out)) {
		memset(out, 0, sizeof(*out));
		return dlb_fail(err, DLB_MALFORMED,
			"the card is damaged or cut short: ask for it again");
	}
	if (check_fields(out) != DLB_OK) {
		memset(out, 0, sizeof(*out));
		return dlb_fail(err, DLB_UNSUPPORTED,
			"the card says what this program does not know: a newer "
			"version may");
	}
	return DLB_OK;
}

/* ---- the signature --------------------------------------------------------------------- */

/* What is signed: the label with its length, then the body. */
static uint8_t *
message_of(struct dlb_writer *w, uint8_t *buf, size_t cap)
{
	dlb_writer_init(w, buf, cap);
	dlb_write_u8(w, sizeof(LABEL) - 1);
	dlb_write_bytes(w, LABEL, sizeof(LABEL) - 1);
	return buf + sizeof(LABEL);
}

enum dlb_status
dlb_card_write(struct dlb_buf *out, const struct dlb_card *card,
	const uint8_t sign_sk[static 64])
{
	uint8_t message[sizeof(LABEL) + DLB_CARD_LEN_MAX], sig[DLB_SIG_LEN];
	struct dlb_writer w;
	const uint8_t *body = message_of(&w, message, sizeof(message));
	size_t body_len;

	if (!form_valid(card) || check_keys(card, NULL) != DLB_OK)
		return DLB_MALFORMED;
	write_body(&w, card);
	body_len = w.len - sizeof(LABEL);
	if (w.failed || body_len > DLB_CARD_LEN_MAX - DLB_SIG_LEN)
		return DLB_LIMIT;
	dlb_ed25519_sign(sig, message, w.len, sign_sk);
	if (dlb_buf_reserve(out, out->len + body_len + DLB_SIG_LEN) != DLB_OK)
		return DLB_NO_MEMORY;
	if (dlb_buf_append(out, body, body_len) != DLB_OK)
		return DLB_NO_MEMORY;
	return dlb_buf_append(out, sig, sizeof(sig));
}

enum dlb_status
dlb_card_encode(struct dlb_buf *out, const struct dlb_card *card)
{
	uint8_t bytes[DLB_CARD_LEN_MAX];
	struct dlb_writer w;

	dlb_writer_init(&w, bytes, sizeof(bytes));
	write_body(&w, card);
	dlb_write_bytes(&w, card->signature, sizeof(card->signature));
	return w.failed ? DLB_LIMIT : dlb_buf_append(out, bytes, w.len);
}

enum dlb_status
dlb_card_parse(struct dlb_card *out, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	uint8_t message[sizeof(LABEL) + DLB_CARD_LEN_MAX];
	struct dlb_writer w;
	enum dlb_status s;

	if (len > DLB_CARD_LEN_MAX) {
		memset(out, 0, sizeof(*out));
		return dlb_fail(err, DLB_LIMIT, "longer than a card may be");
	}
	s = dlb_card_decode(out, data, len, err);
	if (s != DLB_OK)
		return s;
	message_of(&w, message, sizeof(message));
	dlb_write_bytes(&w, data, len - DLB_SIG_LEN);
	/* Refuses public keys that are not canonical or of small order too. */
	if (!dlb_ed25519_verify(
		    out->signature, message, w.len, out->identity.sign))
		s = dlb_fail(err, DLB_FORGED,
			"the card's signature does not verify: it was changed "
			"on the way, or is not theirs");
	else
		s = check_keys(out, err);
	if (s != DLB_OK)
		memset(out, 0, sizeof(*out));
	return s;
}
