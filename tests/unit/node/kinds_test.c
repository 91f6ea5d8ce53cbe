/*
 * Letters that nodes write to each other: how they are sealed, and what becomes of
 * those that come.
 */
#include "home_fixture.h"
#include "kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct dlb_node *
two_friends(struct fixture *f, int64_t *bob)
{
	struct dlb_node *n;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "bob");
	fixture_introduce(f, n, "alice");
	dlb_node_close(n);
	n = fixture_open(f, "alice");
	*bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 64);
	return n;
}

static struct dlb_meet_result
meets(struct fixture *f, const char *who)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_meet_result r = fixture_meet(f, n, "usb");

	dlb_node_close(n);
	return r;
}

static uint32_t
held(struct dlb_node *n)
{
	struct dlb_satchel_info info;

	dlb_node_satchel_info(n, &info);
	return info.held;
}

/* A kind that has no handler: it is a letter, with its content as a file. */
static void
a_kind_that_is_not_known_is_a_letter(void **state)
{
	static const size_t lens[] = {0, 11, 65000, 300000};
	struct fixture *f = *state;

	for (size_t i = 0; i < DLB_ARRAY_LEN(lens); i++) {
		uint8_t *content = calloc(1, lens[i] + 1);
		struct dlb_kind_out out = {.kind = DLB_KIND_CARD,
			.content = content,
			.len = lens[i],
			.receipt_wanted = true};
		struct dlb_out_letter row;
		struct dlb_read_options to_file = {.fd = -1, .overwrite = true};
		struct dlb_read_result got = {0};
		struct dlb_node *n;
		struct dlb_in_letter in;
		int64_t number;
		FILE *file;

		if (i == 0) {
			n = two_friends(f, &out.to);
		} else {
			struct dlb_correspondent who;

			n = fixture_open(f, "alice");
			assert_dlb_ok(f,
				dlb_correspondent_by_name(dlb_node_letterbox(n),
					&who, "bob", &f->err));
			out.to = who.id;
		}
		for (size_t k = 0; k < lens[i]; k++)
			content[k] = (uint8_t)(k * 7 + k / 256);
		file = fopen(fixture_path(f, "card"), "w");
		assert_non_null(file);
		assert_int_equal(fwrite(content, 1, lens[i], file), lens[i]);
		fclose(file);
		assert_dlb_ok(f, dlb_kind_send(n, &out, &number, &f->err));
		fixture_meet(f, n, "usb");
		dlb_node_close(n);
		assert_int_equal(meets(f, "bob").letters_complete, 1);
		n = fixture_open(f, "bob");
		assert_int_equal(fixture_inbox(n, &in), i + 1);
		to_file.directory = fixture_path(f, "read");
		assert_dlb_ok(f,
			dlb_node_read(n, (int64_t)i + 1, &to_file, &got, NULL,
				&f->err));
		dlb_buf_free(&got.message);
		assert_true(fixture_same(f, "card", "read/card"));
		dlb_node_close(n);
		meets(f, "alice");
		n = fixture_open(f, "alice");
		assert_dlb_ok(f,
			dlb_out_get(
				dlb_node_letterbox(n), &row, number, &f->err));
		assert_int_equal(row.state, DLB_OUT_ARRIVED);
		assert_false(dlb_out_is_seen(&row));
		assert_int_equal(held(n), 0);
		dlb_node_close(n);
		free(content);
	}
}

/* What was changed for several letters is undone with them. */
static void
all_or_none(void **state)
{
	struct fixture *f = *state;
	struct dlb_kind_out out = {
		.kind = DLB_KIND_CARD, .content = "x", .len = 1};
	int64_t value = 0;
	struct dlb_node *n = two_friends(f, &out.to);

	assert_dlb_ok(f, dlb_kind_begin(n, &f->err));
	assert_dlb_ok(f,
		dlb_setting_set_int(dlb_node_letterbox(n), "test", 1, &f->err));
	assert_dlb_ok(f, dlb_kind_add(n, &out, NULL, &f->err));
	assert_int_equal(held(n), 1);
	out.to += 77;
	assert_int_equal(dlb_kind_add(n, &out, NULL, &f->err), DLB_NOT_FOUND);
	dlb_kind_undo(n);
	assert_int_equal(held(n), 0);
	assert_int_equal(
		dlb_setting_get_int(dlb_node_letterbox(n), "test", &value),
		DLB_NOT_FOUND);
	out.to -= 77;
	out.len = DLB_KIND_CONTENT_MAX + 1;
	assert_int_equal(dlb_kind_send(n, &out, NULL, &f->err), DLB_LIMIT);
	assert_int_equal(held(n), 0);
	dlb_node_close(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_kind_that_is_not_known_is_a_letter, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(
			all_or_none, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
