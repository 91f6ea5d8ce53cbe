/*
 * What a backup holds: read and written. docs/letterbox.md, "What a backup holds".
 *
 * Invariant: nothing of it opens or finds a letter. Secrets of epochs, letters, recall
 * keys, the satchel's key and the home's own lock are never looked at here.
 */
#include "backup_internal.h"

#include <string.h>

#define VERSION 1
#define CARD_ROOM (1 + DLB_PERSON_NAME_MAX + 1 + 2)
#define BOX_ROOM (1 + DLB_BOX_NAME_MAX + DLB_KEY_LEN)

/* ---- writing --------------------------------------------------------------------------- */

struct content {
	struct dlb_letterbox *l;
	const struct dlb_backup_options *options;
	struct dlb_buf *out;
	size_t start;
	struct dlb_buf card;
	int pass; /* 0: who comes first, 1: who is verified, 2: all others */
	uint32_t people, left_out, boxes;
	enum dlb_status st;
	struct dlb_error *err;
};

static bool
comes_first(const struct content *c, int64_t id)
{
	for (size_t i = 0; i < c->options->first_n; i++)
		if (c->options->first[i] == id)
			return true;
	return false;
}

/* After people come at least two bytes. */
static bool
has_room(const struct content *c, size_t more)
{
	size_t used = c->out->len - c->start;

	return c->options->cap >= used + 2
		&& more <= c->options->cap - used - 2;
}

static void
append_name(struct content *c, const char *name)
{
	uint8_t len = (uint8_t)strlen(name);

	if (c->st == DLB_OK)
		c->st = dlb_buf_append(c->out, &len, 1);
	if (c->st == DLB_OK)
		c->st = dlb_buf_append(c->out, name, len);
}

static bool
add_person(void *ctx, const struct dlb_correspondent *who)
{
	struct content *c = ctx;
	bool first = comes_first(c, who->id);
	uint8_t rest[3];
	struct dlb_writer w;

	if ((c->pass == 0) != first
		|| (c->pass > 0 && (c->pass == 1) != who->verified))
		return true;
	c->card.len = 0;
	c->st = dlb_correspondent_card(c->l, &c->card, who->id, c->err);
	if (c->st != DLB_OK)
		return false;
	if (c->people == DLB_BACKUP_PEOPLE_MAX
		|| !has_room(c, CARD_ROOM + c->card.len)) {
		if (first)
			c->st = dlb_fail(c->err, DLB_LIMIT,
				"the cards of those who are to keep shares do "
				"not fit into a backup: name fewer");
		c->left_out++;
		return c->st == DLB_OK;
	}
	append_name(c, who->name);
	dlb_writer_init(&w, rest, sizeof(rest));
	dlb_write_u8(&w,
		(uint8_t)((who->verified ? DLB_BACKUP_VERIFIED : 0)
			| (who->receipts ? 0 : DLB_BACKUP_NO_RECEIPTS)));
	dlb_write_u16(&w, (uint16_t)c->card.len);
	if (c->st == DLB_OK)
		c->st = dlb_buf_append(c->out, rest, sizeof(rest));
	if (c->st == DLB_OK)
		c->st = dlb_buf_append(c->out, c->card.data, c->card.len);
	c->people++;
	return c->st == DLB_OK;
}

static bool
add_box(void *ctx, const struct dlb_box *box)
{
	struct content *c = ctx;

	if (!has_room(c, BOX_ROOM)) {
		c->st = dlb_fail(c->err, DLB_LIMIT,
			"the boxes do not fit into a backup beside the cards: "
			"leave them out");
		return false;
	}
	append_name(c, box->name);
	if (c->st == DLB_OK)
		c->st = dlb_buf_append(c->out, box->root, sizeof(box->root));
	c->boxes++;
	return c->st == DLB_OK;
}

static enum dlb_status
write_own(struct content *c)
{
	const struct dlb_identity_secret *secret = dlb_letterbox_secret(c->l);
	uint8_t bytes[1 + 64 + 1 + DLB_CARD_NAME_MAX + 8 + 2];
	struct dlb_card card;
	struct dlb_writer w;
	enum dlb_status s;

	s = dlb_card_decode(&card, c->l->card.data, c->l->card.len, c->err);
	if (s != DLB_OK)
		return s;
	dlb_writer_init(&w, bytes, sizeof(bytes));
	dlb_write_u8(&w, VERSION);
	dlb_write_bytes(&w, secret->sign_seed, 32);
	dlb_write_bytes(&w, secret->agree, 32);
	dlb_write_u8(&w, (uint8_t)strlen(card.name));
	dlb_write_bytes(&w, card.name, strlen(card.name));
	dlb_write_u64(&w, card.serial);
	dlb_write_u16(&w,
		card.opening_n ? card.opening[card.opening_n - 1].month : 0);
	s = dlb_buf_append(c->out, bytes, w.len);
	dlb_wipe(bytes, sizeof(bytes));
	return s;
}

/* A count that is known when what it counts was written. */
static void
set_count(struct content *c, size_t at, uint32_t n)
{
	struct dlb_writer w;

	dlb_writer_init(&w, c->out->data + at, 2);
	dlb_write_u16(&w, (uint16_t)n);
}

enum dlb_status
dlb_backup_content(struct dlb_letterbox *l, struct dlb_buf *out,
	const struct dlb_backup_options *options, uint32_t *left_out,
	struct dlb_error *err)
{
	struct content c = {.l = l,
		.options = options,
		.out = out,
		.start = out->len,
		.err = err};
	size_t people_at, boxes_at;
	enum dlb_status s;

	*left_out = 0;
	if (!dlb_letterbox_is_person(l))
		return dlb_fail(err, DLB_REFUSED,
			"this home is a courier's: there is no identity to "
			"keep");
	/* Once, so that what is secret is not left behind by a buffer that grew. */
	s = dlb_buf_reserve(out, out->len + options->cap);
	if (s == DLB_OK)
		s = write_own(&c);
	people_at = out->len;
	if (s == DLB_OK)
		s = dlb_buf_append(out, "\0", 2);
	for (c.pass = 0; s == DLB_OK && c.pass < 3; c.pass++) {
		s = dlb_correspondent_each(l, add_person, &c, err);
		if (s == DLB_OK)
			s = c.st;
	}
	boxes_at = out->len;
	if (s == DLB_OK)
		s = dlb_buf_append(out, "\0", 2);
	if (s == DLB_OK && options->boxes)
		s = dlb_box_each(l, add_box, &c, err);
	if (s == DLB_OK)
		s = c.st;
	if (s == DLB_OK) {
		set_count(&c, people_at, c.people);
		set_count(&c, boxes_at, c.boxes);
		*left_out = c.left_out;
	}
	dlb_buf_free(&c.card);
	return s == DLB_NO_MEMORY
		? dlb_fail(err, s, "out of memory for a backup")
		: s;
}

/* ---- reading --------------------------------------------------------------------------- */

/* A name, by dlb_name_valid where it is not one's own, which may be empty. */
static bool
read_name(
	struct dlb_reader *r, char out[static DLB_NAME_TEXT_MAX + 1], bool own)
{
	size_t len = dlb_read_u8(r);

	memset(out, 0, DLB_NAME_TEXT_MAX + 1);
	if (len > DLB_NAME_TEXT_MAX)
		return false;
	dlb_read_bytes(r, out, len);
	return !r->failed && strlen(out) == len
		&& (own ? dlb_text_printable(out, len) : dlb_name_valid(out));
}

bool
dlb_backup_read_person(struct dlb_reader *r, struct dlb_backup_person *out)
{
	bool ok = read_name(r, out->name, false);

	out->flags = dlb_read_u8(r);
	out->card_len = dlb_read_u16(r);
	out->card = dlb_read_view(r, out->card_len);
	return ok && !r->failed && out->card_len > 0
		&& out->card_len <= DLB_CARD_LEN_MAX
		&& !(out->flags
			& ~(DLB_BACKUP_VERIFIED | DLB_BACKUP_NO_RECEIPTS));
}

bool
dlb_backup_read_box(struct dlb_reader *r, struct dlb_box *out)
{
	bool ok;

	memset(out, 0, sizeof(*out));
	ok = read_name(r, out->name, false);
	dlb_read_bytes(r, out->root, sizeof(out->root));
	return ok && !r->failed;
}

static bool
read_own(struct dlb_reader *r, struct dlb_backup_info *out,
	uint8_t secret[static 64])
{
	uint8_t sk[64];
	bool ok;

	dlb_read_bytes(r, secret, 64);
	ok = read_name(r, out->name, true);
	out->serial = dlb_read_u64(r);
	out->last_month = dlb_read_u16(r);
	out->people = dlb_read_u16(r);
	dlb_ed25519_keypair(out->identity.sign, sk, secret);
	dlb_x25519_public(out->identity.agree, secret + 32);
	dlb_wipe(sk, sizeof(sk));
	return ok && !r->failed && out->people <= DLB_BACKUP_PEOPLE_MAX;
}

static bool
read_lists(struct dlb_reader *r, struct dlb_backup_info *out)
{
	struct dlb_backup_person person;
	struct dlb_box box;
	bool ok = true;

	for (uint16_t i = 0; ok && i < out->people; i++)
		ok = dlb_backup_read_person(r, &person);
	out->boxes = dlb_read_u16(r);
	for (uint16_t i = 0; ok && i < out->boxes; i++)
		ok = dlb_backup_read_box(r, &box);
	dlb_wipe(&box, sizeof(box));
	if (ok)
		dlb_read_zeros(r, dlb_reader_left(r));
	return ok && dlb_reader_done(r);
}

enum dlb_status
dlb_backup_begin(struct dlb_reader *r, struct dlb_backup_info *out,
	uint8_t secret[static 64], const uint8_t *content, size_t len,
	struct dlb_error *err)
{
	uint8_t version;

	memset(out, 0, sizeof(*out));
	dlb_reader_init(r, content, len);
	version = dlb_read_u8(r);
	if (!r->failed && version != VERSION)
		return dlb_fail(err, DLB_UNSUPPORTED,
			"this backup was made by a newer program: use that one");
	if (!read_own(r, out, secret)) {
		dlb_wipe(secret, 64);
		return dlb_fail(err, DLB_MALFORMED, "not a backup");
	}
	return DLB_OK;
}

enum dlb_status
dlb_backup_look(struct dlb_backup_info *out, const uint8_t *content, size_t len,
	struct dlb_error *err)
{
	uint8_t secret[64];
	struct dlb_reader r;
	enum dlb_status s =
		dlb_backup_begin(&r, out, secret, content, len, err);

	dlb_wipe(secret, sizeof(secret));
	if (s == DLB_OK && !read_lists(&r, out))
		s = dlb_fail(err, DLB_MALFORMED, "not a backup");
	if (s != DLB_OK)
		memset(out, 0, sizeof(*out));
	return s;
}
