/*
 * Two homes that meet over a real link: TLS over a pair of sockets, both ends in this
 * process, stepped in turn.
 */
#include "home_fixture.h"

#include "meet_internal.h"
#include "peer.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct side {
	struct dlb_node *n;
	struct dlb_peer *peer;
	struct dlb_peer_options options;
	struct dlb_peer_result result;
	enum dlb_status st;
	struct dlb_error err;
	bool over;
};

/* The caller is the first one. */
static void
connect_sides(struct fixture *f, struct side side[static 2])
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	for (int i = 0; i < 2; i++) {
		struct dlb_link_config config = {.caller = i == 0,
			.read_fd = fds[i],
			.write_fd = fds[i]};
		struct dlb_link *link;

		assert_dlb_ok(f,
			dlb_link_new(&link, side[i].n->env, &config, &f->err));
		assert_dlb_ok(f,
			dlb_peer_new(&side[i].peer, side[i].n, link, i == 0,
				&side[i].options, &f->err));
		side[i].over = false;
		side[i].st = DLB_OK;
	}
}

static void
step_side(struct side *s)
{
	if (s->over)
		return;
	s->st = dlb_peer_step(s->peer, &s->over, &s->err);
	dlb_peer_result(s->peer, &s->result);
}

static void
wait_for(struct side side[static 2])
{
	struct pollfd fds[2 * DLB_LINK_FDS_MAX];
	unsigned n = 0;
	int64_t at = INT64_MAX, now = side[0].n->env->monotonic_ms(NULL);

	for (int i = 0; i < 2; i++) {
		int64_t due;

		if (side[i].over)
			continue;
		n += dlb_peer_poll(side[i].peer, fds + n);
		due = dlb_peer_deadline_ms(side[i].peer);
		at = due < at ? due : at;
	}
	at = at == INT64_MAX ? 100 : at - now;
	assert_true(poll(fds, n, at < 0 ? 0 : at > 100 ? 100 : (int)at) >= 0);
}

static void
free_sides(struct side side[static 2])
{
	for (int i = 0; i < 2; i++) {
		dlb_peer_free(side[i].peer);
		side[i].peer = NULL;
	}
}

/* Both to their end. */
static void
meet(struct fixture *f, struct side side[static 2])
{
	connect_sides(f, side);
	for (int i = 0; i < 100000 && !(side[0].over && side[1].over); i++) {
		step_side(&side[0]);
		step_side(&side[1]);
		if (!side[0].over || !side[1].over)
			wait_for(side);
	}
	assert_true(side[0].over && side[1].over);
	free_sides(side);
}

static void
meet_well(struct fixture *f, struct side side[static 2])
{
	meet(f, side);
	for (int i = 0; i < 2; i++)
		if (side[i].st != DLB_OK)
			fail_msg("side %d: %s", i, side[i].err.msg);
}

/* The clock of both homes stands still but for the system's monotonic one. */
static struct dlb_node *
open_there(struct fixture *f, const char *name)
{
	struct dlb_node *n;
	const struct dlb_unlock unlock = {.kind = DLB_UNLOCK_OPEN};

	assert_dlb_ok(f,
		dlb_node_open(&n, fixture_path(f, name), &unlock, 0,
			dlb_env_system(), &f->err));
	return n;
}

static struct dlb_node *
open_home(struct fixture *f, const char *name)
{
	fixture_home(f, name, false);
	return open_there(f, name);
}

/* With room for what many meetings bring. */
static struct dlb_node *
large_home(struct fixture *f, const char *name)
{
	const struct dlb_home_options home = {.name = name,
		.size = 128 << 20,
		.sparse = true,
		.unlock = {.kind = DLB_UNLOCK_OPEN}};
	struct dlb_node *n;

	assert_dlb_ok(f,
		dlb_node_create(&n, fixture_path(f, name), &home,
			dlb_env_system(), NULL, &f->err));
	return n;
}

static void
close_sides(struct side side[static 2])
{
	dlb_node_close(side[0].n);
	dlb_node_close(side[1].n);
}

/* ---- tests ------------------------------------------------------------------------- */

static void
a_letter_goes_over_and_comes_once(void **state)
{
	struct fixture *f = *state;
	struct side side[2] = {{.n = NULL}};
	struct dlb_in_letter letter;
	int64_t bob;

	side[0].n = large_home(f, "alice");
	side[1].n = large_home(f, "bob");
	dlb_node_close(side[1].n);
	bob = fixture_introduce(f, side[0].n, "bob");
	side[1].n = fixture_open(f, "bob");
	dlb_node_close(side[1].n);
	assert_dlb_ok(f,
		dlb_node_open(&side[1].n, fixture_path(f, "bob"),
			&(struct dlb_unlock){.kind = DLB_UNLOCK_OPEN}, 0,
			dlb_env_system(), &f->err));
	fixture_file(f, "photo.jpg", 900000, 7);
	fixture_send(f, side[0].n, bob, "photo.jpg", "by wire");
	meet_well(f, side);
	/* As many as without a letter. */
	assert_int_equal(side[0].result.given, 64);
	assert_int_equal(side[1].result.given, 64);
	assert_int_equal(side[1].result.taken, 64);
	assert_true(side[0].result.stranger && side[1].result.stranger);
	assert_int_equal(side[1].result.letters_complete, 1);
	assert_int_equal(fixture_inbox(side[1].n, &letter), 1);
	assert_int_equal(letter.state, DLB_IN_UNREAD);
	meet_well(f, side);
	assert_int_equal(side[1].result.letters_new, 0);
	assert_int_equal(side[0].result.given_own, 64);
	assert_int_equal(fixture_inbox(side[1].n, NULL), 1);
	/* Nobody has what the other lacks, but for new ones and look copies. */
	assert_int_equal(side[0].result.given, 64);
	close_sides(side);
}

/* What is shown of a home: how many cells, how many of these the
 * letterbox needs, and how many of each have the copies of a first hand. */
struct carried {
	unsigned cells[2], most[2];
};

static struct carried
carried_by(struct dlb_node *n)
{
	struct carried c = {.cells = {0}};
	struct dlb_entry e;

	for (uint32_t at = 0; dlb_satchel_next(n->satchel, at, DLB_SHOWN, &e);
		at = e.number + 1) {
		bool held = (e.flags & DLB_HELD) != 0;

		assert_false(e.flags & DLB_LOOK);
		assert_true(e.copies == DLB_COPIES_MAX / 2
			|| e.copies == DLB_COPIES_MAX / 4);
		c.cells[held]++;
		c.most[held] += e.copies == DLB_COPIES_MAX / 2;
	}
	return c;
}

/* The cells of a letter that is found are kept and offered as all others are. */
static void
what_is_found_over_a_link_is_carried_on(void **state)
{
	struct fixture *f = *state;
	struct side side[2] = {{.n = NULL}};
	struct carried c;
	int64_t bob;

	side[0].n = large_home(f, "alice");
	side[1].n = large_home(f, "bob");
	dlb_node_close(side[1].n);
	bob = fixture_introduce(f, side[0].n, "bob");
	side[1].n = open_there(f, "bob");
	fixture_file(f, "photo.jpg", 30 * 65536, 7);
	fixture_send(f, side[0].n, bob, "photo.jpg", NULL);
	meet_well(f, side);
	assert_int_equal(side[1].result.letters_complete, 1);
	c = carried_by(side[1].n);
	assert_int_equal(c.cells[0] + c.cells[1], 2 * DLB_MEETING_OWN_CELLS);
	assert_in_range(c.cells[1], 30, 34);
	assert_in_range(c.most[1], 2, c.cells[1] - 2);
	assert_in_range(c.most[0], 2, c.cells[0] - 2);
	/* Nor does who comes next see which of them it is: all go on. */
	dlb_node_close(side[0].n);
	side[0].n = side[1].n;
	side[1].n = large_home(f, "erin");
	meet_well(f, side);
	assert_int_equal(side[1].result.taken, 3 * DLB_MEETING_OWN_CELLS);
	close_sides(side);
}

static void
pair(struct fixture *f, struct side side[static 2], bool vetted)
{
	for (int i = 0; i < 2; i++) {
		struct dlb_known_node k = {.vetted = vetted};

		snprintf(k.name, sizeof(k.name), "%s",
			i ? "caller" : "listener");
		memset(k.secret, 0x33, sizeof(k.secret));
		assert_dlb_ok(f,
			dlb_known_node_save(side[i].n->letterbox, &k, &f->err));
		assert_dlb_ok(
			f, dlb_letterbox_commit(side[i].n->letterbox, &f->err));
	}
}

/* Cells of a letter that are out. */
static uint32_t
cells_out(struct fixture *f, struct dlb_node *n, int64_t number)
{
	struct dlb_out_letter letter;

	assert_dlb_ok(f, dlb_out_get(n->letterbox, &letter, number, &f->err));
	return letter.shown;
}

/* With a home of its own; how many own cells went. */
static uint64_t
meets_another(struct fixture *f, struct side side[static 2], const char *name)
{
	side[1].n = large_home(f, name);
	meet_well(f, side);
	assert_true(side[0].result.stranger);
	dlb_node_close(side[1].n);
	return side[0].result.given_own;
}

/* Who is vetted is asked first, others get cover; nobody could count. */
static void
a_threshold_waits_for_vetted_nodes(void **state)
{
	struct fixture *f = *state;
	struct side side[2] = {{.n = NULL}};
	struct dlb_known_node vetted = {.name = "elsewhere", .vetted = true};
	struct dlb_send_options o = {.message = "in two shares",
		.message_len = 13,
		.need = 2,
		.of = 2,
		.threshold = true,
		.stdin_fd = -1};
	struct dlb_send_result r;
	int64_t bob;

	side[0].n = large_home(f, "alice");
	fixture_home(f, "bob", false);
	bob = fixture_introduce(f, side[0].n, "bob");
	memset(vetted.secret, 0x44, sizeof(vetted.secret));
	assert_dlb_ok(
		f, dlb_known_node_save(side[0].n->letterbox, &vetted, &f->err));
	assert_dlb_ok(f,
		dlb_node_send(
			side[0].n, bob, &o, &r, NULL, NULL, NULL, &f->err));
	assert_int_equal(r.cells, 4);
	/* A stranger. */
	assert_int_equal(meets_another(f, side, "dave"), 64);
	assert_int_equal(side[0].result.own_waiting, 4);
	/* One who is known and no more. */
	side[1].n = large_home(f, "carol");
	pair(f, side, false);
	meet_well(f, side);
	assert_int_equal(side[0].result.given_own, 64);
	assert_int_equal(cells_out(f, side[0].n, r.first_number), 0);
	dlb_node_close(side[1].n);
	/* Vetted, they get a stripe; and no other on that day. */
	assert_dlb_ok(f,
		dlb_known_node_by_name(
			side[0].n->letterbox, &vetted, "listener", &f->err));
	vetted.vetted = true;
	assert_dlb_ok(
		f, dlb_known_node_save(side[0].n->letterbox, &vetted, &f->err));
	for (int i = 0; i < 2; i++) {
		struct dlb_known_node k = {.name = "caller"};

		memset(k.secret, 0x33, sizeof(k.secret));
		side[1].n = large_home(f, i ? "carol again" : "carol anew");
		assert_dlb_ok(f,
			dlb_known_node_save(side[1].n->letterbox, &k, &f->err));
		meet_well(f, side);
		assert_false(side[0].result.stranger);
		assert_int_equal(side[0].result.given_own, 64);
		assert_int_equal(cells_out(f, side[0].n, r.first_number), 2);
		dlb_node_close(side[1].n);
	}
	/* After two weeks anybody will do. */
	side[0].n->clock.now_ms += 15 * DLB_DAY_MS;
	assert_int_equal(meets_another(f, side, "erin"), 64);
	assert_int_equal(cells_out(f, side[0].n, r.first_number), 4);
	dlb_node_close(side[0].n);
}

static void
paired_nodes_recognise_each_other(void **state)
{
	struct fixture *f = *state;
	struct side side[2] = {{.options = {.policy = DLB_PEER_KNOWN}},
		{.options = {.policy = DLB_PEER_KNOWN}}};
	struct dlb_known_node k;
	struct dlb_entry e;

	side[0].n = open_home(f, "alice");
	side[1].n = open_home(f, "bob");
	/* Not paired: neither gives nor tells anything. */
	meet(f, side);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(side[i].st, DLB_REFUSED);
		assert_int_equal(side[i].result.given, 0);
		assert_int_equal(side[i].result.lacking, 0);
	}
	pair(f, side, false);
	meet_well(f, side);
	assert_false(side[0].result.stranger);
	assert_string_equal(side[0].result.names, "listener");
	assert_string_equal(side[1].result.names, "caller");
	assert_int_equal(side[0].result.given, 64);
	assert_dlb_ok(f,
		dlb_known_node_by_name(
			side[1].n->letterbox, &k, "caller", &f->err));
	assert_true(k.met_ms > 0);
	/* Who brought it is kept as a label that is not strangers'. */
	assert_true(dlb_satchel_next(side[1].n->satchel, 0, DLB_SHOWN, &e));
	while (e.origin == 0)
		assert_true(dlb_satchel_next(
			side[1].n->satchel, e.number + 1, DLB_SHOWN, &e));
	/* Paired, and not vetted. */
	side[0].options.policy = DLB_PEER_VETTED;
	meet(f, side);
	assert_int_equal(side[0].st, DLB_REFUSED);
	close_sides(side);
}

/* What began by itself takes own cells along once an hour, however often. */
static void
meetings_by_themselves_add_little(void **state)
{
	struct fixture *f = *state;
	struct side side[2] = {{.options = {.by_itself = true}},
		{.options = {.by_itself = true}}};

	side[0].n = open_home(f, "alice");
	side[1].n = open_home(f, "bob");
	meet_well(f, side);
	assert_int_equal(side[0].result.given_own, 64);
	meet_well(f, side);
	assert_int_equal(side[0].result.given_own, 0);
	assert_int_equal(side[1].result.given_own, 0);
	/* Nor does it make any. */
	assert_int_equal(side[0].result.given, 0);
	side[0].n->clock.now_ms += DLB_OWN_EVERY_MS;
	meet_well(f, side);
	assert_int_equal(side[0].result.given_own, 64);
	close_sides(side);
}

/* The link is cut after so many steps; then once more, to the end. */
static void
a_cut_loses_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned partly = 0;

	for (int cut = 1; cut < 60; cut += 3) {
		struct side side[2] = {{.n = NULL}};
		char name[2][32];
		int64_t bob;

		for (int i = 0; i < 2; i++)
			snprintf(name[i], sizeof(name[i]), "%s%d",
				i ? "bob" : "alice", cut);
		side[0].n = open_home(f, name[0]);
		fixture_home(f, name[1], false);
		bob = fixture_introduce(f, side[0].n, name[1]);
		assert_dlb_ok(f,
			dlb_node_open(&side[1].n, fixture_path(f, name[1]),
				&(struct dlb_unlock){.kind = DLB_UNLOCK_OPEN},
				0, dlb_env_system(), &f->err));
		fixture_send(f, side[0].n, bob, NULL, "held on to");
		connect_sides(f, side);
		for (int i = 0; i < cut; i++) {
			step_side(&side[0]);
			if (i % 2)
				step_side(&side[1]);
			if (side[0].over || side[1].over)
				break;
			wait_for(side);
		}
		/* One end dies without a word, the other sees it. */
		dlb_peer_free(side[0].peer);
		side[0].peer = NULL;
		for (int i = 0; i < 1000 && !side[1].over; i++) {
			step_side(&side[1]);
			side[0].over = true;
			if (!side[1].over)
				wait_for(side);
		}
		assert_true(side[1].over);
		partly += side[1].st == DLB_PARTLY;
		free_sides(side);
		meet_well(f, side);
		assert_int_equal(fixture_inbox(side[1].n, NULL), 1);
		close_sides(side);
	}
	print_message("# %u of 20 cuts came between cells\n", partly);
}

/* The home is closed and opened again in the middle of a meeting. */
static void
a_meeting_pauses_and_goes_on(void **state)
{
	struct fixture *f = *state;
	struct side side[2] = {{.n = NULL}};
	const struct dlb_unlock unlock = {.kind = DLB_UNLOCK_OPEN};
	int64_t bob;
	int pauses = 0;

	side[0].n = open_home(f, "alice");
	fixture_home(f, "bob", false);
	bob = fixture_introduce(f, side[0].n, "bob");
	assert_dlb_ok(f,
		dlb_node_open(&side[1].n, fixture_path(f, "bob"), &unlock, 0,
			dlb_env_system(), &f->err));
	fixture_file(f, "photo.jpg", 3000000, 7);
	fixture_send(f, side[0].n, bob, "photo.jpg", "in pieces");
	connect_sides(f, side);
	while (!side[0].over || !side[1].over) {
		step_side(&side[0]);
		step_side(&side[1]);
		for (int i = 0; i < 2; i++) {
			const char *name = i ? "bob" : "alice";

			if (side[i].over || pauses++ % 3)
				continue;
			assert_dlb_ok(f, dlb_peer_pause(side[i].peer, &f->err));
			dlb_node_close(side[i].n);
			assert_dlb_ok(f,
				dlb_node_open(&side[i].n, fixture_path(f, name),
					&unlock, 0, dlb_env_system(), &f->err));
			dlb_peer_resume(side[i].peer, side[i].n);
		}
		if (!side[0].over || !side[1].over)
			wait_for(side);
	}
	assert_int_equal(side[0].st, DLB_OK);
	assert_int_equal(side[1].st, DLB_OK);
	free_sides(side);
	assert_int_equal(fixture_inbox(side[1].n, NULL), 1);
	close_sides(side);
}

/* A box's cells go to who has its key, first and for good. */
static void
who_has_the_box_key_gets_its_cells(void **state)
{
	struct fixture *f = *state;
	struct side side[2] = {{.n = NULL}};

	side[0].n = open_home(f, "alice");
	side[1].n = open_home(f, "bob");
	for (int i = 0; i < 2; i++) {
		struct dlb_box box = {.id = 0};

		strcpy(box.name, i ? "the shelf" : "shelf");
		memset(box.root, 0x5c, sizeof(box.root));
		assert_dlb_ok(
			f, dlb_box_save(side[i].n->letterbox, &box, &f->err));
	}
	meet_well(f, side);
	assert_true(side[0].result.stranger);
	assert_string_equal(side[0].result.names, "box shelf");
	assert_string_equal(side[1].result.names, "box the shelf");
	close_sides(side);
}

/* A clock of the test's own, for links and homes alike. */
static int64_t own_clock_ms;

static int64_t
own_monotonic(void *ctx)
{
	(void)ctx;
	return own_clock_ms;
}

/* The other end takes nothing more, in the middle: what came is written all the same,
 * no processor is kept busy, and a while later it is over. */
static void
one_who_stops_reading_is_waited_for_idly(void **state)
{
	struct fixture *f = *state;
	struct side side[2] = {{.n = NULL}};
	struct dlb_env env = *dlb_env_system();
	int64_t due;

	env.monotonic_ms = own_monotonic;
	side[0].n = open_home(f, "alice");
	side[1].n = open_home(f, "bob");
	side[0].n->env = &env;
	connect_sides(f, side);
	for (int i = 0; i < 1000 && !side[0].result.settled; i++) {
		step_side(&side[0]);
		step_side(&side[1]);
	}
	assert_true(side[0].result.settled);
	for (int i = 0; i < 10; i++)
		step_side(&side[1]);
	for (int i = 0; i < 10; i++)
		step_side(&side[0]);
	/* Some came, and too few to be written at once. */
	due = dlb_peer_deadline_ms(side[0].peer);
	assert_true(due > own_clock_ms && due <= own_clock_ms + 1000);
	own_clock_ms = due;
	step_side(&side[0]);
	assert_false(side[0].over);
	assert_true(dlb_peer_deadline_ms(side[0].peer) > own_clock_ms + 1000);
	/* It never answers again. */
	for (int i = 0; i < 10 && !side[0].over; i++) {
		own_clock_ms = dlb_peer_deadline_ms(side[0].peer);
		step_side(&side[0]);
	}
	assert_true(side[0].over);
	assert_int_not_equal(side[0].st, DLB_OK);
	assert_true(own_clock_ms < 60000);
	free_sides(side);
	close_sides(side);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_letter_goes_over_and_comes_once, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(
			what_is_found_over_a_link_is_carried_on, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_threshold_waits_for_vetted_nodes, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(
			paired_nodes_recognise_each_other, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(
			meetings_by_themselves_add_little, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_cut_loses_nothing, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_meeting_pauses_and_goes_on,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			who_has_the_box_key_gets_its_cells, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(
			one_who_stops_reading_is_waited_for_idly, fixture_setup,
			fixture_teardown),
	};

	return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}
