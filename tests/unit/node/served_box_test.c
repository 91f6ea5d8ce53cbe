/*
 * A node that serves as a box: what it gets from whom, and that what others tell of it
 * takes nobody's way there.
 */
#include "briefing_world.h"

#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct side {
	struct dlb_node *n;
	struct dlb_exchange *x;
	struct dlb_peer_options options;
	struct dlb_peer_result result;
	enum dlb_status st;
};

/* Without a link: bytes from one to the other. */
static void
talk(struct fixture *f, struct side side[static 2])
{
	uint8_t exporter[32] = {7};
	bool moved = true;

	for (int i = 0; i < 2; i++)
		assert_dlb_ok(f,
			dlb_exchange_new(&side[i].x, side[i].n, i == 0,
				exporter, &side[i].options, &f->err));
	for (int k = 0; k < 100000
		&& !(dlb_exchange_over(side[0].x)
			&& dlb_exchange_over(side[1].x));
		k++) {
		moved = false;
		for (int i = 0; i < 2; i++) {
			const uint8_t *bytes;
			size_t len;

			while (dlb_exchange_work(side[i].x, &bytes, &len)) {
				size_t took = dlb_exchange_receive(
					side[1 - i].x, bytes, len);
				const uint8_t *other;
				size_t other_len;

				moved |= took > 0;
				dlb_exchange_sent(side[i].x, took);
				if (took < len
					&& dlb_exchange_work(side[1 - i].x,
						&other, &other_len)
					&& took == 0)
					break;
			}
		}
		if (!moved)
			f->env.now_ms += 10;
	}
	for (int i = 0; i < 2; i++) {
		assert_true(dlb_exchange_over(side[i].x));
		assert_dlb_ok(f, dlb_exchange_settle(side[i].x, &f->err));
		dlb_exchange_result(side[i].x, &side[i].result);
		side[i].st = dlb_exchange_end(side[i].x, NULL);
		dlb_exchange_free(side[i].x);
		side[i].x = NULL;
	}
}

static int64_t
box_id(struct fixture *f, struct dlb_node *n)
{
	struct dlb_box box;

	assert_dlb_ok(f,
		dlb_box_by_name(
			dlb_node_letterbox(n), &box, "manchester", &f->err));
	return box.id;
}

/* Whoever opened the line. */
static void
a_served_box_gets_what_is_its_own(struct fixture *f, int box_calls)
{
	struct people p = make_people(f);
	int box = box_calls ? 0 : 1, ferry = 1 - box;
	struct side side[2] = {{.n = NULL}};

	send_via(f, &p, "by manchester", true);
	send_via(f, &p, "by chance", false);
	assert_dlb_ok(f, brief_of(f, &p, DAY + 10, false));
	meets(f, "alice", "usb");
	meets(f, "ferry", "usb");
	assert_false(trips_of(f, "ferry").last.box.opens);
	side[box].n = fixture_open(f, "bob");
	side[ferry].n = fixture_open(f, "ferry");
	side[box].options.as_box = box_id(f, side[box].n);
	talk(f, side);
	assert_int_equal(side[0].st, DLB_OK);
	assert_int_equal(side[1].st, DLB_OK);
	assert_string_equal(side[ferry].result.box, "manchester");
	assert_true(side[ferry].result.briefed);
	assert_int_equal(side[ferry].result.given, 1);
	assert_int_equal(side[ferry].result.given_own, 0);
	assert_int_equal(side[box].result.taken, 1);
	assert_int_equal(side[box].result.letters_complete, 1);
	assert_false(side[box].result.briefed);
	dlb_node_close(side[0].n);
	dlb_node_close(side[1].n);
}

static void
a_box_that_is_called(void **state)
{
	a_served_box_gets_what_is_its_own(*state, 0);
}

static void
a_box_that_calls(void **state)
{
	a_served_box_gets_what_is_its_own(*state, 1);
}

/* Who has the key and is not the box is another courier, and gets what others do. */
static void
two_who_have_the_key_are_no_box(void **state)
{
	struct fixture *f = *state;
	struct people p = make_people(f);
	struct side side[2] = {{.n = NULL}};

	send_via(f, &p, "by manchester", true);
	assert_dlb_ok(f, brief_of(f, &p, DAY + 10, false));
	meets(f, "alice", "usb");
	meets(f, "ferry", "usb");
	side[0].n = fixture_open(f, "bob");
	side[1].n = fixture_open(f, "ferry");
	talk(f, side);
	assert_int_equal(side[0].st, DLB_OK);
	assert_string_equal(side[1].result.box, "");
	assert_string_equal(side[1].result.names, "box manchester");
	assert_false(side[1].result.briefed);
	assert_true(side[1].result.given > 64);
	dlb_node_close(side[0].n);
	dlb_node_close(side[1].n);
}

/* What a correspondent tells this home of a box, in a briefing of theirs. */
static void
tell(struct fixture *f, struct dlb_node *n, int64_t who,
	const struct dlb_briefing_box *box, uint32_t last_day)
{
	static uint64_t serial;
	struct dlb_briefing b = {.serial = ++serial, .last_day = last_day};
	struct dlb_trips_taken taken;

	b.boxes[b.boxes_n++] = *box;
	assert_dlb_ok(f,
		dlb_trips_take(dlb_node_letterbox(n), who, &b, f->env.now_ms,
			f->env.now_ms, &taken, &f->err));
	assert_int_equal(taken.begun, 1);
	assert_dlb_ok(f, dlb_letterbox_commit(dlb_node_letterbox(n), &f->err));
}

static struct dlb_briefing_box
as_told(const struct people *p)
{
	struct dlb_briefing_box box = {.name = "elsewhere"};

	dlb_box_tag_key(box.tag_key, p->box.root);
	dlb_box_meeting_key(box.meeting_key, p->box.root);
	dlb_box_id(box.id, box.tag_key);
	return box;
}

/* Bob is the box; the ferry was briefed by Alice for ten days. */
static void
meet_the_box(struct fixture *f, struct dlb_node *ferry)
{
	struct side side[2] = {{.n = ferry}};

	side[1].n = fixture_open(f, "bob");
	side[1].options.as_box = box_id(f, side[1].n);
	talk(f, side);
	assert_int_equal(side[0].st, DLB_OK);
	assert_int_equal(side[1].st, DLB_OK);
	assert_true(side[0].result.briefed);
	assert_int_equal(side[0].result.given, 1);
	assert_int_equal(side[1].result.taken, 1);
	dlb_node_close(side[1].n);
}

/* Who has the tag key of a box says that another key is the one by which it is met, and
 * says it of an earlier day. */
static void
nobody_takes_away_a_meeting_key(void **state)
{
	struct fixture *f = *state;
	struct people p = make_people(f);
	struct dlb_briefing_box box = as_told(&p);
	struct dlb_node *n;
	int64_t other;

	fixture_home(f, "other", false);
	other = know(f, "ferry", "other");
	send_via(f, &p, "by manchester", true);
	send_via(f, &p, "by chance", false);
	assert_dlb_ok(f, brief_of(f, &p, DAY + 10, false));
	meets(f, "alice", "usb");
	meets(f, "ferry", "usb");
	n = fixture_open(f, "ferry");
	memset(box.meeting_key, 7, sizeof(box.meeting_key));
	tell(f, n, other, &box, DAY + 1);
	meet_the_box(f, n);
	dlb_node_close(n);
	/* The trip is as long as Alice said. */
	f->env.now_ms = dlb_day_end_ms(DAY + 9) - 1;
	assert_int_equal(trips_of(f, "ferry").n, 1);
}

/* Who has its meeting key says that other tags are the box's: more of them than there
 * are answers in a meeting. */
static void
nobody_takes_away_a_tag_key(void **state)
{
	struct fixture *f = *state;
	struct people p = make_people(f);
	struct dlb_briefing_box box = as_told(&p);
	struct dlb_node *n;
	int64_t other;

	fixture_home(f, "other", false);
	other = know(f, "ferry", "other");
	send_via(f, &p, "by manchester", true);
	send_via(f, &p, "by chance", false);
	assert_dlb_ok(f, brief_of(f, &p, DAY + 10, false));
	meets(f, "alice", "usb");
	meets(f, "ferry", "usb");
	n = fixture_open(f, "ferry");
	for (int i = 0; i < 6; i++) {
		memset(box.tag_key, 20 + i, sizeof(box.tag_key));
		dlb_box_id(box.id, box.tag_key);
		tell(f, n, other, &box, DAY + 1);
	}
	meet_the_box(f, n);
	dlb_node_close(n);
}

/* Nor from who has the box's own key: a briefing would keep them to its cells. */
static void
nobody_limits_who_has_the_key(void **state)
{
	struct fixture *f = *state;
	struct people p = make_people(f);
	struct dlb_briefing_box box = as_told(&p);
	struct side side[2] = {{.n = NULL}};

	send_via(f, &p, "by manchester", true);
	send_via(f, &p, "by chance", false);
	side[0].n = fixture_open(f, "alice");
	memset(box.tag_key, 20, sizeof(box.tag_key));
	dlb_box_id(box.id, box.tag_key);
	tell(f, side[0].n, p.ferry, &box, DAY + 1);
	side[1].n = fixture_open(f, "bob");
	side[1].options.as_box = box_id(f, side[1].n);
	talk(f, side);
	assert_int_equal(side[0].st, DLB_OK);
	assert_int_equal(side[0].result.given_own, 64);
	assert_false(side[0].result.briefed);
	dlb_node_close(side[0].n);
	dlb_node_close(side[1].n);
}

/* All that five senders may say at most: it is met all the same. */
static void
many_boxes_hinder_no_meeting(void **state)
{
	struct fixture *f = *state;
	struct people p = make_people(f);
	struct side side[2] = {{.n = NULL}};

	send_via(f, &p, "by chance", false);
	meets(f, "alice", "usb");
	meets(f, "ferry", "usb");
	side[0].n = fixture_open(f, "ferry");
	for (int i = 0; i < 5 * DLB_TRIPS_MAX; i++) {
		struct dlb_briefing_box box = {.name = "x"};

		memset(box.tag_key, i % 251, sizeof(box.tag_key));
		box.tag_key[0] = (uint8_t)(i / 251);
		memcpy(box.meeting_key, box.tag_key, sizeof(box.tag_key));
		box.meeting_key[1] ^= 255;
		dlb_box_id(box.id, box.tag_key);
		tell(f, side[0].n, 100 + i / DLB_TRIPS_MAX, &box, DAY + 1);
	}
	side[1].n = fixture_open(f, "bob");
	talk(f, side);
	assert_int_equal(side[0].st, DLB_OK);
	assert_true(side[0].result.given >= 64);
	dlb_node_close(side[0].n);
	dlb_node_close(side[1].n);
}

/* Nothing of what it holds. */
static void
who_has_no_key_does_not_meet_a_box(void **state)
{
	struct fixture *f = *state;
	struct people p = make_people(f);
	struct side side[2] = {{.n = NULL}};

	send_via(f, &p, "by manchester", true);
	meets(f, "alice", "usb");
	meets(f, "bob", "usb");
	side[0].n = fixture_open(f, "ferry");
	side[1].n = fixture_open(f, "bob");
	side[1].options.as_box = box_id(f, side[1].n);
	talk(f, side);
	assert_int_equal(side[0].st, DLB_REFUSED);
	assert_int_equal(side[0].result.taken + side[0].result.given, 0);
	assert_int_equal(side[1].result.taken + side[1].result.given, 0);
	dlb_node_close(side[0].n);
	dlb_node_close(side[1].n);
}

int
main(void)
{
#define BRIEFED(t)                                                             \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		BRIEFED(a_box_that_is_called),
		BRIEFED(a_box_that_calls),
		BRIEFED(two_who_have_the_key_are_no_box),
		BRIEFED(nobody_takes_away_a_meeting_key),
		BRIEFED(nobody_takes_away_a_tag_key),
		BRIEFED(nobody_limits_who_has_the_key),
		BRIEFED(many_boxes_hinder_no_meeting),
		BRIEFED(who_has_no_key_does_not_meet_a_box),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
