/*
 * People, a box, and who was briefed for it.
 */
#include "briefing_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t
know(struct fixture *f, const char *who, const char *whom)
{
	struct dlb_node *n = fixture_open(f, who);
	int64_t id = fixture_introduce(f, n, whom);

	dlb_node_close(n);
	return id;
}

/* A stick "man" is the box of that name, locked; "usb" lies about. */
struct people
make_people(struct fixture *f)
{
	struct dlb_box_options o = {.path = fixture_path(f, "man/box.dlb"),
		.name = "manchester",
		.place = "42 Ship Street",
		.size = 16 << 20,
		.sparse = true,
		.unlock = {DLB_UNLOCK_PASSPHRASE, "x", 1}};
	struct people p;
	struct dlb_box copy;
	struct dlb_node *n;
	uint64_t size;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_home(f, "ferry", false);
	p.bob = know(f, "alice", "bob");
	p.ferry = know(f, "alice", "ferry");
	know(f, "bob", "alice");
	know(f, "ferry", "alice");
	fixture_mkdir(f, "man");
	n = fixture_open(f, "alice");
	o.path = fixture_path(f, "man/box.dlb");
	assert_dlb_ok(
		f, dlb_node_box_create(n, &o, &p.box, &size, NULL, &f->err));
	fixture_stick(f, n, "usb", 32);
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	copy = p.box;
	copy.id = 0;
	assert_dlb_ok(f, dlb_box_save(dlb_node_letterbox(n), &copy, &f->err));
	assert_dlb_ok(f, dlb_letterbox_commit(dlb_node_letterbox(n), &f->err));
	dlb_node_close(n);
	return p;
}

void
send_via(struct fixture *f, struct people *p, const char *message, bool via)
{
	struct dlb_node *n = fixture_open(f, "alice");
	uint8_t tag_key[DLB_KEY_LEN];
	struct dlb_send_options o = {.message = message,
		.message_len = strlen(message),
		.tag_key = via ? tag_key : NULL};
	struct dlb_send_result r;

	dlb_box_tag_key(tag_key, p->box.root);
	assert_dlb_ok(
		f, dlb_node_send(n, p->bob, &o, &r, NULL, NULL, NULL, &f->err));
	dlb_node_close(n);
}

enum dlb_status
brief_of(struct fixture *f, struct people *p, uint32_t last_day, bool may_open)
{
	static const char *const boxes[] = {"manchester"};
	struct dlb_brief_options o = {.boxes = boxes,
		.boxes_n = 1,
		.last_day = last_day,
		.note = "side door, Tuesdays",
		.may_open = may_open};
	struct dlb_node *n = fixture_open(f, "alice");
	enum dlb_status st = dlb_node_brief(n, p->ferry, &o, &f->err);

	dlb_node_close(n);
	return st;
}

struct dlb_meet_result
meets(struct fixture *f, const char *who, const char *stick)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_meet_result r = fixture_meet(f, n, stick);

	dlb_node_close(n);
	return r;
}

static bool
see_trip(void *ctx, const struct dlb_trip_view *v)
{
	struct trips *t = ctx;

	t->last = *v->trip;
	memcpy(t->from, v->from, sizeof(t->from));
	t->waiting = v->waiting;
	t->n++;
	return true;
}

struct trips
trips_of(struct fixture *f, const char *who)
{
	struct dlb_node *n = fixture_open(f, who);
	struct trips t = {.n = 0};

	assert_dlb_ok(f, dlb_node_trips(n, see_trip, &t, &f->err));
	dlb_node_close(n);
	return t;
}

/* Cells in the box that have its tag, and others. */
void
count_in_box(struct fixture *f, struct people *p, size_t *bound, size_t *others)
{
	struct dlb_unlock unlock = {
		DLB_UNLOCK_ROOT, p->box.root, sizeof(p->box.root)};
	struct dlb_tag_key key = {.ref = 1};
	struct dlb_node *n = fixture_open(f, "alice");
	struct dlb_satchel *box;
	struct dlb_shown *shown;
	size_t shown_n;

	assert_dlb_ok(f,
		dlb_satchel_open(&box, n->fs, fixture_path(f, "man/box.dlb"),
			&unlock, false, 0, n->env, &f->err));
	assert_dlb_ok(
		f, dlb_node_list_shown(box, 0, &shown, &shown_n, &f->err));
	dlb_box_tag_key(key.key, p->box.root);
	dlb_node_match_tags(n, box, &key, 1, shown, shown_n);
	*bound = *others = 0;
	for (size_t i = 0; i < shown_n; i++)
		++*(shown[i].box ? bound : others);
	free(shown);
	dlb_satchel_close(box);
	dlb_node_close(n);
}
