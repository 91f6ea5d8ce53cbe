/*
 * bulletin_show: reading a bulletin, for `dlb bulletin read` and `dlb read`; and text
 * of others on a terminal.
 */
#ifndef DLB_CLI_BULLETIN_SHOW_H
#define DLB_CLI_BULLETIN_SHOW_H

#include "cli.h"
#include "node_bulletins.h"

/* To standard output, or into a new file. Commits: it is not new any more. */
enum dlb_status cli_bulletin_show(struct cli *c, struct dlb_node *n,
	int64_t number, const char *file, struct dlb_error *err) DLB_MUST_CHECK;

/* A line of a meeting: how many bulletins have not been opened; none where there is
 * none (bulletins.c). */
void cli_say_bulletins(struct cli *c, struct dlb_node *n);

/* Is it text, that a terminal can show (print_text.c)? */
bool cli_is_text(const uint8_t *data, size_t len);
/* Line by line, so that lines and tabs stay and nothing else moves the cursor. */
void cli_print_text(FILE *to, const uint8_t *text, size_t len);

#endif
