/* vectors.json, as docs/cell.md, section 9, describes it. */
#include "vectors.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void put(struct dlb_buf *b, const char *fmt, ...) DLB_PRINTF(2, 3);

static void
put(struct dlb_buf *b, const char *fmt, ...)
{
	char text[512];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	vectors_need(n >= 0 && (size_t)n < sizeof(text)
		&& dlb_buf_append(b, text, (size_t)n) == DLB_OK);
}

/* `"name": "hex"` and what follows. */
static void
put_hex(struct dlb_buf *b, const char *name, const void *data, size_t len,
	const char *after)
{
	char hex[2 * 2048 + 1];

	vectors_need(len <= 2048);
	dlb_hex(hex, data, len);
	put(b, "\"%s\": \"", name);
	vectors_need(dlb_buf_append(b, hex, 2 * len) == DLB_OK);
	put(b, "\"%s", after);
}

/* What separates item i of a list from the one before. */
static const char *
comma(size_t i)
{
	return i ? ",\n" : "\n";
}

/* ---- tables ------------------------------------------------------------------- */

static void
put_derive(struct vectors *v, struct dlb_buf *b)
{
	static const struct {
		size_t key_len, out_len, data_len;
		const char *label;
	} cases[] = {
		{32, 32, 0, "dlb test"},
		{32, 64, 4, "dlb handle"},
		{64, 64, 32, "dlb box 2"},
		{64, 32, 32, "dlb chain 2"},
		{32, 16, 32, "dlb box tag"},
		{32, 32, 200, ""},
	};

	put(b, "\"derive\": [");
	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++) {
		uint8_t key[64], data[200], out[64];

		dlb_random(v->env, key, sizeof(key));
		dlb_random(v->env, data, sizeof(data));
		dlb_derive(out, cases[i].out_len, key, cases[i].key_len,
			cases[i].label, data, cases[i].data_len);
		put(b, "%s  {\"label\": \"%s\", ", comma(i), cases[i].label);
		put_hex(b, "key", key, cases[i].key_len, ", ");
		put_hex(b, "data", data, cases[i].data_len, ", ");
		put_hex(b, "out", out, cases[i].out_len, "}");
	}
	put(b, "\n],\n");
}

static void
put_padme(struct dlb_buf *b)
{
	static const uint64_t ns[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 15, 16,
		17, 31, 33, 63, 65, 127, 129, 1000, 4097, 65535, 65537, 1000000,
		16777215, 16777216, 1099511627775};

	put(b, "\"padme\": [");
	for (size_t i = 0; i < DLB_ARRAY_LEN(ns); i++)
		put(b, "%s  [\"%" PRIu64 "\", \"%" PRIu64 "\"]", comma(i),
			ns[i], dlb_padme(ns[i]));
	put(b, "\n],\n");
}

static void
put_layout(struct dlb_buf *b)
{
	static const uint64_t lens[] = {0, 1, 39264, 39265, 63839, 63840, 63841,
		65424, 65425, 129264, 129265, 587232, 10000000, 1097632514160,
		1097632514161, 1097632553424, 1097632553425, 1097632578000,
		1097632578001, UINT64_C(9223372036854775808), UINT64_MAX};
	static const size_t cards[] = {0, 1, 24576};
	size_t n = 0;

	put(b, "\"layout\": [");
	for (size_t i = 0; i < 2 * DLB_ARRAY_LEN(cards); i++)
		for (size_t j = 0; j < DLB_ARRAY_LEN(lens); j++) {
			struct dlb_stripe s = {.mode = (uint8_t)(i % 2),
				.stripe_len = lens[j]};

			put(b,
				"%s  {\"mode\": %u, \"stripe_len\": \"%" PRIu64
				"\", \"card_len\": %zu",
				comma(n++), s.mode, s.stripe_len, cards[i / 2]);
			if (dlb_stripe_layout(&s, cards[i / 2]) == DLB_OK)
				put(b, ", \"cells\": %u, \"inline_len\": %u",
					s.cells, s.inline_len);
			put(b, "}");
		}
	put(b, "\n],\n");
}

static const uint32_t indices[] = {0, 1, 255, 256, 65536, 16777215};

static void
put_handles(struct vectors *v, struct dlb_buf *b)
{
	put(b, "\"handles\": [");
	for (size_t i = 0; i < DLB_ARRAY_LEN(indices); i++) {
		uint8_t key[DLB_KEY_LEN], handle[DLB_HANDLE_LEN];

		dlb_random(v->env, key, sizeof(key));
		dlb_stripe_handle(handle, key, indices[i]);
		put(b, "%s  {\"index\": %u, ", comma(i), indices[i]);
		put_hex(b, "stripe_key", key, sizeof(key), ", ");
		put_hex(b, "handle", handle, sizeof(handle), "}");
	}
	put(b, "\n],\n");
}

static void
put_tokens(struct vectors *v, struct dlb_buf *b)
{
	put(b, "\"tokens\": [");
	for (size_t i = 0; i < DLB_ARRAY_LEN(indices); i++) {
		uint8_t key[DLB_KEY_LEN], token[32], hash[32];
		uint8_t number = (uint8_t)(i * 51);

		dlb_random(v->env, key, sizeof(key));
		dlb_recall_token(token, key, number, indices[i]);
		dlb_token_hash(hash, token);
		put(b, "%s  {\"number\": %u, \"index\": %u, ", comma(i), number,
			indices[i]);
		put_hex(b, "recall_key", key, sizeof(key), ", ");
		put_hex(b, "token", token, sizeof(token), ", ");
		put_hex(b, "hash", hash, sizeof(hash), "}");
	}
	put(b, "\n],\n");
}

/* ---- people and letters --------------------------------------------------------- */

static void
put_people(struct vectors *v, struct dlb_buf *b)
{
	put(b, "\"people\": {");
	for (size_t i = 0; i < VECTORS_PEOPLE; i++) {
		const struct cell_person *p = &v->people[i];

		put(b, "%s  \"%s\": {\n    ", comma(i), vectors_people[i]);
		put_hex(b, "sign_seed", p->secret.sign_seed, 32, ",\n    ");
		put_hex(b, "sign", p->identity.sign, 32, ",\n    ");
		put_hex(b, "agree_secret", p->secret.agree, 32, ",\n    ");
		put_hex(b, "agree", p->identity.agree, 32, ",\n    ");
		put_hex(b, "finding_secret", p->finding_secret, 32, ",\n    ");
		put_hex(b, "finding", p->finding, 32, ",\n    ");
		put(b, "\"opening_id\": %u,\n    ", p->opening_id);
		put_hex(b, "opening_seed", p->opening_seed, 32, ",\n    ");
		put_hex(b, "opening", p->opening, DLB_XWING_PK_LEN, "\n  }");
	}
	put(b, "\n},\n");
}

static void
put_step(struct dlb_buf *b, const struct dlb_schedule *s, int box)
{
	char name[16];

	snprintf(name, sizeof(name), "th%d", box - 1);
	put_hex(b, name, s->transcript, 32, ", ");
	snprintf(name, sizeof(name), "key%d", box);
	put_hex(b, name, s->key, 32, ", ");
	snprintf(name, sizeof(name), "commitment%d", box);
	put_hex(b, name, s->commitment, 32, ",\n      ");
}

static void
put_head(struct vectors *v, struct dlb_buf *b, const struct vector_letter *l)
{
	const uint8_t *cell = v->files[l->head_file].cell;
	uint8_t shared[DLB_POINT_LEN], ct[DLB_XWING_CT_LEN], ss[32];
	size_t box2_len = DLB_BOX2_LEN(l->card_len);
	struct dlb_schedule s = {0};

	vectors_need(dlb_point_mul(shared, l->random.r, l->to.finding) == DLB_OK
		&& dlb_xwing_encaps(ct, ss, l->to.opening, l->random.eseed)
			== DLB_OK);
	put(b, "    \"head\": {\"file\": \"%s\",\n      ",
		v->files[l->head_file].name);
	put_hex(b, "r", l->random.r, 32, ", ");
	put_hex(b, "eseed", l->random.eseed, 64, ", ");
	put_hex(b, "box_tag", cell + DLB_AT_BOX_TAG, 16, ",\n      ");
	put_hex(b, "S", shared, 32, ", ");
	put_hex(b, "ss", ss, 32, ", ");
	put_hex(b, "dh", l->from.shared, 32, ",\n      ");
	dlb_schedule_box1(&s, cell, &l->to.identity, shared);
	put_step(b, &s, 1);
	dlb_schedule_box2(&s, cell + DLB_AT_BODY, ss);
	put_step(b, &s, 2);
	dlb_schedule_box3(&s, cell + DLB_AT_BOX2, box2_len, &l->from.identity,
		l->from.shared);
	put_step(b, &s, 3);
	put(b, "\"box2_len\": %zu},\n", box2_len);
}

static void
put_bulk(struct vectors *v, struct dlb_buf *b, const struct vector_letter *l)
{
	put(b, "    \"bulk\": [");
	for (uint32_t i = 1; i < l->stripe.cells; i++) {
		uint8_t data[DLB_KEY_LEN + 4], key[DLB_KEY_LEN];
		struct dlb_writer w;
		uint64_t offset;
		size_t len;

		dlb_writer_init(&w, data, sizeof(data));
		dlb_write_bytes(&w, l->stripe.stripe_key, DLB_KEY_LEN);
		dlb_write_u32(&w, i);
		dlb_derive(key, DLB_KEY_LEN, l->bulk_letter_key, DLB_KEY_LEN,
			"dlb bulk", data, sizeof(data));
		dlb_stripe_range(&l->stripe, i, &offset, &len);
		put(b,
			"%s      {\"index\": %u, \"offset\": \"%" PRIu64
			"\", \"len\": %zu, ",
			comma(i - 1), i, offset, len);
		put_hex(b, "handle", l->bulk[i].handle, 32, ", ");
		put_hex(b, "token_hash", l->bulk[i].token_hash, 32, ", ");
		put_hex(b, "box_tag", l->bulk[i].box_tag, 16, ", ");
		put_hex(b, "key", key, 32, ", ");
		put_hex(b, "sha256", l->bulk[i].sha256, 32, "");
		if (l->bulk[i].file != VECTORS_NONE)
			put(b, ", \"file\": \"%s\"",
				v->files[l->bulk[i].file].name);
		put(b, "}");
	}
	put(b, "]");
}

static void
put_letter(struct vectors *v, struct dlb_buf *b, const struct vector_letter *l)
{
	const struct dlb_stripe *s = &l->stripe;

	put(b,
		"  {\"name\": \"%s\", \"reader\": \"%s\", \"sender\": \"%s\", "
		"\"expiry\": %u, \"card_len\": %zu,\n    ",
		l->name, vectors_people[l->reader], vectors_people[l->sender],
		s->expiry_week, l->card_len);
	if (l->boxed)
		put_hex(b, "box_tag_key", l->tag_key, 32, ", ");
	else
		put(b, "\"box_tag_key\": null, ");
	put_hex(b, "recall_key", s->recall_key, 32, ", ");
	put_hex(b, "bulk_letter_key", l->bulk_letter_key, 32, ",\n    ");
	put(b,
		"\"fields\": {\"mode\": %u, \"k\": %u, \"n\": %u, "
		"\"number\": %u,\n      ",
		s->mode, s->k, s->n, s->number);
	put_hex(b, "letter_id", s->letter_id, 16, ", ");
	put_hex(b, "sealing_id", s->sealing_id, 16, ",\n      ");
	put_hex(b, "stripe_key", s->stripe_key, 32, ",\n      ");
	put_hex(b, "letter_key", s->letter_key, 32, ",\n      ");
	put_hex(b, "commitment", s->commitment, 32, ",\n      ");
	put(b,
		"\"content_len\": \"%" PRIu64 "\", \"stripe_len\": \"%" PRIu64
		"\", \"cells\": %u, \"inline_len\": %u},\n",
		s->content_len, s->stripe_len, s->cells, s->inline_len);
	put_head(v, b, l);
	put_bulk(v, b, l);
	put(b, "}");
}

/* ---- files and refusals --------------------------------------------------------------- */

static void
put_files(struct vectors *v, struct dlb_buf *b)
{
	size_t n = 0;

	put(b, "\"courier\": [");
	for (int i = 0; i < v->n_files; i++) {
		uint8_t core[32], name[32];

		dlb_cell_name(core, name, v->files[i].cell);
		put(b, "%s  {\"file\": \"%s\", ", comma((size_t)i),
			v->files[i].name);
		put_hex(b, "core", core, 32, ", ");
		put_hex(b, "name", name, 32, "}");
	}
	put(b, "\n],\n\"cover\": [");
	for (int i = 0; i < v->n_files; i++)
		if (v->files[i].cover)
			put(b, "%s\"%s\"", n++ ? ", " : "", v->files[i].name);
	put(b, "],\n");
}

static void
put_bad(struct vectors *v, struct dlb_buf *b, const struct vector_bad *bad)
{
	static const char *const checks[] = {"courier", "head", "bulk"};

	put(b,
		"  {\"name\": \"%s\", \"file\": \"%s\", \"want\": \"%s\", "
		"\"as\": {\"check\": \"%s\"",
		bad->name, v->files[bad->file].name, vectors_verdict(bad->want),
		checks[bad->check]);
	if (bad->check == CHECK_HEAD)
		put(b, ", \"reader\": \"%s\"", vectors_people[bad->reader]);
	if (bad->check == CHECK_BULK)
		put(b, ", \"letter\": \"%s\", \"index\": %u",
			v->letters[bad->letter].name, bad->index);
	put(b, "}");
	if (bad->without)
		put(b, ", \"without\": %u", v->people[bad->reader].opening_id);
	put(b, ", \"patch\": [");
	for (size_t i = 0; i < bad->n_patches; i++) {
		put(b, "%s{\"at\": %u, ", i ? ", " : "", bad->patches[i].at);
		put_hex(b, "bytes", bad->patches[i].bytes, bad->patches[i].len,
			"}");
	}
	put(b, "]}");
}

void
vectors_write_json(struct vectors *v)
{
	struct dlb_buf *b = &v->json;

	put(b, "{\n\"format\": \"dlb cell vectors 1\",\n");
	put_derive(v, b);
	put_padme(b);
	put_layout(b);
	put_handles(v, b);
	put_tokens(v, b);
	put_people(v, b);
	put(b, "\"letters\": [");
	for (size_t i = 0; i < VECTORS_LETTERS; i++) {
		put(b, "%s", comma(i));
		put_letter(v, b, &v->letters[i]);
	}
	put(b, "\n],\n");
	put_files(v, b);
	put(b, "\"bad\": [");
	for (size_t i = 0; i < v->n_bad; i++) {
		put(b, "%s", comma(i));
		put_bad(v, b, &v->bad[i]);
	}
	put(b, "\n]\n}\n");
}
