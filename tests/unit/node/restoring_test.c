/*
 * What a letterbox that is had again may be: newer than the lost one, of one person, and
 * without anything that was there before.
 */
#include "backup_world.h"
#include "state_internal.h"

#include <stdlib.h>
#include <string.h>

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
			dlb_node_share_bytes(n, &s.list[0], &bytes, &f->err));
		if (i < 2) /* the end of what is sealed, alike in both */
			bytes.data[bytes.len - 1] ^= 1;
		assert_dlb_ok(f,
			dlb_restoring_add(
				r, friends[i], bytes.data, bytes.len, &f->err));
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
		assert_int_equal(
			part, i < 2 ? DLB_RESTORING_FALSE : DLB_RESTORING_USED);
	}
	dlb_restoring_free(r);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_lost_machine_turns_up),
		TEST(the_newest_card_that_holders_know_counts),
		TEST(nothing_is_repeated),
		TEST(of_two_persons_none_is_chosen),
		TEST(what_gives_no_backup_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
