/*
 * Briefed couriers: what they carry where, what they hand over and to whom, and how it
 * ends.
 */
#include "briefing_world.h"

#include "kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the trip ------------------------------------------------------------------------- */

static void
a_letter_goes_by_a_briefed_courier(void **state)
{
	struct fixture *f = *state;
	struct people p = make_people(f);
	struct dlb_meet_result r;
	struct dlb_in_letter letter;
	struct dlb_node *n;
	struct trips t;
	size_t bound, others;

	send_via(f, &p, "by manchester", true);
	send_via(f, &p, "by chance", false);
	assert_dlb_ok(f, brief_of(f, &p, DAY + 10, true));
	assert_int_equal(meets(f, "alice", "usb").given_own, 64);
	assert_int_equal(trips_of(f, "ferry").n, 0);
	r = meets(f, "ferry", "usb");
	assert_int_equal(r.taken, 64);
	/* Nobody sees the letter that said so. */
	assert_int_equal(r.letters_new, 0);
	assert_int_equal(r.letters_complete, 0);
	n = fixture_open(f, "ferry");
	assert_int_equal(fixture_inbox(n, NULL), 0);
	dlb_node_close(n);
	t = trips_of(f, "ferry");
	assert_int_equal(t.n, 1);
	assert_string_equal(t.last.box.name, "manchester");
	assert_string_equal(t.last.box.place, "42 Ship Street");
	assert_string_equal(t.last.note, "side door, Tuesdays");
	assert_string_equal(t.from, "alice");
	assert_int_equal(t.waiting, 1);
	/* Nothing else of all it carries, and none of its own, goes there. */
	r = meets(f, "ferry", "man");
	assert_true(r.briefed);
	assert_string_equal(r.box_name, "manchester");
	assert_int_equal(r.given, 1);
	assert_int_equal(r.given_own, 0);
	count_in_box(f, &p, &bound, &others);
	assert_int_equal(bound, 1);
	assert_int_equal(others, 0);
	r = meets(f, "bob", "man");
	assert_false(r.briefed);
	assert_int_equal(r.letters_complete, 1);
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_inbox(n, &letter), 1);
	assert_string_equal(letter.summary, "by manchester");
	dlb_node_close(n);
}

static bool
see_briefed(void *ctx, const struct dlb_briefed *b)
{
	*(struct dlb_briefed *)ctx = *b;
	return false;
}

static enum dlb_brief_state
brief_state(struct fixture *f)
{
	struct dlb_node *n = fixture_open(f, "alice");
	struct dlb_briefed b = {.to = 0};
	enum dlb_brief_state s;

	assert_dlb_ok(f,
		dlb_briefed_each(
			dlb_node_letterbox(n), see_briefed, &b, &f->err));
	s = dlb_node_brief_state(n, &b);
	dlb_node_close(n);
	return s;
}

/* Who has the box's key of their own gives it all, briefed or not. */
static void
who_has_its_key_gives_it_all(void **state)
{
	struct fixture *f = *state;
	struct people p = make_people(f);
	struct dlb_box copy = p.box;
	size_t bound, others;
	struct dlb_node *n;

	send_via(f, &p, "one", true);
	send_via(f, &p, "two", false);
	assert_dlb_ok(f, brief_of(f, &p, DAY + 10, false));
	meets(f, "alice", "usb");
	meets(f, "ferry", "usb");
	assert_int_equal(trips_of(f, "ferry").n, 1);
	n = fixture_open(f, "ferry");
	copy.id = 0;
	assert_dlb_ok(f, dlb_box_save(dlb_node_letterbox(n), &copy, &f->err));
	assert_dlb_ok(f, dlb_letterbox_commit(dlb_node_letterbox(n), &f->err));
	dlb_node_close(n);
	assert_false(meets(f, "ferry", "man").briefed);
	count_in_box(f, &p, &bound, &others);
	assert_int_equal(bound, 1);
	assert_true(others > 64);
}

/* The sender hears of it, and takes it back. */
static void
it_is_revoked(void **state)
{
	static const char *const wrong[] = {"lyon"};
	struct fixture *f = *state;
	struct people p = make_people(f);
	struct dlb_node *n;
	size_t ended, bound, others;

	send_via(f, &p, "one", true);
	assert_dlb_ok(f, brief_of(f, &p, DAY + 10, true));
	assert_int_equal(brief_state(f), DLB_BRIEF_WAITING);
	meets(f, "alice", "usb");
	assert_int_equal(brief_state(f), DLB_BRIEF_GIVEN);
	meets(f, "ferry", "usb");
	meets(f, "alice", "usb");
	assert_int_equal(brief_state(f), DLB_BRIEF_ARRIVED);
	f->env.now_ms += 60000;
	n = fixture_open(f, "alice");
	assert_int_equal(
		dlb_node_brief_revoke(n, p.ferry, wrong, 1, &ended, &f->err),
		DLB_NOT_FOUND);
	assert_int_equal(
		dlb_node_brief_revoke(n, p.bob, NULL, 0, &ended, &f->err),
		DLB_NOT_FOUND);
	assert_dlb_ok(
		f, dlb_node_brief_revoke(n, p.ferry, NULL, 0, &ended, &f->err));
	assert_int_equal(ended, 1);
	assert_int_equal(
		dlb_node_brief_revoke(n, p.ferry, NULL, 0, &ended, &f->err),
		DLB_NOT_FOUND);
	dlb_node_close(n);
	assert_int_equal(brief_state(f), DLB_BRIEF_REVOKING);
	/* Until it comes the trip goes on. */
	assert_int_equal(trips_of(f, "ferry").n, 1);
	meets(f, "alice", "usb");
	meets(f, "ferry", "usb");
	assert_int_equal(trips_of(f, "ferry").n, 0);
	/* It can not even open the box any more. */
	n = fixture_open(f, "ferry");
	{
		struct dlb_meet_options o = {.where = fixture_path(f, "man")};
		struct dlb_meet_result r;

		assert_int_equal(
			dlb_node_meet(n, &o, &r, NULL, &f->err), DLB_WRONG_KEY);
	}
	dlb_node_close(n);
	count_in_box(f, &p, &bound, &others);
	assert_int_equal(bound + others, 0);
	meets(f, "alice", "usb");
	assert_int_equal(brief_state(f), DLB_BRIEF_REVOKED);
}

/* By a clock that is believed, at the end of the last day and not before. */
static void
it_ends_by_itself(void **state)
{
	struct fixture *f = *state;
	struct people p = make_people(f);
	int64_t began = f->env.now_ms;

	assert_dlb_ok(f, brief_of(f, &p, DAY + 2, true));
	meets(f, "alice", "usb");
	meets(f, "ferry", "usb");
	f->env.now_ms = dlb_day_end_ms(DAY + 2) - 1;
	assert_int_equal(trips_of(f, "ferry").n, 1);
	f->env.now_ms += 1;
	assert_int_equal(trips_of(f, "ferry").n, 0);
	/* A clock that goes back does not bring it back. */
	f->env.now_ms = began;
	assert_int_equal(trips_of(f, "ferry").n, 0);
	assert_int_equal(brief_state(f), DLB_BRIEF_GIVEN);
	f->env.now_ms = dlb_day_end_ms(DAY + 2);
	assert_int_equal(brief_state(f), DLB_BRIEF_ENDED);
}

/* A clock that jumped neither ends nor extends. */
static void
a_clock_in_doubt_ends_nothing(void **state)
{
	struct fixture *f = *state;
	struct people p = make_people(f);
	int64_t began = f->env.now_ms;
	struct dlb_node *n;

	assert_dlb_ok(f, brief_of(f, &p, DAY + 2, false));
	meets(f, "alice", "usb");
	meets(f, "ferry", "usb");
	f->env.now_ms += 400 * DLB_DAY_MS;
	assert_int_equal(trips_of(f, "ferry").n, 1);
	f->env.now_ms = began - 400 * DLB_DAY_MS;
	assert_int_equal(trips_of(f, "ferry").n, 1);
	/* The real end, a day's steps later. */
	f->env.now_ms = began;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(trips_of(f, "ferry").n, 1);
		f->env.now_ms += DLB_DAY_MS;
	}
	assert_int_equal(trips_of(f, "ferry").n, 0);
	f->env.now_ms = began - 400 * DLB_DAY_MS;
	assert_int_equal(trips_of(f, "ferry").n, 0);
	/* Nobody is briefed by such a clock. */
	assert_int_equal(brief_of(f, &p, DAY + 20, false), DLB_CLOCK);
	/* The owner says that it is right after all. */
	f->env.now_ms = began + 400 * DLB_DAY_MS;
	n = fixture_open(f, "ferry");
	assert_dlb_ok(f, dlb_node_confirm_clock(n, &f->err));
	dlb_node_close(n);
	assert_int_equal(trips_of(f, "ferry").n, 0);
}

/* A revocation by such a clock is not one that all to come fall behind. */
static void
a_clock_in_doubt_numbers_nothing(void **state)
{
	struct fixture *f = *state;
	struct people p = make_people(f);
	int64_t began = f->env.now_ms;
	struct dlb_node *n;
	size_t ended;

	assert_dlb_ok(f, brief_of(f, &p, DAY + 2, false));
	meets(f, "alice", "usb");
	meets(f, "ferry", "usb");
	f->env.now_ms += 400 * DLB_DAY_MS;
	n = fixture_open(f, "alice");
	assert_int_equal(
		dlb_node_brief_revoke(n, p.ferry, NULL, 0, &ended, &f->err),
		DLB_CLOCK);
	assert_non_null(strstr(f->err.msg, "clock"));
	dlb_node_close(n);
	f->env.now_ms = began;
	n = fixture_open(f, "alice");
	assert_dlb_ok(
		f, dlb_node_brief_revoke(n, p.ferry, NULL, 0, &ended, &f->err));
	dlb_node_close(n);
	meets(f, "alice", "usb");
	meets(f, "ferry", "usb");
	assert_int_equal(trips_of(f, "ferry").n, 0);
}

/* ---- who is not briefed ---------------------------------------------------------------- */

/* The tag of a cell says nothing without the key: of all that a courier without one can
 * see, it is like those of cells that are for no box. */
static void
a_blind_courier_learns_nothing(void **state)
{
	struct fixture *f = *state;
	struct people p = make_people(f);
	struct dlb_trips none;
	struct dlb_shown *shown;
	struct dlb_node *n;
	uint8_t tags[128][DLB_BOX_TAG_LEN], guess[DLB_KEY_LEN] = {0};
	struct dlb_tag_key key = {.ref = 1};
	size_t shown_n;

	send_via(f, &p, "by manchester", true);
	send_via(f, &p, "by manchester, too", true);
	meets(f, "alice", "usb");
	meets(f, "ferry", "usb");
	n = fixture_open(f, "ferry");
	assert_int_equal(trips_of(f, "bob").n, 0);
	assert_dlb_ok(f, dlb_trips_load(&none, n, &f->err));
	assert_int_equal(none.n, 0);
	dlb_trips_free(&none);
	assert_dlb_ok(f,
		dlb_node_list_shown(n->satchel, 0, &shown, &shown_n, &f->err));
	assert_int_equal(shown_n, 128);
	memcpy(key.key, guess, sizeof(guess));
	dlb_node_match_tags(n, n->satchel, &key, 1, shown, shown_n);
	for (size_t i = 0; i < shown_n; i++) {
		struct dlb_entry_details d;

		assert_int_equal(shown[i].box, 0);
		assert_dlb_ok(f,
			dlb_satchel_details(n->satchel, shown[i].entry.number,
				&d, n->aead[0], &f->err));
		memcpy(tags[i], d.box_tag, sizeof(tags[i]));
		/* No two alike: not even two of one box. */
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(
				tags[i], tags[k], sizeof(tags[i]));
	}
	free(shown);
	dlb_node_close(n);
}

/* Keys of a stranger are taken by nobody; and by a friend as soon as they are one. */
static void
a_strangers_briefing_is_refused(void **state)
{
	struct fixture *f = *state;
	struct people p;
	struct dlb_in_letter letter;
	struct dlb_node *n;

	p = make_people(f);
	fixture_home(f, "other", false);
	p.ferry = know(f, "alice", "other");
	assert_dlb_ok(f, brief_of(f, &p, DAY + 10, true));
	meets(f, "alice", "usb");
	meets(f, "other", "usb");
	assert_int_equal(trips_of(f, "other").n, 0);
	n = fixture_open(f, "other");
	assert_int_equal(fixture_inbox(n, &letter), 1);
	assert_int_equal(letter.number, 1);
	assert_non_null(strstr(letter.summary, "not taken"));
	assert_non_null(strstr(letter.summary, "stranger"));
	/* Nor after the next meeting. */
	fixture_meet(f, n, "usb");
	assert_int_equal(fixture_inbox(n, &letter), 1);
	fixture_introduce(f, n, "alice");
	assert_dlb_ok(f, dlb_node_kinds(n, &f->err));
	assert_int_equal(fixture_inbox(n, NULL), 0);
	dlb_node_close(n);
	assert_int_equal(trips_of(f, "other").n, 1);
}

static void
what_is_no_briefing_is_shown(void **state)
{
	static const uint8_t later[] = {2, 1, 0};
	static const uint8_t bad[] = {1, 1, 0};
	struct fixture *f = *state;
	struct people p = make_people(f);
	struct dlb_kind_out out = {
		.to = p.ferry, .kind = DLB_KIND_BRIEFING, .content = bad};
	struct dlb_briefing b = {
		.serial = 5, .last_day = DAY + 3, .boxes_n = 1};
	struct dlb_in_letter letter;
	struct dlb_buf lie = {0};
	struct dlb_node *n = fixture_open(f, "alice");

	/* Cut short; of a later version; and a key that opens another box than the
	 * one whose tags it names. */
	out.len = sizeof(bad);
	assert_dlb_ok(f, dlb_kind_send(n, &out, NULL, &f->err));
	out.content = later;
	assert_dlb_ok(f, dlb_kind_send(n, &out, NULL, &f->err));
	strcpy(b.boxes[0].name, "x");
	b.boxes[0].opens = true;
	assert_int_equal(dlb_briefing_write(&lie, &b), DLB_OK);
	out.content = lie.data;
	out.len = lie.len;
	assert_dlb_ok(f, dlb_kind_send(n, &out, NULL, &f->err));
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "ferry", "usb");
	n = fixture_open(f, "ferry");
	assert_int_equal(fixture_inbox(n, &letter), 3);
	dlb_node_close(n);
	assert_int_equal(trips_of(f, "ferry").n, 0);
	dlb_buf_free(&lie);
}

/* What Alice is told before anything is sealed. */
static void
what_can_not_be_briefed(void **state)
{
	struct fixture *f = *state;
	struct people p = make_people(f);
	const char *boxes[DLB_BRIEFING_BOXES_MAX + 1];
	struct dlb_brief_options o = {
		.boxes = boxes, .boxes_n = 1, .last_day = DAY + 1};
	struct dlb_satchel_info info;
	char note[600];
	struct dlb_node *n = fixture_open(f, "alice");

	for (size_t i = 0; i < DLB_ARRAY_LEN(boxes); i++)
		boxes[i] = "manchester";
	o.last_day = DAY - 1;
	assert_int_equal(dlb_node_brief(n, p.ferry, &o, &f->err), DLB_USAGE);
	assert_non_null(strstr(f->err.msg, "past"));
	o.last_day = DAY;
	o.boxes_n = 0;
	assert_int_equal(dlb_node_brief(n, p.ferry, &o, &f->err), DLB_USAGE);
	o.boxes_n = 2;
	assert_int_equal(dlb_node_brief(n, p.ferry, &o, &f->err), DLB_USAGE);
	o.boxes_n = DLB_ARRAY_LEN(boxes);
	assert_int_equal(dlb_node_brief(n, p.ferry, &o, &f->err), DLB_LIMIT);
	o.boxes_n = 1;
	boxes[0] = "lyon";
	assert_int_equal(
		dlb_node_brief(n, p.ferry, &o, &f->err), DLB_NOT_FOUND);
	boxes[0] = "manchester";
	memset(note, 'n', sizeof(note));
	note[DLB_BRIEFING_NOTE_MAX + 1] = '\0';
	o.note = note;
	assert_int_equal(dlb_node_brief(n, p.ferry, &o, &f->err), DLB_USAGE);
	note[2] = '\n';
	note[9] = '\0';
	assert_int_equal(dlb_node_brief(n, p.ferry, &o, &f->err), DLB_USAGE);
	assert_int_equal(
		dlb_node_brief(n, p.ferry + 70, &o, &f->err), DLB_NOT_FOUND);
	dlb_node_satchel_info(n, &info);
	assert_int_equal(info.held, 0);
	o.note = NULL;
	assert_dlb_ok(f, dlb_node_brief(n, p.ferry, &o, &f->err));
	dlb_node_close(n);
}

/* ---- what is carried ----------------------------------------------------------------------- */

static size_t
bound_at_home(struct fixture *f, struct people *p, const char *who)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_tag_key key = {.ref = 1};
	struct dlb_shown *shown;
	size_t shown_n, bound = 0;

	assert_dlb_ok(f,
		dlb_node_list_shown(n->satchel, 0, &shown, &shown_n, &f->err));
	dlb_box_tag_key(key.key, p->box.root);
	dlb_node_match_tags(n, n->satchel, &key, 1, shown, shown_n);
	for (size_t i = 0; i < shown_n; i++)
		bound += shown[i].box != 0;
	free(shown);
	dlb_node_close(n);
	return bound;
}

/* Gives nothing, so that nothing comes back. */
static void
take_only(struct fixture *f, const char *who, const char *stick)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_meet_options o = {
		.where = fixture_path(f, stick), .collect_only = true};
	struct dlb_meet_result r;

	assert_dlb_ok(f, dlb_node_meet(n, &o, &r, NULL, &f->err));
	dlb_node_close(n);
}

/* A satchel that is full, and cells that come again and again: those of a trip stay. */
static void
a_trips_cells_give_way_last(void **state)
{
	struct fixture *f = *state;
	struct people p = make_people(f);
	struct dlb_node *n;

	for (int i = 0; i < 8; i++)
		send_via(f, &p, "by manchester", true);
	assert_dlb_ok(f, brief_of(f, &p, DAY + 10, false));
	meets(f, "alice", "usb");
	meets(f, "ferry", "usb");
	assert_int_equal(bound_at_home(f, &p, "ferry"), 8);
	fixture_home(f, "noise", false);
	n = fixture_open(f, "noise");
	fixture_stick(f, n, "flood", 40);
	dlb_node_close(n);
	/* Each of these brings 64 that are new, and none that was here. */
	for (int i = 0; i < 12; i++) {
		meets(f, "noise", "flood");
		take_only(f, "ferry", "flood");
	}
	assert_int_equal(bound_at_home(f, &p, "ferry"), 8);
	/* Bob carried them too, and was not briefed. */
	meets(f, "bob", "usb");
	assert_int_equal(bound_at_home(f, &p, "bob"), 8);
	for (int i = 0; i < 12; i++) {
		meets(f, "noise", "flood");
		take_only(f, "bob", "flood");
	}
	assert_true(bound_at_home(f, &p, "bob") < 8);
}

int
main(void)
{
#define BRIEFED(t)                                                             \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		BRIEFED(a_letter_goes_by_a_briefed_courier),
		BRIEFED(who_has_its_key_gives_it_all),
		BRIEFED(it_is_revoked),
		BRIEFED(it_ends_by_itself),
		BRIEFED(a_clock_in_doubt_ends_nothing),
		BRIEFED(a_clock_in_doubt_numbers_nothing),
		BRIEFED(a_blind_courier_learns_nothing),
		BRIEFED(a_strangers_briefing_is_refused),
		BRIEFED(what_is_no_briefing_is_shown),
		BRIEFED(what_can_not_be_briefed),
		BRIEFED(a_trips_cells_give_way_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
