/*
 * See entries.h. In parts, each out of a seed of its own, so that all cores take part.
 */
#include "entries.h"

#include "common.h"
#include "satchel_internal.h"

#define PART 4096

struct filling {
	struct dlb_satchel *s;
	uint32_t n;
	uint16_t week;
	uint64_t seed;
};

static void
fill_part(void *ctx, size_t i, unsigned worker)
{
	const struct filling *f = ctx;
	struct dlb_satchel *s = f->s;
	uint32_t first = (uint32_t)(i * PART), n = f->n - first;
	uint8_t *out = malloc(PART * DLB_ENTRY_LEN);
	struct dlb_env_seeded same;
	struct dlb_error err;

	need(out != NULL, "memory", "not enough");
	if (n > PART)
		n = PART;
	dlb_env_seeded_init(&same, f->seed + i, 0);
	for (uint32_t k = 0; k < n; k++) {
		struct dlb_entry_plain e = {.kind = DLB_ENTRY_CELL,
			.flags = DLB_SHOWN,
			.copies = 4,
			.expiry_week = f->week,
			.slot = first + k};

		dlb_random(&same.env, e.name, sizeof(e.name));
		dlb_random(&same.env, e.handle, sizeof(e.handle));
		dlb_random(s->env, e.secret, sizeof(e.secret));
		dlb_entry_seal(out + k * DLB_ENTRY_LEN, s->keys, first + k, &e,
			s->env);
	}
	for (unsigned table = 0; table < 2; table++)
		need(dlb_table_write(s, table, out, first, n,
			     s->workers[worker].aead, &err)
				== DLB_OK,
			"filling", err.msg);
	free(out);
}

void
fill_entries(struct dlb_satchel *s, uint32_t n, uint16_t week, uint64_t seed)
{
	struct filling f = {.s = s, .n = n, .week = week, .seed = seed};

	dlb_pool_run((n + PART - 1) / PART, fill_part, &f);
}
