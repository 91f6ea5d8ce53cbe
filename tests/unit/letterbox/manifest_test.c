/* Manifests: what is written is read; what may not travel is refused on both
 * sides; no form but the canonical one is taken. */
#include "letterbox_test.h"

static const uint8_t reply_to[16] = "0123456789abcdef";

static struct dlb_manifest_file
regular(const char *path, uint64_t size)
{
	return (struct dlb_manifest_file){.type = DLB_FILE_REGULAR,
		.mode = 0644,
		.mtime_s = 1700000000,
		.mtime_ns = 5,
		.size = size,
		.path = path,
		.path_len = (uint16_t)strlen(path)};
}

static struct dlb_manifest_file
directory(const char *path)
{
	struct dlb_manifest_file f = regular(path, 0);

	f.type = DLB_FILE_DIR;
	f.mode = 0755;
	return f;
}

static struct dlb_manifest_file
link_to(const char *path, const char *target)
{
	struct dlb_manifest_file f = regular(path, 0);

	f.type = DLB_FILE_LINK;
	f.mode = 0;
	f.target = target;
	f.target_len = (uint16_t)strlen(target);
	return f;
}

static void
begin(struct dlb_buf *b)
{
	struct dlb_manifest_fields fields = {.kind = DLB_KIND_LETTER};

	assert_ok(dlb_manifest_begin(b, &fields));
}

static void
add(struct dlb_buf *b, struct dlb_manifest_file f)
{
	struct dlb_error err;

	if (dlb_manifest_add(b, &f, &err) != DLB_OK)
		fail_msg("%s", err.msg);
}

static enum dlb_status
parse(struct dlb_manifest *m, const struct dlb_buf *b)
{
	struct dlb_error err;

	return dlb_manifest_parse(m, b->data + 4, b->len - 4, &err);
}

/* A manifest with all there is. */
static void
write_full(struct dlb_buf *b)
{
	static const uint8_t card[] = "bytes of a card";
	struct dlb_manifest_fields fields = {.kind = DLB_KIND_BRIEFING,
		.codec = DLB_CODEC_ZSTD,
		.receipt_wanted = true,
		.has_in_reply_to = true,
		.message = "gr\xc3\xbc\xc3\x9f"
			   "e\n",
		.message_len = 8,
		.card = card,
		.card_len = sizeof(card)};

	memcpy(fields.in_reply_to, reply_to, 16);
	assert_ok(dlb_manifest_begin(b, &fields));
	add(b, directory("a"));
	add(b, directory("a/b"));
	add(b, regular("a/b/c", 7));
	add(b, link_to("a/b/up", "../../z"));
	add(b, regular("a.txt", 1));
	add(b, regular("\xff odd \n", 2));
	assert_ok(dlb_manifest_end(b));
}

static void
what_is_written_is_read(void **state)
{
	static const char *const paths[] = {
		"a", "a/b", "a/b/c", "a/b/up", "a.txt", "\xff odd \n"};
	struct dlb_manifest_file f;
	struct dlb_buf b = {0};
	struct dlb_manifest m;
	size_t pos = 0, n = 0;

	(void)state;
	write_full(&b);
	assert_int_equal(
		b.data[0] << 24 | b.data[1] << 16 | b.data[2] << 8 | b.data[3],
		b.len - 4);
	assert_ok(parse(&m, &b));
	assert_int_equal(m.fields.kind, DLB_KIND_BRIEFING);
	assert_int_equal(m.fields.codec, DLB_CODEC_ZSTD);
	assert_true(m.fields.receipt_wanted && m.fields.has_in_reply_to);
	assert_memory_equal(m.fields.in_reply_to, reply_to, 16);
	assert_int_equal(m.fields.message_len, 8);
	assert_int_equal(m.fields.card_len, 16);
	assert_int_equal(m.files_n, 6);
	assert_int_equal(m.files_len, 10);
	for (; dlb_manifest_next(&m, &pos, &f); n++) {
		assert_int_equal(f.path_len, strlen(paths[n]));
		assert_memory_equal(f.path, paths[n], f.path_len);
		assert_int_equal(f.mtime_s, 1700000000);
		if (n == 2) {
			assert_int_equal(f.mode, 0644);
			assert_int_equal(f.size, 7);
		}
		if (n == 3)
			assert_memory_equal(f.target, "../../z", f.target_len);
	}
	assert_int_equal(n, 6);
	/* Where a size stands. */
	assert_memory_equal(
		m.files + DLB_MANIFEST_SIZE_OFFSET, "\0\0\0\0\0\0\0\0", 8);
	dlb_buf_free(&b);
}

static void
the_least_is_enough(void **state)
{
	struct dlb_manifest_file f;
	struct dlb_buf b = {0};
	struct dlb_manifest m;
	size_t pos = 0;

	(void)state;
	begin(&b);
	assert_ok(dlb_manifest_end(&b));
	assert_ok(parse(&m, &b));
	assert_int_equal(m.files_n, 0);
	assert_null(m.fields.message);
	assert_false(m.fields.receipt_wanted || m.fields.has_in_reply_to);
	assert_false(dlb_manifest_next(&m, &pos, &f));
	dlb_buf_free(&b);
}

/* With a fault in it, f is refused by the writer; and by the reader, in a list that
 * is written here by hand. */
static void
check_refused(struct dlb_manifest_file *before, struct dlb_manifest_file f)
{
	uint8_t entry[70000], head[32];
	struct dlb_writer w;
	struct dlb_buf b = {0};
	struct dlb_manifest m;
	struct dlb_error err = {0};
	uint32_t n = 1;

	begin(&b);
	if (before)
		add(&b, *before);
	if (dlb_manifest_add(&b, &f, &err) != DLB_REFUSED)
		fail_msg("taken: %.*s", (int)f.path_len, f.path);
	assert_true(err.msg[0] != '\0');
	dlb_buf_free(&b);
	dlb_writer_init(&w, entry, sizeof(entry));
	for (struct dlb_manifest_file *p = before ? before : &f;; p = &f, n++) {
		dlb_write_u8(&w, p->type);
		dlb_write_u16(&w, p->mode);
		dlb_write_u64(&w, (uint64_t)p->mtime_s);
		dlb_write_u32(&w, p->mtime_ns);
		dlb_write_u64(&w, p->size);
		dlb_write_u16(&w, p->path_len);
		dlb_write_bytes(&w, p->path, p->path_len);
		dlb_write_u16(&w, p->target_len);
		dlb_write_bytes(&w, p->target, p->target_len);
		if (p == &f)
			break;
	}
	assert_false(w.failed);
	assert_ok(dlb_buf_append(
		&b, "\0\0\0\0\1\0\2\0\0\0\1\1\0\4\0\0\0\1\0", 19));
	dlb_buf_reserve(&b, 80000) == DLB_OK ? (void)0 : fail();
	size_t len = w.len;
	dlb_writer_init(&w, head, sizeof(head));
	dlb_write_u16(&w, 256);
	dlb_write_u32(&w, (uint32_t)(4 + len));
	dlb_write_u32(&w, n);
	assert_ok(dlb_buf_append(&b, head, w.len));
	assert_ok(dlb_buf_append(&b, entry, len));
	assert_int_not_equal(parse(&m, &b), DLB_OK);
	assert_int_equal(m.files_n, 0);
	dlb_buf_free(&b);
}

static void
bad_paths_are_refused(void **state)
{
	static const char *const bad[] = {"", "/", "/a", "a/", "a//b", ".",
		"..", "./a", "../a", "a/.", "a/..", "a/../b", "a/./b", "//"};
	char *large = malloc(65536);
	struct dlb_manifest_file a = directory("a"), f;

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++) {
		check_refused(&a, regular(bad[i], 0));
		check_refused(NULL, regular(bad[i], 0));
	}
	memset(large, 'x', 65536);
	for (size_t i = 200; i < 65536; i += 200)
		large[i] = '/';
	f = regular("b", 0);
	f.path = large;
	f.path_len = 65535;
	check_refused(NULL, f);
	f.path_len = DLB_MANIFEST_PATH_MAX + 1;
	check_refused(NULL, f);
	memset(large, 'x', 256);
	f.path_len = 256;
	check_refused(NULL, f);
	memcpy(large, "a\0b", 3);
	f.path_len = 3;
	check_refused(NULL, f);
	free(large);
}

static void
only_so_deep(void **state)
{
	struct dlb_buf b = {0};
	char path[2 * DLB_MANIFEST_DEPTH_MAX + 3] = "d";
	struct dlb_error err;

	(void)state;
	begin(&b);
	for (size_t i = 1; i < DLB_MANIFEST_DEPTH_MAX; i++) {
		add(&b, directory(path));
		strcat(path, "/d");
	}
	add(&b, directory(path));
	strcat(path, "/d");
	struct dlb_manifest_file f = directory(path);
	assert_int_equal(dlb_manifest_add(&b, &f, &err), DLB_REFUSED);
	dlb_buf_free(&b);
}

static void
order_parents_and_doubles(void **state)
{
	struct dlb_manifest_file a = directory("a"), f = regular("f", 1),
				 l = link_to("l", "a"), ab = directory("a.b"),
				 z = regular("a/z", 0);

	(void)state;
	check_refused(&f, regular("f", 1));
	check_refused(&f, directory("f"));
	check_refused(&f, regular("e", 1));
	check_refused(&ab, regular("a/b", 1));
	check_refused(NULL, regular("a/b", 1));
	check_refused(&a, regular("b/c", 1));
	check_refused(&a, regular("ab/c", 1));
	check_refused(&a, regular("a/b/c", 1));
	/* Below what is no directory. */
	check_refused(&f, regular("f/x", 1));
	check_refused(&l, regular("l/x", 1));
	check_refused(NULL, z);
	assert_true(dlb_manifest_order("a", 1, "a/z", 3) < 0);
	assert_true(dlb_manifest_order("a/z", 3, "a.b", 3) < 0);
	assert_true(dlb_manifest_order("a\xff", 2, "a!", 2) > 0);
	assert_int_equal(dlb_manifest_order("a/b", 3, "a/b", 3), 0);
}

static void
links_stay_within(void **state)
{
	static const char *const good[] = {"x", "x/y", ".", "./x", "..", "../x",
		"../../x", ".././../x", "x//y", "x/", "...", "..x"};
	static const char *const bad[] = {"", "/", "/etc/passwd", "../../..",
		"../../../x", "x/..", "x/../y", "../x/../y", "./../../.././x",
		"a/../../../.."};
	struct dlb_manifest_file f, target;
	char nul[] = {'a', 0, 'b'};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(good); i++) {
		struct dlb_buf b = {0};
		struct dlb_manifest m;

		begin(&b);
		add(&b, directory("a"));
		add(&b, directory("a/b"));
		add(&b, link_to("a/b/l", good[i]));
		assert_ok(dlb_manifest_end(&b));
		assert_ok(parse(&m, &b));
		dlb_buf_free(&b);
	}
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++) {
		struct dlb_manifest_file ab = directory("ab");

		check_refused(&ab, link_to("ab/l", bad[i]));
	}
	check_refused(NULL, link_to("l", ".."));
	check_refused(NULL, link_to("l", "./../l"));
	target = link_to("l", "a");
	target.target = nul;
	target.target_len = 3;
	check_refused(NULL, target);
	/* What is no link has none. */
	f = regular("f", 0);
	f.target = "x";
	f.target_len = 1;
	check_refused(NULL, f);
}

static void
sizes_and_their_sum(void **state)
{
	static const uint64_t bad[] = {DLB_FILES_LEN_MAX + 1, 1ULL << 63,
		UINT64_MAX, (1ULL << 63) - 1};
	struct dlb_manifest_file d = directory("d"), a = regular("a", 0);
	struct dlb_buf b = {0};
	struct dlb_manifest m;

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++)
		check_refused(NULL, regular("a", bad[i]));
	d.size = 1;
	check_refused(NULL, d);
	begin(&b);
	add(&b, regular("a", DLB_FILES_LEN_MAX));
	assert_ok(dlb_manifest_end(&b));
	assert_ok(parse(&m, &b));
	assert_true(m.files_len == DLB_FILES_LEN_MAX);
	dlb_buf_free(&b);
	begin(&b);
	add(&b, regular("a", DLB_FILES_LEN_MAX));
	a = regular("b", 1);
	add(&b, a);
	assert_int_equal(dlb_manifest_end(&b), DLB_LIMIT);
	dlb_buf_free(&b);
}

static void
modes_and_times_are_cut_by_the_writer(void **state)
{
	struct dlb_manifest_file f = regular("f", 1), l = link_to("l", "f"),
				 got;
	struct dlb_buf b = {0};
	struct dlb_manifest m;
	size_t pos = 0;

	(void)state;
	f.mode = 0104755;
	f.mtime_s = -5;
	l.mode = 0777;
	l.mtime_s = 1LL << 41;
	begin(&b);
	add(&b, f);
	add(&b, l);
	assert_ok(dlb_manifest_end(&b));
	assert_ok(parse(&m, &b));
	assert_true(dlb_manifest_next(&m, &pos, &got));
	assert_int_equal(got.mode, 0755);
	assert_true(got.mtime_s == 0 && got.mtime_ns == 0);
	assert_true(dlb_manifest_next(&m, &pos, &got));
	assert_int_equal(got.mode, 0);
	assert_true(got.mtime_s == (1LL << 40) - 1);
	dlb_buf_free(&b);
}

/* What a receipt lists, and nothing else does. */
static void
a_receipt_lists_letters(void **state)
{
	uint8_t ids[2 * 16];
	struct dlb_manifest_fields fields = {
		.kind = DLB_KIND_RECEIPT, .received = ids, .received_n = 2};
	struct dlb_buf b = {0};
	struct dlb_manifest m;
	size_t kind = 4 + 1 + 6, length = kind + 1 + 6 + 1 + 2 + 3;

	(void)state;
	memset(ids, 7, sizeof(ids));
	assert_ok(dlb_manifest_begin(&b, &fields));
	assert_ok(dlb_manifest_end(&b));
	assert_ok(parse(&m, &b));
	assert_int_equal(m.fields.kind, DLB_KIND_RECEIPT);
	assert_int_equal(m.fields.received_n, 2);
	assert_memory_equal(m.fields.received, ids, sizeof(ids));
	/* Another kind with it; and half an id. */
	b.data[kind] = DLB_KIND_LETTER;
	assert_int_equal(parse(&m, &b), DLB_MALFORMED);
	b.data[kind] = DLB_KIND_RECEIPT;
	assert_int_equal(b.data[length], sizeof(ids));
	b.data[length] = 24;
	assert_int_equal(parse(&m, &b), DLB_MALFORMED);
	b.len = 0;
	fields.received_n = DLB_MANIFEST_RECEIVED_MAX + 1;
	assert_int_equal(dlb_manifest_begin(&b, &fields), DLB_LIMIT);
	/* A receipt without any. */
	fields.kind = DLB_KIND_LETTER;
	fields.received_n = 0;
	assert_ok(dlb_manifest_begin(&b, &fields));
	assert_ok(dlb_manifest_end(&b));
	b.data[kind] = DLB_KIND_RECEIPT;
	assert_int_equal(parse(&m, &b), DLB_MALFORMED);
	dlb_buf_free(&b);
}

static void
fields_have_limits(void **state)
{
	struct dlb_manifest_fields fields = {.kind = DLB_KIND_LETTER};
	struct dlb_buf b = {0};
	char *large = malloc(DLB_MESSAGE_LEN_MAX + 1);

	(void)state;
	memset(large, 'm', DLB_MESSAGE_LEN_MAX + 1);
	fields.message = large;
	fields.message_len = DLB_MESSAGE_LEN_MAX + 1;
	assert_int_equal(dlb_manifest_begin(&b, &fields), DLB_LIMIT);
	fields.message_len = DLB_MESSAGE_LEN_MAX;
	assert_ok(dlb_manifest_begin(&b, &fields));
	dlb_buf_free(&b);
	large[5] = '\0';
	assert_int_equal(dlb_manifest_begin(&b, &fields), DLB_MALFORMED);
	large[5] = '\xff';
	assert_int_equal(dlb_manifest_begin(&b, &fields), DLB_MALFORMED);
	fields.message = NULL;
	fields.message_len = 0;
	fields.card = (const uint8_t *)large;
	fields.card_len = DLB_CARD_LEN_MAX + 1;
	assert_int_equal(dlb_manifest_begin(&b, &fields), DLB_LIMIT);
	dlb_buf_free(&b);
	free(large);
}

/* ---- hostile bytes --------------------------------------------------------------------- */

/* A manifest of raw fields. */
static enum dlb_status
parse_raw(const char *bytes, size_t len)
{
	struct dlb_manifest m;

	return dlb_manifest_parse(&m, (const uint8_t *)bytes, len, NULL);
}
#define RAW(s) parse_raw(s, sizeof(s) - 1)
#define KIND "\0\2\0\0\0\1\1"
#define CODEC "\0\4\0\0\0\1\0"
#define FILES "\1\0\0\0\0\4\0\0\0\0"

static void
unknown_fields(void **state)
{
	(void)state;
	assert_ok(RAW("\1" KIND CODEC FILES));
	assert_ok(RAW("\1" KIND "\0\3\0\0\0\2xy" CODEC FILES "\1\1\0\0\0\0"));
	assert_ok(RAW("\1"
		      "\0\1\0\0\0\0" KIND CODEC FILES "\xff\xff\0\0\0\1z"));
	assert_int_equal(RAW("\1"
			     "\0\0\0\0\0\0" KIND CODEC FILES),
		DLB_UNSUPPORTED);
	assert_int_equal(
		RAW("\1" KIND CODEC "\0\6\0\0\0\0" FILES), DLB_UNSUPPORTED);
	assert_int_equal(
		RAW("\1" KIND CODEC FILES "\1\2\0\0\0\0"), DLB_UNSUPPORTED);
	assert_int_equal(RAW("\2" KIND CODEC FILES), DLB_UNSUPPORTED);
	assert_int_equal(RAW("\0" KIND CODEC FILES), DLB_MALFORMED);
	assert_int_equal(RAW(""), DLB_MALFORMED);
	assert_int_equal(RAW("\1\0\2\0\0\0\1\0" CODEC FILES), DLB_UNSUPPORTED);
	assert_int_equal(RAW("\1\0\2\0\0\0\1\10" CODEC FILES), DLB_UNSUPPORTED);
	assert_int_equal(
		RAW("\1" KIND "\0\4\0\0\0\1\2" FILES), DLB_UNSUPPORTED);
}

static void
only_the_canonical_form(void **state)
{
	(void)state;
	/* Missing, doubled, out of order. */
	assert_int_equal(RAW("\1" CODEC FILES), DLB_MALFORMED);
	assert_int_equal(RAW("\1" KIND FILES), DLB_MALFORMED);
	assert_int_equal(RAW("\1" KIND CODEC), DLB_MALFORMED);
	assert_int_equal(RAW("\1" KIND KIND CODEC FILES), DLB_MALFORMED);
	assert_int_equal(RAW("\1" CODEC KIND FILES), DLB_MALFORMED);
	assert_int_equal(RAW("\1" KIND CODEC FILES FILES), DLB_MALFORMED);
	assert_int_equal(RAW("\1" FILES KIND CODEC), DLB_MALFORMED);
	/* Of a wrong length or content. */
	assert_int_equal(RAW("\1\0\2\0\0\0\2\1\1" CODEC FILES), DLB_MALFORMED);
	assert_int_equal(RAW("\1" KIND "\0\4\0\0\0\0" FILES), DLB_MALFORMED);
	assert_int_equal(
		RAW("\1" KIND CODEC "\0\5\0\0\0\1x" FILES), DLB_MALFORMED);
	assert_int_equal(
		RAW("\1" KIND CODEC "\0\7\0\0\0\1\0" FILES), DLB_MALFORMED);
	assert_int_equal(
		RAW("\1" KIND CODEC "\0\10\0\0\0\0" FILES), DLB_MALFORMED);
	assert_int_equal(
		RAW("\1" KIND CODEC "\0\10\0\0\0\1\xff" FILES), DLB_MALFORMED);
	assert_int_equal(
		RAW("\1" KIND CODEC "\0\10\0\0\0\1\0" FILES), DLB_MALFORMED);
	assert_int_equal(
		RAW("\1" KIND CODEC "\0\11\0\0\0\0" FILES), DLB_MALFORMED);
	assert_int_equal(
		RAW("\1" KIND CODEC "\1\0\0\0\0\5\0\0\0\0x"), DLB_MALFORMED);
	assert_int_equal(
		RAW("\1" KIND CODEC "\1\0\0\0\0\3\0\0\0"), DLB_MALFORMED);
	/* Lengths and counts that lie. */
	assert_int_equal(
		RAW("\1" KIND CODEC "\1\0\xff\xff\xff\xff"), DLB_MALFORMED);
	assert_int_equal(
		RAW("\1" KIND CODEC "\1\0\0\0\0\4\0\0\0\1"), DLB_MALFORMED);
	assert_int_equal(RAW("\1" KIND CODEC "\1\0\0\0\0\4\0\x0f\x42\x40"),
		DLB_MALFORMED);
	assert_int_equal(
		RAW("\1" KIND CODEC "\1\0\0\0\0\4\0\x0f\x42\x41"), DLB_LIMIT);
	assert_int_equal(
		RAW("\1" KIND CODEC "\1\0\0\0\0\4\xff\xff\xff\xff"), DLB_LIMIT);
}

/* What parses is what the writer would write. */
static void
check_canonical(const struct dlb_buf *b, const struct dlb_manifest *m)
{
	struct dlb_manifest_file f;
	struct dlb_buf again = {0};
	size_t pos = 0;

	assert_ok(dlb_manifest_begin(&again, &m->fields));
	while (dlb_manifest_next(m, &pos, &f))
		add(&again, f);
	assert_ok(dlb_manifest_end(&again));
	assert_int_equal(again.len, b->len);
	assert_memory_equal(again.data + 4, b->data + 4, b->len - 4);
	dlb_buf_free(&again);
}

static void
every_cut_and_every_bit(void **state)
{
	struct dlb_buf b = {0}, copy = {0};
	struct dlb_manifest m;
	size_t taken = 0;

	(void)state;
	write_full(&b);
	assert_ok(parse(&m, &b));
	check_canonical(&b, &m);
	for (size_t len = 0; len < b.len - 4; len++) {
		/* In a block of that length, for the sanitizer to watch. */
		uint8_t *cut = malloc(len + 1);

		memcpy(cut, b.data + 4, len);
		cut = realloc(cut, len ? len : 1);
		assert_int_not_equal(
			dlb_manifest_parse(&m, cut, len, NULL), DLB_OK);
		free(cut);
	}
	assert_ok(dlb_buf_append(&copy, b.data, b.len));
	for (size_t i = 4; i < b.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			copy.data[i] ^= (uint8_t)(1 << bit);
			/* An unknown field in the place of an optional one is
			 * passed over, so that it is not written again. */
			if (parse(&m, &copy) == DLB_OK) {
				if (m.fields.card && m.fields.has_in_reply_to
					&& m.fields.receipt_wanted)
					check_canonical(&copy, &m);
				taken++;
			}
			copy.data[i] ^= (uint8_t)(1 << bit);
		}
	}
	assert_true(taken > 0);
	dlb_buf_free(&b);
	dlb_buf_free(&copy);
}

/* A million files are read in one pass, and one more is refused. */
static void
a_million_files(void **state)
{
	struct dlb_manifest_file f;
	struct dlb_buf b = {0};
	struct dlb_manifest m;
	struct dlb_error err;
	char path[16];

	(void)state;
	begin(&b);
	for (unsigned i = 0; i < DLB_MANIFEST_FILES_MAX; i++) {
		snprintf(path, sizeof(path), "%07u", i);
		f = regular(path, 1);
		if (dlb_manifest_add(&b, &f, &err) != DLB_OK)
			fail();
	}
	f = regular("x", 1);
	assert_int_equal(dlb_manifest_add(&b, &f, &err), DLB_LIMIT);
	assert_ok(dlb_manifest_end(&b));
	assert_ok(parse(&m, &b));
	assert_int_equal(m.files_len, DLB_MANIFEST_FILES_MAX);
	dlb_buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(the_least_is_enough),
		cmocka_unit_test(bad_paths_are_refused),
		cmocka_unit_test(only_so_deep),
		cmocka_unit_test(order_parents_and_doubles),
		cmocka_unit_test(links_stay_within),
		cmocka_unit_test(sizes_and_their_sum),
		cmocka_unit_test(modes_and_times_are_cut_by_the_writer),
		cmocka_unit_test(a_receipt_lists_letters),
		cmocka_unit_test(fields_have_limits),
		cmocka_unit_test(unknown_fields),
		cmocka_unit_test(only_the_canonical_form),
		cmocka_unit_test(every_cut_and_every_bit),
		cmocka_unit_test(a_million_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
