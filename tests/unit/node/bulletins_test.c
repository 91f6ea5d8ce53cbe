/*
 * Bulletins from an author over a courier to those who follow: what arrives, what is
 * refused, and what is kept.
 */
#include "home_fixture.h"
#include "node_bulletins.h"

#include <stdlib.h>
#include <string.h>

/* ---- people ------------------------------------------------------------------------- */

static void
card_of(struct fixture *f, const char *who, bool is_short,
	struct dlb_card *card)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_buf bytes = {0};

	assert_dlb_ok(f,
		dlb_letterbox_card(
			dlb_node_letterbox(n), is_short, &bytes, &f->err));
	assert_dlb_ok(f, dlb_card_parse(card, bytes.data, bytes.len, &f->err));
	dlb_buf_free(&bytes);
	dlb_node_close(n);
}

static uint64_t
follow(struct fixture *f, struct dlb_node *n, const char *whom,
	struct dlb_author *a)
{
	struct dlb_card *card = calloc(1, sizeof(*card));
	struct dlb_author author;
	uint64_t found;

	assert_non_null(card);
	card_of(f, whom, true, card);
	assert_dlb_ok(f,
		dlb_node_follow(
			n, a ? a : &author, card, NULL, &found, &f->err));
	free(card);
	return found;
}

static int64_t
post(struct fixture *f, struct dlb_node *n, const char *title, const void *body,
	size_t len)
{
	struct dlb_bulletin_out out = {.kind = DLB_KIND_BULLETIN,
		.title = title,
		.name = "news.txt",
		.body = body,
		.len = len};
	int64_t number = 0;

	assert_dlb_ok(f, dlb_node_bulletin_post(n, &out, &number, &f->err));
	return number;
}

static struct dlb_meet_result
meets(struct fixture *f, const char *who, const char *stick)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_meet_result r = fixture_meet(f, n, stick);

	dlb_node_close(n);
	return r;
}

struct listing {
	size_t n;
	struct dlb_bulletin_row rows[128];
};

static bool
list_one(void *ctx, const struct dlb_bulletin_row *row)
{
	struct listing *l = ctx;

	assert_true(l->n < DLB_ARRAY_LEN(l->rows));
	l->rows[l->n++] = *row;
	return true;
}

static size_t
bulletins(struct dlb_node *n, struct listing *l)
{
	l->n = 0;
	assert_int_equal(
		dlb_bulletin_each(dlb_node_letterbox(n), 0, list_one, l, NULL),
		DLB_OK);
	return l->n;
}

/* ---- the way there --------------------------------------------------------------------- */

static void
a_bulletin_goes_over_a_courier(void **state)
{
	static const size_t lens[] = {0, 11, 45000, 47000, 300000, 2 << 20};
	struct fixture *f = *state;
	struct dlb_node *n;

	fixture_home(f, "alice", false);
	fixture_home(f, "courier", true);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "courier");
	fixture_stick(f, n, "usb", 128);
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	assert_int_equal(follow(f, n, "alice", NULL), 0);
	dlb_node_close(n);
	for (size_t i = 0; i < DLB_ARRAY_LEN(lens); i++) {
		uint8_t *body = calloc(1, lens[i] + 1);
		struct dlb_bulletin_in in;
		struct listing l;

		for (size_t k = 0; k < lens[i]; k++)
			body[k] = (uint8_t)(k * 7 + k / 256);
		n = fixture_open(f, "alice");
		post(f, n, "The news", body, lens[i]);
		fixture_meet(f, n, "usb");
		dlb_node_close(n);
		meets(f, "courier", "usb");
		assert_int_equal(meets(f, "bob", "usb").letters_complete, 0);
		n = fixture_open(f, "bob");
		assert_int_equal(bulletins(n, &l), i + 1);
		assert_dlb_ok(f,
			dlb_node_bulletin(n, &in, l.rows[i].letter, &f->err));
		assert_string_equal(in.author.name, "alice");
		assert_string_equal(in.content.title, "The news");
		assert_string_equal(in.content.name, "news.txt");
		assert_int_equal(in.content.len, lens[i]);
		assert_memory_equal(in.content.body, body, lens[i]);
		dlb_bulletin_in_free(&in);
		dlb_node_close(n);
		free(body);
		f->env.now_ms += 60000;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_bulletin_goes_over_a_courier,
			fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
