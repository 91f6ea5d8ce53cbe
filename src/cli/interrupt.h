/*
 * interrupt: Ctrl-C and its kin set a flag that long work reads.
 */
#ifndef DLB_CLI_INTERRUPT_H
#define DLB_CLI_INTERRUPT_H

#include "base.h"

/* From here on SIGINT, SIGTERM and SIGHUP set the flag; a second one of the same
 * kind ends the process at once, which is as safe as a crash. SIGPIPE is ignored:
 * a reader that went away is an error of the write. */
void cli_catch_interrupts(void);
bool cli_interrupted(void);

#endif
