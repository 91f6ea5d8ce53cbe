/*
 * meet_peer: a meeting with another node, in the foreground: over the network, a
 * command's two ends, or standard input and output.
 */
#ifndef DLB_CLI_MEET_PEER_H
#define DLB_CLI_MEET_PEER_H

#include "cli.h"
#include "peer.h"

/* Does this name another node, and not a box: "-", or what is neither a path nor a
 * box that is known? */
bool cli_names_peer(struct dlb_letterbox *l, const char *where);
/* where: a host, or "-"; command: instead, what has the two ends. */
enum dlb_status cli_meet_peer(struct cli *c, struct dlb_node *n,
	const struct cli_args *a, const char *where, const char *command,
	struct dlb_error *err) DLB_MUST_CHECK;

/* --policy of a verb; DLB_PEER_ANYONE where it is not given. */
enum dlb_status cli_parse_policy(enum dlb_peer_policy *out,
	const struct cli_args *a, struct dlb_error *err) DLB_MUST_CHECK;
/* "ferry", "a stranger", "a stranger with box shelf". */
#define CLI_WHO_MAX 320
char *cli_peer_who(
	char out[static CLI_WHO_MAX], const struct dlb_peer_result *r);
void cli_say_peer(struct cli *c, bool person, const struct dlb_peer_result *r);

#endif
