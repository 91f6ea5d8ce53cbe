/*
 * The boxes that wait, in the order in which they came.
 */
#include "waiting.h"

#include <stdlib.h>
#include <string.h>

static void
take_out(struct dlb_waiting *w, size_t i)
{
	memmove(w->list + i, w->list + i + 1, (--w->n - i) * sizeof(*w->list));
}

void
dlb_waiting_forget(struct dlb_waiting *w, const char *path)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->list[i].path, path) == 0) {
			free(w->list[i].path);
			take_out(w, i);
			return;
		}
}

void
dlb_waiting_add(
	struct dlb_waiting *w, struct dlb_waiting_box box, const char *path)
{
	dlb_waiting_forget(w, path);
	if (w->n == DLB_WAITING_MAX)
		return;
	box.path = strdup(path);
	if (box.path)
		w->list[w->n++] = box;
}

bool
dlb_waiting_next(
	struct dlb_waiting *w, struct dlb_waiting_box *box, int64_t now_ms)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->list[i].from_ms <= now_ms) {
			*box = w->list[i];
			take_out(w, i);
			return true;
		}
	return false;
}

int64_t
dlb_waiting_deadline_ms(const struct dlb_waiting *w)
{
	int64_t at = INT64_MAX;

	for (size_t i = 0; i < w->n; i++)
		if (w->list[i].from_ms < at)
			at = w->list[i].from_ms;
	return at;
}

void
dlb_waiting_clear(struct dlb_waiting *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->list[i].path);
	w->n = 0;
}
