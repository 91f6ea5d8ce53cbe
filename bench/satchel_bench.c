/*
 * How fast cells get durable in a satchel, beside the same bytes written plainly
 * with one fdatasync, and beside SQLite and LMDB; how long a satchel of 1,000,000
 * cells takes to open, and how much memory it keeps.
 *
 *	satchel_bench put DIR [cells] [batch] [rounds]     (4096, 256, 3)
 *	satchel_bench open DIR [slots]                     (1000000)
 *
 * The ways take turns, so that what else the machine does hits all alike. What is
 * written to DIR is removed again.
 */
#include "common.h"
#include "entries.h"
#include "satchel_internal.h"

#ifdef HAVE_LMDB
#include <lmdb.h>
#endif
#include <fcntl.h>
#include <malloc.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CELL DLB_SATCHEL_CELL_LEN
#define WEEK 100

struct bench {
	const char *dir;
	size_t cells, batch;
	uint8_t *bytes; /* of one batch */
	struct dlb_satchel_item *items;
	struct dlb_satchel *satchel;
	uint64_t named; /* so many names were given */
};

static const struct dlb_unlock open_to_all = {DLB_UNLOCK_OPEN, NULL, 0};

static const char *
in_dir(const struct bench *b, const char *name)
{
	static char path[4][4096];
	static unsigned i;
	char *p = path[i++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", b->dir, name);
	return p;
}

/* ---- the ways to write ------------------------------------------------------------- */

/* A new name for each; nobody checks here. */
static void
next_batch(struct bench *b)
{
	for (size_t i = 0; i < b->batch; i++) {
		struct dlb_satchel_item *item = &b->items[i];

		dlb_random(dlb_env_system(), item->name, 32);
		memcpy(item->name, &b->named, sizeof(b->named));
		b->named++;
		item->cell = b->bytes + i * CELL;
		item->flags = DLB_SHOWN;
	}
}

static double
write_plain(struct bench *b)
{
	const char *path = in_dir(b, "bench.plain");
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	double start = now(), took;

	need(fd >= 0, path, "can not be made");
	for (size_t i = 0; i < b->cells; i++)
		need(write(fd, b->bytes + i % b->batch * CELL, CELL) == CELL,
			path, "can not be written");
	need(fdatasync(fd) == 0, path, "can not be synced");
	took = now() - start;
	close(fd);
	unlink(path);
	return took;
}

/* Over what is there, as a satchel's slots are. */
static double
write_over(struct bench *b)
{
	const char *path = in_dir(b, "bench.over");
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	double start, took = 0;

	need(fd >= 0, path, "can not be made");
	for (int round = 0; round < 2; round++) {
		start = now();
		for (size_t i = 0; i < b->cells; i++)
			need(pwrite(fd, b->bytes + i % b->batch * CELL, CELL,
				     (off_t)(i * CELL))
					== CELL,
				path, "can not be written");
		need(fdatasync(fd) == 0, path, "can not be synced");
		took = now() - start;
	}
	close(fd);
	unlink(path);
	return took;
}

static double
put_cells(struct bench *b)
{
	struct dlb_error err;
	double start = now();

	for (size_t at = 0; at < b->cells; at += b->batch) {
		next_batch(b);
		need(dlb_satchel_put(b->satchel, b->items, b->batch, WEEK, &err)
				== DLB_OK,
			"put", err.msg);
		for (size_t i = 0; i < b->batch; i++)
			need(b->items[i].result == DLB_OK, "put", "no room");
	}
	return now() - start;
}

static void
remove_satchel(const struct bench *b)
{
	struct dlb_error err;
	enum dlb_status st =
		dlb_span_remove(dlb_fs_posix(), in_dir(b, "bench.dlb"), &err);

	need(st == DLB_OK || st == DLB_NOT_FOUND, "removing", err.msg);
}

static void
make_satchel(struct bench *b, uint32_t slots, bool sparse)
{
	struct dlb_satchel_options o = {
		.slots = slots, .sparse = sparse, .unlock = open_to_all};
	struct dlb_error err;
	const char *path = in_dir(b, "bench.dlb");

	remove_satchel(b);
	need(dlb_satchel_create(
		     dlb_fs_posix(), path, &o, dlb_env_system(), NULL, &err)
			== DLB_OK,
		path, err.msg);
}

static void
open_satchel(struct bench *b)
{
	struct dlb_error err;

	need(dlb_satchel_open(&b->satchel, dlb_fs_posix(),
		     in_dir(b, "bench.dlb"), &open_to_all, true, 0,
		     dlb_env_system(), &err)
			== DLB_OK,
		"opening", err.msg);
}

static double
put_new(struct bench *b)
{
	double took;

	make_satchel(b, (uint32_t)b->cells, false);
	open_satchel(b);
	took = put_cells(b);
	/* Left full for put_full. */
	return took;
}

static double
put_full(struct bench *b)
{
	double took = put_cells(b);

	dlb_satchel_close(b->satchel);
	remove_satchel(b);
	return took;
}

static void
sql(sqlite3 *db, const char *text)
{
	char *why = NULL;

	need(sqlite3_exec(db, text, NULL, NULL, &why) == SQLITE_OK, text,
		why ? why : "");
}

static double
put_sqlite(struct bench *b)
{
	const char *path = in_dir(b, "bench.sqlite");
	sqlite3_stmt *insert;
	sqlite3 *db;
	double start, took;

	unlink(path);
	need(sqlite3_open(path, &db) == SQLITE_OK, path, "can not be opened");
	sql(db, "pragma journal_mode=wal");
	sql(db, "pragma synchronous=full");
	sql(db, "create table cells(name blob primary key, cell blob)");
	need(sqlite3_prepare_v2(
		     db, "insert into cells values(?, ?)", -1, &insert, NULL)
			== SQLITE_OK,
		path, "takes no statement");
	start = now();
	for (size_t at = 0; at < b->cells; at += b->batch) {
		next_batch(b);
		sql(db, "begin");
		for (size_t i = 0; i < b->batch; i++) {
			sqlite3_bind_blob(
				insert, 1, b->items[i].name, 32, SQLITE_STATIC);
			sqlite3_bind_blob(insert, 2, b->items[i].cell, CELL,
				SQLITE_STATIC);
			need(sqlite3_step(insert) == SQLITE_DONE, path,
				"takes no cell");
			sqlite3_reset(insert);
		}
		sql(db, "commit");
	}
	took = now() - start;
	sqlite3_finalize(insert);
	sqlite3_close(db);
	unlink(path);
	return took;
}

#ifdef HAVE_LMDB
static void
mdb(int result)
{
	need(result == 0, "LMDB", mdb_strerror(result));
}

static double
put_lmdb(struct bench *b)
{
	const char *path = in_dir(b, "bench.mdb");
	double start, took;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	unlink(path);
	mdb(mdb_env_create(&env));
	mdb(mdb_env_set_mapsize(env, 4 * b->cells * CELL));
	mdb(mdb_env_open(env, path, MDB_NOSUBDIR, 0600));
	mdb(mdb_txn_begin(env, NULL, 0, &txn));
	mdb(mdb_dbi_open(txn, NULL, 0, &dbi));
	mdb(mdb_txn_commit(txn));
	start = now();
	for (size_t at = 0; at < b->cells; at += b->batch) {
		next_batch(b);
		mdb(mdb_txn_begin(env, NULL, 0, &txn));
		for (size_t i = 0; i < b->batch; i++) {
			MDB_val key = {32, b->items[i].name};
			MDB_val data = {CELL, b->bytes + i * CELL};

			mdb(mdb_put(txn, dbi, &key, &data, 0));
		}
		mdb(mdb_txn_commit(txn));
	}
	took = now() - start;
	mdb_env_close(env);
	unlink(path);
	unlink(in_dir(b, "bench.mdb-lock"));
	return took;
}
#endif

static const struct way {
	const char *name;
	double (*run)(struct bench *);
} ways[] = {
	{"plain", write_plain},
	{"plain_over", write_over},
	{"satchel", put_new},
	{"satchel_full", put_full}, /* after it: as many give way */
	{"sqlite", put_sqlite},
#ifdef HAVE_LMDB
	{"lmdb", put_lmdb},
#endif
};

static void
bench_put(struct bench *b, unsigned rounds)
{
	b->bytes = malloc(b->batch * CELL);
	b->items = calloc(b->batch, sizeof(*b->items));
	need(b->bytes && b->items, "memory", "not enough");
	dlb_random(dlb_env_system(), b->bytes, b->batch * CELL);
	/* All live for as long. */
	for (size_t i = 0; i < b->batch; i++) {
		b->bytes[i * CELL + DLB_CELL_EXPIRY_AT] = 0;
		b->bytes[i * CELL + DLB_CELL_EXPIRY_AT + 1] = WEEK + 12;
	}
	for (unsigned round = 0; round < rounds; round++)
		for (size_t i = 0; i < DLB_ARRAY_LEN(ways); i++)
			figure(ways[i].name, ways[i].run(b));
	free(b->bytes);
	free(b->items);
}

/* ---- opening --------------------------------------------------------------------------- */

/* The most memory that was held since reset_peak. */
static uint64_t
peak(void)
{
	unsigned long long kib = 0;
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];

	need(f != NULL, "/proc/self/status", "can not be read");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %llu kB", &kib) == 1)
			break;
	fclose(f);
	need(kib > 0, "/proc/self/status", "does not say VmHWM");
	return kib << 10;
}

/* To what is held now. */
static void
reset_peak(void)
{
	FILE *f = fopen("/proc/self/clear_refs", "w");

	malloc_trim(0);
	need(f && fputs("5", f) >= 0 && fclose(f) == 0, "/proc/self/clear_refs",
		"can not be written");
}

static void
drop_cache(const char *path)
{
	int fd = open(path, O_RDONLY);

	need(fd >= 0, path, "can not be opened");
	fsync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
}

static void
bench_open(struct bench *b, uint32_t slots)
{
	struct dlb_satchel_info info;
	uint64_t before;

	make_satchel(b, slots, true);
	open_satchel(b);
	fill_entries(b->satchel, slots, WEEK + 12, 1);
	dlb_satchel_close(b->satchel);
	for (int round = 0; round < 4; round++) {
		double start, took;
		bool cold = round == 0;

		if (cold)
			drop_cache(in_dir(b, "bench.dlb"));
		reset_peak();
		before = peak();
		start = now();
		open_satchel(b);
		took = now() - start;
		dlb_satchel_info(b->satchel, &info);
		need(info.used == slots, "opening", "not all cells are there");
		figure(cold ? "open_cold" : "open_warm", took);
		figure("peak_bytes_per_cell",
			(double)(peak() - before) / slots);
		dlb_satchel_close(b->satchel);
	}
	remove_satchel(b);
}

int
main(int argc, char **argv)
{
	struct bench b = {.cells = 4096, .batch = 256};
	unsigned rounds = 3;

	need(argc >= 3 && dlb_base_init() == DLB_OK, "usage",
		"satchel_bench put DIR [cells] [batch] [rounds] | open DIR "
		"[slots]");
	b.dir = argv[2];
	if (strcmp(argv[1], "open") == 0) {
		bench_open(&b,
			argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10)
				 : 1000000);
		return 0;
	}
	if (argc > 3)
		b.cells = strtoul(argv[3], NULL, 10);
	if (argc > 4)
		b.batch = strtoul(argv[4], NULL, 10);
	if (argc > 5)
		rounds = (unsigned)strtoul(argv[5], NULL, 10);
	need(b.batch > 0 && b.cells % b.batch == 0 && rounds > 0, "usage",
		"cells must be a multiple of batch");
	bench_put(&b, rounds);
	return 0;
}
