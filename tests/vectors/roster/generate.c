/*
 * Writes the vectors of docs/letterbox.md, section 17, into a directory that exists:
 *
 *	roster_vectors DIR
 *
 * v1.roster, and rosters that are to be refused: but for the first two, their author has
 * signed them as they are. They are made once for a version of the format, and read ever
 * after.
 */
#include "letterbox.h"
#include "roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ISSUED 1785000000
#define NUMBER 1785000001

struct hand {
	uint8_t sk[64];
	struct dlb_identity identity;
};

/* What may be wrong with one. */
struct made {
	const char *name;
	const char *verdict; /* of who reads it */
	uint8_t version;
	uint64_t number, issued;
	uint16_t days, count;
	uint8_t state; /* of the second entry */
	uint8_t order; /* 0 as it is to be, 1 turned round, 2 the first one twice */
	uint8_t who; /* of the second entry: 0 itself, 1 its author, 2, 3 half a key */
	const char *note; /* of the first entry */
	size_t note_len;
};

static struct hand author, other, named[2];

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "roster_vectors: %s\n", what);
	exit(1);
}

static void
hand_init(struct hand *h, uint8_t fill)
{
	uint8_t seed[32];

	memset(seed, fill, sizeof(seed));
	dlb_ed25519_keypair(h->identity.sign, h->sk, seed);
	dlb_x25519_public(h->identity.agree, seed);
}

static void
put_entry(struct dlb_writer *w, const struct dlb_identity *who, uint8_t state,
	const char *note, size_t note_len)
{
	dlb_write_bytes(w, who->sign, 32);
	dlb_write_bytes(w, who->agree, 32);
	dlb_write_u8(w, state);
	dlb_write_u8(w, (uint8_t)note_len);
	dlb_write_bytes(w, note, note_len);
}

static void
put_entries(struct dlb_writer *w, const struct made *m)
{
	struct dlb_identity second = named[1].identity;
	bool second_first;

	if (m->who == 1)
		second = author.identity;
	if (m->who == 2)
		memset(second.agree, 0, 32);
	if (m->who == 3)
		memset(second.sign, 0, 32);
	/* Where order is not what is wrong, it is right. */
	second_first = memcmp(&second, &named[0].identity, sizeof(second)) < 0;
	if (m->order == 1)
		second_first = !second_first;
	if (second_first)
		put_entry(w, &second, m->state, "", 0);
	put_entry(w, &named[0].identity, 0, m->note, m->note_len);
	if (m->order == 2)
		put_entry(w, &named[0].identity, 0, m->note, m->note_len);
	if (!second_first)
		put_entry(w, &second, m->state, "", 0);
}

static size_t
write_roster(uint8_t *out, size_t cap, const struct made *m)
{
	static const char label[] = "\x0d"
				    "dlb roster v1";
	uint8_t message[8192], sig[DLB_SIG_LEN];
	struct dlb_writer w;
	size_t label_len = sizeof(label) - 1;

	dlb_writer_init(&w, message, sizeof(message));
	dlb_write_bytes(&w, label, label_len);
	dlb_write_bytes(&w, "DLBR", 4);
	dlb_write_u8(&w, m->version);
	dlb_write_u64(&w, m->number);
	dlb_write_u64(&w, m->issued);
	dlb_write_u16(&w, m->days);
	dlb_write_bytes(&w, author.identity.sign, 32);
	dlb_write_bytes(&w, author.identity.agree, 32);
	dlb_write_u16(&w, m->count);
	put_entries(&w, m);
	dlb_ed25519_sign(sig, message, w.len, author.sk);
	need(!w.failed && w.len - label_len + sizeof(sig) <= cap, "too long");
	memcpy(out, message + label_len, w.len - label_len);
	memcpy(out + w.len - label_len, sig, sizeof(sig));
	return w.len - label_len + sizeof(sig);
}

static void
save(const char *dir, const char *name, const void *data, size_t len)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.roster", dir, name);
	f = fopen(path, "wb");
	need(f && fwrite(data, 1, len, f) == len && fclose(f) == 0, path);
}

static void
save_bad(const char *dir, FILE *list, const char *name, const char *verdict,
	const void *data, size_t len)
{
	char file[64];

	snprintf(file, sizeof(file), "bad-%s", name);
	save(dir, file, data, len);
	fprintf(list, "bad %s %s\n", name, verdict);
}

#define GOOD                                                                   \
	.version = 1, .number = NUMBER, .issued = ISSUED, .days = 180,         \
	.count = 2, .state = 1, .note = "the ferry of Zo\u00eb",               \
	.note_len = 17

static const struct made bad[] = {
	{GOOD, .name = "order", .verdict = "malformed", .order = 1},
	{GOOD, .name = "twice", .verdict = "malformed", .order = 2},
	{GOOD, .name = "author", .verdict = "malformed", .who = 1},
	{GOOD, .name = "no-agree", .verdict = "malformed", .who = 2},
	{GOOD, .name = "no-sign", .verdict = "malformed", .who = 3},
	{GOOD, .name = "count", .verdict = "malformed"},
	{GOOD, .name = "state", .verdict = "malformed"},
	{GOOD, .name = "number", .verdict = "malformed"},
	{GOOD, .name = "number-top", .verdict = "malformed"},
	{GOOD, .name = "issued", .verdict = "malformed"},
	{GOOD, .name = "days", .verdict = "malformed"},
	{GOOD, .name = "days-top", .verdict = "malformed"},
	{GOOD, .name = "note", .verdict = "malformed"},
	{GOOD, .name = "note-direction", .verdict = "malformed"},
	{GOOD, .name = "note-utf8", .verdict = "malformed"},
	{GOOD, .name = "note-long", .verdict = "malformed"},
	{GOOD, .name = "version", .verdict = "unsupported"},
};

static bool
is(const struct made *m, const char *name)
{
	return strcmp(m->name, name) == 0;
}

/* What the list can not say twice. */
static struct made
spoil(const struct made *of)
{
	static const char long_note[] = "0123456789012345678901234567890123456"
					"7890123456789012345678901234";
	struct made m = *of;

	if (is(&m, "count") || is(&m, "twice"))
		m.count = 3;
	if (is(&m, "state"))
		m.state = 2;
	if (is(&m, "number"))
		m.number = 0;
	if (is(&m, "number-top"))
		m.number = 1ULL << 63;
	if (is(&m, "issued"))
		m.issued = 1ULL << 40;
	if (is(&m, "days"))
		m.days = 0;
	if (is(&m, "days-top"))
		m.days = 3651;
	if (is(&m, "version"))
		m.version = 2;
	if (is(&m, "note")) {
		m.note = "a\tb";
		m.note_len = 3;
	}
	if (is(&m, "note-direction")) {
		m.note = "a\u202eb";
		m.note_len = 5;
	}
	if (is(&m, "note-utf8")) {
		m.note = "a\xc0\x80";
		m.note_len = 3;
	}
	if (is(&m, "note-long")) {
		m.note = long_note;
		m.note_len = 65;
	}
	return m;
}

static void
write_good(const char *dir, FILE *list)
{
	struct made good = {GOOD};
	struct dlb_roster r;
	struct dlb_buf same = {0};
	uint8_t bytes[8192];
	size_t len = write_roster(bytes, sizeof(bytes), &good);
	char hex[129];

	need(dlb_roster_parse(&r, bytes, len, NULL) == DLB_OK
			&& dlb_roster_write(&same, &r, author.sk) == DLB_OK
			&& same.len == len
			&& memcmp(same.data, bytes, len) == 0,
		"the good one");
	save(dir, "v1", bytes, len);
	fprintf(list, "number %d\nissued %d\ndays 180\n", NUMBER, ISSUED);
	for (size_t i = 0; i < 2; i++) {
		dlb_hex(hex, r.entries[i].identity.sign, 32);
		fprintf(list, "entry %s ", hex);
		dlb_hex(hex, r.entries[i].identity.agree, 32);
		fprintf(list, "%s %u %s\n", hex, r.entries[i].revoked,
			r.entries[i].note);
	}
	dlb_roster_free(&r);
	/* Of another hand, and changed. */
	bytes[len - 1] ^= 1;
	save_bad(dir, list, "signature", "forged", bytes, len);
	bytes[len - 1] ^= 1;
	memcpy(bytes + 23, other.identity.sign, 32);
	save_bad(dir, list, "hand", "forged", bytes, len);
	memcpy(bytes + 23, author.identity.sign, 32);
	bytes[len] = 0;
	save_bad(dir, list, "behind", "malformed", bytes, len + 1);
	save_bad(dir, list, "cut", "malformed", bytes, len - 1);
	dlb_buf_free(&same);
}

int
main(int argc, char **argv)
{
	char path[4096];
	FILE *list;

	need(argc == 2 && dlb_base_init() == DLB_OK, "roster_vectors DIR");
	hand_init(&author, 1);
	hand_init(&other, 2);
	hand_init(&named[0], 3);
	hand_init(&named[1], 4);
	if (memcmp(&named[0].identity, &named[1].identity,
		    sizeof(named[0].identity))
		> 0) {
		struct hand h = named[0];

		named[0] = named[1];
		named[1] = h;
	}
	snprintf(path, sizeof(path), "%s/v1.txt", argv[1]);
	list = fopen(path, "wb");
	need(list != NULL, path);
	write_good(argv[1], list);
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++) {
		struct made m = spoil(&bad[i]);
		uint8_t bytes[8192];
		size_t len = write_roster(bytes, sizeof(bytes), &m);

		save_bad(argv[1], list, m.name, m.verdict, bytes, len);
	}
	need(fclose(list) == 0, path);
	return 0;
}
