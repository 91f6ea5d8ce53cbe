/*
 * Bulletins: their content and signature, authors, and slots of days.
 */
#include "letterbox_test.h"

#include "bulletins.h"

/* ---- the vectors ----------------------------------------------------------------------- */

static size_t
load(const char *name, uint8_t *out, size_t cap)
{
	const char *dir = getenv("DLB_VECTORS");
	char path[4096];
	size_t len;
	FILE *f;

	assert_non_null(dir);
	snprintf(path, sizeof(path), "%s/../bulletin/%s", dir, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	len = fread(out, 1, cap, f);
	fclose(f);
	return len;
}

/* The value of a line of v1.txt. */
static void
value(const char *word, uint8_t *out, size_t len)
{
	char text[4096 + 1] = "", *at;

	text[load("v1.txt", (uint8_t *)text, sizeof(text) - 1)] = '\0';
	at = strstr(text, word);
	assert_non_null(at);
	at += strlen(word) + 1;
	at[2 * len] = '\0';
	assert_ok(dlb_unhex(out, len, at));
}

struct reading {
	struct dlb_identity author;
	uint8_t key[DLB_KEY_LEN];
	struct dlb_bulletin_reader reader;
	uint8_t cell[DLB_CELL_LEN];
	struct dlb_opened opened;
	struct dlb_aead *aead;
};

static struct reading *
reading_new(void)
{
	struct reading *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	value("key", r->key, sizeof(r->key));
	value("sign", r->author.sign, 32);
	value("agree", r->author.agree, 32);
	dlb_bulletin_reader(&r->reader, r->key, &r->author);
	assert_ok(dlb_aead_new(&r->aead));
	return r;
}

static void
reading_free(struct reading *r)
{
	dlb_aead_free(r->aead);
	free(r);
}

static void
open_cell(struct reading *r, const char *name)
{
	uint8_t expanded[DLB_XWING_EXPANDED_LEN], shared[DLB_POINT_LEN];
	struct dlb_opener opener;

	assert_int_equal(load(name, r->cell, DLB_CELL_LEN), DLB_CELL_LEN);
	assert_ok(dlb_find(
		shared, r->cell, r->reader.finding, &r->reader.identity));
	dlb_bulletin_opener(&opener, &r->reader, expanded);
	assert_ok(dlb_head_open(
		&r->opened, r->aead, r->cell, shared, &opener, NULL));
}

static void
vectors_open(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		uint8_t slot;
	} all[] = {{"short", 1000, 0}, {"long", 100000, 1}};
	struct reading *r = reading_new();
	uint8_t handle[32], want[32], *proof = malloc(200000);
	struct dlb_bulletin_head h;
	struct dlb_bulletin_content c;
	struct dlb_bulletin b;

	(void)state;
	assert_non_null(proof);
	value("handle 20781 0", want, 32);
	dlb_bulletin_handle(handle, r->key, 20781, 0);
	assert_memory_equal(handle, want, 32);
	for (size_t i = 0; i < DLB_ARRAY_LEN(all); i++) {
		char name[64];
		size_t len;

		snprintf(name, sizeof(name), "%s.cell", all[i].name);
		open_cell(r, name);
		assert_ok(dlb_bulletin_open(
			&h, &r->opened.stripe, r->opened.content, NULL));
		assert_int_equal(h.b.day, 20781);
		assert_int_equal(h.b.slot, all[i].slot);
		assert_memory_equal(&h.b.author, &r->author, sizeof(r->author));
		snprintf(name, sizeof(name), "%s.proof", all[i].name);
		len = load(name, proof, 200000);
		assert_ok(dlb_bulletin_read(&b, proof, len, NULL));
		assert_memory_equal(h.head, proof, DLB_BULLETIN_HEAD_LEN);
		assert_ok(dlb_bulletin_content(&c, &b,
			proof + DLB_BULLETIN_HEAD_LEN,
			len - DLB_BULLETIN_HEAD_LEN, NULL));
		assert_string_equal(c.title, "The bridge is open");
		assert_string_equal(c.name, "news.txt");
		assert_int_equal(c.len, all[i].len);
		for (size_t k = 0; k < c.len; k++)
			assert_int_equal(
				c.body[k], (uint8_t)(131 * k + k / 256));
	}
	free(proof);
	reading_free(r);
}

/* Those whose fault shows in the cell alone. */
static void
bad_vectors_do_not_open(void **state)
{
	static const char *const all[] = {
		"bad-signature.cell", "bad-words.cell", "bad-stripe.cell"};
	struct reading *r = reading_new();
	struct dlb_bulletin_head h;

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(all); i++) {
		open_cell(r, all[i]);
		assert_int_equal(dlb_bulletin_open(&h, &r->opened.stripe,
					 r->opened.content, NULL),
			DLB_FORGED);
	}
	reading_free(r);
}

/* ---- hostile bytes ------------------------------------------------------------------------ */

/* Every bit of a proof counts, and every length but the one. */
static void
every_byte_of_a_proof_counts(void **state)
{
	uint8_t proof[2000];
	size_t len = load("short.proof", proof, sizeof(proof));
	struct dlb_bulletin_content c;
	struct dlb_bulletin b;

	(void)state;
	for (size_t i = 0; i < len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			proof[i] ^= (uint8_t)(1u << bit);
			assert_true(dlb_bulletin_read(&b, proof, len, NULL)
					!= DLB_OK
				|| dlb_bulletin_content(&c, &b,
					   proof + DLB_BULLETIN_HEAD_LEN,
					   len - DLB_BULLETIN_HEAD_LEN, NULL)
					!= DLB_OK);
			proof[i] ^= (uint8_t)(1u << bit);
		}
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *exact = malloc(cut + 1);

		memcpy(exact, proof, cut);
		if (dlb_bulletin_read(&b, exact, cut, NULL) == DLB_OK)
			assert_int_not_equal(
				dlb_bulletin_content(&c, &b,
					exact + DLB_BULLETIN_HEAD_LEN,
					cut - DLB_BULLETIN_HEAD_LEN, NULL),
				DLB_OK);
		free(exact);
	}
}

/* What only an author can make wrong, as it has a good signature. */
static void
forms_that_no_one_writes_are_refused(void **state)
{
	struct fixture *f = *state;
	struct other o;
	struct dlb_bulletin sound = {.kind = DLB_KIND_BULLETIN,
		.posted_ms = TEST_NOW_MS,
		.day = (uint32_t)(TEST_NOW_MS / DLB_DAY_MS)};
	uint8_t head[DLB_BULLETIN_HEAD_LEN];
	struct dlb_bulletin got;

	other_init(&o, f, "bob", 1);
	sound.author = o.card.identity;
	for (unsigned i = 0; i < 11; i++) {
		struct dlb_bulletin b = sound;
		bool ok = i < 2;

		b.day += i == 1;
		b.day += i == 2 ? 2 : 0;
		b.day -= i == 3;
		b.slot = i == 4 ? DLB_BULLETIN_SLOTS : 0;
		b.kind = i == 5 ? 0 : i == 6 ? DLB_KIND_RECEIPT : b.kind;
		b.title_len = i == 7 ? DLB_BULLETIN_TITLE_MAX + 1 : 0;
		b.body_len = i == 8 ? DLB_BULLETIN_BODY_MAX + 1 : 0;
		b.posted_ms = i == 9 ? DLB_EPOCH_MS - 1 : b.posted_ms;
		b.posted_ms = i == 10 ? INT64_MIN : b.posted_ms;
		if (i >= 9)
			b.day = (uint32_t)(b.posted_ms / DLB_DAY_MS);
		dlb_bulletin_sign(head, &b, o.sign_sk);
		if (dlb_bulletin_read(&got, head, sizeof(head), NULL)
			!= (ok ? DLB_OK : DLB_MALFORMED))
			fail_msg("form %u", i);
	}
	dlb_bulletin_sign(head, &sound, o.sign_sk);
	head[4] = 2;
	assert_int_equal(dlb_bulletin_read(&got, head, sizeof(head), NULL),
		DLB_UNSUPPORTED);
}

/* A title that upsets a terminal, though its author signed it. */
static void
texts_that_can_not_be_shown_are_refused(void **state)
{
	static const char *const titles[] = {
		"\x1b[31m", "a\nb", "\xff", "\x80"};
	static const char *const names[] = {"a/b", ".hidden", "..", "\x07"};
	struct fixture *f = *state;
	struct dlb_bulletin b = {.kind = DLB_KIND_BULLETIN};
	char long_title[DLB_BULLETIN_TITLE_MAX + 2];

	for (size_t i = 0; i < DLB_ARRAY_LEN(titles); i++)
		assert_int_equal(dlb_bulletin_describe(
					 &b, titles[i], "", "", 0, &f->err),
			DLB_USAGE);
	for (size_t i = 0; i < DLB_ARRAY_LEN(names); i++)
		assert_int_equal(
			dlb_bulletin_describe(&b, "", names[i], "", 0, &f->err),
			DLB_USAGE);
	memset(long_title, 'a', sizeof(long_title) - 1);
	long_title[sizeof(long_title) - 1] = '\0';
	assert_int_equal(
		dlb_bulletin_describe(&b, long_title, "", "", 0, &f->err),
		DLB_LIMIT);
	/* Who reads one looks, too. */
	for (size_t i = 0; i < DLB_ARRAY_LEN(titles); i++) {
		struct dlb_bulletin_content c;
		size_t len = strlen(titles[i]);
		struct dlb_hash h;

		memset(&b, 0, sizeof(b));
		b.title_len = (uint8_t)len;
		dlb_hash_init(&h);
		dlb_hash_update(&h, titles[i], len);
		dlb_hash_final(&h, b.content);
		assert_int_equal(dlb_bulletin_content(&c, &b,
					 (const uint8_t *)titles[i], len, NULL),
			DLB_FORGED);
	}
}

/* ---- authors ------------------------------------------------------------------------------- */

static void
an_other(struct other *o, struct fixture *f, const char *name, uint64_t serial,
	uint8_t key)
{
	uint8_t bulletin_key[DLB_KEY_LEN];

	memset(bulletin_key, key, sizeof(bulletin_key));
	other_init(o, f, name, serial);
	dlb_card_set_bulletin_key(&o->card, bulletin_key);
	other_sign(o);
}

static void
authors_are_told_apart(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_correspondent known;
	struct dlb_author a, again;
	struct other bob, bob2, carl;

	an_other(&bob, f, "bob", 5, 1);
	an_other(&bob2, f, "bob", 1, 2);
	an_other(&carl, f, "carl", 1, 3);
	assert_false(dlb_author_any(l));
	assert_ok(dlb_author_add(l, &a, &bob.card, NULL, &f->err));
	assert_string_equal(a.name, "bob");
	assert_true(dlb_author_any(l));
	/* Someone else of that name gets a number; or none, where it was asked for. */
	assert_ok(dlb_author_add(l, &again, &bob2.card, NULL, &f->err));
	assert_string_equal(again.name, "bob-2");
	assert_int_equal(dlb_author_add(l, &again, &carl.card, "bob", &f->err),
		DLB_EXISTS);
	assert_int_equal(dlb_author_add(l, &again, &carl.card, "-x", &f->err),
		DLB_MALFORMED);
	/* A correspondent keeps their name. */
	assert_ok(
		dlb_correspondent_add(l, &known, &carl.card, "uncle", &f->err));
	assert_ok(dlb_author_add(l, &again, &carl.card, NULL, &f->err));
	assert_string_equal(again.name, "uncle");
	assert_ok(dlb_author_forget(l, a.id, &f->err));
	assert_int_equal(dlb_author_by_id(l, &again, a.id), DLB_NOT_FOUND);
	dlb_letterbox_close(l);
}

static void
only_a_newer_card_counts(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_buf bytes = {0};
	struct dlb_author a;
	struct other bob, mallory;

	an_other(&bob, f, "bob", 5, 1);
	an_other(&mallory, f, "bob", 9, 2);
	assert_ok(dlb_author_add(l, &a, &bob.card, NULL, &f->err));
	assert_ok(dlb_author_set_window(l, a.id, 7, "abcd", 4, &f->err));
	bob.card.serial = 4;
	other_sign(&bob);
	other_write(&bytes, &bob);
	assert_ok(dlb_author_renew(l, &a, bytes.data, bytes.len, &f->err));
	assert_int_equal(a.serial, 5);
	bob.card.serial = 6;
	other_sign(&bob);
	bytes.len = 0;
	other_write(&bytes, &bob);
	bytes.data[bytes.len - 1] ^= 1;
	assert_int_equal(
		dlb_author_renew(l, &a, bytes.data, bytes.len, &f->err),
		DLB_FORGED);
	assert_int_equal(a.serial, 5);
	bytes.data[bytes.len - 1] ^= 1;
	assert_ok(dlb_author_renew(l, &a, bytes.data, bytes.len, &f->err));
	assert_int_equal(a.serial, 6);
	/* With the same key the handles are the same. */
	bytes.len = 0;
	{
		uint32_t first = 0;

		assert_ok(dlb_author_window(l, a.id, &first, &bytes, &f->err));
		assert_int_equal(first, 7);
		assert_int_equal(bytes.len, 4);
	}
	bytes.len = 0;
	other_write(&bytes, &mallory);
	assert_int_equal(
		dlb_author_renew(l, &a, bytes.data, bytes.len, &f->err),
		DLB_FORGED);
	dlb_buf_free(&bytes);
	dlb_letterbox_close(l);
}

/* ---- which came ------------------------------------------------------------------------------ */

static bool
count_row(void *ctx, const struct dlb_bulletin_row *row)
{
	size_t *n = ctx;

	(void)row;
	++*n;
	return true;
}

static void
bulletins_are_counted_and_forgotten(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_bulletin_row row = {.author = 3, .cells = 2, .day = 100},
				got;
	struct dlb_bulletin_usage u;
	struct dlb_buf cores = {0};
	uint8_t core[DLB_HASH_LEN] = {9};
	size_t n = 0;

	for (int i = 1; i <= 5; i++) {
		row.id[0] = (uint8_t)i;
		row.letter = 10 + i;
		row.posted_ms = 1000 * i;
		row.taken = i % 2;
		assert_ok(dlb_bulletin_add(l, &row, core, &f->err));
		assert_int_equal(dlb_bulletin_add(l, &row, core, &f->err),
			DLB_DUPLICATE);
	}
	row.author = 4;
	assert_ok(dlb_bulletin_add(l, &row, core, &f->err));
	assert_ok(dlb_bulletin_usage(l, &u, 3, &f->err));
	assert_int_equal(u.count, 5);
	assert_int_equal(u.cells, 10);
	assert_int_equal(u.all_cells, 12);
	assert_ok(dlb_bulletin_waiting(l, count_row, &n, &f->err));
	assert_int_equal(n, 2);
	assert_ok(dlb_bulletin_of_letter(l, &got, &cores, 12));
	assert_int_equal(got.id[0], 2);
	assert_int_equal(cores.len, DLB_HASH_LEN);
	got.letter = 0;
	assert_ok(dlb_bulletin_update(l, &got, &f->err));
	assert_ok(dlb_bulletin_forget(l, 100, &f->err));
	assert_true(dlb_bulletin_known(l, 3, got.id));
	assert_ok(dlb_bulletin_forget(l, 101, &f->err));
	assert_false(dlb_bulletin_known(l, 3, got.id));
	assert_ok(dlb_bulletin_usage(l, &u, 3, &f->err));
	assert_int_equal(u.count, 4);
	dlb_buf_free(&cores);
	dlb_letterbox_close(l);
}

/* ---- slots ------------------------------------------------------------------------------------- */

static void
no_slot_is_taken_twice(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	const int64_t now = TEST_NOW_MS;
	uint32_t day, today = (uint32_t)(now / DLB_DAY_MS);
	uint8_t slot;

	for (unsigned i = 0; i < DLB_BULLETIN_SLOTS; i++) {
		assert_ok(dlb_bulletin_take_slot(l, now, &day, &slot, &f->err));
		assert_int_equal(day, today);
		assert_int_equal(slot, i);
	}
	assert_int_equal(dlb_bulletin_take_slot(l, now, &day, &slot, &f->err),
		DLB_LIMIT);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	assert_int_equal(dlb_bulletin_take_slot(l, now, &day, &slot, &f->err),
		DLB_LIMIT);
	assert_ok(dlb_bulletin_take_slot(
		l, now + DLB_DAY_MS, &day, &slot, &f->err));
	assert_int_equal(day, today + 1);
	assert_int_equal(slot, 0);
	/* Restored: nothing of today, and what tomorrow has is known again. */
	assert_ok(dlb_bulletins_restored(l, now, &f->err));
	assert_ok(dlb_bulletin_take_slot(l, now, &day, &slot, &f->err));
	assert_int_equal(day, today + 1);
	assert_int_equal(slot, 1);
	/* By a clock that was ahead. */
	assert_ok(dlb_bulletins_restored(l, now + 9 * DLB_DAY_MS, &f->err));
	assert_int_equal(dlb_bulletin_take_slot(l, now, &day, &slot, &f->err),
		DLB_CLOCK);
	dlb_letterbox_close(l);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(vectors_open),
		TEST(bad_vectors_do_not_open),
		TEST(every_byte_of_a_proof_counts),
		TEST(forms_that_no_one_writes_are_refused),
		TEST(texts_that_can_not_be_shown_are_refused),
		TEST(authors_are_told_apart),
		TEST(only_a_newer_card_counts),
		TEST(bulletins_are_counted_and_forgotten),
		TEST(no_slot_is_taken_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
