/*
 * A contact that ends when its time is over, whatever has moved by then.
 *
 * Lost is what is left of its time when the cells that came are taken from it, each at
 * the link's rate: greeting, comparing, waiting for answers, and what was on its way
 * when the link was gone.
 */
#include "contact.h"

#include "crash_fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 2026-05-20 */
#define BEGIN_MS 1779271200000LL

struct two {
	struct dlb_env_seeded clock;
	char dir[128], path[2][160];
	struct crash_fs *disk[2];
	struct dlb_node *n[2];
};

/* ---- cells ---------------------------------------------------------------------------- */

/* Without its head: nobody reads it. */
static enum dlb_status
make_letter(struct dlb_stripe *stripe, const struct dlb_node *n, uint32_t cells)
{
	memset(stripe, 0, sizeof(*stripe));
	stripe->k = stripe->n = 1;
	dlb_random(n->env, stripe->stripe_key, sizeof(stripe->stripe_key));
	dlb_random(n->env, stripe->letter_key, sizeof(stripe->letter_key));
	stripe->expiry_week =
		(uint16_t)(n->clock.trusted_week + DLB_CELL_LIFETIME_WEEKS);
	stripe->content_len = stripe->stripe_len =
		cells * (uint64_t)DLB_BULK_CONTENT_LEN;
	return dlb_stripe_layout(stripe, 0);
}

static enum dlb_status
put_batch(struct dlb_node *n, const struct dlb_stripe *stripe, uint32_t first,
	uint32_t count, struct dlb_error *err)
{
	struct dlb_satchel_item items[DLB_BATCH] = {0};
	enum dlb_status st;

	for (uint32_t i = 0; i < count; i++) {
		uint8_t *cell = dlb_node_cell(n, i);

		dlb_bulk_seal(cell, n->aead[0], stripe, first + i + 1, NULL, 0,
			n->env);
		items[i] = (struct dlb_satchel_item){.cell = cell,
			.flags = DLB_SHOWN,
			.copies = DLB_COPIES_MAX};
		dlb_cell_name(items[i].core, items[i].name, cell);
	}
	st = dlb_satchel_put(
		n->satchel, items, count, n->clock.trusted_week, err);
	for (uint32_t i = 0; st == DLB_OK && i < count; i++)
		if (items[i].result != DLB_OK)
			st = dlb_fail(err, DLB_FULL, "no room for %u cells",
				first + count);
	return st;
}

enum dlb_status
sim_carry(struct dlb_node *n, uint32_t cells, struct dlb_error *err)
{
	struct dlb_stripe stripe;
	enum dlb_status st = make_letter(&stripe, n, cells);

	for (uint32_t at = 0; st == DLB_OK && at < cells; at += DLB_BATCH)
		st = put_batch(n, &stripe, at,
			cells - at < DLB_BATCH ? cells - at : DLB_BATCH, err);
	dlb_wipe(&stripe, sizeof(stripe));
	return st;
}

/* ---- two homes -------------------------------------------------------------------------- */

static enum dlb_status
make_home(struct two *t, int i, const struct sim_contact *c, uint64_t seed,
	struct dlb_error *err)
{
	/* Half of a satchel is for letters; the rest takes what both have. */
	struct dlb_home_options o = {.courier = true,
		.size = dlb_satchel_size_of(4 * c->cells + 1024),
		.sparse = true,
		.unlock = {.kind = DLB_UNLOCK_OPEN}};
	enum dlb_status st;

	snprintf(t->path[i], sizeof(t->path[i]), "%s/%d", t->dir, i);
	t->disk[i] = crash_fs_new(seed + (uint64_t)i);
	if (!t->disk[i])
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	st = dlb_node_create_on(&t->n[i], crash_fs_fs(t->disk[i]), t->path[i],
		&o, &t->clock.env, NULL, err);
	return st == DLB_OK ? sim_carry(t->n[i], c->cells, err) : st;
}

static void
free_homes(struct two *t)
{
	for (int i = 0; i < 2; i++) {
		dlb_node_close(t->n[i]);
		if (t->disk[i])
			crash_fs_free(t->disk[i]);
		rmdir(t->path[i]);
	}
	rmdir(t->dir);
}

static enum dlb_status
meet(struct two *t, struct sim_contact *c, struct dlb_error *err)
{
	struct sim_side side[2] = {{.n = t->n[0]}, {.n = t->n[1]}};
	struct sim_wire wire = {.delay_ms = c->delay_ms,
		.rate = c->rate,
		.cut_after = UINT64_MAX,
		.limit_ms = c->limit_ms};
	enum dlb_status st = sim_wire_meet(side, &wire, &t->clock, err);

	for (int i = 0; st == DLB_OK && i < 2; i++) {
		/* It had no time for all, or it was no measure. */
		if (side[i].st != DLB_PARTLY)
			st = dlb_fail(err, DLB_FAILED,
				"the contact ended otherwise (%s)",
				dlb_status_text(side[i].st));
		c->arrived[i] = (uint32_t)side[i].result.taken;
		c->first_cell_ms[i] = side[i].first_cell_ms;
		c->lost_ms[i] = c->limit_ms
			- (int64_t)((uint64_t)c->arrived[i] * DLB_CELL_LEN
				* 1000 / c->rate);
	}
	return st;
}

enum dlb_status
sim_contact_run(struct sim_contact *c, uint64_t seed, const char *dir,
	struct dlb_error *err)
{
	struct two t = {.n = {NULL, NULL}};
	enum dlb_status st = DLB_OK;

	dlb_env_seeded_init(&t.clock, seed, BEGIN_MS);
	snprintf(t.dir, sizeof(t.dir), "%s/dlb-contact-XXXXXX", dir);
	if (!mkdtemp(t.dir))
		return dlb_fail(err, DLB_IO, "can not make %s", t.dir);
	for (int i = 0; st == DLB_OK && i < 2; i++)
		st = make_home(&t, i, c, seed, err);
	if (st == DLB_OK)
		st = meet(&t, c, err);
	free_homes(&t);
	return st;
}
