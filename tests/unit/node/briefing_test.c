/*
 * Briefed couriers: what they carry where, what they hand over and to whom, and how it
 * ends. Alice sends by way of a box, the ferry travels there, Bob collects.
 */
#include "home_fixture.h"

#include "briefings.h"
#include "exchange.h"
#include "kinds.h"
#include "trips.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY ((uint32_t)(FIXTURE_NOW_MS / DLB_DAY_MS))

struct people {
	int64_t bob, ferry; /* at Alice's */
	struct dlb_box box; /* Alice's and Bob's */
};

static int64_t
know(struct fixture *f, const char *who, const char *whom)
{
	struct dlb_node *n = fixture_open(f, who);
	int64_t id = fixture_introduce(f, n, whom);

	dlb_node_close(n);
	return id;
}

/* A stick "man" is the box of that name, locked; "usb" lies about. */
static struct people
make_people(struct fixture *f)
{
	struct dlb_box_options o = {.path = fixture_path(f, "man/box.dlb"),
		.name = "manchester",
		.place = "42 Ship Street",
		.size = 16 << 20,
		.sparse = true,
		.unlock = {DLB_UNLOCK_PASSPHRASE, "x", 1}};
	struct people p;
	struct dlb_box copy;
	struct dlb_node *n;
	uint64_t size;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_home(f, "ferry", false);
	p.bob = know(f, "alice", "bob");
	p.ferry = know(f, "alice", "ferry");
	know(f, "bob", "alice");
	know(f, "ferry", "alice");
	fixture_mkdir(f, "man");
	n = fixture_open(f, "alice");
	o.path = fixture_path(f, "man/box.dlb");
	assert_dlb_ok(
		f, dlb_node_box_create(n, &o, &p.box, &size, NULL, &f->err));
	fixture_stick(f, n, "usb", 32);
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	copy = p.box;
	copy.id = 0;
	assert_dlb_ok(f, dlb_box_save(dlb_node_letterbox(n), &copy, &f->err));
	assert_dlb_ok(f, dlb_letterbox_commit(dlb_node_letterbox(n), &f->err));
	dlb_node_close(n);
	return p;
}

static void
send_via(struct fixture *f, struct people *p, const char *message, bool via)
{
	struct dlb_node *n = fixture_open(f, "alice");
	uint8_t tag_key[DLB_KEY_LEN];
	struct dlb_send_options o = {.message = message,
		.message_len = strlen(message),
		.tag_key = via ? tag_key : NULL};
	struct dlb_send_result r;

	dlb_box_tag_key(tag_key, p->box.root);
	assert_dlb_ok(
		f, dlb_node_send(n, p->bob, &o, &r, NULL, NULL, NULL, &f->err));
	dlb_node_close(n);
}

static enum dlb_status
brief_of(struct fixture *f, struct people *p, uint32_t last_day, bool may_open)
{
	static const char *const boxes[] = {"manchester"};
	struct dlb_brief_options o = {.boxes = boxes,
		.boxes_n = 1,
		.last_day = last_day,
		.note = "side door, Tuesdays",
		.may_open = may_open};
	struct dlb_node *n = fixture_open(f, "alice");
	enum dlb_status st = dlb_node_brief(n, p->ferry, &o, &f->err);

	dlb_node_close(n);
	return st;
}

static struct dlb_meet_result
meets(struct fixture *f, const char *who, const char *stick)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_meet_result r = fixture_meet(f, n, stick);

	dlb_node_close(n);
	return r;
}

struct trips {
	struct dlb_trip last;
	char from[DLB_PERSON_NAME_MAX + 1];
	uint64_t waiting;
	size_t n;
};

static bool
see_trip(void *ctx, const struct dlb_trip_view *v)
{
	struct trips *t = ctx;

	t->last = *v->trip;
	memcpy(t->from, v->from, sizeof(t->from));
	t->waiting = v->waiting;
	t->n++;
	return true;
}

static struct trips
trips_of(struct fixture *f, const char *who)
{
	struct dlb_node *n = fixture_open(f, who);
	struct trips t = {.n = 0};

	assert_dlb_ok(f, dlb_node_trips(n, see_trip, &t, &f->err));
	dlb_node_close(n);
	return t;
}

/* Cells in the box that have its tag, and others. */
static void
count_in_box(struct fixture *f, struct people *p, size_t *bound, size_t *others)
{
	struct dlb_unlock unlock = {
		DLB_UNLOCK_ROOT, p->box.root, sizeof(p->box.root)};
	struct dlb_tag_key key = {.ref = 1};
	struct dlb_node *n = fixture_open(f, "alice");
	struct dlb_satchel *box;
	struct dlb_shown *shown;
	size_t shown_n;

	assert_dlb_ok(f,
		dlb_satchel_open(&box, n->fs, fixture_path(f, "man/box.dlb"),
			&unlock, false, 0, n->env, &f->err));
	assert_dlb_ok(
		f, dlb_node_list_shown(box, 0, &shown, &shown_n, &f->err));
	dlb_box_tag_key(key.key, p->box.root);
	dlb_node_match_tags(n, box, &key, 1, shown, shown_n);
	*bound = *others = 0;
	for (size_t i = 0; i < shown_n; i++)
		++*(shown[i].box ? bound : others);
	free(shown);
	dlb_satchel_close(box);
	dlb_node_close(n);
}

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

/* ---- a node as the box ------------------------------------------------------------------ */

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
		BRIEFED(a_box_that_is_called),
		BRIEFED(a_box_that_calls),
		BRIEFED(two_who_have_the_key_are_no_box),
		BRIEFED(nobody_takes_away_a_meeting_key),
		BRIEFED(nobody_takes_away_a_tag_key),
		BRIEFED(nobody_limits_who_has_the_key),
		BRIEFED(many_boxes_hinder_no_meeting),
		BRIEFED(who_has_no_key_does_not_meet_a_box),
		BRIEFED(a_trips_cells_give_way_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
