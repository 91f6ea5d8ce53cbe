/*
 * A command whose standard output and input are the link: anything that has two
 * ends carries a meeting (`ssh box dlb meet -`, `nc`, a serial line's program).
 *
 * The command stays in the caller's process group and keeps its terminal and its
 * standard error, so that it can ask for a passphrase and say what is wrong. It
 * inherits no other descriptor and no ignored or blocked signal.
 */
#ifndef DLB_COMMAND_H
#define DLB_COMMAND_H

#include "base.h"

/* How long a command may take to end after the link was closed; then it gets
 * SIGTERM, and as long again later SIGKILL. */
#define DLB_COMMAND_END_MS 5000

struct dlb_command;

/* /bin/sh -c text. */
enum dlb_status dlb_command_start(struct dlb_command **out, const char *text,
	struct dlb_error *err) DLB_MUST_CHECK;
/* For dlb_link_config; hands them over: once. */
void dlb_command_fds(struct dlb_command *c, int *read_fd, int *write_fd);

/* Waits until it has ended, after its descriptors were closed (dlb_link_free):
 * blocks, three times DLB_COMMAND_END_MS at most. DLB_OK for code 0; DLB_FAILED
 * says code or signal. *code: 0 to 255, 128 + n for signal n; may be NULL. */
enum dlb_status dlb_command_end(
	struct dlb_command *c, int *code, struct dlb_error *err) DLB_MUST_CHECK;
/* Kills it where it still runs, and reaps it. */
void dlb_command_free(struct dlb_command *c);

#endif
