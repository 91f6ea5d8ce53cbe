/*
 * Calling back: what goes where a token comes by, and what stays.
 */
#include "recall_world.h"

#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
