/*
 * In which parts the two sets are compared. Decoding a part is nearly all or
 * nothing, so the most valuable comes first and none is large: a meeting that breaks
 * early has then moved something of use.
 *
 * First the cells of boxes whose key both hold; then, where little differs, all
 * weeks that do as one; else week by week, later first, neighbours together while
 * they are small. A part that would be too large is cut evenly by the first bits of
 * the id. docs/meeting.md, section 5.
 */
#include "engine_internal.h"

#include <string.h>

/* Differences, about, in one range, unless a week alone has more. */
#define RANGE_EXPECTED 4096

struct side {
	uint64_t here, there; /* cells */
};

static const struct dlb_week *
week_of(const struct dlb_summary *s, uint16_t week)
{
	static const struct dlb_week none;

	for (size_t i = 0; i < s->weeks_n; i++)
		if (s->weeks[i].week == week)
			return &s->weeks[i];
	return &none;
}

/* Also of weeks that are equal and lie between. */
static struct side
cells_within(const struct dlb_summary *here, const struct dlb_summary *there,
	uint16_t from, uint16_t to)
{
	struct side s = {0, 0};

	for (size_t i = 0; i < here->weeks_n; i++)
		if (here->weeks[i].week >= from && here->weeks[i].week <= to)
			s.here += here->weeks[i].count;
	for (size_t i = 0; i < there->weeks_n; i++)
		if (there->weeks[i].week >= from && there->weeks[i].week <= to)
			s.there += there->weeks[i].count;
	return s;
}

/* All weeks that differ, later first; returns how many. */
static size_t
list_differing(uint16_t weeks[static 2 * DLB_WEEKS_MAX],
	const struct dlb_summary *here, const struct dlb_summary *there)
{
	size_t n = 0, i = 0, k = 0;

	while (i < here->weeks_n || k < there->weeks_n) {
		bool a = i < here->weeks_n
			&& (k == there->weeks_n
				|| here->weeks[i].week >= there->weeks[k].week);
		bool b = k < there->weeks_n
			&& (i == here->weeks_n
				|| there->weeks[k].week >= here->weeks[i].week);
		uint16_t week = a ? here->weeks[i].week : there->weeks[k].week;

		if (!a || !b || here->weeks[i].count != there->weeks[k].count
			|| here->weeks[i].sum != there->weeks[k].sum)
			weeks[n++] = week;
		i += a;
		k += b;
	}
	return n;
}

static void
choose_kind(struct dlb_range *r, const struct side *cells)
{
	uint64_t here = (cells->here >> r->bits) + 1;
	uint64_t there = (cells->there >> r->bits) + 1;
	bool ids = dlb_recon_ids_cheaper(here, r->expected);

	r->kind = ids ? DLB_GROUP_IDS : DLB_GROUP_SYMBOLS;
	/* Half a round trip more: it must be worth it. */
	if (dlb_recon_ids_cheaper(2 * there, r->expected) && 2 * there < here)
		r->kind = DLB_GROUP_ASK;
}

/* Cut into 2^bits groups of about as many differences. */
static void
set_bits(struct dlb_range *r, uint64_t differ)
{
	while (r->bits < DLB_PREFIX_BITS_MAX
		&& differ >> r->bits > DLB_GROUP_EXPECTED)
		r->bits++;
	differ = (differ >> r->bits) + 1;
	r->expected = differ < UINT32_MAX ? (uint32_t)differ : UINT32_MAX;
}

/* Of `differ` in all, those that may be in a part of the cells; at least what the
 * counts alone show, at most all. */
static uint64_t
share(uint64_t differ, const struct side *part, const struct side *all)
{
	uint64_t n = part->here + part->there, of = all->here + all->there;
	uint64_t least = part->here > part->there ? part->here - part->there
						  : part->there - part->here;
	uint64_t s;

	if (differ > of)
		differ = of;
	/* Both are below 2^30. */
	s = of ? differ * n / of : 0;
	return s > least ? s : least;
}

static size_t
add_range(struct dlb_range *ranges, size_t n, uint16_t from, uint16_t to,
	uint64_t differ, const struct side *cells)
{
	struct dlb_range *r = &ranges[n];

	if (n == DLB_RANGES_MAX)
		return n;
	memset(r, 0, sizeof(*r));
	r->from = from;
	r->to = to;
	set_bits(r, differ);
	choose_kind(r, cells);
	return n + 1;
}

static size_t
add_box(struct dlb_range *ranges, const struct dlb_summary *here,
	const struct dlb_summary *there, uint16_t from, uint64_t differ,
	const struct side *all)
{
	struct side box = {here->box_n, there->box_n};

	if (!box.here && !box.there)
		return 0;
	add_range(ranges, 0, from, UINT16_MAX, share(differ, &box, all) + 1,
		&box);
	ranges[0].box = true;
	return 1;
}

size_t
dlb_cut(struct dlb_range ranges[static DLB_RANGES_MAX],
	const struct dlb_summary *here, const struct dlb_summary *there,
	uint16_t from, bool box)
{
	uint16_t weeks[2 * DLB_WEEKS_MAX];
	size_t weeks_n = list_differing(weeks, here, there), n = 0;
	struct side all = {0, 0}, part = {0, 0};
	uint64_t differ = dlb_recon_differ(here->counters, there->counters),
		 expected = 0;
	uint16_t to = 0;
	bool as_one;

	if (weeks_n == 0)
		return 0;
	for (size_t i = 0; i < weeks_n; i++) {
		all.here += week_of(here, weeks[i])->count;
		all.there += week_of(there, weeks[i])->count;
	}
	if (box)
		n = add_box(ranges, here, there, from, differ, &all);
	as_one = differ <= RANGE_EXPECTED;
	for (size_t i = 0; i < weeks_n; i++) {
		struct side one = {week_of(here, weeks[i])->count,
			week_of(there, weeks[i])->count};

		if (part.here + part.there == 0)
			to = weeks[i];
		part.here += one.here;
		part.there += one.there;
		expected += share(differ, &one, &all);
		/* The last one there is room for takes all that is left. */
		if (i + 1 < weeks_n
			&& (as_one || expected < RANGE_EXPECTED
				|| n + 1 == DLB_RANGES_MAX))
			continue;
		one = cells_within(here, there, weeks[i], to);
		n = add_range(ranges, n, weeks[i], to,
			as_one ? share(differ, &part, &all) : expected, &one);
		part = (struct side){0, 0};
		expected = 0;
	}
	return n;
}
