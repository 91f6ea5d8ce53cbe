/*
 * What tests of briefings share: Alice sends by way of a box, the ferry travels there,
 * Bob collects.
 */
#ifndef DLB_TESTS_BRIEFING_WORLD_H
#define DLB_TESTS_BRIEFING_WORLD_H

#include "home_fixture.h"

#include "briefings.h"
#include "trips.h"

#define DAY ((uint32_t)(FIXTURE_NOW_MS / DLB_DAY_MS))

struct people {
	int64_t bob, ferry; /* at Alice's */
	struct dlb_box box; /* Alice's and Bob's */
};

struct trips {
	struct dlb_trip last;
	char from[DLB_PERSON_NAME_MAX + 1];
	uint64_t waiting;
	size_t n;
};

int64_t know(struct fixture *f, const char *who, const char *whom);
struct people make_people(struct fixture *f);
void send_via(
	struct fixture *f, struct people *p, const char *message, bool via);
enum dlb_status brief_of(
	struct fixture *f, struct people *p, uint32_t last_day, bool may_open);
struct dlb_meet_result meets(
	struct fixture *f, const char *who, const char *stick);
struct trips trips_of(struct fixture *f, const char *who);
void count_in_box(
	struct fixture *f, struct people *p, size_t *bound, size_t *others);

#endif
