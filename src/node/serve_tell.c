/*
 * What a node that serves tells whoever runs it.
 */
#include "serve_internal.h"

void
dlb_serve_tell(struct dlb_serve *s, struct dlb_serve_event event)
{
	if (!event.where)
		event.where = "";
	if (!event.who)
		event.who = "";
	s->on(s->ctx, &event);
}

void
dlb_serve_tell_failed(
	struct dlb_serve *s, const char *where, const struct dlb_error *why)
{
	dlb_serve_tell(s,
		(struct dlb_serve_event){
			.what = DLB_SERVE_FAILED, .where = where, .why = why});
}

int64_t
dlb_serve_now_ms(const struct dlb_serve *s)
{
	return s->env->monotonic_ms(s->env->ctx);
}
