/*
 * A contact of 10 seconds at 100 Mbit/s with a round trip of one second, in the
 * simulator: how many round trips go to anything but cells, that way where it is more.
 *
 *	contact_bench DIR
 *
 * Prints "trips_lost N" and "cells N". The figures are exact: the time is simulated.
 */
#include "common.h"
#include "contact.h"

int
main(int argc, char **argv)
{
	struct sim_contact c = {.rate = 12500000,
		.delay_ms = 500,
		.limit_ms = 10000,
		.cells = 1800};
	struct dlb_error err;
	int64_t lost;

	need(argc == 2 && dlb_base_init() == DLB_OK, "usage",
		"contact_bench DIR");
	need(sim_contact_run(&c, 1, argv[1], &err) == DLB_OK, "the contact",
		err.msg);
	lost = c.lost_ms[0] > c.lost_ms[1] ? c.lost_ms[0] : c.lost_ms[1];
	figure("trips_lost", (double)lost / (double)(2 * c.delay_ms));
	figure("cells", c.arrived[0] + c.arrived[1]);
	return 0;
}
