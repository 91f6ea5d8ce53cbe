/*
 * What a node that serves tells whoever runs it.
 */
#include "bulletins.h"
#include "serve_internal.h"

void
dlb_serve_tell(struct dlb_serve *s, struct dlb_serve_event event)
{
	if (!event.where)
		event.where = "";
	if (!event.who)
		event.who = "";
	/* A count for a person: what fails here fails again where it matters. */
	if (s->n
		&& (event.what == DLB_SERVE_MET
			|| event.what == DLB_SERVE_BOX_MET)
		&& dlb_bulletin_unread(dlb_node_letterbox(s->n),
			   &event.unread_bulletins, NULL)
			!= DLB_OK)
		event.unread_bulletins = 0;
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
