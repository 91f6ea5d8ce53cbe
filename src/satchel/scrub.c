/*
 * Reads every cell and drops what is not what its name says.
 */
#include "satchel_internal.h"

#include <stdlib.h>
#include <string.h>

#define AT_ONCE 256

enum finding { SOUND, DAMAGED, UNREAD };

struct scrub {
	struct dlb_satchel *s;
	uint32_t numbers[AT_ONCE];
	enum finding found[AT_ONCE];
	struct dlb_change changes[AT_ONCE];
	struct dlb_edit edits[AT_ONCE];
	struct dlb_error errors[AT_ONCE];
};

static void
scrub_cell(void *ctx, size_t i, unsigned worker)
{
	struct scrub *sc = ctx;
	struct dlb_worker *me = &sc->s->workers[worker];
	enum dlb_status st = dlb_satchel_get(sc->s, sc->numbers[i], me->buf,
		NULL, NULL, me->aead, true, &sc->errors[i]);

	sc->found[i] = st == DLB_OK ? SOUND
		: st == DLB_CORRUPT ? DAMAGED
				    : UNREAD;
}

/* Where one table has an entry that leads to the cell, it is written to both. */
static enum dlb_status
try_second(struct scrub *sc, uint32_t number, struct dlb_edit *edit,
	bool *saved, struct dlb_error *err)
{
	struct dlb_satchel *s = sc->s;
	struct dlb_record *r = &s->index.records[number];
	struct dlb_worker *me = &s->workers[0];
	struct dlb_entry_plain e;
	enum dlb_status st;

	*saved = false;
	st = dlb_table_read(s, 1, edit->bytes, number, 1, me->aead, err);
	if (st != DLB_OK)
		return st;
	if (dlb_entry_open(&e, s->keys, number, edit->bytes, s->layout.slots)
			!= DLB_ENTRY_GOOD
		|| e.kind != DLB_ENTRY_CELL || e.slot != r->slot
		|| memcmp(e.name, r->name, sizeof(r->name)) != 0)
		return DLB_OK;
	st = s->file->ops->read_at(s->file, me->buf, DLB_SATCHEL_CELL_LEN,
		s->layout.slot + (uint64_t)e.slot * DLB_SATCHEL_CELL_LEN, err);
	if (st == DLB_OK) {
		dlb_stream_xor(me->aead, me->buf, e.secret, 0, me->buf,
			DLB_SATCHEL_CELL_LEN);
		*saved = dlb_cell_is(me->buf, e.core, e.name);
		edit->number = number;
	}
	dlb_wipe(&e, sizeof(e));
	return st;
}

static enum dlb_status
drop_damaged(
	struct scrub *sc, size_t n, uint32_t *dropped, struct dlb_error *err)
{
	struct dlb_satchel *s = sc->s;
	size_t edits = 0, changes = 0;
	enum dlb_status st;

	for (size_t i = 0; i < n; i++) {
		struct dlb_change *c = &sc->changes[changes];
		bool saved;

		if (sc->found[i] == SOUND)
			continue;
		if (sc->found[i] == UNREAD) {
			if (err)
				*err = sc->errors[i];
			return sc->errors[i].status;
		}
		st = try_second(
			sc, sc->numbers[i], &sc->edits[edits], &saved, err);
		if (st != DLB_OK)
			return st;
		if (!saved) {
			++*dropped;
			if (!s->writable)
				continue;
			*c = dlb_change_of(s, sc->numbers[i]);
			c->flags = 0;
			changes++;
			dlb_edit_erase(s, &sc->edits[edits], sc->numbers[i]);
		}
		edits++;
	}
	if (!s->writable)
		return DLB_OK;
	st = dlb_table_commit(s, sc->edits, edits, err);
	if (st == DLB_OK)
		dlb_change_apply(s, sc->changes, changes);
	return st;
}

enum dlb_status
dlb_satchel_scrub(struct dlb_satchel *s, uint32_t *dropped,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	struct scrub *sc;
	uint32_t from = 0;
	uint64_t done = 0, total = s->index.cells;
	struct dlb_entry e;
	enum dlb_status st;

	*dropped = 0;
	if (s->failed)
		return dlb_satchel_check_writable(s, err);
	st = dlb_satchel_commit(s, err);
	if (st != DLB_OK)
		return st;
	sc = calloc(1, sizeof(*sc));
	if (!sc)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	sc->s = s;
	for (;;) {
		size_t n = 0;

		while (n < AT_ONCE
			&& dlb_satchel_next(
				s, from, DLB_SHOWN | DLB_HELD, &e)) {
			sc->numbers[n++] = e.number;
			from = e.number + 1;
		}
		if (n == 0)
			break;
		dlb_pool_run(n, scrub_cell, sc);
		st = drop_damaged(sc, n, dropped, err);
		if (st != DLB_OK)
			break;
		done += n;
		if (!dlb_progress_step(
			    progress, "reading every cell", done, total)) {
			st = dlb_fail(err, DLB_CANCELLED, "interrupted");
			break;
		}
	}
	free(sc);
	return st;
}
