/*
 * Who is meant: see roster_who.h.
 */
#include "roster_who.h"

#include "card_file.h"

#include <string.h>
#include <unistd.h>

enum dlb_status
cli_roster_who(struct dlb_card *card, char name[static DLB_PERSON_NAME_MAX + 1],
	struct cli *c, struct dlb_letterbox *l, const char *who,
	struct dlb_error *err)
{
	struct dlb_correspondent known;
	struct dlb_buf bytes = {0};
	enum dlb_status st;

	name[0] = '\0';
	if (!cli_is_card_text(who)
		&& dlb_correspondent_by_name(l, &known, who, NULL) == DLB_OK) {
		memcpy(name, known.name, sizeof(known.name));
		st = dlb_correspondent_card(l, &bytes, known.id, err);
		if (st == DLB_OK)
			st = dlb_card_parse(card, bytes.data, bytes.len, err);
		dlb_buf_free(&bytes);
		return st;
	}
	if (!cli_is_card_text(who) && strcmp(who, "-") != 0
		&& access(who, F_OK) != 0) {
		char shown[256];

		return dlb_fail(err, DLB_NOT_FOUND,
			"%s is neither a correspondent nor the file of a card; "
			"see: dlb people",
			dlb_printable(shown, sizeof(shown), who, strlen(who)));
	}
	st = cli_load_card(card, who, c->env, err);
	if (st == DLB_OK)
		memcpy(name, card->name, sizeof(card->name));
	return st;
}

enum dlb_status
cli_roster_check_ahead(
	struct cli *c, const struct dlb_card *card, struct dlb_error *err)
{
	char issued[11];

	if (!dlb_card_is_ahead(card, dlb_now_ms(c->env)))
		return DLB_OK;
	dlb_date_text(issued, dlb_week_start_ms(card->issued_week));
	return dlb_fail(err, DLB_CLOCK,
		"the card was issued in the week of %s, which is ahead; set the "
		"clock right, or ask for another card",
		issued);
}

const char *
cli_roster_called(const char *name)
{
	return name[0] ? name : "the owner of that card";
}
