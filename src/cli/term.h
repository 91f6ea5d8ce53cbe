/*
 * term: the terminal: whether there is one, how wide it is, what is asked there.
 *
 * Questions go to /dev/tty and answers come from there, so that standard input and
 * output may be anything.
 */
#ifndef DLB_CLI_TERM_H
#define DLB_CLI_TERM_H

#include "base.h"

#define CLI_TERM_WIDTH_DEFAULT 80
#define CLI_TERM_HEIGHT_DEFAULT 24

/* Columns of the terminal behind fd; 0 where it is none. */
size_t cli_term_width(int fd);
/* Its lines, in the same way. */
size_t cli_term_height(int fd);
/* Is there a terminal to ask on? */
bool cli_term_can_ask(void);
/* Asks without echo; out gets at most cap bytes, *len of them, no newline. The
 * terminal is as before when this returns, whatever signal came. DLB_CANCELLED
 * when interrupted, DLB_LIMIT when too long, DLB_NOT_FOUND without a message
 * where there is no terminal. */
enum dlb_status cli_term_ask_secret(uint8_t *out, size_t cap, size_t *len,
	const char *prompt, struct dlb_error *err) DLB_MUST_CHECK;
/* Asks for one of `letters`; anything else is asked again, an empty line or the
 * end of input is the first of them. */
enum dlb_status cli_term_ask_letter(char *out, const char *prompt,
	const char *letters, struct dlb_error *err) DLB_MUST_CHECK;

#endif
