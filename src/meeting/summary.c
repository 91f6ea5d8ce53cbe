/*
 * What is held, in a few bytes: for each expiry week how many cells and the sum of
 * their ids, and counters from which the other side sees about how many ids differ
 * (dlb_recon_count). docs/meeting.md, section 4.
 */
#include "engine_internal.h"

#include <string.h>

/* ---- making one --------------------------------------------------------------------- */

#define NO_PLACE 0xff

/* The latest weeks, and for each week its place among them. */
static void
list_weeks(struct dlb_summary *s, uint8_t place[static UINT16_MAX + 1],
	const struct dlb_set *set, uint16_t from)
{
	memset(place, 0, UINT16_MAX + 1);
	for (uint32_t i = 0; i < set->n; i++)
		place[set->cells[i].week] = 1;
	for (uint32_t week = UINT16_MAX + 1; week-- > 0;) {
		bool in = place[week] && week >= from
			&& s->weeks_n < DLB_WEEKS_MAX;

		place[week] = in ? (uint8_t)s->weeks_n : NO_PLACE;
		if (in)
			s->weeks[s->weeks_n++].week = (uint16_t)week;
	}
}

/* So many ids are counted at a time. */
#define BATCH 1024

void
dlb_summary_make(
	struct dlb_summary *s, const struct dlb_set *set, uint16_t from)
{
	uint8_t place[UINT16_MAX + 1];
	uint64_t ids[BATCH];
	size_t n = 0;

	memset(s, 0, sizeof(*s));
	list_weeks(s, place, set, from);
	for (uint32_t i = 0; i < set->n; i++) {
		uint8_t at = place[set->cells[i].week];

		if (at == NO_PLACE)
			continue;
		s->weeks[at].count++;
		s->weeks[at].sum += set->ids[i];
		s->box_n += (set->cells[i].flags & DLB_SET_BOX) != 0;
		ids[n++] = set->ids[i];
		if (n == BATCH) {
			dlb_recon_count(s->counters, ids, n);
			n = 0;
		}
	}
	dlb_recon_count(s->counters, ids, n);
}

/* ---- on the wire ------------------------------------------------------------------------ */

static void
write_small(struct dlb_writer *w, int32_t v)
{
	uint32_t z = (uint32_t)v << 1 ^ (v < 0 ? UINT32_MAX : 0);

	for (; z >= 0x80; z >>= 7)
		dlb_write_u8(w, (uint8_t)(z | 0x80));
	dlb_write_u8(w, (uint8_t)z);
}

/* Fails the reader beyond 2^28, and where it could be said shorter. */
static int32_t
read_small(struct dlb_reader *r)
{
	uint32_t z = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = dlb_read_u8(r);
		if (shift > 28 || (byte == 0 && shift > 0)
			|| (shift == 28 && byte > 3))
			r->failed = true;
		if (r->failed)
			return 0;
		z |= (uint32_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return (int32_t)(z >> 1 ^ (z & 1 ? UINT32_MAX : 0));
}

static uint64_t
all_of(const struct dlb_summary *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->weeks_n; i++)
		n += s->weeks[i].count;
	return n;
}

static void
write_set(struct dlb_writer *w, const struct dlb_summary *s)
{
	dlb_write_u32(w, s->box_n);
	dlb_write_u8(w, (uint8_t)s->weeks_n);
	for (size_t i = 0; i < s->weeks_n; i++) {
		dlb_write_u16(w, s->weeks[i].week);
		dlb_write_u32(w, s->weeks[i].count);
		dlb_write_u64(w, s->weeks[i].sum);
	}
	for (size_t i = 0; i < DLB_RECON_COUNTERS; i++)
		write_small(w, s->counters[i]);
}

static void
read_set(struct dlb_reader *r, struct dlb_summary *s, uint16_t from)
{
	uint32_t above = UINT16_MAX + 1;

	memset(s, 0, sizeof(*s));
	s->box_n = dlb_read_u32(r);
	s->weeks_n = dlb_read_u8(r);
	if (s->weeks_n > DLB_WEEKS_MAX) {
		s->weeks_n = 0;
		r->failed = true;
	}
	for (size_t i = 0; i < s->weeks_n; i++) {
		struct dlb_week *week = &s->weeks[i];

		week->week = dlb_read_u16(r);
		week->count = dlb_read_u32(r);
		week->sum = dlb_read_u64(r);
		if (week->week >= above || week->week < from || !week->count)
			r->failed = true;
		above = week->week;
	}
	if (all_of(s) > DLB_CELLS_N_MAX || s->box_n > all_of(s))
		r->failed = true;
	for (size_t i = 0; i < DLB_RECON_COUNTERS; i++)
		s->counters[i] = read_small(r);
}

void
dlb_summary_send(struct dlb_meeting *m)
{
	struct dlb_writer w;

	dlb_frame_begin(m, &w);
	dlb_write_u32(&w, m->take.room);
	dlb_write_u16(&w, (uint16_t)m->take.window);
	if (!m->caller) {
		dlb_summary_make(&m->here, &m->set, m->from);
		dlb_write_u16(&w, m->from);
		write_set(&w, &m->here);
	}
	dlb_frame_end(m, &w, DLB_FRAME_SUMMARY);
}

void
dlb_summary_receive(struct dlb_meeting *m, struct dlb_reader *r)
{
	uint32_t window;

	m->give.room = dlb_read_u32(r);
	window = dlb_read_u16(r);
	m->give.window = window < DLB_WINDOW_MAX ? window : DLB_WINDOW_MAX;
	if (m->caller) {
		m->from = dlb_read_u16(r);
		if (m->from < m->now_week)
			r->failed = true;
		read_set(r, &m->there, m->from);
	}
	if (!dlb_reader_done(r)) {
		dlb_meeting_fail(m, DLB_END_MALFORMED);
		return;
	}
	m->state = DLB_STATE_EXCHANGE;
	if (m->caller) {
		m->summary_due = true;
		dlb_summary_make(&m->here, &m->set, m->from);
		dlb_groups_start(m);
	}
}
