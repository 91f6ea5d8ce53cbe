/*
 * format: sizes, counts, times and widths, as people write and read them.
 */
#ifndef DLB_CLI_FORMAT_H
#define DLB_CLI_FORMAT_H

#include "base.h"

#define CLI_FORMAT_MAX 32

/* "4G", "1.5GiB", "800K", "8388608": K, M, G, T and KiB .. are powers of 1,024,
 * KB .. of 1,000. */
enum dlb_status cli_parse_size(
	uint64_t *out, const char *text, struct dlb_error *err) DLB_MUST_CHECK;
/* "0 bytes", "1 byte", "812 bytes", "1.2 KiB", "250 MiB". Returns out. */
char *cli_size(char out[static CLI_FORMAT_MAX], uint64_t bytes);
/* "4,352". */
char *cli_count(char out[static CLI_FORMAT_MAX], uint64_t n);
/* "0:09", "12:40", "3:05:00"; from 100 hours on "over 4 days". */
char *cli_duration(char out[static CLI_FORMAT_MAX], uint64_t seconds);
/* "90s", "30m", "8h", "2d"; more than nothing, at most 30 days. */
#define CLI_DURATION_MAX_S (30u * 86400)
enum dlb_status cli_parse_duration(unsigned *seconds, const char *text,
	struct dlb_error *err) DLB_MUST_CHECK;
/* "2026-03-01 14:05" of this place, and "2026-03-01T14:05:09Z". */
char *cli_time_here(char out[static CLI_FORMAT_MAX], int64_t ms);
char *cli_time_utc(char out[static CLI_FORMAT_MAX], int64_t ms);
/* "" or "s". */
const char *cli_s(uint64_t n);

/* The columns of a terminal that well-formed UTF-8 takes. */
size_t cli_width(const char *s);
/* Cuts s, so that it takes at most so many columns; what was cut ends in "...". */
void cli_cut(char *s, size_t columns);

#endif
