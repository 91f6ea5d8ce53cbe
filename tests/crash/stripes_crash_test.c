/*
 * A split letter's whole way, with the power cut on it: sending, a meeting with each of
 * two sticks, the reader's meetings with them, reading. Of three stripes any two
 * suffice. After each cut everything opens again, and going on delivers the letter once:
 * not lost, not doubled, and not readable with one stripe alone. And in the meeting
 * alone: no courier has two stripes.
 *
 * The events to cut at are a stride apart, as one cell stored is like the next.
 */
#include "crash_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define STRIDE 293
#define MEETING_STRIDE 11
#define FILM_LEN 150001 /* a head and bulk cells in each stripe */
#define NEED 2
#define OF 3
#define STICKS 2

struct world {
	struct crash_world at; /* two homes that know each other, two boxes */
	char alice[CRASH_PATH_MAX], bob[CRASH_PATH_MAX], film[CRASH_PATH_MAX],
		stick[STICKS][CRASH_PATH_MAX];
	uint8_t content[FILM_LEN];
	int64_t bob_id;
	bool threshold;
};

static struct dlb_node *
open_home(struct world *w, struct crash_fs *c, const char *path)
{
	struct dlb_node *n = NULL;

	must(w, crash_world_open(&w->at, crash_fs_fs(c), &n, path));
	return n;
}

/* The owner knows them by name: so they are couriers that are told apart. */
static void
make_stick(struct world *w, struct dlb_node *owner, const char *path)
{
	struct dlb_box_options o = {.path = path,
		.size = 24 << 20,
		.sparse = true,
		.unlock = open_to_all};
	struct dlb_box box;
	uint64_t size;

	must(w, dlb_node_box_create(owner, &o, &box, &size, NULL, &w->at.err));
	dlb_wipe(&box, sizeof(box));
	crash_world_real_file(path);
}

static void
make_sticks(struct world *w, const char *home)
{
	struct dlb_node *owner = open_home(w, w->at.base, home);

	for (int i = 0; i < STICKS; i++)
		make_stick(w, owner, w->stick[i]);
	must(w, dlb_letterbox_commit(owner->letterbox, &w->at.err));
	dlb_node_close(owner);
}

static void
make_film(struct world *w)
{
	FILE *f = fopen(w->film, "w");

	dlb_random(&w->at.env.env, w->content, FILM_LEN);
	assert_non_null(f);
	assert_int_equal(fwrite(w->content, 1, FILM_LEN, f), FILM_LEN);
	assert_int_equal(fclose(f), 0);
}

static void
make_world(void **state, bool strangers)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	crash_world_begin(&w->at);
	crash_world_path(&w->at, w->alice, "alice");
	crash_world_path(&w->at, w->bob, "bob");
	crash_world_path(&w->at, w->film, "film");
	for (int i = 0; i < STICKS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "stick%d.dlb", i);
		crash_world_path(&w->at, w->stick[i], name);
	}
	make_film(w);
	crash_world_home(&w->at, w->alice, "alice", 56 << 20);
	crash_world_home(&w->at, w->bob, "bob", 56 << 20);
	w->bob_id = crash_world_introduce(&w->at, w->alice, w->bob, true);
	make_sticks(w, strangers ? w->bob : w->alice);
	crash_fs_power_on(w->at.base, CRASH_ALL, 0);
	*state = w;
}

static int
setup(void **state)
{
	make_world(state, false);
	return 0;
}

/* Alice does not know whose the sticks are. */
static int
setup_strangers(void **state)
{
	make_world(state, true);
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	crash_world_end(&w->at);
	free(w);
	return 0;
}

/* ---- the steps -------------------------------------------------------------------- */

struct outcome {
	bool acknowledged; /* send said that it is done */
	bool read;         /* read said that it is done */
};

static bool
count_out(void *ctx, const struct dlb_out_letter *letter)
{
	*(size_t *)ctx += dlb_out_is_seen(letter);
	return true;
}

static enum dlb_status
send_step(struct world *w, struct dlb_node *n, struct outcome *o)
{
	const char *path = w->film;
	struct dlb_send_options so = {.paths = &path,
		.paths_n = 1,
		.need = NEED,
		.of = OF,
		.threshold = w->threshold,
		.stdin_fd = -1};
	struct dlb_send_result r;
	size_t sent = 0;
	enum dlb_status st =
		dlb_out_each(n->letterbox, count_out, &sent, &w->at.err);

	if (st != DLB_OK || sent > 0)
		return st;
	st = dlb_node_send(n, w->bob_id, &so, &r, NULL, NULL, NULL, &w->at.err);
	o->acknowledged |= st == DLB_OK;
	return st;
}

static enum dlb_status
meet_step(struct world *w, struct dlb_node *n, int stick)
{
	struct dlb_meet_options mo = {.where = w->stick[stick]};
	struct dlb_meet_result r;

	return dlb_node_meet(n, &mo, &r, NULL, &w->at.err);
}

static enum dlb_status
alice_step(struct world *w, struct crash_fs *c, struct outcome *o)
{
	struct dlb_node *n = NULL;
	enum dlb_status st = dlb_node_open_on(&n, crash_fs_fs(c), w->alice,
		&open_to_all, 0, &w->at.env.env, &w->at.err);

	if (st == DLB_OK)
		st = send_step(w, n, o);
	for (int i = 0; st == DLB_OK && i < STICKS; i++)
		st = meet_step(w, n, i);
	dlb_node_close(n);
	return st;
}

/* What there is in the inbox. */
struct inbox {
	size_t rows, letters;
	struct dlb_in_letter last;
};

static bool
note_in(void *ctx, const struct dlb_in_letter *letter)
{
	struct inbox *in = ctx;

	in->rows++;
	if (dlb_in_is_seen(letter)) {
		in->letters++;
		in->last = *letter;
	}
	return true;
}

static enum dlb_status
look(struct world *w, struct dlb_node *n, struct inbox *in)
{
	memset(in, 0, sizeof(*in));
	return dlb_in_each(n->letterbox, note_in, in, &w->at.err);
}

/* The letter as it is read: either all of it, or nothing. */
static enum dlb_status
read_step(struct world *w, struct dlb_node *n, int64_t number)
{
	static uint8_t got[FILM_LEN + 1];
	struct dlb_read_options ro = {.fd = memfd_create("film", 0)};
	struct dlb_read_result r;
	enum dlb_status st =
		dlb_node_read(n, number, &ro, &r, NULL, &w->at.err);
	ssize_t len = pread(ro.fd, got, sizeof(got), 0);

	if (st == DLB_OK) {
		assert_int_equal(len, FILM_LEN);
		assert_memory_equal(got, w->content, FILM_LEN);
	}
	if (st == DLB_PARTLY)
		assert_int_equal(len, 0);
	close(ro.fd);
	dlb_buf_free(&r.message);
	return st;
}

static enum dlb_status
bob_step(struct world *w, struct crash_fs *c, struct outcome *o)
{
	struct dlb_node *n = NULL;
	struct inbox in;
	enum dlb_status st = dlb_node_open_on(&n, crash_fs_fs(c), w->bob,
		&open_to_all, 0, &w->at.env.env, &w->at.err);

	if (st == DLB_OK)
		st = meet_step(w, n, 0);
	if (st == DLB_OK)
		st = meet_step(w, n, 1);
	if (st == DLB_OK)
		st = look(w, n, &in);
	if (st == DLB_OK && in.letters == 1)
		st = read_step(w, n, in.last.number);
	o->read |= st == DLB_OK;
	dlb_node_close(n);
	return st;
}

/* ---- what must hold ------------------------------------------------------------------ */

struct holds {
	struct dlb_node *n;
	uint32_t out, in; /* cells that are held and that letters know */
};

static bool
is_held(struct dlb_node *n, uint32_t number)
{
	struct dlb_entry e;

	return dlb_satchel_entry(n->satchel, number, &e)
		&& (e.flags & DLB_HELD);
}

static bool
count_held_out(void *ctx, const struct dlb_out_letter *letter)
{
	struct holds *h = ctx;
	struct dlb_buf names = {0};
	uint32_t held = 0;

	assert_int_equal(
		dlb_out_cells(h->n->letterbox, letter->number, &names, NULL),
		DLB_OK);
	for (size_t i = 0; i + DLB_NAME_LEN <= names.len; i += DLB_NAME_LEN)
		held += is_held(
			h->n, dlb_satchel_find(h->n->satchel, names.data + i));
	/* A letter is sent with all its stripes, and none is let go of. */
	if (dlb_out_is_seen(letter) && letter->arrived_ms == 0) {
		assert_int_equal(letter->stripes, OF);
		assert_int_equal(held, letter->cells);
	}
	h->out += held;
	dlb_buf_free(&names);
	return true;
}

static uint32_t
count_row(struct dlb_node *n, const struct dlb_in_letter *row)
{
	uint32_t held =
		is_held(n, dlb_satchel_find(n->satchel, row->head_name));

	for (uint32_t i = 1; i < row->stripe.cells; i++) {
		uint8_t handle[DLB_HANDLE_LEN];

		dlb_stripe_handle(handle, row->stripe.stripe_key, i);
		held += is_held(n,
			dlb_satchel_find_handle(
				n->satchel, handle, DLB_NO_ENTRY));
	}
	return held;
}

static bool
count_held_in(void *ctx, const struct dlb_in_letter *letter)
{
	struct holds *h = ctx;

	h->in += count_row(h->n, letter);
	return true;
}

/* Nothing is damaged, and no cell is held that no letter knows. */
static void
check_cells(struct world *w, struct dlb_node *n)
{
	struct dlb_satchel_info info;
	struct holds h = {.n = n};

	must(w, dlb_out_each(n->letterbox, count_held_out, &h, &w->at.err));
	must(w, dlb_in_each(n->letterbox, count_held_in, &h, &w->at.err));
	dlb_node_satchel_info(n, &info);
	assert_int_equal(info.damaged, 0);
	assert_int_equal(info.held, h.out + h.in);
}

struct whole {
	struct dlb_node *n;
	unsigned stripes;
};

static bool
count_whole(void *ctx, const struct dlb_in_letter *letter)
{
	struct whole *c = ctx;

	c->stripes += letter->stripe.n == OF
		&& count_row(c->n, letter) == letter->stripe.cells;
	return true;
}

/* One letter at most, which is read once two stripes are whole, and until then tells
 * nothing. */
static void
check_inbox(struct world *w, struct dlb_node *n, struct inbox *in)
{
	struct whole whole = {.n = n};
	struct dlb_stripe_set set;

	must(w, look(w, n, in));
	assert_in_range(in->letters, 0, 1);
	if (in->letters == 0)
		return;
	must(w, dlb_in_each(n->letterbox, count_whole, &whole, &w->at.err));
	must(w, dlb_stripes_load(&set, n, &in->last, &w->at.err));
	if (w->threshold)
		assert_int_equal(set.keyed, set.n >= NEED);
	dlb_stripes_free(&set);
	if (whole.stripes < NEED) {
		assert_int_equal(in->last.state, DLB_IN_PARTLY);
		assert_false(in->last.described);
		assert_int_equal(read_step(w, n, in->last.number), DLB_PARTLY);
	} else if (in->last.state != DLB_IN_PARTLY) {
		must(w, read_step(w, n, in->last.number));
	}
}

/* Alice's home, as it opens after the cut. */
static void
check_sender(struct world *w, struct crash_fs *c, bool acknowledged)
{
	struct dlb_node *n = open_home(w, c, w->alice);
	size_t sent = 0;

	must(w, dlb_out_each(n->letterbox, count_out, &sent, &w->at.err));
	assert_in_range(sent, acknowledged, 1);
	check_cells(w, n);
	dlb_node_close(n);
}

static void
check_reader(struct world *w, struct crash_fs *c, bool has_read)
{
	struct dlb_node *n = open_home(w, c, w->bob);
	struct inbox in;

	check_cells(w, n);
	must(w, look(w, n, &in));
	if (has_read)
		assert_int_equal(in.last.state, DLB_IN_READ);
	check_inbox(w, n, &in);
	dlb_node_close(n);
}

/* The reader's meetings, after which the letter is there. */
static void
deliver(struct world *w, struct crash_fs *c)
{
	struct dlb_node *n = open_home(w, c, w->bob);
	struct inbox in;

	for (int i = 0; i < STICKS; i++) {
		must(w, meet_step(w, n, i));
		check_inbox(w, n, &in);
		assert_int_equal(in.letters, 1);
	}
	assert_int_not_equal(in.last.state, DLB_IN_PARTLY);
	assert_int_equal(in.rows, in.last.whole);
	check_cells(w, n);
	dlb_node_close(n);
}

static void
go_on(struct world *w, struct crash_fs *c, struct outcome *o)
{
	check_sender(w, c, o->acknowledged);
	check_reader(w, c, o->read);
	/* The second time round nothing comes twice. */
	for (int i = 0; i < 2; i++) {
		must(w, alice_step(w, c, o));
		deliver(w, c);
		check_sender(w, c, true);
	}
}

/* ---- the cuts ------------------------------------------------------------------------- */

static void
cut_at(struct world *w, uint64_t k, enum crash_fate fate, uint64_t number)
{
	struct crash_fs *c = crash_fs_clone(w->at.base), *after;
	struct outcome o = {0};

	crash_fs_cut_at(c, k);
	if (alice_step(w, c, &o) == DLB_OK && bob_step(w, c, &o) == DLB_OK)
		assert_false(crash_fs_is_cut(c));
	after = crash_fs_clone(c);
	crash_fs_free(c);
	crash_fs_power_on(after, fate, number);
	print_message("# cut at event %llu, fate %d/%llu\n",
		(unsigned long long)k, (int)fate, (unsigned long long)number);
	go_on(w, after, &o);
	crash_fs_free(after);
}

/* Events of the whole way when nothing fails. */
static uint64_t
count_events(struct world *w)
{
	struct crash_fs *c = crash_fs_clone(w->at.base);
	struct outcome o = {0};
	uint64_t events;

	must(w, alice_step(w, c, &o));
	must(w, bob_step(w, c, &o));
	assert_true(o.read);
	events = crash_fs_events(c);
	crash_fs_free(c);
	return events;
}

/* Of the two tests each cuts where the other one does not. */
static void
cut_all_along(struct world *w, bool threshold)
{
	static const enum crash_fate fates[] = {
		CRASH_NONE, CRASH_SEEDED, CRASH_ALL};
	uint64_t events;
	size_t cuts = 0;

	w->threshold = threshold;
	events = count_events(w);
	assert_true(events > STRIDE);
	for (uint64_t k = threshold ? STRIDE / 2 : 0; k < events;
		k += STRIDE, cuts++)
		cut_at(w, k, fates[cuts % DLB_ARRAY_LEN(fates)], k);
}

static void
no_cut_loses_or_doubles_a_split_letter(void **state)
{
	cut_all_along(*state, false);
}

static void
no_cut_opens_a_threshold_to_one_stripe(void **state)
{
	cut_all_along(*state, true);
}

/* ---- cuts in the meeting --------------------------------------------------------------- */

struct names {
	struct dlb_node *n;
	struct dlb_buf of; /* of all cells of the letter, stripe by stripe */
};

static bool
note_names(void *ctx, const struct dlb_out_letter *letter)
{
	struct names *names = ctx;

	if (dlb_out_is_seen(letter))
		assert_int_equal(dlb_out_cells(names->n->letterbox,
					 letter->number, &names->of, NULL),
			DLB_OK);
	return true;
}

/* The set of stripes of which the stick has a cell. */
static unsigned
stripes_on(struct world *w, struct dlb_node *n, int stick)
{
	struct names names = {.n = n};
	struct dlb_satchel *box = NULL;
	char name[DLB_BOX_NAME_MAX + 1];
	unsigned set = 0;
	size_t each;

	must(w, dlb_out_each(n->letterbox, note_names, &names, &w->at.err));
	must(w,
		dlb_node_box_open(n, &box, w->stick[stick], NULL, false, name,
			&w->at.err));
	each = names.of.len / OF;
	assert_true(each > 0 && each % DLB_NAME_LEN == 0);
	for (size_t i = 0; i < names.of.len; i += DLB_NAME_LEN)
		if (dlb_satchel_find(box, names.of.data + i) != DLB_NO_ENTRY)
			set |= 1U << (i / each);
	dlb_satchel_close(box);
	dlb_buf_free(&names.of);
	return set;
}

static unsigned
count_bits(unsigned set)
{
	unsigned n = 0;

	for (; set; set &= set - 1)
		n++;
	return n;
}

/* Who was there when the power went, and another courier, in either order. */
static void
meet_both(struct world *w, struct dlb_node *n, bool again_first, bool strangers)
{
	unsigned had = stripes_on(w, n, 0), first, both;

	must(w, meet_step(w, n, !again_first));
	first = stripes_on(w, n, !again_first);
	assert_int_equal(count_bits(again_first ? first : first & ~had),
		again_first || !strangers || !had);
	must(w, meet_step(w, n, again_first));
	both = stripes_on(w, n, 0) | stripes_on(w, n, 1);
	assert_int_equal(count_bits(both), strangers ? 1 : 2);
	assert_int_equal(both & first, first);
}

/* And in the end all of it can go. */
static void
meet_after_cut(
	struct world *w, struct crash_fs *c, bool again_first, bool strangers)
{
	struct dlb_meet_options mo = {
		.where = w->stick[1], .release_now = true};
	struct dlb_node *n = open_home(w, c, w->alice);
	struct dlb_meet_result r;

	meet_both(w, n, again_first, strangers);
	must(w, dlb_node_meet(n, &mo, &r, NULL, &w->at.err));
	assert_int_equal(count_bits(stripes_on(w, n, 1)), OF);
	check_cells(w, n);
	dlb_node_close(n);
}

static void
cut_meeting_at(struct world *w, const struct crash_fs *sent, uint64_t k,
	enum crash_fate fate, bool strangers)
{
	struct crash_fs *c = crash_fs_clone(sent), *after;
	struct dlb_node *n = open_home(w, c, w->alice);

	crash_fs_cut_at(c, k);
	if (meet_step(w, n, 0) == DLB_OK)
		assert_false(crash_fs_is_cut(c));
	dlb_node_close(n);
	after = crash_fs_clone(c);
	crash_fs_free(c);
	crash_fs_power_on(after, fate, k);
	print_message("# cut at event %llu, fate %d\n", (unsigned long long)k,
		(int)fate);
	meet_after_cut(w, after, k & 1, strangers);
	crash_fs_free(after);
}

/* The letter is sent: its first meeting is what is cut. */
static void
cut_meeting(struct world *w, bool strangers)
{
	static const enum crash_fate fates[] = {
		CRASH_NONE, CRASH_SEEDED, CRASH_ALL};
	struct crash_fs *sent = crash_fs_clone(w->at.base), *c;
	struct dlb_node *n = open_home(w, sent, w->alice);
	struct outcome o = {0};
	uint64_t from, events;
	size_t cuts = 0;

	w->threshold = true;
	must(w, send_step(w, n, &o));
	dlb_node_close(n);
	crash_fs_power_on(sent, CRASH_ALL, 0);
	c = crash_fs_clone(sent);
	n = open_home(w, c, w->alice);
	from = crash_fs_events(c);
	must(w, meet_step(w, n, 0));
	dlb_node_close(n);
	events = crash_fs_events(c);
	crash_fs_free(c);
	print_message("# %llu events\n", (unsigned long long)(events - from));
	for (uint64_t k = from; k < events; k += MEETING_STRIDE, cuts++)
		cut_meeting_at(w, sent, k, fates[cuts % DLB_ARRAY_LEN(fates)],
			strangers);
	crash_fs_free(sent);
}

static void
no_cut_gives_a_courier_two_stripes(void **state)
{
	cut_meeting(*state, false);
}

static void
no_cut_gives_strangers_two_stripes(void **state)
{
	cut_meeting(*state, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			no_cut_loses_or_doubles_a_split_letter, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			no_cut_opens_a_threshold_to_one_stripe, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			no_cut_gives_a_courier_two_stripes, setup, teardown),
		cmocka_unit_test_setup_teardown(
			no_cut_gives_strangers_two_stripes, setup_strangers,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
