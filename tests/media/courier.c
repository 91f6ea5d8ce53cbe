/*
 * A courier who means harm: opens a box that is open to all, as any courier can, and
 * does to its cells what the mode says. All names are those of the bytes, so that
 * nothing that a courier can check gives them away, but where the mode says so.
 *
 *   courier BOX count              prints how many cells there are
 *   courier BOX alter [N]          puts N altered copies of each cell beside it
 *   courier BOX replace            an altered copy in the place of each
 *   courier BOX retag [N]          N copies of each that differ in the box tag alone
 *   courier BOX splice             each waybill and handle before another's body
 *   courier BOX reorder            takes all out, puts them in again backwards
 *   courier BOX invent N           N cells of random bytes
 *   courier BOX malform N          N cells that no courier may take
 *   courier BOX lie                each cell under the name of another
 *   courier BOX keep FILE          copies all cells into FILE
 *   courier BOX replay FILE        puts those of FILE in again
 *   courier BOX clear              takes all out
 *
 * The same seed makes the same harm: SEED in the environment, else 1.
 */
#include "cell.h"
#include "satchel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_MAX 4096

static struct dlb_satchel *box;
static struct dlb_aead *aead;
static struct dlb_env_seeded seeded;
static const struct dlb_env *env = &seeded.env;
static uint8_t (*cells)[DLB_CELL_LEN];
static uint32_t numbers[CELLS_MAX];
static size_t cells_n;

static void
need(enum dlb_status st, const struct dlb_error *err)
{
	if (st == DLB_OK)
		return;
	fprintf(stderr, "courier: %s\n", err ? err->msg : dlb_status_text(st));
	exit(1);
}

static void
read_all(void)
{
	struct dlb_error err = {0};
	struct dlb_entry e;

	for (uint32_t at = 0;
		cells_n < CELLS_MAX && dlb_satchel_next(box, at, DLB_SHOWN, &e);
		at = e.number + 1) {
		need(dlb_satchel_get(box, e.number, cells[cells_n], NULL, NULL,
			     aead, true, &err),
			&err);
		numbers[cells_n++] = e.number;
	}
}

/* named: as the cell is called, or, for a lie, some other cell. */
static void
put_named(const uint8_t *cell, const uint8_t *named)
{
	struct dlb_satchel_item item = {
		.cell = cell, .flags = DLB_SHOWN, .copies = 32};
	struct dlb_error err = {0};

	dlb_cell_name(item.core, item.name, named);
	need(dlb_satchel_put(box, &item, 1, 0, &err), &err);
}

static void
put(const uint8_t *cell)
{
	put_named(cell, cell);
}

static void
clear(void)
{
	struct dlb_error err = {0};

	for (size_t i = 0; i < cells_n; i++) {
		struct dlb_satchel_change gone = {.number = numbers[i]};

		need(dlb_satchel_update(box, &gone, 1, &err), &err);
	}
}

/* One bit, somewhere that a reader must notice: every byte counts but those of the
 * form and the box tag. */
static void
alter(uint8_t *cell)
{
	static const uint32_t body = DLB_WAYBILL_LEN + DLB_HANDLE_LEN;
	/* Half of them where the first boxes of a head are. */
	uint32_t span = dlb_random_below(env, 2) ? 2048 : DLB_CELL_LEN - body;

	cell[body + dlb_random_below(env, span)] ^=
		(uint8_t)(1u << dlb_random_below(env, 8));
}

static void
put_copies(unsigned copies, bool tag_alone)
{
	uint8_t copy[DLB_CELL_LEN];

	for (size_t i = 0; i < cells_n; i++)
		for (unsigned k = 0; k < copies; k++) {
			memcpy(copy, cells[i], sizeof(copy));
			if (tag_alone)
				dlb_random(env, copy + 16, DLB_BOX_TAG_LEN);
			else
				alter(copy);
			put(copy);
		}
}

static void
splice(void)
{
	uint8_t copy[DLB_CELL_LEN];

	for (size_t i = 0; i < cells_n; i++) {
		size_t k = dlb_random_below(env, (uint32_t)cells_n);

		memcpy(copy, cells[k], sizeof(copy));
		memcpy(copy, cells[i], DLB_WAYBILL_LEN + DLB_HANDLE_LEN);
		put(copy);
	}
}

static void
make_random(uint8_t *cell)
{
	uint8_t uniform[64];

	dlb_random(env, cell, DLB_CELL_LEN);
	memset(cell, 0, 16);
	cell[0] = 1;
	/* As all that is sealed now. */
	if (cells_n)
		memcpy(cell + 2, cells[0] + 2, 2);
	dlb_random(env, uniform, sizeof(uniform));
	dlb_point_from_uniform(cell + DLB_WAYBILL_LEN, uniform);
}

static void
malform(uint8_t *cell, unsigned kind)
{
	make_random(cell);
	switch (kind % 6) {
	case 0: /* of no version */
		cell[0] = 9;
		break;
	case 1: /* what must be zero is not */
		cell[7] = 1;
		break;
	case 2: /* no element of the group */
		memset(cell + DLB_WAYBILL_LEN, 0xff, DLB_HANDLE_LEN);
		break;
	case 3: /* the identity */
		memset(cell + DLB_WAYBILL_LEN, 0, DLB_HANDLE_LEN);
		break;
	case 4: /* lives for ever */
		cell[2] = cell[3] = 0xff;
		break;
	case 5: /* has lived */
		cell[2] = cell[3] = 0;
		break;
	}
}

static void
invent(unsigned n, bool malformed)
{
	uint8_t cell[DLB_CELL_LEN];

	for (unsigned i = 0; i < n; i++) {
		if (malformed)
			malform(cell, i);
		else
			make_random(cell);
		put(cell);
	}
}

static void
keep(const char *path, bool back)
{
	FILE *f = fopen(path, back ? "rb" : "wb");

	if (!f) {
		perror(path);
		exit(1);
	}
	if (!back && fwrite(cells, DLB_CELL_LEN, cells_n, f) != cells_n)
		exit(1);
	while (back && fread(cells[0], DLB_CELL_LEN, 1, f) == 1)
		put(cells[0]);
	if (fclose(f) != 0)
		exit(1);
}

static void
run(const char *mode, const char *arg)
{
	unsigned n = arg ? (unsigned)strtoul(arg, NULL, 10) : 1;

	if (strcmp(mode, "count") == 0) {
		printf("%zu\n", cells_n);
	} else if (strcmp(mode, "alter") == 0) {
		put_copies(n, false);
	} else if (strcmp(mode, "replace") == 0) {
		clear();
		put_copies(1, false);
	} else if (strcmp(mode, "retag") == 0) {
		put_copies(n, true);
	} else if (strcmp(mode, "splice") == 0) {
		splice();
	} else if (strcmp(mode, "reorder") == 0) {
		clear();
		for (size_t i = cells_n; i-- > 0;)
			put(cells[i]);
	} else if (strcmp(mode, "invent") == 0) {
		invent(n, false);
	} else if (strcmp(mode, "malform") == 0) {
		invent(n, true);
	} else if (strcmp(mode, "lie") == 0) {
		clear();
		for (size_t i = 0; i < cells_n; i++)
			put_named(cells[i], cells[(i + 1) % cells_n]);
	} else if (strcmp(mode, "clear") == 0) {
		clear();
	} else if (arg && strcmp(mode, "keep") == 0) {
		keep(arg, false);
	} else if (arg && strcmp(mode, "replay") == 0) {
		keep(arg, true);
	} else {
		fprintf(stderr, "courier: no such mode: %s\n", mode);
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	struct dlb_unlock open = {.kind = DLB_UNLOCK_OPEN};
	const char *seed = getenv("SEED");
	struct dlb_error err = {0};

	if (argc < 3) {
		fprintf(stderr, "courier: BOX MODE [N|FILE]\n");
		return 2;
	}
	need(dlb_base_init(), NULL);
	dlb_env_seeded_init(&seeded, seed ? strtoull(seed, NULL, 10) : 1, 1);
	need(dlb_aead_new(&aead), NULL);
	cells = calloc(CELLS_MAX, sizeof(*cells));
	if (!cells)
		return 1;
	need(dlb_satchel_open(
		     &box, dlb_fs_posix(), argv[1], &open, true, 0, env, &err),
		&err);
	read_all();
	run(argv[2], argv[3]);
	dlb_satchel_close(box);
	dlb_aead_free(aead);
	free(cells);
	return 0;
}
