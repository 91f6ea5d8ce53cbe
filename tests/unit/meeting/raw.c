#include "raw.h"

#include "pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void
raw_init(struct raw *r, bool caller, uint32_t n)
{
	memset(r, 0, sizeof(*r));
	dlb_env_seeded_init(&r->env, 7, DLB_EPOCH_MS);
	r->config.caller = caller;
	memset(r->config.exporter, 0x5a, 32);
	r->config.room = 1000;
	r->config.window = 8;
	r->version = DLB_MEETING_VERSION;
	r->config.env = &r->env.env;
	r->config.cells = r->cells;
	r->config.cells_n = n;
	assert_true(n <= DLB_ARRAY_LEN(r->cells));
	for (uint32_t i = 0; i < n; i++) {
		pair_name(r->cells[i].name, i);
		r->cells[i].number = i;
		r->cells[i].expiry_week = (uint16_t)(100 + i % 4);
		r->cells[i].copies = 8;
	}
}

void
raw_start(struct raw *r)
{
	struct dlb_error err;

	assert_int_equal(dlb_meeting_new(&r->m, &r->config, &err), DLB_OK);
	raw_act(r);
}

void
raw_free(struct raw *r)
{
	dlb_meeting_free(r->m);
}

/* ---- what it says ------------------------------------------------------------------- */

static void
hear_byte(struct raw *r, uint8_t byte)
{
	struct raw_frame *f = &r->partial;
	size_t n = r->partial_n++;

	if (n < 4)
		r->head[n] = byte;
	else if (n - 4 < sizeof(f->payload))
		f->payload[n - 4] = byte;
	if (n < 3)
		return;
	f->type = r->head[0];
	f->len =
		(size_t)r->head[1] << 16 | (size_t)r->head[2] << 8 | r->head[3];
	if (r->partial_n < 4 + f->len)
		return;
	assert_true(r->said_n < DLB_ARRAY_LEN(r->said));
	r->said[r->said_n++] = *f;
	r->partial_n = 0;
	memset(f, 0, sizeof(*f));
}

void
raw_fetch(struct raw *r)
{
	static uint8_t cell[DLB_MEETING_CELL_LEN];

	for (size_t i = 0; i < r->numbers_n; i++) {
		memcpy(cell, r->cells[r->numbers[i]].name, 16);
		dlb_meeting_fetched(r->m, r->numbers[i], cell);
	}
	r->numbers_n = 0;
}

static void
fetch(struct raw *r, const struct dlb_meeting_action *a)
{
	r->fetches++;
	r->numbers_n = a->numbers_n;
	memcpy(r->numbers, a->numbers, a->numbers_n * sizeof(*a->numbers));
	if (!r->hold_fetch)
		raw_fetch(r);
}

static void
store(struct raw *r, const struct dlb_meeting_action *a)
{
	bool expected = dlb_meeting_expects(r->m, a->ticket, a->cell);

	r->stores++;
	r->ticket = a->ticket;
	r->copies = a->copies;
	if (!r->keep_back)
		dlb_meeting_stored(r->m, a->ticket, a->cell,
			expected ? r->answer : DLB_REFUSED);
}

void
raw_act(struct raw *r)
{
	struct dlb_meeting_action a;

	while (!r->over && dlb_meeting_next(r->m, &a)) {
		switch (a.what) {
		case DLB_MEETING_SEND:
			if (r->deaf)
				return;
			for (size_t i = 0; i < a.len; i++)
				hear_byte(r, a.data[i]);
			dlb_meeting_sent(r->m, a.len);
			break;
		case DLB_MEETING_FETCH:
			fetch(r, &a);
			break;
		case DLB_MEETING_STORE:
			store(r, &a);
			break;
		case DLB_MEETING_GIVEN:
			r->givens++;
			r->given_number = a.number;
			r->given_keep = a.keep;
			break;
		case DLB_MEETING_PEER:
			r->peers++;
			r->matches_n = a.matches_n;
			memcpy(r->matches, a.matches,
				a.matches_n * sizeof(*a.matches));
			break;
		case DLB_MEETING_TOKENS:
			r->tokens++;
			r->tokens_n = a.tokens_n;
			memcpy(r->token, a.data + 32 * (a.tokens_n - 1), 32);
			break;
		case DLB_MEETING_DONE:
		case DLB_MEETING_FAILED:
			r->over = true;
			r->end = a;
			break;
		}
	}
}

const struct raw_frame *
raw_expect(struct raw *r, uint8_t type)
{
	assert_true(r->said_at < r->said_n);
	assert_int_equal(r->said[r->said_at].type, type);
	return &r->said[r->said_at++];
}

bool
raw_silent(struct raw *r)
{
	return r->said_at == r->said_n && r->partial_n == 0;
}

void
raw_expect_end(struct raw *r, enum dlb_meeting_end end, int bye)
{
	const struct raw_frame *f;

	assert_true(r->over);
	assert_int_equal(r->end.end, end);
	if (bye < 0) {
		assert_true(raw_silent(r));
		return;
	}
	assert_true(r->said_n > 0);
	f = &r->said[r->said_n - 1];
	assert_int_equal(f->type, DLB_FRAME_BYE);
	assert_int_equal(f->len, 3);
	assert_int_equal(f->payload[0], bye);
	r->said_at = r->said_n;
}

void
raw_pass(struct raw *r, int64_t ms)
{
	r->env.now_ms += ms;
	dlb_meeting_tick(r->m);
	raw_act(r);
}

/* ---- what it is told ------------------------------------------------------------------ */

void
raw_bytes(struct raw *r, const void *bytes, size_t len)
{
	size_t used = 0;

	while (used < len) {
		used += dlb_meeting_receive(
			r->m, (const uint8_t *)bytes + used, len - used);
		raw_act(r);
	}
}

void
raw_say(struct raw *r, uint8_t type, const void *payload, size_t len)
{
	uint8_t head[4];

	dlb_frame_head(head, type, len);
	raw_bytes(r, head, 4);
	if (len)
		raw_bytes(r, payload, len);
}

void
raw_counters(struct raw *r)
{
	dlb_recon_count(r->counters, r->m->set.ids, r->m->set.n);
	for (size_t i = 0; i < 10; i++)
		r->counters[i]++;
}

static void
write_small(struct dlb_writer *w, int32_t v)
{
	uint32_t z = v < 0 ? 2 * (uint32_t)-v - 1 : 2 * (uint32_t)v;

	for (; z >= 0x80; z /= 0x80)
		dlb_write_u8(w, (uint8_t)(z % 0x80 + 0x80));
	dlb_write_u8(w, (uint8_t)z);
}

void
raw_hello(struct raw *r)
{
	uint8_t buf[1024];
	struct dlb_writer w;

	dlb_writer_init(&w, buf, sizeof(buf));
	dlb_write_u8(&w, r->config.caller ? r->version : 1);
	if (!r->config.caller) {
		dlb_write_u8(&w, r->version);
		dlb_write_zeros(&w, 2 + 32 * 12);
		raw_say(r, DLB_FRAME_HELLO, buf, w.len);
		return;
	}
	dlb_write_zeros(&w, 4 * 16);
	raw_say(r, DLB_FRAME_WELCOME, buf, w.len);
}

void
raw_summary(struct raw *r, uint32_t count, uint64_t sum)
{
	uint8_t buf[1024];
	struct dlb_writer w;

	dlb_writer_init(&w, buf, sizeof(buf));
	dlb_write_u32(&w, 1000);
	dlb_write_u16(&w, 8);
	if (r->config.caller) {
		dlb_write_u16(&w, 0);
		dlb_write_u32(&w, 0);
		dlb_write_u8(&w, count > 0);
		if (count) {
			dlb_write_u16(&w, 100);
			dlb_write_u32(&w, count);
			dlb_write_u64(&w, sum);
		}
		for (size_t i = 0; i < DLB_RECON_COUNTERS; i++)
			write_small(&w, r->counters[i]);
	}
	raw_say(r, DLB_FRAME_SUMMARY, buf, w.len);
}

void
raw_greet(struct raw *r, uint32_t count, uint64_t sum)
{
	if (r->config.caller)
		raw_expect(r, DLB_FRAME_HELLO);
	raw_hello(r);
	if (!r->config.caller) {
		raw_expect(r, DLB_FRAME_WELCOME);
		raw_expect(r, DLB_FRAME_SUMMARY);
	}
	raw_summary(r, count, sum);
	if (r->config.caller)
		raw_expect(r, DLB_FRAME_SUMMARY);
}

void
raw_group(struct raw *r, uint8_t kind, uint16_t from, uint16_t to, uint8_t bits,
	uint16_t prefix, uint32_t count)
{
	uint8_t buf[16];
	struct dlb_writer w;

	dlb_writer_init(&w, buf, sizeof(buf));
	dlb_write_u8(&w, kind);
	dlb_write_u8(&w, 0);
	dlb_write_u16(&w, from);
	dlb_write_u16(&w, to);
	dlb_write_u8(&w, bits);
	dlb_write_u16(&w, prefix);
	dlb_write_u32(&w, count);
	raw_say(r, DLB_FRAME_GROUP, buf, w.len);
}

void
raw_ids(struct raw *r, uint16_t group, uint32_t left, const uint64_t *ids,
	size_t n)
{
	uint8_t buf[DLB_LIST_MAX];
	struct dlb_writer w;

	dlb_writer_init(&w, buf, sizeof(buf));
	dlb_write_u16(&w, group);
	dlb_write_u32(&w, left);
	for (size_t i = 0; i < n; i++)
		dlb_write_u64(&w, ids[i]);
	raw_say(r, DLB_FRAME_IDS, buf, w.len);
}

void
raw_want(struct raw *r, uint16_t group, bool last, uint32_t gives,
	const uint64_t *ids, size_t n)
{
	uint8_t buf[DLB_LIST_MAX];
	struct dlb_writer w;

	dlb_writer_init(&w, buf, sizeof(buf));
	dlb_write_u16(&w, group);
	dlb_write_u8(&w, last);
	dlb_write_u32(&w, gives);
	for (size_t i = 0; i < n; i++)
		dlb_write_u64(&w, ids[i]);
	raw_say(r, DLB_FRAME_WANT, buf, w.len);
}

void
raw_cell(struct raw *r, uint64_t id, uint8_t copies, uint32_t which)
{
	static uint8_t buf[DLB_CELL_HEAD + DLB_MEETING_CELL_LEN];
	struct dlb_writer w;
	uint8_t name[16];

	pair_name(name, which);
	dlb_writer_init(&w, buf, sizeof(buf));
	dlb_write_u64(&w, id);
	dlb_write_u8(&w, copies);
	dlb_write_bytes(&w, name, 16);
	raw_say(r, DLB_FRAME_CELL, buf, sizeof(buf));
}

uint64_t
raw_id(const struct raw *r, uint32_t which)
{
	uint8_t name[16];

	pair_name(name, which);
	return dlb_meeting_id(r->m->id_key, name);
}

void
raw_stats(const struct raw *r, struct dlb_meeting_stats *s)
{
	dlb_meeting_stats(r->m, s);
}
