/*
 * People, a courier and sticks, between which letters go and are called back.
 */
#ifndef TESTS_RECALL_WORLD_H
#define TESTS_RECALL_WORLD_H

#include "home_fixture.h"

/* Alice, open, who knows Bob; a courier; two sticks: usb, other. */
struct dlb_node *cast(struct fixture *f, int64_t *bob);
/* At a home that is closed. */
struct dlb_meet_result meets(
	struct fixture *f, const char *who, const char *stick);
struct dlb_recall_result recall(
	struct fixture *f, struct dlb_node *n, int64_t number);
enum dlb_out_state state_of(
	struct fixture *f, struct dlb_node *n, int64_t number);

/* Names of a letter's cells; and how many of them are there with one of those flags. */
struct dlb_buf names_of(struct fixture *f, struct dlb_node *n, int64_t number);
unsigned count_cells(
	struct dlb_satchel *s, const struct dlb_buf *names, uint8_t flags);
unsigned at_home(struct fixture *f, const char *who,
	const struct dlb_buf *names, uint8_t flags);
unsigned on_stick(
	struct fixture *f, const char *stick, const struct dlb_buf *names);
struct dlb_satchel *open_stick(struct fixture *f, const char *stick);
uint32_t tokens_on(struct fixture *f, const char *stick);

#endif
