/*
 * What a backup holds: written. docs/letterbox.md, "What a backup holds".
 *
 * Invariants: nothing of it opens or finds a letter. Secrets of epochs, letters, recall
 * keys, the satchel's key and the home's own lock are never looked at here. What is
 * missed most is written first: what has no room any more is left out.
 */
#include "backup_internal.h"

#include <string.h>

#define VERSION 2

/* In this order. Who keeps a share comes before all others; who is verified before who is
 * not. */
enum pass { HOLDERS, VERIFIED, OTHERS };

struct content {
	struct dlb_letterbox *l;
	const struct dlb_backup_options *options;
	struct dlb_writer w;
	struct dlb_buf bytes; /* a card, a roster */
	enum pass pass;
	bool trusted; /* rosters whose word counts, or the others */
	struct dlb_backup_counts n, left_out;
	enum dlb_status st;
	struct dlb_error *err;
};

/* ---- items ------------------------------------------------------------------------------- */

static size_t
begin_item(struct content *c, enum dlb_backup_kind kind)
{
	size_t at = c->w.len;

	dlb_write_u8(&c->w, (uint8_t)kind);
	dlb_write_u32(&c->w, 0);
	return at;
}

/* Its length is known now. What does not fit, or is one too many, is not there. */
static bool
end_item(struct content *c, size_t at, uint32_t *n, uint32_t *left_out)
{
	struct dlb_writer len;

	if (c->w.failed || *n == DLB_BACKUP_ITEMS_MAX) {
		c->w.failed = false;
		dlb_wipe(c->w.buf + at, c->w.len - at);
		c->w.len = at;
		++*left_out;
		return false;
	}
	dlb_writer_init(&len, c->w.buf + at + 1, 4);
	dlb_write_u32(&len, (uint32_t)(c->w.len - at - 5));
	++*n;
	return true;
}

static void
write_text(struct content *c, const char *text)
{
	size_t len = strlen(text);

	dlb_write_u8(&c->w, (uint8_t)len);
	dlb_write_bytes(&c->w, text, len);
}

static void
write_identity(struct content *c, const struct dlb_identity *identity)
{
	dlb_write_bytes(&c->w, identity->sign, sizeof(identity->sign));
	dlb_write_bytes(&c->w, identity->agree, sizeof(identity->agree));
}

static void
write_long(struct content *c, const struct dlb_buf *bytes)
{
	dlb_write_u32(&c->w, (uint32_t)bytes->len);
	if (bytes->len > 0)
		dlb_write_bytes(&c->w, bytes->data, bytes->len);
}

static bool
comes_first(const struct content *c, int64_t id)
{
	for (size_t i = 0; i < c->options->first_n; i++)
		if (c->options->first[i] == id)
			return true;
	return false;
}

static bool
add_person(void *ctx, const struct dlb_correspondent *who)
{
	struct content *c = ctx;
	enum pass pass = comes_first(c, who->id) ? HOLDERS
		: who->verified                  ? VERIFIED
						 : OTHERS;
	size_t at;

	if (pass != c->pass)
		return true;
	c->bytes.len = 0;
	c->st = dlb_correspondent_card(c->l, &c->bytes, who->id, c->err);
	if (c->st != DLB_OK)
		return false;
	at = begin_item(c, DLB_BACKUP_PERSON);
	write_text(c, who->name);
	dlb_write_u8(&c->w,
		(uint8_t)((who->verified ? DLB_BACKUP_VERIFIED : 0)
			| (who->receipts ? 0 : DLB_BACKUP_NO_RECEIPTS)));
	dlb_write_u16(&c->w, (uint16_t)c->bytes.len);
	dlb_write_bytes(&c->w, c->bytes.data, c->bytes.len);
	if (!end_item(c, at, &c->n.people, &c->left_out.people)
		&& pass == HOLDERS)
		c->st = dlb_fail(c->err, DLB_LIMIT,
			"the cards of those who are to keep shares do not fit "
			"into a backup: name fewer");
	return c->st == DLB_OK;
}

static bool
add_box(void *ctx, const struct dlb_box *box)
{
	struct content *c = ctx;
	size_t at = begin_item(c, DLB_BACKUP_BOX);

	write_text(c, box->name);
	dlb_write_bytes(&c->w, box->root, sizeof(box->root));
	write_text(c, box->place);
	end_item(c, at, &c->n.boxes, &c->left_out.boxes);
	return true;
}

/* Not their card: it comes with their next bulletin, and is a hundred times as long. */
static bool
add_author(void *ctx, const struct dlb_author *a)
{
	struct content *c = ctx;
	size_t at = begin_item(c, DLB_BACKUP_AUTHOR);

	write_text(c, a->name);
	write_identity(c, &a->identity);
	dlb_write_u64(&c->w, a->serial);
	dlb_write_bytes(&c->w, a->key, sizeof(a->key));
	end_item(c, at, &c->n.authors, &c->left_out.authors);
	return true;
}

static size_t
write_roster(struct content *c, const struct dlb_roster_author *a,
	const struct dlb_buf *bytes)
{
	size_t at = begin_item(c, DLB_BACKUP_ROSTER);

	write_text(c, a->name);
	write_identity(c, &a->identity);
	dlb_write_u8(&c->w, a->trusted ? DLB_BACKUP_TRUSTED : 0);
	dlb_write_u64(&c->w, a->number > a->floor ? a->number : a->floor);
	write_long(c, bytes);
	return at;
}

/* Where one whose word counts has no room, its number stays: no older one is to be
 * believed. */
static bool
add_roster(void *ctx, const struct dlb_roster_author *a)
{
	struct content *c = ctx;
	size_t at;

	if (a->trusted != c->trusted || (!a->trusted && a->number == 0))
		return true;
	c->bytes.len = 0;
	if (a->number > 0)
		c->st = dlb_roster_held(c->l, &c->bytes, a->id, c->err);
	if (c->st != DLB_OK)
		return false;
	at = write_roster(c, a, &c->bytes);
	if (c->w.failed && a->trusted) {
		c->w.failed = false;
		c->w.len = at;
		c->bytes.len = 0;
		at = write_roster(c, a, &c->bytes);
	}
	end_item(c, at, &c->n.rosters, &c->left_out.rosters);
	return true;
}

/* ---- oneself -------------------------------------------------------------------------------- */

static enum dlb_status
write_own(struct content *c)
{
	const struct dlb_identity_secret *secret = dlb_letterbox_secret(c->l);
	struct dlb_card card;
	enum dlb_status s =
		dlb_card_decode(&card, c->l->card.data, c->l->card.len, c->err);

	if (s != DLB_OK)
		return s;
	dlb_write_u8(&c->w, VERSION);
	dlb_write_bytes(&c->w, secret->sign_seed, 32);
	dlb_write_bytes(&c->w, secret->agree, 32);
	write_text(c, card.name);
	dlb_write_u64(&c->w, card.serial);
	dlb_write_u16(&c->w,
		card.opening_n ? card.opening[card.opening_n - 1].month : 0);
	return c->w.failed
		? dlb_fail(c->err, DLB_LIMIT, "there is no room for a backup")
		: DLB_OK;
}

/* The one that was signed last says what it has, but for what was changed since. */
static enum dlb_status
add_own_roster(struct content *c)
{
	struct dlb_roster_sent sent;
	struct dlb_roster r;
	bool changed;
	size_t at;
	enum dlb_status s = dlb_own_roster(c->l, &r, &changed, c->err);

	if (s != DLB_OK)
		return s;
	c->bytes.len = 0;
	if (r.number > 0)
		s = dlb_own_roster_last(c->l, &c->bytes);
	if (s == DLB_OK && (r.number > 0 || r.entries_n > 0)) {
		changed = changed || r.number == 0;
		(void)dlb_own_roster_last_sent(c->l, &sent);
		at = begin_item(c, DLB_BACKUP_OWN_ROSTER);
		dlb_write_u8(&c->w, changed);
		dlb_write_u64(&c->w, sent.number);
		dlb_write_u64(&c->w, (uint64_t)sent.issued_ms / 1000);
		write_long(c, &c->bytes);
		if (changed)
			dlb_roster_entries_write(&c->w, &r);
		end_item(c, at, &c->n.own_rosters, &c->left_out.own_rosters);
	}
	dlb_roster_free(&r);
	return s == DLB_OK ? s
			   : dlb_fail(c->err, s, "the roster can not be read");
}

/* ---- all of it ---------------------------------------------------------------------------------- */

static enum dlb_status
add_people(struct content *c, enum pass pass)
{
	enum dlb_status s;

	c->pass = pass;
	s = dlb_correspondent_each(c->l, add_person, c, c->err);
	return s == DLB_OK ? c->st : s;
}

static enum dlb_status
add_rosters(struct content *c, bool trusted)
{
	enum dlb_status s;

	c->trusted = trusted;
	s = dlb_roster_author_each(c->l, add_roster, c, c->err);
	return s == DLB_OK ? c->st : s;
}

static enum dlb_status
write_all(struct content *c)
{
	enum dlb_status s = write_own(c);

	if (s == DLB_OK)
		s = add_own_roster(c);
	if (s == DLB_OK)
		s = add_people(c, HOLDERS);
	if (s == DLB_OK && !c->options->no_boxes)
		s = dlb_box_each(c->l, add_box, c, c->err);
	if (s == DLB_OK)
		s = dlb_author_each(c->l, add_author, c, c->err);
	if (s == DLB_OK)
		s = add_rosters(c, true);
	if (s == DLB_OK)
		s = add_people(c, VERIFIED);
	if (s == DLB_OK)
		s = add_people(c, OTHERS);
	return s == DLB_OK ? add_rosters(c, false) : s;
}

enum dlb_status
dlb_backup_content(struct dlb_letterbox *l, struct dlb_buf *out,
	const struct dlb_backup_options *options,
	struct dlb_backup_counts *left_out, struct dlb_error *err)
{
	struct content c = {.l = l, .options = options, .err = err};
	enum dlb_status s;

	memset(left_out, 0, sizeof(*left_out));
	if (!dlb_letterbox_is_person(l))
		return dlb_fail(err, DLB_REFUSED,
			"this home is a courier's: there is no identity to "
			"keep");
	/* Once, so that what is secret is not left behind by a buffer that grew. */
	s = dlb_buf_reserve(out, out->len + options->cap);
	if (s != DLB_OK)
		return dlb_fail(err, s, "out of memory for a backup");
	/* A byte is left for the end. */
	dlb_writer_init(&c.w, out->data + out->len,
		options->cap ? options->cap - 1 : 0);
	s = write_all(&c);
	if (s == DLB_OK) {
		out->data[out->len + c.w.len] = DLB_BACKUP_END;
		out->len += c.w.len + 1;
		*left_out = c.left_out;
	} else {
		dlb_wipe(out->data + out->len, c.w.len);
	}
	dlb_buf_free(&c.bytes);
	return s;
}
