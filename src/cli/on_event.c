/*
 * Running the user's program.
 */
#include "on_event.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define VALUE_MAX 1024

void
cli_on_event_reap(struct cli_on_event *o)
{
	for (size_t i = 0; i < CLI_ON_EVENT_MAX; i++)
		if (o->running[i] > 0
			&& waitpid(o->running[i], NULL, WNOHANG) != 0)
			o->running[i] = 0;
}

static int *
free_place(struct cli_on_event *o)
{
	for (size_t i = 0; i < CLI_ON_EVENT_MAX; i++)
		if (o->running[i] == 0)
			return &o->running[i];
	return NULL;
}

/* environ and the values; what stands there under DLB_EVENT and the like, and where
 * secrets lie, is left out. One block, to be freed. */
static char **
make_environment(
	const char *event, const struct cli_event_value *values, size_t n)
{
	size_t count = 0, at = 0;
	char **env, *text;

	while (environ[count])
		count++;
	env = calloc(
		1, (count + n + 2) * sizeof(*env) + (n + 1) * (VALUE_MAX + 64));
	if (!env)
		return NULL;
	text = (char *)(env + count + n + 2);
	for (size_t i = 0; i < count; i++)
		if (strncmp(environ[i], "DLB_", 4) != 0
			|| strncmp(environ[i], "DLB_HOME=", 9) == 0)
			env[at++] = environ[i];
	snprintf(text, VALUE_MAX, "DLB_EVENT=%s", event);
	env[at++] = text;
	for (size_t i = 0; i < n; i++) {
		char shown[VALUE_MAX];

		text += VALUE_MAX + 64;
		dlb_printable(shown, sizeof(shown), values[i].value,
			strlen(values[i].value));
		snprintf(text, VALUE_MAX + 64, "%s=%s", values[i].name, shown);
		env[at++] = text;
	}
	return env;
}

void
cli_on_event(struct cli_on_event *o, const char *event,
	const struct cli_event_value *values, size_t n)
{
	posix_spawn_file_actions_t files;
	char *argv[] = {
		(char *)(uintptr_t)o->program, (char *)(uintptr_t)event, NULL};
	int *place;
	char **env;
	pid_t pid;
	int rc;

	if (!o->program)
		return;
	cli_on_event_reap(o);
	place = free_place(o);
	if (!place) {
		cli_warn("%s is slow: it was not told of \"%s\"", o->program,
			event);
		return;
	}
	env = make_environment(event, values, n);
	if (!env || posix_spawn_file_actions_init(&files) != 0) {
		free(env);
		return;
	}
	posix_spawn_file_actions_addopen(
		&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	rc = posix_spawnp(&pid, o->program, &files, NULL, argv, env);
	posix_spawn_file_actions_destroy(&files);
	free(env);
	if (rc == 0)
		*place = pid;
	else
		cli_warn("%s can not be run: %s", o->program, strerror(rc));
}
