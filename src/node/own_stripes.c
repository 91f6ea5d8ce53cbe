/*
 * Which stripe of a letter that is split goes to a courier. docs/decisions.md, "A
 * courier gets one stripe".
 *
 * Pure: what went to whom in, a stripe out. No letter waits for ever: each wait has an
 * end, and a clock that went back ends it too.
 */
#include "own_stripes.h"

#include "share.h"

_Static_assert(DLB_STRIPES_OUT_MAX >= DLB_STRIPES_MAX, "all of them");

static bool
waited(int64_t since_ms, int64_t now_ms, int64_t days)
{
	return now_ms < since_ms || now_ms - since_ms >= days * DLB_DAY_MS;
}

/* The one of which this courier has most. */
static int
begun_by(const struct dlb_stripes_out *s)
{
	int best = DLB_STRIPE_NONE;

	for (unsigned i = 0; i < s->n; i++) {
		const struct dlb_stripe_out *t = &s->of[i];

		if (t->waits > 0 && t->mine
			&& (best < 0 || t->took > s->of[best].took))
			best = (int)i;
	}
	return best;
}

static bool
may_begin(const struct dlb_stripes_out *s)
{
	int64_t days =
		s->stranger ? DLB_STRIPE_STRANGER_DAYS : DLB_STRIPE_WAIT_DAYS;

	for (unsigned i = 0; i < s->n; i++)
		if (s->of[i].mine && !waited(s->of[i].mine_ms, s->now_ms, days))
			return false;
	return true;
}

static int
untouched(const struct dlb_stripes_out *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->of[i].waits > 0 && !s->of[i].begun)
			return (int)i;
	return DLB_STRIPE_NONE;
}

/* Of those that somebody was to have, and that nobody is known to have any of, the one
 * that waits longest. */
static int
promised(const struct dlb_stripes_out *s)
{
	int best = DLB_STRIPE_NONE;

	for (unsigned i = 0; i < s->n; i++) {
		const struct dlb_stripe_out *t = &s->of[i];

		if (t->waits > 0 && !t->given
			&& (best < 0 || t->begun_ms < s->of[best].begun_ms))
			best = (int)i;
	}
	return best;
}

/* Begun by others, who did not come back for the rest; the longest ago. */
static int
left_behind(const struct dlb_stripes_out *s)
{
	int best = DLB_STRIPE_NONE;

	for (unsigned i = 0; i < s->n; i++) {
		const struct dlb_stripe_out *t = &s->of[i];

		if (t->waits > 0 && t->given
			&& waited(t->given_ms, s->now_ms, DLB_STRIPE_WAIT_DAYS)
			&& (best < 0 || t->given_ms < s->of[best].given_ms))
			best = (int)i;
	}
	return best;
}

int
dlb_stripe_for(const struct dlb_stripes_out *s)
{
	int stripe;

	if (s->for_vetted && !s->vetted
		&& !waited(s->sealed_ms, s->now_ms, DLB_STRIPE_VETTED_DAYS))
		return DLB_STRIPE_NONE;
	stripe = begun_by(s);
	if (stripe != DLB_STRIPE_NONE || !may_begin(s))
		return stripe;
	stripe = untouched(s);
	if (stripe == DLB_STRIPE_NONE)
		stripe = promised(s);
	return stripe != DLB_STRIPE_NONE ? stripe : left_behind(s);
}
