/*
 * friends: two people who know each other, and what became of their letters.
 */
#ifndef DLB_TEST_FRIENDS_H
#define DLB_TEST_FRIENDS_H

#include "home_fixture.h"

/* Alice, open, and Bob know each other; the stick "usb" goes between them. */
struct dlb_node *two_friends(struct fixture *f, int64_t *bob);
/* The stick, by who is not open. */
struct dlb_meet_result meets(struct fixture *f, const char *who);
enum dlb_out_state state_of(
	struct fixture *f, struct dlb_node *n, int64_t number);
/* Cells that are kept for letters. */
uint32_t held(struct dlb_node *n);

#endif
