/* Two people who know each other, and what became of their letters. */
#include "friends.h"

struct dlb_node *
two_friends(struct fixture *f, int64_t *bob)
{
	struct dlb_node *n;

	/* A film and what goes with it give way to nothing. */
	fixture_large_home(f, "alice", false, 64);
	fixture_large_home(f, "bob", false, 64);
	n = fixture_open(f, "bob");
	fixture_introduce(f, n, "alice");
	dlb_node_close(n);
	n = fixture_open(f, "alice");
	*bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 48);
	return n;
}

struct dlb_meet_result
meets(struct fixture *f, const char *who)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_meet_result r = fixture_meet(f, n, "usb");

	dlb_node_close(n);
	return r;
}

enum dlb_out_state
state_of(struct fixture *f, struct dlb_node *n, int64_t number)
{
	struct dlb_out_letter letter;

	assert_dlb_ok(f,
		dlb_out_get(dlb_node_letterbox(n), &letter, number, &f->err));
	assert_int_equal(
		letter.arrived_ms > 0, letter.state == DLB_OUT_ARRIVED);
	return letter.state;
}

uint32_t
held(struct dlb_node *n)
{
	struct dlb_satchel_info info;

	dlb_node_satchel_info(n, &info);
	return info.held;
}
