/*
 * meet: a meeting with a box, as `dlb meet`, `dlb send --stick` and `dlb read
 * --from` have it.
 */
#ifndef DLB_CLI_MEET_H
#define DLB_CLI_MEET_H

#include "cli.h"
#include "node.h"

/* Meets, asking for the box's passphrase where it needs one, and prints what came
 * of it. options->where may also be the name of a known box; options->unlock is
 * set here, from --box-passphrase-file and the like where the verb has them. */
enum dlb_status cli_meet_box(struct dlb_meet_result *result, struct cli *c,
	struct dlb_node *n, const struct cli_args *a,
	struct dlb_meet_options *options, struct dlb_error *err) DLB_MUST_CHECK;

#endif
