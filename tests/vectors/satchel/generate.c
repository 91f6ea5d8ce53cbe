/*
 * Writes the vector of docs/satchel.md, section 8, into a directory that exists:
 *
 *	satchel_vectors CELLS DIR
 *
 * v1.dlb is a small satchel, v1.txt says how it opens and what it holds; its cells
 * are those of the directory CELLS. It is made once for a version of the format,
 * and read ever after.
 */
#include "satchel_store.h"

#include "cell.h"
#include "satchel_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char passphrase[] = "a passphrase of the vectors";

/* What is put, one after the other. */
static const struct {
	const char *file;
	uint8_t flags;
	uint8_t copies;
	uint32_t origin;
} cells[] = {
	{"short.cell", DLB_SHOWN, 32, 0},
	{"long.cell", DLB_SHOWN | DLB_HELD, 31, 0},
	{"long-1.cell", DLB_HELD, 1, 0},
	{"cover.cell", DLB_HELD | DLB_OWN, 16, 0},
	{"cover-1.cell", DLB_SHOWN | DLB_LOOK, 0, 0},
	{"share.cell", DLB_SHOWN, 7, 0x01020304},
	{"stripe.cell", DLB_SHOWN, 8, 0},
};
/* One that is gone again. */
#define GONE 6

static uint8_t names[DLB_ARRAY_LEN(cells)][DLB_NAME_LEN];

static struct dlb_unlock
keyfile(void)
{
	static uint8_t bytes[48];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(200 - i);
	return (struct dlb_unlock){DLB_UNLOCK_KEYFILE, bytes, sizeof(bytes)};
}

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "satchel_vectors: %s\n", what);
	exit(1);
}

static void
print_hex(FILE *f, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		fprintf(f, "%02x", p[i]);
}

static void
put_cell(struct store *st, const char *dir, size_t i)
{
	struct dlb_satchel_item item = {.flags = cells[i].flags,
		.copies = cells[i].copies,
		.searched = (uint16_t)(300 * i),
		.origin = cells[i].origin};
	struct dlb_buf file = {0};
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, cells[i].file);
	need(dlb_file_load(&file, dlb_fs_posix(), path, DLB_SATCHEL_CELL_LEN,
		     &st->err) == DLB_OK
			&& file.len == DLB_SATCHEL_CELL_LEN,
		path);
	item.cell = file.data;
	dlb_cell_name(item.core, item.name, file.data);
	memcpy(names[i], item.name, sizeof(names[i]));
	need(store_put_items(st, &item, 1) == DLB_OK && item.result == DLB_OK,
		cells[i].file);
	dlb_buf_free(&file);
}

/* No call makes one yet; the format has them. */
static void
put_token(struct store *st, uint8_t seed)
{
	struct dlb_entry_plain e = {.kind = DLB_ENTRY_TOKEN,
		.expiry_week = STORE_EXPIRY,
		.arrived_week = STORE_WEEK,
		.origin = seed,
		.slot = DLB_NO_SLOT};
	struct dlb_edit edit;

	memset(e.name, seed, sizeof(e.name));
	memset(e.secret, seed + 1, sizeof(e.secret));
	dlb_sha256(e.token_hash, e.secret, sizeof(e.secret));
	dlb_edit_seal(st->s, &edit,
		dlb_index_pick(&st->s->index, DLB_GROUP_FREE, st->s->env), &e);
	need(dlb_table_commit(st->s, &edit, 1, &st->err) == DLB_OK,
		st->err.msg);
	need(store_open(st, true) == DLB_OK, st->err.msg);
}

static void
remove_cell(struct store *st, size_t i)
{
	struct dlb_satchel_change gone = {
		.number = dlb_satchel_find(st->s, names[i])};

	need(dlb_satchel_update(st->s, &gone, 1, &st->err) == DLB_OK,
		st->err.msg);
}

static struct store *
make(const char *dir)
{
	struct store *st = store_on(crash_fs_new(1));
	uint8_t root[DLB_KEY_LEN];
	struct dlb_satchel_options o = {.slots = 16,
		.reserve = 4,
		.unlock = store_unlock,
		.root = root};
	struct dlb_unlock file = keyfile();
	struct dlb_unlock pass = {
		DLB_UNLOCK_PASSPHRASE, passphrase, strlen(passphrase)};

	for (size_t i = 0; i < sizeof(root); i++)
		root[i] = (uint8_t)(i * 7);
	need(dlb_satchel_create(crash_fs_fs(st->disk), STORE_PATH, &o,
		     &st->seeded.env, NULL, &st->err)
			== DLB_OK,
		st->err.msg);
	need(store_open(st, true) == DLB_OK, st->err.msg);
	for (size_t i = 0; i < DLB_ARRAY_LEN(cells); i++)
		put_cell(st, dir, i);
	put_token(st, 0x40);
	put_token(st, 0x50);
	remove_cell(st, GONE);
	need(dlb_satchel_add_unlock(st->s, &file, &st->err) == DLB_OK,
		st->err.msg);
	need(dlb_satchel_add_unlock(st->s, &pass, &st->err) == DLB_OK,
		st->err.msg);
	return st;
}

static const char *
file_of(const struct dlb_entry_plain *e)
{
	for (size_t i = 0; i < DLB_ARRAY_LEN(cells); i++)
		if (memcmp(names[i], e->name, sizeof(names[i])) == 0)
			return cells[i].file;
	return "-";
}

static void
print_entries(FILE *f, struct store *st)
{
	for (uint32_t i = 0; i < st->s->index.entries; i++) {
		struct dlb_entry_plain e;
		bool cell;

		if (!(st->s->index.records[i].flags
			    & (DLB_REC_CELL | DLB_REC_TOKEN)))
			continue;
		need(dlb_table_entry(st->s, &e, i, st->aead, &st->err)
				== DLB_OK,
			st->err.msg);
		cell = e.kind == DLB_ENTRY_CELL;
		fprintf(f, "%s %u %u %u %u %u %u %u %u ",
			cell ? "cell" : "token", i, e.slot, e.flags, e.copies,
			e.searched, e.expiry_week, e.arrived_week, e.origin);
		print_hex(f, e.name, 32);
		fputc(' ', f);
		print_hex(f, cell ? e.core : e.token_hash, 32);
		fprintf(f, " %s\n", file_of(&e));
	}
}

static void
print_list(FILE *f, struct store *st)
{
	struct dlb_unlock file = keyfile();
	uint8_t tag_key[DLB_KEY_LEN];

	fprintf(f, "# What v1.dlb holds; docs/satchel.md, section 8.\nroot ");
	print_hex(f, st->s->keys->root, DLB_KEY_LEN);
	dlb_box_tag_key(tag_key, st->s->keys->root);
	fprintf(f, "\ntag-key ");
	print_hex(f, tag_key, sizeof(tag_key));
	fprintf(f, "\nkeyfile ");
	print_hex(f, file.secret, file.len);
	fprintf(f, "\npassphrase %s\n", passphrase);
	fprintf(f, "slots %u\nreserve %u\n", st->s->layout.slots,
		st->s->super.reserve);
	print_entries(f, st);
}

int
main(int argc, char **argv)
{
	struct store *st;
	char path[4096];
	uint8_t *bytes;
	size_t len;
	FILE *f;

	need(argc == 3 && dlb_base_init() == DLB_OK,
		"usage: satchel_vectors CELLS DIR");
	st = make(argv[1]);
	snprintf(path, sizeof(path), "%s/v1.txt", argv[2]);
	f = fopen(path, "w");
	need(f != NULL, path);
	print_list(f, st);
	need(fclose(f) == 0, path);
	store_close(st);
	bytes = crash_fs_get(st->disk, STORE_PATH, &len);
	snprintf(path, sizeof(path), "%s/v1.dlb", argv[2]);
	f = fopen(path, "wb");
	need(f && fwrite(bytes, 1, len, f) == len && fclose(f) == 0, path);
	free(bytes);
	store_free(st);
	return 0;
}
