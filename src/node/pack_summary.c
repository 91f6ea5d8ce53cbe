/*
 * One line that says what a letter is, for a list: bytes of a stranger, so that
 * everything goes through dlb_printable.
 */
#include "pack.h"

#include <stdio.h>
#include <string.h>

#define SUMMARY_CAP 256

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The first line that has anything in it. */
static void
message_line(const struct dlb_manifest *m, char out[static SUMMARY_CAP])
{
	const char *p = m->fields.message, *end = p + m->fields.message_len;
	const char *stop;

	while (p < end && is_space(*p))
		p++;
	stop = memchr(p, '\n', (size_t)(end - p));
	if (!stop)
		stop = end;
	while (stop > p && is_space(stop[-1]))
		stop--;
	dlb_printable(out, SUMMARY_CAP, p, (size_t)(stop - p));
}

/* Names at the top, with commas between; "..." where not all fit. */
static void
top_names(const struct dlb_manifest *m, char out[static SUMMARY_CAP])
{
	struct dlb_manifest_file f;
	size_t pos = 0, at = 0;

	out[0] = '\0';
	while (dlb_manifest_next(m, &pos, &f)) {
		char name[SUMMARY_CAP];
		size_t len;

		if (memchr(f.path, '/', f.path_len))
			continue;
		dlb_printable(name, sizeof(name) - 1, f.path, f.path_len);
		len = strlen(name);
		if (f.type == DLB_FILE_DIR)
			name[len++] = '/';
		name[len] = '\0';
		/* Room stays for ", ...". */
		if (at > 0 && len + 2 + 6 > SUMMARY_CAP - 1 - at) {
			snprintf(out + at, SUMMARY_CAP - at, ", ...");
			return;
		}
		snprintf(out + at, SUMMARY_CAP - at, "%s%s", at ? ", " : "",
			name);
		at = strlen(out);
	}
}

static const char *
kind_text(uint8_t kind)
{
	switch (kind) {
	case DLB_KIND_RECEIPT:
		return "a receipt";
	case DLB_KIND_CARD:
		return "a card";
	case DLB_KIND_BRIEFING:
		return "a briefing";
	case DLB_KIND_ROSTER:
		return "a roster";
	case DLB_KIND_BACKUP_SHARE:
		return "a share of a backup";
	default:
		return "";
	}
}

void
dlb_summary_of(const struct dlb_manifest *m, char out[static 256])
{
	out[0] = '\0';
	if (m->fields.message_len > 0)
		message_line(m, out);
	if (out[0] == '\0')
		top_names(m, out);
	if (out[0] == '\0')
		snprintf(out, SUMMARY_CAP, "%s", kind_text(m->fields.kind));
}
