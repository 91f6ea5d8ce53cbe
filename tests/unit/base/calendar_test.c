/* The calendar against the C library's, and at its edges. */
#include "base_test.h"

#include <time.h>

static void
weeks_start_on_mondays(void **state)
{
	(void)state;
	assert_int_equal(dlb_week_of(INT64_MIN), 0);
	assert_int_equal(dlb_week_of(DLB_EPOCH_MS - 1), 0);
	assert_int_equal(dlb_week_of(DLB_EPOCH_MS), 0);
	assert_int_equal(dlb_week_of(DLB_EPOCH_MS + DLB_WEEK_MS - 1), 0);
	assert_int_equal(dlb_week_of(DLB_EPOCH_MS + DLB_WEEK_MS), 1);
	assert_int_equal(dlb_week_of(INT64_MAX), UINT16_MAX);
	for (unsigned w = 0; w <= UINT16_MAX; w += 13) {
		int64_t ms = dlb_week_start_ms((uint16_t)w);
		time_t t = (time_t)(ms / 1000);
		struct tm tm;

		assert_int_equal(dlb_week_of(ms), w);
		assert_non_null(gmtime_r(&t, &tm));
		assert_int_equal(tm.tm_wday, 1);
		assert_int_equal(tm.tm_hour, 0);
	}
}

/* Every fourth day of 3200 years, so that every rule about leap years is met. */
static void
dates_are_those_of_the_c_library(void **state)
{
	/* From the first day of the year 1. */
	int64_t day_ms = DLB_DAY_MS, first = -62135596800000;

	(void)state;
	for (int64_t d = 0; d < 800 * 365; d++) {
		int64_t ms = first + d * 4 * day_ms + d * 7919 % day_ms;
		time_t t = (time_t)((ms - (ms < 0 ? 999 : 0)) / 1000);
		char want[64], got[17];
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		snprintf(want, sizeof(want), "%04d-%02d-%02d %02d:%02d",
			tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
			tm.tm_hour, tm.tm_min);
		dlb_time_text(got, ms);
		assert_string_equal(got, want);
		if (tm.tm_year + 1900 >= 2024) {
			int month = (tm.tm_year - 124) * 12 + tm.tm_mon;

			assert_int_equal(dlb_month_of(ms), month);
			assert_int_equal(dlb_quarter_of(ms), month / 3);
		} else {
			assert_int_equal(dlb_month_of(ms), 0);
			assert_int_equal(dlb_quarter_of(ms), 0);
		}
	}
}

static void
edges_of_time(void **state)
{
	char date[11], text[17];

	(void)state;
	dlb_date_text(date, DLB_EPOCH_MS);
	assert_string_equal(date, "2024-01-01");
	dlb_date_text(date, 1709251199999);
	assert_string_equal(date, "2024-02-29");
	dlb_date_text(date, 1709251200000);
	assert_string_equal(date, "2024-03-01");
	dlb_time_text(text, -1);
	assert_string_equal(text, "1969-12-31 23:59");
	dlb_time_text(text, INT64_MIN);
	assert_string_equal(text, "0000-01-01 00:00");
	dlb_time_text(text, INT64_MAX);
	assert_string_equal(text, "9999-12-31 23:59");
	assert_int_equal(dlb_month_of(INT64_MIN), 0);
	assert_int_equal(dlb_quarter_of(INT64_MIN), 0);
	/* The last year that is told apart. */
	assert_int_equal(dlb_month_of(INT64_MAX), UINT16_MAX);
	assert_int_equal(dlb_quarter_of(INT64_MAX), 7975 * 4 + 3);
}

static void
months_start_where_they_do(void **state)
{
	(void)state;
	assert_true(dlb_month_start_ms(0) == DLB_EPOCH_MS);
	/* 2024-03-01, 2100-03-01. */
	assert_true(dlb_month_start_ms(2) == 1709251200000);
	assert_true(dlb_month_start_ms(914) == 4107542400000);
	for (unsigned m = 1; m < UINT16_MAX; m++) {
		int64_t ms = dlb_month_start_ms((uint16_t)m);

		assert_int_equal(dlb_month_of(ms), m);
		assert_int_equal(dlb_month_of(ms - 1), m - 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weeks_start_on_mondays),
		cmocka_unit_test(dates_are_those_of_the_c_library),
		cmocka_unit_test(edges_of_time),
		cmocka_unit_test(months_start_where_they_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
