/*
 * Fuzz target for `satchel`: satchels that a hostile hand made, which knows the
 * key, as the key of an open stick is known to all.
 *
 * The first byte says whether the satchel lies in one file (even) or in four. The
 * rest is a list of steps on a small sound one in memory. A step changes raw bytes,
 * seals an entry or a superblock of its own making, cuts a file off, spoils a
 * sector, or uses the satchel. Opening, listing, getting, putting, changing and scrubbing must end, in
 * an error or not.
 *
 * Beyond memory errors: what the satchel says of itself holds together, and what
 * an opening mended needs no mending again.
 */
#include "memory_fs.h"
#include "recall.h"
#include "satchel_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define SLOTS 16
#define CELLS 24
#define PUT_MAX 8
#define SOUND 6 /* of them are in the satchel to begin with */
#define STEPS_MAX 64
#define WEEK 100
#define PARTS 4
#define PART_LEN (5 * 65536)

#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);          \
			abort();                                               \
		}                                                              \
	} while (0)

static const struct dlb_unlock open_to_all = {DLB_UNLOCK_OPEN, NULL, 0};
static const char *const paths[PARTS] = {"f", "f.1", "f.2", "f.3"};

/* The sound one. */
static struct {
	uint8_t *bytes;
	size_t len;
	struct dlb_satchel_keys keys;
	struct dlb_super super;
	struct dlb_layout layout;
	struct dlb_entry_plain entries[SOUND];
	struct dlb_aead *aead;
	uint8_t cells[CELLS][DLB_SATCHEL_CELL_LEN];
} sound;

struct world {
	struct dlb_env_seeded env;
	struct dlb_satchel *s;
	uint64_t span_len;
	struct dlb_reader in;
};

/* ---- the sound one ------------------------------------------------------------- */

static struct dlb_satchel_item
item_of(unsigned i)
{
	struct dlb_satchel_item item = {.cell = sound.cells[i], .copies = 3};

	dlb_sha256_2(item.core, item.cell, 16, item.cell + 32,
		DLB_SATCHEL_CELL_LEN - 32);
	dlb_sha256_2(item.name, item.core, 32, item.cell + 16, 16);
	return item;
}

static struct dlb_satchel_token
token_of(unsigned i)
{
	struct dlb_satchel_token t = {.token = {7, (uint8_t)i}};

	return t;
}

static void
prepare(void)
{
	struct dlb_satchel_options o = {
		.slots = SLOTS, .reserve = 4, .unlock = open_to_all};
	struct dlb_satchel_item items[SOUND];
	struct dlb_env_seeded env;
	struct memory_file *m;
	struct dlb_satchel *s;

	dlb_pool_limit(1);
	REQUIRE(dlb_base_init() == DLB_OK);
	REQUIRE(dlb_aead_new(&sound.aead) == DLB_OK);
	dlb_env_seeded_init(&env, 1, 0);
	for (unsigned i = 0; i < CELLS; i++) {
		dlb_random(&env.env, sound.cells[i], DLB_SATCHEL_CELL_LEN);
		sound.cells[i][DLB_CELL_EXPIRY_AT] = 0;
		dlb_sha256(sound.cells[i] + DLB_CELL_TOKEN_HASH_AT,
			token_of(i).token, 32);
	}
	REQUIRE(dlb_satchel_create(
			memory_fs(), paths[0], &o, &env.env, NULL, NULL)
		== DLB_OK);
	REQUIRE(dlb_satchel_open(&s, memory_fs(), paths[0], &open_to_all, true,
			0, &env.env, NULL)
		== DLB_OK);
	for (unsigned i = 0; i < SOUND; i++) {
		items[i] = item_of(i);
		items[i].flags = i % 2 ? DLB_SHOWN : DLB_SHOWN | DLB_HELD;
	}
	REQUIRE(dlb_satchel_put(s, items, SOUND, WEEK, NULL) == DLB_OK);
	for (unsigned i = 0; i < SOUND; i++)
		REQUIRE(dlb_table_entry(s, &sound.entries[i], items[i].number,
				sound.aead, NULL)
			== DLB_OK);
	sound.keys = *s->keys;
	sound.super = s->super;
	sound.layout = s->layout;
	dlb_satchel_close(s);
	m = memory_find(paths[0]);
	sound.len = m->len;
	sound.bytes = malloc(m->len);
	REQUIRE(sound.bytes);
	memcpy(sound.bytes, m->data, m->len);
}

static void
lay_out(struct world *w, bool in_parts)
{
	w->span_len = in_parts ? PART_LEN : DLB_SPAN_LEN;
	for (size_t i = 0; i < PARTS; i++) {
		size_t at = i * PART_LEN, len = sound.len - at;

		if (in_parts)
			memory_put(paths[i], sound.bytes + at,
				len < PART_LEN ? len : PART_LEN);
		else
			memory_remove(paths[i]);
	}
	if (!in_parts)
		memory_put(paths[0], sound.bytes, sound.len);
}

/* ---- steps of a hostile hand ---------------------------------------------------------- */

/* Where a byte of the satchel lies now; NULL where it is cut off. */
static uint8_t *
byte_at(const struct world *w, uint64_t at)
{
	size_t part = w->span_len == PART_LEN ? at / PART_LEN : 0;
	const struct memory_file *m =
		part < PARTS ? memory_find(paths[part]) : NULL;

	at -= (uint64_t)part * PART_LEN;
	return m && at < m->len ? m->data + at : NULL;
}

/* What lies whole in one file, and is not cut off. */
static void
overwrite(struct world *w, uint64_t at, const uint8_t *bytes, size_t len)
{
	uint8_t *first = byte_at(w, at), *last = byte_at(w, at + len - 1);

	if (first && last && (size_t)(last - first) == len - 1)
		memcpy(first, bytes, len);
}

static void
step_bytes(struct world *w)
{
	uint64_t at = dlb_read_u32(&w->in) % sound.len;
	uint8_t n = dlb_read_u8(&w->in), v = dlb_read_u8(&w->in);

	for (uint32_t i = 0; i < n; i++) {
		uint8_t *p = byte_at(w, at + i);

		if (p)
			*p ^= v;
	}
}

static void
put_entry(struct world *w, uint32_t number, unsigned tables,
	const uint8_t plain[static DLB_ENTRY_PLAIN_LEN])
{
	uint8_t sealed[DLB_ENTRY_LEN], nonce[DLB_XNONCE_LEN], ad[4];
	struct dlb_writer out;

	dlb_random(&w->env.env, nonce, sizeof(nonce));
	dlb_writer_init(&out, ad, sizeof(ad));
	dlb_write_u32(&out, number);
	dlb_xseal(sealed, sound.keys.entry, nonce, ad, sizeof(ad), plain,
		DLB_ENTRY_PLAIN_LEN);
	for (unsigned t = 0; t < 2; t++) {
		if (t == 1)
			dlb_stream_xor(sound.aead, sealed, sound.keys.mask,
				number * 256ull, sealed, sizeof(sealed));
		if (tables & 1u << t)
			overwrite(w, sound.layout.table[t] + number * 256ull,
				sealed, sizeof(sealed));
	}
}

/* An entry under the key, in one table or both: a cell's that says next to
 * nothing, a token's that speaks against a cell, or one of a cell that is there;
 * some bytes of it changed, or all of them. */
static void
step_entry(struct world *w)
{
	uint8_t how = dlb_read_u8(&w->in), which = dlb_read_u8(&w->in);
	uint32_t number = dlb_read_u16(&w->in) % sound.layout.entries;
	uint8_t plain[DLB_ENTRY_PLAIN_LEN], n = dlb_read_u8(&w->in);
	struct dlb_entry_plain e = {.kind = DLB_ENTRY_CELL, .flags = DLB_SHOWN};
	const uint8_t *cell = sound.cells[which % CELLS];

	if (how >> 2 & 1) {
		e = sound.entries[which % SOUND];
	} else if (how >> 3 & 1) {
		e = (struct dlb_entry_plain){
			.kind = DLB_ENTRY_TOKEN, .slot = DLB_NO_SLOT};
		memcpy(e.token_hash, cell + DLB_CELL_TOKEN_HASH_AT, 32);
		e.expiry_week = which;
	}
	dlb_entry_encode(plain, &e);
	for (unsigned i = 0; i < n % 16u; i++) {
		uint8_t at = dlb_read_u8(&w->in);

		plain[at % sizeof(plain)] = dlb_read_u8(&w->in);
	}
	if (how >> 4 == 15)
		dlb_read_bytes(&w->in, plain, sizeof(plain));
	put_entry(w, number, how & 3, plain);
}

static void
step_super(struct world *w)
{
	struct dlb_super super = sound.super;
	uint8_t what = dlb_read_u8(&w->in), which = dlb_read_u8(&w->in);
	uint8_t raw[DLB_HEADER_LEN];

	if (what & 1)
		super.slots = dlb_read_u32(&w->in);
	if (what & 2)
		super.entries = dlb_read_u32(&w->in);
	if (what & 4)
		super.reserve = dlb_read_u32(&w->in);
	if (what & 8)
		super.flags = dlb_read_u16(&w->in);
	if (what & 16)
		super.used = dlb_read_u8(&w->in);
	if (what & 32)
		super.keyslots[which >> 2 & 1][40] ^= 1;
	if (what & 64)
		super.id[0] ^= 1;
	/* As many entries as go with the slots, so that the rest is looked at. */
	if ((what & 128) && super.slots >= DLB_SATCHEL_SLOTS_MIN
		&& super.slots <= DLB_SATCHEL_SLOTS_MAX) {
		struct dlb_layout l;

		dlb_layout_init(&l, super.slots);
		super.entries = l.entries;
	}
	for (unsigned i = 0; i < 2; i++) {
		if (!(which & 1u << i))
			continue;
		dlb_header_make(raw, &super, i, sound.keys.root, &w->env.env);
		overwrite(w, sound.layout.header[i], raw, sizeof(raw));
	}
}

static void
step_cut(struct world *w)
{
	uint8_t part = dlb_read_u8(&w->in);
	uint32_t len = dlb_read_u32(&w->in);
	struct memory_file *m = memory_find(paths[part % PARTS]);

	if (!m)
		return;
	if (len == 0 && m->path[1])
		memory_remove(m->path);
	else
		memory_resize(m, len % (uint32_t)(sound.len + 300000));
}

/* A sector that can not be read any more, until it is written. */
static void
step_unreadable(struct world *w)
{
	uint64_t at = dlb_read_u16(&w->in) * 4096ull % sound.len;
	size_t part = w->span_len == PART_LEN ? at / PART_LEN : 0;
	struct memory_file *m = memory_find(paths[part % PARTS]);

	if (m)
		memory_spoil(m, (size_t)(at - part * PART_LEN));
}

/* ---- use ------------------------------------------------------------------------------- */

static void
check_info(struct world *w)
{
	struct dlb_satchel_info info;
	uint32_t shown = 0, held = 0, used = 0;
	struct dlb_entry e;

	dlb_satchel_info(w->s, &info);
	for (uint32_t at = 0; dlb_satchel_next(w->s, at, 0xff, &e);
		at = e.number + 1) {
		uint8_t name[32] = {0};

		memcpy(name, e.name, 16);
		REQUIRE(dlb_satchel_find(w->s, name) == e.number);
		shown += (e.flags & DLB_SHOWN) != 0;
		held += (e.flags & DLB_HELD) != 0;
		used++;
	}
	REQUIRE(shown == info.shown && held == info.held && used == info.used);
	REQUIRE(used <= info.slots && used + info.tokens <= info.entries);
}

static void
reopen(struct world *w, const struct dlb_unlock *unlock, bool writable)
{
	size_t before[PARTS] = {0};

	dlb_satchel_close(w->s);
	w->s = NULL;
	for (size_t i = 0; i < PARTS; i++)
		if (memory_find(paths[i]))
			before[i] = memory_find(paths[i])->len;
	if (dlb_satchel_open(&w->s, memory_fs(), paths[0], unlock, writable,
		    w->span_len, &w->env.env, NULL)
		== DLB_OK)
		check_info(w);
	for (size_t i = 0; i < PARTS; i++)
		REQUIRE(!memory_find(paths[i])
			|| memory_find(paths[i])->len == before[i]);
}

static void
step_get(struct world *w)
{
	static uint8_t cell[DLB_SATCHEL_CELL_LEN];
	uint32_t number = dlb_read_u16(&w->in);
	uint8_t core[32], name[32];
	struct dlb_entry_details d;

	if (dlb_satchel_get(
		    w->s, number, cell, core, name, sound.aead, true, NULL)
		== DLB_OK)
		REQUIRE(dlb_satchel_find(w->s, name) == number);
	if (dlb_satchel_peek(w->s, number, cell, 128, sound.aead, NULL)
			== DLB_OK
		&& dlb_satchel_details(w->s, number, &d, sound.aead, NULL)
			== DLB_OK)
		REQUIRE(dlb_satchel_find_handle(w->s, d.handle, DLB_NO_ENTRY)
			!= DLB_NO_ENTRY);
}

static void
step_put(struct world *w)
{
	struct dlb_satchel_item items[PUT_MAX];
	uint8_t week = dlb_read_u8(&w->in);
	size_t n = dlb_read_u8(&w->in) % (PUT_MAX + 1u);

	for (size_t i = 0; i < n; i++) {
		items[i] = item_of(dlb_read_u8(&w->in) % CELLS);
		items[i].flags = dlb_read_u8(&w->in);
		items[i].origin = items[i].flags >> 6;
	}
	if (dlb_satchel_put(w->s, items, n, week, NULL) == DLB_OK)
		for (size_t i = 0; i < n; i++)
			REQUIRE(items[i].result != DLB_OK
				|| dlb_satchel_find(w->s, items[i].name)
					== items[i].number);
	(void)dlb_satchel_room(w->s, 1, week);
	check_info(w);
}

/* Tokens of cells that are there or not, some as their maker. */
static void
step_recall(struct world *w, size_t n)
{
	struct dlb_satchel_token tokens[16], *kept = NULL;
	uint8_t week = dlb_read_u8(&w->in);
	size_t kept_n = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t which = dlb_read_u8(&w->in);

		tokens[i] = token_of(which % CELLS);
		tokens[i].own = which >> 7;
		tokens[i].expiry_week = dlb_read_u8(&w->in);
	}
	if (dlb_satchel_recall(w->s, tokens, n, week, NULL) == DLB_OK)
		check_info(w);
	if (dlb_satchel_tokens(w->s, &kept, &kept_n, week, NULL) == DLB_OK)
		REQUIRE(kept_n <= sound.layout.entries);
	free(kept);
}

static void
step_update(struct world *w)
{
	struct dlb_satchel_change changes[4];
	uint8_t how = dlb_read_u8(&w->in);
	size_t n = how % 5u;

	if (how >= 192) {
		step_recall(w, how % 16u);
		return;
	}
	for (size_t i = 0; i < n; i++)
		changes[i] = (struct dlb_satchel_change){
			.number = dlb_read_u8(&w->in),
			.flags = dlb_read_u8(&w->in),
			.copies = 1};
	if (dlb_satchel_update(w->s, changes, n, NULL) == DLB_OK)
		check_info(w);
}

static void
step_scrub(struct world *w)
{
	uint32_t dropped;

	if (dlb_satchel_scrub(w->s, &dropped, NULL, NULL) == DLB_OK)
		check_info(w);
}

/* Another way in, as a person adds one. */
static void
step_unlock(struct world *w)
{
	uint8_t secret[32] = {dlb_read_u8(&w->in)};
	struct dlb_unlock file = {DLB_UNLOCK_KEYFILE, secret, sizeof(secret)};

	if (dlb_satchel_add_unlock(w->s, &file, NULL) == DLB_OK)
		check_info(w);
}

static void
do_step(struct world *w)
{
	static void (*const hostile[])(struct world * w) = {
		step_bytes, step_entry, step_super, step_cut, step_unreadable};
	static void (*const uses[])(struct world * w) = {
		step_get, step_put, step_update, step_scrub, step_unlock};
	uint8_t step = dlb_read_u8(&w->in) % 12;

	if (step < 5) {
		hostile[step](w);
	} else if (step < 7) {
		reopen(w, &open_to_all, step == 6);
	} else {
		if (!w->s)
			reopen(w, &open_to_all, true);
		if (w->s)
			uses[step - 7](w);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct dlb_unlock root = {
		DLB_UNLOCK_ROOT, sound.keys.root, sizeof(sound.keys.root)};
	struct dlb_satchel_info one, two;
	struct world w = {0};

	if (!sound.bytes)
		prepare();
	dlb_env_seeded_init(&w.env, 2, 0);
	dlb_reader_init(&w.in, data, len);
	lay_out(&w, dlb_read_u8(&w.in) % 2);
	for (unsigned i = 0; i < STEPS_MAX && dlb_reader_left(&w.in) > 0; i++)
		do_step(&w);
	/* Whatever it is now: opening it twice ends the same. With the root key, as
	 * a superblock may name key slots that are none. */
	reopen(&w, &root, true);
	if (w.s) {
		dlb_satchel_info(w.s, &one);
		reopen(&w, &root, true);
		REQUIRE(w.s != NULL);
		dlb_satchel_info(w.s, &two);
		REQUIRE(two.mended == 0 && two.damaged == 0);
		REQUIRE(two.used == one.used && two.shown == one.shown
			&& two.held == one.held && two.tokens == one.tokens);
	}
	dlb_satchel_close(w.s);
	return 0;
}
