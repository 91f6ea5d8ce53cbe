/*
 * What a bulletin says and who signed it. docs/letterbox.md, section 7.
 *
 * The signature (Ed25519) is over u8(strlen(label)) || label || the head before it:
 * author, id, time, day and slot of the handle, a hash of the content, and one of the
 * sealing, so that neither content nor cells can be exchanged, and what is signed is
 * no other thing that this key signs.
 */
#include "bulletins.h"

#include "letterbox_internal.h"
#include "manifest.h"

#include <string.h>

#define VERSION 1
#define LABEL "dlb bulletin v1"
#define SIGNED_LEN (DLB_BULLETIN_HEAD_LEN - DLB_SIG_LEN)

static const char magic[4] = "DLBB";

/* ---- the signature ------------------------------------------------------------------- */

struct message {
	uint8_t bytes[sizeof(LABEL) + SIGNED_LEN];
};

static void
message_of(struct message *m, const uint8_t head[static SIGNED_LEN])
{
	m->bytes[0] = sizeof(LABEL) - 1;
	memcpy(m->bytes + 1, LABEL, sizeof(LABEL) - 1);
	memcpy(m->bytes + sizeof(LABEL), head, SIGNED_LEN);
}

void
dlb_bulletin_sign(uint8_t head[static DLB_BULLETIN_HEAD_LEN],
	const struct dlb_bulletin *b, const uint8_t sign_sk[static 64])
{
	struct message m;
	struct dlb_writer w;

	dlb_writer_init(&w, head, SIGNED_LEN);
	dlb_write_bytes(&w, magic, sizeof(magic));
	dlb_write_u8(&w, VERSION);
	dlb_write_u8(&w, b->kind);
	dlb_write_u8(&w, b->title_len);
	dlb_write_u8(&w, b->name_len);
	dlb_write_bytes(&w, b->id, sizeof(b->id));
	dlb_write_u64(&w, (uint64_t)b->posted_ms);
	dlb_write_u32(&w, b->day);
	dlb_write_u8(&w, b->slot);
	dlb_write_zeros(&w, 3);
	dlb_write_u64(&w, b->body_len);
	dlb_write_bytes(&w, b->author.sign, sizeof(b->author.sign));
	dlb_write_bytes(&w, b->author.agree, sizeof(b->author.agree));
	dlb_write_bytes(&w, b->content, sizeof(b->content));
	dlb_write_bytes(&w, b->sealing, sizeof(b->sealing));
	message_of(&m, head);
	dlb_ed25519_sign(head + SIGNED_LEN, m.bytes, sizeof(m.bytes), sign_sk);
}

/* The day of the handle is that of the posting, or the one after: a letterbox that was
 * restored does not know what it took of its first day, and a roster does not wait. */
static bool
form_valid(const struct dlb_bulletin *b)
{
	int64_t day = b->posted_ms / DLB_DAY_MS;

	return b->kind >= DLB_KIND_CARD && b->posted_ms >= DLB_EPOCH_MS
		&& day <= UINT32_MAX - 1 && (b->day == day || b->day == day + 1)
		&& b->slot < DLB_BULLETIN_SLOTS
		&& b->title_len <= DLB_BULLETIN_TITLE_MAX
		&& b->body_len <= DLB_BULLETIN_BODY_MAX;
}

static void
read_head(struct dlb_reader *r, struct dlb_bulletin *out)
{
	out->kind = dlb_read_u8(r);
	out->title_len = dlb_read_u8(r);
	out->name_len = dlb_read_u8(r);
	dlb_read_bytes(r, out->id, sizeof(out->id));
	out->posted_ms = (int64_t)dlb_read_u64(r);
	out->day = dlb_read_u32(r);
	out->slot = dlb_read_u8(r);
	dlb_read_zeros(r, 3);
	out->body_len = dlb_read_u64(r);
	dlb_read_bytes(r, out->author.sign, sizeof(out->author.sign));
	dlb_read_bytes(r, out->author.agree, sizeof(out->author.agree));
	dlb_read_bytes(r, out->content, sizeof(out->content));
	dlb_read_bytes(r, out->sealing, sizeof(out->sealing));
}

enum dlb_status
dlb_bulletin_read(struct dlb_bulletin *out, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	struct dlb_reader r;
	const uint8_t *start;
	struct message m;
	uint8_t version;

	memset(out, 0, sizeof(*out));
	if (len < DLB_BULLETIN_HEAD_LEN
		|| memcmp(data, magic, sizeof(magic)) != 0)
		return dlb_fail(err, DLB_MALFORMED, "this is not a bulletin");
	dlb_reader_init(&r, data, SIGNED_LEN);
	start = dlb_read_view(&r, sizeof(magic));
	version = dlb_read_u8(&r);
	if (version != VERSION)
		return dlb_fail(err, DLB_UNSUPPORTED,
			"the bulletin is of version %u, which this program does "
			"not know: a newer version may",
			version);
	read_head(&r, out);
	if (!dlb_reader_done(&r) || !form_valid(out)) {
		memset(out, 0, sizeof(*out));
		return dlb_fail(err, DLB_MALFORMED,
			"the bulletin is damaged or cut short");
	}
	message_of(&m, start);
	if (dlb_ed25519_verify(data + SIGNED_LEN, m.bytes, sizeof(m.bytes),
		    out->author.sign))
		return DLB_OK;
	memset(out, 0, sizeof(*out));
	return dlb_fail(err, DLB_FORGED,
		"the signature of the bulletin does not verify: it was changed, "
		"or its author did not write it");
}

/* ---- title, name, body ----------------------------------------------------------------- */

static void
hash_content(uint8_t out[static DLB_HASH_LEN], const char *title,
	size_t title_len, const char *name, size_t name_len, const void *body,
	size_t len)
{
	struct dlb_hash h;

	dlb_hash_init(&h);
	dlb_hash_update(&h, title, title_len);
	dlb_hash_update(&h, name, name_len);
	dlb_hash_update(&h, body, len);
	dlb_hash_final(&h, out);
}

/* Shown in lists, and what a file may be called. */
static bool
texts_valid(
	const char *title, size_t title_len, const char *name, size_t name_len)
{
	return dlb_text_printable(title, title_len)
		&& dlb_text_printable(name, name_len)
		&& !memchr(name, '/', name_len)
		&& !memchr(title, '\n', title_len)
		&& (name_len == 0 || name[0] != '.');
}

enum dlb_status
dlb_bulletin_describe(struct dlb_bulletin *b, const char *title,
	const char *name, const void *body, size_t len, struct dlb_error *err)
{
	size_t title_len = strlen(title), name_len = strlen(name);

	if (title_len > DLB_BULLETIN_TITLE_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"the title has %zu bytes, and at most %d fit: make it "
			"shorter",
			title_len, DLB_BULLETIN_TITLE_MAX);
	if (len > DLB_BULLETIN_BODY_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"a bulletin holds at most %u MiB, and this is more: make "
			"it shorter, or post several",
			DLB_BULLETIN_BODY_MAX >> 20);
	if (name_len > DLB_BULLETIN_NAME_MAX
		|| !texts_valid(title, title_len, name, name_len))
		return dlb_fail(err, DLB_USAGE,
			"the title, or the file's name, holds what can not be "
			"shown (control characters, or no UTF-8): give another "
			"with --title, or rename the file");
	b->title_len = (uint8_t)title_len;
	b->name_len = (uint8_t)name_len;
	b->body_len = len;
	hash_content(b->content, title, title_len, name, name_len, body, len);
	return DLB_OK;
}

enum dlb_status
dlb_bulletin_content(struct dlb_bulletin_content *out,
	const struct dlb_bulletin *b, const uint8_t *rest, size_t len,
	struct dlb_error *err)
{
	uint8_t hash[DLB_HASH_LEN];
	const char *title, *name;
	struct dlb_reader r;

	memset(out, 0, sizeof(*out));
	dlb_reader_init(&r, rest, len);
	title = (const char *)dlb_read_view(&r, b->title_len);
	name = (const char *)dlb_read_view(&r, b->name_len);
	out->body = dlb_read_view(&r, (size_t)b->body_len);
	if (!dlb_reader_done(&r)) {
		out->body = NULL;
		return dlb_fail(err, DLB_FORGED,
			"the bulletin is not as long as what its author signed");
	}
	hash_content(hash, title, b->title_len, name, b->name_len, out->body,
		(size_t)b->body_len);
	if (!dlb_equal(hash, b->content, sizeof(hash))
		|| !texts_valid(title, b->title_len, name, b->name_len)) {
		out->body = NULL;
		return dlb_fail(err, DLB_FORGED,
			"the bulletin is not what its author signed");
	}
	memcpy(out->title, title, b->title_len);
	memcpy(out->name, name, b->name_len);
	out->len = (size_t)b->body_len;
	return DLB_OK;
}

/* ---- the content of a head cell ---------------------------------------------------------- */

/* Where the file that is all of the content begins; 0: it is none. */
static size_t
payload_at(const uint8_t *content, size_t len, uint64_t content_len)
{
	struct dlb_manifest_file file;
	struct dlb_manifest m;
	struct dlb_reader r;
	size_t at = 0, manifest_len;
	const uint8_t *manifest;

	dlb_reader_init(&r, content, len);
	manifest_len = dlb_read_u32(&r);
	manifest = dlb_read_view(&r, manifest_len);
	if (r.failed
		|| dlb_manifest_parse(&m, manifest, manifest_len, NULL)
			!= DLB_OK
		|| m.fields.kind != DLB_KIND_BULLETIN
		|| m.fields.codec != DLB_CODEC_NONE || m.files_n != 1
		|| !dlb_manifest_next(&m, &at, &file)
		|| file.type != DLB_FILE_REGULAR
		|| file.size != content_len - (4 + manifest_len))
		return 0;
	return 4 + manifest_len;
}

/* Does the cell hold what its lengths say, and the letter? */
static bool
lengths_fit(const struct dlb_bulletin_head *h, const struct dlb_stripe *t,
	size_t before)
{
	uint64_t texts = (uint64_t)h->b.title_len + h->b.name_len;

	return h->rest_len >= texts
		&& t->content_len - before == texts + h->b.body_len;
}

enum dlb_status
dlb_bulletin_open(struct dlb_bulletin_head *out,
	const struct dlb_stripe *stripe, const uint8_t *content,
	struct dlb_error *err)
{
	const struct dlb_stripe *t = stripe;
	size_t at = 0, before, len = t->inline_len;
	uint8_t sealing[DLB_HASH_LEN];
	enum dlb_status st;

	memset(out, 0, sizeof(*out));
	if (content && t->mode == DLB_STRIPE_WHOLE && t->n == 1
		&& t->cells <= DLB_BULLETIN_CELLS_MAX)
		at = payload_at(content, len, t->content_len);
	before = at + DLB_BULLETIN_HEAD_LEN
		+ (size_t)(t->cells - 1) * DLB_HASH_LEN;
	if (at == 0 || len < before)
		return dlb_fail(err, DLB_MALFORMED, "this is not a bulletin");
	st = dlb_bulletin_read(&out->b, content + at, len - at, err);
	if (st != DLB_OK)
		return st;
	out->head = content + at;
	out->cores = out->head + DLB_BULLETIN_HEAD_LEN;
	out->rest = content + before;
	out->rest_len = len - before;
	dlb_bulletin_sealing(sealing, t, content, at, out->cores,
		len - at - DLB_BULLETIN_HEAD_LEN);
	if (dlb_equal(sealing, out->b.sealing, sizeof(sealing))
		&& lengths_fit(out, t, before))
		return DLB_OK;
	memset(out, 0, sizeof(*out));
	return dlb_fail(err, DLB_FORGED,
		"the bulletin is not in the cells that its author sealed");
}
