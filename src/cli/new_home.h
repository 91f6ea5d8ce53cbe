/*
 * new_home: what `init` and `restore` share: the lock of a home that is to be made, and
 * what is said of it.
 */
#ifndef DLB_CLI_NEW_HOME_H
#define DLB_CLI_NEW_HOME_H

#include "node.h"
#include "passphrase.h"

/* From the options, the environment or the terminal, which is asked twice; none with
 * --no-passphrase. */
enum dlb_status cli_new_lock(struct cli_secret *secret,
	const struct cli_args *a, struct dlb_error *err) DLB_MUST_CHECK;
void cli_show_new_home(struct cli *c, struct dlb_node *n,
	const struct dlb_home_options *o, const char *first);
/* NAME.card, or what was given, where the name can be part of a file's. */
void cli_card_path(char *out, size_t cap, const char *given, const char *name);
/* Writes one's card there, and says so. */
enum dlb_status cli_put_card(struct cli *c, struct dlb_letterbox *l,
	const char *path, struct dlb_error *err) DLB_MUST_CHECK;

#endif
