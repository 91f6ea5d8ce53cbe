/*
 * session: opening the home: which one, with which secret, after waiting for whom.
 */
#ifndef DLB_CLI_SESSION_H
#define DLB_CLI_SESSION_H

#include "cli.h"
#include "node.h"

#define CLI_WAIT_DEFAULT_S 10

/* Everything that a verb needs before it can work: finds the secret (options, the
 * environment, none, the terminal), waits while another dlb is at work, says what
 * is doubtful about the clock. */
enum dlb_status cli_open(struct dlb_node **out, struct cli *c,
	const struct cli_args *a, struct dlb_error *err) DLB_MUST_CHECK;
/* The same; where the home's satchel does not open, without it: dlb_node_trouble(). */
enum dlb_status cli_open_without(struct dlb_node **out, struct cli *c,
	const struct cli_args *a, struct dlb_error *err) DLB_MUST_CHECK;
/* The same, not borrowed from a `dlb serve`: for a verb that lends it itself. */
enum dlb_status cli_open_to_keep(struct dlb_node **out, struct cli *c,
	const struct cli_args *a, struct dlb_error *err) DLB_MUST_CHECK;
/* As cli_open; a courier's home, which has no letters, is refused. */
enum dlb_status cli_open_person(struct dlb_node **out, struct cli *c,
	const struct cli_args *a, struct dlb_error *err) DLB_MUST_CHECK;

#endif
