/* People, letters and a dishonest sender for the tests of `cell`. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

static void
need(bool ok)
{
	if (!ok)
		abort();
}

void
cell_person_init(
	struct cell_person *p, uint32_t opening_id, const struct dlb_env *env)
{
	uint8_t sign_secret[64];

	memset(p, 0, sizeof(*p));
	dlb_random(env, p->secret.sign_seed, sizeof(p->secret.sign_seed));
	dlb_ed25519_keypair(p->identity.sign, sign_secret, p->secret.sign_seed);
	dlb_random(env, p->secret.agree, sizeof(p->secret.agree));
	dlb_x25519_public(p->identity.agree, p->secret.agree);
	dlb_scalar_random(p->finding_secret, env);
	dlb_point_base(p->finding, p->finding_secret);
	dlb_random(env, p->opening_seed, sizeof(p->opening_seed));
	dlb_xwing_public(p->opening, p->opening_seed);
	dlb_xwing_expand(p->expanded, p->opening_seed);
	p->opening_id = opening_id;
}

static const uint8_t *
opening(void *ctx, uint32_t opening_id)
{
	struct cell_person *p = ctx;

	p->openings++;
	return opening_id == p->opening_id ? p->expanded : NULL;
}

struct dlb_opener
cell_opener(struct cell_person *p)
{
	return (struct dlb_opener){
		.ctx = p,
		.reader = p->identity,
		.agree_secret = p->secret.agree,
		.opening = opening,
	};
}

struct dlb_seal_to
cell_to(const struct cell_person *reader)
{
	struct dlb_seal_to to = {
		.identity = reader->identity,
		.opening_id = reader->opening_id,
	};

	memcpy(to.finding, reader->finding, sizeof(to.finding));
	memcpy(to.opening, reader->opening, sizeof(to.opening));
	return to;
}

struct dlb_seal_from
cell_from(const struct cell_person *sender, const struct cell_person *reader,
	const uint8_t *card, size_t card_len)
{
	struct dlb_seal_from from = {
		.identity = sender->identity,
		.card = card,
		.card_len = card_len,
	};

	need(dlb_x25519(
		     from.shared, sender->secret.agree, reader->identity.agree)
		== DLB_OK);
	return from;
}

struct dlb_stripe
cell_stripe(uint64_t content_len, size_t card_len, const struct dlb_env *env)
{
	struct dlb_stripe s = {
		.mode = DLB_STRIPE_WHOLE,
		.k = 1,
		.n = 1,
		.content_len = content_len,
		.stripe_len = content_len,
		.expiry_week = FIXTURE_EXPIRY,
	};

	dlb_random(env, s.letter_id, sizeof(s.letter_id));
	dlb_random(env, s.sealing_id, sizeof(s.sealing_id));
	dlb_random(env, s.stripe_key, sizeof(s.stripe_key));
	dlb_random(env, s.letter_key, sizeof(s.letter_key));
	dlb_random(env, s.recall_key, sizeof(s.recall_key));
	need(dlb_stripe_layout(&s, card_len) == DLB_OK);
	return s;
}

void
cell_content(uint8_t *out, uint64_t offset, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(131 * (offset + i) + ((offset + i) >> 8));
}

void
cell_head_random(struct dlb_head_random *out, const struct dlb_env *env)
{
	dlb_scalar_random(out->r, env);
	dlb_random(env, out->eseed, sizeof(out->eseed));
	dlb_random(env, out->box_tag, sizeof(out->box_tag));
}

struct cell_world *
cell_world_new(uint64_t seed)
{
	struct cell_world *w = calloc(1, sizeof(*w));

	need(w != NULL && dlb_base_init() == DLB_OK);
	w->opened = calloc(1, sizeof(*w->opened));
	need(w->opened != NULL && dlb_aead_new(&w->aead) == DLB_OK);
	dlb_env_seeded_init(&w->seeded, seed, FIXTURE_NOW_MS);
	w->env = &w->seeded.env;
	cell_person_init(&w->reader, 24, w->env);
	cell_person_init(&w->sender, 24, w->env);
	cell_person_init(&w->other, 24, w->env);
	return w;
}

void
cell_world_free(struct cell_world *w)
{
	dlb_aead_free(w->aead);
	free(w->opened);
	free(w);
}

struct dlb_stripe
cell_world_head(struct cell_world *w, uint64_t content_len, const uint8_t *card,
	size_t card_len)
{
	struct dlb_seal_to to = cell_to(&w->reader);
	struct dlb_seal_from from =
		cell_from(&w->sender, &w->reader, card, card_len);
	struct dlb_stripe s = cell_stripe(content_len, card_len, w->env);

	cell_content(w->content, 0, s.inline_len);
	need(dlb_head_seal(
		     w->cell, w->aead, &to, &from, &s, w->content, w->env, NULL)
		== DLB_OK);
	return s;
}

enum dlb_status
cell_world_open(
	struct cell_world *w, struct cell_person *who, const uint8_t *cell)
{
	struct dlb_opener opener = cell_opener(who);
	uint8_t shared[DLB_POINT_LEN];
	enum dlb_status status;

	status = dlb_find(shared, cell, who->finding_secret, &who->identity);
	if (status != DLB_OK)
		return status;
	return dlb_head_open(w->opened, w->aead, cell, shared, &opener, NULL);
}

void
cell_forge_fill(struct cell_forge *f, const struct dlb_seal_to *to,
	const struct dlb_seal_from *from, const struct dlb_stripe *stripe,
	const uint8_t *content)
{
	struct dlb_writer w;

	memset(f, 0, sizeof(*f));
	dlb_writer_init(&w, f->box1, sizeof(f->box1));
	dlb_write_u32(&w, to->opening_id);
	dlb_write_u16(&w, (uint16_t)DLB_BOX2_LEN(from->card_len));
	f->box2_len = DLB_BOX2_FIXED_LEN + from->card_len;
	memcpy(f->box2, &from->identity, DLB_BOX2_FIXED_LEN);
	if (from->card_len)
		memcpy(f->box2 + DLB_BOX2_FIXED_LEN, from->card,
			from->card_len);
	f->box3_len = DLB_BODY_LEN - DLB_BOX1_LEN - f->box2_len
		- 2 * DLB_BOX_OVERHEAD;
	dlb_stripe_encode(f->box3, stripe);
	if (stripe->inline_len)
		memcpy(f->box3 + DLB_FIELDS_LEN, content, stripe->inline_len);
}

void
cell_forge_seal(uint8_t cell[static DLB_CELL_LEN], const struct cell_forge *f,
	struct dlb_aead *aead, const struct dlb_seal_to *to,
	const struct dlb_seal_from *from, const struct dlb_stripe *stripe,
	const struct dlb_head_random *random)
{
	uint8_t shared[DLB_POINT_LEN], ss[32];
	uint8_t *box1 = cell + DLB_AT_BODY, *box2 = cell + DLB_AT_BOX2, *box3;
	struct dlb_schedule s;

	memset(cell, 0, DLB_CELL_LEN);
	dlb_stripe_waybill(cell, stripe, 0);
	dlb_point_base(cell + DLB_AT_HANDLE, random->r);
	need(dlb_point_mul(shared, random->r, to->finding) == DLB_OK);
	dlb_schedule_box1(&s, cell, &to->identity, shared);
	memcpy(box1 + DLB_COMMIT_LEN, f->box1, 16);
	need(dlb_xwing_encaps(
		     box1 + DLB_COMMIT_LEN + 16, ss, to->opening, random->eseed)
		== DLB_OK);
	if (f->small_order) {
		memset(box1 + DLB_COMMIT_LEN + DLB_BOX1_PLAIN_LEN - 32, 0, 32);
		dlb_xwing_decaps(
			ss, box1 + DLB_COMMIT_LEN + 16, f->small_order);
	}
	dlb_box_seal(box1, DLB_BOX1_PLAIN_LEN, aead, &s);

	dlb_schedule_box2(&s, box1, ss);
	memcpy(box2 + DLB_COMMIT_LEN, f->box2, f->box2_len);
	dlb_box_seal(box2, f->box2_len, aead, &s);
	box2[0] ^= f->commitment2;

	box3 = box2 + DLB_BOX_OVERHEAD + f->box2_len;
	dlb_schedule_box3(&s, box2, DLB_BOX_OVERHEAD + f->box2_len,
		&from->identity, from->shared);
	need(box3 + DLB_BOX_OVERHEAD + f->box3_len <= cell + DLB_CELL_LEN);
	memcpy(box3 + DLB_COMMIT_LEN, f->box3, f->box3_len);
	dlb_box_seal(box3, f->box3_len, aead, &s);
	dlb_cell_tag(cell, stripe->tag_key, random->box_tag);
}
