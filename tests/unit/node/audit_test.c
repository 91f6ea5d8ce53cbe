/* The log of a node does not tell a meeting with a letter from one without. */
#include "home_fixture.h"

#include "audit.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 2048

/* All of a record but for what differs by its salt. */
static bool
collect(void *ctx, const struct dlb_audit_record *r)
{
	char *text = ctx;
	size_t at = strlen(text);

	at += (size_t)snprintf(text + at, TEXT_MAX - at, "%llu %lld %u %s",
		(unsigned long long)r->number, (long long)r->when_ms, r->event,
		r->name);
	for (size_t i = 0; i < r->values_n; i++)
		at += (size_t)snprintf(text + at, TEXT_MAX - at, " %llu",
			(unsigned long long)r->values[i]);
	snprintf(text + at, TEXT_MAX - at, "\n");
	return true;
}

static void
log_of(struct fixture *f, struct dlb_node *n, char text[static TEXT_MAX])
{
	struct dlb_audit_check check = {.known = NULL};
	struct dlb_buf log = {0};

	text[0] = '\0';
	assert_dlb_ok(f,
		dlb_audit_export(dlb_node_letterbox(n), true, &log, &f->err));
	assert_dlb_ok(f,
		dlb_audit_check(
			&check, log.data, log.len, collect, text, &f->err));
	dlb_buf_free(&log);
}

/* alice writes and carol does not, to sticks of their own; bob reads the one, dan
 * carries the other. */
static void
a_letter_leaves_no_trace_in_the_log(void **state)
{
	static char writes[TEXT_MAX], silent[TEXT_MAX];
	struct fixture *f = *state;
	struct dlb_node *alice, *bob, *carol, *dan;
	int64_t to_bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "carol", false);
	fixture_home(f, "bob", false);
	fixture_home(f, "dan", false);
	alice = fixture_open(f, "alice");
	carol = fixture_open(f, "carol");
	to_bob = fixture_introduce(f, alice, "bob");
	bob = fixture_open(f, "bob");
	dan = fixture_open(f, "dan");
	fixture_stick(f, alice, "stick", 16);
	fixture_stick(f, carol, "stock", 16);
	fixture_send(f, alice, to_bob, NULL, "nobody's business");
	fixture_meet(f, alice, "stick");
	fixture_meet(f, carol, "stock");
	assert_int_equal(fixture_meet(f, bob, "stick").letters_new, 1);
	assert_int_equal(fixture_meet(f, dan, "stock").letters_new, 0);
	fixture_meet(f, alice, "stick");
	fixture_meet(f, carol, "stock");
	assert_dlb_ok(f,
		dlb_node_recall(
			alice, 1, &(struct dlb_recall_result){0}, &f->err));
	log_of(f, alice, writes);
	log_of(f, carol, silent);
	/* The sticks' names are not of the letter. */
	for (char *at = silent; (at = strstr(at, "stock")) != NULL;)
		at[2] = 'i';
	assert_string_equal(writes, silent);
	assert_non_null(strstr(writes, " 64 64 0 0\n"));
	log_of(f, bob, writes);
	log_of(f, dan, silent);
	for (char *at = silent; (at = strstr(at, "stock")) != NULL;)
		at[2] = 'i';
	assert_string_equal(writes, silent);
	dlb_node_close(alice);
	dlb_node_close(bob);
	dlb_node_close(carol);
	dlb_node_close(dan);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_letter_leaves_no_trace_in_the_log, fixture_setup,
			fixture_teardown),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
