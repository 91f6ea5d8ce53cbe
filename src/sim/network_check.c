/*
 * What must hold after each step, and at the end.
 */
#include "network.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum dlb_status broken(struct sim_network *w, const char *fmt, ...)
	DLB_PRINTF(2, 3);

static enum dlb_status
broken(struct sim_network *w, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return dlb_fail(&w->err, DLB_CORRUPT, "%s", text);
}

struct counting {
	size_t letters, complete;
	const char *message; /* count only these; NULL: all */
};

static bool
count_letter(void *ctx, const struct dlb_in_letter *letter)
{
	struct counting *c = ctx;

	/* What nodes write to each other goes once it was read. */
	if (!dlb_in_is_seen(letter))
		return true;
	if (c->message && strcmp(letter->summary, c->message) != 0)
		return true;
	c->letters++;
	c->complete +=
		letter->state == DLB_IN_UNREAD || letter->state == DLB_IN_READ;
	return true;
}

static enum dlb_status
count_all(struct sim_network *w, unsigned home, struct counting *c)
{
	return dlb_in_each(
		w->homes[home].n->letterbox, count_letter, c, &w->err);
}

/* Of each letter at most one. */
static enum dlb_status
check_doubles(struct sim_network *w, unsigned home)
{
	for (unsigned i = 0; i < w->letters_n; i++) {
		struct counting c = {.message = w->letters[i].message};
		enum dlb_status st = count_all(w, home, &c);

		if (st != DLB_OK)
			return st;
		if (c.letters > 1 || (c.letters && w->letters[i].to != home))
			return broken(w, "letter %u came %zu times to home %u",
				i, c.letters, home);
	}
	return DLB_OK;
}

enum dlb_status
sim_check_home(struct sim_network *w, unsigned home)
{
	struct sim_home *h = &w->homes[home];
	struct dlb_satchel_info info;
	struct counting all = {.letters = 0};
	uint32_t dropped = 0;
	enum dlb_status st;

	dlb_node_satchel_info(h->n, &info);
	if (info.shown > info.slots - info.reserve || info.held > info.reserve)
		return broken(w, "home %u holds more than it has places", home);
	st = dlb_satchel_scrub(h->n->satchel, &dropped, NULL, &w->err);
	if (st == DLB_OK && dropped)
		return broken(w,
			"home %u had %u cells that were not what they "
			"are called",
			home, dropped);
	if (st != DLB_OK || !h->person)
		return st;
	st = check_doubles(w, home);
	if (st == DLB_OK)
		st = count_all(w, home, &all);
	if (st == DLB_OK && all.complete < h->complete)
		return broken(w, "home %u had %zu whole letters and has %zu",
			home, h->complete, all.complete);
	h->complete = all.complete;
	return st;
}

enum dlb_status
sim_check_side(struct sim_network *w, const struct sim_side *side)
{
	if (side->stats.memory_peak > EXCHANGE_BUDGET)
		return broken(
			w, "an engine took %zu bytes", side->stats.memory_peak);
	return DLB_OK;
}

/* ---- the end --------------------------------------------------------------------------- */

static bool
holds_mark(const struct sim_home *h, const char *file)
{
	char path[200];
	size_t len = 0;
	uint8_t *bytes;
	bool found;

	snprintf(path, sizeof(path), "%s/%s", h->path, file);
	bytes = crash_fs_get(h->disk, path, &len);
	found = bytes && memmem(bytes, len, SIM_MARK, strlen(SIM_MARK));
	free(bytes);
	return found;
}

static enum dlb_status
check_letter(struct sim_network *w, unsigned i)
{
	const struct sim_letter *l = &w->letters[i];
	struct counting c = {.message = l->message};
	enum dlb_status st = count_all(w, l->to, &c);

	if (st == DLB_OK && l->acknowledged && c.complete != 1)
		return broken(w, "letter %u from %u to %u: %zu came, %zu whole",
			i, l->from, l->to, c.letters, c.complete);
	return st;
}

enum dlb_status
sim_check_end(struct sim_network *w)
{
	static const char *const files[] = {"satchel", "letterbox", "ring"};
	enum dlb_status st = DLB_OK;

	for (unsigned i = 0; st == DLB_OK && i < w->letters_n; i++)
		st = check_letter(w, i);
	/* Nor does one of the letter's own ends keep it in clear. */
	for (unsigned i = 0; st == DLB_OK && i < w->homes_n; i++)
		for (size_t k = 0; k < DLB_ARRAY_LEN(files); k++)
			if (holds_mark(&w->homes[i], files[k]))
				return broken(w,
					"the %s of home %u holds a letter "
					"in clear",
					files[k], i);
	return st;
}
