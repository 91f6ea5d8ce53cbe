/*
 * Text of others, on a terminal.
 */
#include "bulletin_show.h"

#include <stdlib.h>

bool
cli_is_text(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((data[i] < 0x20 && data[i] != '\n' && data[i] != '\t'
			    && data[i] != '\r')
			|| data[i] == 0x7f)
			return false;
	return dlb_utf8_valid(data, len);
}

void
cli_print_text(FILE *to, const uint8_t *text, size_t len)
{
	char *shown = malloc(len + 1);
	bool newline = true;

	while (shown && len > 0) {
		size_t n = 0;

		while (n < len && text[n] != '\n' && text[n] != '\t')
			n++;
		dlb_printable(shown, n + 1, text,
			n > 0 && n < len && text[n] == '\n'
					&& text[n - 1] == '\r'
				? n - 1
				: n);
		fputs(shown, to);
		newline = false;
		if (n < len) {
			newline = text[n] == '\n';
			fputc(text[n++], to);
		}
		text += n;
		len -= n;
	}
	if (!newline)
		fputc('\n', to);
	free(shown);
}
