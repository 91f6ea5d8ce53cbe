/* Cards: canonical bytes, text, and refusal of all that is not what a card says. */
#include "letterbox_test.h"

static void
write_text(struct dlb_buf *out, const struct other *o)
{
	struct dlb_buf bytes = {0};

	other_write(&bytes, o);
	assert_ok(dlb_card_to_text(out, bytes.data, bytes.len));
	dlb_buf_free(&bytes);
}

static void
what_is_written_is_read(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf bytes = {0}, again = {0};
	struct dlb_card card;
	struct other o;

	other_init(&o, f, "J\xc3\xbcrg", 3);
	other_write(&bytes, &o);
	assert_true(bytes.len <= DLB_CARD_LEN_MAX);
	assert_ok(dlb_card_parse(&card, bytes.data, bytes.len, &f->err));
	assert_memory_equal(&card, &o.card, sizeof(card));
	/* Ed25519 is deterministic. */
	other_write(&again, &o);
	assert_int_equal(again.len, bytes.len);
	assert_memory_equal(again.data, bytes.data, bytes.len);
	assert_int_equal(dlb_card_last_resort_id(&card), 0x80000003u);
	card.serial = 0xffffffffffffffffULL;
	assert_int_equal(dlb_card_last_resort_id(&card), 0xffffffffu);
	dlb_buf_free(&bytes);
	dlb_buf_free(&again);
}

/* In groups of seven bytes, with each number of bytes that may be left over. */
static void
digits_are_read_in_one_form_alone(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf text = {0}, spaced = {0}, bytes = {0}, got = {0};
	struct dlb_card card;
	struct other o;

	for (size_t name_len = 0; name_len < 7; name_len++) {
		other_init(&o, f, "", 1);
		memset(o.card.name, 'n', name_len);
		other_sign(&o);
		bytes.len = text.len = spaced.len = 0;
		other_write(&bytes, &o);
		assert_ok(dlb_card_to_digits(&text, bytes.data, bytes.len));
		assert_int_equal(strspn((char *)text.data + 9, "0123456789"),
			text.len - 9);
		for (size_t i = 0; i < text.len; i++) {
			assert_ok(dlb_buf_append(&spaced, &text.data[i], 1));
			if (i % 50 == 8)
				assert_ok(
					dlb_buf_append(&spaced, " \r\n\t", 4));
		}
		assert_ok(dlb_card_load(
			&card, &got, spaced.data, spaced.len, &f->err));
		assert_memory_equal(&card, &o.card, sizeof(card));
		assert_int_equal(got.len, bytes.len);
		assert_memory_equal(got.data, bytes.data, bytes.len);
		/* A digit less, one more, one that is none. */
		for (size_t len = text.len - 18; len < text.len; len++)
			assert_int_not_equal(dlb_card_load(&card, &got,
						     text.data, len, &f->err),
				DLB_OK);
		assert_ok(dlb_buf_append(&text, "0", 1));
		assert_int_not_equal(dlb_card_load(&card, &got, text.data,
					     text.len, &f->err),
			DLB_OK);
		text.data[text.len - 1] = 'O';
		assert_int_equal(dlb_card_load(&card, &got, text.data, text.len,
					 &f->err),
			DLB_MALFORMED);
		assert_non_null(strstr(f->err.msg, "scan or copy"));
	}
	/* As pasted mail, and in a file of an editor that starts each so. */
	other_init(&o, f, "bob", 1);
	bytes.len = text.len = spaced.len = 0;
	other_write(&bytes, &o);
	assert_ok(dlb_card_to_digits(&text, bytes.data, bytes.len));
	assert_ok(dlb_buf_append(&spaced, "\xef\xbb\xbf> DLB\n> CARD\n> ", 18));
	assert_ok(dlb_buf_append(&spaced, text.data + 9, text.len - 9));
	assert_ok(dlb_card_load(&card, &got, spaced.data, spaced.len, &f->err));
	assert_memory_equal(got.data, bytes.data, bytes.len);
	/* 2^56, which no seven bytes are. */
	assert_int_equal(dlb_card_load(&card, &got,
				 (const uint8_t *)"DLB CARD 72057594037927936",
				 26, &f->err),
		DLB_MALFORMED);
	assert_non_null(strstr(f->err.msg, "scan or copy"));
	dlb_buf_free(&bytes);
	dlb_buf_free(&text);
	dlb_buf_free(&spaced);
	dlb_buf_free(&got);
}

static void
a_short_card_fits_a_qr_code(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf bytes = {0}, text = {0};
	struct other o;

	other_init(&o, f,
		"a name of the longest kind that there is, for QR codes"
		" to hold.",
		1);
	o.card.opening_n = 0;
	memset(o.card.opening, 0, sizeof(o.card.opening));
	o.card.finding_n = 2;
	memset(&o.card.finding[2], 0, 3 * sizeof(o.card.finding[0]));
	other_sign(&o);
	other_write(&bytes, &o);
	assert_ok(dlb_card_to_digits(&text, bytes.data, bytes.len));
	/* Version 28, which is 129 modules wide, holds 3,669 digits. */
	assert_true(text.len < 3669 - 20);
	dlb_buf_free(&bytes);
	dlb_buf_free(&text);
}

static void
cards_that_are_not_sound(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf bytes = {0};
	struct other good, o;

	other_init(&good, f, "bob", 1);
#define CHECK(change)                                                          \
	do {                                                                   \
		o = good;                                                      \
		change;                                                        \
		assert_int_equal(dlb_card_write(&bytes, &o.card, o.sign_sk),   \
			DLB_MALFORMED);                                        \
	} while (0)
	CHECK(o.card.serial = 0);
	CHECK(o.card.finding_n = 0);
	CHECK(o.card.finding_n = DLB_CARD_FINDING_MAX + 1);
	CHECK(o.card.opening_n = DLB_CARD_OPENING_MAX + 1);
	CHECK(o.card.opening[3].month = o.card.opening[2].month);
	CHECK(o.card.opening[3].month = 0);
	CHECK(o.card.finding[1].quarter = o.card.finding[0].quarter);
	CHECK(strcpy(o.card.name, "a\nb"));
	CHECK(strcpy(o.card.name, "\xff"));
	CHECK(strcpy(o.card.name,
		"\xe2\x80\xae"
		"evil"));
	CHECK(memset(o.card.name, 'x', sizeof(o.card.name)));
	/* Keys that are none: not canonical, the identity, of small order, beyond
	 * the modulus. */
	CHECK(memset(o.card.finding[2].key, 0, 32));
	CHECK(memset(o.card.finding[2].key, 0xff, 32));
	CHECK(memset(o.card.identity.agree, 0, 32));
	CHECK(o.card.identity.agree[31] |= 0x80);
	CHECK(memset(o.card.identity.agree, 0xff, 31);
		o.card.identity.agree[31] = 0x7f);
	CHECK(memset(o.card.last_resort, 0xff, 3));
	CHECK(memset(o.card.opening[11].key + 900, 0xff, 3));
	assert_int_equal(bytes.len, 0);
	dlb_buf_free(&bytes);
}

/* Signed again, so that the parser gets to see what is wrong. */
static void
unsound_cards_are_refused_behind_the_signature(void **state)
{
	struct fixture *f = *state;
	uint8_t message[12 + DLB_CARD_LEN_MAX] = "\x0b"
						 "dlb card v1";
	uint8_t *body = message + 12;
	struct dlb_buf bytes = {0};
	struct dlb_card card;
	struct other o;
	size_t body_len;

	other_init(&o, f, "bob", 1);
	other_write(&bytes, &o);
	body_len = bytes.len - 64;
	/* The tail: the last key's modulus bytes, a finding key, the counts. */
	static const struct {
		size_t at;
		uint8_t v;
		size_t n;
	} bad[] = {
		{4, 3, 1},   /* version */
		{4, 2, 1},   /* one that has fields */
		{5, 0, 8},   /* serial */
		{15, 65, 1}, /* length of the name */
		{16, 0, 1},  /* a zero byte in it */
		{16, 0x1b, 1},
		{19 + 32 + 31, 0xff, 1}, /* agreement key */
		{19 + 64, 0, 1},         /* number of finding keys */
		{19 + 64, 6, 1},
		{19 + 64 + 1 + 2, 0xff, 32},
		{19 + 64 + 1 + 5 * 34, 13, 1},
		{19 + 64 + 1 + 5 * 34 + 1 + 2, 0xff, 3},
	};
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++) {
		enum dlb_status s;

		memcpy(body, bytes.data, body_len);
		memset(body + bad[i].at, bad[i].v, bad[i].n);
		dlb_ed25519_sign(
			body + body_len, message, 12 + body_len, o.sign_sk);
		s = dlb_card_parse(&card, body, body_len + 64, &f->err);
		assert_int_equal(s, i == 0 ? DLB_UNSUPPORTED : DLB_MALFORMED);
		assert_int_equal(card.serial, 0);
	}
	memcpy(body, bytes.data, body_len);
	dlb_ed25519_sign(body + body_len, message, 12 + body_len, o.sign_sk);
	assert_ok(dlb_card_parse(&card, body, body_len + 64, &f->err));
	dlb_buf_free(&bytes);
}

/* Cards that say more than one of before could. */
static void
fields_are_by_a_rule(void **state)
{
	static const struct {
		enum dlb_status want;
		size_t len;
		uint8_t bytes[48];
	} all[] = {
		/* one that is not known, and odd: kept as it is */
		{DLB_OK, 7, {0, 3, 0, 3, 'a', 'b', 'c'}},
		{DLB_OK, 4, {0, 9, 0, 0}},
		{DLB_OK, 8, {0, 3, 0, 0, 0, 5, 0, 0}},
		{DLB_UNSUPPORTED, 4, {0, 2, 0, 0}},
		{DLB_MALFORMED, 3, {0, 3, 0}},
		{DLB_MALFORMED, 4, {0, 3, 0, 1}},
		{DLB_MALFORMED, 4, {0, 3, 255, 255}},
		{DLB_MALFORMED, 8, {0, 3, 0, 0, 0, 3, 0, 0}},
		{DLB_MALFORMED, 8, {0, 5, 0, 0, 0, 3, 0, 0}},
		{DLB_MALFORMED, 4, {0, 0, 0, 0}},
		/* a bulletin key of another length */
		{DLB_MALFORMED, 5, {0, 1, 0, 1, 7}},
		{DLB_OK, 36, {0, 1, 0, 32, 7}},
	};
	struct fixture *f = *state;
	uint8_t message[12 + DLB_CARD_LEN_MAX] = "\x0b"
						 "dlb card v1";
	struct dlb_buf bytes = {0}, again = {0};
	struct dlb_card card;
	struct other o;

	other_init(&o, f, "bob", 1);
	other_write(&bytes, &o);
	for (size_t i = 0; i < DLB_ARRAY_LEN(all); i++) {
		uint8_t *body = message + 12;
		size_t len = bytes.len - 64;

		memcpy(body, bytes.data, len);
		body[4] = 2;
		body[len++] = 0;
		body[len++] = (uint8_t)all[i].len;
		memcpy(body + len, all[i].bytes, all[i].len);
		len += all[i].len;
		dlb_ed25519_sign(body + len, message, 12 + len, o.sign_sk);
		if (dlb_card_parse(&card, body, len + 64, &f->err)
			!= all[i].want)
			fail_msg("fields %zu: %s", i, f->err.msg);
		if (all[i].want != DLB_OK)
			continue;
		assert_int_equal(
			dlb_card_bulletin_key(&card) != NULL, all[i].len == 36);
		again.len = 0;
		assert_ok(dlb_card_write(&again, &card, o.sign_sk));
		assert_int_equal(again.len, len + 64);
		assert_memory_equal(again.data, body, again.len);
	}
	/* More than there may be. */
	memcpy(message + 12, bytes.data, bytes.len - 64);
	message[12 + 4] = 2;
	message[12 + bytes.len - 64] = 4;
	message[12 + bytes.len - 63] = 1;
	assert_int_equal(dlb_card_parse(&card, message + 12,
				 bytes.len + 2 + 1025, &f->err),
		DLB_MALFORMED);
	dlb_buf_free(&again);
	dlb_buf_free(&bytes);
}

static void
every_byte_counts(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf bytes = {0};
	struct dlb_card card;
	struct other o;

	other_init(&o, f, "bob", 1);
	other_write(&bytes, &o);
	for (size_t i = 0; i < bytes.len; i += i < 400 ? 1 : 131) {
		bytes.data[i] ^= 0x10;
		assert_int_not_equal(
			dlb_card_parse(&card, bytes.data, bytes.len, &f->err),
			DLB_OK);
		bytes.data[i] ^= 0x10;
	}
	for (size_t len = 0; len < bytes.len; len += len < 400 ? 1 : 61) {
		uint8_t *cut = malloc(len ? len : 1);

		memcpy(cut, bytes.data, len);
		assert_int_not_equal(
			dlb_card_parse(&card, cut, len, &f->err), DLB_OK);
		free(cut);
	}
	assert_ok(dlb_buf_append(&bytes, "", 1));
	assert_int_equal(dlb_card_parse(&card, bytes.data, bytes.len, &f->err),
		DLB_MALFORMED);
	dlb_buf_free(&bytes);
}

static enum dlb_status
load_text(struct dlb_card *card, const char *text)
{
	struct dlb_buf bytes = {0};
	struct dlb_error err;
	enum dlb_status s;

	s = dlb_card_load(
		card, &bytes, (const uint8_t *)text, strlen(text), &err);
	assert_true(s == DLB_OK ? bytes.len > 0 : bytes.len == 0);
	dlb_buf_free(&bytes);
	return s;
}

/* text with each `from` made `to`; freed by the caller. */
static char *
replace(const char *text, const char *from, const char *to)
{
	char *out = calloc(1, 4 * strlen(text) + strlen(to) + 1);
	const char *at;

	while ((at = strstr(text, from))) {
		strncat(out, text, (size_t)(at - text));
		strcat(out, to);
		text = at + strlen(from);
	}
	return strcat(out, text);
}

static void
text_is_found_in_what_surrounds_it(void **state)
{
	static const struct {
		const char *from, *to;
		bool ok;
	} changes[] = {
		{"\n", "\r\n", true},
		{"\n", "\n  ", true},
		{"\n", "\t\n\t", true},
		/* What mail programs put before a line that they quote. */
		{"\n", "\n> ", true},
		{"\n", "\n> > ", true},
		{"\n", "\n>>", true},
		{"\n", "\n| ", true},
		{"\n", "\r\n  > ", true},
		{"\n", "\n\xc2\xa0", true},
		/* And what is left where lines are none any more. */
		{"\n", " ", true},
		{"\n", " > ", true},
		{"-----BEGIN", "\xef\xbb\xbf-----BEGIN", true},
		{"-----BEGIN", "My card: -----BEGIN", true},
		{"END DLB CARD-----\n", "END DLB CARD----- so long", true},
		{"\n", "\n: ", false},
		{"\n", "\n\xc2 ", false},
		{"-----BEGIN", "Hi,\nmy card:\n\n-----BEGIN", true},
		{"CARD-----\n", "CARD-----\n-- \nann\n", false},
		{"END DLB CARD-----\n", "END DLB CARD-----\n-- \nann\n", true},
		{"END DLB CARD-----\n", "END DLB CARD-----", true},
		{"-----END DLB CARD-----\n", "", false},
		{"-----BEGIN DLB CARD-----\n", "", false},
		{"-----BEGIN", "----BEGIN", false},
		{"-----BEGIN DLB CARD-----\n",
			"-----BEGIN DLB CARD-----\n-----BEGIN DLB CARD-----\n",
			false},
		{"A", "B", false},
	};
	struct fixture *f = *state;
	struct dlb_buf text = {0};
	struct dlb_card card;
	struct other o;

	other_init(&o, f, "bob", 1);
	write_text(&text, &o);
	assert_int_equal(strlen((char *)text.data), text.len);
	assert_ok(load_text(&card, (char *)text.data));
	assert_memory_equal(&card, &o.card, sizeof(card));
	for (size_t i = 0; i < DLB_ARRAY_LEN(changes); i++) {
		char *changed = replace(
			(char *)text.data, changes[i].from, changes[i].to);
		enum dlb_status s = load_text(&card, changed);

		if ((s == DLB_OK) != changes[i].ok)
			fail_msg("\"%s\"", changes[i].to);
		free(changed);
	}
	assert_int_equal(load_text(&card, ""), DLB_MALFORMED);
	assert_int_equal(load_text(&card, "nothing here\n"), DLB_MALFORMED);
	assert_int_equal(load_text(&card,
				 "-----BEGIN DLB CARD-----\n"
				 "-----END DLB CARD-----\n"),
		DLB_MALFORMED);
	/* One that is empty is another. */
	{
		char *two = calloc(1, text.len + 64);

		strcpy(two,
			"-----BEGIN DLB CARD----- -----END DLB CARD-----\n");
		strcat(two, (char *)text.data);
		assert_int_equal(load_text(&card, two), DLB_MALFORMED);
		free(two);
	}
	dlb_buf_free(&text);
}

static void
one_card_a_file(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf text = {0}, bytes = {0}, large = {0};
	struct dlb_card card;
	struct other a, b;

	other_init(&a, f, "ann", 1);
	other_init(&b, f, "bob", 1);
	/* Short, so that three of them fit. */
	a.card.opening_n = b.card.opening_n = 0;
	write_text(&text, &a);
	write_text(&text, &a);
	assert_ok(load_text(&card, (char *)text.data));
	write_text(&text, &b);
	assert_int_equal(load_text(&card, (char *)text.data), DLB_MALFORMED);
	other_write(&bytes, &a);
	assert_ok(dlb_card_load(&card, &large, bytes.data, bytes.len, &f->err));
	assert_int_equal(large.len, bytes.len);
	dlb_buf_free(&large);
	assert_ok(dlb_buf_reserve(&large, DLB_CARD_FILE_MAX + 1));
	memset(large.data, '\n', DLB_CARD_FILE_MAX + 1);
	dlb_buf_free(&text);
	assert_int_equal(dlb_card_load(&card, &text, large.data,
				 DLB_CARD_FILE_MAX + 1, &f->err),
		DLB_LIMIT);
	dlb_buf_free(&text);
	dlb_buf_free(&bytes);
	dlb_buf_free(&large);
}

static void
fingerprints_tell_apart(void **state)
{
	struct fixture *f = *state;
	char one[DLB_FINGERPRINT_TEXT_MAX], two[DLB_FINGERPRINT_TEXT_MAX];
	struct dlb_identity id = {{0}, {0}};
	struct other o;
	unsigned words = 1;

	other_init(&o, f, "ann", 1);
	dlb_fingerprint_words(one, &o.card.identity);
	for (const char *p = one; *p; p++)
		words += *p == ' ' && p[1] != '-';
	assert_int_equal(words, 12);
	o.card.identity.agree[0] ^= 1;
	dlb_fingerprint_words(two, &o.card.identity);
	assert_string_not_equal(one, two);
	/* A format: it stays as it is. */
	dlb_fingerprint_words(two, &id);
	assert_string_equal(two,
		"fabric mustard tailor wardrobe - nectar satin banjo valley - "
		"lizard radish quarry metal");
}

/* What two people read to each other is the same in all versions, and what a second
 * implementation makes of docs/letterbox.md (tests/vectors/letterbox). */
static void
the_sentence_of_a_card_stays(void **state)
{
	struct fixture *f = *state;
	const char *dir = getenv("DLB_VECTORS");
	struct dlb_buf bytes = {0};
	struct dlb_card card;
	char path[4096], half[DLB_FINGERPRINT_TEXT_MAX];

	assert_non_null(dir);
	snprintf(path, sizeof(path), "%s/v1.card", dir);
	assert_ok(
		dlb_file_load(&bytes, dlb_fs_posix(), path, 1 << 20, &f->err));
	assert_ok(dlb_card_parse(&card, bytes.data, bytes.len, &f->err));
	dlb_sentence_half(half, &card.identity);
	assert_string_equal(half,
		"scissors nurse bridge fiddle - raccoon rainbow spinach jasmine "
		"- koala mustard raisin drummer - 523 150");
	dlb_buf_free(&bytes);
}

/* Of two people each sees the same two halves, and who reads which. */
static void
a_sentence_has_two_readers(void **state)
{
	struct fixture *f = *state;
	char half[DLB_FINGERPRINT_TEXT_MAX], words[DLB_FINGERPRINT_TEXT_MAX];
	struct dlb_identity a = {0}, b;
	struct other o;
	size_t len;

	other_init(&o, f, "bob", 1);
	b = o.card.identity;
	dlb_fingerprint_words(words, &b);
	dlb_sentence_half(half, &b);
	len = strlen(words);
	assert_memory_equal(half, words, len);
	assert_int_equal(strlen(half), len + strlen(" - 012 345"));
	assert_true(dlb_sentence_first(&a, &b));
	assert_false(dlb_sentence_first(&b, &a));
	/* Either key decides. */
	a = b;
	assert_false(dlb_sentence_first(&a, &b));
	for (unsigned i = 0; i < 2; i++) {
		uint8_t *last = i ? &a.agree[31] : &a.sign[31];

		*last ^= 1;
		assert_int_not_equal(
			dlb_sentence_first(&a, &b), dlb_sentence_first(&b, &a));
		dlb_sentence_half(words, &a);
		assert_string_not_equal(words, half);
		*last ^= 1;
	}
}

int
main(void)
{
#define TEST(t)                                                                \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read),
		TEST(digits_are_read_in_one_form_alone),
		TEST(a_short_card_fits_a_qr_code),
		TEST(cards_that_are_not_sound),
		TEST(unsound_cards_are_refused_behind_the_signature),
		TEST(fields_are_by_a_rule),
		TEST(every_byte_counts),
		TEST(text_is_found_in_what_surrounds_it),
		TEST(one_card_a_file),
		TEST(fingerprints_tell_apart),
		TEST(the_sentence_of_a_card_stays),
		TEST(a_sentence_has_two_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
