#include "stripes_world.h"

#include <string.h>

void
world_open(struct world *w, struct fixture *f)
{
	struct dlb_node *n;

	w->f = f;
	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "bob");
	fixture_introduce(f, n, "alice");
	dlb_node_close(n);
	w->n = fixture_open(f, "alice");
	w->bob = fixture_introduce(f, w->n, "bob");
	fixture_stick(f, w->n, "usb", 48);
}

int64_t
world_send(struct world *w, const char *file, unsigned need, unsigned of,
	bool threshold)
{
	struct dlb_send_result r;
	const char *path = fixture_path(w->f, file);
	struct dlb_send_options o = {.paths = &path,
		.paths_n = 1,
		.message = "in stripes",
		.message_len = 10,
		.need = need,
		.of = of,
		.threshold = threshold,
		.stdin_fd = -1};

	assert_dlb_ok(w->f,
		dlb_setting_set_int(w->n->letterbox, DLB_SET_SPREAD,
			DLB_SPREAD_NOW, &w->f->err));
	assert_dlb_ok(w->f,
		dlb_node_send(
			w->n, w->bob, &o, &r, NULL, NULL, NULL, &w->f->err));
	return r.first_number;
}

/* Of a letter out: the entry of a cell of a stripe. */
uint32_t
world_entry(struct world *w, int64_t number, unsigned stripe, uint32_t index)
{
	struct dlb_out_letter letter;
	struct dlb_buf names = {0};
	uint32_t entry;

	assert_dlb_ok(w->f,
		dlb_out_get(w->n->letterbox, &letter, number, &w->f->err));
	assert_dlb_ok(w->f,
		dlb_out_cells(w->n->letterbox, number, &names, &w->f->err));
	assert_int_equal(names.len, letter.cells * DLB_NAME_LEN);
	entry = dlb_satchel_find(w->n->satchel,
		names.data
			+ (size_t)(stripe * (letter.cells / letter.stripes)
				  + index)
				* DLB_NAME_LEN);
	dlb_buf_free(&names);
	assert_int_not_equal(entry, DLB_NO_ENTRY);
	return entry;
}

void
world_drop_cell(
	struct world *w, int64_t number, unsigned stripe, uint32_t index)
{
	struct dlb_satchel_change c = {
		.number = world_entry(w, number, stripe, index)};

	assert_dlb_ok(
		w->f, dlb_satchel_update(w->n->satchel, &c, 1, &w->f->err));
}

uint32_t
world_cells(struct world *w, int64_t number)
{
	struct dlb_out_letter letter;

	assert_dlb_ok(w->f,
		dlb_out_get(w->n->letterbox, &letter, number, &w->f->err));
	return letter.cells / letter.stripes;
}

/* As if their couriers were lost. */
void
world_drop_all_but(struct world *w, int64_t number, unsigned of, unsigned set)
{
	uint32_t cells = world_cells(w, number);

	for (unsigned i = 0; i < of; i++)
		for (uint32_t at = 0; !(set >> i & 1) && at < cells; at++)
			world_drop_cell(w, number, i, at);
}

/* Alice gives, Bob takes; his home, open. */
struct dlb_node *
world_deliver(struct world *w)
{
	struct dlb_node *n;

	/* More than one meeting adds, and all stripes. */
	fixture_meet_now(w->f, w->n, "usb");
	fixture_meet_now(w->f, w->n, "usb");
	dlb_node_close(w->n);
	w->n = NULL;
	n = fixture_open(w->f, "bob");
	fixture_meet(w->f, n, "usb");
	return n;
}

enum dlb_status
world_read(struct fixture *f, struct dlb_node *n, int64_t number,
	const char *directory)
{
	struct dlb_read_options o = {
		.directory = fixture_path(f, directory), .fd = -1};
	struct dlb_read_result r;
	enum dlb_status st;

	st = dlb_node_read(n, number, &o, &r, NULL, &f->err);
	dlb_buf_free(&r.message);
	return st;
}

static bool
note(void *ctx, const struct dlb_in_letter *letter)
{
	struct seen *s = ctx;

	s->rows++;
	if (dlb_in_is_seen(letter) && s->n < 64) {
		s->numbers[s->n++] = letter->number;
		s->last = *letter;
	}
	return true;
}

struct seen
world_inbox(struct fixture *f, struct dlb_node *n)
{
	struct seen s = {.n = 0};

	assert_dlb_ok(f, dlb_in_each(n->letterbox, note, &s, &f->err));
	return s;
}

uint32_t
world_held(struct dlb_node *n)
{
	struct dlb_satchel_info info;

	dlb_node_satchel_info(n, &info);
	return info.held;
}
