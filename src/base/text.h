/*
 * Text: hexadecimal, UTF-8, and what may be shown on a terminal.
 */
#ifndef DLB_TEXT_H
#define DLB_TEXT_H

#include "status.h"

/* Hexadecimal, lower case; out gets 2 * len + 1 bytes. */
void dlb_hex(char *out, const void *data, size_t len);
/* Exactly 2 * out_len digits of either case, then the end; out is zeroed where
 * that is not so. */
enum dlb_status dlb_unhex(uint8_t *out, size_t out_len, const char *hex)
	DLB_MUST_CHECK;
/* Well-formed UTF-8 (no overlong form, no surrogate), len bytes. */
bool dlb_utf8_valid(const void *s, size_t len);
/* The length of the well-formed character at s, 0 where there is none; its code point
 * goes to *code. */
size_t dlb_utf8_next(uint32_t *code, const void *s, size_t len);
/* A copy that is safe to print to a terminal: control characters, bidi
 * overrides and broken UTF-8 become '?'; always terminated, never cut within a
 * character. Returns out. */
char *dlb_printable(char *out, size_t out_cap, const void *s, size_t len);
/* "4.2 MiB", "1 byte". Returns out. */
#define DLB_SIZE_TEXT_MAX 32
char *dlb_size_text(char out[static DLB_SIZE_TEXT_MAX], uint64_t bytes);

#endif
