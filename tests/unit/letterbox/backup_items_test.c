/*
 * What a backup holds beside people, and how much of it comes back: boxes, authors that
 * one follows, rosters, one's own; things of a newer program; what is not sound.
 */
#include "backup_internal.h"
#include "letterbox_test.h"

#include <sys/stat.h>

#define CAP 2031616u
#define NOW_S (TEST_NOW_MS / 1000)

/* A letterbox in memory alone: nothing is committed. */
static struct dlb_letterbox *
make(struct fixture *f, const char *name)
{
	struct dlb_letterbox *l;

	assert_ok(dlb_letterbox_create(&l, dlb_fs_posix(), "/nowhere",
		&f->unlock, name != NULL, name, &f->env.env, &f->err));
	return l;
}

static void
back_up(struct dlb_letterbox *l, struct dlb_buf *out, size_t cap,
	struct dlb_backup_counts *left_out)
{
	struct dlb_backup_options o = {.cap = cap};
	struct dlb_error err;

	out->len = 0;
	if (dlb_backup_content(l, out, &o, left_out, &err) != DLB_OK)
		fail_msg("%s", err.msg);
	assert_true(out->len <= cap);
}

static struct dlb_restored
restore(struct fixture *f, struct dlb_letterbox *l,
	const struct dlb_buf *content)
{
	struct dlb_restored out;

	if (dlb_letterbox_restore(
		    l, &out, content->data, content->len, NOW_S, 0, &f->err)
		!= DLB_OK)
		fail_msg("%s", f->err.msg);
	return out;
}

static struct dlb_restored
again(struct fixture *f, struct dlb_letterbox **l, const struct dlb_buf *bytes)
{
	*l = make(f, NULL);
	return restore(f, *l, bytes);
}

static void
save_box(struct fixture *f, struct dlb_letterbox *l, const char *name,
	const char *place, uint8_t root)
{
	struct dlb_box box = {.path = "/media/usb"};

	snprintf(box.name, sizeof(box.name), "%s", name);
	snprintf(box.place, sizeof(box.place), "%s", place);
	memset(box.root, root, sizeof(box.root));
	assert_ok(dlb_box_save(l, &box, &f->err));
}

/* ---- boxes ----------------------------------------------------------------------------- */

static void
boxes_have_their_places(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = make(f, "alice"), *w;
	struct dlb_backup_counts left_out;
	struct dlb_buf content = {0};
	struct dlb_restored had;
	struct dlb_box box;

	save_box(f, l, "harbour", "pier 4, under the stairs", 1);
	save_box(f, l, "market", "", 2);
	back_up(l, &content, CAP, &left_out);
	had = again(f, &w, &content);
	assert_int_equal(had.counts.boxes, 2);
	assert_ok(dlb_box_by_name(w, &box, "harbour", &f->err));
	assert_string_equal(box.place, "pier 4, under the stairs");
	assert_int_equal(box.root[31], 1);
	assert_string_equal(box.path, "");
	dlb_letterbox_close(w);
	/* Where the name is another's, or the box has another name here. */
	w = make(f, "waiting");
	assert_ok(dlb_letterbox_set_waits(w, true, &f->err));
	save_box(f, w, "harbour", "", 3);
	save_box(f, w, "fair", "", 2);
	restore(f, w, &content);
	assert_ok(dlb_box_by_name(w, &box, "harbour", &f->err));
	assert_int_equal(box.root[0], 3);
	assert_ok(dlb_box_by_name(w, &box, "harbour-2", &f->err));
	assert_int_equal(box.root[0], 1);
	assert_ok(dlb_box_by_name(w, &box, "fair", &f->err));
	assert_int_equal(
		dlb_box_by_name(w, &box, "market", NULL), DLB_NOT_FOUND);
	dlb_letterbox_close(w);
	dlb_letterbox_close(l);
	dlb_buf_free(&content);
}

/* Somebody with a card by which their bulletins are found. */
static void
post_init(struct other *o, struct fixture *f, const char *name, uint64_t serial)
{
	uint8_t key[DLB_KEY_LEN];

	other_init(o, f, name, serial);
	dlb_random(&f->env.env, key, sizeof(key));
	dlb_card_set_bulletin_key(&o->card, key);
	other_sign(o);
}

/* ---- authors ---------------------------------------------------------------------------- */

static void
authors_are_followed_again(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = make(f, "alice"), *w;
	struct other agency, bob;
	struct dlb_backup_counts left_out;
	struct dlb_buf content = {0}, card = {0};
	struct dlb_correspondent who;
	struct dlb_author a;
	struct dlb_restored had;

	post_init(&agency, f, "agency", 12);
	post_init(&bob, f, "bob", 3);
	assert_ok(dlb_author_add(l, &a, &agency.card, "the agency", &f->err));
	assert_ok(dlb_correspondent_add(l, &who, &bob.card, NULL, &f->err));
	assert_ok(dlb_author_add(l, &a, &bob.card, NULL, &f->err));
	back_up(l, &content, CAP, &left_out);
	had = again(f, &w, &content);
	assert_int_equal(had.counts.authors, 2);
	assert_ok(dlb_author_by_name(w, &a, "the agency", &f->err));
	assert_memory_equal(
		&a.identity, &agency.card.identity, sizeof(a.identity));
	assert_memory_equal(
		a.key, dlb_card_bulletin_key(&agency.card), sizeof(a.key));
	assert_int_equal(
		dlb_author_card(w, &card, a.id, &f->err), DLB_NOT_FOUND);
	/* The card of then is kept when it comes along, and one of before is not. */
	other_write(&card, &agency);
	assert_ok(dlb_author_renew(w, &a, card.data, card.len, &f->err));
	assert_int_equal(a.serial, 12);
	card.len = 0;
	assert_ok(dlb_author_card(w, &card, a.id, &f->err));
	agency.card.serial = 11;
	other_sign(&agency);
	card.len = 0;
	other_write(&card, &agency);
	assert_ok(dlb_author_renew(w, &a, card.data, card.len, &f->err));
	assert_int_equal(a.serial, 12);
	/* A correspondent's is here. */
	assert_ok(dlb_author_by_name(w, &a, "bob", &f->err));
	assert_int_equal(a.serial, 3);
	card.len = 0;
	assert_ok(dlb_author_card(w, &card, a.id, &f->err));
	dlb_letterbox_close(w);
	dlb_letterbox_close(l);
	dlb_buf_free(&content);
	dlb_buf_free(&card);
}

/* ---- rosters ----------------------------------------------------------------------------- */

static struct dlb_card
card_of(struct fixture *f, struct dlb_letterbox *l)
{
	struct dlb_buf bytes = {0};
	struct dlb_card card;

	assert_ok(dlb_letterbox_card(l, false, &bytes, &f->err));
	assert_ok(dlb_card_parse(&card, bytes.data, bytes.len, &f->err));
	dlb_buf_free(&bytes);
	return card;
}

static void
put(struct fixture *f, struct dlb_letterbox *l, const struct dlb_card *who,
	bool revoked, const char *note)
{
	struct dlb_roster_entry e = {
		.identity = who->identity, .revoked = revoked};

	snprintf(e.note, sizeof(e.note), "%s", note);
	assert_ok(dlb_own_roster_put(l, &e, &f->err));
}

static void
sign(struct fixture *f, struct dlb_letterbox *l, struct dlb_buf *out)
{
	out->len = 0;
	assert_ok(dlb_own_roster_sign(l, out, &f->err));
}

static uint64_t
number_of(struct fixture *f, const struct dlb_buf *bytes)
{
	struct dlb_roster r;
	uint64_t number;

	assert_ok(dlb_roster_parse(&r, bytes->data, bytes->len, &f->err));
	number = r.number;
	dlb_roster_free(&r);
	return number;
}

static const struct dlb_vouched *
word_on(struct fixture *f, struct dlb_letterbox *l, const struct dlb_card *card,
	struct dlb_vouched **list, size_t *n)
{
	uint8_t secret[DLB_KEY_LEN];

	assert_ok(dlb_vouched_list(l, list, n, &f->err));
	assert_ok(dlb_pair_secret_of(l, secret, &card->identity, &f->err));
	return dlb_vouched_find(*list, *n, secret);
}

static void
is_said(struct fixture *f, struct dlb_letterbox *l, const struct dlb_card *of,
	bool vouched, bool revoked)
{
	struct dlb_vouched *list;
	size_t n;
	const struct dlb_vouched *v = word_on(f, l, of, &list, &n);

	assert_non_null(v);
	assert_int_equal(v->vouched, vouched);
	assert_int_equal(v->revoked, revoked);
	dlb_vouched_free(list, n);
}

/* Whose word counted, and what they had said last: revocations hold at once, and what was
 * said before does not come back. */
static void
rosters_count_again(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = make(f, "alice"), *carol = make(f, "carol"),
			     *w;
	struct dlb_card author = card_of(f, carol);
	struct dlb_buf first = {0}, second = {0}, content = {0};
	struct dlb_backup_counts left_out;
	struct dlb_roster_author a;
	struct other good, bad;
	struct dlb_restored had;

	other_init(&good, f, "good", 1);
	other_init(&bad, f, "bad", 1);
	put(f, carol, &good.card, false, "");
	put(f, carol, &bad.card, false, "");
	sign(f, carol, &first);
	put(f, carol, &bad.card, true, "");
	sign(f, carol, &second);
	assert_ok(
		dlb_roster_trust(l, &author.identity, "carol", true, &f->err));
	assert_ok(dlb_roster_take(
		l, &a, second.data, second.len, false, NULL, &f->err));
	back_up(l, &content, CAP, &left_out);
	had = again(f, &w, &content);
	assert_int_equal(had.counts.rosters, 1);
	assert_ok(dlb_roster_author_by_name(w, &a, "carol", &f->err));
	assert_true(a.trusted);
	assert_int_equal(a.number, number_of(f, &second));
	is_said(f, w, &good.card, true, false);
	is_said(f, w, &bad.card, false, true);
	dlb_letterbox_close(w);
	/* Into one that waited, under another identity: the secrets are the new one's. */
	w = make(f, "waiting");
	assert_ok(dlb_letterbox_set_waits(w, true, &f->err));
	assert_ok(
		dlb_roster_trust(w, &author.identity, "carol", true, &f->err));
	assert_ok(dlb_roster_take(
		w, &a, first.data, first.len, false, NULL, &f->err));
	restore(f, w, &content);
	is_said(f, w, &good.card, true, false);
	is_said(f, w, &bad.card, false, true);
	dlb_letterbox_close(w);
	/* Without room for it its number stays. */
	back_up(l, &content, 400, &left_out);
	had = again(f, &w, &content);
	assert_int_equal(had.counts.rosters, 1);
	assert_ok(dlb_roster_author_by_name(w, &a, "carol", &f->err));
	assert_true(a.trusted);
	assert_int_equal(a.number, 0);
	assert_int_equal(dlb_roster_take(w, &a, first.data, first.len, false,
				 NULL, &f->err),
		DLB_EXPIRED);
	assert_ok(dlb_roster_take(
		w, &a, second.data, second.len, false, NULL, &f->err));
	/* And is in its next backup, whatever is held. */
	assert_ok(dlb_roster_author_by_name(w, &a, "carol", &f->err));
	assert_int_equal(a.floor, number_of(f, &second));
	dlb_letterbox_close(w);
	dlb_letterbox_close(carol);
	dlb_letterbox_close(l);
	dlb_buf_free(&first);
	dlb_buf_free(&second);
	dlb_buf_free(&content);
}

static void
check_own(struct fixture *f, struct dlb_letterbox *l, size_t entries,
	bool changed)
{
	struct dlb_roster r;
	bool has_changed;

	assert_ok(dlb_own_roster(l, &r, &has_changed, &f->err));
	assert_int_equal(r.entries_n, entries);
	assert_int_equal(has_changed, changed);
	dlb_roster_free(&r);
}

/* No number is signed twice, whenever the clock is set back. */
static void
ones_own_goes_on(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = make(f, "alice"), *w;
	struct dlb_buf last = {0}, content = {0}, next = {0};
	struct dlb_backup_counts left_out;
	struct dlb_roster_sent sent;
	struct dlb_restored had;
	struct other ferry, truck;
	uint64_t lost;

	other_init(&ferry, f, "ferry", 1);
	other_init(&truck, f, "truck", 1);
	put(f, l, &ferry.card, false, "the ferry");
	back_up(l, &content, CAP, &left_out);
	had = again(f, &w, &content);
	assert_int_equal(had.counts.own_rosters, 1);
	check_own(f, w, 1, true);
	is_said(f, w, &ferry.card, true, false);
	dlb_letterbox_close(w);

	sign(f, l, &last);
	assert_ok(dlb_own_roster_sent(l, &f->err));
	back_up(l, &content, CAP, &left_out);
	again(f, &w, &content);
	check_own(f, w, 1, false);
	next.len = 0;
	assert_ok(dlb_own_roster_last(w, &next));
	assert_int_equal(next.len, last.len);
	assert_memory_equal(next.data, last.data, last.len);
	assert_false(dlb_own_roster_last_sent(w, &sent));
	assert_int_equal(sent.number, number_of(f, &last));
	dlb_letterbox_close(w);

	/* Changed since, and signed on the lost machine after the backup. */
	put(f, l, &truck.card, true, "");
	back_up(l, &content, CAP, &left_out);
	f->env.now_ms += 5 * DLB_DAY_MS;
	sign(f, l, &last);
	lost = number_of(f, &last);
	f->env.now_ms += 3600 * 1000;
	again(f, &w, &content);
	check_own(f, w, 2, true);
	is_said(f, w, &truck.card, false, true);
	f->env.now_ms -= 3 * 3600 * 1000;
	sign(f, w, &next);
	assert_true(number_of(f, &next) > lost);
	dlb_letterbox_close(w);

	/* The clock of the lost machine was ahead, as far as others believe it. */
	f->env.now_ms += 47 * 3600 * 1000LL;
	sign(f, l, &last);
	f->env.now_ms -= 47 * 3600 * 1000LL;
	again(f, &w, &content);
	sign(f, w, &next);
	assert_true(number_of(f, &next) > number_of(f, &last));
	dlb_letterbox_close(w);

	/* A backup that knows of no roster: one may have been signed since. */
	w = make(f, "bare");
	back_up(w, &content, CAP, &left_out);
	dlb_letterbox_close(w);
	f->env.now_ms += 3 * 3600 * 1000;
	again(f, &w, &content);
	f->env.now_ms -= 3 * 3600 * 1000;
	put(f, w, &ferry.card, false, "");
	sign(f, w, &next);
	assert_true(number_of(f, &next) > lost);
	dlb_letterbox_close(w);
	dlb_letterbox_close(l);
	dlb_buf_free(&last);
	dlb_buf_free(&content);
	dlb_buf_free(&next);
}

/* ---- what is not as here ------------------------------------------------------------------- */

static void
append(struct dlb_buf *b, const void *what, size_t len)
{
	assert_ok(dlb_buf_append(b, what, len));
}

static void
newer_things_are_passed_over(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = make(f, "alice"), *w;
	struct dlb_backup_counts left_out;
	struct dlb_buf content = {0};
	struct dlb_restored had;
	struct dlb_box box;

	save_box(f, l, "harbour", "", 1);
	back_up(l, &content, CAP, &left_out);
	content.len--;
	append(&content, "\x63\0\0\0\3new", 8);
	append(&content, "\x02\0\0\0\x24\2me", 8);
	append(&content, (uint8_t[32]){7}, 32);
	append(&content, "\0\0", 2);
	had = again(f, &w, &content);
	assert_int_equal(had.unknown, 1);
	assert_int_equal(had.counts.boxes, 2);
	assert_ok(dlb_box_by_name(w, &box, "me", &f->err));
	dlb_letterbox_close(w);
	dlb_letterbox_close(l);
	dlb_buf_free(&content);
}

static void
what_is_not_sound_is_counted(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = make(f, "alice"), *carol = make(f, "carol"),
			     *w;
	struct dlb_card author = card_of(f, carol);
	struct dlb_backup_counts left_out;
	struct dlb_buf roster = {0}, content = {0};
	struct dlb_roster_author a;
	struct dlb_restored had;
	struct other ferry;
	uint8_t *p;

	other_init(&ferry, f, "ferry", 1);
	put(f, l, &ferry.card, false, "mine");
	sign(f, l, &roster);
	put(f, carol, &ferry.card, false, "carols");
	sign(f, carol, &roster);
	assert_ok(
		dlb_roster_trust(l, &author.identity, "carol", true, &f->err));
	assert_ok(dlb_roster_take(
		l, &a, roster.data, roster.len, false, NULL, &f->err));
	back_up(l, &content, CAP, &left_out);
	p = memmem(content.data, content.len, "carols", 6);
	assert_non_null(p);
	*p = 'K';
	p = memmem(content.data, content.len, "mine", 4);
	assert_non_null(p);
	*p = 'K';
	had = again(f, &w, &content);
	assert_int_equal(had.refused, 2);
	assert_int_equal(had.counts.rosters, 1);
	assert_int_equal(had.counts.own_rosters, 0);
	assert_ok(dlb_roster_author_by_name(w, &a, "carol", &f->err));
	assert_true(a.trusted);
	assert_int_equal(a.number, 0);
	check_own(f, w, 0, false);
	dlb_letterbox_close(w);
	dlb_letterbox_close(carol);
	dlb_letterbox_close(l);
	dlb_buf_free(&roster);
	dlb_buf_free(&content);
}

/* The first version: people and boxes without places, and nothing else. */
static void
the_first_version_is_read(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = make(f, "alice"), *w;
	struct dlb_backup_counts left_out;
	struct dlb_buf now = {0}, then = {0}, card = {0};
	struct dlb_backup_info info;
	struct dlb_restored had;
	struct dlb_correspondent c;
	struct dlb_box box;
	struct other bob;

	other_init(&bob, f, "bob", 3);
	other_write(&card, &bob);
	back_up(l, &now, CAP, &left_out);
	append(&then, "\1", 1);
	append(&then, now.data + 1, 64 + 1 + strlen("alice") + 8 + 2);
	append(&then, "\0\1\3bob\3", 7);
	append(&then, (uint8_t[]){(uint8_t)(card.len >> 8), (uint8_t)card.len},
		2);
	append(&then, card.data, card.len);
	append(&then, "\0\1\3usb", 6);
	append(&then, (uint8_t[32]){9}, 32);
	for (size_t len = 0; len < then.len; len += len < 300 ? 1 : 97)
		assert_int_equal(
			dlb_backup_look(&info, then.data, len, &f->err),
			DLB_MALFORMED);
	append(&then, "\0\0\0", 3);
	had = again(f, &w, &then);
	assert_int_equal(had.counts.people, 1);
	assert_int_equal(had.counts.boxes, 1);
	assert_ok(dlb_correspondent_by_name(w, &c, "bob", &f->err));
	assert_true(c.verified);
	assert_false(c.receipts);
	assert_ok(dlb_box_by_name(w, &box, "usb", &f->err));
	assert_int_equal(box.root[0], 9);
	assert_memory_equal(dlb_letterbox_identity(w),
		dlb_letterbox_identity(l), sizeof(struct dlb_identity));
	then.data[then.len - 1] = 1;
	assert_int_equal(dlb_backup_look(&info, then.data, then.len, &f->err),
		DLB_MALFORMED);
	then.data[0] = 0;
	assert_int_equal(dlb_backup_look(&info, then.data, then.len, &f->err),
		DLB_MALFORMED);
	dlb_letterbox_close(w);
	dlb_letterbox_close(l);
	dlb_buf_free(&now);
	dlb_buf_free(&then);
	dlb_buf_free(&card);
}

/* In order of what is missed most. */
static void
small_things_come_before_others_cards(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = make(f, "alice");
	struct dlb_backup_counts left_out;
	struct dlb_buf content = {0};
	struct dlb_backup_info info;
	struct dlb_correspondent c;
	struct dlb_author a;
	struct other who;

	for (unsigned i = 0; i < 3; i++) {
		char name[8];

		snprintf(name, sizeof(name), "p%u", i);
		post_init(&who, f, name, 1);
		assert_ok(
			dlb_correspondent_add(l, &c, &who.card, NULL, &f->err));
		assert_ok(dlb_author_add(l, &a, &who.card, NULL, &f->err));
		save_box(f, l, name, "", (uint8_t)(i + 1));
	}
	back_up(l, &content, 17000, &left_out);
	assert_ok(dlb_backup_look(&info, content.data, content.len, &f->err));
	assert_int_equal(info.counts.boxes, 3);
	assert_int_equal(info.counts.authors, 3);
	assert_int_equal(info.counts.people + left_out.people, 3);
	assert_true(left_out.people > 0);
	back_up(l, &content, 200, &left_out);
	assert_ok(dlb_backup_look(&info, content.data, content.len, &f->err));
	assert_int_equal(info.counts.boxes + left_out.boxes, 3);
	assert_true(info.counts.boxes > 0 && left_out.boxes > 0);
	assert_int_equal(left_out.authors, 3);
	dlb_letterbox_close(l);
	dlb_buf_free(&content);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(boxes_have_their_places),
		TEST(authors_are_followed_again),
		TEST(rosters_count_again),
		TEST(ones_own_goes_on),
		TEST(newer_things_are_passed_over),
		TEST(what_is_not_sound_is_counted),
		TEST(the_first_version_is_read),
		TEST(small_things_come_before_others_cards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
