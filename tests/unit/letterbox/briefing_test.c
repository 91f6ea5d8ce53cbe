/*
 * Briefings: the format, and what a courier and a sender keep of them.
 */
#include "briefing.h"
#include "letterbox_test.h"

#include <sqlite3.h>

#include "state_internal.h"

#define DAY (TEST_NOW_MS / DLB_DAY_MS)

static struct dlb_briefing_box
a_box(uint8_t seed)
{
	struct dlb_briefing_box box = {.opens = seed % 2};

	snprintf(box.name, sizeof(box.name), "box %u", seed);
	snprintf(box.place, sizeof(box.place), "%s", seed % 3 ? "a shelf" : "");
	memset(box.tag_key, seed, sizeof(box.tag_key));
	memset(box.meeting_key, seed + 100, sizeof(box.meeting_key));
	if (box.opens)
		memset(box.root, seed + 50, sizeof(box.root));
	dlb_box_id(box.id, box.tag_key);
	return box;
}

static struct dlb_briefing
a_briefing(uint64_t serial, size_t boxes_n)
{
	struct dlb_briefing b = {.serial = serial,
		.last_day = DAY + 10,
		.note = "side door, Tuesdays",
		.boxes_n = boxes_n};

	for (size_t i = 0; i < boxes_n; i++)
		b.boxes[i] = a_box((uint8_t)(i + 1));
	return b;
}

static struct dlb_briefing
a_revocation(uint64_t serial, size_t boxes_n)
{
	struct dlb_briefing b = {
		.revocation = true, .serial = serial, .boxes_n = boxes_n};

	for (size_t i = 0; i < boxes_n; i++)
		memcpy(b.boxes[i].id, a_box((uint8_t)(i + 1)).id,
			DLB_BOX_ID_LEN);
	return b;
}

/* ---- the format -------------------------------------------------------------------- */

static void
it_round_trips(void **state)
{
	struct dlb_buf bytes = {0};

	(void)state;
	for (size_t n = 0; n <= DLB_BRIEFING_BOXES_MAX; n++)
		for (int revokes = 0; revokes < 2; revokes++) {
			struct dlb_briefing b = revokes ? a_revocation(7, n)
							: a_briefing(7, n),
					    got;

			bytes.len = 0;
			if (n == 0 && !revokes) {
				assert_int_equal(dlb_briefing_write(&bytes, &b),
					DLB_MALFORMED);
				continue;
			}
			assert_ok(dlb_briefing_write(&bytes, &b));
			assert_ok(
				dlb_briefing_read(&got, bytes.data, bytes.len));
			assert_memory_equal(&got, &b, sizeof(b));
			/* Cut anywhere, or with something behind it. */
			for (size_t i = 0; i < bytes.len; i++)
				assert_int_equal(
					dlb_briefing_read(&got, bytes.data, i),
					DLB_MALFORMED);
			assert_ok(dlb_buf_append(&bytes, "", 1));
			assert_int_equal(
				dlb_briefing_read(&got, bytes.data, bytes.len),
				DLB_MALFORMED);
		}
	dlb_buf_free(&bytes);
}

static enum dlb_status
try_byte(const struct dlb_buf *bytes, size_t at, uint8_t value)
{
	struct dlb_briefing got;
	uint8_t copy[4096];

	assert_true(bytes->len <= sizeof(copy));
	memcpy(copy, bytes->data, bytes->len);
	copy[at] = value;
	return dlb_briefing_read(&got, copy, bytes->len);
}

static void
only_its_own_form_is_read(void **state)
{
	struct dlb_briefing b = a_briefing(7, 2), got;
	struct dlb_buf bytes = {0}, moved = {0};
	size_t box_len[2], at = 14 + 2 + strlen(b.note) + 1;

	(void)state;
	assert_ok(dlb_briefing_write(&bytes, &b));
	assert_int_equal(try_byte(&bytes, 0, 0), DLB_MALFORMED);
	assert_int_equal(try_byte(&bytes, 0, 2), DLB_UNSUPPORTED);
	assert_int_equal(try_byte(&bytes, 1, 0), DLB_MALFORMED);
	assert_int_equal(try_byte(&bytes, 1, 3), DLB_MALFORMED);
	/* A serial that is no date, a day that never comes. */
	assert_int_equal(try_byte(&bytes, 2, 0x80), DLB_MALFORMED);
	assert_int_equal(try_byte(&bytes, 9, 0), DLB_MALFORMED);
	assert_int_equal(try_byte(&bytes, 10, 1), DLB_MALFORMED);
	/* A note of two lines, or with a NUL. */
	assert_int_equal(try_byte(&bytes, 16, '\n'), DLB_MALFORMED);
	assert_int_equal(try_byte(&bytes, 16, '\0'), DLB_MALFORMED);
	assert_int_equal(try_byte(&bytes, 16, 0xff), DLB_MALFORMED);
	/* A name that would be an option, a place with a control character. */
	assert_int_equal(try_byte(&bytes, at + 1, '-'), DLB_MALFORMED);
	for (size_t i = 0; i < 2; i++)
		box_len[i] = 2 + strlen(b.boxes[i].name)
			+ strlen(b.boxes[i].place) + 1
			+ (b.boxes[i].opens ? 3 : 2) * DLB_KEY_LEN;
	/* How it is opened: of two sorts. */
	assert_int_equal(try_byte(&bytes,
				 at + 2 + strlen(b.boxes[0].name)
					 + strlen(b.boxes[0].place),
				 2),
		DLB_MALFORMED);
	/* In another order; one of them twice. */
	assert_ok(dlb_buf_append(&moved, bytes.data, at));
	assert_ok(dlb_buf_append(
		&moved, bytes.data + at + box_len[0], box_len[1]));
	assert_ok(dlb_buf_append(&moved, bytes.data + at, box_len[0]));
	assert_int_equal(moved.len, bytes.len);
	assert_int_equal(
		dlb_briefing_read(&got, moved.data, moved.len), DLB_MALFORMED);
	moved.len = at;
	assert_ok(dlb_buf_append(&moved, bytes.data + at, box_len[0]));
	assert_ok(dlb_buf_append(&moved, bytes.data + at, box_len[0]));
	assert_int_equal(
		dlb_briefing_read(&got, moved.data, moved.len), DLB_MALFORMED);
	/* Nothing is left of what was refused. */
	assert_int_equal(got.boxes_n, 0);
	assert_int_equal(got.boxes[0].tag_key[0], 0);
	dlb_buf_free(&bytes);
	dlb_buf_free(&moved);
}

static void
days_are_days(void **state)
{
	static const char *const bad[] = {"", "2027", "2027-1-31", "2027-02-29",
		"2027-13-01", "2027-00-10", "2027-01-32", "27-01-31",
		"2027/01/31", "2027-01-31 ", "1969-12-31", "tomorrow!!"};
	char text[11];
	uint32_t day;

	(void)state;
	assert_ok(dlb_day_parse(&day, "1970-01-01"));
	assert_int_equal(day, 0);
	assert_ok(dlb_day_parse(&day, "2028-02-29"));
	dlb_day_text(text, day);
	assert_string_equal(text, "2028-02-29");
	assert_ok(dlb_day_parse(&day, "2026-05-20"));
	assert_int_equal(day, DAY);
	assert_true(dlb_day_end_ms(day) > TEST_NOW_MS
		&& dlb_day_end_ms(day) <= TEST_NOW_MS + DLB_DAY_MS);
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++)
		assert_int_equal(dlb_day_parse(&day, bad[i]), DLB_MALFORMED);
}

/* ---- the courier ----------------------------------------------------------------------- */

struct seen {
	struct dlb_trip list[2 * DLB_TRIPS_MAX];
	size_t n;
};

static bool
see(void *ctx, const struct dlb_trip *trip)
{
	struct seen *s = ctx;

	assert_true(s->n < DLB_ARRAY_LEN(s->list));
	s->list[s->n++] = *trip;
	return true;
}

static size_t
trips(struct fixture *f, struct dlb_letterbox *l, struct seen *s)
{
	s->n = 0;
	assert_ok(dlb_trip_each(l, see, s, &f->err));
	return s->n;
}

static struct dlb_trips_taken
take(struct fixture *f, struct dlb_letterbox *l, int64_t from,
	struct dlb_briefing b, int64_t highest_ms)
{
	struct dlb_trips_taken taken;

	assert_ok(dlb_trips_take(
		l, from, &b, TEST_NOW_MS, highest_ms, &taken, &f->err));
	return taken;
}

static int64_t
count(struct dlb_letterbox *l, const char *sql)
{
	sqlite3_stmt *stmt;
	int64_t n;

	assert_int_equal(
		sqlite3_prepare_v2(l->db.sql, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

static void
the_newest_counts(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ferry");
	struct dlb_briefing b = a_briefing(10, 2);
	struct dlb_trips_taken t = take(f, l, 1, b, TEST_NOW_MS);
	struct seen *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_int_equal(t.begun, 2);
	assert_int_equal(trips(f, l, s), 2);
	assert_memory_equal(&s->list[0].box, &b.boxes[0], sizeof(b.boxes[0]));
	assert_string_equal(s->list[1].note, b.note);
	assert_int_equal(s->list[1].received_ms, TEST_NOW_MS);
	/* The same letter again, and one of before. */
	strcpy(b.note, "changed");
	assert_int_equal(take(f, l, 1, b, TEST_NOW_MS).old, 2);
	b.serial = 9;
	assert_int_equal(take(f, l, 1, b, TEST_NOW_MS).old, 2);
	assert_int_equal(trips(f, l, s), 2);
	assert_string_equal(s->list[0].note, "side door, Tuesdays");
	/* A newer one takes its place, of the box that it names. */
	b.serial = 11;
	b.boxes_n = 1;
	assert_int_equal(take(f, l, 1, b, TEST_NOW_MS).begun, 1);
	assert_int_equal(trips(f, l, s), 2);
	/* Another correspondent's serials are their own. */
	b.serial = 1;
	assert_int_equal(take(f, l, 2, b, TEST_NOW_MS).begun, 1);
	assert_int_equal(trips(f, l, s), 3);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	assert_int_equal(trips(f, l, s), 3);
	dlb_letterbox_close(l);
	free(s);
}

static void
a_revocation_ends_it(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ferry");
	struct seen *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	take(f, l, 1, a_briefing(10, 3), TEST_NOW_MS);
	take(f, l, 2, a_briefing(10, 3), TEST_NOW_MS);
	/* One of before, and a stranger's to it: nothing. */
	assert_int_equal(
		take(f, l, 1, a_revocation(9, 0), TEST_NOW_MS).ended, 0);
	assert_int_equal(
		take(f, l, 3, a_revocation(20, 0), TEST_NOW_MS).ended, 0);
	assert_int_equal(trips(f, l, s), 6);
	assert_int_equal(
		take(f, l, 1, a_revocation(11, 1), TEST_NOW_MS).ended, 1);
	assert_int_equal(trips(f, l, s), 5);
	assert_int_equal(count(l,
				 "SELECT count(*) FROM trips WHERE"
				 " correspondent = 1 AND serial = 11"
				 " AND tag_key = x'' AND meeting_key = x''"
				 " AND root = x'' AND name = '' AND note = ''"
				 " AND place = ''"),
		1);
	/* What it ended comes again, late. */
	assert_int_equal(
		take(f, l, 1, a_briefing(10, 3), TEST_NOW_MS).begun, 0);
	assert_int_equal(trips(f, l, s), 5);
	/* All, those too that come later and are older. */
	assert_int_equal(
		take(f, l, 1, a_revocation(15, 0), TEST_NOW_MS).ended, 2);
	assert_int_equal(
		take(f, l, 1, a_revocation(15, 0), TEST_NOW_MS).ended, 0);
	assert_int_equal(
		take(f, l, 1, a_briefing(14, 5), TEST_NOW_MS).begun, 0);
	assert_int_equal(trips(f, l, s), 3);
	/* But not what is said anew. */
	assert_int_equal(
		take(f, l, 1, a_briefing(16, 2), TEST_NOW_MS).begun, 2);
	assert_int_equal(trips(f, l, s), 5);
	dlb_letterbox_close(l);
	free(s);
}

static void
it_ends_with_its_last_day(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ferry");
	struct dlb_briefing b = a_briefing(10, 2);
	int64_t end = dlb_day_end_ms(b.last_day);
	struct seen *s = calloc(1, sizeof(*s));
	unsigned ended;

	assert_non_null(s);
	take(f, l, 1, b, TEST_NOW_MS);
	assert_ok(dlb_trips_end(l, end - 1, &ended, &f->err));
	assert_int_equal(ended, 0);
	assert_int_equal(trips(f, l, s), 2);
	assert_ok(dlb_trips_end(l, end, &ended, &f->err));
	assert_int_equal(ended, 2);
	assert_int_equal(trips(f, l, s), 0);
	assert_int_equal(count(l,
				 "SELECT count(*) FROM trips"
				 " WHERE length(tag_key || meeting_key || root"
				 " || name || note || place) > 0"),
		0);
	/* It comes again; and one that comes too late. */
	assert_int_equal(take(f, l, 1, b, end).begun, 0);
	b.serial = 11;
	assert_int_equal(take(f, l, 1, b, end).late, 2);
	assert_int_equal(trips(f, l, s), 0);
	/* In the end nothing is left. */
	assert_ok(dlb_trips_end(l, end + 21 * DLB_WEEK_MS, &ended, &f->err));
	assert_int_equal(count(l, "SELECT count(*) FROM trips"), 0);
	dlb_letterbox_close(l);
	free(s);
}

/* What has ended is known as long as cells live that could bring it back. */
static void
what_ended_does_not_come_back_late(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ferry");
	struct dlb_briefing b = a_briefing(10, 2);
	int64_t later = TEST_NOW_MS + 15 * DLB_WEEK_MS;
	struct seen *s = calloc(1, sizeof(*s));
	unsigned ended;

	assert_non_null(s);
	b.last_day = DAY + 400;
	take(f, l, 1, b, TEST_NOW_MS);
	take(f, l, 2, b, TEST_NOW_MS);
	take(f, l, 1, a_revocation(11, 1), TEST_NOW_MS);
	take(f, l, 2, a_revocation(11, 0), TEST_NOW_MS);
	assert_ok(dlb_trips_end(l, later, &ended, &f->err));
	assert_int_equal(take(f, l, 1, b, later).old, 2);
	assert_int_equal(take(f, l, 2, b, later).old, 2);
	assert_int_equal(trips(f, l, s), 1);
	dlb_letterbox_close(l);
	free(s);
}

/* Whatever a correspondent sends. */
static void
there_are_limits(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ferry");
	struct seen *s = calloc(1, sizeof(*s));
	struct dlb_trips_taken t = {0};

	assert_non_null(s);
	for (unsigned i = 0; i <= DLB_TRIPS_MAX; i++) {
		struct dlb_briefing b = a_briefing(10 + i, 1);

		b.boxes[0].tag_key[1] = (uint8_t)i;
		dlb_box_id(b.boxes[0].id, b.boxes[0].tag_key);
		t = take(f, l, 1, b, TEST_NOW_MS);
		assert_int_equal(t.too_many, i == DLB_TRIPS_MAX);
	}
	assert_int_equal(trips(f, l, s), DLB_TRIPS_MAX);
	/* Another's are not hindered. */
	assert_int_equal(take(f, l, 2, a_briefing(1, 4), TEST_NOW_MS).begun, 4);
	for (unsigned i = 0; i < 1000; i++) {
		struct dlb_briefing b = a_revocation(1000 + i, 1);

		memset(b.boxes[0].id, 0, DLB_BOX_ID_LEN);
		memcpy(b.boxes[0].id, &i, sizeof(i));
		take(f, l, 1, b, TEST_NOW_MS);
	}
	assert_true(count(l,
			    "SELECT count(*) FROM trips"
			    " WHERE correspondent = 1")
		<= 4 * DLB_TRIPS_MAX);
	assert_int_equal(trips(f, l, s), DLB_TRIPS_MAX + 4);
	dlb_letterbox_close(l);
	free(s);
}

/* What was ended counts no less when it begins anew. */
static void
the_limit_holds_for_what_had_ended(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ferry");
	struct seen *s = calloc(1, sizeof(*s));
	uint64_t serial = 1;

	assert_non_null(s);
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < DLB_TRIPS_MAX; i++) {
			struct dlb_briefing b = a_briefing(serial++, 1);

			b.boxes[0].tag_key[1] =
				(uint8_t)(i + round % 2 * DLB_TRIPS_MAX);
			dlb_box_id(b.boxes[0].id, b.boxes[0].tag_key);
			take(f, l, 1, b, TEST_NOW_MS);
			if (round == 0)
				b.revocation = true, b.serial = serial++;
			if (round == 0)
				take(f, l, 1, b, TEST_NOW_MS);
		}
	}
	assert_int_equal(trips(f, l, s), DLB_TRIPS_MAX);
	dlb_letterbox_close(l);
	free(s);
}

/* Nobody has to serve whom they do not want to. */
static void
a_courier_ends_and_refuses(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ferry");
	struct seen *s = calloc(1, sizeof(*s));
	unsigned ended;

	assert_non_null(s);
	take(f, l, 1, a_briefing(10, 3), TEST_NOW_MS);
	take(f, l, 2, a_briefing(10, 2), TEST_NOW_MS);
	assert_int_equal(trips(f, l, s), 5);
	assert_ok(dlb_trip_end(l, s->list[0].id, TEST_NOW_MS, &f->err));
	assert_int_equal(trips(f, l, s), 4);
	/* The same again does not bring it back; what is said anew does. */
	assert_int_equal(
		take(f, l, 1, a_briefing(10, 3), TEST_NOW_MS).begun, 0);
	assert_int_equal(
		take(f, l, 1, a_briefing(11, 3), TEST_NOW_MS).begun, 3);
	assert_int_equal(trips(f, l, s), 5);

	assert_false(dlb_trips_refused(l, 1));
	assert_ok(dlb_trips_refuse(l, 1, TEST_NOW_MS, &ended, &f->err));
	assert_int_equal(ended, 3);
	assert_true(dlb_trips_refused(l, 1));
	assert_false(dlb_trips_refused(l, 2));
	assert_int_equal(trips(f, l, s), 2);
	assert_int_equal(count(l,
				 "SELECT count(*) FROM trips WHERE"
				 " correspondent = 1 AND length(tag_key ||"
				 " meeting_key || root || name || note) > 0"),
		0);
	assert_int_equal(
		take(f, l, 1, a_briefing(12, 3), TEST_NOW_MS).begun, 0);
	take(f, l, 1, a_revocation(INT64_MAX, 0), TEST_NOW_MS);
	/* For good. */
	assert_ok(dlb_trips_end(
		l, TEST_NOW_MS + 100 * DLB_WEEK_MS, &ended, &f->err));
	assert_true(dlb_trips_refused(l, 1));
	assert_int_equal(
		take(f, l, 1, a_briefing(13, 3), TEST_NOW_MS).begun, 0);
	assert_ok(dlb_trips_accept(l, 1, &f->err));
	assert_false(dlb_trips_refused(l, 1));
	assert_int_equal(
		take(f, l, 1, a_briefing(14, 3), TEST_NOW_MS).begun, 3);
	dlb_letterbox_close(l);
	free(s);
}

/* ---- the sender ---------------------------------------------------------------------------- */

static bool
count_briefed(void *ctx, const struct dlb_briefed *b)
{
	size_t *n = ctx;

	assert_true(b->to == 1 || b->to == 2);
	++*n;
	return true;
}

static void
a_sender_remembers_whom(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_briefed b = {.to = 1,
		.name = "shelf",
		.note = "x",
		.last_day = DAY + 3,
		.sent_ms = TEST_NOW_MS};
	uint64_t serial;
	size_t n = 0;

	assert_ok(dlb_briefed_serial(l, 1, TEST_NOW_MS, &serial, &f->err));
	assert_int_equal(serial, TEST_NOW_MS);
	b.serial = serial;
	assert_ok(dlb_briefed_save(l, &b, &f->err));
	/* Two in one moment, or after the clock was set back. */
	assert_ok(dlb_briefed_serial(l, 1, TEST_NOW_MS - 5, &serial, &f->err));
	assert_int_equal(serial, TEST_NOW_MS + 1);
	assert_ok(dlb_briefed_save(l, &b, &f->err));
	b.to = 2;
	assert_ok(dlb_briefed_save(l, &b, &f->err));
	b.box[3] = 1;
	assert_ok(dlb_briefed_save(l, &b, &f->err));
	assert_ok(dlb_briefed_each(l, count_briefed, &n, &f->err));
	assert_int_equal(n, 3);
	assert_ok(
		dlb_briefed_forget(l, TEST_NOW_MS + 33 * DLB_DAY_MS, &f->err));
	n = 0;
	assert_ok(dlb_briefed_each(l, count_briefed, &n, &f->err));
	assert_int_equal(n, 3);
	assert_ok(
		dlb_briefed_forget(l, TEST_NOW_MS + 34 * DLB_DAY_MS, &f->err));
	n = 0;
	assert_ok(dlb_briefed_each(l, count_briefed, &n, &f->err));
	assert_int_equal(n, 0);
	dlb_letterbox_close(l);
}

int
main(void)
{
#define KEPT(t)                                                                \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_round_trips),
		cmocka_unit_test(only_its_own_form_is_read),
		cmocka_unit_test(days_are_days),
		KEPT(the_newest_counts),
		KEPT(a_revocation_ends_it),
		KEPT(it_ends_with_its_last_day),
		KEPT(what_ended_does_not_come_back_late),
		KEPT(there_are_limits),
		KEPT(the_limit_holds_for_what_had_ended),
		KEPT(a_courier_ends_and_refuses),
		KEPT(a_sender_remembers_whom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
