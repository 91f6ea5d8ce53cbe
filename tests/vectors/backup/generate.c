/*
 * Writes the vectors of docs/letterbox.md, sections 14 and 15, into a directory that
 * exists:
 *
 *	backup_vectors DIR
 *
 * They are made once for a version of the formats, and read ever after.
 */
#include "backup.h"
#include "backup_share.h"
#include "letterbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW_MS (DLB_EPOCH_MS + 100 * DLB_WEEK_MS)

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "backup_vectors: %s\n", what);
	exit(1);
}

static FILE *
create(const char *dir, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	need(f != NULL, path);
	return f;
}

/* Of someone; nothing of it is written to the disk. */
static struct dlb_letterbox *
make(const char *name, const struct dlb_env *env)
{
	static const struct dlb_unlock open = {DLB_UNLOCK_OPEN, NULL, 0};
	struct dlb_letterbox *l;

	need(dlb_letterbox_create(&l, dlb_fs_posix(), "/nowhere", &open, true,
		     name, env, NULL)
			== DLB_OK,
		name);
	return l;
}

static void
know(struct dlb_letterbox *l, const char *name, const struct dlb_env *env)
{
	struct dlb_letterbox *other = make(name, env);
	struct dlb_buf bytes = {0};
	struct dlb_correspondent who;
	struct dlb_card card;

	need(dlb_letterbox_card(other, true, &bytes, NULL) == DLB_OK
			&& dlb_card_parse(&card, bytes.data, bytes.len, NULL)
				== DLB_OK
			&& dlb_correspondent_add(l, &who, &card, NULL, NULL)
				== DLB_OK
			&& dlb_correspondent_verify(l, who.id, true, NULL)
				== DLB_OK,
		"a card");
	dlb_buf_free(&bytes);
	dlb_letterbox_close(other);
}

static void
say(FILE *list, const char *word, const void *data, size_t len)
{
	char hex[2 * 64 + 1];

	dlb_hex(hex, data, len);
	fprintf(list, "%s %s\n", word, hex);
}

static void
divide(const char *dir, FILE *list, struct dlb_letterbox *l,
	const struct dlb_env *env)
{
	struct dlb_backup_options options = {
		.boxes = true, .cap = DLB_BACKUP_CONTENT_MAX};
	struct dlb_backup_what what = {.need = 3,
		.n = 4,
		.made_s = NOW_MS / 1000,
		.keep_from_s = NOW_MS / 1000 - 86400};
	struct dlb_buf content = {0}, record = {0}, given = {0}, card = {0};
	struct dlb_backup_share share;
	struct dlb_backup b;
	uint32_t left_out;
	FILE *f;

	memset(&b, 0, sizeof(b));
	need(dlb_backup_content(l, &content, &options, &left_out, NULL)
			== DLB_OK,
		"what is in it");
	what.content = content.data;
	what.len = content.len;
	need(dlb_backup_make(&b, &what, env, NULL) == DLB_OK
			&& dlb_backup_write(&record, &b, 0) == DLB_OK
			&& dlb_backup_share_parse(
				   &share, record.data, record.len, NULL)
				== DLB_OK
			&& dlb_letterbox_card(l, true, &card, NULL) == DLB_OK
			&& dlb_backup_share_give(
				   &given, &share, card.data, card.len)
				== DLB_OK,
		"shares");
	f = create(dir, "v1.share");
	need(fwrite(given.data, 1, given.len, f) == given.len && fclose(f) == 0,
		"v1.share");
	fprintf(list, "# the other shares: number, share\n");
	for (unsigned i = 1; i < b.n; i++) {
		char word[16];

		snprintf(word, sizeof(word), "share %u", b.numbers[i]);
		say(list, word, b.shares[i], DLB_KEY_LEN);
	}
	dlb_buf_free(&content);
	dlb_buf_free(&record);
	dlb_buf_free(&given);
	dlb_buf_free(&card);
	dlb_backup_free(&b);
}

int
main(int argc, char **argv)
{
	struct dlb_env_seeded env;
	struct dlb_box box = {.name = "harbour"};
	struct dlb_letterbox *l;
	FILE *list;

	need(argc == 2 && dlb_base_init() == DLB_OK, "backup_vectors DIR");
	dlb_env_seeded_init(&env, 14, NOW_MS);
	list = create(argv[1], "v1.txt");
	l = make("Zo\u00eb", &env.env);
	know(l, "bob", &env.env);
	dlb_random(&env.env, box.root, sizeof(box.root));
	need(dlb_box_save(l, &box, NULL) == DLB_OK, "a box");
	fprintf(list, "# a backup of whom, and what is in it\n");
	say(list, "sign", dlb_letterbox_identity(l)->sign, 32);
	say(list, "agree", dlb_letterbox_identity(l)->agree, 32);
	say(list, "box", box.root, 32);
	divide(argv[1], list, l, &env.env);
	need(fclose(list) == 0, "v1.txt");
	dlb_letterbox_close(l);
	return 0;
}
