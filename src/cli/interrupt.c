/*
 * The flag of Ctrl-C.
 */
#include "interrupt.h"

#include <signal.h>

static volatile sig_atomic_t interrupted;

static void
on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

void
cli_catch_interrupts(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction sa = {0}, old;

	sigemptyset(&sa.sa_mask);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	sa.sa_handler = on_interrupt;
	sa.sa_flags = (int)SA_RESETHAND;
	for (size_t i = 0; i < DLB_ARRAY_LEN(numbers); i++)
		/* What nohup had ignored stays so. */
		if (sigaction(numbers[i], NULL, &old) == 0
			&& old.sa_handler != SIG_IGN)
			sigaction(numbers[i], &sa, NULL);
}

bool
cli_interrupted(void)
{
	return interrupted != 0;
}
