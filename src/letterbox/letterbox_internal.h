/*
 * What the files of letterbox share below the public headers: base64, words
 * and names.
 */
#ifndef DLB_LETTERBOX_INTERNAL_H
#define DLB_LETTERBOX_INTERNAL_H

#include "base.h"

/* ---- base64 (RFC 4648; base64.c) ------------------------------------------------- */

enum dlb_base64 {
	DLB_BASE64,     /* with padding */
	DLB_BASE64_URL, /* '-' and '_', without padding */
};
/* Appends the text, in one line. */
enum dlb_status dlb_base64_encode(struct dlb_buf *out, enum dlb_base64 kind,
	const uint8_t *data, size_t len) DLB_MUST_CHECK;
/* Appends the bytes; white space is passed over. DLB_MALFORMED for anything but
 * the one form that encode gives. */
enum dlb_status dlb_base64_decode(struct dlb_buf *out, enum dlb_base64 kind,
	const char *text, size_t len) DLB_MUST_CHECK;

/* ---- bytes as words (words.c) ------------------------------------------------------ */

/* A word a byte, " - " between groups of so many; cut where cap is too small. A
 * word has at most 8 letters. */
void dlb_words_encode(
	char *out, size_t cap, const uint8_t *bytes, size_t n, size_t group);
/* Exactly n words: of either case, cut after four letters or not, with spaces,
 * line ends, '-', ',' or '.' between them. out is zeroed on DLB_MALFORMED. */
enum dlb_status dlb_words_decode(
	uint8_t *out, size_t n, const char *text, size_t len) DLB_MUST_CHECK;

/* ---- names (names.c) --------------------------------------------------------------- */

#define DLB_NAME_TEXT_MAX 64
/* UTF-8 that a terminal shows as it is: no control character, no bidi override. At
 * most 255 bytes. */
bool dlb_text_printable(const char *text, size_t len);
/* A name to type and to see: 1 to DLB_NAME_TEXT_MAX bytes, printable, no '/', no
 * '-' or '.' first, no space at either end. */
bool dlb_name_valid(const char *name);
/* A valid name of which something shows; else DLB_MALFORMED, saying what one may be. what: "a correspondent", ... */
enum dlb_status dlb_name_check(const char *name, const char *what,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Such a name out of any text; "someone" where nothing is left. */
void dlb_name_clean(char out[static DLB_NAME_TEXT_MAX + 1], const char *text);
/* Cuts name so that "-number" fits, and appends that. */
void dlb_name_number(char name[static DLB_NAME_TEXT_MAX + 1], unsigned number);

/* ---- names that look alike (alike.c) -------------------------------------------------- */

/* Two valid names that people could take for one. */
bool dlb_names_alike(const char *a, const char *b);
/* Something of it is to be seen. */
bool dlb_name_shows(const char *name);

#endif
