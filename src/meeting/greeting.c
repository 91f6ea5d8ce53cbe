/*
 * Who is there. docs/meeting.md, section 3.
 *
 * The caller shows a tag for each secret, the listener answers those it knows; both
 * are MACs over the channel's exporter, so that they say nothing to anyone else and
 * mean nothing on another channel. What there is too little of is filled up with
 * random bytes, so that nobody can count.
 */
#include "engine_internal.h"

#include <stdlib.h>
#include <string.h>

#define TAG_LEN 12
#define ANSWER_LEN 16
#define MORE_TAG_LEN 8
#define HELLO_LEN                                                              \
	(4 + DLB_MEETING_TAGS * TAG_LEN + DLB_MEETING_MORE_TAGS * MORE_TAG_LEN)
_Static_assert(HELLO_LEN <= DLB_LIST_MAX, "an older version takes it");
#define TAGS_HEARD_MAX DLB_TAGS_ALL
#define WELCOME_LEN (1 + DLB_MEETING_ANSWERS * ANSWER_LEN)

static void
mac(uint8_t out[static ANSWER_LEN], const struct dlb_greeting *g, uint32_t i,
	bool caller)
{
	dlb_derive(out, ANSWER_LEN, g->secrets[i].key,
		sizeof(g->secrets[i].key),
		caller ? "dlb meeting caller" : "dlb meeting listener",
		g->exporter, sizeof(g->exporter));
}

enum dlb_status
dlb_greeting_init(
	struct dlb_meeting *m, const struct dlb_meeting_config *config)
{
	struct dlb_greeting *g = &m->greeting;

	memcpy(g->exporter, config->exporter, sizeof(g->exporter));
	g->secrets_n = config->secrets_n;
	g->secrets =
		dlb_budget_take(&m->budget, g->secrets_n, sizeof(*g->secrets));
	if (!g->secrets)
		return DLB_NO_MEMORY;
	if (g->secrets_n)
		memcpy(g->secrets, config->secrets,
			g->secrets_n * sizeof(*g->secrets));
	return DLB_OK;
}

void
dlb_greeting_free(struct dlb_meeting *m)
{
	struct dlb_greeting *g = &m->greeting;

	if (g->secrets)
		dlb_wipe(g->secrets, g->secrets_n * sizeof(*g->secrets));
	dlb_budget_give(
		&m->budget, g->secrets, g->secrets_n, sizeof(*g->secrets));
	dlb_wipe(g, sizeof(*g));
}

/* ---- the caller's HELLO ----------------------------------------------------------- */

/* Of those that are `last`, or are not, some by chance, behind the n that are there. */
static size_t
draw(struct dlb_meeting *m, size_t n, bool last)
{
	struct dlb_greeting *g = &m->greeting;
	size_t from = n;
	uint32_t seen = 0;

	for (uint32_t i = 0; i < g->secrets_n; i++) {
		uint32_t at;

		if (g->secrets[i].last != last || g->secrets[i].again)
			continue;
		at = dlb_random_below(m->env, ++seen);
		/* Each of those seen so far is in with the same chance. */
		if (n < DLB_TAGS_ALL)
			g->shown[n++] = i;
		else if (at < DLB_TAGS_ALL - from)
			g->shown[from + at] = i;
	}
	return n;
}

static void
shuffle(struct dlb_meeting *m, uint32_t *list, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = dlb_random_below(m->env, (uint32_t)i);
		uint32_t t = list[k];

		list[k] = list[i - 1];
		list[i - 1] = t;
	}
}

/* Draws which secrets are shown, and where: shown[i] is the secret of tag i, or
 * UINT32_MAX for a tag that means nothing. The first ones are all that an older
 * version looks at. */
static void
draw_shown(struct dlb_meeting *m)
{
	struct dlb_greeting *g = &m->greeting;
	size_t n = draw(m, 0, false);

	shuffle(m, g->shown, n);
	n = draw(m, n, true);
	for (; n < DLB_TAGS_ALL; n++)
		g->shown[n] = UINT32_MAX;
	shuffle(m, g->shown, DLB_MEETING_TAGS);
	shuffle(m, g->shown + DLB_MEETING_TAGS, DLB_MEETING_MORE_TAGS);
}

void
dlb_greeting_send_hello(struct dlb_meeting *m)
{
	struct dlb_greeting *g = &m->greeting;
	uint8_t tag[ANSWER_LEN];
	struct dlb_writer w;

	draw_shown(m);
	dlb_frame_begin(m, &w);
	dlb_write_u8(&w, DLB_MEETING_VERSION_MIN);
	dlb_write_u8(&w, DLB_MEETING_VERSION);
	dlb_write_u16(&w, m->now_week);
	for (size_t i = 0; i < DLB_TAGS_ALL; i++) {
		if (g->shown[i] == UINT32_MAX)
			dlb_random(m->env, tag, sizeof(tag));
		else
			mac(tag, g, g->shown[i], true);
		dlb_write_bytes(
			&w, tag, i < DLB_MEETING_TAGS ? TAG_LEN : MORE_TAG_LEN);
	}
	dlb_frame_end(m, &w, DLB_FRAME_HELLO);
}

/* ---- the listener --------------------------------------------------------------------- */

/* The tags of a HELLO, by their first bytes. They are good for this channel alone, so
 * that how long it takes to find one helps nobody to make another. */
struct tag {
	uint64_t start;
	const uint8_t *bytes;
	size_t len;
};
struct tags {
	struct tag list[TAGS_HEARD_MAX];
	size_t n;
};

static uint64_t
start_of(const uint8_t tag[static MORE_TAG_LEN])
{
	struct dlb_reader r;

	dlb_reader_init(&r, tag, MORE_TAG_LEN);
	return dlb_read_u64(&r);
}

static int
compare_tags(const void *a, const void *b)
{
	const struct tag *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void
take_tags(struct tags *t, struct dlb_reader *r, size_t len, size_t most)
{
	for (size_t i = 0;
		i < most && dlb_reader_left(r) >= len && t->n < TAGS_HEARD_MAX;
		i++) {
		struct tag *tag = &t->list[t->n++];

		tag->bytes = dlb_read_view(r, len);
		tag->len = len;
		tag->start = start_of(tag->bytes);
	}
}

static bool
among(const struct tags *t, const uint8_t mac[static TAG_LEN])
{
	uint64_t start = start_of(mac);
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->list[middle].start < start)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < t->n && t->list[low].start == start; low++)
		if (dlb_equal(t->list[low].bytes, mac, t->list[low].len))
			return true;
	return false;
}

static void
add_match(struct dlb_greeting *g, uint32_t secret)
{
	const struct dlb_meeting_secret *s = &g->secrets[secret];

	g->matches[g->matches_n] =
		(struct dlb_meeting_match){.ref = s->ref, .box = s->box};
	g->matched[g->matches_n++] = secret;
	g->known |= !s->box;
}

/* Nodes first: by them it is decided whether to go on at all. */
static void
find_matches(struct dlb_greeting *g, const struct tags *tags)
{
	for (int box = 0; box <= 1; box++)
		for (uint32_t i = 0;
			i < g->secrets_n && g->matches_n < DLB_MEETING_ANSWERS;
			i++) {
			uint8_t tag[ANSWER_LEN];

			if (g->secrets[i].box != (box == 1)
				|| g->secrets[i].again)
				continue;
			mac(tag, g, i, true);
			if (among(tags, tag))
				add_match(g, i);
		}
}

/* Whether to go on with whom it is. */
static void
decide(struct dlb_meeting *m)
{
	m->peer_due = true;
	if (m->known_only && !m->greeting.known)
		dlb_meeting_fail(m, DLB_END_STRANGER);
}

/* Was this one matched, or one that has the same key? */
static bool
is_matched(const struct dlb_greeting *g, uint32_t secret)
{
	const struct dlb_meeting_secret *s = &g->secrets[secret];

	for (size_t k = 0; k < g->matches_n; k++)
		if (g->matched[k] == secret
			|| (s->again
				&& dlb_equal(g->secrets[g->matched[k]].key,
					s->key, sizeof(s->key))))
			return true;
	return false;
}

/* The place of a box in dlb_set.box; 0: it has none. */
static uint32_t
place_of(const struct dlb_greeting *g, uint32_t ref)
{
	uint32_t box = 0;

	for (uint32_t i = 0; i < g->secrets_n && box < DLB_BOXES_MAX; i++) {
		box += g->secrets[i].box;
		if (g->secrets[i].box && g->secrets[i].ref == ref)
			return box;
	}
	return 0;
}

/* To who is to get the cells of certain boxes alone, all others are as look copies
 * are: here, and not to be given. */
static void
keep_to_boxes(struct dlb_meeting *m)
{
	const struct dlb_greeting *g = &m->greeting;
	bool allowed[DLB_BOXES_MAX + 1] = {false};
	bool limited = false;

	for (uint32_t i = 0; i < g->secrets_n; i++) {
		uint32_t only = g->secrets[i].only_box;

		if (only == 0 || !is_matched(g, i))
			continue;
		limited = true;
		allowed[place_of(g, only)] = true;
	}
	allowed[0] = false;
	for (uint32_t i = 0; limited && i < m->set.n; i++)
		if (!m->set.box || !allowed[m->set.box[i]])
			m->set.cells[i].copies = 0;
}

void
dlb_greeting_mark_boxes(struct dlb_meeting *m)
{
	const struct dlb_greeting *g = &m->greeting;
	bool shared[DLB_BOXES_MAX + 1] = {false};

	for (uint32_t i = 0; i < g->secrets_n; i++)
		if (g->secrets[i].box && is_matched(g, i))
			shared[place_of(g, g->secrets[i].ref)] = true;
	for (uint32_t i = 0; m->set.box && i < m->set.n; i++)
		if (m->set.box[i] && shared[m->set.box[i]])
			m->set.cells[i].flags |= DLB_SET_BOX;
	keep_to_boxes(m);
}

uint8_t
dlb_greeting_box(const struct dlb_meeting *m, uint32_t ref)
{
	return ref ? (uint8_t)place_of(&m->greeting, ref) : 0;
}

void
dlb_greeting_hello(struct dlb_meeting *m, struct dlb_reader *r)
{
	struct tags tags = {.n = 0};
	uint16_t week;

	m->their_min = dlb_read_u8(r);
	m->their_max = dlb_read_u8(r);
	if (m->their_min > m->their_max) {
		dlb_meeting_fail(m, DLB_END_MALFORMED);
		return;
	}
	if (m->their_min > DLB_MEETING_VERSION
		|| m->their_max < DLB_MEETING_VERSION_MIN) {
		dlb_meeting_fail(m, DLB_END_VERSION);
		return;
	}
	m->version = m->their_max < DLB_MEETING_VERSION ? m->their_max
							: DLB_MEETING_VERSION;
	week = dlb_read_u16(r);
	take_tags(&tags, r, TAG_LEN, DLB_MEETING_TAGS);
	if (tags.n < DLB_MEETING_TAGS) {
		r->failed = true; /* too short: the frame is refused */
		return;
	}
	/* An older version has none; what follows is a later one's. */
	take_tags(&tags, r, MORE_TAG_LEN, DLB_MEETING_MORE_TAGS);
	dlb_read_view(r, dlb_reader_left(r));
	qsort(tags.list, tags.n, sizeof(tags.list[0]), compare_tags);
	m->from = week > m->now_week ? week : m->now_week;
	find_matches(&m->greeting, &tags);
	dlb_greeting_mark_boxes(m);
	m->state = DLB_STATE_SUMMARY;
	m->welcome_due = m->summary_due = true;
	decide(m);
}

void
dlb_greeting_send_welcome(struct dlb_meeting *m)
{
	struct dlb_greeting *g = &m->greeting;
	uint8_t answers[DLB_MEETING_ANSWERS][ANSWER_LEN];
	struct dlb_writer w;

	dlb_random(m->env, answers, sizeof(answers));
	for (size_t i = 0; i < g->matches_n; i++)
		mac(answers[i], g, g->matched[i], false);
	for (size_t i = DLB_MEETING_ANSWERS; i > 1; i--) {
		size_t k = dlb_random_below(m->env, (uint32_t)i);
		uint8_t t[ANSWER_LEN];

		memcpy(t, answers[k], ANSWER_LEN);
		memcpy(answers[k], answers[i - 1], ANSWER_LEN);
		memcpy(answers[i - 1], t, ANSWER_LEN);
	}
	dlb_frame_begin(m, &w);
	dlb_write_u8(&w, m->version);
	dlb_write_bytes(&w, answers, sizeof(answers));
	dlb_frame_end(m, &w, DLB_FRAME_WELCOME);
}

/* ---- the caller hears it ------------------------------------------------------------------ */

void
dlb_greeting_welcome(struct dlb_meeting *m, struct dlb_reader *r)
{
	struct dlb_greeting *g = &m->greeting;
	uint8_t version = dlb_read_u8(r);
	const uint8_t *answers =
		dlb_read_view(r, DLB_MEETING_ANSWERS * ANSWER_LEN);

	if (version < DLB_MEETING_VERSION_MIN || version > DLB_MEETING_VERSION
		|| !dlb_reader_done(r)) {
		dlb_meeting_fail(m, DLB_END_MALFORMED);
		return;
	}
	m->version = version;
	for (size_t i = 0; i < DLB_TAGS_ALL; i++) {
		uint8_t answer[ANSWER_LEN];
		bool found = false;

		if (g->shown[i] == UINT32_MAX)
			continue;
		mac(answer, g, g->shown[i], false);
		for (size_t k = 0; k < DLB_MEETING_ANSWERS; k++)
			found |= dlb_equal(
				answers + k * ANSWER_LEN, answer, ANSWER_LEN);
		if (found && g->matches_n < DLB_MEETING_ANSWERS)
			add_match(g, g->shown[i]);
	}
	dlb_greeting_mark_boxes(m);
	m->state = DLB_STATE_SUMMARY;
	decide(m);
}
