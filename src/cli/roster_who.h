/*
 * roster_who: who is meant where a verb of rosters takes a name or a card.
 */
#ifndef DLB_CLI_ROSTER_WHO_H
#define DLB_CLI_ROSTER_WHO_H

#include "cli.h"
#include "node.h"

/* A correspondent's card, or a file or text; name: what they are called, maybe "".
 * DLB_NOT_FOUND where it is none of these. */
enum dlb_status cli_roster_who(struct dlb_card *card,
	char name[static DLB_PERSON_NAME_MAX + 1], struct cli *c,
	struct dlb_letterbox *l, const char *who, struct dlb_error *err)
	DLB_MUST_CHECK;
/* DLB_CLOCK where the card is of a time to come. */
enum dlb_status cli_roster_check_ahead(struct cli *c,
	const struct dlb_card *card, struct dlb_error *err) DLB_MUST_CHECK;
/* For a sentence, where there may be no name. */
const char *cli_roster_called(const char *name);

#endif
