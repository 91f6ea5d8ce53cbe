/* Hexadecimal both ways, UTF-8 in every wrong form, and no way to reach a
 * terminal's controls through dlb_printable. */
#include "base_test.h"

static void
hex_round_trips(void **state)
{
	uint8_t in[256], out[256];
	char hex[513];

	(void)state;
	for (int i = 0; i < 256; i++)
		in[i] = (uint8_t)i;
	dlb_hex(hex, in, sizeof(in));
	assert_memory_equal(hex, "000102", 6);
	assert_string_equal(hex + 508, "feff");
	assert_int_equal(dlb_unhex(out, sizeof(out), hex), DLB_OK);
	assert_memory_equal(in, out, sizeof(in));
	assert_int_equal(dlb_unhex(out, 2, "aBCd"), DLB_OK);
	assert_int_equal(out[0] << 8 | out[1], 0xabcd);
	dlb_hex(hex, in, 0);
	assert_string_equal(hex, "");
	assert_int_equal(dlb_unhex(out, 0, ""), DLB_OK);
}

static void
bad_hex_is_refused(void **state)
{
	static const char *const bad[] = {"", "a", "ab", "abc", "abcde",
		"abcdef", "abcg", "gbcd", " abc", "ab d", "-bcd", "0xab",
		"ab\377d", "ab/d", "ab:d", "ab@d", "ab`d"};
	uint8_t out[2];

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++) {
		memset(out, 7, sizeof(out));
		assert_int_equal(dlb_unhex(out, 2, bad[i]), DLB_MALFORMED);
		assert_int_equal(out[0] + out[1], 0);
	}
}

static void
utf8_good_and_bad(void **state)
{
	static const char *const good[] = {"", "plain", "\x7f", "\xc2\x80",
		"\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
		"\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
		"gr\303\274\303\237e"};
	static const char *const bad[] = {"\x80", "\xbf", "\xc0\x80",
		"\xc1\xbf", "\xc2",
		"\xc2"
		"a",
		"\xe0\x80\x80", "\xe0\x9f\xbf", "\xe1\x80",
		"\xe1\x80"
		"a",
		"\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80",
		"\xf0\x8f\xbf\xbf", "\xf1\x80\x80", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff",
		"ok\xff", "\xc3\xc3\xbc"};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(good); i++)
		assert_true(dlb_utf8_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++)
		assert_false(dlb_utf8_valid(bad[i], strlen(bad[i])));
	/* A character that the length cuts off is not read to its end. */
	assert_false(dlb_utf8_valid("\xc3\xbc", 1));
	assert_true(dlb_utf8_valid("a\0b", 3));
}

static void
shows(const char *in, size_t len, const char *want)
{
	char out[64];

	assert_ptr_equal(dlb_printable(out, sizeof(out), in, len), out);
	assert_string_equal(out, want);
	assert_true(dlb_utf8_valid(out, strlen(out)));
}

static void
printable_defuses(void **state)
{
	(void)state;
	shows("plain ~", 7, "plain ~");
	shows("gr\xc3\xbc\xc3\x9f"
	      "e",
		7,
		"gr\xc3\xbc\xc3\x9f"
		"e");
	shows("a\x1b[31mb", 7, "a?[31mb");
	shows("a\0b\n\r\t\x7f", 7, "a?b????");
	/* CSI as one C1 character; a right-to-left override; an isolate. */
	shows("\xc2\x9b"
	      "x",
		3, "?x");
	shows("\xe2\x80\xae"
	      "x\xe2\x81\xa6",
		7, "?x?");
	/* A line separator, a BOM, a tag, an interlinear mark. */
	shows("\xe2\x80\xa8\xef\xbb\xbf\xf3\xa0\x81\x81\xef\xbf\xb9", 13,
		"????");
	shows("\xff\xc3", 2, "??");
	shows("\xf0\x9f\x93\xae", 4, "\xf0\x9f\x93\xae");
	shows("\xed\xa0\x80", 3, "???");
}

static void
printable_stays_within_its_room(void **state)
{
	char out[8];

	(void)state;
	memset(out, 'z', sizeof(out));
	dlb_printable(out, 4, "abcdef", 6);
	assert_memory_equal(out, "abc\0zzzz", 8);
	/* Never half a character. */
	memset(out, 'z', sizeof(out));
	dlb_printable(out, 4, "ab\xc3\xbc", 4);
	assert_memory_equal(out, "ab\0zzzzz", 8);
	memset(out, 'z', sizeof(out));
	dlb_printable(out, 1, "ab", 2);
	assert_memory_equal(out, "\0zzzzzzz", 8);
	dlb_printable(out, 0, "ab", 2);
	assert_memory_equal(out, "\0zzzzzzz", 8);
	dlb_printable(out, 3, "\n\n\n\n", 4);
	assert_memory_equal(out, "??\0", 3);
}

static void
sizes_are_written(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {{0, "0 bytes"}, {1, "1 byte"}, {1023, "1023 bytes"},
		{1024, "1.0 KiB"}, {1229, "1.2 KiB"}, {10188, "9.9 KiB"},
		{10189, "10 KiB"}, {65536, "64 KiB"}, {1048575, "1.0 MiB"},
		{262144000, "250 MiB"}, {1ULL << 30, "1.0 GiB"},
		{4ULL << 30, "4.0 GiB"}, {1ULL << 50, "1.0 PiB"},
		{UINT64_MAX, "16 EiB"}};
	char text[DLB_SIZE_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(sizes); i++)
		assert_string_equal(
			dlb_size_text(text, sizes[i].bytes), sizes[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_round_trips),
		cmocka_unit_test(bad_hex_is_refused),
		cmocka_unit_test(utf8_good_and_bad),
		cmocka_unit_test(printable_defuses),
		cmocka_unit_test(printable_stays_within_its_room),
		cmocka_unit_test(sizes_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
