/*
 * Writes the vectors of docs/letterbox.md, section 12, but for those of the first
 * release, into a directory that exists:
 *
 *	letterbox_vectors DIR
 *
 * They are made once for a version of the formats, and read ever after.
 */
#include "letterbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define NOW_MS (DLB_EPOCH_MS + 100 * DLB_WEEK_MS)

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "letterbox_vectors: %s\n", what);
	exit(1);
}

static void
write_file(const char *dir, const char *name, const void *data, size_t len)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	need(f && fwrite(data, 1, len, f) == len && fclose(f) == 0, path);
}

/* ---- cards ---------------------------------------------------------------------- */

static void
make_cards(const char *dir, const struct dlb_env *env, FILE *list)
{
	static const struct dlb_unlock open = {DLB_UNLOCK_OPEN, NULL, 0};
	char home[] = "/tmp/dlb-vectors-XXXXXX",
	     words[DLB_FINGERPRINT_TEXT_MAX];
	struct dlb_buf full = {0}, brief = {0}, text = {0}, digits = {0};
	struct dlb_letterbox *l;
	char path[64];

	need(mkdtemp(home) != NULL, home);
	need(dlb_letterbox_create(&l, dlb_fs_posix(), home, &open, true,
		     "Zo\u00eb", env,
		     NULL) == DLB_OK
			&& dlb_letterbox_card(l, false, &full, NULL) == DLB_OK
			&& dlb_letterbox_card(l, true, &brief, NULL) == DLB_OK
			&& dlb_card_to_text(&text, full.data, full.len)
				== DLB_OK
			&& dlb_card_to_digits(&digits, brief.data, brief.len)
				== DLB_OK,
		"no cards");
	write_file(dir, "v1.card", full.data, full.len);
	write_file(dir, "v1.short.card", brief.data, brief.len);
	write_file(dir, "v1.card.txt", text.data, text.len);
	write_file(dir, "v1.short.digits", digits.data, digits.len);
	dlb_fingerprint_words(words, dlb_letterbox_identity(l));
	fprintf(list, "name Zo\u00eb\nfingerprint %s\n", words);
	dlb_sentence_half(words, dlb_letterbox_identity(l));
	fprintf(list, "half %s\n", words);
	dlb_letterbox_close(l);
	dlb_buf_free(&full);
	dlb_buf_free(&brief);
	dlb_buf_free(&text);
	dlb_buf_free(&digits);
	snprintf(path, sizeof(path), "%s/letterbox", home);
	unlink(path);
	snprintf(path, sizeof(path), "%s/ring", home);
	unlink(path);
	rmdir(home);
}

/* ---- texts ------------------------------------------------------------------------ */

static void
print_hex(FILE *f, const char *word, const void *data, size_t len)
{
	char hex[2 * 64 + 1];

	need(len <= 64, word);
	dlb_hex(hex, data, len);
	fprintf(f, "%s %s\n", word, hex);
}

static void
make_texts(const struct dlb_env *env, FILE *list)
{
	struct dlb_box box = {.name = "café shelf"};
	char text[DLB_BOX_TEXT_MAX], code[DLB_PAIR_CODE_MAX];
	uint8_t secret[DLB_KEY_LEN];

	dlb_random(env, box.root, sizeof(box.root));
	need(dlb_box_to_text(text, &box) == DLB_OK, "no text of a box");
	fprintf(list, "box %s\nbox-name %s\n", text, box.name);
	print_hex(list, "box-root", box.root, sizeof(box.root));
	dlb_pair_code_make(code, secret, env);
	fprintf(list, "code %s\n", code);
	print_hex(list, "code-secret", secret, sizeof(secret));
}

/* ---- a letter's content ------------------------------------------------------------ */

static void
add(struct dlb_buf *manifest, uint8_t type, const char *path, uint64_t size,
	const char *target)
{
	struct dlb_manifest_file f = {.type = type,
		.mode = type == DLB_FILE_DIR ? 0755 : 0640,
		.mtime_s = 1764547200,
		.mtime_ns = 123456789,
		.size = size,
		.path = path,
		.path_len = (uint16_t)strlen(path),
		.target = target,
		.target_len = (uint16_t)strlen(target)};

	need(dlb_manifest_add(manifest, &f, NULL) == DLB_OK, path);
}

/* Byte i of the files is (131 i + floor(i / 256)) mod 256, as in docs/cell.md. */
static void
make_content(const char *dir, const char *name, uint8_t codec)
{
	static const uint8_t to[16] = "the letter's id.";
	struct dlb_manifest_fields fields = {.kind = DLB_KIND_LETTER,
		.codec = codec,
		.receipt_wanted = true,
		.has_in_reply_to = true,
		.message = "as agreed\n\xe2\x80\x94 Z.\n",
		.message_len = 17};
	uint8_t data[1300], frame[4096];
	struct dlb_buf content = {0};
	const void *rest = data;
	size_t len = sizeof(data);

	memcpy(fields.in_reply_to, to, sizeof(to));
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(131 * i + i / 256);
	need(dlb_manifest_begin(&content, &fields) == DLB_OK, name);
	add(&content, DLB_FILE_REGULAR, "a.txt", 1000, "");
	add(&content, DLB_FILE_DIR, "d", 0, "");
	add(&content, DLB_FILE_REGULAR, "d/empty", 0, "");
	add(&content, DLB_FILE_LINK, "d/link", 0, "../a.txt");
	add(&content, DLB_FILE_REGULAR, "d/\xff", 300, "");
	need(dlb_manifest_end(&content) == DLB_OK, name);
	if (codec == DLB_CODEC_ZSTD) {
		len = ZSTD_compress(frame, sizeof(frame), data, len, 3);
		need(!ZSTD_isError(len), name);
		rest = frame;
	}
	need(dlb_buf_append(&content, rest, len) == DLB_OK, name);
	write_file(dir, name, content.data, content.len);
	dlb_buf_free(&content);
}

int
main(int argc, char **argv)
{
	struct dlb_env_seeded env;
	char path[4096];
	FILE *list;

	need(argc == 2 && dlb_base_init() == DLB_OK,
		"usage: letterbox_vectors DIR");
	dlb_env_seeded_init(&env, 1, NOW_MS);
	snprintf(path, sizeof(path), "%s/v1.txt", argv[1]);
	list = fopen(path, "w");
	need(list != NULL, path);
	fprintf(list, "# docs/letterbox.md, section 12.\n");
	make_cards(argv[1], &env.env, list);
	make_texts(&env.env, list);
	need(fclose(list) == 0, path);
	make_content(argv[1], "v1.content", DLB_CODEC_NONE);
	make_content(argv[1], "v1.zstd.content", DLB_CODEC_ZSTD);
	return 0;
}
