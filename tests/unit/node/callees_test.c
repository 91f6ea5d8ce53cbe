/* Whom to call on the local network, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above first. */
#include <cmocka.h>

#include "callees.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
	struct dlb_env_seeded env;
	struct dlb_callees callees;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	dlb_env_seeded_init(&w->env, 11, 1000000);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

static struct dlb_lan_peer
a_peer(const char *name, const char *host)
{
	struct dlb_lan_peer p = {.ways_n = 1};

	snprintf(p.name, sizeof(p.name), "%s", name);
	snprintf(p.ways[0].host, sizeof(p.ways[0].host), "%s", host);
	p.ways[0].port = DLB_TCP_PORT;
	return p;
}

static void
find_peer(struct world *w, const char *name, const char *host)
{
	struct dlb_lan_peer p = a_peer(name, host);

	dlb_callees_found(&w->callees, &p, &w->env.env);
}

static struct dlb_callee *
due(struct world *w)
{
	return dlb_callees_due(&w->callees, w->env.now_ms);
}

/* Of two that find each other, exactly one calls before the other's turn. */
static void
one_of_two_calls_first(void **state)
{
	static const char *const names[] = {"alder", "birch"};
	struct world *w = *state;

	for (int me = 0; me < 2; me++) {
		memset(&w->callees, 0, sizeof(w->callees));
		strcpy(w->callees.own_name, names[me]);
		find_peer(w, names[!me], "10.0.0.2");
		w->env.now_ms += DLB_CALL_SOON_MS;
		assert_int_equal(due(w) != NULL, me == 0);
		w->env.now_ms += DLB_CALL_TURN_MS;
		assert_non_null(due(w));
	}
	/* Who does not announce can not be called, and calls. */
	memset(&w->callees, 0, sizeof(w->callees));
	find_peer(w, "alder", "10.0.0.2");
	w->env.now_ms += DLB_CALL_SOON_MS;
	assert_non_null(due(w));
}

/* Who is found while our own announcement is under way waits for it: the other finds us
 * only then, and both would call. */
static void
without_a_name_nobody_calls(void **state)
{
	static const char *const names[] = {"alder", "birch"};
	struct world *w = *state;

	for (int me = 0; me < 2; me++) {
		memset(&w->callees, 0, sizeof(w->callees));
		w->callees.announces = true;
		find_peer(w, names[!me], "10.0.0.2");
		w->env.now_ms += DLB_CALL_SOON_MS;
		assert_null(due(w));
		dlb_callees_announced(&w->callees, names[me], &w->env.env);
		w->env.now_ms += DLB_CALL_SOON_MS;
		assert_int_equal(due(w) != NULL, me == 0);
	}
	/* A name that never comes is not waited for. */
	memset(&w->callees, 0, sizeof(w->callees));
	w->callees.announces = true;
	find_peer(w, "alder", "10.0.0.2");
	w->env.now_ms += DLB_CALL_TURN_MS + DLB_CALL_SOON_MS;
	assert_non_null(due(w));
	/* Nor does one that comes late make anyone due who was met. */
	dlb_callees_called(due(w), true, &w->env.env);
	dlb_callees_announced(&w->callees, "aaron", &w->env.env);
	w->env.now_ms += DLB_CALL_SOON_MS;
	assert_null(due(w));
}

/* Who calls may be found only afterwards. */
static void
who_called_first_is_left_alone(void **state)
{
	struct world *w = *state;
	char host[32];

	dlb_callees_met_host(&w->callees, "10.0.0.2", &w->env.env);
	for (int i = 0; i < DLB_CALLERS_MAX - 1; i++) {
		w->env.now_ms++;
		snprintf(host, sizeof(host), "10.0.1.%d", i);
		dlb_callees_met_host(&w->callees, host, &w->env.env);
	}
	find_peer(w, "alder", "10.0.0.2");
	find_peer(w, "birch", "10.0.0.3");
	w->env.now_ms += DLB_CALL_SOON_MS;
	assert_string_equal(due(w)->peer.name, "birch");
	dlb_callees_called(due(w), true, &w->env.env);
	assert_null(due(w));
	/* Long after it is another one, for all that is known. */
	dlb_callees_met_host(&w->callees, "10.0.0.4", &w->env.env);
	w->env.now_ms += DLB_CALL_FOUND_MS;
	find_peer(w, "cedar", "10.0.0.4");
	w->env.now_ms += DLB_CALL_SOON_MS;
	assert_string_equal(due(w)->peer.name, "cedar");
}

static void
who_was_met_is_left_alone(void **state)
{
	struct world *w = *state;

	find_peer(w, "alder", "10.0.0.2");
	w->env.now_ms += DLB_CALL_SOON_MS;
	dlb_callees_called(due(w), true, &w->env.env);
	w->env.now_ms += DLB_CALL_AGAIN_MS - 1;
	assert_null(due(w));
	w->env.now_ms += DLB_CALL_AGAIN_MS / 4 + 1;
	assert_non_null(due(w));
	/* Called by them: the same. */
	dlb_callees_met_host(&w->callees, "10.0.0.2", &w->env.env);
	assert_null(due(w));
	dlb_callees_met_host(&w->callees, "10.0.0.3", &w->env.env);
	/* Gone and back again does not make it due. */
	dlb_callees_lost(&w->callees, "alder");
	assert_int_equal(dlb_callees_deadline_ms(&w->callees), INT64_MAX);
	find_peer(w, "alder", "10.0.0.2");
	assert_null(due(w));
	assert_true(dlb_callees_deadline_ms(&w->callees) > w->env.now_ms);
}

static void
who_fails_is_called_less_and_less(void **state)
{
	struct world *w = *state;
	int64_t before = 0;

	find_peer(w, "alder", "10.0.0.2");
	w->env.now_ms += DLB_CALL_SOON_MS;
	for (int i = 0; i < 12; i++) {
		struct dlb_callee *c = due(w);
		int64_t wait;

		assert_non_null(c);
		dlb_callees_called(c, false, &w->env.env);
		wait = c->next_ms - w->env.now_ms;
		assert_true(wait >= DLB_CALL_RETRY_MS);
		assert_true(wait
			<= DLB_CALL_RETRY_MAX_MS + DLB_CALL_RETRY_MAX_MS / 4);
		if (i < 5)
			assert_true(wait > before);
		before = wait;
		w->env.now_ms = c->next_ms;
	}
	dlb_callees_called(due(w), true, &w->env.env);
	assert_int_equal(w->callees.list[0].failures, 0);
}

/* However many announce, there is a maximum, and those that are gone give way. */
static void
there_is_a_maximum(void **state)
{
	struct world *w = *state;
	char name[32];

	for (int i = 0; i < DLB_CALLEES_MAX + 10; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		find_peer(w, name, "10.0.0.2");
	}
	assert_int_equal(w->callees.n, DLB_CALLEES_MAX);
	dlb_callees_lost(&w->callees, "n7");
	find_peer(w, "late", "10.0.0.9");
	assert_int_equal(w->callees.n, DLB_CALLEES_MAX);
	assert_string_equal(w->callees.list[7].peer.name, "late");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			one_of_two_calls_first, setup, teardown),
		cmocka_unit_test_setup_teardown(
			without_a_name_nobody_calls, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_called_first_is_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_was_met_is_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_fails_is_called_less_and_less, setup, teardown),
		cmocka_unit_test_setup_teardown(
			there_is_a_maximum, setup, teardown),
	};

	return cmocka_run_group_tests_name("callees", tests, NULL, NULL);
}
