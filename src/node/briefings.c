/*
 * briefings: letters that tell a courier which boxes to serve, or no more. At the
 * courier they become trips (letterbox/trips.c).
 */
#include "briefings.h"

#include "kinds.h"
#include "trips.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- who briefs -------------------------------------------------------------------------- */

static enum dlb_status
add_box(struct dlb_node *n, struct dlb_briefing *b, const char *name,
	bool may_open, struct dlb_error *err)
{
	struct dlb_briefing_box *to = &b->boxes[b->boxes_n];
	struct dlb_box box;
	enum dlb_status st = dlb_box_by_name(n->letterbox, &box, name, err);

	if (st != DLB_OK)
		return st;
	for (size_t i = 0; i < b->boxes_n; i++)
		if (strcmp(b->boxes[i].name, box.name) == 0) {
			dlb_wipe(&box, sizeof(box));
			return dlb_fail(err, DLB_USAGE,
				"box %s is named twice: once is enough", name);
		}
	memcpy(to->name, box.name, sizeof(to->name));
	memcpy(to->place, box.place, sizeof(to->place));
	dlb_box_tag_key(to->tag_key, box.root);
	dlb_box_meeting_key(to->meeting_key, box.root);
	dlb_box_id(to->id, to->tag_key);
	to->opens = may_open;
	if (may_open)
		memcpy(to->root, box.root, sizeof(to->root));
	b->boxes_n++;
	dlb_wipe(&box, sizeof(box));
	return DLB_OK;
}

struct counting {
	int64_t to;
	int64_t highest_ms;
	const struct dlb_briefing *b;
	size_t others; /* under way with that courier, but for those of b */
};

static bool
is_under_way(const struct dlb_briefed *b, int64_t highest_ms)
{
	return b->revoked_ms == 0 && dlb_day_end_ms(b->last_day) > highest_ms;
}

static bool
count_other(void *ctx, const struct dlb_briefed *briefed)
{
	struct counting *c = ctx;
	bool again = false;

	for (size_t i = 0; i < c->b->boxes_n; i++)
		again |= memcmp(c->b->boxes[i].id, briefed->box, DLB_BOX_ID_LEN)
			== 0;
	c->others += briefed->to == c->to && !again
		&& is_under_way(briefed, c->highest_ms);
	return true;
}

static enum dlb_status
check_brief(struct dlb_node *n, int64_t courier,
	const struct dlb_brief_options *o, struct dlb_error *err)
{
	struct dlb_correspondent who;
	char day[11];
	enum dlb_status st = dlb_clock_doubt(&n->clock, err);

	if (st != DLB_OK)
		return st;
	if (dlb_correspondent_by_id(n->letterbox, &who, courier) != DLB_OK)
		return dlb_fail(
			err, DLB_NOT_FOUND, "there is no such correspondent");
	if (o->boxes_n == 0)
		return dlb_fail(err, DLB_USAGE,
			"name the boxes that %s is to serve: --box NAME",
			who.name);
	if (o->boxes_n > DLB_BRIEFING_BOXES_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"a briefing is of %d boxes at most, not %zu: brief "
			"several times",
			DLB_BRIEFING_BOXES_MAX, o->boxes_n);
	dlb_day_text(day, o->last_day);
	if (dlb_day_end_ms(o->last_day) <= n->clock.now_ms)
		return dlb_fail(err, DLB_USAGE,
			"%s is past: give a day to come (--until)", day);
	if (o->note && !dlb_briefing_text_valid(o->note, DLB_BRIEFING_NOTE_MAX))
		return dlb_fail(err, DLB_USAGE,
			"a note is one line of at most %d bytes of UTF-8, with no "
			"control characters; say more in a letter",
			DLB_BRIEFING_NOTE_MAX);
	return DLB_OK;
}

static enum dlb_status
fill(struct dlb_node *n, struct dlb_briefing *b, int64_t courier,
	const struct dlb_brief_options *o, struct dlb_error *err)
{
	struct counting c = {
		.to = courier, .highest_ms = n->clock.highest_ms, .b = b};
	enum dlb_status st = check_brief(n, courier, o, err);

	for (size_t i = 0; st == DLB_OK && i < o->boxes_n; i++)
		st = add_box(n, b, o->boxes[i], o->may_open, err);
	if (st == DLB_OK)
		st = dlb_briefed_each(n->letterbox, count_other, &c, err);
	if (st == DLB_OK && c.others + b->boxes_n > DLB_TRIPS_MAX)
		st = dlb_fail(err, DLB_LIMIT,
			"that courier serves %zu boxes for you already, and %d is "
			"the most: end some with: dlb brief COURIER --revoke --box "
			"NAME",
			c.others, DLB_TRIPS_MAX);
	b->last_day = o->last_day;
	if (o->note)
		snprintf(b->note, sizeof(b->note), "%s", o->note);
	return st;
}

/* The letter, between begin and commit. */
static enum dlb_status
seal(struct dlb_node *n, int64_t courier, struct dlb_briefing *b,
	int64_t *number, struct dlb_error *err)
{
	struct dlb_kind_out out = {.to = courier,
		.kind = DLB_KIND_BRIEFING,
		.receipt_wanted = true};
	struct dlb_buf content = {0};
	enum dlb_status st = dlb_briefing_write(&content, b);

	if (st != DLB_OK)
		st = dlb_fail(err, st, "the briefing could not be written");
	out.content = content.data;
	out.len = content.len;
	if (st == DLB_OK)
		st = dlb_kind_add(n, &out, number, err);
	if (content.data)
		dlb_wipe(content.data, content.len);
	dlb_buf_free(&content);
	return st;
}

static enum dlb_status
note_briefed(struct dlb_node *n, int64_t courier, const struct dlb_briefing *b,
	int64_t number, struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	for (size_t i = 0; st == DLB_OK && i < b->boxes_n; i++) {
		struct dlb_briefed row = {.to = courier,
			.opens = b->boxes[i].opens,
			.serial = b->serial,
			.last_day = b->last_day,
			.sent_ms = n->clock.now_ms,
			.letter = number};

		memcpy(row.box, b->boxes[i].id, sizeof(row.box));
		memcpy(row.name, b->boxes[i].name, sizeof(row.name));
		memcpy(row.note, b->note, sizeof(row.note));
		st = dlb_briefed_save(n->letterbox, &row, err);
	}
	return st;
}

enum dlb_status
dlb_node_brief(struct dlb_node *n, int64_t courier,
	const struct dlb_brief_options *options, struct dlb_error *err)
{
	struct dlb_briefing *b = calloc(1, sizeof(*b));
	int64_t number = 0;
	enum dlb_status st;

	if (!b)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	st = fill(n, b, courier, options, err);
	if (st != DLB_OK)
		goto out;
	st = dlb_kind_begin(n, err);
	if (st == DLB_OK)
		st = dlb_briefed_forget(n->letterbox, n->clock.highest_ms, err);
	if (st == DLB_OK)
		st = dlb_briefed_serial(n->letterbox, courier, n->clock.now_ms,
			&b->serial, err);
	if (st == DLB_OK)
		st = seal(n, courier, b, &number, err);
	if (st == DLB_OK)
		st = note_briefed(n, courier, b, number, err);
	if (st == DLB_OK)
		st = dlb_kind_commit(n, err);
	if (st != DLB_OK)
		dlb_kind_undo(n);
out:
	dlb_wipe(b, sizeof(*b));
	free(b);
	return st;
}

/* ---- taking it back ------------------------------------------------------------------------ */

struct revoking {
	struct dlb_node *n;
	int64_t to;
	const char *const *boxes;
	size_t boxes_n;
	struct dlb_briefed list[DLB_TRIPS_MAX];
	size_t found;
};

static bool
is_named(const struct revoking *r, const char *name)
{
	for (size_t i = 0; i < r->boxes_n; i++)
		if (strcmp(r->boxes[i], name) == 0)
			return true;
	return r->boxes_n == 0;
}

static bool
find_revoked(void *ctx, const struct dlb_briefed *briefed)
{
	struct revoking *r = ctx;

	if (briefed->to == r->to && r->found < DLB_TRIPS_MAX
		&& is_under_way(briefed, r->n->clock.highest_ms)
		&& is_named(r, briefed->name))
		r->list[r->found++] = *briefed;
	return true;
}

static enum dlb_status
check_named(const struct revoking *r, struct dlb_error *err)
{
	for (size_t i = 0; i < r->boxes_n; i++) {
		bool there = false;

		for (size_t k = 0; k < r->found; k++)
			there |= strcmp(r->boxes[i], r->list[k].name) == 0;
		if (!there)
			return dlb_fail(err, DLB_NOT_FOUND,
				"that courier is not briefed for a box called %s, "
				"or not any more; see: dlb brief --list",
				r->boxes[i]);
	}
	if (r->found == 0)
		return dlb_fail(err, DLB_NOT_FOUND,
			"that courier is not briefed, or not any more; see: dlb "
			"brief --list");
	if (r->boxes_n > DLB_BRIEFING_BOXES_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"%d boxes at most are named at once; name none to end it "
			"for all",
			DLB_BRIEFING_BOXES_MAX);
	return DLB_OK;
}

static enum dlb_status
note_revoked(struct dlb_node *n, struct revoking *r, uint64_t serial,
	int64_t number, struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	for (size_t i = 0; st == DLB_OK && i < r->found; i++) {
		r->list[i].serial = serial;
		r->list[i].revoked_ms = n->clock.now_ms;
		r->list[i].revocation = number;
		st = dlb_briefed_save(n->letterbox, &r->list[i], err);
	}
	return st;
}

enum dlb_status
dlb_node_brief_revoke(struct dlb_node *n, int64_t courier,
	const char *const *boxes, size_t boxes_n, size_t *ended,
	struct dlb_error *err)
{
	struct revoking *r = calloc(1, sizeof(*r));
	struct dlb_briefing *b = calloc(1, sizeof(*b));
	int64_t number = 0;
	enum dlb_status st;

	*ended = 0;
	if (!r || !b) {
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		goto out;
	}
	*r = (struct revoking){
		.n = n, .to = courier, .boxes = boxes, .boxes_n = boxes_n};
	st = dlb_briefed_each(n->letterbox, find_revoked, r, err);
	if (st == DLB_OK)
		st = check_named(r, err);
	if (st != DLB_OK)
		goto out;
	b->revocation = true;
	for (size_t i = 0; boxes_n > 0 && i < r->found; i++)
		memcpy(b->boxes[b->boxes_n++].id, r->list[i].box,
			DLB_BOX_ID_LEN);
	st = dlb_kind_begin(n, err);
	if (st == DLB_OK)
		st = dlb_briefed_serial(n->letterbox, courier, n->clock.now_ms,
			&b->serial, err);
	if (st == DLB_OK)
		st = seal(n, courier, b, &number, err);
	if (st == DLB_OK)
		st = note_revoked(n, r, b->serial, number, err);
	if (st == DLB_OK)
		st = dlb_kind_commit(n, err);
	if (st == DLB_OK)
		*ended = r->found;
	else
		dlb_kind_undo(n);
out:
	free(r);
	free(b);
	return st;
}

/* The row of a letter goes when its cells have expired: who had it has it by then, or
 * never gets it. */
enum dlb_brief_state
dlb_node_brief_state(struct dlb_node *n, const struct dlb_briefed *b)
{
	struct dlb_out_letter letter;
	bool revoked = b->revoked_ms != 0;
	bool there = dlb_out_get(n->letterbox, &letter,
			     revoked ? b->revocation : b->letter, NULL)
		== DLB_OK;
	bool arrived = there && letter.arrived_ms != 0;
	bool waits = there && letter.state == DLB_OUT_WAITING;

	dlb_wipe(&letter, sizeof(letter));
	if (revoked)
		return arrived ? DLB_BRIEF_REVOKED : DLB_BRIEF_REVOKING;
	if (dlb_day_end_ms(b->last_day) <= n->clock.highest_ms)
		return DLB_BRIEF_ENDED;
	if (arrived)
		return DLB_BRIEF_ARRIVED;
	return waits ? DLB_BRIEF_WAITING : DLB_BRIEF_GIVEN;
}

/* ---- who was briefed ------------------------------------------------------------------------- */

/* Are these the keys of one box? Who opens it must find what the tags say. */
static bool
keys_agree(const struct dlb_briefing *b)
{
	bool agree = true;

	for (size_t i = 0; i < b->boxes_n; i++) {
		const struct dlb_briefing_box *box = &b->boxes[i];
		uint8_t tag[DLB_KEY_LEN], meeting[DLB_KEY_LEN];

		if (!box->opens)
			continue;
		dlb_box_tag_key(tag, box->root);
		dlb_box_meeting_key(meeting, box->root);
		agree &= dlb_equal(tag, box->tag_key, DLB_KEY_LEN)
			&& dlb_equal(meeting, box->meeting_key, DLB_KEY_LEN);
		dlb_wipe(tag, sizeof(tag));
		dlb_wipe(meeting, sizeof(meeting));
	}
	return agree;
}

static void
show(struct dlb_kind_in *in, const char *why)
{
	in->verdict = DLB_KIND_SHOW;
	snprintf(in->summary, sizeof(in->summary),
		"a briefing, and it was not taken: %s", why);
}

enum dlb_status
dlb_briefing_take(struct dlb_kind_in *in, struct dlb_error *err)
{
	struct dlb_node *n = in->n;
	struct dlb_trips_taken taken;
	struct dlb_briefing *b;
	enum dlb_status st;

	/* A follower's authors are no correspondents. */
	if (in->letter->from <= 0) {
		show(in, "it is a stranger's (dlb know gives them a name)");
		return DLB_OK;
	}
	if (in->st == DLB_PARTLY) {
		in->verdict = DLB_KIND_LATER;
		return DLB_OK;
	}
	b = calloc(1, sizeof(*b));
	if (!b)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	st = in->st == DLB_OK ? dlb_briefing_read(b, in->content, in->len)
			      : DLB_MALFORMED;
	if (st == DLB_UNSUPPORTED) {
		show(in, "it needs a newer version of this program");
		st = DLB_OK;
	} else if (st != DLB_OK || !keys_agree(b)) {
		show(in,
			"it is not as one should be; ask its sender for another");
		st = DLB_OK;
	} else {
		st = dlb_trips_take(n->letterbox, in->letter->from, b,
			n->clock.now_ms, n->clock.highest_ms, &taken, err);
		if (st == DLB_OK && taken.ended > 0)
			st = dlb_last_meeting_strike(n, err);
		if (st == DLB_OK && taken.too_many > 0)
			show(in,
				"too many boxes of its sender are served "
				"already (dlb trip)");
	}
	dlb_wipe(b, sizeof(*b));
	free(b);
	return st;
}

struct listing {
	struct dlb_node *n;
	struct dlb_shown *shown;
	size_t shown_n;
	bool (*fn)(void *ctx, const struct dlb_trip_view *view);
	void *ctx;
};

static bool
list_trip(void *ctx, const struct dlb_trip *trip)
{
	struct listing *l = ctx;
	struct dlb_trip_view view = {.trip = trip};
	struct dlb_tag_key key = {.ref = 1};
	struct dlb_correspondent who;

	if (dlb_correspondent_by_id(l->n->letterbox, &who, trip->from)
		== DLB_OK)
		memcpy(view.from, who.name, sizeof(view.from));
	memcpy(key.key, trip->box.tag_key, sizeof(key.key));
	for (size_t i = 0; i < l->shown_n; i++)
		l->shown[i].box = 0;
	dlb_node_match_tags(l->n, l->n->satchel, &key, 1, l->shown, l->shown_n);
	for (size_t i = 0; i < l->shown_n; i++)
		view.waiting += l->shown[i].box != 0;
	dlb_wipe(&key, sizeof(key));
	return l->fn(l->ctx, &view);
}

enum dlb_status
dlb_node_trips(struct dlb_node *n,
	bool (*fn)(void *ctx, const struct dlb_trip_view *view), void *ctx,
	struct dlb_error *err)
{
	struct listing l = {.n = n, .fn = fn, .ctx = ctx};
	enum dlb_status st =
		dlb_node_list_shown(n->satchel, 0, &l.shown, &l.shown_n, err);

	if (st == DLB_OK)
		st = dlb_trip_each(n->letterbox, list_trip, &l, err);
	free(l.shown);
	return st;
}

/* ---- what the courier says of it -------------------------------------------------------------- */

struct ending {
	struct dlb_node *n;
	const char *box;
	int64_t from;
	size_t ended;
	enum dlb_status st;
	struct dlb_error *err;
};

static bool
end_trip(void *ctx, const struct dlb_trip *trip)
{
	struct ending *e = ctx;

	if (strcmp(trip->box.name, e->box) != 0
		|| (e->from && trip->from != e->from))
		return true;
	e->st = dlb_trip_end(
		e->n->letterbox, trip->id, e->n->clock.now_ms, e->err);
	e->ended += e->st == DLB_OK;
	return e->st == DLB_OK;
}

enum dlb_status
dlb_node_trip_end(struct dlb_node *n, const char *box, int64_t from,
	size_t *ended, struct dlb_error *err)
{
	struct ending e = {.n = n, .box = box, .from = from, .err = err};
	enum dlb_status st = dlb_trip_each(n->letterbox, end_trip, &e, err);
	char shown[DLB_BOX_NAME_MAX + 1];

	if (st == DLB_OK)
		st = e.st;
	if (st == DLB_OK && e.ended == 0)
		st = dlb_fail(err, DLB_NOT_FOUND,
			"there is no trip to a box called %s%s; see: dlb trip",
			dlb_printable(shown, sizeof(shown), box, strlen(box)),
			from ? " of that sender" : "");
	*ended = e.ended;
	if (st == DLB_OK)
		st = dlb_last_meeting_strike(n, err);
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}

enum dlb_status
dlb_node_trips_refuse(struct dlb_node *n, int64_t from, bool refuse,
	unsigned *ended, struct dlb_error *err)
{
	enum dlb_status st;

	*ended = 0;
	st = refuse ? dlb_trips_refuse(
		     n->letterbox, from, n->clock.now_ms, ended, err)
		    : dlb_trips_accept(n->letterbox, from, err);
	if (st == DLB_OK && *ended > 0)
		st = dlb_last_meeting_strike(n, err);
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}
