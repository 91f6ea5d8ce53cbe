/*
 * Rosters: canonical bytes, their checks, and the signature. docs/letterbox.md, "Rosters".
 *
 * The signature (Ed25519, by the key that the roster names as its author's) is over
 * u8(strlen(label)) || label || all bytes before it.
 */
#include "letterbox_internal.h"
#include "roster_internal.h"

#include <stdlib.h>
#include <string.h>

#define VERSION 1
#define LABEL "dlb roster v1"
#define TIME_MAX (1ULL << 40)

static const uint8_t magic[4] = "DLBR";

void
dlb_roster_free(struct dlb_roster *r)
{
	free(r->entries);
	memset(r, 0, sizeof(*r));
}

/* ---- form --------------------------------------------------------------------------- */

static bool
entry_valid(const struct dlb_roster_entry *e, const struct dlb_identity *author)
{
	static const uint8_t none[32];
	size_t note_len = strnlen(e->note, sizeof(e->note));

	return note_len <= DLB_ROSTER_NOTE_MAX
		&& (note_len == 0 || dlb_text_printable(e->note, note_len))
		&& memcmp(e->identity.sign, none, 32) != 0
		&& memcmp(e->identity.agree, none, 32) != 0
		&& memcmp(&e->identity, author, sizeof(*author)) != 0;
}

static bool
entries_valid(const struct dlb_roster *r)
{
	bool ok = r->entries_n <= DLB_ROSTER_ENTRIES_MAX;

	for (size_t i = 0; ok && i < r->entries_n; i++) {
		const struct dlb_roster_entry *e = &r->entries[i];

		ok = entry_valid(e, &r->author)
			&& (i == 0
				|| memcmp(&e[-1].identity, &e->identity,
					   sizeof(e->identity))
					< 0);
	}
	return ok;
}

static bool
form_valid(const struct dlb_roster *r)
{
	return r->number > 0 && r->number <= INT64_MAX && r->issued_ms >= 0
		&& (uint64_t)r->issued_ms / 1000 < TIME_MAX && r->days > 0
		&& r->days <= DLB_ROSTER_DAYS_MAX && entries_valid(r);
}

void
dlb_roster_entries_write(struct dlb_writer *w, const struct dlb_roster *r)
{
	dlb_write_u16(w, (uint16_t)r->entries_n);
	for (size_t i = 0; i < r->entries_n; i++) {
		const struct dlb_roster_entry *e = &r->entries[i];
		size_t note_len = strlen(e->note);

		dlb_write_bytes(w, e->identity.sign, 32);
		dlb_write_bytes(w, e->identity.agree, 32);
		dlb_write_u8(w, e->revoked);
		dlb_write_u8(w, (uint8_t)note_len);
		dlb_write_bytes(w, e->note, note_len);
	}
}

static void
write_body(struct dlb_writer *w, const struct dlb_roster *r)
{
	dlb_write_bytes(w, magic, sizeof(magic));
	dlb_write_u8(w, VERSION);
	dlb_write_u64(w, r->number);
	dlb_write_u64(w, (uint64_t)r->issued_ms / 1000);
	dlb_write_u16(w, r->days);
	dlb_write_bytes(w, r->author.sign, 32);
	dlb_write_bytes(w, r->author.agree, 32);
	dlb_roster_entries_write(w, r);
}

static enum dlb_status
read_entries(struct dlb_reader *r, struct dlb_roster *out)
{
	size_t n = dlb_read_u16(r);

	if (r->failed || n > DLB_ROSTER_ENTRIES_MAX)
		return DLB_MALFORMED;
	out->entries = calloc(n + 1, sizeof(*out->entries));
	if (!out->entries)
		return DLB_NO_MEMORY;
	out->entries_n = n;
	for (size_t i = 0; i < n && !r->failed; i++) {
		struct dlb_roster_entry *e = &out->entries[i];
		uint8_t state, note_len;

		dlb_read_bytes(r, e->identity.sign, 32);
		dlb_read_bytes(r, e->identity.agree, 32);
		state = dlb_read_u8(r);
		note_len = dlb_read_u8(r);
		if (state > 1 || note_len > DLB_ROSTER_NOTE_MAX) {
			r->failed = true;
			break;
		}
		e->revoked = state == 1;
		dlb_read_bytes(r, e->note, note_len);
		if (memchr(e->note, '\0', note_len))
			r->failed = true;
	}
	return r->failed ? DLB_MALFORMED : DLB_OK;
}

enum dlb_status
dlb_roster_entries_read(struct dlb_reader *r, struct dlb_roster *out)
{
	enum dlb_status s = read_entries(r, out);

	return s == DLB_OK && !entries_valid(out) ? DLB_MALFORMED : s;
}

static enum dlb_status
read_body(struct dlb_reader *r, struct dlb_roster *out)
{
	uint64_t seconds;

	out->number = dlb_read_u64(r);
	seconds = dlb_read_u64(r);
	if (seconds >= TIME_MAX)
		return DLB_MALFORMED;
	out->issued_ms = (int64_t)seconds * 1000;
	out->days = dlb_read_u16(r);
	dlb_read_bytes(r, out->author.sign, 32);
	dlb_read_bytes(r, out->author.agree, 32);
	return read_entries(r, out);
}

/* ---- the signature ------------------------------------------------------------------- */

static const uint8_t label[] = {sizeof(LABEL) - 1, 'd', 'l', 'b', ' ', 'r', 'o',
	's', 't', 'e', 'r', ' ', 'v', '1'};

#define IDENTITY_LEN sizeof(struct dlb_identity)
#define BODY_MAX                                                               \
	(sizeof(magic) + 1 + 8 + 8 + 2 + IDENTITY_LEN + 2                      \
		+ DLB_ROSTER_ENTRIES_MAX                                       \
			* (IDENTITY_LEN + 2 + DLB_ROSTER_NOTE_MAX))
_Static_assert(BODY_MAX + DLB_SIG_LEN <= DLB_ROSTER_FILE_MAX,
	"a roster is never longer than its file may be");
_Static_assert(sizeof(label) == sizeof(LABEL), "as long as it says");

enum dlb_status
dlb_roster_write(struct dlb_buf *out, const struct dlb_roster *r,
	const uint8_t sign_sk[static 64])
{
	uint8_t sig[DLB_SIG_LEN], *message;
	struct dlb_writer w;
	enum dlb_status s;

	if (!form_valid(r))
		return DLB_MALFORMED;
	message = malloc(sizeof(label) + BODY_MAX);
	if (!message)
		return DLB_NO_MEMORY;
	dlb_writer_init(&w, message, sizeof(label) + BODY_MAX);
	dlb_write_bytes(&w, label, sizeof(label));
	write_body(&w, r);
	dlb_ed25519_sign(sig, message, w.len, sign_sk);
	s = w.failed ? DLB_LIMIT
		     : dlb_buf_reserve(out, out->len + w.len + DLB_SIG_LEN);
	if (s == DLB_OK)
		s = dlb_buf_append(
			out, message + sizeof(label), w.len - sizeof(label));
	if (s == DLB_OK)
		s = dlb_buf_append(out, sig, sizeof(sig));
	free(message);
	return s;
}

static enum dlb_status
verify(const struct dlb_roster *r, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	size_t body_len = len - DLB_SIG_LEN;
	uint8_t *message = malloc(sizeof(label) + body_len);
	bool good;

	if (!message)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	memcpy(message, label, sizeof(label));
	memcpy(message + sizeof(label), data, body_len);
	good = dlb_ed25519_verify(data + body_len, message,
		sizeof(label) + body_len, r->author.sign);
	free(message);
	return good ? DLB_OK
		    : dlb_fail(err, DLB_FORGED,
			    "the roster's signature does not verify: it was "
			    "changed on the way, or another hand signed it; "
			    "ask its author for it again");
}

enum dlb_status
dlb_roster_parse(struct dlb_roster *out, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	struct dlb_reader r;
	const uint8_t *start;
	uint8_t version;
	enum dlb_status s;

	memset(out, 0, sizeof(*out));
	if (len > DLB_ROSTER_FILE_MAX)
		return dlb_fail(err, DLB_LIMIT, "longer than a roster may be");
	dlb_reader_init(&r, data, len);
	start = dlb_read_view(&r, sizeof(magic));
	version = dlb_read_u8(&r);
	if (r.failed || memcmp(start, magic, sizeof(magic)) != 0)
		return dlb_fail(err, DLB_MALFORMED,
			"this is no roster: `dlb roster export` writes one");
	if (version != VERSION)
		return dlb_fail(err, DLB_UNSUPPORTED,
			"the roster is of version %u, which this program does "
			"not know: a newer version may",
			version);
	s = read_body(&r, out);
	dlb_read_view(&r, DLB_SIG_LEN);
	if (s == DLB_OK && (!dlb_reader_done(&r) || !form_valid(out)))
		s = DLB_MALFORMED;
	if (s == DLB_NO_MEMORY)
		s = dlb_fail(err, s, "out of memory");
	else if (s != DLB_OK)
		s = dlb_fail(err, s,
			"the roster is damaged or cut short, or names what is no "
			"node: ask its author for it again");
	if (s == DLB_OK)
		s = verify(out, data, len, err);
	if (s != DLB_OK)
		dlb_roster_free(out);
	return s;
}
