#include "backup_world.h"

#include <stdlib.h>
#include <string.h>

const char *const friends[FRIENDS] = {"bob", "carol", "dave", "erin", "frank"};

int64_t
id_of(struct fixture *f, struct dlb_node *n, const char *name)
{
	struct dlb_correspondent who;

	assert_dlb_ok(f,
		dlb_correspondent_by_name(
			dlb_node_letterbox(n), &who, name, &f->err));
	return who.id;
}

struct dlb_correspondent
person(struct fixture *f, struct dlb_node *n, const char *name)
{
	struct dlb_correspondent who;

	assert_dlb_ok(f,
		dlb_correspondent_by_name(
			dlb_node_letterbox(n), &who, name, &f->err));
	return who;
}

void
commit(struct fixture *f, struct dlb_node *n)
{
	assert_dlb_ok(f, dlb_letterbox_commit(dlb_node_letterbox(n), &f->err));
}

void
make_world(struct fixture *f)
{
	struct dlb_node *alice, *n;

	fixture_home(f, "alice", false);
	for (size_t i = 0; i < FRIENDS; i++)
		fixture_home(f, friends[i], false);
	for (size_t i = 0; i < FRIENDS; i++) {
		n = fixture_open(f, friends[i]);
		assert_dlb_ok(f,
			dlb_correspondent_verify(dlb_node_letterbox(n),
				fixture_introduce(f, n, "alice"), true,
				&f->err));
		commit(f, n);
		dlb_node_close(n);
	}
	alice = fixture_open(f, "alice");
	for (size_t i = 0; i < FRIENDS; i++)
		fixture_introduce(f, alice, friends[i]);
	assert_dlb_ok(f,
		dlb_correspondent_verify(dlb_node_letterbox(alice),
			id_of(f, alice, "bob"), true, &f->err));
	assert_dlb_ok(f,
		dlb_correspondent_receipts(dlb_node_letterbox(alice),
			id_of(f, alice, "frank"), false, &f->err));
	commit(f, alice);
	fixture_stick(f, alice, "usb", 96);
	dlb_node_close(alice);
}

struct dlb_meet_result
meets(struct fixture *f, const char *who)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_meet_result r = fixture_meet(f, n, "usb");

	dlb_node_close(n);
	return r;
}

void
friends_meet(struct fixture *f)
{
	for (size_t i = 0; i < FRIENDS; i++)
		meets(f, friends[i]);
}

enum dlb_status
back_up(struct fixture *f, unsigned need)
{
	struct dlb_node *n = fixture_open(f, "alice");
	int64_t ids[FRIENDS];
	struct dlb_backup_order order = {
		.holders = ids, .holders_n = FRIENDS, .need = need};
	struct dlb_backup_result result;
	enum dlb_status st;

	for (size_t i = 0; i < FRIENDS; i++)
		ids[i] = id_of(f, n, friends[i]);
	st = dlb_node_backup(n, &order, &result, &f->err);
	if (st == DLB_OK) {
		assert_true(result.cells >= FRIENDS);
		assert_int_equal(result.left_out.people, 0);
		fixture_meet(f, n, "usb");
	}
	dlb_node_close(n);
	return st;
}

void
make_waiting(struct fixture *f, const char *name)
{
	struct dlb_home_options o = {.waits = true,
		.name = name,
		.size = 24 << 20,
		.unlock = {.kind = DLB_UNLOCK_OPEN}};
	struct dlb_node *n = NULL;

	assert_dlb_ok(f,
		dlb_node_create(&n, fixture_path(f, name), &o, &f->env.env,
			NULL, &f->err));
	dlb_node_close(n);
}

unsigned
gives_of(struct fixture *f, const char *who, const char *owner, const char *to)
{
	struct dlb_node *n = fixture_open(f, who);
	unsigned count = 0;

	assert_dlb_ok(f,
		dlb_node_give_shares(n, id_of(f, n, owner),
			fixture_introduce(f, n, to), &count, &f->err));
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	return count;
}

unsigned
gives(struct fixture *f, const char *who, const char *to)
{
	return gives_of(f, who, "alice", to);
}

void
make_rival(struct fixture *f)
{
	struct dlb_backup_order order = {.holders_n = 2, .need = 2};
	struct dlb_backup_result result;
	int64_t ids[2];
	struct dlb_node *n;

	fixture_home(f, "mallory", false);
	n = fixture_open(f, "mallory");
	for (size_t i = 0; i < 2; i++)
		ids[i] = fixture_introduce(f, n, friends[i]);
	dlb_node_close(n);
	for (size_t i = 0; i < 2; i++) {
		n = fixture_open(f, friends[i]);
		fixture_introduce(f, n, "mallory");
		dlb_node_close(n);
	}
	n = fixture_open(f, "mallory");
	order.holders = ids;
	assert_dlb_ok(f, dlb_node_backup(n, &order, &result, &f->err));
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	friends_meet(f);
}

bool
add_share(void *ctx, const struct dlb_kept_share *share)
{
	struct shares *s = ctx;

	assert_true(s->n < DLB_ARRAY_LEN(s->list));
	s->list[s->n++] = *share;
	return true;
}

struct shares
kept(struct fixture *f, const char *who)
{
	struct dlb_node *n = fixture_open(f, who);
	struct shares s = {.n = 0};

	assert_dlb_ok(f, dlb_node_kept_shares(n, add_share, &s, &f->err));
	dlb_node_close(n);
	return s;
}

enum dlb_status
restore(struct fixture *f, struct dlb_node *n, struct dlb_restored *out,
	struct dlb_restoring_info *info)
{
	struct dlb_restoring *r = NULL;
	enum dlb_status st;

	assert_dlb_ok(f, dlb_restoring_new(&r, &f->err));
	st = dlb_restoring_add_home(r, n, NULL, NULL, &f->err);
	if (st == DLB_OK)
		st = dlb_restoring_join(r, info, &f->err);
	if (st == DLB_OK)
		st = dlb_node_restore(n, r, out, &f->err);
	dlb_restoring_free(r);
	return st;
}

uint64_t
serial_of(struct fixture *f, struct dlb_node *n)
{
	struct dlb_buf bytes = {0};
	struct dlb_card card;

	assert_dlb_ok(f,
		dlb_letterbox_card(
			dlb_node_letterbox(n), false, &bytes, &f->err));
	assert_dlb_ok(f, dlb_card_parse(&card, bytes.data, bytes.len, &f->err));
	dlb_buf_free(&bytes);
	return card.serial;
}

size_t
letters_seen(struct dlb_node *n)
{
	struct dlb_in_letter letter;
	size_t all = fixture_inbox(n, &letter);

	return all > 0 && dlb_in_is_seen(&letter) ? all : 0;
}

struct dlb_buf
share_of(struct fixture *f, const char *who)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_buf bytes = {0};
	struct shares s = {.n = 0};

	assert_dlb_ok(f, dlb_node_kept_shares(n, add_share, &s, &f->err));
	assert_int_equal(s.n, 1);
	assert_dlb_ok(f, dlb_node_share_bytes(n, &s.list[0], &bytes, &f->err));
	dlb_node_close(n);
	return bytes;
}
