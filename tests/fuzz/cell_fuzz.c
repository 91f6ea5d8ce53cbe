/*
 * Fuzz target for `cell`: everything that reads a cell. Links `cell` alone.
 *
 * The first byte chooses what is attacked, the rest are changes to an honest cell:
 * (u16 offset, u8 length, bytes) again and again. To get behind the cryptography,
 * changes may be to the plaintexts of the boxes, which are then sealed anew, as a
 * hostile sender would.
 *
 * Beyond memory errors: what opens is canonical (sealed again it is the same
 * cell), and what fails leaves zeros.
 */
#include "../unit/cell/fixture.c"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CARD_LEN 200

static struct cell_world *w;
static struct cell_forge forge;
static struct {
	struct dlb_seal_to to;
	struct dlb_seal_from from;
	struct dlb_stripe stripe;
	struct dlb_head_random random;
	uint8_t card[CARD_LEN];
	uint8_t head[DLB_CELL_LEN];
	uint8_t bulk[DLB_CELL_LEN];
	uint8_t box3_key[DLB_KEY_LEN];
	uint8_t transcript[DLB_HASH_LEN];
} good;

#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);          \
			abort();                                               \
		}                                                              \
	} while (0)

static void
prepare(void)
{
	w = cell_world_new(99);
	cell_content(good.card, 0, CARD_LEN);
	good.to = cell_to(&w->reader);
	good.from = cell_from(&w->sender, &w->reader, good.card, CARD_LEN);
	/* Bulk cell 1 is full, 2 has 5,000 bytes. */
	good.stripe = cell_stripe(
		DLB_INLINE_CAP - CARD_LEN + DLB_BULK_CONTENT_LEN + 5000,
		CARD_LEN, w->env);
	cell_head_random(&good.random, w->env);
	cell_content(w->content, 0, good.stripe.inline_len);
	REQUIRE(dlb_head_seal_with(good.head, w->aead, &good.to, &good.from,
			&good.stripe, w->content, &good.random, NULL)
		== DLB_OK);
	dlb_bulk_seal(
		good.bulk, w->aead, &good.stripe, 2, w->content, 5000, w->env);
	REQUIRE(cell_world_open(w, &w->reader, good.head) == DLB_OK);
	memcpy(good.box3_key, w->opened->box3_key, DLB_KEY_LEN);
	memcpy(good.transcript, w->opened->transcript, DLB_HASH_LEN);
}

/* Applies the changes to what fits. */
static void
change(uint8_t *p, size_t len, struct dlb_reader *r)
{
	while (dlb_reader_left(r) > 3) {
		size_t at = dlb_read_u16(r), n = dlb_read_u8(r);
		const uint8_t *bytes;

		if (n > dlb_reader_left(r))
			n = dlb_reader_left(r);
		bytes = dlb_read_view(r, n);
		if (n && at < len)
			memcpy(p + at, bytes, n < len - at ? n : len - at);
	}
}

/* What an opened head claims must hold, and be the only way to say it. */
static void
check_opened(const uint8_t *cell)
{
	const struct dlb_opened *o = w->opened;
	const uint8_t *end = o->plain + sizeof(o->plain);
	struct dlb_seal_from from = {.identity = o->sender,
		.card = o->card,
		.card_len = o->card_len};
	struct dlb_stripe s = o->stripe;
	uint64_t offset;
	size_t len;

	REQUIRE(dlb_stripe_check(&s, o->card_len) == DLB_OK);
	REQUIRE(!o->card
		|| (o->card >= o->plain
			&& o->card_len <= (size_t)(end - o->card)));
	REQUIRE(!o->content
		|| (o->content >= o->plain
			&& s.inline_len <= (size_t)(end - o->content)));
	REQUIRE((o->content == NULL) == (s.inline_len == 0));
	dlb_stripe_range(&s, s.cells - 1, &offset, &len);
	REQUIRE(offset <= s.stripe_len && len <= s.stripe_len - offset);

	/* The recall key is not in the cell: take its token hash over. */
	memcpy(s.recall_key, good.stripe.recall_key, DLB_KEY_LEN);
	REQUIRE(dlb_x25519(from.shared, w->reader.secret.agree,
			from.identity.agree)
		== DLB_OK);
	s.number = good.stripe.number;
	if (s.number != o->stripe.number)
		return;
	REQUIRE(dlb_head_seal_with(w->copy, w->aead, &good.to, &from, &s,
			o->content, &good.random, NULL)
		== DLB_OK);
	REQUIRE(memcmp(w->copy + 32, cell + 32, DLB_CELL_LEN - 32) == 0);
}

static void
open_head(const uint8_t *cell)
{
	struct dlb_waybill waybill;
	enum dlb_status form = dlb_cell_check(&waybill, cell, NULL);
	enum dlb_status status = cell_world_open(w, &w->reader, cell);

	REQUIRE(status != DLB_OK || form == DLB_OK);
	if (status == DLB_OK)
		check_opened(cell);
	else if (status != DLB_NOT_MINE)
		REQUIRE(dlb_all_zero(
			(const uint8_t *)w->opened, sizeof(*w->opened)));
}

static void
open_bulk(const uint8_t *cell, uint32_t index)
{
	size_t len = 1;
	enum dlb_status status =
		dlb_bulk_open(w->out, &len, w->aead, cell, &good.stripe, index);

	REQUIRE(len <= DLB_BULK_CONTENT_LEN);
	REQUIRE(status == DLB_OK || len == 0);
	REQUIRE(dlb_all_zero(w->out + len, DLB_BULK_CONTENT_LEN - len));
}

/* ---- what is attacked -------------------------------------------------------------- */

static void
attack_head(struct dlb_reader *r)
{
	memcpy(w->cell, good.head, DLB_CELL_LEN);
	change(w->cell, DLB_CELL_LEN, r);
	open_head(w->cell);
}

static void
attack_bulk(struct dlb_reader *r)
{
	uint32_t index = dlb_read_u32(r);

	memcpy(w->cell, good.bulk, DLB_CELL_LEN);
	change(w->cell, DLB_CELL_LEN, r);
	open_bulk(w->cell, index);
}

/* Plaintexts: box 1's first 16 bytes, 16 for lengths, box 2, box 3, in a row. */
static void
attack_sealed(struct dlb_reader *r)
{
	static uint8_t flat[16 + DLB_BODY_LEN];
	size_t longer = dlb_read_u16(r) % 30000, shorter = dlb_read_u16(r);
	size_t fit = DLB_BODY_LEN - DLB_BOX1_LEN - 2 * DLB_BOX_OVERHEAD;
	struct dlb_seal_from from = good.from;

	cell_forge_fill(&forge, &good.to, &good.from, &good.stripe, w->content);
	/* 0: as it was. Box 2 of any length, its claim following; box 3 fills. */
	if (longer) {
		forge.box2_len = longer;
		forge.box1[4] = (uint8_t)((longer + DLB_BOX_OVERHEAD) >> 8);
		forge.box1[5] = (uint8_t)(longer + DLB_BOX_OVERHEAD);
	}
	forge.box3_len = fit - forge.box2_len;
	forge.box3_len -= shorter % 3; /* mostly it must fill the cell */
	memcpy(flat, forge.box1, 16);
	memcpy(flat + 16, forge.box2, forge.box2_len);
	memcpy(flat + 16 + forge.box2_len, forge.box3, forge.box3_len);
	change(flat, 16 + forge.box2_len + forge.box3_len, r);
	memcpy(forge.box1, flat, 16);
	memcpy(forge.box2, flat + 16, forge.box2_len);
	memcpy(forge.box3, flat + 16 + forge.box2_len, forge.box3_len);
	/* As the reader will compute it, whoever box 2 names. */
	memcpy(&from.identity, forge.box2, sizeof(from.identity));
	if (dlb_x25519(from.shared, w->reader.secret.agree, from.identity.agree)
		!= DLB_OK)
		memset(from.shared, 0, sizeof(from.shared));
	cell_forge_seal(w->cell, &forge, w->aead, &good.to, &from, &good.stripe,
		&good.random);
	open_head(w->cell);
}

/* The third box alone: the mutations need not find where it lies. */
static void
attack_fields(struct dlb_reader *r)
{
	cell_forge_fill(&forge, &good.to, &good.from, &good.stripe, w->content);
	change(forge.box3, forge.box3_len, r);
	cell_forge_seal(w->cell, &forge, w->aead, &good.to, &good.from,
		&good.stripe, &good.random);
	open_head(w->cell);
}

static void
attack_padding(struct dlb_reader *r)
{
	uint8_t plain[DLB_BULK_CONTENT_LEN];

	memcpy(plain, w->content, 5000);
	memset(plain + 5000, 0, sizeof(plain) - 5000);
	change(plain, sizeof(plain), r);
	dlb_bulk_seal_with(w->cell, w->aead, &good.stripe, 2, plain,
		sizeof(plain), good.random.box_tag);
	open_bulk(w->cell, 2);
}

/* Fields without any cryptography: fast. */
static void
attack_decode(struct dlb_reader *r)
{
	uint8_t f[DLB_FIELDS_LEN], back[DLB_FIELDS_LEN];
	size_t card_len = dlb_read_u16(r);
	struct dlb_stripe s;

	dlb_stripe_encode(f, &good.stripe);
	change(f, sizeof(f), r);
	if (dlb_stripe_decode(&s, f, card_len) == DLB_OK) {
		dlb_stripe_encode(back, &s);
		REQUIRE(!memcmp(f, back, sizeof(f)));
		REQUIRE(s.inline_len <= DLB_INLINE_CAP - card_len);
		REQUIRE(s.cells >= 1 && s.cells <= DLB_CELLS_MAX);
	} else {
		REQUIRE(dlb_all_zero((const uint8_t *)&s, sizeof(s)));
	}
}

static void
attack_reopen(struct dlb_reader *r)
{
	uint32_t offset = dlb_read_u32(r);

	memcpy(w->cell, good.head, DLB_CELL_LEN);
	change(w->cell, DLB_CELL_LEN, r);
	if (dlb_head_reopen(w->opened, w->aead, w->cell, good.box3_key,
		    offset ? offset : DLB_BOX1_LEN + DLB_BOX2_LEN(CARD_LEN),
		    good.transcript, NULL)
		!= DLB_OK)
		REQUIRE(dlb_all_zero(
			(const uint8_t *)w->opened, sizeof(*w->opened)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const attacks[])(struct dlb_reader * r) = {
		attack_head,
		attack_bulk,
		attack_sealed,
		attack_fields,
		attack_padding,
		attack_decode,
		attack_reopen,
	};
	struct dlb_reader r;

	if (!w)
		prepare();
	dlb_reader_init(&r, data, len);
	attacks[dlb_read_u8(&r) % DLB_ARRAY_LEN(attacks)](&r);
	return 0;
}
