/*
 * The weeks that cover says it was sealed in. docs/decisions.md, "Cover is of the weeks
 * that letters are of".
 *
 * A letter is sealed when it is written and goes when somebody is met. Were all cover of
 * the week of the meeting, a cell of an earlier week would be a letter's. So the first
 * one's week is drawn from the time in which a letter could have waited, and each next
 * one's is that of one of those before it, or drawn anew: how many are of one week says
 * next to nothing then, and cover takes to the weeks of the letters that go along.
 */
#include "cover_weeks.h"

#include "cell.h"

/* One in so many is drawn as if it had been left behind by a meeting, again and again. */
#define LEFT_BEHIND 4
#define OLDEST_WEEKS (DLB_CELL_LIFETIME_WEEKS - 1)

void
dlb_cover_weeks_init(struct dlb_cover_weeks *w, const struct dlb_env *env,
	int64_t now_ms, int64_t last_ms)
{
	int64_t oldest = now_ms - OLDEST_WEEKS * DLB_WEEK_MS;

	w->env = env;
	w->now_ms = now_ms;
	w->n = 0;
	/* A last time that is still to come is of a clock that was wrong. */
	w->since_ms = last_ms <= 0 || last_ms > now_ms ? now_ms : last_ms;
	if (w->since_ms < oldest)
		w->since_ms = oldest;
}

void
dlb_cover_weeks_add(struct dlb_cover_weeks *w, uint16_t expiry_week)
{
	uint16_t now = dlb_week_of(w->now_ms);

	if (w->n < DLB_COVER_WEEKS_CAP && expiry_week >= now
		&& expiry_week - now <= DLB_CELL_LIFETIME_WEEKS)
		w->expiry[w->n++] = expiry_week;
}

static uint16_t
draw_anew(const struct dlb_cover_weeks *w)
{
	uint16_t now = dlb_week_of(w->now_ms), week;
	uint32_t minutes = (uint32_t)((w->now_ms - w->since_ms) / (60 * 1000));
	int64_t ms = w->now_ms
		- (int64_t)dlb_random_below(w->env, minutes + 1) * 60 * 1000;
	uint16_t oldest = now < OLDEST_WEEKS ? 0 : now - OLDEST_WEEKS;

	week = dlb_week_of(ms);
	while (week > oldest && dlb_random_below(w->env, LEFT_BEHIND) == 0)
		week--;
	return (uint16_t)((week < oldest ? oldest : week)
		+ DLB_CELL_LIFETIME_WEEKS);
}

uint16_t
dlb_cover_weeks_draw(struct dlb_cover_weeks *w)
{
	uint32_t k = dlb_random_below(w->env, (uint32_t)w->n + 1);
	uint16_t expiry = k < w->n ? w->expiry[k] : draw_anew(w);

	dlb_cover_weeks_add(w, expiry);
	return expiry;
}
