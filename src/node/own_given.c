/*
 * Who has what of a letter that is split, as the letterbox knows it: read for the choice
 * of a stripe, and written down before a courier is given anything of it.
 *
 * A row of no cells says that a meeting was to give the courier some: what a power cut
 * leaves unsaid after that is theirs. docs/decisions.md, "Whose a stripe is".
 */
#include "meet_internal.h"
#include "own_stripes.h"

#include <stdio.h>
#include <string.h>

_Static_assert(DLB_STRIPES_OUT_MAX <= DLB_OUT_STRIPE_UNKNOWN, "all are known");

struct given {
	struct dlb_stripes_out *out;
	const char *courier;
	uint32_t took[DLB_STRIPES_OUT_MAX]; /* written down, of each stripe */
	/* With whom a meeting that was to give of it began last. */
	struct dlb_out_taken last[DLB_STRIPES_OUT_MAX];
	bool unknown; /* some is out of which it is not known what */
};

/* All whom nothing is known of count as one. */
static bool
is_mine(bool stranger, const char *mine, const char *courier)
{
	return stranger ? dlb_courier_is_stranger(courier)
			: strcmp(mine, courier) == 0;
}

void
dlb_courier_draw(char name[static DLB_COURIER_NAME_MAX], struct dlb_node *n)
{
	uint8_t some[8];
	char hex[2 * sizeof(some) + 1];

	dlb_random(n->env, some, sizeof(some));
	dlb_hex(hex, some, sizeof(some));
	snprintf(name, DLB_COURIER_NAME_MAX, DLB_COURIER_STRANGER "%s", hex);
}

void
dlb_courier_node(char name[static DLB_COURIER_NAME_MAX],
	const uint8_t secret[static DLB_KEY_LEN])
{
	uint8_t label[16];
	char hex[2 * sizeof(label) + 1];

	dlb_derive(label, sizeof(label), secret, DLB_KEY_LEN, "dlb courier", "",
		0);
	dlb_hex(hex, label, sizeof(label));
	snprintf(name, DLB_COURIER_NAME_MAX, "node %s", hex);
}

/* ---- whom it is bound for ------------------------------------------------------------ */

void
dlb_split_name_reader(struct dlb_split *letter, struct dlb_node *n, int64_t to)
{
	struct dlb_correspondent c;
	uint8_t secret[DLB_KEY_LEN];

	letter->reader[0] = '\0';
	if (dlb_correspondent_by_id(n->letterbox, &c, to) == DLB_OK
		&& dlb_pair_secret_of(n->letterbox, secret, &c.identity, NULL)
			== DLB_OK)
		dlb_courier_node(letter->reader, secret);
	dlb_wipe(secret, sizeof(secret));
}

bool
dlb_split_is_for(const struct dlb_split *letter, struct dlb_node *n,
	uint32_t cell, const struct dlb_courier *to)
{
	struct dlb_shown shown = {.box = 0};
	struct dlb_tag_key key = {.ref = 1};

	if (letter->reader[0] && strcmp(letter->reader, to->name) == 0)
		return true;
	if (!to->tag_key || !dlb_satchel_entry(n->satchel, cell, &shown.entry))
		return false;
	memcpy(key.key, to->tag_key, sizeof(key.key));
	dlb_node_match_tags(n, n->satchel, &key, 1, &shown, 1);
	dlb_wipe(&key, sizeof(key));
	return shown.box != 0;
}

/* ---- reading ------------------------------------------------------------------------ */

static void
later(int64_t *ms, int64_t when_ms)
{
	if (when_ms > *ms)
		*ms = when_ms;
}

static void
add_to(struct dlb_stripe_out *s, uint32_t cells, int64_t when_ms, bool mine)
{
	s->begun = true;
	later(&s->begun_ms, when_ms);
	if (cells > 0) {
		s->given = true;
		later(&s->given_ms, when_ms);
	}
	if (mine) {
		s->mine = true;
		later(&s->mine_ms, when_ms);
		s->took += cells;
	}
}

static bool
note_given(void *ctx, const struct dlb_out_taken *taken)
{
	struct given *g = ctx;
	struct dlb_out_taken *last;

	if (taken->stripe >= g->out->n) {
		g->unknown = true;
		return true;
	}
	g->took[taken->stripe] += taken->cells;
	last = &g->last[taken->stripe];
	if (!last->courier[0] || taken->last_ms > last->last_ms
		|| (taken->last_ms == last->last_ms && taken->cells == 0))
		*last = *taken;
	add_to(&g->out->of[taken->stripe], taken->cells, taken->last_ms,
		is_mine(g->out->stranger, g->courier, taken->courier));
	return true;
}

/* What a meeting gave that a power cut kept from being written down. */
static enum dlb_status
settle(struct given *g, struct dlb_node *n, const struct dlb_split *letter,
	struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	for (unsigned i = 0; st == DLB_OK && !g->unknown && i < g->out->n;
		i++) {
		struct dlb_stripe_out *s = &g->out->of[i];
		struct dlb_out_taken t = g->last[i];
		uint32_t out =
			s->waits < letter->cells ? letter->cells - s->waits : 0;

		if (out <= g->took[i])
			continue;
		t.letter = letter->number;
		t.stripe = (uint8_t)i;
		t.cells = out - g->took[i];
		/* Nobody knows whose, where all that waited went at once. */
		if (!t.courier[0]) {
			dlb_courier_draw(t.courier, n);
			t.last_ms = n->clock.now_ms;
		}
		st = dlb_out_took(n->letterbox, &t, err);
		add_to(s, t.cells, t.last_ms,
			is_mine(g->out->stranger, g->courier, t.courier));
	}
	return st;
}

enum dlb_status
dlb_stripe_choose(int *stripe, struct dlb_node *n,
	const struct dlb_split *letter, const uint32_t *waits,
	const struct dlb_courier *to, bool vetted_known, struct dlb_error *err)
{
	struct dlb_stripes_out out = {.n = letter->stripes,
		.sealed_ms = letter->sealed_ms,
		.now_ms = n->clock.now_ms,
		.for_vetted = letter->threshold && vetted_known,
		.vetted = to->vetted,
		.stranger = !to->name[0]};
	struct given given = {.out = &out, .courier = to->name};
	enum dlb_status st;

	for (unsigned i = 0; i < out.n; i++)
		out.of[i].waits = waits[i];
	st = dlb_out_given(
		n->letterbox, letter->number, note_given, &given, err);
	if (st == DLB_OK)
		st = settle(&given, n, letter, err);
	*stripe = st == DLB_OK ? dlb_stripe_for(&out) : DLB_STRIPE_NONE;
	return st;
}

/* ---- writing ------------------------------------------------------------------------ */

struct search {
	const struct dlb_courier *to;
	uint8_t stripe;
	bool found;
};

static bool
find_mine(void *ctx, const struct dlb_out_taken *taken)
{
	struct search *s = ctx;

	s->found = taken->stripe == s->stripe
		&& is_mine(!s->to->name[0], s->to->name, taken->courier);
	return !s->found;
}

enum dlb_status
dlb_stripe_begin(struct dlb_node *n, int64_t letter, uint8_t stripe,
	const struct dlb_courier *to, struct dlb_error *err)
{
	struct search search = {.to = to, .stripe = stripe};
	struct dlb_out_taken t = {
		.letter = letter, .stripe = stripe, .last_ms = n->clock.now_ms};
	enum dlb_status st =
		dlb_out_given(n->letterbox, letter, find_mine, &search, err);

	if (st != DLB_OK || search.found)
		return st;
	if (to->name[0])
		snprintf(t.courier, sizeof(t.courier), "%s", to->name);
	else
		dlb_courier_draw(t.courier, n);
	return dlb_out_took(n->letterbox, &t, err);
}
