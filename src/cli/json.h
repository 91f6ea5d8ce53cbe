/*
 * json: a writer of JSON (RFC 8259), one line a document.
 *
 * Commas and nesting are its matter; the caller names each member of an object.
 * Strings may be any bytes: what is not UTF-8 becomes U+FFFD, and what could upset
 * a terminal is escaped, so that every document is valid and safe to look at.
 */
#ifndef DLB_CLI_JSON_H
#define DLB_CLI_JSON_H

#include "base.h"

#include <stdio.h>

#define CLI_JSON_DEPTH_MAX 8

struct cli_json {
	FILE *to;
	unsigned depth;
	bool started[CLI_JSON_DEPTH_MAX
		+ 1]; /* something stands at this depth */
};

void cli_json_init(struct cli_json *j, FILE *to);
/* name: of the member; NULL in an array and at the top. */
void cli_json_object(struct cli_json *j, const char *name);
void cli_json_array(struct cli_json *j, const char *name);
void cli_json_end(struct cli_json *j, char bracket); /* '}' or ']' */
void cli_json_text(struct cli_json *j, const char *name, const char *value);
void cli_json_bytes(
	struct cli_json *j, const char *name, const void *value, size_t len);
void cli_json_int(struct cli_json *j, const char *name, int64_t value);
void cli_json_uint(struct cli_json *j, const char *name, uint64_t value);
void cli_json_bool(struct cli_json *j, const char *name, bool value);
void cli_json_null(struct cli_json *j, const char *name);
/* "2026-03-01T14:05:09Z", null for 0. */
void cli_json_time(struct cli_json *j, const char *name, int64_t ms);
/* The end of the document: a newline. */
void cli_json_finish(struct cli_json *j);

#endif
