/*
 * Sizes, counts, times and widths.
 *
 * Invariant: nothing here overflows, whatever number it is given; what does not
 * fit the longest text is shown as the largest that does.
 */
#include "format.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <wchar.h>

/* The factor that a unit stands for; 0 where there is no such unit. */
static uint64_t
unit_factor(const char *unit)
{
	static const char letters[] = "kmgt";
	const char *at;
	unsigned power;
	uint64_t base = 1024, factor = 1;

	if (unit[0] == '\0' || strcasecmp(unit, "b") == 0)
		return 1;
	at = memchr(
		letters, tolower((unsigned char)unit[0]), sizeof(letters) - 1);
	if (!at)
		return 0;
	power = (unsigned)(at - letters) + 1;
	if (strcasecmp(unit + 1, "b") == 0)
		base = 1000;
	else if (unit[1] != '\0' && strcasecmp(unit + 1, "ib") != 0)
		return 0;
	while (power-- > 0)
		factor *= base;
	return factor;
}

enum dlb_status
cli_parse_size(uint64_t *out, const char *text, struct dlb_error *err)
{
	const char *p = text;
	uint64_t whole = 0, part = 0, tenth = 1, factor;
	bool digits = false, fits = true;

	*out = 0;
	for (; isdigit((unsigned char)*p); p++, digits = true) {
		fits = fits && whole <= (UINT64_MAX - 9) / 10;
		whole = whole * 10 + (uint64_t)(*p - '0');
	}
	if (digits && *p == '.')
		for (p++; isdigit((unsigned char)*p); p++)
			if (tenth < 1000000) {
				part = part * 10 + (uint64_t)(*p - '0');
				tenth *= 10;
			}
	while (*p == ' ')
		p++;
	factor = unit_factor(p);
	if (!digits || factor == 0)
		return dlb_fail(err, DLB_USAGE,
			"%s is not a size: write it like 800M or 4G", text);
	if (!fits || whole > (1ULL << 60) / factor)
		return dlb_fail(err, DLB_USAGE, "%s is too large a size", text);
	/* part < 10^6 and factor <= 2^40: no overflow. */
	*out = whole * factor + part * factor / tenth;
	return DLB_OK;
}

char *
cli_size(char out[static CLI_FORMAT_MAX], uint64_t bytes)
{
	return dlb_size_text(out, bytes);
}

char *
cli_count(char out[static CLI_FORMAT_MAX], uint64_t n)
{
	char digits[24];
	int len =
		snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	char *p = out;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			*p++ = ',';
		*p++ = digits[i];
	}
	*p = '\0';
	return out;
}

char *
cli_duration(char out[static CLI_FORMAT_MAX], uint64_t seconds)
{
	unsigned s;

	if (seconds >= 360000) {
		snprintf(out, CLI_FORMAT_MAX, "over 4 days");
		return out;
	}
	s = (unsigned)seconds;
	if (s >= 3600)
		snprintf(out, CLI_FORMAT_MAX, "%u:%02u:%02u", s / 3600,
			s / 60 % 60, s % 60);
	else
		snprintf(out, CLI_FORMAT_MAX, "%u:%02u", s / 60, s % 60);
	return out;
}

enum dlb_status
cli_parse_duration(unsigned *seconds, const char *text, struct dlb_error *err)
{
	static const struct {
		char letter;
		unsigned long unit;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char *end = NULL;
	unsigned long n = 0, unit = 0;

	errno = 0;
	if (text[0] >= '0' && text[0] <= '9')
		n = strtoul(text, &end, 10);
	for (size_t i = 0; end && i < DLB_ARRAY_LEN(units); i++)
		if (end[0] == units[i].letter && end[1] == '\0')
			unit = units[i].unit;
	if (errno || n == 0 || unit == 0 || n > CLI_DURATION_MAX_S / unit)
		return dlb_fail(err, DLB_USAGE,
			"%s is no time span: write 30m, 8h or 2d, at most 30d",
			text);
	*seconds = (unsigned)(n * unit);
	return DLB_OK;
}

char *
cli_time_here(char out[static CLI_FORMAT_MAX], int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	if (!localtime_r(&t, &tm)
		|| strftime(out, CLI_FORMAT_MAX, "%Y-%m-%d %H:%M", &tm) == 0)
		dlb_time_text(out, ms);
	return out;
}

char *
cli_time_utc(char out[static CLI_FORMAT_MAX], int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	if (!gmtime_r(&t, &tm)
		|| strftime(out, CLI_FORMAT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm)
			== 0)
		snprintf(out, CLI_FORMAT_MAX, "1970-01-01T00:00:00Z");
	return out;
}

const char *
cli_s(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* The length and the columns of the character at s, which is well-formed. */
static size_t
next_character(const char *s, size_t *columns)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	unsigned code = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
	int width;

	for (size_t i = 1; i < len; i++) {
		if (p[i] == 0)
			len = i;
		else
			code = code << 6 | (p[i] & 0x3f);
	}
	width = wcwidth((wchar_t)code);
	*columns = width < 0 ? 1 : (size_t)width;
	return len;
}

size_t
cli_width(const char *s)
{
	size_t sum = 0, columns;

	while (*s) {
		s += next_character(s, &columns);
		sum += columns;
	}
	return sum;
}

void
cli_cut(char *s, size_t columns)
{
	size_t sum = 0, width, at = 0, keep = 0;

	if (cli_width(s) <= columns)
		return;
	while (s[at]) {
		size_t len = next_character(s + at, &width);

		if (sum + width + 3 > columns)
			break;
		sum += width;
		at += len;
		keep = at;
	}
	/* What is cut takes at least as many bytes as columns. */
	for (size_t i = 0; i < 3 && s[keep] && i < columns; i++)
		s[keep++] = '.';
	s[keep] = '\0';
}
