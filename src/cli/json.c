/*
 * The JSON writer.
 *
 * Invariant: whatever it is given, what it writes is ASCII escapes and well-formed
 * UTF-8. Errors of the stream stay in the stream, and main looks there.
 */
#include "json.h"

#include "format.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

void
cli_json_init(struct cli_json *j, FILE *to)
{
	memset(j, 0, sizeof(*j));
	j->to = to;
}

/* One character, as JSON wants it. plain: dlb_printable lets it through. */
static void
put_character(struct cli_json *j, const char *s, size_t len)
{
	char plain[8];
	uint32_t code = (unsigned char)s[0];

	if (s[0] == '"' || s[0] == '\\') {
		fprintf(j->to, "\\%c", s[0]);
		return;
	}
	dlb_printable(plain, sizeof(plain), s, len);
	if (strlen(plain) == len && memcmp(plain, s, len) == 0) {
		fwrite(s, 1, len, j->to);
		return;
	}
	if (len > 1)
		code &= 0xffu >> (len + 1);
	for (size_t i = 1; i < len; i++)
		code = code << 6 | (s[i] & 0x3f);
	if (code > 0xffff) {
		code -= 0x10000;
		fprintf(j->to, "\\u%04x\\u%04x", 0xd800 + (code >> 10),
			0xdc00 + (code & 0x3ff));
		return;
	}
	fprintf(j->to, "\\u%04x", code);
}

/* The length of the well-formed character at s; 0 where there is none. */
static size_t
character_len(const char *s, size_t len)
{
	for (size_t n = 1; n <= 4 && n <= len; n++)
		if (dlb_utf8_valid(s, n))
			return n;
	return 0;
}

static void
put_string(struct cli_json *j, const char *s, size_t len)
{
	fputc('"', j->to);
	while (len > 0) {
		size_t n = character_len(s, len);

		if (n == 0) {
			fputs("\\ufffd", j->to);
			n = 1;
		} else {
			put_character(j, s, n);
		}
		s += n;
		len -= n;
	}
	fputc('"', j->to);
}

/* The comma and the name before a value. */
static void
put_name(struct cli_json *j, const char *name)
{
	if (j->started[j->depth])
		fputc(',', j->to);
	j->started[j->depth] = true;
	if (name) {
		put_string(j, name, strlen(name));
		fputc(':', j->to);
	}
}

static void
open_level(struct cli_json *j, const char *name, char bracket)
{
	assert(j->depth < CLI_JSON_DEPTH_MAX);
	put_name(j, name);
	fputc(bracket, j->to);
	j->depth++;
	j->started[j->depth] = false;
}

void
cli_json_object(struct cli_json *j, const char *name)
{
	open_level(j, name, '{');
}

void
cli_json_array(struct cli_json *j, const char *name)
{
	open_level(j, name, '[');
}

void
cli_json_end(struct cli_json *j, char bracket)
{
	assert(j->depth > 0);
	j->depth--;
	fputc(bracket, j->to);
}

void
cli_json_bytes(
	struct cli_json *j, const char *name, const void *value, size_t len)
{
	put_name(j, name);
	put_string(j, value, len);
}

void
cli_json_text(struct cli_json *j, const char *name, const char *value)
{
	cli_json_bytes(j, name, value, strlen(value));
}

void
cli_json_int(struct cli_json *j, const char *name, int64_t value)
{
	put_name(j, name);
	fprintf(j->to, "%" PRId64, value);
}

void
cli_json_uint(struct cli_json *j, const char *name, uint64_t value)
{
	put_name(j, name);
	fprintf(j->to, "%" PRIu64, value);
}

void
cli_json_bool(struct cli_json *j, const char *name, bool value)
{
	put_name(j, name);
	fputs(value ? "true" : "false", j->to);
}

void
cli_json_null(struct cli_json *j, const char *name)
{
	put_name(j, name);
	fputs("null", j->to);
}

void
cli_json_time(struct cli_json *j, const char *name, int64_t ms)
{
	char text[CLI_FORMAT_MAX];

	if (ms == 0)
		cli_json_null(j, name);
	else
		cli_json_text(j, name, cli_time_utc(text, ms));
}

void
cli_json_finish(struct cli_json *j)
{
	assert(j->depth == 0);
	fputc('\n', j->to);
}
