/* Names and base64: what a terminal, a path and a command line are safe from, and
 * one text for one string of bytes. */
#include "letterbox_test.h"

#include "letterbox_internal.h"

static void
names_good_and_bad(void **state)
{
	static const char *const good[] = {"a", "Ann",
		("gr\xc3\xbc\xc3\x9f"
		 "e"),
		"a b", "a.b", "a-b", "\xe5\xbc\xa0\xe4\xbc\x9f", "a\\b", "42"};
	static const char *const bad[] = {"", "-a", ".a", ".", "..", "a/b", "/",
		" a", "a ", " ", "a\nb", "a\x1b[2J", "\xff", "a\x7f",
		("\xe2\x80\xae"
		 "evil"),
		("a\xe2\x80\x8b"
		 "b"),
		("\xc2\x9b"
		 "2J")};
	char longest[66];

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(good); i++)
		assert_true(dlb_name_valid(good[i]));
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++) {
		char clean[DLB_NAME_TEXT_MAX + 1];

		assert_false(dlb_name_valid(bad[i]));
		dlb_name_clean(clean, bad[i]);
		assert_true(dlb_name_valid(clean));
	}
	memset(longest, 'x', sizeof(longest));
	longest[65] = '\0';
	assert_false(dlb_name_valid(longest));
	longest[64] = '\0';
	assert_true(dlb_name_valid(longest));
}

static void
names_are_cleaned_and_numbered(void **state)
{
	char name[DLB_NAME_TEXT_MAX + 1], text[200];

	(void)state;
	dlb_name_clean(name, "../../etc/passwd");
	assert_string_equal(name, "etc_passwd");
	dlb_name_clean(name, "--help");
	assert_string_equal(name, "help");
	dlb_name_clean(name, "...");
	assert_string_equal(name, "someone");
	dlb_name_clean(name, "ann");
	dlb_name_number(name, 2);
	assert_string_equal(name, "ann-2");
	/* Cut between characters, and room for the number. */
	memset(text, 0, sizeof(text));
	for (int i = 0; i < 60; i++)
		strcat(text, "\xc3\xbc");
	dlb_name_clean(name, text);
	assert_int_equal(strlen(name), 64);
	dlb_name_number(name, 4294967295u);
	assert_true(dlb_name_valid(name));
	assert_int_equal(strlen(name), 63);
	assert_string_equal(name + 52, "-4294967295");
}

/* Who reads both in a list can not tell which is whose. */
static void
names_that_look_alike(void **state)
{
	static const char *const alike[][2] = {{"ann", "ann"}, {"Ann", "aNN"},
		{"Ren\xc3\xa9", "rene"}, {"Ren\xc3\xa9", "Rene\xcc\x81"},
		{"alice", "aIice"}, {"alice", "a1ice"},
		{"ann b",
			"ann\xc2\xa0"
			"b"},
		{"\xd0\x90nn", "Ann"}, {"\xce\x91nn", "ann"},
		{"\xd0\x92\xd0\xbe\xd0\xb2\xd0\xb0",
			"\xd0\xb2\xd0\x9e\xd0\x92\xd0\x90"},
		{"\xd0\x96\xd1\x8f", "\xd0\xb6\xd0\xaf"},
		{"\xf0\x9f\xa6\x8a\xe2\x80\x8d",
			"\xf0\x9f\xa6\x8a\xef\xb8\x8f"}};
	static const char *const unseen[] = {
		"\xe3\x85\xa4", "\xc2\xa0", "\xcc\x81", "\xe2\xa0\x80"};
	static const char *const apart[][2] = {{"ann", "anne"}, {"ann", "anm"},
		{"bob", "bob-2"}, {"\xf0\x9f\xa6\x8a", "\xf0\x9f\xa6\x8b"},
		{"\xe5\xbc\xa0", "\xe4\xbc\x9f"}, {"\xd0\xb6", "\xd0\xb7"}};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(alike); i++) {
		assert_true(dlb_names_alike(alike[i][0], alike[i][1]));
		assert_true(dlb_names_alike(alike[i][1], alike[i][0]));
	}
	for (size_t i = 0; i < DLB_ARRAY_LEN(unseen); i++) {
		char clean[DLB_NAME_TEXT_MAX + 1];

		assert_int_equal(dlb_name_check(unseen[i], "a box", NULL),
			DLB_MALFORMED);
		dlb_name_clean(clean, unseen[i]);
		assert_string_equal(clean, "someone");
	}
	for (size_t i = 0; i < DLB_ARRAY_LEN(apart); i++)
		assert_false(dlb_names_alike(apart[i][0], apart[i][1]));
}

static void
base64_round_trips(void **state)
{
	static const char *const known[][3] = {{"", "", ""},
		{"f", "Zg==", "Zg"}, {"fo", "Zm8=", "Zm8"},
		{"foo", "Zm9v", "Zm9v"}, {"foob", "Zm9vYg==", "Zm9vYg"},
		{"fooba", "Zm9vYmE=", "Zm9vYmE"},
		{"\xfb\xff\xbe", "+/++", "-_--"}};
	uint8_t data[256];

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(known); i++)
		for (int kind = 0; kind < 2; kind++) {
			struct dlb_buf text = {0};

			assert_ok(dlb_base64_encode(&text, kind,
				(const uint8_t *)known[i][0],
				strlen(known[i][0])));
			assert_int_equal(text.len, strlen(known[i][1 + kind]));
			if (text.len)
				assert_memory_equal(text.data,
					known[i][1 + kind], text.len);
			dlb_buf_free(&text);
		}
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t len = 0; len < sizeof(data); len++) {
		struct dlb_buf text = {0}, back = {0};

		assert_ok(dlb_base64_encode(&text, DLB_BASE64, data, len));
		assert_ok(dlb_base64_decode(
			&back, DLB_BASE64, (const char *)text.data, text.len));
		assert_int_equal(back.len, len);
		if (len)
			assert_memory_equal(back.data, data, len);
		dlb_buf_free(&text);
		dlb_buf_free(&back);
	}
}

static void
base64_is_strict(void **state)
{
	static const char *const bad[] = {"Z", "Zg",
		"Zg=", "Zg===", "Zh==", "Zm9=", "Zm8",
		"Zm9v=", "Z=g=", "=Zg=", "Zg==Zg==", "Zm9-", "Zm9_", "Zm9v!",
		"Zm9\xff", "===="};
	static const char *const bad_url[] = {
		"Z", "Zg==", "Zh", "Zm9", "Zm9+", "Zm9/", "Zg="};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++) {
		struct dlb_buf b = {0};

		assert_int_equal(dlb_base64_decode(&b, DLB_BASE64, bad[i],
					 strlen(bad[i])),
			DLB_MALFORMED);
		dlb_buf_free(&b);
	}
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad_url); i++) {
		struct dlb_buf b = {0};

		assert_int_equal(dlb_base64_decode(&b, DLB_BASE64_URL,
					 bad_url[i], strlen(bad_url[i])),
			DLB_MALFORMED);
		dlb_buf_free(&b);
	}
	struct dlb_buf b = {0};
	assert_int_equal(
		dlb_base64_decode(&b, DLB_BASE64, "Zm9v\0", 5), DLB_MALFORMED);
	dlb_buf_free(&b);
	assert_ok(dlb_base64_decode(&b, DLB_BASE64, " Z m\t8\r\n= ", 10));
	assert_int_equal(b.len, 2);
	dlb_buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_good_and_bad),
		cmocka_unit_test(names_are_cleaned_and_numbered),
		cmocka_unit_test(names_that_look_alike),
		cmocka_unit_test(base64_round_trips),
		cmocka_unit_test(base64_is_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
