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

/* The next line without what ends it and the space around it; false at the end. */
static bool
next_line(const char **p, const char *end, const char **line, size_t *len)
{
	const char *nl;

	if (*p >= end)
		return false;
	nl = memchr(*p, '\n', (size_t)(end - *p));
	*line = *p;
	*len = (size_t)((nl ? nl : end) - *p);
	*p = nl ? nl + 1 : end;
	while (*len > 0 && strchr(" \t\r", (*line)[*len - 1])
		&& (*line)[*len - 1] != '\0')
		--*len;
	while (*len > 0 && ((*line)[0] == ' ' || (*line)[0] == '\t')) {
		++*line;
		--*len;
	}
	return true;
}

static bool
line_is(const char *line, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(line, text, len) == 0;
}

/* Takes the lines up to the end of a card, decoded. */
static enum dlb_status
read_block(struct dlb_buf *out, const char **p, const char *end,
	struct dlb_error *err)
{
	struct dlb_buf text = {0};
	const char *line;
	enum dlb_status s = DLB_OK;
	bool ended = false;
	size_t len;

	while (s == DLB_OK && !ended && next_line(p, end, &line, &len)) {
		ended = line_is(line, len, END);
		if (!ended)
			s = dlb_buf_append(&text, line, len);
	}
	if (s == DLB_OK && !ended)
		s = DLB_MALFORMED;
	if (s == DLB_OK)
		s = dlb_base64_decode(
			out, DLB_BASE64, (const char *)text.data, text.len);
	if (s == DLB_MALFORMED)
		dlb_fail(err, s,
			"the card's text is damaged or cut short: copy it "
			"again, from %s to %s",
			BEGIN, END);
	dlb_buf_free(&text);
	return s;
}

/* The bytes of the one card of a text. */
static enum dlb_status
read_text(struct dlb_buf *out, const char *p, size_t text_len,
	struct dlb_error *err)
{
	const char *end = p + text_len, *line;
	struct dlb_buf card = {0};
	enum dlb_status s = DLB_OK;
	size_t len;

	while (s == DLB_OK && next_line(&p, end, &line, &len)) {
		if (!line_is(line, len, BEGIN))
			continue;
		dlb_buf_free(&card);
		s = read_block(&card, &p, end, err);
		if (s != DLB_OK)
			break;
		if (out->len == 0)
			s = dlb_buf_append(out, card.data, card.len);
		else if (out->len != card.len
			|| memcmp(out->data, card.data, card.len) != 0)
			s = dlb_fail(err, DLB_MALFORMED,
				"the file holds more than one card: put each "
				"into a file of its own");
	}
	dlb_buf_free(&card);
	if (s == DLB_OK && out->len == 0)
		s = dlb_fail(err, DLB_MALFORMED, "there is no card in it");
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
	else if (dlb_card_is_digits((const char *)file, len))
		s = read_digits(bytes, (const char *)file, len, err);
	else
		s = read_text(bytes, (const char *)file, len, err);
	if (s == DLB_OK)
		s = dlb_card_parse(out, bytes->data, bytes->len, err);
	if (s != DLB_OK)
		dlb_buf_free(bytes);
	if (s == DLB_NO_MEMORY)
		dlb_fail(err, s, "out of memory for a card");
	return s;
}
