/*
 * Rosters between nodes: who is named is recognised, a revocation gets to whoever meets
 * one who has it, and what a courier brings again or makes up changes nothing.
 */
#include "home_fixture.h"

#include "exchange.h"
#include "node_bulletins.h"
#include "roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- people ---------------------------------------------------------------------------- */

static void
load_card(struct fixture *f, const char *who, struct dlb_card *card)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_buf bytes = {0};

	assert_dlb_ok(f,
		dlb_letterbox_card(
			dlb_node_letterbox(n), false, &bytes, &f->err));
	assert_dlb_ok(f, dlb_card_parse(card, bytes.data, bytes.len, &f->err));
	dlb_buf_free(&bytes);
	dlb_node_close(n);
}

/* trusts: else only follows. */
static void
take_word(struct fixture *f, const char *who, const char *of, bool trusts)
{
	struct dlb_card *card = calloc(1, sizeof(*card));
	struct dlb_author a;
	struct dlb_node *n;

	assert_non_null(card);
	load_card(f, of, card);
	n = fixture_open(f, who);
	if (trusts)
		assert_dlb_ok(f,
			dlb_roster_trust(dlb_node_letterbox(n), &card->identity,
				of, true, &f->err));
	assert_dlb_ok(f, dlb_node_follow(n, &a, card, NULL, NULL, &f->err));
	dlb_node_close(n);
	free(card);
}

static void
post(struct fixture *f, const char *who, const struct dlb_buf *roster,
	const char *stick)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_bulletin_out out = {.kind = DLB_KIND_ROSTER,
		.title = "roster",
		.name = "",
		.body = roster->data,
		.len = roster->len};

	assert_dlb_ok(f, dlb_node_bulletin_post(n, &out, NULL, &f->err));
	fixture_meet(f, n, stick);
	dlb_node_close(n);
}

/* What alice says of whom from now on, signed. */
static void
say(struct fixture *f, const char *whom, bool revoked, struct dlb_buf *out)
{
	struct dlb_card *card = calloc(1, sizeof(*card));
	struct dlb_roster_entry e = {.revoked = revoked, .note = "ferry"};
	struct dlb_node *n;

	assert_non_null(card);
	load_card(f, whom, card);
	e.identity = card->identity;
	n = fixture_open(f, "alice");
	assert_dlb_ok(
		f, dlb_own_roster_put(dlb_node_letterbox(n), &e, &f->err));
	out->len = 0;
	assert_dlb_ok(
		f, dlb_own_roster_sign(dlb_node_letterbox(n), out, &f->err));
	assert_dlb_ok(f, dlb_letterbox_commit(dlb_node_letterbox(n), &f->err));
	dlb_node_close(n);
	free(card);
}

static void
meets(struct fixture *f, const char *who, const char *stick)
{
	struct dlb_node *n = fixture_open(f, who);

	fixture_meet(f, n, stick);
	dlb_node_close(n);
}

/* What `who` holds of alice. */
static struct dlb_roster_author
held(struct fixture *f, const char *who)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_roster_author a = {.id = 0};

	if (dlb_roster_author_by_name(dlb_node_letterbox(n), &a, "alice", NULL)
		!= DLB_OK)
		a.number = 0;
	dlb_node_close(n);
	return a;
}

/* ---- two nodes ----------------------------------------------------------------------------- */

static void
carry(struct dlb_exchange *from, struct dlb_exchange *to)
{
	const uint8_t *bytes;
	size_t len, taken = 1;

	while (taken > 0 && dlb_exchange_work(from, &bytes, &len)) {
		/* What is over takes nothing more. */
		taken = dlb_exchange_over(to)
			? len
			: dlb_exchange_receive(to, bytes, len);
		dlb_exchange_sent(from, taken);
	}
}

/* How it ended for `who`, who has the policy, and whom it says it was. */
static enum dlb_status
meet_node(struct fixture *f, const char *who, const char *whom,
	enum dlb_peer_policy policy, char names[static 256])
{
	const struct dlb_peer_options options[2] = {
		{.policy = policy}, {.policy = DLB_PEER_ANYONE}};
	static const uint8_t exporter[32] = {1};
	struct dlb_node *n[2] = {fixture_open(f, who), fixture_open(f, whom)};
	struct dlb_peer_result result;
	struct dlb_exchange *x[2];
	enum dlb_status st;

	for (int i = 0; i < 2; i++)
		assert_dlb_ok(f,
			dlb_exchange_new(&x[i], n[i], i == 0, exporter,
				&options[i], &f->err));
	for (int i = 0; i < 20000
		&& !(dlb_exchange_over(x[0]) && dlb_exchange_over(x[1]));
		i++) {
		carry(x[0], x[1]);
		carry(x[1], x[0]);
		f->env.now_ms += 5;
	}
	for (int i = 0; i < 2; i++)
		assert_dlb_ok(f, dlb_exchange_settle(x[i], &f->err));
	st = dlb_exchange_end(x[0], &f->err);
	dlb_exchange_result(x[0], &result);
	snprintf(names, 256, "%s", result.names);
	for (int i = 0; i < 2; i++) {
		dlb_exchange_free(x[i]);
		dlb_node_close(n[i]);
	}
	return st;
}

/* ---- tests ------------------------------------------------------------------------------- */

static void
make_people(struct fixture *f)
{
	static const char *const sticks[] = {"first", "second", "third"};
	struct dlb_node *n;

	fixture_large_home(f, "alice", false, 96);
	fixture_large_home(f, "bob", false, 96);
	fixture_large_home(f, "ferry", false, 96);
	fixture_large_home(f, "holder", true, 96);
	n = fixture_open(f, "holder");
	for (size_t i = 0; i < DLB_ARRAY_LEN(sticks); i++)
		fixture_stick(f, n, sticks[i], 48);
	dlb_node_close(n);
	take_word(f, "bob", "alice", true);
	take_word(f, "ferry", "alice", true);
}

static void
a_revocation_reaches_who_meets_a_holder(void **state)
{
	struct fixture *f = *state;
	struct dlb_roster_author a;
	struct dlb_buf roster = {0};
	char names[256];

	make_people(f);
	assert_int_equal(meet_node(f, "bob", "ferry", DLB_PEER_VETTED, names),
		DLB_REFUSED);
	/* Both have to be named, to find each other. */
	say(f, "bob", false, &roster);
	say(f, "ferry", false, &roster);
	post(f, "alice", &roster, "first");
	meets(f, "bob", "first");
	assert_int_equal(held(f, "bob").vouched, 2);
	meets(f, "ferry", "first");
	assert_int_equal(
		meet_node(f, "bob", "ferry", DLB_PEER_VETTED, names), DLB_OK);
	assert_string_equal(names, "ferry (alice)");
	assert_int_equal(
		meet_node(f, "ferry", "bob", DLB_PEER_KNOWN, names), DLB_OK);
	/* She herself is no "one of alice". */
	assert_int_equal(
		meet_node(f, "bob", "alice", DLB_PEER_VETTED, names), DLB_OK);
	assert_string_equal(names, "alice");

	/* Over a courier who has no idea, and a meeting. */
	say(f, "ferry", true, &roster);
	post(f, "alice", &roster, "second");
	meets(f, "holder", "second");
	assert_int_equal(
		meet_node(f, "bob", "holder", DLB_PEER_ANYONE, names), DLB_OK);
	a = held(f, "bob");
	assert_int_equal(a.revoked, 1);
	assert_int_equal(meet_node(f, "bob", "ferry", DLB_PEER_VETTED, names),
		DLB_REFUSED);

	/* The old one again; to one who has it from before, and one who never had. */
	meets(f, "bob", "first");
	assert_int_equal(held(f, "bob").number, a.number);
	assert_int_equal(meet_node(f, "bob", "ferry", DLB_PEER_VETTED, names),
		DLB_REFUSED);
	fixture_large_home(f, "eve", false, 96);
	take_word(f, "eve", "alice", true);
	meets(f, "eve", "second");
	assert_int_equal(held(f, "eve").number, a.number);
	meets(f, "eve", "first");
	assert_int_equal(held(f, "eve").number, a.number);
	assert_int_equal(held(f, "eve").revoked, 1);
	dlb_buf_free(&roster);
}

/* mallory is followed, and posts what alice has signed, changed and not. */
static void
a_roster_of_another_hand_is_passed_over(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf roster = {0};

	make_people(f);
	fixture_large_home(f, "mallory", false, 96);
	take_word(f, "bob", "mallory", false);
	say(f, "ferry", false, &roster);
	post(f, "mallory", &roster, "third");
	meets(f, "bob", "third");
	assert_int_equal(held(f, "bob").number, 0);
	roster.data[roster.len - 1] ^= 1;
	post(f, "mallory", &roster, "third");
	roster.len = 3;
	post(f, "mallory", &roster, "third");
	meets(f, "bob", "third");
	assert_int_equal(held(f, "bob").number, 0);
	dlb_buf_free(&roster);
}

/* Whose bulletins are followed and whose word is not taken: held, and no more. */
static void
following_is_not_trusting(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf roster = {0};
	char names[256];

	make_people(f);
	fixture_large_home(f, "carol", false, 96);
	take_word(f, "carol", "alice", false);
	say(f, "ferry", false, &roster);
	post(f, "alice", &roster, "first");
	meets(f, "carol", "first");
	meets(f, "ferry", "first");
	assert_int_equal(held(f, "carol").vouched, 1);
	assert_false(held(f, "carol").trusted);
	assert_int_equal(meet_node(f, "carol", "ferry", DLB_PEER_KNOWN, names),
		DLB_REFUSED);
	dlb_buf_free(&roster);
}

/* ---- publishing ------------------------------------------------------------------------------ */

/* So many bulletins, on one day. */
static void
post_some(struct fixture *f, struct dlb_node *n, unsigned count)
{
	struct dlb_bulletin_out out = {.kind = DLB_KIND_BULLETIN,
		.title = "news",
		.name = "",
		.body = "x",
		.len = 1};

	for (unsigned i = 0; i < count; i++)
		assert_dlb_ok(
			f, dlb_node_bulletin_post(n, &out, NULL, &f->err));
}

/* A revocation does not wait for tomorrow because much was said today. */
static void
a_roster_goes_out_on_a_full_day(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf bytes = {0};
	struct dlb_roster_sent sent;
	struct dlb_letterbox *l;
	struct dlb_node *n;

	make_people(f);
	say(f, "ferry", true, &bytes);
	n = fixture_open(f, "alice");
	l = dlb_node_letterbox(n);
	post_some(f, n, DLB_BULLETIN_SLOTS);
	assert_true(dlb_own_roster_last_sent(l, &sent));
	assert_int_equal(sent.number, 0);
	assert_dlb_ok(f, dlb_node_roster_publish(n, &f->err));
	assert_false(dlb_own_roster_last_sent(l, &sent));
	fixture_meet(f, n, "first");
	dlb_node_close(n);
	meets(f, "bob", "first");
	assert_int_equal(held(f, "bob").number, sent.number);
	assert_int_equal(held(f, "bob").revoked, 1);
	dlb_buf_free(&bytes);
}

/* What can not be posted is not signed either, nor said to be published. */
static void
a_roster_that_does_not_go_out_is_not_published(void **state)
{
	struct fixture *f = *state;
	struct dlb_roster_sent sent, after;
	struct dlb_buf bytes = {0}, last = {0};
	struct dlb_letterbox *l;
	struct dlb_node *n;

	make_people(f);
	say(f, "ferry", false, &bytes);
	n = fixture_open(f, "alice");
	post_some(f, n, DLB_BULLETIN_SLOTS);
	for (unsigned i = 0; i < DLB_BULLETIN_SLOTS; i++)
		assert_dlb_ok(f, dlb_node_roster_publish(n, &f->err));
	assert_false(dlb_own_roster_last_sent(dlb_node_letterbox(n), &sent));
	dlb_node_close(n);
	say(f, "ferry", true, &bytes);
	n = fixture_open(f, "alice");
	assert_int_equal(dlb_node_roster_publish(n, &f->err), DLB_LIMIT);
	dlb_node_close(n);
	n = fixture_open(f, "alice");
	l = dlb_node_letterbox(n);
	assert_true(dlb_own_roster_last_sent(l, &after));
	assert_int_equal(after.number, sent.number);
	assert_dlb_ok(f, dlb_own_roster_last(l, &last));
	assert_int_equal(last.len, bytes.len);
	assert_memory_equal(last.data, bytes.data, last.len);
	dlb_node_close(n);
	dlb_buf_free(&bytes);
	dlb_buf_free(&last);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_revocation_reaches_who_meets_a_holder, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_roster_of_another_hand_is_passed_over, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(following_is_not_trusting,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_roster_goes_out_on_a_full_day,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_roster_that_does_not_go_out_is_not_published,
			fixture_setup, fixture_teardown),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
