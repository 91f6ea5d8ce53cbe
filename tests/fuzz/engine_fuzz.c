/*
 * Fuzz target for the meeting engine: two honest engines meet, and what one of them
 * says is changed on the way to the other, the victim, frame by frame.
 *
 *	u8 bit 0: the caller is the victim; bits 1-2: how many cells both hold
 *	   (0, 30, 200, 1500); bit 3: they share a box; bit 4: and a node's secret;
 *	   bit 5: the victim meets known ones only; bit 6: it has little room; bit 7:
 *	   and little memory
 *	then, for each frame that the other says, a step (0 and what is not below: as
 *	it is):
 *	1 at16 v8          xor a byte
 *	2 at8 n8 bytes     put bytes in
 *	3 type8            another type
 *	4 n16              cut it after n bytes of payload
 *	5 n8 bytes         add bytes
 *	6                  twice
 *	7                  not at all
 *	8 n8 bytes         bytes before it that are no frame
 *	9 type8 n8 bytes   a frame before it (a CELL: id of cell n, and the rest)
 *	10 at8 k8          put in the id of cell k
 *	11 s8              seconds pass
 * When the other has nothing more to say, steps 8 and 9 go on alone.
 *
 * Beyond memory errors: it ends, after so many steps at most; in its budget; nothing
 * is fetched or given twice or without having been there; nothing is stored twice or
 * under another name than was promised, nor more than there is room for.
 */
#include "engine_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);          \
			abort();                                               \
		}                                                              \
	} while (0)

#define CELLS 1600
#define ONLY 6 /* cells that one has and the other has not */
#define WINDOW 4
#define STEPS_MAX 200000
#define FRAME_MAX (DLB_FRAME_HEAD + DLB_CELL_HEAD + DLB_MEETING_CELL_LEN)

struct side {
	struct dlb_meeting *m;
	struct dlb_meeting_config config;
	struct dlb_meeting_cell cells[CELLS];
	uint8_t fetched[CELLS], given[CELLS], stored[CELLS];
	uint32_t stored_n;
	unsigned tokens;
	struct {
		uint64_t ticket;
		uint8_t name[16];
	} pending[WINDOW];
	size_t pending_n;
	bool over;
};

static struct {
	struct dlb_env_seeded env;
	struct side victim, other;
	struct dlb_reader in;
	uint8_t names[CELLS][16];
	uint64_t ids[CELLS];
	uint8_t cell[DLB_MEETING_CELL_LEN];
	uint8_t frame[FRAME_MAX + 512];
	size_t budget;
	uint8_t tokens[600 * DLB_MEETING_TOKEN_LEN];
} f;

/* ---- the cast -------------------------------------------------------------------------- */

static void
name_cells(void)
{
	static const uint8_t exporter[32];
	uint8_t key[16];

	if (f.names[0][0])
		return;
	REQUIRE(dlb_base_init() == DLB_OK);
	dlb_derive(key, sizeof(key), exporter, sizeof(exporter),
		"dlb meeting ids", NULL, 0);
	for (uint32_t i = 0; i < CELLS; i++) {
		uint8_t hash[32];

		dlb_sha256(hash, &i, sizeof(i));
		memcpy(f.names[i], hash, 16);
		f.names[i][0] |= 1;
		f.ids[i] = dlb_meeting_id(key, f.names[i]);
	}
}

/* Cells [0, both) are both's; then ONLY of the victim's, then ONLY of the other's. */
static void
set_cells(struct side *s, uint32_t both, uint32_t from, bool box)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < both + ONLY; i++) {
		uint32_t which = i < both ? i : from + i - both;

		s->cells[n] = (struct dlb_meeting_cell){.number = n,
			.expiry_week = (uint16_t)(100 + which % 5),
			.copies = (uint8_t)(which % 7),
			.flags = which % 9 == 0 ? DLB_MEETING_OWN : 0,
			.box = box && which % 4 == 0 ? 7 : 0};
		memcpy(s->cells[n++].name, f.names[which], 16);
	}
	s->config.cells = s->cells;
	s->config.cells_n = n;
}

static const struct dlb_meeting_secret secrets[] = {
	{.key = {1}, .ref = 7, .box = true}, {.key = {2}, .ref = 8}};

static void
start(struct side *s, bool caller, uint8_t how, uint32_t from)
{
	static const uint32_t both[] = {0, 30, 200, 1500};
	struct dlb_error err;

	memset(s, 0, sizeof(*s));
	s->config.caller = caller;
	s->config.window = WINDOW;
	s->config.env = &f.env.env;
	s->config.room = 1000;
	s->config.stall_ms = 10000;
	s->config.limit_ms = 3600 * 1000;
	/* Two frames and a half. */
	s->config.tokens = f.tokens;
	s->config.tokens_n = sizeof(f.tokens) / DLB_MEETING_TOKEN_LEN;
	set_cells(s, both[how >> 1 & 3], both[how >> 1 & 3] + from, how & 8);
	s->config.secrets = how & 8 ? secrets : secrets + 1;
	s->config.secrets_n = (how & 8 ? 1u : 0) + (how & 16 ? 1u : 0);
	if (s == &f.victim) {
		s->config.known_only = how & 32;
		s->config.room = how & 64 ? 3 : 1000;
		s->config.budget = f.budget = how & 128 ? 400000 : 16u << 20;
	}
	REQUIRE(dlb_meeting_new(&s->m, &s->config, &err) == DLB_OK);
}

/* ---- what is said to the victim ------------------------------------------------------------ */

static void act(struct side *s, struct side *to);

static void
deliver(struct side *to, const uint8_t *bytes, size_t len)
{
	size_t used = 0;

	/* A STORE may wait to be taken. */
	for (unsigned i = 0; used < len; i++) {
		REQUIRE(i < 2 * FRAME_MAX);
		used += dlb_meeting_receive(to->m, bytes + used, len - used);
		if (used < len)
			act(to, NULL);
	}
}

/* The payload's length is written anew. */
static void
deliver_frame(uint8_t *frame, size_t payload_len)
{
	dlb_frame_head(frame, (enum dlb_frame)frame[0], payload_len);
	deliver(&f.victim, frame, DLB_FRAME_HEAD + payload_len);
}

static const uint8_t *
take(size_t *n)
{
	*n = dlb_read_u8(&f.in);
	if (*n > dlb_reader_left(&f.in))
		*n = dlb_reader_left(&f.in);
	return dlb_read_view(&f.in, *n);
}

static void
say_garbage(void)
{
	size_t n;
	const uint8_t *bytes = take(&n);

	if (n)
		deliver(&f.victim, bytes, n);
}

static void
say_made_up(void)
{
	static uint8_t frame[FRAME_MAX];
	uint8_t type = dlb_read_u8(&f.in);
	const uint8_t *bytes;
	struct dlb_writer w;
	size_t n;

	memset(frame, 0, sizeof(frame));
	frame[0] = type;
	if (type == DLB_FRAME_CELL) {
		uint32_t k = dlb_read_u16(&f.in) % CELLS;

		dlb_writer_init(&w, frame + DLB_FRAME_HEAD, 25);
		dlb_write_u64(&w, f.ids[k]);
		dlb_write_u8(&w, 3);
		dlb_write_bytes(&w, f.names[k], 16);
		deliver_frame(frame, DLB_CELL_HEAD + DLB_MEETING_CELL_LEN);
		return;
	}
	bytes = take(&n);
	if (n)
		memcpy(frame + DLB_FRAME_HEAD, bytes, n);
	deliver_frame(frame, n);
}

static void
put_in(uint8_t *payload, size_t len, size_t at, const uint8_t *bytes, size_t n)
{
	if (at < len && n)
		memcpy(payload + at, bytes, n < len - at ? n : len - at);
}

static void
put_id(uint8_t *payload, size_t len)
{
	size_t at = dlb_read_u8(&f.in), k = dlb_read_u8(&f.in);
	uint8_t id[8];
	struct dlb_writer w;

	dlb_writer_init(&w, id, sizeof(id));
	dlb_write_u64(&w, f.ids[k]);
	put_in(payload, len, at, id, sizeof(id));
}

/* A whole frame of the other's. */
static void
say_changed(const uint8_t *frame, size_t len)
{
	uint8_t *payload = f.frame + DLB_FRAME_HEAD;
	const uint8_t *bytes;
	size_t n, at;

	memcpy(f.frame, frame, len);
	len -= DLB_FRAME_HEAD;
	switch (dlb_read_u8(&f.in)) {
	case 1:
		at = dlb_read_u16(&f.in);
		n = dlb_read_u8(&f.in);
		if (at < len)
			payload[at] ^= (uint8_t)n;
		break;
	case 2:
		at = dlb_read_u8(&f.in);
		bytes = take(&n);
		put_in(payload, len, at, bytes, n);
		break;
	case 3:
		f.frame[0] = dlb_read_u8(&f.in);
		break;
	case 4:
		n = dlb_read_u16(&f.in);
		len = n < len ? n : len;
		break;
	case 5:
		bytes = take(&n);
		if (n)
			memcpy(payload + len, bytes, n);
		len += n;
		break;
	case 6:
		deliver_frame(f.frame, len);
		break;
	case 7:
		return;
	case 8:
		say_garbage();
		break;
	case 9:
		say_made_up();
		break;
	case 10:
		put_id(payload, len);
		break;
	case 11:
		f.env.now_ms += 1000 * dlb_read_u8(&f.in);
		dlb_meeting_tick(f.victim.m);
		break;
	default:
		break;
	}
	deliver_frame(f.frame, len);
}

/* What is sent at once is whole frames. */
static void
say_all_changed(const uint8_t *data, size_t len)
{
	while (len > 0) {
		size_t n = DLB_FRAME_HEAD + ((size_t)data[1] << 16)
			+ ((size_t)data[2] << 8) + data[3];

		REQUIRE(n <= len);
		say_changed(data, n);
		data += n;
		len -= n;
	}
}

/* ---- actions --------------------------------------------------------------------------------- */

static void
do_fetch(struct side *s, const struct dlb_meeting_action *a)
{
	uint32_t numbers[DLB_MEETING_FETCH_MAX];
	size_t n = a->numbers_n;

	REQUIRE(n >= 1 && n <= DLB_MEETING_FETCH_MAX);
	memcpy(numbers, a->numbers, n * sizeof(*numbers));
	for (size_t i = 0; i < n; i++) {
		uint32_t k = numbers[i];

		REQUIRE(k < s->config.cells_n && !s->fetched[k]);
		REQUIRE(s->cells[k].copies > 0);
		s->fetched[k] = 1;
		memcpy(f.cell, s->cells[k].name, 16);
		dlb_meeting_fetched(s->m, k, k % 13 == 5 ? NULL : f.cell);
	}
}

static void
do_store(struct side *s, const struct dlb_meeting_action *a)
{
	REQUIRE(s->pending_n < WINDOW);
	REQUIRE(a->copies <= DLB_COPIES_MAX && a->look == (a->copies == 0));
	s->pending[s->pending_n].ticket = a->ticket;
	memcpy(s->pending[s->pending_n++].name, a->cell, 16);
}

static bool
answer_stores(struct side *s)
{
	for (size_t i = 0; i < s->pending_n; i++) {
		uint64_t ticket = s->pending[i].ticket;
		const uint8_t *name = s->pending[i].name;
		enum dlb_status st = DLB_REFUSED;

		for (uint32_t k = 0; k < CELLS && st == DLB_REFUSED; k++)
			if (memcmp(f.names[k], name, 16) == 0
				&& dlb_meeting_expects(s->m, ticket, name)) {
				st = s->stored[k] ? DLB_DUPLICATE : DLB_OK;
				s->stored[k] = 1;
				s->stored_n += st == DLB_OK;
			}
		for (uint32_t k = 0; k < s->config.cells_n; k++)
			REQUIRE(st != DLB_OK
				|| memcmp(s->cells[k].name, name, 16) != 0);
		dlb_meeting_stored(s->m, ticket, name, st);
	}
	REQUIRE(s->stored_n <= s->config.room);
	if (s->pending_n == 0)
		return false;
	s->pending_n = 0;
	return true;
}

static void
do_given(struct side *s, const struct dlb_meeting_action *a)
{
	REQUIRE(a->number < s->config.cells_n);
	REQUIRE(s->fetched[a->number] && !s->given[a->number]);
	REQUIRE(a->keep <= s->cells[a->number].copies);
	s->given[a->number] = 1;
}

/* All that s has to do; what it says goes to `to` (NULL: only a STORE is taken). */
static bool
act_once(struct side *s, struct side *to)
{
	struct dlb_meeting_action a;

	if (s->over || !dlb_meeting_next(s->m, &a))
		return false;
	switch (a.what) {
	case DLB_MEETING_SEND:
		if (!to)
			return false;
		if (to == &f.victim)
			say_all_changed(a.data, a.len);
		else
			deliver(to, a.data, a.len);
		dlb_meeting_sent(s->m, a.len);
		break;
	case DLB_MEETING_FETCH:
		do_fetch(s, &a);
		break;
	case DLB_MEETING_STORE:
		do_store(s, &a);
		break;
	case DLB_MEETING_GIVEN:
		do_given(s, &a);
		break;
	case DLB_MEETING_PEER:
		REQUIRE(a.matches_n <= 2);
		break;
	case DLB_MEETING_TOKENS:
		REQUIRE(a.tokens_n >= 1 && ++s->tokens == 1);
		REQUIRE(a.tokens_n <= DLB_MEETING_TOKENS_MAX);
		memcpy(f.cell, a.data, a.tokens_n * DLB_MEETING_TOKEN_LEN);
		break;
	case DLB_MEETING_DONE:
	case DLB_MEETING_FAILED:
		REQUIRE(a.end != DLB_END_NOT_YET);
		s->over = true;
		break;
	}
	return true;
}

static void
act(struct side *s, struct side *to)
{
	for (unsigned i = 0; act_once(s, to); i++)
		REQUIRE(i < STEPS_MAX);
}

/* ---- the meeting -------------------------------------------------------------------------------- */

static bool
step(void)
{
	bool any = act_once(&f.other, &f.victim);

	any |= act_once(&f.victim, &f.other);
	if (!any) {
		any = answer_stores(&f.victim);
		any |= answer_stores(&f.other);
	}
	if (any)
		return true;
	if (dlb_reader_left(&f.in) > 0) {
		if (dlb_read_u8(&f.in) % 2)
			say_made_up();
		else
			say_garbage();
		return true;
	}
	return false;
}

static void
run(void)
{
	struct dlb_meeting_stats stats;
	unsigned steps = 0;

	while (!f.victim.over) {
		REQUIRE(++steps < STEPS_MAX);
		if (step())
			continue;
		/* Both wait: time passes, until one has had enough. */
		f.env.now_ms = dlb_meeting_deadline_ms(f.victim.m);
		REQUIRE(f.env.now_ms < INT64_MAX);
		dlb_meeting_tick(f.victim.m);
	}
	dlb_meeting_stats(f.victim.m, &stats);
	REQUIRE(stats.memory_peak <= f.budget);
	REQUIRE(stats.unasked <= DLB_UNASKED_MAX + WINDOW);
	REQUIRE(stats.taken <= f.victim.stored_n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t how;

	name_cells();
	dlb_reader_init(&f.in, data, len);
	how = dlb_read_u8(&f.in);
	dlb_env_seeded_init(&f.env, 1, DLB_EPOCH_MS);
	start(&f.victim, how & 1, how, 0);
	start(&f.other, !(how & 1), how, ONLY);
	run();
	dlb_meeting_free(f.victim.m);
	dlb_meeting_free(f.other.m);
	return 0;
}
