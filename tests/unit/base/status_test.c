/* Statuses have a text each; errors are filled, cut and prefixed. */
#include "base_test.h"

#include <errno.h>

static void
every_status_has_a_text_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < DLB_STATUS_COUNT; i++) {
		const char *text = dlb_status_text((enum dlb_status)i);

		assert_true(strlen(text) > 3);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
				text, dlb_status_text((enum dlb_status)j));
	}
	assert_non_null(dlb_status_text((enum dlb_status) - 1));
	assert_non_null(dlb_status_text(DLB_STATUS_COUNT));
	assert_string_equal(dlb_status_text(DLB_CORRUPT), "damaged");
}

static void
fail_fills_and_returns(void **state)
{
	struct dlb_error err = {.sys_errno = 7};

	(void)state;
	assert_int_equal(dlb_fail(&err, DLB_FORGED, "cell %d of %s", 3, "x"),
		DLB_FORGED);
	assert_int_equal(err.status, DLB_FORGED);
	assert_int_equal(err.sys_errno, 0);
	assert_string_equal(err.msg, "cell 3 of x");
	assert_int_equal(dlb_fail(NULL, DLB_FULL, "no one asks"), DLB_FULL);
	dlb_error_clear(&err);
	assert_int_equal(err.status, DLB_OK);
	assert_string_equal(err.msg, "");
	dlb_error_clear(NULL);
}

static void
fail_errno_knows_the_kinds(void **state)
{
	static const struct {
		int sys_errno;
		enum dlb_status status;
	} kinds[] = {{ENOSPC, DLB_NO_SPACE}, {EDQUOT, DLB_NO_SPACE},
		{EROFS, DLB_READ_ONLY}, {ENOENT, DLB_NOT_FOUND},
		{EEXIST, DLB_EXISTS}, {ENOMEM, DLB_NO_MEMORY}, {EIO, DLB_IO},
		{EACCES, DLB_IO}};
	struct dlb_error err;

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(kinds); i++) {
		assert_int_equal(dlb_fail_errno(&err, kinds[i].sys_errno,
					 "file %s", "f"),
			kinds[i].status);
		assert_int_equal(err.sys_errno, kinds[i].sys_errno);
		assert_int_equal(err.status, kinds[i].status);
		assert_int_equal(dlb_fail_errno(NULL, kinds[i].sys_errno, "-"),
			kinds[i].status);
	}
	dlb_fail_errno(&err, ENOSPC, "can not write %s", "f");
	assert_string_equal(err.msg,
		"can not write f: No space left on device; make room there");
}

static void
prefixes_stack_up(void **state)
{
	struct dlb_error err;

	(void)state;
	dlb_fail(&err, DLB_IO, "torn");
	dlb_error_prefix(&err, "slot %d", 9);
	dlb_error_prefix(&err, "stick");
	assert_string_equal(err.msg, "stick: slot 9: torn");
	assert_int_equal(err.status, DLB_IO);
	dlb_error_prefix(NULL, "x");
	/* The message itself may be an argument. */
	dlb_fail(&err, DLB_FULL, "(%s)", err.msg);
	assert_string_equal(err.msg, "(stick: slot 9: torn)");
}

static void
long_messages_are_cut(void **state)
{
	struct dlb_error err;
	char text[2000];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	dlb_fail(&err, DLB_IO, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	dlb_error_prefix(&err, "which");
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	assert_memory_equal(err.msg, "which: aaa", 10);
	dlb_error_prefix(&err, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	dlb_fail_errno(&err, EIO, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_a_text_of_its_own),
		cmocka_unit_test(fail_fills_and_returns),
		cmocka_unit_test(fail_errno_knows_the_kinds),
		cmocka_unit_test(prefixes_stack_up),
		cmocka_unit_test(long_messages_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
