/*
 * What the engine is given: all that is shown here, the secrets by which others are
 * recognised, how much may come. And who it turns out to be, and the own new cells for
 * them.
 *
 * Who put a cell in decides whose cells give way to whose. It is kept as a label
 * only, computed with a key that is drawn anew each week.
 */
#include "exchange.h"
#include "roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SET_ORIGIN_KEY "peer.origin.key"
#define SET_ORIGIN_WEEK "peer.origin.week"

/* ---- secrets ------------------------------------------------------------------------ */

struct gathering {
	struct dlb_exchange *x;
	struct dlb_meeting_secret *secrets;
	size_t n, cap, boxes_n;
	struct dlb_vouched *vouched;
	size_t vouched_n;
	bool *paired; /* of vouched: a node that is paired, too */
	bool vetted_only;
};

static bool
add_secret(struct gathering *g, const uint8_t key[static DLB_KEY_LEN],
	const struct exchange_secret *secret)
{
	struct dlb_meeting_secret *s;

	if (g->n == g->cap)
		return false;
	s = &g->secrets[g->n];
	g->x->secrets[g->n] = *secret;
	memcpy(g->x->secrets[g->n].key, key, DLB_KEY_LEN);
	memcpy(s->key, key, sizeof(s->key));
	s->ref = (uint32_t)++g->n;
	g->x->secrets_n = g->n;
	s->box = secret->what == EXCHANGE_BOX_KEY;
	return true;
}

static void
name_it(struct exchange_secret *secret, const char *name)
{
	snprintf(secret->name, sizeof(secret->name), "%s", name);
}

static bool
add_node(void *ctx, const struct dlb_known_node *node)
{
	struct gathering *g = ctx;
	const struct dlb_vouched *v =
		dlb_vouched_find(g->vouched, g->vouched_n, node->secret);
	struct exchange_secret secret = {.what = EXCHANGE_NODE, .id = node->id};

	/* Who is revoked is vetted by nobody's hand. */
	secret.vetted =
		v ? !v->revoked && (v->vouched || node->vetted) : node->vetted;
	if (v)
		g->paired[v - g->vouched] = true;
	if (g->vetted_only && !secret.vetted)
		return true;
	name_it(&secret, node->name);
	return add_secret(g, node->secret, &secret);
}

/* Those that a roster speaks of, and that are not paired besides. */
static void
add_vouched(struct gathering *g)
{
	for (size_t i = 0; i < g->vouched_n; i++) {
		const struct dlb_vouched *v = &g->vouched[i];
		/* Numbers of paired nodes are above 0. */
		struct exchange_secret secret = {
			.what = EXCHANGE_NODE, .id = -v->id, .vetted = true};

		if (!v->vouched || v->revoked || g->paired[i])
			continue;
		name_it(&secret, v->name);
		if (!add_secret(g, v->secret, &secret))
			return;
		g->secrets[g->n - 1].last = true;
	}
}

/* Has one of those so far this key? */
static bool
has_key(const struct gathering *g, const uint8_t key[static DLB_KEY_LEN])
{
	for (size_t i = 0; i < g->n; i++)
		if (dlb_equal(g->secrets[i].key, key, DLB_KEY_LEN))
			return true;
	return false;
}

/* The ref of the cells with tags of this key: of the first secret that came with it,
 * which is the last there is where none came before. */
static uint32_t
ref_of_tag(struct gathering *g, const uint8_t tag[static DLB_KEY_LEN])
{
	struct dlb_exchange *x = g->x;

	for (size_t i = 0; i < x->tags_n; i++)
		if (dlb_equal(x->tags[i].key, tag, DLB_KEY_LEN))
			return x->tags[i].ref;
	memcpy(x->tags[x->tags_n].key, tag, DLB_KEY_LEN);
	x->tags[x->tags_n++].ref = (uint32_t)g->n;
	return (uint32_t)g->n;
}

/* Two secrets: one that all have who have its key, and one by which the box itself and
 * its visitors know each other. */
static bool
add_box_keys(struct gathering *g, struct exchange_secret *secret,
	const uint8_t tag[static DLB_KEY_LEN],
	const uint8_t meeting[static DLB_KEY_LEN], bool is_it)
{
	uint8_t key[DLB_KEY_LEN];
	uint32_t ref;
	bool more, again = has_key(g, meeting);

	secret->what = EXCHANGE_BOX_KEY;
	if (g->boxes_n == DLB_MEETING_BOXES_MAX
		|| !add_secret(g, meeting, secret))
		return false;
	g->boxes_n++;
	ref = ref_of_tag(g, tag);
	g->secrets[g->n - 1].ref = ref;
	g->secrets[g->n - 1].again = again;
	secret->what = is_it ? EXCHANGE_VISITOR : EXCHANGE_BOX;
	secret->tag = ref;
	dlb_box_place_key(key, meeting, g->x->caller == is_it);
	more = add_secret(g, key, secret);
	if (more) {
		g->secrets[g->n - 1].again = again;
		g->secrets[g->n - 1].only_box = secret->briefed ? ref : 0;
	}
	dlb_wipe(key, sizeof(key));
	return more;
}

static bool
add_box(void *ctx, const struct dlb_box *box)
{
	struct gathering *g = ctx;
	bool is_it = box->id == g->x->options.as_box;
	struct exchange_secret secret = {.dear = is_it};
	uint8_t tag[DLB_KEY_LEN], meeting[DLB_KEY_LEN];
	bool more;

	name_it(&secret, box->name);
	dlb_box_tag_key(tag, box->root);
	dlb_box_meeting_key(meeting, box->root);
	for (size_t i = 0; i < g->x->trips.n; i++)
		secret.dear |= dlb_equal(
			g->x->trips.boxes[i].box.tag_key, tag, sizeof(tag));
	more = add_box_keys(g, &secret, tag, meeting, is_it);
	dlb_wipe(tag, sizeof(tag));
	dlb_wipe(meeting, sizeof(meeting));
	return more;
}

static void
add_trips(struct gathering *g)
{
	const struct dlb_trips *t = &g->x->trips;
	bool more = true;

	for (size_t i = 0; more && i < t->n; i++) {
		const struct dlb_briefing_box *box = &t->boxes[i].box;
		struct exchange_secret secret = {.briefed = true, .dear = true};

		if (t->boxes[i].owned)
			continue;
		name_it(&secret, box->name);
		more = add_box_keys(
			g, &secret, box->tag_key, box->meeting_key, false);
	}
}

/* More than these are not looked at in one meeting. */
#define SECRETS_MAX (2 * DLB_KNOWN_NODES_MAX)

static enum dlb_status
gather(struct gathering *g, struct dlb_error *err)
{
	struct dlb_letterbox *l = g->x->n->letterbox;
	enum dlb_status st;

	g->vetted_only = g->x->options.policy == DLB_PEER_VETTED;
	st = dlb_vouched_list(l, &g->vouched, &g->vouched_n, err);
	if (st != DLB_OK)
		return st;
	g->cap = SECRETS_MAX + g->vouched_n;
	g->secrets = calloc(g->cap, sizeof(*g->secrets));
	g->x->tags = calloc(g->cap, sizeof(*g->x->tags));
	g->paired = calloc(g->vouched_n + 1, sizeof(*g->paired));
	g->x->secrets = calloc(g->cap, sizeof(*g->x->secrets));
	if (!g->secrets || !g->x->tags || !g->paired || !g->x->secrets)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	st = dlb_trips_load(&g->x->trips, g->x->n, err);
	if (st == DLB_OK)
		st = dlb_known_node_each(l, add_node, g, err);
	if (st == DLB_OK)
		st = dlb_box_each(l, add_box, g, err);
	if (st == DLB_OK)
		add_trips(g);
	if (st == DLB_OK)
		add_vouched(g);
	return st;
}

static void
gathering_free(struct gathering *g)
{
	if (g->secrets)
		dlb_wipe(g->secrets, g->cap * sizeof(*g->secrets));
	free(g->secrets);
	free(g->paired);
	dlb_vouched_free(g->vouched, g->vouched_n);
}

void
dlb_exchange_forget_keys(struct dlb_exchange *x)
{
	for (size_t i = 0; i < x->secrets_n; i++)
		dlb_wipe(x->secrets[i].key, sizeof(x->secrets[i].key));
}

void
dlb_exchange_forget_tags(struct dlb_exchange *x)
{
	if (x->tags)
		dlb_wipe(x->tags, x->tags_n * sizeof(*x->tags));
	free(x->tags);
	x->tags = NULL;
	x->tags_n = 0;
}

/* ---- cells --------------------------------------------------------------------------- */

static int
compare_names(const void *a, const void *b)
{
	const struct exchange_name *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

bool
dlb_exchange_entry(
	const struct dlb_exchange *x, uint32_t number, struct dlb_entry *out)
{
	struct exchange_name key = {.number = number};
	size_t shown = x->names_shown, own = x->names_n - shown;
	const struct exchange_name *name =
		bsearch(&key, x->names, shown, sizeof(key), compare_names);

	if (!name)
		name = bsearch(&key, x->names + shown, own, sizeof(key),
			compare_names);
	return name && dlb_satchel_entry(x->n->satchel, number, out)
		&& memcmp(out->name, name->name, sizeof(out->name)) == 0;
}

static void
write_cell(struct dlb_exchange *x, struct dlb_meeting_cell *c,
	const struct dlb_shown *shown)
{
	const struct dlb_entry *e = &shown->entry;
	struct exchange_name *name = &x->names[x->names_n++];

	memcpy(c->name, e->name, sizeof(c->name));
	c->number = e->number;
	c->expiry_week = e->expiry_week;
	c->copies = e->flags & DLB_LOOK ? 0 : e->copies;
	c->box = shown->box;
	name->number = e->number;
	memcpy(name->name, e->name, sizeof(name->name));
}

/* Room for own ones is left behind it. */
static enum dlb_status
list_cells(struct dlb_exchange *x, struct dlb_meeting_cell **cells,
	size_t *cells_n, struct dlb_error *err)
{
	struct dlb_satchel *home = x->n->satchel;
	struct dlb_shown *list = NULL;
	size_t n = 0;
	enum dlb_status st = dlb_node_list_shown(home, 0, &list, &n, err);

	*cells = NULL;
	if (st != DLB_OK)
		return st;
	dlb_node_match_tags(x->n, home, x->tags, x->tags_n, list, n);
	dlb_satchel_dear_none(home);
	for (size_t i = 0; st == DLB_OK && i < n; i++)
		if (list[i].box && x->secrets[list[i].box - 1].dear)
			st = dlb_satchel_dear(home, list[i].entry.number, err);
	if (st != DLB_OK)
		goto out;
	*cells = calloc(n + 1, sizeof(**cells));
	x->names = calloc(n + x->own_most + 1, sizeof(*x->names));
	if (!*cells || !x->names) {
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		goto out;
	}
	for (size_t i = 0; i < n; i++)
		write_cell(x, &(*cells)[i], &list[i]);
	/* What is shown is listed by number: to order a million again would take
	 * as long as all the rest. */
	*cells_n = x->names_shown = n;
out:
	free(list);
	return st;
}

/* ---- the beginning --------------------------------------------------------------------- */

enum dlb_status
dlb_exchange_begin(struct dlb_exchange *x, const uint8_t exporter[static 32],
	struct dlb_error *err)
{
	struct dlb_meeting_config config = {.caller = x->caller,
		.known_only = x->options.policy != DLB_PEER_ANYONE
			|| x->options.as_box,
		.window = EXCHANGE_WINDOW,
		.now_week = x->week,
		.budget = EXCHANGE_BUDGET,
		.limit_ms = x->options.limit_ms,
		.env = x->env};
	struct gathering g = {.x = x};
	struct dlb_meeting_cell *cells = NULL;
	enum dlb_status st = DLB_OK;
	bool own = dlb_own_allowed(x->n, x->options.by_itself);
	uint8_t(*tokens)[DLB_TOKEN_LEN] =
		calloc(DLB_RECALL_SHOWN_MAX, sizeof(*tokens));

	memcpy(config.exporter, exporter, sizeof(config.exporter));
	if (!tokens)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	/* Before what is shown is listed: what goes is not in it any more. */
	if (st == DLB_OK)
		st = dlb_recall_show(x->n, own, tokens, &config.tokens_n, err);
	config.tokens = tokens ? tokens[0] : NULL;
	if (st == DLB_OK && own)
		st = dlb_own_collect(
			&x->own, x->n, x->options.release_now, x->week, err);
	x->own_most = dlb_own_most(&x->own);
	if (st == DLB_OK)
		st = gather(&g, err);
	if (st == DLB_OK)
		st = list_cells(x, &cells, &config.cells_n, err);
	if (st == DLB_OK) {
		config.cells = cells;
		config.more_n = x->own_most;
		config.secrets = g.secrets;
		config.secrets_n = g.n;
		config.room = (uint32_t)dlb_meet_room(x->n->satchel, x->week);
		/* What the other has that is new may be for here. */
		if (config.room < DLB_MEETING_OWN_CELLS)
			config.room = DLB_MEETING_OWN_CELLS;
		st = dlb_meeting_new(&x->engine, &config, err);
	}
	gathering_free(&g);
	free(tokens);
	dlb_wipe(&config, sizeof(config));
	free(cells);
	return st;
}

/* ---- who it is --------------------------------------------------------------------------- */

/* The label of a node this week; 0 is strangers'. */
static enum dlb_status
label_of(struct dlb_exchange *x, int64_t id, uint32_t *label,
	struct dlb_error *err)
{
	struct dlb_letterbox *l = x->n->letterbox;
	int64_t week = -1, now = dlb_week_of(x->n->clock.now_ms);
	uint8_t key[DLB_KEY_LEN], out[16], bytes[8];
	struct dlb_writer w;
	struct dlb_reader r;
	enum dlb_status st = DLB_OK;

	if (dlb_setting_get_int(l, SET_ORIGIN_WEEK, &week) != DLB_OK
		|| week != now
		|| dlb_setting_get_blob(l, SET_ORIGIN_KEY, key, sizeof(key))
			!= DLB_OK) {
		dlb_random(x->env, key, sizeof(key));
		st = dlb_setting_set_blob(
			l, SET_ORIGIN_KEY, key, sizeof(key), err);
		if (st == DLB_OK)
			st = dlb_setting_set_int(l, SET_ORIGIN_WEEK, now, err);
		if (st == DLB_OK)
			st = dlb_letterbox_commit(l, err);
	}
	dlb_writer_init(&w, bytes, sizeof(bytes));
	dlb_write_u64(&w, (uint64_t)id);
	dlb_derive(out, sizeof(out), key, sizeof(key), "dlb origin", bytes,
		sizeof(bytes));
	dlb_reader_init(&r, out, sizeof(out));
	*label = dlb_read_u32(&r) | 1;
	dlb_wipe(key, sizeof(key));
	return st;
}

/* The own cells for whoever it is. */
static enum dlb_status
choose_own(struct dlb_exchange *x, struct dlb_error *err)
{
	struct dlb_meeting_cell *cells = NULL;
	struct dlb_shown *own = NULL;
	size_t n = 0;
	enum dlb_status st = DLB_OK;

	if (x->own_stale && x->own.list) {
		dlb_own_free(&x->own);
		st = dlb_own_collect(
			&x->own, x->n, x->options.release_now, x->week, err);
	}
	if (st == DLB_OK)
		st = dlb_own_choose(&x->own, &x->courier, err);
	x->result.own_waiting = x->own.waiting;
	if (x->own.n > x->own_most)
		x->own.n = x->own_most;
	own = calloc(x->own.n + 1, sizeof(*own));
	cells = calloc(x->own.n + 1, sizeof(*cells));
	if (st == DLB_OK && (!own || !cells))
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; st == DLB_OK && i < x->own.n; i++)
		/* Cover that is shown already is among the others. */
		if (dlb_satchel_entry(
			    x->n->satchel, x->own.numbers[i], &own[n].entry)
			&& !(own[n].entry.flags & DLB_SHOWN))
			n++;
	if (st == DLB_OK)
		dlb_node_match_tags(
			x->n, x->n->satchel, x->tags, x->tags_n, own, n);
	for (size_t i = 0; st == DLB_OK && i < n; i++) {
		write_cell(x, &cells[i], &own[i]);
		cells[i].flags = DLB_MEETING_OWN;
		cells[i].copies = dlb_copies_start(x->env);
	}
	if (st == DLB_OK)
		dlb_meeting_add(x->engine, cells, n);
	if (x->names)
		qsort(x->names + x->names_shown, x->names_n - x->names_shown,
			sizeof(*x->names), compare_names);
	x->courier.tag_key = NULL;
	dlb_exchange_forget_tags(x);
	dlb_exchange_forget_keys(x);
	free(own);
	free(cells);
	return st;
}

static const uint8_t *
tag_key(const struct dlb_exchange *x, uint32_t ref)
{
	for (size_t i = 0; i < x->tags_n; i++)
		if (x->tags[i].ref == ref)
			return x->tags[i].key;
	return NULL;
}

enum dlb_status
dlb_exchange_recognise(struct dlb_exchange *x,
	const struct dlb_meeting_match *matches, size_t n,
	struct dlb_error *err)
{
	char *names = x->result.names;
	size_t len = 0, cap = sizeof(x->result.names);
	const uint8_t *tags = NULL;
	enum dlb_status st;

	x->result.stranger = true;
	for (size_t i = 0; i < n; i++) {
		const struct exchange_secret *s;

		if (matches[i].ref == 0 || matches[i].ref > x->secrets_n)
			continue;
		s = &x->secrets[matches[i].ref - 1];
		if (s->what == EXCHANGE_BOX) {
			memcpy(x->result.box, s->name, sizeof(x->result.box));
			x->result.briefed |= s->briefed;
			tags = tag_key(x, s->tag);
		}
		if (len < cap
			&& (s->what == EXCHANGE_NODE
				|| s->what == EXCHANGE_BOX_KEY))
			len += (size_t)snprintf(names + len, cap - len,
				"%s%s%s", len ? ", " : "",
				s->what == EXCHANGE_NODE ? "" : "box ",
				s->name);
		if (s->what != EXCHANGE_NODE || x->known)
			continue;
		x->known = s->id;
		x->vetted = s->vetted;
		x->result.stranger = false;
		x->courier.vetted = s->vetted;
		dlb_courier_node(x->courier.name, s->key);
	}
	if (!x->known && x->result.box[0])
		x->courier = dlb_meet_courier(x->result.box);
	x->courier.tag_key = tags;
	st = choose_own(x, err);
	return st == DLB_OK && x->known
		? label_of(x, x->known, &x->in.origin, err)
		: st;
}
