/*
 * What people exchange, as it was made once: cards, contents of letters, texts of
 * boxes and pairing codes are read as they were. docs/letterbox.md, section 12.
 *
 * DLB_VECTORS names the directory they lie in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "letterbox.h"
#include "pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
load(struct dlb_buf *out, const char *name)
{
	const char *dir = getenv("DLB_VECTORS");
	char path[4096];
	struct dlb_error err;

	assert_non_null(dir);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (dlb_file_load(out, dlb_fs_posix(), path, 1 << 20, &err) != DLB_OK)
		fail_msg("%s", err.msg);
}

/* What follows a word of the list. */
static const char *
said(const char *word)
{
	static char value[1024];
	struct dlb_buf list = {0};
	char key[32];
	const char *p;

	load(&list, "v1.txt");
	assert_int_equal(dlb_buf_append(&list, "", 1), DLB_OK);
	snprintf(key, sizeof(key), "\n%s ", word);
	p = strstr((const char *)list.data, key);
	assert_non_null(p);
	p += strlen(key);
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(p, "\n"), p);
	dlb_buf_free(&list);
	return value;
}

static void
load_card(struct dlb_card *card, struct dlb_buf *bytes, const char *name)
{
	struct dlb_buf file = {0};
	struct dlb_error err;

	load(&file, name);
	if (dlb_card_load(card, bytes, file.data, file.len, &err) != DLB_OK)
		fail_msg("%s: %s", name, err.msg);
	dlb_buf_free(&file);
}

static void
cards_are_read(void **state)
{
	struct dlb_buf full = {0}, text = {0}, brief = {0}, digits = {0};
	struct dlb_card a, b, c;
	char words[DLB_FINGERPRINT_TEXT_MAX];

	(void)state;
	load_card(&a, &full, "v1.card");
	load_card(&b, &text, "v1.card.txt");
	load_card(&c, &digits, "v1.short.digits");
	load_card(&c, &brief, "v1.short.card");
	assert_int_equal(brief.len, digits.len);
	assert_memory_equal(brief.data, digits.data, brief.len);
	assert_int_equal(full.len, text.len);
	assert_memory_equal(full.data, text.data, full.len);
	assert_string_equal(a.name, said("name"));
	assert_int_equal(a.serial, 1);
	assert_int_equal(a.issued_week, 100);
	assert_int_equal(a.opening_n, DLB_CARD_OPENING_MAX);
	assert_int_equal(c.opening_n, 0);
	assert_memory_equal(&a.identity, &c.identity, sizeof(a.identity));
	dlb_fingerprint_words(words, &a.identity);
	assert_string_equal(words, said("fingerprint"));
	dlb_sentence_half(words, &a.identity);
	assert_string_equal(words, said("half"));
	dlb_buf_free(&full);
	dlb_buf_free(&text);
	dlb_buf_free(&brief);
	dlb_buf_free(&digits);
}

static void
texts_are_read(void **state)
{
	uint8_t secret[DLB_KEY_LEN], want[DLB_KEY_LEN];
	char text[1024];
	struct dlb_box box;

	(void)state;
	snprintf(text, sizeof(text), "%s", said("box"));
	assert_int_equal(
		dlb_box_from_text(&box, text, strlen(text), NULL), DLB_OK);
	assert_string_equal(box.name, said("box-name"));
	assert_int_equal(
		dlb_unhex(want, sizeof(want), said("box-root")), DLB_OK);
	assert_memory_equal(box.root, want, sizeof(want));
	snprintf(text, sizeof(text), "%s", said("code"));
	assert_int_equal(
		dlb_pair_code_read(secret, text, strlen(text), NULL), DLB_OK);
	assert_int_equal(
		dlb_unhex(want, sizeof(want), said("code-secret")), DLB_OK);
	assert_memory_equal(secret, want, sizeof(want));
}

static void
check_manifest(const struct dlb_manifest *m)
{
	static const char *const paths[] = {
		"a.txt", "d", "d/empty", "d/link", "d/\xff"};
	struct dlb_manifest_file f;
	size_t pos = 0, n = 0;

	assert_int_equal(m->fields.kind, DLB_KIND_LETTER);
	assert_true(m->fields.receipt_wanted && m->fields.has_in_reply_to);
	assert_memory_equal(m->fields.in_reply_to, "the letter's id.", 16);
	assert_int_equal(m->fields.message_len, 17);
	assert_memory_equal(
		m->fields.message, "as agreed\n\xe2\x80\x94 Z.\n", 17);
	assert_int_equal(m->files_len, 1300);
	while (dlb_manifest_next(m, &pos, &f)) {
		assert_true(n < DLB_ARRAY_LEN(paths));
		assert_int_equal(f.path_len, strlen(paths[n]));
		assert_memory_equal(f.path, paths[n++], f.path_len);
		assert_int_equal(f.mtime_s, 1764547200);
		assert_int_equal(f.mtime_ns, 123456789);
	}
	assert_int_equal(n, DLB_ARRAY_LEN(paths));
}

/* len bytes of the formula, from offset on. */
static void
check_file(const char *dir, const char *name, size_t offset, size_t len)
{
	struct dlb_buf file = {0};
	struct dlb_error err;
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (dlb_file_load(&file, dlb_fs_posix(), path, 1000, &err) != DLB_OK)
		fail_msg("%s", err.msg);
	assert_int_equal(file.len, len);
	for (size_t i = offset; i < offset + len; i++)
		assert_int_equal(
			file.data[i - offset], (131 * i + i / 256) & 255);
	dlb_buf_free(&file);
}

static void
check_content(const char *name)
{
	char dir[] = "/tmp/dlb-vectors-XXXXXX", command[64];
	struct dlb_unpack_options o = {
		.directory = dir, .fd = -1, .label = "00ff"};
	struct dlb_buf content = {0};
	struct dlb_unpack *u = NULL;
	struct dlb_error err = {.msg = ""};
	uint64_t files = 0;

	assert_non_null(mkdtemp(dir));
	load(&content, name);
	o.content_len = content.len;
	if (dlb_unpack_open(&u, &o, &err) != DLB_OK
		|| dlb_unpack_write(u, content.data, content.len, &err)
			!= DLB_OK)
		fail_msg("%s: %s", name, err.msg);
	check_manifest(dlb_unpack_manifest(u));
	assert_int_equal(
		dlb_unpack_finish(u, &files, NULL, NULL, 0, &err), DLB_OK);
	assert_int_equal(files, 4);
	dlb_unpack_close(u);
	check_file(dir, "a.txt", 0, 1000);
	check_file(dir, "d/\xff", 1000, 300);
	dlb_buf_free(&content);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	assert_int_equal(system(command), 0);
}

static void
contents_are_read(void **state)
{
	(void)state;
	check_content("v1.content");
	check_content("v1.zstd.content");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cards_are_read),
		cmocka_unit_test(texts_are_read),
		cmocka_unit_test(contents_are_read),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
