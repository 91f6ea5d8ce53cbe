/*
 * Losing a machine: a backup that goes to five people, what they keep, hand back, and
 * what comes of it.
 */
#include "backup_share.h"
#include "backups.h"
#include "home_fixture.h"
#include "state_internal.h"

#include <stdlib.h>
#include <string.h>

static const char *const friends[] = {"bob", "carol", "dave", "erin", "frank"};
#define FRIENDS DLB_ARRAY_LEN(friends)

static int64_t
id_of(struct fixture *f, struct dlb_node *n, const char *name)
{
	struct dlb_correspondent who;

	assert_dlb_ok(f,
		dlb_correspondent_by_name(
			dlb_node_letterbox(n), &who, name, &f->err));
	return who.id;
}

static struct dlb_correspondent
person(struct fixture *f, struct dlb_node *n, const char *name)
{
	struct dlb_correspondent who;

	assert_dlb_ok(f,
		dlb_correspondent_by_name(
			dlb_node_letterbox(n), &who, name, &f->err));
	return who;
}

static void
commit(struct fixture *f, struct dlb_node *n)
{
	assert_dlb_ok(f, dlb_letterbox_commit(dlb_node_letterbox(n), &f->err));
}

/* Alice and five friends, who know and have verified each other; a stick. */
static void
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

static struct dlb_meet_result
meets(struct fixture *f, const char *who)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_meet_result r = fixture_meet(f, n, "usb");

	dlb_node_close(n);
	return r;
}

static void
friends_meet(struct fixture *f)
{
	for (size_t i = 0; i < FRIENDS; i++)
		meets(f, friends[i]);
}

static enum dlb_status
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
		assert_int_equal(result.left_out, 0);
		fixture_meet(f, n, "usb");
	}
	dlb_node_close(n);
	return st;
}

static void
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

/* `who` hands what they keep for `owner`, or for alice, to the home `to`. */
static unsigned
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

static unsigned
gives(struct fixture *f, const char *who, const char *to)
{
	return gives_of(f, who, "alice", to);
}

/* Somebody who says to be alice, and whose friends bob and carol are. */
static void
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

struct shares {
	struct dlb_kept_share list[16];
	size_t n;
};

static bool
add_share(void *ctx, const struct dlb_kept_share *share)
{
	struct shares *s = ctx;

	assert_true(s->n < DLB_ARRAY_LEN(s->list));
	s->list[s->n++] = *share;
	return true;
}

static struct shares
kept(struct fixture *f, const char *who)
{
	struct dlb_node *n = fixture_open(f, who);
	struct shares s = {.n = 0};

	assert_dlb_ok(f, dlb_node_kept_shares(n, add_share, &s, &f->err));
	dlb_node_close(n);
	return s;
}

static enum dlb_status
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

static uint64_t
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

static size_t
letters_seen(struct dlb_node *n)
{
	struct dlb_in_letter letter;
	size_t all = fixture_inbox(n, &letter);

	return all > 0 && dlb_in_is_seen(&letter) ? all : 0;
}

/* Backup, letters, holders, hand back, restore, letters both ways. */
static void
a_lost_letterbox_is_had_again(void **state)
{
	struct fixture *f = *state;
	struct dlb_restoring_info info;
	struct dlb_backup_note note;
	struct dlb_restored restored;
	struct dlb_in_letter letter;
	struct dlb_identity old;
	uint64_t old_serial;
	struct shares s;
	struct dlb_node *n;

	make_world(f);
	assert_dlb_ok(f, back_up(f, 3));
	friends_meet(f);
	s = kept(f, "dave");
	assert_int_equal(s.n, 1);
	assert_false(s.list[0].given);
	assert_false(s.list[0].seen);
	assert_int_equal(s.list[0].need, 3);
	assert_int_equal(s.list[0].made_ms, FIXTURE_NOW_MS);
	n = fixture_open(f, "dave");
	assert_int_equal(letters_seen(n), 0);
	dlb_node_close(n);

	/* They say that they have them; frank is not asked to. */
	meets(f, "alice");
	n = fixture_open(f, "alice");
	assert_dlb_ok(
		f, dlb_backup_note_get(dlb_node_letterbox(n), &note, &f->err));
	assert_int_equal(dlb_backup_note_arrived(&note), 4);
	assert_int_equal(note.settled_s, note.made_s);
	old = *dlb_letterbox_identity(dlb_node_letterbox(n));
	old_serial = serial_of(f, n);
	dlb_node_close(n);

	/* The machine is gone. Two are too few. */
	f->env.now_ms += 3 * DLB_DAY_MS;
	make_waiting(f, "again");
	assert_int_equal(gives(f, "bob", "again"), 1);
	gives(f, "dave", "again");
	meets(f, "again");
	n = fixture_open(f, "again");
	assert_int_equal(letters_seen(n), 2);
	assert_int_equal(restore(f, n, &restored, &info), DLB_PARTLY);
	assert_int_equal(info.missing, 1);
	assert_true(dlb_letterbox_waits(dlb_node_letterbox(n)));
	assert_memory_not_equal(dlb_letterbox_identity(dlb_node_letterbox(n)),
		&old, sizeof(old));
	dlb_node_close(n);
	gives(f, "erin", "again");
	meets(f, "again");

	n = fixture_open(f, "again");
	assert_dlb_ok(f, restore(f, n, &restored, &info));
	assert_string_equal(info.backup.name, "alice");
	assert_int_equal(restored.people, 5);
	assert_int_equal(restored.refused, 0);
	assert_true(restored.serial > old_serial);
	dlb_node_close(n);
	n = fixture_open(f, "again");
	assert_memory_equal(dlb_letterbox_identity(dlb_node_letterbox(n)), &old,
		sizeof(old));
	assert_int_equal(serial_of(f, n), restored.serial);
	assert_false(dlb_letterbox_waits(dlb_node_letterbox(n)));
	assert_true(person(f, n, "bob").verified);
	assert_false(person(f, n, "carol").verified);
	assert_false(person(f, n, "frank").receipts);
	assert_int_equal(dlb_keys_condemned(dlb_node_letterbox(n)), 0);
	/* Shares are not left behind. */
	assert_int_equal(letters_seen(n), 0);
	assert_int_equal(restore(f, n, &restored, &info), DLB_PARTLY);

	/* Both ways, and what was verified stays so. */
	fixture_send(f, n, id_of(f, n, "bob"), NULL, "it is me");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "bob");
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_inbox(n, &letter), 2);
	assert_int_equal(person(f, n, "alice").serial,
		serial_of(f, n) > 0 ? restored.serial : 0);
	assert_true(person(f, n, "alice").verified);
	fixture_send(f, n, id_of(f, n, "alice"), NULL, "so it is");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "again");
	n = fixture_open(f, "again");
	assert_int_equal(fixture_inbox(n, &letter), 1);
	assert_string_equal(letter.summary, "so it is");
	assert_int_equal(letter.from, id_of(f, n, "bob"));
	dlb_node_close(n);
}

/* Who has the old card seals to keys that are gone; the machine that turns up again
 * opens it, and does not become the one that others write to. */
static void
the_lost_machine_turns_up(void **state)
{
	struct fixture *f = *state;
	struct dlb_restoring_info info;
	struct dlb_correspondent who;
	struct dlb_restored restored;
	struct dlb_in_letter letter;
	struct dlb_buf bytes = {0};
	struct dlb_card card;
	struct dlb_node *n;

	make_world(f);
	assert_dlb_ok(f, back_up(f, 2));
	friends_meet(f);
	make_waiting(f, "again");
	gives(f, "bob", "again");
	gives(f, "dave", "again");
	meets(f, "again");
	n = fixture_open(f, "again");
	assert_dlb_ok(f, restore(f, n, &restored, &info));
	assert_dlb_ok(f,
		dlb_letterbox_card(
			dlb_node_letterbox(n), false, &bytes, &f->err));
	assert_dlb_ok(f, dlb_card_parse(&card, bytes.data, bytes.len, &f->err));
	dlb_node_close(n);

	n = fixture_open(f, "carol");
	fixture_send(f, n, id_of(f, n, "alice"), NULL, "to the old card");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	assert_int_equal(meets(f, "again").letters_new, 0);
	assert_int_equal(meets(f, "alice").letters_new, 1);

	/* The old home sees that another one is later than itself. */
	n = fixture_open(f, "alice");
	assert_int_equal(dlb_correspondent_add(dlb_node_letterbox(n), &who,
				 &card, NULL, &f->err),
		DLB_REFUSED);
	assert_non_null(strstr(f->err.msg, "restored"));
	/* Its next card is an older one, whenever it comes. */
	fixture_send(f, n, id_of(f, n, "bob"), NULL, "from the old machine");
	dlb_node_close(n);
	n = fixture_open(f, "again");
	fixture_send(f, n, id_of(f, n, "bob"), NULL, "from the new one");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "bob");
	f->env.now_ms += 40 * DLB_DAY_MS;
	n = fixture_open(f, "alice");
	dlb_node_close(n);
	assert_dlb_ok(f, (n = fixture_open(f, "alice"), DLB_OK));
	assert_dlb_ok(f, dlb_node_confirm_clock(n, &f->err));
	dlb_node_close(n);
	n = fixture_open(f, "alice");
	assert_true(serial_of(f, n) < restored.serial);
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	assert_dlb_ok(f, dlb_node_confirm_clock(n, &f->err));
	fixture_meet(f, n, "usb");
	assert_true(fixture_inbox(n, &letter) >= 2);
	assert_int_equal(person(f, n, "alice").serial, restored.serial);
	dlb_node_close(n);
	dlb_buf_free(&bytes);
}

static struct dlb_buf
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

/* The same share with another card in it. */
static void
with_card(struct dlb_buf *record, const struct dlb_buf *card)
{
	struct dlb_backup_share share;
	struct dlb_buf changed = {0};
	struct dlb_error err;

	assert_int_equal(
		dlb_backup_share_parse(&share, record->data, record->len, &err),
		DLB_OK);
	assert_int_equal(
		dlb_backup_share_give(&changed, &share, card->data, card->len),
		DLB_OK);
	dlb_buf_free(record);
	*record = changed;
}

/* One holder has seen a card that a clock which was ahead, or a restoring since, gave a
 * serial above what the time gives. What another holder makes up counts for nothing. */
static void
the_newest_card_that_holders_know_counts(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf bytes[2], card = {0};
	struct dlb_restoring *r = NULL;
	struct dlb_restoring_info info;
	struct dlb_node *n;

	make_world(f);
	assert_dlb_ok(f, back_up(f, 2));
	friends_meet(f);
	n = fixture_open(f, "alice");
	assert_dlb_ok(f,
		dlb_own_set_int(n->letterbox, "serial of the card", 1LL << 40,
			&f->err));
	commit(f, n);
	f->env.now_ms += 29 * DLB_DAY_MS;
	assert_dlb_ok(f, dlb_node_look_at_clock(n, &f->err));
	assert_int_equal(serial_of(f, n), (1LL << 40) + 1);
	fixture_send(f, n, id_of(f, n, "bob"), NULL, "my next card");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "bob");
	bytes[0] = share_of(f, "bob");
	bytes[1] = share_of(f, "carol");

	for (unsigned lie = 0; lie < 3; lie++) {
		if (lie == 1) {
			/* A true card, of somebody else, and of a high serial. */
			n = fixture_open(f, "dave");
			assert_dlb_ok(f,
				dlb_own_set_int(n->letterbox,
					"serial of the card", 1LL << 50,
					&f->err));
			f->env.now_ms += 29 * DLB_DAY_MS;
			assert_dlb_ok(f, dlb_node_look_at_clock(n, &f->err));
			assert_dlb_ok(f,
				dlb_letterbox_card(
					n->letterbox, false, &card, &f->err));
			dlb_node_close(n);
			with_card(&bytes[1], &card);
		} else if (lie == 2) {
			/* Hers, with another serial, unsigned. */
			n = fixture_open(f, "bob");
			card.len = 0;
			assert_dlb_ok(f,
				dlb_correspondent_card(n->letterbox, &card,
					id_of(f, n, "alice"), &f->err));
			dlb_node_close(n);
			card.data[6] = 0x7f;
			with_card(&bytes[1], &card);
		}
		assert_dlb_ok(f, dlb_restoring_new(&r, &f->err));
		for (unsigned i = 0; i < 2; i++)
			assert_dlb_ok(f,
				dlb_restoring_add(r, friends[i], bytes[i].data,
					bytes[i].len, &f->err));
		assert_dlb_ok(f, dlb_restoring_join(r, &info, &f->err));
		assert_true(info.backup.serial < 1 << 16);
		assert_int_equal(info.newest_serial, (1LL << 40) + 1);
		dlb_restoring_free(r);
	}
	dlb_buf_free(&bytes[0]);
	dlb_buf_free(&bytes[1]);
	dlb_buf_free(&card);
}

/* What holders keep: the newest, and what the owner knows that enough have. */
static void
a_newer_one_takes_the_place_of_what_is_not_needed(void **state)
{
	struct fixture *f = *state;
	struct shares s;

	make_world(f);
	assert_dlb_ok(f, back_up(f, 3));
	friends_meet(f);
	f->env.now_ms += 60000;
	/* Before she knows that it arrived: both are kept. */
	assert_dlb_ok(f, back_up(f, 3));
	friends_meet(f);
	assert_int_equal(kept(f, "bob").n, 2);
	/* She learns of both; the next one says that the second suffices. */
	meets(f, "alice");
	f->env.now_ms += 60000;
	assert_dlb_ok(f, back_up(f, 3));
	friends_meet(f);
	s = kept(f, "bob");
	assert_int_equal(s.n, 2);
	assert_int_equal(s.list[0].made_ms, FIXTURE_NOW_MS + 60000);
	assert_int_equal(s.list[1].made_ms, FIXTURE_NOW_MS + 120000);
	/* Many that she hears nothing of: four, and the one that is whole. */
	for (unsigned i = 0; i < 5; i++) {
		f->env.now_ms += 60000;
		assert_dlb_ok(f, back_up(f, 3));
	}
	meets(f, "bob");
	s = kept(f, "bob");
	assert_int_equal(s.n, 4);
	for (size_t i = 0; i < s.n; i++)
		assert_true(s.list[i].made_ms == FIXTURE_NOW_MS + 60000
			|| s.list[i].made_ms >= FIXTURE_NOW_MS + 5 * 60000);
}

static void
a_strangers_share_is_shown_and_kept_once_they_are_known(void **state)
{
	struct fixture *f = *state;
	struct dlb_backup_order order = {.need = 2};
	struct dlb_backup_result result;
	struct dlb_in_letter letter;
	struct dlb_correspondent who;
	struct dlb_card card;
	int64_t ids[2];
	unsigned count;
	struct shares s;
	struct dlb_node *n;

	make_world(f);
	fixture_home(f, "mallory", false);
	n = fixture_open(f, "mallory");
	ids[0] = fixture_introduce(f, n, "bob");
	ids[1] = fixture_introduce(f, n, "carol");
	order.holders = ids;
	order.holders_n = 2;
	assert_dlb_ok(f, dlb_node_backup(n, &order, &result, &f->err));
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "bob");
	s = kept(f, "bob");
	assert_int_equal(s.n, 1);
	assert_int_equal(s.list[0].from, 0);
	assert_true(s.list[0].seen);
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_inbox(n, &letter), 1);
	assert_non_null(strstr(letter.summary, "to be kept"));
	assert_dlb_ok(
		f, dlb_node_letter_card(n, letter.number, &card, &f->err));
	assert_dlb_ok(f,
		dlb_correspondent_add(
			dlb_node_letterbox(n), &who, &card, NULL, &f->err));
	commit(f, n);
	assert_int_equal(
		dlb_node_give_shares(n, who.id, who.id, &count, &f->err),
		DLB_USAGE);
	assert_dlb_ok(f,
		dlb_node_give_shares(
			n, who.id, id_of(f, n, "alice"), &count, &f->err));
	assert_int_equal(count, 1);
	assert_dlb_ok(f, dlb_node_forget_shares(n, who.id, &count, &f->err));
	assert_int_equal(count, 1);
	assert_int_equal(dlb_node_forget_shares(n, who.id, &count, &f->err),
		DLB_NOT_FOUND);
	dlb_node_close(n);
	assert_int_equal(kept(f, "bob").n, 0);
}

/* ---- what never comes twice -------------------------------------------------------- */

struct seen {
	uint8_t (*list)[32];
	size_t n, cap;
	const char *home;
};

/* Shorter ones with zeros behind them. */
static void
see_once(struct seen *s, const void *what, size_t len)
{
	uint8_t key[32] = {0};

	memcpy(key, what, len);
	for (size_t i = 0; i < s->n; i++)
		if (memcmp(s->list[i], key, sizeof(key)) == 0)
			fail_msg("%s repeats what was there", s->home);
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 1024;
		s->list = realloc(s->list, s->cap * sizeof(*s->list));
		assert_non_null(s->list);
	}
	memcpy(s->list[s->n++], key, sizeof(key));
}

struct looking {
	struct seen *seen;
	struct dlb_node *n;
	size_t letters, cells;
};

static bool
look_at_letter(void *ctx, const struct dlb_out_letter *out)
{
	struct looking *k = ctx;
	struct dlb_buf names = {0};
	struct dlb_error err;

	k->letters++;
	/* Cover has none. */
	if (out->to) {
		see_once(k->seen, out->letter_id, sizeof(out->letter_id));
		see_once(k->seen, out->sealing_id, sizeof(out->sealing_id));
	}
	see_once(k->seen, out->recall_key, sizeof(out->recall_key));
	assert_int_equal(dlb_out_cells(dlb_node_letterbox(k->n), out->number,
				 &names, &err),
		DLB_OK);
	for (size_t at = 0; at < names.len; at += 32) {
		uint8_t *cell = dlb_node_cell(k->n, 0), core[32], name[32];
		uint32_t number =
			dlb_satchel_find(k->n->satchel, names.data + at);
		struct dlb_waybill waybill;

		if (number == DLB_NO_ENTRY)
			continue;
		assert_int_equal(dlb_satchel_get(k->n->satchel, number, cell,
					 core, name, k->n->aead[0], true, &err),
			DLB_OK);
		assert_int_equal(dlb_cell_check(&waybill, cell, &err), DLB_OK);
		see_once(k->seen, waybill.token_hash, 32);
		see_once(k->seen, cell + DLB_WAYBILL_LEN, 32);
		see_once(k->seen, cell + DLB_WAYBILL_LEN + 32, 32);
		k->cells++;
	}
	dlb_buf_free(&names);
	return true;
}

/* Letters, cover and a backup, of a home that is opened with this randomness. */
static void
work(struct fixture *f, struct seen *seen, const char *home, unsigned seed)
{
	struct looking k = {.seen = seen};
	int64_t now = f->env.now_ms, ids[2];
	struct dlb_backup_order order = {
		.holders = ids, .holders_n = 2, .need = 2};
	struct dlb_backup_result result;
	uint8_t root[DLB_KEY_LEN];

	dlb_env_seeded_init(&f->env, seed, now);
	seen->home = home;
	k.n = fixture_open(f, home);
	ids[0] = id_of(f, k.n, "bob");
	ids[1] = id_of(f, k.n, "carol");
	for (unsigned i = 0; i < 5; i++)
		fixture_send(f, k.n, ids[0], NULL, "the same words each time");
	assert_dlb_ok(f, dlb_node_backup(k.n, &order, &result, &f->err));
	fixture_meet(f, k.n, "usb");
	dlb_letterbox_root(dlb_node_letterbox(k.n), root);
	see_once(seen, root, sizeof(root));
	assert_dlb_ok(f,
		dlb_out_each(
			dlb_node_letterbox(k.n), look_at_letter, &k, &f->err));
	assert_true(k.letters > 7); /* cover, too */
	assert_true(k.cells > 7 + 40);
	dlb_node_close(k.n);
}

/* The lost home goes on, and two are made of one backup: the same identity, the same
 * people, the same day. */
static void
nothing_is_repeated(void **state)
{
	static const char *const homes[] = {"second", "third"};
	struct fixture *f = *state;
	struct seen seen = {.n = 0};
	struct dlb_buf bytes[2] = {{0}};
	struct shares s;

	make_world(f);
	assert_dlb_ok(f, back_up(f, 2));
	friends_meet(f);
	for (unsigned i = 0; i < 2; i++) {
		struct dlb_node *n = fixture_open(f, friends[i]);

		s.n = 0;
		assert_dlb_ok(
			f, dlb_node_kept_shares(n, add_share, &s, &f->err));
		assert_dlb_ok(f,
			dlb_node_share_bytes(
				n, &s.list[0], &bytes[i], &f->err));
		dlb_node_close(n);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct dlb_restoring_info info;
		struct dlb_restored restored;
		struct dlb_home_options o = {.size = 24 << 20,
			.restored = &restored,
			.unlock = {.kind = DLB_UNLOCK_OPEN}};
		struct dlb_node *n = NULL;

		dlb_env_seeded_init(
			&f->env, 100 + i, FIXTURE_NOW_MS + i * 1000);
		assert_dlb_ok(f, dlb_restoring_new(&o.restoring, &f->err));
		for (unsigned k = 0; k < 2; k++)
			assert_dlb_ok(f,
				dlb_restoring_add(o.restoring, friends[k],
					bytes[k].data, bytes[k].len, &f->err));
		assert_dlb_ok(
			f, dlb_restoring_join(o.restoring, &info, &f->err));
		assert_dlb_ok(f,
			dlb_node_create(&n, fixture_path(f, homes[i]), &o,
				&f->env.env, NULL, &f->err));
		dlb_restoring_free(o.restoring);
		dlb_node_close(n);
	}
	work(f, &seen, "alice", 11);
	work(f, &seen, "second", 12);
	work(f, &seen, "third", 13);
	free(seen.list);
	dlb_buf_free(&bytes[0]);
	dlb_buf_free(&bytes[1]);
}

/* Who hands back a whole backup of their own making does not become the owner of a
 * home to which a true one was handed, and the true shares stay. */
static void
of_two_persons_none_is_chosen(void **state)
{
	struct fixture *f = *state;
	struct dlb_restoring_info info;
	struct dlb_restored restored;
	struct dlb_node *n;
	size_t before;

	make_world(f);
	assert_dlb_ok(f, back_up(f, 2));
	friends_meet(f);
	f->env.now_ms += DLB_DAY_MS;
	make_rival(f);
	make_waiting(f, "again");
	gives(f, "dave", "again");
	gives(f, "erin", "again");
	for (size_t i = 0; i < 2; i++)
		gives_of(f, friends[i], "mallory", "again");
	meets(f, "again");
	n = fixture_open(f, "again");
	before = letters_seen(n);
	assert_int_equal(before, 4);
	assert_int_equal(restore(f, n, &restored, &info), DLB_REFUSED);
	assert_string_equal(info.backup.name, "mallory");
	assert_string_equal(info.rival.name, "alice");
	assert_int_not_equal(info.rival_made_ms, 0);
	assert_true(dlb_letterbox_waits(dlb_node_letterbox(n)));
	assert_int_equal(letters_seen(n), before);
	dlb_node_close(n);
}

/* Holders whose shares fit together and give nothing stand in nobody's way. */
static void
what_gives_no_backup_is_passed_over(void **state)
{
	struct fixture *f = *state;
	struct dlb_restoring_info info;
	struct dlb_restoring *r = NULL;
	enum dlb_restoring_part part;

	make_world(f);
	assert_dlb_ok(f, back_up(f, 2));
	friends_meet(f);
	assert_dlb_ok(f, dlb_restoring_new(&r, &f->err));
	for (size_t i = 0; i < 4; i++) {
		struct dlb_node *n = fixture_open(f, friends[i]);
		struct dlb_buf bytes = {0};
		struct shares s = {.n = 0};

		assert_dlb_ok(
			f, dlb_node_kept_shares(n, add_share, &s, &f->err));
		assert_dlb_ok(f,
			dlb_node_share_bytes(
				n, &s.list[0], &bytes, &f->err));
		if (i < 2) /* the end of what is sealed, alike in both */
			bytes.data[bytes.len - 1] ^= 1;
		assert_dlb_ok(f,
			dlb_restoring_add(r, friends[i], bytes.data, bytes.len,
				&f->err));
		dlb_buf_free(&bytes);
		dlb_node_close(n);
		if (i == 1)
			assert_int_equal(dlb_restoring_join(r, &info, &f->err),
				DLB_FORGED);
		if (i == 2)
			assert_int_equal(dlb_restoring_join(r, &info, &f->err),
				DLB_PARTLY);
	}
	assert_dlb_ok(f, dlb_restoring_join(r, &info, &f->err));
	assert_string_equal(info.backup.name, "alice");
	for (size_t i = 0; i < 4; i++) {
		dlb_restoring_label(r, i, &part);
		assert_int_equal(part,
			i < 2 ? DLB_RESTORING_FALSE : DLB_RESTORING_USED);
	}
	dlb_restoring_free(r);
}

static void
what_can_not_be_is_refused_and_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct dlb_backup_note note;
	struct dlb_backup_result result;
	struct dlb_backup_order order = {.need = 3};
	struct dlb_satchel_info before, after;
	int64_t ids[300];
	struct dlb_node *n;

	make_world(f);
	n = fixture_open(f, "alice");
	dlb_node_satchel_info(n, &before);
	for (size_t i = 0; i < DLB_ARRAY_LEN(ids); i++)
		ids[i] = id_of(f, n, friends[i % FRIENDS]);
	order.holders = ids;
	order.holders_n = 5;
	order.need = 6;
	assert_int_equal(
		dlb_node_backup(n, &order, &result, &f->err), DLB_USAGE);
	order.need = 1;
	assert_int_equal(
		dlb_node_backup(n, &order, &result, &f->err), DLB_USAGE);
	order.need = 3;
	order.holders_n = 6;
	assert_int_equal(
		dlb_node_backup(n, &order, &result, &f->err), DLB_USAGE);
	assert_non_null(strstr(f->err.msg, "bob is named twice"));
	ids[4] = 4711;
	order.holders_n = 5;
	assert_int_equal(
		dlb_node_backup(n, &order, &result, &f->err), DLB_NOT_FOUND);
	dlb_node_satchel_info(n, &after);
	assert_int_equal(after.held, before.held);
	assert_int_equal(
		dlb_backup_note_get(dlb_node_letterbox(n), &note, NULL),
		DLB_NOT_FOUND);
	dlb_node_close(n);
	/* A person's home is not restored over. */
	n = fixture_open(f, "bob");
	{
		struct dlb_restored restored;

		assert_int_equal(
			dlb_letterbox_restore(dlb_node_letterbox(n), &restored,
				(const uint8_t *)"", 0, 0, 0, &f->err),
			DLB_MALFORMED);
	}
	dlb_node_close(n);
}

/* The home has room for some of the shares, and not for all. */
static void
all_of_them_are_sealed_or_none(void **state)
{
	struct fixture *f = *state;
	struct dlb_satchel_info before, after;
	int64_t ids[FRIENDS];
	struct dlb_backup_order order = {
		.holders = ids, .holders_n = FRIENDS, .need = 3};
	struct dlb_backup_result result;
	struct dlb_backup_note note;
	struct dlb_node *n;

	make_world(f);
	n = fixture_open(f, "alice");
	fixture_file(f, "large", 7 * 65000, 1);
	do {
		fixture_send(f, n, id_of(f, n, "bob"), "large", NULL);
		dlb_node_satchel_info(n, &before);
	} while (before.reserve - before.held > 13);
	assert_in_range(before.reserve - before.held, 4, 13);
	for (size_t i = 0; i < FRIENDS; i++)
		ids[i] = id_of(f, n, friends[i]);
	assert_int_equal(
		dlb_node_backup(n, &order, &result, &f->err), DLB_NO_SPACE);
	assert_non_null(strstr(f->err.msg, "no room"));
	dlb_node_satchel_info(n, &after);
	assert_int_equal(after.held, before.held);
	assert_int_equal(
		dlb_backup_note_get(dlb_node_letterbox(n), &note, NULL),
		DLB_NOT_FOUND);
	dlb_node_close(n);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_lost_letterbox_is_had_again),
		TEST(the_lost_machine_turns_up),
		TEST(the_newest_card_that_holders_know_counts),
		TEST(a_newer_one_takes_the_place_of_what_is_not_needed),
		TEST(a_strangers_share_is_shown_and_kept_once_they_are_known),
		TEST(nothing_is_repeated),
		TEST(all_of_them_are_sealed_or_none),
		TEST(of_two_persons_none_is_chosen),
		TEST(what_gives_no_backup_is_passed_over),
		TEST(what_can_not_be_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
