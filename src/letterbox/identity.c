/*
 * Who one is, and one's cards: the identity is made once; cards are issued anew
 * as the months go by, each with the keys of the coming year.
 */
#include "backup_internal.h"
#include "bulletins.h"
#include "card_internal.h"
#include "state_internal.h"

#include <string.h>

#define MONTHS DLB_CARD_OPENING_MAX

static const char own_identity[] = "identity"; /* sign seed, agreement secret */
static const char own_name[] = "name";
#define SERIALS_A_WEEK 16

static const char own_serial[] = "serial of the card";
static const char own_card[] = "card";
static const char own_short_card[] = "short card";
static const char own_generation[] = "generation";

/* ---- loading -------------------------------------------------------------------------- */

static void
derive_public(struct dlb_letterbox *l)
{
	uint8_t sk[64];

	dlb_ed25519_keypair(l->identity.sign, sk, l->keys->identity.sign_seed);
	dlb_wipe(sk, sizeof(sk));
	dlb_x25519_public(l->identity.agree, l->keys->identity.agree);
}

static enum dlb_status
load_person(struct dlb_letterbox *l)
{
	uint8_t both[64];
	enum dlb_status s =
		dlb_own_get_blob(l, own_identity, both, sizeof(both));

	l->is_person = s == DLB_OK;
	memcpy(l->keys->identity.sign_seed, both, 32);
	memcpy(l->keys->identity.agree, both + 32, 32);
	dlb_wipe(both, sizeof(both));
	memset(&l->identity, 0, sizeof(l->identity));
	if (s == DLB_NOT_FOUND)
		return DLB_OK;
	if (s != DLB_OK)
		return s;
	derive_public(l);
	return dlb_own_get_buf(l, own_card, &l->card);
}

enum dlb_status
dlb_identity_load(struct dlb_letterbox *l, struct dlb_error *err)
{
	int64_t generation = 1, next = 1;
	enum dlb_status s;

	l->card.len = 0;
	l->shared_with = 0;
	s = load_person(l);
	if (s == DLB_OK)
		s = dlb_own_get_int(l, own_generation, &generation);
	if (s == DLB_NOT_FOUND) {
		generation = 1;
		s = DLB_OK;
	}
	if (s == DLB_OK)
		s = dlb_own_get_int(l, DLB_OWN_NEXT_NUMBER, &next);
	if (s == DLB_NOT_FOUND) {
		next = 1;
		s = DLB_OK;
	}
	if (s != DLB_OK)
		return dlb_fail(
			err, s, "the letterbox's identity can not be read");
	l->generation = (uint16_t)generation;
	l->next_number_saved = next;
	/* Never back, so that a number that was undone is not given again. */
	if (l->next_number < next)
		l->next_number = next;
	return DLB_OK;
}

/* From the identity alone, so that whoever restores that has it. What comes out of it
 * is known to all who have the card. */
void
dlb_letterbox_bulletin_key(
	const struct dlb_letterbox *l, uint8_t key[static DLB_KEY_LEN])
{
	dlb_derive(key, DLB_KEY_LEN, l->keys->identity.sign_seed, 32,
		"dlb bulletin key", "", 0);
}

/* ---- issuing cards --------------------------------------------------------------------- */

static enum dlb_status
add_finding(struct dlb_letterbox *l, struct dlb_card *card, uint16_t quarter,
	struct dlb_error *err)
{
	bool fresh = !dlb_epochs_find(&l->epochs, DLB_EPOCH_FINDING, quarter);
	struct dlb_epoch *e;
	enum dlb_status s;

	s = dlb_epochs_make(l, &e, DLB_EPOCH_FINDING, quarter, err);
	if (s == DLB_OK && fresh) {
		l->generation++;
		s = dlb_own_set_int(l, own_generation, l->generation, err);
	}
	if (s != DLB_OK)
		return s;
	card->finding[card->finding_n].quarter = quarter;
	dlb_point_base(card->finding[card->finding_n++].key, e->seed);
	return DLB_OK;
}

static enum dlb_status
add_opening(struct dlb_letterbox *l, struct dlb_card *card, uint16_t month,
	struct dlb_error *err)
{
	struct dlb_epoch *e;
	enum dlb_status s;

	s = dlb_epochs_make(l, &e, DLB_EPOCH_OPENING, month, err);
	if (s != DLB_OK)
		return s;
	card->opening[card->opening_n].month = month;
	dlb_xwing_public(card->opening[card->opening_n++].key, e->seed);
	return DLB_OK;
}

/* The first quarter whose finding key a card issued now has to list: that of the
 * Monday a week before, as a sender's clock may be so far behind. */
static uint16_t
first_quarter(int64_t now_ms)
{
	uint16_t week = dlb_week_of(now_ms);

	return dlb_quarter_of(dlb_week_start_ms(week ? week - 1 : 0));
}

static enum dlb_status
fill_card(struct dlb_letterbox *l, struct dlb_card *card, int64_t now_ms,
	struct dlb_error *err)
{
	uint16_t month = dlb_month_of(now_ms), last;
	uint8_t bulletin_key[DLB_KEY_LEN];
	struct dlb_epoch *e;
	enum dlb_status s = DLB_OK;

	dlb_letterbox_bulletin_key(l, bulletin_key);
	dlb_card_set_bulletin_key(card, bulletin_key);
	last = (uint16_t)(month > UINT16_MAX - MONTHS ? UINT16_MAX
						      : month + MONTHS - 1);
	card->issued_week = dlb_week_of(now_ms);
	card->identity = l->identity;
	for (uint16_t q = first_quarter(now_ms); s == DLB_OK && q <= last / 3
		&& card->finding_n < DLB_CARD_FINDING_MAX;
		q++)
		s = add_finding(l, card, q, err);
	for (unsigned m = month; s == DLB_OK && m <= last; m++)
		s = add_opening(l, card, (uint16_t)m, err);
	if (s == DLB_OK)
		s = dlb_epochs_make(l, &e, DLB_EPOCH_LAST_RESORT,
			(uint32_t)(card->serial & 0x7fffffff), err);
	if (s == DLB_OK)
		dlb_xwing_public(card->last_resort, e->seed);
	return s;
}

static enum dlb_status
save_card(struct dlb_letterbox *l, const struct dlb_card *card, const char *key,
	struct dlb_buf *bytes, struct dlb_error *err)
{
	uint8_t pk[32], sk[64];
	enum dlb_status s;

	bytes->len = 0;
	dlb_ed25519_keypair(pk, sk, l->keys->identity.sign_seed);
	s = dlb_card_write(bytes, card, sk);
	dlb_wipe(sk, sizeof(sk));
	if (s != DLB_OK)
		return dlb_fail(err, s, "a card could not be made");
	return dlb_own_set_blob(l, key, bytes->data, bytes->len, err);
}

/* Who has but the card that is superseded takes the last of its finding keys that
 * has begun, however old; and of the short card, with the last-resort key, the last.
 * These end with it, if not later. */
static enum dlb_status
extend_finding(struct dlb_letterbox *l, int64_t now_ms, struct dlb_error *err)
{
	static const char sql[] = "UPDATE epochs SET ended = ?2"
				  " WHERE kind = 1 AND id = ?1 AND ended < ?2";
	uint16_t quarter = dlb_quarter_of(now_ms);
	struct dlb_buf bytes = {0};
	struct dlb_card card;
	enum dlb_status s = DLB_OK;

	for (int is_short = 0; s == DLB_OK && is_short < 2; is_short++) {
		struct dlb_query q;
		size_t i;

		bytes.len = 0;
		s = dlb_letterbox_card(l, is_short, &bytes, err);
		if (s == DLB_OK)
			s = dlb_card_decode(&card, bytes.data, bytes.len, err);
		if (s == DLB_OK)
			s = dlb_db_change(&l->db, err);
		if (s != DLB_OK)
			break;
		for (i = card.finding_n - 1u;
			i > 0 && card.finding[i].quarter > quarter; i--)
			;
		dlb_query(&q, &l->db, sql);
		dlb_query_int(&q, card.finding[i].quarter);
		dlb_query_int(&q, now_ms / DLB_DAY_MS + 1);
		s = dlb_query_run(&q, err);
	}
	dlb_buf_free(&bytes);
	return s;
}

/* Greater than that of every card before, also of those that a copy of the home which
 * was put back does not know: these are of an earlier week, or few. It says no more
 * than the card does. */
static int64_t
next_serial(int64_t last, int64_t now_ms)
{
	int64_t by_week = (int64_t)dlb_week_of(now_ms) * SERIALS_A_WEEK;

	return last + 1 > by_week ? last + 1 : by_week;
}

/* after: a card of the same keys is there. */
static enum dlb_status
issue(struct dlb_letterbox *l, int64_t now_ms, bool after,
	struct dlb_error *err)
{
	static const char ungreet[] = "UPDATE correspondents SET greeted = 0"
				      " WHERE greeted <> 0";
	uint16_t quarter = dlb_quarter_of(now_ms);
	struct dlb_card card = {0};
	struct dlb_buf short_card = {0}, name = {0};
	struct dlb_query q;
	int64_t serial;
	enum dlb_status s;

	s = dlb_own_get_int(l, own_serial, &serial);
	if (s == DLB_OK && after)
		s = extend_finding(l, now_ms, err);
	if (s == DLB_OK)
		s = dlb_own_get_buf(l, own_name, &name);
	if (s != DLB_OK || name.len > DLB_CARD_NAME_MAX) {
		s = dlb_fail(err, s == DLB_OK ? DLB_CORRUPT : s,
			"one's own name can not be read");
		goto out;
	}
	memcpy(card.name, name.data, name.len);
	serial = next_serial(serial, now_ms);
	card.serial = (uint64_t)serial;
	s = fill_card(l, &card, now_ms, err);
	if (s == DLB_OK)
		s = save_card(l, &card, own_card, &l->card, err);
	/* A short card has of the finding keys those that serve already. */
	card.opening_n = 0;
	while (card.finding_n > 1
		&& card.finding[card.finding_n - 1].quarter > quarter)
		card.finding_n--;
	if (s == DLB_OK)
		s = save_card(l, &card, own_short_card, &short_card, err);
	if (s == DLB_OK)
		s = dlb_own_set_int(l, own_serial, serial, err);
	if (s == DLB_OK) {
		dlb_query(&q, &l->db, ungreet);
		s = dlb_query_run(&q, err);
	}
out:
	dlb_buf_free(&short_card);
	dlb_buf_free(&name);
	return s;
}

/* All that the card says of now and later can be opened, a year ahead. */
static bool
card_suffices(
	struct dlb_letterbox *l, const struct dlb_card *card, int64_t now_ms)
{
	uint16_t month = dlb_month_of(now_ms), quarter = dlb_quarter_of(now_ms);
	/* One that was issued by a clock that was ahead is refused by senders. */
	bool ok = card->issued_week <= dlb_week_of(now_ms) + 1
		&& dlb_card_bulletin_key(card) && card->opening_n > 0
		&& card->opening[card->opening_n - 1].month
			>= month + MONTHS - 1
		&& dlb_epochs_find(&l->epochs, DLB_EPOCH_LAST_RESORT,
			(uint32_t)(card->serial & 0x7fffffff));

	for (size_t i = 0; ok && i < card->opening_n; i++)
		ok = card->opening[i].month < month
			|| dlb_epochs_find(&l->epochs, DLB_EPOCH_OPENING,
				card->opening[i].month);
	for (size_t i = 0; ok && i < card->finding_n; i++)
		ok = card->finding[i].quarter < quarter
			|| dlb_epochs_find(&l->epochs, DLB_EPOCH_FINDING,
				card->finding[i].quarter);
	return ok;
}

enum dlb_status
dlb_letterbox_renew(
	struct dlb_letterbox *l, bool *renewed, struct dlb_error *err)
{
	struct dlb_clock_view clock;
	struct dlb_card card;
	enum dlb_status s;

	*renewed = false;
	/* New keys would take the place of lost ones, and of a ring that is put back. */
	if (!l->is_person || l->epochs.lost)
		return DLB_OK;
	s = dlb_clock_look(l, &clock, err);
	if (s != DLB_OK || !clock.trusted_week)
		return s;
	s = dlb_card_decode(&card, l->card.data, l->card.len, err);
	if (s != DLB_OK || card_suffices(l, &card, clock.now_ms))
		return s;
	s = issue(l, clock.now_ms, true, err);
	*renewed = s == DLB_OK;
	return s;
}

/* ---- a person ----------------------------------------------------------------------------- */

/* These secrets from now on, and the first card of them. */
static enum dlb_status
become(struct dlb_letterbox *l, const uint8_t both[static 64], const char *name,
	int64_t serial, struct dlb_error *err)
{
	enum dlb_status s;

	memcpy(l->keys->identity.sign_seed, both, 32);
	memcpy(l->keys->identity.agree, both + 32, 32);
	s = dlb_own_set_blob(l, own_identity, both, 64, err);
	if (s == DLB_OK)
		s = dlb_own_set_blob(l, own_name, name, strlen(name), err);
	if (s == DLB_OK)
		s = dlb_own_set_int(l, own_serial, serial, err);
	if (s != DLB_OK)
		return s;
	l->is_person = true;
	l->shared_with = 0;
	derive_public(l);
	return issue(l, dlb_now_ms(l->env), false, err);
}

enum dlb_status
dlb_identity_make(
	struct dlb_letterbox *l, const char *name, struct dlb_error *err)
{
	struct dlb_clock_view clock;
	uint8_t both[64];
	enum dlb_status s;

	if (l->is_person)
		return dlb_fail(err, DLB_EXISTS,
			"this letterbox is a person's already");
	s = dlb_name_check(name, "a person", err);
	/* A card of another time is refused by everybody. */
	if (s == DLB_OK)
		s = dlb_clock_look(l, &clock, err);
	if (s == DLB_OK)
		s = dlb_clock_doubt(&clock, err);
	if (s != DLB_OK)
		return s;
	dlb_random(l->env, both, sizeof(both));
	s = become(l, both, name, 0, err);
	dlb_wipe(both, sizeof(both));
	return s;
}

enum dlb_status
dlb_identity_restore(struct dlb_letterbox *l, const uint8_t secret[static 64],
	const char *name, uint64_t serial, struct dlb_error *err)
{
	/* The database has numbers up to there, and cards are yet to come. */
	if (serial >= INT64_MAX - UINT32_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"no card can have a higher serial number than the last "
			"one had");
	return become(l, secret, name, (int64_t)serial, err);
}

enum dlb_status
dlb_letterbox_make_person(
	struct dlb_letterbox *l, const char *name, struct dlb_error *err)
{
	return dlb_identity_make(l, name, err);
}

bool
dlb_letterbox_is_person(const struct dlb_letterbox *l)
{
	return l->is_person;
}

const struct dlb_identity *
dlb_letterbox_identity(const struct dlb_letterbox *l)
{
	return &l->identity;
}

const struct dlb_identity_secret *
dlb_letterbox_secret(const struct dlb_letterbox *l)
{
	return &l->keys->identity;
}

uint16_t
dlb_letterbox_generation(const struct dlb_letterbox *l)
{
	return l->epochs.lost ? 0 : l->generation;
}

enum dlb_status
dlb_letterbox_card(struct dlb_letterbox *l, bool is_short, struct dlb_buf *out,
	struct dlb_error *err)
{
	enum dlb_status s;

	if (!l->is_person)
		return dlb_fail(
			err, DLB_REFUSED, "a courier's letterbox has no card");
	s = dlb_own_get_buf(l, is_short ? own_short_card : own_card, out);
	return s == DLB_OK ? s : dlb_fail(err, s, "one's card can not be read");
}
