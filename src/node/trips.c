/*
 * trips: which boxes a node serves as a courier, and which cells are theirs. What a
 * courier does for them depends on the keys that it was told, and on what the name of a
 * cell covers; on nothing else of the letterbox.
 */
#include "trips.h"

#include <stdlib.h>
#include <string.h>

struct loading {
	struct dlb_trips *t;
	bool failed;
};

static struct dlb_trip_box *
find_pair(const struct dlb_trips *t, const uint8_t tag[static DLB_KEY_LEN],
	const uint8_t meeting[static DLB_KEY_LEN])
{
	for (size_t i = 0; i < t->n; i++) {
		const struct dlb_briefing_box *box = &t->boxes[i].box;

		if (dlb_equal(box->tag_key, tag, DLB_KEY_LEN)
			&& dlb_equal(box->meeting_key, meeting, DLB_KEY_LEN))
			return &t->boxes[i];
	}
	return NULL;
}

/* Its place in tags, where it is put unless it is there. */
static size_t
place_of_tag(struct dlb_trips *t, const uint8_t key[static DLB_KEY_LEN])
{
	for (size_t i = 0; i < t->tags_n; i++)
		if (dlb_equal(t->tags[i].key, key, DLB_KEY_LEN))
			return i;
	memcpy(t->tags[t->tags_n].key, key, DLB_KEY_LEN);
	t->tags[t->tags_n].ref = (uint32_t)t->tags_n + 1;
	return t->tags_n++;
}

static bool
grow(struct dlb_trips *t)
{
	size_t cap = t->cap ? 2 * t->cap : 16;
	struct dlb_trip_box *boxes = calloc(cap, sizeof(*boxes));
	struct dlb_tag_key *tags = calloc(cap, sizeof(*tags));

	if (!boxes || !tags) {
		free(boxes);
		free(tags);
		return false;
	}
	if (t->n) {
		memcpy(boxes, t->boxes, t->n * sizeof(*boxes));
		memcpy(tags, t->tags, t->tags_n * sizeof(*tags));
		dlb_wipe(t->boxes, t->n * sizeof(*boxes));
		dlb_wipe(t->tags, t->tags_n * sizeof(*tags));
	}
	free(t->boxes);
	free(t->tags);
	t->boxes = boxes;
	t->tags = tags;
	t->cap = cap;
	return true;
}

static bool
add_trip(void *ctx, const struct dlb_trip *trip)
{
	struct loading *l = ctx;
	struct dlb_trips *t = l->t;
	struct dlb_trip_box *there =
		find_pair(t, trip->box.tag_key, trip->box.meeting_key);

	/* What was lent to open it, by whoever, counts. */
	if (there && trip->box.opens)
		there->box = trip->box;
	if (there)
		return true;
	if (t->n == t->cap && !grow(t)) {
		l->failed = true;
		return false;
	}
	t->boxes[t->n++] = (struct dlb_trip_box){
		.box = trip->box, .tag = place_of_tag(t, trip->box.tag_key)};
	return true;
}

static bool
note_owned(void *ctx, const struct dlb_box *box)
{
	struct dlb_trips *t = ctx;
	uint8_t tag[DLB_KEY_LEN], meeting[DLB_KEY_LEN];

	dlb_box_tag_key(tag, box->root);
	dlb_box_meeting_key(meeting, box->root);
	for (size_t i = 0; i < t->n; i++)
		t->boxes[i].owned |=
			dlb_equal(t->boxes[i].box.tag_key, tag, sizeof(tag))
			|| dlb_equal(t->boxes[i].box.meeting_key, meeting,
				sizeof(meeting));
	dlb_wipe(tag, sizeof(tag));
	dlb_wipe(meeting, sizeof(meeting));
	return true;
}

enum dlb_status
dlb_trips_load(struct dlb_trips *out, struct dlb_node *n, struct dlb_error *err)
{
	struct loading l = {.t = out};
	enum dlb_status st;

	memset(out, 0, sizeof(*out));
	st = dlb_trip_each(n->letterbox, add_trip, &l, err);
	if (l.failed)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (st == DLB_OK && out->n > 0)
		st = dlb_box_each(n->letterbox, note_owned, out, err);
	return st;
}

void
dlb_trips_free(struct dlb_trips *t)
{
	if (t->boxes)
		dlb_wipe(t->boxes, t->cap * sizeof(*t->boxes));
	if (t->tags)
		dlb_wipe(t->tags, t->cap * sizeof(*t->tags));
	free(t->boxes);
	free(t->tags);
	memset(t, 0, sizeof(*t));
}

const struct dlb_trip_box *
dlb_trips_find(
	const struct dlb_trips *t, const uint8_t root[static DLB_KEY_LEN])
{
	const struct dlb_trip_box *found;
	uint8_t tag[DLB_KEY_LEN], meeting[DLB_KEY_LEN];

	dlb_box_tag_key(tag, root);
	dlb_box_meeting_key(meeting, root);
	found = find_pair(t, tag, meeting);
	for (size_t i = 0; !found && i < t->n; i++)
		if (dlb_equal(t->boxes[i].box.tag_key, tag, sizeof(tag)))
			found = &t->boxes[i];
	dlb_wipe(tag, sizeof(tag));
	dlb_wipe(meeting, sizeof(meeting));
	return found;
}

enum dlb_status
dlb_trips_hold_dear(
	const struct dlb_trips *t, struct dlb_node *n, struct dlb_error *err)
{
	struct dlb_shown *shown = NULL;
	size_t shown_n = 0;
	enum dlb_status st = DLB_OK;

	dlb_satchel_dear_none(n->satchel);
	if (t->n > 0)
		st = dlb_node_list_shown(n->satchel, 0, &shown, &shown_n, err);
	dlb_node_match_tags(n, n->satchel, t->tags, t->tags_n, shown, shown_n);
	for (size_t i = 0; st == DLB_OK && i < shown_n; i++)
		if (shown[i].box)
			st = dlb_satchel_dear(
				n->satchel, shown[i].entry.number, err);
	free(shown);
	return st;
}

bool
dlb_trips_has_tag(const struct dlb_trips *t,
	const uint8_t core[static DLB_HASH_LEN],
	const uint8_t tag[static DLB_BOX_TAG_LEN])
{
	bool found = false;
	uint8_t own[DLB_BOX_TAG_LEN];

	for (size_t i = 0; i < t->tags_n && !found; i++) {
		dlb_box_tag(own, t->tags[i].key, core);
		found = dlb_equal(own, tag, sizeof(own));
	}
	return found;
}

enum dlb_status
dlb_node_trips_end(struct dlb_node *n, struct dlb_error *err)
{
	unsigned ended;
	enum dlb_status st =
		dlb_trips_end(n->letterbox, n->clock.highest_ms, &ended, err);

	if (st == DLB_OK && ended > 0)
		st = dlb_last_meeting_strike(n, err);
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}

void
dlb_box_place_key(uint8_t out[static DLB_KEY_LEN],
	const uint8_t meeting_key[static DLB_KEY_LEN], bool box_calls)
{
	dlb_derive(out, DLB_KEY_LEN, meeting_key, DLB_KEY_LEN,
		box_calls ? "dlb box calls" : "dlb box is called", NULL, 0);
}
