/*
 * What a short meeting over a long way loses to anything but cells, in simulated time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above first. */
#include <cmocka.h>

#include "contact.h"

#include <stdlib.h>
#include <unistd.h>

static const char *
place(void)
{
	const char *dir = getenv("TMPDIR");

	return dir ? dir : access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

/* Ten seconds of 100 Mbit/s have room for 1,907 cells. */
static void
three_round_trips_are_lost_at_most(void **state)
{
	struct sim_contact c = {.rate = 12500000,
		.delay_ms = 500,
		.limit_ms = 10000,
		.cells = 1700};
	struct dlb_error err = {.status = DLB_OK};
	enum dlb_status st = sim_contact_run(&c, 1, place(), &err);

	(void)state;
	if (st != DLB_OK)
		print_message("# %s\n", err.msg);
	assert_int_equal(st, DLB_OK);
	for (int i = 0; i < 2; i++) {
		print_message("# to the %s: %u cells, the first one after %lld "
			      "ms, %lld ms lost\n",
			i == 0 ? "caller" : "listener", c.arrived[i],
			(long long)c.first_cell_ms[i], (long long)c.lost_ms[i]);
		assert_true(c.lost_ms[i] <= 3 * 2 * c.delay_ms);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_round_trips_are_lost_at_most),
	};

	dlb_pool_limit(1);
	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests_name("contact", tests, NULL, NULL);
}
