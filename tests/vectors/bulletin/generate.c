/*
 * Makes tests/vectors/bulletin (docs/cell.md, section 12.6): `bulletin_vectors DIR`.
 * Everything comes from one seed, so that they come out the same each time.
 */
#include "bulletins.h"

#include "manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 2026-11-24 12:00 UTC */
#define NOW_MS 1795521600000LL
#define DAY ((uint32_t)(NOW_MS / DLB_DAY_MS))

static const char *dir;
static struct dlb_env_seeded env;
static struct dlb_aead *aead;
static FILE *lines;
static struct dlb_identity author, other;
static uint8_t author_sk[64], other_sk[64], key[DLB_KEY_LEN];
static struct dlb_bulletin_reader reader;

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bulletin_vectors: %s\n", what);
	exit(1);
}

static void
write_file(const char *name, const void *data, size_t len)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	need(f && fwrite(data, 1, len, f) == len && fclose(f) == 0, path);
}

static void
line(const char *word, const void *data, size_t len)
{
	char hex[2 * DLB_KEY_LEN + 1];

	dlb_hex(hex, data, len);
	fprintf(lines, "%s %s\n", word, hex);
}

static uint8_t
formula(size_t i)
{
	return (uint8_t)(131 * i + i / 256);
}

/* What is wrong with it. */
enum harm {
	SOUND,
	SIGNED_BY_ANOTHER,
	ANOTHERS,
	ANOTHER_SLOT,
	ANOTHER_WEEK,
	OTHER_WORDS,
	OTHER_STRIPE,
};

struct made {
	uint8_t *cells; /* the head, then the others */
	uint32_t n;
	struct dlb_buf proof;
};

static size_t
begin(struct dlb_buf *content, uint64_t len)
{
	struct dlb_manifest_fields fields = {
		.kind = DLB_KIND_BULLETIN, .codec = DLB_CODEC_NONE};
	struct dlb_manifest_file file = {.type = DLB_FILE_REGULAR,
		.mode = 0600,
		.size = len,
		.path = "bulletin",
		.path_len = 8};

	need(dlb_manifest_begin(content, &fields) == DLB_OK
			&& dlb_manifest_add(content, &file, NULL) == DLB_OK
			&& dlb_manifest_end(content) == DLB_OK,
		"the manifest");
	return content->len;
}

static void
sign(struct dlb_bulletin *b, struct dlb_buf *content, size_t at,
	const struct dlb_stripe *t, enum harm harm, struct made *out)
{
	uint8_t *head = content->data + at;
	uint8_t *cores = head + DLB_BULLETIN_HEAD_LEN;
	bool others = harm == SIGNED_BY_ANOTHER || harm == ANOTHERS;

	for (uint32_t i = 1; i < t->cells; i++) {
		uint64_t offset;
		size_t len;

		dlb_stripe_range(t, i, &offset, &len);
		dlb_bulletin_core(cores + (size_t)(i - 1) * DLB_HASH_LEN,
			out->cells + (size_t)i * DLB_CELL_LEN, aead, t, i,
			content->data + offset, len);
		dlb_bulk_seal(out->cells + (size_t)i * DLB_CELL_LEN, aead, t, i,
			content->data + offset, len, &env.env);
	}
	dlb_bulletin_sealing(b->sealing, t, content->data, at, cores,
		t->inline_len - at - DLB_BULLETIN_HEAD_LEN);
	dlb_bulletin_sign(head, b, others ? other_sk : author_sk);
	need(dlb_buf_append(&out->proof, head, DLB_BULLETIN_HEAD_LEN) == DLB_OK
			&& dlb_buf_append(&out->proof,
				   cores + (size_t)(t->cells - 1) * 32,
				   content->len - at - DLB_BULLETIN_HEAD_LEN
					   - (size_t)(t->cells - 1) * 32)
				== DLB_OK,
		"the proof");
}

static void
seal_head(struct made *out, struct dlb_stripe *t, struct dlb_buf *content,
	size_t at, uint8_t slot, enum harm harm)
{
	static uint8_t card[100];
	struct dlb_seal_from from = {
		.identity = author, .card = card, .card_len = sizeof(card)};
	uint8_t handle[DLB_HANDLE_LEN];
	struct dlb_seal_to to;

	for (size_t i = 0; i < sizeof(card); i++)
		card[i] = formula(i);
	if (harm == OTHER_WORDS)
		content->data[at + DLB_BULLETIN_HEAD_LEN + 20] ^= 1;
	if (harm == OTHER_STRIPE)
		t->stripe_key[0] ^= 1;
	dlb_bulletin_handle(
		handle, key, DAY, (uint8_t)(slot + (harm == ANOTHER_SLOT)));
	dlb_bulletin_seal_to(&to, &reader, handle);
	need(dlb_x25519(from.shared, reader.agree, from.identity.agree)
			== DLB_OK,
		"the agreement");
	need(dlb_head_seal(out->cells, aead, &to, &from, t, content->data,
		     &env.env, NULL)
			== DLB_OK,
		"the head");
}

static struct made
make(size_t len, uint8_t slot, enum harm harm)
{
	static const char title[] = "The bridge is open", name[] = "news.txt";
	struct dlb_bulletin b = {.kind = DLB_KIND_BULLETIN,
		.posted_ms = NOW_MS,
		.day = DAY,
		.slot = slot,
		.author = harm == ANOTHERS ? other : author};
	struct dlb_stripe t = {.k = 1, .n = 1, .cells = 1};
	size_t texts = strlen(title) + strlen(name), at = 0, rest = 0;
	struct dlb_buf content = {0};
	uint8_t *body = malloc(len);
	struct made out = {NULL, 0, {0}};

	for (size_t i = 0; body && i < len; i++)
		body[i] = formula(i);
	dlb_random(&env.env, t.letter_id, sizeof(t.letter_id));
	dlb_random(&env.env, t.sealing_id, sizeof(t.sealing_id));
	dlb_random(&env.env, t.stripe_key, sizeof(t.stripe_key));
	dlb_random(&env.env, t.letter_key, sizeof(t.letter_key));
	dlb_random(&env.env, t.recall_key, sizeof(t.recall_key));
	t.expiry_week = (uint16_t)(dlb_week_of(NOW_MS) + DLB_CELL_LIFETIME_WEEKS
		+ (harm == ANOTHER_WEEK));
	memcpy(b.id, t.letter_id, sizeof(b.id));
	need(body
			&& dlb_bulletin_describe(
				   &b, title, name, body, len, NULL)
				== DLB_OK,
		"the texts");
	for (uint32_t cells = 0; cells != t.cells;) {
		cells = t.cells;
		rest = DLB_BULLETIN_HEAD_LEN + (cells - 1) * 32ul;
		content.len = 0;
		at = begin(&content, rest + texts + len);
		t.content_len = t.stripe_len = at + rest + texts + len;
		need(dlb_stripe_layout(&t, 100) == DLB_OK, "the layout");
	}
	need(dlb_buf_reserve(&content, t.content_len) == DLB_OK, "memory");
	memset(content.data + at, 0, rest);
	content.len = at + rest;
	need(dlb_buf_append(&content, title, strlen(title)) == DLB_OK
			&& dlb_buf_append(&content, name, strlen(name))
				== DLB_OK
			&& dlb_buf_append(&content, body, len) == DLB_OK,
		"memory");
	out.n = t.cells;
	out.cells = calloc(t.cells, DLB_CELL_LEN);
	need(out.cells, "memory");
	sign(&b, &content, at, &t, harm, &out);
	seal_head(&out, &t, &content, at, slot, harm);
	dlb_buf_free(&content);
	free(body);
	return out;
}

static void
put(const char *name, struct made made, bool proof)
{
	char file[256];

	for (uint32_t i = 0; i < made.n; i++) {
		if (i == 0)
			snprintf(file, sizeof(file), "%s.cell", name);
		else
			snprintf(file, sizeof(file), "%s-%u.cell", name, i);
		write_file(file, made.cells + (size_t)i * DLB_CELL_LEN,
			DLB_CELL_LEN);
	}
	snprintf(file, sizeof(file), "%s.proof", name);
	if (proof)
		write_file(file, made.proof.data, made.proof.len);
	dlb_buf_free(&made.proof);
	free(made.cells);
}

static void
put_bad(const char *name, enum harm harm)
{
	char file[256];

	snprintf(file, sizeof(file), "bad-%s", name);
	put(file, make(200, 2, harm), false);
	fprintf(lines, "bad bad-%s.cell\n", name);
}

int
main(int argc, char **argv)
{
	static const uint8_t days[][2] = {{0, 0}, {0, 1}, {0, 15}, {1, 0}};
	char path[4096];

	need(argc == 2, "usage: bulletin_vectors DIR");
	dir = argv[1];
	need(dlb_base_init() == DLB_OK && dlb_aead_new(&aead) == DLB_OK,
		"the libraries");
	dlb_env_seeded_init(&env, 12, NOW_MS);
	snprintf(path, sizeof(path), "%s/v1.txt", dir);
	lines = fopen(path, "w");
	need(lines, path);
	for (int i = 0; i < 2; i++) {
		uint8_t seed[32], agree[32];

		dlb_random(&env.env, seed, sizeof(seed));
		dlb_random(&env.env, agree, sizeof(agree));
		dlb_ed25519_keypair(i ? other.sign : author.sign,
			i ? other_sk : author_sk, seed);
		dlb_x25519_public(i ? other.agree : author.agree, agree);
	}
	dlb_random(&env.env, key, sizeof(key));
	dlb_bulletin_reader(&reader, key, &author);
	line("key", key, sizeof(key));
	line("sign", author.sign, 32);
	line("agree", author.agree, 32);
	line("f", reader.finding, 32);
	line("agree_secret", reader.agree, 32);
	line("agree_public", reader.identity.agree, 32);
	line("seed", reader.opening, 32);
	for (size_t i = 0; i < DLB_ARRAY_LEN(days); i++) {
		uint8_t handle[DLB_HANDLE_LEN];
		char word[64];

		dlb_bulletin_handle(handle, key, DAY + days[i][0], days[i][1]);
		snprintf(word, sizeof(word), "handle %u %u", DAY + days[i][0],
			days[i][1]);
		line(word, handle, sizeof(handle));
	}
	put("short", make(1000, 0, SOUND), true);
	put("long", make(100000, 1, SOUND), true);
	put_bad("signature", SIGNED_BY_ANOTHER);
	put_bad("author", ANOTHERS);
	put_bad("slot", ANOTHER_SLOT);
	put_bad("week", ANOTHER_WEEK);
	put_bad("words", OTHER_WORDS);
	put_bad("stripe", OTHER_STRIPE);
	need(fclose(lines) == 0, path);
	dlb_aead_free(aead);
	return 0;
}
