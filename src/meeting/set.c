/*
 * The ids of what is held here. An id is SipHash-2-4 of the name under a key that is
 * made of the channel's exporter, so that neither side could choose names whose ids
 * meet.
 *
 * Ids are as good as uniform, so ordering them is one counting pass by their first
 * bits and a few steps in each bucket, and the same buckets find one again. A second
 * cell with the same id (that is: the same name given twice) is left out.
 */
#include "engine_internal.h"

#include <string.h>

#define BUCKET 8 /* ids, on average */
#define BUCKET_BITS_MAX 20
#define ROW_BITS 8

uint64_t
dlb_meeting_id(const uint8_t key[static 16], const uint8_t name[static 16])
{
	return dlb_siphash(key, name, 16);
}

static size_t
bucket_of(const struct dlb_set *s, uint64_t id)
{
	return s->bits ? (size_t)(id >> (64 - s->bits)) : 0;
}

/* The refs of the box secrets; a cell's box is its place in here, from 1. */
struct boxes {
	uint32_t refs[DLB_BOXES_MAX];
	unsigned n;
};

static uint8_t
box_index(const struct boxes *boxes, uint32_t ref)
{
	for (unsigned i = 0; ref && i < boxes->n; i++)
		if (boxes->refs[i] == ref)
			return (uint8_t)(i + 1);
	return 0;
}

static bool
left_out(const struct dlb_meeting_config *config, size_t i)
{
	return config->now_week
		&& config->cells[i].expiry_week < config->now_week;
}

/* Ids in the order in which the cells were given, and how many go into each bucket:
 * start[b + 1] is then where bucket b begins, and placing a cell in it moves that
 * on, to where the next bucket begins. */
static void
count_buckets(struct dlb_set *s, const struct dlb_meeting_config *config,
	const uint8_t key[static 16])
{
	uint32_t sum = 0;

	for (size_t i = 0; i < config->cells_n; i++) {
		if (left_out(config, i))
			continue;
		s->ids[i] = dlb_meeting_id(key, config->cells[i].name);
		s->start[bucket_of(s, s->ids[i]) + 1]++;
	}
	for (size_t i = 0; i <= (size_t)1 << s->bits; i++) {
		uint32_t here = s->start[i];

		s->start[i] = sum;
		sum += here;
	}
	s->n = sum;
}

/* A bucket is written to at random, which the memory is slow at: so cells are first
 * put into a few hundred rows, each as long as its buckets, then row by row into
 * their buckets, which the cache then holds. */
struct rows {
	uint64_t *ids;
	struct dlb_set_cell *cells;
	uint8_t *box;
	uint32_t at[1u << ROW_BITS];
	unsigned shift; /* of a bucket's number */
};

static void
fill_rows(struct rows *rows, const struct dlb_set *s,
	const struct dlb_meeting_config *config, const struct boxes *boxes)
{
	for (size_t i = 0; i << rows->shift < (size_t)1 << s->bits; i++)
		rows->at[i] = s->start[(i << rows->shift) + 1];
	for (size_t i = 0; i < config->cells_n; i++) {
		const struct dlb_meeting_cell *cell = &config->cells[i];
		uint32_t at;

		if (left_out(config, i))
			continue;
		at = rows->at[bucket_of(s, s->ids[i]) >> rows->shift]++;
		rows->ids[at] = s->ids[i];
		rows->cells[at] = (struct dlb_set_cell){.number = cell->number,
			.week = cell->expiry_week,
			.copies = cell->copies,
			.flags = cell->flags & DLB_MEETING_OWN};
		if (rows->box)
			rows->box[at] = box_index(boxes, cell->box);
	}
}

static void
fill_buckets(struct dlb_set *s, const struct rows *rows)
{
	/* What is not placed yet is below all ids, and ends each search. */
	memset(s->ids, 0, s->n * sizeof(*s->ids));
	for (uint32_t i = 0; i < s->n; i++) {
		uint64_t id = rows->ids[i];
		size_t bucket = bucket_of(s, id);
		uint32_t at = s->start[bucket + 1]++, first = s->start[bucket];

		for (; at > first && s->ids[at - 1] > id; at--) {
			s->ids[at] = s->ids[at - 1];
			s->cells[at] = s->cells[at - 1];
			if (s->box)
				s->box[at] = s->box[at - 1];
		}
		s->ids[at] = id;
		s->cells[at] = rows->cells[i];
		if (s->box)
			s->box[at] = rows->box[i];
	}
}

static void
drop_doubles(struct dlb_set *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		if (n > 0 && s->ids[n - 1] == s->ids[i])
			continue;
		s->ids[n] = s->ids[i];
		s->cells[n] = s->cells[i];
		if (s->box)
			s->box[n] = s->box[i];
		n++;
	}
	if (n == s->n)
		return;
	s->n = n;
	memset(s->start, 0, (((size_t)1 << s->bits) + 2) * sizeof(*s->start));
	for (uint32_t i = 0; i < n; i++)
		s->start[bucket_of(s, s->ids[i]) + 1]++;
	for (size_t i = 1; i <= (size_t)1 << s->bits; i++)
		s->start[i] += s->start[i - 1];
}

static enum dlb_status
sort(struct dlb_set *s, struct dlb_budget *b,
	const struct dlb_meeting_config *config, const struct boxes *boxes)
{
	struct rows rows = {
		.shift = s->bits > ROW_BITS ? s->bits - ROW_BITS : 0};
	bool taken;

	rows.ids = dlb_budget_take(b, s->cap, sizeof(*rows.ids));
	rows.cells = dlb_budget_take(b, s->cap, sizeof(*rows.cells));
	if (s->box)
		rows.box = dlb_budget_take(b, s->cap, 1);
	taken = rows.ids && rows.cells && (rows.box || !s->box);
	if (taken) {
		fill_rows(&rows, s, config, boxes);
		fill_buckets(s, &rows);
		drop_doubles(s);
	}
	dlb_budget_give(b, rows.ids, s->cap, sizeof(*rows.ids));
	dlb_budget_give(b, rows.cells, s->cap, sizeof(*rows.cells));
	dlb_budget_give(b, rows.box, s->cap, 1);
	return taken ? DLB_OK : DLB_NO_MEMORY;
}

enum dlb_status
dlb_set_fill(struct dlb_set *s, struct dlb_budget *b,
	const struct dlb_meeting_config *config, const uint8_t key[static 16])
{
	struct boxes boxes = {.n = 0};

	s->cap = (uint32_t)(config->cells_n + config->more_n);
	while (s->bits < BUCKET_BITS_MAX && s->cap >> s->bits > BUCKET)
		s->bits++;
	for (size_t i = 0; i < config->secrets_n; i++)
		if (config->secrets[i].box && boxes.n < DLB_BOXES_MAX)
			boxes.refs[boxes.n++] = config->secrets[i].ref;
	s->ids = dlb_budget_take(b, s->cap, sizeof(*s->ids));
	s->cells = dlb_budget_take(b, s->cap, sizeof(*s->cells));
	s->start = dlb_budget_take(
		b, ((size_t)1 << s->bits) + 2, sizeof(*s->start));
	if (boxes.n)
		s->box = dlb_budget_take(b, s->cap, 1);
	if (!s->ids || !s->cells || !s->start || (boxes.n && !s->box))
		return DLB_NO_MEMORY;
	count_buckets(s, config, key);
	return sort(s, b, config, &boxes);
}

void
dlb_set_add(struct dlb_set *s, const struct dlb_meeting_cell *cell,
	const uint8_t key[static 16], uint8_t box)
{
	uint64_t id = dlb_meeting_id(key, cell->name);
	uint32_t at = dlb_set_lower(s, id), behind = s->n - at;

	if (s->n == s->cap || (at < s->n && s->ids[at] == id))
		return;
	memmove(s->ids + at + 1, s->ids + at, behind * sizeof(*s->ids));
	memmove(s->cells + at + 1, s->cells + at, behind * sizeof(*s->cells));
	s->ids[at] = id;
	s->cells[at] = (struct dlb_set_cell){.number = cell->number,
		.week = cell->expiry_week,
		.copies = cell->copies,
		.flags = cell->flags & DLB_MEETING_OWN};
	if (s->box) {
		memmove(s->box + at + 1, s->box + at, behind);
		s->box[at] = box;
	}
	s->n++;
	for (size_t i = bucket_of(s, id) + 1; i <= (size_t)1 << s->bits; i++)
		s->start[i]++;
}

void
dlb_set_free(struct dlb_set *s, struct dlb_budget *b)
{
	dlb_budget_give(b, s->ids, s->cap, sizeof(*s->ids));
	dlb_budget_give(b, s->cells, s->cap, sizeof(*s->cells));
	dlb_budget_give(b, s->box, s->cap, 1);
	dlb_budget_give(
		b, s->start, ((size_t)1 << s->bits) + 2, sizeof(*s->start));
	memset(s, 0, sizeof(*s));
}

uint32_t
dlb_set_lower(const struct dlb_set *s, uint64_t id)
{
	size_t bucket = bucket_of(s, id);
	uint32_t at = s->start[bucket], end = s->start[bucket + 1];

	while (at < end) {
		uint32_t half = at + (end - at) / 2;

		if (s->ids[half] < id)
			at = half + 1;
		else
			end = half;
	}
	return at;
}

uint32_t
dlb_set_find(const struct dlb_set *s, uint64_t id)
{
	uint32_t at = dlb_set_lower(s, id);

	return at < s->n && s->ids[at] == id ? at : DLB_SET_NONE;
}
