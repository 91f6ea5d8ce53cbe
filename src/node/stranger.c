/*
 * stranger: the card that rode along with a stranger's letter, so that they can be
 * answered.
 *
 * It lies in the letter's first cell, which is held here for as long as the letter
 * is kept; what opens it lies in the letterbox with the letter. So that strangers
 * can fill nothing beyond the quota of their cells. The card is hostile bytes, and
 * is checked as one from a file is; it counts only where it is of the very person
 * who sealed the letter.
 */
#include "node_internal.h"

#include <stdlib.h>
#include <string.h>

static enum dlb_status
reopen(struct dlb_node *n, const struct dlb_in_letter *letter,
	struct dlb_opened *head, struct dlb_error *err)
{
	const uint8_t *cell = dlb_node_head_cell(n, letter, 0);

	if (cell
		&& dlb_head_card(head, n->aead[0], cell, &letter->card_key,
			   letter->box3_offset, NULL)
			== DLB_OK)
		return DLB_OK;
	return dlb_fail(err, DLB_NOT_FOUND,
		"the first cell of letter %lld, which has the card, is not here "
		"whole; meet a box that carries it, and try again",
		(long long)letter->number);
}

static enum dlb_status
check(struct dlb_card *card, const struct dlb_in_letter *letter,
	const struct dlb_opened *head, struct dlb_error *err)
{
	enum dlb_status st =
		dlb_card_parse(card, head->card, head->card_len, err);

	if (st != DLB_OK) {
		dlb_error_prefix(err, "the card that came with letter %lld",
			(long long)letter->number);
		return st;
	}
	if (dlb_equal(&card->identity, &letter->sender, sizeof(card->identity)))
		return DLB_OK;
	memset(card, 0, sizeof(*card));
	return dlb_fail(err, DLB_FORGED,
		"the card that came with letter %lld is not that of its sender: "
		"do not trust the letter; who wrote it can hand you their card "
		"another way",
		(long long)letter->number);
}

enum dlb_status
dlb_node_letter_card(struct dlb_node *n, int64_t number, struct dlb_card *card,
	struct dlb_error *err)
{
	struct dlb_in_letter *letter = calloc(1, sizeof(*letter));
	struct dlb_opened *head = calloc(1, sizeof(*head));
	enum dlb_status st;

	memset(card, 0, sizeof(*card));
	if (!letter || !head) {
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		goto out;
	}
	st = dlb_in_get(n->letterbox, letter, number, err);
	if (st == DLB_OK && letter->state == DLB_IN_DELETED)
		st = DLB_NOT_FOUND;
	if (st == DLB_NOT_FOUND)
		st = dlb_fail(err, st, "no letter %lld came in; see: dlb inbox",
			(long long)number);
	else if (st == DLB_OK && !letter->has_card)
		st = dlb_fail(err, DLB_NOT_FOUND,
			"no card came with letter %lld; ask its sender for one, "
			"and then: dlb know CARD",
			(long long)number);
	if (st == DLB_OK)
		st = reopen(n, letter, head, err);
	if (st == DLB_OK)
		st = check(card, letter, head, err);
out:
	if (letter)
		dlb_wipe(letter, sizeof(*letter));
	if (head)
		dlb_wipe(head, sizeof(*head));
	free(letter);
	free(head);
	return st;
}
