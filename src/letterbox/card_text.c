/*
 * Cards as text, to be pasted into a message or printed, and the reading of
 * files that hold one in any form. docs/letterbox.md.
 */
#include "card.h"

#include "card_internal.h"
#include "letterbox_internal.h"

#include <string.h>

#define BEGIN "-----BEGIN DLB CARD-----"
#define END "-----END DLB CARD-----"
#define LINE_LEN 64

static const uint8_t magic[DLB_CARD_MAGIC_LEN] = DLB_CARD_MAGIC;

static enum dlb_status
append_line(struct dlb_buf *out, const void *text, size_t len)
{
	if (dlb_buf_append(out, text, len) != DLB_OK)
		return DLB_NO_MEMORY;
	return dlb_buf_append(out, "\n", 1);
}

enum dlb_status
dlb_card_to_text(struct dlb_buf *out, const uint8_t *data, size_t len)
{
	struct dlb_buf line = {0};
	enum dlb_status s;

	s = dlb_base64_encode(&line, DLB_BASE64, data, len);
	if (s == DLB_OK)
		s = append_line(out, BEGIN, strlen(BEGIN));
	for (size_t i = 0; s == DLB_OK && i < line.len; i += LINE_LEN)
		s = append_line(out, line.data + i,
			line.len - i < LINE_LEN ? line.len - i : LINE_LEN);
	if (s == DLB_OK)
		s = append_line(out, END, strlen(END));
	if (s == DLB_OK)
		s = dlb_buf_append(out, "", 1);
	if (s == DLB_OK)
		out->len--;
	dlb_buf_free(&line);
	return s;
}

/* ---- reading ------------------------------------------------------------------------------ */

size_t
dlb_card_passed_over(const char *p, const char *end)
{
	/* U+00A0; U+FEFF, with which some editors start a file. */
	static const char wide[2][4] = {"\xc2\xa0", "\xef\xbb\xbf"};

	if (p < end && *p && strchr(" \t\r\n>|", *p))
		return 1;
	for (size_t i = 0; i < DLB_ARRAY_LEN(wide); i++) {
		size_t len = strlen(wide[i]);

		if ((size_t)(end - p) >= len && memcmp(p, wide[i], len) == 0)
			return len;
	}
	return 0;
}

/* Where the mark is, or NULL. */
static const char *
find_mark(const char *p, const char *end, const char *mark)
{
	return memmem(p, (size_t)(end - p), mark, strlen(mark));
}

bool
dlb_card_is_text(const char *text, size_t len)
{
	return find_mark(text, text + len, BEGIN) != NULL;
}

/* What stands between the marks, decoded. */
static enum dlb_status
decode_block(struct dlb_buf *out, const char *p, const char *end)
{
	struct dlb_buf text = {0};
	enum dlb_status s = DLB_OK;

	while (s == DLB_OK && p < end) {
		size_t over = dlb_card_passed_over(p, end);

		if (over == 0)
			s = dlb_buf_append(&text, p, 1);
		p += over ? over : 1;
	}
	if (s == DLB_OK)
		s = dlb_base64_decode(
			out, DLB_BASE64, (const char *)text.data, text.len);
	dlb_buf_free(&text);
	return s;
}

/* Takes one card, whose first mark is at *p, and moves *p behind its last. */
static enum dlb_status
read_block(struct dlb_buf *out, const char **p, const char *end,
	struct dlb_error *err)
{
	const char *from = *p + strlen(BEGIN), *to = find_mark(from, end, END);
	enum dlb_status s = to ? decode_block(out, from, to) : DLB_MALFORMED;

	if (s == DLB_MALFORMED)
		return dlb_fail(err, s,
			"the card's text is damaged or cut short: copy it "
			"again, from %s to %s",
			BEGIN, END);
	*p = to + strlen(END);
	return s;
}

/* The bytes of the one card of a text. */
static enum dlb_status
read_text(struct dlb_buf *out, const char *p, size_t text_len,
	struct dlb_error *err)
{
	const char *end = p + text_len;
	struct dlb_buf card = {0};
	enum dlb_status s = DLB_OK;
	size_t cards = 0;

	while (s == DLB_OK && (p = find_mark(p, end, BEGIN)) != NULL) {
		dlb_buf_free(&card);
		s = read_block(&card, &p, end, err);
		if (s != DLB_OK)
			break;
		if (cards++ == 0)
			s = dlb_buf_append(out, card.data, card.len);
		else if (out->len != card.len
			|| (card.len > 0
				&& memcmp(out->data, card.data, card.len) != 0))
			s = dlb_fail(err, DLB_MALFORMED,
				"the file holds more than one card: put each "
				"into a file of its own");
	}
	dlb_buf_free(&card);
	return s;
}

static enum dlb_status
read_digits(struct dlb_buf *out, const char *text, size_t len,
	struct dlb_error *err)
{
	enum dlb_status s = dlb_card_from_digits(out, text, len);

	if (s == DLB_MALFORMED)
		dlb_fail(err, s,
			"the card's digits are damaged or cut short: scan or "
			"copy them again, all of them and nothing else");
	return s;
}

enum dlb_status
dlb_card_load(struct dlb_card *out, struct dlb_buf *bytes, const uint8_t *file,
	size_t len, struct dlb_error *err)
{
	enum dlb_status s;

	dlb_buf_free(bytes);
	memset(out, 0, sizeof(*out));
	if (len > DLB_CARD_FILE_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"too long for a card: one has at most %u bytes",
			DLB_CARD_FILE_MAX);
	if (len >= sizeof(magic) && memcmp(file, magic, sizeof(magic)) == 0)
		s = dlb_buf_append(bytes, file, len);
	else if (dlb_card_is_text((const char *)file, len))
		s = read_text(bytes, (const char *)file, len, err);
	else if (dlb_card_is_digits((const char *)file, len))
		s = read_digits(bytes, (const char *)file, len, err);
	else
		s = dlb_fail(err, DLB_MALFORMED, "there is no card in it");
	if (s == DLB_OK)
		s = dlb_card_parse(out, bytes->data, bytes->len, err);
	if (s != DLB_OK)
		dlb_buf_free(bytes);
	if (s == DLB_NO_MEMORY)
		dlb_fail(err, s, "out of memory for a card");
	return s;
}
