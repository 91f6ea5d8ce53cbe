/*
 * People, and who means them harm, for the tests of bulletins: see bulletins_world.h.
 */
#include "bulletins_world.h"

#include <stdlib.h>
#include <string.h>

/* ---- people ------------------------------------------------------------------------- */

void
card_of(struct fixture *f, const char *who, bool is_short,
	struct dlb_card *card)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_buf bytes = {0};

	assert_dlb_ok(f,
		dlb_letterbox_card(
			dlb_node_letterbox(n), is_short, &bytes, &f->err));
	assert_dlb_ok(f, dlb_card_parse(card, bytes.data, bytes.len, &f->err));
	dlb_buf_free(&bytes);
	dlb_node_close(n);
}

uint64_t
follow(struct fixture *f, struct dlb_node *n, const char *whom,
	struct dlb_author *a)
{
	struct dlb_card *card = calloc(1, sizeof(*card));
	struct dlb_author author;
	uint64_t found;

	assert_non_null(card);
	card_of(f, whom, true, card);
	assert_dlb_ok(f,
		dlb_node_follow(
			n, a ? a : &author, card, NULL, &found, &f->err));
	free(card);
	return found;
}

int64_t
post(struct fixture *f, struct dlb_node *n, const char *title, const void *body,
	size_t len)
{
	struct dlb_bulletin_out out = {.kind = DLB_KIND_BULLETIN,
		.title = title,
		.name = "news.txt",
		.body = body,
		.len = len};
	int64_t number = 0;

	assert_dlb_ok(f, dlb_node_bulletin_post(n, &out, &number, &f->err));
	return number;
}

struct dlb_meet_result
meets(struct fixture *f, const char *who, const char *stick)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_meet_result r = fixture_meet(f, n, stick);

	dlb_node_close(n);
	return r;
}

static bool
list_one(void *ctx, const struct dlb_bulletin_row *row)
{
	struct listing *l = ctx;

	assert_true(l->n < DLB_ARRAY_LEN(l->rows));
	l->rows[l->n++] = *row;
	return true;
}

size_t
bulletins(struct dlb_node *n, struct listing *l)
{
	l->n = 0;
	assert_int_equal(
		dlb_bulletin_each(dlb_node_letterbox(n), 0, list_one, l, NULL),
		DLB_OK);
	return l->n;
}

/* Alice, whom bob follows, and a stick that both meet. */
void
author_and_follower(struct fixture *f)
{
	struct dlb_node *n;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "bob");
	fixture_stick(f, n, "usb", 64);
	follow(f, n, "alice", NULL);
	dlb_node_close(n);
}

struct dlb_node *
bob_meets(struct fixture *f)
{
	struct dlb_node *n = fixture_open(f, "bob");

	fixture_meet(f, n, "usb");
	return n;
}

uint32_t
held(struct dlb_node *n)
{
	struct dlb_satchel_info info;

	dlb_node_satchel_info(n, &info);
	return info.held;
}

/* ---- what someone made to harm ----------------------------------------------------------- */

static const char manifest_kind_at = 13; /* of the field that says the kind */

void
forger_init(struct forger *m, struct fixture *f, const char *author)
{
	struct dlb_node *n = fixture_open(f, author);
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	uint8_t pk[32], seed[32] = {7};

	m->alice = *dlb_letterbox_identity(l);
	dlb_ed25519_keypair(
		pk, m->alice_sk, dlb_letterbox_secret(l)->sign_seed);
	dlb_letterbox_bulletin_key(l, m->key);
	dlb_bulletin_reader(&m->reader, m->key, &m->alice);
	dlb_node_close(n);
	dlb_ed25519_keypair(m->mallory.sign, m->mallory_sk, seed);
	dlb_x25519_public(m->mallory.agree, seed);
}

/* A bulletin as alice would post it; but for one thing. */
void
forge(struct forger *m, struct fixture *f, uint8_t slot, enum harm harm)
{
	static const char title[] = "title", body[] = "the body";
	struct dlb_manifest_fields fields = {
		.kind = DLB_KIND_BULLETIN, .codec = DLB_CODEC_NONE};
	struct dlb_manifest_file file = {.type = DLB_FILE_REGULAR,
		.mode = 0600,
		.size = DLB_BULLETIN_HEAD_LEN + 5 + 8
			+ (harm == WITH_MORE_WORDS),
		.path = "bulletin",
		.path_len = 8};
	struct dlb_bulletin b = {.kind = DLB_KIND_BULLETIN,
		.posted_ms = f->env.now_ms,
		.day = (uint32_t)(f->env.now_ms / DLB_DAY_MS),
		.slot = slot,
		.author = harm == ANOTHERS ? m->mallory : m->alice};
	struct dlb_stripe t = {.k = 1, .n = 1};
	struct dlb_seal_from from = {
		.identity = harm == SENT_BY_ANOTHER ? m->mallory : m->alice};
	uint8_t handle[DLB_HANDLE_LEN], *head;
	const struct dlb_env *env = &f->env.env;
	struct dlb_buf content = {0};
	struct dlb_seal_to to;
	struct dlb_aead *aead;
	size_t at;

	dlb_random(env, t.letter_id, sizeof(t.letter_id));
	dlb_random(env, t.stripe_key, sizeof(t.stripe_key));
	dlb_random(env, t.letter_key, sizeof(t.letter_key));
	dlb_random(env, t.recall_key, sizeof(t.recall_key));
	t.expiry_week = (uint16_t)(dlb_week_of(f->env.now_ms)
		+ DLB_CELL_LIFETIME_WEEKS + (harm == OF_ANOTHER_WEEK));
	memcpy(b.id, t.letter_id, sizeof(b.id));
	b.id[0] ^= harm == WITH_ANOTHER_ID;
	assert_dlb_ok(
		f, dlb_bulletin_describe(&b, title, "", body, 8, &f->err));
	if (harm == POSTED_ON_ANOTHER_DAY)
		b.posted_ms -= 2 * DLB_DAY_MS;
	if (harm == WITHOUT_A_KIND)
		b.kind = 0;
	assert_int_equal(dlb_manifest_begin(&content, &fields), DLB_OK);
	assert_dlb_ok(f, dlb_manifest_add(&content, &file, &f->err));
	assert_int_equal(dlb_manifest_end(&content), DLB_OK);
	at = content.len;
	assert_int_equal(dlb_buf_reserve(&content, 4096), DLB_OK);
	memset(content.data + at, 0, 4096 - at);
	content.len = at + (size_t)file.size;
	t.content_len = t.stripe_len = content.len;
	assert_int_equal(dlb_stripe_layout(&t, 0), DLB_OK);
	head = content.data + at;
	memcpy(head + DLB_BULLETIN_HEAD_LEN, title, 5);
	memcpy(head + DLB_BULLETIN_HEAD_LEN + 5, body, 8);
	dlb_bulletin_sealing(b.sealing, &t, content.data, at,
		head + DLB_BULLETIN_HEAD_LEN,
		content.len - at - DLB_BULLETIN_HEAD_LEN);
	dlb_bulletin_sign(head, &b,
		harm == SIGNED_BY_ANOTHER || harm == ANOTHERS ? m->mallory_sk
							      : m->alice_sk);
	if (harm == OF_ANOTHER_STRIPE)
		t.stripe_key[0] ^= 1;
	if (harm == WITH_OTHER_WORDS)
		head[DLB_BULLETIN_HEAD_LEN + 5] ^= 1;
	if (harm == NO_BULLETIN)
		content.data[(size_t)manifest_kind_at - 2] = DLB_KIND_LETTER;
	dlb_bulletin_handle(handle, m->key, b.day + (harm == ON_ANOTHER_DAY),
		(uint8_t)(slot + (harm == AT_ANOTHER_SLOT)));
	dlb_bulletin_seal_to(&to, &m->reader, handle);
	/* The reader's secret is every follower's: it makes any sender's agreement. */
	assert_int_equal(
		dlb_x25519(from.shared, m->reader.agree, from.identity.agree),
		DLB_OK);
	assert_int_equal(dlb_aead_new(&aead), DLB_OK);
	assert_dlb_ok(f,
		dlb_head_seal(m->cell, aead, &to, &from, &t, content.data, env,
			&f->err));
	dlb_aead_free(aead);
	dlb_buf_free(&content);
}

/* Lies in the home, and was not searched. */
void
insert(struct fixture *f, struct dlb_node *n, const uint8_t *cell)
{
	struct dlb_satchel_item item = {
		.cell = cell, .flags = DLB_SHOWN, .copies = 4};

	dlb_cell_name(item.core, item.name, cell);
	assert_dlb_ok(f, dlb_satchel_put(n->satchel, &item, 1, 0, &f->err));
	assert_int_equal(item.result, DLB_OK);
}
