/*
 * Fuzz target for what `carrier` parses: the mount table, and hosts as they are
 * typed or found. The first byte chooses.
 *
 * Beyond memory errors: a point that is taken is absolute and has no escapes left
 * that the kernel would have written; a host that is taken comes back from its text.
 */
#include "mountinfo_internal.h"
#include "tcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);          \
			abort();                                               \
		}                                                              \
	} while (0)

static void
try_table(const char *text, size_t len)
{
	static struct mount_entry e;
	size_t total = 0, n;
	const char *line;

	while (mountinfo_last(text, &len, &line, &n)) {
		REQUIRE(line >= text && line == text + len);
		total += n;
		if (!mountinfo_parse(&e, line, n))
			continue;
		REQUIRE(e.point[0] == '/');
		REQUIRE(strlen(e.point) < sizeof(e.point));
		REQUIRE(strlen(e.type) < sizeof(e.type));
		(void)mountinfo_is_medium(&e);
	}
	REQUIRE(total <= 1 << 20);
}

static void
try_host(const char *text)
{
	char out[DLB_TCP_WHERE_MAX + 1];
	struct dlb_tcp_where where, again;
	struct dlb_error err;

	if (dlb_tcp_parse(&where, text, &err) != DLB_OK)
		return;
	REQUIRE(where.port != 0 && where.host[0] != '\0');
	dlb_tcp_text(out, &where);
	REQUIRE(dlb_tcp_parse(&again, out, &err) == DLB_OK);
	REQUIRE(strcmp(again.host, where.host) == 0);
	REQUIRE(again.port == where.port);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text;

	if (len == 0 || len > 1 << 20)
		return 0;
	text = malloc(len); /* of this length, so that a byte beyond is found */
	memcpy(text, data + 1, len - 1);
	if (data[0] & 1) {
		text[len - 1] = '\0';
		try_host(text);
	} else
		try_table(text, len - 1);
	free(text);
	return 0;
}
