/*
 * Frames: u8 type, u24 length, payload. docs/meeting.md, section 2.
 *
 * What comes is gathered into one buffer, whose size is that of the largest frame;
 * a frame whose type may not come now, or whose length can not be, ends the meeting
 * before a byte of its payload is taken.
 */
#include "engine_internal.h"

#include <string.h>

#define CALLER 1
#define LISTENER 2
#define BOTH (CALLER | LISTENER)

#define GREETING (1 << DLB_STATE_GREETING)
#define SUMMARY (1 << DLB_STATE_SUMMARY)
#define EXCHANGE (1 << DLB_STATE_EXCHANGE)

/* Who may say what while the other is in which state, and how long it may be. */
static const struct {
	uint8_t from, states;
	uint32_t min, max;
	enum dlb_meeting_kind kind;
	void (*take)(struct dlb_meeting *m, struct dlb_reader *r);
} frames[DLB_FRAMES] = {
	[DLB_FRAME_BYE] = {BOTH, GREETING | SUMMARY | EXCHANGE, 3, 3,
		DLB_MEETING_CONTROL, dlb_meeting_bye},
	[DLB_FRAME_HELLO] = {CALLER, GREETING, 2, DLB_LIST_MAX,
		DLB_MEETING_CONTROL, dlb_greeting_hello},
	[DLB_FRAME_WELCOME] = {LISTENER, GREETING, 1, DLB_LIST_MAX,
		DLB_MEETING_CONTROL, dlb_greeting_welcome},
	[DLB_FRAME_SUMMARY] = {BOTH, SUMMARY, 6, DLB_LIST_MAX,
		DLB_MEETING_CONTROL, dlb_summary_receive},
	[DLB_FRAME_GROUP] = {CALLER, EXCHANGE, 13, 13, DLB_MEETING_CONTROL,
		dlb_groups_group},
	[DLB_FRAME_SYMBOLS] = {CALLER, EXCHANGE, 6 + DLB_RECON_SYMBOL_LEN,
		DLB_LIST_MAX, DLB_MEETING_SYMBOLS, dlb_answer_symbols},
	[DLB_FRAME_IDS] = {BOTH, EXCHANGE, 6, DLB_LIST_MAX, DLB_MEETING_SYMBOLS,
		dlb_answer_ids},
	[DLB_FRAME_MORE] = {LISTENER, EXCHANGE, 6, 6, DLB_MEETING_CONTROL,
		dlb_answer_more},
	[DLB_FRAME_WANT] = {BOTH, EXCHANGE, 7, DLB_LIST_MAX,
		DLB_MEETING_CONTROL, dlb_answer_want},
	[DLB_FRAME_CELL] = {BOTH, EXCHANGE,
		DLB_CELL_HEAD + DLB_MEETING_CELL_LEN,
		DLB_CELL_HEAD + DLB_MEETING_CELL_LEN, DLB_MEETING_CELLS,
		dlb_take_cell},
	[DLB_FRAME_ACK] = {BOTH, EXCHANGE, 1, DLB_WINDOW_MAX,
		DLB_MEETING_CONTROL, dlb_give_ack},
	[DLB_FRAME_LAST] = {CALLER, EXCHANGE, 0, 0, DLB_MEETING_CONTROL,
		dlb_groups_last},
	[DLB_FRAME_END] = {BOTH, EXCHANGE, 0, 0, DLB_MEETING_CONTROL,
		dlb_meeting_heard_end},
	[DLB_FRAME_PING] = {BOTH, SUMMARY | EXCHANGE, 0, 0, DLB_MEETING_CONTROL,
		dlb_meeting_ping},
	[DLB_FRAME_TOKENS] = {BOTH, EXCHANGE, 2 + DLB_MEETING_TOKEN_LEN,
		DLB_LIST_MAX, DLB_MEETING_CONTROL, dlb_tokens_heard},
};

/* ---- what goes ------------------------------------------------------------------- */

bool
dlb_frame_fits(const struct dlb_meeting *m)
{
	return sizeof(m->out.buf) - m->out.made
		>= DLB_FRAME_HEAD + DLB_LIST_MAX;
}

void
dlb_frame_begin(struct dlb_meeting *m, struct dlb_writer *w)
{
	dlb_writer_init(
		w, m->out.buf + m->out.made, sizeof(m->out.buf) - m->out.made);
	dlb_write_zeros(w, DLB_FRAME_HEAD);
}

void
dlb_frame_head(uint8_t head[static DLB_FRAME_HEAD], enum dlb_frame type,
	size_t payload_len)
{
	head[0] = (uint8_t)type;
	head[1] = (uint8_t)(payload_len >> 16);
	head[2] = (uint8_t)(payload_len >> 8);
	head[3] = (uint8_t)payload_len;
}

void
dlb_frame_end(struct dlb_meeting *m, struct dlb_writer *w, enum dlb_frame type)
{
	dlb_frame_head(w->buf, type, w->len - DLB_FRAME_HEAD);
	m->out.made += w->len;
	m->stats.out[frames[type].kind] += w->len;
}

/* ---- what comes ----------------------------------------------------------------------- */

/* What is wrong with a frame whose head is there. */
static enum dlb_meeting_end
fault_of(const struct dlb_meeting *m)
{
	uint8_t type = m->in.head[0], from = m->caller ? LISTENER : CALLER;

	if (type >= DLB_FRAMES || (type == DLB_FRAME_TOKENS && m->version == 1))
		return DLB_END_MALFORMED;
	/* Whose first bytes are not a greeting speaks something else. */
	if (!(frames[type].from & from)
		|| !(frames[type].states & 1 << m->state))
		return m->state == DLB_STATE_GREETING ? DLB_END_MALFORMED
						      : DLB_END_OUT_OF_TURN;
	return m->in.len < frames[type].min || m->in.len > frames[type].max
		? DLB_END_MALFORMED
		: DLB_END_NOT_YET;
}

static void
check_head(struct dlb_meeting *m)
{
	struct dlb_inlet *in = &m->in;
	enum dlb_meeting_end fault;

	in->len = (size_t)in->head[1] << 16 | (size_t)in->head[2] << 8
		| in->head[3];
	in->n = 0;
	fault = fault_of(m);
	if (fault != DLB_END_NOT_YET)
		dlb_meeting_fail(m, fault);
}

static void
take_frame(struct dlb_meeting *m)
{
	struct dlb_inlet *in = &m->in;
	uint8_t type = in->head[0];
	struct dlb_reader r;

	in->head_n = 0;
	m->stats.in[frames[type].kind] += DLB_FRAME_HEAD + in->len;
	dlb_meeting_heard(m, type);
	dlb_reader_init(&r, in->payload, in->len);
	frames[type].take(m, &r);
	if (m->state != DLB_STATE_OVER && !dlb_reader_done(&r))
		dlb_meeting_fail(m, DLB_END_MALFORMED);
}

size_t
dlb_frames_receive(struct dlb_meeting *m, const uint8_t *bytes, size_t len)
{
	struct dlb_inlet *in = &m->in;
	size_t used = 0, n;

	while (used < len && m->state != DLB_STATE_OVER && !m->take.store_due
		&& !m->peer_due) {
		if (in->head_n < DLB_FRAME_HEAD) {
			in->head[in->head_n++] = bytes[used++];
			if (in->head_n == DLB_FRAME_HEAD)
				check_head(m);
		} else {
			n = len - used < in->len - in->n ? len - used
							 : in->len - in->n;
			memcpy(in->payload + in->n, bytes + used, n);
			in->n += n;
			used += n;
		}
		if (m->state != DLB_STATE_OVER && in->head_n == DLB_FRAME_HEAD
			&& in->n == in->len)
			take_frame(m);
	}
	/* What comes after the end is nobody's. */
	return m->state == DLB_STATE_OVER ? len : used;
}
