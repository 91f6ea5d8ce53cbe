/*
 * Days in the life of a letterbox, on which its keys come to their ends.
 */
#ifndef TESTS_KEYS_WORLD_H
#define TESTS_KEYS_WORLD_H

#include "letterbox_test.h"

/* Its serial (docs/letterbox.md, section 2). */
#define FIRST_CARD (16u * dlb_week_of(TEST_NOW_MS))

#define DAY(n) ((n)*DLB_DAY_MS)
/* The fixture's 2026-05-20 is in month 28 and quarter 9; from this on their keys are due. */
#define MAY_GOES 1788048000000LL     /* 2026-08-30 */
#define QUARTER_GOES 1791244800000LL /* 2026-10-06 */

/* A use of the home, as the node has it: how many keys were destroyed. */
uint32_t use(struct fixture *f, struct dlb_letterbox *l);
/* On so many days that follow each other, from now on. */
uint32_t use_days(struct fixture *f, struct dlb_letterbox *l, int days);
/* From now to then, in strides that are believed; the last is no use yet. */
void use_until(struct fixture *f, struct dlb_letterbox *l, int64_t then_ms);
bool has(struct dlb_letterbox *l, enum dlb_epoch_kind kind, uint32_t id);

#endif
