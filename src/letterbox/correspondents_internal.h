/*
 * Correspondents' cards, within the module.
 */
#ifndef DLB_CORRESPONDENTS_INTERNAL_H
#define DLB_CORRESPONDENTS_INTERNAL_H

#include "card_internal.h"
#include "state_internal.h"

/* The card that is held of a correspondent. */
enum dlb_status dlb_correspondent_stored_card(struct dlb_letterbox *l,
	struct dlb_card *out, int64_t id, struct dlb_error *err) DLB_MUST_CHECK;

#endif
