/*
 * Names of people and boxes. They are typed in commands and shown on terminals,
 * and some come from strangers' cards: a name is never read as an option or a
 * path, and shows as what it is.
 */
#include "letterbox_internal.h"

#include <stdio.h>
#include <string.h>

bool
dlb_text_printable(const char *text, size_t len)
{
	char shown[256];

	if (len >= sizeof(shown))
		return false;
	dlb_printable(shown, sizeof(shown), text, len);
	return strlen(shown) == len && memcmp(shown, text, len) == 0;
}

bool
dlb_name_valid(const char *name)
{
	size_t len = strnlen(name, DLB_NAME_TEXT_MAX + 1);

	return len > 0 && len <= DLB_NAME_TEXT_MAX
		&& dlb_text_printable(name, len) && !strchr(name, '/')
		&& name[0] != '-' && name[0] != '.' && name[0] != ' '
		&& name[len - 1] != ' ';
}

enum dlb_status
dlb_name_check(const char *name, const char *what, struct dlb_error *err)
{
	if (dlb_name_valid(name) && dlb_name_shows(name))
		return DLB_OK;
	return dlb_fail(err, DLB_MALFORMED,
		"not a name for %s: one has at most %d bytes of UTF-8, no '/', "
		"nothing that does not show, and no '-', '.' or space first",
		what, DLB_NAME_TEXT_MAX);
}

void
dlb_name_clean(char out[static DLB_NAME_TEXT_MAX + 1], const char *text)
{
	char *p = out;
	size_t len;

	while (*text == '-' || *text == '.' || *text == ' ' || *text == '/')
		text++;
	dlb_printable(out, DLB_NAME_TEXT_MAX + 1, text,
		strnlen(text, 4 * DLB_NAME_TEXT_MAX));
	while ((p = strchr(p, '/')))
		*p = '_';
	len = strlen(out);
	while (len > 0 && out[len - 1] == ' ')
		out[--len] = '\0';
	if (!dlb_name_valid(out) || !dlb_name_shows(out))
		memcpy(out, "someone", sizeof("someone"));
}

void
dlb_name_number(char name[static DLB_NAME_TEXT_MAX + 1], unsigned number)
{
	char suffix[16], cut[DLB_NAME_TEXT_MAX + 1];
	size_t len = (size_t)snprintf(suffix, sizeof(suffix), "-%u", number);
	size_t cut_len;

	/* dlb_printable does not cut within a character. */
	dlb_printable(cut, sizeof(cut) - len, name, strlen(name));
	cut_len = strlen(cut);
	memcpy(name, cut, cut_len);
	memcpy(name + cut_len, suffix, len + 1);
}
