/*
 * Letters of strangers, and the cards that ride along with them.
 */
#include "home_fixture.h"

#include <string.h>

/* Alice knows Bob, who does not know her; a stick goes between them. */
static struct dlb_node *
alice_and_bob(struct fixture *f, int64_t *bob)
{
	struct dlb_node *n;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "alice");
	*bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 16);
	return n;
}

static struct dlb_node *
bob_meets(struct fixture *f, struct dlb_in_letter *letter)
{
	struct dlb_node *n = fixture_open(f, "bob");

	assert_int_equal(fixture_meet(f, n, "usb").letters_complete, 1);
	assert_int_equal(fixture_inbox(n, letter), 1);
	assert_int_equal(letter->from, 0);
	return n;
}

static void
a_stranger_can_be_answered(void **state)
{
	struct fixture *f = *state;
	struct dlb_correspondent who;
	struct dlb_in_letter letter;
	struct dlb_card card;
	int64_t bob;
	struct dlb_node *n = alice_and_bob(f, &bob);

	fixture_send(f, n, bob, NULL, "who am I?");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);

	n = bob_meets(f, &letter);
	assert_true(letter.has_card);
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	assert_dlb_ok(
		f, dlb_node_letter_card(n, letter.number, &card, &f->err));
	assert_string_equal(card.name, "alice");
	assert_dlb_ok(f,
		dlb_correspondent_add(dlb_node_letterbox(n), &who, &card,
			"the stranger", &f->err));
	assert_dlb_ok(f, dlb_letterbox_commit(dlb_node_letterbox(n), &f->err));
	fixture_inbox(n, &letter);
	assert_int_equal(letter.from, who.id);
	fixture_send(f, n, who.id, NULL, "I know now");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);

	n = fixture_open(f, "alice");
	assert_int_equal(fixture_meet(f, n, "usb").letters_complete, 1);
	assert_int_equal(fixture_inbox(n, &letter), 1);
	assert_int_equal(letter.from, bob);
	assert_string_equal(letter.summary, "I know now");
	dlb_node_close(n);
}

/* A letter that brings what its sender wants it to bring. */
static void
send_with_card(struct fixture *f, struct dlb_node *n, int64_t to_whom,
	const uint8_t *card, size_t card_len)
{
	struct dlb_sealing l = {.stripe = {.mode = DLB_STRIPE_WHOLE,
					.k = 1,
					.n = 1,
					.content_len = 5,
					.stripe_len = 5}};
	struct dlb_sealer *sealer;
	struct dlb_seal_from from;
	struct dlb_seal_to to;

	assert_dlb_ok(f,
		dlb_correspondent_seal_keys(dlb_node_letterbox(n), to_whom,
			f->env.now_ms, false, &to, &from, &f->err));
	from.card = card;
	from.card_len = card_len;
	dlb_random(n->env, l.stripe.letter_id, sizeof(l.stripe.letter_id));
	dlb_random(n->env, l.stripe.letter_key, sizeof(l.stripe.letter_key));
	dlb_random(n->env, l.stripe.stripe_key, sizeof(l.stripe.stripe_key));
	l.stripe.expiry_week = (uint16_t)(dlb_week_of(f->env.now_ms)
		+ DLB_CELL_LIFETIME_WEEKS);
	assert_dlb_ok(f, dlb_stripe_layout(&l.stripe, card_len));
	assert_dlb_ok(f, dlb_buf_append(&l.head, "hello", 5));
	assert_dlb_ok(
		f, dlb_sealer_new(&sealer, n, &to, &from, DLB_SHOWN, &f->err));
	assert_dlb_ok(f, dlb_sealer_add(sealer, &l, 0, 5, &f->err));
	assert_dlb_ok(f, dlb_sealer_flush(sealer, &f->err));
	dlb_sealer_free(sealer);
	dlb_buf_free(&l.head);
	dlb_buf_free(&l.names);
	fixture_meet(f, n, "usb");
}

static void
card_of(struct fixture *f, struct dlb_node *n, struct dlb_buf *out)
{
	assert_dlb_ok(f,
		dlb_letterbox_card(dlb_node_letterbox(n), false, out, &f->err));
}

/* What bob is told of the card that came with the one letter. */
static void
bob_is_told(struct fixture *f, enum dlb_status wanted, const char *text)
{
	static const struct dlb_card none;
	struct dlb_in_letter letter;
	struct dlb_card card;
	struct dlb_node *n = bob_meets(f, &letter);

	assert_int_equal(
		dlb_node_letter_card(n, letter.number, &card, &f->err), wanted);
	assert_non_null(strstr(f->err.msg, text));
	assert_memory_equal(&card, &none, sizeof(card));
	dlb_node_close(n);
}

static void
anothers_card_is_refused(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf card = {0};
	struct dlb_node *n, *eve;
	int64_t bob;

	n = alice_and_bob(f, &bob);
	fixture_home(f, "eve", false);
	eve = fixture_open(f, "eve");
	card_of(f, eve, &card);
	dlb_node_close(eve);
	send_with_card(f, n, bob, card.data, card.len);
	dlb_node_close(n);
	dlb_buf_free(&card);
	bob_is_told(f, DLB_FORGED, "not that of its sender");
}

static void
a_card_that_was_changed_is_refused(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf card = {0};
	int64_t bob;
	struct dlb_node *n = alice_and_bob(f, &bob);

	card_of(f, n, &card);
	card.data[20] ^= 1; /* in the name */
	send_with_card(f, n, bob, card.data, card.len);
	dlb_node_close(n);
	dlb_buf_free(&card);
	bob_is_told(f, DLB_FORGED, "signature");
}

static void
what_is_no_card_is_refused(void **state)
{
	static uint8_t junk[DLB_CARD_RIDE_MAX];
	struct fixture *f = *state;
	int64_t bob;
	struct dlb_node *n = alice_and_bob(f, &bob);

	memset(junk, 0xff, sizeof(junk));
	send_with_card(f, n, bob, junk, sizeof(junk));
	dlb_node_close(n);
	bob_is_told(f, DLB_MALFORMED, "the card that came with letter 1");
}

static void
a_letter_without_a_card(void **state)
{
	struct fixture *f = *state;
	int64_t bob;
	struct dlb_node *n = alice_and_bob(f, &bob);

	send_with_card(f, n, bob, NULL, 0);
	dlb_node_close(n);
	bob_is_told(f, DLB_NOT_FOUND, "no card came");
}

static void
a_letter_that_is_not_there(void **state)
{
	struct fixture *f = *state;
	struct dlb_in_letter letter;
	struct dlb_card card;
	int64_t bob;
	struct dlb_node *n = alice_and_bob(f, &bob);

	fixture_send(f, n, bob, NULL, "gone soon");
	fixture_meet(f, n, "usb");
	assert_int_equal(
		dlb_node_letter_card(n, 1, &card, &f->err), DLB_NOT_FOUND);
	dlb_node_close(n);
	n = bob_meets(f, &letter);
	assert_dlb_ok(f, dlb_node_delete(n, letter.number, &f->err));
	assert_int_equal(dlb_node_letter_card(n, letter.number, &card, &f->err),
		DLB_NOT_FOUND);
	assert_non_null(strstr(f->err.msg, "no letter"));
	dlb_node_close(n);
}

/* Takes, and gives nothing: no cover that needs room. */
static struct dlb_meet_result
take_only(struct fixture *f, struct dlb_node *n, const char *stick)
{
	struct dlb_meet_options o = {
		.where = fixture_path(f, stick), .collect_only = true};
	struct dlb_meet_result r;

	assert_dlb_ok(f, dlb_node_meet(n, &o, &r, NULL, &f->err));
	return r;
}

static void
send_film(struct fixture *f, const char *who, const char *stick, size_t mib)
{
	struct dlb_node *n;

	fixture_home(f, who, false);
	n = fixture_open(f, who);
	fixture_file(f, "film.mkv", mib << 20, 5);
	fixture_stick(f, n, stick, 32);
	fixture_send(f, n, fixture_introduce(f, n, "bob"), "film.mkv", NULL);
	fixture_meet(f, n, stick);
	dlb_node_close(n);
}

static size_t
not_searched(struct dlb_node *n)
{
	struct dlb_entry e;
	size_t none = 0;

	for (uint32_t at = 0;
		dlb_satchel_next(n->satchel, at, DLB_SHOWN | DLB_HELD, &e);
		at = e.number + 1)
		none += e.searched == 0;
	return none;
}

/* Of two letters, of 104 and 72 cells, strangers' part of the home (168) has room
 * for one. The cells of the other are carried on; it is found among them once there
 * is room. */
static void
a_letter_that_was_refused_is_found_later(void **state)
{
	struct fixture *f = *state;
	struct dlb_in_letter letter;
	struct dlb_satchel_info info;
	struct dlb_meet_result r;
	struct dlb_node *n;

	fixture_home(f, "bob", false);
	send_film(f, "alice", "usb", 6);
	send_film(f, "eve", "other", 4);
	n = fixture_open(f, "bob");
	assert_int_equal(take_only(f, n, "usb").letters_complete, 1);
	assert_int_equal(fixture_inbox(n, &letter), 1);
	r = take_only(f, n, "other");
	assert_int_equal(r.letters_refused, 1);
	dlb_node_satchel_info(n, &info);
	assert_int_equal(info.held, letter.stripe.cells);
	/* Its head, where there was room to carry it. */
	assert_in_range(not_searched(n), 0, 1);
	/* Still no room: it is told again, and not lost by it. */
	r = take_only(f, n, "other");
	assert_int_equal(r.letters_refused, 1);
	assert_in_range(not_searched(n), 0, 1);
	assert_dlb_ok(f, dlb_node_delete(n, letter.number, &f->err));
	r = take_only(f, n, "other");
	assert_int_equal(r.letters_refused, 0);
	assert_int_equal(r.letters_new, 1);
	assert_int_equal(r.letters_complete, 1);
	assert_int_equal(not_searched(n), 0);
	r = take_only(f, n, "other");
	assert_int_equal(r.letters_new, 0);
	dlb_node_close(n);
}

/* What a courier carried is tried once it has become a person's. */
static void
a_courier_who_becomes_a_person_looks_at_what_they_carry(void **state)
{
	struct fixture *f = *state;
	int64_t bob;
	struct dlb_node *n = alice_and_bob(f, &bob);

	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	fixture_home(f, "carol", true);
	n = fixture_open(f, "carol");
	take_only(f, n, "usb");
	assert_int_equal(not_searched(n), 64);
	assert_dlb_ok(f,
		dlb_letterbox_make_person(
			dlb_node_letterbox(n), "carol", &f->err));
	assert_dlb_ok(f, dlb_letterbox_commit(dlb_node_letterbox(n), &f->err));
	take_only(f, n, "usb");
	assert_int_equal(not_searched(n), 0);
	dlb_node_close(n);
}

int
main(void)
{
#define STRANGER(t)                                                            \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		STRANGER(a_stranger_can_be_answered),
		STRANGER(anothers_card_is_refused),
		STRANGER(a_card_that_was_changed_is_refused),
		STRANGER(what_is_no_card_is_refused),
		STRANGER(a_letter_without_a_card),
		STRANGER(a_letter_that_is_not_there),
		STRANGER(a_letter_that_was_refused_is_found_later),
		STRANGER(
			a_courier_who_becomes_a_person_looks_at_what_they_carry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
