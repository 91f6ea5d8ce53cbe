/*
 * The boxes that a node which serves meets: media and folders, as they come.
 */
#include "serve_internal.h"

#include <stdlib.h>

/* One that another process is meeting is tried again after so long, so often. */
#define BUSY_MS 5000
#define BUSY_TRIES 60

void
dlb_serve_step_mounts(struct dlb_serve *s)
{
	struct dlb_mounts_event e;

	for (;;) {
		dlb_mounts_step(s->mounts, &e);
		switch (e.kind) {
		case DLB_MOUNTS_NONE:
			return;
		case DLB_MOUNTS_APPEARED:
			dlb_waiting_add(&s->boxes,
				(struct dlb_waiting_box){
					.medium = e.medium, .again = e.again},
				e.path);
			break;
		case DLB_MOUNTS_GONE:
			dlb_waiting_forget(&s->boxes, e.path);
			break;
		case DLB_MOUNTS_LIMIT:
			dlb_serve_tell_failed(s, e.path, &e.why);
			break;
		}
	}
}

static bool
go_on(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	struct dlb_serve *s = ctx;

	(void)what;
	(void)done;
	(void)total;
	return !s->stop(s->ctx);
}

static void
box_was_met(struct dlb_serve *s, const struct dlb_waiting_box *box,
	const struct dlb_meet_result *result)
{
	dlb_mounts_met(s->mounts, box->path, (size_t)result->objects);
	if (box->again && result->given + result->taken + result->refused == 0)
		return;
	dlb_serve_tell(s,
		(struct dlb_serve_event){.what = DLB_SERVE_BOX_MET,
			.where = box->path,
			.box = result,
			.medium = box->medium});
}

static void
box_was_not_met(struct dlb_serve *s, struct dlb_waiting_box *box,
	const struct dlb_error *why)
{
	struct dlb_error later;

	if (why->status == DLB_BUSY && box->busy++ < BUSY_TRIES) {
		if (box->busy == 1
			&& dlb_fail(&later, DLB_BUSY,
				   "%.400s: it is tried again in a while",
				   why->msg)
				!= DLB_OK)
			dlb_serve_tell_failed(s, box->path, &later);
		box->again = false;
		box->from_ms = dlb_serve_now_ms(s) + BUSY_MS;
		dlb_waiting_add(&s->boxes, *box, box->path);
		return;
	}
	/* Said once; its key may become known. */
	if (why->status == DLB_WRONG_KEY) {
		dlb_mounts_leave(s->mounts, box->path);
		if (box->again)
			return;
	}
	dlb_serve_tell_failed(s, box->path, why);
}

void
dlb_serve_meet_box(struct dlb_serve *s, struct dlb_waiting_box *box)
{
	struct dlb_meet_result *result = calloc(1, sizeof(*result));
	struct dlb_meet_options options = {
		.where = box->path, .by_itself = true};
	struct dlb_progress progress = {.ctx = s, .step = go_on};
	struct dlb_error err = {
		.status = DLB_NO_MEMORY, .msg = "out of memory"};
	enum dlb_status st = DLB_NO_MEMORY;

	if (!box->again && box->busy == 0)
		dlb_serve_tell(s,
			(struct dlb_serve_event){.what = DLB_SERVE_BOX_MEETING,
				.where = box->path,
				.medium = box->medium});
	if (result)
		st = dlb_serve_look_around(s, &err);
	if (st == DLB_OK)
		st = dlb_node_meet(s->n, &options, result, &progress, &err);
	if (st == DLB_OK)
		box_was_met(s, box, result);
	else
		box_was_not_met(s, box, &err);
	free(box->path);
	free(result);
}
