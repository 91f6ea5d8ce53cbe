/*
 * Recall tokens: those of this side go a frame at a time, those of the other are gathered
 * and handed over together. docs/meeting.md, section 6.
 *
 * What a token means is the caller's to know; here it is 32 bytes. Of the other side's
 * there are DLB_MEETING_TOKENS_MAX at most, counted before memory is taken for them.
 */
#include "engine_internal.h"

#include <string.h>

#define LEN DLB_MEETING_TOKEN_LEN

enum dlb_status
dlb_tokens_init(struct dlb_meeting *m, const struct dlb_meeting_config *config)
{
	struct dlb_tokens *t = &m->tokens;

	if (config->tokens_n == 0)
		return DLB_OK;
	t->out = dlb_budget_take(&m->budget, config->tokens_n, LEN);
	if (!t->out)
		return DLB_NO_MEMORY;
	t->out_n = config->tokens_n;
	memcpy(t->out, config->tokens, t->out_n * LEN);
	return DLB_OK;
}

bool
dlb_tokens_send(struct dlb_meeting *m)
{
	struct dlb_tokens *t = &m->tokens;
	size_t n = t->out_n - t->out_at;
	struct dlb_writer w;

	if (n == 0 || m->version < 2)
		return false;
	if (n > DLB_TOKENS_A_FRAME)
		n = DLB_TOKENS_A_FRAME;
	dlb_frame_begin(m, &w);
	dlb_write_u16(&w, (uint16_t)(t->out_n - t->out_at - n));
	dlb_write_bytes(&w, t->out + t->out_at * LEN, n * LEN);
	dlb_frame_end(m, &w, DLB_FRAME_TOKENS);
	t->out_at += n;
	return true;
}

/* n more, and `left` after these. */
static enum dlb_meeting_end
check(struct dlb_meeting *m, size_t n, size_t left)
{
	struct dlb_tokens *t = &m->tokens;

	if (m->end_heard)
		return DLB_END_OUT_OF_TURN;
	if (t->in_all > 0)
		return t->in_n == t->in_all               ? DLB_END_OUT_OF_TURN
			: n + left == t->in_all - t->in_n ? DLB_END_NOT_YET
							  : DLB_END_MALFORMED;
	if (n + left > DLB_MEETING_TOKENS_MAX)
		return DLB_END_FLOOD;
	t->in = dlb_budget_take(&m->budget, n + left, LEN);
	if (!t->in)
		return DLB_END_MEMORY;
	t->in_all = n + left;
	return DLB_END_NOT_YET;
}

void
dlb_tokens_heard(struct dlb_meeting *m, struct dlb_reader *r)
{
	struct dlb_tokens *t = &m->tokens;
	size_t left = dlb_read_u16(r), n = dlb_reader_left(r) / LEN;
	enum dlb_meeting_end fault;

	if (dlb_reader_left(r) % LEN != 0) {
		dlb_meeting_fail(m, DLB_END_MALFORMED);
		return;
	}
	fault = check(m, n, left);
	if (fault != DLB_END_NOT_YET) {
		dlb_meeting_fail(m, fault);
		return;
	}
	dlb_read_bytes(r, t->in + t->in_n * LEN, n * LEN);
	t->in_n += n;
	t->due = left == 0;
}

bool
dlb_tokens_next(struct dlb_meeting *m, struct dlb_meeting_action *a)
{
	struct dlb_tokens *t = &m->tokens;

	if (!t->due || m->state == DLB_STATE_OVER)
		return false;
	t->due = false;
	a->what = DLB_MEETING_TOKENS;
	a->data = t->in;
	a->tokens_n = t->in_n;
	return true;
}

void
dlb_tokens_free(struct dlb_meeting *m)
{
	struct dlb_tokens *t = &m->tokens;

	dlb_budget_give(&m->budget, t->out, t->out_n, LEN);
	dlb_budget_give(&m->budget, t->in, t->in_all, LEN);
	memset(t, 0, sizeof(*t));
}
