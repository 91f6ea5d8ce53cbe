/*
 * waiting: boxes that have appeared and wait for their meeting. Each path is there
 * once; what does not fit is left until it comes by again.
 */
#ifndef DLB_WAITING_H
#define DLB_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DLB_WAITING_MAX 64

struct dlb_waiting_box {
	char *path;
	bool medium;
	bool again; /* it was there all the time: only what it brings is told */
	unsigned busy;   /* so often another process had it */
	int64_t from_ms; /* not before */
};
struct dlb_waiting {
	struct dlb_waiting_box list[DLB_WAITING_MAX];
	size_t n;
};

/* The path is copied and box.path not looked at; it takes the place of one that is
 * there under this path. */
void dlb_waiting_add(
	struct dlb_waiting *w, struct dlb_waiting_box box, const char *path);
void dlb_waiting_forget(struct dlb_waiting *w, const char *path);
/* The first that may be met now; its path is the caller's to free. */
bool dlb_waiting_next(
	struct dlb_waiting *w, struct dlb_waiting_box *box, int64_t now_ms);
/* When one may; INT64_MAX: none waits. */
int64_t dlb_waiting_deadline_ms(const struct dlb_waiting *w);
void dlb_waiting_clear(struct dlb_waiting *w);

#endif
