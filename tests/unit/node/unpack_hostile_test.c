/*
 * Unpacking letters that mean harm: they are refused, and nothing is written.
 */
#include "pack_tree.h"

#include <sys/stat.h>
#include <zstd.h>

/* ---- letters made by hand ------------------------------------------------------------- */

static void
put(struct dlb_buf *b, const void *data, size_t len)
{
	assert_int_equal(dlb_buf_append(b, data, len), DLB_OK);
}

static void
put_number(struct dlb_buf *b, uint64_t v, size_t len)
{
	for (size_t i = len; i-- > 0;) {
		uint8_t byte = (uint8_t)(v >> (8 * i));

		put(b, &byte, 1);
	}
}

/* A list of files whose entries say anything. */
struct forged {
	struct dlb_buf list;
	uint32_t n;
	uint8_t codec;
	struct dlb_buf data;
};

static void
forge_bytes(struct forged *f, uint8_t type, const char *path, size_t path_len,
	uint64_t size, const char *target)
{
	put_number(&f->list, type, 1);
	put_number(&f->list, type == DLB_FILE_LINK ? 0 : 0755, 2);
	put_number(&f->list, 1000000000, 8);
	put_number(&f->list, 5, 4);
	put_number(&f->list, size, 8);
	put_number(&f->list, path_len, 2);
	put(&f->list, path, path_len);
	put_number(&f->list, target ? strlen(target) : 0, 2);
	put(&f->list, target ? target : "", target ? strlen(target) : 0);
	f->n++;
}

static void
forge(struct forged *f, uint8_t type, const char *path, uint64_t size,
	const char *target)
{
	forge_bytes(f, type, path, strlen(path), size, target);
}

/* count: what the list claims. */
static void
forge_end(struct dlb_buf *out, struct forged *f, uint32_t count)
{
	put_number(out, 1 + 7 + 7 + 6 + 4 + f->list.len, 4);
	put_number(out, 1, 1);
	put_number(out, 2, 2);
	put_number(out, 1, 4);
	put_number(out, DLB_KIND_LETTER, 1);
	put_number(out, 4, 2);
	put_number(out, 1, 4);
	put_number(out, f->codec, 1);
	put_number(out, 256, 2);
	put_number(out, 4 + f->list.len, 4);
	put_number(out, count, 4);
	put(out, f->list.data, f->list.len);
	put(out, f->data.data, f->data.len);
	dlb_buf_free(&f->list);
	dlb_buf_free(&f->data);
}

/* The letter is refused, and nothing is written. */
static void
expect_refused(struct tree *t, struct forged *f, enum dlb_status status)
{
	struct dlb_buf stream = {0};

	forge_end(&stream, f, f->n);
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), status);
	assert_true(t->err.msg[0] != '\0');
	tree_expect_entries(t, "out", 0);
	dlb_buf_free(&stream);
}

static void
test_forged_letter_is_true(void **state)
{
	struct tree *t = *state;
	struct forged f = {0};
	struct dlb_buf stream = {0};
	struct stat st;

	forge(&f, DLB_FILE_DIR, "d", 0, NULL);
	forge(&f, DLB_FILE_REGULAR, "d/f", 3, NULL);
	forge(&f, DLB_FILE_LINK, "d/l", 0, "f");
	put(&f.data, "abc", 3);
	forge_end(&stream, &f, f.n);
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_OK);
	assert_int_equal(t->files, 2);
	tree_expect(t, "out/d/l", "abc");
	assert_int_equal(stat(tree_at(t, "out/d"), &st), 0);
	assert_int_equal(st.st_mtim.tv_sec, 1000000000);
	assert_int_equal(st.st_mtim.tv_nsec, 5);
	assert_int_equal(st.st_mode & 07777, 0755);
	dlb_buf_free(&stream);
}

static void
test_hostile_paths(void **state)
{
	static const struct {
		const char *path;
		size_t len;
	} paths[] = {
		{"", 0},
		{"..", 2},
		{".", 1},
		{"/etc", 4},
		{"a/../b", 6},
		{"../b", 4},
		{"a//b", 4},
		{"a/", 2},
		{"a\0b", 3},
		{"a/b", 3},
	};

	for (size_t i = 0; i < DLB_ARRAY_LEN(paths); i++) {
		struct forged f = {0};

		forge_bytes(&f, DLB_FILE_REGULAR, paths[i].path, paths[i].len,
			0, NULL);
		expect_refused(*state, &f, DLB_MALFORMED);
	}
}

static void
test_hostile_trees(void **state)
{
	struct tree *t = *state;
	struct forged f = {0};

	/* A link, and a file below it. */
	forge(&f, DLB_FILE_LINK, "a", 0, ".");
	forge(&f, DLB_FILE_REGULAR, "a/b", 0, NULL);
	expect_refused(t, &f, DLB_MALFORMED);
	f = (struct forged){0};
	forge(&f, DLB_FILE_DIR, "a", 0, NULL);
	forge(&f, DLB_FILE_LINK, "a", 0, "/tmp");
	forge(&f, DLB_FILE_REGULAR, "a/b", 0, NULL);
	expect_refused(t, &f, DLB_MALFORMED);
	/* A file as a folder. */
	f = (struct forged){0};
	forge(&f, DLB_FILE_REGULAR, "a", 0, NULL);
	forge(&f, DLB_FILE_REGULAR, "a/b", 0, NULL);
	expect_refused(t, &f, DLB_MALFORMED);
	/* Twice. */
	f = (struct forged){0};
	forge(&f, DLB_FILE_REGULAR, "a", 0, NULL);
	forge(&f, DLB_FILE_REGULAR, "a", 0, NULL);
	expect_refused(t, &f, DLB_MALFORMED);
	/* A link that leads out. */
	f = (struct forged){0};
	forge(&f, DLB_FILE_LINK, "a", 0, "../x");
	expect_refused(t, &f, DLB_MALFORMED);
	f = (struct forged){0};
	forge(&f, DLB_FILE_LINK, "a", 0, "/etc");
	expect_refused(t, &f, DLB_MALFORMED);
	/* A kind that is none. */
	f = (struct forged){0};
	forge(&f, 4, "a", 0, NULL);
	expect_refused(t, &f, DLB_UNSUPPORTED);
}

static void
test_hostile_sizes(void **state)
{
	static const uint64_t sizes[] = {
		INT64_MAX, UINT64_MAX, 1ULL << 63, (1ULL << 50) + 1};
	struct tree *t = *state;
	struct forged f;

	for (size_t i = 0; i < DLB_ARRAY_LEN(sizes); i++) {
		f = (struct forged){0};
		forge(&f, DLB_FILE_REGULAR, "a", sizes[i], NULL);
		expect_refused(t, &f, DLB_MALFORMED);
	}
	/* A sum that would wrap. */
	f = (struct forged){0};
	for (unsigned i = 0; i < 4; i++) {
		const char name[2] = {(char)('a' + i), '\0'};

		forge(&f, DLB_FILE_REGULAR, name, 1ULL << 50, NULL);
	}
	expect_refused(t, &f, DLB_LIMIT);
	/* Fewer and more bytes than the files have. */
	f = (struct forged){0};
	forge(&f, DLB_FILE_REGULAR, "a", 10, NULL);
	put(&f.data, "123456789", 9);
	expect_refused(t, &f, DLB_MALFORMED);
	f = (struct forged){0};
	forge(&f, DLB_FILE_REGULAR, "a", 10, NULL);
	put(&f.data, "12345678901", 11);
	expect_refused(t, &f, DLB_MALFORMED);
}

/* With no length known the end is found all the same. */
static void
test_unknown_length(void **state)
{
	struct tree *t = *state;
	struct dlb_unpack_options to = tree_unpack_options(t);

	static const size_t lens[] = {9, 11, 10};

	for (size_t i = 0; i < DLB_ARRAY_LEN(lens); i++) {
		size_t len = lens[i];
		struct forged f = {0};
		struct dlb_buf stream = {0};

		forge(&f, DLB_FILE_REGULAR, "a", 10, NULL);
		put(&f.data, "12345678901", len);
		forge_end(&stream, &f, f.n);
		to.content_len = UINT64_MAX;
		assert_int_equal(tree_unpack(t, &stream, to),
			len < 10           ? DLB_CORRUPT
				: len > 10 ? DLB_MALFORMED
					   : DLB_OK);
		tree_expect_entries(t, "out", len == 10);
		dlb_buf_free(&stream);
	}
}

static void
test_count_is_a_lie(void **state)
{
	struct tree *t = *state;
	static const uint32_t counts[] = {0, 2, 1000000, 1000001, UINT32_MAX};

	for (size_t i = 0; i < DLB_ARRAY_LEN(counts); i++) {
		struct forged f = {0};
		struct dlb_buf stream = {0};

		forge(&f, DLB_FILE_REGULAR, "a", 0, NULL);
		forge_end(&stream, &f, counts[i]);
		assert_int_not_equal(
			tree_unpack(t, &stream, tree_unpack_options(t)),
			DLB_OK);
		tree_expect_entries(t, "out", 0);
		dlb_buf_free(&stream);
	}
}

static void
test_manifest_length_is_a_lie(void **state)
{
	static const uint32_t lens[] = {0, 1, 100, DLB_MANIFEST_LEN_MAX,
		DLB_MANIFEST_LEN_MAX + 1, UINT32_MAX};
	struct tree *t = *state;
	struct dlb_unpack_options to = tree_unpack_options(t);

	for (size_t i = 0; i < DLB_ARRAY_LEN(lens); i++) {
		struct dlb_buf stream = {0};

		put_number(&stream, lens[i], 4);
		put(&stream, "\1\1\1", 3);
		to.content_len = 0;
		assert_int_not_equal(tree_unpack(t, &stream, to), DLB_OK);
		/* A stream that claims to be long, too. */
		to.content_len = 1ULL << 40;
		assert_int_not_equal(tree_unpack(t, &stream, to), DLB_OK);
		tree_expect_entries(t, "out", 0);
		dlb_buf_free(&stream);
	}
}

/* Every end of a true letter but the last is refused and leaves nothing. */
static void
test_cut_everywhere(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0}, cut;

	tree_folder(t, "in/d");
	tree_file(t, "in/d/f", "some bytes");
	tree_link(t, "in/d/l", "f");
	tree_pack_path(t, &stream, "in/d");
	for (cut = stream; cut.len-- > 0;) {
		assert_int_not_equal(
			tree_unpack(t, &cut, tree_unpack_options(t)), DLB_OK);
		tree_expect_entries(t, "out", 0);
	}
	dlb_buf_free(&stream);
}

/* No flipped byte does more than change what is written, or refuse it. */
static void
test_flipped_bytes(void **state)
{
	struct tree *t = *state;
	struct dlb_buf stream = {0};
	struct dlb_unpack_options to = tree_unpack_options(t);

	tree_folder(t, "in/d");
	tree_file(t, "in/d/f", "some bytes");
	tree_link(t, "in/d/l", "f");
	tree_pack_path(t, &stream, "in/d");
	to.overwrite = true;
	for (size_t i = 0; i < stream.len * 8; i++) {
		stream.data[i / 8] ^= (uint8_t)(1 << i % 8);
		(void)!tree_unpack(t, &stream, to);
		stream.data[i / 8] ^= (uint8_t)(1 << i % 8);
		tree_expect_entries(t, "", 2);
	}
	assert_false(tree_has(t, "out/.dlb-partial-" TEST_LABEL));
	dlb_buf_free(&stream);
}

/* ---- compressed ----------------------------------------------------------------------- */

static void
squeeze(struct dlb_buf *out, const void *data, size_t len, int window_log)
{
	size_t cap = ZSTD_compressBound(len), n;
	uint8_t *frame = malloc(cap);
	ZSTD_CCtx *z = ZSTD_createCCtx();

	assert_non_null(frame);
	if (window_log) {
		ZSTD_CCtx_setParameter(z, ZSTD_c_enableLongDistanceMatching, 1);
		ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, window_log);
		ZSTD_CCtx_setParameter(z, ZSTD_c_contentSizeFlag, 0);
	}
	n = ZSTD_compress2(z, frame, cap, data, len);
	assert_false(ZSTD_isError(n));
	put(out, frame, n);
	ZSTD_freeCCtx(z);
	free(frame);
}

static void
test_bomb(void **state)
{
	struct tree *t = *state;
	size_t len = 50u << 20;
	void *zeros = calloc(1, len);
	struct forged f = {.codec = DLB_CODEC_ZSTD};

	assert_non_null(zeros);
	forge(&f, DLB_FILE_REGULAR, "a", 1000, NULL);
	squeeze(&f.data, zeros, len, 0);
	assert_true(f.data.len < 10000);
	expect_refused(t, &f, DLB_MALFORMED);
	/* The other way round: more promised than there is. */
	f = (struct forged){.codec = DLB_CODEC_ZSTD};
	forge(&f, DLB_FILE_REGULAR, "a", 1001, NULL);
	squeeze(&f.data, zeros, 1000, 0);
	expect_refused(t, &f, DLB_CORRUPT);
	free(zeros);
}

static void
test_frames(void **state)
{
	struct tree *t = *state;
	static uint8_t data[3000];
	struct forged f;

	/* Two frames. */
	f = (struct forged){.codec = DLB_CODEC_ZSTD};
	forge(&f, DLB_FILE_REGULAR, "a", 2000, NULL);
	squeeze(&f.data, data, 1000, 0);
	squeeze(&f.data, data, 1000, 0);
	expect_refused(t, &f, DLB_MALFORMED);
	/* Something behind it. */
	f = (struct forged){.codec = DLB_CODEC_ZSTD};
	forge(&f, DLB_FILE_REGULAR, "a", 1000, NULL);
	squeeze(&f.data, data, 1000, 0);
	put(&f.data, "", 1);
	expect_refused(t, &f, DLB_MALFORMED);
	/* A frame to skip. */
	f = (struct forged){.codec = DLB_CODEC_ZSTD};
	forge(&f, DLB_FILE_REGULAR, "a", 1000, NULL);
	put(&f.data, "\x50\x2a\x4d\x18\1\0\0\0x", 9);
	squeeze(&f.data, data, 1000, 0);
	expect_refused(t, &f, DLB_MALFORMED);
	/* None at all. */
	f = (struct forged){.codec = DLB_CODEC_ZSTD};
	forge(&f, DLB_FILE_DIR, "a", 0, NULL);
	expect_refused(t, &f, DLB_CORRUPT);
	/* A window that would take half a gigabyte. */
	f = (struct forged){.codec = DLB_CODEC_ZSTD};
	forge(&f, DLB_FILE_REGULAR, "a", 3000, NULL);
	put(&f.data, "\x28\xb5\x2f\xfd\0\x98", 6);
	put(&f.data, "\x01\0\0", 3);
	expect_refused(t, &f, DLB_MALFORMED);
	/* A codec that is none. */
	f = (struct forged){.codec = 2};
	forge(&f, DLB_FILE_REGULAR, "a", 0, NULL);
	expect_refused(t, &f, DLB_UNSUPPORTED);
}

/* ---- names ------------------------------------------------------------------------------ */

static void
test_control_characters(void **state)
{
	struct tree *t = *state;
	struct forged f = {0};
	struct dlb_buf stream = {0};

	forge(&f, DLB_FILE_DIR, "d\r", 0, NULL);
	forge(&f, DLB_FILE_REGULAR, "d\r/\033[2Jf\n\x7f", 1, NULL);
	forge(&f, DLB_FILE_LINK, "d\r/l", 0, "\033[2Jf\n\x7f");
	put(&f.data, "x", 1);
	forge_end(&stream, &f, f.n);
	assert_int_equal(
		tree_unpack(t, &stream, tree_unpack_options(t)), DLB_OK);
	tree_expect(t, "out/d_/_[2Jf__", "x");
	tree_expect(t, "out/d_/l", "x");
	assert_string_equal(t->notes,
		"a name with control characters is written as \"d_\"\n"
		"a name with control characters is written as "
		"\"d_/_[2Jf__\"\n");
	assert_string_equal(t->first_path, tree_at(t, "out/d_"));
	dlb_buf_free(&stream);
}

static void
test_control_characters_collide(void **state)
{
	static const uint8_t types[] = {
		DLB_FILE_REGULAR, DLB_FILE_DIR, DLB_FILE_LINK};
	struct tree *t = *state;

	for (size_t i = 0; i < DLB_ARRAY_LEN(types); i++) {
		struct forged f = {0};

		forge(&f, DLB_FILE_REGULAR, "a\n", 0, NULL);
		forge(&f, types[i], "a_", 0,
			types[i] == DLB_FILE_LINK ? "x" : NULL);
		expect_refused(t, &f, DLB_REFUSED);
		assert_non_null(strstr(t->err.msg, "dlb read N >FILE.tar"));
	}
}

static void
test_name_of_staging(void **state)
{
	struct forged f = {0};

	forge(&f, DLB_FILE_REGULAR, ".dlb-partial-" TEST_LABEL, 0, NULL);
	expect_refused(*state, &f, DLB_MALFORMED);
}

static void
test_more_than_any_disk(void **state)
{
	struct tree *t = *state;
	struct forged f = {.codec = DLB_CODEC_ZSTD};

	/* The full 2^50: refused by what is free, before the first byte. */
	forge(&f, DLB_FILE_REGULAR, "a", 1ULL << 50, NULL);
	expect_refused(t, &f, DLB_NO_SPACE);
	assert_non_null(strstr(t->err.msg, "1.0 PiB"));
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_forged_letter_is_true),
		TEST(test_hostile_paths),
		TEST(test_hostile_trees),
		TEST(test_hostile_sizes),
		TEST(test_unknown_length),
		TEST(test_count_is_a_lie),
		TEST(test_manifest_length_is_a_lie),
		TEST(test_cut_everywhere),
		TEST(test_flipped_bytes),
		TEST(test_bomb),
		TEST(test_frames),
		TEST(test_control_characters),
		TEST(test_control_characters_collide),
		TEST(test_name_of_staging),
		TEST(test_more_than_any_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
