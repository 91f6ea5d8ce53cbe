/*
 * Writes the vectors of docs/letterbox.md, sections 14 and 15, into a directory that
 * exists:
 *
 *	backup_vectors DIR
 *
 * They are made once for a version of the formats, and read ever after: v1 was made when what
 * a backup holds was of version 1.
 */
#include "backup.h"
#include "backup_share.h"
#include "bulletins.h"
#include "letterbox.h"
#include "roster.h"

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
put(struct dlb_letterbox *l, const struct dlb_identity *who, bool revoked,
	const char *note)
{
	struct dlb_roster_entry e = {.identity = *who, .revoked = revoked};

	snprintf(e.note, sizeof(e.note), "%s", note);
	need(dlb_own_roster_put(l, &e, NULL) == DLB_OK, "an entry");
}

/* Somebody who is followed, and whose word counts; and one's own roster, which was changed
 * since it was signed. */
static void
follow(struct dlb_letterbox *l, FILE *list, const struct dlb_env *env)
{
	struct dlb_letterbox *agency = make("agency", env),
			     *ferry = make("ferry", env);
	struct dlb_buf bytes = {0}, roster = {0};
	struct dlb_roster_author from;
	struct dlb_author author;
	struct dlb_card card;

	put(agency, dlb_letterbox_identity(ferry), false, "the ferry");
	put(l, dlb_letterbox_identity(agency), false, "");
	need(dlb_letterbox_card(agency, true, &bytes, NULL) == DLB_OK
			&& dlb_card_parse(&card, bytes.data, bytes.len, NULL)
				== DLB_OK
			&& dlb_author_add(l, &author, &card, "news", NULL)
				== DLB_OK
			&& dlb_own_roster_sign(agency, &roster, NULL) == DLB_OK
			&& dlb_roster_trust(
				   l, &card.identity, "agency", true, NULL)
				== DLB_OK
			&& dlb_roster_take(l, &from, roster.data, roster.len,
				   false, NULL, NULL)
				== DLB_OK,
		"an author");
	say(list, "author", dlb_letterbox_identity(agency)->sign, 32);
	say(list, "author-key", author.key, 32);
	say(list, "ferry", dlb_letterbox_identity(ferry)->sign, 32);
	roster.len = 0;
	need(dlb_own_roster_sign(l, &roster, NULL) == DLB_OK
			&& dlb_own_roster_sent(l, NULL) == DLB_OK,
		"a roster");
	put(l, dlb_letterbox_identity(ferry), true, "taken");
	dlb_buf_free(&bytes);
	dlb_buf_free(&roster);
	dlb_letterbox_close(agency);
	dlb_letterbox_close(ferry);
}

static void
divide(const char *dir, FILE *list, struct dlb_letterbox *l,
	const struct dlb_env *env)
{
	struct dlb_backup_options options = {.cap = DLB_BACKUP_CONTENT_MAX};
	struct dlb_backup_what what = {.need = 3,
		.n = 4,
		.made_s = NOW_MS / 1000,
		.keep_from_s = NOW_MS / 1000 - 86400};
	struct dlb_buf content = {0}, record = {0}, given = {0}, card = {0};
	struct dlb_backup_share share;
	struct dlb_backup b;
	struct dlb_backup_counts left_out;
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
	f = create(dir, "v2.share");
	need(fwrite(given.data, 1, given.len, f) == given.len && fclose(f) == 0,
		"v2.share");
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
	struct dlb_box box = {.name = "harbour", .place = "pier 4"};
	struct dlb_letterbox *l;
	FILE *list;

	need(argc == 2 && dlb_base_init() == DLB_OK, "backup_vectors DIR");
	dlb_env_seeded_init(&env, 15, NOW_MS);
	list = create(argv[1], "v2.txt");
	l = make("Zo\u00eb", &env.env);
	know(l, "bob", &env.env);
	dlb_random(&env.env, box.root, sizeof(box.root));
	need(dlb_box_save(l, &box, NULL) == DLB_OK, "a box");
	fprintf(list, "# a backup of whom, and what is in it\n");
	say(list, "sign", dlb_letterbox_identity(l)->sign, 32);
	say(list, "agree", dlb_letterbox_identity(l)->agree, 32);
	say(list, "box", box.root, 32);
	follow(l, list, &env.env);
	divide(argv[1], list, l, &env.env);
	need(fclose(list) == 0, "v2.txt");
	dlb_letterbox_close(l);
	return 0;
}
