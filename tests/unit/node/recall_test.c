/*
 * Calling back: what goes where a token comes by, what stays, when tokens are released
 * and how many.
 */
#include "home_fixture.h"

#include "exchange.h"
#include "recall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- who has what ------------------------------------------------------------------------ */

/* Names of a letter's cells. */
static struct dlb_buf
names_of(struct fixture *f, struct dlb_node *n, int64_t number)
{
	struct dlb_buf names = {0};

	assert_dlb_ok(f,
		dlb_out_cells(dlb_node_letterbox(n), number, &names, &f->err));
	return names;
}

/* So many of them are there with one of those flags. */
static unsigned
count_cells(struct dlb_satchel *s, const struct dlb_buf *names, uint8_t flags)
{
	unsigned count = 0;

	for (size_t i = 0; i < names->len; i += DLB_NAME_LEN) {
		uint32_t number = dlb_satchel_find(s, names->data + i);
		struct dlb_entry e;

		count += number != DLB_NO_ENTRY
			&& dlb_satchel_entry(s, number, &e)
			&& (e.flags & flags);
	}
	return count;
}

static unsigned
at_home(struct fixture *f, const char *who, const struct dlb_buf *names,
	uint8_t flags)
{
	struct dlb_node *n = fixture_open(f, who);
	unsigned count = count_cells(n->satchel, names, flags);

	dlb_node_close(n);
	return count;
}

static struct dlb_satchel *
open_stick(struct fixture *f, const char *stick)
{
	static const struct dlb_unlock open = {.kind = DLB_UNLOCK_OPEN};
	struct dlb_satchel *s;
	char path[512];

	snprintf(path, sizeof(path), "%s/box.dlb", fixture_path(f, stick));
	assert_dlb_ok(f,
		dlb_satchel_open(&s, dlb_fs_posix(), path, &open, false, 0,
			&f->env.env, &f->err));
	return s;
}

static unsigned
on_stick(struct fixture *f, const char *stick, const struct dlb_buf *names)
{
	struct dlb_satchel *s = open_stick(f, stick);
	unsigned count = count_cells(s, names, DLB_SHOWN);

	dlb_satchel_close(s);
	return count;
}

static uint32_t
tokens_on(struct fixture *f, const char *stick)
{
	struct dlb_satchel *s = open_stick(f, stick);
	struct dlb_satchel_info info;

	dlb_satchel_info(s, &info);
	dlb_satchel_close(s);
	return info.tokens;
}

static struct dlb_meet_result
meets(struct fixture *f, const char *who, const char *stick)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_meet_result r = fixture_meet(f, n, stick);

	dlb_node_close(n);
	return r;
}

static struct dlb_recall_result
recall(struct fixture *f, struct dlb_node *n, int64_t number)
{
	struct dlb_recall_result r;

	assert_dlb_ok(f, dlb_node_recall(n, number, &r, &f->err));
	return r;
}

static enum dlb_out_state
state_of(struct fixture *f, struct dlb_node *n, int64_t number)
{
	struct dlb_out_letter letter;

	assert_dlb_ok(f,
		dlb_out_get(dlb_node_letterbox(n), &letter, number, &f->err));
	return letter.state;
}

/* Alice, open, who knows Bob; a courier; two sticks. */
static struct dlb_node *
cast(struct fixture *f, int64_t *bob)
{
	struct dlb_node *n;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_home(f, "courier", true);
	n = fixture_open(f, "bob");
	fixture_introduce(f, n, "alice");
	dlb_node_close(n);
	n = fixture_open(f, "alice");
	*bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 48);
	fixture_stick(f, n, "other", 48);
	return n;
}

/* ---- a letter that its sender wants back -------------------------------------------------- */

static void
couriers_and_sticks_drop_it(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result sent;
	struct dlb_recall_result r;
	struct dlb_satchel_info info;
	struct dlb_buf names;
	int64_t bob;
	struct dlb_node *n = cast(f, &bob);

	fixture_file(f, "film", 600000, 1);
	sent = fixture_send(f, n, bob, "film", "look");
	names = names_of(f, n, sent.first_number);
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "courier", "usb");
	assert_int_equal(at_home(f, "courier", &names, DLB_SHOWN), sent.cells);
	/* One or the other gives way to the courier's own. */
	meets(f, "courier", "other");
	assert_in_range(on_stick(f, "other", &names), 1, sent.cells);

	n = fixture_open(f, "alice");
	r = recall(f, n, sent.first_number);
	assert_int_equal(r.cells, sent.cells);
	assert_int_equal(r.never_left, 0);
	assert_int_equal(r.released, 0);
	assert_int_equal(r.arrived_ms, 0);
	assert_int_equal(state_of(f, n, sent.first_number), DLB_OUT_RECALLED);
	/* It is let go of; what is shown stays so until a meeting. */
	dlb_node_satchel_info(n, &info);
	assert_int_equal(info.held, 0);
	assert_int_equal(
		count_cells(n->satchel, &names, DLB_SHOWN), sent.cells);
	fixture_meet(f, n, "usb");
	assert_int_equal(count_cells(n->satchel, &names, 0xff), 0);
	r = recall(f, n, sent.first_number);
	assert_int_equal(r.released, sent.cells);
	dlb_node_close(n);
	assert_int_equal(on_stick(f, "usb", &names), 0);
	assert_int_equal(tokens_on(f, "usb"), sent.cells);

	/* The courier passes it on, to where the cells are. */
	meets(f, "courier", "usb");
	assert_int_equal(at_home(f, "courier", &names, 0xff), 0);
	meets(f, "courier", "other");
	assert_int_equal(on_stick(f, "other", &names), 0);
	meets(f, "bob", "other");
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_inbox(n, NULL), 0);
	assert_int_equal(count_cells(n->satchel, &names, 0xff), 0);
	dlb_node_close(n);
	dlb_buf_free(&names);
}

/* One that was sealed again is called back in all its sealings. */
static void
every_sealing_is_called_back(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result sent, again;
	struct dlb_send_options o = {
		.message = "look", .message_len = 4, .stdin_fd = -1};
	struct dlb_buf first, second;
	int64_t bob;
	struct dlb_node *n = cast(f, &bob);

	sent = fixture_send(f, n, bob, NULL, "look");
	first = names_of(f, n, sent.first_number);
	fixture_meet(f, n, "usb");
	assert_dlb_ok(f,
		dlb_node_resend(n, sent.first_number, &o, &again, NULL, NULL,
			NULL, &f->err));
	second = names_of(f, n, sent.first_number);
	assert_memory_not_equal(first.data, second.data, DLB_NAME_LEN);
	fixture_meet(f, n, "usb");
	assert_int_equal(on_stick(f, "usb", &first), sent.cells);
	assert_int_equal(on_stick(f, "usb", &second), again.cells);
	recall(f, n, sent.first_number);
	fixture_meet(f, n, "usb");
	assert_int_equal(on_stick(f, "usb", &first), 0);
	assert_int_equal(on_stick(f, "usb", &second), 0);
	dlb_node_close(n);
	dlb_buf_free(&first);
	dlb_buf_free(&second);
}

/* Each stripe has tokens of its own. */
static void
all_stripes_are_called_back(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result sent;
	struct dlb_buf names;
	int64_t bob;
	struct dlb_node *n = cast(f, &bob);
	const char *path;
	struct dlb_send_options o = {.paths = &path,
		.paths_n = 1,
		.need = 2,
		.of = 3,
		.stdin_fd = -1};

	fixture_file(f, "film", 300000, 1);
	path = fixture_path(f, "film");
	assert_dlb_ok(
		f, dlb_node_send(n, bob, &o, &sent, NULL, NULL, NULL, &f->err));
	assert_in_range(sent.cells, 6, 64);
	names = names_of(f, n, sent.first_number);
	fixture_meet_now(f, n, "usb");
	assert_int_equal(on_stick(f, "usb", &names), sent.cells);
	recall(f, n, sent.first_number);
	fixture_meet(f, n, "usb");
	assert_int_equal(on_stick(f, "usb", &names), 0);
	dlb_node_close(n);
	dlb_buf_free(&names);
}

static void
what_has_not_left_needs_no_token(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result sent;
	struct dlb_recall_result r;
	struct dlb_buf names;
	int64_t bob;
	struct dlb_node *n = cast(f, &bob);

	sent = fixture_send(f, n, bob, NULL, "better not");
	names = names_of(f, n, sent.first_number);
	r = recall(f, n, sent.first_number);
	assert_int_equal(r.never_left, sent.cells);
	assert_int_equal(count_cells(n->satchel, &names, 0xff), 0);
	fixture_meet(f, n, "usb");
	assert_int_equal(tokens_on(f, "usb"), 0);
	dlb_node_close(n);
	meets(f, "bob", "usb");
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_inbox(n, NULL), 0);
	dlb_node_close(n);
	dlb_buf_free(&names);
}

static void
who_has_read_it_has_read_it(void **state)
{
	struct fixture *f = *state;
	struct dlb_read_options o = {.fd = -1};
	struct dlb_read_result read;
	struct dlb_in_letter letter;
	struct dlb_send_result sent;
	struct dlb_buf names;
	int64_t bob;
	struct dlb_node *n = cast(f, &bob);

	fixture_file(f, "film", 300000, 1);
	sent = fixture_send(f, n, bob, "film", "look");
	names = names_of(f, n, sent.first_number);
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "bob", "usb");
	n = fixture_open(f, "alice");
	recall(f, n, sent.first_number);
	fixture_meet(f, n, "usb");
	/* The receipt had been on its way. */
	assert_int_equal(state_of(f, n, sent.first_number), DLB_OUT_ARRIVED);
	dlb_node_close(n);
	meets(f, "bob", "usb");
	n = fixture_open(f, "bob");
	assert_int_equal(count_cells(n->satchel, &names, DLB_SHOWN), 0);
	assert_int_equal(count_cells(n->satchel, &names, DLB_HELD), sent.cells);
	assert_int_equal(fixture_inbox(n, &letter), 1);
	fixture_mkdir(f, "out");
	o.directory = fixture_path(f, "out");
	assert_dlb_ok(
		f, dlb_node_read(n, letter.number, &o, &read, NULL, &f->err));
	assert_true(fixture_same(f, "film", "out/film"));
	dlb_buf_free(&read.message);
	dlb_node_close(n);
	dlb_buf_free(&names);
}

static void
no_such_letter(void **state)
{
	struct fixture *f = *state;
	struct dlb_recall_result r;
	int64_t bob;
	struct dlb_node *n = cast(f, &bob);

	fixture_meet(f, n, "usb");
	for (int64_t number = -1; number < 3; number++)
		assert_int_equal(
			dlb_node_recall(n, number, &r, &f->err), DLB_NOT_FOUND);
	dlb_node_close(n);
}

/* As many a meeting as new cells, whatever the letter's size. */
static void
a_long_one_takes_more_meetings(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result sent;
	struct dlb_buf names;
	unsigned left;
	int64_t bob;
	struct dlb_node *n = cast(f, &bob);

	fixture_file(f, "film", 7000000, 1);
	sent = fixture_send(f, n, bob, "film", "look");
	assert_in_range(sent.cells, 100, 128);
	names = names_of(f, n, sent.first_number);
	fixture_meet(f, n, "usb");
	recall(f, n, sent.first_number);
	left = (unsigned)sent.cells;
	while (left > 0) {
		fixture_meet(f, n, "usb");
		left = left > 64 ? left - 64 : 0;
		assert_int_equal(on_stick(f, "usb", &names), left);
		assert_int_equal(tokens_on(f, "usb"), sent.cells - left);
	}
	dlb_node_close(n);
	dlb_buf_free(&names);
}

/* ---- over a link, and with a folder -------------------------------------------------------- */

static void
link_meet(struct fixture *f, struct dlb_node *a, struct dlb_node *b)
{
	static const uint8_t exporter[32] = {1};
	struct dlb_peer_options options = {.policy = DLB_PEER_ANYONE};
	struct dlb_exchange *x[2];
	struct dlb_node *nodes[2] = {a, b};

	for (int i = 0; i < 2; i++)
		assert_dlb_ok(f,
			dlb_exchange_new(&x[i], nodes[i], i == 0, exporter,
				&options, &f->err));
	for (int turn = 0; turn < 100000
		&& !(dlb_exchange_over(x[0]) && dlb_exchange_over(x[1]));
		turn++) {
		bool moved = false;

		for (int i = 0; i < 2; i++) {
			const uint8_t *bytes;
			size_t len, used;

			if (!dlb_exchange_work(x[i], &bytes, &len))
				continue;
			used = dlb_exchange_receive(x[!i], bytes, len);
			dlb_exchange_sent(x[i], used);
			moved |= used > 0;
		}
		if (!moved)
			f->env.now_ms += 25;
	}
	for (int i = 0; i < 2; i++) {
		assert_dlb_ok(f, dlb_exchange_settle(x[i], &f->err));
		assert_dlb_ok(f, dlb_exchange_end(x[i], &f->err));
		dlb_exchange_free(x[i]);
	}
}

static void
over_a_link_too(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result sent;
	struct dlb_node *n, *courier;
	struct dlb_buf names;
	int64_t bob;

	n = cast(f, &bob);
	courier = fixture_open(f, "courier");
	fixture_file(f, "film", 600000, 1);
	sent = fixture_send(f, n, bob, "film", "look");
	names = names_of(f, n, sent.first_number);
	link_meet(f, n, courier);
	assert_int_equal(
		count_cells(courier->satchel, &names, DLB_SHOWN), sent.cells);
	recall(f, n, sent.first_number);
	link_meet(f, courier, n);
	assert_int_equal(count_cells(courier->satchel, &names, 0xff), 0);
	assert_int_equal(count_cells(n->satchel, &names, 0xff), 0);
	/* And it does not come back. */
	link_meet(f, courier, n);
	assert_int_equal(count_cells(courier->satchel, &names, 0xff), 0);
	assert_int_equal(count_cells(n->satchel, &names, 0xff), 0);
	dlb_node_close(courier);
	dlb_node_close(n);
	dlb_buf_free(&names);
}

static void
out_of_a_folder_too(void **state)
{
	struct fixture *f = *state;
	struct dlb_box_options box_options = {.cells = true,
		.size = 32 << 20,
		.unlock = {.kind = DLB_UNLOCK_OPEN}};
	struct dlb_send_result sent;
	struct dlb_meet_result r;
	struct dlb_box box;
	struct dlb_buf names;
	uint64_t made;
	int64_t bob;
	struct dlb_node *n = cast(f, &bob);

	fixture_mkdir(f, "sync");
	box_options.path = fixture_path(f, "sync");
	assert_dlb_ok(f,
		dlb_node_box_create(
			n, &box_options, &box, &made, NULL, &f->err));
	sent = fixture_send(f, n, bob, NULL, "by folder");
	names = names_of(f, n, sent.first_number);
	r = fixture_meet(f, n, "sync");
	assert_int_equal(r.objects, 64);
	recall(f, n, sent.first_number);
	r = fixture_meet(f, n, "sync");
	assert_int_equal(r.objects, 64 - sent.cells + 64);
	dlb_node_close(n);
	meets(f, "bob", "sync");
	assert_int_equal(at_home(f, "bob", &names, 0xff), 0);
	dlb_buf_free(&names);
}

/* ---- letters that arrived, and cover --------------------------------------------------------- */

static void
weeks_pass(struct fixture *f, int weeks)
{
	f->env.now_ms += weeks * DLB_WEEK_MS;
}

static unsigned
shown_on(struct fixture *f, const char *stick)
{
	struct dlb_satchel *s = open_stick(f, stick);
	struct dlb_satchel_info info;

	dlb_satchel_info(s, &info);
	dlb_satchel_close(s);
	return info.shown;
}

/* Of a letter whose receipt came most cells go in the weeks after, and of cover; of one
 * that nobody answered none. */
static void
an_answered_letter_is_called_back(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result answered, lost;
	struct dlb_buf a, b;
	struct dlb_node *n;
	unsigned cover;
	int64_t bob, carol;

	n = cast(f, &bob);
	fixture_home(f, "carol", false);
	carol = fixture_introduce(f, n, "carol");
	fixture_file(f, "film", 1500000, 1);
	answered = fixture_send(f, n, bob, "film", "for bob");
	lost = fixture_send(f, n, carol, "film", "for carol");
	a = names_of(f, n, answered.first_number);
	b = names_of(f, n, lost.first_number);
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "bob", "usb");
	meets(f, "alice", "usb");
	/* Nothing is released at once. */
	assert_int_equal(on_stick(f, "usb", &a), answered.cells);
	assert_int_equal(tokens_on(f, "usb"), 0);
	/* Nor when a clock that nobody believes says that it is time. */
	weeks_pass(f, 9);
	meets(f, "alice", "usb");
	assert_int_equal(tokens_on(f, "usb"), 0);
	weeks_pass(f, -9);
	cover = shown_on(f, "usb") - (unsigned)(answered.cells + lost.cells);
	for (int i = 0; i < 7; i++) {
		weeks_pass(f, 1);
		meets(f, "alice", "usb");
	}
	/* One in four stays. */
	assert_in_range(on_stick(f, "usb", &a), 0, answered.cells / 2);
	assert_int_equal(on_stick(f, "usb", &b), lost.cells);
	assert_true(cover > 0);
	assert_true(tokens_on(f, "usb")
		> answered.cells - on_stick(f, "usb", &a) + cover / 4);
	dlb_buf_free(&a);
	dlb_buf_free(&b);
}

static void
days_are_one_distribution(void **state)
{
	struct dlb_out_letter cover = {.sealed_ms = FIXTURE_NOW_MS},
			      letter = {.sealed_ms = FIXTURE_NOW_MS, .to = 1};
	unsigned never = 0, early = 0, late = 0;

	(void)state;
	memset(cover.recall_key, 7, sizeof(cover.recall_key));
	memset(letter.recall_key, 7, sizeof(letter.recall_key));
	for (uint32_t i = 0; i < 4000; i++) {
		int64_t at = dlb_recall_due_ms(&cover, i), day;

		letter.arrived_ms = 0;
		assert_true(dlb_recall_due_ms(&letter, i) == INT64_MAX);
		letter.arrived_ms = FIXTURE_NOW_MS + 6 * DLB_DAY_MS;
		assert_true(dlb_recall_due_ms(&letter, i) == at);
		letter.arrived_ms = FIXTURE_NOW_MS + 20 * DLB_DAY_MS;
		if (at == INT64_MAX) {
			never++;
			continue;
		}
		day = (at - FIXTURE_NOW_MS) / DLB_DAY_MS;
		assert_in_range(day, 7, 41);
		early += day < 7 + 9;
		late += day >= 42 - 9;
		if (day < 20)
			assert_in_range(dlb_recall_due_ms(&letter, i),
				letter.arrived_ms,
				letter.arrived_ms + 14 * DLB_DAY_MS);
		letter.recalled_ms = 5;
		assert_int_equal(dlb_recall_due_ms(&letter, i), 5);
		letter.recalled_ms = 0;
	}
	assert_in_range(never, 880, 1120);
	assert_in_range(early, 670, 870);
	assert_in_range(late, 670, 870);
}

/* What a person wants back goes before what has time. */
static void
what_is_wanted_back_goes_first(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result sent;
	struct dlb_buf names;
	int64_t bob;
	struct dlb_node *n = cast(f, &bob);

	for (int i = 0; i < 3; i++)
		fixture_meet(f, n, "usb"); /* cover */
	dlb_node_close(n);
	for (int i = 0; i < 7; i++) {
		weeks_pass(f, 1);
		dlb_node_close(fixture_open(f, "alice"));
	}
	n = fixture_open(f, "alice");
	fixture_file(f, "film", 600000, 1);
	sent = fixture_send(f, n, bob, "film", "look");
	names = names_of(f, n, sent.first_number);
	fixture_meet(f, n, "other");
	assert_int_equal(on_stick(f, "other", &names), sent.cells);
	assert_int_equal(tokens_on(f, "other"), 0);
	recall(f, n, sent.first_number);
	fixture_meet(f, n, "other");
	assert_int_equal(on_stick(f, "other", &names), 0);
	dlb_node_close(n);
	dlb_buf_free(&names);
}

/* Which are cells' and which fill up is not to be seen from their order. */
static void
tokens_are_in_random_order(void **state)
{
	struct fixture *f = *state;
	static uint8_t all[DLB_RECALL_SHOWN_MAX][DLB_TOKEN_LEN],
		known[DLB_RECALL_SHOWN_MAX][DLB_TOKEN_LEN];
	struct dlb_send_result sent;
	size_t all_n, known_n, in_front = 0;
	int64_t bob;
	struct dlb_node *n = cast(f, &bob);

	fixture_file(f, "film", 1000000, 1);
	sent = fixture_send(f, n, bob, "film", "look");
	fixture_meet(f, n, "usb");
	recall(f, n, sent.first_number);
	assert_dlb_ok(f, dlb_recall_show(n, true, all, &all_n, &f->err));
	assert_dlb_ok(f, dlb_recall_show(n, false, known, &known_n, &f->err));
	assert_int_equal(all_n, 64);
	assert_int_equal(known_n, sent.cells);
	assert_in_range(known_n, 12, 32);
	for (size_t i = 0; i < known_n; i++)
		for (size_t k = 0; k < known_n; k++)
			in_front +=
				memcmp(all[i], known[k], DLB_TOKEN_LEN) == 0;
	assert_in_range(in_front, 1, known_n - 4);
	dlb_node_close(n);
}

/* What is shown over a link is as many as ever, due or not. */
static void
a_constant_number_is_shown(void **state)
{
	struct fixture *f = *state;
	static uint8_t tokens[DLB_RECALL_SHOWN_MAX][DLB_TOKEN_LEN];
	struct dlb_send_result sent;
	int64_t bob;
	size_t count;
	struct dlb_node *n = cast(f, &bob);

	assert_dlb_ok(f, dlb_recall_show(n, true, tokens, &count, &f->err));
	assert_int_equal(count, 64);
	assert_dlb_ok(f, dlb_recall_show(n, false, tokens, &count, &f->err));
	assert_int_equal(count, 0);
	sent = fixture_send(f, n, bob, NULL, "hello");
	fixture_meet(f, n, "usb");
	recall(f, n, sent.first_number);
	assert_dlb_ok(f, dlb_recall_show(n, true, tokens, &count, &f->err));
	assert_int_equal(count, 64);
	/* From now on it is one of those that are passed on. */
	assert_dlb_ok(f, dlb_recall_show(n, false, tokens, &count, &f->err));
	assert_int_equal(count, sent.cells);
	assert_dlb_ok(f, dlb_recall_show(n, true, tokens, &count, &f->err));
	assert_int_equal(count, 64 + sent.cells);
	dlb_node_close(n);
}

#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(couriers_and_sticks_drop_it),
		TEST(every_sealing_is_called_back),
		TEST(all_stripes_are_called_back),
		TEST(what_has_not_left_needs_no_token),
		TEST(who_has_read_it_has_read_it),
		TEST(no_such_letter),
		TEST(a_long_one_takes_more_meetings),
		TEST(over_a_link_too),
		TEST(out_of_a_folder_too),
		TEST(an_answered_letter_is_called_back),
		cmocka_unit_test(days_are_one_distribution),
		TEST(what_is_wanted_back_goes_first),
		TEST(tokens_are_in_random_order),
		TEST(a_constant_number_is_shown),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
