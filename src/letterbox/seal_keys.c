/*
 * Which of a correspondent's keys a letter is sealed to.
 *
 * The finding key is that of the latest quarter that is not after the one in which
 * the present week began. The reader goes by the same rule (epochs.c), and knows
 * the week from the cell's expiry; cards list the key of the week before their
 * issue too, so that a sender whose clock is up to a week behind has one.
 */
#include "correspondents_internal.h"

#include <stdio.h>
#include <string.h>

static enum dlb_status
choose_opening(struct dlb_seal_to *to, const struct dlb_card *card,
	const char *name, int64_t now_ms, bool last_resort,
	struct dlb_error *err)
{
	uint16_t month = dlb_month_of(now_ms);
	size_t i = 0;

	/* A clock that is a little behind a card that starts with this month. */
	if (card->opening_n > 0 && month < card->opening[0].month)
		month = card->opening[0].month;
	while (i < card->opening_n && card->opening[i].month != month)
		i++;
	if (i < card->opening_n && !last_resort) {
		to->opening_id = month;
		memcpy(to->opening, card->opening[i].key, sizeof(to->opening));
		return DLB_OK;
	}
	if (card->opening_n == 0 || last_resort) {
		to->opening_id = dlb_card_last_resort_id(card);
		memcpy(to->opening, card->last_resort, sizeof(to->opening));
		return DLB_OK;
	}
	return dlb_fail(err, DLB_CLOCK,
		"the card of \"%s\" has no key for the present month: ask for "
		"a newer card, or seal to its last-resort key "
		"(--last-resort), which is kept longer than others",
		name);
}

static void
choose_finding(
	struct dlb_seal_to *to, const struct dlb_card *card, int64_t now_ms)
{
	uint16_t quarter =
		dlb_quarter_of(dlb_week_start_ms(dlb_week_of(now_ms)));
	size_t i = card->finding_n - 1u;

	while (i > 0 && card->finding[i].quarter > quarter)
		i--;
	memcpy(to->finding, card->finding[i].key, sizeof(to->finding));
}

/* Kept for the next letter: to one person there are often many. */
static enum dlb_status
agree(struct dlb_letterbox *l, int64_t id, const struct dlb_identity *with,
	struct dlb_error *err)
{
	if (l->shared_with == id)
		return DLB_OK;
	l->shared_with = 0;
	if (dlb_x25519(l->keys->shared, l->keys->identity.agree, with->agree)
		!= DLB_OK)
		return dlb_fail(err, DLB_MALFORMED,
			"the correspondent's card holds a key that is not one");
	l->shared_with = id;
	return DLB_OK;
}

enum dlb_status
dlb_correspondent_seal_keys(struct dlb_letterbox *l, int64_t id, int64_t now_ms,
	bool last_resort, struct dlb_seal_to *to, struct dlb_seal_from *from,
	struct dlb_error *err)
{
	struct dlb_correspondent c;
	struct dlb_card card;
	enum dlb_status s;

	memset(to, 0, sizeof(*to));
	memset(from, 0, sizeof(*from));
	if (!l->is_person)
		return dlb_fail(err, DLB_REFUSED,
			"a courier's letterbox sends no letters");
	s = dlb_correspondent_by_id(l, &c, id);
	if (s != DLB_OK)
		return dlb_fail(err, s, "there is no such correspondent");
	s = dlb_correspondent_stored_card(l, &card, id, err);
	if (s != DLB_OK)
		return s;
	if (dlb_card_is_ahead(&card, now_ms)) {
		char issued[11];

		dlb_date_text(issued, dlb_week_start_ms(card.issued_week));
		return dlb_fail(err, DLB_CLOCK,
			"the card of \"%s\" was issued in the week of %s, "
			"which is ahead: set the clock right, or ask for "
			"another card",
			c.name, issued);
	}
	s = choose_opening(to, &card, c.name, now_ms, last_resort, err);
	if (s == DLB_OK)
		s = agree(l, id, &c.identity, err);
	if (s != DLB_OK) {
		memset(to, 0, sizeof(*to));
		return s;
	}
	choose_finding(to, &card, now_ms);
	to->identity = c.identity;
	from->identity = l->identity;
	memcpy(from->shared, l->keys->shared, sizeof(from->shared));
	if (!c.greeted || !c.heard) {
		from->card = l->card.data;
		from->card_len = l->card.len;
	}
	return DLB_OK;
}
