/*
 * heads: opens the head cells that trials found; each that is new becomes a letter
 * of the inbox. Written down before the other cells come, so that a crash after it
 * costs at most a second look.
 */
#include "following.h"

#include <stdlib.h>
#include <string.h>

/* Who sent it, as far as they are known; and the card that rode along: a
 * correspondent's may be better than the one that is held; of a stranger's, what
 * opens it again is kept with the letter, and it is looked at when the owner wants
 * to know them (stranger.c). */
static void
note_sender(struct dlb_node *n, const struct dlb_opened *o,
	struct dlb_in_letter *letter)
{
	struct dlb_correspondent who;

	if (dlb_correspondent_by_identity(n->letterbox, &who, &o->sender)
		!= DLB_OK) {
		letter->has_card = o->card_len > 0;
		letter->card_key = o->card_key;
		return;
	}
	letter->from = who.id;
	if (!who.heard
		&& dlb_correspondent_mark(
			   n->letterbox, who.id, true, false, NULL)
			!= DLB_OK) {
		/* Only means that our card rides along once more. */
	}
	if (o->card_len > 0
		&& dlb_correspondent_renew(
			   n->letterbox, &who, o->card, o->card_len, NULL)
			!= DLB_OK) {
		/* The one that is held goes on to serve. */
	}
}

struct opened_head {
	enum dlb_status st;
	struct dlb_opened opened;
	uint8_t name[DLB_NAME_LEN];
	uint8_t handle[DLB_HANDLE_LEN];
	uint16_t expiry_week;
};

/* Heads that are opened while those before them are admitted. */
#define AT_ONCE 64

struct opening {
	struct dlb_node *n;
	const struct dlb_following *following;
	struct dlb_satchel *where;
	struct dlb_hit *hits;
	size_t count;
	struct opened_head *heads; /* as many at most */
	/* One a worker. */
	struct dlb_opener *openers;
	struct dlb_pool_task task;
};

static void
open_bulletin(struct opening *o, struct opened_head *head,
	const struct dlb_hit *hit, const uint8_t *cell, unsigned worker)
{
	uint8_t expanded[DLB_XWING_EXPANDED_LEN];
	struct dlb_opener opener;

	dlb_following_opener(o->following, &opener, hit, expanded);
	head->st = dlb_head_open(&head->opened, o->n->aead[worker], cell,
		hit->shared, &opener, NULL);
	dlb_wipe(expanded, sizeof(expanded));
}

static void
open_one(void *ctx, size_t i, unsigned worker)
{
	struct opening *o = ctx;
	struct opened_head *head = &o->heads[i];
	struct dlb_node *n = o->n;
	uint8_t *cell = dlb_node_scratch(n, worker), core[DLB_HASH_LEN];
	struct dlb_waybill waybill;

	head->st = dlb_satchel_get(o->where, o->hits[i].number, cell, core,
		head->name, n->aead[worker], true, NULL);
	if (head->st == DLB_OK)
		head->st = dlb_cell_check(&waybill, cell, NULL);
	if (head->st != DLB_OK)
		return;
	head->expiry_week = waybill.expiry_week;
	memcpy(head->handle, cell + DLB_WAYBILL_LEN, sizeof(head->handle));
	if (o->hits[i].author)
		open_bulletin(o, head, &o->hits[i], cell, worker);
	else
		head->st = dlb_head_open(&head->opened, n->aead[worker], cell,
			o->hits[i].shared, &o->openers[worker], NULL);
}

/* An opened head becomes a letter, unless it is known already; *refused where there
 * is no room for it. */
static enum dlb_status
admit(struct dlb_node *n, struct dlb_wanted *w, const struct opened_head *head,
	uint64_t *letters_new, bool *refused, struct dlb_error *err)
{
	struct dlb_in_letter *letter = calloc(1, sizeof(*letter));
	const struct dlb_opened *o = &head->opened;
	enum dlb_status st;

	if (!letter)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	letter->sender = o->sender;
	memcpy(letter->head_name, head->name, sizeof(letter->head_name));
	letter->stripe = o->stripe;
	letter->stripe.expiry_week = head->expiry_week;
	letter->stripe.tag_key = NULL;
	letter->arrived_ms = n->clock.now_ms;
	letter->state = DLB_IN_PARTLY;
	letter->have = 0;
	memcpy(letter->box3_key, o->box3_key, sizeof(letter->box3_key));
	letter->box3_offset = o->box3_offset;
	memcpy(letter->transcript, o->transcript, sizeof(letter->transcript));
	letter->opening_id = o->opening_id;
	note_sender(n, o, letter);
	/* Another stripe of what is known wants room of its own. */
	if (letter->from == 0 && dlb_wanted_strangers_full(w, o->stripe.cells)
		&& (o->stripe.n > 1 || !dlb_in_seen(n->letterbox, letter))) {
		*refused = true;
		st = DLB_OK;
		goto out;
	}
	/* One stripe of many is not the start of the content. */
	if (o->stripe.n == 1)
		dlb_describe_head(letter, o->content, o->stripe.inline_len);
	st = dlb_in_add(n->letterbox, letter, err);
	if (st == DLB_DUPLICATE) {
		dlb_wanted_head(w, head->name, head->handle);
		st = dlb_receipt_again(n->letterbox, letter, err);
		goto out;
	}
	if (st == DLB_OK)
		st = dlb_wanted_letter(w, letter, head->handle, err);
	if (st == DLB_OK && dlb_in_is_seen(letter))
		++*letters_new;
out:
	dlb_wipe(letter, sizeof(*letter));
	free(letter);
	return st;
}

/* Bulletins are not counted among the letters: they have a list of their own. */
static enum dlb_status
admit_bulletin(struct dlb_node *n, struct dlb_wanted *w,
	const struct opened_head *head, const struct dlb_hit *hit,
	struct dlb_error *err)
{
	return dlb_bulletin_admit(n, w, &head->opened, hit, head->name,
		head->handle, head->expiry_week, err);
}

struct admitting {
	struct dlb_wanted *w;
	struct dlb_hit *hits;
	size_t hits_n, next; /* to be opened */
	uint64_t *letters_new, *letters_refused;
};

static void
begin(struct admitting *a, struct opening *o)
{
	size_t left = a->hits_n - a->next;

	o->hits = a->hits + a->next;
	o->count = left < AT_ONCE ? left : AT_ONCE;
	a->next += o->count;
	dlb_pool_begin(&o->task, o->count, open_one, o);
}

static enum dlb_status
admit_some(struct admitting *a, struct opening *o, struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	for (size_t i = 0; st == DLB_OK && i < o->count; i++) {
		if (o->heads[i].st != DLB_OK)
			continue;
		if (o->hits[i].author) {
			st = admit_bulletin(
				o->n, a->w, &o->heads[i], &o->hits[i], err);
			continue;
		}
		st = admit(o->n, a->w, &o->heads[i], a->letters_new,
			&o->hits[i].refused, err);
		*a->letters_refused += o->hits[i].refused;
	}
	return st;
}

static enum dlb_status
admit_all(struct admitting *a, struct opening *both, struct dlb_error *err)
{
	struct opening *o = &both[0], *ahead = &both[1], *t;
	enum dlb_status st = DLB_OK;

	begin(a, o);
	while (st == DLB_OK && o->count > 0) {
		dlb_pool_end(&o->task);
		begin(a, ahead);
		st = admit_some(a, o, err);
		t = o;
		o = ahead;
		ahead = t;
	}
	dlb_pool_end(&o->task);
	return st;
}

/* One opener for each worker, with what each of them remembers. */
static enum dlb_status
openers_new(struct dlb_opener **openers, struct dlb_agreement **agreements,
	struct dlb_node *n, struct dlb_error *err)
{
	*openers = calloc(n->aead_n, sizeof(**openers));
	*agreements = calloc(n->aead_n, sizeof(**agreements));
	if (!*openers || !*agreements)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (unsigned i = 0; i < n->aead_n; i++) {
		dlb_letterbox_opener(n->letterbox, &(*openers)[i]);
		(*openers)[i].agreement = &(*agreements)[i];
	}
	return DLB_OK;
}

enum dlb_status
dlb_wanted_add_hits(struct dlb_wanted *w, struct dlb_satchel *where,
	struct dlb_hit *hits, size_t hits_n, uint64_t *letters_new,
	uint64_t *letters_refused, struct dlb_error *err)
{
	struct dlb_node *n = dlb_wanted_node(w);
	struct admitting a = {.w = w,
		.hits = hits,
		.hits_n = hits_n,
		.letters_new = letters_new,
		.letters_refused = letters_refused};
	size_t most = hits_n < 2 * AT_ONCE ? hits_n : 2 * AT_ONCE;
	struct opening both[2] = {
		{.n = n, .where = where}, {.n = n, .where = where}};
	struct dlb_opener *openers = NULL;
	struct dlb_agreement *agreements = NULL;
	struct opened_head *heads;
	enum dlb_status st;

	if (hits_n == 0)
		return DLB_OK;
	heads = calloc(most, sizeof(*heads));
	st = heads ? openers_new(&openers, &agreements, n, err)
		   : dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (st != DLB_OK)
		goto out;
	both[0].following = both[1].following = dlb_wanted_following(w);
	both[0].openers = both[1].openers = openers;
	both[0].heads = heads;
	both[1].heads = heads + (most < AT_ONCE ? 0 : AT_ONCE);
	st = admit_all(&a, both, err);
	if (st == DLB_OK)
		st = dlb_wanted_join(w, err);
	if (st == DLB_OK)
		st = dlb_wanted_index(w, err);
out:
	if (heads)
		dlb_wipe(heads, most * sizeof(*heads));
	if (agreements)
		dlb_wipe(agreements, n->aead_n * sizeof(*agreements));
	free(heads);
	free(openers);
	free(agreements);
	return st;
}
