/*
 * The calendar of the formats, proleptic Gregorian, UTC, no leap seconds.
 */
#include "env.h"

#include <stdio.h>

#define MS_YEAR_0 (-62167219200000LL)
#define MS_YEAR_9999_END 253402300799999LL

struct date {
	int year, month, day; /* month, day from 1 */
};

/* Years are counted from March, so that the leap day is the last of a year; a
 * cycle of 400 years has 146097 days. */
static struct date
date_of(int64_t ms)
{
	/* Days since 0000-03-01, and never negative below. */
	int64_t days, cycle, in_cycle, year, in_year, month;
	struct date d;

	if (ms < MS_YEAR_0)
		ms = MS_YEAR_0;
	if (ms > MS_YEAR_9999_END)
		ms = MS_YEAR_9999_END;
	/* 366 days earlier would not do: a whole cycle keeps the pattern. */
	days = (ms - MS_YEAR_0) / DLB_DAY_MS - 60 + 146097;
	cycle = days / 146097;
	in_cycle = days % 146097;
	year = (in_cycle - in_cycle / 1460 + in_cycle / 36524
		       - in_cycle / 146096)
		/ 365;
	in_year = in_cycle - (365 * year + year / 4 - year / 100);
	month = (5 * in_year + 2) / 153;
	d.day = (int)(in_year - (153 * month + 2) / 5 + 1);
	d.month = (int)(month < 10 ? month + 3 : month - 9);
	d.year = (int)(year + (cycle - 1) * 400 + (d.month <= 2));
	return d;
}

static uint16_t
clamp_u16(int64_t v)
{
	return v < 0 ? 0 : v > UINT16_MAX ? UINT16_MAX : (uint16_t)v;
}

uint16_t
dlb_week_of(int64_t ms)
{
	if (ms < DLB_EPOCH_MS)
		return 0;
	return clamp_u16((ms - DLB_EPOCH_MS) / DLB_WEEK_MS);
}

uint16_t
dlb_month_of(int64_t ms)
{
	struct date d = date_of(ms);

	return clamp_u16((d.year - 2024) * 12LL + d.month - 1);
}

uint16_t
dlb_quarter_of(int64_t ms)
{
	struct date d = date_of(ms);

	return clamp_u16((d.year - 2024) * 4LL + (d.month - 1) / 3);
}

int64_t
dlb_week_start_ms(uint16_t week)
{
	return DLB_EPOCH_MS + week * DLB_WEEK_MS;
}

int64_t
dlb_month_start_ms(uint16_t month)
{
	/* Years from March again. */
	int64_t year = 2024 + month / 12 - (month % 12 < 2);
	int64_t in_year = (153 * ((month + 10) % 12) + 2) / 5;
	int64_t days = 365 * year + year / 4 - year / 100 + year / 400;

	return MS_YEAR_0 + (days + in_year + 60) * DLB_DAY_MS;
}

/* What is below 0 or above 99 can not be here; the masks tell the compiler. */
void
dlb_date_text(char out[11], int64_t ms)
{
	struct date d = date_of(ms);

	snprintf(out, 11, "%04u-%02u-%02u", (unsigned)d.year % 10000,
		(unsigned)d.month % 100, (unsigned)d.day % 100);
}

void
dlb_time_text(char out[17], int64_t ms)
{
	int64_t minute;

	if (ms < MS_YEAR_0)
		ms = MS_YEAR_0;
	if (ms > MS_YEAR_9999_END)
		ms = MS_YEAR_9999_END;
	minute = (ms - MS_YEAR_0) % DLB_DAY_MS / 60000;
	dlb_date_text(out, ms);
	snprintf(out + 10, 7, " %02u:%02u", (unsigned)(minute / 60) % 100,
		(unsigned)(minute % 60));
}
