/*
 * passphrase: where secrets come from: files, descriptors, the environment, the
 * terminal. Never an argument: every user of a machine sees those.
 *
 * Secrets lie in guarded memory from the first byte read, and are wiped with
 * cli_secret_free.
 */
#ifndef DLB_CLI_PASSPHRASE_H
#define DLB_CLI_PASSPHRASE_H

#include "cli.h"
#include "crypto.h"

#define CLI_PASSPHRASE_MAX 1024
#define CLI_KEY_FILE_MAX 65536

struct cli_secret {
	struct dlb_unlock unlock; /* points into memory, or at nothing */
	void *memory;
	bool given; /* a source was named; else unlock is DLB_UNLOCK_OPEN */
};
void cli_secret_free(struct cli_secret *s);

/* What the options PREFIXpassphrase-file, PREFIXpassphrase-fd and PREFIXkey-file
 * give (those of them that the verb has); more than one is DLB_USAGE. */
enum dlb_status cli_secret_from_options(struct cli_secret *out,
	const struct cli_args *a, const char *prefix, struct dlb_error *err)
	DLB_MUST_CHECK;
/* What DLB_PASSPHRASE_FILE or DLB_KEY_FILE names. */
enum dlb_status cli_secret_from_environment(
	struct cli_secret *out, struct dlb_error *err) DLB_MUST_CHECK;
/* DLB_NOT_FOUND without a message where there is no terminal. */
enum dlb_status cli_secret_ask(struct cli_secret *out, const char *prompt,
	struct dlb_error *err) DLB_MUST_CHECK;
/* A new one, asked for twice until both are the same (three tries). */
enum dlb_status cli_secret_ask_new(struct cli_secret *out, const char *prompt,
	struct dlb_error *err) DLB_MUST_CHECK;

#endif
