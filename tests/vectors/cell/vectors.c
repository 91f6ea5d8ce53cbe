/* People, letters, their cells and cover, from a seed. */
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED UINT64_C(0x646c622063656c6c) /* "dlb cell" */

const char *const vectors_people[VECTORS_PEOPLE] = {
	"reader", "sender", "stranger"};

void
vectors_need(bool ok)
{
	if (!ok)
		abort();
}

int
vectors_add_file(struct vectors *v, const char *name)
{
	vectors_need(v->n_files < VECTORS_FILES_MAX);
	snprintf(v->files[v->n_files].name, sizeof(v->files[0].name), "%s.cell",
		name);
	return v->n_files++;
}

/* ---- letters ------------------------------------------------------------------- */

static void
seal_head(struct vectors *v, struct vector_letter *l)
{
	struct dlb_stripe s = l->stripe;

	l->head_file = vectors_add_file(v, l->name);
	s.tag_key = l->boxed ? l->tag_key : NULL;
	cell_content(v->content, 0, s.inline_len);
	vectors_need(dlb_head_seal_with(v->files[l->head_file].cell, v->aead,
			     &l->to, &l->from, &s, v->content, &l->random, NULL)
		== DLB_OK);
}

/* raw: whether the cell is stored. */
static void
seal_bulk(struct vectors *v, struct vector_letter *l, uint32_t i, bool raw)
{
	struct dlb_stripe s = l->stripe;
	uint8_t *cell = malloc(DLB_CELL_LEN);
	uint64_t offset;
	size_t len;
	char name[32];

	vectors_need(cell && i < VECTORS_BULK_MAX);
	memcpy(s.letter_key, l->bulk_letter_key, DLB_KEY_LEN);
	s.tag_key = l->boxed ? l->tag_key : NULL;
	dlb_stripe_range(&s, i, &offset, &len);
	cell_content(v->content, offset, len);
	dlb_bulk_seal(cell, v->aead, &s, i, v->content, len, v->env);
	memcpy(l->bulk[i].box_tag, cell + DLB_AT_BOX_TAG, DLB_BOX_TAG_LEN);
	memcpy(l->bulk[i].token_hash, cell + DLB_AT_TOKEN_HASH, DLB_HASH_LEN);
	memcpy(l->bulk[i].handle, cell + DLB_AT_HANDLE, DLB_HANDLE_LEN);
	dlb_sha256(l->bulk[i].sha256, cell, DLB_CELL_LEN);
	l->bulk[i].file = VECTORS_NONE;
	if (raw) {
		snprintf(name, sizeof(name), "%s-%u", l->name, i);
		l->bulk[i].file = vectors_add_file(v, name);
		memcpy(v->files[l->bulk[i].file].cell, cell, DLB_CELL_LEN);
	}
	free(cell);
}

/* What the letters differ in. raw: bits of the bulk cells that are stored. */
static const struct {
	const char *name;
	enum vector_who reader, sender;
	size_t card_len;
	bool boxed;
	uint8_t mode, k, n, number;
	uint64_t content_len;
	unsigned raw;
} kinds[VECTORS_LETTERS] = {
	[LETTER_SHORT] = {"short", READER, SENDER, 0, false, 0, 1, 1, 0, 28, 0},
	/* Cell 8 has 1,000 bytes of content, cell 9 is padding. */
	[LETTER_LONG] = {"long", READER, SENDER, 3000, true, 0, 1, 1, 0,
		60840 + 7 * 65424 + 1000, 1 << 1 | 1 << 8 | 1 << 9},
	[LETTER_STRIPE] = {"stripe", SENDER, READER, 0, false, 0, 2, 3, 1,
		200001, 0},
	[LETTER_SHARE] = {"share", READER, STRANGER, 100, false, 1, 2, 3, 2,
		140000, 0},
};

static void
make_letter(struct vectors *v, int which)
{
	struct vector_letter *l = &v->letters[which];
	struct dlb_stripe *s = &l->stripe;

	l->name = kinds[which].name;
	l->reader = kinds[which].reader;
	l->sender = kinds[which].sender;
	l->card_len = kinds[which].card_len;
	l->boxed = kinds[which].boxed;
	dlb_random(v->env, l->tag_key, sizeof(l->tag_key));
	*s = cell_stripe(0, l->card_len, v->env);
	s->mode = kinds[which].mode;
	s->k = kinds[which].k;
	s->n = kinds[which].n;
	s->number = kinds[which].number;
	s->content_len = kinds[which].content_len;
	s->stripe_len = (s->content_len + s->k - 1) / s->k;
	memcpy(l->bulk_letter_key, s->letter_key, DLB_KEY_LEN);
	if (s->mode == DLB_STRIPE_THRESHOLD) {
		dlb_random(v->env, s->commitment, sizeof(s->commitment));
		dlb_random(v->env, s->letter_key, sizeof(s->letter_key));
	}
	vectors_need(dlb_stripe_layout(s, l->card_len) == DLB_OK);
	l->to = cell_to(&v->people[l->reader]);
	l->from = cell_from(&v->people[l->sender], &v->people[l->reader],
		v->card, l->card_len);
	cell_head_random(&l->random, v->env);
	seal_head(v, l);
	for (uint32_t i = 1; i < s->cells; i++)
		seal_bulk(v, l, i, kinds[which].raw >> i & 1);
}

/* ---- cover ----------------------------------------------------------------------- */

static void
make_cover(struct vectors *v)
{
	static const uint8_t zeros[DLB_CELL_LEN];
	struct dlb_seal_to to;
	struct dlb_seal_from from;
	struct dlb_stripe s;
	int head = vectors_add_file(v, "cover"),
	    bulk = vectors_add_file(v, "cover-1");

	vectors_need(dlb_cover_init(&to, &from, &s, 2, FIXTURE_EXPIRY, v->env)
		== DLB_OK);
	vectors_need(dlb_head_seal(v->files[head].cell, v->aead, &to, &from, &s,
			     zeros, v->env, NULL)
		== DLB_OK);
	dlb_bulk_seal(v->files[bulk].cell, v->aead, &s, 1, zeros,
		DLB_BULK_CONTENT_LEN, v->env);
	v->files[head].cover = v->files[bulk].cover = true;
}

struct vectors *
vectors_new(void)
{
	/* The second has a last-resort key. */
	static const uint32_t opening_ids[VECTORS_PEOPLE] = {
		24, DLB_OPENING_LAST_RESORT | 7, 25};
	struct vectors *v = calloc(1, sizeof(*v));

	vectors_need(v && dlb_base_init() == DLB_OK
		&& dlb_aead_new(&v->aead) == DLB_OK);
	dlb_env_seeded_init(&v->seeded, SEED, FIXTURE_NOW_MS);
	v->env = &v->seeded.env;
	for (int i = 0; i < VECTORS_PEOPLE; i++)
		cell_person_init(&v->people[i], opening_ids[i], v->env);
	cell_content(v->card, 0, sizeof(v->card));
	for (int i = 0; i < VECTORS_LETTERS; i++)
		make_letter(v, i);
	make_cover(v);
	vectors_make_bad(v);
	vectors_write_json(v);
	return v;
}

void
vectors_free(struct vectors *v)
{
	dlb_aead_free(v->aead);
	dlb_buf_free(&v->json);
	free(v);
}
