/* Boxes, and a box's key as text. */
#include "letterbox_test.h"

#include "state_internal.h"

static struct dlb_box
a_box(const char *name)
{
	struct dlb_box b = {0};

	snprintf(b.name, sizeof(b.name), "%s", name);
	memset(b.root, name[0], sizeof(b.root));
	strcpy(b.path, "/media/stick/box");
	return b;
}

static bool
collect(void *ctx, const struct dlb_box *box)
{
	strcat(ctx, box->name);
	return true;
}

static void
boxes_are_kept(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_box a = a_box("shelf"), b = a_box("attic"), got;
	char names[64] = "";

	assert_ok(dlb_box_save(l, &a, &f->err));
	assert_ok(dlb_box_save(l, &b, &f->err));
	assert_int_not_equal(a.id, b.id);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	assert_ok(dlb_box_by_name(l, &got, "shelf", &f->err));
	assert_memory_equal(&got, &a, sizeof(a));
	assert_ok(dlb_box_each(l, collect, names, &f->err));
	assert_string_equal(names, "atticshelf");
	/* The same name again, and another's. */
	strcpy(a.path, "");
	assert_ok(dlb_box_save(l, &a, &f->err));
	strcpy(a.name, "attic");
	assert_int_equal(dlb_box_save(l, &a, &f->err), DLB_EXISTS);
	got = a_box("attic");
	assert_int_equal(dlb_box_save(l, &got, &f->err), DLB_EXISTS);
	got = a_box("../x");
	got.root[0] ^= 1;
	assert_int_equal(dlb_box_save(l, &got, &f->err), DLB_MALFORMED);
	/* The same box by another name. */
	got = a_box("attic");
	strcpy(got.name, "upstairs");
	assert_int_equal(dlb_box_save(l, &got, &f->err), DLB_EXISTS);
	assert_non_null(strstr(f->err.msg, "known already, as \"attic\""));
	assert_ok(dlb_box_forget(l, "attic", &f->err));
	assert_int_equal(dlb_box_forget(l, "attic", &f->err), DLB_NOT_FOUND);
	assert_ok(dlb_box_save(l, &a, &f->err));
	assert_int_equal(
		dlb_box_by_name(l, &got, "shelf", &f->err), DLB_NOT_FOUND);
	dlb_letterbox_close(l);
}

static void
text_round_trips(void **state)
{
	static const char *const names[] = {"x", "shelf in the hall",
		("gr\xc3\xbc\xc3\x9f"
		 "e"),
		"a name of the longest kind that there is: sixty-four bytes of i."};
	char text[DLB_BOX_TEXT_MAX], spaced[4 * DLB_BOX_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(names); i++) {
		struct dlb_box box = a_box(names[i]), got;
		size_t n = 0;

		assert_ok(dlb_box_to_text(text, &box));
		assert_memory_equal(text, "dlb-box:", 8);
		assert_ok(dlb_box_from_text(&got, text, strlen(text), NULL));
		assert_string_equal(got.name, names[i]);
		assert_memory_equal(got.root, box.root, 32);
		assert_int_equal(got.id, 0);
		assert_string_equal(got.path, "");
		assert_string_equal(got.place, "");
		/* With a place, in words. */
		strcpy(box.place, i ? "42 Ship Street, \xc3\xa0 gauche" : "x");
		assert_ok(dlb_box_to_text(text, &box));
		assert_ok(dlb_box_from_text(&got, text, strlen(text), NULL));
		assert_string_equal(got.name, names[i]);
		assert_string_equal(got.place, box.place);
		assert_memory_equal(got.root, box.root, 32);
		memset(box.place, 'p', DLB_BOX_PLACE_MAX);
		assert_ok(dlb_box_to_text(text, &box));
		assert_ok(dlb_box_from_text(&got, text, strlen(text), NULL));
		assert_string_equal(got.place, box.place);
		strcpy(box.place, "two\nlines");
		assert_int_equal(dlb_box_to_text(text, &box), DLB_MALFORMED);
		memset(box.place, 0, sizeof(box.place));
		assert_ok(dlb_box_to_text(text, &box));
		/* Broken into lines by a mail. */
		for (size_t j = 0; text[j]; j++) {
			if (j % 9 == 0)
				n += (size_t)sprintf(spaced + n, " \r\n\t");
			spaced[n++] = text[j];
		}
		assert_ok(dlb_box_from_text(&got, spaced, n, NULL));
		assert_string_equal(got.name, names[i]);
	}
}

/* No slip of the pen goes unnoticed. */
static void
slips_are_found(void **state)
{
	static const char *const bad[] = {"", "dlb-box:", "dlb-box:AQ",
		"dlb-card:AQ", "dlb-box", "DLB-BOX:AQF4"};
	struct dlb_box box = a_box("shelf"), got;
	char text[DLB_BOX_TEXT_MAX];
	size_t len;

	(void)state;
	assert_ok(dlb_box_to_text(text, &box));
	len = strlen(text);
	for (size_t i = 0; i < len; i++) {
		char was = text[i];

		for (int c = 1; c < 256; c++) {
			enum dlb_status s;

			text[i] = (char)c;
			s = dlb_box_from_text(&got, text, len, NULL);
			assert_true(c == (unsigned char)was ? s == DLB_OK
							    : s != DLB_OK);
		}
		text[i] = was;
		assert_int_equal(
			dlb_box_from_text(&got, text, i, NULL), DLB_MALFORMED);
		assert_int_equal(got.root[0], 0);
	}
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++)
		assert_int_equal(
			dlb_box_from_text(&got, bad[i], strlen(bad[i]), NULL),
			DLB_MALFORMED);
	strcpy(box.name, "a/b");
	assert_int_equal(dlb_box_to_text(text, &box), DLB_MALFORMED);
	assert_string_equal(text, "");
}

static bool
count_some(void *ctx, const struct dlb_box *box)
{
	(void)box;
	return ++*(int *)ctx < 10;
}

/* Lists go on from the name that they saw last: each must come after it. */
static void
names_that_are_no_text_end_no_list(void **state)
{
	static const char *const values[] = {
		"x'78'", "CAST(x'7800ff' AS TEXT)", "CAST(x'780078' AS TEXT)"};
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_box box = a_box("shelf");
	char sql[128];

	assert_ok(dlb_box_save(l, &box, &f->err));
	for (size_t i = 0; i < DLB_ARRAY_LEN(values); i++) {
		int n = 0;

		snprintf(sql, sizeof(sql), "UPDATE boxes SET name = %s",
			values[i]);
		assert_int_equal(sqlite3_exec(l->db.sql, sql, NULL, NULL, NULL),
			SQLITE_OK);
		assert_int_equal(
			dlb_box_each(l, count_some, &n, &f->err), DLB_CORRUPT);
		assert_int_equal(n, 0);
	}
	dlb_letterbox_close(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			names_that_are_no_text_end_no_list, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(
			boxes_are_kept, fixture_setup, fixture_teardown),
		cmocka_unit_test(text_round_trips),
		cmocka_unit_test(slips_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
