/*
 * Opening: both tables are read into the index, and what a crash, a torn sector
 * or a bad one left between them is mended. docs/satchel.md, section 6.
 *
 * Which of two versions counts is decided entry by entry: the first table's where
 * it opens, else the second's; where neither does, the entry is free. What opens
 * and may not be there (out of range, a slot or a name claimed twice) is dropped
 * and overwritten.
 *
 * Invariants: nothing is written before all has been read; whole sectors are
 * written, first those of table 1, and those of table 2 only when table 1 is
 * synced. So a crash while mending is one more crash of the kind that is mended.
 */
#include "satchel_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SECTORS 64
#define CHUNK_ENTRIES (CHUNK_SECTORS * DLB_SECTOR_ENTRIES)
#define CHUNK_LEN ((size_t)CHUNK_SECTORS * DLB_SECTOR_LEN)

#define MEND_1 0x01 /* the sector of table 1 is to be written anew */
#define MEND_2 0x02

struct loading {
	struct dlb_satchel *s;
	uint8_t *sectors;     /* MEND_ of each */
	uint8_t *bufs;        /* two chunks for each worker */
	pthread_mutex_t lock; /* guards what follows */
	uint32_t mended, damaged;
	enum dlb_status status;
	struct dlb_error *err;
};

static uint32_t
sectors_of(const struct dlb_satchel *s)
{
	return s->layout.entries / DLB_SECTOR_ENTRIES;
}

static void
loading_failed(
	struct loading *l, enum dlb_status status, const struct dlb_error *err)
{
	pthread_mutex_lock(&l->lock);
	if (l->status == DLB_OK) {
		l->status = status;
		if (l->err)
			*l->err = *err;
	}
	pthread_mutex_unlock(&l->lock);
}

/* ---- reading both tables --------------------------------------------------------------- */

/* Reads n sectors of a table; of those that can not be read `unread` is set and
 * the bytes are zeros, which no entry is. */
static enum dlb_status
read_sectors(struct dlb_satchel *s, unsigned table, uint8_t *out, bool *unread,
	uint32_t first, uint32_t n, struct dlb_aead *aead,
	struct dlb_error *err)
{
	enum dlb_status st;

	memset(unread, 0, n * sizeof(*unread));
	st = dlb_table_read(s, table, out, first * DLB_SECTOR_ENTRIES,
		n * DLB_SECTOR_ENTRIES, aead, err);
	if (st != DLB_IO)
		return st;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *p = out + (size_t)i * DLB_SECTOR_LEN;

		st = dlb_table_read(s, table, p,
			(first + i) * DLB_SECTOR_ENTRIES, DLB_SECTOR_ENTRIES,
			aead, err);
		unread[i] = st != DLB_OK;
		if (unread[i])
			memset(p, 0, DLB_SECTOR_LEN);
	}
	return DLB_OK;
}

/* What a pair of entries comes to. */
struct verdict {
	unsigned table; /* whose bytes count */
	bool mended;    /* the other's are to be replaced by them */
	bool dropped;   /* both are to be overwritten */
	bool there;
};

static struct verdict
judge(struct dlb_entry_plain *e, const struct dlb_satchel *s, uint32_t number,
	const uint8_t *one, const uint8_t *two)
{
	bool same = memcmp(one, two, DLB_ENTRY_LEN) == 0;
	struct verdict v = {0};
	enum dlb_entry_state a, b = DLB_ENTRY_NONE;

	a = dlb_entry_open(e, s->keys, number, one, s->layout.slots);
	if (a != DLB_ENTRY_GOOD && !same) {
		b = dlb_entry_open(e, s->keys, number, two, s->layout.slots);
		v.table = b == DLB_ENTRY_GOOD;
	}
	v.there = a == DLB_ENTRY_GOOD || b == DLB_ENTRY_GOOD;
	v.mended = v.there && !same;
	v.dropped = !v.there
		&& (a == DLB_ENTRY_NONSENSE || b == DLB_ENTRY_NONSENSE);
	return v;
}

static void
load_chunk(void *ctx, size_t i, unsigned worker)
{
	struct loading *l = ctx;
	struct dlb_satchel *s = l->s;
	struct dlb_aead *aead = s->workers[worker].aead;
	uint8_t *one = l->bufs + 2 * worker * CHUNK_LEN, *two = one + CHUNK_LEN;
	bool unread[2][CHUNK_SECTORS];
	uint32_t first = (uint32_t)i * CHUNK_SECTORS, n = sectors_of(s) - first;
	uint32_t mended = 0, damaged = 0;
	struct dlb_entry_plain e;
	struct dlb_error err;
	enum dlb_status st;

	if (n > CHUNK_SECTORS)
		n = CHUNK_SECTORS;
	st = read_sectors(s, 0, one, unread[0], first, n, aead, &err);
	if (st == DLB_OK)
		st = read_sectors(s, 1, two, unread[1], first, n, aead, &err);
	for (uint32_t k = 0; st == DLB_OK && k < n; k++) {
		if (unread[0][k] && unread[1][k])
			st = err.status;
		l->sectors[first + k] = (unread[0][k] ? MEND_1 : 0)
			| (unread[1][k] ? MEND_2 : 0);
	}
	if (st != DLB_OK) {
		loading_failed(l, st, &err);
		return;
	}
	for (uint32_t k = 0; k < n * DLB_SECTOR_ENTRIES; k++) {
		uint32_t number = first * DLB_SECTOR_ENTRIES + k;
		struct verdict v = judge(&e, s, number, one + k * DLB_ENTRY_LEN,
			two + k * DLB_ENTRY_LEN);
		uint8_t *sector = &l->sectors[number / DLB_SECTOR_ENTRIES];

		if (v.there)
			dlb_record_set(&s->index.records[number], &e);
		if (v.mended)
			*sector |= v.table == 0 ? MEND_2 : MEND_1;
		if (v.dropped) {
			s->index.records[number].flags = DLB_REC_DROPPED;
			*sector |= MEND_1 | MEND_2;
		}
		mended += v.mended;
		damaged += v.dropped;
	}
	dlb_wipe(&e, sizeof(e));
	pthread_mutex_lock(&l->lock);
	l->mended += mended;
	l->damaged += damaged;
	pthread_mutex_unlock(&l->lock);
}

static enum dlb_status
read_tables(struct loading *l)
{
	struct dlb_satchel *s = l->s;
	size_t chunks = (sectors_of(s) + CHUNK_SECTORS - 1) / CHUNK_SECTORS;

	if (s->file->ops->hint_read)
		for (unsigned t = 0; t < 2; t++)
			s->file->ops->hint_read(s->file, s->layout.table[t],
				s->layout.table_len);
	dlb_pool_run(chunks, load_chunk, l);
	return l->status;
}

/* ---- the index ----------------------------------------------------------------------------- */

/* Two cells in one slot, or two of one name: no run of this program writes that.
 * The first stays; the other is dropped. */
static enum dlb_status
fill_index(struct loading *l)
{
	struct dlb_satchel *s = l->s;
	struct dlb_index *ix = &s->index;
	uint8_t *taken = calloc((s->layout.slots + 7) / 8, 1);

	if (!taken)
		return dlb_fail(l->err, DLB_NO_MEMORY, "out of memory");
	for (uint32_t i = 0; i < ix->entries; i++) {
		struct dlb_record *r = &ix->records[i];

		if (r->flags & DLB_REC_CELL) {
			uint8_t *byte = &taken[r->slot / 8];
			uint8_t bit = (uint8_t)(1u << r->slot % 8);

			if ((*byte & bit)
				|| dlb_index_find(ix, r->name, DLB_REC_CELL)
					!= DLB_NO_ENTRY) {
				r->flags = DLB_REC_DROPPED;
				l->sectors[i / DLB_SECTOR_ENTRIES] |=
					MEND_1 | MEND_2;
				l->damaged++;
				continue;
			}
			*byte |= bit;
		}
		if (r->flags & (DLB_REC_CELL | DLB_REC_TOKEN))
			dlb_index_add(ix, i);
	}
	for (uint32_t slot = 0; slot < s->layout.slots; slot++)
		if (!(taken[slot / 8] >> slot % 8 & 1))
			dlb_index_give_slot(ix, slot);
	free(taken);
	return DLB_OK;
}

/* ---- writing what is mended -------------------------------------------------------------------- */

/* The sector as both tables should have it, into `one`. */
static void
settle_sector(struct dlb_satchel *s, unsigned table, uint8_t *one,
	const uint8_t *two, bool one_unread, uint32_t sector)
{
	struct dlb_entry_plain e;

	for (uint32_t k = 0; k < DLB_SECTOR_ENTRIES; k++) {
		uint32_t number = sector * DLB_SECTOR_ENTRIES + k;
		uint8_t *a = one + k * DLB_ENTRY_LEN;
		const uint8_t *b = two + k * DLB_ENTRY_LEN;
		struct verdict v;

		/* Once table 1 has been overwritten, it counts. */
		if (s->index.records[number].flags & DLB_REC_DROPPED) {
			if (table == 0)
				dlb_random(s->env, a, DLB_ENTRY_LEN);
			continue;
		}
		v = judge(&e, s, number, a, b);
		if (v.table == 1 || (one_unread && !v.there))
			memcpy(a, b, DLB_ENTRY_LEN);
	}
	dlb_wipe(&e, sizeof(e));
}

static enum dlb_status
mend_table(struct loading *l, unsigned table)
{
	struct dlb_satchel *s = l->s;
	struct dlb_aead *aead = s->workers[0].aead;
	uint8_t *one = l->bufs, *two = l->bufs + CHUNK_LEN;
	uint8_t bit = table == 0 ? MEND_1 : MEND_2;
	enum dlb_status st = DLB_OK;
	bool any = false, unread[2];

	for (uint32_t i = 0; i < sectors_of(s) && st == DLB_OK; i++) {
		if (!(l->sectors[i] & bit))
			continue;
		any = true;
		st = read_sectors(s, 0, one, &unread[0], i, 1, aead, l->err);
		if (st == DLB_OK)
			st = read_sectors(
				s, 1, two, &unread[1], i, 1, aead, l->err);
		if (st != DLB_OK)
			break;
		settle_sector(s, table, one, two, unread[0], i);
		st = dlb_table_write(s, table, one, i * DLB_SECTOR_ENTRIES,
			DLB_SECTOR_ENTRIES, aead, l->err);
	}
	if (any && st == DLB_OK)
		st = s->file->ops->sync(s->file, l->err);
	return st;
}

/* Those that were dropped are free now. */
static void
free_dropped(struct dlb_satchel *s)
{
	for (uint32_t i = 0; i < s->index.entries; i++)
		if (s->index.records[i].flags == DLB_REC_DROPPED)
			dlb_index_forget(&s->index, i);
}

enum dlb_status
dlb_satchel_load(struct dlb_satchel *s, struct dlb_error *err)
{
	struct loading l = {.s = s, .err = err, .status = DLB_OK};
	enum dlb_status st;

	pthread_mutex_init(&l.lock, NULL);
	l.sectors = calloc(sectors_of(s), 1);
	l.bufs = malloc((size_t)s->workers_n * 2 * CHUNK_LEN);
	if (!l.sectors || !l.bufs)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	else
		st = read_tables(&l);
	if (st == DLB_OK)
		st = fill_index(&l);
	for (unsigned table = 0; table < 2; table++)
		if (st == DLB_OK && s->writable)
			st = mend_table(&l, table);
	if (st == DLB_OK) {
		free_dropped(s);
		s->mended = l.mended;
		atomic_store(&s->damaged, l.damaged);
	}
	free(l.sectors);
	free(l.bufs);
	pthread_mutex_destroy(&l.lock);
	return st;
}
